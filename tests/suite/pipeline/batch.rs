//! Many cells: in order, some at a time, kept, stopped, paused and gone on with.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{FutureExt, Stream, StreamExt, stream};
use proptest::{collection::vec, prelude::*};
use retort::{
    model::{
        BatchId, CacheMode, CellIndex, DatasetRow, ErrorKind, Input, Params,
        batch::{BatchLimits, Cell},
    },
    pipeline::{BatchEnd, BatchEvent, BatchPlan, BatchStream, KnownCells},
    provider::Call,
};
use uuid::Uuid;

use crate::support::script::{Bench, Step, answer, fails, request, target};

/// A plan that asks one model about every row, two cells at a time.
pub(crate) fn plan() -> BatchPlan {
    BatchPlan {
        id: BatchId(Uuid::nil()),
        prompts: vec![("test".to_owned(), request(&["m"]).prompt)],
        targets: vec![vec![vec![target("m")]]],
        params: Params::default(),
        samples: 1,
        cache: CacheMode::On,
        roots: retort::model::batch::PartRoots::default(),
        judges: BTreeMap::new(),
        caps: BatchLimits::default(),
        concurrency: 2,
        total: None,
        session: None,
        known: KnownCells::default(),
        retry_failed: false,
        again: None,
        answers: None,
    }
}

pub(crate) fn row_of(number: u64) -> DatasetRow {
    DatasetRow { number, input: Input::of(number.to_string()), ..DatasetRow::default() }
}

pub(crate) fn rows(count: u64) -> impl Stream<Item = Result<DatasetRow, String>> + Send + 'static {
    stream::iter((1..=count).map(|number| Ok(row_of(number))))
}

pub(crate) fn number(call: &Call) -> u64 {
    call.messages.last().unwrap().content.parse().unwrap()
}

pub(crate) fn word(event: &BatchEvent) -> String {
    let place = |place: &CellIndex| match place {
        CellIndex { row, prompt: 0, target: 0, sample: 0 } => row.to_string(),
        CellIndex { row, prompt, target, sample } => format!("{row}.{prompt}.{target}.{sample}"),
    };
    match event {
        BatchEvent::Started { place: at } => format!("start {}", place(at)),
        BatchEvent::Reused { cell, .. } => format!("kept {}", place(&cell.place)),
        BatchEvent::Cell { cell, .. } => format!("{} {}", cell.end, place(&cell.place)),
        BatchEvent::Unrecorded { cell, .. } => format!("unrecorded {}", place(&cell.place)),
        BatchEvent::Rows { read, all } => format!("rows {read} {all}"),
        BatchEvent::Paused { why, cap } => format!("paused {}: {why}", cap.is_some()),
        BatchEvent::Resumed => "resumed".to_owned(),
        BatchEvent::Ended { end } => format!("{end:?}"),
    }
}

/// Takes events until one is as wanted, and tells all of them.
pub(crate) async fn until(batch: &mut BatchStream, wanted: &str) -> Vec<String> {
    let mut words = Vec::new();
    while let Some(event) = batch.next().await {
        words.push(word(&event));
        if words.last().is_some_and(|word| word.starts_with(wanted)) {
            return words;
        }
    }
    panic!("no {wanted} among {words:?}");
}

/// Tells all that is left.
pub(crate) async fn rest(batch: BatchStream) -> Vec<String> {
    batch.map(|event| word(&event)).collect().await
}

fn with<'a>(words: &'a [String], start: &str) -> Vec<&'a str> {
    words.iter().filter_map(|word| word.strip_prefix(start)).collect()
}

fn ended(bench: &Bench) -> usize {
    bench.record.ended.lock().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn cells_start_in_order_and_are_told_as_they_end() {
    let bench = Bench::new(|call, _| {
        let slow = Step::After(Duration::from_secs(if number(call) == 1 { 10 } else { 1 }));
        std::iter::once(slow).chain(answer(&["{}"])).collect()
    });
    let words = rest(bench.pipeline.batch(plan(), rows(4))).await;
    let want =
        ["start 1", "start 2", "done 2", "start 3", "done 3", "start 4", "rows 4 true", "done 4", "done 1", "Complete"];
    assert_eq!(words, want);
    assert_eq!(bench.most_open(), 2);
    let cells = bench.record.ended.lock().unwrap().iter().map(|run| run.cell.unwrap()).collect::<Vec<_>>();
    assert!(
        cells.iter().all(|cell| cell.batch == BatchId(Uuid::nil()) && cell.row == row_of(cell.place.row).fingerprint())
    );
}

#[tokio::test(start_paused = true)]
async fn each_row_is_asked_of_every_prompt_target_and_sample_and_no_failure_stops_another() {
    let bench =
        Bench::new(|call, _| if call.target.name == "a" { answer(&["{}"]) } else { fails(ErrorKind::CallerFault) });
    let prompt = request(&[]).prompt;
    let plan = BatchPlan {
        prompts: vec![("one".to_owned(), Arc::clone(&prompt)), ("two".to_owned(), prompt)],
        targets: vec![vec![vec![target("a")], vec![target("b"), target("c")]], vec![vec![target("b")]]],
        samples: 2,
        concurrency: 1,
        ..plan()
    };
    assert_eq!(plan.cells_of_a_row(), 6);
    let words = rest(bench.pipeline.batch(plan, rows(2))).await;
    let lanes = ["", ".0.0.1", ".0.1.0", ".0.1.1", ".1.0.0", ".1.0.1"];
    let places: Vec<_> = ["1", "2"].iter().flat_map(|row| lanes.map(|lane| format!("{row}{lane}"))).collect();
    assert_eq!(with(&words, "start "), places);
    assert_eq!(with(&words, "failed ").len(), 8);
    assert_eq!(with(&words, "done "), ["1", "1.0.0.1", "2", "2.0.0.1"]);
    assert_eq!(words.last().unwrap(), "Complete");
}

#[tokio::test(start_paused = true)]
async fn the_concurrency_can_be_changed_while_it_runs() {
    let bench = Bench::new(|_, _| answer(&["{", "}"]));
    let mut batch = bench.pipeline.batch(plan(), rows(60));
    let control = batch.control();
    until(&mut batch, "done 2").await;
    control.set_concurrency(7);
    until(&mut batch, "done 20").await;
    assert_eq!(bench.most_open(), 7);
    control.set_concurrency(1);
    until(&mut batch, "done 30").await;
    assert!(bench.open() <= 1);
    let started = bench.calls().len();
    until(&mut batch, "done 31").await;
    assert!(bench.calls().len() <= started + 1);
    control.set_concurrency(usize::MAX);
    assert_eq!(rest(batch).await.last().unwrap(), "Complete");
    assert_eq!(ended(&bench), 60);
}

#[tokio::test(start_paused = true)]
async fn stopping_cancels_what_is_under_way_and_starts_nothing_further() {
    let bench = Bench::new(|call, _| if number(call) == 1 { answer(&["{}"]) } else { vec![Step::Hang] });
    let mut batch = bench.pipeline.batch(plan(), rows(9));
    let control = batch.control();
    until(&mut batch, "start 3").await;
    assert!(batch.next().now_or_never().is_none());
    control.stop();
    let mut words = rest(batch).await;
    let end = words.pop();
    words.sort();
    assert_eq!((words, end.as_deref()), (vec!["cancelled 2".to_owned(), "cancelled 3".to_owned()], Some("Stopped")));
    assert_eq!((bench.open(), ended(&bench)), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_first_cell_asks_nothing_and_one_after_the_last_changes_nothing() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let batch = bench.pipeline.batch(plan(), rows(9));
    batch.control().stop();
    assert_eq!(rest(batch).await, ["Stopped"]);
    let mut batch = bench.pipeline.batch(plan(), rows(3));
    until(&mut batch, "done 3").await;
    batch.control().stop();
    assert_eq!(rest(batch).await, ["Complete"]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_lets_what_is_under_way_end_and_goes_on_when_asked() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let mut batch = bench.pipeline.batch(plan(), rows(4));
    let control = batch.control();
    until(&mut batch, "start 2").await;
    control.pause();
    assert_eq!(until(&mut batch, "done 2").await, ["paused false: paused", "done 1", "done 2"]);
    let waits = tokio::time::timeout(Duration::from_secs(3600), batch.next()).await;
    assert!(waits.is_err() && bench.calls().len() == 2);
    control.resume();
    let words = rest(batch).await;
    assert_eq!((words[0].as_str(), words.last().unwrap().as_str()), ("resumed", "Complete"));
    let mut batch = bench.pipeline.batch(BatchPlan { cache: CacheMode::Off, ..plan() }, rows(4));
    until(&mut batch, "start 2").await;
    batch.control().pause();
    until(&mut batch, "done 2").await;
    batch.control().stop();
    assert_eq!(rest(batch).await, ["Stopped"]);
}

pub(crate) fn cell_of(number: u64, end: &str) -> Cell {
    serde_json::from_value(serde_json::json!({
        "place": {"row": number, "prompt": 0, "target": 0, "sample": 0}, "run": Uuid::nil(), "end": end,
        "status": if end == "done" { "passed" } else { "error" },
        "cost": {"state": "unknown"}, "took": {"secs": 1, "nanos": 0}, "summary": "{}",
    }))
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_before_is_not_asked_again_unless_its_row_has_changed() {
    let ends = ["done", "failed", "cancelled", "interrupted", "done"];
    for (retry_failed, again, kept, started) in [
        (false, None, vec!["1", "2"], vec!["3", "4", "5", "6"]),
        (true, None, vec!["1"], vec!["2", "3", "4", "5", "6"]),
        (false, Some(vec![4, 1]), vec![], vec!["1", "4"]),
    ] {
        let bench = Bench::new(|_, _| answer(&["{}"]));
        let known = (1..).zip(ends).map(|(number, end)| {
            let fingerprint = if number == 5 { 0 } else { row_of(number).fingerprint() };
            (cell_of(number, end), fingerprint)
        });
        let known = KnownCells::of(known);
        if again.is_none() {
            let counted: u64 = (1..=6).map(|number| known.settled_of(&row_of(number), retry_failed)).sum();
            assert_eq!(counted, kept.len() as u64, "what is said before is what is kept");
        }
        let again = again.map(|rows| rows.into_iter().map(|row| CellIndex { row, ..CellIndex::default() }).collect());
        let plan = BatchPlan { known, retry_failed, again, ..plan() };
        let words = rest(bench.pipeline.batch(plan, rows(6))).await;
        assert_eq!((with(&words, "kept "), with(&words, "start ")), (kept, started));
        assert_eq!(words.last().unwrap(), "Complete");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_after_the_last_that_is_asked_again_are_not_read() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let data = rows(3).chain(stream::iter([Err("line 5: one column is missing".to_owned())]));
    let again = Some(vec![CellIndex { row: 3, ..CellIndex::default() }]);
    assert_eq!(
        rest(bench.pipeline.batch(BatchPlan { again, ..plan() }, data)).await,
        ["start 3", "done 3", "Complete"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_keep_a_cell_ends_it_and_the_cell_does_not_count() {
    let bench = Bench::new(|call, _| {
        let slow = Step::After(Duration::from_secs(number(call)));
        std::iter::once(slow).chain(answer(&["{}"])).collect()
    });
    *bench.record.room.lock().unwrap() = Some(2);
    let words = rest(bench.pipeline.batch(BatchPlan { concurrency: 3, ..plan() }, rows(9))).await;
    assert_eq!(with(&words, "done "), ["1", "2"]);
    // The fourth and the fifth took the places of the first two, and ended by themselves.
    assert_eq!(with(&words, "start "), ["1", "2", "3", "4", "5"]);
    assert_eq!(ended(&bench), 5);
    let why = BatchEnd::Failed { why: "the disk is full".to_owned() };
    assert_eq!(words.last().unwrap(), &format!("{why:?}"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_disk_holds_no_place_of_a_call_and_no_cell_counts_before_it_is_kept() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    *bench.record.takes.lock().unwrap() = Duration::from_secs(10);
    let start = tokio::time::Instant::now();
    let mut batch = bench.pipeline.batch(plan(), rows(8));
    until(&mut batch, "done 1").await;
    assert!(start.elapsed() >= Duration::from_secs(10));
    assert_eq!(bench.calls().len(), 8);
    assert_eq!(rest(batch).await.last().unwrap(), "Complete");
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_ends_it_once_the_others_have_ended() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let data = rows(2).chain(stream::iter([Err("line 4: one column is missing".to_owned())])).chain(rows(9));
    let words = rest(bench.pipeline.batch(BatchPlan { concurrency: 5, ..plan() }, data)).await;
    let why = BatchEnd::Failed { why: "line 4: one column is missing".to_owned() };
    assert_eq!(words, ["start 1", "start 2", "done 1", "done 2", &format!("{why:?}")]);
}

#[tokio::test(start_paused = true)]
async fn a_cell_that_hangs_holds_back_only_what_lies_far_behind_it() {
    let bench = Bench::new(|call, _| if number(call) == 1 { vec![Step::Hang] } else { answer(&["{}"]) });
    let plan = BatchPlan { concurrency: 16, ..plan() };
    let mut batch = bench.pipeline.batch(plan, rows(500));
    let mut words = Vec::new();
    // Less than it takes until a call that says nothing is given up.
    let window = async {
        while let Some(event) = batch.next().await {
            words.push(word(&event));
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), window).await.is_err());
    assert_eq!((with(&words, "start ").len(), with(&words, "done ").len()), (257, 256));
    batch.control().stop();
    assert_eq!(rest(batch).await, ["cancelled 1", "Stopped"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_it_cancels_what_is_under_way_and_takes_its_limits_back() {
    let bench = Bench::new(|_, _| vec![Step::Hang]);
    let limit = || bench.pipeline.accounts()[0].limits.concurrency;
    let mut batch = bench.pipeline.batch(plan(), rows(9));
    until(&mut batch, "start 2").await;
    assert!(batch.next().now_or_never().is_none());
    assert_eq!((bench.open(), limit()), (2, Some(2)));
    drop(batch);
    assert_eq!((bench.open(), ended(&bench), limit()), (0, 2, None));
    assert!(bench.record.ended.lock().unwrap().iter().all(|run| run.outcome.end.word() == "cancelled"));
}

#[tokio::test(start_paused = true)]
async fn rows_are_read_as_they_are_needed() {
    const ROWS: u64 = if cfg!(debug_assertions) { 1000 } else { 10_000 };
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let read = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = Arc::clone(&read);
    let data = rows(ROWS).inspect(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    });
    let plan = BatchPlan { concurrency: 50, ..plan() };
    let mut batch = bench.pipeline.batch(plan, data);
    let (mut done, mut most) = (0_u64, 0);
    while let Some(event) = batch.next().await {
        if let BatchEvent::Cell { .. } = event {
            done += 1;
        }
        most = most.max(read.load(std::sync::atomic::Ordering::SeqCst) - done);
    }
    assert_eq!(done, ROWS);
    assert!(most <= 102, "{most} rows were in memory");
    assert_eq!(bench.most_open(), 50);
}

/// What a watcher may do after so many events.
#[derive(Debug, Clone, Copy)]
enum Hand {
    Pause,
    Resume,
    Stop,
    Concurrency(usize),
}

fn hand() -> impl Strategy<Value = Hand> {
    prop_oneof![
        3 => Just(Hand::Pause),
        5 => Just(Hand::Resume),
        1 => Just(Hand::Stop),
        3 => (1_usize..6).prop_map(Hand::Concurrency),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_cell_is_told_once_whatever_happens(
        script in vec((0_u64..40, 0_u8..5), 1..30), hands in vec((1_usize..12, hand()), 0..12), takes in 0_u64..30,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let count = script.len() as u64;
        let (words, most, bench_most, stopped) = runtime.block_on(async move {
            let bench = Bench::new(move |call, _| {
                let (wait, kind) = script[number(call) as usize - 1];
                let end = match kind {
                    0 => fails(ErrorKind::CallerFault),
                    1 => fails(ErrorKind::Transient),
                    _ => answer(&["{}"]),
                };
                std::iter::once(Step::After(Duration::from_secs(wait))).chain(end).collect()
            });
            *bench.record.takes.lock().unwrap() = Duration::from_secs(takes);
            let mut batch = bench.pipeline.batch(plan(), rows(count));
            let control = batch.control();
            let (mut words, mut most, mut stopped) = (Vec::new(), 2, false);
            for (events, hand) in hands {
                for _ in 0..events {
                    // Paused, it tells nothing for ever.
                    match tokio::time::timeout(Duration::from_secs(36_000), batch.next()).await {
                        Ok(Some(event)) => words.push(word(&event)),
                        _ => break,
                    }
                }
                match hand {
                    Hand::Pause => control.pause(),
                    Hand::Resume => control.resume(),
                    Hand::Stop => {
                        control.stop();
                        stopped = true;
                    }
                    Hand::Concurrency(wanted) => {
                        control.set_concurrency(wanted);
                        most = most.max(wanted);
                    }
                }
            }
            control.resume();
            words.extend(rest(batch).await);
            (words, most, bench.most_open(), stopped)
        });
        let started = with(&words, "start ");
        let mut timeline: Vec<&str> = ["done ", "failed ", "cancelled "].iter().flat_map(|end| with(&words, end)).collect();
        timeline.sort_by_key(|row| row.parse::<u64>().unwrap());
        prop_assert_eq!(&started, &timeline);
        let order: Vec<String> = (1..=started.len() as u64).map(|row| row.to_string()).collect();
        prop_assert_eq!(started, order);
        prop_assert!(bench_most <= most);
        let ends = words.iter().filter(|word| *word == "Complete" || *word == "Stopped").count();
        prop_assert_eq!(ends, 1);
        prop_assert_eq!(words.last().unwrap() == "Complete", timeline.len() as u64 == count && with(&words, "cancelled ").is_empty());
        prop_assert!(stopped || words.last().unwrap() == "Complete");
    }
}
