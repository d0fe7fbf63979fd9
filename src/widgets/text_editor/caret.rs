//! Where the caret goes, what goes with it, and where it is seen: always between what a reader takes for characters.

use ratatui_textarea::CursorMove;

use crate::{
    text::{graphemes, width},
    widgets::text_editor::TextEditor,
};

impl TextEditor {
    /// Returns the line the cursor is in, and its column in characters of the text.
    fn place(&self) -> (&str, usize) {
        let at = self.area.cursor();
        (self.area.lines().get(at.0).map_or("", String::as_str), at.1)
    }

    pub(crate) fn move_by(&mut self, to: CursorMove, times: usize) {
        for _ in 0..times {
            self.area.move_cursor(to);
        }
    }

    /// Goes to where `to` leads from the cursor; from the start of a line to the end of the one before.
    pub(crate) fn step_back(&mut self, to: fn(&str, usize) -> usize) {
        let (line, column) = self.place();
        let steps = column - to(line, column).min(column);
        self.move_by(CursorMove::Back, steps.max(1));
    }

    /// Goes to where `to` leads from the cursor; from the end of a line to the start of the next.
    pub(crate) fn step_on(&mut self, to: fn(&str, usize) -> usize) {
        let (line, column) = self.place();
        let steps = to(line, column).saturating_sub(column);
        self.move_by(CursorMove::Forward, steps.max(1));
    }

    /// Deletes from where `to` leads to the cursor; at the start of a line its break.
    pub(crate) fn delete_back(&mut self, to: fn(&str, usize) -> usize) -> bool {
        let (line, column) = self.place();
        let count = column - to(line, column).min(column);
        if count <= 1 {
            return self.area.delete_char();
        }
        self.move_by(CursorMove::Back, count);
        self.area.delete_str(count)
    }

    /// Deletes from the cursor to where `to` leads; at the end of a line its break.
    pub(crate) fn delete_on(&mut self, to: fn(&str, usize) -> usize) -> bool {
        let (line, column) = self.place();
        let count = to(line, column).saturating_sub(column);
        if count <= 1 { self.area.delete_next_char() } else { self.area.delete_str(count) }
    }

    /// Moves the cursor out of the middle of a character.
    pub(crate) fn settle(&mut self) {
        let (line, column) = self.place();
        let back = column - graphemes::settled(line, column).min(column);
        self.move_by(CursorMove::Back, back);
    }

    /// Returns where the cursor stands in what was drawn last: its row from the top, its column, and the text
    /// of its row.
    #[must_use]
    pub fn caret(&self) -> (u16, u16, String) {
        let small = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let (shown, at, (top, _)) = (self.area.screen_cursor(), self.area.cursor(), self.area.scroll_offset());
        let (begin, next) = (self.area.screen_to_data(shown.row, 0), self.area.screen_to_data(shown.row + 1, 0));
        let (line, _) = self.place();
        let end = if next.0 == at.0 && next.1 > begin.1 { next.1 } else { usize::MAX };
        let row: String = line.chars().take(end).skip(begin.1).collect();
        // The area takes each `char` for itself, and so too wide what several of them make.
        let column = if row.is_ascii() || row.contains('\t') {
            shown.col
        } else {
            width(&row.chars().take(at.1 - begin.1.min(at.1)).collect::<String>())
        };
        (small(shown.row).saturating_sub(top), small(column), row)
    }
}
