//! Thousands of runs through a provider that fails by plan.
//!
//! `RETORT_STORM=100000 cargo nextest run storm` makes it as many as that.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use retort::{
    eval::quality::Watched,
    model::{
        Commit, Input, Key, Outcome, RunRequest, RunStatus, Target, Timer,
        Wire::{
            Anthropic, Ollama, OpenAi, {self},
        },
        settings::{Retry, Timeouts},
    },
    pipeline::{
        Pipeline, PipelineConfig, Ports, RunEvent,
        meter::RunMeter,
        ports::{NoKeyMemory, NoQuirkMemory, Recorder, RunRecord, RunStart},
    },
    provider::Providers,
    store::Store,
};

use super::{
    flaky::{Fate, Flaky, answer, by_chance},
    played::{late, request},
};
use crate::support::{home::Home, script::Still};

/// Runs at once.
const AT_ONCE: usize = 64;

/// Keys of the first provider and of the one that is fallen back on, with their accounts.
const KEYS: [&[(&str, &str)]; 2] = [&[("A", "one"), ("B", "one"), ("C", "two")], &[("D", "three"), ("E", "four")]];

/// Answers the cache holds, and how many of the last ones are asked for again.
const CAPACITY: usize = 1000;
const AGAIN: usize = 100;

/// Counts what is recorded, and keeps none of it.
#[derive(Default)]
struct Counts {
    started: AtomicU64,
    ended: AtomicU64,
    attempts: AtomicU64,
    noted: AtomicU64,
}

impl Recorder for Counts {
    fn started(&self, _record: &RunStart) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self, record: RunRecord) {
        let begun = record.timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Attempt { .. })).count();
        self.ended.fetch_add(1, Ordering::Relaxed);
        self.attempts.fetch_add(u64::from(record.outcome.attempts), Ordering::Relaxed);
        self.noted.fetch_add(begun as u64, Ordering::Relaxed);
    }
}

fn commit(run: u64) -> Commit {
    [Commit::Buffered, Commit::Resettable, Commit::Live][usize::try_from(run % 3).unwrap()]
}

/// A wire for each run, and the next one to fall back on.
fn wires(run: u64) -> [Wire; 2] {
    let all = [OpenAi, Anthropic, Ollama];
    let at = usize::try_from(run / 3 % 3).unwrap();
    [all[at], all[(at + 1) % 3]]
}

/// How a run must end and after how many attempts, worked out from the plan alone: a limit walks
/// to each key once for nothing; else three tries on a target, one after a stall, eight in all.
fn expected(run: u64) -> (&'static str, u64) {
    let (mut attempt, mut spent) = (0, 0);
    for keys in KEYS {
        let (mut tries, mut tried, mut stalled) = (0, 1, false);
        while spent < 8 && tries < 3 {
            let fate = by_chance(run, attempt);
            attempt += 1;
            match fate {
                Fate::Well => return ("done", attempt),
                Fate::Cut | Fate::Malformed if commit(run) != Commit::Buffered => return ("interrupted", attempt),
                Fate::Limited if tried < keys.len() => {
                    tried += 1;
                    continue;
                }
                Fate::Stall if stalled => {
                    spent += 1;
                    break;
                }
                Fate::Stall => stalled = true,
                _ => {}
            }
            tries += 1;
            spent += 1;
        }
    }
    ("failed", attempt)
}

/// What this process has in memory, in bytes; none where the system does not say.
fn resident() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn asks(url: &str, run: u64) -> RunRequest {
    let [first, second] = wires(run);
    let mut requests = RunRequest { input: Input::of(run.to_string()), ..request(first, url, true, commit(run)) };
    let fallback = Target {
        name: "fallback".to_owned(),
        provider: "other".to_owned(),
        ..request(second, url, true, commit(run)).targets.remove(0)
    };
    requests.targets.push(fallback);
    requests
}

async fn one(pipeline: &Pipeline, url: &str, run: u64) -> (u64, Outcome, u64) {
    let request = asks(url, run);
    let mut meter = RunMeter::new(&request.targets, request.prompt.tool_set());
    let (mut begun, mut ends) = (0, Vec::new());
    let mut events = pipeline.run(request);
    while let Some(timed) = events.next().await {
        assert!(ends.is_empty(), "run {run}: {timed:?} after the end");
        meter.take(&timed);
        match timed.event {
            RunEvent::Attempt { .. } => begun += 1,
            RunEvent::Ended { outcome } => ends.push(*outcome),
            _ => {}
        }
    }
    let outcome = ends.pop().expect("an end");
    assert_eq!(meter.outcome(), Some(&outcome));
    (run, outcome, begun)
}

fn keys(which: usize) -> Vec<Key> {
    let key = |&(label, account): &(&str, &str)| Key {
        label: label.to_owned(),
        account: account.to_owned(),
        secret: format!("key-{label}").into(),
        left_out: None,
    };
    KEYS[which].iter().map(key).collect()
}

#[tokio::test]
#[allow(clippy::print_stderr, reason = "the numbers of a long storm")]
async fn a_storm_loses_no_run_counts_none_twice_and_calls_none_done_that_is_not() {
    let runs: u64 = std::env::var("RETORT_STORM").map_or(2000, |runs| runs.parse().expect("a number of runs"));
    let server = Flaky::start(by_chance, Duration::ZERO).await;
    let (home, record) = (Home::new(), Arc::new(Counts::default()));
    let store = Store::open(home.places(), CAPACITY);
    let ports = Ports {
        backend: Arc::new(Providers::default()),
        cache: store.cache(),
        recorder: Arc::clone(&record) as Arc<dyn Recorder>,
        keys: Arc::new(NoKeyMemory),
        quirks: Arc::new(NoQuirkMemory),
        tools: Arc::new(retort::pipeline::ports::NoTools),
        parts: Arc::new(retort::pipeline::ports::NoParts),
        programs: Arc::new(retort::pipeline::ports::NoPrograms),
        world: Arc::new(Still::default()),
    };
    let silence = Duration::from_secs(2);
    let rules = PipelineConfig {
        retry: Retry { min_wait: Duration::ZERO, max_wait: Duration::ZERO, ..Retry::default() },
        timeouts: Timeouts { answer: Some(silence), progress: Some(silence), ..Timeouts::default() },
        keys: BTreeMap::from([("test".to_owned(), keys(0)), ("other".to_owned(), keys(1))]),
        cache: true,
        ..PipelineConfig::default()
    };
    let pipeline = Pipeline::new(ports, rules);
    let mut ends = stream::iter(0..runs).map(|run| one(&pipeline, &server.url, run)).buffer_unordered(AT_ONCE);
    let (mut seen, mut watched, mut events) = (vec![false; runs as usize], Watched::default(), 0);
    let (mut warm, mut wrong, mut stalls, mut fallen) = (None, Vec::new(), 0, 0);
    let (mut done, mut sizes) = (VecDeque::new(), Vec::new());
    while let Some((run, outcome, begun)) = ends.next().await {
        assert!(!std::mem::replace(&mut seen[run as usize], true), "run {run} ended twice");
        events += begun;
        watched.take(&outcome, 0);
        let fine =
            outcome.end.word() != "done" || (outcome.text == answer(run) && outcome.status() == RunStatus::Passed);
        if !fine || (outcome.end.word(), u64::from(outcome.attempts)) != expected(run) {
            wrong.push(format!("run {run}: {outcome:?}, expected {:?}", expected(run)));
        }
        stalls += u64::from(format!("{:?}", outcome.end).contains(&format!("{:?}", late(Timer::FirstToken))));
        fallen += u64::from(outcome.end.word() == "done" && outcome.target == "fallback");
        let metrics = watched.figures();
        if metrics.runs == runs / 4 {
            warm = resident();
        }
        if metrics.runs.is_multiple_of((runs / 10).max(1)) {
            sizes.extend(resident().map(|bytes| format!("{}: {} MiB", metrics.runs, bytes >> 20)));
        }
        // What a fallback answered is kept under the fallback's key.
        if outcome.end.word() == "done" && outcome.target != "fallback" {
            done.push_back(run);
            done.drain(..done.len().saturating_sub(AGAIN));
        }
    }
    drop(ends);
    assert!(wrong.is_empty(), "{} of {runs}: {}", wrong.len(), wrong[0]);
    let requests = server.requested();
    let sum: u64 = requests.values().sum();
    let [started, ended, attempts, noted] =
        [&record.started, &record.ended, &record.attempts, &record.noted].map(|count| count.load(Ordering::Relaxed));
    assert!(seen.iter().all(|seen| *seen) && requests.len() as u64 == runs, "a run is lost");
    let (metrics, times) = (watched.figures(), watched.review().report(&jiff::tz::TimeZone::UTC).times);
    assert_eq!([started, ended, metrics.runs], [runs; 3]);
    assert_eq!([events, attempts, noted], [sum; 3], "attempts: events, record, timeline, as the server counts them");
    let failed = (0..runs).filter(|run| expected(*run).0 != "done").count() as u64;
    assert_eq!(
        (metrics.counts.error, metrics.counts.cancelled, times.map_or(0, |times| times.n)),
        (failed, 0, runs - failed)
    );
    let stats = store.cache_stats().await.unwrap();
    assert!(stats.entries as usize <= CAPACITY, "{stats:?}");
    let mut again = 0;
    for run in done {
        let (_, outcome, begun) = one(&pipeline, &server.url, run).await;
        assert_eq!((outcome.end.word(), &outcome.text), ("done", &answer(run)));
        again += u64::from(begun == 0);
    }
    // A disk that is too slow for the storm is told of, and costs answers in the cache alone.
    let slow = store.errors().try_recv().is_ok();
    assert!(slow || again == AGAIN as u64, "{again} of the last {AGAIN} are in the cache");
    if let (Some(warm), Some(end)) = (warm, resident()) {
        let grown = end.saturating_sub(warm);
        let per_run = 200;
        assert!(grown < 32 * 1024 * 1024 + runs * per_run, "memory grew by {grown} bytes over {runs} runs");
        eprintln!(
            "{runs} runs, {sum} attempts as counted by server, events, record and timeline; 0 lost, 0 twice, 0 wrongly \
             done; {failed} ended without an answer, {stalls} by stalls, {fallen} answered by the fallback; \
             {} of {CAPACITY} in the cache, {again} of the last {AGAIN} answered from it; resident at {}",
            stats.entries,
            sizes.join(", ")
        );
    }
}
