//! A form: labelled lines, each with a hint and, once it was tried, what is wrong with it.

use crossterm::event::KeyCode;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{context::Scene, overlay::typed},
    widgets::{
        key::Chord,
        line_input::LineInput,
        table::{fitted, left},
        theme::Role,
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
    pub fault: Option<String>,
}

impl FormField {
    /// Makes a line of a form.
    pub fn new(label: impl Into<String>, value: &str, hint: impl Into<String>) -> Self {
        Self { label: label.into(), line: LineInput::of(value), hint: hint.into(), words: &[], fault: None }
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

    /// Returns the line being edited.
    pub fn line_mut(&mut self) -> Option<&mut LineInput> {
        self.rows.get_mut(self.at).filter(|row| row.words.is_empty()).map(|row| &mut row.line)
    }

    /// Goes to another line, stopping at either end.
    pub fn step(&mut self, by: isize) {
        self.go(self.at.saturating_add_signed(by));
    }

    /// Goes to a line by its place.
    pub fn go(&mut self, at: usize) {
        self.at = at.min(self.rows.len().saturating_sub(1));
    }

    /// Takes a key into the line being edited. Tells whether it meant anything.
    pub fn key(&mut self, chord: Chord) -> bool {
        let Some(row) = self.rows.get_mut(self.at) else {
            return false;
        };
        row.fault = None;
        if row.words.is_empty() {
            return row.line.key(chord).is_some();
        }
        match chord.code() {
            KeyCode::Char(' ') | KeyCode::Right => row.turn(true),
            KeyCode::Left => row.turn(false),
            KeyCode::Char(c) if chord.text().is_some() => {
                if let Some(word) = row.words.iter().find(|word| word.starts_with(c)) {
                    row.line = LineInput::of(word);
                }
            }
            _ => return false,
        }
        true
    }

    /// Returns the value of a line by its label; empty if there is no such line.
    #[must_use]
    pub fn value(&self, label: &str) -> String {
        self.rows.iter().find(|row| row.label == label).map(FormField::value).unwrap_or_default()
    }

    /// Reads a line by its label. An empty line is none; a fault is noted on it.
    pub fn read<T>(&mut self, label: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let row = self.rows.iter_mut().find(|row| row.label == label)?;
        let value = row.value();
        if value.is_empty() {
            return None;
        }
        match parse(&value) {
            Ok(read) => Some(read),
            Err(fault) => {
                row.fault = Some(fault);
                None
            }
        }
    }

    /// Goes to the first line with a fault, if there is one. Tells whether there is.
    pub fn show_fault(&mut self) -> bool {
        let faulty = self.rows.iter().position(|row| row.fault.is_some());
        if let Some(at) = faulty {
            self.at = at;
        }
        faulty.is_some()
    }
}

/// Columns of the labels.
const LABEL: u16 = 20;

/// Draws the form's lines, and below them what is said of the one being edited.
pub(crate) fn draw(scene: Scene<'_>, form: &Form, area: Rect, buffer: &mut Buffer) {
    if form.rows.is_empty() {
        let text = "The prompt has no variables but {{ input }}.";
        buffer.set_line(area.x, area.y, &Line::from(scene.span(text, Role::Quiet)), area.width);
        return;
    }
    let said = 2.min(area.height.saturating_sub(1));
    let rows = Rect { height: area.height - said, ..area };
    let top = (form.at + 1).saturating_sub(usize::from(rows.height));
    for ((at, row), place) in form.rows.iter().enumerate().skip(top).zip(rows.rows()) {
        let here = at == form.at;
        let label = left(&row.label, usize::from(LABEL).saturating_sub(3));
        let mark = if here { "▸ " } else { "  " };
        let line = Line::from(vec![
            scene.span(mark, Role::Focus),
            scene.span(label, if here { Role::Title } else { Role::Text }),
            scene.span(if row.fault.is_some() { "✗" } else { " " }, Role::Fail),
        ]);
        buffer.set_line(place.x, place.y, &line, place.width);
        let value = Rect { x: place.x.saturating_add(LABEL), width: place.width.saturating_sub(LABEL), ..place };
        let text = row.line.text();
        if !row.words.is_empty() {
            let mut spans = Vec::new();
            for word in row.words {
                let chosen = *word == text;
                let shown = if chosen { format!("[{word}]") } else { format!(" {word} ") };
                spans.push(scene.span(shown, if chosen { Role::Title } else { Role::Quiet }));
                spans.push(Span::raw(" "));
            }
            buffer.set_line(value.x, value.y, &Line::from(spans), value.width);
        } else if here {
            typed(scene, "", &row.line, "", value, buffer);
        } else if text.is_empty() {
            let hint = fitted(&row.hint, usize::from(value.width));
            buffer.set_line(value.x, value.y, &Line::from(scene.span(hint, Role::Quiet)), value.width);
        } else {
            let shown = fitted(&text, usize::from(value.width));
            buffer.set_line(value.x, value.y, &Line::from(scene.span(shown, Role::Number)), value.width);
        }
    }
    let Some(row) = form.rows.get(form.at) else {
        return;
    };
    let line = match &row.fault {
        Some(fault) => Line::from(vec![scene.span("✗ ", Role::Fail), scene.foreign(fault, Role::Fail)]),
        None => Line::from(scene.foreign(&row.hint, Role::Quiet)),
    };
    let below = Rect { y: rows.bottom().saturating_add(1), height: 1, ..area }.intersection(area);
    buffer.set_line(below.x, below.y, &line, below.width);
}
