//! The answers of a job on the disk, found by cell: what is held of each is where it lies.

use std::{
    borrow::Cow,
    fs::File,
    io,
    io::{BufRead as _, BufReader, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::Deserialize;

use crate::{
    config::atomic_file,
    model::{BatchId, CellIndex, CellRef, error::StoreError},
};

/// Names a request of a job by its cell and by what its row says: at most 64 letters, digits and hyphens, as every
/// provider takes them.
#[must_use]
pub fn request_id(job: &str, cell: &CellRef) -> String {
    let CellIndex { row, prompt, target, sample } = cell.place;
    format!("{job}-{row}-{prompt}-{target}-{sample}-{:016x}", cell.row)
}

/// Reads such a name; none where it is another job's or nobody's.
fn read_id(job: &str, batch: BatchId, id: &str) -> Option<CellRef> {
    let mut parts = id.strip_prefix(job)?.strip_prefix('-')?.split('-');
    let row = parts.next()?.parse().ok()?;
    let mut small = || parts.next()?.parse().ok();
    let place = CellIndex { row, prompt: small()?, target: small()?, sample: small()? };
    let row = u64::from_str_radix(parts.next()?, 16).ok()?;
    parts.next().is_none().then_some(CellRef { batch, place, row })
}

/// Where the answer to a cell lies.
#[derive(Debug, Clone, Copy)]
struct Found {
    cell: (CellIndex, u64),
    at: u64,
    file: u32,
    /// Whether another try may bring another one.
    again: bool,
}

/// The answers of a job.
#[derive(Debug)]
pub struct RemoteAnswers {
    found: Vec<Found>,
    files: Vec<(PathBuf, Mutex<File>)>,
}

/// What of a line says whose it is.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default)]
    again: bool,
}

impl RemoteAnswers {
    /// Reads whose the answers in these files are, of which later ones hold over earlier ones. Blocks until all are read.
    pub fn read(job: &str, batch: BatchId, paths: Vec<PathBuf>) -> Result<Self, StoreError> {
        let (mut found, mut files, mut line) = (Vec::new(), Vec::new(), Vec::new());
        for (path, place) in paths.into_iter().zip(0_u32..) {
            let failed = |error: io::Error| atomic_file::error_of("read", &path, &error);
            let mut reader = BufReader::new(File::open(&path).map_err(failed)?);
            let mut at = 0;
            loop {
                line.clear();
                let read = reader.read_until(b'\n', &mut line).map_err(failed)?;
                if read == 0 {
                    break;
                }
                if let Ok(Head { id, again }) = serde_json::from_slice::<Head<'_>>(&line)
                    && let Some(cell) = read_id(job, batch, &id)
                {
                    found.push(Found { cell: (cell.place, cell.row), at, file: place, again });
                }
                at += read as u64;
            }
            let file = Mutex::new(reader.into_inner());
            files.push((path, file));
        }
        // The best of each cell comes last: one that stands over one that does not, a later over an earlier one.
        found.sort_unstable_by_key(|one: &Found| (one.cell, !one.again, one.file, one.at));
        found.reverse();
        found.dedup_by_key(|one| one.cell);
        found.reverse();
        found.shrink_to_fit();
        Ok(Self { found, files })
    }

    fn find(&self, cell: &CellRef) -> Option<&Found> {
        let at = self.found.binary_search_by_key(&(cell.place, cell.row), |one| one.cell).ok()?;
        self.found.get(at)
    }

    /// Tells whether there is an answer to a cell, and whether another try may bring another one.
    #[must_use]
    pub fn knows(&self, cell: &CellRef) -> Option<bool> {
        self.find(cell).map(|found| found.again)
    }

    /// Reads the line of a cell's answer; none where there is none.
    pub fn line(&self, cell: &CellRef) -> Result<Option<String>, StoreError> {
        let Some(found) = self.find(cell) else { return Ok(None) };
        let Some((path, file)) = self.files.get(found.file as usize) else { return Ok(None) };
        read_line(file, found.at).map(Some).map_err(|error| atomic_file::error_of("read", path, &error))
    }

    /// Counts the answers whose cells are not to be asked again.
    #[must_use]
    pub fn usable(&self) -> u64 {
        self.found.iter().filter(|found| !found.again).count() as u64
    }

    /// Lists the places that have an answer that stands, in order.
    #[must_use]
    pub fn places(&self) -> Vec<CellIndex> {
        let mut places: Vec<_> = self.found.iter().filter(|found| !found.again).map(|found| found.cell.0).collect();
        places.dedup();
        places
    }
}

fn read_line(file: &Mutex<File>, at: u64) -> io::Result<String> {
    let file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let mut reader = BufReader::new(&*file);
    reader.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    String::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Reads the lines of a file one by one. Blocks.
pub fn each_line(path: &Path, mut take: impl FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let failed = |error: io::Error| atomic_file::error_of("read", path, &error);
    for line in BufReader::new(File::open(path).map_err(failed)?).lines() {
        take(&line.map_err(failed)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use uuid::Uuid;

    use super::*;

    fn cell(row: u64, fingerprint: u64) -> CellRef {
        let place = CellIndex { row, prompt: 1, target: 2, sample: 3 };
        CellRef { batch: BatchId(Uuid::nil()), place, row: fingerprint }
    }

    #[test]
    fn a_request_is_named_by_its_cell_and_its_row_and_by_nothing_else() {
        let id = request_id("0a1b2c3d", &cell(7, 0xfe));
        assert!(id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
        let read = |job: &str, id: &str| read_id(job, BatchId(Uuid::nil()), id);
        assert_eq!(read("0a1b2c3d", &id), Some(cell(7, 0xfe)));
        assert_eq!(read("0a1b2c3e", &id), None, "another job's");
        for wrong in ["0a1b2c3d", "0a1b2c3d-1-2-3", "0a1b2c3d-x-1-2-3-0", "0a1b2c3d-1-1-2-3-0-0", ""] {
            assert_eq!(read("0a1b2c3d", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_answer_that_stands_is_found_by_its_cell_whatever_the_order() {
        let folder = tempfile::tempdir().unwrap();
        let line = |row, fingerprint, again, text: &str| {
            let id = request_id("j", &cell(row, fingerprint));
            format!("{{\"id\":\"{id}\",\"again\":{again},\"text\":\"{text}\"}}\n")
        };
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        let first = [line(2, 5, false, "two"), line(1, 5, true, "one, failed"), line(3, 5, true, "three")].concat();
        fs::write(&paths[0], first + "no json\n{\"id\":\"else\"}\n").unwrap();
        fs::write(&paths[1], line(1, 5, false, "one") + &line(2, 5, true, "two, failed")).unwrap();
        let answers = RemoteAnswers::read("j", BatchId(Uuid::nil()), paths.to_vec()).unwrap();
        let said = |row| answers.line(&cell(row, 5)).unwrap().unwrap_or_default();
        assert!(said(1).contains("\"one\"") && said(2).contains("\"two\"") && said(3).contains("three"), "{}", said(2));
        assert_eq!((answers.knows(&cell(3, 5)), answers.knows(&cell(2, 6)), answers.usable()), (Some(true), None, 2));
        assert_eq!(answers.places().iter().map(|place| place.row).collect::<Vec<_>>(), [1, 2]);
    }
}
