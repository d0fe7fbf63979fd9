//! A SQLite database opened, set up and brought to today's form, its errors put into words; and which processes are still
//! there, told by a file each holds locked. A lock ends with its process, whatever ended it, and unlike a process id is
//! never taken over by another.

use std::{
    fs,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};
use uuid::Uuid;

use crate::{
    config::atomic_file,
    model::error::StoreError,
    store::{migration, migration::Migration, search},
};

/// This process's sign of life; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Alive {
    /// Stands for the process in the record.
    pub(crate) owner: String,
    path: PathBuf,
    _lock: File,
}

impl Alive {
    /// Gives the first sign of life. `dir` holds those of all processes.
    pub(crate) fn begin(dir: &Path) -> io::Result<Self> {
        let owner = Uuid::now_v7().simple().to_string();
        let (early, path) = (dir.join(format!("{owner}.new")), file(dir, &owner));
        let lock = atomic_file::create_private(&early)?;
        // Nobody looks at the file before it is locked.
        lock.lock()?;
        fs::rename(early, &path)?;
        Ok(Self { owner, path, _lock: lock })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// Tells whether a process has ended; its file is then cleared away.
pub(crate) fn is_gone(dir: &Path, owner: &str) -> bool {
    let path = file(dir, owner);
    match File::open(&path).map(|file| file.try_lock()) {
        Ok(Ok(())) => {
            drop(fs::remove_file(path));
            true
        }
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) => false,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn file(dir: &Path, owner: &str) -> PathBuf {
    dir.join(format!("{owner}.alive"))
}

/// Tells whether any process has given a sign of life and is still there.
pub(crate) fn others(dir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return false;
    };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        path.extension().is_some_and(|ending| ending == "alive") && name.is_some_and(|owner| !is_gone(dir, &owner))
    })
}

/// Why a database did not do what it was asked.
#[derive(Debug, Clone)]
pub(crate) struct DbError {
    /// In words, with the file and the next step.
    pub(crate) error: StoreError,
    /// How long it is worth waiting where it may work later: a lock, a full disk.
    pub(crate) passing: Option<Duration>,
    /// True when the file is no sound database.
    pub(crate) damaged: bool,
}

/// How long another program's lock is waited for by whoever needs a run on the disk: longer than one is held.
const LOCKED: Duration = Duration::from_secs(20);

/// How long a disk that is full or fails is: somebody may be about to help.
const FULL: Duration = Duration::from_secs(3);

/// The bytes of a page.
const PAGE: u32 = 8192;

/// How often switching to a write-ahead log is tried while others hold the file, at least.
const FEWEST_TRIES: u128 = 5;

/// How often at most.
const MOST_TRIES: u128 = 100;

/// How long to wait between two such tries.
const SWITCH_WAIT: Duration = Duration::from_millis(20);

/// Opens a database, making it and its directory where they are missing (modes 0600 and 0700),
/// and takes the steps of `schema` it has not taken. A file with more steps than that was written
/// by a newer version and is left alone. `patience` is how long a lock of another process is
/// waited for.
///
/// What somebody else made it do, a trigger or a view, is refused.
pub(crate) fn open(path: &Path, schema: &[Migration], patience: Duration) -> Result<Connection, DbError> {
    open_with(path, schema, patience, Foreign::Refused)
}

/// What becomes of triggers and views that no step of a schema makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// The database is not opened.
    Refused,
    /// They are left alone: nothing there is worth keeping, and nothing that reads it trusts it.
    Left,
}

/// Opens a database as [`open`] does.
pub(crate) fn open_with(
    path: &Path,
    schema: &[Migration],
    patience: Duration,
    others: Foreign,
) -> Result<Connection, DbError> {
    let refused = |error| DbError { error, passing: Some(FULL), damaged: false };
    if let Some(dir) = path.parent() {
        atomic_file::make_dir(dir).map_err(refused)?;
    }
    // SQLite gives the files beside it the mode of the first.
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| refused(atomic_file::error_of("open", path, &error)))?;

    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        // SQLite waits for some locks here and not for others, so this alone does.
        connection.busy_timeout(Duration::ZERO)?;
        // Of a file that is made now. Rows of 2 KB leave less of a page empty.
        connection.pragma_update(None, "page_size", PAGE)?;
        write_ahead(&connection, patience)?;
        connection.busy_timeout(patience)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        guard(&connection)?;
        // Without it a statement that is asked with another value may be planned anew each time.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        search::define(&connection)?;
        let foreign = if others == Foreign::Refused { migration::active(&connection, schema)? } else { None };
        Ok((connection, foreign))
    });
    let (mut connection, foreign) = opened.map_err(|error| error_of(path, &error))?;
    if let Some(foreign) = foreign {
        // It is looked for before anything is written that it might act on.
        let message = format!(
            "{} has {foreign}, which retort did not put there; move the file away, or restore a backup",
            path.display()
        );
        return Err(DbError { error: StoreError::new(message), passing: None, damaged: false });
    }
    let version = migration::migrate(&mut connection, schema).map_err(|error| error_of(path, &error))?;
    if version > schema.len() {
        let message = format!(
            "{} was written by a newer retort (form {version}, this one knows {}); use that one, or move the file away",
            path.display(),
            schema.len()
        );
        return Err(DbError { error: StoreError::new(message), passing: None, damaged: false });
    }
    Ok(connection)
}

/// The largest write-ahead log that is left as it is when its database is closed, in bytes: reading it again costs less
/// than the waits for the disk that moving its pages does.
const SMALL_LOG: u64 = 1024 * 1024;

/// Closes a database. What its write-ahead log holds stays there while it is little; it is as lasting there.
pub(crate) fn close(path: &Path, db: Connection) {
    let mut log = path.to_owned().into_os_string();
    log.push("-wal");
    if fs::metadata(log).is_ok_and(|log| log.len() <= SMALL_LOG) {
        drop(db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
    }
    drop(db);
}

/// Lets nothing that a database defines reach beyond it, and nothing change what it is made of.
pub(crate) fn guard(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map(drop)
}

/// Switches to a write-ahead log, and waits as long as `patience` for whoever is about the same.
fn write_ahead(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    let most = (patience.as_millis() / SWITCH_WAIT.as_millis()).clamp(FEWEST_TRIES, MOST_TRIES);
    let mut tries = 1;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && tries < most => thread::sleep(SWITCH_WAIT),
            done => return done,
        }
        tries += 1;
    }
}

/// Tells whether something may work later: a lock, a full disk.
pub(crate) fn is_passing(error: &rusqlite::Error) -> bool {
    error_of(Path::new(""), error).passing.is_some()
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Tells whether a table, or a row, is not as retort writes it.
fn is_of_other_form(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnIndex, InvalidColumnName, InvalidColumnType,
        SqlInputError, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnIndex(_)
            | InvalidColumnName(_)
            | InvalidColumnType(..)
            | SqlInputError { .. }
            | Utf8Error(..)
    )
}

/// Says that a database is another one than retort writes, and why that is known.
fn other_form(path: &Path, error: &rusqlite::Error) -> String {
    // What was asked of it is nothing to the reader.
    let why = match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    format!(
        "{} is no database of retort's, or it is damaged ({why}); move it away, and a new one is made",
        path.display()
    )
}

/// Puts an error of SQLite into words.
pub(crate) fn error_of(path: &Path, error: &rusqlite::Error) -> DbError {
    let shown = path.display();
    let (message, passing, damaged) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (format!("{shown} is locked by another program; close what has it open"), Some(LOCKED), false)
        }
        Some(ErrorCode::DiskFull) => {
            (format!("{shown} cannot grow: the disk is full; free some space"), Some(FULL), false)
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            (format!("{shown} cannot be opened for writing; see who owns it and its directory"), Some(FULL), false)
        }
        Some(ErrorCode::SystemIoFailure) => (format!("{shown}: the disk fails: {error}"), Some(FULL), false),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            (format!("{shown} is damaged; move it away, and a new one is made"), None, true)
        }
        // A statement or a value of ours does not fit what is there.
        Some(ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::SchemaChanged) => {
            (other_form(path, error), None, true)
        }
        None if is_of_other_form(error) => (other_form(path, error), None, true),
        Some(_) | None => (format!("{shown}: {error}"), None, false),
    };
    DbError { error: StoreError::new(message), passing, damaged }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_retort_did_not_write_is_named_with_the_next_step() {
        let made = |sql: &str| {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            connection
        };
        for (sql, why) in [
            ("", "no such table: attempt"),
            ("CREATE TABLE attempt (other)", "no such column: run"),
            ("CREATE TABLE attempt (run); INSERT INTO attempt VALUES ('a text')", "Invalid column type Text"),
            ("CREATE VIEW attempt AS SELECT load_extension('x') AS run", "unsafe use of load_extension()"),
        ] {
            let connection = made(sql);
            let _ = guard(&connection);
            let error = connection.query_row("SELECT run FROM attempt", [], |row| row.get::<_, i64>(0)).unwrap_err();
            let DbError { error, passing, damaged } = error_of(Path::new("retort.db"), &error);
            let words = error.to_string();
            assert!(
                words.starts_with("retort.db is no database of retort's, or it is damaged (") && words.contains(why),
                "{words}"
            );
            assert!(words.ends_with("move it away, and a new one is made"), "{words}");
            assert!(damaged && passing.is_none(), "{words}");
        }
    }
}
