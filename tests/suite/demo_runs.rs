//! The demonstration through the whole pipeline: what a person sees of retry, fallback and checks.

use std::sync::Arc;

use futures_util::StreamExt;
use retort::{
    config::builtin::{cards, starters},
    model::{
        CacheMode, Catalog, Commit, Cost, ErrorKind, Format, Input, Outcome, Params, Rule, RunEnd, RunRequest,
        RunStatus, Settings, Status, Wire, settings::ProviderSettings,
    },
    pipeline::{Pipeline, PipelineConfig, Ports, RunEvent, TimedEvent},
    provider::wires::demo::Demo,
};

use crate::support::script::{Memory, Record, Still};

/// A pipeline on the demonstration alone, with its cache on.
fn pipeline() -> Pipeline {
    let ports = Ports {
        backend: Arc::new(Demo::default()),
        cache: Arc::new(Memory::default()),
        recorder: Arc::new(Record::default()),
        keys: Arc::new(retort::pipeline::ports::NoKeyMemory),
        quirks: Arc::new(retort::pipeline::ports::NoQuirkMemory),
        tools: Arc::new(retort::pipeline::ports::NoTools),
        parts: Arc::new(retort::pipeline::ports::NoParts),
        programs: Arc::new(retort::pipeline::ports::NoPrograms),
        world: Arc::new(Still::default()),
    };
    Pipeline::new(ports, PipelineConfig { cache: true, ..PipelineConfig::default() })
}

/// A starter prompt on its sample input, on some of the demonstration's models.
fn request(name: &str, models: &[&str]) -> RunRequest {
    let mut settings = Settings::default();
    settings.providers.insert("demo".to_owned(), ProviderSettings::of(Wire::Demo));
    let catalog = Catalog::new(cards(), &settings);
    let (_, prompt, input) = starters().into_iter().find(|(known, ..)| *known == name).unwrap();
    RunRequest {
        prompt_name: Some(name.to_owned()),
        prompt: Arc::new(prompt),
        params: Params::default(),
        input: Input::of(input),
        targets: models.iter().map(|model| catalog.resolve(model).unwrap()).collect(),
        cache: CacheMode::On,
        commit: Commit::Resettable,
        sample: 0,
        session: None,
        parent: None,
        checks: Vec::new(),
        min_score: None,
        judges: std::collections::BTreeMap::new(),
        folders: retort::model::PartFolders::default(),
        cell: None,
        trace: None,
    }
}

async fn run(pipeline: &Pipeline, request: RunRequest) -> (Vec<TimedEvent>, Outcome) {
    let timeline: Vec<TimedEvent> = pipeline.run(request).collect().await;
    let Some(RunEvent::Ended { outcome }) = timeline.last().map(|timed| &timed.event) else {
        panic!("a run without an end: {timeline:?}")
    };
    let outcome = (**outcome).clone();
    (timeline, outcome)
}

fn failures(timeline: &[TimedEvent]) -> Vec<ErrorKind> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::AttemptFailed { error, .. } => Some(error.class),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_starter_runs_to_its_end_passes_its_checks_and_is_labelled() {
    for (name, ..) in starters() {
        let pipeline = pipeline();
        let (_, outcome) = run(&pipeline, request(name, &["demo"])).await;
        assert_eq!((&outcome.end, outcome.attempts, outcome.demo), (&RunEnd::Done, 1, true), "{name}");
        let prompt = request(name, &["demo"]).prompt;
        let checked = prompt.response.format != Format::Text || !prompt.checks.is_empty();
        let status = if checked { RunStatus::Passed } else { RunStatus::Unchecked };
        assert_eq!(outcome.status(), status, "{name}: {:?}", outcome.quality);
        assert!(!outcome.usage.estimated, "{name} is composed and not played");
        assert_eq!(outcome.cost, Cost::NOTHING, "{name}");
        let (timeline, again) = run(&pipeline, request(name, &["demo"])).await;
        assert_eq!((again.attempts, &again.text), (0, &outcome.text), "{name}: {timeline:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn flaky_shows_two_retries_and_then_the_answer() {
    let (timeline, outcome) = run(&pipeline(), request("sentiment", &["demo:flaky"])).await;
    assert_eq!(failures(&timeline), [ErrorKind::RateLimited, ErrorKind::Overloaded]);
    assert_eq!((outcome.end, outcome.attempts), (RunEnd::Done, 3));
}

#[tokio::test(start_paused = true)]
async fn down_falls_back_and_says_from_where_to_where() {
    let (_, outcome) = run(&pipeline(), request("extract", &["demo:down", "demo"])).await;
    assert_eq!((&outcome.end, outcome.fell_back()), (&RunEnd::Done, true));
    assert_eq!((outcome.requested.as_str(), outcome.target.as_str()), ("demo:down", "demo"));
    let (_, alone) = run(&pipeline(), request("extract", &["demo:down"])).await;
    assert!(matches!(alone.end, RunEnd::Failed { reasons } if reasons.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn cut_keeps_what_came_and_is_not_done() {
    let (_, outcome) = run(&pipeline(), request("sentiment", &["demo:cut"])).await;
    assert!(matches!(outcome.end, RunEnd::Interrupted { .. }), "{:?}", outcome.end);
    assert!(!outcome.text.is_empty());
}

#[tokio::test(start_paused = true)]
async fn bad_json_is_an_answer_that_fails_its_check() {
    let (_, outcome) = run(&pipeline(), request("sentiment", &["demo:bad-json"])).await;
    assert!(outcome.status() != RunStatus::Passed);
    let quality = outcome.quality.unwrap();
    let format = quality.verdicts.iter().find(|verdict| verdict.rule == Rule::Format).unwrap();
    assert_eq!(format.status, Status::Failed, "{format:?}");
}
