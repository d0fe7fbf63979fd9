//! The fields of a JSON object read off its beginning, as much of it as is there.

use serde_json::Value;

/// Fields that are read, at most.
const MOST: usize = 32;

/// Reads the fields of the object that a text begins with, each with its value on one line; a value that is cut off
/// ends in `…`. None where the text begins with no object.
#[must_use]
pub fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let mut rest = text.trim_start();
    rest = rest.strip_prefix("```json").or_else(|| rest.strip_prefix("```")).unwrap_or(rest).trim_start();
    rest = rest.strip_prefix('{')?.trim_start();
    let mut fields = Vec::new();
    while fields.len() < MOST {
        rest = rest.trim_start_matches([',', ' ', '\n', '\t', '\r']);
        let Some((name, after)) = string(rest).filter(|(_, after)| after.is_some()) else { break };
        let Some(after) = after.and_then(|after| after.trim_start().strip_prefix(':')) else { break };
        let (value, after) = value(after.trim_start());
        if value.is_empty() {
            break;
        }
        fields.push((name, value));
        let Some(after) = after else { break };
        rest = after;
    }
    Some(fields)
}

/// Reads the string that a text begins with, and returns what follows it; nothing follows one that is cut off.
fn string(text: &str) -> Option<(String, Option<&str>)> {
    let body = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let written = text.get(..at + 2)?;
                let read = serde_json::from_str(written).unwrap_or_else(|_| written.to_owned());
                return Some((read, body.get(at + 1..)));
            }
            _ => {}
        }
    }
    let whole = body.trim_end_matches('\\');
    let read = serde_json::from_str(&format!("\"{whole}\"")).unwrap_or_else(|_| whole.to_owned());
    Some((format!("{read}…"), None))
}

/// Reads the value that a text begins with, as it is shown, and returns what follows it.
fn value(text: &str) -> (String, Option<&str>) {
    if let Some((text, after)) = string(text) {
        return (text, after);
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if text.starts_with(['{', '[']) {
        return match values.next() {
            Some(Ok(value)) => (value.to_string(), text.get(values.byte_offset()..)),
            Some(Err(_)) | None => (format!("{text}…"), None),
        };
    }
    let end = text.find([',', '}', '\n']);
    let word = text.get(..end.unwrap_or(text.len())).unwrap_or(text).trim_end();
    match end {
        Some(end) => (word.to_owned(), text.get(end..)),
        None if word.is_empty() => (String::new(), None),
        None => (format!("{word}…"), None),
    }
}

/// Writes a value that a row expects on one line: that of its only field, else `field: value` of each.
#[must_use]
pub fn short(text: &str) -> String {
    match fields(text).as_deref() {
        Some([(_, value)]) => value.clone(),
        Some(many) if !many.is_empty() => {
            many.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
        }
        Some(_) | None => text.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// Splits an answer for a cell of a table: the value of the field that a row expects, where both have it, else that of
/// the first field; and behind it the other values. An answer that is no object is all first.
#[must_use]
pub fn lead<'a>(answer: &'a [(String, String)], expected: Option<&[(String, String)]>) -> (&'a str, Vec<&'a str>) {
    let wanted = expected.into_iter().flatten().find_map(|(name, _)| answer.iter().position(|(own, _)| own == name));
    let at = wanted.unwrap_or_default();
    let rest = answer.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (_, value))| value.as_str());
    (answer.get(at).map_or("", |(_, value)| value.as_str()), rest.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        fields(text).unwrap_or_default()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn fields_are_read_as_far_as_they_go() {
        let whole = r#"{"severity": "minor", "n": 0.84, "ok": true, "tags": ["a","b"], "in": {"x": 1}, "q": "a\"b"}"#;
        let want = [
            ("severity", "minor"),
            ("n", "0.84"),
            ("ok", "true"),
            ("tags", r#"["a","b"]"#),
            ("in", r#"{"x":1}"#),
            ("q", "a\"b"),
        ];
        assert_eq!(read(whole), pairs(&want));
        for (cut, want) in [
            (r#"{"a": "x", "b": "lon"#, &[("a", "x"), ("b", "lon…")][..]),
            (r#"{"a": "x", "b": 12"#, &[("a", "x"), ("b", "12…")]),
            (r#"{"a": [1, 2"#, &[("a", "[1, 2…")]),
            (r#"{"a": "x", "b"#, &[("a", "x")]),
            (r#"{"a":"#, &[]),
            ("```json\n{ \"a\": 1 }\n```", &[("a", "1")]),
            ("{}", &[]),
            ("{", &[]),
            ("{\"a\": \"\\", &[("a", "…")]),
        ] {
            assert_eq!(read(cut), pairs(want), "{cut}");
        }
        for text in ["", "negative", "[1]", "\"a\""] {
            assert_eq!(fields(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_expected_is_short() {
        assert_eq!(short(r#"{"severity":"major"}"#), "major");
        assert_eq!(short(r#"{"a":"x","b":2}"#), "a: x, b: 2");
        assert_eq!(short("  two\nwords "), "two words");
        assert_eq!(short("{}"), "{}");
    }

    #[test]
    fn a_cell_leads_with_what_its_row_expects() {
        let answer = read(r#"{"sure": 1, "severity": "minor", "why": "typo"}"#);
        let expected = read(r#"{"severity": "cosmetic"}"#);
        assert_eq!(lead(&answer, Some(&expected)), ("minor", vec!["1", "typo"]));
        assert_eq!(lead(&answer, None), ("1", vec!["minor", "typo"]));
        assert_eq!(lead(&answer, Some(&read(r#"{"other": 1}"#))).0, "1");
        assert_eq!(lead(&[], None), ("", vec![]));
    }
}
