//! Batches for the workbench: what a data set gives, what cells come to.

use std::sync::Arc;

use retort::{
    app::event::BatchPreviewView,
    model::{
        CellIndex, Cost, DatasetRow, Input, Outcome, PicoDollars, Price, Quality, RunId,
        batch::{BatchSpec, Cell},
        dataset::{ColumnKind, DatasetColumn, DatasetFormat, DatasetPreview, MissingVariable},
    },
    pipeline::{
        batch::{
            BatchEvent,
            budget::{Estimate, Span},
        },
        ports::RunRecord,
    },
};

/// What is found in a data set with some columns.
pub(crate) fn planned(columns: &[&str], rows: u64) -> BatchPreviewView {
    let column = |name: &&str| DatasetColumn {
        name: (*name).to_owned(),
        kind: if *name == "id" { ColumnKind::Whole } else { ColumnKind::Text },
        example: if *name == "id" { "4711" } else { "My parcel never came and nobody answers" }.to_owned(),
        variable: None,
    };
    let given = columns.iter().any(|name| matches!(*name, "text" | "input"));
    let missing = MissingVariable { variable: "input".to_owned(), near: None };
    let mut estimate = Estimate::default();
    let price =
        Price { input: PicoDollars::per_million(0.15), output: PicoDollars::per_million(0.6), ..Price::default() };
    for _ in 0..rows {
        estimate.add(212, Span { low: 14, expected: 18, high: 41 }, Some(&price));
        estimate.add(212, Span { low: 14, expected: 18, high: 41 }, None);
    }
    estimate.from = 38;
    BatchPreviewView {
        preview: DatasetPreview {
            form: DatasetFormat::Csv,
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
            more: true,
        },
        missing: if given { Vec::new() } else { vec![missing] },
        rows: Some(rows),
        kept: 0,
        estimate,
        busy: Some(Span { low: 36_000, expected: 62_000, high: 140_000 }),
        suggested: None,
        note: None,
    }
}

/// A row of customers' messages.
pub(crate) fn row(number: u64) -> DatasetRow {
    let texts = [
        "My parcel never came and nobody answers",
        "Thanks, all fine",
        "日本語のメッセージです",
        "It broke\nafter a day",
    ];
    let text = texts[(number as usize - 1) % texts.len()];
    DatasetRow {
        number,
        input: Input {
            text: text.to_owned(),
            vars: [("expected".to_owned(), "{\"sentiment\":\"negative\"}".into())].into(),
            ..Input::default()
        },
        ..DatasetRow::default()
    }
}

pub(crate) fn place(row: u64, target: u32) -> CellIndex {
    CellIndex { row, target, ..CellIndex::default() }
}

/// A cell of an outcome, its run named after its place.
pub(crate) fn filled(place: CellIndex, mut outcome: Outcome, quality: Option<Quality>) -> BatchEvent {
    outcome.run = run(place);
    outcome.quality = quality;
    let cost = if outcome.usage.total().is_some() { Cost::Known(PicoDollars(45_000_000)) } else { Cost::NOTHING };
    let cell = Cell { cost, ..Cell::of(place, &outcome) };
    BatchEvent::Cell { cell: Box::new(cell), outcome: Box::new(outcome), row: Arc::new(row(place.row)) }
}

/// The run that fills a place.
pub(crate) fn run(place: CellIndex) -> RunId {
    let sample = u128::from(place.sample) << 16;
    RunId(uuid::Uuid::from_u128(u128::from(place.row) << 32 | sample | u128::from(place.target)))
}

/// What is on record of the run in a place.
pub(crate) fn record(place: CellIndex, mut outcome: Outcome, quality: Option<Quality>) -> RunRecord {
    outcome.run = run(place);
    outcome.quality = quality;
    RunRecord {
        run: run(place),
        started: "2026-06-12T09:30:00Z".parse().unwrap(),
        session: None,
        prompt_name: Some("sentiment".to_owned()),
        prompt: super::stage::sentiment(),
        sample: 0,
        provider: "openai".to_owned(),
        input: row(place.row).input,
        outcome,
        timeline: Vec::new(),
        pace: None,
        cell: None,
        trace: None,
    }
}

/// A batch over a file.
pub(crate) fn spec(targets: &[&str]) -> BatchSpec {
    BatchSpec {
        name: "messages.csv".to_owned(),
        data: "data/messages.csv".to_owned(),
        prompts: vec![("sentiment".to_owned(), super::stage::sentiment())],
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        samples: 1,
        mapping: std::collections::BTreeMap::new(),
        behind: std::collections::BTreeMap::new(),
        expected: retort::model::Expected::Auto,
        again: None,
        part: None,
    }
}
