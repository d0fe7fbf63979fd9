//! A batch of a hundred thousand rows on the screen: its frames, and what a finished cell costs.

use std::{sync::Arc, time::Duration};

use divan::Bencher;
use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, layout::Rect};
use retort::{
    app::{
        Action, App, Effect, Event, Now, Ticket,
        action::{GlobalAction, Verb},
        batch::{
            run_state::{BatchState, ShownBatch},
            setup::request,
        },
    },
    model::{
        CellIndex, Cost, DatasetRow, Input, Outcome, PicoDollars, Prompt, RunId, RunStatus,
        batch::{BatchLimits, BatchSpec, Cell},
        outcome::{Provenance, Timing},
        run_end::RunEnd,
    },
    pipeline::batch::{BatchEvent, budget::BatchBudget},
    widgets::motion::Motion,
};

use super::workbench::demo_start;

const ROWS: u64 = 100_000;

const SCREEN: Rect = Rect::new(0, 0, 200, 60);

fn now() -> Now {
    Now { at: tokio::time::Instant::now().into_std(), time: Timestamp::UNIX_EPOCH }
}

fn cell(number: u64, target: u32) -> Cell {
    Cell {
        place: CellIndex { row: number, target, ..CellIndex::default() },
        run: RunId(uuid::Uuid::from_u128(u128::from(number))),
        end: "done".to_owned(),
        status: if number.is_multiple_of(7) { RunStatus::Failed } else { RunStatus::Passed },
        cut_off: false,
        score: Some(number as f64 % 100.0 / 100.0),
        class: None,
        cached: false,
        batched: false,
        tokens: Some(230),
        modalities: retort::model::ModalityTokens::default(),
        cost: Cost::Known(PicoDollars(45_000_000)),
        cache_saving: None,
        judging: None,
        took: Duration::from_millis(number % 3000),
        tokens_estimated: false,
        failed: Vec::new(),
        reason: None,
        tokens_partial: false,
        by_target: Vec::new(),
        waited: Duration::ZERO,
        summary: format!("{{\"sentiment\": \"negative\", \"confidence_score\": 0.{number}}}"),
    }
}

fn outcome() -> Outcome {
    Outcome {
        run: RunId(uuid::Uuid::nil()),
        end: RunEnd::Done,
        text: String::new(),
        reasoning: String::new(),
        json: None,
        requested: "demo".to_owned(),
        target: "demo".to_owned(),
        model: "demo".to_owned(),
        served: None,
        provenance: Provenance::Live,
        demo: true,
        attempts: 1,
        finish: None,
        usage: retort::model::Usage::default(),
        cost: Cost::Unknown,
        judging: None,
        cache_saving: None,
        by_attempt: Vec::new(),
        given_up: Vec::new(),
        calls: Vec::new(),
        rounds: Vec::new(),
        timing: Timing::default(),
        quality: None,
    }
}

fn row(number: u64) -> Arc<DatasetRow> {
    let input = Input::of(format!("Message {number}: my parcel never came, and nobody answers the telephone"));
    Arc::new(DatasetRow { number, input, ..DatasetRow::default() })
}

fn event(number: u64, target: u32) -> BatchEvent {
    BatchEvent::Cell { cell: Box::new(cell(number, target)), outcome: Box::new(outcome()), row: row(number) }
}

/// The screen of a batch under way whose first cells are finished.
fn screen() -> (App, Ticket) {
    let (mut app, _) = App::new(demo_start(), now());
    let spec = BatchSpec {
        name: "rows.csv".to_owned(),
        data: "rows.csv".to_owned(),
        prompts: vec![("p".to_owned(), Prompt::default())],
        targets: vec!["demo".to_owned(), "demo:slow".to_owned(), "demo:strange".to_owned()],
        samples: 1,
        mapping: std::collections::BTreeMap::new(),
        behind: std::collections::BTreeMap::new(),
        expected: retort::model::Expected::Auto,
        again: None,
        part: None,
    };
    let limits = BatchLimits { cost: Some(20.0), ..BatchLimits::default() };
    let ticket = Ticket(9_000_000);
    let mut shown = ShownBatch::new(request(spec, 64, limits, "s"), BatchState::Running);
    shown.ticket = Some(ticket);
    shown.budget = Some(BatchBudget::new(BatchLimits::default(), None, now().at.into()));
    app.batch.shown = Some(shown);
    app.update(Event::Do(GlobalAction::ScreenBatch.into()), now());
    let all = (1..=ROWS).flat_map(|number| (0..3).map(move |target| event(number, target)));
    app.update(Event::Batch(ticket, all.collect()), now());
    app.update(Event::Batch(ticket, vec![BatchEvent::Rows { read: ROWS, all: true }]), now());
    (app, ticket)
}

fn frames(bencher: Bencher<'_, '_>, keys: &[Action]) {
    let (mut app, ticket) = screen();
    for action in keys {
        app.update(Event::Do(*action), now());
    }
    let mut terminal = Terminal::new(TestBackend::new(SCREEN.width, SCREEN.height)).unwrap();
    let mut at = 0;
    bencher.bench_local(|| {
        at = at % ROWS + 1;
        app.update(Event::Batch(ticket, vec![event(at, 1)]), now());
        app.update(Event::Do(Motion::Down.into()), now());
        app.prepare(SCREEN, now());
        terminal.draw(|frame| retort::app::draw(&app, frame)).unwrap();
    });
}

/// A frame with the cursor moved and a cell finished, the rows as they are.
#[divan::bench]
fn a_frame_of_100k_rows(bencher: Bencher<'_, '_>) {
    frames(bencher, &[]);
}

/// The same, ordered by score and narrowed to what failed.
#[divan::bench]
fn a_frame_of_100k_rows_ordered(bencher: Bencher<'_, '_>) {
    frames(bencher, &[Action::Verb(Verb::OnlyFailed), Action::Verb(Verb::Sort), Action::Verb(Verb::Sort)]);
}

/// Ordering all rows by score, as a key asks for it.
#[divan::bench]
fn an_order_of_100k_rows(bencher: Bencher<'_, '_>) {
    let (mut app, _) = screen();
    app.update(Event::Do(Verb::Sort.into()), now());
    app.update(Event::Do(Verb::Sort.into()), now());
    bencher.bench_local(|| {
        app.update(Event::Do(Verb::TurnSort.into()), now());
        app.prepare(SCREEN, now());
    });
}

/// A thousand finished cells in one message, as they come in a second.
#[divan::bench]
fn a_thousand_cells(bencher: Bencher<'_, '_>) {
    let (mut app, ticket) = screen();
    bencher.with_inputs(|| (1..=1000).map(|number| event(number, 0)).collect::<Vec<_>>()).bench_local_values(
        |events| {
            let effects: Vec<Effect> = app.update(Event::Batch(ticket, events), now());
            effects.len()
        },
    );
}
