//! Reading JSON strictly: alone, or where it stands in a text.

mod twice;
mod walk;

use serde_json::{Deserializer, Value, error::Category};

use self::walk::{Hit, Walk};
use super::{ExtractError, MAX_DEPTH, Step, place::Place};
use crate::eval::JsonTypes;

pub(super) use twice::duplicates;

/// How often a text may be read over where it begins like JSON and is none.
const AGAIN: usize = 32;

/// Bytes that may be read in vain of a text that is not longer.
const VAIN: usize = 16 << 20;

/// Spellings of other languages, each with what JSON has.
const FOREIGN: &[(&str, &str)] = &[
    ("NaN", "a number or `null`"),
    ("nan", "a number or `null`"),
    ("Infinity", "a number or `null`"),
    ("-Infinity", "a number or `null`"),
    ("None", "`null`"),
    ("undefined", "`null`"),
    ("True", "`true`"),
    ("False", "`false`"),
    ("'", "texts in double quotes"),
];

/// A fault and its place, counted in bytes from the start of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) kind: Kind,
    problem: String,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text ends where the JSON does not.
    Cut,
    /// It is nested too deep.
    Deep,
    /// It is no JSON.
    Wrong,
    /// It is JSON, and a part of something that is none.
    Part,
}

impl Broken {
    fn new(text: &str, error: &serde_json::Error) -> Self {
        let line: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = (line + error.column().saturating_sub(1)).min(text.len());
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said);
        let (kind, problem, at) = match error.classify() {
            Category::Eof => (Kind::Cut, format!("the text ends inside the JSON ({said})"), text.len()),
            _ if said.starts_with("recursion limit") => {
                (Kind::Deep, format!("it is nested deeper than {MAX_DEPTH} levels"), at)
            }
            _ => match foreign(text, at) {
                Some((word, json)) => (Kind::Wrong, format!("`{word}` is not JSON, which has {json}"), at),
                None if said == "expected ident" => (Kind::Wrong, "expected `true`, `false` or `null`".to_owned(), at),
                None => (Kind::Wrong, said.to_owned(), at),
            },
        };
        Self { kind, problem, at }
    }

    fn part(at: usize) -> Self {
        Self { kind: Kind::Part, problem: "it is a part of something that is not JSON".to_owned(), at }
    }

    /// Turns the place into one of the whole answer, in which what was read starts at `start`.
    pub(super) fn placed(self, answer: &str, start: usize, step: Step) -> ExtractError {
        let error = Place::new(answer, start + self.at).error(step, self.problem);
        ExtractError { cut: self.kind == Kind::Cut, ..error }
    }
}

/// Finds the spelling of another language at which JSON breaks off: at a place, or one character before it.
fn foreign(text: &str, at: usize) -> Option<(&'static str, &'static str)> {
    let starts = [1, 0].into_iter().filter_map(|before| text.get(at.checked_sub(before)?..));
    let ends = |rest: &str| rest.chars().next().is_none_or(|c| !(c.is_alphanumeric() || c == '_'));
    starts.into_iter().find_map(|rest| {
        let whole = |word: &str| rest.strip_prefix(word).is_some_and(|rest| word == "'" || ends(rest));
        FOREIGN.iter().find(|(word, _)| whole(word)).copied()
    })
}

/// Reads a text that is one JSON value and nothing else.
pub(super) fn whole(text: &str) -> Result<Value, Broken> {
    serde_json::from_str(text).map_err(|error| Broken::new(text, &error))
}

/// Reads the object or array that a text begins with; its value and its length.
fn leading(text: &str) -> Result<(Value, usize), Broken> {
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok((value, values.byte_offset())),
        Some(Err(error)) => Err(Broken::new(text, &error)),
        None => Err(Broken { kind: Kind::Cut, problem: "the text ends".to_owned(), at: text.len() }),
    }
}

/// How many bytes of a text may be read in vain.
pub(super) fn budget(text: &str) -> usize {
    (text.len() + 1).saturating_mul(AGAIN).min(VAIN.max(text.len() + 1))
}

/// Returns the length of the object or array that a text begins with; none where it begins with
/// neither, or when what was read in vain has used the budget up.
pub(super) fn length(text: &str, budget: &mut usize) -> Option<usize> {
    if *budget == 0 || !walk::may_begin(text) {
        return None;
    }
    match leading(text) {
        Ok((_, length)) => Some(length),
        Err(broken) => {
            *budget = budget.saturating_sub(broken.at + 1);
            None
        }
    }
}

/// What was found in a text.
#[derive(Debug)]
pub(super) struct First<'a> {
    pub(super) value: Value,
    pub(super) before: &'a str,
    pub(super) json: &'a str,
    pub(super) after: &'a str,
    /// How many more objects, or arrays where it is one, stand in the text and differ from it.
    pub(super) others: usize,
}

/// Finds the first object or array of the types that are wanted, or else the first object, or else
/// the first array, that a text holds.
///
/// A brace begins an object only before `"` or `}`. A bracket is prose (`[1]: see there`) if it
/// breaks off before it held an object or a string. What begins like JSON and then is broken ends
/// the search, and so does JSON that is part of something else: a part would be a wrong answer.
pub(super) fn first(text: &str, wanted: JsonTypes) -> Result<Option<First<'_>>, Broken> {
    let Walk { hits, broken, .. } = Walk::of(text, true);
    let part = hits.iter().find(|hit| hit.is_part && speaks(&hit.value));
    let end = match (part, broken) {
        (Some(part), Some((at, _))) if part.bytes.start < at => {
            Some((part.bytes.start, Broken::part(part.bytes.start)))
        }
        (_, Some((at, broken))) => Some((at, Broken { at: at + broken.at, ..broken })),
        (Some(part), None) => Some((part.bytes.start, Broken::part(part.bytes.start))),
        (None, None) => None,
    };
    let find = |wanted: &dyn Fn(&Value) -> bool| hits.iter().position(|hit| !hit.is_part && wanted(&hit.value));
    let place = match (find(&|value| wanted.allows(value)), end) {
        (Some(place), Some((end, _))) if hits.get(place).is_some_and(|hit| hit.bytes.start < end) => place,
        (_, Some((_, broken))) => return Err(broken),
        (Some(place), None) => place,
        (None, None) => match find(&Value::is_object).or_else(|| find(&Value::is_array)) {
            Some(place) => place,
            None => return hits.first().map_or(Ok(None), |part| Err(Broken::part(part.bytes.start))),
        },
    };
    Ok(take(text, hits, place))
}

/// Makes an answer of one of the hits in a text.
fn take(text: &str, mut hits: Vec<Hit>, place: usize) -> Option<First<'_>> {
    let later = hits.split_off((place + 1).min(hits.len()));
    let Hit { value, bytes, .. } = hits.pop()?;
    let differs = |hit: &&Hit| !hit.is_part && hit.value.is_object() == value.is_object() && hit.value != value;
    let others = later.iter().filter(differs).count();
    Some(First {
        before: text.get(..bytes.start)?,
        json: text.get(bytes.clone())?,
        after: text.get(bytes.end..)?,
        value,
        others,
    })
}

/// Tells whether an array holds an object or a string, as no array in prose does.
fn speaks(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().any(speaks),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Lists every object and array in a text, none inside another and none a part of something that is
/// not JSON. Nothing is listed of a text in which what is broken would have to be read over and over.
pub(super) fn all(text: &str) -> Option<Vec<Value>> {
    let Walk { hits, given_up, .. } = Walk::of(text, false);
    (!given_up).then(|| hits.into_iter().filter(|hit| !hit.is_part).map(|hit| hit.value).collect())
}
