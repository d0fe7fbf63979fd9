//! From the record of a file to a row: its variables, checks and metadata.
//!
//! Columns whose names begin with `__` are promptfoo's (`testCaseFromCsvRow` in its `src/csv.ts`); so are records of the
//! shape `{"vars": {…}, "assert": […]}` (`TestCaseSchema` in its `src/types/index.ts`).

use std::collections::BTreeMap;

use crate::{
    dataset::{
        ReadOptions,
        source::{DatasetError, MOST_COLUMNS, SourceLines},
    },
    eval::check::promptfoo,
    model::{Check, MediaType, VarValue, dataset::DatasetRow},
    text::{
        json::ExactJson,
        suggest::{quoted, slip},
    },
};

/// A row of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SourceRecord {
    /// The line it begins on, counted from 1, where its source has lines.
    pub(crate) line: Option<u64>,
    /// The lines of its first columns, as far as they are known.
    pub(crate) at: Vec<u64>,
    /// What it holds.
    pub(crate) fields: RecordFields,
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RecordFields {
    /// One text, which is its input.
    Text(String),
    /// Columns, in the order of the file.
    Columns(Vec<(String, ExactJson)>),
}

impl SourceRecord {
    /// Makes a row of a JSON value: of an object its fields, of another its text.
    pub(crate) fn of(line: u64, value: ExactJson) -> Self {
        let fields = match value {
            ExactJson::Fields(fields) => RecordFields::Columns(fields),
            other => RecordFields::Text(plain(other)),
        };
        Self { line: Some(line), at: Vec::new(), fields }
    }
}

/// Returns a value as the text of a variable: null is empty, a list or an object is its JSON.
pub(crate) fn plain(value: ExactJson) -> String {
    match value {
        ExactJson::Null => String::new(),
        ExactJson::Text(text) => text,
        other => other.to_string(),
    }
}

pub(crate) fn variable(value: ExactJson) -> VarValue {
    match value {
        ExactJson::Text(text) => VarValue::Text(text),
        other => VarValue::Json(other.to_string()),
    }
}

/// Reads rows one by one.
pub(crate) trait Records: Send {
    /// Reads the next row; none at the end. After a mistake there is no further one.
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError>;

    /// Returns the columns, where the source names them before its first row.
    fn columns(&self) -> Option<&[String]> {
        None
    }

    /// Says what a person should know of the rows read so far.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Every line that is not blank is a row.
pub(crate) struct PlainLines(pub(crate) SourceLines);

impl Records for PlainLines {
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError> {
        loop {
            let Some(line) = self.0.next()? else { return Ok(None) };
            let text = line.trim_end_matches(['\r', '\n']).to_owned();
            if !text.trim().is_empty() {
                return Ok(Some(SourceRecord {
                    line: Some(self.0.number()),
                    at: Vec::new(),
                    fields: RecordFields::Text(text),
                }));
            }
        }
    }
}

/// The whole source is one row.
pub(crate) struct WholeText(pub(crate) Option<SourceLines>);

impl Records for WholeText {
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError> {
        let Some(mut lines) = self.0.take() else { return Ok(None) };
        let text = lines.whole()?;
        Ok(Some(SourceRecord { line: None, at: Vec::new(), fields: RecordFields::Text(text) }))
    }
}

/// The columns with a meaning of their own.
pub(crate) const SPECIAL: &[&str] =
    &["__expected", "__description", "__metric", "__threshold", "__metadata:", "__config:"];

/// The names promptfoo keeps for itself, which are a slip with one line before them.
pub(crate) const KEPT: &[&str] =
    &["_expected", "_description", "_metric", "_threshold", "_prefix", "_suffix", "_providerOutput"];

/// Column to variable, where they differ in name; an empty variable leaves the column out.
pub(crate) type Mapping = BTreeMap<String, String>;

/// Makes the rows of a record, without their numbers: one, or several where a test has lists of values. Where nobody has
/// agreed to it, none of them starts a program.
pub(crate) fn rows(record: SourceRecord, reading: &ReadOptions) -> Result<Vec<DatasetRow>, DatasetError> {
    let mut rows = any_rows(record, &reading.mapping, reading.keep_going)?;
    if !reading.programs {
        for check in rows.iter_mut().flat_map(|row| &mut row.checks) {
            *check = promptfoo::without_program(check.clone());
        }
    }
    Ok(rows)
}

fn any_rows(record: SourceRecord, mapping: &Mapping, keep_going: bool) -> Result<Vec<DatasetRow>, DatasetError> {
    narrow(&record)?;
    let line = record.line;
    match record.fields {
        RecordFields::Text(text) => {
            let mut making = Making::default();
            let name = mapping.get("input").map_or("input", String::as_str).to_owned();
            making.take(&name, ExactJson::Text(text)).map_err(|what| DatasetError::new(line, what))?;
            Ok(vec![making.row(line, mapping)])
        }
        RecordFields::Columns(columns) if is(&columns) => {
            test_case_rows(columns, line, &record.at, mapping, keep_going)
        }
        RecordFields::Columns(columns) => Ok(vec![of_columns(columns, line, &record.at, mapping, keep_going)?]),
    }
}

/// Refuses a row of more columns than are taken.
pub(crate) fn narrow(record: &SourceRecord) -> Result<(), DatasetError> {
    match &record.fields {
        RecordFields::Columns(columns) if columns.len() > MOST_COLUMNS => Err(DatasetError::wide(record.line)),
        RecordFields::Columns(_) | RecordFields::Text(_) => Ok(()),
    }
}

fn of_columns(
    columns: Vec<(String, ExactJson)>,
    line: Option<u64>,
    at: &[u64],
    mapping: &Mapping,
    keep_going: bool,
) -> Result<DatasetRow, DatasetError> {
    let mut making = Making { keep_going, ..Making::default() };
    for (index, (column, value)) in columns.into_iter().enumerate() {
        let line = at.get(index).copied().or(line);
        let column = column.trim();
        let name = mapping.get(column).map_or(column, String::as_str);
        let taken = making.take(name, value);
        taken.map_err(|what| DatasetError::new(line, format!("column {}: {what}", quoted(column))))?;
    }
    Ok(making.row(line, mapping))
}

/// Tells whether a column is no variable but says something about its row.
pub(crate) fn special(name: &str) -> bool {
    name.starts_with("__")
}

/// A row under construction.
#[derive(Default)]
pub(crate) struct Making {
    row: DatasetRow,
    /// The checks of its cells, by the number of their column.
    cells: Vec<(u64, Check)>,
    metric: Option<String>,
    keep_going: bool,
    thresholds: BTreeMap<u64, f64>,
}

impl Making {
    /// Begins with what is known of a row.
    pub(crate) fn of(row: DatasetRow) -> Self {
        Self { row, ..Self::default() }
    }

    /// Takes a column, by its name or that of the variable it is mapped to.
    pub(crate) fn take(&mut self, name: &str, value: ExactJson) -> Result<(), String> {
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
            ExactJson::List(_) | ExactJson::Fields(_) => promptfoo::of_exact(value),
            _ => promptfoo::of_text(&text),
        };
        self.cells.push((number, promptfoo::kept(check, &text, self.keep_going)?));
        Ok(())
    }

    pub(crate) fn variable(&mut self, name: &str, value: VarValue) -> Result<(), String> {
        match self.row.input.vars.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(format!("the variable {} has two columns; map one to another name", quoted(name))),
        }
    }

    /// Finishes the row: `input`, or else `text`, is its text.
    pub(crate) fn row(mut self, line: Option<u64>, mapping: &Mapping) -> DatasetRow {
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
        let as_text = mapping.values().any(|variable| variable == "text");
        if !input.take_text()
            && !as_text
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

pub(crate) fn figure(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("expected a number of 0 or more, found {}", quoted(text)))
}

/// The keys that are understood.
pub(crate) const KEYS: &[&str] = &["vars", "assert", "description", "threshold", "metadata"];

/// Rows that the lists of one test may come to.
const MOST: usize = 10_000;

/// Bytes that their variables may come to.
const HEAVIEST: usize = 32 * 1024 * 1024;

/// Tells whether a row is a test: it has `vars` with names, or a list `assert`.
pub(crate) fn is(columns: &[(String, ExactJson)]) -> bool {
    columns.iter().any(|(key, value)| {
        (key == "vars" && fields(value).is_some()) || (key == "assert" && matches!(value, ExactJson::List(_)))
    })
}

/// Makes the rows of a test. Variables with lists of values make a row for each combination, the first
/// variable changing slowest.
pub(crate) fn test_case_rows(
    columns: Vec<(String, ExactJson)>,
    line: Option<u64>,
    at: &[u64],
    mapping: &Mapping,
    keep_going: bool,
) -> Result<Vec<DatasetRow>, DatasetError> {
    let mut vars = Vec::new();
    let mut row = DatasetRow::default();
    for (index, (key, value)) in columns.into_iter().enumerate() {
        let line = at.get(index).copied().or(line);
        let taken = match key.as_str() {
            "vars" => object(value).map(|found| vars = found),
            "assert" => checks(&value, keep_going).map(|checks| row.checks = checks),
            "description" => {
                row.description = Some(plain(value)).filter(|text| !text.is_empty());
                Ok(())
            }
            "threshold" => threshold(&value).map(|least| row.min_score = least),
            "metadata" => object(value)
                .map(|found| row.metadata = found.into_iter().map(|(key, value)| (key, plain(value))).collect()),
            _ => Err(format!(
                "it is not understood in a test; it may have {}{}",
                KEYS.join(", "),
                slip(&key, KEYS.iter().copied())
            )),
        };
        taken.map_err(|what| DatasetError::new(line, format!("{}: {what}", quoted(&key))))?;
    }
    let vars = vars.into_iter().map(|(name, value)| (mapping.get(&name).cloned().unwrap_or(name), value));
    let mut size = 0_usize;
    let mut combinations: Vec<Vec<(String, VarValue)>> = vec![Vec::new()];
    for (name, value) in vars.filter(|(name, _)| !name.is_empty()) {
        // As promptfoo has it, a list stands for several values if its first is a text.
        let values: Vec<VarValue> = match value {
            ExactJson::List(values) if matches!(values.first(), Some(ExactJson::Text(_))) => {
                values.into_iter().map(variable).collect()
            }
            one => vec![variable(one)],
        };
        let error = |what: &str| DatasetError::new(line, format!("vars.{}: {what}", quoted(&name)));
        // A picture, a document or a recording is named, and read by the part of a message that has it.
        let is_text = |value: &VarValue| value.starts_with("file://") && MediaType::of_ending(value.as_str()).is_none();
        if values.iter().any(is_text) {
            return Err(error("a file is not read in place of a value; write the text itself"));
        }
        let rows = combinations.len().saturating_mul(values.len());
        if rows > MOST {
            return Err(error(&format!("the lists of this test make more than {MOST} rows")));
        }
        // Each row has its own copy of everything.
        let all = |values: &[VarValue]| values.iter().map(|value| value.len() + name.len()).sum::<usize>();
        size = size.saturating_mul(values.len()).saturating_add(all(&values).saturating_mul(combinations.len()));
        if size > HEAVIEST {
            let most = HEAVIEST / 1024 / 1024;
            return Err(error(&format!(
                "the rows that the lists of this test make are larger than {most} MB together"
            )));
        }
        let longer = combinations.iter().flat_map(|combination| {
            values.iter().map(|value| combination.iter().cloned().chain([(name.clone(), value.clone())]).collect())
        });
        combinations = longer.collect();
    }
    let made = combinations.into_iter().map(|combination| {
        let mut making = Making::of(row.clone());
        for (name, value) in combination {
            making.variable(&name, value).map_err(|what| DatasetError::new(line, what))?;
        }
        Ok(making.row(line, mapping))
    });
    made.collect()
}

/// Returns the members of an object.
pub(crate) fn fields(value: &ExactJson) -> Option<&[(String, ExactJson)]> {
    match value {
        ExactJson::Fields(fields) => Some(fields),
        _ => None,
    }
}

fn object(value: ExactJson) -> Result<Vec<(String, ExactJson)>, String> {
    match value {
        ExactJson::Fields(fields) => Ok(fields),
        ExactJson::Null => Ok(Vec::new()),
        other => Err(format!("expected names and values, found {}", quoted(&other.to_string()))),
    }
}

fn checks(value: &ExactJson, keep_going: bool) -> Result<Vec<Check>, String> {
    match value {
        ExactJson::Null => Ok(Vec::new()),
        ExactJson::List(items) => {
            let read = |(index, item): (usize, &ExactJson)| {
                let read = promptfoo::of_exact(item);
                promptfoo::kept(read, &item.to_string(), keep_going).map_err(|what| format!("[{index}]: {what}"))
            };
            items.iter().enumerate().map(read).collect()
        }
        other => Err(format!("expected a list of assertions, found {}", quoted(&other.to_string()))),
    }
}

fn threshold(value: &ExactJson) -> Result<Option<f64>, String> {
    match value {
        ExactJson::Null => Ok(None),
        other => figure(&other.to_string()).map(Some),
    }
}
