//! Batches on record: a cell that was said to be on the disk is there, whatever came after.

use std::time::Duration;

use proptest::prelude::*;
use retort::{
    model::{
        BatchId, CallError, CellIndex, CellRef, Cost, ErrorKind, Prompt, RunEnd, RunId,
        batch::{BatchSpec, Cell, ResumeMode},
        query::Query,
        run_end::Reason,
    },
    pipeline::ports::{RunRecord, RunStart},
    store::{
        Store,
        api::{BatchEntry, CellRow, PastLengths, StoreReply, StoreRequest, StoredBatch},
    },
};

use super::{SOON, at, record_of, run_id, start_of, store_in};

pub(crate) fn spec(data: &str) -> BatchSpec {
    BatchSpec {
        name: "triage".to_owned(),
        data: data.to_owned(),
        prompts: vec![("sentiment".to_owned(), Prompt::default())],
        targets: vec!["gpt-4o-mini".to_owned()],
        samples: 1,
        mapping: std::collections::BTreeMap::new(),
        behind: std::collections::BTreeMap::new(),
        expected: retort::model::Expected::Auto,
        again: None,
        part: None,
    }
}

async fn begin(store: &Store, how: ResumeMode) -> Result<StoredBatch, String> {
    match store.ask(StoreRequest::BeginBatch { spec: Box::new(spec("mail.csv")), how, at: at(0) }).await {
        Ok(StoreReply::Batch(state)) => Ok(*state),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.message),
    }
}

async fn end(store: &Store, batch: BatchId, end: &str) {
    store.ask(StoreRequest::EndBatch { batch, end: end.to_owned(), why: None, at: at(9) }).await.unwrap();
}

fn place(row: u64, sample: u32) -> CellIndex {
    CellIndex { row, prompt: 0, target: 0, sample }
}

/// A run that fills a cell, and its start.
fn filling(batch: BatchId, number: u128, place: CellIndex) -> (RunStart, RunRecord) {
    let record = RunRecord {
        cell: Some(CellRef { batch, place, row: u64::MAX - place.row }),
        ..record_of(number, &format!("answer {number}"))
    };
    (start_of(number), record)
}

fn tell(store: &Store, (start, record): (RunStart, RunRecord)) -> RunId {
    let run = record.run;
    store.recorder().started(&start);
    store.recorder().ended(record);
    run
}

async fn settled(store: &Store, run: RunId) -> Result<(), String> {
    store.recorder().settled(run).await
}

async fn cells(store: &Store, batch: BatchId, after: Option<CellIndex>, limit: usize) -> Vec<CellRow> {
    match store.ask(StoreRequest::Cells { batch, after, limit }).await.unwrap() {
        StoreReply::Cells(cells) => cells,
        other => panic!("{other:?}"),
    }
}

fn places(cells: &[CellRow]) -> Vec<(u64, u32)> {
    cells.iter().map(|row| (row.cell.place.row, row.cell.place.sample)).collect()
}

#[tokio::test]
async fn a_cell_comes_back_as_it_was_in_the_order_of_places() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let batch = begin(&store, ResumeMode::Resume).await.unwrap().id;
    for (number, row, sample) in [(1, 10, 1), (2, 2, 0), (3, 10, 0), (4, 9, 3)] {
        let run = tell(&store, filling(batch, number, place(row, sample)));
        assert_eq!(settled(&store, run).await, Ok(()));
    }
    let all = cells(&store, batch, None, 100).await;
    assert_eq!(places(&all), [(2, 0), (9, 3), (10, 0), (10, 1)]);
    let (_, record) = filling(batch, 2, place(2, 0));
    assert_eq!((&all[0].cell, all[0].fingerprint), (&Cell::of(place(2, 0), &record.outcome), u64::MAX - 2));
    let first = cells(&store, batch, None, 3).await;
    assert_eq!(cells(&store, batch, Some(first[2].cell.place), 3).await, all[3..]);
    let StoreReply::CellRuns(runs) = store.ask(StoreRequest::CellRuns { batch, after: None, limit: 2 }).await.unwrap()
    else {
        panic!("no runs")
    };
    assert_eq!(runs[0], record, "the whole run with its cell");
    assert_eq!(runs[1].run, run_id(4));
}

#[tokio::test]
async fn rows_are_found_by_what_they_ask_and_answer_and_their_texts_are_read_by_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let batch = begin(&store, ResumeMode::Anew).await.unwrap().id;
    for (number, row, sample) in [(1, 1, 0), (2, 1, 1), (3, 2, 0), (12, 5, 0), (4, 9, 0)] {
        let (start, mut record) = filling(batch, number, place(row, sample));
        record.input.text =
            if row == 9 { "Wo bleibt mein PÄCKCHEN?\nEs fehlt".to_owned() } else { "hello".to_owned() };
        let run = tell(&store, (start, record));
        assert_eq!(settled(&store, run).await, Ok(()));
    }
    let find = async |text: &str, after: Option<CellIndex>, limit: usize| {
        let job = StoreRequest::FindRows { batch, text: text.to_owned(), after, limit };
        let StoreReply::FoundRows(found) = store.ask(job).await.unwrap() else { panic!("no rows") };
        (found.rows, found.last, found.looked)
    };
    assert_eq!(find("päckchen? es", None, 10).await, (vec![9], None, 5), "in what it asks, on one line");
    assert_eq!(find("hello", None, 10).await, (vec![1, 2, 5], None, 5), "each row once");
    assert_eq!(find("answer 12", None, 10).await, (vec![5], None, 5), "in an answer");
    assert_eq!(find("answer 2", None, 1).await, (vec![], Some(place(1, 0)), 1));
    assert_eq!(find("answer 2", Some(place(1, 0)), 1).await, (vec![1], Some(place(1, 1)), 1), "a page at a time");
    assert_eq!(find("hello", Some(place(9, 0)), 1).await, (vec![], None, 0));
    let job = StoreRequest::CellTexts { batch, rows: vec![1, 7, 9] };
    let StoreReply::CellTexts(rows) = store.ask(job).await.unwrap() else { panic!("no texts") };
    let texts: Vec<_> = rows.iter().map(|row| (row.text.number, row.text.text.as_str(), row.cells.len())).collect();
    assert_eq!(
        texts,
        [(1, "hello", 2), (9, "Wo bleibt mein PÄCKCHEN? Es fehlt", 1)],
        "one that is not there is left out"
    );
    assert_eq!(rows[0].cells[1].summary, "answer 2");
}

#[tokio::test]
async fn a_cell_that_is_asked_again_has_its_new_run_and_the_old_one_stays_in_the_history() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let batch = begin(&store, ResumeMode::Anew).await.unwrap().id;
    tell(&store, filling(batch, 1, place(1, 0)));
    tell(&store, filling(batch, 2, place(1, 0)));
    let all = cells(&store, batch, None, 10).await;
    assert_eq!((all.len(), all[0].cell.run), (1, run_id(2)));
    let query = Query::parse(&format!("batch:{}", batch.short()), &at(0).to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    let job = StoreRequest::History { query: Box::new(query), after: None, limit: 10 };
    let StoreReply::History(page) = store.ask(job).await.unwrap() else { panic!("no page") };
    assert_eq!(page.runs.iter().map(|run| run.run).collect::<Vec<_>>(), [run_id(2)]);
    assert!(
        matches!(store.ask(StoreRequest::OpenRun(run_id(1))).await.unwrap(), StoreReply::Run(run) if run.cell.is_none())
    );
    store.ask(StoreRequest::RemoveRuns(vec![run_id(2)])).await.unwrap();
    assert!(cells(&store, batch, None, 10).await.is_empty(), "a removed run leaves its cell to be asked again");
}

#[tokio::test]
async fn a_batch_goes_on_where_it_stopped_and_begins_anew_once_complete() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let first = begin(&store, ResumeMode::Resume).await.unwrap();
    assert!(!first.resumed && cells(&store, first.id, None, 10).await.is_empty());
    let run = tell(&store, filling(first.id, 1, place(1, 0)));
    settled(&store, run).await.unwrap();
    end(&store, first.id, "stopped").await;
    let again = begin(&store, ResumeMode::Resume).await.unwrap();
    assert!(again.resumed && again.id == first.id && again.started == at(0));
    assert_eq!(cells(&store, again.id, None, 10).await.len(), 1);
    end(&store, first.id, "complete").await;
    let retried = begin(&store, ResumeMode::RetryFailed).await.unwrap();
    assert_eq!((retried.id, retried.resumed), (first.id, true));
    end(&store, first.id, "complete").await;
    let other = begin(&store, ResumeMode::Resume).await.unwrap();
    assert!(!other.resumed && other.id != first.id);
    let anew = begin(&store, ResumeMode::Anew).await.unwrap();
    assert!(!anew.resumed && anew.id != other.id);
    let StoreReply::Batches(list) = store.ask(StoreRequest::Batches { limit: 10 }).await.unwrap() else {
        panic!("no list")
    };
    let answer = |entry: &BatchEntry| (entry.id, entry.end.clone(), entry.cells, entry.running);
    assert_eq!(
        list.iter().map(answer).collect::<Vec<_>>(),
        [(anew.id, None, 0, true), (other.id, None, 0, true), (first.id, Some("complete".to_owned()), 1, false)]
    );
    assert_eq!(list[2].spec, spec("mail.csv"));
}

#[tokio::test]
async fn cells_that_were_stopped_or_broke_off_are_not_counted_as_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let batch = begin(&store, ResumeMode::Anew).await.unwrap().id;
    let error = CallError::new(ErrorKind::Overloaded, "busy");
    let reasons = vec![Reason { target: "a".to_owned(), error: error.clone() }];
    let ends =
        [RunEnd::Done, RunEnd::Cancelled, RunEnd::Failed { reasons }, RunEnd::Interrupted { error }, RunEnd::Done];
    for (number, end) in (1_u32..).zip(ends) {
        let (start, mut record) = filling(batch, number.into(), place(number.into(), 0));
        record.outcome.end = end;
        tell(&store, (start, record));
    }
    let StoreReply::Batches(list) = store.ask(StoreRequest::Batches { limit: 10 }).await.unwrap() else {
        panic!("no list")
    };
    assert_eq!((list[0].cells, list[0].answered), (3, 2));
    assert_eq!(cells(&store, batch, None, 10).await.len(), 5);
}

#[tokio::test]
async fn two_programs_never_run_one_batch_and_a_gone_ones_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (store_in(dir.path()), store_in(dir.path()));
    let batch = begin(&one, ResumeMode::Resume).await.unwrap().id;
    let refused = begin(&other, ResumeMode::Resume).await.unwrap_err();
    assert!(refused.contains("another retort is running this batch"), "{refused}");
    let anew = begin(&other, ResumeMode::Anew).await.unwrap();
    assert_ne!(anew.id, batch);
    end(&other, anew.id, "complete").await;
    // It goes without a word, as one that is killed.
    one.close(SOON).unwrap();
    drop(one);
    let taken = begin(&other, ResumeMode::Resume).await.unwrap();
    assert_eq!((taken.id, taken.resumed), (batch, true));
}

#[tokio::test]
async fn what_cannot_be_kept_is_told_and_counts_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let batch = begin(&store, ResumeMode::Resume).await.unwrap().id;
    let kept = tell(&store, filling(batch, 1, place(1, 0)));
    assert_eq!(settled(&store, kept).await, Ok(()));
    let database = dir.path().join("data/retort.db");
    let other = rusqlite::Connection::open(&database).unwrap();
    other.execute_batch("DROP TABLE word").unwrap();
    let lost = tell(&store, filling(batch, 2, place(2, 0)));
    let why = settled(&store, lost).await.unwrap_err();
    assert!(why.contains("runs are not recorded") && why.contains("word"), "{why}");
    assert_eq!(settled(&store, kept).await, Ok(()));
    assert_eq!(places(&cells(&store, batch, None, 10).await), [(1, 0)]);
}

#[tokio::test]
async fn a_write_that_waits_for_a_lock_is_settled_once_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let batch = begin(&store, ResumeMode::Resume).await.unwrap().id;
    let other = rusqlite::Connection::open(dir.path().join("data/retort.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let run = tell(&store, filling(batch, 1, place(1, 0)));
    let waits = tokio::spawn({
        let recorder = store.recorder();
        async move { recorder.settled(run).await }
    });
    let mut errors = store.errors();
    let answer = errors.recv().await.unwrap();
    assert!(answer.message.contains("runs are not recorded yet"), "{answer}");
    assert!(!waits.is_finished());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(waits.await.unwrap(), Ok(()));
    assert_eq!(cells(&store, batch, None, 10).await.len(), 1);
}

#[tokio::test]
async fn lengths_are_those_of_the_same_prompt_or_else_of_the_model() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for number in 1..=10_u128 {
        let mut record = record_of(number, "x");
        record.outcome.usage.output = Some(number as u64 * 10);
        if number == 10 {
            record.outcome.end = RunEnd::Failed {
                reasons: vec![Reason { target: "m".to_owned(), error: CallError::new(ErrorKind::Transient, "x") }],
            };
        }
        record.outcome.cost = Cost::Unknown;
        tell(&store, (start_of(number), record));
    }
    let mut demo = record_of(11, "x");
    demo.outcome.demo = true;
    demo.outcome.usage.output = Some(7);
    tell(&store, (start_of(11), demo));
    let past = async |version: retort::model::VersionId, model: &str, demo| match store
        .ask(StoreRequest::PastLengths { version, model: model.to_owned(), demo })
        .await
        .unwrap()
    {
        StoreReply::PastLengths(past) => past,
        other => panic!("{other:?}"),
    };
    let own = retort::model::VersionId::of(&record_of(1, "x").prompt);
    let want =
        PastLengths { runs: 9, input: [10, 10, 10], output: [10, 50, 90], took: [1500, 1500, 1500], same_prompt: true };
    assert_eq!(past(own.clone(), "gpt-4o-mini", false).await, want);
    let other = retort::model::VersionId("0".repeat(64));
    assert_eq!(past(other, "gpt-4o-mini", false).await, PastLengths { same_prompt: false, ..want });
    assert_eq!(past(own.clone(), "gpt-4o-mini", true).await.output, [7, 7, 7], "the demo's are its own");
    assert_eq!(past(own, "nobody", false).await, PastLengths::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever starts, ends, closes and begins again: what was said to be on the disk is in the batch.
    #[test]
    fn what_was_settled_is_there(steps in prop::collection::vec((0_u64..6, 0_u8..4), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let mut store = store_in(dir.path());
            let batch = begin(&store, ResumeMode::Resume).await.unwrap().id;
            let mut promised = std::collections::BTreeSet::new();
            for (number, (row, what)) in (1_u128..).zip(steps) {
                let (start, record) = filling(batch, number, place(row, 0));
                let run = record.run;
                match what {
                    0 => store.recorder().started(&start),
                    1 => store.recorder().ended(record),
                    2 => {
                        tell(&store, (start, record));
                        settled(&store, run).await.unwrap();
                        promised.insert(row);
                    }
                    _ => {
                        drop(store);
                        store = store_in(dir.path());
                        tokio::time::timeout(Duration::from_secs(20), async {
                            while begin(&store, ResumeMode::Resume).await.is_err() {
                                tokio::task::yield_now().await;
                            }
                        })
                        .await
                        .unwrap();
                    }
                }
            }
            let there: std::collections::BTreeSet<u64> =
                cells(&store, batch, None, 100).await.iter().map(|row| row.cell.place.row).collect();
            assert!(promised.is_subset(&there), "{promised:?} {there:?}");
        });
    }
}
