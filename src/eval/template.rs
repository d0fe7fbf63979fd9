//! Templates: `{{ name }}` stands for a variable, everything else stands for itself, but for the expressions,
//! tags and comments of Jinja, as `MiniJinja` has them.
//!
//! Values are inserted as they are: not escaped, and not read as templates again. They keep their types:
//! numbers, truth values, null (which is written as nothing), lists and objects, whose fields and items are
//! read by `{{ a.b }}` and `{{ l[0] }}`; a text that is a JSON array or object can be read so, too. Numbers are
//! written as the data has them, and a text that writes a number can be compared with one. Braces that
//! enclose no expression and `{%` that begins no tag are texts, so JSON examples and other languages need no
//! escaping; [`Asks::notes`] has each such place. `{{{{` writes `{{`, `{%{%` before the word of a tag writes
//! `{%`, and between `{% raw %}` and `{% endraw %}` everything is text.
//!
//! The tags are `if`, `elif`, `else`, `for`, `set`, `with` and `filter`, with their ends. A loop runs over the
//! items of a list, the keys of an object (`for key, value in object` over both), or the lines of a text that
//! are not blank. A line that holds nothing but a tag or a comment is left out.

mod budget;
mod compose;
mod library;
mod pieces;
mod tokens;
mod values;
mod words;

use std::fmt;

pub use self::budget::FillBudget;
use self::{
    compose::Composed,
    pieces::{Piece, pieces},
};
use crate::model::{Input, Turn};

/// Variables of a prompt, at most.
const MOST_NAMES: usize = 5000;

/// Bytes of templates and values that are filled in a moment.
const LIGHT: usize = 256 << 10;

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong, in words.
    pub message: String,
}

impl Mistake {
    fn at(template: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = template.get(..byte).unwrap_or(template);
        let line = before.rsplit('\n').next().unwrap_or(before);
        Self { line: 1 + before.matches('\n').count(), column: 1 + line.chars().count(), message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message } = self;
        write!(f, "line {line}, column {column}: {message}")
    }
}

/// A place of a template that looks like an expression, a tag or a comment and is text, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The place of its message among the prompt's, counted from 0.
    pub message: usize,
    /// Where in the template, and why.
    pub mistake: Mistake,
}

impl fmt::Display for Note {
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
    Mistake(Mistake),
}

/// What a template asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// The names of its variables, in order, each once.
    pub names: Vec<String>,
    /// Those of them it can do without: it asks whether they are there.
    pub optional: Vec<String>,
    /// What is wrong with it.
    pub mistake: Option<Mistake>,
    /// Places that look like templates and are texts.
    pub notes: Vec<Note>,
}

impl Asks {
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
        let many = many.then(|| Mistake { line: 1, column: 1, message: too_many() });
        self.mistake = self.mistake.take().or(other.mistake).or(many);
        self.notes.extend(other.notes);
    }
}

/// Tells whether a name has a value: `a.b` can be a variable, or a field of the variable `a`.
pub fn is_given(name: &str, has_value: impl Fn(&str) -> bool) -> bool {
    library::prefixes(name).any(has_value)
}

/// Lists what a template asks for; of one that makes no sense, nothing is known.
#[must_use]
pub fn asks(template: &str) -> Asks {
    let asked = pieces(template).and_then(|pieces| {
        let asks = asks_of_pieces(template, &pieces.all)?;
        Ok(Asks { notes: pieces.notes, ..asks })
    });
    asked.unwrap_or_else(|mistake| Asks { mistake: Some(mistake), ..Asks::default() })
}

fn asks_of_pieces(template: &str, pieces: &[Piece<'_>]) -> Result<Asks, Mistake> {
    if !pieces.iter().any(Piece::is_code) {
        return plain_asks(template, pieces);
    }
    let composed = Composed::of(template, pieces, &|_| false)?;
    library::asks(template, &composed)
}

/// Lists what the messages of a prompt ask for together, and each mistake with the place of its
/// message. A muted one asks for nothing.
#[must_use]
pub fn asks_of(turns: &[Turn]) -> (Asks, Vec<(usize, Mistake)>) {
    let (mut all, mut mistakes) = (Asks::default(), Vec::new());
    for (place, turn) in turns.iter().enumerate().filter(|(_, turn)| !turn.muted) {
        let mut asks = asks(&turn.content);
        asks.notes.iter_mut().for_each(|note| note.message = place);
        mistakes.extend(asks.mistake.clone().map(|mistake| (place, mistake)));
        all.add(asks);
    }
    (all, mistakes)
}

/// Fills a template from an input, and takes what that takes from a budget.
pub fn fill(template: &str, input: &Input, budget: &mut FillBudget) -> Result<String, Unfilled> {
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
                pieces.all.iter().all(|piece| !matches!(piece, Piece::Output { .. } | Piece::Tag { .. }))
            })
    })
}

/// Fills a template of texts and variables; none if it has anything else, or a variable has no value.
fn fill_plain(
    template: &str,
    pieces: &[Piece<'_>],
    input: &Input,
    budget: &mut FillBudget,
) -> Option<Result<String, Mistake>> {
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        parts.push(match piece {
            Piece::Text { at, text } => (*at, *text),
            Piece::Variable { at, name } => (*at, input.value(name)?),
            Piece::Output { .. } | Piece::Tag { .. } | Piece::Silent { .. } => return None,
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
    pieces: &[Piece<'_>],
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
        .filter(|name| input.value(name).is_none() && !library::prefixes(name).skip(1).any(has_fields));
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        return Err(Unfilled::Missing(missing));
    }
    let composed = Composed::of(template, pieces, &|name| input.value(name).is_some()).map_err(Unfilled::Mistake)?;
    let done = library::fill(template, &composed, &asks, input);
    budget.burn(done.as_ref().map_or(library::FUEL, |(_, fuel)| *fuel));
    let (filled, _) = done?;
    budget.write(template, 0, filled.len()).map_err(Unfilled::Mistake)?;
    Ok(filled)
}

/// A stretch of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// What stands for itself.
    Text(&'a str),
    /// What stands between `{% raw %}` and `{% endraw %}`.
    Raw(&'a str),
    /// A variable, an expression, a tag or a comment, as it was written.
    Code(&'a str),
}

/// Cuts a template into texts and what is none; one that makes no sense is left whole.
#[must_use]
pub fn parts(template: &str) -> Vec<Part<'_>> {
    let Ok(pieces) = pieces(template) else { return vec![Part::Code(template)] };
    let mut raw = false;
    let part = |piece: Piece<'_>| match piece {
        Piece::Variable { at, .. } => {
            let start = template.get(..at)?.rfind("{{")?;
            let end = at + template.get(at..)?.find("}}")? + 2;
            template.get(start..end).map(Part::Code)
        }
        Piece::Text { at, text } if raw => template.get(at..at + text.len()).map(Part::Raw),
        Piece::Text { at, text } => template.get(at..at + text.len()).map(Part::Text),
        Piece::Output { at, written } | Piece::Tag { at, written, .. } => {
            template.get(at..at + written.len()).map(Part::Code)
        }
        Piece::Silent { written, .. } if !written.starts_with("{#") => {
            raw = !raw;
            None
        }
        Piece::Silent { at, written } => template.get(at..at + written.len()).map(Part::Code),
    };
    pieces.all.into_iter().filter_map(part).collect()
}

fn plain_asks(template: &str, pieces: &[Piece<'_>]) -> Result<Asks, Mistake> {
    let mut asks = Asks::default();
    for piece in pieces {
        if let Piece::Variable { at, name } = piece {
            push_new(&mut asks.names, name);
            if asks.names.len() > MOST_NAMES {
                return Err(Mistake::at(template, *at, too_many()));
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

#[cfg(test)]
mod tests;
