//! Rows added to a data set in CSV: under the columns that it has, or under new ones where there is no file yet.

use std::collections::BTreeSet;

use crate::{
    model::{DatasetRow, error::StoreError, input::VarValue},
    text::clean_line,
};

/// The column of a text that is no variable.
const INPUT: &str = "input";

/// What a column of metadata begins with.
const METADATA: &str = "__metadata:";

/// Which names stand in the first line, in their order: the values of a row go below them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SheetColumns(Vec<String>);

impl SheetColumns {
    /// Reads the first line of a sheet.
    pub(crate) fn read(text: &str) -> Result<Self, StoreError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let first = reader.records().next().and_then(Result::ok).unwrap_or_default();
        let names: Vec<String> = first.iter().map(|name| name.trim().to_owned()).collect();
        let other = |name: &String| name.contains([';', '\t']) || name.starts_with("sep=");
        if names.iter().any(other) {
            return Err(StoreError::wrong(
                "rows are added to a sheet whose columns are separated by commas; name a .jsonl file",
            ));
        }
        Ok(Self(names))
    }

    /// Makes the columns that rows need.
    pub(crate) fn of(rows: &[DatasetRow]) -> Self {
        let has_text = |row: &DatasetRow| !row.input.text.is_empty() || row.input.vars.is_empty();
        let mut names: Vec<String> = rows.iter().any(has_text).then(|| INPUT.to_owned()).into_iter().collect();
        let vars: BTreeSet<&String> = rows.iter().flat_map(|row| row.input.vars.keys()).collect();
        names.extend(vars.into_iter().filter(|name| name.as_str() != INPUT).cloned());
        let metadata: BTreeSet<&String> = rows.iter().flat_map(|row| row.metadata.keys()).collect();
        names.extend(metadata.into_iter().map(|key| format!("{METADATA}{key}")));
        Self(names)
    }

    /// Writes the columns as the first line.
    pub(crate) fn head(&self) -> Result<String, StoreError> {
        record(&self.0)
    }

    /// Writes a row as a line. What the columns have no room for is refused, but for what a row says of where it comes from.
    pub(crate) fn line(&self, row: &DatasetRow) -> Result<String, StoreError> {
        if !row.checks.is_empty() || row.min_score.is_some() || !row.input.parts.is_empty() {
            return Err(StoreError::wrong(
                "a row has checks or files of its own, for which a sheet has no room: name a .jsonl file",
            ));
        }
        let mut known: BTreeSet<&str> = row.input.vars.keys().map(String::as_str).collect();
        if !row.input.text.is_empty() {
            known.insert(INPUT);
        }
        if let Some(name) = known.iter().find(|name| !self.0.iter().any(|own| own == *name)) {
            return Err(StoreError::wrong(format!(
                "the sheet has no column `{}`, which a row needs; add it to its first line, or name a .jsonl file",
                clean_line(name)
            )));
        }
        let cell = |name: &String| -> Result<String, StoreError> {
            match row.input.vars.get(name) {
                Some(VarValue::Text(text)) => Ok(text.clone()),
                Some(VarValue::Json(_)) => Err(StoreError::wrong(format!(
                    "`{}` of a row is no text, for which a sheet has no room: name a .jsonl file",
                    clean_line(name)
                ))),
                None if name == INPUT => Ok(row.input.text.clone()),
                None => {
                    Ok(name.strip_prefix(METADATA).and_then(|key| row.metadata.get(key)).cloned().unwrap_or_default())
                }
            }
        };
        record(&self.0.iter().map(cell).collect::<Result<Vec<String>, StoreError>>()?)
    }
}

fn record(cells: &[String]) -> Result<String, StoreError> {
    let failed = |error: String| StoreError::new(format!("the rows cannot be written: {error}"));
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Check, CheckKind, Input};

    fn row(text: &str, vars: &[(&str, &str)]) -> DatasetRow {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let metadata = [("origin".to_owned(), "run 1".to_owned())].into();
        DatasetRow {
            input: Input { text: text.to_owned(), vars, parts: Vec::new() },
            metadata,
            ..DatasetRow::default()
        }
    }

    #[test]
    fn rows_go_under_the_columns_there_are_and_what_has_no_room_is_refused() {
        let rows = [row("a, \"b\"\nc", &[("team", "billing")]), row("=1+1", &[])];
        let new = SheetColumns::of(&rows);
        assert_eq!(new.head().unwrap(), "input,team,__metadata:origin\n");
        assert_eq!(new.line(&rows[0]).unwrap(), "\"a, \"\"b\"\"\nc\",billing,run 1\n");
        assert_eq!(new.line(&rows[1]).unwrap(), "=1+1,,run 1\n", "what is asked stays as it is");
        let there = SheetColumns::read("\u{feff}team,input,expected\nx,y,z\n").unwrap();
        assert_eq!(there.line(&rows[1]).unwrap(), ",=1+1,\n");
        let narrow = SheetColumns::read("input\n").unwrap();
        assert!(narrow.line(&rows[0]).unwrap_err().to_string().contains("no column `team`"));
        assert!(SheetColumns::read("input;team\n").is_err());
        let checked = DatasetRow { checks: vec![Check::of(CheckKind::Equals).with("x")], ..rows[0].clone() };
        assert!(new.line(&checked).unwrap_err().to_string().contains(".jsonl"));
    }
}
