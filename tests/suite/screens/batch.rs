//! The batch screen in every state.

use retort::{
    app::event::BatchPreviewView,
    model::{CallError, ErrorKind, Expected, Outcome, Quality, batch::Cap, dataset::RowText},
    pipeline::batch::{BatchEnd, BatchEvent},
    store::api::{BatchEntry, CellRow, StoreReply, StoreRequest},
};

use super::*;
use crate::support::batch::{filled, place, planned, record, row, spec};

const TARGETS: [&str; 2] = ["gpt-4o-mini", "claude-haiku-4-5"];

fn said(target: &str, confidence: f64, millis: u64) -> (Outcome, Option<Quality>) {
    let text = ANSWER.replace("0.92", &confidence.to_string());
    (answered(target, &text, millis, 200, (212, 18)), Some(judged(confidence)))
}

fn broken(target: &str) -> (Outcome, Option<Quality>) {
    (failed(target, vec![(target, CallError::new(ErrorKind::Overloaded, "the server is overloaded"))]), None)
}

fn cell(number: u64, target: u32, (outcome, quality): (Outcome, Option<Quality>)) -> BatchEvent {
    filled(place(number, target), outcome, quality)
}

/// What is found in the data set of these tests.
fn found(columns: &[&str]) -> BatchPreviewView {
    let mut found = planned(columns, 40);
    found.preview.rows = (1..=4).map(row).collect();
    found.suggested = columns.contains(&"expected").then_some(Expected::Fields);
    found
}

/// The form of a batch, filled in.
fn form() -> Stage {
    let mut stage = Stage::open(&TARGETS);
    stage.screen(80, 24);
    stage.keys("2");
    stage.answer(|job| matches!(job, StoreRequest::Batches { .. }), StoreReply::Batches(Vec::new()));
    stage.keys("n").types("data/messages.csv").plans(found(&["text", "expected"])).plans(found(&["text", "expected"]));
    stage
}

/// A batch under way: some cells done, one failed, one without an answer, two asked just now.
fn running() -> Stage {
    let mut stage = form();
    stage.keys("f5");
    stage.rows((1..=40).map(|number| RowText::of(&row(number))).collect());
    stage.batch(vec![BatchEvent::Rows { read: 40, all: true }]);
    stage.batch((1..=6).map(|number| BatchEvent::Started { place: place(number, number as u32 % 2) }).collect());
    stage.wait(2000).batch(vec![
        cell(1, 0, said("gpt-4o-mini", 0.92, 940)),
        cell(1, 1, said("claude-haiku-4-5", 0.55, 1300)),
        cell(2, 0, said("gpt-4o-mini", 0.81, 700)),
        cell(2, 1, broken("claude-haiku-4-5")),
        cell(3, 0, said("gpt-4o-mini", 0.95, 2100)),
    ]);
    stage
}

fn over() -> Stage {
    let mut stage = running();
    stage.batch((3..=40).map(|number| cell(number, 1, said("claude-haiku-4-5", 0.9, 800))).collect());
    stage.batch((4..=40).map(|number| cell(number, 0, said("gpt-4o-mini", 0.9, 900))).collect());
    stage.wait(1000).batch(vec![BatchEvent::Ended { end: BatchEnd::Complete }]);
    stage
}

#[test]
fn a_batch_is_set_up() {
    let mut stage = Stage::open(&TARGETS);
    stage.screen(80, 24);
    stage.keys("2");
    stage.answer(|job| matches!(job, StoreRequest::Batches { .. }), StoreReply::Batches(Vec::new()));
    snapshot("batch-empty", &mut stage);
    let mut stage = form();
    snapshot_at("batch-form", &mut stage, &[(120, 40), (80, 24), (200, 50)]);
    stage.keys("down down down right right").plans(found(&["Message", "expected"]));
    snapshot("batch-form-open-variable", &mut stage);
}

#[test]
fn a_batch_runs() {
    let mut stage = running();
    snapshot_at("batch-running", &mut stage, &[(120, 40), (80, 24), (200, 50)]);
    stage.batch(vec![BatchEvent::Paused {
        why: "the projection of $0.0712 passes the cap of $0.0500".to_owned(),
        cap: Some(Cap::Cost),
    }]);
    snapshot_at("batch-paused", &mut stage, &[(80, 24)]);
    stage.keys("alt-1");
    let title = text(&stage.screen(120, 40)).lines().next().unwrap().to_owned();
    assert!(title.contains("Batch 5/80 paused ✗1 !1"), "{title}");
}

#[test]
fn a_batch_waits_for_a_limit_of_the_provider() {
    let mut stage = running();
    let why = "OPENAI_API_KEY is rate limited until 2026-11-22 12:00:20 UTC, and goes on then";
    stage.batch(vec![BatchEvent::Paused { why: why.to_owned(), cap: None }]);
    snapshot_at("batch-limited", &mut stage, &[(120, 40), (80, 24)]);
}

#[test]
fn a_batch_is_over() {
    let mut stage = over();
    snapshot_at("batch-over", &mut stage, &[(120, 40), (80, 24), (200, 50)]);
    stage.keys("f");
    snapshot("batch-all", &mut stage);
    stage.keys("/ ").types("parcel");
    snapshot_at("batch-filter", &mut stage, &[(80, 24)]);
}

/// Answers the run of the cell under the cursor, that of the first row.
fn preview(stage: &mut Stage, target: u32) {
    let (outcome, quality) = said(TARGETS[target as usize], 0.55, 1300);
    let record = Box::new(record(place(1, target), outcome, quality));
    stage.answer(|job| matches!(job, StoreRequest::OpenRun(_)), StoreReply::Run(record));
}

#[test]
fn a_batch_that_was_stopped_says_how_to_go_on() {
    let mut stage = running();
    stage.batch(vec![BatchEvent::Ended { end: BatchEnd::Stopped }]);
    snapshot_at("batch-stopped", &mut stage, &[(80, 24)]);
}

#[test]
fn a_batch_of_one_model_has_a_column_for_each_field_where_there_is_room() {
    let mut stage = Stage::open(&TARGETS[..1]);
    stage.screen(80, 24);
    stage.keys("2 n").types("rows.csv").plans(found(&["text", "expected"])).plans(found(&["text", "expected"]));
    stage.keys("f5").batch(vec![BatchEvent::Rows { read: 4, all: true }]);
    stage.batch((1..=4).map(|number| cell(number, 0, said(TARGETS[0], 0.9, 900))).collect());
    snapshot_at("batch-fields", &mut stage, &[(200, 50)]);
}

#[test]
fn a_cell_is_looked_at() {
    let mut stage = over();
    stage.keys("esc");
    preview(&mut stage, 0);
    snapshot("batch-preview", &mut stage);
    stage.keys("l enter");
    let (outcome, quality) = said("claude-haiku-4-5", 0.55, 1300);
    let record = Box::new(record(place(1, 1), outcome, quality));
    stage.answer(|job| matches!(job, StoreRequest::OpenRun(_)), StoreReply::Run(record));
    snapshot("batch-cell", &mut stage);
    stage.keys("d");
    snapshot("batch-cell-expected", &mut stage);
}

/// A job that a provider is at.
fn job() -> retort::model::remote_job::RemoteJob {
    serde_json::from_value(serde_json::json!({
        "version": 1, "id": "3f2a9c1e", "way": "openai-batch", "batch": uuid::Uuid::from_u128(3), "name": "messages.csv",
        "made": "2026-06-12T06:30:00Z", "round": 1, "built": true,
        "parts": [{ "number": 1, "round": 1, "target": "a", "provider": "openai", "model": "m", "lines": 80, "bytes": 9000,
                    "tokens": 2000, "step": "running", "id": "batch_1",
                    "reported": { "word": "in_progress", "counts": [31, 1, 80], "expires": "2026-06-13T06:30:00Z",
                              "at": "2026-06-12T09:20:00Z" } }],
    }))
    .unwrap()
}

#[test]
fn batches_on_record_are_listed_and_compared_with() {
    let entry = |hours: i64, end: Option<&str>| BatchEntry {
        id: retort::model::BatchId(uuid::Uuid::from_u128(hours as u128)),
        spec: spec(&TARGETS),
        started: "2026-06-12T09:30:00Z".parse::<jiff::Timestamp>().unwrap() - jiff::SignedDuration::from_hours(hours),
        name: "messages.csv".to_owned(),
        end: end.map(str::to_owned),
        ended: None,
        why: None,
        gates: Vec::new(),
        cells: 80,
        answered: 80,
        failed: 0,
        running: false,
        job: None,
    };
    let broken = BatchEntry { answered: 71, failed: 12, ..entry(2, Some("capped")) };
    let at_provider = BatchEntry { job: Some(Box::new(job())), cells: 0, answered: 0, ..entry(3, Some("stopped")) };
    let entries = vec![entry(1, None), broken, at_provider, entry(30, Some("complete"))];
    let mut stage = Stage::open(&TARGETS);
    stage.screen(80, 24);
    stage.keys("2").answer(|job| matches!(job, StoreRequest::Batches { .. }), StoreReply::Batches(entries.clone()));
    snapshot("batch-list", &mut stage);
    let mut stage = over();
    stage.keys("b").answer(|job| matches!(job, StoreRequest::Batches { .. }), StoreReply::Batches(entries));
    stage.keys("enter");
    let before = |number: u64, target: u32| {
        let BatchEvent::Cell { cell, .. } = cell(number, target, said(TARGETS[target as usize], 0.9, 700)) else {
            panic!()
        };
        CellRow { cell: *cell, fingerprint: 0, seq: 1 }
    };
    let cells = (1..=40).flat_map(|number| [before(number, 0), before(number, 1)]).collect();
    stage.answer(|job| matches!(job, StoreRequest::Cells { .. }), StoreReply::Cells(cells));
    snapshot_at("batch-changed", &mut stage, &[(120, 40)]);
}

#[test]
fn a_gate_on_an_earlier_batch_says_whether_this_one_is_worse() {
    let mut stage = over();
    let shown = stage.app.batch.shown.as_mut().unwrap();
    (shown.gates.not_worse, shown.gates.pass_rate) = (true, Some(0.95));
    let entry = BatchEntry {
        id: retort::model::BatchId(uuid::Uuid::from_u128(9)),
        spec: spec(&TARGETS),
        started: "2026-06-11T09:30:00Z".parse().unwrap(),
        name: "messages.csv".to_owned(),
        end: Some("capped".to_owned()),
        ended: Some("2026-06-11T09:40:00Z".parse().unwrap()),
        job: None,
        why: Some(
            "the cost limit of $0.50 is reached: 71 of 80 cells were asked, and the next would have passed it"
                .to_owned(),
        ),
        gates: vec![
            retort::eval::Gate { reached: false, words: "pass rate 88.7% < 95.0%".to_owned() },
            retort::eval::Gate { reached: true, words: "errors 0 ≤ 3".to_owned() },
        ],
        cells: 71,
        answered: 71,
        failed: 8,
        running: false,
    };
    stage.keys("b").answer(|job| matches!(job, StoreRequest::Batches { .. }), StoreReply::Batches(vec![entry]));
    snapshot("batch-compare-with", &mut stage);
    stage.keys("enter");
    let before = |number: u64, target: u32| {
        let BatchEvent::Cell { cell, .. } = cell(number, target, said(TARGETS[target as usize], 0.9, 700)) else {
            panic!()
        };
        CellRow { cell: *cell, fingerprint: 0, seq: 1 }
    };
    let cells = (1..=40).flat_map(|number| [before(number, 0), before(number, 1)]).collect();
    stage.answer(|job| matches!(job, StoreRequest::Cells { .. }), StoreReply::Cells(cells));
    snapshot("batch-not-worse", &mut stage);
}

#[test]
fn a_threshold_is_moved_over_the_answers_of_a_batch() {
    let mut stage = over();
    let shown = stage.app.batch.shown.as_mut().unwrap();
    (shown.id, shown.gates.pass_rate) = (Some(retort::model::BatchId(uuid::Uuid::from_u128(3))), Some(0.9));
    stage.keys("w");
    let number = |place: retort::model::CellIndex| place.row.cast_signed() * 2 + i64::from(place.target);
    let rows: Vec<CellRow> = stage
        .app
        .batch
        .shown
        .as_ref()
        .unwrap()
        .grid
        .all()
        .map(|cell| {
            let seq = number(cell.place);
            CellRow { cell, fingerprint: 0, seq }
        })
        .collect();
    let measured = |row: &CellRow| retort::eval::whatif::Measured {
        seq: row.seq,
        value: Some(if row.seq == 3 { 0.55 } else { 0.7 + (row.seq * 7 % 30) as f64 / 100.0 }),
        decides: true,
        rest: row.cell.status.word() != "error",
        right: (row.seq % 6 == 0).then_some(row.seq * 7 % 30 > 8),
        scores: None,
    };
    let judged = rows.iter().filter(|row| row.cell.status.word() != "error").map(measured).collect();
    stage.answer(|job| matches!(job, StoreRequest::Cells { .. }), StoreReply::Cells(rows));
    let found = retort::store::api::Points { judged, ..crate::support::points::points("confidence", false) };
    stage.answer(|job| matches!(job, StoreRequest::Points { .. }), StoreReply::Points(Box::new(found)));
    stage.answer(|job| matches!(job, StoreRequest::PromptFile(_)), crate::support::points::file());
    stage.keys(". . . .");
    snapshot("batch-what-if", &mut stage);
}

#[test]
fn the_limits_of_a_running_batch() {
    let mut stage = running();
    stage.keys("L").types("1.50");
    snapshot("batch-limits", &mut stage);
}

#[test]
fn a_batch_is_readable_without_colour_and_without_unicode() {
    let mut stage = over();
    stage.look(false, false);
    for keys in ["", "f", "esc", "l enter"] {
        let screen = text(&stage.keys(keys).screen(120, 40));
        let foreign = screen.lines().filter(|line| !line.contains('日')).collect::<String>();
        assert!(foreign.is_ascii(), "{foreign}");
    }
}

#[test]
fn no_screen_is_too_small_for_a_batch() {
    for make in [form, running, over] {
        let mut stage = make();
        for keys in ["", "enter", "d"] {
            stage.keys(keys);
            for width in [0, 1, 7, 60, 61, 100, 300] {
                for height in [0, 1, 5, 16, 17, 28, 90] {
                    stage.screen(width, height);
                }
            }
        }
    }
}
