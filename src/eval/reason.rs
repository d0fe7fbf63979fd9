//! What is said of a rule: why it is refused, why it holds or not, and how what it found is quoted.

use std::{fmt, fmt::Write as _};

use serde_json::Value;

use crate::{
    model::{Rule, Status, Verdict},
    text::{clean_line, prefix, truncate},
};

/// A rule of a prompt that could never be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: expected {expected}, found {found}")]
pub struct BadRule {
    /// The key in the prompt: `response.schema`, `check[1].threshold` (checks counted from 0).
    pub key: String,
    /// What the key should hold.
    pub expected: String,
    /// What it holds.
    pub found: String,
}

impl BadRule {
    pub(crate) fn new(key: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { key: key.into(), expected: expected.into(), found: found.into() }
    }
}

/// Refuses what is no share from 0 to 1.
pub(crate) fn share(key: &str, value: Option<f64>) -> Result<Option<f64>, BadRule> {
    match value {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(BadRule::new(key, "a number from 0 to 1", value.to_string()))
        }
        value => Ok(value),
    }
}

/// Refuses what is no JSON pointer (RFC 6901) to something inside the answer.
pub(crate) fn pointer(key: &str, pointer: &str) -> Result<(), BadRule> {
    let bad = |expected: String| Err(BadRule::new(key, expected, format!("`{pointer}`")));
    if !pointer.starts_with('/') {
        return bad(format!("a JSON pointer, such as `{}`", suggested(pointer)));
    }
    if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return bad("a JSON pointer, in which `~` is written `~0` and `/` in a name `~1`".to_owned());
    }
    Ok(())
}

/// Writes a path of another form, such as that of `JSONPath` (`$.a[0]['b c']`, `a.b`), as a JSON pointer.
fn suggested(path: &str) -> String {
    let rest = path.trim().trim_start_matches('$');
    let parts = rest.split(['.', '[', ']', '/']).map(|part| part.trim().trim_matches(['\'', '"']));
    let escaped = |part: &str| format!("/{}", part.replace('~', "~0").replace('/', "~1"));
    let pointer: String = parts.filter(|part| !part.is_empty()).map(escaped).collect();
    if pointer.is_empty() { "/confidence".to_owned() } else { pointer }
}

/// Makes a verdict that has no score and no place.
pub(crate) fn verdict(rule: Rule, holds: bool, reason: impl Into<String>) -> Verdict {
    let mark = if holds { Status::Passed } else { Status::Failed };
    Verdict::new(rule, mark, reason)
}

/// Makes the verdict of a rule that was not applied.
pub(crate) fn inconclusive(rule: Rule, why: &str) -> Verdict {
    Verdict::new(rule, Status::Inconclusive, format!("not applied: {why}"))
}

/// Writes two numbers with so many digits, or as many as tell them apart.
pub(crate) fn apart(one: f64, other: f64, least: usize) -> (String, String) {
    let differ = |digits: &usize| format!("{one:.digits$}") != format!("{other:.digits$}");
    let digits = (least..=17).find(differ).unwrap_or(least);
    (format!("{one:.digits$}"), format!("{other:.digits$}"))
}

/// Columns of a quotation.
const QUOTED: usize = 48;

/// Bytes of a text from outside that are looked at to show its beginning.
const BRIEF: usize = 4096;

/// Quotes the beginning of a text from outside on one line, fit to be shown.
pub(crate) fn quote(text: &str) -> String {
    format!("`{}`", head(text, QUOTED))
}

/// Quotes the beginning of what is written, as [`quote()`] does.
pub(crate) fn quote_of(written: &impl fmt::Display) -> String {
    quote(&brief(written))
}

/// Writes something until it is longer than can be shown.
pub(crate) fn brief(written: &impl fmt::Display) -> String {
    /// Breaks off what is written where it is long enough.
    struct Brief(String);
    impl fmt::Write for Brief {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.push_str(prefix(text, BRIEF + 1));
            if self.0.len() > BRIEF { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut out = Brief(String::new());
    // The error is that of breaking off.
    let _ = write!(out, "{written}");
    out.0
}

/// Returns the first so many columns of a text from outside on one line, however long it is.
pub(crate) fn head(text: &str, columns: usize) -> String {
    let text = text.trim();
    let seen = prefix(text, BRIEF);
    let mut shown = truncate(clean_line(seen).as_str(), columns).into_owned();
    if seen.len() < text.len() && !shown.ends_with('…') {
        shown.push('…');
    }
    shown
}

/// Names a JSON value: `an object`, `the number 85`, `the string "0.9"`.
pub(crate) fn name(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string {}", quote(text)),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_differ_look_different() {
        for (one, other, want) in [
            (0.65, 0.7, ("0.65", "0.70")),
            (0.699, 0.7, ("0.699", "0.700")),
            (0.7, 0.7, ("0.70", "0.70")),
            (0.123_456_789, 0.123_456_788, ("0.123456789", "0.123456788")),
        ] {
            assert_eq!(apart(one, other, 2), (want.0.to_owned(), want.1.to_owned()));
        }
    }

    #[test]
    fn only_pointers_are_pointers() {
        for good in ["/a", "/a/0", "/a~1b/~0", "/"] {
            assert_eq!(pointer("k", good), Ok(()), "{good}");
        }
        for bad in ["", "a", "a/b", "/a~", "/a~2"] {
            assert!(pointer("k", bad).is_err(), "{bad}");
        }
        let error = pointer("response.confidence", "score").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`response.confidence`: expected a JSON pointer, such as `/score`, found `score`"
        );
    }
}
