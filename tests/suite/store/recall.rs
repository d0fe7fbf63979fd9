//! Stored answers: the newest whole one to exactly what is asked, found along an index.

use std::{sync::Arc, time::Duration};

use retort::{
    model::{
        AnswerSource, Grade, Input, Params, Prompt, RunEnd, VersionId,
        query::{Filter, Query, What},
    },
    pipeline::{
        event::{RunEvent, TimedEvent},
        ports::RunRecord,
    },
    store::{
        Store,
        api::{AnswerQuestion, Lineage, StoreReply, StoreRequest, StoredAnswer},
    },
};
use rusqlite::Connection;

use super::{SOON, at, record_of, run_id, store_in};

fn prompt(system: &str) -> Prompt {
    Prompt { system: system.to_owned(), user: "{{ input }}".to_owned(), ..Prompt::default() }
}

fn params(temperature: f64) -> Params {
    Params { temperature: Some(temperature), ..Params::default() }
}

/// What is asked: a system message, an input, a temperature of the lane's own where it is not the usual one.
fn source(system: &str, input: &str, temperature: f64) -> Arc<AnswerSource> {
    Arc::new(AnswerSource {
        prompt: Arc::new(prompt(system)),
        input: Arc::new(Input::of(input)),
        target: "gpt-4o-mini".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        own: params(temperature),
        sent: params(temperature),
    })
}

/// Records run `number` as an answer to that.
fn run(store: &Store, number: u128, of: &AnswerSource, change: impl FnOnce(&mut RunRecord)) {
    let event = RunEvent::Prepared {
        run: run_id(number),
        started: at(number as i64),
        key: String::new(),
        messages: Vec::new(),
        params: of.sent.clone(),
        notices: Vec::new(),
    };
    let mut record = record_of(number, &format!("answer {number}"));
    record.prompt = (*of.prompt).clone();
    record.input = (*of.input).clone();
    record.timeline.insert(0, TimedEvent { at: Duration::ZERO, event });
    change(&mut record);
    store.recorder().ended(record);
}

async fn found(store: &Store, questions: Vec<AnswerQuestion>) -> Vec<Option<StoredAnswer>> {
    match store.ask(StoreRequest::StoredAnswers(questions)).await.unwrap() {
        StoreReply::StoredAnswers(found) => found,
        other => panic!("{other:?}"),
    }
}

fn question(source: Arc<AnswerSource>) -> AnswerQuestion {
    AnswerQuestion { run: None, source, sample: 0 }
}

#[tokio::test]
async fn the_newest_whole_answer_to_the_same_is_found_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let usual = source("Label it.", "late", 0.3);
    assert_eq!(found(&store, vec![question(Arc::clone(&usual))]).await, [None]);
    assert!(!dir.path().join("data").exists(), "a question makes no files");
    run(&store, 1, &usual, |_| {});
    run(&store, 2, &usual, |_| {});
    run(&store, 3, &usual, |record| record.outcome.end = RunEnd::Cancelled);
    run(&store, 4, &usual, |record| record.sample = 1);
    run(&store, 5, &source("Label it.", "late", 0.9), |_| {});
    run(&store, 6, &source("Label it.", "early", 0.3), |_| {});
    run(&store, 7, &source("Label it!", "late", 0.3), |_| {});
    run(&store, 8, &usual, |record| record.outcome.requested = "gpt-4".to_owned());
    let grade = Grade { stars: Some(5), ..Grade::default() };
    store.ask(StoreRequest::GradeRun { run: run_id(2), grade: grade.clone(), at: at(100) }).await.unwrap();

    let asked = [
        question(Arc::clone(&usual)),
        AnswerQuestion { sample: 1, ..question(Arc::clone(&usual)) },
        question(source("Label it.", "late", 0.9)),
        question(source("Label it.", "early", 0.3)),
        question(source("Label it.", "never", 0.3)),
        AnswerQuestion { run: Some(run_id(3)), ..question(Arc::clone(&usual)) },
        AnswerQuestion { run: Some(run_id(99)), ..question(usual) },
    ];
    let found = found(&store, asked.to_vec()).await;
    let texts: Vec<Option<&str>> =
        found.iter().map(|answer| answer.as_ref().map(|answer| answer.record.outcome.text.as_str())).collect();
    let all = ["answer 2", "answer 4", "answer 5", "answer 6", "", "answer 3", "answer 2"];
    assert_eq!(texts, all.map(|text| Some(text).filter(|text| !text.is_empty())));
    assert_eq!(found[0].as_ref().map(|answer| answer.grade.clone()), Some(grade));
}

#[tokio::test]
async fn the_versions_of_a_prompt_are_in_the_order_in_which_they_were_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for (number, system) in [(1, "first"), (2, "second"), (3, "first"), (4, "third")] {
        run(&store, number, &source(system, "late", 0.3), |_| {});
    }
    let order = store.ask(StoreRequest::VersionOrder(Lineage::Prompt("sentiment".to_owned()))).await.unwrap();
    let wanted = ["first", "second", "third"].map(|system| VersionId::of(&prompt(system)));
    assert_eq!(order, StoreReply::VersionOrder(wanted.to_vec()));
}

#[tokio::test]
async fn a_stored_answer_is_found_along_an_index() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    run(&store, 1, &source("Label it.", "late", 0.3), |_| {});
    store.close(SOON).unwrap();
    let db = Connection::open(dir.path().join("data/retort.db")).unwrap();
    let sql = "EXPLAIN QUERY PLAN SELECT id, params FROM run
               WHERE prompt_hash = ?1 AND input_hash = ?2 AND requested = ?3 AND sample = ?4 AND end = 'done'
               ORDER BY seq DESC";
    let plan: Vec<String> =
        db.prepare(sql).unwrap().query_map(["a", "1", "b", "0"], |row| row.get(3)).unwrap().flatten().collect();
    let wanted = "SEARCH run USING INDEX run_request (prompt_hash=? AND input_hash=? AND requested=? AND sample=?)";
    assert_eq!(plan, [wanted], "no scan, and no sorting");
}

#[tokio::test]
async fn the_runs_of_a_session_go_with_it_to_another_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let of = |name: &str| StoreRequest::MoveRuns { from: name.to_owned(), to: "mine".to_owned() };
    assert_eq!(store.ask(of("a")).await.unwrap(), StoreReply::RunsMoved(0));
    run(&store, 1, &source("Label it.", "late", 0.3), |record| record.session = Some("a".to_owned()));
    run(&store, 2, &source("Label it.", "late", 0.3), |record| record.session = Some("b".to_owned()));
    let unnamed = |record: &mut RunRecord| (record.session, record.prompt_name) = (Some("a".to_owned()), None);
    run(&store, 3, &source("Name it.", "late", 0.3), unnamed);
    assert_eq!(store.ask(of("a")).await.unwrap(), StoreReply::RunsMoved(2));
    let count = |name: &str| {
        let filter = Filter { not: false, what: What::Session(name.to_owned()) };
        store.ask(StoreRequest::CountRuns(Box::new(Query { filters: vec![filter], ..Query::default() })))
    };
    for (name, runs) in [("a", 0), ("b", 1), ("mine", 2)] {
        assert_eq!(count(name).await.unwrap(), StoreReply::Counted { runs, more: false }, "{name}");
    }
    let order = store.ask(StoreRequest::VersionOrder(Lineage::Session("mine".to_owned()))).await.unwrap();
    assert_eq!(order, StoreReply::VersionOrder(vec![VersionId::of(&prompt("Name it."))]));
}
