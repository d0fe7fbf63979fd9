//! HTML, read as far as is needed to tell it from other text: its tags by the names of the living standard
//! (<https://html.spec.whatwg.org/multipage/indices.html>), in one pass and without making a tree. It is told apart, not
//! validated.

use std::collections::HashSet;

/// The elements of HTML, in order, and the two that hold another language's.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "bdi",
    "bdo",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "math",
    "menu",
    "meta",
    "meter",
    "nav",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "picture",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Those that are never closed.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Those whose end may be left out.
const OPEN_ENDED: &[&str] = &[
    "body", "colgroup", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "rp", "rt", "tbody", "td",
    "tfoot", "th", "thead", "tr",
];

/// Those whose text holds no tags.
const RAW: &[&str] = &["script", "style", "textarea", "title"];

/// What stands at a `<`.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    /// A tag that opens an element, whether it also closes it.
    Opens(String, bool),
    Closes(String),
    /// A comment, or the type of the document.
    Aside,
}

/// Where the last tag and the last comment of a text end, so that no end is looked for where there is none.
#[derive(Debug, Clone, Copy)]
struct LastEnds {
    tag: usize,
    comment: usize,
}

impl LastEnds {
    fn of(text: &str) -> Self {
        Self { tag: text.rfind('>').unwrap_or(0), comment: text.rfind("-->").unwrap_or(0) }
    }
}

/// Tells whether an element of HTML stands in a text: one that is opened and closed, or one that is never closed, as `<br>`.
#[must_use]
pub fn has_element(text: &str) -> bool {
    let (mut at, mut open, ends) = (0, HashSet::new(), LastEnds::of(text));
    while let Some(length) = text.get(at..).and_then(|rest| rest.find('<')) {
        at += length;
        match piece(text, at, ends) {
            Some((Piece::Opens(name, _), end)) => {
                if VOID.contains(&name.as_str()) {
                    return true;
                }
                if is_element(&name) {
                    open.insert(name);
                }
                at = end;
            }
            Some((Piece::Closes(name), _)) if open.contains(&name) => return true,
            Some((_, end)) => at = end,
            None => at += 1,
        }
    }
    false
}

/// Tells whether a text is HTML and nothing else: it begins and ends with a tag, every tag is one of HTML's, and those that
/// need it are closed. The error says in words what is not so.
pub fn is_all(text: &str) -> Result<(), String> {
    let text = text.trim();
    let ends = LastEnds::of(text);
    let (mut at, mut open, mut seen): (usize, Vec<String>, bool) = (0, Vec::new(), false);
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let length = rest.find('<').unwrap_or(rest.len());
        if open.is_empty() && !rest.get(..length).unwrap_or_default().trim().is_empty() {
            return Err("there is text outside of its elements".to_owned());
        }
        at += length;
        if at == text.len() {
            break;
        }
        let inside_other = open.iter().rev().take(DEEPEST).any(|name| name == "svg" || name == "math");
        match piece(text, at, ends) {
            // A `<` among words.
            None if !open.is_empty() => at += 1,
            None => return Err("`<` that begins no tag".to_owned()),
            Some((Piece::Aside, end)) => at = end,
            Some((Piece::Opens(name, stands), end)) => {
                if !is_element(&name) && !inside_other {
                    return Err(format!("<{name}> is no element of HTML"));
                }
                seen = true;
                at = end;
                if VOID.contains(&name.as_str()) || stands && inside_other {
                    continue;
                }
                if open.last() == Some(&name) && OPEN_ENDED.contains(&name.as_str()) {
                    continue;
                }
                if RAW.contains(&name.as_str()) {
                    at = end_of_raw(text, end, &name).ok_or_else(|| format!("<{name}> is not closed"))?;
                    continue;
                }
                open.push(name);
            }
            Some((Piece::Closes(name), end)) => {
                at = end;
                loop {
                    match open.pop() {
                        Some(last) if last == name => break,
                        Some(last) if OPEN_ENDED.contains(&last.as_str()) => {}
                        Some(last) => return Err(format!("</{name}> where <{last}> is open")),
                        None => return Err(format!("</{name}> that closes nothing")),
                    }
                }
            }
        }
    }
    match open.iter().find(|name| !OPEN_ENDED.contains(&name.as_str())) {
        Some(name) => Err(format!("<{name}> is not closed")),
        None if !seen => Err("there is no tag".to_owned()),
        None => Ok(()),
    }
}

/// Elements around a tag that are looked at for one of another language.
const DEEPEST: usize = 64;

/// Bytes of a tag, at most.
const LONGEST: usize = 1 << 20;

fn is_element(name: &str) -> bool {
    // Elements of one's own have a hyphen.
    ELEMENTS.binary_search(&name).is_ok() || name.contains('-')
}

/// Reads what stands at a `<`, and where it ends; none where it is a text.
fn piece(text: &str, at: usize, ends: LastEnds) -> Option<(Piece, usize)> {
    let rest = text.get(at..).filter(|_| at < ends.tag)?;
    if rest.starts_with("<!--") {
        rest.get(4..).filter(|_| at < ends.comment)?;
        return Some((Piece::Aside, at + 4 + rest.get(4..)?.find("-->")? + 3));
    }
    if rest.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) {
        return Some((Piece::Aside, at + rest.find('>')? + 1));
    }
    let closes = rest.starts_with("</");
    let from = if closes { 2 } else { 1 };
    let inside = rest.get(from..)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let length = inside.find(|c| !is_name(c)).unwrap_or(inside.len());
    let name = inside.get(..length).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    let (mut quote, mut end) = (None, None);
    let bytes = inside.as_bytes().get(length..)?;
    if bytes.first().is_some_and(|byte| !matches!(byte, b'>' | b'/') && !byte.is_ascii_whitespace()) {
        return None;
    }
    for (place, byte) in bytes.iter().enumerate().take(LONGEST) {
        match (quote, byte) {
            (None, b'>') => {
                end = Some(place);
                break;
            }
            (None, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    let end = end?;
    let stands = end > 0 && bytes.get(end - 1) == Some(&b'/');
    let name = name.to_ascii_lowercase();
    let whole = at + from + length + end + 1;
    Some((if closes { Piece::Closes(name) } else { Piece::Opens(name, stands) }, whole))
}

/// Finds the end of an element whose text holds no tags.
fn end_of_raw(text: &str, from: usize, name: &str) -> Option<usize> {
    let mut at = from;
    loop {
        at += text.get(at..)?.find("</")?;
        let behind = text.get(at + 2..)?;
        if behind.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return Some(at + 2 + behind.find('>')? + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(ELEMENTS.is_sorted() && VOID.iter().chain(OPEN_ENDED).chain(RAW).all(|name| is_element(name)));
    }

    #[test]
    fn html_alone_is_told_from_text_with_html_and_from_xml() {
        for text in [
            "<p>Hi</p>",
            "<!DOCTYPE html>\n<html><head><title>a < b</title></head><body><ul><li>1<li>2</ul><br><img src='x>y'/></body></html>",
            "<!-- c --><div class=\"a\">1 < 2 & 3</div>\n<hr>",
            "<my-card>x</my-card>",
            "<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/><linearGradient/></svg>",
            "<script>if (a < b) { '</p>' }</script>",
            "<p>one<p>two",
        ] {
            assert_eq!(is_all(text), Ok(()), "{text}");
            assert!(has_element(text) || text.ends_with("two"), "{text}");
        }
        for (text, what) in [
            ("Hello <b>you</b>", "text outside"),
            ("<b>you</b>!", "text outside"),
            ("<note>x</note>", "<note> is no element"),
            ("<div><b>x</div>", "</div> where <b> is open"),
            ("<div>", "<div> is not closed"),
            ("</div>", "closes nothing"),
            ("<script>x", "<script> is not closed"),
            ("<!-- only -->", "there is no tag"),
            ("", "there is no tag"),
            ("a < b", "text outside"),
            ("```html\n<p>x</p>\n```", "text outside"),
        ] {
            let why = is_all(text).unwrap_err();
            assert!(why.contains(what), "{text}: {why}");
        }
        for text in ["Hello <b>you</b>", "one<br/>two", "```html\n<p>x</p>\n```"] {
            assert!(has_element(text), "{text}");
        }
        for text in ["a < b", "Vec<String> and List<a>", "<note>x</note>", "</p>", "<p", "&lt;p&gt;"] {
            assert!(!has_element(text), "{text}");
        }
    }

    #[test]
    fn long_texts_take_one_pass() {
        let most = 2_000_000;
        for text in ["<".repeat(most), "<a>".repeat(most / 3), "<a b='".repeat(most / 6), "<!--".repeat(most / 4)] {
            assert!(!has_element(&text) && is_all(&text).is_err());
        }
    }
}
