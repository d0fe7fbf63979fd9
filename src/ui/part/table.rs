//! The rows of a table that are in sight, under the heads of its columns.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::column::{left, right};
use crate::{
    app::table::{Column, Table, widths},
    ui::theme::{Role, Theme},
};

/// Which part of the row under the cursor is reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// All of it.
    Row,
    /// One column, counted from 0.
    Column(usize),
    /// None: the keys move in another part, and nothing marks the row.
    Away,
}

/// Draws the heads and below them the rows in sight; `cell` writes a row's cell of a column, given how
/// wide it is. Works on no row that is out of sight.
pub fn table(
    table: &Table,
    columns: &[Column],
    cursor: Cursor,
    area: Rect,
    theme: Theme,
    buffer: &mut Buffer,
    cell: impl Fn(usize, usize, usize) -> Line<'static>,
) {
    let area = area.intersection(buffer.area);
    let places = places(columns, area.width);
    let heads = area.rows().take(1);
    for row in heads {
        for (column, (x, width)) in columns.iter().zip(&places) {
            let set = if column.right { right } else { left };
            let head = Span::styled(set(&column.title, usize::from(*width)), theme.style(Role::Quiet));
            buffer.set_line(row.x + x, row.y, &Line::from(head), *width);
        }
    }
    for ((row, here), place) in table.seen().zip(area.rows().skip(1)) {
        if here && cursor != Cursor::Away {
            buffer.set_stringn(place.x, place.y, "▸", usize::from(place.width), theme.style(Role::Focus));
        }
        for (number, (x, width)) in places.iter().enumerate().filter(|(_, (_, width))| *width > 0) {
            let line = cell(row, number, usize::from(*width));
            buffer.set_line(place.x + x, place.y, &line, *width);
            if here && cursor == Cursor::Column(number) {
                let under = Rect { x: place.x + x, width: *width, ..place };
                buffer.set_style(under, theme.style(Role::Selected));
            }
        }
        if here && cursor == Cursor::Row {
            buffer.set_style(place, theme.style(Role::Selected));
        }
    }
}

/// Returns each column's start, behind the mark of the cursor, and its width.
fn places(columns: &[Column], width: u16) -> Vec<(u16, u16)> {
    let mut x = 2;
    let place = |width: u16| {
        let start = x;
        x += if width > 0 { width + 1 } else { 0 };
        (start, width)
    };
    widths(columns, width.saturating_sub(2)).into_iter().map(place).collect()
}
