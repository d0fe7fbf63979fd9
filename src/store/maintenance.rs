//! Keeping runs, removing them, and copies of the whole record: made, and put back.

use std::{
    fs,
    fs::File,
    io,
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use tempfile::TempPath;

use crate::{
    config::atomic_file,
    model::{
        RunId,
        error::{StoreError, StoreErrorKind},
        settings::Places,
    },
    store::{api::Pruned, attachments, columns::nanoseconds, database, facts, migration, schema, search},
};

/// Keeps runs when others are pruned, or no longer; tells how many there were.
pub(crate) fn pin(db: &mut Connection, runs: &[RunId], pinned: bool) -> rusqlite::Result<u64> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut count = 0;
    for run in runs {
        let sql = "UPDATE run SET pinned = ?2 WHERE id = ?1 RETURNING seq";
        let values = params![run.0.as_bytes(), pinned];
        let seq: Option<i64> = transaction.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
        if let Some(seq) = seq {
            facts::note(&transaction, seq)?;
            count += 1;
        }
    }
    transaction.commit()?;
    Ok(count)
}

/// Gives the runs of a session another session's name, and the versions that its prompt had while it had none; tells how
/// many runs there were.
pub(crate) fn move_runs(db: &mut Connection, from: &str, to: &str) -> rusqlite::Result<u64> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let moved = transaction.execute("UPDATE run SET session = ?2 WHERE session = ?1", [from, to])?;
    transaction.execute("UPDATE run_fact SET session = ?2 WHERE session = ?1", [from, to])?;
    transaction.execute("UPDATE OR IGNORE prompt_version SET session = ?2 WHERE session = ?1", [from, to])?;
    transaction.commit()?;
    Ok(moved as u64)
}

/// Removes runs with all that is known of them. Those under way stay.
pub(crate) fn remove(db: &mut Connection, runs: &[RunId]) -> rusqlite::Result<Pruned> {
    let before = size(db)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut count = 0;
    {
        let mut statement = transaction.prepare_cached("DELETE FROM run WHERE id = ?1 AND end <> 'running'")?;
        for run in runs {
            count += statement.execute([run.0.as_bytes()])? as u64;
        }
    }
    facts::tidy(&transaction)?;
    transaction.commit()?;
    Ok(Pruned { runs: count, texts: 0, before, after: size(db)? })
}

/// Removes the runs that started before a time, or tells what that would free. Runs under way stay, and so do
/// the prompt versions and what was said of them.
pub(crate) fn prune(db: &mut Connection, before: Timestamp, keep_pinned: bool, dry: bool) -> rusqlite::Result<Pruned> {
    let which = if keep_pinned {
        "seq IN (SELECT run FROM run_fact WHERE started < ?1) AND end <> 'running' AND pinned = 0"
    } else {
        "seq IN (SELECT run FROM run_fact WHERE started < ?1) AND end <> 'running'"
    };
    let time = nanoseconds(before);
    let sql = format!(
        "SELECT count(*), total(coalesce(octet_length(prompt), 0) + coalesce(octet_length(input), 0)
             + coalesce(octet_length(text), 0) + coalesce(octet_length(reasoning), 0)
             + coalesce(octet_length(outcome), 0) + coalesce(octet_length(timeline), 0))
         FROM run LEFT JOIN run_body USING (seq) WHERE {which}"
    );
    let (runs, texts): (i64, f64) = db.query_row(&sql, [time], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let size_before = size(db)?;
    let error_of_path =
        Pruned { runs: runs.unsigned_abs(), texts: texts.max(0.0) as u64, before: size_before, after: size_before };
    if dry || runs == 0 {
        return Ok(error_of_path);
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(&format!("DELETE FROM run WHERE {which}"), [time])?;
    facts::tidy(&transaction)?;
    transaction.execute("INSERT INTO run_text (run_text) VALUES ('optimize')", [])?;
    transaction.commit()?;
    // The pages that are free now go back to the disk.
    db.execute_batch("VACUUM")?;
    Ok(Pruned { after: size(db)?, ..error_of_path })
}

/// Writes the record as it stands, with the files that went with its runs, to a file that is empty or not there yet, and
/// returns its size in bytes.
pub(crate) fn backup(db: &Connection, attached: &Path, to: &Path) -> rusqlite::Result<Result<u64, StoreError>> {
    let Some(path) = to.to_str() else {
        return Ok(Err(StoreError::new(format!("the name {} is not Unicode; choose another", to.display()))));
    };
    if fs::metadata(to).is_ok_and(|there| there.len() > 0) {
        let message = format!("{} is there already; choose another name, or move it away", to.display());
        return Ok(Err(StoreError { message, kind: StoreErrorKind::Exists }));
    }
    db.execute("VACUUM INTO ?1", [path])?;
    attachments::back_up(to, attached)?;
    Ok(fs::metadata(to)
        .map(|file| file.len())
        .map_err(|error| StoreError::new(format!("cannot read {} back: {error}", to.display()))))
}

/// Returns the size of the database, in bytes, as SQLite counts its pages.
fn size(db: &Connection) -> rusqlite::Result<u64> {
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let each: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(pages.unsigned_abs().saturating_mul(each.unsigned_abs()))
}

/// How long a lock on the copy is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What every database of SQLite begins with.
const HEAD: &[u8; 16] = b"SQLite format 3\0";

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Runs on record now.
    pub runs: u64,
    /// The size of the record, in bytes.
    pub bytes: u64,
    /// Where the record that was there is now, if there was one.
    pub aside: Option<PathBuf>,
}

/// Puts a copy of the record in the record's place, brought to today's form. The record that was there is
/// moved aside, never removed. Refused while another program has the record open, and for a file that is
/// no sound record as some retort made it; both leave everything as it was.
pub fn restore(places: &Places, from: &Path, now: Timestamp) -> Result<Restored, StoreError> {
    if database::others(&places.data.join("running")) {
        let message = "another retort has the record open; close it first";
        return Err(StoreError::new(message));
    }
    atomic_file::make_dir(&places.data)?;
    let record = places.data.join("retort.db");
    let new = copied(from, &places.data)?;
    let checked = sound(&new, from, &attachments::folder(&places.data)).and_then(|runs| {
        let about = fs::metadata(&new).map_err(|error| atomic_file::error_of("read", &new, &error))?;
        Ok((runs, about.len(), aside(&record, now)?))
    });
    // What SQLite made beside the copy is of no use to anyone; the copy itself goes with its name.
    for path in files(&new).iter().skip(1) {
        drop(fs::remove_file(path));
    }
    let (runs, bytes, aside) = checked?;
    new.persist(&record).map_err(|error| {
        if let Some(aside) = &aside {
            moved(aside, &record).map_or_else(|error| error, |()| atomic_file::error_of("move", &record, &error.error))
        } else {
            atomic_file::error_of("move", &record, &error.error)
        }
    })?;
    atomic_file::sync_dir(&places.data);
    Ok(Restored { runs, bytes, aside })
}

/// Copies a file that may be a record beside the record, mode 0600.
fn copied(from: &Path, beside: &Path) -> Result<TempPath, StoreError> {
    let about = fs::metadata(from);
    match &about {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(StoreError::new(format!("there is no file {}", from.display())));
        }
        Err(error) => return Err(atomic_file::error_of("read", from, error)),
        Ok(about) if !about.is_file() => {
            let (shown, kind) = (from.display(), atomic_file::kind_of(about));
            return Err(StoreError::new(format!("{shown} is {kind}, and no backup; name the file of one")));
        }
        Ok(_) => {}
    }
    let read = |error: &io::Error| atomic_file::error_of("read", from, error);
    let mut file = File::open(from).map_err(|error| read(&error))?;
    let mut head = [0; HEAD.len()];
    let (error_of_path, length) = (file.read_exact(&mut head), about.map_or(0, |about| about.len()));
    if error_of_path.is_err() || head != *HEAD {
        return Err(no_record(from, &format!("it is no database ({length} bytes of something else)")));
    }
    let mut new = tempfile::Builder::new()
        .prefix("retort.db.new-")
        .tempfile_in(beside)
        .map_err(|error| atomic_file::error_of("write", beside, &error))?;
    let copied = new.write_all(&head).and_then(|()| io::copy(&mut file, &mut new)).and_then(|_| new.flush());
    copied.map_err(|error| atomic_file::error_of("copy", from, &error))?;
    new.as_file().sync_all().map_err(|error| atomic_file::error_of("copy", from, &error))?;
    Ok(new.into_temp_path())
}

/// Moves the record that is there, with what SQLite keeps beside it, to a name that nothing has.
fn aside(record: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    if fs::symlink_metadata(record).is_err() {
        return Ok(None);
    }
    let mut wanted = record.as_os_str().to_owned();
    wanted.push(now.strftime(".before-%Y%m%dT%H%M%S").to_string());
    let aside = atomic_file::reserve(Path::new(&wanted))?;
    moved(record, &aside)?;
    Ok(Some(aside))
}

/// Moves a database and what SQLite keeps beside it.
fn moved(from: &Path, to: &Path) -> Result<(), StoreError> {
    // The log goes first: it must never lie beside another database.
    for (old, new) in files(from).into_iter().zip(files(to)).rev() {
        if old.exists() {
            fs::rename(&old, &new).map_err(|error| atomic_file::error_of("move", &old, &error))?;
        }
    }
    Ok(())
}

/// Lists a database's file and those that SQLite keeps beside it.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

fn no_record(from: &Path, why: &str) -> StoreError {
    StoreError::new(format!("{} is no record of runs: {why}; everything is as it was", from.display()))
}

/// Sees that a copy is a record of a known form and sound, brings it to today's form, puts the files that it has with it
/// back, and counts its runs.
fn sound(copy: &Path, from: &Path, attached: &Path) -> Result<u64, StoreError> {
    let words =
        |message: String| StoreError::new(message.replace(&copy.display().to_string(), &from.display().to_string()));
    let error_of_path = |error: &rusqlite::Error| {
        let failed = database::error_of(copy, error);
        if failed.damaged {
            StoreError::new(format!("{} is no record of runs, or damaged; everything is as it was", from.display()))
        } else {
            words(failed.error.message)
        }
    };
    // Before anything is written, so that nothing the file defines is set going.
    if let Some(why) = unfit(copy).map_err(|error| error_of_path(&error))? {
        return Err(no_record(from, &why));
    }
    let connection = database::open(copy, schema::RECORD, PATIENCE).map_err(|failed| words(failed.error.message))?;
    let runs: i64 = connection
        .query_row("SELECT count(*) FROM run", [], |row| row.get(0))
        .map_err(|error| error_of_path(&error))?;
    attachments::put_back(&connection, attached).map_err(|error| error_of_path(&error))??;
    connection.pragma_update(None, "journal_mode", "DELETE").map_err(|error| error_of_path(&error))?;
    Ok(runs.unsigned_abs())
}

/// Says why a database is no record as some retort made it; none where it is one.
fn unfit(copy: &Path) -> rusqlite::Result<Option<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(copy, flags)?;
    database::guard(&connection)?;
    search::define(&connection)?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (form, known) = (number("user_version")?, schema::RECORD.len());
    let version = match usize::try_from(form) {
        Ok(form) if (1..=known).contains(&form) => form,
        Ok(form) if form > known => {
            return Ok(Some(format!(
                "it was written by a newer retort (form {form}, this one knows {known}), which reads it"
            )));
        }
        _ => return Ok(Some(format!("its form is {form}, and those of records begin with 1"))),
    };
    if number("application_id")? != 0 {
        return Ok(Some("it belongs to another program".to_owned()));
    }
    if let Some(difference) = migration::differs(&connection, schema::RECORD, version, &[attachments::BACKED_UP])? {
        return Ok(Some(difference));
    }
    let says: String = connection.query_row("PRAGMA integrity_check (1)", [], |row| row.get(0))?;
    if says != "ok" {
        return Ok(Some(format!("it is damaged: {says}")));
    }
    let mut lost = connection.prepare("PRAGMA foreign_key_check")?;
    let lost = lost.query_map([], |row| row.get::<_, String>(0))?.next().transpose()?;
    Ok(lost.map(|table| format!("it is damaged: rows of `{table}` belong to nothing")))
}
