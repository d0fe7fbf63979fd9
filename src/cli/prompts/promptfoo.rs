//! Prompts and tests from and to promptfoo's configs, for `retort prompts import` and `export`; whatever an export leaves out is
//! listed.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    cli::{
        Io, Stopped,
        output::{Output, OutputContent, Outputs},
    },
    config::{
        names,
        trust::{Allowed, Consent},
    },
    dataset,
    dataset::ReadOptions,
    engine::Workspace,
    eval::check,
    model::{
        Check, DatasetRow, KeySource, Prompt, Response, Role, Turn, VarValue, Vendor, prompt::DEFAULT_TEMPERATURE,
        prompt_toml, settings::Places,
    },
    promptfoo,
    promptfoo::{Suite, SuiteModel, SuiteTarget, Test, Tests, Use},
    store::prompts,
    template,
    template::conversation,
    text::clean_line,
};

/// Writes a config's prompts into the project's directory, or the user's, and its tests beside the config.
///
/// Nothing is written if one of the files is there already, unless `replace` is set. The tests come first,
/// and each file whole or not at all; where one cannot be written, those that were are named.
pub(crate) fn import(
    file: &Path,
    (replace, trust): (bool, bool),
    places: &Places,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let path = io.cwd.join(file);
    let consent = Consent::of(places, trust);
    let suite = promptfoo::read(&path, Use::Import, &consent, &Allowed::default())?;
    for notice in suite.notices.iter().chain(&suite.differences()) {
        writeln!(io.err, "{}", clean_line(notice))?;
    }
    let stem = path.file_stem().map_or_else(|| "promptfoo".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let lanes = suite.lanes()?;
    let mut named: Vec<(String, Prompt)> = Vec::new();
    for (wanted, mut prompt) in lanes {
        let plain = plain(&wanted);
        let name = (1..).map(|at| if at == 1 { plain.clone() } else { format!("{plain}-{at}") });
        let Some(name) = name.into_iter().find(|name| named.iter().all(|(known, _)| known != name)) else { continue };
        names::check("prompt", &name)?;
        if prompt.description.is_empty() {
            prompt.description = suite.description.clone().unwrap_or_default();
        }
        named.push((name, prompt));
    }
    let dir = prompts::folder(places)?;
    let data = path.with_file_name(format!("{stem}.tests.jsonl"));
    let there =
        named.iter().map(|(name, _)| dir.join(format!("{name}.toml"))).chain([data.clone()]).find(|path| path.exists());
    if let Some(there) = there.filter(|_| !replace) {
        return Err(Stopped::Other(format!(
            "{} is already there and nothing was written; `--replace` writes over it",
            there.display()
        )));
    }
    // Whatever cannot be written as a prompt's file is found before the first file is.
    let texts = named.iter().map(|(name, prompt)| {
        let text = prompt_toml::write(prompt).map_err(Stopped::Other)?;
        let file = dir.join(format!("{name}.toml"));
        let text = prompts::led(places, &file, text);
        Ok((file, text))
    });
    let texts: Vec<(PathBuf, String)> = texts.collect::<Result<_, Stopped>>()?;
    let outputs = Outputs { places, in_use: vec![path], force: replace };
    let mut unsupported = tests(&suite, &outputs.one(data.clone(), OutputContent::Rows)?)?;
    for (_, prompt) in &named {
        count_unsupported(&prompt.checks, &mut unsupported);
    }
    for (name, count) in unsupported {
        let words = format!("{count} × {name}: cannot be applied here; an answer it is asked of is inconclusive");
        writeln!(io.err, "{}", clean_line(&words))?;
    }
    writeln!(io.out, "{}", data.display())?;
    let mut written = vec![data.display().to_string()];
    for (file, text) in texts {
        prompts::write_file(places, &file, &text, replace)
            .map_err(|error| Stopped::Other(format!("{error}; written before: {}", written.join(", "))))?;
        writeln!(io.out, "{}", file.display())?;
        written.push(file.display().to_string());
    }
    Ok(())
}

/// Counts the checks of another program that cannot be applied here, by the names they have there.
fn count_unsupported(checks: &[Check], counts: &mut BTreeMap<String, u64>) {
    for name in checks.iter().filter_map(check::unsupported) {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
}

/// Writes the tests row by row, beside their place first; returns the checks that cannot be applied here.
fn tests(suite: &Suite, output: &Output) -> Result<BTreeMap<String, u64>, Stopped> {
    let (mut unsupported, mut broken) = (BTreeMap::new(), None);
    let written = output.write(|out| {
        for row in suite.rows() {
            match row {
                Ok(row) => {
                    count_unsupported(&row.checks, &mut unsupported);
                    writeln!(out, "{}", promptfoo::line(&row))?;
                }
                Err(error) => {
                    let stopped = io::Error::other(error.to_string());
                    broken = Some(error);
                    return Err(stopped);
                }
            }
        }
        Ok(())
    });
    match broken {
        Some(error) => Err(error.into()),
        None => Ok(written.map(|()| unsupported)?),
    }
}

/// Makes a name of a prompt's out of any text.
pub(super) fn plain(text: &str) -> String {
    let mut name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' }).collect();
    while name.contains("--") {
        name = name.replace("--", "-");
    }
    let name: String = name.trim_matches(['-', '.', '_']).chars().take(58).collect();
    if name.is_empty() { "prompt".to_owned() } else { name }
}

/// Prints the config. A row with a value that promptfoo would read as something else is refused.
pub(crate) fn export(name: &str, data: Option<&Path>, setup: &Workspace, io: &mut Io<'_>) -> Result<(), Stopped> {
    let (name, mut prompt) = crate::cli::prompts::find(&setup.places, &io.cwd, name)?;
    let mut lost = unsaid(&prompt);
    let targets = targets(&prompt, setup, &mut lost);
    let mut default_test = Test {
        checks: checks(&prompt.expected(), &prompt.checks, "", &mut lost),
        min_score: prompt.response.min_score,
        ..Test::default()
    };
    let mut tests = Vec::new();
    if let Some(data) = data {
        let path: PathBuf = io.cwd.join(data);
        let reading = ReadOptions { consent: Consent::of(&setup.places, false), ..ReadOptions::default() };
        let mut talks = Vec::new();
        for row in dataset::open(&path.to_string_lossy(), &reading)? {
            talks.push(talk(&prompt, row?, &mut lost)?);
        }
        if talks.iter().any(|talk| talk.len() > 1) {
            // What is checked of an answer is that of a conversation's last one.
            for last in talks.iter_mut().filter_map(|talk| talk.last_mut()) {
                last.checks.splice(0..0, default_test.checks.iter().cloned());
                last.min_score = last.min_score.or(default_test.min_score);
            }
            for (place, test) in
                talks.iter_mut().enumerate().flat_map(|(place, talk)| talk.iter_mut().map(move |test| (place, test)))
            {
                test.metadata.entry("conversationId".to_owned()).or_insert_with(|| format!("row {}", place + 1));
            }
            default_test = Test::default();
            go_on(&mut prompt);
        }
        tests = talks.into_iter().flatten().map(|test| Tests::Inline(Box::new(test))).collect();
    }
    for words in &lost {
        writeln!(io.err, "left out: {}", clean_line(words))?;
    }
    let description = Some(prompt.description.clone()).filter(|text| !text.is_empty());
    let suite = Suite { description, prompts: vec![(name, prompt)], targets, default_test, tests, ..Suite::default() };
    write!(io.out, "{}", promptfoo::write(&suite))?;
    Ok(())
}

/// Names what of a prompt a config has no place for.
fn unsaid(prompt: &Prompt) -> Vec<String> {
    let mut lost = Vec::new();
    for (place, turn) in prompt.turns().iter().enumerate().filter(|(_, turn)| turn.muted) {
        lost.push(format!("message {} ({}), which is muted", place + 1, turn.role.name()));
    }
    if !prompt.fallback.is_empty() {
        lost.push(format!("the fallbacks {}; promptfoo asks no second model", prompt.fallback.join(", ")));
    }
    lost
}

/// Writes the prompt's targets as providers of promptfoo's, each with what retort would send.
fn targets(prompt: &Prompt, setup: &Workspace, lost: &mut Vec<String>) -> Vec<SuiteTarget> {
    let mut targets = Vec::new();
    for name in &prompt.targets {
        let Ok(found) = setup.catalog.resolve(name) else {
            lost.push(format!("the target `{name}`, a model nobody knows"));
            continue;
        };
        let mut target = SuiteTarget::of(name, prompt);
        target.params.temperature.get_or_insert(DEFAULT_TEMPERATURE);
        let vendor = found.options.vendor.clone().or_else(|| Some(Vendor::of_wire(found.kind)?.name.clone()));
        let own = SuiteModel { vendor, wire: found.kind, name: found.model.clone(), command: Vec::new() };
        // A vendor that promptfoo does not have by name is asked as its wire's, at its address.
        let other =
            Vendor::of_wire(found.kind).map(|vendor| SuiteModel { vendor: Some(vendor.name.clone()), ..own.clone() });
        let is_known = own.id().is_some();
        let Some((id, model)) = [Some(own), other].into_iter().flatten().find_map(|model| Some((model.id()?, model)))
        else {
            lost.push(format!("the target `{name}`: promptfoo has no such provider"));
            continue;
        };
        (target.id, target.model) = (id, Some(model));
        if found.custom_endpoint || !is_known {
            target.base_url.clone_from(&found.base_url);
        }
        let keys = setup.settings.providers.get(&found.provider).map(|provider| provider.api_keys.as_slice());
        target.key = keys.and_then(|keys| match keys.first() {
            Some(KeySource::Env(name)) => Some(name.clone()),
            _ => None,
        });
        for (header, value) in &found.headers {
            match promptfoo::nunjucks::header(header, value) {
                Some(value) => drop(target.headers.insert(header.clone(), value)),
                None => lost.push(format!("the header `{header}` of `{name}`, which promptfoo fills as a template")),
            }
        }
        targets.push(target);
    }
    targets
}

fn checks(response: &Response, own: &[Check], whose: &str, lost: &mut Vec<String>) -> Vec<Check> {
    let mut checks = Vec::new();
    for fields in check::promptfoo::asserted(response, own) {
        let read = fields.and_then(|fields| check::promptfoo::of_json(&Value::Object(fields.into_iter().collect())));
        match read {
            Ok(check) => checks.push(check),
            Err(words) => lost.push(format!("{words}{whose}")),
        }
    }
    checks
}

/// Puts the earlier turns of a conversation before the last message of the person's.
fn go_on(prompt: &mut Prompt) {
    if conversation::goes_on(prompt) {
        return;
    }
    let mut turns = prompt.turns();
    let last = turns.iter().rposition(|turn| turn.role == Role::User && !turn.muted).unwrap_or(turns.len());
    turns.insert(last, Turn::of(Role::User, conversation::earlier_turn()));
    prompt.set_turns(turns);
}

/// Makes the tests of a row: one, or one for each turn of its conversation.
fn talk(prompt: &Prompt, row: DatasetRow, lost: &mut Vec<String>) -> Result<Vec<Test>, Stopped> {
    let (number, mut row) = (row.number, row);
    if conversation::history(prompt, &row.input).is_ok_and(|history| history.is_some()) {
        row.input.vars.remove(conversation::HISTORY);
        lost.push(format!("the messages before the input of row {number}"));
    }
    let turns = conversation::turns(prompt, &row.input);
    if turns.is_empty() {
        return Ok(vec![test(row, lost)?]);
    }
    row.input.vars.remove(conversation::TURNS);
    let says: Vec<_> = prompt.turns().into_iter().filter(|turn| turn.role == Role::User && !turn.muted).collect();
    let asks = says.last().map(|last| template::asks(&last.content).names).unwrap_or_default();
    let name = asks.first().filter(|name| says.last().is_some_and(|last| is_only(&last.content, name)));
    let Some(name) = name else {
        lost.push(format!("the further turns of row {number}: the prompt's last message is more than a variable"));
        return Ok(vec![test(row, lost)?]);
    };
    let mut first = row.clone();
    let checks = std::mem::take(&mut first.checks);
    let mut rows = vec![DatasetRow { min_score: None, ..first.clone() }];
    for turn in turns {
        let mut next = DatasetRow { min_score: None, ..first.clone() };
        if name == "input" {
            next.input.text.clone_from(&turn);
        } else {
            next.input.vars.insert(name.clone(), turn.into());
        }
        rows.push(next);
    }
    if let Some(last) = rows.last_mut() {
        (last.checks, last.min_score) = (checks, row.min_score);
    }
    rows.into_iter().map(|row| test(row, lost)).collect()
}

/// Tells whether a template is a variable and nothing else.
fn is_only(text: &str, name: &str) -> bool {
    let inner = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| inner.trim() == name)
}

fn test(row: DatasetRow, lost: &mut Vec<String>) -> Result<Test, Stopped> {
    let mut vars: Vec<(String, VarValue)> = row.input.vars.into_iter().collect();
    if !row.input.text.is_empty() {
        vars.push(("input".to_owned(), row.input.text.into()));
    }
    for (name, value) in &vars {
        let read = if value.starts_with("file://") {
            "begins with `file://`, which promptfoo reads as the name of a file"
        } else if ["{{", "{%", "{#"].iter().any(|sign| value.contains(sign)) {
            "holds `{{`, `{%` or `{#`, which promptfoo fills as a template"
        } else {
            continue;
        };
        let line = row.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        return Err(Stopped::Other(format!(
            "row {}{line}: the value of `{}` {read}; take the row out of the data set, and export again",
            row.number,
            clean_line(name)
        )));
    }
    let text = Response { format: crate::model::Format::Text, ..Response::default() };
    let checks = checks(&text, &row.checks, &format!(" (row {})", row.number), lost);
    let vars = vars.into_iter().map(|(name, value)| (name, vec![value])).collect();
    let (description, min_score, metadata) = (row.description, row.min_score, row.metadata);
    Ok(Test { line: 1, description, vars, checks, min_score, metadata, ..Test::default() })
}
