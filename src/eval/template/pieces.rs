//! A template cut into its texts, variables and tags.

use super::Mistake;

/// The words a tag can begin with.
const WORDS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// A stretch of a template, with the byte at which it starts, or a variable's name does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// What stands for itself.
    Text { at: usize, text: &'a str },
    /// `{{ name }}`.
    Variable { at: usize, name: &'a str },
    /// `{% word … %}`, as it was written.
    Tag { at: usize, word: &'a str, written: &'a str },
}

impl Piece<'_> {
    pub(super) fn is_tag(&self) -> bool {
        matches!(self, Self::Tag { .. })
    }
}

/// Cuts a template; a tag that is not closed is a mistake.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece<'_>>, Mistake> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let at = template.len() - rest.len();
        let plain = rest.find('{').unwrap_or(rest.len());
        if plain > 0 {
            let (text, after) = rest.split_at(plain);
            pieces.push(Piece::Text { at, text });
            rest = after;
            continue;
        }
        let (piece, length) = opened(rest, at);
        if length > rest.len() {
            return Err(Mistake::at(template, at, "this tag is not closed: `%}` is missing"));
        }
        pieces.push(piece);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(pieces)
}

/// Reads what a brace opens, with its length; that of a tag which is not closed is past the end.
fn opened(text: &str, at: usize) -> (Piece<'_>, usize) {
    let brace = |length: usize, stands: usize| (Piece::Text { at, text: text.get(..stands).unwrap_or(text) }, length);
    if text.starts_with("{{{{") {
        return brace(4, 2);
    }
    if text.strip_prefix("{%").is_some_and(|after| after.starts_with("{%") && word(after).is_some()) {
        return brace(4, 2);
    }
    if let Some(word) = word(text) {
        let length = tag_length(text).unwrap_or(usize::MAX);
        return (Piece::Tag { at, word, written: text.get(..length).unwrap_or(text) }, length);
    }
    if let Some(inside) = text.strip_prefix("{{")
        && let Some((name, after)) = inside.split_once("}}")
        && is_name(name.trim())
    {
        let at = at + 2 + (name.len() - name.trim_start().len());
        return (Piece::Variable { at, name: name.trim() }, text.len() - after.len());
    }
    brace(1, 1)
}

/// The word of the tag that a text begins with.
fn word(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("{%")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside).trim_start_matches([' ', '\t']);
    let (word, _) = inside.split_at(inside.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inside.len()));
    WORDS.contains(&word).then_some(word)
}

/// The length of a tag up to the `%}` that is not in quotes.
fn tag_length(text: &str) -> Option<usize> {
    let (mut quote, mut escaped, mut percent) = (None, false, false);
    for (at, c) in text.char_indices().skip(2) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) => quote = (c != open).then_some(open),
            None if c == '}' && percent => return Some(at + 1),
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
        percent = c == '%' && quote.is_none();
    }
    None
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_') && chars.all(is_in_name)
}

/// Tells whether the name of a variable may go on with this.
pub(super) fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}
