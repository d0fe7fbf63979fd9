//! A template rewritten for the library, so that nothing but its tags and expressions means anything.

use std::fmt::Write as _;

use super::{
    Mistake,
    pieces::{Piece, inner},
    tokens::{Kind, Operand, Path, Token, filters, operands, paths, tokens},
    values::{ALIKE, ITEMS, NUMBER, NUMERAL, PAIRS, STRICT},
    words,
};

/// The name under which the library finds the values of the variables by their whole names.
pub(super) const VALUES: &str = "__values";

/// A template as the library reads it.
#[derive(Debug, Default)]
pub(super) struct Composed {
    /// What the library reads.
    pub source: String,
    /// What names variables, in order.
    pub mentions: Vec<Mention>,
    /// Where in the source a stretch starts, where in the template that is, and whether all of it is there.
    marks: Vec<(usize, usize, bool)>,
}

/// Tags that may lie in each other.
const DEEP: usize = 100;

/// A place that names a variable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Mention {
    /// The variable, with what is read of it: `a.b`.
    pub name: String,
    /// Whether it asks if the variable has a value.
    pub optional: bool,
    /// Whether the name may be one that the template gives itself.
    pub loose: bool,
}

/// A tag that waits for its end.
struct Open<'a> {
    at: usize,
    word: &'a str,
    /// The names it gives to what is in it.
    names: Vec<&'a str>,
}

/// What is written into an expression: the byte, how much is left out there, and what stands for it.
type Edit = (usize, usize, String);

impl Composed {
    /// Rewrites a template. A tag that closes nothing or is not closed is a mistake, and so is a filter that
    /// nobody knows. A name with dots for which `has` holds is one variable, another is a path into one.
    pub(super) fn of(template: &str, pieces: &[Piece<'_>], has: &dyn Fn(&str) -> bool) -> Result<Self, Mistake> {
        let mut composed = Self::default();
        // The outermost holds the names that the template gives outside of all tags.
        let mut open = vec![Open { at: 0, word: "", names: Vec::new() }];
        let alone = |piece: Option<&Piece<'_>>| piece.is_some_and(|piece| is_alone(template, piece));
        for (place, piece) in pieces.iter().enumerate() {
            match *piece {
                Piece::Text { at, text } => {
                    let after = alone(place.checked_sub(1).and_then(|before| pieces.get(before)));
                    let text_end = if alone(pieces.get(place + 1)) { without_indent(text) } else { text };
                    let skipped = if after { text_end.find('\n').map_or(text_end.len(), |end| end + 1) } else { 0 };
                    composed.text(at + skipped, text_end.get(skipped..).unwrap_or_default());
                }
                Piece::Variable { at, name } => composed.variable(at, name, &open, has),
                Piece::Output { at, written } => {
                    let found = tokens(inner(written));
                    composed.code(template, at, written, &found, &[], &open, has, Vec::new())?;
                }
                Piece::Tag { at, word, written } => composed.tag(template, at, word, written, &mut open, has)?,
                Piece::Silent { written, .. } => {
                    let mark = |held: bool| if held { "-" } else { "" };
                    let (before, after) =
                        (written.get(2..3) == Some("-"), written.rfind('-') == Some(written.len() - 3));
                    let _ = write!(composed.source, "{{#{} {}#}}", mark(before), mark(after));
                }
            }
        }
        match open.pop().filter(|tag| !tag.word.is_empty()) {
            Some(Open { at, word, .. }) => {
                Err(Mistake::at(template, at, format!("this `{word}` is not closed: `{{% end{word} %}}` is missing")))
            }
            None => Ok(composed),
        }
    }

    /// Finds the byte of the template for one of the source.
    pub(super) fn place(&self, source: usize) -> usize {
        let mark = self.marks.iter().rev().find(|(start, ..)| *start <= source);
        mark.map_or(0, |(start, at, inserted)| if *inserted { *at } else { at + (source - start) })
    }

    fn mark(&mut self, at: usize) {
        self.marks.push((self.source.len(), at, false));
    }

    /// Notes that what follows in the source stands for what is at a byte of the template.
    fn inserted(&mut self, at: usize) {
        self.marks.push((self.source.len(), at, true));
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

    fn variable(&mut self, at: usize, name: &str, open: &[Open<'_>], has: &dyn Fn(&str) -> bool) {
        let parts: Vec<&str> = name.split('.').collect();
        self.source.push_str("{{ ");
        self.inserted(at);
        if let [root, rest @ ..] = parts.as_slice()
            && is_given(root, open)
        {
            let rest: String = rest.iter().map(|part| subscript(part)).collect();
            let _ = write!(self.source, "{root}{rest}");
        } else {
            let whole = named(&parts, has).unwrap_or(parts.len());
            self.source.push_str(&looked_up(&parts, whole));
            self.mentions.push(Mention { name: name.to_owned(), optional: false, loose: false });
        }
        self.source.push_str(" }}");
    }

    fn tag<'a>(
        &mut self,
        template: &str,
        at: usize,
        word: &'a str,
        written: &'a str,
        open: &mut Vec<Open<'a>>,
        has: &dyn Fn(&str) -> bool,
    ) -> Result<(), Mistake> {
        let found = tokens(inner(written));
        let given = given(word, &found);
        nest(template, open, at, word, &found, &given)?;
        let mut edits = Vec::new();
        if word == "elseif" {
            edits.extend(found.first().map(|token| (token.at, token.text.len(), "elif".to_owned())));
        }
        if word == "for"
            && let Some(end) = iterated(&found)
        {
            edits.push((end, 0, format!("|{}", if given.len() > 1 { PAIRS } else { ITEMS })));
        }
        let skipped: Vec<usize> = if word == "filter" {
            vec![0, 1]
        } else {
            [0].into_iter().chain(given.iter().map(|(place, _)| *place)).collect()
        };
        if word == "filter"
            && let Some(filter) = found.get(1)
        {
            known(template, place(at, written) + filter.at, filter.text, true)?;
        }
        self.code(template, at, written, &found, &skipped, open, has, edits)
    }

    /// Writes an expression or a tag, its operands made ready to be compared.
    #[allow(clippy::too_many_arguments, reason = "what an expression is read with")]
    fn code(
        &mut self,
        template: &str,
        at: usize,
        written: &str,
        found: &[Token<'_>],
        skipped: &[usize],
        open: &[Open<'_>],
        has: &dyn Fn(&str) -> bool,
        mut edits: Vec<Edit>,
    ) -> Result<(), Mistake> {
        let start = place(at, written);
        for path in paths(found).into_iter().filter(|path| !skipped.contains(&path.first)) {
            let local = path.parts.first().is_some_and(|root| is_given(root, open));
            if !local && let Some(whole) = named(&path.parts, has).filter(|whole| *whole > 1) {
                let end = found.get(path.first + path.tokens - 1).map_or(path.at, Token::end);
                edits.push((path.at, end - path.at, looked_up(&path.parts, whole)));
            }
            self.mentions.push(Mention {
                name: path.parts.join("."),
                optional: asks_whether(found, &path),
                loose: true,
            });
        }
        for (is_filter, sign, token) in filters(found) {
            known(template, start + token.at, token.text, is_filter)?;
            let Some(sign) = found.get(sign) else { continue };
            let ready = match (words::takes_numbers(token.text), words::orders(token.text)) {
                (true, _) => NUMBER,
                (false, true) => ALIKE,
                (false, false) => continue,
            };
            edits.push((sign.at, 0, format!("|{ready} ")));
        }
        edits.extend(operands(found).into_iter().map(|(end, how)| {
            let filter = match how {
                Operand::Number => NUMBER,
                Operand::Numeral => NUMERAL,
                Operand::Strict => STRICT,
            };
            (end, 0, format!("|{filter}"))
        }));
        edits.sort_by_key(|(at, ..)| *at);
        let (mut from, shift) = (0, start - at);
        for (byte, left_out, text) in edits {
            let to = shift + byte;
            self.mark(at + from);
            self.source.push_str(written.get(from..to).unwrap_or_default());
            // What is put behind an operand stands for its end.
            let before = written.get(..to).and_then(|before| before.char_indices().last());
            self.inserted(at + before.filter(|_| left_out == 0).map_or(to, |(last, _)| last));
            self.source.push_str(&text);
            from = to + left_out;
        }
        self.mark(at + from);
        self.source.push_str(written.get(from..).unwrap_or_default());
        Ok(())
    }
}

/// The byte of the template at which what stands in an expression or a tag begins.
fn place(at: usize, written: &str) -> usize {
    at + 2 + usize::from(written.get(2..).is_some_and(|inside| inside.starts_with(['-', '+'])))
}

fn known(template: &str, at: usize, name: &str, is_filter: bool) -> Result<(), Mistake> {
    words::unknown(name, is_filter).map_or(Ok(()), |message| Err(Mistake::at(template, at, message)))
}

/// How many parts of a name, joined by dots, are a variable: as many as can be.
fn named(parts: &[&str], has: &dyn Fn(&str) -> bool) -> Option<usize> {
    (1..=parts.len()).rev().find(|whole| parts.get(..*whole).is_some_and(|parts| has(&parts.join("."))))
}

/// A name whose first parts are a variable.
fn looked_up(parts: &[&str], whole: usize) -> String {
    let (name, rest) = parts.split_at(whole.min(parts.len()));
    let rest: String = rest.iter().map(|part| subscript(part)).collect();
    format!("{VALUES}{}{rest}", subscript(&name.join(".")))
}

/// A name has neither quotes nor backslashes.
fn subscript(name: &str) -> String {
    if name.bytes().all(|byte| byte.is_ascii_digit()) { format!("[{name}]") } else { format!("[\"{name}\"]") }
}

/// Tells whether the template gives a name itself.
fn is_given(name: &str, open: &[Open<'_>]) -> bool {
    open.iter().any(|tag| tag.names.contains(&name))
}

/// Tells whether what follows a name asks if it has a value.
fn asks_whether(tokens: &[Token<'_>], path: &Path<'_>) -> bool {
    let after = tokens.get(path.first + path.tokens..).unwrap_or_default();
    let after: Vec<&str> = after.iter().take(3).map(|token| token.text).collect();
    matches!(
        after.as_slice(),
        ["is", "defined" | "undefined", ..] | ["is", "not", "defined" | "undefined"] | ["|", "default" | "d", ..]
    )
}

fn nest<'a>(
    template: &str,
    open: &mut Vec<Open<'a>>,
    at: usize,
    word: &'a str,
    found: &[Token<'a>],
    given: &[(usize, &'a str)],
) -> Result<(), Mistake> {
    let names = || given.iter().map(|(_, name)| *name);
    let wrong = |message: String| Err(Mistake::at(template, at, message));
    if open.len() > DEEP {
        return wrong(format!("too much work: tags lie more than {DEEP} deep in each other"));
    }
    match (word, open.last_mut().filter(|tag| !tag.word.is_empty())) {
        ("if" | "filter", _) => open.push(Open { at, word, names: Vec::new() }),
        ("for", _) => open.push(Open { at, word, names: names().chain(["loop"]).collect() }),
        ("with", _) => open.push(Open { at, word, names: names().collect() }),
        ("set", _) => {
            // What an `if` sets is set outside of it as well.
            if let Some(scope) = open.iter_mut().rev().find(|tag| !matches!(tag.word, "if" | "filter" | "set")) {
                scope.names.extend(names());
            }
            if !found.iter().any(|token| token.kind == Kind::Sign && token.text == "=") {
                open.push(Open { at, word, names: Vec::new() });
            }
        }
        ("elif" | "elseif", Some(tag)) if tag.word == "if" => {}
        // What a loop does without items knows none of its names.
        ("else", Some(tag)) if tag.word == "for" => tag.names.clear(),
        ("else", Some(tag)) if tag.word == "if" => {}
        ("else", _) => return wrong("`else` stands in no `if` and in no `for`".to_owned()),
        ("elif" | "elseif", _) => return wrong(format!("`{word}` stands in no `if`")),
        (_, Some(tag)) if word.strip_prefix("end") == Some(tag.word) => drop(open.pop()),
        (_, Some(tag)) => {
            let line = Mistake::at(template, tag.at, "").line;
            return wrong(format!("`{word}` cannot close the `{}` of line {line}", tag.word));
        }
        (_, None) => return wrong(format!("`{word}` closes nothing")),
    }
    Ok(())
}

/// The names that a tag gives, with the places of their tokens.
fn given<'a>(word: &str, found: &[Token<'a>]) -> Vec<(usize, &'a str)> {
    let names = found.iter().enumerate().skip(1).filter(|(_, token)| token.kind == Kind::Word);
    let name = |(place, token): (usize, &Token<'a>)| (place, token.text);
    let is = |place: usize, sign: &str| found.get(place).is_some_and(|token| token.text == sign);
    match word {
        "for" => names.take_while(|(_, token)| token.text != "in").map(name).collect(),
        "set" => {
            let end = found.iter().position(|token| token.text == "=").unwrap_or(found.len());
            names
                .take_while(|(place, _)| *place < end && !is(*place, "|"))
                .take_while(|(place, _)| !is(place - 1, "|"))
                .map(name)
                .collect()
        }
        "with" => names.filter(|(place, _)| is(place + 1, "=")).map(name).collect(),
        _ => Vec::new(),
    }
}

/// The end of what a loop runs over, if that is one operand.
fn iterated(found: &[Token<'_>]) -> Option<usize> {
    let first = found.iter().position(|token| token.text == "in")? + 1;
    let last = super::tokens::operand_end(found, first);
    let ends = found.get(last + 1).is_none_or(|token| matches!(token.text, "if" | "recursive"));
    found.get(last).filter(|_| ends).map(Token::end)
}

/// Tells whether a tag or a comment is all that stands on its lines.
fn is_alone(template: &str, piece: &Piece<'_>) -> bool {
    let (Piece::Tag { at, written, .. } | Piece::Silent { at, written }) = *piece else {
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
