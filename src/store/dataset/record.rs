//! A row as its file holds it, before its columns have a meaning.

use super::lines::{Lines, Trouble};
use crate::{model::VarValue, text::json::ExactJson};

/// A row of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// The line it begins on, counted from 1, where its source has lines.
    pub(super) line: Option<u64>,
    /// The lines of its first columns, as far as they are known.
    pub(super) at: Vec<u64>,
    /// What it holds.
    pub(super) fields: Fields,
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fields {
    /// One text, which is its input.
    Text(String),
    /// Columns, in the order of the file.
    Columns(Vec<(String, ExactJson)>),
}

impl Record {
    /// Makes a row of a JSON value: of an object its fields, of another its text.
    pub(super) fn of(line: u64, value: ExactJson) -> Self {
        let fields = match value {
            ExactJson::Fields(fields) => Fields::Columns(fields),
            other => Fields::Text(plain(other)),
        };
        Self { line: Some(line), at: Vec::new(), fields }
    }
}

/// Returns a value as the text of a variable: null is empty, a list or an object is its JSON.
pub(super) fn plain(value: ExactJson) -> String {
    match value {
        ExactJson::Null => String::new(),
        ExactJson::Text(text) => text,
        other => other.to_string(),
    }
}

/// Returns a value as that of a variable.
pub(super) fn variable(value: ExactJson) -> VarValue {
    match value {
        ExactJson::Text(text) => VarValue::Text(text),
        other => VarValue::Json(other.to_string()),
    }
}

/// Reads rows one by one.
pub(super) trait Records: Send {
    /// Reads the next row; none at the end. After a mistake there is no further one.
    fn read(&mut self) -> Result<Option<Record>, Trouble>;

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
pub(super) struct PlainLines(pub(super) Lines);

impl Records for PlainLines {
    fn read(&mut self) -> Result<Option<Record>, Trouble> {
        loop {
            let Some(line) = self.0.next()? else { return Ok(None) };
            let text = line.trim_end_matches(['\r', '\n']).to_owned();
            if !text.trim().is_empty() {
                return Ok(Some(Record { line: Some(self.0.number()), at: Vec::new(), fields: Fields::Text(text) }));
            }
        }
    }
}

/// The whole source is one row.
pub(super) struct WholeText(pub(super) Option<Lines>);

impl Records for WholeText {
    fn read(&mut self) -> Result<Option<Record>, Trouble> {
        let Some(mut lines) = self.0.take() else { return Ok(None) };
        let text = lines.whole()?;
        Ok(Some(Record { line: None, at: Vec::new(), fields: Fields::Text(text) }))
    }
}
