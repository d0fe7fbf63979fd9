//! Where the cursor goes: always between what a reader takes for characters.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::{
    text::graphemes,
    widgets::text_editor::{
        TextEditor,
        wrap::{TextRow, cells, line_range, row_above, row_at, row_below},
    },
};

/// Characters on each side of the cursor that are looked at for the end of a word or of a cluster.
const AROUND: usize = 2048;

impl TextEditor {
    /// Returns the part of the line round the cursor, where it begins, and the cursor's place in it.
    fn around(&self) -> (Cow<'_, str>, usize, usize) {
        let line = line_range(&self.rope, self.line());
        let start = self.cursor.saturating_sub(AROUND).max(line.start);
        let end = self.cursor.saturating_add(AROUND).min(line.end);
        (Cow::from(self.rope.slice(start..end)), start, self.cursor - start)
    }

    /// Returns the place that `to` leads to from the cursor; from the start of a line the end of the one before.
    pub(super) fn back(&self, to: fn(&str, usize) -> usize) -> usize {
        let (text, start, column) = self.around();
        if column == 0 { self.cursor.saturating_sub(1) } else { start + to(&text, column).min(column - 1) }
    }

    /// Returns the place that `to` leads to from the cursor; from the end of a line the start of the next.
    pub(super) fn on(&self, to: fn(&str, usize) -> usize) -> usize {
        let (text, start, column) = self.around();
        let to = start + to(&text, column);
        (if to > self.cursor { to } else { self.cursor + 1 }).min(self.rope.len_chars())
    }

    /// Returns the row the cursor is in, in so many columns.
    #[must_use]
    pub fn row(&self, wide: usize) -> TextRow {
        row_at(&self.rope, self.cursor, wide)
    }

    /// Returns how many columns of its row are left of the cursor.
    #[must_use]
    pub fn column(&self, wide: usize) -> usize {
        let row = self.row(wide);
        let before = Cow::<str>::from(self.rope.slice(row.start..self.cursor.max(row.start)));
        before.graphemes(true).map(cells).sum::<usize>().min(wide)
    }

    /// Puts the cursor into a row, as near to a column as it can stand.
    pub fn put_in_row(&mut self, row: &TextRow, column: usize) {
        let text = self.rope.slice(row.start..row.end).to_string();
        let (mut at, mut columns) = (row.start, 0);
        for cluster in text.graphemes(true) {
            let next = at + cluster.chars().count();
            columns += cells(cluster);
            // The end of a row that goes on is the start of the next one.
            if columns > column || (next == row.end && !row.is_last) {
                break;
            }
            at = next;
        }
        self.cursor = at;
    }

    /// Moves the cursor to the row above or below. Tells whether there is one; else it stays.
    pub fn step_row(&mut self, down: bool, wide: usize) -> bool {
        let row = self.row(wide);
        let to = if down { row_below(&self.rope, &row, wide) } else { row_above(&self.rope, &row, wide) };
        let Some(to) = to else {
            return false;
        };
        let goal = self.goal.unwrap_or_else(|| self.column(wide));
        self.put_in_row(&to, goal);
        self.goal = Some(goal);
        self.end_stroke();
        true
    }

    /// Returns the column that the cursor is to keep while it goes up and down.
    #[must_use]
    pub fn goal(&self, wide: usize) -> usize {
        self.goal.unwrap_or_else(|| self.column(wide))
    }

    /// Puts the cursor into the first or the last row, near a column.
    pub fn enter(&mut self, at_top: bool, goal: usize, wide: usize) {
        let place = if at_top { 0 } else { self.rope.len_chars() };
        let row = row_at(&self.rope, place, wide);
        self.put_in_row(&row, goal);
        self.goal = Some(goal);
        self.end_stroke();
    }

    /// Moves the cursor by one character or, `far`, by one word. Tells whether it moved.
    pub fn step_char(&mut self, forward: bool, far: bool) -> bool {
        let to = match (forward, far) {
            (false, false) => self.back(graphemes::before),
            (false, true) => self.back(graphemes::word_before),
            (true, false) => self.on(graphemes::after),
            (true, true) => self.on(graphemes::next_word),
        };
        let moved = to != self.cursor;
        self.put_cursor(to);
        moved
    }

    /// Puts the cursor at a place, counted in characters.
    pub fn put_cursor(&mut self, place: usize) {
        self.cursor = place.min(self.rope.len_chars());
        self.goal = None;
        self.end_stroke();
    }
}
