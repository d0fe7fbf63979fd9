//! The history screen in every state.

use retort::{
    model::Prompt,
    store::api::{Answers, HistoryPage, StoreReply, StoreRequest},
};

use super::*;
use crate::support::history::{page, record};

fn now() -> jiff::Timestamp {
    "2026-06-12T09:30:00Z".parse().unwrap()
}

fn opened(runs: HistoryPage) -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("alt-3").screen(120, 40);
    stage.answer(|job| matches!(job, StoreRequest::History { .. }), StoreReply::History(runs));
    stage
}

fn read(stage: &mut Stage, number: u64, confidence: f64) {
    let answer = Outcome {
        quality: Some(judged(confidence)),
        ..answered("gpt-4o-mini", &ANSWER.replace("0.92", &confidence.to_string()), 940, 210, (212, 18))
    };
    let record = record(number, now() - jiff::SignedDuration::from_mins(3), answer);
    let run = record.run;
    stage.answer(|job| *job == StoreRequest::OpenRun(run), StoreReply::Run(Box::new(record)));
}

/// Forty runs, the newest under the cursor and read.
fn listed() -> Stage {
    let mut stage = opened(page(now(), 1..=40, true));
    stage.answer(|job| matches!(job, StoreRequest::CountRuns(_)), StoreReply::Counted { runs: 1234, more: false });
    read(&mut stage, 40, 0.92);
    stage
}

#[test]
fn no_runs() {
    snapshot("history-empty", &mut opened(HistoryPage::default()));
}

#[test]
fn the_list() {
    snapshot("history-list", &mut listed());
}

#[test]
fn a_query_with_a_mistake() {
    let mut stage = listed();
    stage.keys("/").types("parcel cost:dear");
    snapshot("history-mistake", &mut stage);
}

#[test]
fn a_query_with_completion() {
    let mut stage = listed();
    stage.keys("/").types("verdict:failed s");
    snapshot("history-completion", &mut stage);
}

#[test]
fn a_run() {
    let mut stage = listed();
    stage.keys("enter");
    snapshot("history-run", &mut stage);
}

#[test]
fn two_runs_compared() {
    let mut stage = listed();
    stage.types("  d");
    read(&mut stage, 39, 0.55);
    read(&mut stage, 40, 0.92);
    snapshot("history-pair", &mut stage);
}

#[test]
fn the_columns() {
    let mut stage = listed();
    stage.types("C");
    snapshot("history-columns", &mut stage);
}

#[test]
fn answers_to_be_judged_again() {
    let mut stage = listed();
    stage.types("J");
    let lot = |prompt: Option<&str>, answers| Answers { prompt: prompt.map(str::to_owned), answers };
    let lots = vec![lot(Some("sentiment"), 1180), lot(Some("triage"), 42), lot(None, 12)];
    stage.answer(|job| matches!(job, StoreRequest::CountAnswers(_)), StoreReply::Answers(lots));
    for name in ["sentiment", "triage"] {
        let reply = StoreReply::Prompt { name: name.to_owned(), prompt: Box::new(Prompt::default()), file: None };
        stage.answer(|job| *job == StoreRequest::OpenPrompt(name.to_owned()), reply);
    }
    snapshot("history-score", &mut stage);
}
