//! Takes a secret out of an answer while it streams.

use std::collections::BTreeSet;

use crate::provider::redaction::forms;

/// The shortest secret looked for, in bytes: what local servers take for a key (`none`, `lm-studio`) is a word.
const SHORTEST: usize = 12;

/// How many bytes of a secret have to be there before a text is held back for the rest of it. So many of its first
/// bytes but one may get through.
const BEGUN: usize = 4;

/// A text that comes in pieces, from which a secret is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamRedactor {
    /// The forms of every secret, each with the secret's place in the list.
    forms: Vec<(usize, Vec<u8>)>,
    /// The last bytes given out, fewer than [`BEGUN`] characters.
    given: String,
    held: String,
    /// The places of those that were found.
    found: BTreeSet<usize>,
}

impl StreamRedactor {
    /// Begins a text from which these secrets are taken, each in the forms of [`forms`].
    pub(crate) fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let long = secrets.enumerate().filter(|(_, secret)| secret.len() >= SHORTEST);
        let forms = long.flat_map(|(place, secret)| forms(secret).into_iter().map(move |form| (place, form)));
        Self { forms: forms.collect(), ..Self::default() }
    }

    /// Returns the places of the secrets that were found, in the order they were given in.
    pub(crate) fn found(&self) -> &BTreeSet<usize> {
        &self.found
    }

    /// Takes the next piece and gives what can be shown by now; `gone` stands for a secret.
    pub(crate) fn push(&mut self, piece: String, gone: &str) -> String {
        if self.forms.is_empty() {
            return piece;
        }
        let mut text = std::mem::take(&mut self.given);
        let mut given = text.len();
        text.push_str(&std::mem::take(&mut self.held));
        text.push_str(&piece);
        let mut out = String::new();
        while let Some((at, length, place)) = self.first(&text) {
            self.found.insert(place);
            out.push_str(text.get(given.min(at)..at).unwrap_or_default());
            out.push_str(gone);
            text.drain(..at + length);
            given = 0;
        }
        let hold = text.len() - self.begun(&text).min(text.len() - given);
        self.held = text.split_off(hold);
        out.push_str(text.get(given..).unwrap_or_default());
        let tail = text.char_indices().rev().nth(BEGUN - 2).map_or(0, |(at, _)| at);
        self.given = text.split_off(tail);
        out
    }

    /// Gives what was held back, at the end.
    pub(crate) fn finish(&mut self) -> String {
        self.given.clear();
        std::mem::take(&mut self.held)
    }

    /// Returns where the first secret stands, how long it is there, and its place in the list.
    fn first(&self, text: &str) -> Option<(usize, usize, usize)> {
        let found = self
            .forms
            .iter()
            .filter_map(|(place, form)| Some((memchr::memmem::find(text.as_bytes(), form)?, form.len(), *place)));
        found.min_by_key(|(at, length, _)| (*at, usize::MAX - length))
    }

    /// Returns how many of the last bytes may be the beginning of a secret.
    fn begun(&self, text: &str) -> usize {
        let bytes = text.as_bytes();
        let ends = |form: &Vec<u8>| {
            let lengths = (BEGUN..form.len().min(bytes.len() + 1)).rev();
            lengths.into_iter().find(|length| form.get(..*length).is_some_and(|part| bytes.ends_with(part)))
        };
        self.forms.iter().map(|(_, form)| form).filter_map(ends).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "planted+Sentinel/47";

    /// Streams a text in pieces of a size.
    fn through(text: &str, size: usize) -> (String, bool) {
        let mut stream = StreamRedactor::new([SECRET].into_iter());
        let letters: Vec<char> = text.chars().collect();
        let mut out: String = letters.chunks(size).map(|piece| stream.push(piece.iter().collect(), "[key]")).collect();
        out.push_str(&stream.finish());
        (out, !stream.found().is_empty())
    }

    #[test]
    fn a_secret_is_taken_out_however_it_is_cut() {
        for (text, clean) in [
            (
                "it is planted+Sentinel/47, twice: planted+Sentinel/47planted+Sentinel/47",
                "it is [key], twice: [key][key]",
            ),
            (
                "planted+Sentinel\\/47 and planted%2BSentinel%2F47 and planted%2bSentinel%2f47.",
                "[key] and [key] and [key].",
            ),
            // The last digit is a part of the last byte alone.
            ("é cGxhbnRlZCtTZW50aW5lbC80Nw== é", "é [key]w== é"),
        ] {
            assert_eq!(through(text, text.len()), (clean.to_owned(), true));
            for size in 4..text.len() {
                let (out, found) = through(text, size);
                assert!(found, "{out}");
                // Of a secret that comes in pieces three characters may have been shown before it was one.
                assert!(!out.contains("plant") && !out.contains("cGxhb") && !out.contains("Sent"), "{size}: {out}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_given_as_it_is() {
        for text in ["planted trees and plans", "planted+Sentinel/4", "pla", "日本 planted+"] {
            for size in 1..text.len() {
                assert_eq!(through(text, size), (text.to_owned(), false), "{size}");
            }
        }
    }

    #[test]
    fn a_word_that_stands_for_a_key_is_none() {
        let mut stream = StreamRedactor::new(["lm-studio", ""].into_iter());
        assert_eq!(stream.push("lm-studio runs".to_owned(), "[key]"), "lm-studio runs");
    }

    #[test]
    fn a_piece_is_held_back_only_where_a_secret_has_begun() {
        let mut stream = StreamRedactor::new([SECRET].into_iter());
        assert_eq!(stream.push("a map".to_owned(), "-"), "a map");
        assert_eq!(stream.push("of plant".to_owned(), "-"), "of ");
        assert_eq!(stream.push("s".to_owned(), "-"), "plants");
    }
}
