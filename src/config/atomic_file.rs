//! Files read and written whole: either the old text or the new one is there, never a part.

use std::{
    cell::RefCell,
    fs,
    fs::{DirBuilder, File, OpenOptions},
    io,
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::model::error::{StoreError, StoreErrorKind};

/// The largest text file that is read, in bytes.
pub const MAX_BYTES: u64 = 2 * 1024 * 1024;

/// Reads a text file; none if there is no such file. Fails on anything that is no regular file
/// of UTF-8 text within [`MAX_BYTES`].
pub fn read(path: &Path) -> Result<Option<String>, StoreError> {
    let shown = path.display();
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error_of("read", path, &error)),
    };
    if !about.is_file() {
        return Err(StoreError::new(format!("cannot read {shown}: it is not a regular file; move it away")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error_of("read", path, &error))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error_of("read", path, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(StoreError::new(format!(
            "cannot read {shown}: it is larger than 2 MB, more than is taken; make it smaller"
        )));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count();
            Err(StoreError::new(format!("{shown}:{line}: the text is not UTF-8; save the file as UTF-8")))
        }
    }
}

thread_local! {
    /// Whether what this thread writes is wanted no longer.
    static GIVEN_UP: RefCell<Arc<AtomicBool>> = RefCell::default();
}

/// Lets what this thread writes be given up: once the flag is set, nothing takes its place any more.
pub(crate) fn until_given_up(flag: Arc<AtomicBool>) {
    GIVEN_UP.set(flag);
}

/// Writes a file beside its place, makes it last, and moves it there: with the mode of the one it replaces,
/// else 0600, its directory 0700 if it has to be made. Where `replace` is false a file that is already there stays.
pub fn write(path: &Path, text: &str, replace: bool) -> Result<(), StoreError> {
    if text.len() as u64 > MAX_BYTES {
        return Err(StoreError::new(format!(
            "cannot write {}: the text is larger than 2 MB, more than could be read again",
            path.display()
        )));
    }
    put(path, text.as_bytes(), replace)
}

/// Writes bytes in the same way, however many, over those that are there.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    put(path, bytes, true)
}

fn put(path: &Path, bytes: &[u8], replace: bool) -> Result<(), StoreError> {
    // A file that is a link is replaced where it really lies, and the link stays.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let dir = real.parent().unwrap_or(Path::new("."));
    make_dir(dir)?;
    let failed = |error: &io::Error| error_of("write", path, error);
    let mut file = tempfile::Builder::new().prefix(".retort-").tempfile_in(dir).map_err(|error| failed(&error))?;
    file.write_all(bytes).map_err(|error| failed(&error))?;
    if let Ok(about) = fs::metadata(&real) {
        // Who may read a file that is there already is its owner's to say.
        file.as_file().set_permissions(about.permissions()).map_err(|error| failed(&error))?;
    }
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    if GIVEN_UP.with_borrow(|flag| flag.load(Ordering::Acquire)) {
        return Err(StoreError::new(format!("{} was not written: its disk answered too late", path.display())));
    }
    let moved = if replace { file.persist(&real) } else { file.persist_noclobber(&real) };
    moved.map_err(|error| failed(&error.error))?;
    sync_dir(dir);
    Ok(())
}

/// Writes a file that stays where the system has its temporary ones, and returns it: mode 0600.
pub(crate) fn write_temporary(prefix: &str, text: &str) -> Result<PathBuf, StoreError> {
    let failed = |error: &io::Error| error_of("write", Path::new("a temporary file"), error);
    let mut file =
        tempfile::Builder::new().prefix(prefix).suffix(".toml").tempfile().map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    file.keep().map(|(_, path)| path).map_err(|error| failed(&error.error))
}

/// Makes a file that is not there yet, mode 0600.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes an empty file of a name that nothing has yet, mode 0600: the wanted one, or that with a number behind it.
pub(crate) fn reserve(wanted: &Path) -> Result<PathBuf, StoreError> {
    let mut path = wanted.to_path_buf();
    for number in 2_u32.. {
        match create_private(&path) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let mut name = wanted.as_os_str().to_owned();
                name.push(format!("-{number}"));
                path = name.into();
            }
            Err(error) => return Err(error_of("write", &path, &error)),
        }
    }
    Ok(path)
}

/// Makes a directory and those above it that are missing, open to their owner alone.
pub fn make_dir(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| {
        let in_the_way = error.kind() == ErrorKind::AlreadyExists;
        let error = if in_the_way { ErrorKind::NotADirectory.into() } else { error };
        error_of("create the directory", dir, &error)
    })
}

/// Makes a rename last. A file system that cannot do this has done what it can.
pub(crate) fn sync_dir(dir: &Path) {
    #[cfg(unix)]
    if let Ok(dir) = File::open(dir) {
        drop(dir.sync_all());
    }
    #[cfg(not(unix))]
    let _ = dir;
}

#[cfg(unix)]
fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn is_loop(_error: &io::Error) -> bool {
    false
}

/// Puts a failure of the disk into words: what, where, why, and what to do.
pub(crate) fn error_of(verb: &str, path: &Path, error: &io::Error) -> StoreError {
    let (why, next) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ("the disk is full", "free some space and try again"),
        ErrorKind::PermissionDenied => ("permission is denied", "see who owns it, or set RETORT_CONFIG_DIR elsewhere"),
        ErrorKind::ReadOnlyFilesystem => ("the disk is read-only", "set RETORT_CONFIG_DIR to a place that is not"),
        ErrorKind::NotADirectory => ("a part of the path is a file, not a directory", "move that file away"),
        ErrorKind::AlreadyExists => ("a file of that name is already there", "choose another name"),
        ErrorKind::IsADirectory => ("it is a directory", "move it away"),
        _ if is_loop(error) => ("it is a link that leads back to itself", "remove it"),
        _ => return StoreError::new(format!("cannot {verb} {}: {error}", path.display())),
    };
    let kind = if error.kind() == ErrorKind::AlreadyExists { StoreErrorKind::Exists } else { StoreErrorKind::Failed };
    StoreError { message: format!("cannot {verb} {}: {why}; {next}", path.display()), kind }
}
/// Names what is no regular file.
pub(crate) fn kind_of(about: &fs::Metadata) -> &'static str {
    let kind = about.file_type();
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kinds = [
            (kind.is_fifo(), "a named pipe"),
            (kind.is_socket(), "a socket"),
            (kind.is_char_device() || kind.is_block_device(), "a device"),
        ];
        if let Some((_, name)) = kinds.iter().find(|(is, _)| *is) {
            return name;
        }
    }
    if kind.is_dir() { "a folder" } else { "no regular file" }
}
