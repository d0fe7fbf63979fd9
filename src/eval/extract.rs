//! Finding the JSON of an answer: the whole text, one Markdown fence, or the first object in prose.
//!
//! Nothing is ever repaired. What stands around the JSON is reported, and so is every key that an
//! object holds twice.

mod fence;
mod place;
mod scan;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use place::Place;

/// Levels of nesting that are still read.
pub const MAX_DEPTH: usize = 128;

/// How the JSON of an answer was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extraction {
    /// Where it stood.
    pub found: Found,
    /// True when reasoning between `<think>` and `</think>` stood before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thought: bool,
    /// JSON pointers to keys that their object holds more than once (the last one counts); the
    /// first sixteen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<String>,
}

/// Where the JSON of an answer stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum Found {
    /// The answer is nothing else.
    Whole,
    /// In the only Markdown fence that can hold it.
    Fenced {
        /// The text before the fence, trimmed.
        before: String,
        /// The text after the fence, trimmed.
        after: String,
    },
    /// In the middle of other text.
    Embedded {
        /// The text before it, trimmed.
        before: String,
        /// The text after it, trimmed.
        after: String,
    },
}

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
    /// The line in the answer, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// The answer around the place, on one line, fit to be shown.
    pub excerpt: String,
    /// True when the text ends inside the JSON, as that of a cut answer does.
    pub cut: bool,
}

/// Finds the JSON of an answer.
pub fn extract(text: &str) -> Result<(Value, Extraction), ExtractError> {
    let answer = without_reasoning(text)?;
    let thought = answer.start > 0 && text.get(..answer.start).is_some_and(|before| before.contains(THINK_END));
    let found = |value: Value, found: Found, json: &str| {
        (value, Extraction { found, thought, duplicates: scan::duplicates(json) })
    };
    if answer.trimmed.is_empty() {
        return Err(Place::new(text, text.len()).error(Step::Find, "the answer is empty"));
    }
    let whole = match scan::whole(answer.trimmed) {
        Ok(value) => return Ok(found(value, Found::Whole, answer.trimmed)),
        Err(error) => error,
    };
    if let Some(fence) = fence::only(answer.trimmed) {
        return match scan::whole(fence.content) {
            Ok(value) => {
                let around = Found::Fenced { before: fence.before.to_owned(), after: fence.after.to_owned() };
                Ok(found(value, around, fence.content))
            }
            Err(error) => Err(error.placed(text, answer.start + fence.start, Step::Fence)),
        };
    }
    let bare = answer.trimmed.starts_with(['{', '[']);
    match scan::first(answer.trimmed) {
        Ok(Some(hit)) => {
            let around = Found::Embedded { before: hit.before.trim().to_owned(), after: hit.after.trim().to_owned() };
            Ok(found(hit.value, around, hit.json))
        }
        Ok(None) if bare => Err(whole.placed(text, answer.start, Step::Whole)),
        Ok(None) => Err(Place::new(text, answer.start).error(Step::Find, "there is no JSON object or array")),
        Err(error) => {
            let step = if bare { Step::Whole } else { Step::Embedded };
            Err(error.placed(text, answer.start, step))
        }
    }
}

const THINK: &str = "<think>";
const THINK_END: &str = "</think>";

/// Returns the answer without the reasoning some models write before it.
#[must_use]
pub fn answer(text: &str) -> &str {
    without_reasoning(text).map_or(text, |answer| answer.trimmed)
}

struct Trimmed<'a> {
    /// Where it starts in the text, in bytes.
    start: usize,
    trimmed: &'a str,
}

fn trimmed(text: &str, from: usize) -> Trimmed<'_> {
    let rest = text.get(from..).unwrap_or_default();
    let start = text.len() - rest.trim_start_matches(blank).len();
    Trimmed { start, trimmed: rest.trim_matches(blank) }
}

fn blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Takes reasoning away from the front: whole blocks, or all up to an end mark whose start the
/// chat template has swallowed.
fn without_reasoning(text: &str) -> Result<Trimmed<'_>, ExtractError> {
    let mut answer = trimmed(text, 0);
    let mut swallowed = !answer.trimmed.starts_with(['{', '[', '"', '`']);
    loop {
        let opened = answer.trimmed.starts_with(THINK);
        match answer.trimmed.find(THINK_END) {
            Some(at) if opened || swallowed => {
                answer = trimmed(text, answer.start + at + THINK_END.len());
                swallowed = false;
            }
            None if opened => {
                let error = Place::new(text, answer.start).error(Step::Reasoning, "the reasoning is never closed");
                return Err(ExtractError { cut: true, ..error });
            }
            _ => return Ok(answer),
        }
    }
}
