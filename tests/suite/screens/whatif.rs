//! The what-if of the quality screen in every state.

use retort::store::api::{Points, PromptFile, StoreReply, StoreRequest};

use super::*;
use crate::support::{
    points::{file, points, rows},
    quality::report,
};

fn now() -> jiff::Timestamp {
    "2026-06-12T09:30:00Z".parse().unwrap()
}

fn asks(job: &StoreRequest) -> bool {
    matches!(job, StoreRequest::Points { .. })
}

fn asked(points: Points) -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("alt-4").screen(120, 40);
    stage.answer(|job| matches!(job, StoreRequest::Report(_)), StoreReply::Report(Box::new(report())));
    stage.types("w");
    stage.answer(asks, StoreReply::Points(Box::new(points)));
    stage
}

fn opened(rule: &str, graded: bool, file: StoreReply) -> Stage {
    let mut stage = asked(points(rule, graded));
    stage.answer(|job| matches!(job, StoreRequest::PromptFile(_)), file);
    stage.screen(120, 40);
    stage
}

/// Reads the rows in sight.
fn read(stage: &mut Stage) {
    let all: Vec<i64> = (1..=200).collect();
    stage.answer(|job| matches!(job, StoreRequest::Entries(_)), StoreReply::Entries(rows(&all, now())));
}

#[test]
fn without_grades() {
    let mut stage = opened("confidence", false, file());
    read(&mut stage);
    snapshot("whatif-present", &mut stage);
    stage.keys("right right right");
    snapshot("whatif-stricter", &mut stage);
}

#[test]
fn with_grades() {
    let mut stage = opened("confidence", true, file());
    read(&mut stage);
    stage.keys("left left left");
    snapshot_at("whatif-graded", &mut stage, &[(120, 40), (80, 24), (60, 16), (200, 60)]);
}

#[test]
fn at_most() {
    let mut stage = opened("confidence", true, file());
    stage.keys("tab tab");
    stage.answer(asks, StoreReply::Points(Box::new(points("latency", true))));
    stage.answer(|job| matches!(job, StoreRequest::PromptFile(_)), file());
    stage.screen(120, 40);
    stage.keys("left left");
    read(&mut stage);
    snapshot_at("whatif-latency", &mut stage, &[(120, 40)]);
}

#[test]
fn the_question_before_it_is_written() {
    let mut stage = opened("confidence", false, file());
    read(&mut stage);
    stage.keys("left").types("W");
    snapshot("whatif-write", &mut stage);
}

#[test]
fn of_a_version_without_a_file() {
    let none = PromptFile { name: "sentiment".to_owned(), found: None };
    let mut stage = opened("confidence", false, StoreReply::PromptFile(Box::new(none)));
    read(&mut stage);
    snapshot_at("whatif-no-file", &mut stage, &[(80, 24)]);
}

#[test]
fn nothing_to_look_at() {
    snapshot("whatif-empty", &mut asked(Points::default()));
    let several = vec![(Some("sentiment".to_owned()), 1204), (Some("triage".to_owned()), 80), (None, 3)];
    let mut stage = asked(Points { prompts: several, ..Points::default() });
    snapshot("whatif-several", &mut stage);
    let bare = Points {
        prompts: vec![(None, 1)],
        prompt: Some(retort::model::Prompt::default()),
        ..points("confidence", false)
    };
    snapshot_at("whatif-stuck", &mut asked(bare), &[(80, 24)]);
}
