//! Test suites of others, on a copy of theirs: what is right, what is wrong, what is refused and why.
//!
//! They lie in the folder that `RETORT_SUITES` names, and are skipped without it: `tests/suites/run.sh`.
#![allow(clippy::print_stdout, reason = "the counts are what these tests are run for")]

mod csv;
mod dotprompt;
mod json;
mod json_schema;
mod nunjucks;
mod yaml;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use retort::text::json::ExactJson;

/// Cases of a refusal that are named one by one.
const NAMED: usize = 3;

/// What came of the cases of one part of a suite.
#[derive(Debug, Default)]
struct Outcomes {
    right: usize,
    /// Each with its name and what was expected.
    wrong: Vec<String>,
    /// The names by reason.
    refused: BTreeMap<String, Vec<String>>,
}

impl Outcomes {
    fn take(&mut self, name: impl Into<String>, holds: bool, expected: &str) {
        if holds {
            self.right += 1;
        } else {
            self.wrong.push(format!("{}: expected {expected}", name.into()));
        }
    }

    fn refuse(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.refused.entry(why.into()).or_default().push(name.into());
    }

    fn print(&self, title: &str) {
        let refused: usize = self.refused.values().map(Vec::len).sum();
        println!("{title}: {} right, {} wrong, {refused} refused", self.right, self.wrong.len());
        for wrong in &self.wrong {
            println!("    WRONG {wrong}");
        }
        for (why, cases) in &self.refused {
            println!("    refused {} times: {why}", cases.len());
            for case in cases.iter().take(NAMED) {
                println!("        {case}");
            }
            if cases.len() > NAMED {
                println!("        and {} more", cases.len() - NAMED);
            }
        }
    }
}

/// The folder of a suite.
fn suite(name: &str) -> PathBuf {
    let suites = std::env::var_os("RETORT_SUITES").expect("RETORT_SUITES is not set; tests/suites/run.sh sets it");
    let suite = Path::new(&suites).join(name);
    assert!(suite.is_dir(), "{} is no folder", suite.display());
    suite
}

/// The files of a folder with such an ending, in order, with their names.
fn files(folder: &Path, ending: &str) -> Vec<(String, PathBuf)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no .{ending}", folder.display());
    files
}

/// What a key of a mapping stands for.
fn field<'a>(of: &'a ExactJson, key: &str) -> Option<&'a ExactJson> {
    match of {
        ExactJson::Fields(fields) => fields.iter().find(|(known, _)| known == key).map(|(_, value)| value),
        _ => None,
    }
}

/// The text that a key of a mapping stands for.
fn text<'a>(of: &'a ExactJson, key: &str) -> Option<&'a str> {
    match field(of, key) {
        Some(ExactJson::Text(text)) => Some(text),
        _ => None,
    }
}
