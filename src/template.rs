//! Templates: `{{ name }}` stands for a variable, everything else stands for itself, but for the expressions,
//! tags and comments of Jinja, as `MiniJinja` has them.
//!
//! Values are inserted as they are: not escaped, and not read as templates again. They keep their types:
//! numbers, truth values, null (which is written as nothing), lists and objects, whose fields and items are
//! read by `{{ a.b }}` and `{{ l[0] }}`; a text that is a JSON array or object can be read so, too. Numbers are
//! written as the data has them, and a text that writes a number can be compared with one. Braces that
//! enclose no expression and `{%` that begins no tag are texts, so JSON examples and other languages need no
//! escaping; [`TemplateVariables::notes`] has each such place. `{{{{` writes `{{`, `{%{%` before the word of a tag writes
//! `{%`, and between `{% raw %}` and `{% endraw %}` everything is text.
//!
//! The tags are `if`, `elif`, `else`, `for`, `set`, `with` and `filter`, with their ends. A loop runs over the
//! items of a list, the keys of an object (`for key, value in object` over both), or the lines of a text that
//! are not blank. A line that holds nothing but a tag or a comment is left out. For the library a template is rewritten so
//! that nothing but its tags and expressions means anything.

pub mod conversation;
pub mod guess;

pub(crate) mod budget;
pub(crate) mod expression;
pub(crate) mod part_shapes;
pub(crate) mod pieces;
pub(crate) mod render;
pub(crate) mod tokens;
pub(crate) mod tree;
pub(crate) mod value_filters;
pub(crate) mod values;

use std::{fmt, fmt::Write as _};

pub use crate::template::budget::FillBudget;
use crate::{
    model::{Input, Turn, VarValue},
    template::{
        conversation::EARLIER,
        pieces::{TemplatePiece, inner, pieces},
        tokens::{Operand, Path, TemplateToken, TemplateTokenKind, filters, operands, paths, tokens},
        values::{ALIKE, ITEMS, NUMBER, NUMERAL, PAIRS, STRICT},
    },
};

/// Variables of a prompt, at most.
const MOST_NAMES: usize = 5000;

/// Bytes of templates and values that are filled in a moment.
const LIGHT: usize = 256 << 10;

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong, in words.
    pub message: String,
}

impl TemplateError {
    fn at(template: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = template.get(..byte).unwrap_or(template);
        let line = before.rsplit('\n').next().unwrap_or(before);
        Self { line: 1 + before.matches('\n').count(), column: 1 + line.chars().count(), message: message.into() }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message } = self;
        write!(f, "line {line}, column {column}: {message}")
    }
}

/// A place of a template that looks like an expression, a tag or a comment and is text, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateNote {
    /// The place of its message among the prompt's, counted from 0.
    pub message: usize,
    /// Where in the template, and why.
    pub mistake: TemplateError,
}

impl fmt::Display for TemplateNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistake.fmt(f)
    }
}

/// Why a template was not filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfilled {
    /// Variables without a value, in order, each once.
    Missing(Vec<String>),
    /// A template that makes no sense, or that came to no end.
    Mistake(TemplateError),
}

/// What a template asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateVariables {
    /// The names of its variables, in order, each once.
    pub names: Vec<String>,
    /// Those of them it can do without: it asks whether they are there.
    pub optional: Vec<String>,
    /// What is wrong with it.
    pub mistake: Option<TemplateError>,
    /// Places that look like templates and are texts.
    pub notes: Vec<TemplateNote>,
}

impl TemplateVariables {
    /// Lists the names that need a value and have none, in order.
    #[must_use]
    pub fn missing(&self, has_value: impl Fn(&str) -> bool) -> Vec<String> {
        let needed = |name: &&String| !self.optional.contains(name) && !is_given(name, &has_value);
        self.names.iter().filter(needed).cloned().collect()
    }

    /// Adds what another template of the same prompt asks for. What one of them needs is needed; of
    /// the mistakes the first is kept.
    pub fn add(&mut self, other: Self) {
        let optional = |asks: &Self, name: &String| asks.optional.contains(name) || !asks.names.contains(name);
        let both =
            self.optional.iter().chain(&other.optional).filter(|name| optional(self, name) && optional(&other, name));
        self.optional = both.cloned().collect();
        for name in &other.names {
            if self.names.len() > MOST_NAMES {
                break;
            }
            push_new(&mut self.names, name);
        }
        let many = self.names.len() > MOST_NAMES;
        let many = many.then(|| TemplateError { line: 1, column: 1, message: too_many() });
        self.mistake = self.mistake.take().or(other.mistake).or(many);
        self.notes.extend(other.notes);
    }
}

/// Tells whether a name has a value: `a.b` can be a variable, or a field of the variable `a`.
pub fn is_given(name: &str, has_value: impl Fn(&str) -> bool) -> bool {
    render::prefixes(name).any(has_value)
}

/// Lists what a template asks for; of one that makes no sense, nothing is known.
#[must_use]
pub fn asks(template: &str) -> TemplateVariables {
    let variables = pieces(template).and_then(|pieces| {
        let asks = asks_of_pieces(template, &pieces.all)?;
        Ok(TemplateVariables { notes: pieces.notes, ..asks })
    });
    let mut variables = variables
        .unwrap_or_else(|mistake| TemplateVariables { mistake: Some(mistake), ..TemplateVariables::default() });
    // Nobody gives it a value: a batch does.
    variables.names.retain(|name| !is_earlier(name));
    variables
}

/// Tells whether a name reads the earlier turns of a conversation, which a batch keeps.
fn is_earlier(name: &str) -> bool {
    name.split('.').next() == Some(EARLIER)
}

/// Tells whether a template reads the earlier turns of a conversation.
#[must_use]
pub fn reads_earlier(template: &str) -> bool {
    template.contains(EARLIER)
        && pieces(template)
            .and_then(|pieces| asks_of_pieces(template, &pieces.all))
            .is_ok_and(|asks| asks.names.iter().any(|name| is_earlier(name)))
}

fn asks_of_pieces(template: &str, pieces: &[TemplatePiece<'_>]) -> Result<TemplateVariables, TemplateError> {
    if !pieces.iter().any(TemplatePiece::is_code) {
        return plain_asks(template, pieces);
    }
    let composed = Composed::of(template, pieces, &|_| false)?;
    render::asks(template, &composed)
}

/// Lists what the messages of a prompt ask for together, and each mistake with the place of its
/// message. A muted one asks for nothing.
#[must_use]
pub fn asks_of(turns: &[Turn]) -> (TemplateVariables, Vec<(usize, TemplateError)>) {
    let (mut all, mut mistakes) = (TemplateVariables::default(), Vec::new());
    for (place, turn) in turns.iter().enumerate().filter(|(_, turn)| !turn.muted) {
        let mut asks = asks(&turn.content);
        for part in &turn.parts {
            asks.add(self::asks(&part.source));
        }
        asks.notes.iter_mut().for_each(|note| note.message = place);
        mistakes.extend(asks.mistake.clone().map(|mistake| (place, mistake)));
        all.add(asks);
    }
    (all, mistakes)
}

/// Writes a text as a template that stands for it, whatever is in it.
#[must_use]
pub fn literal(text: &str) -> String {
    if !["{{", "{%", "{#"].iter().any(|begins| text.contains(begins)) {
        return text.to_owned();
    }
    // The end of what is raw would end it in the middle: it is written in two halves.
    let text = text.replace("{%", "{%{% endraw %}{% raw %}");
    format!("{{% raw %}}{text}{{% endraw %}}")
}

/// Fills a template from an input, and takes what that takes from a budget.
pub fn fill(template: &str, input: &Input, budget: &mut FillBudget) -> Result<String, Unfilled> {
    if template.contains(EARLIER) && input.value(EARLIER).is_none() {
        // A conversation begins without a turn.
        let mut input = input.clone();
        input.vars.insert(EARLIER.to_owned(), VarValue::Json("[]".to_owned()));
        return fill(template, &input, budget);
    }
    budget.begin(template).map_err(Unfilled::Mistake)?;
    let pieces = pieces(template).map_err(Unfilled::Mistake)?.all;
    match fill_plain(template, &pieces, input, budget) {
        Some(filled) => filled.map_err(Unfilled::Mistake),
        None => fill_by_library(template, &pieces, input, budget),
    }
}

/// Tells whether filling templates is done in a moment: they hold no expressions and no tags, and neither they nor the input are long.
#[must_use]
pub fn is_light<'a>(templates: impl IntoIterator<Item = &'a str>, input: &Input) -> bool {
    let values: usize = input.vars.values().map(|value| value.as_str().len()).sum();
    let mut left = LIGHT.saturating_sub(values.saturating_add(input.text.len()));
    templates.into_iter().all(|template| {
        left = left.saturating_sub(template.len());
        left > 0
            && pieces(template).is_ok_and(|pieces| {
                pieces
                    .all
                    .iter()
                    .all(|piece| !matches!(piece, TemplatePiece::Output { .. } | TemplatePiece::Tag { .. }))
            })
    })
}

/// Fills a template of texts and variables; none if it has anything else, or a variable has no value.
fn fill_plain(
    template: &str,
    pieces: &[TemplatePiece<'_>],
    input: &Input,
    budget: &mut FillBudget,
) -> Option<Result<String, TemplateError>> {
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        parts.push(match piece {
            TemplatePiece::Text { at, text } => (*at, *text),
            TemplatePiece::Variable { at, name } => (*at, input.value(name)?),
            TemplatePiece::Output { .. } | TemplatePiece::Tag { .. } | TemplatePiece::Silent { .. } => return None,
        });
    }
    let mut filled = String::new();
    for (at, part) in parts {
        if let Err(much) = budget.write(template, at, part.len()) {
            return Some(Err(much));
        }
        filled.push_str(part);
    }
    Some(Ok(filled))
}

fn fill_by_library(
    template: &str,
    pieces: &[TemplatePiece<'_>],
    input: &Input,
    budget: &mut FillBudget,
) -> Result<String, Unfilled> {
    let asks = asks_of_pieces(template, pieces).map_err(Unfilled::Mistake)?;
    // A field is there only if what it is read of has fields.
    let has_fields = |name: &str| {
        let text = input.value(name).unwrap_or_default().trim_start();
        text.starts_with(['[', '{'])
    };
    let missing = asks
        .missing(|_| false)
        .into_iter()
        .filter(|name| input.value(name).is_none() && !render::prefixes(name).skip(1).any(has_fields));
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        return Err(Unfilled::Missing(missing));
    }
    let composed = Composed::of(template, pieces, &|name| input.value(name).is_some()).map_err(Unfilled::Mistake)?;
    let done = render::fill(template, &composed, &asks, input);
    budget.burn(done.as_ref().map_or(render::FUEL, |(_, fuel)| *fuel));
    let (filled, _) = done?;
    budget.write(template, 0, filled.len()).map_err(Unfilled::Mistake)?;
    Ok(filled)
}

/// A stretch of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplatePart<'a> {
    /// What stands for itself.
    Text(&'a str),
    /// What stands between `{% raw %}` and `{% endraw %}`.
    Raw(&'a str),
    /// A variable, an expression, a tag or a comment, as it was written.
    Code(&'a str),
}

/// Cuts a template into texts and what is none; one that makes no sense is left whole.
#[must_use]
pub fn parts(template: &str) -> Vec<TemplatePart<'_>> {
    let Ok(pieces) = pieces(template) else { return vec![TemplatePart::Code(template)] };
    let mut raw = false;
    let part = |piece: TemplatePiece<'_>| match piece {
        TemplatePiece::Variable { at, .. } => {
            let start = template.get(..at)?.rfind("{{")?;
            let end = at + template.get(at..)?.find("}}")? + 2;
            template.get(start..end).map(TemplatePart::Code)
        }
        TemplatePiece::Text { at, text } if raw => template.get(at..at + text.len()).map(TemplatePart::Raw),
        TemplatePiece::Text { at, text } => template.get(at..at + text.len()).map(TemplatePart::Text),
        TemplatePiece::Output { at, written } | TemplatePiece::Tag { at, written, .. } => {
            template.get(at..at + written.len()).map(TemplatePart::Code)
        }
        TemplatePiece::Silent { written, .. } if !written.starts_with("{#") => {
            raw = !raw;
            None
        }
        TemplatePiece::Silent { at, written } => template.get(at..at + written.len()).map(TemplatePart::Code),
    };
    pieces.all.into_iter().filter_map(part).collect()
}

fn plain_asks(template: &str, pieces: &[TemplatePiece<'_>]) -> Result<TemplateVariables, TemplateError> {
    let mut asks = TemplateVariables::default();
    for piece in pieces {
        if let TemplatePiece::Variable { at, name } = piece {
            push_new(&mut asks.names, name);
            if asks.names.len() > MOST_NAMES {
                return Err(TemplateError::at(template, *at, too_many()));
            }
        }
    }
    Ok(asks)
}

fn too_many() -> String {
    format!("too much work: there are more than {MOST_NAMES} variables")
}

fn push_new(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// The name under which the library finds the values of the variables by their whole names.
pub(crate) const VALUES: &str = "__values";

/// A template as the library reads it.
#[derive(Debug, Default)]
pub(crate) struct Composed {
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
pub(crate) struct Mention {
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
    pub(crate) fn of(
        template: &str,
        pieces: &[TemplatePiece<'_>],
        has: &dyn Fn(&str) -> bool,
    ) -> Result<Self, TemplateError> {
        let mut composed = Self::default();
        // The outermost holds the names that the template gives outside of all tags.
        let mut open = vec![Open { at: 0, word: "", names: Vec::new() }];
        let alone = |piece: Option<&TemplatePiece<'_>>| piece.is_some_and(|piece| is_alone(template, piece));
        for (place, piece) in pieces.iter().enumerate() {
            match *piece {
                TemplatePiece::Text { at, text } => {
                    let after = alone(place.checked_sub(1).and_then(|before| pieces.get(before)));
                    let text_end = if alone(pieces.get(place + 1)) { without_indent(text) } else { text };
                    let skipped = if after { text_end.find('\n').map_or(text_end.len(), |end| end + 1) } else { 0 };
                    composed.text(at + skipped, text_end.get(skipped..).unwrap_or_default());
                }
                TemplatePiece::Variable { at, name } => composed.variable(at, name, &open, has),
                TemplatePiece::Output { at, written } => {
                    let found = tokens(inner(written));
                    composed.code(template, at, written, &found, &[], &open, has, Vec::new())?;
                }
                TemplatePiece::Tag { at, word, written } => {
                    composed.tag(template, at, word, written, &mut open, has)?;
                }
                TemplatePiece::Silent { written, .. } => {
                    let mark = |held: bool| if held { "-" } else { "" };
                    let (before, after) =
                        (written.get(2..3) == Some("-"), written.rfind('-') == Some(written.len() - 3));
                    let _ = write!(composed.source, "{{#{} {}#}}", mark(before), mark(after));
                }
            }
        }
        match open.pop().filter(|tag| !tag.word.is_empty()) {
            Some(Open { at, word, .. }) => Err(TemplateError::at(
                template,
                at,
                format!("this `{word}` is not closed: `{{% end{word} %}}` is missing"),
            )),
            None => Ok(composed),
        }
    }

    /// Finds the byte of the template for one of the source.
    pub(crate) fn place(&self, source: usize) -> usize {
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
            && is_set_by_tag(root, open)
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
    ) -> Result<(), TemplateError> {
        let found = tokens(inner(written));
        let given = given(word, &found);
        // `x = x | default(1)`: what stands behind is the variable of the input yet.
        let is_assigned = matches!(word, "set" | "with");
        let fresh: Vec<&str> = given.iter().map(|(_, name)| *name).filter(|name| !is_set_by_tag(name, open)).collect();
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
        let before = self.mentions.len();
        self.code(template, at, written, &found, &skipped, open, has, edits)?;
        for mention in self.mentions.iter_mut().skip(before).filter(|_| is_assigned) {
            let root = mention.name.split('.').next().unwrap_or_default();
            mention.loose &= !fresh.contains(&root);
        }
        Ok(())
    }

    /// Writes an expression or a tag, its operands made ready to be compared.
    #[allow(clippy::too_many_arguments, reason = "what an expression is read with")]
    fn code(
        &mut self,
        template: &str,
        at: usize,
        written: &str,
        found: &[TemplateToken<'_>],
        skipped: &[usize],
        open: &[Open<'_>],
        has: &dyn Fn(&str) -> bool,
        mut edits: Vec<Edit>,
    ) -> Result<(), TemplateError> {
        let start = place(at, written);
        for path in paths(found).into_iter().filter(|path| !skipped.contains(&path.first)) {
            let local = path.parts.first().is_some_and(|root| is_set_by_tag(root, open));
            if !local && let Some(whole) = named(&path.parts, has).filter(|whole| *whole > 1) {
                let end = found.get(path.first + path.tokens - 1).map_or(path.at, TemplateToken::end);
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
            let ready = match (tokens::takes_numbers(token.text), tokens::orders(token.text)) {
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

fn known(template: &str, at: usize, name: &str, is_filter: bool) -> Result<(), TemplateError> {
    tokens::unknown(name, is_filter).map_or(Ok(()), |message| Err(TemplateError::at(template, at, message)))
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
fn is_set_by_tag(name: &str, open: &[Open<'_>]) -> bool {
    open.iter().any(|tag| tag.names.contains(&name))
}

/// Tells whether what follows a name asks if it has a value.
fn asks_whether(tokens: &[TemplateToken<'_>], path: &Path<'_>) -> bool {
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
    found: &[TemplateToken<'a>],
    given: &[(usize, &'a str)],
) -> Result<(), TemplateError> {
    let names = || given.iter().map(|(_, name)| *name);
    let wrong = |message: String| Err(TemplateError::at(template, at, message));
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
            if !found.iter().any(|token| token.kind == TemplateTokenKind::Sign && token.text == "=") {
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
            let line = TemplateError::at(template, tag.at, "").line;
            return wrong(format!("`{word}` cannot close the `{}` of line {line}", tag.word));
        }
        (_, None) => return wrong(format!("`{word}` closes nothing")),
    }
    Ok(())
}

/// The names that a tag gives, with the places of their tokens.
fn given<'a>(word: &str, found: &[TemplateToken<'a>]) -> Vec<(usize, &'a str)> {
    let names = found.iter().enumerate().skip(1).filter(|(_, token)| token.kind == TemplateTokenKind::Word);
    let name = |(place, token): (usize, &TemplateToken<'a>)| (place, token.text);
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
fn iterated(found: &[TemplateToken<'_>]) -> Option<usize> {
    let first = found.iter().position(|token| token.text == "in")? + 1;
    let last = tokens::operand_end(found, first);
    let ends = found.get(last + 1).is_none_or(|token| matches!(token.text, "if" | "recursive"));
    found.get(last).filter(|_| ends).map(TemplateToken::end)
}

/// Tells whether a tag or a comment is all that stands on its lines.
fn is_alone(template: &str, piece: &TemplatePiece<'_>) -> bool {
    let (TemplatePiece::Tag { at, written, .. } | TemplatePiece::Silent { at, written }) = *piece else {
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

#[cfg(test)]
mod tests;
