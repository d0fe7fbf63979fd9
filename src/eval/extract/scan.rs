//! Reading JSON strictly, alone or where it stands in a text, with the keys that an object holds more than once.
//!
//! Every object and array of a text is found in one pass, and whether it is a part of something that is not
//! JSON: `{'x': {"a": 1}}`, `[3[4]]`, `{"a": 1}}`, `"x": {"a": 1}, "y": 2}`.

use std::{collections::HashSet, fmt, ops::Range};

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Value, error::Category};

use crate::eval::{
    JsonTypes,
    extract::{ExtractError, ExtractStep, MAX_DEPTH, TextPosition},
};

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

/// An error and its place, counted in bytes from the start of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanError {
    pub(crate) kind: JsonStart,
    problem: String,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonStart {
    /// The text ends where the JSON does not.
    Cut,
    /// It is nested too deep.
    Deep,
    /// It is no JSON.
    Wrong,
    /// It is JSON, and a part of something that is none.
    Part,
}

impl ScanError {
    fn new(text: &str, error: &serde_json::Error) -> Self {
        let line: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = (line + error.column().saturating_sub(1)).min(text.len());
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or(&words);
        let (kind, problem, at) = match error.classify() {
            Category::Eof => (JsonStart::Cut, format!("the text ends inside the JSON ({words})"), text.len()),
            _ if words.starts_with("recursion limit") => {
                (JsonStart::Deep, format!("it is nested deeper than {MAX_DEPTH} levels"), at)
            }
            _ => match foreign(text, at) {
                Some((word, json)) => (JsonStart::Wrong, format!("`{word}` is not JSON, which has {json}"), at),
                None if words == "expected ident" => {
                    (JsonStart::Wrong, "expected `true`, `false` or `null`".to_owned(), at)
                }
                None => (JsonStart::Wrong, words.to_owned(), at),
            },
        };
        Self { kind, problem, at }
    }

    fn part(at: usize) -> Self {
        Self { kind: JsonStart::Part, problem: "it is a part of something that is not JSON".to_owned(), at }
    }

    /// Turns the place into one of the whole answer, in which what was read starts at `start`.
    pub(crate) fn placed(self, answer: &str, start: usize, step: ExtractStep) -> ExtractError {
        let error = TextPosition::new(answer, start + self.at).error(step, self.problem);
        ExtractError { cut: self.kind == JsonStart::Cut, ..error }
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
pub(crate) fn whole(text: &str) -> Result<Value, ScanError> {
    serde_json::from_str(text).map_err(|error| ScanError::new(text, &error))
}

/// Reads the object or array that a text begins with; its value and its length.
fn leading(text: &str) -> Result<(Value, usize), ScanError> {
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok((value, values.byte_offset())),
        Some(Err(error)) => Err(ScanError::new(text, &error)),
        None => Err(ScanError { kind: JsonStart::Cut, problem: "the text ends".to_owned(), at: text.len() }),
    }
}

/// How many bytes of a text may be read in vain.
pub(crate) fn budget(text: &str) -> usize {
    (text.len() + 1).saturating_mul(AGAIN).min(VAIN.max(text.len() + 1))
}

/// Returns the length of the object or array that a text begins with; none where it begins with
/// neither, or when what was read in vain has used the budget up.
pub(crate) fn length(text: &str, budget: &mut usize) -> Option<usize> {
    if *budget == 0 || !may_begin(text) {
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
pub(crate) struct ScannedJson<'a> {
    pub(crate) value: Value,
    pub(crate) before: &'a str,
    pub(crate) json: &'a str,
    pub(crate) after: &'a str,
    /// How many more objects, or arrays where it is one, stand in the text and differ from it.
    pub(crate) others: usize,
}

/// Finds the first object or array of the types that are wanted, or else the first object, or else
/// the first array, that a text holds.
///
/// A brace begins an object only before `"` or `}`. A bracket is prose (`[1]: see there`) if it
/// breaks off before it held an object or a string. What begins like JSON and then is broken ends
/// the search, and so does JSON that is part of something else: a part would be a wrong answer.
pub(crate) fn first(text: &str, wanted: JsonTypes) -> Result<Option<ScannedJson<'_>>, ScanError> {
    let ScanWalk { hits, broken, .. } = ScanWalk::of(text, true);
    let part = hits.iter().find(|hit| hit.is_part && speaks(&hit.value));
    let end = match (part, broken) {
        (Some(part), Some((at, _))) if part.bytes.start < at => {
            Some((part.bytes.start, ScanError::part(part.bytes.start)))
        }
        (_, Some((at, broken))) => Some((at, ScanError { at: at + broken.at, ..broken })),
        (Some(part), None) => Some((part.bytes.start, ScanError::part(part.bytes.start))),
        (None, None) => None,
    };
    let find = |wanted: &dyn Fn(&Value) -> bool| hits.iter().position(|hit| !hit.is_part && wanted(&hit.value));
    let place = match (find(&|value| wanted.allows(value)), end) {
        (Some(place), Some((end, _))) if hits.get(place).is_some_and(|hit| hit.bytes.start < end) => place,
        (_, Some((_, broken))) => return Err(broken),
        (Some(place), None) => place,
        (None, None) => match find(&Value::is_object).or_else(|| find(&Value::is_array)) {
            Some(place) => place,
            None => return hits.first().map_or(Ok(None), |part| Err(ScanError::part(part.bytes.start))),
        },
    };
    Ok(take(text, hits, place))
}

/// Makes an answer of one of the hits in a text.
fn take(text: &str, mut hits: Vec<ScanHit>, place: usize) -> Option<ScannedJson<'_>> {
    let later = hits.split_off((place + 1).min(hits.len()));
    let ScanHit { value, bytes, .. } = hits.pop()?;
    let differs = |hit: &&ScanHit| !hit.is_part && hit.value.is_object() == value.is_object() && hit.value != value;
    let others = later.iter().filter(differs).count();
    Some(ScannedJson {
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
pub(crate) fn all(text: &str) -> Option<Vec<Value>> {
    let ScanWalk { hits, given_up, .. } = ScanWalk::of(text, false);
    (!given_up).then(|| hits.into_iter().filter(|hit| !hit.is_part).map(|hit| hit.value).collect())
}

/// Keys that are reported.
const MOST: usize = 16;

/// Returns JSON pointers to the keys that their object holds more than once, in the order they
/// repeat, the first sixteen; none if the text is no JSON.
pub(crate) fn duplicates(json: &str) -> Vec<String> {
    let (mut path, mut found) = (String::new(), Vec::new());
    let mut reader = Deserializer::from_str(json);
    match (Keys { path: &mut path, found: &mut found }).deserialize(&mut reader) {
        Ok(()) => found,
        Err(_) => Vec::new(),
    }
}

/// Walks one value.
struct Keys<'a> {
    path: &'a mut String,
    found: &'a mut Vec<String>,
}

impl Keys<'_> {
    fn below<'b>(&'b mut self, step: &str) -> Keys<'b> {
        self.path.push('/');
        self.path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        Keys { path: self.path, found: self.found }
    }
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let length = self.path.len();
            let below = self.below(&key);
            if seen.contains(&key) && below.found.len() < MOST && !below.found.contains(below.path) {
                below.found.push(below.path.clone());
            }
            map.next_value_seed(below)?;
            self.path.truncate(length);
            seen.insert(key);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let length = self.path.len();
            let more = list.next_element_seed(self.below(&index.to_string()))?;
            self.path.truncate(length);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// An object or array in a text, in no other one.
#[derive(Debug)]
pub(crate) struct ScanHit {
    pub(crate) value: Value,
    pub(crate) bytes: Range<usize>,
    /// True when it is a part of something that is not JSON.
    pub(crate) is_part: bool,
    /// The innermost bracket that it stands in.
    inside: Option<usize>,
}

/// A bracket that is not JSON's.
#[derive(Debug)]
struct Bracket {
    kind: u8,
    /// The one that it stands in.
    inside: Option<usize>,
    /// True when it begins like a value of some language, and not like prose.
    is_literal: bool,
    is_closed: bool,
}

/// What a walk through a text has found.
#[derive(Debug, Default)]
pub(crate) struct ScanWalk {
    pub(crate) hits: Vec<ScanHit>,
    /// The first that begins like JSON and is none, with its place.
    pub(crate) broken: Option<(usize, ScanError)>,
    /// True when it was given up, as too much would have to be read over and over.
    pub(crate) given_up: bool,
}

/// What is open at a place of a text.
#[derive(Debug, Default)]
struct Open {
    brackets: Vec<Bracket>,
    stack: Vec<usize>,
    /// How many of each kind are on the stack, so that one that closes nothing is known at once.
    round: usize,
    square: usize,
    curly: usize,
    /// The last that closes nothing.
    stray: Option<usize>,
}

impl ScanWalk {
    /// Walks through a text; `first` tells to stop at what is broken if there is nothing before it.
    pub(crate) fn of(text: &str, first: bool) -> Self {
        let (mut walk, mut open) = (Self::default(), Open::default());
        let (mut at, mut left) = (0, budget(text));
        while let Some(found) = text.get(at..).and_then(|rest| rest.find(['{', '}', '[', ']', '(', ')'])) {
            at += found;
            let rest = text.get(at..).unwrap_or_default();
            let bracket = rest.bytes().next().unwrap_or_default();
            if matches!(bracket, b'}' | b']' | b')') {
                open.close(bracket, at, text, &mut walk.hits);
            } else if may_begin(rest) {
                match leading(rest) {
                    Ok((value, length)) => {
                        let is_part = open.after_stray(text, at);
                        let bytes = at..at + length;
                        at = bytes.end;
                        walk.hits.push(ScanHit { value, bytes, is_part, inside: open.stack.last().copied() });
                        continue;
                    }
                    Err(broken) => {
                        let (read, is_like_json) = (broken.at + 1, broken.is_like_json(rest));
                        if is_like_json && walk.broken.is_none() {
                            walk.broken = Some((at, broken));
                            if first && walk.hits.is_empty() {
                                return walk;
                            }
                        }
                        let Some(still) = left.checked_sub(read) else {
                            walk.given_up = true;
                            break;
                        };
                        left = still;
                        open.open(bracket, is_like_json || is_literal(text, at));
                    }
                }
            } else {
                open.open(bracket, is_literal(text, at));
            }
            at += 1;
        }
        walk.find_parts(text, &open);
        walk
    }

    /// Marks the hits that are parts of something that is not JSON.
    fn find_parts(&mut self, text: &str, open: &Open) {
        // Whether each bracket, or one around it, is that of a literal, and whether it is closed.
        let mut literals: Vec<(bool, bool)> = Vec::with_capacity(open.brackets.len());
        for bracket in &open.brackets {
            let (closed, unclosed) =
                bracket.inside.and_then(|inside| literals.get(inside).copied()).unwrap_or_default();
            let own = bracket.is_literal;
            literals.push((closed || (own && bracket.is_closed), unclosed || (own && !bracket.is_closed)));
        }
        for hit in &mut self.hits {
            let before = text.get(..hit.bytes.start).unwrap_or_default().trim_end();
            let next = unquoted(text.get(hit.bytes.end..).unwrap_or_default()).chars().next();
            let follows = before.ends_with(['{', '[', ',', ':', '=']);
            let ends = matches!(next, None | Some(',' | '}' | ']'));
            let key = before.strip_suffix(':').is_some_and(|key| key.trim_end().ends_with(['"', '\'']));
            let within = hit.inside.and_then(|inside| open.brackets.get(inside));
            let (closed, unclosed) = hit.inside.and_then(|inside| literals.get(inside).copied()).unwrap_or_default();
            let listed = within.is_some_and(|bracket| bracket.is_closed && bracket.kind != b'(') && follows && ends;
            let cut_off = next == Some(',') && open.stray.is_some_and(|stray| stray >= hit.bytes.end);
            hit.is_part |= closed || (unclosed && follows) || (key && ends) || listed || cut_off;
        }
    }
}

impl Open {
    fn count(&mut self, kind: u8) -> &mut usize {
        match kind {
            b'(' => &mut self.round,
            b'[' => &mut self.square,
            _ => &mut self.curly,
        }
    }

    fn open(&mut self, kind: u8, is_literal: bool) {
        let inside = self.stack.last().copied();
        self.stack.push(self.brackets.len());
        self.brackets.push(Bracket { kind, inside, is_literal, is_closed: false });
        *self.count(kind) += 1;
    }

    fn close(&mut self, bracket: u8, at: usize, text: &str, hits: &mut [ScanHit]) {
        let innermost = self.stack.last().and_then(|top| self.brackets.get(*top)).map(|bracket| bracket.kind);
        let kind = match bracket {
            // `[0, 1)` is how an interval is written.
            b')' if innermost == Some(b'[') => b'[',
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        if *self.count(kind) == 0 {
            if kind != b'(' {
                self.stray = Some(at);
                if let Some(hit) = hits.last_mut()
                    && text.get(hit.bytes.end..at).is_some_and(|between| between.trim().is_empty())
                {
                    hit.is_part = true;
                }
            }
            return;
        }
        while let Some(top) = self.stack.pop() {
            let Some(top) = self.brackets.get_mut(top) else { break };
            let found = top.kind;
            top.is_closed = found == kind;
            *self.count(found) -= 1;
            if found == kind {
                break;
            }
        }
    }

    /// Tells whether a place follows what closes nothing: `1}, {"a": 1}`.
    fn after_stray(&self, text: &str, at: usize) -> bool {
        self.stray.and_then(|stray| text.get(stray + 1..at)).is_some_and(|between| between.trim() == ",")
    }
}

impl ScanError {
    /// Tells whether what was read is no prose: it held an object or a string before it broke.
    fn is_like_json(&self, text: &str) -> bool {
        self.kind != JsonStart::Wrong || text.bytes().take(self.at).any(|byte| matches!(byte, b'{' | b'"'))
    }
}

/// Tells whether an object or array may begin a text.
pub(crate) fn may_begin(text: &str) -> bool {
    let next = |rest: &str| rest.trim_start().chars().next();
    if let Some(inside) = text.strip_prefix('{') {
        return matches!(next(inside), Some('"' | '}') | None);
    }
    text.strip_prefix('[').is_some_and(|inside| {
        matches!(next(inside), Some('"' | '{' | '[' | ']' | '-' | '0'..='9' | 't' | 'f' | 'n') | None)
    })
}

/// Leaves out white space and the marks of a Markdown quotation.
fn unquoted(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '>')
}

/// Tells whether a bracket begins a value as Python, JavaScript and others write it.
fn is_literal(text: &str, at: usize) -> bool {
    let (before, from) = text.split_at_checked(at).unwrap_or_default();
    let inside = unquoted(from.get(1..).unwrap_or_default());
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    let named = inside.trim_start_matches(word);
    let begins_with_word = named.len() < inside.len();
    let name = inside.strip_suffix(named).unwrap_or_default();
    let then = named.trim_start();
    let quoted = inside.starts_with(['"', '\'', '“', '‘', '\\']);
    match from.bytes().next() {
        Some(b'{') => {
            let comment = ["//", "/*", "#", "...", "…"].iter().any(|mark| inside.starts_with(mark));
            quoted
                || comment
                || inside.starts_with(['{', '[', '}'])
                || (begins_with_word && then.starts_with([':', '=']))
        }
        Some(b'[') => {
            let number = name.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            let value = ["None", "True", "False", "NaN", "Infinity", "-Infinity", "undefined", "true", "false", "null"];
            quoted
                || inside.starts_with(['{', '[', '('])
                || number
                || value.contains(&name)
                || (begins_with_word && named.starts_with('('))
        }
        // A call as Python shows a value: `Answer(data={"a": 1})`.
        _ => {
            let call = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            inside.starts_with('\'') || (call && begins_with_word && then.starts_with('=') && !then.starts_with("=="))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::duplicates;

    #[test]
    fn repeated_keys_are_named_by_pointer() {
        for (json, want) in [
            (r#"{"a":1,"b":2}"#, &[][..]),
            (r#"{"a":1,"a":2,"a":3}"#, &["/a"]),
            (r#"{"x":[{"a/b":1},{"a/b":1,"a/b":null}],"y":{"c":"","c":true}}"#, &["/x/1/a~1b", "/y/c"]),
            (r#"[{"a":1},{"a":2}]"#, &[]),
            ("1.5", &[]),
            ("not json", &[]),
        ] {
            assert_eq!(duplicates(json), want, "{json}");
        }
        let many = (0..100).map(|n| format!(r#""k{n}":0,"k{n}":1"#)).collect::<Vec<_>>().join(",");
        assert_eq!(duplicates(&format!("{{{many}}}")).len(), 16);
    }
}
