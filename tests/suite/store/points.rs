//! Stored answers as a threshold sees them, and a threshold written to a prompt's file.

use std::{fs, sync::Arc};

use retort::{
    eval::{
        WhatIf,
        whatif::{Measured, Threshold},
    },
    model::{Check, CheckKind, Grade, Prompt, Quality, Response, Rule, Status, Thumb, Verdict, query::Query},
    pipeline::ports::RunStart,
    store::{
        Store,
        api::{NewThreshold, Points, PromptFile, StoreReply, StoreRequest},
    },
};

use super::{at, places_in, record_of, run_id, start_of, store_in, without};

fn sentiment() -> Prompt {
    Prompt {
        system: "Label it.".to_owned(),
        response: Response { confidence: Some("/c".to_owned()), min_confidence: Some(0.7), ..Response::default() },
        checks: vec![Check::of(CheckKind::Latency).within(2000.0)],
        ..Prompt::default()
    }
}

/// The verdicts on an answer: its form, its confidence, how long it took in milliseconds.
fn quality(confidence: Option<f64>, latency: f64) -> Quality {
    let mark = |holds: bool| if holds { Status::Passed } else { Status::Failed };
    let verdict = |rule, score: Option<f64>, holds| Verdict { score, ..Verdict::new(rule, mark(holds), "said") };
    Quality::of(vec![
        verdict(Rule::Format, None, true),
        verdict(Rule::Confidence, confidence, confidence.is_some_and(|stated| stated >= 0.7)),
        verdict(Rule::Check("latency".to_owned()), Some(latency), latency <= 2000.0),
    ])
}

fn put(store: &Store, number: u128, prompt: &Prompt, name: Option<&str>, quality: Option<Quality>) {
    let mut record = record_of(number, &format!("answer {number}"));
    record.prompt = prompt.clone();
    record.prompt_name = name.map(str::to_owned);
    record.outcome.quality = quality;
    let start = RunStart {
        prompt: Arc::new(prompt.clone()),
        prompt_name: record.prompt_name.clone(),
        session: record.session.clone(),
        ..start_of(number)
    };
    store.recorder().started(&start);
    store.recorder().ended(record);
}

async fn points(store: &Store, line: &str, rule: &str) -> Points {
    let query = Box::new(Query::parse(line, &at(1000).to_zoned(jiff::tz::TimeZone::UTC)).unwrap());
    match store.ask(StoreRequest::Points { query, rule: rule.to_owned(), scores: false }).await.unwrap() {
        StoreReply::Points(points) => *points,
        other => panic!("{other:?}"),
    }
}

/// What is measured of each run, in the order they came.
fn values(points: &Points) -> Vec<(Option<f64>, bool, bool)> {
    let mut judged: Vec<&Measured> = points.judged.iter().collect();
    judged.sort_by_key(|measured| measured.seq);
    judged.iter().map(|measured| (measured.value, measured.decides, measured.rest)).collect()
}

#[tokio::test]
async fn a_threshold_sees_each_judged_run_with_its_grade() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let prompt = sentiment();
    put(&store, 1, &prompt, Some("triage"), Some(quality(Some(0.9), 500.0)));
    put(&store, 2, &prompt, Some("triage"), Some(quality(Some(0.5), 500.0)));
    put(&store, 3, &prompt, Some("triage"), Some(quality(Some(0.8), 3000.0)));
    put(&store, 4, &prompt, Some("triage"), Some(quality(None, 500.0)));
    put(&store, 5, &prompt, Some("triage"), None);
    for (number, grade) in
        [(1, Grade { stars: Some(4), ..Grade::default() }), (2, Grade { thumb: Some(Thumb::Down), ..Grade::default() })]
    {
        store.ask(StoreRequest::GradeRun { run: run_id(number), grade, at: at(100) }).await.unwrap();
    }
    let seen = points(&store, "", "confidence").await;
    assert_eq!(seen.prompts, [(Some("triage".to_owned()), 4)], "what was not judged is left out");
    assert_eq!(seen.prompt.as_ref(), Some(&prompt.version()));
    assert_eq!(
        values(&seen),
        [(Some(0.9), true, true), (Some(0.5), true, true), (Some(0.8), true, false), (None, false, false)]
    );
    let knob = Threshold::find(&prompt, "confidence").unwrap();
    let what = WhatIf::of(knob.side, seen.judged.iter().map(Measured::point));
    let at = what.at(0.5, knob.counting());
    assert_eq!((at.fixed, at.broken, at.passes.map(|share| (share.part, share.whole))), (1, 0, Some((2, 4))));
    assert_eq!(at.precision.map(|share| (share.part, share.whole)), Some((1, 2)));
    let slow = points(&store, "", "latency").await;
    assert_eq!(values(&slow)[2], (Some(3000.0), true, true));
    assert_eq!(values(&slow)[1], (Some(500.0), true, false));
    let none = points(&store, "model:nobody", "confidence").await;
    assert_eq!((none.prompts.len(), none.prompt, none.judged.len()), (0, None, 0));
    assert!(values(&points(&store, "", "cost").await).iter().all(|(value, decides, _)| value.is_none() && !decides));
}

#[tokio::test]
async fn runs_of_several_prompts_are_only_counted_and_the_last_version_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let stricter = Prompt { response: Response { min_confidence: Some(0.8), ..sentiment().response }, ..sentiment() };
    put(&store, 1, &sentiment(), Some("triage"), Some(quality(Some(0.9), 1.0)));
    put(&store, 2, &stricter, Some("triage"), Some(quality(Some(0.9), 1.0)));
    put(&store, 3, &sentiment(), None, Some(quality(Some(0.9), 1.0)));
    let all = points(&store, "", "confidence").await;
    assert_eq!((all.prompts, all.judged.len()), (vec![(Some("triage".to_owned()), 2), (None, 1)], 0));
    let one = points(&store, "prompt:triage", "confidence").await;
    assert_eq!(one.judged.len(), 2);
    assert_eq!(one.prompt.unwrap().response.min_confidence, Some(0.8));
}

#[tokio::test]
async fn where_a_least_score_decides_the_weights_are_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let mut prompt = sentiment();
    prompt.response.min_score = Some(0.6);
    let scored = |confidence, latency, weight| {
        let mut quality = Quality { min_score: Some(0.6), ..quality(Some(confidence), latency) };
        quality.verdicts[1].weight = weight;
        quality
    };
    put(&store, 1, &prompt, Some("triage"), Some(scored(0.5, 500.0, 1.0)));
    put(&store, 2, &prompt, Some("triage"), Some(scored(0.5, 500.0, 0.5)));
    put(&store, 3, &prompt, Some("triage"), Some(scored(0.9, 3000.0, 1.0)));
    assert_eq!(
        values(&points(&store, "", "confidence").await),
        [(Some(0.5), true, true), (Some(0.5), false, true), (Some(0.9), false, false)]
    );
}

#[tokio::test]
async fn the_rows_in_sight_are_read_by_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    put(&store, 1, &sentiment(), Some("triage"), Some(quality(Some(0.9), 500.0)));
    let seq = points(&store, "", "confidence").await.judged[0].seq;
    let StoreReply::Entries(rows) = store.ask(StoreRequest::Entries(vec![seq + 1, seq])).await.unwrap() else {
        panic!("no rows")
    };
    assert_eq!(rows.iter().map(|row| (row.run, row.answer.as_str())).collect::<Vec<_>>(), [(run_id(1), "answer 1")]);
    let empty = tempfile::tempdir().unwrap();
    let store = store_in(empty.path());
    assert_eq!(store.ask(StoreRequest::Entries(vec![1])).await.unwrap(), StoreReply::Entries(Vec::new()));
    assert_eq!(points(&store, "", "confidence").await.rule, "confidence");
}

const FILE: &str = "# labels a message
system = \"Label it.\"   # short

[response]
confidence = \"/c\"
min_confidence = 0.7 # agreed on

[[check]]
type = \"latency\"
threshold = 2000
";

#[tokio::test]
async fn a_threshold_is_written_to_the_file_and_nothing_else_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let file = places_in(dir.path()).config.join("prompts/triage.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, FILE).unwrap();
    let StoreReply::PromptFile(found) = store.ask(StoreRequest::PromptFile("triage".to_owned())).await.unwrap() else {
        panic!("no file")
    };
    assert_eq!(found.found.map(|found| (found.path, found.prompt.checks)), Some((file.clone(), sentiment().checks)));
    let set = |rule: &str, before: Option<f64>, value: f64| {
        let new = NewThreshold { name: "triage".to_owned(), rule: rule.to_owned(), before, value };
        store.ask(StoreRequest::SetThreshold(Box::new(new)))
    };
    let StoreReply::ThresholdSet(written) = set("confidence", Some(0.7), 0.85).await.unwrap() else {
        panic!("not set")
    };
    assert_eq!(written.found.unwrap().prompt.response.min_confidence, Some(0.85));
    set("latency", Some(2000.0), 1500.0).await.unwrap();
    let want = FILE.replace("= 0.7 #", "= 0.85 #").replace("2000", "1500");
    assert_eq!(fs::read_to_string(&file).unwrap(), want);
    for (rule, before, says) in [
        ("confidence", Some(0.7), "is another one by now: its confidence is 0.85; look at it again before you write"),
        ("cost", None, "the prompt has no threshold `cost`; it has `confidence`, `latency`"),
    ] {
        let error = set(rule, before, 0.5).await.unwrap_err().message;
        assert!(without(dir.path(), &error).starts_with("config/prompts/triage.toml"), "{error}");
        assert!(error.ends_with(says), "{error}");
    }
    let error = set("confidence", Some(0.85), 1.5).await.unwrap_err().message;
    assert!(error.contains("min_confidence"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), want);
}

#[tokio::test]
async fn a_prompt_without_a_file_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for name in ["sentiment", "no such", "../x"] {
        let answer = store.ask(StoreRequest::PromptFile(name.to_owned())).await.unwrap();
        assert_eq!(answer, StoreReply::PromptFile(Box::new(PromptFile { name: name.to_owned(), found: None })));
    }
    let new = NewThreshold { name: "gone".to_owned(), rule: "confidence".to_owned(), before: None, value: 0.5 };
    let error = store.ask(StoreRequest::SetThreshold(Box::new(new))).await.unwrap_err().message;
    assert!(error.starts_with("no file holds the prompt `gone` any more"), "{error}");
}
