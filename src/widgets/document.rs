//! A window on a column of texts and of lines between them, which scrolls as one.
//!
//! What is done for a frame grows with the rows of the window, never with the texts.

use std::borrow::Cow;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
};
use unicode_segmentation::UnicodeSegmentation;

use crate::widgets::text_editor::{
    TextEditor,
    wrap::{TextRow, cells, row_above, row_at, row_below, shown},
};

/// One part of a document, from top to bottom.
#[derive(Debug, Clone, Copy)]
pub enum DocumentBlock<'a> {
    /// One row that whoever draws the document fills: a heading, a gap.
    Line,
    /// A text, so many columns from the left.
    Text(&'a TextEditor, u16),
}

/// A row of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentRow {
    /// Its place among the parts of the document, counted from 0.
    pub block: usize,
    /// The row of the text, where the block is one.
    pub text: Option<TextRow>,
}

/// What the window was fitted to last: where it changes, the cursor is kept in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fitted {
    block: usize,
    cursor: usize,
    revision: u64,
    size: (u16, u16),
}

/// The window.
#[derive(Debug, Clone, Default)]
pub struct DocumentView {
    /// The block and the place in it that the first row begins with.
    top: (usize, usize),
    rows: Vec<DocumentRow>,
    fitted: Option<Fitted>,
    more_below: bool,
    wide: u16,
}

/// Returns the columns for the text of a block; one stays free for the cursor.
fn columns(wide: u16, indent: u16) -> usize {
    usize::from(wide.saturating_sub(indent).saturating_sub(1).max(1))
}

fn row_of(block: usize, part: DocumentBlock<'_>, place: usize, wide: u16) -> DocumentRow {
    let text = match part {
        DocumentBlock::Line => None,
        DocumentBlock::Text(editor, indent) => Some(row_at(editor.rope(), place, columns(wide, indent))),
    };
    DocumentRow { block, text }
}

fn below(blocks: &[DocumentBlock<'_>], row: &DocumentRow, wide: u16) -> Option<DocumentRow> {
    if let (Some(text), Some(DocumentBlock::Text(editor, indent))) = (&row.text, blocks.get(row.block))
        && let Some(next) = row_below(editor.rope(), text, columns(wide, *indent))
    {
        return Some(DocumentRow { block: row.block, text: Some(next) });
    }
    let next = row.block + 1;
    Some(row_of(next, *blocks.get(next)?, 0, wide))
}

fn above(blocks: &[DocumentBlock<'_>], row: &DocumentRow, wide: u16) -> Option<DocumentRow> {
    if let (Some(text), Some(DocumentBlock::Text(editor, indent))) = (&row.text, blocks.get(row.block))
        && let Some(before) = row_above(editor.rope(), text, columns(wide, *indent))
    {
        return Some(DocumentRow { block: row.block, text: Some(before) });
    }
    let before = row.block.checked_sub(1)?;
    Some(row_of(before, *blocks.get(before)?, usize::MAX, wide))
}

impl DocumentView {
    /// Returns the columns for the text of a block that begins so many from the left.
    #[must_use]
    pub fn columns(&self, indent: u16) -> usize {
        columns(if self.wide == 0 { 80 } else { self.wide }, indent)
    }

    /// Returns the rows in sight.
    #[must_use]
    pub fn rows(&self) -> &[DocumentRow] {
        &self.rows
    }

    /// Tells whether there is more above what is in sight.
    #[must_use]
    pub fn has_more_above(&self) -> bool {
        self.rows.first().is_some_and(|row| row.block > 0 || row.text.is_some_and(|text| text.start > 0))
    }

    /// Tells whether there is more below what is in sight.
    #[must_use]
    pub fn has_more_below(&self) -> bool {
        self.more_below
    }

    /// Moves the window by rows, away from the cursor if need be.
    pub fn scroll(&mut self, blocks: &[DocumentBlock<'_>], by: isize) {
        let Some(mut row) = self.rows.first().copied() else {
            return;
        };
        for _ in 0..by.unsigned_abs() {
            let next = if by < 0 { above(blocks, &row, self.wide) } else { below(blocks, &row, self.wide) };
            let Some(next) = next else { break };
            row = next;
        }
        self.top = (row.block, row.text.map_or(0, |text| text.start));
    }

    /// Lays the rows out for a size, with the cursor in sight where it was moved: it stands in a block.
    pub fn fit(&mut self, blocks: &[DocumentBlock<'_>], at: usize, width: u16, height: u16) {
        self.wide = width;
        self.rows.clear();
        self.more_below = false;
        if width == 0 || height == 0 || blocks.is_empty() {
            return;
        }
        let at = at.min(blocks.len() - 1);
        let (cursor, revision) = match blocks.get(at) {
            Some(DocumentBlock::Text(editor, _)) => (editor.cursor(), editor.revision()),
            Some(DocumentBlock::Line) | None => (0, 0),
        };
        let fitted = Fitted { block: at, cursor, revision, size: (width, height) };
        let place = (self.top.0.min(blocks.len() - 1), self.top.1);
        let place = if place.0 == self.top.0 { place } else { (place.0, 0) };
        let mut top = blocks.get(place.0).map(|part| row_of(place.0, *part, place.1, width));
        if self.fitted != Some(fitted) {
            self.fitted = Some(fitted);
            let here = blocks.get(at).map(|part| row_of(at, *part, cursor, width));
            if let (Some(first), Some(here)) = (top, here) {
                top = Some(in_sight(blocks, first, here, width, height));
            }
        }
        let Some(mut row) = top else {
            return;
        };
        // Nothing is left empty below while there is something above.
        let mut all = vec![row];
        while all.len() < usize::from(height) {
            let Some(next) = below(blocks, &row, width) else { break };
            all.push(next);
            row = next;
        }
        while all.len() < usize::from(height) {
            let Some(before) = all.first().and_then(|first| above(blocks, first, width)) else { break };
            all.insert(0, before);
        }
        self.more_below = below(blocks, &row, width).is_some();
        if let Some(first) = all.first() {
            self.top = (first.block, first.text.map_or(0, |text| text.start));
        }
        self.rows = all;
    }

    /// Finds the place of a text in sight: its block and the character, given row and column of the window.
    #[must_use]
    pub fn hit(&self, row: u16) -> Option<DocumentRow> {
        self.rows.get(usize::from(row)).copied()
    }
}

/// Returns the first row of a window that has a row in sight, moved as little as need be.
fn in_sight(
    blocks: &[DocumentBlock<'_>],
    first: DocumentRow,
    here: DocumentRow,
    wide: u16,
    height: u16,
) -> DocumentRow {
    let place = |row: &DocumentRow| (row.block, row.text.map_or(0, |text| text.start));
    let mut row = first;
    for _ in 0..height {
        if place(&row) == place(&here) {
            return first;
        }
        let Some(next) = below(blocks, &row, wide) else { break };
        row = next;
    }
    let is_above = place(&here) < place(&first);
    // From below it becomes the last row but one, from above the second, so that what is beside it is seen too.
    let margin = 1.min(height.saturating_sub(1));
    let steps = if is_above { margin } else { height.saturating_sub(1 + margin) };
    let mut top = here;
    for _ in 0..steps {
        let Some(before) = above(blocks, &top, wide) else { break };
        top = before;
    }
    top
}

/// Draws what a row shows, sanitized, as far as the area goes.
pub fn draw_text(editor: &TextEditor, row: &TextRow, style: Style, area: Rect, buffer: &mut Buffer) {
    let text = Cow::<str>::from(editor.rope().slice(row.start..row.end));
    let mut x = area.x;
    for cluster in text.graphemes(true) {
        let shown = shown(cluster);
        let left = usize::from(area.right().saturating_sub(x));
        if cells(cluster) > left {
            break;
        }
        (x, _) = buffer.set_stringn(x, area.y, &shown, left, style);
    }
}

/// Returns where the cursor of a text is drawn in a row that it stands in.
#[must_use]
pub fn caret(editor: &TextEditor, row: &TextRow, area: Rect) -> Option<Position> {
    if !row.holds(editor.cursor()) {
        return None;
    }
    let before = Cow::<str>::from(editor.rope().slice(row.start..editor.cursor()));
    let column: usize = before.graphemes(true).map(cells).sum();
    let most = area.width.saturating_sub(1);
    let x = area.x.saturating_add(u16::try_from(column).unwrap_or(most).min(most));
    Some(Position::new(x, area.y))
}

/// Returns the columns of a row that a part of the text takes, from its left.
#[must_use]
pub fn columns_of(editor: &TextEditor, row: &TextRow, part: &std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let (start, end) = (part.start.max(row.start), part.end.min(row.end));
    if start >= end {
        return None;
    }
    let wide = |range: std::ops::Range<usize>| -> usize {
        Cow::<str>::from(editor.rope().slice(range)).graphemes(true).map(cells).sum()
    };
    let left = wide(row.start..start);
    Some(left..left + wide(start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(view: &DocumentView) -> Vec<(usize, usize)> {
        view.rows().iter().map(|row| (row.block, row.text.map_or(0, |text| text.start))).collect()
    }

    #[test]
    fn the_cursor_stays_in_sight_and_nothing_is_left_empty() {
        let long: Vec<String> = (0..50).map(|n| format!("line {n}")).collect();
        let (mut one, two) = (TextEditor::of(&long.join("\n")), TextEditor::of("two"));
        let mut view = DocumentView::default();
        let fit = |view: &mut DocumentView, one: &TextEditor, at: usize| {
            let blocks =
                [DocumentBlock::Line, DocumentBlock::Text(one, 0), DocumentBlock::Line, DocumentBlock::Text(&two, 4)];
            view.fit(&blocks, at, 20, 10);
        };
        fit(&mut view, &one, 1);
        assert_eq!(places(&view)[..2], [(0, 0), (1, 0)]);
        assert!(view.has_more_below() && !view.has_more_above());
        fit(&mut view, &one, 3);
        assert_eq!(places(&view).last(), Some(&(3, 0)));
        assert!(!view.has_more_below() && view.has_more_above() && view.rows().len() == 10);
        one.put_cursor(0);
        fit(&mut view, &one, 1);
        assert_eq!(places(&view)[0], (0, 0), "the heading above the first line is seen with it");
        one.put_cursor(usize::MAX);
        fit(&mut view, &one, 1);
        let row = one.row(19);
        assert!(view.rows().iter().any(|seen| seen.text == Some(row)));
    }

    #[test]
    fn a_scrolled_window_stays_until_the_cursor_moves() {
        let text = TextEditor::of(&"line\n".repeat(50));
        let blocks = [DocumentBlock::Text(&text, 0)];
        let mut view = DocumentView::default();
        view.fit(&blocks, 0, 20, 10);
        view.scroll(&blocks, 7);
        view.fit(&blocks, 0, 20, 10);
        assert_eq!(places(&view)[0], (0, 35));
        view.scroll(&blocks, -100);
        view.fit(&blocks, 0, 20, 10);
        assert_eq!(places(&view)[0], (0, 0));
    }

    #[test]
    fn an_escape_in_a_text_does_not_reach_the_screen() {
        let text = TextEditor::of("a\u{1b}[2Jb\u{202e}c");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        draw_text(&text, &text.row(19), Style::new(), buffer.area, &mut buffer);
        let drawn: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(drawn.starts_with("a␦[2Jb") && !drawn.contains(['\u{1b}', '\u{202e}']), "{drawn:?}");
    }
}
