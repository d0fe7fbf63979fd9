//! The bytes that went with runs: once for all of them, under their SHA-256 in a folder beside the record.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::{
    config::atomic_file,
    model::{
        Attachment, BatchId, CellIndex,
        attachment::{AttachmentData, FileBytes, MOST_BYTES},
        error::StoreError,
        id,
    },
    pipeline::ports::RunRecord,
    store::api::SentFile,
    text::clean_line,
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

/// Notes which bytes went with a run of which none are noted.
pub(crate) fn add(db: &Connection, seq: i64, record: &RunRecord) -> rusqlite::Result<()> {
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

/// What a backup has of the files beside the record, as SQLite keeps the definition.
pub(crate) const BACKED_UP: &str = "CREATE TABLE attached_file (sha256 TEXT NOT NULL, bytes BLOB NOT NULL)";

/// Puts the bytes that runs name into a copy of the record.
pub(crate) fn back_up(copy: &Path, folder: &Path) -> rusqlite::Result<()> {
    let mut db =
        Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let hashes: Vec<String> = db
        .prepare("SELECT DISTINCT sha256 FROM attachment ORDER BY sha256")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let transaction = db.transaction()?;
    transaction.execute_batch(BACKED_UP)?;
    for sha256 in hashes {
        if let Some(bytes) = stored_bytes(folder, &sha256) {
            transaction.execute("INSERT INTO attached_file VALUES (?1, ?2)", params![sha256, bytes])?;
        }
    }
    transaction.commit()
}

/// Writes the bytes that a copy of the record has with it into the folder, and takes them out of the copy. What is not what
/// its hash says, or belongs to no run, is left out.
pub(crate) fn put_back(copy: &Connection, folder: &Path) -> rusqlite::Result<Result<(), StoreError>> {
    if !has_bytes(copy)? {
        return Ok(Ok(()));
    }
    {
        let sql = "SELECT sha256, bytes FROM attached_file WHERE length(bytes) <= ?1
                   AND sha256 IN (SELECT sha256 FROM attachment)";
        let mut statement = copy.prepare(sql)?;
        let mut rows = statement.query([i64::try_from(MOST_BYTES).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let (sha256, bytes): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let path = folder.join(&sha256);
            let is_sound = is_hash(&sha256) && id::hex(&bytes) == sha256;
            if is_sound
                && !path.exists()
                && let Err(error) = atomic_file::write_bytes(&path, &bytes)
            {
                return Ok(Err(error));
            }
        }
    }
    copy.execute_batch("DROP TABLE attached_file; VACUUM")?;
    Ok(Ok(()))
}

fn has_bytes(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'attached_file'")?.exists([])
}

/// Lists the files that went with the cells of a batch.
pub(crate) fn sent(db: &Connection, batch: BatchId) -> rusqlite::Result<Vec<SentFile>> {
    let sql = "SELECT attachment.path, attachment.sha256, cell.row, cell.prompt, cell.target, cell.sample
               FROM cell JOIN attachment ON attachment.run = cell.run
               WHERE cell.batch = (SELECT seq FROM batch WHERE id = ?1) AND attachment.path <> ''";
    db.prepare_cached(sql)?
        .query_map([batch.0.as_bytes()], |row| {
            let place = CellIndex {
                row: row.get::<_, i64>(2)?.unsigned_abs(),
                prompt: row.get(3)?,
                target: row.get(4)?,
                sample: row.get(5)?,
            };
            Ok(SentFile { path: row.get(0)?, sha256: row.get(1)?, place })
        })?
        .collect()
}

/// Finds those files that hold other bytes by now than were sent, each with the places of the cells. One that is gone is
/// none of them: what was sent of it is sent again. Each file is read once.
pub(crate) fn changed(sent: Vec<SentFile>) -> BTreeMap<String, BTreeSet<CellIndex>> {
    let (mut present, mut changed) = (BTreeMap::<String, Option<String>>::new(), BTreeMap::new());
    for SentFile { path, sha256, place } in sent {
        let now = present.entry(path.clone()).or_insert_with(|| hash_of(Path::new(&path)));
        if now.as_ref().is_some_and(|now| *now != sha256) {
            changed.entry(path).or_insert_with(BTreeSet::new).insert(place);
        }
    }
    changed
}

/// Returns the hash of a file as it is; none if it is gone or nothing that is sent.
fn hash_of(path: &Path) -> Option<String> {
    let fits = fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() <= MOST_BYTES);
    fits.then(|| fs::read(path).ok()).flatten().map(|bytes| id::hex(&bytes))
}

/// Reads the bytes of a hash; none if they are gone or damaged.
fn stored_bytes(folder: &Path, sha256: &str) -> Option<Vec<u8>> {
    let file = folder.join(sha256);
    let fits = is_hash(sha256) && fs::metadata(&file).is_ok_and(|about| about.is_file() && about.len() <= MOST_BYTES);
    let bytes = fits.then(|| fs::read(&file).ok()).flatten()?;
    (id::hex(&bytes) == sha256).then_some(bytes)
}

/// Puts the bytes to an attachment: those at hand, those on record, or those of its file if they are still the same. Fails,
/// in words, where none of them are left.
pub(crate) fn with_bytes(data: &Path, mut attachment: Attachment) -> Result<Attachment, String> {
    let name = clean_line(&attachment.name).to_string();
    if let AttachmentData::Bytes(facts) = &mut attachment.data
        && facts.bytes.0.is_none()
    {
        let of_file = |path: &String| {
            let about = fs::metadata(path).ok().filter(|about| about.is_file() && about.len() == facts.size)?;
            let bytes = (about.len() <= MOST_BYTES).then(|| fs::read(path).ok()).flatten()?;
            (id::hex(&bytes) == facts.sha256).then_some(bytes)
        };
        let bytes = stored_bytes(&folder(data), &facts.sha256).or_else(|| facts.path.as_ref().and_then(of_file));
        let bytes = bytes.ok_or_else(|| format!("{name} is not on record, and its file is gone or another by now"))?;
        facts.bytes = FileBytes(Some(bytes.into()));
    }
    Ok(attachment)
}

/// Finds the bytes that the last run sent which read them from a path; none if there was none, or they are gone or
/// damaged.
pub(crate) fn last_of(data: &Path, path: &str) -> Option<Vec<u8>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(data.join("retort.db"), flags).ok()?;
    db.busy_timeout(Duration::from_secs(1)).ok()?;
    let sql = "SELECT sha256 FROM attachment WHERE path = ?1 ORDER BY run DESC LIMIT 1";
    let sha256: String = db.query_row(sql, [path], |row| row.get(0)).optional().ok()??;
    stored_bytes(&folder(data), &sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MediaKind, Part, attachment::PartOrigin};

    fn at(row: u64) -> CellIndex {
        CellIndex { row, ..CellIndex::default() }
    }

    #[test]
    fn a_cell_counts_as_changed_by_the_file_it_was_given_and_not_by_one_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        fs::write(path("same.png"), b"same").unwrap();
        fs::write(path("other.png"), b"other").unwrap();
        let file =
            |name: &str, bytes: &[u8], row| SentFile { path: path(name), sha256: id::hex(bytes), place: at(row) };
        let sent = vec![
            file("same.png", b"same", 1),
            file("other.png", b"before", 2),
            file("other.png", b"other", 3),
            file("other.png", b"before", 4),
            file("gone.png", b"gone", 5),
        ];
        let expected = BTreeMap::from([(path("other.png"), BTreeSet::from([at(2), at(4)]))]);
        assert_eq!(changed(sent), expected, "row 3 was asked after the change");
    }

    #[test]
    fn the_bytes_of_a_picture_are_those_at_hand_or_on_record_or_of_the_file_as_it_was() {
        let data = tempfile::tempdir().unwrap();
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x02";
        let part = Part::of(MediaKind::Image, "a.png");
        let file = data.path().join("a.png");
        let mut at_hand = Attachment::of_bytes(&part, "a.png".to_owned(), png.as_slice().into()).unwrap();
        if let AttachmentData::Bytes(facts) = &mut at_hand.data {
            facts.path = Some(file.to_string_lossy().into_owned());
        }
        let of = |attachment: Attachment| -> Result<Option<Vec<u8>>, String> {
            match with_bytes(data.path(), attachment)?.data {
                AttachmentData::Bytes(facts) => Ok(facts.bytes.0.map(|bytes| bytes.to_vec())),
                AttachmentData::Url { .. } | AttachmentData::Unread { .. } => Ok(None),
            }
        };
        assert_eq!(of(at_hand.clone()), Ok(Some(png.to_vec())));
        let without = at_hand.without_bytes();
        fs::write(&file, png).unwrap();
        assert_eq!(of(without.clone()), Ok(Some(png.to_vec())), "of the file");
        fs::write(&file, b"another file of the si.").unwrap();
        assert!(of(without.clone()).unwrap_err().contains("is not on record"));
        fs::create_dir(folder(data.path())).unwrap();
        fs::write(folder(data.path()).join(id::hex(png)), png).unwrap();
        assert_eq!(of(without), Ok(Some(png.to_vec())), "of the record");
        let address = Part::of(MediaKind::Image, "https://example.com/a.png");
        assert_eq!(of(address.filled("https://example.com/a.png", PartOrigin::Prompt).unwrap()), Ok(None));
    }
}
