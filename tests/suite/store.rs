//! The disk: settings and keys, prompts and sessions, the record of runs, the cache.

use std::{collections::HashMap, path::Path, time::Duration};

use jiff::Timestamp;
use retort::{
    model::{
        Outcome, RunId,
        settings::{Places, Project},
    },
    pipeline::{
        event::{NextStep, RunEvent, TimedEvent},
        ports::{Cached, RunRecord, RunStart},
    },
    store::Store,
};
use uuid::Uuid;

use crate::support::record as made;

/// Batches: a cell that was said to be on the disk is there, whatever came after.
mod batch;
/// The cache: one exact LRU across processes, and no error of it fails a lookup.
mod cache;
/// Two queries weighed against each other, over the inputs both were run with.
mod comparison;
/// Data sets: their beginning on a screen, and all of their rows.
mod data;
/// Files: written whole, private, and in words when they cannot be.
mod files;
/// The history: words and filters find exactly the runs that have them, a page at a time.
mod history;
/// Keys: every source, every way it can be wrong, and no key in any message.
mod keys;
/// Where everything is kept.
mod places;
/// Thresholds: what they see of stored answers, and how one is written to a prompt's file.
mod points;
/// A batch onto the real disk: it waits where the disk is behind.
mod pressure;
/// Prompts: exact round trips, and every mistake by line and column.
mod prompts;
/// Stored answers: the newest whole one to exactly what is asked.
mod recall;
/// The record of runs: what is kept, what a crash leaves, what a lock holds back.
mod record;
/// Samples through the whole pipeline: each has its own entry in the cache and its own run.
mod samples;
/// Stored answers judged again: a page at a time, the new verdicts count, and the old ones are kept.
mod score;
/// Texts that are looked for in the record.
mod search;
/// Sessions: exact round trips, and none is lost to another.
mod sessions;
/// Settings: every mistake by its exact words.
mod settings;
/// What leads out of where it lies is read after a yes.
#[cfg(unix)]
mod trust;
/// Prompt versions and grades: what was run is kept once, and nothing said of it is overwritten.
mod versions;

/// How long closing may take in a test: never reached.
const SOON: Duration = Duration::from_secs(30);

/// The four directories, all inside one that does not outlive the test.
fn places_in(dir: &Path) -> Places {
    Places {
        config: dir.join("config"),
        data: dir.join("data"),
        cache: dir.join("cache"),
        state: dir.join("state"),
        project: Project::Absent,
    }
}

fn store_in(dir: &Path) -> Store {
    Store::open(places_in(dir), 1000)
}

/// An environment of the given variables alone.
fn env_of<'a>(pairs: &[(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + Sync + use<'a> {
    let map: HashMap<&str, &str> = pairs.iter().copied().collect();
    move |name| map.get(name).map(|&value| value.to_owned())
}

/// A directory as a message shows it, taken out again, so that messages can be compared.
fn without(dir: &Path, message: &str) -> String {
    message.replace(&format!("{}/", dir.display()), "")
}

fn run_id(number: u128) -> RunId {
    RunId(Uuid::from_u128(number))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn start_of(number: u128) -> RunStart {
    made::start(run_id(number), at(number as i64))
}

fn outcome_of(number: u128, text: &str) -> Outcome {
    made::outcome(run_id(number), text)
}

fn cached(text: &str) -> Cached {
    Cached { stored: at(0), outcome: outcome_of(1, text), raw: None }
}

fn record_of(number: u128, text: &str) -> RunRecord {
    let answer = |millis, event| TimedEvent { at: Duration::from_millis(millis), event };
    let attempt = |number| RunEvent::Attempt {
        number,
        target: "gpt-4o-mini".to_owned(),
        provider: "openai".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        key: Some("env:OPENAI_API_KEY".to_owned()),
        params: retort::model::Params { temperature: Some(0.3), ..retort::model::Params::default() },
        cache_key: Some("9f2c".to_owned()),
        notices: Vec::new(),
    };
    let error = retort::model::CallError {
        status: Some(429),
        ..retort::model::CallError::new(retort::model::ErrorKind::RateLimited, "slow down")
    };
    RunRecord {
        timeline: vec![
            answer(1, attempt(1)),
            answer(
                20,
                RunEvent::AttemptFailed { attempt: 1, error, next: NextStep::Retry { wait: Duration::from_secs(4) } },
            ),
            answer(4020, attempt(2)),
            answer(4100, RunEvent::Headers { attempt: 2, status: 200, request_id: None }),
        ],
        ..made::record(run_id(number), at(number as i64), text)
    }
}
