//! Why an answer failed: in the lane, and in the X-ray.

use retort::{
    model::{CallError, ErrorKind, Outcome, Quality, Rule, Status, Verdict},
    pipeline::event::{Lookup, NextStep, RunEvent},
};

use super::{snapshot_at, text};
use crate::support::stage::{Stage, answered, rate_limited, retry_in};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

const BUG: &str = r#"{
  "severity": "urgent",
  "component": "export",
  "summary": "Export button does nothing in Firefox",
  "confidence": 0.71
}"#;

fn verdicts() -> Vec<Verdict> {
    let at = |pointer: &str, verdict| Verdict { at: Some(pointer.to_owned()), ..verdict };
    vec![
        Verdict::new(Rule::Format, Status::Passed, "a JSON object"),
        at(
            "/severity",
            Verdict::new(Rule::Schema, Status::Failed, "/severity: \"urgent\" is not one of 4 allowed values"),
        ),
        Verdict::new(Rule::Required, Status::Passed, "filled: severity, component, summary, confidence"),
        at(
            "/confidence",
            Verdict { score: Some(0.71), ..Verdict::new(Rule::Confidence, Status::Failed, "0.71 < minimum 0.80") },
        ),
        Verdict::new(Rule::Completeness, Status::Passed, "4 of 4 fields, 1.00 ≥ 1.00"),
    ]
}

/// A lane whose answer came at the second attempt and was judged so.
fn judged(verdicts: Vec<Verdict>) -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.run().wait(2).begins("gpt-4o-mini").wait(210).tell("gpt-4o-mini", retry_in(1, rate_limited(4), 4));
    stage.wait(4000).attempt("gpt-4o-mini", 2, "gpt-4o-mini").wait(300);
    let headers = RunEvent::Headers { attempt: 2, status: 200, request_id: Some("req_8f2c".to_owned()) };
    stage.tell("gpt-4o-mini", headers).wait(10).says("gpt-4o-mini", 2, BUG).wait(630);
    let outcome = Outcome { quality: Some(Quality::of(verdicts)), ..answered("gpt-4o-mini", BUG, 940, 310, (176, 41)) };
    stage.ends("gpt-4o-mini", outcome);
    stage.keys("answers");
    stage
}

#[test]
fn failures_come_first_and_whole() {
    snapshot_at("lane-failing", &mut judged(verdicts()), &SIZES);
    let many: Vec<Verdict> = (0..12)
        .map(|at| {
            let reason =
                format!("the answer does not contain the phrase number {at}, which the data set asks for in this row");
            Verdict::new(Rule::Check("contains".to_owned()), Status::Failed, reason)
        })
        .collect();
    snapshot_at("lane-failing-much", &mut judged(many), &SIZES);
    let inconclusive = vec![
        Verdict::new(Rule::Format, Status::Passed, "a JSON object"),
        Verdict::new(Rule::Check("llm-rubric".to_owned()), Status::Inconclusive, "the judge did not answer"),
    ];
    let mut stage = judged(inconclusive);
    snapshot_at("lane-inconclusive", &mut stage, &SIZES);
    let screen = text(&stage.screen(120, 40));
    assert!(screen.contains("○ 1/2") && !screen.contains("✓ 1/2"), "{screen}");
}

#[test]
fn that_checks_failed_is_said_at_every_size() {
    for (width, height) in [(60, 16), (80, 24), (100, 28), (120, 40), (200, 50)] {
        let screen = text(&judged(verdicts()).screen(width, height));
        assert!(screen.contains("✗ 3/5"), "{width}×{height}: {screen}");
        assert!(screen.contains("✗ 2 of 5 checks failed"), "{width}×{height}: {screen}");
    }
}

#[test]
fn each_tab_of_the_xray() {
    let mut stage = judged(verdicts());
    stage.keys("o");
    for tab in ["timeline", "request", "response", "checks", "judge"] {
        snapshot_at(&format!("xray-{tab}"), &mut stage, &SIZES);
        stage.keys("tab");
    }
}

#[test]
fn a_run_under_way_and_one_that_waits() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    snapshot_at("xray-before", stage.keys("answers o"), &SIZES);
    stage.keys("esc").run().wait(2).begins("gpt-4o-mini").wait(210);
    stage.tell("gpt-4o-mini", retry_in(1, rate_limited(4), 4)).wait(1000);
    snapshot_at("xray-waiting", stage.keys("o"), &SIZES);
    snapshot_at("lane-waiting", stage.keys("esc"), &SIZES);
}

#[test]
fn a_run_that_failed_on_every_model() {
    let mut stage = super::troubled();
    snapshot_at("xray-troubled", stage.keys("answers o"), &SIZES);
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.run().tell("gpt-4o-mini", RunEvent::Cache { lookup: Lookup::Miss });
    stage.attempt("gpt-4o-mini", 1, "gpt-4o-mini").wait(80);
    let down = CallError::new(ErrorKind::Transient, "connection refused by 127.0.0.1:8080");
    let next = NextStep::NextModel { to: "gpt-4".to_owned() };
    stage.tell("gpt-4o-mini", RunEvent::AttemptFailed { attempt: 1, error: down.clone(), next });
    stage.attempt("gpt-4o-mini", 2, "gpt-4").wait(120);
    let failed = crate::support::stage::failed("gpt-4o-mini", vec![("gpt-4o-mini", down.clone()), ("gpt-4", down)]);
    stage.ends("gpt-4o-mini", failed);
    snapshot_at("xray-failed", stage.keys("answers o"), &SIZES);
}
