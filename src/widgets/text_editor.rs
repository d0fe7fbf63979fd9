//! A text of many lines being edited: keys, one undo step for one word or one paste, texts too long to edit.

pub(crate) mod caret;

use crossterm::event::KeyCode;
use ratatui::style::{Modifier, Style};
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

use crate::{
    text::{clean, graphemes},
    widgets::{answer_view::AnswerView, key::Chord},
};

/// Texts beyond this many bytes are edited in the user's editor: a text area wraps its whole text
/// at every edit.
pub const MAX_EDITED: usize = 200_000;

/// Edits that can be taken back, at most, each character one.
const HISTORY: usize = 10_000;

/// Rows beyond which the height of a text is not looked at.
const MOST_ROWS: usize = 100;

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

/// A text being edited.
#[derive(Debug, Clone)]
pub struct TextEditor {
    area: TextArea<'static>,
    /// Set instead of the area's lines where the text is too long for them.
    long: Option<Long>,
    /// How many of the area's edits each undo step holds.
    done: Vec<usize>,
    undone: Vec<usize>,
    stroke: Stroke,
    revision: u64,
}

/// A text too long to be edited in place, and a window on it.
#[derive(Debug, Clone)]
pub struct Long {
    text: String,
    /// What is seen of it.
    pub view: AnswerView,
}

impl Long {
    fn of(text: &str) -> Self {
        let mut view = AnswerView::default();
        view.push(&clean(text));
        view.to_top();
        Self { text: text.to_owned(), view }
    }
}

impl Default for TextEditor {
    fn default() -> Self {
        Self::of("")
    }
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_max_histories(HISTORY);
    area.set_tab_length(4);
    area.set_cursor_line_style(Style::default());
    area.set_cursor_style(Style::default());
    area
}

impl TextEditor {
    /// Makes a field of a text, with the cursor at its start and nothing to take back.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let long = (text.len() > MAX_EDITED).then(|| Long::of(text));
        let area = area(if long.is_some() { "" } else { text });
        Self { area, long, done: Vec::new(), undone: Vec::new(), stroke: Stroke::Other, revision: 0 }
    }

    /// Returns the text, lines ended by `\n`.
    #[must_use]
    pub fn text(&self) -> String {
        self.long.as_ref().map_or_else(|| self.area.lines().join("\n"), |long| long.text.clone())
    }

    /// Returns the widget's state; it is empty where [`TextEditor::long`] is set.
    #[must_use]
    pub fn area(&self) -> &TextArea<'static> {
        &self.area
    }

    /// Returns the text that is too long to be edited in place, if it is.
    #[must_use]
    pub fn long(&self) -> Option<&Long> {
        self.long.as_ref()
    }

    /// Tells whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.long.is_none() && self.area.is_empty()
    }

    /// Counts the changes so far, so that others can tell whether there was one.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Puts another text in place of all of it, as one undo step.
    pub fn set(&mut self, text: &str) {
        if self.text() == text {
            return;
        }
        self.revision += 1;
        if text.len() > MAX_EDITED || self.long.is_some() {
            let revision = self.revision;
            *self = Self { revision, ..Self::of(text) };
            return;
        }
        let mut edits = 0;
        if !self.area.is_empty() {
            self.area.select_all();
            edits += usize::from(self.area.delete_char());
        }
        if !text.is_empty() {
            edits += usize::from(self.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n")));
        }
        self.area.move_cursor(CursorMove::Top);
        self.note(Stroke::Other, edits);
    }

    /// Inserts a pasted text as one undo step. Tells whether it still fits a field.
    pub fn paste(&mut self, text: &str) -> bool {
        if self.long.is_some() {
            return false;
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let length: usize = self.area.lines().iter().map(|line| line.len() + 1).sum();
        if length + text.len() > MAX_EDITED {
            return false;
        }
        if !text.is_empty() {
            self.area.insert_str(&text);
            self.note(Stroke::Other, 1);
            self.revision += 1;
        }
        true
    }

    /// Takes a key while being edited. Tells whether it meant anything to a field.
    pub fn key(&mut self, chord: Chord) -> bool {
        if self.long.is_some() {
            return false;
        }
        if self.moved(chord) {
            self.stroke = Stroke::Other;
            return true;
        }
        let (stroke, edited) = match (chord.code(), chord.ctrl(), chord.alt()) {
            (KeyCode::Char(c), false, false) => {
                self.area.insert_char(c);
                (if c.is_whitespace() { Stroke::Space } else { Stroke::Word }, true)
            }
            (KeyCode::Enter, ..) => {
                self.area.insert_newline();
                (Stroke::Space, true)
            }
            (KeyCode::Backspace, false, false) => (Stroke::Delete, self.delete_back(graphemes::before)),
            (KeyCode::Delete, false, false) => (Stroke::Delete, self.delete_on(graphemes::after)),
            (KeyCode::Backspace, ..) | (KeyCode::Char('w'), true, false) => {
                (Stroke::Other, self.delete_back(graphemes::word_before))
            }
            (KeyCode::Delete, ..) => (Stroke::Other, self.delete_on(graphemes::word_end_after)),
            (KeyCode::Char('k'), true, false) => (Stroke::Other, self.area.delete_line_by_end()),
            (KeyCode::Char('u'), true, false) => (Stroke::Other, self.area.delete_line_by_head()),
            _ => return false,
        };
        if edited {
            self.note(stroke, 1);
            self.revision += 1;
        }
        true
    }

    /// Moves the cursor by a key that only moves.
    fn moved(&mut self, chord: Chord) -> bool {
        let far = chord.ctrl() || chord.alt();
        match chord.code() {
            KeyCode::Left => {
                self.step_back(if far { graphemes::word_before } else { graphemes::before });
                return true;
            }
            KeyCode::Right => {
                self.step_on(if far { graphemes::next_word } else { graphemes::after });
                return true;
            }
            _ => {}
        }
        let to = match chord.code() {
            KeyCode::Up => CursorMove::Up,
            KeyCode::Down => CursorMove::Down,
            KeyCode::Home if far => CursorMove::Top,
            KeyCode::End if far => CursorMove::Bottom,
            KeyCode::Home => CursorMove::Head,
            KeyCode::End => CursorMove::End,
            KeyCode::Char('a') if chord.ctrl() => CursorMove::Head,
            KeyCode::Char('e') if chord.ctrl() => CursorMove::End,
            KeyCode::PageUp | KeyCode::PageDown => {
                self.by_lines(if chord.code() == KeyCode::PageUp { -PAGE } else { PAGE });
                return true;
            }
            _ => return false,
        };
        self.area.move_cursor(to);
        self.settle();
        true
    }

    /// Estimates the rows that the text needs at a width, as far as a screen can tell.
    #[must_use]
    pub fn rows(&self, width: u16) -> u16 {
        if self.long.is_some() {
            return u16::MAX;
        }
        let width = usize::from(width.max(1));
        let wrapped = |line: &String| 1 + line.chars().take(MOST_ROWS * width).count().saturating_sub(1) / width;
        let rows: usize = self.area.lines().iter().take(MOST_ROWS).map(wrapped).sum();
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    /// Gives the window on a long text a size, before drawing.
    pub fn fit(&mut self, width: u16, height: u16) {
        if let Some(long) = &mut self.long
            && width > 0
        {
            long.view.fit(width, height);
        }
    }

    /// Moves the cursor, or the window on a long text, up or down by screen lines.
    pub fn by_lines(&mut self, lines: isize) {
        if let Some(long) = &mut self.long {
            long.view.scroll(lines);
            return;
        }
        self.move_by(if lines < 0 { CursorMove::Up } else { CursorMove::Down }, lines.unsigned_abs());
        self.settle();
    }

    /// Moves the cursor, forwards and back by what a reader takes for a character.
    pub fn go(&mut self, to: CursorMove) {
        match to {
            CursorMove::Back => self.step_back(graphemes::before),
            CursorMove::Forward => self.step_on(graphemes::after),
            other => {
                self.area.move_cursor(other);
                self.settle();
            }
        }
        self.stroke = Stroke::Other;
    }

    /// Puts the cursor where a place of the drawn text is: row and column from its top left cell.
    pub fn click(&mut self, row: u16, column: u16) {
        let (top, left) = self.area.scroll_offset();
        let place =
            self.area.screen_to_data(usize::from(top) + usize::from(row), usize::from(left) + usize::from(column));
        let small = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.go(CursorMove::Jump(small(place.0), small(place.1)));
    }

    /// Takes the last step back. Tells whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(edits) = self.done.pop() else {
            return false;
        };
        let undone = (0..edits).filter(|_| self.area.undo()).count();
        self.undone.push(undone);
        self.stroke = Stroke::Other;
        self.revision += 1;
        undone > 0
    }

    /// Makes the step again that was taken back last. Tells whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(edits) = self.undone.pop() else {
            return false;
        };
        let redone = (0..edits).filter(|_| self.area.redo()).count();
        self.done.push(redone);
        self.stroke = Stroke::Other;
        self.revision += 1;
        redone > 0
    }

    /// Shows the cursor where the field is being edited, and hides it elsewhere.
    pub fn show_cursor(&mut self, shown: bool) {
        let style = if shown { Style::default().add_modifier(Modifier::REVERSED) } else { Style::default() };
        self.area.set_cursor_style(style);
    }

    /// Adds edits to the undo steps: to the last one while the same word is being typed.
    fn note(&mut self, stroke: Stroke, edits: usize) {
        self.undone.clear();
        let joins = match stroke {
            Stroke::Other => false,
            Stroke::Space => matches!(self.stroke, Stroke::Word | Stroke::Space),
            same => self.stroke == same,
        };
        match self.done.last_mut() {
            Some(step) if joins => *step += edits,
            _ => self.done.push(edits),
        }
        self.stroke = stroke;
    }
}

#[cfg(test)]
mod tests;
