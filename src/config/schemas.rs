//! The JSON Schemas of retort's files and of what it prints as JSON: published with it, and kept beside the settings, where
//! editors find them by the first line of a prompt's file.
//!
//! They are generated from the types that read and write those files.

use std::path::{Path, PathBuf};

use crate::{config::atomic_file, model::error::StoreError};

/// The folder in the config directory in which they are kept.
pub const FOLDER: &str = "schema";

/// The first line of a prompt's file among the user's own, by which editors find its schema.
pub const PROMPT_LINE: &str = "#:schema ../schema/prompt.json\n";

/// A JSON Schema that goes out with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedSchema {
    /// The name of its file.
    pub file: &'static str,
    /// The file or the lines that it describes.
    pub of: &'static str,
    /// The schema as JSON, of the draft 2020-12.
    pub text: &'static str,
}

macro_rules! published {
    ($($file:literal: $of:literal;)*) => {
        /// Every schema.
        pub const SCHEMAS: &[PublishedSchema] = &[
            $(PublishedSchema {
                file: $file,
                of: $of,
                text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/schema/", $file)),
            },)*
        ];
    };
}

published! {
    "settings.json": "the settings, `config.toml`";
    "prompt.json": "a prompt, `prompts/NAME.toml`";
    "project.json": "a project, `retort.toml`";
    "row.json": "a row of a data set in JSON, JSON Lines or YAML, or a list of rows";
    "record.json": "a run on record, as `retort show --json` prints it";
    "history.json": "a line of `retort history --json`";
    "report.json": "a line of a report of a batch in JSON Lines, `--out report.jsonl`";
    "run-event.json": "a line of `retort run --json`";
    "batch-event.json": "a line of `retort batch --json`";
    "experiment-event.json": "a line of `retort improve --json`, `retort ablate --json` or `retort bisect --json`";
    "calibration.json": "the line of `retort calibrate --json`";
    "review.json": "a line of `retort review --json`";
    "blind.json": "the line of `retort blind --json`";
    "blind-vote.json": "a line of `retort blind --export FILE.jsonl`";
    "drift.json": "a line of `retort drift --json`";
    "quality.json": "the line of `retort quality --json`";
    "score.json": "a line of `retort score --json`";
}

/// What every file of them begins with.
const HEAD: &str = "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"retort: ";

impl PublishedSchema {
    /// Finds the schema in a file of this name.
    #[must_use]
    pub fn in_file(file: &str) -> Option<&'static Self> {
        SCHEMAS.iter().find(|schema| schema.file == file)
    }

    /// Writes it into a folder, which is made if it is not there. Only another version of it is replaced. Returns the file.
    pub fn write(&self, dir: &Path) -> Result<PathBuf, StoreError> {
        let path = dir.join(self.file);
        let present = atomic_file::read(&path)?;
        if present.as_deref() == Some(self.text) {
            return Ok(path);
        }
        if present.is_some_and(|present| !present.trim().is_empty() && !present.starts_with(HEAD)) {
            let message = format!("{} is there and no schema of retort's; name another folder", path.display());
            return Err(StoreError::wrong(message));
        }
        atomic_file::write(&path, self.text, true)?;
        Ok(path)
    }
}
