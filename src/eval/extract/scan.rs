//! Reading JSON strictly, alone or at the first place in a text that begins like JSON.

mod twice;

use serde_json::{Deserializer, Value, error::Category};

use super::{ExtractError, MAX_DEPTH, Step, place::Place};

pub(super) use twice::duplicates;

/// How often a text may be read over where it begins like JSON and is none.
const AGAIN: usize = 32;

/// A fault and its place, counted in bytes from the start of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    kind: Kind,
    problem: String,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The text ends where the JSON does not.
    Cut,
    /// It is nested too deep.
    Deep,
    /// It is no JSON.
    Wrong,
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
            _ if said == "expected ident" => (Kind::Wrong, "expected `true`, `false` or `null`".to_owned(), at),
            _ => (Kind::Wrong, said.to_owned(), at),
        };
        Self { kind, problem, at }
    }

    /// Turns the place into one of the whole answer, in which what was read starts at `start`.
    pub(super) fn placed(self, answer: &str, start: usize, step: Step) -> ExtractError {
        let error = Place::new(answer, start + self.at).error(step, self.problem);
        ExtractError { cut: self.kind == Kind::Cut, ..error }
    }
}

/// Reads a text that is one JSON value and nothing else.
pub(super) fn whole(text: &str) -> Result<Value, Broken> {
    serde_json::from_str(text).map_err(|error| Broken::new(text, &error))
}

/// JSON in the middle of a text.
#[derive(Debug)]
pub(super) struct Hit<'a> {
    pub(super) value: Value,
    pub(super) before: &'a str,
    pub(super) json: &'a str,
    pub(super) after: &'a str,
}

/// Finds the first object, or else the first array, that a text holds.
///
/// A brace begins an object only before `"` or `}`. A bracket is prose (`[1]: see there`) if it
/// breaks off before it held an object or a string. What begins like JSON and then is broken ends
/// the search: a part of it would be a wrong answer.
pub(super) fn first(text: &str) -> Result<Option<Hit<'_>>, Broken> {
    let mut array = None;
    let mut from = 0;
    while let Some(at) = candidate(text, from) {
        let rest = text.get(at..).unwrap_or_default();
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                let end = at + values.byte_offset();
                let is_object = value.is_object();
                let hit = Hit {
                    value,
                    before: text.get(..at).unwrap_or_default(),
                    json: text.get(at..end).unwrap_or_default(),
                    after: text.get(end..).unwrap_or_default(),
                };
                if is_object {
                    return Ok(Some(hit));
                }
                array.get_or_insert(hit);
                from = end;
            }
            Some(Err(error)) => {
                let broken = Broken::new(rest, &error);
                let like_json = rest.bytes().take(broken.at).any(|byte| matches!(byte, b'{' | b'"'));
                if broken.kind != Kind::Wrong || like_json {
                    return Err(Broken { at: at + broken.at, ..broken });
                }
                from = at + 1;
            }
            None => break,
        }
    }
    Ok(array)
}

/// Lists every object and array in a text, none inside another. Nothing is listed of a text in
/// which what is broken would have to be read over and over.
pub(super) fn all(text: &str) -> Option<Vec<Value>> {
    let (mut found, mut from) = (Vec::new(), 0);
    let mut left = (text.len() + 1).saturating_mul(AGAIN);
    while let Some(at) = candidate(text, from) {
        let rest = text.get(at..).unwrap_or_default();
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                from = at + values.byte_offset();
                found.push(value);
            }
            Some(Err(error)) => {
                left = left.checked_sub(Broken::new(rest, &error).at)?;
                from = at + 1;
            }
            None => break,
        }
    }
    Some(found)
}

/// Returns the next place where JSON may begin.
fn candidate(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let place = rest.match_indices(['{', '[']).find(|(at, bracket)| {
        let inside = rest.get(at + 1..).unwrap_or_default().trim_start();
        let next = inside.chars().next();
        match *bracket {
            "{" => matches!(next, Some('"' | '}') | None),
            _ => matches!(next, Some('"' | '{' | '[' | ']' | '-' | '0'..='9' | 't' | 'f' | 'n') | None),
        }
    });
    place.map(|(at, _)| from + at)
}
