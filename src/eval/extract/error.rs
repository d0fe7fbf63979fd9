//! Why no JSON came of an answer.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was being done when the search for JSON failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Taking away the reasoning before the answer.
    Reasoning,
    /// Looking for an object or an array.
    Find,
    /// Reading the answer as a whole.
    Whole,
    /// Reading what a Markdown fence holds.
    Fence,
    /// Reading an object or array that other text stands before.
    Embedded,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reasoning => "taking away the reasoning",
            Self::Find => "looking for JSON",
            Self::Whole => "reading the answer",
            Self::Fence => "reading the Markdown fence",
            Self::Embedded => "reading the JSON after the text",
        })
    }
}

/// Why no JSON came of an answer: the step that failed and the place it failed at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{step}: {problem} at line {line}, column {column}, near `{excerpt}`")]
pub struct ExtractError {
    /// What was being done.
    pub step: Step,
    /// What is wrong, in words.
    pub problem: String,
    /// The place in the answer, in bytes.
    pub at: usize,
    /// The line in the answer, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// The answer around the place, on one line, fit to be shown.
    pub excerpt: String,
    /// True when the text ends inside the JSON, as that of a cut answer does.
    pub cut: bool,
}
