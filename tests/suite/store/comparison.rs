//! Two queries weighed against each other: runs are paired by their inputs, samples made one, and no run is on
//! both sides.

use std::time::Duration;

use retort::{
    eval::evidence::{Basis, Conclusion},
    model::{
        CallError, ErrorKind, Format, Input, Params, Prompt, Provenance, Quality, Response, Rule, RunEnd, Status,
        Verdict, error::StoreError, query::Query, run_end::Reason,
    },
    pipeline::{TimedEvent, event::RunEvent, ports::RunRecord},
    store::{
        Store,
        api::{HistoryPage, LISTED, PairedComparison, SideRuns, StoreReply, StoreRequest, ToScore},
    },
};

use super::{at, record_of, run_id, store_in};

fn query(line: &str) -> Query {
    Query::parse(line, &at(1000).to_zoned(jiff::tz::TimeZone::UTC)).unwrap()
}

async fn weighed(store: &Store, a: &str, b: &str) -> Result<PairedComparison, StoreError> {
    let job = StoreRequest::ComparePaired { a: Box::new(query(a)), b: Box::new(query(b)) };
    store.ask(job).await.map(|reply| match reply {
        StoreReply::Compared(all) => *all,
        other => panic!("{other:?}"),
    })
}

fn judged(passed: bool) -> Quality {
    let mark = if passed { Status::Passed } else { Status::Failed };
    Quality::of(vec![Verdict::new(Rule::Required, mark, "")])
}

/// Records a run on an input that passed or not, as another changes it.
fn put(store: &Store, number: u128, model: &str, input: &str, passed: bool, change: impl FnOnce(&mut RunRecord)) {
    let mut record = RunRecord { input: Input::of(input), ..record_of(number, "{}") };
    model.clone_into(&mut record.outcome.target);
    model.clone_into(&mut record.outcome.model);
    record.outcome.quality = Some(judged(passed));
    change(&mut record);
    store.recorder().ended(record);
}

#[tokio::test]
async fn runs_are_paired_by_their_inputs() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let none = weighed(&store, "model:old", "model:new").await.unwrap();
    assert_eq!((none.inputs, none.evidence.sentence().as_str()), (0, "not comparable: no common inputs"));
    for n in 0..30 {
        let input = format!("text {n}");
        put(&store, n, "old", &input, n % 3 == 0, |_| {});
        put(&store, 100 + n, "new", &input, n % 3 != 1, |_| {});
    }
    put(&store, 200, "new", "alone", true, |_| {});
    put(&store, 201, "old", "alone too", true, |_| {});
    // The same text with a variable is another input.
    put(&store, 202, "old", "text 1", true, |run| drop(run.input.vars.insert("tone".to_owned(), "kind".into())));
    put(&store, 203, "new", "text 1", true, |run| {
        let error = CallError::new(ErrorKind::RateLimited, "slow down");
        run.outcome.end = RunEnd::Failed { reasons: vec![Reason { target: "new".to_owned(), error }] };
        run.outcome.quality = None;
    });
    let found = weighed(&store, "model:old", "model:new").await.unwrap();
    let evidence = &found.evidence;
    assert_eq!((evidence.fixed, evidence.broken, evidence.unchanged, found.inputs), (10, 0, 20, 30));
    assert_eq!((evidence.shown, evidence.basis), (Conclusion::Better, Basis::Passes));
    assert_eq!(found.a, SideRuns { runs: 32, unjudged: 0, alone: 2 });
    assert_eq!(found.b, SideRuns { runs: 31, unjudged: 1, alone: 1 });
    assert_eq!((found.fixed.len(), found.broken.len()), (10, 0));
    let newest = &found.fixed[0];
    assert_eq!((newest.a, newest.b, newest.input.as_str()), (run_id(29), run_id(129), "text 29"));
    let back = weighed(&store, "model:new", "model:old").await.unwrap();
    assert_eq!((back.evidence.broken, back.evidence.shown), (10, Conclusion::Worse));
    assert_eq!(back.broken[0].a, run_id(129));
    assert_eq!(weighed(&store, "model:old", "model:new").await.unwrap(), found, "the same runs say the same");
}

#[tokio::test]
async fn only_so_many_inputs_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for n in 0..(LISTED as u128 + 5) {
        put(&store, n, "old", &n.to_string(), false, |_| {});
        put(&store, 100 + n, "new", &n.to_string(), true, |_| {});
    }
    let found = weighed(&store, "model:old", "model:new").await.unwrap();
    assert_eq!((found.fixed.len(), found.evidence.fixed), (LISTED, LISTED as u64 + 5));
}

#[tokio::test]
async fn several_runs_on_one_input_are_its_samples() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for n in 0..5 {
        put(&store, n, "old", "one", n < 2, |run| run.sample = n as u32);
        // A cached answer is an answer.
        put(&store, 100 + n, "new", "one", n < 3, |run| run.outcome.provenance = Provenance::Cached { stored: at(1) });
    }
    let found = weighed(&store, "model:old", "model:new").await.unwrap();
    assert_eq!((found.inputs, found.evidence.fixed, found.a.runs, found.b.runs), (1, 1, 5, 5));
    assert_eq!((found.fixed[0].a, found.fixed[0].b), (run_id(4), run_id(102)));
}

#[tokio::test]
async fn a_run_is_never_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    put(&store, 1, "old", "one", true, |_| {});
    put(&store, 2, "new", "one", true, |_| {});
    let refused = weighed(&store, "", "model:new").await.unwrap_err();
    let words = "1 run is on both sides, such as run 00000002: a run says nothing against itself; narrow one of the \
                 queries so that it is on one side alone";
    assert_eq!(refused.message, words);
    let refused = weighed(&store, "", "").await.unwrap_err();
    assert!(refused.message.starts_with("2 runs are on both sides"), "{refused}");
}

#[tokio::test]
async fn an_answer_that_did_not_become_whole_did_not_pass_and_an_error_on_the_way_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for n in 0..10 {
        let class = if n < 8 { ErrorKind::Truncated } else { ErrorKind::RateLimited };
        put(&store, n, "old", &n.to_string(), true, |run| {
            let error = CallError::new(class, "no answer");
            run.outcome.end = RunEnd::Failed { reasons: vec![Reason { target: "old".to_owned(), error }] };
            run.outcome.quality = None;
        });
        put(&store, 100 + n, "new", &n.to_string(), true, |_| {});
    }
    let found = weighed(&store, "model:old", "model:new").await.unwrap();
    assert_eq!((found.a, found.evidence.fixed), (SideRuns { runs: 8, unjudged: 2, alone: 0 }, 8));
    assert_eq!(found.evidence.shown, Conclusion::Better);
}

#[tokio::test]
async fn the_verdicts_and_scores_that_count_are_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let scored = |score: f64| Quality {
        verdicts: vec![Verdict { credit: Some(score), ..Verdict::new(Rule::Required, Status::Passed, "") }],
        min_score: None,
    };
    for n in 0..10 {
        put(&store, n, "old", &n.to_string(), true, |run| run.outcome.quality = Some(scored(0.5)));
        put(&store, 100 + n, "new", &n.to_string(), true, |run| {
            run.outcome.quality = Some(scored(0.75));
            "no JSON".clone_into(&mut run.outcome.text);
        });
    }
    let found = weighed(&store, "model:old", "model:new").await.unwrap().evidence;
    assert_eq!(
        (found.basis, found.shown, found.score.map(|score| score.by)),
        (Basis::Scores, Conclusion::Better, Some(0.25))
    );
    let query = query("model:new").answers_to("sentiment");
    let json = Prompt { response: Response { format: Format::Json, ..Response::default() }, ..Prompt::default() };
    let again = ToScore { prompt: json, query, after: None, limit: 50, write: true, at: at(1000) };
    store.ask(StoreRequest::ScoreRuns(Box::new(again))).await.unwrap();
    let found = weighed(&store, "model:old", "model:new").await.unwrap().evidence;
    assert_eq!((found.broken, found.score.map(|score| score.by)), (10, Some(-0.5)));
}

/// Records a run with parameters.
fn with_params(store: &Store, number: u128, params: &str) {
    put(store, number, "old", "one", true, |run| {
        let prepared = RunEvent::Prepared {
            run: run.run,
            started: run.started,
            key: String::new(),
            messages: Vec::new(),
            params: serde_json::from_str::<Params>(params).unwrap(),
            notices: Vec::new(),
        };
        run.timeline.insert(0, TimedEvent { at: Duration::ZERO, event: prepared });
    });
}

#[tokio::test]
async fn runs_are_found_by_their_parameters() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    with_params(&store, 1, r#"{"temperature": 0.7, "seed": 7, "extra": {"top_k": 40, "mode": "a b", "think": true}}"#);
    with_params(&store, 2, r#"{"temperature": 1.0, "reasoning_effort": "none", "stop": ["END"]}"#);
    with_params(&store, 3, r#"{"temperature": 0.7, "extra": {"mode": "7", "deep": {"a": [1, 2]}}}"#);
    put(&store, 4, "old", "one", true, |_| {});
    with_params(&store, 5, r#"{"seed": 5}"#);
    store.ask(StoreRequest::CountRuns(Box::default())).await.unwrap();
    let other = rusqlite::Connection::open(dir.path().join("data/retort.db")).unwrap();
    let damage = "UPDATE run_config SET params = '{damaged' WHERE id = (SELECT config FROM run_fact WHERE run = 5)";
    assert_eq!(other.execute(damage, []).unwrap(), 1);
    for (line, runs) in [
        ("param:temperature=0.7", vec![3, 1]),
        ("param:temperature=0.70", vec![3, 1]),
        ("param:temperature=1", vec![2]),
        ("-param:temperature=0.7", vec![5, 4, 2]),
        ("param:seed", vec![1]),
        ("-param:seed", vec![5, 4, 3, 2]),
        ("param:seed=7", vec![1]),
        ("param:mode=7", vec![3]),
        ("param:mode=\"a b\"", vec![1]),
        ("param:think=true", vec![1]),
        ("param:top_k=40 param:temperature=0.7", vec![1]),
        ("param:stop=END", vec![2]),
        ("param:reasoning_effort=none", vec![2]),
        ("param:deep={a:1}", vec![]),
        ("param:top.k=40", vec![]),
        ("target:old", vec![5, 4, 3, 2, 1]),
        ("target:gpt-4o-mini", vec![]),
    ] {
        let job = StoreRequest::History { query: Box::new(query(line)), after: None, limit: 10 };
        let StoreReply::History(HistoryPage { runs: found, .. }) = store.ask(job).await.unwrap() else {
            panic!("no page")
        };
        assert_eq!(found.iter().map(|run| run.run.0.as_u128()).collect::<Vec<_>>(), runs, "{line}");
    }
}
