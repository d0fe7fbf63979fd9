//! JSON as a text: its tokens while it still comes, its tree once it is whole, and the rows of that.
//!
//! Nothing here reads a value: order, spelling of numbers and repeated keys stay as they were
//! written. [`Highlight`] goes along with a growing text, also with one that is broken or has prose
//! around its JSON. [`Tree`] is one whole value, and [`JsonRows`] is the tree folded and cut to a width.
//! [`ExactJson`] is a value taken out of its text, its numbers still as they were written. [`to_line`] and
//! [`to_pretty`] write a value so that no terminal obeys a character of it.

pub(crate) mod exact;
pub(crate) mod lex;
pub(crate) mod rows;
pub(crate) mod tree;

use std::{borrow::Cow, fmt::Write as _, ops::Range};

use serde::Serialize;

pub use crate::text::json::{
    exact::{ExactJson, compare_numbers},
    lex::{JsonToken, JsonTokens, Lexer, TokenKind},
    rows::{JsonRow, JsonRows, NodeEdge, NodeNote, RowPiece},
    tree::{JsonSyntaxError, NodeShape, Tree},
};
use crate::text::sanitize::reorders;

/// Bytes between two places at which the lexer's state is kept.
const STEP: usize = 4096;

/// The lexer's states along a text that only grows. The text itself is kept by who owns it.
#[derive(Debug, Clone)]
pub struct Highlight {
    /// The state after all the text so far.
    lexer: Lexer,
    /// Bytes read so far.
    read: usize,
    /// States on the way, each with its place.
    kept: Vec<(usize, Lexer)>,
}

impl Default for Highlight {
    fn default() -> Self {
        Self { lexer: Lexer::in_prose(), read: 0, kept: Vec::new() }
    }
}

impl Highlight {
    /// Reads what a text has grown by since this was last called.
    pub fn grow(&mut self, text: &str) {
        while let Some(new) = text.get(self.read..).filter(|new| !new.is_empty()) {
            if self.kept.last().is_none_or(|(at, _)| self.read >= at + STEP) {
                self.kept.push((self.read, self.lexer));
            }
            let end = (STEP..new.len()).find(|end| new.is_char_boundary(*end)).unwrap_or(new.len());
            self.lexer.advance(new.get(..end).unwrap_or_default());
            self.read += end;
        }
    }

    /// Returns the tokens of a part of the text, cut at its ends, in bytes of the text. The part
    /// must lie between characters.
    pub fn tokens<'a>(&self, text: &'a str, part: Range<usize>) -> impl Iterator<Item = JsonToken> + use<'a> {
        let before = self.kept.partition_point(|(at, _)| *at <= part.start);
        let kept = before.checked_sub(1).and_then(|at| self.kept.get(at).copied());
        let (from, lexer) = kept.unwrap_or((0, Lexer::in_prose()));
        let read = text.get(from..part.end.min(self.read)).unwrap_or_default();
        lexer.tokens(read).filter_map(move |token| {
            let (start, end) = ((token.bytes.start + from).max(part.start), token.bytes.end + from);
            (start < end).then_some(JsonToken { bytes: start..end, ..token })
        })
    }
}

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
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::text::{
        hostile::{cut, json_like},
        json::TokenKind,
    };

    fn kinds(tokens: impl Iterator<Item = JsonToken>) -> Vec<TokenKind> {
        tokens.flat_map(|token| vec![token.kind; token.bytes.len()]).collect()
    }

    proptest! {
        #[test]
        fn a_part_is_a_part_of_the_whole(
            text in json_like(), sizes in prop::collection::vec(0usize..6, 0..60), from in any::<prop::sample::Index>(),
        ) {
            let text = "{\"filling\": [".to_owned() + &"\"日本\", ".repeat(700) + &text;
            let (mut grown, mut so_far) = (Highlight::default(), String::new());
            for piece in cut(&text, &sizes) {
                so_far.push_str(piece);
                grown.grow(&so_far);
            }
            let whole = kinds(Lexer::in_prose().tokens(&text));
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let from = ends[from.index(ends.len())];
            let to = (from..=text.len()).rev().find(|at| text.is_char_boundary(*at) && *at <= from + 2000).unwrap();
            prop_assert_eq!(kinds(grown.tokens(&text, from..to)), &whole[from..to]);
            prop_assert!(grown.kept.windows(2).all(|pair| pair[1].0 - pair[0].0 >= STEP));
        }
    }

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
