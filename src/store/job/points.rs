//! Stored answers as a threshold sees them, and a threshold that is written to a prompt's file.

use std::path::PathBuf;

use crate::{
    eval::whatif::Measured,
    model::{Prompt, VersionId},
};

/// The judged runs that a query asks for, as the threshold of a rule sees them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// The rule, as it was asked for.
    pub rule: String,
    /// The prompts that were run by their names, each with its judged runs, the most first.
    pub prompts: Vec<(Option<String>, u64)>,
    /// The prompt version that came on record last.
    pub version: Option<VersionId>,
    /// That prompt, if it can be read.
    pub prompt: Option<Prompt>,
    /// The runs, in no order; none where they are of several prompts.
    pub judged: Vec<Measured>,
}

/// A prompt's own file.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptFile {
    /// The prompt's name.
    pub name: String,
    /// Its file; none where no file holds the prompt, as with one that is built in.
    pub found: Option<FoundPrompt>,
}

/// A prompt's file and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPrompt {
    /// Where it lies.
    pub path: PathBuf,
    /// The prompt.
    pub prompt: Prompt,
    /// The digest of its text.
    pub digest: String,
}

/// A value to be written to a prompt's file in place of another, and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct NewThreshold {
    /// The prompt's name.
    pub name: String,
    /// The rule whose threshold it is, by its name as in verdicts.
    pub rule: String,
    /// The present value, if it has one. Where it is another one by now, nothing is written.
    pub before: Option<f64>,
    /// The new value.
    pub value: f64,
}
