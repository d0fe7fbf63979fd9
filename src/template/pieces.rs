//! A template cut into its texts, expressions, tags and comments. Braces that are none of these are text.

use crate::template::{
    TemplateError, TemplateNote, render,
    tokens::{CONSTANTS, is_in_name, quoted_end},
};

/// The words a tag can begin with.
const WORDS: [&str; 13] = [
    "if",
    "elif",
    "elseif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "with",
    "endwith",
    "filter",
    "endfilter",
];

/// The words of Jinja's and Nunjucks' tags that are not understood here.
const FOREIGN: [&str; 25] = [
    "autoescape",
    "asyncAll",
    "asyncEach",
    "block",
    "break",
    "call",
    "case",
    "continue",
    "default",
    "do",
    "endall",
    "endautoescape",
    "endblock",
    "endcall",
    "endeach",
    "endmacro",
    "endswitch",
    "extends",
    "from",
    "ifAsync",
    "import",
    "include",
    "macro",
    "switch",
    "trans",
];

/// The tags between which nothing means anything.
const VERBATIM: [&str; 2] = ["raw", "verbatim"];

/// Places that are noted, at most.
const NOTED: usize = 100;

/// Bytes that may be read behind braces which open nothing.
const IN_VAIN: usize = 16 << 20;

/// Characters of a place that are shown.
const SHOWN: usize = 40;

/// A stretch of a template, with the byte at which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplatePiece<'a> {
    /// What stands for itself.
    Text { at: usize, text: &'a str },
    /// `{{ name }}`, the byte being that of its name.
    Variable { at: usize, name: &'a str },
    /// `{{ … }}`, as it was written.
    Output { at: usize, written: &'a str },
    /// `{% word … %}`, as it was written.
    Tag { at: usize, word: &'a str, written: &'a str },
    /// `{# … #}`, or a tag that only says how what is around it is read.
    Silent { at: usize, written: &'a str },
}

impl TemplatePiece<'_> {
    /// Tells whether it means something to the library.
    pub(crate) fn is_code(&self) -> bool {
        match self {
            Self::Text { .. } | Self::Variable { .. } => false,
            Self::Output { .. } | Self::Tag { .. } | Self::Silent { .. } => true,
        }
    }
}

/// A template cut up.
#[derive(Debug, Default)]
pub(crate) struct Pieces<'a> {
    pub all: Vec<TemplatePiece<'a>>,
    /// The places that look like templates and are texts.
    pub notes: Vec<TemplateNote>,
}

/// What begins at a brace: a piece and its length. A text may stand for more than it is: `{{{{` is `{{`.
struct Opened<'a> {
    piece: TemplatePiece<'a>,
    length: usize,
    note: Option<Odd>,
}

/// Cuts a template; a tag that is not closed, or that only others understand, is a mistake.
pub(crate) fn pieces(template: &str) -> Result<Pieces<'_>, TemplateError> {
    let mut pieces = Pieces::default();
    let mut rest = template;
    let (mut left, last) = (IN_VAIN, Last::of(template));
    while !rest.is_empty() {
        let at = template.len() - rest.len();
        let plain = rest.find('{').unwrap_or(rest.len());
        if plain > 0 {
            let (text, after) = rest.split_at(plain);
            pieces.all.push(TemplatePiece::Text { at, text });
            rest = after;
            continue;
        }
        if let Some(length) = verbatim(template, at, rest, &mut pieces)? {
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let Opened { piece, length, note } = opened(template, rest, at, last, &mut left)?;
        let brace = |at: usize| template.as_bytes().get(at) == Some(&b'{');
        if let Some(note) = note
            && !at.checked_sub(1).is_some_and(brace)
            && pieces.notes.len() < NOTED
        {
            let message = note.words(rest);
            pieces.notes.push(TemplateNote { message: 0, mistake: TemplateError::at(template, at, message) });
        }
        pieces.all.push(piece);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(pieces)
}

/// Reads `{% raw %}` and what it encloses, and tells the length of both.
fn verbatim<'a>(
    template: &str,
    at: usize,
    rest: &'a str,
    pieces: &mut Pieces<'a>,
) -> Result<Option<usize>, TemplateError> {
    let Some(word) = word(rest).filter(|word| VERBATIM.contains(word)) else { return Ok(None) };
    let Some(head) = tag_length(rest) else { return Err(TemplateError::at(template, at, UNCLOSED)) };
    let end = format!("end{word}");
    let inside = rest.get(head..).unwrap_or_default();
    let found = inside.match_indices("{%").find_map(|(from, _)| {
        let tail = inside.get(from..)?;
        (self::word(tail) == Some(&end)).then(|| Some((from, tag_length(tail)?)))?
    });
    let Some((length, tail)) = found else {
        let message = format!("this `{word}` is not closed: `{{% {end} %}}` is missing");
        return Err(TemplateError::at(template, at, message));
    };
    let silent = |from: usize, length: usize| TemplatePiece::Silent {
        at: at + from,
        written: rest.get(from..from + length).unwrap_or_default(),
    };
    pieces.all.push(silent(0, head));
    pieces.all.push(TemplatePiece::Text { at: at + head, text: inside.get(..length).unwrap_or_default() });
    pieces.all.push(silent(head + length, tail));
    Ok(Some(head + length + tail))
}

const UNCLOSED: &str = "this tag is not closed: `%}` is missing";

/// Where the last ends of comments, tags and expressions stand: nothing behind them is closed.
#[derive(Debug, Clone, Copy)]
struct Last {
    comment: usize,
    tag: usize,
    expression: usize,
}

impl Last {
    fn of(template: &str) -> Self {
        let bytes = template.as_bytes();
        let mut last = Self { comment: 0, tag: 0, expression: 0 };
        for end in memchr::memrchr_iter(b'}', bytes) {
            let Some(start) = end.checked_sub(1) else { break };
            let place = match bytes.get(start) {
                Some(b'#') => &mut last.comment,
                Some(b'%') => &mut last.tag,
                Some(b'}') => &mut last.expression,
                _ => continue,
            };
            *place = start.max(*place);
            if last.comment > 0 && last.tag > 0 && last.expression > 0 {
                break;
            }
        }
        last
    }
}

/// Reads what a brace opens. What is read in vain is taken from the bytes that are left.
fn opened<'a>(
    template: &str,
    text: &'a str,
    at: usize,
    last: Last,
    left: &mut usize,
) -> Result<Opened<'a>, TemplateError> {
    let mut in_vain = |bytes: usize| {
        *left = left.checked_sub(bytes).ok_or_else(|| {
            TemplateError::at(template, at, "too much work: too many braces before this one open what is not closed")
        })?;
        Ok(())
    };
    let brace = |length: usize, stands: usize, note: Option<Odd>| {
        Ok(Opened { piece: TemplatePiece::Text { at, text: text.get(..stands).unwrap_or(text) }, length, note })
    };
    let code = |piece: TemplatePiece<'a>, length: usize| Ok(Opened { piece, length, note: None });
    if text.starts_with("{{{{") {
        return brace(4, 2, None);
    }
    if text.strip_prefix("{%").is_some_and(|after| after.starts_with("{%") && is_tag(after)) {
        return brace(4, 2, None);
    }
    if text.starts_with("{#") {
        // Where no end follows, none is looked for.
        return match (at < last.comment).then(|| text.find("#}")).flatten() {
            Some(end) => code(TemplatePiece::Silent { at, written: text.get(..end + 2).unwrap_or(text) }, end + 2),
            None => brace(1, 1, Some(Odd::Comment)),
        };
    }
    if let Some(word) = word(text) {
        if WORDS.contains(&word) {
            let length = tag_length(text).ok_or_else(|| TemplateError::at(template, at, UNCLOSED))?;
            return code(TemplatePiece::Tag { at, word, written: text.get(..length).unwrap_or(text) }, length);
        }
        let is_foreign = FOREIGN.contains(&word) && at < last.tag;
        if is_foreign && tag_length(text).is_none() {
            in_vain(text.len())?;
        } else if is_foreign {
            let message = format!(
                "the tag `{word}` is not supported; the tags are if, for, set, with, filter and raw \
                 (between `{{% raw %}}` and `{{% endraw %}}` everything is text)"
            );
            return Err(TemplateError::at(template, at, message));
        }
        return brace(1, 1, Some(Odd::Tag));
    }
    let Some(inside) = text.strip_prefix("{{") else { return brace(1, 1, None) };
    let odd = (!inside.starts_with('{')).then_some(Odd::Expression);
    if at > last.expression {
        return brace(1, 1, odd);
    }
    if let Some((name, after)) = inside.split_once("}}")
        && is_name(name.trim())
    {
        let at = at + 2 + (name.len() - name.trim_start().len());
        return code(TemplatePiece::Variable { at, name: name.trim() }, text.len() - after.len());
    }
    let length = output_length(text);
    if let Some(length) = length
        && let Some(written) = text.get(..length)
        && render::is_expression(inner(written))
    {
        return code(TemplatePiece::Output { at, written }, length);
    }
    in_vain(length.unwrap_or(text.len()))?;
    // Of three braces the inner two may still open one.
    brace(1, 1, odd)
}

/// What looks like a part of a template and is text.
#[derive(Debug, Clone, Copy)]
enum Odd {
    Comment,
    Tag,
    Expression,
}

impl Odd {
    /// Says why what begins a text is none.
    fn words(self, text: &str) -> String {
        match self {
            Self::Comment => "`{#` begins no comment, since `#}` is missing; it stays as text".to_owned(),
            Self::Tag => format!("{} is no tag and stays as text", shown(text, "%}")),
            Self::Expression => not_an_expression(text.strip_prefix("{{").unwrap_or(text), text),
        }
    }
}

/// Says why `{{` opens no expression.
fn not_an_expression(inside: &str, text: &str) -> String {
    if let Some((name, _)) = inside.split_once('}')
        && is_name(name.trim())
    {
        let name = name.trim();
        return format!("`{{{{ {name} }}` lacks a brace and stays as text; write `{{{{ {name} }}}}` for the variable");
    }
    let name: String = inside.trim_start().chars().take_while(|c| is_in_name(*c)).collect();
    if !text.contains("}}") && is_name(&name) {
        return format!(
            "`{{{{ {name}` is not closed by `}}}}` and stays as text; write `{{{{ {name} }}}}` for the variable"
        );
    }
    format!("{} is no expression and stays as text", shown(text, "}}"))
}

/// The beginning of a text up to an end, cut where it is long or its line ends.
fn shown(text: &str, end: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let whole = line.find(end).and_then(|at| line.get(..at + end.len()));
    let whole = whole.filter(|whole| whole.chars().count() <= SHOWN);
    whole.map_or_else(|| format!("`{}…`", line.chars().take(SHOWN).collect::<String>()), |whole| format!("`{whole}`"))
}

/// What stands between the braces of an expression or a tag, without marks for white space.
pub(crate) fn inner(written: &str) -> &str {
    let inside = written.get(2..written.len().saturating_sub(2)).unwrap_or_default();
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    inside.strip_suffix(['-', '+']).unwrap_or(inside)
}

/// Tells whether a text begins with a tag.
fn is_tag(text: &str) -> bool {
    word(text).is_some_and(|word| WORDS.contains(&word) || VERBATIM.contains(&word) || FOREIGN.contains(&word))
}

/// The word that follows `{%` at the beginning of a text.
fn word(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("{%")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside).trim_start_matches([' ', '\t']);
    let (word, _) = inside.split_at(inside.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inside.len()));
    word.starts_with(|c: char| c.is_alphabetic()).then_some(word)
}

/// The length of a tag up to the `%}` that is not in quotes.
fn tag_length(text: &str) -> Option<usize> {
    length(text, "%}", |_| true)
}

/// The length of an expression up to the `}}` that is neither in quotes nor in brackets.
fn output_length(text: &str) -> Option<usize> {
    length(text, "}}", |depth| depth == 0)
}

fn length(text: &str, end: &str, ends: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut at, mut depth) = (2, 0_usize);
    while let Some(rest) = text.get(at..) {
        let c = rest.chars().next()?;
        if rest.starts_with(end) && ends(depth) {
            return Some(at + end.len());
        }
        match c {
            '"' | '\'' => {
                at += quoted_end(rest)?;
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(is_in_name)
        && !text.ends_with(['-', '.'])
        && !CONSTANTS.contains(&text)
}
