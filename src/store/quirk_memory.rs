//! What is remembered of models from one run of the program to the next: which parts of a request they refused.
//!
//! One small file, `quirks.json` in the state directory. It holds names, times and the words of refusals, never keys.
//! What is lost of it costs one request that is refused and asked again.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{task, time};

use crate::{
    model::{
        error::StoreError,
        quirk::{LearntQuirk, ModelPlace},
        settings::Places,
    },
    pipeline::ports::{MemoryVersion, PortFuture, QuirkMemory},
    store::shared_file::SharedFile,
    text::clean_line,
};

/// The most quirks that are kept; the oldest are forgotten first.
const MOST: usize = 200;

/// The longest message that is kept, in characters.
const LONGEST: usize = 200;

/// How long the file is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// The whole file. What another version has written into it stays as it is.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    quirks: Vec<Value>,
}

impl Memory {
    /// Lists what still counts, the oldest first.
    fn known(&self, now: Timestamp) -> Vec<LearntQuirk> {
        let all = self.quirks.iter().filter_map(|entry| LearntQuirk::deserialize(entry).ok());
        all.filter(|learnt| learnt.lasts_at(now)).collect()
    }

    /// Adds a quirk in the place of one about the same thing, and takes out what counts no longer.
    fn add(&mut self, learnt: &LearntQuirk) {
        self.quirks.retain(|entry| match LearntQuirk::deserialize(entry) {
            Ok(other) => {
                let same = other.place == learnt.place && other.quirk.is_about_the_same(&learnt.quirk);
                !same && other.lasts_at(learnt.learnt)
            }
            Err(_) => entry.is_object(),
        });
        self.quirks.extend(serde_json::to_value(learnt));
        self.quirks.drain(..self.quirks.len().saturating_sub(MOST));
    }
}

/// Reads and writes what was learnt of models, in the state folder.
#[derive(Debug, Clone)]
pub struct QuirkFile {
    file: SharedFile,
}

impl QuirkFile {
    /// Names the file. It is made when there is something to remember.
    #[must_use]
    pub fn of(places: &Places) -> Self {
        Self { file: SharedFile::at(places.state.join("quirks.json")) }
    }

    /// Lists what was learnt of models and still counts, by model.
    #[must_use]
    pub fn list(&self, now: Timestamp) -> Vec<LearntQuirk> {
        let mut known = self.file.read::<Memory>().known(now);
        known.sort_by(|one, other| one.place.cmp(&other.place));
        known
    }

    /// Forgets what was learnt of the models for which `which` is true. Fails if the file cannot be written.
    pub fn forget(&self, which: impl Fn(&ModelPlace) -> bool) -> Result<(), StoreError> {
        let forgotten = |entry: &Value| LearntQuirk::deserialize(entry).is_ok_and(|learnt| which(&learnt.place));
        let changed = self.file.change(|memory: &mut Memory| memory.quirks.retain(|entry| !forgotten(entry)));
        changed.map_err(|error| StoreError::new(format!("cannot write {}: {error}", self.file.path().display())))
    }
}

impl QuirkMemory for QuirkFile {
    fn version(&self) -> Option<MemoryVersion> {
        let about = std::fs::metadata(self.file.path()).ok()?;
        Some((about.modified().ok()?, about.len()))
    }

    fn known(&self, now: Timestamp) -> PortFuture<'_, Vec<LearntQuirk>> {
        let file = self.file.clone();
        let read = task::spawn_blocking(move || file.read::<Memory>().known(now));
        Box::pin(async move {
            match time::timeout(PATIENCE, read).await {
                Ok(Ok(known)) => known,
                Ok(Err(_)) | Err(_) => Vec::new(),
            }
        })
    }

    fn remember(&self, mut learnt: LearntQuirk) -> PortFuture<'_, ()> {
        let file = self.file.clone();
        learnt.message = clean_line(&learnt.message).as_str().chars().take(LONGEST).collect();
        let written = task::spawn_blocking(move || file.change(|memory: &mut Memory| memory.add(&learnt)));
        Box::pin(async move {
            if !matches!(time::timeout(PATIENCE, written).await, Ok(Ok(Ok(())))) {
                tracing::warn!("what was learnt of a model could not be written");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use futures_util::future::join_all;
    use jiff::SignedDuration;

    use super::*;
    use crate::model::{Wire, quirk::ModelQuirk};

    fn file(dir: &Path) -> QuirkFile {
        QuirkFile { file: SharedFile::at(dir.join("state").join("quirks.json")) }
    }

    fn learnt(model: &str, quirk: ModelQuirk, second: i64) -> LearntQuirk {
        let (provider, model) = ("p".to_owned(), model.to_owned());
        LearntQuirk {
            place: ModelPlace { provider, base_url: None, wire: Wire::OpenAi, model },
            quirk,
            learnt: at(second),
            message: "no".to_owned(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn what_is_learnt_is_known_to_later_programs_until_it_is_old_or_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let all = [
            learnt("a", ModelQuirk::NoStream, 10),
            learnt("a", ModelQuirk::MaxTokens(9), 20),
            learnt("b", ModelQuirk::NoStream, 30),
        ];
        for one in &all {
            file(dir.path()).remember(one.clone()).await;
        }
        assert_eq!(file(dir.path()).known(at(40)).await, all);
        let later = learnt("a", ModelQuirk::MaxTokens(7), 50);
        file(dir.path()).remember(later.clone()).await;
        assert_eq!(file(dir.path()).list(at(60)), [all[0].clone(), later.clone(), all[2].clone()]);
        let month = SignedDuration::from_hours(30 * 24).as_secs();
        assert_eq!(file(dir.path()).list(at(40 + month)), [later]);
        file(dir.path()).forget(|place| place.model == "a").unwrap();
        assert_eq!(file(dir.path()).list(at(60)), [all[2].clone()]);
        file(dir.path()).forget(|_| true).unwrap();
        assert_eq!(file(dir.path()).list(at(60)), []);
    }

    #[tokio::test]
    async fn a_file_that_is_broken_or_not_ours_is_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let (own, path) = (file(dir.path()), dir.path().join("state/quirks.json"));
        fs::create_dir(dir.path().join("state")).unwrap();
        for text in ["", "{\"quirks\":[{\"prov", "[1]", "{\"quirks\":7}", "\u{fffd}", "{\"other\":true}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(own.known(at(1)).await, [], "{text}");
            own.remember(learnt("a", ModelQuirk::NoStream, 0)).await;
            assert_eq!(own.known(at(1)).await.len(), 1, "{text}");
        }
        let newer = r#"{"provider":"p","wire":"openai","model":"m","quirk":"of_a_later_version","learnt":1}"#;
        fs::write(&path, format!("{{\"quirks\":[7,{newer}]}}")).unwrap();
        own.remember(learnt("a", ModelQuirk::NoStream, 0)).await;
        assert_eq!(own.known(at(1)).await.len(), 1);
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.contains("of_a_later_version") && !written.contains("[7"), "{written}");
        let nowhere = QuirkFile { file: SharedFile::at("/dev/null/quirks.json".into()) };
        nowhere.remember(learnt("a", ModelQuirk::NoStream, 0)).await;
        assert!(nowhere.forget(|_| true).unwrap_err().to_string().contains("/dev/null/quirks.json"));
        assert_eq!(nowhere.known(at(1)).await, [], "what cannot be remembered is not");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nothing_is_lost_however_many_write_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let all = (0..32).map(|place| {
            let own = file(dir.path());
            tokio::spawn(async move { own.remember(learnt(&format!("m{place}"), ModelQuirk::NoStream, 0)).await })
        });
        join_all(all).await.into_iter().for_each(Result::unwrap);
        assert_eq!(file(dir.path()).list(at(1)).len(), 32);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_the_newest_and_their_words_are_short_and_clean() {
        let dir = tempfile::tempdir().unwrap();
        let own = file(dir.path());
        let message = format!("\u{1b}[31m{}", "x".repeat(300));
        own.remember(LearntQuirk { message, ..learnt("a", ModelQuirk::NoStream, 0) }).await;
        let words = own.list(at(1))[0].message.clone();
        assert!(words.chars().count() <= LONGEST && !words.contains('\u{1b}'), "{words}");
        let mut memory = Memory::default();
        (0..MOST + 5).for_each(|place| memory.add(&learnt(&place.to_string(), ModelQuirk::NoStream, 0)));
        assert_eq!((memory.quirks.len(), memory.known(at(1))[0].place.model.as_str()), (MOST, "5"));
    }
}
