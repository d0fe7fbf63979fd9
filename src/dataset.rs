//! Data sets, read row by row and never whole: CSV, TSV, JSON lines, a JSON array, a YAML list, a
//! folder of texts, lines.

pub(crate) mod csv;
pub(crate) mod folder;
pub(crate) mod format;
pub(crate) mod json;
pub(crate) mod preview;
pub mod proposals;
pub(crate) mod row;
pub(crate) mod source;
pub mod yaml;

use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io,
    io::Read,
    path::Path,
};

use futures_util::Stream;
use tokio::sync::mpsc;

pub(crate) use crate::dataset::preview::{Loaded, read};
pub use crate::dataset::{
    format::{NoRows, UnknownForm, parse_rows},
    preview::{Fit, RowEntry, fit, preview},
};
use crate::{
    config::{
        builtin::SAMPLE_DATA,
        trust,
        trust::{Allowed, Consent, Content, Outside},
    },
    dataset::{
        row::Records,
        source::{DatasetError, SourceLines},
    },
    model::{
        dataset::{DatasetFormat, DatasetRow, RowRanges, SAMPLE, ShortRows},
        error::StoreError,
        settings::IntakeLimits,
    },
    text::suggest::{quoted, slip},
};

/// Rows that are read ahead of whoever takes them from a stream.
const AHEAD: usize = 32;

/// Columns that are listed where one is not there, at most.
const COLUMNS: usize = 12;

/// How a data set is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Column to variable, where they differ in name. An empty variable leaves the column out.
    pub mapping: BTreeMap<String, String>,
    /// Its form; told by its name where unset, and lines for the standard input.
    pub form: Option<DatasetFormat>,
    /// The rows that are wanted; all where unset. The others are read past and keep their numbers.
    pub only: Option<RowRanges>,
    /// What becomes of rows of CSV with fewer fields than the header.
    pub short: ShortRows,
    /// Whether a check that cannot be read is one that does not run, and not a mistake of the whole.
    pub keep_going: bool,
    /// How much of it is taken in at once.
    pub intake: IntakeLimits,
    /// Whether its rows may start programs.
    pub programs: bool,
    /// Whether links that lead out of a folder of texts are followed.
    pub consent: Consent,
}

/// The rows of a data set, one by one. The first mistake is the last item.
///
/// A data set without rows, or without any of those that are wanted, is a mistake: nothing would be
/// asked, and nothing found wrong.
pub struct Dataset {
    source: String,
    records: Box<dyn Records>,
    reading: ReadOptions,
    form: DatasetFormat,
    /// Rows of the record read last.
    made: VecDeque<DatasetRow>,
    /// Rows read, and of them those given out.
    read: u64,
    given: u64,
    ended: bool,
}

/// Opens a data set: a file, a folder, or `-` for the standard input.
pub fn open(source: &str, reading: &ReadOptions) -> Result<Dataset, StoreError> {
    let located = |error: DatasetError| located(source, &error);
    if source == "-" {
        return from_reader(source, Box::new(io::stdin()), reading.form.unwrap_or(DatasetFormat::Lines), reading);
    }
    if source == SAMPLE {
        return from_reader(source, Box::new(SAMPLE_DATA.as_bytes()), DatasetFormat::Csv, reading);
    }
    let path = Path::new(source);
    let form = match (DatasetFormat::of(path), reading.form) {
        (Some(DatasetFormat::Folder), None) => {
            trust::checked(&reading.consent, &Allowed::default(), |outside| {
                Ok(((), folder::content(path, outside).map_err(located)?))
            })?;
            let folder = folder::Folder::new(path, reading.intake.input).map_err(located)?;
            return Dataset::new(source, Box::new(folder), DatasetFormat::Folder, reading);
        }
        (Some(DatasetFormat::Folder), Some(form)) => {
            return Err(located(DatasetError::new(
                None,
                format!("it is a folder, whose texts are its rows, and not {form}"),
            )));
        }
        (_, Some(form)) | (Some(form), None) => form,
        (None, None) => {
            // whether it is there at all comes first
            File::open(path).map_err(|error| located(DatasetError::new(None, error.to_string())))?;
            let forms = format::names();
            return Err(located(DatasetError::new(
                None,
                format!("its name does not tell its form; say which with --format: {forms}"),
            )));
        }
    };
    let file = File::open(path).map_err(|error| located(DatasetError::new(None, error.to_string())))?;
    from_reader(source, Box::new(file), form, reading)
}

/// Lists what a folder of texts asks for.
pub fn folder_content(path: &Path, outside: &Outside) -> Result<Content, StoreError> {
    folder::content(path, outside).map_err(|error| located(&path.to_string_lossy(), &error))
}

/// Refuses what is no file and no folder: a pipe or a device can keep its reader waiting for ever.
fn stored(source: &str) -> Result<(), StoreError> {
    if source == SAMPLE {
        return Ok(());
    }
    match std::fs::metadata(source) {
        Ok(about) if !about.is_file() && !about.is_dir() => {
            let what =
                "it is a pipe or a device, which is not waited for here; name a file, or read it with `retort batch`";
            Err(located(source, &DatasetError::new(None, what)))
        }
        _ => Ok(()),
    }
}

/// Reads a data set from what is open already; `source` names it in errors.
pub fn from_reader(
    source: &str,
    from: Box<dyn Read + Send>,
    form: DatasetFormat,
    reading: &ReadOptions,
) -> Result<Dataset, StoreError> {
    let lines = SourceLines::new(from, reading.intake.input);
    let separated = |lines, by| csv::Separated::new(lines, by, reading.short).map_err(|error| located(source, &error));
    let records: Box<dyn Records> = match form {
        DatasetFormat::Csv => Box::new(separated(lines, None)?),
        DatasetFormat::Tsv => Box::new(separated(lines, Some('\t'))?),
        DatasetFormat::Jsonl => Box::new(json::JsonLines(lines)),
        DatasetFormat::Json => Box::new(json::JsonArray::new(lines)),
        DatasetFormat::Yaml => Box::new(yaml::YamlList::new(lines)),
        DatasetFormat::Lines => Box::new(row::PlainLines(lines)),
        DatasetFormat::Text => Box::new(row::WholeText(Some(lines))),
        DatasetFormat::Folder => {
            return Err(located(source, &DatasetError::new(None, "a folder is opened by its path")));
        }
    };
    Dataset::new(source, records, form, reading)
}

fn located(source: &str, error: &DatasetError) -> StoreError {
    let name = if source == "-" { "the standard input" } else { source };
    StoreError::new(match error.line {
        Some(line) => format!("cannot read {name}: line {line}: {}", error.what),
        None => format!("cannot read {name}: {}", error.what),
    })
}

impl Dataset {
    fn new(
        source: &str,
        records: Box<dyn Records>,
        form: DatasetFormat,
        reading: &ReadOptions,
    ) -> Result<Self, StoreError> {
        let set = Self {
            source: source.to_owned(),
            records,
            reading: reading.clone(),
            form,
            made: VecDeque::new(),
            read: 0,
            given: 0,
            ended: false,
        };
        if let Some(columns) = set.records.columns() {
            set.mapped(columns).map_err(|error| located(source, &error))?;
        }
        Ok(set)
    }

    /// Sees that every column that is mapped is there.
    fn mapped(&self, columns: &[String]) -> Result<(), DatasetError> {
        let lost = self.reading.mapping.keys().find(|column| !columns.contains(column));
        lost.map_or(Ok(()), |column| {
            let near = slip(column, columns.iter().map(String::as_str));
            let known: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
            let known = format!("; its columns are {}", known.join(", "));
            let known = if near.is_empty() && columns.len() <= COLUMNS { known } else { near };
            Err(DatasetError::new(None, format!("it has no column {}{known}", quoted(column))))
        })
    }

    /// Says what a person should know of the rows read so far: those that were left out or made longer.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.records.notes()
    }

    #[must_use]
    pub fn form(&self) -> DatasetFormat {
        self.form
    }

    /// Gives the rows out as a stream: a thread reads them, a few ahead of whoever takes them, and
    /// stops when the stream is dropped.
    pub fn into_stream(self) -> impl Stream<Item = Result<DatasetRow, StoreError>> + Send + use<> {
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let source = self.source.clone();
        let refused = sender.clone();
        let started = std::thread::Builder::new().name("retort-rows".to_owned()).spawn(move || {
            for row in self {
                if sender.blocking_send(row).is_err() {
                    return;
                }
            }
        });
        if let Err(error) = started {
            // the channel is new and has room
            let _ = refused.try_send(Err(located(&source, &DatasetError::new(None, error.to_string()))));
        }
        drop(refused);
        futures_util::stream::poll_fn(move |context| receiver.poll_recv(context))
    }

    fn advance(&mut self) -> Result<Option<DatasetRow>, DatasetError> {
        loop {
            while let Some(mut row) = self.made.pop_front() {
                self.read += 1;
                row.number = self.read;
                if self.reading.only.as_ref().is_none_or(|only| only.holds(self.read)) {
                    self.given += 1;
                    return Ok(Some(row));
                }
            }
            let last = self.reading.only.as_ref().and_then(RowRanges::last);
            if last.is_some_and(|last| self.read >= last && self.given > 0) {
                return Ok(None);
            }
            let Some(record) = self.records.read()? else {
                let (read, s) = (self.read, if self.read == 1 { "" } else { "s" });
                return match &self.reading.only {
                    _ if read == 0 => Err(DatasetError::new(None, "it has no rows")),
                    Some(only) if self.given == 0 => {
                        Err(DatasetError::new(None, format!("it has {read} row{s}, and no row {only}")))
                    }
                    _ => Ok(None),
                };
            };
            if self.read == 0 && self.records.columns().is_none() {
                self.mapped(&preview::names(&record.fields))?;
            }
            self.made = row::rows(record, &self.reading)?.into();
        }
    }
}

impl Iterator for Dataset {
    type Item = Result<DatasetRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.advance();
        self.ended = !matches!(found, Ok(Some(_)));
        found.map_err(|error| located(&self.source, &error)).transpose()
    }
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dataset").field("source", &self.source).field("form", &self.form).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
