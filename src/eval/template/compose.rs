//! A template rewritten for the library, so that nothing but its tags and variables means anything.

use super::{Mistake, pieces::Piece};

/// The name under which the library finds the values of the variables outside the tags.
pub(super) const VALUES: &str = "__values";

/// The filter that makes the items of a loop.
pub(super) const ITEMS: &str = "__items";

/// A template as the library reads it.
#[derive(Debug, Default)]
pub(super) struct Composed<'a> {
    /// What the library reads.
    pub source: String,
    /// What names variables, in order.
    pub mentions: Vec<Mention<'a>>,
    /// Where in the source a stretch of the template starts, and where in the template that is.
    marks: Vec<(usize, usize)>,
}

/// A place that names variables.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mention<'a> {
    /// A variable outside the tags that is none of a loop's, by its name.
    Variable(&'a str),
    /// A tag, as it was written.
    Tag(&'a str),
}

/// A tag that waits for its end.
struct Open<'a> {
    at: usize,
    word: &'a str,
    /// The names it gives to what is in it.
    names: Vec<&'a str>,
}

impl<'a> Composed<'a> {
    /// Rewrites a template. A tag that closes nothing or is not closed is a mistake.
    pub(super) fn of(template: &str, pieces: &[Piece<'a>]) -> Result<Self, Mistake> {
        let mut composed = Self::default();
        let mut open: Vec<Open<'a>> = Vec::new();
        let alone = |piece: Option<&Piece<'a>>| piece.is_some_and(|piece| is_alone(template, piece));
        for (place, piece) in pieces.iter().enumerate() {
            match *piece {
                Piece::Text { at, text } => {
                    let after = alone(place.checked_sub(1).and_then(|before| pieces.get(before)));
                    let text_end = if alone(pieces.get(place + 1)) { without_indent(text) } else { text };
                    let skipped = if after { text_end.find('\n').map_or(text_end.len(), |end| end + 1) } else { 0 };
                    composed.text(at + skipped, text_end.get(skipped..).unwrap_or_default());
                }
                Piece::Variable { at, name } => composed.variable(at, name, &open),
                Piece::Tag { at, word, written } => {
                    nest(template, &mut open, at, word, written)?;
                    composed.tag(at, word, written);
                }
            }
        }
        match open.pop() {
            Some(Open { at, word, .. }) => {
                Err(Mistake::at(template, at, format!("this `{word}` is not closed: `{{% end{word} %}}` is missing")))
            }
            None => Ok(composed),
        }
    }

    /// Finds the byte of the template for one of the source.
    pub(super) fn place(&self, source: usize) -> usize {
        let mark = self.marks.iter().rev().find(|(start, _)| *start <= source);
        mark.map_or(0, |(start, at)| at + (source - start))
    }

    fn mark(&mut self, at: usize) {
        self.marks.push((self.source.len(), at));
    }

    fn text(&mut self, at: usize, text: &str) {
        let mut at = at;
        for part in text.split_inclusive('{') {
            self.mark(at);
            at += part.len();
            match part.strip_suffix('{') {
                Some(before) => {
                    self.source.push_str(before);
                    self.source.push_str("{{\"{\"}}");
                }
                None => self.source.push_str(part),
            }
        }
    }

    fn variable(&mut self, at: usize, name: &'a str, open: &[Open<'_>]) {
        let mut parts = name.split('.');
        let root = parts.next().unwrap_or_default();
        self.source.push_str("{{ ");
        self.mark(at);
        if open.iter().any(|tag| tag.names.contains(&root)) {
            self.source.push_str(root);
            parts.for_each(|part| self.subscript(part));
        } else {
            self.source.push_str(VALUES);
            self.subscript(name);
            self.mentions.push(Mention::Variable(name));
        }
        self.source.push_str(" }}");
    }

    /// A name has neither quotes nor backslashes.
    fn subscript(&mut self, name: &str) {
        self.source.push_str("[\"");
        self.source.push_str(name);
        self.source.push_str("\"]");
    }

    fn tag(&mut self, at: usize, word: &str, written: &'a str) {
        self.mark(at);
        self.mentions.push(Mention::Tag(written));
        let end = if word == "for" { iterated(written) } else { None };
        let (head, tail) = written.split_at(end.unwrap_or(written.len()));
        self.source.push_str(head);
        if end.is_some() {
            self.source.push('|');
            self.source.push_str(ITEMS);
        }
        self.mark(at + head.len());
        self.source.push_str(tail);
    }
}

fn nest<'a>(
    template: &str,
    open: &mut Vec<Open<'a>>,
    at: usize,
    word: &'a str,
    written: &'a str,
) -> Result<(), Mistake> {
    match (word, open.last_mut()) {
        ("if", _) => open.push(Open { at, word, names: Vec::new() }),
        ("for", _) => open.push(Open { at, word, names: targets(written) }),
        ("elif", Some(tag)) if tag.word == "if" => {}
        // What a loop does without items knows none of its names.
        ("else", Some(tag)) => tag.names.clear(),
        ("endif" | "endfor", Some(tag)) if word.strip_prefix("end") == Some(tag.word) => drop(open.pop()),
        ("endif" | "endfor", Some(tag)) => {
            let line = Mistake::at(template, tag.at, "").line;
            return Err(Mistake::at(template, at, format!("`{word}` cannot close the `{}` of line {line}", tag.word)));
        }
        ("endif" | "endfor", None) => return Err(Mistake::at(template, at, format!("`{word}` closes nothing"))),
        ("else", None) => return Err(Mistake::at(template, at, "`else` stands in no `if` and in no `for`")),
        _ => return Err(Mistake::at(template, at, format!("`{word}` stands in no `if`"))),
    }
    Ok(())
}

/// A word or a sign of a tag, with the byte at which it starts. What is in quotes is left out.
pub(super) fn tokens(tag: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            let rest = tag.get(at..)?;
            let first = rest.chars().next()?;
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if first == '"' || first == '\'' {
                quoted(rest, first)
            } else {
                first.len_utf8()
            };
            let start = at;
            at += length;
            if !first.is_whitespace() && first != '"' && first != '\'' {
                return rest.get(..length).map(|token| (start, token));
            }
        }
    })
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The names that a loop gives to an item and to itself.
fn targets(tag: &str) -> Vec<&str> {
    let names = tokens(tag).map(|(_, token)| token).skip_while(|token| *token != "for").skip(1);
    let names = names.take_while(|token| *token != "in").filter(|token| !matches!(*token, "," | "(" | ")"));
    names.chain(["loop"]).collect()
}

/// The end of what a loop runs over, if that is a plain name or a field of one.
fn iterated(tag: &str) -> Option<usize> {
    let (place, _) = tokens(tag).find(|(_, token)| *token == "in")?;
    let mut end = None;
    for (at, token) in tokens(tag).skip_while(|(at, _)| *at <= place) {
        let joined = end.is_none_or(|end| end == at);
        let word = token.starts_with(|c: char| c.is_alphabetic() || c == '_');
        match (joined, word || token == ".") {
            (true, true) => end = Some(at + token.len()),
            (true, false) if matches!(token, "(" | "[") => return None,
            _ => break,
        }
    }
    end
}

/// Tells whether a tag is all that stands on its line.
fn is_alone(template: &str, piece: &Piece<'_>) -> bool {
    let Piece::Tag { at, written, .. } = *piece else {
        return false;
    };
    let before = template.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    let after = template.get(at + written.len()..).unwrap_or_default().split('\n').next().unwrap_or_default();
    before.trim().is_empty() && after.trim().is_empty()
}

/// A text without the blanks of its last line.
fn without_indent(text: &str) -> &str {
    let line = text.rfind('\n').map_or(0, |end| end + 1);
    text.get(..line).unwrap_or_default()
}
