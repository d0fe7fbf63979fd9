//! The beginning of a data set: its columns, what they hold, its first rows, and whether they give the variables that
//! prompts ask for. A file that is no data set is one input.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use crate::{
    config::trust::Consent,
    dataset::{
        ReadOptions, located, open, row,
        row::{RecordFields, Records, plain, special},
        source::{DatasetError, MOST_COLUMNS},
        stored,
    },
    model::{
        Input, NamedInput,
        catalog::nearest,
        dataset::{ColumnKind, DatasetColumn, DatasetFormat, DatasetPreview, MissingVariable, RowRanges},
        error::StoreError,
    },
};

/// How columns and variables go together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// Column to variable, where they differ from what happens by itself: what was given, and `text`
    /// where a prompt asks for a variable of that name.
    pub mapping: BTreeMap<String, String>,
    /// Variables that no column gives, in the order of their names.
    pub missing: Vec<MissingVariable>,
    /// Columns whose variable no prompt asks for, in the order of the file.
    pub unused: Vec<String>,
}

/// Compares the columns of a data set with the variables that prompts ask for; `given` is the mapping a
/// person wrote.
#[must_use]
pub fn fit(columns: &[String], asks: &BTreeSet<String>, given: &BTreeMap<String, String>) -> Fit {
    let mut mapping = given.clone();
    let has = |name: &str| columns.iter().any(|column| column == name);
    if asks.contains("text") && !asks.contains("input") && has("text") && !given.contains_key("text") {
        mapping.insert("text".to_owned(), "text".to_owned());
    }
    let named = |column: &String| mapping.get(column).unwrap_or(column).clone();
    let mut variables: Vec<String> = columns.iter().map(named).collect();
    let input = variables.iter().any(|variable| variable == "input");
    if !input && !mapping.values().any(|variable| variable == "text") {
        for variable in variables.iter_mut().filter(|variable| *variable == "text") {
            "input".clone_into(variable);
        }
    }
    // `a.b` may be a column, or a field of the column `a`.
    let is_given = |ask: &str| variables.iter().any(|name| within(ask, name));
    let has = |variable: &str| asks.iter().any(|ask| within(ask, variable));
    let unused = columns.iter().zip(&variables).filter(|(column, variable)| {
        !variable.is_empty() && !special(variable) && !column.is_empty() && !has(variable)
    });
    let unused: Vec<String> = unused.map(|(column, _)| column.clone()).collect();
    let missing = asks.iter().filter(|ask| !is_given(ask)).map(|ask| {
        let lower = ask.to_lowercase();
        let same = unused.iter().find(|column| column.to_lowercase() == lower).cloned();
        MissingVariable {
            variable: ask.clone(),
            near: same.or_else(|| nearest(ask, unused.iter().map(String::as_str))),
        }
    });
    Fit { missing: missing.collect(), mapping, unused }
}

/// Tells whether a name is that of a variable, or of something within it.
fn within(name: &str, variable: &str) -> bool {
    name.strip_prefix(variable).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Rows that are listed, at most.
const LISTED: usize = 1000;

/// Characters of a row that its summary shows.
const SUMMARY: usize = 120;

/// A row of a data set in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEntry {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its text and its variables, as far as a line goes.
    pub summary: String,
}

/// What a file holds, as an input is taken from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loaded {
    /// A text, or the row that was named.
    Input(NamedInput),
    /// The first rows of a data set, and whether there are further ones.
    Rows { file: String, rows: Vec<RowEntry>, more: bool },
}

/// Reads `FILE` as a text or as a list of rows, or the one row that `FILE:ROW` names.
pub(crate) fn read(from: &str, consent: &Consent) -> Result<Loaded, StoreError> {
    if from == "-" {
        return Err(located(from, &DatasetError::new(None, "it belongs to the keyboard; name a file")));
    }
    let (file, row) = split(from);
    let path = Path::new(file);
    stored(file)?;
    let name = path.file_name().map_or_else(|| file.to_owned(), |name| name.to_string_lossy().into_owned());
    // what is neither a data set nor a folder is a text
    let form = DatasetFormat::of(path).map_or(Some(DatasetFormat::Text), |_| None);
    let only = row.filter(|_| form.is_none()).map(RowRanges::only);
    let picked = only.is_some();
    let mut rows = open(file, &ReadOptions { form, only, consent: consent.clone(), ..ReadOptions::default() })?;
    let none = || located(file, &DatasetError::new(None, "it has no rows"));
    if form.is_some() || picked {
        let input = rows.next().ok_or_else(none)??.input;
        let name = row.filter(|_| picked).map_or_else(|| name.clone(), |row| format!("{name}:{row}"));
        return Ok(Loaded::Input(NamedInput { name, input }));
    }
    let listed = rows
        .by_ref()
        .take(LISTED)
        .map(|row| row.map(|row| RowEntry { number: row.number, summary: summary(&row.input) }));
    let listed = listed.collect::<Result<Vec<_>, _>>()?;
    Ok(Loaded::Rows { file: file.to_owned(), more: rows.next().is_some(), rows: listed })
}

fn split(from: &str) -> (&str, Option<u64>) {
    match from.rsplit_once(':') {
        Some((file, row)) if !Path::new(from).exists() => match row.parse() {
            Ok(row) => (file, Some(row)),
            Err(_) => (from, None),
        },
        _ => (from, None),
    }
}

fn summary(input: &Input) -> String {
    let vars = input.vars.iter().map(|(name, value)| format!("{name}={value}"));
    let parts = Some(input.text.clone()).filter(|text| !text.is_empty()).into_iter().chain(vars);
    let mut whole = String::new();
    for part in parts {
        if !whole.is_empty() {
            whole.push_str(" · ");
        }
        whole.extend(part.chars().take(SUMMARY));
        if whole.chars().nth(SUMMARY).is_some() {
            break;
        }
    }
    whole.chars().take(SUMMARY).collect()
}

/// Rows that the kinds of the columns are told from.
const LOOKED_AT: usize = 100;

/// Characters of an example.
const EXAMPLE: usize = 80;

impl ColumnKind {
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
pub(crate) fn names(fields: &RecordFields) -> Vec<String> {
    values(fields).into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Returns the columns of a row, a test's variables in place of its keys.
fn values(fields: &RecordFields) -> Vec<(&str, String)> {
    match fields {
        RecordFields::Text(text) => vec![("input", text.clone())],
        RecordFields::Columns(columns) if row::is(columns) => {
            let vars = columns.iter().filter(|(key, _)| key == "vars").filter_map(|(_, value)| row::fields(value));
            vars.flatten().map(|(name, value)| (name.as_str(), plain(value.clone()))).collect()
        }
        RecordFields::Columns(columns) => {
            columns.iter().map(|(name, value)| (name.trim(), plain(value.clone()))).collect()
        }
    }
}

/// Reads the first rows of a data set, so many at most, and tells its columns; nothing behind them is
/// looked at. Rows whose columns do not fit are no mistake of the preview's unless they cannot be read.
pub fn preview(source: &str, reading: &ReadOptions, rows: usize) -> Result<DatasetPreview, StoreError> {
    if source == "-" {
        return Err(located(
            source,
            &DatasetError::new(None, "what is read to be shown cannot be read again; name a file"),
        ));
    }
    stored(source)?;
    let mut set = open(source, &ReadOptions { only: None, ..reading.clone() })?;
    let mut columns = Columns::default();
    let mut preview = DatasetPreview { form: set.form, columns: Vec::new(), rows: Vec::new(), more: false };
    let mut number = 0;
    for head in set.records.columns().unwrap_or_default() {
        columns.note(head, "").map_err(|error| located(source, &error))?;
    }
    for _ in 0..LOOKED_AT.max(rows) {
        let Some(record) = next(set.records.as_mut(), source)? else { break };
        row::narrow(&record).map_err(|error| located(source, &error))?;
        for (name, value) in values(&record.fields) {
            columns.note(name, &value).map_err(|error| located(source, &error))?;
        }
        for mut row in row::rows(record, reading).map_err(|error| located(source, &error))? {
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
        return Err(located(source, &DatasetError::new(None, "it has no rows")));
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
        let plain = !name.is_empty() && !special(name);
        DatasetColumn { variable: plain.then(|| name.to_owned()), ..column.clone() }
    });
    preview.columns = named.collect();
    Ok(preview)
}

fn variable<'a>(column: &'a str, reading: &'a ReadOptions) -> &'a str {
    reading.mapping.get(column).map_or(column, String::as_str)
}

fn next(records: &mut dyn Records, source: &str) -> Result<Option<row::SourceRecord>, StoreError> {
    records.read().map_err(|error| located(source, &error))
}

/// The columns that rows had so far.
#[derive(Default)]
struct Columns {
    all: Vec<DatasetColumn>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// Takes a value of a column in.
    fn note(&mut self, name: &str, value: &str) -> Result<(), DatasetError> {
        if name.is_empty() {
            return Ok(());
        }
        let kind = ColumnKind::of(value);
        let line =
            || value.split_whitespace().flat_map(|word| word.chars().chain([' '])).take(EXAMPLE).collect::<String>();
        let example = if kind == ColumnKind::Empty { String::new() } else { line().trim_end().to_owned() };
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
                return Err(DatasetError::new(
                    None,
                    format!("its rows have more than {MOST_COLUMNS} columns together"),
                ));
            }
            None => {
                self.places.insert(name.to_owned(), self.all.len());
                self.all.push(DatasetColumn { name: name.to_owned(), kind, example, variable: None });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<T: FromIterator<String>>(names: &[&str]) -> T {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_variable_without_a_column_is_missing_and_its_likely_column_is_named() {
        let given = [("mail".to_owned(), "body".to_owned())].into();
        let found = fit(
            &set::<Vec<_>>(&["mail", "Lang", "subjct", "__expected", "id"]),
            &set(&["body", "lang", "subject", "tone"]),
            &given,
        );
        let near: Vec<_> = found.missing.iter().map(|one| (one.variable.as_str(), one.near.as_deref())).collect();
        assert_eq!(near, [("lang", Some("Lang")), ("subject", Some("subjct")), ("tone", None)]);
        assert_eq!(found.unused, ["Lang", "subjct", "id"]);
        assert_eq!(found.mapping, given);
    }

    #[test]
    fn text_is_the_input_unless_it_is_asked_for_by_its_name() {
        let columns = set::<Vec<_>>(&["text", "label"]);
        let none = BTreeMap::new();
        assert_eq!(fit(&columns, &set(&["input"]), &none).missing, []);
        let fitted = fit(&columns, &set(&["text"]), &none);
        assert_eq!((fitted.missing.len(), fitted.mapping.get("text").map(String::as_str)), (0, Some("text")));
        let both = fit(&columns, &set(&["input", "text"]), &none);
        assert_eq!(both.missing.iter().map(|one| one.variable.as_str()).collect::<Vec<_>>(), ["text"]);
    }
}
