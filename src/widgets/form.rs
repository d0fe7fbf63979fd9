//! A form: labelled lines, each with a hint and, once it was tried, what is wrong with it.

use std::cell::Cell;

use crossterm::event::KeyCode;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    text::clean_line,
    widgets::{
        frame::truncated,
        interactive::Interactive,
        key::Chord,
        line_input,
        line_input::{LineInput, LineStyle},
        table::{fitted, left},
        theme::{Role, Theme},
    },
};

/// One line of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Its name.
    pub label: String,
    /// What is filled in.
    pub line: LineInput,
    /// What may be filled in, and what an empty line means.
    pub hint: String,
    /// What may be filled in, where that is one of a few words; space and arrows walk through them.
    pub words: &'static [&'static str],
    /// What is wrong with it.
    pub error: Option<String>,
    /// Why what is filled in has no effect here.
    pub without_effect: Option<String>,
}

impl FormField {
    /// Makes a line of a form.
    pub fn new(label: impl Into<String>, value: &str, hint: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            line: LineInput::of(value),
            hint: hint.into(),
            words: &[],
            error: None,
            without_effect: None,
        }
    }

    /// Makes a line that takes one of a few words.
    pub fn of_words(label: &str, value: &str, words: &'static [&'static str], hint: &str) -> Self {
        Self { words, ..Self::new(label, value, hint) }
    }

    /// Returns what is filled in, without white space around it.
    #[must_use]
    pub fn value(&self) -> String {
        self.line.text().trim().to_owned()
    }

    fn turn(&mut self, forward: bool) {
        let value = self.value();
        let at = self.words.iter().position(|word| *word == value).unwrap_or(0);
        let to = (at + if forward { 1 } else { self.words.len().saturating_sub(1) }) % self.words.len().max(1);
        if let Some(word) = self.words.get(to) {
            self.line = LineInput::of(word);
        }
    }
}

/// Lines with one of them being edited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// The lines.
    pub rows: Vec<FormField>,
    /// Which is being edited.
    pub at: usize,
}

impl Form {
    /// Makes a form with its first line being edited.
    #[must_use]
    pub fn new(rows: Vec<FormField>) -> Self {
        Self { rows, at: 0 }
    }

    /// Goes to a line by its place.
    pub fn go(&mut self, at: usize) {
        self.at = at.min(self.rows.len().saturating_sub(1));
    }

    /// Returns the value of a line by its label; empty if there is no such line.
    #[must_use]
    pub fn value(&self, label: &str) -> String {
        self.rows.iter().find(|row| row.label == label).map(FormField::value).unwrap_or_default()
    }

    /// Reads a line by its label. An empty line is none; an error is noted on it.
    pub fn read<T>(&mut self, label: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let row = self.rows.iter_mut().find(|row| row.label == label)?;
        let value = row.value();
        if value.is_empty() {
            return None;
        }
        match parse(&value) {
            Ok(read) => Some(read),
            Err(error) => {
                row.error = Some(error);
                None
            }
        }
    }

    /// Goes to the first line with an error, if there is one. Tells whether there is.
    pub fn show_error(&mut self) -> bool {
        let faulty = self.rows.iter().position(|row| row.error.is_some());
        if let Some(at) = faulty {
            self.at = at;
        }
        faulty.is_some()
    }
}

impl Interactive for Form {
    fn key(&mut self, chord: Chord) -> bool {
        let Some(row) = self.rows.get_mut(self.at) else {
            return false;
        };
        if row.words.is_empty() {
            if !chord.edits_line() {
                return false;
            }
            row.line.key(chord);
        } else {
            match (chord.code(), chord.text()) {
                (KeyCode::Right, _) | (_, Some(' ')) => row.turn(true),
                (KeyCode::Left, _) => row.turn(false),
                (_, Some(letter)) => {
                    if let Some(word) = row.words.iter().find(|word| word.starts_with(letter)) {
                        row.line = LineInput::of(word);
                    }
                }
                (_, None) => return false,
            }
        }
        row.error = None;
        true
    }

    fn paste(&mut self, text: &str) {
        if let Some(row) = self.rows.get_mut(self.at).filter(|row| row.words.is_empty()) {
            row.line.paste(text);
        }
    }

    fn step(&mut self, by: isize) {
        self.go(self.at.saturating_add_signed(by));
    }

    fn click(&mut self, row: usize) -> bool {
        self.go(row);
        false
    }
}

/// Columns of the labels.
const LABEL: u16 = 20;

/// Draws the form's lines, and below them what is said of the one being edited.
pub fn draw(form: &Form, theme: Theme, area: Rect, caret: &Cell<Option<Position>>, buffer: &mut Buffer) {
    let span = |text: &str, role| Span::styled(text.to_owned(), theme.style(role));
    let height = 2.min(area.height.saturating_sub(1));
    let rows = Rect { height: area.height - height, ..area };
    let top = (form.at + 1).saturating_sub(usize::from(rows.height));
    for ((at, row), place) in form.rows.iter().enumerate().skip(top).zip(rows.rows()) {
        let here = at == form.at;
        let label = left(&row.label, usize::from(LABEL).saturating_sub(3));
        let mark = if here { theme.bar() } else { " " };
        let line = Line::from(vec![
            span(mark, Role::Focus),
            Span::raw(" "),
            span(
                &label,
                match (here, &row.without_effect) {
                    (true, _) => Role::Title,
                    (false, Some(_)) => Role::Quiet,
                    (false, None) => Role::Text,
                },
            ),
            span(if row.error.is_some() { "✗" } else { " " }, Role::Fail),
        ]);
        buffer.set_line(place.x, place.y, &line, place.width);
        let value = Rect { x: place.x.saturating_add(LABEL), width: place.width.saturating_sub(LABEL), ..place };
        let text = row.line.text();
        if !row.words.is_empty() {
            let mut spans = Vec::new();
            for word in row.words {
                let chosen = *word == text;
                let shown = if chosen { format!("[{word}]") } else { format!(" {word} ") };
                spans.push(span(&shown, if chosen { Role::Title } else { Role::Quiet }));
                spans.push(Span::raw(" "));
            }
            buffer.set_line(value.x, value.y, &Line::from(spans), value.width);
        } else if here {
            line_input::draw(&row.line, LineStyle { lead: "", empty: "", theme }, value, caret, buffer);
        } else if let Some(why) = &row.without_effect {
            let gap = if text.is_empty() { "" } else { "  " };
            let shown = fitted(&format!("{text}{gap}{why}"), usize::from(value.width));
            buffer.set_line(value.x, value.y, &Line::from(span(clean_line(&shown).as_str(), Role::Quiet)), value.width);
        } else if text.is_empty() {
            let hint = fitted(&row.hint, usize::from(value.width));
            buffer.set_line(value.x, value.y, &Line::from(span(&hint, Role::Quiet)), value.width);
        } else {
            let shown = fitted(&text, usize::from(value.width));
            buffer.set_line(value.x, value.y, &Line::from(span(&shown, Role::Number)), value.width);
        }
    }
    let Some(row) = form.rows.get(form.at) else {
        return;
    };
    let line = match (&row.error, &row.without_effect) {
        (Some(error), _) => Line::from(vec![span("✗ ", Role::Fail), span(clean_line(error).as_str(), Role::Fail)]),
        (None, Some(why)) => Line::from(vec![span("– ", Role::Wait), span(clean_line(why).as_str(), Role::Wait)]),
        (None, None) => Line::from(span(clean_line(&row.hint).as_str(), Role::Quiet)),
    };
    let below = Rect { y: rows.bottom().saturating_add(1), height: 1, ..area }.intersection(area);
    buffer.set_line(below.x, below.y, &truncated(line, usize::from(below.width)), below.width);
}

/// Reads a whole number from 1 to the most there can be.
pub(crate) fn whole(text: &str, most: u64) -> Result<u64, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '_' | ' ' | '\'')).collect();
    let number: Option<u64> = digits.parse().ok();
    number.filter(|n| (1..=most).contains(n)).ok_or_else(|| {
        if most == u64::MAX {
            "a whole number above 0 is expected".to_owned()
        } else {
            format!("1 to {most} is expected")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new(vec![
            FormField::new("free", "", "any text"),
            FormField::of_words("choice", "auto", &["auto", "text", "json"], "one of three"),
        ])
    }

    #[test]
    fn a_line_of_text_takes_what_edits_it_and_forgets_its_error() {
        let mut form = form();
        form.rows[0].error = Some("wrong".to_owned());
        assert!(!form.key("enter".parse().unwrap()) && form.rows[0].error.is_some());
        assert!(form.key("x".parse().unwrap()) && form.rows[0].error.is_none());
        form.paste("yz");
        assert_eq!(form.value("free"), "xyz");
    }

    #[test]
    fn a_line_of_words_takes_what_walks_through_them() {
        let mut form = form();
        assert!(!form.click(1), "a click on a line only goes there");
        for (key, word) in [("right", "text"), ("space", "json"), ("left", "text"), ("a", "auto"), ("x", "auto")] {
            assert!(form.key(key.parse().unwrap()), "{key}");
            assert_eq!(form.value("choice"), word, "{key}");
        }
        assert!(!form.key("ctrl-u".parse().unwrap()));
        form.paste("json");
        assert_eq!(form.value("choice"), "auto", "no text goes in");
    }
}
