//! The beginning of a data set: its columns, what they hold, its first rows.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use super::{
    Form, Reading,
    lines::{MOST_COLUMNS, Trouble},
    open,
    record::{Fields, Records, plain},
    shape, stored, test_case, told,
};
use crate::{model::batch::Row, store::job::StoreFault};

/// Rows that the kinds of the columns are told from.
const LOOKED_AT: usize = 100;

/// Characters of an example.
const EXAMPLE: usize = 80;

/// The beginning of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Its form.
    pub form: Form,
    /// Its columns, in the order in which they first appear.
    pub columns: Vec<Column>,
    /// Its first rows.
    pub rows: Vec<Row>,
    /// Whether there are further ones.
    pub more: bool,
}

/// A column of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its first values are.
    pub kind: Kind,
    /// The first value that is not empty, as far as a line goes.
    pub example: String,
    /// The variable it gives; none if it says something about the row, or is left out.
    pub variable: Option<String>,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing.
    Empty,
    /// `true` or `false`.
    Boolean,
    /// Whole numbers.
    Whole,
    /// Numbers.
    Number,
    /// Days (`2026-11-25`) or times (RFC 3339).
    Date,
    /// JSON lists or objects.
    Json,
    /// Texts.
    Text,
}

impl Kind {
    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Boolean => "boolean",
            Self::Whole => "whole number",
            Self::Number => "number",
            Self::Date => "date",
            Self::Json => "JSON",
            Self::Text => "text",
        }
    }

    fn of(text: &str) -> Self {
        let text = text.trim();
        let number = || text.parse::<f64>().is_ok_and(f64::is_finite) && text.bytes().any(|byte| byte.is_ascii_digit());
        match text {
            "" => Self::Empty,
            "true" | "false" | "True" | "False" | "TRUE" | "FALSE" => Self::Boolean,
            _ if text.parse::<i128>().is_ok() => Self::Whole,
            _ if number() => Self::Number,
            _ if text.parse::<Timestamp>().is_ok() || text.parse::<Date>().is_ok() => Self::Date,
            _ if text.starts_with(['[', '{']) && serde_json::from_str::<Value>(text).is_ok() => Self::Json,
            _ => Self::Text,
        }
    }

    /// Returns the kind that holds both.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Empty, kind) | (kind, Self::Empty) => kind,
            (Self::Whole, Self::Number) | (Self::Number, Self::Whole) => Self::Number,
            _ => Self::Text,
        }
    }
}

/// Names the columns of a row.
pub(super) fn names(fields: &Fields) -> Vec<String> {
    values(fields).into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Returns the columns of a row, a test's variables in place of its keys.
fn values(fields: &Fields) -> Vec<(&str, String)> {
    match fields {
        Fields::Text(text) => vec![("input", text.clone())],
        Fields::Columns(columns) if test_case::is(columns) => {
            let vars =
                columns.iter().filter(|(key, _)| key == "vars").filter_map(|(_, value)| test_case::fields(value));
            vars.flatten().map(|(name, value)| (name.as_str(), plain(value.clone()))).collect()
        }
        Fields::Columns(columns) => columns.iter().map(|(name, value)| (name.trim(), plain(value.clone()))).collect(),
    }
}

/// Reads the first rows of a data set, so many at most, and tells its columns; nothing behind them is
/// looked at. Rows whose columns do not fit are no mistake of the preview's unless they cannot be read.
pub fn preview(source: &str, reading: &Reading, rows: usize) -> Result<Preview, StoreFault> {
    if source == "-" {
        return Err(told(source, &Trouble::new(None, "what is read to be shown cannot be read again; name a file")));
    }
    stored(source)?;
    let mut set = open(source, &Reading { only: None, ..reading.clone() })?;
    let mut columns = Columns::default();
    let mut preview = Preview { form: set.form, columns: Vec::new(), rows: Vec::new(), more: false };
    let mut number = 0;
    for head in set.records.columns().unwrap_or_default() {
        columns.note(head, "").map_err(|trouble| told(source, &trouble))?;
    }
    for _ in 0..LOOKED_AT.max(rows) {
        let Some(record) = next(set.records.as_mut(), source)? else { break };
        shape::narrow(&record).map_err(|trouble| told(source, &trouble))?;
        for (name, value) in values(&record.fields) {
            columns.note(name, &value).map_err(|trouble| told(source, &trouble))?;
        }
        for mut row in
            shape::rows(record, &reading.mapping, reading.keep_going).map_err(|trouble| told(source, &trouble))?
        {
            number += 1;
            row.number = number;
            if preview.rows.len() < rows {
                preview.rows.push(row);
            } else {
                preview.more = true;
            }
        }
    }
    if number == 0 {
        return Err(told(source, &Trouble::new(None, "it has no rows")));
    }
    preview.more |= next(set.records.as_mut(), source).map_or(true, |record| record.is_some());
    let columns = columns.all;
    let gives = |wanted: &str| columns.iter().any(|column| variable(&column.name, reading) == wanted);
    let text_is_input = !gives("input") && !reading.mapping.values().any(|variable| variable == "text");
    let named = columns.iter().map(|column| {
        let name = match variable(&column.name, reading) {
            "text" if text_is_input => "input",
            name => name,
        };
        let plain = !name.is_empty() && !shape::special(name);
        Column { variable: plain.then(|| name.to_owned()), ..column.clone() }
    });
    preview.columns = named.collect();
    Ok(preview)
}

fn variable<'a>(column: &'a str, reading: &'a Reading) -> &'a str {
    reading.mapping.get(column).map_or(column, String::as_str)
}

fn next(records: &mut dyn Records, source: &str) -> Result<Option<super::record::Record>, StoreFault> {
    records.read().map_err(|trouble| told(source, &trouble))
}

/// The columns that rows had so far.
#[derive(Default)]
struct Columns {
    all: Vec<Column>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// Takes a value of a column in.
    fn note(&mut self, name: &str, value: &str) -> Result<(), Trouble> {
        if name.is_empty() {
            return Ok(());
        }
        let kind = Kind::of(value);
        let line =
            || value.split_whitespace().flat_map(|word| word.chars().chain([' '])).take(EXAMPLE).collect::<String>();
        let example = if kind == Kind::Empty { String::new() } else { line().trim_end().to_owned() };
        let full = self.all.len() == MOST_COLUMNS;
        let place = self.places.get(name).copied();
        match place.and_then(|place| self.all.get_mut(place)) {
            Some(column) => {
                column.kind = column.kind.with(kind);
                if column.example.is_empty() {
                    column.example = example;
                }
            }
            None if full => {
                return Err(Trouble::new(None, format!("its rows have more than {MOST_COLUMNS} columns together")));
            }
            None => {
                self.places.insert(name.to_owned(), self.all.len());
                self.all.push(Column { name: name.to_owned(), kind, example, variable: None });
            }
        }
        Ok(())
    }
}
