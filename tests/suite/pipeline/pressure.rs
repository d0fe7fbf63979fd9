//! A batch and a record that is slow or full: it waits, and ends before anything more is paid for.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use retort::{
    model::{ErrorKind, RunId},
    pipeline::{
        BatchEvent, BatchPlan,
        ports::{PortFuture, Recorder, RunRecord, RunStart},
    },
};
use tokio::time::Instant;

use super::batch::{number, plan, rest, rows, until, word};
use crate::support::script::{Bench, Step, answer, fails, request, target};

/// How long each write takes.
const WRITE: Duration = Duration::from_millis(50);

/// Writes that wait before the record counts as behind.
const BEHIND: usize = 8;

/// A disk that writes one run after the other, and may be full after some.
#[derive(Default)]
struct Slow {
    /// When each run is written.
    written: Mutex<BTreeMap<RunId, Instant>>,
    /// The most writes that ever waited.
    most: Mutex<usize>,
    /// Runs it has space for.
    space: Option<usize>,
}

impl Slow {
    fn waiting(&self) -> Vec<Instant> {
        let now = Instant::now();
        let mut waiting: Vec<_> = self.written.lock().unwrap().values().copied().filter(|time| *time > now).collect();
        waiting.sort_unstable();
        waiting
    }

    fn is_full(&self, runs: usize) -> bool {
        self.space.is_some_and(|space| runs >= space)
    }
}

impl Recorder for Slow {
    fn started(&self, _record: &RunStart) {}

    fn ended(&self, record: RunRecord) {
        let free = self.waiting().last().copied().unwrap_or_else(Instant::now);
        let mut written = self.written.lock().unwrap();
        if !self.is_full(written.len()) {
            written.insert(record.run, free + WRITE);
        }
        drop(written);
        let mut most = self.most.lock().unwrap();
        *most = self.waiting().len().max(*most);
    }

    fn room(&self) -> PortFuture<'_, Result<(), String>> {
        let full = self.is_full(self.written.lock().unwrap().len());
        let wait = self.waiting().iter().rev().nth(BEHIND).copied();
        Box::pin(async move {
            if full {
                return Err("retort.db cannot grow: the disk is full; free some space".to_owned());
            }
            if let Some(until) = wait {
                tokio::time::sleep_until(until).await;
            }
            Ok(())
        })
    }

    fn settled(&self, run: RunId) -> PortFuture<'_, Result<(), String>> {
        let written = self.written.lock().unwrap().get(&run).copied();
        Box::pin(async move {
            let Some(until) = written else { return Err("the disk is full".to_owned()) };
            tokio::time::sleep_until(until).await;
            Ok(())
        })
    }
}

/// The steps of an answer that takes no time.
fn at_once() -> Vec<Step> {
    answer(&["{}"]).into_iter().filter(|step| !matches!(step, Step::After(_))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_takes_fifty_milliseconds_for_each_write_slows_a_batch_down() {
    let slow = Arc::new(Slow::default());
    let mut bench = Bench::new(|_, _| at_once());
    bench.records(Arc::clone(&slow) as Arc<dyn Recorder>);
    let start = Instant::now();
    let words = rest(bench.pipeline.batch(BatchPlan { concurrency: 64, ..plan() }, rows(2000))).await;
    let done = words.iter().filter(|word| word.starts_with("done")).count();
    assert_eq!((done, words.last().unwrap().as_str()), (2000, "Complete"));
    assert_eq!(slow.written.lock().unwrap().len(), 2000, "nothing is lost");
    assert!(start.elapsed() >= WRITE * 1990, "it goes as fast as the disk: {:?}", start.elapsed());
    let most = *slow.most.lock().unwrap();
    assert!(most <= BEHIND + 64 + 1, "{most} writes waited, for {BEHIND} and those that were under way");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_ends_a_batch_with_every_answer_told_and_no_further_call() {
    // Odd rows need a second call, which is not made any more once the disk is full.
    let slow = Arc::new(Slow { space: Some(20), ..Slow::default() });
    let answers = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&answers);
    let mut bench = Bench::new(move |call, _| {
        if call.target.name == "m" && number(call) % 2 == 1 {
            return fails(ErrorKind::ModelGone);
        }
        count.fetch_add(1, Ordering::Relaxed);
        answer(&["{}"])
    });
    bench.records(Arc::clone(&slow) as Arc<dyn Recorder>);
    let mut own = BatchPlan { concurrency: 8, ..plan() };
    own.targets[0][0].push(target("other"));
    let mut batch = bench.pipeline.batch(own, rows(500));
    let (mut kept, mut timeline, mut words) = (0, Vec::new(), Vec::new());
    let mut calls_when_full = None;
    while let Some(event) = batch.next().await {
        words.push(word(&event));
        match event {
            BatchEvent::Cell { cell, .. } if cell.answered() => kept += 1,
            BatchEvent::Unrecorded { outcome, .. } => timeline.push(outcome),
            _ => {}
        }
        if slow.is_full(slow.written.lock().unwrap().len()) {
            calls_when_full.get_or_insert(bench.calls().len());
        }
    }
    assert!(words.last().unwrap().starts_with("Failed"), "{:?}", words.last());
    assert!(words.last().unwrap().contains("the disk is full"), "{:?}", words.last());
    let (calls, before) = (bench.calls().len(), calls_when_full.unwrap());
    assert!(calls <= before + 8, "no further call but those that were let through: {before}, then {calls}");
    let answered = timeline.iter().filter(|outcome| outcome.text == "{}").count();
    let shown = answers.load(Ordering::Relaxed);
    assert_eq!(kept + answered, shown, "what was paid for is on record or told: {kept} and {answered} of {shown}");
    assert!(answered > 0, "some were under way: {words:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_batch_waits_for_is_told_whatever_the_record_says() {
    let full = Arc::new(Slow { space: Some(0), ..Slow::default() });
    let mut bench = Bench::new(|_, _| answer(&["{}"]));
    bench.records(full as Arc<dyn Recorder>);
    let outcome = bench.end(request(&["m"])).await;
    assert_eq!((outcome.end.word(), outcome.text.as_str()), ("done", "{}"));
    let mut batch = bench.pipeline.batch(plan(), rows(3));
    assert!(until(&mut batch, "Failed").await.len() == 1 && bench.calls().len() == 1, "a batch asks nothing");
}
