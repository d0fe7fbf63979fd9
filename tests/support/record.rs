//! Runs as they are recorded and cached, made up; shared with the benchmarks.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use retort::{
    model::{Cost, Format, Input, Outcome, Prompt, Provenance, Response, RunEnd, RunId, Usage, outcome::Timing},
    pipeline::ports::{RunRecord, RunStart},
};

/// A whole answer of one attempt.
pub(crate) fn outcome(run: RunId, text: &str) -> Outcome {
    Outcome {
        run,
        end: RunEnd::Done,
        text: text.to_owned(),
        reasoning: String::new(),
        json: None,
        requested: "gpt-4o-mini".to_owned(),
        target: "gpt-4o-mini".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        served: None,
        provenance: Provenance::Live,
        demo: false,
        attempts: 1,
        finish: None,
        usage: Usage { input: Some(10), output: Some(5), ..Usage::default() },
        cost: Cost::Unknown,
        timing: Timing { total: Duration::from_micros(1_500_250), ..Timing::default() },
        quality: None,
        judging: None,
        cache_saving: None,
        by_attempt: Vec::new(),
        given_up: Vec::new(),
        calls: Vec::new(),
        rounds: Vec::new(),
    }
}

/// The start of a run of the prompt `sentiment` in the session `triage`.
pub(crate) fn start(run: RunId, started: Timestamp) -> RunStart {
    RunStart {
        run,
        started,
        session: Some("triage".to_owned()),
        prompt_name: Some("sentiment".to_owned()),
        target: "gpt-4o-mini".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        provider: "openai".to_owned(),
        prompt: Arc::new(prompt()),
        parent: None,
        sample: 0,
    }
}

/// The same run when it has ended.
pub(crate) fn record(run: RunId, started: Timestamp, text: &str) -> RunRecord {
    RunRecord {
        run,
        started,
        session: Some("triage".to_owned()),
        prompt_name: Some("sentiment".to_owned()),
        prompt: prompt(),
        sample: 0,
        provider: "openai".to_owned(),
        input: Input::of("My parcel never came"),
        outcome: outcome(run, text),
        timeline: Vec::new(),
        pace: None,
        cell: None,
        trace: None,
    }
}

fn prompt() -> Prompt {
    let response = Response { format: Format::Json, ..Response::default() };
    Prompt { system: "Label it.".to_owned(), response, ..Prompt::default() }
}
