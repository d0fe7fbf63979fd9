//! Thousands of runs through a provider that fails by plan.
//!
//! `RETORT_STORM=100000 cargo nextest run storm` makes it as many as that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use retort::{
    model::{
        Commit, Input, Outcome,
        ProviderKind::OpenAi,
        RunRequest, Timer,
        settings::{Retry, Timeouts},
    },
    pipeline::{
        Pipeline, Ports, Rules, RunEvent,
        meter::{Metrics, RunMeter},
        port::{NoCache, Recorder, RunRecord, RunStart},
    },
    provider::Providers,
};

use super::{
    flaky::{Fate, Flaky, answer, by_chance},
    played::{late, request},
};
use crate::support::script::Still;

/// Runs at once.
const AT_ONCE: usize = 64;

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
        let begun = record.timeline.iter().filter(|told| matches!(told.event, RunEvent::Attempt { .. })).count();
        self.ended.fetch_add(1, Ordering::Relaxed);
        self.attempts.fetch_add(u64::from(record.outcome.attempts), Ordering::Relaxed);
        self.noted.fetch_add(begun as u64, Ordering::Relaxed);
    }
}

fn commit(run: u64) -> Commit {
    [Commit::Buffered, Commit::Resettable, Commit::Live][usize::try_from(run % 3).unwrap()]
}

/// How a run must end and after how many attempts, worked out from the plan alone.
fn expected(run: u64) -> (&'static str, u64) {
    let mut stalled = false;
    for attempt in 0.. {
        match by_chance(run, attempt) {
            Fate::Well => return ("done", attempt + 1),
            Fate::Cut | Fate::Malformed if commit(run) != Commit::Buffered => return ("interrupted", attempt + 1),
            Fate::Stall if stalled => return ("failed", attempt + 1),
            _ if attempt == 2 => return ("failed", attempt + 1),
            Fate::Stall => stalled = true,
            _ => {}
        }
    }
    unreachable!()
}

/// What this process has in memory, in bytes; none where the system does not say.
fn resident() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

async fn one(pipeline: &Pipeline, url: &str, run: u64) -> (u64, Outcome, u64) {
    let request = RunRequest { input: Input::of(run.to_string()), ..request(OpenAi, url, true, commit(run)) };
    let mut meter = RunMeter::new(&request.targets);
    let (mut begun, mut ends) = (0, Vec::new());
    let mut events = pipeline.run(request);
    while let Some(told) = events.next().await {
        assert!(ends.is_empty(), "run {run}: {told:?} after the end");
        meter.take(&told);
        match told.event {
            RunEvent::Attempt { .. } => begun += 1,
            RunEvent::Ended { outcome } => ends.push(*outcome),
            _ => {}
        }
    }
    let outcome = ends.pop().expect("an end");
    assert_eq!(meter.outcome(), Some(&outcome));
    (run, outcome, begun)
}

#[tokio::test]
#[allow(clippy::print_stderr, reason = "the numbers of a long storm")]
async fn a_storm_loses_no_run_counts_none_twice_and_calls_none_done_that_is_not() {
    let runs: u64 = std::env::var("RETORT_STORM").map_or(2000, |runs| runs.parse().expect("a number of runs"));
    let server = Flaky::start(by_chance, Duration::ZERO).await;
    let record = Arc::new(Counts::default());
    let ports = Ports {
        backend: Arc::new(Providers::new([])),
        cache: Arc::new(NoCache),
        recorder: Arc::clone(&record) as Arc<dyn Recorder>,
        world: Arc::new(Still::default()),
    };
    let silence = Duration::from_secs(2);
    let rules = Rules {
        retry: Retry { min_wait: Duration::ZERO, max_wait: Duration::ZERO, ..Retry::default() },
        timeouts: Timeouts { answer: silence, local_answer: silence, progress: silence, ..Timeouts::default() },
        cache: true,
        ..Rules::default()
    };
    let pipeline = Pipeline::new(ports, rules);
    let mut ends = stream::iter(0..runs).map(|run| one(&pipeline, &server.url, run)).buffer_unordered(AT_ONCE);
    let (mut seen, mut metrics, mut events) = (vec![false; runs as usize], Metrics::default(), 0);
    let (mut warm, mut wrong, mut stalls) = (None, Vec::new(), 0);
    while let Some((run, outcome, begun)) = ends.next().await {
        assert!(!std::mem::replace(&mut seen[run as usize], true), "run {run} ended twice");
        events += begun;
        metrics.take(&outcome);
        let fine = outcome.end.word() != "done" || (outcome.text == answer(run) && outcome.passed());
        if !fine || (outcome.end.word(), u64::from(outcome.attempts)) != expected(run) {
            wrong.push(format!("run {run}: {outcome:?}, expected {:?}", expected(run)));
        }
        stalls += u64::from(format!("{:?}", outcome.end).contains(&format!("{:?}", late(Timer::FirstToken))));
        if metrics.runs == runs / 4 {
            warm = resident();
        }
    }
    assert!(wrong.is_empty(), "{} of {runs}: {}", wrong.len(), wrong[0]);
    let asked = server.asked();
    let sum: u64 = asked.values().sum();
    let [started, ended, attempts, noted] =
        [&record.started, &record.ended, &record.attempts, &record.noted].map(|count| count.load(Ordering::Relaxed));
    assert!(seen.iter().all(|seen| *seen) && asked.len() as u64 == runs, "a run is lost");
    assert_eq!([started, ended, metrics.runs], [runs; 3]);
    assert_eq!([events, attempts, noted], [sum; 3], "attempts: events, record, timeline, as the server counts them");
    let failed = (0..runs).filter(|run| expected(*run).0 != "done").count() as u64;
    assert_eq!((metrics.errors, metrics.cancelled, metrics.measured() as u64), (failed, 0, runs - failed));
    if let (Some(warm), Some(end)) = (warm, resident()) {
        let grown = end.saturating_sub(warm);
        let per_run = 200;
        assert!(grown < 32 * 1024 * 1024 + runs * per_run, "memory grew by {grown} bytes over {runs} runs");
        eprintln!("{runs} runs, {sum} attempts, {failed} failed, {stalls} by stalls, {} MiB more", grown >> 20);
    }
}
