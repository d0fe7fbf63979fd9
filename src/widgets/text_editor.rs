//! A text of many lines being edited: keys, one undo step for one word or one paste.
//!
//! The text is a rope, so that no key costs more in a text of ten megabytes than in one of ten lines, and a copy of it
//! shares what it holds.

pub(crate) mod caret;
pub mod search;
pub mod wrap;

use std::{borrow::Cow, ops::Range};

use crossterm::event::KeyCode;
use ropey::Rope;

use crate::{
    text::graphemes,
    widgets::{key::Chord, text_editor::wrap::line_range},
};

/// Bytes a text may have, at most, when something is pasted into it.
pub const MOST_BYTES: usize = 64 << 20;

/// Steps that can be taken back, at most.
const HISTORY: usize = 2000;

/// Lines that page up and page down move by.
pub const PAGE: isize = 16;

/// Which edits belong to one undo step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stroke {
    Word,
    Space,
    Delete,
    Other,
}

/// The text before a step, and where the cursor was.
#[derive(Debug, Clone)]
struct Step {
    rope: Rope,
    cursor: usize,
}

/// A text being edited.
#[derive(Debug, Clone)]
pub struct TextEditor {
    rope: Rope,
    /// In characters.
    cursor: usize,
    /// The column that the cursor keeps while it goes up and down.
    goal: Option<usize>,
    done: Vec<Step>,
    undone: Vec<Step>,
    /// Counts the undo steps that were ever begun.
    steps: u64,
    stroke: Stroke,
    revision: u64,
}

impl Default for TextEditor {
    fn default() -> Self {
        Self::of("")
    }
}

/// Returns a text with its line breaks as `\n`.
fn unified(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

impl TextEditor {
    /// Makes a field of a text, with the cursor at its start and nothing to take back.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self {
            rope: Rope::from_str(&unified(text)),
            cursor: 0,
            goal: None,
            done: Vec::new(),
            undone: Vec::new(),
            steps: 0,
            stroke: Stroke::Other,
            revision: 0,
        }
    }

    /// Returns the text, lines ended by `\n`.
    #[must_use]
    pub fn text(&self) -> String {
        self.rope.to_string()
    }

    /// Returns the text as it is held; a clone of it shares what it holds.
    #[must_use]
    pub fn rope(&self) -> &Rope {
        &self.rope
    }

    /// Returns where the cursor stands, in characters.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Returns the line the cursor is in, counted from 0.
    #[must_use]
    pub fn line(&self) -> usize {
        self.rope.char_to_line(self.cursor)
    }

    /// Counts the lines, at least one.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.rope.len_lines().max(1)
    }

    /// Tells whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rope.len_bytes() == 0
    }

    /// Counts the changes so far, so that others can tell whether there was one.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Tells whether there is an edit that can be taken back.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        !self.done.is_empty()
    }

    /// Counts the undo steps that were ever begun.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Puts another text in place of all of it, as one undo step.
    pub fn set(&mut self, text: &str) {
        let text = unified(text);
        if self.rope == *text {
            return;
        }
        self.begin(Stroke::Other);
        self.rope = Rope::from_str(&text);
        self.cursor = 0;
    }

    /// Inserts a pasted text as one undo step. Tells whether there was room for it.
    pub fn paste(&mut self, text: &str) -> bool {
        if self.rope.len_bytes() + text.len() > MOST_BYTES {
            return false;
        }
        if !text.is_empty() {
            self.insert(&unified(text), Stroke::Other);
            self.end_stroke();
        }
        true
    }

    /// Replaces parts of the text as one undo step. They are given in characters, in order, and do not overlap.
    pub fn replace(&mut self, parts: &[Range<usize>], with: &str) {
        let Some(first) = parts.first() else {
            return;
        };
        let end = first.start + with.chars().count();
        self.begin(Stroke::Other);
        for part in parts.iter().rev() {
            let most = self.rope.len_chars();
            let (start, end) = (part.start.min(most), part.end.min(most));
            self.rope.remove(start..end.max(start));
            self.rope.insert(start, with);
        }
        self.cursor = end.min(self.rope.len_chars());
        self.end_stroke();
    }

    /// Takes a key while being edited, drawn in so many columns. Tells whether it meant anything to a field.
    pub fn key(&mut self, chord: Chord, wide: usize) -> bool {
        if self.moved(chord, wide) {
            return true;
        }
        let (stroke, gone) = match (chord.code(), chord.ctrl(), chord.alt()) {
            (KeyCode::Char(c), false, false) => {
                self.insert(c.encode_utf8(&mut [0; 4]), if c.is_whitespace() { Stroke::Space } else { Stroke::Word });
                return true;
            }
            (KeyCode::Enter, ..) => {
                self.insert("\n", Stroke::Space);
                return true;
            }
            (KeyCode::Backspace, false, false) => (Stroke::Delete, self.back(graphemes::before)..self.cursor),
            (KeyCode::Delete, false, false) => (Stroke::Delete, self.cursor..self.on(graphemes::after)),
            (KeyCode::Backspace, ..) | (KeyCode::Char('w'), true, false) => {
                (Stroke::Other, self.back(graphemes::word_before)..self.cursor)
            }
            (KeyCode::Delete, ..) => (Stroke::Other, self.cursor..self.on(graphemes::word_end_after)),
            (KeyCode::Char('k'), true, false) => {
                let end = line_range(&self.rope, self.line()).end;
                let end = if end == self.cursor { (end + 1).min(self.rope.len_chars()) } else { end };
                (Stroke::Other, self.cursor..end)
            }
            (KeyCode::Char('u'), true, false) => {
                let start = line_range(&self.rope, self.line()).start;
                let start = if start == self.cursor { start.saturating_sub(1) } else { start };
                (Stroke::Other, start..self.cursor)
            }
            _ => return false,
        };
        if !gone.is_empty() {
            self.begin(stroke);
            self.cursor = gone.start;
            self.rope.remove(gone);
        }
        true
    }

    /// Moves the cursor by a key that only moves.
    fn moved(&mut self, chord: Chord, wide: usize) -> bool {
        let far = chord.ctrl() || chord.alt();
        let line = || line_range(&self.rope, self.line());
        let to = match chord.code() {
            KeyCode::Left | KeyCode::Right => {
                self.step_char(chord.code() == KeyCode::Right, far);
                return true;
            }
            KeyCode::Up | KeyCode::Down if !chord.alt() => {
                self.step_row(chord.code() == KeyCode::Down, wide);
                return true;
            }
            KeyCode::PageUp | KeyCode::PageDown => {
                let down = chord.code() == KeyCode::PageDown;
                for _ in 0..PAGE {
                    self.step_row(down, wide);
                }
                return true;
            }
            KeyCode::Home if far => 0,
            KeyCode::End if far => self.rope.len_chars(),
            KeyCode::Home => line().start,
            KeyCode::End => line().end,
            KeyCode::Char('a') if chord.ctrl() => line().start,
            KeyCode::Char('e') if chord.ctrl() => line().end,
            _ => return false,
        };
        self.put_cursor(to);
        true
    }

    /// Inserts at the cursor, which goes behind it.
    fn insert(&mut self, text: &str, stroke: Stroke) {
        self.begin(stroke);
        self.rope.insert(self.cursor, text);
        self.cursor += text.chars().count();
    }

    /// Takes the last step back. Tells whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.done.pop() else {
            return false;
        };
        let present = self.put(step);
        self.undone.push(present);
        true
    }

    /// Makes the step again that was taken back last. Tells whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.undone.pop() else {
            return false;
        };
        let present = self.put(step);
        self.done.push(present);
        true
    }

    /// Puts another state in place of the present one, which is returned.
    fn put(&mut self, step: Step) -> Step {
        let present = Step { rope: std::mem::replace(&mut self.rope, step.rope), cursor: self.cursor };
        self.cursor = step.cursor.min(self.rope.len_chars());
        self.goal = None;
        self.stroke = Stroke::Other;
        self.revision += 1;
        present
    }

    /// Notes the text as it is before a change: as a step of its own, unless the same word is being typed on.
    fn begin(&mut self, stroke: Stroke) {
        let joins = match stroke {
            Stroke::Other => false,
            Stroke::Space => matches!(self.stroke, Stroke::Word | Stroke::Space),
            same => self.stroke == same,
        };
        if !joins || self.done.is_empty() {
            if self.done.len() >= HISTORY {
                self.done.remove(0);
            }
            self.done.push(Step { rope: self.rope.clone(), cursor: self.cursor });
            self.steps += 1;
        }
        self.undone.clear();
        self.goal = None;
        self.stroke = stroke;
        self.revision += 1;
    }

    /// Has the next edit be a step of its own.
    pub fn end_stroke(&mut self) {
        self.stroke = Stroke::Other;
    }
}

#[cfg(test)]
mod tests;
