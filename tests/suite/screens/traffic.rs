//! The traffic screen in every state.

use retort::{
    app::Event,
    model::traffic::{LiveState, LiveTexts},
    store::api::{HistoryPage, StoreReply, StoreRequest},
};

use super::*;
use crate::{
    suite::flows::traffic::{BODY, call, live},
    support::history::page,
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
