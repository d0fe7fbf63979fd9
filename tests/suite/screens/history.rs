//! The history screen in every state.

use retort::{
    model::{Prompt, RunStatus, query::What},
    store::api::{Answers, HistoryPage, StoreReply, StoreRequest},
};

use super::*;
use crate::support::{
    history::{page, record},
    quality::review,
};

/// The sizes at which the states are looked at.
const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (200, 50)];

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
    let counts = [
        (None, 1234),
        (Some(What::Status(RunStatus::Failed)), 310),
        (Some(What::Status(RunStatus::Error)), 305),
        (Some(What::Graded(true)), 12),
    ];
    for (what, runs) in counts {
        let counts = |job: &StoreRequest| {
            let StoreRequest::CountRuns(query) = job else { return false };
            query.filters.first().map(|filter| &filter.what) == what.as_ref()
        };
        stage.answer(counts, StoreReply::Counted { runs, more: false });
    }
    sums(&mut stage, 0..1234);
    read(&mut stage, 40, 0.92);
    stage
}

/// Answers what the listed runs come to.
fn sums(stage: &mut Stage, numbers: std::ops::Range<i64>) {
    let reply = StoreReply::Review(Box::new(review(numbers, |_| {})));
    stage.answer(|job| matches!(job, StoreRequest::Review(query) if query.filters.iter().all(|filter| !matches!(filter.what, What::Until(_)))), reply);
}

#[test]
fn no_runs() {
    snapshot_at("history-empty", &mut opened(HistoryPage::default()), &SIZES);
}

#[test]
fn the_list() {
    snapshot_at("history-list", &mut listed(), &SIZES);
}

#[test]
fn the_failed_runs_alone() {
    let mut stage = listed();
    stage.types("f");
    // The page after the first one was asked for already, and is late.
    let late = StoreReply::History(HistoryPage::default());
    stage.answer(|job| matches!(job, StoreRequest::History { .. }), late);
    let mut failed = page(now(), 1..=40, false);
    failed.runs.retain(|run| run.status == Some(RunStatus::Failed));
    stage.answer(|job| matches!(job, StoreRequest::History { .. }), StoreReply::History(failed));
    sums(&mut stage, 0..310);
    snapshot_at("history-failed", &mut stage, &SIZES);
}

#[test]
fn no_run_is_like_that() {
    let mut stage = listed();
    stage.types("e");
    for _ in 0..2 {
        stage.answer(|job| matches!(job, StoreRequest::History { .. }), StoreReply::History(HistoryPage::default()));
    }
    snapshot_at("history-none", &mut stage, &[(80, 24)]);
}

#[test]
fn a_key_that_cannot_act() {
    let mut stage = opened(HistoryPage::default());
    stage.types("E");
    snapshot_at("history-refused", &mut stage, &[(80, 24)]);
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
    snapshot_at("history-run", &mut stage, &SIZES);
}

#[test]
fn two_runs_compared() {
    let mut stage = listed();
    stage.types("  d");
    read(&mut stage, 39, 0.55);
    read(&mut stage, 40, 0.92);
    snapshot_at("history-pair", &mut stage, &SIZES);
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
