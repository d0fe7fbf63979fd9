//! `retort prompts import` and `export`: prompts and tests from promptfoo's configs, and to them.

use std::path::{Path, PathBuf};

use crate::{
    cli::{Io, Stopped},
    model::settings::Places,
    store::{
        atomic,
        dataset::{self, Reading},
        names,
        promptfoo::{self, Suite, Test, Tests},
        prompts,
    },
};

/// Writes a config's prompts into the project's directory, or the user's, and its tests beside the config.
///
/// Nothing is written if one of the files is there already, unless `replace` is set.
pub(super) fn import(file: &Path, replace: bool, places: &Places, io: &mut Io<'_>) -> Result<(), Stopped> {
    let path = io.cwd.join(file);
    let suite = promptfoo::read(&path)?;
    for notice in &suite.notices {
        writeln!(io.err, "{notice}")?;
    }
    let stem = path.file_stem().map_or_else(|| "promptfoo".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let lanes = suite.lanes()?;
    let mut named: Vec<(String, crate::model::Prompt)> = Vec::new();
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
    let dir = places.project.clone().unwrap_or_else(|| places.config.join("prompts"));
    let data = path.with_file_name(format!("{stem}.tests.jsonl"));
    let there =
        named.iter().map(|(name, _)| dir.join(format!("{name}.toml"))).chain([data.clone()]).find(|path| path.exists());
    if let Some(there) = there.filter(|_| !replace) {
        return Err(Stopped::Other(format!(
            "{} is already there and nothing was written; `--replace` writes over it",
            there.display()
        )));
    }
    let rows = suite.rows().map(|row| row.map(|row| promptfoo::line(&row) + "\n"));
    let rows: String = rows.collect::<Result<_, _>>()?;
    for (name, prompt) in &named {
        let file = dir.join(format!("{name}.toml"));
        let text = prompts::write(prompt).map_err(Stopped::Other)?;
        atomic::write(&file, &text, replace)?;
        writeln!(io.out, "{}", file.display())?;
    }
    atomic::write(&data, &rows, replace)?;
    writeln!(io.out, "{}", data.display())?;
    Ok(())
}

/// Prints a prompt, and the rows of a data set, as a config.
pub(super) fn export(name: &str, data: Option<&Path>, places: &Places, io: &mut Io<'_>) -> Result<(), Stopped> {
    let (name, prompt) = super::find(places, &io.cwd, name)?;
    let lost: Vec<String> = prompt
        .checks
        .iter()
        .map(|check| check.kind.kind)
        .filter(|kind| !promptfoo::theirs(*kind))
        .map(|kind| kind.name().to_owned())
        .collect();
    if !lost.is_empty() {
        writeln!(io.err, "promptfoo has no {}; it will refuse the config until they are taken out", lost.join(", "))?;
    }
    let mut tests = Vec::new();
    if let Some(data) = data {
        let path: PathBuf = io.cwd.join(data);
        for row in dataset::open(&path.to_string_lossy(), &Reading::default())? {
            let row = row?;
            let mut vars: Vec<(String, Vec<String>)> =
                row.input.vars.into_iter().map(|(name, value)| (name, vec![value])).collect();
            if !row.input.text.is_empty() {
                vars.push(("input".to_owned(), vec![row.input.text]));
            }
            let (description, checks, min_score, metadata) = (row.description, row.checks, row.min_score, row.metadata);
            let test = Test { line: 1, description, vars, checks, min_score, metadata, ..Test::default() };
            tests.push(Tests::Inline(Box::new(test)));
        }
    }
    let default_test = Test { checks: prompt.checks.clone(), min_score: prompt.response.min_score, ..Test::default() };
    let targets = prompt.targets.iter().map(|target| promptfoo::SuiteTarget::of(target, &prompt)).collect();
    let description = Some(prompt.description.clone()).filter(|text| !text.is_empty());
    let suite = Suite { description, prompts: vec![(name, prompt)], targets, default_test, tests, ..Suite::default() };
    write!(io.out, "{}", promptfoo::write(&suite))?;
    Ok(())
}

/// Makes a name of a prompt's out of any text.
fn plain(text: &str) -> String {
    let mut name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' }).collect();
    while name.contains("--") {
        name = name.replace("--", "-");
    }
    let name: String = name.trim_matches(['-', '.', '_']).chars().take(58).collect();
    if name.is_empty() { "prompt".to_owned() } else { name }
}
