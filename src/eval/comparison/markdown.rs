//! A comparison as a table in Markdown.

use std::fmt::Write as _;

use super::Comparison;
use crate::text::reorders;

/// Writes the table, a heading row first.
pub(super) fn table(comparison: &Comparison) -> String {
    let mut out = String::new();
    let mut line = |first: String, cells: Vec<String>| {
        let _ = write!(out, "| {first} |");
        for cell in cells {
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    };
    line(String::new(), comparison.names.iter().map(|name| escaped(name)).collect());
    line("---".to_owned(), comparison.names.iter().map(|_| "---".to_owned()).collect());
    for row in &comparison.rows {
        let cells = row.cells.iter().map(|cell| {
            let text = escaped(&cell.text);
            if cell.differs && !text.is_empty() { format!("**{text}**") } else { text }
        });
        line(escaped(&row.label), cells.collect());
    }
    out
}

/// Writes a text so that it stays in its cell and is shown as it is.
pub(in crate::eval) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '~' | '#' | '&' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("<br>"),
            '\r' => {}
            c if c.is_control() || reorders(c) => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}
