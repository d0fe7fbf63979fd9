//! Prompt versions and grades: what was run is kept once, and nothing said of it is overwritten.

use std::{fs, path::Path, sync::Arc, time::Duration};

use retort::{
    model::{Cost, Grade, PicoDollars, Prompt, Provenance, Quality, Rule, Status, Thumb, Verdict, VersionId},
    store::{
        Store,
        api::{HistoryPage, Lineage, Results, StoreReply, StoreRequest, VersionEntry},
    },
};
use rusqlite::Connection;

use super::{SOON, at, record_of, run_id, start_of, store_in};

fn prompt(system: &str) -> Prompt {
    Prompt { system: system.to_owned(), ..Prompt::default() }
}

fn sentiment() -> Lineage {
    Lineage::Prompt("sentiment".to_owned())
}

async fn versions(store: &Store, of: Lineage) -> Vec<VersionEntry> {
    match store.ask(StoreRequest::ListVersions { of, limit: 100 }).await.unwrap() {
        StoreReply::Versions(versions) => versions,
        other => panic!("{other:?}"),
    }
}

fn systems(versions: &[VersionEntry]) -> Vec<&str> {
    versions.iter().map(|version| version.prompt.system.as_str()).collect()
}

/// Starts run `number` of a prompt, and ends it.
fn run(store: &Store, number: u128, system: &str) {
    let mut record = record_of(number, "x");
    record.prompt = prompt(system);
    let start = retort::pipeline::ports::RunStart { prompt: Arc::new(record.prompt.clone()), ..start_of(number) };
    store.recorder().started(&start);
    store.recorder().ended(record);
}

async fn grade(store: &Store, number: u128, grade: Grade) -> Result<StoreReply, retort::model::error::StoreError> {
    store.ask(StoreRequest::GradeRun { run: run_id(number), grade, at: at(100) }).await
}

async fn grades(store: &Store, numbers: &[u128]) -> Vec<(retort::model::RunId, Grade)> {
    let runs = numbers.iter().map(|number| run_id(*number)).collect();
    match store.ask(StoreRequest::Grades(runs)).await.unwrap() {
        StoreReply::Grades(grades) => grades,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_distinct_prompt_that_was_run_is_a_version_with_its_results() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    assert!(versions(&store, sentiment()).await.is_empty());
    assert!(!dir.path().join("data").exists(), "a question makes no files");

    run(&store, 1, "first");
    for number in 2..=5 {
        let mut record = record_of(number, "x");
        record.prompt = prompt("second");
        record.prompt.description = "said otherwise".to_owned();
        record.outcome.cost = Cost::Known(PicoDollars(100 * number as u64));
        record.outcome.timing.total = Duration::from_secs(number as u64);
        match number {
            3 => {
                let passed = Verdict::new(Rule::Format, Status::Passed, "JSON");
                record.outcome.quality = Some(Quality::of(vec![passed]));
            }
            4 => record.outcome.provenance = Provenance::Cached { stored: at(2) },
            5 => record.outcome.demo = true,
            _ => {}
        }
        store.recorder().ended(record);
    }
    run(&store, 6, "first");
    let listed = versions(&store, sentiment()).await;
    assert_eq!(systems(&listed), ["second", "first"], "the newest first; running one again makes it no newer");
    assert_eq!(listed[0].id, VersionId::of(&prompt("second")));
    assert_eq!((listed[0].made, listed[1].made), (at(2), at(1)));
    assert_eq!(listed[0].parent.as_ref(), Some(&listed[1].id));
    let results = Results {
        runs: 4,
        judged: 1,
        passed: 1,
        cost: Some(PicoDollars(250)),
        latency: Some(Duration::from_millis(2500)),
        stars: None,
        last: Some(at(5)),
    };
    assert_eq!(listed[0].results, results, "neither the cache nor a demonstration is measured");
    assert_eq!((listed[1].results.runs, listed[1].results.last), (2, Some(at(6))));
    let StoreReply::Versions(newest) =
        store.ask(StoreRequest::ListVersions { of: sentiment(), limit: 1 }).await.unwrap()
    else {
        panic!("no versions")
    };
    assert_eq!(systems(&newest), ["second"]);
}

#[tokio::test]
async fn a_prompt_is_a_version_as_soon_as_it_is_run_and_a_draft_once_it_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let keep =
        StoreRequest::KeepVersion { prompt: Box::new(prompt("draft")), of: sentiment(), parent: None, at: at(0) };
    let StoreReply::VersionKept(draft) = store.ask(keep).await.unwrap() else { panic!("not kept") };
    store.recorder().started(&start_of(1));
    store.close(SOON).unwrap();
    let listed = versions(&store_in(dir.path()), sentiment()).await;
    assert_eq!(systems(&listed), ["Label it.", "draft"]);
    assert_eq!(listed.iter().map(|version| version.results.runs).collect::<Vec<_>>(), [1, 0], "a run that crashed");
    assert_eq!(listed[1].id, draft);
}

#[tokio::test]
async fn a_fork_has_the_versions_it_came_from_and_a_prompt_without_a_name_those_of_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let started = |number, system: &str, name: Option<&str>, session: &str, parent: Option<&str>| {
        store.recorder().started(&retort::pipeline::ports::RunStart {
            prompt: Arc::new(prompt(system)),
            prompt_name: name.map(str::to_owned),
            session: Some(session.to_owned()),
            parent: parent.map(|system| VersionId::of(&prompt(system))),
            ..start_of(number)
        });
    };
    started(1, "sketch", None, "triage", None);
    started(2, "other", None, "elsewhere", None);
    started(3, "named", Some("sentiment"), "triage", Some("sketch"));
    started(4, "forked", Some("short"), "triage", Some("named"));
    started(5, "later", Some("sentiment"), "triage", None);
    assert_eq!(systems(&versions(&store, sentiment()).await), ["later", "named", "sketch"]);
    let short = versions(&store, Lineage::Prompt("short".to_owned())).await;
    assert_eq!(systems(&short), ["forked", "named", "sketch"]);
    let unnamed = versions(&store, Lineage::Session("triage".to_owned())).await;
    assert_eq!(systems(&unnamed), ["sketch"]);
}

#[tokio::test]
async fn a_name_and_a_grade_can_be_changed_and_what_was_there_before_stays_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    run(&store, 1, "first");
    run(&store, 2, "first");
    let version = VersionId::of(&prompt("first"));
    let name = async |version: &VersionId, name: &str| {
        store.ask(StoreRequest::NameVersion { version: version.clone(), name: name.to_owned(), at: at(9) }).await
    };
    for (given, shown) in [("terse", Some("terse")), (" with rules ", Some("with rules")), ("", None)] {
        assert_eq!(name(&version, given).await, Ok(StoreReply::VersionNamed(version.clone())));
        assert_eq!(versions(&store, sentiment()).await[0].name.as_deref(), shown);
    }
    let error = name(&VersionId("0123456789".to_owned()), "x").await.unwrap_err().message;
    assert_eq!(error, "version 0123456 is not on record");
    let error = name(&version, "two\nlines").await.unwrap_err().message;
    assert_eq!(error, "a version's name is one line of at most 64 characters");

    let stars = |stars| Grade { stars: Some(stars), ..Grade::default() };
    let words = Grade { stars: Some(2), thumb: Some(Thumb::Down), comment: "too long".to_owned() };
    grade(&store, 1, stars(5)).await.unwrap();
    grade(&store, 1, words.clone()).await.unwrap();
    grade(&store, 2, stars(4)).await.unwrap();
    assert_eq!(grades(&store, &[1, 2, 3]).await, [(run_id(1), words), (run_id(2), stars(4))]);
    assert_eq!(versions(&store, sentiment()).await[0].results.stars, Some(3.0));
    grade(&store, 1, Grade::default()).await.unwrap();
    assert_eq!(grades(&store, &[1, 2]).await, [(run_id(2), stars(4))], "a grade can be taken back");
    let error = grade(&store, 3, stars(1)).await.unwrap_err().message;
    assert_eq!(error, format!("run {} is not on record", run_id(3)));

    store.close(SOON).unwrap();
    let db = Connection::open(dir.path().join("data/retort.db")).unwrap();
    let count =
        |table: &str| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((count("prompt_version"), count("version_name"), count("grade")), (1, 3, 4));
}

#[tokio::test]
async fn two_stores_make_one_version_of_one_prompt() {
    let dir = tempfile::tempdir().unwrap();
    let stores = [store_in(dir.path()), store_in(dir.path())];
    for number in 0..60 {
        run(&stores[number as usize % 2], number, &format!("version {}", number / 6));
    }
    for store in &stores {
        store.close(SOON).unwrap();
    }
    let listed = versions(&store_in(dir.path()), sentiment()).await;
    assert_eq!(listed.iter().map(|version| version.results.runs).collect::<Vec<_>>(), [6; 10]);
}

/// A record of runs as the first form had it: three runs of a prompt of two versions, and a crash.
fn form_1(dir: &Path) {
    fs::create_dir(dir.join("data")).unwrap();
    let db = Connection::open(dir.join("data/retort.db")).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    db.execute_batch(include_str!("../../fixtures/store/form1.sql")).unwrap();
}

#[tokio::test]
async fn a_record_of_the_first_form_keeps_everything_and_has_its_versions() {
    let dir = tempfile::tempdir().unwrap();
    form_1(dir.path());
    let store = store_in(dir.path());
    let listed = versions(&store, Lineage::Prompt("triage".to_owned())).await;
    assert_eq!(systems(&listed), ["Label this message.", "Label the message."], "a description makes no version");
    assert_eq!(listed.iter().map(|version| version.results.runs).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((listed[0].parent.as_ref(), &listed[1].parent), (Some(&listed[1].id), &None));
    assert_eq!(listed[1].id, VersionId::of(&listed[1].prompt));

    let job = StoreRequest::History { query: Box::default(), after: None, limit: 10 };
    let StoreReply::History(HistoryPage { runs, .. }) = store.ask(job).await.unwrap() else { panic!("no runs") };
    let ends: Vec<&str> = runs.iter().map(|run| run.end.as_str()).collect();
    assert_eq!(ends, ["crashed", "done", "done", "done"]);
    let StoreReply::Run(run) = store.ask(StoreRequest::OpenRun(runs[3].run)).await.unwrap() else { panic!("no run") };
    assert_eq!((run.prompt.description.as_str(), run.sample, run.provider.as_str()), ("Sort a message", 0, ""));
    assert!(run.outcome.text.contains("My parcel never came"));
    assert_eq!(run.timeline.len(), 6);

    store.close(SOON).unwrap();
    let db = Connection::open(dir.path().join("data/retort.db")).unwrap();
    let params: Vec<Option<String>> = db
        .prepare("SELECT params FROM run ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let sent = Some(r#"{"temperature":0.0}"#.to_owned());
    assert_eq!(params, [sent.clone(), sent.clone(), sent, None]);
}
