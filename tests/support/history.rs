//! Runs on record for the workbench: as the history lists them, whole, and weighed against each other.

use jiff::{SignedDuration, Timestamp};
use retort::{
    eval::{Evidence, RowPair},
    model::{Cost, Grade, Input, Outcome, Params, PicoDollars, Prompt, RunId, RunStatus, Usage, outcome::Timing},
    pipeline::{TimedEvent, event::RunEvent, ports::RunRecord},
    store::api::{HistoryEntry, HistoryPage, PairedComparison, SideRuns},
};

/// The id of a run by its number; later ones are larger.
pub(crate) fn id(number: u64) -> RunId {
    RunId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)))
}

/// A run as it is listed, so many minutes before a time as `ago` says.
pub(crate) fn entry(number: u64, now: Timestamp, ago: i64) -> HistoryEntry {
    let answers = [
        r#"{"sentiment": "negative", "confidence_score": 0.92}"#,
        r#"{"sentiment": "positive", "confidence_score": 0.55}"#,
        "日本語の答え",
        "",
    ];
    let kind = number as usize % 4;
    HistoryEntry {
        seq: number.cast_signed(),
        run: id(number),
        started: now - SignedDuration::from_mins(ago),
        session: Some("default".to_owned()),
        prompt_name: Some("sentiment".to_owned()),
        version: None,
        requested: "gpt-4o-mini".to_owned(),
        target: if kind == 2 { "claude-haiku-4-5" } else { "gpt-4o-mini" }.to_owned(),
        model: "gpt-4o-mini".to_owned(),
        served: None,
        provider: "openai".to_owned(),
        end: if kind == 3 { "failed" } else { "done" }.to_owned(),
        status: Some([RunStatus::Passed, RunStatus::Failed, RunStatus::Passed, RunStatus::Error][kind]),
        failed: if kind == 1 { vec!["confidence".to_owned()] } else { Vec::new() },
        class: (kind == 3).then(|| "rate limited".to_owned()),
        cached: false,
        demo: false,
        attempts: 1,
        tokens_in: (kind != 3).then_some(212),
        tokens_out: (kind != 3).then_some(18),
        tokens_is: "known".to_owned(),
        waited: std::time::Duration::ZERO,
        judge: false,
        judging: None,
        cost: if kind == 3 { Cost::Unknown } else { Cost::Known(PicoDollars(42_600_000)) },
        took: Some(std::time::Duration::from_millis(940 + number)),
        first_token: Some(std::time::Duration::from_millis(210)),
        sample: 1,
        pinned: number == 5,
        grade: (number == 4).then(|| Grade { stars: Some(4), ..Grade::default() }),
        input: "My parcel never came and nobody answers".to_owned(),
        answer: answers[kind].to_owned(),
    }
}

/// A page of runs, the newest first, from one number down to another.
pub(crate) fn page(now: Timestamp, numbers: std::ops::RangeInclusive<u64>, more: bool) -> HistoryPage {
    let last = *numbers.end();
    let runs = numbers.rev().map(|number| entry(number, now, 3 + 17 * (last - number).cast_signed())).collect();
    HistoryPage { runs, more }
}

/// The whole record of a run, with what came of it.
pub(crate) fn record(number: u64, started: Timestamp, outcome: Outcome) -> RunRecord {
    RunRecord {
        run: id(number),
        started,
        session: Some("default".to_owned()),
        prompt_name: Some("sentiment".to_owned()),
        prompt: Prompt {
            system: "Judge the sentiment of the message.".to_owned(),
            user: "Message: {{ input }}".to_owned(),
            ..Prompt::default()
        },
        sample: 0,
        provider: "openai".to_owned(),
        input: Input::of("My parcel never came and nobody answers"),
        outcome: Outcome {
            run: id(number),
            usage: Usage { input: Some(212), output: Some(18), ..Usage::default() },
            timing: Timing {
                waited: std::time::Duration::ZERO,
                response: None,
                total: std::time::Duration::from_millis(940),
                first_token: Some(std::time::Duration::from_millis(210)),
                ..Timing::default()
            },
            ..outcome
        },
        timeline: Vec::new(),
        pace: None,
        cell: None,
        trace: None,
    }
}

/// The same run as it was sent with a temperature.
pub(crate) fn sent_with(temperature: f64, record: RunRecord) -> RunRecord {
    let event = RunEvent::Prepared {
        run: record.run,
        started: record.started,
        key: String::new(),
        messages: Vec::new(),
        params: Params { temperature: Some(temperature), ..Params::default() },
        notices: Vec::new(),
    };
    RunRecord { timeline: vec![TimedEvent { at: std::time::Duration::ZERO, event }], ..record }
}

/// What runs on so many inputs say, each run once with both sides.
pub(crate) fn paired(fixed: u64, broken: u64, unchanged: u64) -> PairedComparison {
    let all = [(fixed, false, true), (broken, true, false), (unchanged, true, true)];
    let pairs = all
        .into_iter()
        .flat_map(|(count, a, b)| (0..count).map(move |_| RowPair { a: Some(a), b: Some(b), ..RowPair::default() }));
    let inputs = fixed + broken + unchanged;
    let side = SideRuns { runs: inputs, unjudged: 0, alone: 0 };
    PairedComparison {
        evidence: Evidence::of(pairs, 1),
        a: side,
        b: side,
        inputs,
        fixed: Vec::new(),
        broken: Vec::new(),
    }
}
