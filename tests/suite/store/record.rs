//! The record of runs: what is kept, what a crash leaves, what a lock holds back.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use retort::{
    eval::quality::QualityReport,
    model::{
        CallError, Cost, ErrorKind, PicoDollars, Provenance, Quality, Rule, RunEnd, RunStatus, Status, Verdict,
        run_end::Reason,
    },
    pipeline::ports::RunRecord,
    store::{
        Store,
        api::{HistoryEntry, StoreReply, StoreRequest},
    },
};
use rusqlite::Connection;

use super::{SOON, at, outcome_of, record_of, run_id, start_of, store_in};

async fn recent(store: &Store) -> Vec<HistoryEntry> {
    match store.ask(StoreRequest::History { query: Box::default(), after: None, limit: 100 }).await.unwrap() {
        StoreReply::History(page) => page.runs,
        other => panic!("{other:?}"),
    }
}

async fn report(store: &Store) -> QualityReport {
    match store.ask(StoreRequest::Report(Box::default())).await.unwrap() {
        StoreReply::Report(report) => *report,
        other => panic!("{other:?}"),
    }
}

async fn opened(store: &Store, number: u128) -> RunRecord {
    match store.ask(StoreRequest::OpenRun(run_id(number))).await.unwrap() {
        StoreReply::Run(run) => *run,
        other => panic!("{other:?}"),
    }
}

async fn ends(store: &Store) -> Vec<String> {
    recent(store).await.into_iter().map(|run| run.end).collect()
}

fn database(dir: &Path) -> Connection {
    Connection::open(dir.join("data/retort.db")).unwrap()
}

#[tokio::test]
async fn a_run_comes_back_as_it_was_recorded() {
    type Attempt = (u32, Option<u16>, Option<String>, Option<i64>);

    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let mut run = record_of(1, "an \u{1b}[2J answer\r\n\0 🙂");
    run.outcome.reasoning = "because".to_owned();
    run.outcome.json = Some(std::sync::Arc::new(serde_json::json!({"z": 0.92, "a": [null, 1]})));
    run.outcome.quality = Some(Quality::of(vec![
        Verdict::new(Rule::Format, Status::Passed, "json"),
        Verdict {
            score: Some(2100.0),
            at: Some("/x".to_owned()),
            ..Verdict::new(Rule::Check("latency".to_owned()), Status::Failed, "2100 ms > 2000 ms")
        },
    ]));
    store.recorder().started(&start_of(1));
    assert_eq!(ends(&store).await, ["running"]);
    store.recorder().ended(run.clone());
    assert_eq!(opened(&store, 1).await, run);
    let listed = recent(&store).await;
    let [entry] = listed.as_slice() else { panic!("{} runs", listed.len()) };
    assert_eq!((entry.run, entry.started, entry.end.as_str()), (run_id(1), at(1), "done"));
    assert_eq!((entry.prompt_name.as_deref(), entry.requested.as_str()), (Some("sentiment"), "gpt-4o-mini"));
    assert_eq!((entry.status, entry.failed.as_slice()), (Some(RunStatus::Failed), &["latency".to_owned()][..]));

    store.close(SOON).unwrap();
    let db = database(dir.path());
    let attempts: Vec<Attempt> = db
        .prepare("SELECT number, status, class, wait_us FROM attempt ORDER BY number")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        attempts,
        [(1, Some(429), Some("rate limited".to_owned()), Some(4_000_000)), (2, Some(200), None, None)]
    );
    let verdicts: Vec<(String, String)> = db
        .prepare("SELECT rule, mark FROM verdict ORDER BY place")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(verdicts, [("format".to_owned(), "pass".to_owned()), ("latency".to_owned(), "fail".to_owned())]);
}

#[tokio::test]
async fn the_texts_of_many_runs_are_read_some_megabytes_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let long = "x".repeat(3 << 20);
    for (number, answer) in [(1, "short"), (2, &long), (3, &long), (4, "last")] {
        store.recorder().ended(record_of(number, answer));
    }
    store.recorder().started(&start_of(5));
    let texts = async |numbers: &[u128]| {
        let runs = numbers.iter().map(|number| run_id(*number)).collect();
        match store.ask(StoreRequest::RunTexts(runs)).await.unwrap() {
            StoreReply::RunTexts(texts) => {
                texts.into_iter().map(|run| run.map(|run| run.outcome.text.len())).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        texts(&[1, 2, 3, 4]).await,
        [Some(5), Some(long.len()), Some(long.len())],
        "the last is asked for again"
    );
    assert_eq!(texts(&[4, 5, 9]).await, [Some(4), None, None], "one that runs, and one that is not there");
}

#[tokio::test]
async fn a_question_makes_no_files_and_what_is_made_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    assert_eq!((recent(&store).await, report(&store).await.runs), (Vec::new(), 0));
    let error = store.ask(StoreRequest::OpenRun(run_id(1))).await.unwrap_err().message;
    assert_eq!(error, format!("run {} is not on record", run_id(1)));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    store.recorder().started(&start_of(1));
    assert_eq!(ends(&store).await, ["running"]);
    let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/retort.db"), mode("data/retort.db-wal")), (0o700, 0o600, 0o600));
    assert_eq!(mode("data/running"), 0o700);
}

#[tokio::test]
async fn the_newest_come_first_and_the_sums_count_only_what_was_spent() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let error = CallError::new(ErrorKind::Overloaded, "busy");
    for number in 1..=6 {
        let mut run = record_of(number, "x");
        run.outcome.cost = Cost::Known(PicoDollars(100));
        match number {
            2 => run.outcome.provenance = Provenance::Cached { stored: at(0) },
            3 => run.outcome.demo = true,
            4 => {
                let reasons = vec![Reason { target: "a".to_owned(), error: error.clone() }];
                run.outcome.end = RunEnd::Failed { reasons };
                run.outcome.usage = retort::model::Usage::default();
                run.outcome.cost = Cost::Unknown;
            }
            5 => run.outcome.end = RunEnd::Cancelled,
            _ => {}
        }
        store.recorder().ended(run);
    }
    store.recorder().started(&start_of(7));
    let answer = report(&store).await;
    assert_eq!(
        (answer.runs, answer.counts.error, answer.spent.tokens(), answer.unpriced, answer.cached, answer.demo),
        (6, 1, 45, 1, 1, 1)
    );
    assert_eq!(answer.spent.cost, Cost::AtLeast(PicoDollars(300)));
    let order: Vec<_> = recent(&store).await.into_iter().map(|run| run.run).collect();
    assert_eq!(order, [7, 6, 5, 4, 3, 2, 1].map(run_id));
}

#[tokio::test]
async fn two_stores_record_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let stores = [store_in(dir.path()), store_in(dir.path())];
    for number in 0..100 {
        let store = &stores[number as usize % 2];
        store.recorder().started(&start_of(number));
        store.recorder().ended(record_of(number, "x"));
    }
    let mut errors = stores[1].errors();
    for store in &stores {
        store.close(SOON).unwrap();
    }
    assert!(errors.try_recv().is_err());
    assert_eq!(report(&store_in(dir.path())).await.runs, 100);
}

/// Names, for the child process, the directory it works in.
const CHILD_DIR: &str = "RETORT_TEST_CHILD_DIR";

/// Not a test but what [`child`] runs: starts a run, says so, and waits to be killed.
#[tokio::test]
async fn in_a_child_process() {
    #[allow(clippy::disallowed_methods, reason = "this is how the parent says where")]
    let Ok(dir) = std::env::var(CHILD_DIR) else { return };
    let store = store_in(Path::new(&dir));
    store.recorder().started(&start_of(1));
    let _ = ends(&store).await;
    #[allow(clippy::print_stdout, reason = "the parent waits for it")]
    {
        println!("\nstarted");
    }
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// Starts this test binary again, with a run under way in `dir` when it returns.
fn child(dir: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "suite::store::record::in_a_child_process", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "started"), "the child did not start");
    child
}

#[tokio::test]
async fn a_run_of_a_killed_process_has_crashed_and_one_of_a_living_process_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = child(dir.path());
    let store = store_in(dir.path());
    assert_eq!(ends(&store).await, ["running"]);
    store.recorder().started(&start_of(2));
    assert_eq!(ends(&store).await, ["running", "running"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ends(&store).await, ["running", "crashed"], "the living store's own run goes on");
    let counts = report(&store).await.counts;
    assert_eq!((counts.error, counts.cancelled), (0, 1), "the model has no part in it");
    let error = store.ask(StoreRequest::OpenRun(run_id(1))).await.unwrap_err().message;
    assert_eq!(error, "run 00000001 crashed: nothing is on record but its start");
    let error = store.ask(StoreRequest::OpenRun(run_id(2))).await.unwrap_err().message;
    assert_eq!(error, "run 00000002 is still under way; look again when it has ended");
    store.close(SOON).unwrap();
    assert!(!dir.path().join("data/running").exists(), "no sign of life is left");
    assert_eq!(ends(&store_in(dir.path())).await, ["crashed", "crashed"], "a run nobody ended");
}

#[tokio::test]
async fn what_another_programs_lock_keeps_out_is_told_of_once_and_written_later() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    store.recorder().ended(record_of(1, "x"));
    assert_eq!(ends(&store).await, ["done"]);
    let db = database(dir.path());
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 2..10 {
        store.recorder().started(&start_of(number));
        store.recorder().ended(record_of(number, "x"));
    }
    let mut errors = store.errors();
    let error = errors.recv().await.unwrap().message;
    assert!(error.starts_with("runs are not recorded yet: "), "{error}");
    assert!(error.ends_with("retort.db is locked by another program; close what has it open"), "{error}");
    assert_eq!(ends(&store).await, ["done"], "what is on record can be read all the while");
    assert!(errors.try_recv().is_err(), "told once");
    db.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ends(&store).await, ["done"; 9]);
}

#[test]
fn runs_that_come_faster_than_the_disk_takes_them_do_not_fill_the_memory_and_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let recorder = store.recorder();
    let run = record_of(1, "x");
    for number in 0..100_000 {
        recorder.ended(RunRecord { run: run_id(number), ..run.clone() });
    }
    // 64 MB of runs that take more than 3 kB each.
    assert!(store.unrecorded() > 50_000, "{}", store.unrecorded());
    drop(store.close(Duration::ZERO));
}

#[tokio::test]
async fn a_newer_programs_record_is_refused_in_words_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    database(dir.path()).pragma_update(None, "user_version", 99).unwrap();
    let store = store_in(dir.path());
    store.recorder().ended(record_of(1, "x"));
    let error = store.ask(StoreRequest::Report(Box::default())).await.unwrap_err().message;
    assert!(
        error.ends_with(
            "retort.db was written by a newer retort (form 99, this one knows 16); use that one, or move the file away"
        ),
        "{error}"
    );
    assert!(store.errors().recv().await.unwrap().message.contains("newer retort"));
    store.close(SOON).unwrap();
    let version: i64 = database(dir.path()).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[tokio::test]
async fn closing_writes_everything_and_takes_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let recorder = store.recorder();
    for number in 0..200 {
        recorder.ended(record_of(number, "x"));
    }
    store.close(SOON).unwrap();
    recorder.ended(record_of(999, "x"));
    assert!(store.errors().recv().await.unwrap().message.contains("the store is closed"));
    let error = store.ask(StoreRequest::Report(Box::default())).await.unwrap_err().message;
    assert_eq!(error, "the store is closed: the program is about to end");
    assert_eq!(report(&store_in(dir.path())).await.runs, 200);
}

#[tokio::test]
async fn a_disk_that_is_too_slow_costs_records_but_never_waits() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let big = "x".repeat(40 * 1024 * 1024);
    let mut run = record_of(1, "");
    run.outcome = outcome_of(1, &big);
    store.recorder().ended(record_of(0, "x"));
    assert_eq!(ends(&store).await, ["done"]);
    let db = database(dir.path());
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 1..5 {
        run.run = run_id(number);
        store.recorder().ended(run.clone());
    }
    let closed = store.close(Duration::from_millis(1));
    assert_eq!(closed.unwrap_err().message, "the disk is too slow: what was still to be written is lost");
    let mut answer = Vec::new();
    let mut errors = store.errors();
    while let Ok(error) = errors.try_recv() {
        answer.push(error.message);
    }
    assert!(answer.iter().any(|words| words.contains("too much is waiting to be written")), "{answer:?}");
}
