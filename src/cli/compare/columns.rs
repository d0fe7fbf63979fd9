//! A comparison in columns, as wide as the terminal; one lane below the other where it is narrow.

use std::io::{self, Write};

use crate::{
    eval::comparison::{Comparison, Kind, Row},
    text::{Wrapped, clean, clean_line, truncate, width},
};

/// The fewest columns a lane can be read in.
const NARROWEST: usize = 22;

/// The most columns that labels take.
const LABEL: usize = 24;

/// What stands before a cell: the mark of a difference, or as much room.
const MARKS: (&str, &str) = ("≠ ", "  ");

/// Writes the table.
pub(super) fn write(out: &mut dyn Write, comparison: &Comparison, room: usize) -> io::Result<()> {
    let lanes = comparison.names.len().max(1);
    let label = comparison.rows.iter().map(|row| width(clean_line(&row.label).as_str())).max().unwrap_or(0).min(LABEL);
    let each = room.saturating_sub(label) / lanes;
    if each < NARROWEST + width(MARKS.0) && lanes > 1 {
        return below(out, comparison, label, room);
    }
    let each = each.saturating_sub(width(MARKS.0) + 1);
    let names: Vec<(bool, String)> = comparison.names.iter().map(|name| (false, name.clone())).collect();
    line(out, ("", label), &names, each)?;
    let mut before = None;
    for row in &comparison.rows {
        if before.is_some_and(|kind| kind != row.kind) {
            writeln!(out)?;
        }
        before = Some(row.kind);
        let cells: Vec<(bool, String)> = row.cells.iter().map(|cell| (cell.differs, cell.text.clone())).collect();
        line(out, (&row.label, label), &cells, each)?;
    }
    Ok(())
}

/// Writes the lanes one below the other.
fn below(out: &mut dyn Write, comparison: &Comparison, label: usize, room: usize) -> io::Result<()> {
    for (at, name) in comparison.names.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "== {} ==", clean_line(name))?;
        let here = |row: &&Row| row.kind != Kind::Answer || row.cells.get(at).is_some_and(|cell| !cell.text.is_empty());
        for row in comparison.rows.iter().filter(here) {
            let cell = row.cells.get(at).map(|cell| (cell.differs, cell.text.clone())).unwrap_or_default();
            line(out, (&row.label, label), &[cell], room.saturating_sub(label + width(MARKS.0)))?;
        }
    }
    Ok(())
}

/// Writes one row of the table: as many lines as its tallest cell takes.
fn line(
    out: &mut dyn Write,
    (label, label_width): (&str, usize),
    cells: &[(bool, String)],
    each: usize,
) -> io::Result<()> {
    let wrapped: Vec<Wrapped> = cells
        .iter()
        .map(|(_, text)| {
            let mut rows = Wrapped::new(each.max(1));
            rows.push(&clean(text.trim_end()));
            rows
        })
        .collect();
    let height = wrapped.iter().map(Wrapped::rows).max().unwrap_or(0).max(1);
    let label = clean_line(label);
    for row in 0..height {
        let mut text = padded(if row == 0 { label.as_str() } else { "" }, label_width);
        for ((differs, _), rows) in cells.iter().zip(&wrapped) {
            text.push_str(if *differs && row == 0 { MARKS.0 } else { MARKS.1 });
            let cell = if row < rows.rows() { rows.row(row).text.into_owned() } else { String::new() };
            text.push_str(&padded(&cell, each));
            text.push(' ');
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

fn padded(text: &str, columns: usize) -> String {
    let mut text = truncate(text, columns).into_owned();
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&text))));
    text
}
