//! The pieces of a text, and what each is in JSON.

use std::ops::Range;

use super::lex::Lexer;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// White space between tokens.
    Blank,
    /// A brace, a bracket, a comma or a colon.
    Mark,
    /// The name of a member, with its quotation marks.
    Name,
    /// A string, with its quotation marks.
    String,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
    /// What JSON cannot hold where it stands.
    Wrong,
    /// Text outside of any JSON.
    Prose,
}

/// A piece of a text and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands, in bytes of the text that was given.
    pub bytes: Range<usize>,
}

/// The tokens of a text.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    lexer: Lexer,
    rest: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(lexer: Lexer, text: &'a str) -> Self {
        Self { lexer, rest: text.as_bytes(), at: 0 }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.rest.split_first()?;
        let start = self.at;
        let (kind, _) = self.lexer.step(*first);
        let mut rest = rest;
        let mut at = start + 1;
        loop {
            let plain = self.lexer.plain(rest);
            (rest, at) = (rest.get(plain..).unwrap_or_default(), at + plain);
            let Some((byte, after)) = rest.split_first() else {
                break;
            };
            let mut lexer = self.lexer;
            if lexer.step(*byte) != (kind, false) {
                break;
            }
            (self.lexer, rest) = (lexer, after);
            at += 1;
        }
        (self.rest, self.at) = (rest, at);
        Some(Token { kind, bytes: start..at })
    }
}
