//! What is remembered of keys from one run of the program to the next: whose turn it is, and which rest.
//!
//! One small file, `keys.json` in the state directory, that every process locks, reads and writes whole. It holds
//! labels, never keys. What is lost of it, or cannot be read, costs a turn and no more; nothing waits long for it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io,
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{task, time};

use crate::{
    config::atomic_file,
    model::settings::Places,
    pipeline::ports::{KeyMemory, PortFuture},
};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// How often the file is tried while another process has it, and how long in between.
const TRIES: (u32, Duration) = (100, Duration::from_millis(2));

/// How long a turn is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// A key that rests after a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRest {
    /// Until when.
    pub until: Timestamp,
    /// Why, in words.
    pub why: String,
}

/// The whole file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// How often each provider's keys were begun with.
    turns: BTreeMap<String, u64>,
    /// By provider and label.
    resting: BTreeMap<String, BTreeMap<String, KeyRest>>,
}

/// The file of keys.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Names the file. It is made when there is something to remember.
    #[must_use]
    pub fn of(places: &Places) -> Self {
        Self { path: places.state.join("keys.json") }
    }

    /// Lists the keys of a provider that were put aside last, by label, those whose rest is over left out.
    #[must_use]
    pub fn resting(&self, provider: &str, now: Timestamp) -> BTreeMap<String, KeyRest> {
        let memory = File::open(&self.path).map(|mut file| read(&mut file)).unwrap_or_default();
        let own = memory.resting.get(provider).cloned().unwrap_or_default();
        own.into_iter().filter(|(_, rest)| rest.until > now).collect()
    }
}

/// Reads the file; what is no such file is an empty one.
fn read(file: &mut File) -> Memory {
    let mut text = String::new();
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Memory::default(),
    }
}

/// Changes the file while nobody else does.
fn change<T>(path: &Path, change: impl FnOnce(&mut Memory) -> T) -> io::Result<T> {
    if let Some(dir) = path.parent() {
        atomic_file::make_dir(dir).map_err(io::Error::other)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let (most, pause) = TRIES;
    for tried in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(_) if tried < most => thread::sleep(pause),
            Err(error) => return Err(error.into()),
        }
    }
    let mut memory = read(&mut file);
    let changed = change(&mut memory);
    let text = serde_json::to_vec(&memory)?;
    file.rewind()?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)?;
    Ok(changed)
}

impl KeyMemory for KeyFile {
    fn turn<'a>(&'a self, provider: &'a str) -> PortFuture<'a, u64> {
        let (path, provider) = (self.path.clone(), provider.to_owned());
        let counted = task::spawn_blocking(move || {
            change(&path, |memory| {
                let turn = memory.turns.entry(provider).or_default();
                let before = *turn;
                *turn = turn.wrapping_add(1);
                before
            })
        });
        Box::pin(async move {
            match time::timeout(PATIENCE, counted).await {
                Ok(Ok(Ok(turn))) => turn,
                Ok(Ok(Err(_)) | Err(_)) | Err(_) => 0,
            }
        })
    }

    fn rests(&self, provider: &str, label: &str, rest: Option<(Timestamp, &str)>) {
        let (path, provider, label) = (self.path.clone(), provider.to_owned(), label.to_owned());
        let rest = rest.map(|(until, why)| KeyRest { until, why: why.to_owned() });
        // Nobody waits for it, and nothing depends on it.
        drop(task::spawn_blocking(move || {
            change(&path, |memory| {
                let own = memory.resting.entry(provider).or_default();
                match rest {
                    Some(rest) => drop(own.insert(label, rest)),
                    None => drop(own.remove(&label)),
                }
            })
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures_util::future::join_all;

    use super::*;

    fn file(dir: &Path) -> KeyFile {
        KeyFile { path: dir.join("state").join("keys.json") }
    }

    #[tokio::test]
    async fn turns_go_on_from_one_program_to_the_next_each_provider_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        for turn in 0..3 {
            assert_eq!(file(dir.path()).turn("openai").await, turn);
        }
        assert_eq!(file(dir.path()).turn("anthropic").await, 0);
        fs::write(dir.path().join("state/keys.json"), "{\"turns\":{\"openai\":").unwrap();
        assert_eq!(file(dir.path()).turn("openai").await, 0, "half a file is none");
        assert_eq!(file(dir.path()).turn("openai").await, 1);
        let nowhere = KeyFile { path: PathBuf::from("/dev/null/keys.json") };
        assert_eq!(nowhere.turn("openai").await, 0, "what cannot be remembered is not");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_turn_is_taken_twice_however_many_ask_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let all = (0..32).map(|_| {
            let own = file(dir.path());
            tokio::spawn(async move { own.turn("openai").await })
        });
        let mut turns: Vec<u64> = join_all(all).await.into_iter().map(Result::unwrap).collect();
        turns.sort_unstable();
        assert_eq!(turns, (0..32).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn what_rests_is_found_by_its_label_until_its_rest_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let (now, own) = (Timestamp::from_second(1000).unwrap(), file(dir.path()));
        let until = Timestamp::from_second(1060).unwrap();
        assert!(own.resting("openai", now).is_empty());
        own.rests("openai", "env:A", Some((until, "key refused")));
        own.rests("openai", "env:B", Some((now, "out of credit")));
        let known = async || {
            // Each is written by a thread of its own.
            for _ in 0..500 {
                if own.turn("x").await > 0 && !own.resting("openai", now).is_empty() {
                    break;
                }
                task::yield_now().await;
            }
            own.resting("openai", now)
        };
        let rest = KeyRest { until, why: "key refused".to_owned() };
        assert_eq!(known().await, BTreeMap::from([("env:A".to_owned(), rest)]));
        assert!(own.resting("anthropic", now).is_empty());
        assert!(own.resting("openai", until).is_empty());
    }
}
