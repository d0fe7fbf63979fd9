//! Values written as JSON that may go anywhere: the same value, without a character that a terminal would obey.

use std::{borrow::Cow, fmt::Write as _};

use serde::Serialize;

use crate::text::clean::reorders;

/// Writes a value as one line, without the line's end. Fails as its [`Serialize`] does.
pub fn to_line<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string(value).map(escaped)
}

/// Writes a value indented. Fails as its [`Serialize`] does.
pub fn to_pretty<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(escaped)
}

/// Writes characters that a terminal would obey, or that reorder what is around them, as JSON
/// escapes. In what a serializer wrote they stand in strings alone, all but the line breaks between
/// values, so the value stays the same.
fn escaped(json: String) -> String {
    match escape(&json, |c| c != '\n' && (c.is_control() || hides(c))) {
        Cow::Borrowed(_) => json,
        Cow::Owned(safe) => safe,
    }
}

/// Writes some characters of JSON that is written already as JSON escapes; they must stand in strings alone.
pub fn escape(json: &str, chosen: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !json.contains(&chosen) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if chosen(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Tells whether a character is invisible, or reorders or breaks what is around it.
fn hides(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}') || reorders(c)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_the_same_value_and_nothing_a_terminal_obeys() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{85}é\u{1f600}";
        let line = to_line(text).unwrap();
        assert_eq!(line, "\"a\\u009b31m\\u007f\\u202e\\u0085é\u{1f600}\"");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        let value = json!({ text: [text, 1], "b": null });
        let pretty = to_pretty(&value).unwrap();
        assert!(pretty.lines().count() > 4 && !pretty.contains(|c: char| c.is_control() && c != '\n'), "{pretty:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), value);
    }

    #[test]
    fn other_characters_can_be_chosen() {
        assert_eq!(escape(r#"{"a":"hi !!"}"#, |c| c == '!'), r#"{"a":"hi \u0021\u0021"}"#);
    }
}
