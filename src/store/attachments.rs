//! The bytes that went with runs: once for all of them, under their SHA-256 in a folder beside the record.

use std::{
    fs,
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::{
    config::atomic_file,
    model::{
        attachment::{FileBytes, MOST_BYTES},
        error::StoreError,
        id,
    },
    pipeline::ports::RunRecord,
};

/// How long bytes stay that no run names: as long as a run may take to be written after them.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// Returns the folder, in that of the record.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("attachments")
}

/// Keeps the bytes of a run that are not there yet.
#[allow(clippy::disallowed_methods, reason = "the time of the file on the disk, which its age is told by")]
pub(crate) fn keep(folder: &Path, record: &RunRecord) -> Result<(), StoreError> {
    for facts in record.attachments().filter_map(|attachment| attachment.facts()) {
        let FileBytes(Some(bytes)) = &facts.bytes else { continue };
        let path = folder.join(&facts.sha256);
        // The time of one that is there tells that it is wanted again.
        let known = File::options().write(true).open(&path).and_then(|file| {
            let same = file.metadata()?.len() == facts.size;
            file.set_modified(SystemTime::now()).map(|()| same)
        });
        if !known.unwrap_or(false) {
            atomic_file::write_bytes(&path, bytes)?;
        }
    }
    Ok(())
}

/// Notes which bytes went with a run.
pub(crate) fn note(db: &Connection, seq: i64, record: &RunRecord) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM attachment WHERE run = ?1")?.execute([seq])?;
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO attachment (run, sha256, path) VALUES (?1, ?2, ?3)")?;
    for facts in record.attachments().filter_map(|attachment| attachment.facts()) {
        insert.execute(params![seq, facts.sha256, facts.path.as_deref().unwrap_or_default()])?;
    }
    Ok(())
}

/// Removes the bytes that no run names any more, unless they have just come. What cannot be removed stays.
pub(crate) fn sweep(db: &Connection, folder: &Path) -> rusqlite::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut named = db.prepare_cached("SELECT 1 FROM attachment WHERE sha256 = ?1")?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let changed = entry.metadata().and_then(|about| about.modified());
        let fresh = changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age < GRACE));
        if is_hash(&name) && !fresh && !named.exists([&name])? {
            drop(fs::remove_file(entry.path()));
        }
    }
    Ok(())
}

/// Tells whether a name is that of bytes.
fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Finds the bytes that the last run sent which read them from a path; none if there was none, or they are gone or
/// damaged.
pub(crate) fn last_of(data: &Path, path: &str) -> Option<Vec<u8>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(data.join("retort.db"), flags).ok()?;
    db.busy_timeout(Duration::from_secs(1)).ok()?;
    let sql = "SELECT sha256 FROM attachment WHERE path = ?1 ORDER BY run DESC LIMIT 1";
    let sha256: String = db.query_row(sql, [path], |row| row.get(0)).optional().ok()??;
    let file = folder(data).join(&sha256);
    let fits = is_hash(&sha256) && fs::metadata(&file).is_ok_and(|about| about.is_file() && about.len() <= MOST_BYTES);
    let bytes = fits.then(|| fs::read(&file).ok()).flatten()?;
    (id::hex(&bytes) == sha256).then_some(bytes)
}
