//! Columns of text, as wide as they need to be.

use std::{io, io::Write};

use crate::{
    cli::{Io, plain},
    text::{clean_line, width},
};

/// The widest that a column makes all its rows; a longer cell pushes the rest of its own row alone.
const WIDEST: usize = 40;

/// Writes rows on standard output: in columns, or a fact a line where that is asked for.
pub(crate) fn print(io: &mut Io<'_>, heading: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    if !io.plain {
        return write(io.out, heading, rows);
    }
    let cleaned = |row: &Vec<String>| row.iter().map(|cell| clean_line(cell).as_str().to_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(cleaned).collect();
    plain::rows(io.out, heading, &rows)
}

/// Writes labels with their values on standard output, under a heading of both.
pub(crate) fn print_facts(io: &mut Io<'_>, (label, value): (&str, &str), rows: &[Vec<String>]) -> io::Result<()> {
    if !io.plain {
        return write(io.out, &[label, value], rows);
    }
    writeln!(io.out, "{}: {value}", label.to_lowercase())?;
    plain::facts(io.out, rows)
}

/// Writes rows under a heading; the last column runs free. Cells are cleaned, because they may
/// come from a provider.
pub(crate) fn write(out: &mut dyn Write, heading: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let heading: Vec<String> = heading.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&heading)
        .chain(rows)
        .map(|row| row.iter().map(|cell| clean_line(cell).as_str().to_owned()).collect())
        .collect();
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column)).map(|cell| width(cell));
    let widths: Vec<usize> =
        (0..heading.len()).map(|column| cells(column).filter(|wide| *wide <= WIDEST).max().unwrap_or(0)).collect();
    for row in &rows {
        let mut line = String::new();
        for (cell, wide) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', wide.saturating_sub(width(cell)) + 2));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_stand_under_each_other_whatever_the_script() {
        let rows = [vec!["日本".to_owned(), "b".to_owned()], vec!["a\x1b[31m".to_owned(), "c".to_owned()]];
        let mut out = Vec::new();
        super::write(&mut out, &["NAME", "X"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "NAME  X\n日本  b\na     c\n");
    }

    #[test]
    fn one_long_cell_does_not_part_the_others() {
        let long = "n".repeat(60);
        let rows = [vec!["a".to_owned(), "b".to_owned()], vec![long.clone(), "c".to_owned()]];
        let mut out = Vec::new();
        super::write(&mut out, &["NAME", "X"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("NAME  X\na     b\n{long}  c\n"));
    }
}
