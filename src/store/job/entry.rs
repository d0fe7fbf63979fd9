//! Prompts, sessions, rows and versions as they are listed.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{PicoDollars, Prompt, VersionId};

/// A prompt in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptEntry {
    /// Its name.
    pub name: String,
    /// Its one-line description; the reason in words if the file cannot be read.
    pub description: String,
    /// Whether it lies in the project's `prompts/` and not in the user's.
    pub project: bool,
    /// Whether it comes with the program: it can be opened, and is saved as the user's own.
    pub built_in: bool,
    /// Whether the file can be used.
    pub valid: bool,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Its name.
    pub name: String,
    /// When it was last saved.
    pub saved: Timestamp,
}

/// A row of a data set in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEntry {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its text and its variables, as far as a line goes.
    pub summary: String,
}

/// A prompt version in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionEntry {
    /// Its hash.
    pub id: VersionId,
    /// When it was run first, or kept.
    pub made: Timestamp,
    /// The name a person gave it.
    pub name: Option<String>,
    /// The version it was edited from, if that is known.
    pub parent: Option<VersionId>,
    /// The prompt, without what is no part of a version.
    pub prompt: Prompt,
    /// What came of it.
    pub results: Results,
}

/// What came of a prompt version, over all its runs on record that have ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// Runs; none for a version that was only kept.
    pub runs: u64,
    /// Those whose answer was judged.
    pub judged: u64,
    /// Those that passed every check.
    pub passed: u64,
    /// The mean cost of those with a known one that were neither cached nor a demonstration.
    pub cost: Option<PicoDollars>,
    /// The mean length of those that are done and were neither cached nor a demonstration.
    pub latency: Option<Duration>,
    /// The mean of the stars that were given.
    pub stars: Option<f64>,
    /// When the last one started.
    pub last: Option<Timestamp>,
}
