//! Finding the JSON of an answer: the whole text, one Markdown fence, or the first object in prose, after
//! all reasoning was taken away.
//!
//! Nothing is ever repaired. What stands around the JSON is reported, and so is every key that an
//! object holds twice.

mod error;
mod fence;
mod place;
mod reasoning;
mod scan;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::{ExtractError, Step};
use place::Place;
pub use reasoning::answer;
use reasoning::{BLANK, Bare};
use scan::{First, Kind};

use super::{Budget, JsonTypes, budget::TooMuch, figures::thousands};

/// Levels of nesting that are still read.
pub const MAX_DEPTH: usize = 128;

/// How the JSON of an answer was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extraction {
    /// Where it stood.
    pub found: Found,
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

/// Values in a text, above which it is not read as JSON: each takes some hundred bytes of memory.
const MOST_VALUES: usize = 100_000;

/// Steps of reading a byte as JSON.
const STEPS: u64 = 2;

/// Takes the work of reading a text as JSON from a budget. The error says that it may hold too many values, or
/// is too long.
pub fn spend(text: &str, budget: &Budget) -> Result<(), TooMuch> {
    bounded("the answer", text)?;
    let steps = (text.len() as u64).saturating_mul(STEPS);
    budget.spend(steps, || format!("reading {} bytes as JSON", thousands(text.len() as u64)))
}

/// Refuses a text that may hold too many values to be read as JSON; `what` names it in the error.
pub fn bounded(what: &str, text: &str) -> Result<(), TooMuch> {
    // Those in strings are counted as well: which they are, is not known before it is read.
    let values = 1 + text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values <= MOST_VALUES {
        return Ok(());
    }
    Err(TooMuch::new(format!(
        "{what} may hold {} JSON values, of which at most {} are read",
        thousands(values as u64),
        thousands(MOST_VALUES as u64)
    )))
}

/// Finds the JSON of an answer. In other text it is the first object or array of the types that are
/// wanted, or else the first object, or else the first array; alone or in a fence it may be anything.
pub fn extract(text: &str, wanted: JsonTypes) -> Result<(Value, Extraction), ExtractError> {
    let Read { value, found, thought, others, bytes } = read(text, wanted)?;
    let duplicates = scan::duplicates(text.get(bytes).unwrap_or_default());
    Ok((value, Extraction { found, thought, others, duplicates }))
}

/// Reads a text that is to be JSON and nothing else. The error tells what is wrong and where.
pub(super) fn whole(text: &str) -> Result<Value, String> {
    scan::whole(text).map_err(|broken| {
        let ExtractError { problem, line, column, .. } = broken.placed(text, 0, Step::Whole);
        format!("{problem} at line {line}, column {column}")
    })
}

/// Lists every object and array in an answer, in order, none inside another. The error tells that it
/// holds too much that begins like JSON and is none.
pub(super) fn all(text: &str) -> Result<Vec<Value>, String> {
    let answer = reasoning::without(text);
    scan::all(&answer.text).ok_or_else(|| "it holds too much that begins like JSON and is none".to_owned())
}

/// Finds where the JSON of an answer stands, in bytes of the answer, and what stands around it.
pub fn locate(text: &str, wanted: JsonTypes) -> Result<(Range<usize>, Found), ExtractError> {
    read(text, wanted).map(|read| (read.bytes, read.found))
}

/// The JSON of an answer.
struct Read {
    value: Value,
    found: Found,
    thought: bool,
    others: usize,
    bytes: Range<usize>,
}

fn read(text: &str, wanted: JsonTypes) -> Result<Read, ExtractError> {
    bounded("the answer", text).map_err(|much| Place::new(text, 0).error(Step::Find, much.to_string()))?;
    let trimmed = trim(text);
    let whole = match scan::whole(trimmed) {
        Ok(value) => {
            let start = text.len() - text.trim_start_matches(is_blank).len();
            let bytes = start..start + trimmed.len();
            return Ok(Read { value, found: Found::Whole, thought: false, others: 0, bytes });
        }
        Err(broken) => broken,
    };
    let Bare { start, text: answer, thought, unended } = reasoning::without(text);
    let answer = answer.as_ref();
    let read = |value: Value, found: Found, others: usize, at: usize, json: &str| {
        let at = start + at;
        Read { value, found, thought, others, bytes: at..at + json.len() }
    };
    let missing = |problem: &str| match unended {
        Some(at) => {
            let error = Place::new(text, at).error(Step::Reasoning, "the reasoning is never closed");
            ExtractError { cut: true, ..error }
        }
        None => Place::new(text, start).error(Step::Find, problem),
    };
    if answer.is_empty() {
        return Err(missing(if thought { "there is nothing but reasoning" } else { "the answer is empty" }));
    }
    let whole = if answer == trimmed { Err(whole) } else { scan::whole(answer) };
    let whole = match whole {
        Ok(value) => return Ok(read(value, Found::Whole, 0, 0, answer)),
        Err(broken) => broken,
    };
    let around = |text: &str| text.replace(BLANK, "").trim().to_owned();
    if let Some(fence) = fence::only(answer) {
        return match scan::whole(fence.content) {
            Ok(value) => {
                let found = Found::Fenced { before: around(fence.before), after: around(fence.after) };
                Ok(read(value, found, 0, fence.start, fence.content))
            }
            Err(broken) => Err(broken.placed(text, start + fence.start, Step::Fence)),
        };
    }
    let bare = answer.starts_with(['{', '[']);
    match scan::first(answer, wanted) {
        Ok(Some(First { value, before, json, after, others })) => {
            let found = Found::Embedded { before: around(before), after: around(after) };
            Ok(read(value, found, others, before.len(), json))
        }
        Ok(None) if bare => Err(whole.placed(text, start, Step::Whole)),
        Ok(None) => Err(missing("there is no JSON object or array")),
        // What is wrong with the whole says more than that a part of it is well.
        Err(broken) if bare && broken.kind == Kind::Part => Err(whole.placed(text, start, Step::Whole)),
        Err(broken) => Err(broken.placed(text, start, if bare { Step::Whole } else { Step::Embedded })),
    }
}

/// Leaves out what stands around an answer and is no part of it.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Tells what stands around an answer and is no part of it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

#[cfg(test)]
mod tests;
