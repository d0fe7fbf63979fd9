//! The rows of a long text that are in sight, and nothing else of it.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    app::view::View,
    ui::theme::{Role, Theme},
};

/// Draws the rows in sight, with what was searched marked in them.
pub fn rows(view: &View, style: Style, area: Rect, theme: Theme, buffer: &mut Buffer) {
    let wide = usize::from(area.width);
    for ((number, row), place) in view.seen().zip(area.rows()) {
        buffer.set_stringn(place.x, place.y, &row.text, wide, style);
        mark_hits(view.hits(number), place, theme, buffer);
    }
}

/// Marks in a row the columns that show what was searched; true with the present ones.
pub fn mark_hits(hits: impl Iterator<Item = (Range<usize>, bool)>, row: Rect, theme: Theme, buffer: &mut Buffer) {
    for (columns, present) in hits {
        let role = if present { Role::FoundHere } else { Role::Found };
        let x = row.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
        let wide = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        buffer.set_style(Rect { x, width: wide, ..row }.intersection(row), theme.style(role));
    }
}
