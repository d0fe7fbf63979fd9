//! JSON for a terminal: the same value, without a character that it would obey.

use std::{borrow::Cow, fmt::Write as _};

/// Writes characters that a terminal would obey, or that reorder what is around them, as JSON
/// escapes. They stand in strings alone, so the value stays the same.
pub(in crate::cli) fn escaped(json: &str) -> Cow<'_, str> {
    let obeyed = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !json.contains(obeyed) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if obeyed(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_are_the_same_value_and_nothing_a_terminal_obeys() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{85}é\u{1f600}";
        let line = serde_json::to_string(text).unwrap();
        let safe = escaped(&line);
        assert_eq!(safe, "\"a\\u009b31m\\u007f\\u202e\\u0085é\u{1f600}\"");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }
}
