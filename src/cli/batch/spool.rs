//! Cells with their texts on the disk, until the reports are written: a batch is never held whole.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    io::{BufRead as _, BufReader, BufWriter, Seek as _, Write as _},
};

use crate::present::report::{Entries, ReportCell, Take};

/// Variables that get a column of their own in a report, at most.
const MOST_VARIABLES: usize = 1000;

/// Cells in a file without a name, which is gone with this value or with the program.
pub(crate) struct Spool {
    file: BufWriter<File>,
    variables: BTreeSet<String>,
}

impl Spool {
    /// Begins an empty one.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile()?), variables: BTreeSet::new() })
    }

    /// Keeps a cell behind those that are there.
    pub(crate) fn push(&mut self, entry: &ReportCell) -> io::Result<()> {
        for name in entry.input.vars.keys() {
            if self.variables.len() < MOST_VARIABLES && !self.variables.contains(name) {
                self.variables.insert(name.clone());
            }
        }
        serde_json::to_writer(&mut self.file, entry)?;
        self.file.write_all(b"\n")
    }

    /// Takes no more, and gives them out again and again.
    pub(crate) fn finish(self) -> io::Result<Spooled> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spooled { file, variables: self.variables.into_iter().collect() })
    }
}

/// All cells, in the order in which they were kept.
pub(crate) struct Spooled {
    file: File,
    /// The names of all variables that any cell has.
    pub(crate) variables: Vec<String>,
}

impl Entries for Spooled {
    fn each(&self, lane: Option<(u32, u32)>, take: &mut Take<'_>) -> io::Result<()> {
        let mut file = &self.file;
        file.rewind()?;
        for line in BufReader::new(file).lines() {
            let entry: ReportCell = serde_json::from_str(&line?)?;
            let place = entry.cell.place;
            if lane.is_none_or(|lane| lane == (place.prompt, place.target)) {
                take(&entry)?;
            }
        }
        Ok(())
    }
}
