//! The rows of a long text that are in sight, and nothing else of it.

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
        for (columns, present) in view.hits(number) {
            let role = if present { Role::FoundHere } else { Role::Found };
            let x = place.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
            let long = u16::try_from(columns.len()).unwrap_or(u16::MAX);
            let hit = Rect { x, width: long, ..place }.intersection(place);
            buffer.set_style(hit, theme.style(role));
        }
    }
}
