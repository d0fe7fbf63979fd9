//! A prompt and the rows of a data set as a config of promptfoo's, and in words whatever is not in it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    cli::{Io, Stopped},
    model::{Check, KeySource, Prompt, ProviderKind, Response, Row, VarValue, prompt::DEFAULT_TEMPERATURE},
    setup::Setup,
    store::{
        dataset::{self, Reading},
        promptfoo::{self, Suite, SuiteTarget, Test, Tests, assertion},
        trust::Consent,
    },
    text::clean_line,
};

/// Prints the config. A row with a value that promptfoo would read as something else is refused.
pub(in crate::cli::prompts) fn export(
    name: &str,
    data: Option<&Path>,
    setup: &Setup,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let (name, prompt) = crate::cli::prompts::find(&setup.places, &io.cwd, name)?;
    let mut lost = unsaid(&prompt);
    let targets = targets(&prompt, setup, &mut lost);
    let default_test = Test {
        checks: checks(&prompt.expected(), &prompt.checks, "", &mut lost),
        min_score: prompt.response.min_score,
        ..Test::default()
    };
    let mut tests = Vec::new();
    if let Some(data) = data {
        let path: PathBuf = io.cwd.join(data);
        let reading = Reading { consent: Consent::of(&setup.places, false), ..Reading::default() };
        for row in dataset::open(&path.to_string_lossy(), &reading)? {
            tests.push(Tests::Inline(Box::new(test(row?, &mut lost)?)));
        }
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
fn targets(prompt: &Prompt, setup: &Setup, lost: &mut Vec<String>) -> Vec<SuiteTarget> {
    let mut targets = Vec::new();
    for name in &prompt.targets {
        let Ok(found) = setup.catalog.resolve(name) else {
            lost.push(format!("the target `{name}`, a model nobody knows"));
            continue;
        };
        let mut target = SuiteTarget::of(name, prompt);
        target.params.temperature.get_or_insert(DEFAULT_TEMPERATURE);
        let prefix = match found.kind {
            ProviderKind::OpenAi => "openai:chat",
            ProviderKind::Anthropic => "anthropic:messages",
            ProviderKind::Ollama => "ollama:chat",
            _ => {
                lost.push(format!("the target `{name}`: promptfoo has no such provider"));
                continue;
            }
        };
        target.id = format!("{prefix}:{}", found.model);
        target.model = Some((found.kind, found.model.clone()));
        if found.custom_endpoint {
            target.base_url.clone_from(&found.base_url);
        }
        let keys = setup.settings.providers.get(&found.provider).map(|provider| provider.api_keys.as_slice());
        target.key = keys.and_then(|keys| match keys.first() {
            Some(KeySource::Env(name)) => Some(name.clone()),
            _ => None,
        });
        for (header, value) in &found.headers {
            match promptfoo::header(header, value) {
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
    for fields in promptfoo::asserted(response, own) {
        let read = fields.and_then(|fields| assertion::of_json(&Value::Object(fields.into_iter().collect())));
        match read {
            Ok(check) => checks.push(check),
            Err(words) => lost.push(format!("{words}{whose}")),
        }
    }
    checks
}

fn test(row: Row, lost: &mut Vec<String>) -> Result<Test, Stopped> {
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
