//! The traffic screen in every state.

use retort::{
    app::Event,
    model::VersionId,
    model::traffic::{FailRule, LiveState, LiveTexts, LiveTraffic},
    store::api::{HistoryPage, StoreReply, StoreRequest},
};

use super::*;
use crate::{
    suite::flows::traffic::{BODY, call, live},
    support::{
        bench::outcome,
        history::{page, record},
    },
};

/// The sizes at which the states are looked at.
const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (200, 50)];

fn opened(runs: HistoryPage) -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("alt-5").screen(120, 40);
    stage.answer(|job| matches!(job, StoreRequest::History { .. }), StoreReply::History(runs));
    stage
}

fn listed() -> Stage {
    let now = "2026-06-12T09:30:00Z".parse().unwrap();
    let mut stage = opened(page(now, 1..=12, false));
    let calls = vec![
        call(1, LiveState::Over, Some(200)),
        call(2, LiveState::Over, Some(429)),
        call(3, LiveState::Running, None),
        call(4, LiveState::Held, None),
    ];
    stage.send(live(1, Some("order"), calls));
    stage.answer(|job| matches!(job, StoreRequest::History { .. }), StoreReply::History(page(now, 1..=12, false)));
    let response = "data: {\"choices\":[{\"delta\":{\"content\":\"It is on its way\"}}]}".to_owned();
    stage.send(Event::TrafficTexts(4, LiveTexts { request: BODY.to_owned(), response, cut: false }));
    stage
}

#[test]
fn no_endpoint() {
    let mut stage = opened(HistoryPage::default());
    stage.send(Event::Traffic(Err("no endpoint answers programs: `retort serve` starts one".to_owned())));
    snapshot_at("traffic-none", &mut stage, &SIZES);
}

#[test]
fn calls_as_they_come() {
    snapshot_at("traffic-list", &mut listed(), &SIZES);
}

#[test]
fn a_call_is_read() {
    let mut stage = listed();
    stage.keys("enter");
    snapshot_at("traffic-call", &mut stage, &SIZES);
}

#[test]
fn a_text_whose_calls_are_held_is_typed() {
    let mut stage = listed();
    stage.send(live(2, None, vec![call(3, LiveState::Running, None)]));
    stage.keys("p").types("refund");
    snapshot_at("traffic-hold", &mut stage, &SIZES);
}

#[test]
fn a_rule_by_which_calls_fail_is_typed_and_shown() {
    let mut stage = listed();
    stage.keys("X").types("429 next 2 refund");
    snapshot_at("traffic-fail", &mut stage, &SIZES);
    stage.keys("enter");
    let rule = FailRule { status: 429, next: Some(2), text: "refund".to_owned() };
    let calls = vec![call(3, LiveState::Held, None)];
    let live = LiveTraffic { revision: 2, hold: Some("order".to_owned()), fail: Some(rule), calls };
    stage.send(Event::Traffic(Ok(live)));
    snapshot_at("traffic-fails", &mut stage, &SIZES);
}

#[test]
fn a_data_set_for_rows_is_named() {
    let mut stage = opened(page("2026-06-12T09:30:00Z".parse().unwrap(), 1..=3, false));
    stage.send(live(1, None, Vec::new()));
    stage.keys("space D");
    snapshot_at("traffic-rows", &mut stage, &[(120, 40), (80, 24)]);
}

#[test]
fn a_guessed_template_is_looked_at() {
    let now = "2026-06-12T09:30:00Z".parse().unwrap();
    let mut runs = page(now, 1..=3, false);
    for run in &mut runs.runs {
        run.version = Some(VersionId("7".repeat(64)));
    }
    let mut stage = opened(runs);
    stage.send(live(1, None, Vec::new()));
    stage.keys("E");
    for (number, text) in [(3, "broken link"), (2, "lost parcel"), (1, "slow export")] {
        let mut run = record(number, now, outcome("{}"));
        "{{ input }}".clone_into(&mut run.prompt.user);
        run.input.text = format!("Summarise this ticket:\n\na {text}\n\nAnswer in JSON.");
        stage.answer(|job| matches!(job, StoreRequest::OpenRun(_)), StoreReply::Run(Box::new(run)));
    }
    snapshot_at("traffic-template", &mut stage, &SIZES);
    stage.types("{{ x | upper }}");
    snapshot_at("traffic-template-wrong", &mut stage, &[(80, 24)]);
}
