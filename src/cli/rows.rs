//! `retort rows`: rows of data sets, from runs on record or proposed by a model, and the door through which they go into a
//! file.

pub(crate) mod capped_calls;
pub(crate) mod from_history;
pub(crate) mod generate;
pub(crate) mod review;

use std::{
    fs,
    fs::OpenOptions,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    cli::{Exit, Io, Stopped, args::RowsAction},
    dataset,
    dataset::ReadOptions,
    engine::{Workspace, row_proposals::take_row},
    eval::{NearDuplicates, baseline},
    model::{DatasetRow, dataset::DatasetFormat},
    promptfoo,
    text::{clean_line, json},
};

/// Does what is asked with rows.
pub(crate) async fn rows(action: RowsAction, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    match action {
        RowsAction::FromHistory(args) => from_history::from_history(args, io).await,
        RowsAction::Generate(args) => Box::pin(generate::generate(args, io)).await,
        RowsAction::Review(args) => review::review(&args, io),
    }
}

/// A data set in JSON Lines that rows are added to.
pub(crate) struct RowsFile {
    path: PathBuf,
    /// The rows that it has.
    pub(crate) rows: Vec<DatasetRow>,
}

impl RowsFile {
    /// Reads the rows there are; none where there is no such file yet. Anything but a file of JSON Lines is refused.
    pub(crate) fn open(path: &Path, setup: &Workspace) -> Result<Self, Stopped> {
        let shown = path.display();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if DatasetFormat::of(path) != Some(DatasetFormat::Jsonl) || name.ends_with(baseline::ENDING) {
            return Err(Stopped::Usage(format!(
                "rows are added to a data set in JSON Lines, NAME.jsonl, and not to {shown}"
            )));
        }
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { path: path.to_path_buf(), rows: Vec::new() });
            }
            Err(error) => return Err(Stopped::Usage(format!("cannot read {shown}: {error}"))),
            Ok(about) if !about.is_file() => {
                return Err(Stopped::Usage(format!("{shown} is no regular file; name the file itself")));
            }
            Ok(about) if about.len() == 0 => return Ok(Self { path: path.to_path_buf(), rows: Vec::new() }),
            Ok(_) => {}
        }
        Ok(Self { path: path.to_path_buf(), rows: read(path, setup)? })
    }

    /// Takes in what its rows say.
    pub(crate) fn know(&self, known: &mut NearDuplicates) {
        self.rows.iter().for_each(|row| take_row(known, row));
    }

    /// Adds rows at its end, all at once.
    pub(crate) fn add(&self, rows: &[DatasetRow]) -> Result<(), Stopped> {
        if rows.is_empty() {
            return Ok(());
        }
        let failed = |error: std::io::Error| Stopped::Other(format!("cannot write {}: {error}", self.path.display()));
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
        for row in rows {
            text.push_str(&line(row));
            text.push('\n');
        }
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Returns its path, to be shown.
    pub(crate) fn shown(&self) -> String {
        clean_line(&self.path.display().to_string()).as_str().to_owned()
    }
}

/// Reads the rows of a data set.
pub(crate) fn read(path: &Path, setup: &Workspace) -> Result<Vec<DatasetRow>, Stopped> {
    let reading = ReadOptions { keep_going: true, intake: setup.settings.intake, ..ReadOptions::default() };
    let rows = dataset::open(&path.to_string_lossy(), &reading)?.collect::<Result<Vec<_>, _>>();
    rows.map_err(|error| Stopped::Usage(error.message))
}

/// Writes a row as a line of JSON, without anything that a terminal obeys.
pub(crate) fn line(row: &DatasetRow) -> String {
    json::escape(&promptfoo::line(row), |c| c.is_control() || crate::text::reorders(c)).into_owned()
}
