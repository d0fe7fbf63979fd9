//! What the screens show of one kind of run against another.

use retort::store::api::{StoreReply, StoreRequest};

use super::*;
use crate::support::history::{page, paired, record, sent_with};

fn weighs(stage: &mut Stage, fixed: u64, broken: u64, unchanged: u64) {
    stage.answer(
        |job| matches!(job, StoreRequest::ComparePaired { .. }),
        StoreReply::Compared(Box::new(paired(fixed, broken, unchanged))),
    );
}

/// Three lanes that have answered and are compared.
fn compared() -> Stage {
    let mut stage = done();
    stage.keys("answers d").screen(120, 40);
    stage
}

#[test]
fn lanes_against_the_baseline() {
    let mut stage = compared();
    weighs(&mut stage, 14, 3, 83);
    weighs(&mut stage, 1, 0, 0);
    snapshot_at("paired-lanes", &mut stage, &[(120, 40), (80, 24), (200, 60)]);
}

#[test]
fn a_lane_with_little_evidence() {
    let mut stage = compared();
    weighs(&mut stage, 0, 1, 0);
    weighs(&mut stage, 6, 4, 50);
    snapshot_at("paired-lanes-little", &mut stage, &[(120, 40), (200, 60)]);
}

/// The two newest runs compared, made with two temperatures.
fn pair(newer: f64) -> Stage {
    let now: jiff::Timestamp = "2026-06-12T09:30:00Z".parse().unwrap();
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("alt-3").screen(120, 40);
    stage.answer(|job| matches!(job, StoreRequest::History { .. }), StoreReply::History(page(now, 1..=40, false)));
    stage.types("  d");
    for (number, temperature) in [(39, 0.2), (40, newer)] {
        let answer = Outcome {
            quality: Some(judged(0.92)),
            ..answered("gpt-4o-mini", &ANSWER.replace("0.92", &temperature.to_string()), 940, 210, (212, 18))
        };
        let record = record(number, now - jiff::SignedDuration::from_mins(3), answer);
        let record = sent_with(temperature, record);
        let run = record.run;
        stage.answer(|job| *job == StoreRequest::OpenRun(run), StoreReply::Run(Box::new(record)));
    }
    stage
}

#[test]
fn two_runs_of_two_kinds() {
    let mut stage = pair(0.7);
    snapshot_at("paired-pair-asked", &mut stage, &[(120, 40)]);
    weighs(&mut stage, 3, 14, 83);
    snapshot("paired-pair", &mut stage);
}

#[test]
fn two_runs_of_one_kind() {
    snapshot_at("paired-pair-alike", &mut pair(0.2), &[(120, 40)]);
}
