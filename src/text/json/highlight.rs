//! The tokens of a growing text, at a cost of what is new and what is seen.

use std::ops::Range;

use super::{lex::Lexer, token::Token};

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
    pub fn tokens<'a>(&self, text: &'a str, part: Range<usize>) -> impl Iterator<Item = Token> + use<'a> {
        let before = self.kept.partition_point(|(at, _)| *at <= part.start);
        let kept = before.checked_sub(1).and_then(|at| self.kept.get(at).copied());
        let (from, lexer) = kept.unwrap_or((0, Lexer::in_prose()));
        let read = text.get(from..part.end.min(self.read)).unwrap_or_default();
        lexer.tokens(read).filter_map(move |token| {
            let (start, end) = ((token.bytes.start + from).max(part.start), token.bytes.end + from);
            (start < end).then_some(Token { bytes: start..end, ..token })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{
        json::Kind,
        samples::{cut, json_like},
    };

    fn kinds(tokens: impl Iterator<Item = Token>) -> Vec<Kind> {
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
}
