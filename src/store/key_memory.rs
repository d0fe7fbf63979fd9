//! What is remembered of keys from one run of the program to the next: whose turn it is, and which rest.
//!
//! One small file, `keys.json` in the state directory, that every process locks, reads and writes whole. It holds
//! labels, never keys. What is lost of it, or cannot be read, costs a turn and no more; nothing waits long for it.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{task, time};

use crate::{
    model::settings::Places,
    pipeline::ports::{KeyMemory, PortFuture},
    store::shared_file::SharedFile,
};

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

/// Reads and writes which keys rest, by provider, in the state folder.
#[derive(Debug, Clone)]
pub struct KeyFile {
    file: SharedFile,
}

impl KeyFile {
    /// Names the file. It is made when there is something to remember.
    #[must_use]
    pub fn of(places: &Places) -> Self {
        Self { file: SharedFile::at(places.state.join("keys.json")) }
    }

    /// Lists the keys of a provider that were put aside last, by label, those whose rest is over left out.
    #[must_use]
    pub fn resting(&self, provider: &str, now: Timestamp) -> BTreeMap<String, KeyRest> {
        let memory: Memory = self.file.read();
        let own = memory.resting.get(provider).cloned().unwrap_or_default();
        own.into_iter().filter(|(_, rest)| rest.until > now).collect()
    }
}

impl KeyMemory for KeyFile {
    fn turn<'a>(&'a self, provider: &'a str) -> PortFuture<'a, u64> {
        let (file, provider) = (self.file.clone(), provider.to_owned());
        let counted = task::spawn_blocking(move || {
            file.change(|memory: &mut Memory| {
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
        let (file, provider, label) = (self.file.clone(), provider.to_owned(), label.to_owned());
        let rest = rest.map(|(until, why)| KeyRest { until, why: why.to_owned() });
        // Nobody waits for it, and nothing depends on it.
        drop(task::spawn_blocking(move || {
            file.change(|memory: &mut Memory| {
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
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use futures_util::future::join_all;

    use super::*;

    fn file(dir: &Path) -> KeyFile {
        KeyFile { file: SharedFile::at(dir.join("state").join("keys.json")) }
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
        let nowhere = KeyFile { file: SharedFile::at(PathBuf::from("/dev/null/keys.json")) };
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
        own.rests("openai", "env:A", Some((until, "API key rejected")));
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
        let rest = KeyRest { until, why: "API key rejected".to_owned() };
        assert_eq!(known().await, BTreeMap::from([("env:A".to_owned(), rest)]));
        assert!(own.resting("anthropic", now).is_empty());
        assert!(own.resting("openai", until).is_empty());
    }
}
