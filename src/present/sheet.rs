//! Sheets for other programs: CSV that no spreadsheet takes for formulas, and Markdown tables.

use std::{borrow::Cow, io, io::Write};

use crate::{present::report::rows, text::clean_line};

/// In which form a sheet is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// Comma-separated values (RFC 4180).
    Csv,
    /// A table in Markdown.
    Markdown,
}

impl Sheet {
    /// Writes the heads of the columns.
    pub(crate) fn head(self, out: &mut dyn Write, heads: &[&str]) -> io::Result<()> {
        let cells: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
        self.row(out, &cells)?;
        if self == Self::Markdown {
            writeln!(out, "|{}", "---|".repeat(heads.len()))?;
        }
        Ok(())
    }

    /// Writes a row.
    pub(crate) fn row(self, out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
        match self {
            Self::Csv => {
                let mut writer = ::csv::Writer::from_writer(Vec::new());
                let whole = |error: ::csv::Error| io::Error::other(error.to_string());
                writer.write_record(cells.iter().map(|cell| guarded(cell).into_owned())).map_err(whole)?;
                out.write_all(&writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?)
            }
            Self::Markdown => {
                let cells: Vec<String> = cells.iter().map(|cell| in_markdown(cell)).collect();
                writeln!(out, "| {} |", cells.join(" | "))
            }
        }
    }
}

/// Guards what a spreadsheet would take for a formula; a number stays one.
fn guarded(cell: &str) -> Cow<'_, str> {
    let cell = Cow::Borrowed(cell);
    if cell.parse::<f64>().is_ok() { cell } else { rows::guarded(cell) }
}

/// Writes a text on one line of a table in Markdown, where nothing of it is markup.
fn in_markdown(cell: &str) -> String {
    let line = cell.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    for c in clean_line(&line).as_str().chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sheet: Sheet, cells: &[&str]) -> String {
        let mut out = Vec::new();
        let cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        sheet.row(&mut out, &cells).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_cell_is_a_formula_and_every_cell_reads_back() {
        let cells = ["=1+1", "+49 30", "-0.5", "-x", "@a", "\tb", "a,\"b\"\nc", ""];
        let text = written(Sheet::Csv, &cells);
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let read: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(read, ["'=1+1", "'+49 30", "-0.5", "'-x", "'@a", "'\tb", "a,\"b\"\nc", ""]);
    }

    #[test]
    fn a_row_of_markdown_is_one_line_without_markup() {
        assert_eq!(written(Sheet::Markdown, &["a|b\nc", "<b>*x*\u{1b}[2J"]), "| a\\|b c | \\<b\\>\\*x\\* |\n");
    }
}
