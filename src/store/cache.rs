//! The response cache: answers by key in `cache.db`, the least recently used out first.

use std::{fs, io::ErrorKind, path::PathBuf, time::Duration};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    config::atomic_file,
    model::error::StoreError,
    pipeline::ports::Cached,
    store::{
        database,
        database::{DbError, Foreign},
        schema,
    },
};

/// The version of a value's form; another one is a miss.
const VALUE_VERSION: u32 = 1;

/// How long another process's lock is waited for: less than an answer is worth.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CacheStats {
    /// Answers.
    pub entries: u64,
    /// How many there can be.
    pub capacity: usize,
    /// Their size in bytes, without what the database adds.
    pub bytes: u64,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    cached: &'a Cached,
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// How long uses are gathered before they are noted: nothing waits for that but the order in which answers go.
const USES: Duration = Duration::from_secs(1);

/// Uses that are gathered at most.
const MOST_USES: usize = 1024;

/// The cache's database, opened when first needed and shared with other processes: uses are noted together, and so are
/// new answers, before either takes others out, so that all processes have one LRU of `capacity`.
#[derive(Debug)]
pub(crate) struct CacheDb {
    path: PathBuf,
    capacity: usize,
    db: Option<Connection>,
    uses: Uses,
}

/// Answers that were used, in order, and not noted as that.
#[derive(Debug, Default)]
struct Uses {
    keys: Vec<String>,
    /// When the first of them was.
    since: Option<Instant>,
}

impl Uses {
    fn push(&mut self, key: &str) {
        self.since.get_or_insert_with(Instant::now);
        self.keys.push(key.to_owned());
    }

    /// Notes them. Another process's lock may keep their places from being noted, but nothing else.
    fn note(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.since = None;
        let mut newest: i64 =
            db.prepare_cached("SELECT coalesce(max(used), 0) FROM entry")?.query_row([], |row| row.get(0))?;
        // The newest one stays where it is, which is most often the only one.
        let mut use_one = db.prepare_cached("UPDATE entry SET used = ?2 WHERE key = ?1 AND used < ?3")?;
        for key in std::mem::take(&mut self.keys) {
            newest += i64::from(use_one.execute((key, newest + 1, newest))? > 0);
        }
        Ok(())
    }
}

impl CacheDb {
    pub(crate) fn new(cache: &std::path::Path, capacity: usize) -> Self {
        Self { path: cache.join("cache.db"), capacity, db: None, uses: Uses::default() }
    }

    /// Returns how long the uses of answers can wait still before they are noted; none where there are none.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let since = self.uses.since?;
        let full = self.uses.keys.len() >= MOST_USES;
        Some(if full { Duration::ZERO } else { USES.saturating_sub(since.elapsed()) })
    }

    /// Notes which answers were used.
    pub(crate) fn note_uses(&mut self) {
        let mut uses = std::mem::take(&mut self.uses);
        if uses.since.is_some() {
            let noted = self.with(|db, _| {
                let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
                uses.note(&transaction)?;
                transaction.commit()
            });
            // It is the order in which they go alone.
            drop(noted);
        }
    }

    /// Closes the file.
    pub(crate) fn close(&mut self) {
        self.note_uses();
        if let Some(db) = self.db.take() {
            database::close(&self.path, db);
        }
    }

    /// Looks an answer up; that it was used is noted with others. A value that cannot be read is a miss and deleted.
    pub(crate) fn get(&mut self, key: &str) -> Result<Option<Cached>, StoreError> {
        if self.is_missing() {
            return Ok(None);
        }
        let cached = self.with(|db, _| {
            let sql = "SELECT value FROM entry WHERE key = ?1";
            let value =
                db.prepare_cached(sql)?.query_row([key], |row| Ok(read(row.get_ref(0)?.as_bytes()?))).optional()?;
            if matches!(value, Some(None)) {
                // Another process's lock may keep it there.
                drop(db.prepare_cached("DELETE FROM entry WHERE key = ?1")?.execute([key]));
            }
            Ok(value.flatten())
        })?;
        if cached.is_some() {
            self.uses.push(key);
        }
        Ok(cached)
    }

    /// Stores answers, the newest last, and drops the least recently used beyond the capacity, in one transaction.
    pub(crate) fn put(&mut self, answers: &[(String, Box<Cached>)]) -> Result<(), StoreError> {
        let value = |cached: &Cached| {
            serde_json::to_string(&Written { version: VALUE_VERSION, cached })
                .map_err(|error| StoreError::new(format!("an answer cannot be cached: {error}")))
        };
        let written = answers.iter().map(|(key, cached)| Ok((key, value(cached)?)));
        let written = written.collect::<Result<Vec<_>, StoreError>>()?;
        let mut uses = std::mem::take(&mut self.uses);
        self.with(|db, capacity| {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // What was used before goes later.
            if uses.since.is_some() {
                uses.note(&transaction)?;
            }
            {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO entry (key, used, value) VALUES (?1, (SELECT coalesce(max(used), 0) + 1 FROM entry), ?2)
                     ON CONFLICT (key) DO UPDATE SET used = excluded.used, value = excluded.value",
                )?;
                for (key, value) in &written {
                    insert.execute((key, value))?;
                }
            }
            transaction
                .prepare_cached(
                    "DELETE FROM entry WHERE key IN (SELECT key FROM entry ORDER BY used
                     LIMIT max(0, (SELECT count(*) FROM entry) - ?1))",
                )?
                .execute([i64::try_from(capacity).unwrap_or(i64::MAX)])?;
            transaction.commit()
        })
    }

    pub(crate) fn stats(&mut self) -> Result<CacheStats, StoreError> {
        if self.is_missing() {
            return Ok(CacheStats { entries: 0, capacity: self.capacity, bytes: 0 });
        }
        self.with(|db, capacity| {
            db.query_row("SELECT count(*), coalesce(sum(octet_length(value)), 0) FROM entry", [], |row| {
                let (entries, bytes): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok(CacheStats { entries: entries.unsigned_abs(), capacity, bytes: bytes.unsigned_abs() })
            })
        })
    }

    /// Empties the cache and tells how many answers it held. A damaged file is made anew.
    pub(crate) fn clear(&mut self) -> Result<u64, StoreError> {
        if self.is_missing() {
            return Ok(0);
        }
        let cleared = self.attempt(|db, _| {
            let held = db.execute("DELETE FROM entry", [])?;
            db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
            Ok(held as u64)
        });
        match cleared {
            Err(failed) if failed.damaged => {
                self.remove()?;
                self.with(|_, _| Ok(0))
            }
            done => done.map_err(|failed| failed.error),
        }
    }

    /// Tells whether there is no cache yet; a question makes no files.
    fn is_missing(&self) -> bool {
        self.db.is_none() && !self.path.exists()
    }

    fn remove(&mut self) -> Result<(), StoreError> {
        self.db = None;
        for ending in ["", "-wal", "-shm"] {
            let mut file = self.path.clone().into_os_string();
            file.push(ending);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(atomic_file::error_of("remove", std::path::Path::new(&file), &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Connection, usize) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.attempt(work).map_err(|failed| {
            if failed.damaged {
                let path = self.path.display();
                StoreError::new(format!("{path} is damaged and not used; `retort cache clear` makes a new one"))
            } else {
                failed.error
            }
        })
    }

    fn attempt<T>(&mut self, work: impl FnOnce(&mut Connection, usize) -> rusqlite::Result<T>) -> Result<T, DbError> {
        let mut db = match self.db.take() {
            Some(db) => db,
            None => database::open_with(&self.path, schema::CACHE, PATIENCE, Foreign::Left)?,
        };
        let done = work(&mut db, self.capacity).map_err(|error| database::error_of(&self.path, &error));
        // A database that fails for good is looked for anew the next time.
        if done.as_ref().err().is_none_or(|failed| failed.passing.is_some()) {
            self.db = Some(db);
        }
        done
    }
}

fn read(value: &[u8]) -> Option<Cached> {
    let value = str::from_utf8(value).ok()?;
    let head: Head = serde_json::from_str(value).ok()?;
    (head.version == VALUE_VERSION).then(|| serde_json::from_str(value).ok())?
}
