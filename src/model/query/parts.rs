//! A query line split into texts and filters.

/// A part of the line between blanks, quotes taken off.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) at: usize,
    pub(super) not: bool,
    pub(super) key: Option<String>,
    pub(super) value: String,
    /// Whether it is a text in quotes.
    pub(super) quoted: bool,
    /// Whether a quote in its value is not closed, and took the rest of the line in.
    pub(super) open: bool,
}

/// Splits a line into its parts.
///
/// A text is in quotes if one stands right before it and another after it, with a blank or the line's end behind; every
/// other quote in a text is one of its characters. The value of a filter has what is in quotes as it is, and one that
/// is not closed ends with the line.
pub(super) fn parts(line: &str) -> Vec<Part> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
            continue;
        }
        let (part, length) = quoted(rest).or_else(|| filter(rest)).unwrap_or_else(|| word(rest));
        all.push(Part { at, ..part });
        at += length;
    }
    all
}

/// Takes a text in quotes off the beginning of a line, if there is one; with the bytes it takes.
fn quoted(rest: &str) -> Option<(Part, usize)> {
    let inside = rest.strip_prefix('"')?;
    if inside.starts_with(char::is_whitespace) {
        return None;
    }
    let closes = |at: &usize| {
        let after = inside.get(at + 1..).unwrap_or_default();
        *at > 0 && (after.is_empty() || after.starts_with(char::is_whitespace))
    };
    let end = inside.match_indices('"').map(|(at, _)| at).find(closes)?;
    let value = inside.get(..end)?.to_owned();
    Some((Part { at: 0, not: false, key: None, value, quoted: true, open: false }, end + 2))
}

/// Takes a filter off it.
fn filter(rest: &str) -> Option<(Part, usize)> {
    let (not, bare) = rest.strip_prefix('-').map_or((false, rest), |bare| (true, bare));
    let colon = bare.find(':').filter(|at| is_key(bare.get(..*at).unwrap_or_default()))?;
    let (key, value) = (bare.get(..colon)?, bare.get(colon + 1..)?);
    if value.starts_with("//") {
        return None;
    }
    let mut part = Part { at: 0, not, key: Some(key.to_lowercase()), value: String::new(), quoted: false, open: false };
    let mut length = value.len();
    for (at, c) in value.char_indices() {
        match c {
            '"' => part.open = !part.open,
            c if c.is_whitespace() && !part.open => {
                length = at;
                break;
            }
            c => part.value.push(c),
        }
    }
    Some((part, usize::from(not) + colon + 1 + length))
}

/// Takes a word off it.
fn word(rest: &str) -> (Part, usize) {
    let word = rest.split(char::is_whitespace).next().unwrap_or(rest);
    (Part { at: 0, not: false, key: None, value: word.to_owned(), quoted: false, open: false }, word.len())
}

/// Tells whether a colon after this text makes it a key: otherwise it is a text with a colon, as in a URL.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic())
}
