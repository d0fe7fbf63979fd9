//! The lexer: what each byte of a text is in JSON, with a state of a few words at every byte.

use std::ops::Range;

/// Levels of nesting that are told apart; what is deeper is not read.
const MAX_DEPTH: u32 = 128;

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Prose, or the JSON in it.
    Prose,
    /// What an opening brace or bracket holds first, or its end.
    First,
    Name,
    Colon,
    Value,
    /// A comma or the end of what is open.
    After,
    /// Nothing that is understood: it is nested too deep.
    Lost,
}

/// The token that the last byte belongs to, as far as it can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Blank,
    Prose,
    String {
        kind: TokenKind,
        escaped: bool,
    },
    Number,
    /// The letters that are still to come.
    Word(&'static [u8]),
    Wrong,
}

/// The place in the grammar after some text; a copy of it goes on from there.
///
/// It never fails and never takes back what it said: a piece that cannot stand where it stands is
/// [`TokenKind::Wrong`], and reading goes on with the least guess. A string ends with its line. The text
/// can be cut anywhere, also inside a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lexer {
    /// For each open level whether it is an object, the innermost in the lowest bit.
    objects: u128,
    depth: u32,
    next: Next,
    inside: Inside,
    /// Whether there may be prose around the JSON.
    prose: bool,
    /// Whether what was opened in prose has shown to be JSON.
    sure: bool,
}

impl Lexer {
    /// Begins a text that is one JSON value.
    #[must_use]
    pub fn alone() -> Self {
        Self { objects: 0, depth: 0, next: Next::Value, inside: Inside::Nothing, prose: false, sure: true }
    }

    /// Begins a text that may hold objects and arrays among prose. A brace or bracket that does not
    /// go on like JSON is prose.
    #[must_use]
    pub fn in_prose() -> Self {
        Self { next: Next::Prose, prose: true, sure: false, ..Self::alone() }
    }

    /// Reads on and returns the tokens; the first may go on with the last one before. Together they
    /// are the whole text.
    pub fn tokens(self, text: &str) -> JsonTokens<'_> {
        JsonTokens::new(self, text)
    }

    /// Reads on.
    pub fn advance(&mut self, text: &str) {
        for byte in text.bytes() {
            self.step(byte);
        }
    }

    /// Tells whether a value is complete and nothing is open.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let open = matches!(self.inside, Inside::String { .. } | Inside::Wrong)
            || matches!(self.inside, Inside::Word(rest) if !rest.is_empty());
        self.depth == 0 && self.next == Next::After && !open
    }

    /// Counts the bytes at the beginning of what follows that are nothing but more of a string.
    pub(crate) fn plain(&self, rest: &[u8]) -> usize {
        let Inside::String { escaped: false, .. } = self.inside else {
            return 0;
        };
        rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n')).unwrap_or(rest.len())
    }

    /// Takes a byte. Returns what it is, and whether it begins a token.
    pub(crate) fn step(&mut self, byte: u8) -> (TokenKind, bool) {
        match self.inside {
            Inside::String { kind, escaped } if byte != b'\n' => {
                self.inside = match byte {
                    _ if escaped => Inside::String { kind, escaped: false },
                    b'"' => Inside::Nothing,
                    _ => Inside::String { kind, escaped: byte == b'\\' },
                };
                return (kind, false);
            }
            Inside::Blank if is_blank(byte) => return (TokenKind::Blank, false),
            Inside::Number if byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E') => {
                return (TokenKind::Number, false);
            }
            Inside::Word(rest) => {
                if let Some((_, rest)) = rest.split_first().filter(|(letter, _)| **letter == byte) {
                    self.inside = Inside::Word(rest);
                    return (TokenKind::Word, false);
                }
            }
            Inside::Wrong if !is_blank(byte) && !is_mark(byte) && byte != b'"' => return (TokenKind::Wrong, false),
            _ => {}
        }
        let before = std::mem::replace(&mut self.inside, Inside::Nothing);
        let kind = self.begin(byte);
        (kind, !(kind == TokenKind::Prose && before == Inside::Prose))
    }

    /// Takes a byte that does not go on with the token before.
    fn begin(&mut self, byte: u8) -> TokenKind {
        if self.next == Next::Lost {
            return if self.prose { self.read_prose() } else { self.wrong() };
        }
        if self.next == Next::Prose {
            return if matches!(byte, b'{' | b'[') { self.open(byte) } else { self.read_prose() };
        }
        let value = self.next == Next::Value || (self.next == Next::First && !self.in_object());
        match byte {
            _ if is_blank(byte) => {
                self.inside = Inside::Blank;
                TokenKind::Blank
            }
            b'"' => self.string(value),
            b'{' | b'[' if value => self.open(byte),
            b'{' | b'[' => self.wrong_then(|lexer| lexer.open(byte)),
            b'}' | b']' if self.depth > 0 && self.in_object() == (byte == b'}') => {
                let fits = matches!(self.next, Next::First | Next::After);
                if fits { self.close() } else { self.wrong_then(Self::close) }
            }
            b',' if self.depth > 0 => {
                let fits = self.next == Next::After;
                let next = if self.in_object() { Next::Name } else { Next::Value };
                if !fits && self.doubt() {
                    return self.read_prose();
                }
                self.next = next;
                if fits { TokenKind::Mark } else { TokenKind::Wrong }
            }
            b':' if self.next == Next::Colon => {
                self.next = Next::Value;
                TokenKind::Mark
            }
            b'-' | b'0'..=b'9' if value => {
                (self.inside, self.next) = (Inside::Number, Next::After);
                TokenKind::Number
            }
            b't' | b'f' | b'n' if value => {
                let rest: &[u8] = match byte {
                    b't' => b"rue",
                    b'f' => b"alse",
                    _ => b"ull",
                };
                (self.inside, self.next) = (Inside::Word(rest), Next::After);
                TokenKind::Word
            }
            _ => self.wrong(),
        }
    }

    fn in_object(&self) -> bool {
        self.depth > 0 && self.objects & 1 == 1
    }

    fn string(&mut self, value: bool) -> TokenKind {
        let (kind, next) = match self.next {
            _ if value => (TokenKind::String, Next::After),
            Next::First | Next::Name => (TokenKind::Name, Next::Colon),
            Next::After if self.in_object() => (TokenKind::Wrong, Next::Colon),
            _ => (TokenKind::Wrong, Next::After),
        };
        if kind == TokenKind::Wrong && self.doubt() {
            return self.read_prose();
        }
        self.sure = true;
        (self.inside, self.next) = (Inside::String { kind, escaped: false }, next);
        kind
    }

    fn open(&mut self, byte: u8) -> TokenKind {
        self.sure = !self.prose || self.depth > 0 && (self.sure || byte == b'{');
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(byte == b'{');
        self.next = if self.depth > MAX_DEPTH { Next::Lost } else { Next::First };
        TokenKind::Mark
    }

    fn close(&mut self) -> TokenKind {
        self.depth -= 1;
        self.objects >>= 1;
        self.next = if self.depth == 0 && self.prose { Next::Prose } else { Next::After };
        TokenKind::Mark
    }

    /// Takes a byte that cannot stand here: it is taken for what could have stood here.
    fn wrong(&mut self) -> TokenKind {
        if self.doubt() {
            return self.read_prose();
        }
        self.inside = Inside::Wrong;
        self.next = match self.next {
            Next::First | Next::Name if self.in_object() => Next::Colon,
            Next::First | Next::Colon | Next::Value => Next::After,
            next => next,
        };
        TokenKind::Wrong
    }

    /// Takes a mark that cannot stand here but still opens or closes a level.
    fn wrong_then(&mut self, take: impl Fn(&mut Self) -> TokenKind) -> TokenKind {
        if self.doubt() {
            return self.read_prose();
        }
        take(self);
        TokenKind::Wrong
    }

    /// Gives up what was opened in prose and never went on like JSON. Tells whether it did.
    fn doubt(&mut self) -> bool {
        if self.sure {
            return false;
        }
        *self = Self::in_prose();
        true
    }

    fn read_prose(&mut self) -> TokenKind {
        self.inside = Inside::Prose;
        TokenKind::Prose
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':')
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
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
pub struct JsonToken {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands, in bytes of the text that was given.
    pub bytes: Range<usize>,
}

/// The tokens of a text.
#[derive(Debug, Clone)]
pub struct JsonTokens<'a> {
    lexer: Lexer,
    rest: &'a [u8],
    at: usize,
}

impl<'a> JsonTokens<'a> {
    pub(crate) fn new(lexer: Lexer, text: &'a str) -> Self {
        Self { lexer, rest: text.as_bytes(), at: 0 }
    }
}

impl Iterator for JsonTokens<'_> {
    type Item = JsonToken;

    fn next(&mut self) -> Option<JsonToken> {
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
        Some(JsonToken { kind, bytes: start..at })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{
        hostile::{cut, json_like},
        json::lex::JsonToken,
    };

    /// Writes tokens as `kind text`, without the white space.
    fn described(lexer: Lexer, text: &str) -> Vec<String> {
        let shown = |token: JsonToken| format!("{:?} {}", token.kind, text.get(token.bytes).unwrap());
        lexer.tokens(text).filter(|token| token.kind != TokenKind::Blank).map(shown).collect()
    }

    fn kinds(lexer: Lexer, text: &str) -> Vec<TokenKind> {
        lexer.tokens(text).flat_map(|token| vec![token.kind; token.bytes.len()]).collect()
    }

    #[test]
    fn every_token_has_its_kind() {
        assert_eq!(
            described(Lexer::alone(), r#"{"a\"": [1.50, -2e9, "b"], "c": {}, "d": null}"#),
            [
                "Mark {",
                "Name \"a\\\"\"",
                "Mark :",
                "Mark [",
                "Number 1.50",
                "Mark ,",
                "Number -2e9",
                "Mark ,",
                "String \"b\"",
                "Mark ]",
                "Mark ,",
                "Name \"c\"",
                "Mark :",
                "Mark {",
                "Mark }",
                "Mark ,",
                "Name \"d\"",
                "Mark :",
                "Word null",
                "Mark }",
            ]
        );
        assert_eq!(described(Lexer::alone(), "tru"), ["Word tru"]);
    }

    #[test]
    fn what_is_wrong_is_wrong_alone_and_reading_goes_on() {
        for (text, wrong) in [
            (r#"{"a": NaN, "b": 1}"#, &["NaN"][..]),
            (r#"{a: 1, "b": 2}"#, &["a"]),
            (r#"{"a": 1,}"#, &["}"]),
            (r#"{"a": 1 "b": 2, "c": 3}"#, &["\"b\""]),
            (r#"{"a" 1, "b": 2}"#, &["1"]),
            (r#"{"a": 1,, "b": 2}"#, &[","]),
            (r"[1, 2}, 3]", &["}"]),
            (r"[true, nul, trux]", &["x"]),
            ("{\"a\": \"open\n  \"b\": 2}", &["\"b\""]),
            (r#"{"a": 'b'}"#, &["'b'"]),
            (r#"{"a": 1} x"#, &["x"]),
            (r"[1] [2]", &["["]),
        ] {
            let found = Lexer::alone().tokens(text).filter(|token| token.kind == TokenKind::Wrong);
            let found: Vec<_> = found.map(|token| text.get(token.bytes).unwrap()).collect();
            assert_eq!(found, wrong, "{text}");
        }
    }

    #[test]
    fn prose_is_not_read_as_json() {
        for (text, marks) in [
            ("Sure:\n```json\n{\"a\": 1}\n```\nDone.", "{:}"),
            ("With {x} and {} too", "{{}"),
            ("See [note] and [1, 2 or more]: {\"a\": [1]}", "[[,{:[]}"),
            ("a {\"b\"", "{"),
        ] {
            let found: String = Lexer::in_prose()
                .tokens(text)
                .filter(|t| t.kind == TokenKind::Mark)
                .map(|t| text.get(t.bytes).unwrap())
                .collect();
            assert_eq!(found, marks, "{text}");
            assert!(!kinds(Lexer::in_prose(), text).contains(&TokenKind::Wrong), "{text}");
        }
    }

    #[test]
    fn endless_nesting_is_given_up() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        assert!(kinds(Lexer::alone(), &deep).contains(&TokenKind::Wrong));
        assert!(!kinds(Lexer::in_prose(), &deep).contains(&TokenKind::Wrong));
        let most = "[".repeat(128) + &"]".repeat(128);
        assert!(!kinds(Lexer::alone(), &most).contains(&TokenKind::Wrong));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn tokens_are_the_text(text in json_like()) {
            for lexer in [Lexer::alone(), Lexer::in_prose()] {
                let mut at = 0;
                for token in lexer.tokens(&text) {
                    prop_assert_eq!(token.bytes.start, at);
                    prop_assert!(text.get(token.bytes.clone()).is_some_and(|text| !text.is_empty()));
                    at = token.bytes.end;
                }
                prop_assert_eq!(at, text.len());
            }
        }

        #[test]
        fn a_cut_changes_nothing(text in json_like(), sizes in prop::collection::vec(0usize..6, 0..60)) {
            for start in [Lexer::alone(), Lexer::in_prose()] {
                let (mut lexer, mut pieces) = (start, Vec::new());
                for piece in cut(&text, &sizes) {
                    pieces.extend(kinds(lexer, piece));
                    lexer.advance(piece);
                }
                prop_assert_eq!(pieces, kinds(start, &text));
            }
        }
    }
}
