//! What the columns of a row mean: variables, checks, and what is said about the row.
//!
//! Columns whose names begin with `__` are promptfoo's (`testCaseFromCsvRow` in its `src/csv.ts`).

use std::collections::BTreeMap;

use super::{
    lines::{MOST_COLUMNS, Trouble},
    record::{Fields, Record, plain, variable},
    test_case,
};
use crate::{
    model::{Check, VarValue, batch::Row},
    store::{
        mistake::{quoted, slip},
        promptfoo::assertion,
    },
    text::json::ExactJson,
};

/// The columns with a meaning of their own.
const SPECIAL: &[&str] = &["__expected", "__description", "__metric", "__threshold", "__metadata:", "__config:"];

/// The names promptfoo keeps for itself, which are a slip with one line before them.
const KEPT: &[&str] = &["_expected", "_description", "_metric", "_threshold", "_prefix", "_suffix", "_providerOutput"];

/// Column to variable, where they differ in name; an empty variable leaves the column out.
pub(super) type Mapping = BTreeMap<String, String>;

/// Makes the rows of a record, without their numbers: one, or several where a test has lists of values.
pub(super) fn rows(record: Record, mapping: &Mapping, keep_going: bool) -> Result<Vec<Row>, Trouble> {
    narrow(&record)?;
    let line = record.line;
    match record.fields {
        Fields::Text(text) => {
            let mut making = Making::default();
            let name = mapping.get("input").map_or("input", String::as_str).to_owned();
            making.take(&name, ExactJson::Text(text)).map_err(|what| Trouble::new(line, what))?;
            Ok(vec![making.row(line, mapping)])
        }
        Fields::Columns(columns) if test_case::is(&columns) => {
            test_case::rows(columns, line, &record.at, mapping, keep_going)
        }
        Fields::Columns(columns) => Ok(vec![of_columns(columns, line, &record.at, mapping, keep_going)?]),
    }
}

/// Refuses a row of more columns than are taken.
pub(super) fn narrow(record: &Record) -> Result<(), Trouble> {
    match &record.fields {
        Fields::Columns(columns) if columns.len() > MOST_COLUMNS => Err(Trouble::wide(record.line)),
        Fields::Columns(_) | Fields::Text(_) => Ok(()),
    }
}

fn of_columns(
    columns: Vec<(String, ExactJson)>,
    line: Option<u64>,
    at: &[u64],
    mapping: &Mapping,
    keep_going: bool,
) -> Result<Row, Trouble> {
    let mut making = Making { keep_going, ..Making::default() };
    for (index, (column, value)) in columns.into_iter().enumerate() {
        let line = at.get(index).copied().or(line);
        let column = column.trim();
        let name = mapping.get(column).map_or(column, String::as_str);
        let taken = making.take(name, value);
        taken.map_err(|what| Trouble::new(line, format!("column {}: {what}", quoted(column))))?;
    }
    Ok(making.row(line, mapping))
}

/// Tells whether a column is no variable but says something about its row.
pub(super) fn special(name: &str) -> bool {
    name.starts_with("__")
}

/// A row under construction.
#[derive(Default)]
pub(super) struct Making {
    row: Row,
    /// The checks of its cells, by the number of their column.
    cells: Vec<(u64, Check)>,
    metric: Option<String>,
    keep_going: bool,
    thresholds: BTreeMap<u64, f64>,
}

impl Making {
    /// Begins with what is known of a row.
    pub(super) fn of(row: Row) -> Self {
        Self { row, ..Self::default() }
    }

    /// Takes a column, by its name or that of the variable it is mapped to.
    pub(super) fn take(&mut self, name: &str, value: ExactJson) -> Result<(), String> {
        if name.is_empty() {
            return Ok(());
        }
        if let Some(number) = name.strip_prefix("__expected").and_then(index) {
            return self.expect(number, &value);
        }
        if !special(name) {
            if KEPT.contains(&name) || name.strip_prefix("_expected").and_then(index).is_some() {
                return Err(format!("did you mean `_{name}`? If not, map it to a variable of another name"));
            }
            return self.variable(name, variable(value));
        }
        let text = plain(value);
        let filled = Some(text.trim()).filter(|text| !text.is_empty());
        if let Some(key) = name.strip_prefix("__metadata:") {
            if filled.is_some() {
                self.row.metadata.insert(key.to_owned(), text);
            }
            return Ok(());
        }
        if let Some(config) = name.strip_prefix("__config:") {
            let column = config.strip_suffix(":threshold").and_then(|of| of.strip_prefix("__expected")).and_then(index);
            let number = column.ok_or("it is not understood; write `__config:__expected:threshold`")?;
            if let Some(text) = filled {
                self.thresholds.insert(number, figure(text)?);
            }
            return Ok(());
        }
        match name {
            "__description" => self.row.description = filled.map(str::to_owned),
            "__metric" => self.metric = filled.map(str::to_owned),
            // promptfoo takes 0 for unset
            "__threshold" => self.row.min_score = filled.map(figure).transpose()?.filter(|least| *least > 0.0),
            "__prefix" | "__suffix" | "__providerOutput" if filled.is_none() => {}
            "__prefix" | "__suffix" => {
                let plain = name.trim_start_matches('_');
                return Err(format!(
                    "a row cannot add to its prompt; put {{{{ {plain} }}}} into the prompt and map the column to `{plain}`"
                ));
            }
            "__providerOutput" => return Err("answers that are there already cannot be judged here".to_owned()),
            _ => {
                let near = slip(name, SPECIAL.iter().copied());
                return Err(format!("it has no meaning; names with `__` before them are promptfoo's{near}"));
            }
        }
        Ok(())
    }

    fn expect(&mut self, number: u64, value: &ExactJson) -> Result<(), String> {
        let text = plain(value.clone());
        if text.trim().is_empty() {
            return Ok(());
        }
        let check = match value {
            ExactJson::List(_) | ExactJson::Fields(_) => assertion::of_exact(value),
            _ => assertion::of_text(&text),
        };
        self.cells.push((number, assertion::kept(check, &text, self.keep_going)?));
        Ok(())
    }

    pub(super) fn variable(&mut self, name: &str, value: VarValue) -> Result<(), String> {
        match self.row.input.vars.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(format!("the variable {} has two columns; map one to another name", quoted(name))),
        }
    }

    /// Finishes the row: `input`, or else `text`, is its text.
    pub(super) fn row(mut self, line: Option<u64>, mapping: &Mapping) -> Row {
        for (number, threshold) in self.thresholds {
            for (_, check) in self.cells.iter_mut().filter(|(cell, _)| *cell == number) {
                check.threshold = Some(threshold);
            }
        }
        for (_, mut check) in self.cells {
            check.metric = check.metric.or_else(|| self.metric.clone());
            self.row.checks.push(check);
        }
        let input = &mut self.row.input;
        let asked = mapping.values().any(|variable| variable == "text");
        if !input.take_text()
            && !asked
            && let Some(text) = input.vars.remove("text")
        {
            text.as_str().clone_into(&mut input.text);
        }
        self.row.line = line;
        self.row
    }
}

/// The number of an `__expected` column: 1 where it has none.
fn index(rest: &str) -> Option<u64> {
    if rest.is_empty() { Some(1) } else { rest.parse().ok().filter(|number| *number > 0) }
}

pub(super) fn figure(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("expected a number of 0 or more, found {}", quoted(text)))
}
