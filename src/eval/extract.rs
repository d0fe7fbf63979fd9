//! Finding the JSON of an answer: the whole text, one Markdown fence, or the first object in prose, after
//! all reasoning was taken away.
//!
//! Nothing is ever repaired. What stands around the JSON is reported, and so is every key that an
//! object holds twice; where there is none, the error names the line and column.

pub(crate) mod markup;
pub(crate) mod scan;

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::eval::extract::markup::answer;
use crate::{
    eval::{
        JsonTypes, WorkBudget,
        extract::{
            markup::{BLANK, Bare},
            scan::{JsonStart, ScannedJson},
        },
    },
    text::{
        budget::{TooMuch, bounded},
        clean_line,
        format::thousands,
        prefix,
    },
};

/// Levels of nesting that are still read.
pub const MAX_DEPTH: usize = 128;

/// How the JSON of an answer was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extraction {
    /// Where it stood.
    pub found: FoundJson,
    /// True when reasoning was taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thought: bool,
    /// How many more objects, or arrays where it is one, stood in the text after it and differ from it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub others: usize,
    /// JSON pointers to keys that their object holds more than once (the last one counts); the
    /// first sixteen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Where the JSON of an answer stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum FoundJson {
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

/// Steps of reading a byte as JSON.
const STEPS: u64 = 2;

/// Takes the work of reading a text as JSON from a budget. The error says that it may hold too many values, or
/// is too long.
pub fn spend(text: &str, budget: &WorkBudget) -> Result<(), TooMuch> {
    bounded("the answer", text)?;
    let steps = (text.len() as u64).saturating_mul(STEPS);
    budget.spend(steps, || format!("reading {} bytes as JSON", thousands(text.len() as u64)))
}

/// Finds the JSON of an answer. In other text it is the first object or array of the types that are
/// wanted, or else the first object, or else the first array; alone or in a fence it may be anything.
pub fn extract(text: &str, wanted: JsonTypes) -> Result<(Value, Extraction), ExtractError> {
    let Read { value, found, thought, others, bytes } = read(text, wanted)?;
    let duplicates = scan::duplicates(text.get(bytes).unwrap_or_default());
    Ok((value, Extraction { found, thought, others, duplicates }))
}

/// Reads a text that is to be JSON and nothing else. The error tells what is wrong and where.
pub(crate) fn whole(text: &str) -> Result<Value, String> {
    scan::whole(text).map_err(|broken| {
        let ExtractError { problem, line, column, .. } = broken.placed(text, 0, ExtractStep::Whole);
        format!("{problem} at line {line}, column {column}")
    })
}

/// Lists every object and array in an answer, in order, none inside another. The error tells that it
/// holds too much that begins like JSON and is none.
pub(crate) fn all(text: &str) -> Result<Vec<Value>, String> {
    let answer = markup::without(text);
    scan::all(&answer.text).ok_or_else(|| "it holds too much that begins like JSON and is none".to_owned())
}

/// Finds where the JSON of an answer stands, in bytes of the answer, and what stands around it.
pub fn locate(text: &str, wanted: JsonTypes) -> Result<(Range<usize>, FoundJson), ExtractError> {
    read(text, wanted).map(|read| (read.bytes, read.found))
}

/// The JSON of an answer.
struct Read {
    value: Value,
    found: FoundJson,
    thought: bool,
    others: usize,
    bytes: Range<usize>,
}

fn read(text: &str, wanted: JsonTypes) -> Result<Read, ExtractError> {
    bounded("the answer", text)
        .map_err(|much| TextPosition::new(text, 0).error(ExtractStep::Find, much.to_string()))?;
    let trimmed = trim(text);
    let whole = match scan::whole(trimmed) {
        Ok(value) => {
            let start = text.len() - text.trim_start_matches(is_blank).len();
            let bytes = start..start + trimmed.len();
            return Ok(Read { value, found: FoundJson::Whole, thought: false, others: 0, bytes });
        }
        Err(broken) => broken,
    };
    let Bare { start, text: answer, thought, unended } = markup::without(text);
    let answer = answer.as_ref();
    let read = |value: Value, found: FoundJson, others: usize, at: usize, json: &str| {
        let at = start + at;
        Read { value, found, thought, others, bytes: at..at + json.len() }
    };
    let missing = |problem: &str| match unended {
        Some(at) => {
            let error = TextPosition::new(text, at).error(ExtractStep::Reasoning, "the reasoning is never closed");
            ExtractError { cut: true, ..error }
        }
        None => TextPosition::new(text, start).error(ExtractStep::Find, problem),
    };
    if answer.is_empty() {
        return Err(missing(if thought { "there is nothing but reasoning" } else { "the answer is empty" }));
    }
    let whole = if answer == trimmed { Err(whole) } else { scan::whole(answer) };
    let whole = match whole {
        Ok(value) => return Ok(read(value, FoundJson::Whole, 0, 0, answer)),
        Err(broken) => broken,
    };
    let around = |text: &str| text.replace(BLANK, "").trim().to_owned();
    if let Some(fence) = markup::only(answer) {
        return match scan::whole(fence.content) {
            Ok(value) => {
                let found = FoundJson::Fenced { before: around(fence.before), after: around(fence.after) };
                Ok(read(value, found, 0, fence.start, fence.content))
            }
            Err(broken) => Err(broken.placed(text, start + fence.start, ExtractStep::Fence)),
        };
    }
    let bare = answer.starts_with(['{', '[']);
    match scan::first(answer, wanted) {
        Ok(Some(ScannedJson { value, before, json, after, others })) => {
            let found = FoundJson::Embedded { before: around(before), after: around(after) };
            Ok(read(value, found, others, before.len(), json))
        }
        Ok(None) if bare => Err(whole.placed(text, start, ExtractStep::Whole)),
        Ok(None) => Err(missing("there is no JSON object or array")),
        // What is wrong with the whole says more than that a part of it is well.
        Err(broken) if bare && broken.kind == JsonStart::Part => Err(whole.placed(text, start, ExtractStep::Whole)),
        Err(broken) => Err(broken.placed(text, start, if bare { ExtractStep::Whole } else { ExtractStep::Embedded })),
    }
}

/// Leaves out what stands around an answer and is no part of it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Tells what stands around an answer and is no part of it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// What was being done when the search for JSON failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtractStep {
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

impl fmt::Display for ExtractStep {
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
    pub step: ExtractStep,
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

/// Characters of an excerpt on each side of its place.
const AROUND: usize = 24;

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextPosition<'a> {
    before: &'a str,
    after: &'a str,
}

impl<'a> TextPosition<'a> {
    /// Takes a byte offset; one inside a character means the character.
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        let (before, after) = text.split_at(prefix(text, at).len());
        Self { before, after }
    }

    pub(crate) fn error(self, step: ExtractStep, problem: impl Into<String>) -> ExtractError {
        let line_start = self.before.rfind('\n').map_or(0, |at| at + 1);
        ExtractError {
            step,
            problem: problem.into(),
            at: self.before.len(),
            line: self.before.matches('\n').count() + 1,
            column: self.before.get(line_start..).unwrap_or_default().chars().count() + 1,
            excerpt: self.excerpt(),
            cut: false,
        }
    }

    fn excerpt(self) -> String {
        let head = self.before.char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
        let tail = self.after.char_indices().nth(AROUND).map_or(self.after.len(), |(at, _)| at);
        let mark = |cut: bool| if cut { "…" } else { "" };
        let part = |text: Option<&str>| clean_line(text.unwrap_or_default());
        let (before, after) = (part(self.before.get(head..)), part(self.after.get(..tail)));
        format!("{}{before}{after}{}", mark(head > 0), mark(tail < self.after.len())).trim().to_owned()
    }
}

#[cfg(test)]
mod tests;
