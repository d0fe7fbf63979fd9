//! A folder of texts, each file a row, in the order of their names.

use std::{
    fs,
    fs::File,
    path::{Path, PathBuf},
};

use crate::{
    config::trust::{Content, ContentReader, Outside},
    dataset::{
        row::{RecordFields, Records, SourceRecord},
        source::{DatasetError, SourceLines},
    },
    text::json::ExactJson,
};

/// The files of a folder; hidden ones and folders in it are left out.
pub(crate) struct Folder {
    files: std::vec::IntoIter<PathBuf>,
    longest: u64,
}

/// The columns of a folder.
const COLUMNS: &[&str] = &["input", "file"];

impl Folder {
    /// Lists the files, none of which may have more than `longest` bytes.
    pub(crate) fn new(path: &Path, longest: u64) -> Result<Self, DatasetError> {
        Ok(Self { files: files(path)?.into_iter(), longest })
    }
}

/// Lists the files of a folder whose texts are its rows.
fn files(path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let broken = |error: std::io::Error| DatasetError::new(None, error.to_string());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(broken)? {
        let path = entry.map_err(broken)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Lists what a folder asks for: those of its files that are links out of it. Nothing is read.
pub(crate) fn content(path: &Path, outside: &Outside) -> Result<Content, DatasetError> {
    let reader = ContentReader::new(path, outside);
    for file in files(path)? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        reader.admit(&name, &file);
    }
    Ok(reader.finish())
}

impl Records for Folder {
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError> {
        let Some(path) = self.files.next() else { return Ok(None) };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let of_file = |error: DatasetError| {
            let line = error.line.map_or_else(String::new, |line| format!(", line {line}"));
            DatasetError::new(None, format!("{name}{line}: {}", error.what))
        };
        let file = File::open(&path).map_err(|error| of_file(DatasetError::new(None, error.to_string())))?;
        let text = SourceLines::new(Box::new(file), self.longest).whole().map_err(of_file)?;
        let values =
            COLUMNS.iter().map(|&column| column.to_owned()).zip([ExactJson::Text(text), ExactJson::Text(name)]);
        Ok(Some(SourceRecord { line: None, at: Vec::new(), fields: RecordFields::Columns(values.collect()) }))
    }
}
