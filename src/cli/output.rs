//! The one door to files that a command line names for what a command writes: reports, backups, rows.
//!
//! Every output is checked before the command does anything that costs, and written beside its place and moved
//! there. Nothing is replaced that nobody asked to replace: only a report of the same form is, and with `--force` any
//! file but retort's own. A link is never followed; a device, a pipe and the standard output are written to.

use std::{
    fs,
    fs::{File, FileType, OpenOptions, Permissions},
    io,
    io::{BufWriter, ErrorKind, Read as _, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{
    config::{CONFIG_FILE, atomic_file},
    model::{error::StoreError, settings::Places},
    present::report::ReportFormat,
};

/// What of a file is looked at to tell whether it is a report, in bytes.
const HEAD: u64 = 64 * 1024;

/// The names by which the system gives out what a program has open already.
const OPEN_ALREADY: &[&str] = &["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"];

/// What is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputContent {
    /// A report of a batch, which may take the place of another of its form. Its mode is what the umask leaves.
    Report(ReportFormat),
    /// A copy of the record, mode 0600.
    Backup,
    /// The rows of a data set, mode 0600.
    Rows,
    /// A file of the sample project. Its mode is what the umask leaves.
    Sample,
}

impl OutputContent {
    fn name(self) -> &'static str {
        match self {
            Self::Report(_) => "the report",
            Self::Backup => "the backup",
            Self::Rows => "the data set",
            Self::Sample => "the sample",
        }
    }

    /// Says what a file would have to be so that this may take its place.
    fn wanted(self) -> &'static str {
        match self {
            Self::Report(ReportFormat::Lines) => "a JSON Lines report of retort's",
            Self::Report(ReportFormat::Csv) => "a CSV report of retort's",
            Self::Report(ReportFormat::Markdown) => "a Markdown report of retort's",
            Self::Report(ReportFormat::Html) => "an HTML report of retort's",
            Self::Report(ReportFormat::Junit) => "a JUnit report of retort's",
            Self::Backup | Self::Rows | Self::Sample => "empty",
        }
    }

    fn replaces(self, head: &[u8]) -> bool {
        match self {
            Self::Report(form) => form.recognizes(head),
            Self::Backup | Self::Rows | Self::Sample => false,
        }
    }

    #[cfg(unix)]
    fn mode(self) -> u32 {
        match self {
            Self::Report(_) | Self::Sample => 0o666,
            Self::Backup | Self::Rows => 0o600,
        }
    }
}

/// What the outputs of one command must not touch.
#[derive(Debug, Clone)]
pub(crate) struct Outputs<'a> {
    /// retort's own directories.
    pub places: &'a Places,
    /// Files and folders that the command reads: its data set, its prompts, its config.
    pub in_use: Vec<PathBuf>,
    /// Whether other files than reports may be replaced.
    pub force: bool,
}

/// A place for an output, found fit for it.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    content: OutputContent,
    force: bool,
    to: To,
}

#[derive(Debug, PartialEq, Eq)]
enum To {
    /// A file, its folder without links in it.
    File(PathBuf),
    /// Something that takes what is written to it: a pipe, a terminal, `/dev/null`.
    Stream,
}

impl Outputs<'_> {
    /// Checks every output of a command before it begins.
    ///
    /// # Errors
    ///
    /// Says which output would replace what, or cannot be written.
    pub(crate) fn check(
        &self,
        all: impl IntoIterator<Item = (PathBuf, OutputContent)>,
    ) -> Result<Vec<Output>, StoreError> {
        let mut outputs: Vec<Output> = Vec::new();
        for (path, content) in all {
            let output = self.one(path, content)?;
            if let Some(other) = outputs.iter().find(|other| matches!(other.to, To::File(_)) && other.to == output.to) {
                let (other, shown) = (other.path.display(), output.path.display());
                return Err(StoreError::wrong(format!("{other} and {shown} are one file; give each output its own")));
            }
            outputs.push(output);
        }
        Ok(outputs)
    }

    /// Checks one output.
    ///
    /// # Errors
    ///
    /// Says what it would replace, or why it cannot be written.
    pub(crate) fn one(&self, path: PathBuf, content: OutputContent) -> Result<Output, StoreError> {
        let (shown, what) = (path.display(), content.name());
        let refused = |why: String| StoreError::wrong(format!("{what} is not written to {shown}: {why}"));
        let to = place(&path, content)?;
        if let To::File(real) = &to {
            if let Some(own) = self.own(real) {
                return Err(refused(format!("that is {own}, which no output replaces; choose another name")));
            }
            let forced = "choose another name, or say --force";
            if !self.force {
                if self.within_own(real) {
                    return Err(refused(format!("it lies among retort's own files; {forced}")));
                }
                if let Some(used) = self.in_use.iter().find(|used| same(used, real)) {
                    let used = used.display();
                    return Err(refused(format!("this command reads that file ({used}); {forced}")));
                }
                if let Some(folder) = self.in_use.iter().find(|used| used.is_dir() && within(used, real)) {
                    let folder = folder.display();
                    return Err(refused(format!("{folder} is the data set, and it would be a row of it; {forced}")));
                }
            }
            replaceable(&path, content, self.force)?;
            // Whatever keeps it from being written is better known before anything is asked.
            let folder = real.parent().unwrap_or(Path::new("/"));
            NamedTempFile::new_in(folder).map_err(|error| failed(content, &path, &error))?;
        }
        Ok(Output { path, content, force: self.force, to })
    }

    /// Names the file of retort's that a path is, if it is one that nothing replaces.
    fn own(&self, real: &Path) -> Option<&'static str> {
        let Places { config, data, cache, state: _, project: _ } = self.places;
        let first = |dir: &Path| {
            let dir = fs::canonicalize(dir).ok()?;
            Some(real.strip_prefix(dir).ok()?.iter().next()?.to_string_lossy().into_owned())
        };
        let is = |dir: &Path, own: fn(&str) -> bool| first(dir).is_some_and(|name| own(&name));
        if is(data, |name| name.starts_with("retort.db") || name == "running") {
            Some("the record of runs")
        } else if is(cache, |name| name.starts_with("cache.db")) {
            Some("the response cache")
        } else if is(config, |name| name == CONFIG_FILE) {
            Some("the settings")
        } else {
            None
        }
    }

    fn within_own(&self, real: &Path) -> bool {
        let Places { config, data, cache, state, project: _ } = self.places;
        [config, data, cache, state].into_iter().any(|dir| within(dir, real))
    }
}

impl Output {
    /// Returns the path as it was named.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the output whole: a file that was there stays until the new one is complete.
    ///
    /// # Errors
    ///
    /// Says why it could not be written, or that something else has come into its place since it was checked.
    pub(crate) fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), StoreError> {
        let failed = |error: io::Error| failed(self.content, &self.path, &error);
        match &self.to {
            To::Stream => {
                let mut out = BufWriter::new(OpenOptions::new().append(true).open(&self.path).map_err(failed)?);
                write(&mut out).and_then(|()| out.flush()).map_err(failed)
            }
            To::File(_) => {
                let draft = self.draft()?;
                let mut out = BufWriter::new(draft.file.as_file());
                write(&mut out).and_then(|()| out.flush()).map_err(failed)?;
                drop(out);
                draft.finish()
            }
        }
    }

    /// Begins the output as an empty file beside its place.
    ///
    /// # Errors
    ///
    /// Says why there can be none.
    pub(crate) fn draft(&self) -> Result<Draft<'_>, StoreError> {
        let To::File(real) = &self.to else {
            let (what, shown) = (self.content.name(), self.path.display());
            return Err(StoreError::wrong(format!("{what} is not written to {shown}: it is no file; name one")));
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".retort-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(self.content.mode()));
        let folder = real.parent().unwrap_or(Path::new("/"));
        let file = builder.tempfile_in(folder).map_err(|error| failed(self.content, &self.path, &error))?;
        Ok(Draft { output: self, file, real })
    }
}

/// An output that is being written, gone where it is not finished.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    output: &'a Output,
    file: NamedTempFile,
    real: &'a Path,
}

impl Draft<'_> {
    /// Returns where it is written.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Moves it into its place.
    ///
    /// # Errors
    ///
    /// Says what has come there since it was checked, or why it cannot be moved.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        let Self { output: Output { path, content, force, .. }, file, real } = self;
        let failed = |error: &io::Error| failed(*content, path, error);
        if place(path, *content)? == To::Stream {
            let (what, shown) = (content.name(), path.display());
            return Err(StoreError::wrong(format!("{what} is not written to {shown}: it is no file any more")));
        }
        replaceable(path, *content, *force)?;
        let before = fs::symlink_metadata(real).ok();
        if let (Some(before), OutputContent::Report(_)) = (&before, content) {
            // Who may read a report that is there already is its owner's to say.
            let mode: Permissions = before.permissions();
            file.as_file().set_permissions(mode).map_err(|error| failed(&error))?;
        }
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        let moved = if before.is_some() { file.persist(real) } else { file.persist_noclobber(real) };
        moved.map_err(|error| failed(&error.error))?;
        atomic_file::sync_dir(real.parent().unwrap_or(Path::new("/")));
        Ok(())
    }
}

/// Finds what an output's path leads to, and refuses what can be no output.
fn place(path: &Path, content: OutputContent) -> Result<To, StoreError> {
    let (shown, what) = (path.display(), content.name());
    let refused = |why: String| StoreError::wrong(format!("{what} is not written to {shown}: {why}"));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(folder), Some(name)) = (fs::canonicalize(folder), path.file_name()) else {
        return Err(StoreError::wrong(format!("there is no folder {} for {what}", folder.display())));
    };
    if !folder.is_dir() {
        return Err(StoreError::wrong(format!("there is no folder {} for {what}", folder.display())));
    }
    let real = folder.join(name);
    let about = match fs::symlink_metadata(&real) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(To::File(real)),
        Err(error) => return Err(failed(content, path, &error)),
    };
    if about.is_symlink() {
        let open_already = OPEN_ALREADY.iter().any(|open| path.starts_with(open));
        let behind = fs::metadata(&real).map(|about| about.file_type());
        if behind.is_ok_and(|kind| is_stream(kind) || (open_already && kind.is_file())) {
            return Ok(To::Stream);
        }
        let leads = fs::read_link(&real).map(|to| folder.join(to).display().to_string()).unwrap_or_default();
        return Err(refused(format!("it is a link to {leads}, and links are not followed; name the file itself")));
    }
    if is_stream(about.file_type()) {
        return Ok(To::Stream);
    }
    if !about.is_file() {
        return Err(refused(format!("it is {}; name a file", atomic_file::kind_of(&about))));
    }
    Ok(To::File(real))
}

/// Sees that a file that is there is one the output may take the place of.
fn replaceable(path: &Path, content: OutputContent, force: bool) -> Result<(), StoreError> {
    let refused =
        |why: String| StoreError::wrong(format!("{} is not written to {}: {why}", content.name(), path.display()));
    if force || !fs::metadata(path).is_ok_and(|there| there.len() > 0) {
        return Ok(());
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.map_err(|error| refused(format!("what is there cannot be read: {error}; choose another name")))?;
    if content.replaces(&head) {
        return Ok(());
    }
    let why = format!("a file is there that is not {}; choose another name, or say --force", content.wanted());
    Err(refused(why))
}

/// Tells whether something takes what is written to it and keeps nothing.
fn is_stream(kind: FileType) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        kind.is_fifo() || kind.is_char_device()
    }
    #[cfg(not(unix))]
    {
        let _ = kind;
        false
    }
}

/// Tells whether two paths lead to one file, whatever they are called.
fn same(one: &Path, other: &Path) -> bool {
    let (Ok(one_is), Ok(other_is)) = (fs::metadata(one), fs::metadata(other)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (one_is.dev(), one_is.ino()) == (other_is.dev(), other_is.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (one_is, other_is);
        fs::canonicalize(one).ok() == fs::canonicalize(other).ok()
    }
}

/// Tells whether a path without links lies in a directory.
fn within(dir: &Path, real: &Path) -> bool {
    fs::canonicalize(dir).is_ok_and(|dir| real.starts_with(dir))
}

fn failed(content: OutputContent, path: &Path, error: &io::Error) -> StoreError {
    StoreError::new(format!("cannot write {} {}: {error}", content.name(), path.display()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
