//! `retort prompts import` and `export`: prompts and tests from promptfoo's configs, and to them.

mod export;

use std::{collections::BTreeMap, io, path::Path};

use crate::{
    cli::{Io, Stopped},
    eval::check,
    model::{Check, settings::Places},
    store::{
        names,
        output::{Content, Output, Outputs},
        promptfoo::{self, Suite, Use},
        prompts,
        trust::{Allowed, Consent},
    },
    text::clean_line,
};
pub(super) use export::export;

/// Writes a config's prompts into the project's directory, or the user's, and its tests beside the config.
///
/// Nothing is written if one of the files is there already, unless `replace` is set. The tests come first,
/// and each file whole or not at all; where one cannot be written, those that were are named.
pub(super) fn import(
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
        let text = prompts::write(prompt).map_err(Stopped::Other)?;
        Ok((dir.join(format!("{name}.toml")), text))
    });
    let texts: Vec<(std::path::PathBuf, String)> = texts.collect::<Result<_, Stopped>>()?;
    let outputs = Outputs { places, in_use: vec![path], force: replace };
    let mut unsupported = tests(&suite, &outputs.one(data.clone(), Content::Rows)?)?;
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
            .map_err(|fault| Stopped::Other(format!("{fault}; written before: {}", written.join(", "))))?;
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
                Err(fault) => {
                    let stopped = io::Error::other(fault.to_string());
                    broken = Some(fault);
                    return Err(stopped);
                }
            }
        }
        Ok(())
    });
    match broken {
        Some(fault) => Err(fault.into()),
        None => Ok(written.map(|()| unsupported)?),
    }
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
