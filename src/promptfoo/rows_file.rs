//! A data set of JSON Lines or CSV that rows are added to: the door through which rows go into a file.

use std::{
    fs,
    fs::OpenOptions,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    dataset,
    dataset::{ReadOptions, proposals::compared},
    eval::{NearDuplicates, baseline},
    model::{DatasetRow, dataset::DatasetFormat, error::StoreError, settings::IntakeLimits},
    promptfoo::{line, row_sheet::SheetColumns},
    text::{clean_line, json, reorders},
};

/// A data set in JSON Lines or CSV that rows are added to.
pub struct RowsFile {
    path: PathBuf,
    form: RowsForm,
    /// The rows that it has.
    pub rows: Vec<DatasetRow>,
}

/// How the rows of a file are written.
enum RowsForm {
    Lines,
    /// CSV; without columns where there is no file yet.
    Sheet(Option<SheetColumns>),
}

impl RowsFile {
    /// Reads the rows there are; none where there is no such file yet. Anything but a file of JSON Lines or CSV is refused.
    pub fn open(path: &Path, intake: IntakeLimits) -> Result<Self, StoreError> {
        let shown = path.display();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let form = match DatasetFormat::of(path) {
            Some(DatasetFormat::Jsonl) if !name.ends_with(baseline::ENDING) => RowsForm::Lines,
            Some(DatasetFormat::Csv) => RowsForm::Sheet(None),
            _ => {
                return Err(StoreError::wrong(format!(
                    "rows are added to a data set in JSON Lines or CSV, NAME.jsonl or NAME.csv, and not to {shown}"
                )));
            }
        };
        let empty = |form| Self { path: path.to_path_buf(), form, rows: Vec::new() };
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(empty(form));
            }
            Err(error) => return Err(StoreError::wrong(format!("cannot read {shown}: {error}"))),
            Ok(about) if !about.is_file() => {
                return Err(StoreError::wrong(format!("{shown} is no regular file; name the file itself")));
            }
            Ok(about) if about.len() == 0 => return Ok(empty(form)),
            Ok(_) => {}
        }
        let form = match form {
            RowsForm::Lines => RowsForm::Lines,
            RowsForm::Sheet(_) => {
                let text = fs::read_to_string(path)
                    .map_err(|error| StoreError::wrong(format!("cannot read {shown}: {error}")))?;
                RowsForm::Sheet(Some(SheetColumns::read(&text)?))
            }
        };
        Ok(Self { path: path.to_path_buf(), form, rows: read_rows(path, intake)? })
    }

    /// Takes in what its rows say.
    pub fn know(&self, known: &mut NearDuplicates) {
        self.rows.iter().for_each(|row| take_row(known, row));
    }

    /// Adds rows at its end, all at once, and makes the file where there is none. Fails where a row has what the file has no
    /// room for, before anything is written.
    pub fn add(&self, rows: &[DatasetRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        // What cannot be written is told before there is a file.
        let body: String = match &self.form {
            RowsForm::Lines => rows.iter().map(|row| row_line(row) + "\n").collect(),
            RowsForm::Sheet(columns) => sheet(columns.as_ref(), rows)?,
        };
        let failed = |error: std::io::Error| StoreError::new(format!("cannot write {}: {error}", self.path.display()));
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path).map_err(failed)?;
        let mut text = String::new();
        if file.metadata().map_err(failed)?.len() > 0 {
            file.seek(SeekFrom::End(-1)).map_err(failed)?;
            let mut last = [0];
            file.read_exact(&mut last).map_err(failed)?;
            // A line that has no end would go on with the first of these.
            if last != [b'\n'] {
                text.push('\n');
            }
        }
        text.push_str(&body);
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Returns its path, to be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        clean_line(&self.path.display().to_string()).as_str().to_owned()
    }
}

/// Writes rows under the columns of a sheet, or under columns of their own where it has none yet.
fn sheet(columns: Option<&SheetColumns>, rows: &[DatasetRow]) -> Result<String, StoreError> {
    let own = SheetColumns::of(rows);
    let mut text = if columns.is_some() { String::new() } else { own.head()? };
    for row in rows {
        text.push_str(&columns.unwrap_or(&own).line(row)?);
    }
    Ok(text)
}

/// Reads the rows of a data set. Fails, with the place, at the first row that is none.
pub fn read_rows(path: &Path, intake: IntakeLimits) -> Result<Vec<DatasetRow>, StoreError> {
    let reading = ReadOptions { keep_going: true, intake, ..ReadOptions::default() };
    let rows = dataset::open(&path.to_string_lossy(), &reading)?.collect::<Result<Vec<_>, _>>();
    rows.map_err(|error| StoreError::wrong(error.message))
}

/// Writes a row as a line of JSON, without anything that a terminal obeys.
#[must_use]
pub fn row_line(row: &DatasetRow) -> String {
    json::escape(&line(row), |c| c.is_control() || reorders(c)).into_owned()
}

/// Takes in a row of a data set.
pub fn take_row(known: &mut NearDuplicates, row: &DatasetRow) {
    known.take(&format!("row {} of the data set", row.number), &compared(&row.input));
}
