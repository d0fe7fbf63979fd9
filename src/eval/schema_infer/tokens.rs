//! The words of a pasted type: as much of Rust, TypeScript and Python as its declarations are made of.

/// How a language is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// What begins a comment up to the end of the line.
    pub(super) comment: &'static str,
    /// Whether `/* … */` is a comment.
    pub(super) blocks: bool,
    /// What a text stands between.
    pub(super) quotes: &'static [char],
    /// Whether the ends of lines and their indentation say something, and three quotes stand round a text.
    pub(super) lines: bool,
    /// Whether `'a` is the name of a lifetime.
    pub(super) lifetimes: bool,
}

/// A word of a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    /// A text, without its quotes.
    Text(String),
    Number(String),
    Mark(char),
    /// A comment, without its marks.
    Comment(String),
    /// A line begins, so far from the left; outside of brackets alone.
    Indent(usize),
}

/// A token, and the line it begins on.
#[derive(Debug, Clone)]
struct Piece {
    token: Token,
    line: usize,
}

/// Tokens that are read, at most; what comes after them is left out.
const MOST: usize = 60_000;

/// Reads the tokens of a text. Tells whether that was all of it.
pub(super) fn lex(text: &str, dialect: Dialect) -> (TokenCursor, bool) {
    let mut lexer =
        Lexer { chars: text.chars().collect(), at: 0, line: 0, depth: 0, fresh: true, dialect, pieces: Vec::new() };
    while lexer.pieces.len() < MOST && lexer.token() {}
    let whole = lexer.at >= lexer.chars.len();
    (TokenCursor { pieces: lexer.pieces, at: 0 }, whole)
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    depth: usize,
    /// Whether a line begins.
    fresh: bool,
    dialect: Dialect,
    pieces: Vec<Piece>,
}

impl Lexer {
    fn peek(&self, by: usize) -> Option<char> {
        self.chars.get(self.at + by).copied()
    }

    fn step(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
            self.fresh = true;
        }
        Some(c)
    }

    fn starts(&self, with: &str) -> bool {
        with.chars().enumerate().all(|(by, c)| self.peek(by) == Some(c))
    }

    fn push(&mut self, token: Token, line: usize) {
        self.pieces.push(Piece { token, line });
    }

    /// Reads a token; false at the end.
    fn token(&mut self) -> bool {
        let mut indent = 0;
        while let Some(c) = self.peek(0).filter(|c| c.is_whitespace()) {
            indent = if c == '\n' { 0 } else { indent + 1 };
            self.step();
        }
        let Some(c) = self.peek(0) else { return false };
        let line = self.line;
        let begins = self.fresh && self.depth == 0 && self.dialect.lines && !self.starts(self.dialect.comment);
        self.fresh = false;
        if begins {
            self.push(Token::Indent(indent), line);
        }
        if self.starts(self.dialect.comment) {
            self.line_comment(line);
        } else if self.dialect.blocks && self.starts("/*") {
            self.block_comment(line);
        } else if c == '\'' && self.dialect.lifetimes && self.peek(2) != Some('\'') && self.peek(1) != Some('\\') {
            self.step();
            self.word();
        } else if self.dialect.quotes.contains(&c) {
            let text = self.quoted(c);
            self.push(Token::Text(text), line);
        } else if c.is_ascii_digit() || (c == '-' && self.peek(1).is_some_and(|next| next.is_ascii_digit())) {
            self.step();
            let rest = self.taken(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
            self.push(Token::Number(format!("{c}{rest}").replace('_', "")), line);
        } else if c.is_alphabetic() || matches!(c, '_' | '$') {
            let word = self.word();
            self.push(Token::Word(word), line);
        } else {
            self.step();
            match c {
                '(' | '[' | '{' => self.depth += 1,
                ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            self.push(Token::Mark(c), line);
        }
        true
    }

    fn taken(&mut self, may: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek(0).filter(|c| may(*c)) {
            taken.push(c);
            self.step();
        }
        taken
    }

    fn word(&mut self) -> String {
        self.taken(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
    }

    fn line_comment(&mut self, line: usize) {
        let text = self.taken(|c| c != '\n');
        let text = text.trim_start_matches(['/', '#', '!']).trim().to_owned();
        self.push(Token::Comment(text), line);
    }

    fn block_comment(&mut self, line: usize) {
        let mut text = String::new();
        while !self.starts("*/") {
            let Some(c) = self.step() else { break };
            text.push(c);
        }
        self.at = (self.at + 2).min(self.chars.len());
        self.fresh = false;
        let lines = text.lines().map(|line| line.trim().trim_start_matches(['/', '*']).trim());
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with('@')).collect();
        self.push(Token::Comment(lines.join(" ")), line);
    }

    fn quoted(&mut self, quote: char) -> String {
        let long: String = std::iter::repeat_n(quote, 3).collect();
        let closing = if self.dialect.lines && self.starts(&long) { long } else { quote.to_string() };
        self.at += closing.len();
        let mut text = String::new();
        while !self.starts(&closing) {
            match self.step() {
                None => break,
                // A text that is left open ends with its line.
                Some('\n') if closing.len() == 1 && quote != '`' => return text,
                Some('\\') => match self.step() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(c) => text.push(c),
                    None => break,
                },
                Some(c) => text.push(c),
            }
        }
        self.at = (self.at + closing.len()).min(self.chars.len());
        self.fresh = false;
        text
    }
}

/// A place in the tokens.
#[derive(Debug)]
pub(super) struct TokenCursor {
    pieces: Vec<Piece>,
    at: usize,
}

impl TokenCursor {
    /// Returns the token so many further on that is no comment.
    pub(super) fn ahead(&self, by: usize) -> Option<&Token> {
        let rest = self.pieces.get(self.at..).unwrap_or_default();
        rest.iter().map(|piece| &piece.token).filter(|token| !matches!(token, Token::Comment(_))).nth(by)
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.ahead(0)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        while let Some(piece) = self.pieces.get(self.at) {
            self.at += 1;
            if !matches!(piece.token, Token::Comment(_)) {
                return Some(piece.token.clone());
            }
        }
        None
    }

    /// Goes past so many tokens.
    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    /// Takes the comments that stand here.
    pub(super) fn comments(&mut self) -> Vec<String> {
        let mut comments = Vec::new();
        while let Some(Piece { token: Token::Comment(text), .. }) = self.pieces.get(self.at) {
            comments.push(text.clone());
            self.at += 1;
        }
        comments
    }

    /// Takes a comment that stands on the line of the token before.
    pub(super) fn comment_beside(&mut self) -> Option<String> {
        let before = self.pieces.get(self.at.checked_sub(1)?)?;
        match self.pieces.get(self.at)? {
            Piece { token: Token::Comment(text), line } if *line == before.line => {
                self.at += 1;
                Some(text.clone())
            }
            _ => None,
        }
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.peek() == Some(&Token::Mark(mark))
    }

    pub(super) fn takes_mark(&mut self, mark: char) -> bool {
        let is = self.is_mark(mark);
        if is {
            self.next();
        }
        is
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.next();
        }
        is
    }

    /// Takes a word, whichever it is.
    pub(super) fn word(&mut self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.next();
                Some(word)
            }
            _ => None,
        }
    }

    /// Takes what stands between brackets, which begin here.
    pub(super) fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.next() {
            match token {
                Token::Mark('(' | '[' | '{' | '<') => depth += 1,
                Token::Mark(')' | ']' | '}' | '>') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Reads what stands between `<` and `>`, parted by commas, one by one; nothing where no `<` follows.
    pub(super) fn generics<T>(&mut self, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut inner = Vec::new();
        if self.takes_mark('<') {
            while !self.takes_mark('>') && self.peek().is_some() {
                inner.push(read(self));
                if !self.takes_mark(',') && !self.is_mark('>') {
                    self.next();
                }
            }
        }
        inner
    }

    /// Goes to the next of these marks that is in no brackets, and stays before it; closing brackets end it too.
    pub(super) fn skip_to(&mut self, marks: &[char]) {
        while let Some(token) = self.peek() {
            match token {
                Token::Mark(mark) if marks.contains(mark) => return,
                Token::Mark(')' | ']' | '}' | '>') | Token::Indent(_) => return,
                Token::Mark('(' | '[' | '{' | '<') => self.skip_group(),
                _ => drop(self.next()),
            }
        }
    }
}
