//! What GitHub Actions is told of a batch, and what it is kept from hearing.

use std::{
    fs::OpenOptions,
    io,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    cli::{Exit, Io, Stopped},
    eval::Gate,
    present::report::{Entries, Whole, github},
    text::clean_line,
};

/// The variable that names the file of the job's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// The variable that names the folder of the repository.
const REPOSITORY: &str = "GITHUB_WORKSPACE";

/// Adds the annotations to a text, and the summary to the job's.
pub(crate) fn tell(
    told: &mut String,
    (whole, entries): (&Whole, &dyn Entries),
    (exit, gates): (Exit, &[Gate]),
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let root =
        io.environment.value(REPOSITORY).filter(|dir| !dir.is_empty()).map_or_else(|| io.cwd.clone(), PathBuf::from);
    let file = in_repository(&io.cwd.join(&whole.data), &root).filter(|_| whole.data != "-");
    github::annotations(told, whole, entries, file.as_deref())?;
    let Some(path) = io.environment.value(SUMMARY).filter(|path| !path.is_empty()) else {
        let _ = writeln!(io.err, "note: {SUMMARY} is not set, so the job gets no summary");
        return Ok(());
    };
    let mut text = Vec::new();
    github::summary(&mut text, whole, entries, (exit == Exit::Done, exit.meaning(), gates))?;
    let written = OpenOptions::new().append(true).create(true).open(&path).and_then(|mut file| file.write_all(&text));
    written.map_err(|error| Stopped::Other(format!("cannot write the job's summary {}: {error}", clean_line(&path))))
}

/// Returns the path of a file within the repository, as annotations have it.
fn in_repository(file: &Path, root: &Path) -> Option<String> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let (file, root) = (real(file)?, real(root)?);
    Some(file.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/"))
}

/// Lets lines through of which the runner obeys none.
pub(crate) struct CommandGuard<'w> {
    out: &'w mut dyn Write,
    /// Whether the lines are JSON.
    json: bool,
    /// The line that is not at its end.
    open: Vec<u8>,
}

impl<'w> CommandGuard<'w> {
    /// Begins with nothing written.
    pub(crate) fn new(out: &'w mut dyn Write, json: bool) -> Self {
        Self { out, json, open: Vec::new() }
    }

    /// Writes a last line without an end.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if !self.open.is_empty() {
            self.open.push(b'\n');
            self.let_through()?;
        }
        self.out.flush()
    }

    fn let_through(&mut self) -> io::Result<()> {
        let line = github::disarmed(&String::from_utf8_lossy(&self.open), self.json);
        self.open.clear();
        self.out.write_all(line.as_bytes())
    }
}

impl Write for CommandGuard<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n' || *byte == b'\r') {
            self.open.extend_from_slice(part);
            if part.ends_with(b"\n") || part.ends_with(b"\r") {
                self.let_through()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
