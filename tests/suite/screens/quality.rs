//! The quality screen in every state.

use retort::{
    eval::{quality::QualityReport, stats::StatedAnswer},
    model::{RunStatus, Spent, error::StoreError, query::Vocabulary},
    store::api::{StatedAnswers, StoreReply, StoreRequest},
};

use super::*;
use crate::support::quality::{folded, report};

/// The sizes at which the states are looked at.
const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (200, 50)];

fn asks(job: &StoreRequest) -> bool {
    matches!(job, StoreRequest::Report(_))
}

fn opened(report: QualityReport) -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("alt-4").screen(120, 40);
    stage.answer(asks, StoreReply::Report(Box::new(report)));
    stage
}

#[test]
fn the_report() {
    let mut stage = opened(report());
    snapshot_at("quality-report", &mut stage, &[(120, 40), (80, 24), (60, 16), (200, 50)]);
}

#[test]
fn what_answers_state_is_weighed() {
    let mut stage = opened(report());
    let asks = |job: &StoreRequest| matches!(job, StoreRequest::StatedAnswers { .. });
    let stated = |stage: &mut Stage, found| {
        stage.answer(asks, StoreReply::Stated(Box::new(found)));
    };
    stage.types("C");
    stated(&mut stage, StatedAnswers { unjudged: 7, ..StatedAnswers::default() });
    snapshot("calibration-ungraded", &mut stage);
    stage.types("t");
    let answer = |at: u32| {
        let (confidence, wrong) = [(0.95, 7), (0.9, 5), (0.8, 4), (0.6, 2)][at as usize % 4];
        StatedAnswer { confidence, right: !(at / 4).is_multiple_of(wrong) }
    };
    let answers = (0..160).map(answer).collect();
    stated(&mut stage, StatedAnswers { answers, unjudged: 3, unstated: 2 });
    snapshot("calibration", &mut stage);
}

#[test]
fn over_time() {
    let mut stage = opened(report());
    stage.keys("tab left left");
    snapshot_at("quality-trend", &mut stage, &SIZES);
}

#[test]
fn the_lines_of_a_grouping() {
    let mut stage = opened(report());
    stage.keys("right");
    stage.types("ss");
    snapshot_at("quality-models", &mut stage, &SIZES);
    stage.keys("left left");
    snapshot_at("quality-errors", &mut stage, &SIZES);
}

#[test]
fn the_lines_with_failures_alone() {
    let mut stage = opened(report());
    stage.types("f");
    snapshot_at("quality-failed", &mut stage, &SIZES);
}

#[test]
fn a_line_against_the_baseline() {
    let mut stage = opened(report());
    stage.keys("right b down");
    let comparison = crate::support::history::paired(14, 3, 83);
    stage.answer(|job| matches!(job, StoreRequest::ComparePaired { .. }), StoreReply::Compared(Box::new(comparison)));
    snapshot_at("quality-baseline", &mut stage, &SIZES);
}

#[test]
fn no_runs() {
    snapshot_at("quality-empty", &mut opened(folded(0..0, |_| {})), &SIZES);
}

#[test]
fn no_run_is_like_that() {
    let mut stage = opened(report());
    stage.keys("/").types("model:none").keys("enter");
    stage.answer(asks, StoreReply::Report(Box::new(folded(0..0, |_| {}))));
    snapshot_at("quality-none", &mut stage, &[(80, 24)]);
}

#[test]
fn a_demonstration_that_nothing_is_known_of() {
    let mut stage = opened(folded(0..3, |run| {
        (run.demo, run.status, run.compared) = (true, RunStatus::Unchecked, None);
        (run.spent, run.version, run.first_token) = (Spent::default(), None, None);
        (run.params, run.right) = (None, None);
        run.marks.clear();
    }));
    snapshot("quality-demo", &mut stage);
}

#[test]
fn a_query_with_a_mistake() {
    let mut stage = opened(report());
    stage.keys("/").types("since:7d modle:gpt");
    snapshot("quality-mistake", &mut stage);
}

#[test]
fn a_query_with_completion() {
    let mut stage = opened(report());
    let vocabulary = Vocabulary { checks: vec!["confidence".into(), "format".into()], ..Vocabulary::default() };
    stage.answer(|job| *job == StoreRequest::Vocabulary, StoreReply::Vocabulary(Box::new(vocabulary)));
    stage.keys("/").types("failed:");
    snapshot_at("quality-completion", &mut stage, &[(120, 40)]);
}

#[test]
fn reading() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("alt-4");
    snapshot("quality-reading", &mut stage);
}

#[test]
fn a_record_that_cannot_be_read() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("alt-4");
    stage.refuse(asks, StoreError::new("/home/sam/.local/share/retort/retort.db was written by a newer retort (form 9, this one knows 7); use that one"));
    snapshot_at("quality-fault", &mut stage, &[(80, 24)]);
}

#[test]
fn the_runs_behind_a_line() {
    let mut stage = opened(report());
    stage.keys("enter");
    let runs = crate::support::history::page("2026-06-12T09:30:00Z".parse().unwrap(), 1..=5, false);
    stage.answer(|job| matches!(job, StoreRequest::History { .. }), StoreReply::History(runs));
    snapshot_at("quality-runs", &mut stage, &[(80, 24)]);
}
