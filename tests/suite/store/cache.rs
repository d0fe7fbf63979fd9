//! The cache: one exact LRU across processes, and no error of it fails a lookup.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use proptest::{collection::vec, prelude::*};
use retort::store::{CacheStats, Store};
use rusqlite::Connection;
use tokio::runtime::{Builder, Runtime};

use super::{SOON, cached, places_in};

fn open(dir: &Path, capacity: usize) -> Store {
    Store::open(places_in(dir), capacity)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn database(dir: &Path) -> Connection {
    Connection::open(dir.join("cache/cache.db")).unwrap()
}

/// The cache as a list, the least recently used first.
#[derive(Default)]
struct Model(Vec<(u8, u32)>);

impl Model {
    fn get(&mut self, key: u8) -> Option<u32> {
        let place = self.0.iter().position(|entry| entry.0 == key)?;
        let entry = self.0.remove(place);
        self.0.push(entry);
        Some(entry.1)
    }

    fn put(&mut self, key: u8, value: u32, capacity: usize) {
        self.0.retain(|entry| entry.0 != key);
        self.0.push((key, value));
        self.0.drain(..self.0.len().saturating_sub(capacity));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Get(u8),
    Put(u8, u32),
}

fn step() -> impl Strategy<Value = (bool, Step)> {
    let step = prop_oneof![
        (0..8_u8).prop_map(Step::Get),
        (0..8_u8, any::<u32>()).prop_map(|(key, value)| Step::Put(key, value))
    ];
    (any::<bool>(), step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two stores stand for two processes: each has its own connection to the one file.
    #[test]
    fn two_stores_are_together_one_lru(capacity in 1_usize..6, steps in vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let stores = [open(dir.path(), capacity), open(dir.path(), capacity)];
        let mut model = Model::default();
        runtime().block_on(async {
            for (which, step) in steps {
                let store = &stores[usize::from(which)];
                match step {
                    Step::Put(key, value) => {
                        store.cache().put(key.to_string(), cached(&value.to_string()));
                        model.put(key, value, capacity);
                        // A put is done behind; the next answer from the same store comes after it.
                        let stats = store.cache_stats().await.unwrap();
                        prop_assert_eq!(stats.entries as usize, model.0.len());
                    }
                    Step::Get(key) => {
                        let found = store.cache().get(&key.to_string()).await;
                        let expected = model.get(key).map(|value| cached(&value.to_string()));
                        prop_assert_eq!(found, expected);
                        // So is a use, with others; the question for the numbers comes after it, too.
                        store.cache_stats().await.unwrap();
                    }
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn answers_outlive_the_program_and_are_private() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = open(dir.path(), 10);
        assert_eq!(store.cache().get("key").await, None);
        assert!(!dir.path().join("cache").exists(), "a question makes no files");
        assert_eq!(store.cache_stats().await.unwrap(), CacheStats { entries: 0, capacity: 10, bytes: 0 });
        store.cache().put("key".to_owned(), cached("answer 🙂"));
        let bytes = store.cache_stats().await.unwrap().bytes;
        store.close(SOON).unwrap();
        let value: String = database(dir.path()).query_row("SELECT value FROM entry", [], |row| row.get(0)).unwrap();
        assert_eq!(bytes, value.len() as u64, "bytes, not characters");
        let again = open(dir.path(), 10);
        assert_eq!(again.cache().get("key").await, Some(cached("answer 🙂")));
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("cache"), mode("cache/cache.db"), mode("cache/cache.db-wal")), (0o700, 0o600, 0o600));
        assert_eq!(again.clear_cache().await.unwrap(), 1);
        assert_eq!(again.cache().get("key").await, None);
    });
}

#[test]
fn a_smaller_capacity_holds_from_the_next_answer_on() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = open(dir.path(), 10);
        for key in 0..10 {
            store.cache().put(key.to_string(), cached("x"));
        }
        store.close(SOON).unwrap();
        let small = open(dir.path(), 3);
        small.cache().put("new".to_owned(), cached("x"));
        assert_eq!(small.cache_stats().await.unwrap().entries, 3);
        assert!(small.cache().get("9").await.is_some() && small.cache().get("7").await.is_none());
    });
}

#[test]
fn a_value_that_cannot_be_read_is_a_miss_and_gone() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = open(dir.path(), 10);
        for key in ["corrupt", "newer", "blob", "good"] {
            store.cache().put(key.to_owned(), cached("x"));
        }
        assert_eq!(store.cache_stats().await.unwrap().entries, 4);
        let db = database(dir.path());
        db.execute("UPDATE entry SET value = '{\"version\":1,' WHERE key = 'corrupt'", []).unwrap();
        db.execute("UPDATE entry SET value = replace(value, '\"version\":1', '\"version\":2') WHERE key = 'newer'", [])
            .unwrap();
        db.execute("UPDATE entry SET value = x'fffe00' WHERE key = 'blob'", []).unwrap();
        for key in ["corrupt", "newer", "blob"] {
            assert_eq!(store.cache().get(key).await, None, "{key}");
        }
        assert_eq!(store.cache_stats().await.unwrap().entries, 1);
        assert!(store.cache().get("good").await.is_some());
        assert!(store.errors().try_recv().is_err(), "this is no fault to tell of");
    });
}

#[test]
fn a_cache_that_is_out_of_reach_is_empty_and_told_of_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("cache"), "").unwrap();
    runtime().block_on(async {
        let store = open(dir.path(), 10);
        let mut errors = store.errors();
        for _ in 0..3 {
            store.cache().put("key".to_owned(), cached("x"));
            assert_eq!(store.cache().get("key").await, None);
        }
        let error = errors.recv().await.unwrap().message;
        assert!(error.starts_with("answers are not cached: cannot create the directory "), "{error}");
        assert!(errors.try_recv().is_err(), "told once");
        assert!(store.cache_stats().await.is_ok_and(|stats| stats.entries == 0));
    });
}

#[test]
fn a_damaged_file_is_told_of_and_made_anew_when_cleared() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("cache")).unwrap();
    fs::write(dir.path().join("cache/cache.db"), "this is no database at all, but text".repeat(100)).unwrap();
    runtime().block_on(async {
        let store = open(dir.path(), 10);
        assert_eq!(store.cache().get("key").await, None);
        let error = store.errors().recv().await.unwrap().message;
        assert!(error.ends_with("is damaged and not used; `retort cache clear` makes a new one"), "{error}");
        assert_eq!(store.clear_cache().await.unwrap(), 0);
        store.cache().put("key".to_owned(), cached("x"));
        assert!(store.cache().get("key").await.is_some());
    });
}

#[test]
fn a_newer_programs_cache_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("cache")).unwrap();
    let db = database(dir.path());
    db.pragma_update(None, "user_version", 99).unwrap();
    runtime().block_on(async {
        let store = open(dir.path(), 10);
        store.cache().put("key".to_owned(), cached("x"));
        assert_eq!(store.cache().get("key").await, None);
        let error = store.errors().recv().await.unwrap().message;
        assert!(error.contains("cache.db was written by a newer retort (form 99, this one knows 1)"), "{error}");
        store.close(SOON).unwrap();
    });
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn another_programs_lock_keeps_no_stored_answer_back() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = open(dir.path(), 10);
        store.cache().put("key".to_owned(), cached("x"));
        assert!(store.cache().get("key").await.is_some());
        let db = database(dir.path());
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(store.cache().get("key").await.is_some());
        db.execute_batch("ROLLBACK").unwrap();
    });
}
