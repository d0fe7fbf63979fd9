//! A form: labelled lines, each with a hint and, once it was tried, what is wrong with it.

use crossterm::event::KeyCode;

use crate::app::{chord::Chord, line::Line};

/// One line of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// What is filled in.
    pub line: Line,
    /// What may be filled in, and what an empty line means.
    pub hint: String,
    /// What may be filled in, where that is one of a few words; space and arrows walk through them.
    pub words: &'static [&'static str],
    /// What is wrong with it.
    pub fault: Option<String>,
}

impl Row {
    /// Makes a line of a form.
    pub fn new(label: impl Into<String>, value: &str, hint: impl Into<String>) -> Self {
        Self { label: label.into(), line: Line::of(value), hint: hint.into(), words: &[], fault: None }
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
            self.line = Line::of(word);
        }
    }
}

/// Lines with one of them being edited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// The lines.
    pub rows: Vec<Row>,
    /// Which is being edited.
    pub at: usize,
}

impl Form {
    /// Makes a form with its first line being edited.
    #[must_use]
    pub fn new(rows: Vec<Row>) -> Self {
        Self { rows, at: 0 }
    }

    /// Returns the line being edited.
    pub fn line_mut(&mut self) -> Option<&mut Line> {
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
                    row.line = Line::of(word);
                }
            }
            _ => return false,
        }
        true
    }

    /// Returns the value of a line by its label; empty if there is no such line.
    #[must_use]
    pub fn value(&self, label: &str) -> String {
        self.rows.iter().find(|row| row.label == label).map(Row::value).unwrap_or_default()
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
