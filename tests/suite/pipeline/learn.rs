//! What one run learns of a model, and what a server says of its own time.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use retort::{
    model::{
        CallError, ErrorKind, RunRequest, Timer,
        outcome::ServerTiming,
        quirk::{LearntQuirk, ModelPlace, ModelQuirk},
    },
    pipeline::{
        PipelineConfig, RunEvent, TimedEvent,
        event::NextStep,
        ports::{MemoryVersion, PortFuture, QuirkMemory},
    },
    provider::{Call, WireEvent},
};

use crate::support::script::{Bench, Step, answer, ended, keys, request};

fn refuses(param: &str, message: &str) -> Vec<Step> {
    let param = Some(param.to_owned());
    vec![Step::Fail(CallError { param, ..CallError::new(ErrorKind::ParamRejected, message) })]
}

fn limited() -> RunRequest {
    let mut request = request(&["a"]);
    Arc::make_mut(&mut request.prompt).params.max_tokens = Some(400);
    request
}

fn picky(call: &Call) -> Vec<Step> {
    if call.params.temperature.is_some() { refuses("temperature", "no") } else { answer(&["{}"]) }
}

fn prepared(timeline: &[TimedEvent]) -> Vec<String> {
    match &timeline[0].event {
        RunEvent::Prepared { notices, params, .. } if params.temperature.is_none() => notices.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_parameter_is_left_out_of_all_later_runs_with_a_notice() {
    let bench = Bench::new(|call, _| picky(call));
    assert_eq!(bench.end(request(&["a"])).await.attempts, 2);
    let other = RunRequest { sample: 1, ..request(&["a"]) };
    let timeline = bench.events(other).await;
    assert_eq!(prepared(&timeline), ["the default temperature, 0.3, is not accepted by a-1; left out"]);
    assert_eq!((ended(&timeline).attempts, bench.calls().len()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_under_what_was_sent_for_it() {
    let bench = Bench::new(|call, _| picky(call));
    bench.end(request(&["a"])).await;
    let timeline = bench.events(request(&["a"])).await;
    assert_eq!((ended(&timeline).attempts, bench.calls().len()), (0, 2), "the same request finds it");
    let RunEvent::Prepared { key, .. } = &timeline[0].event else { panic!() };
    assert_eq!(bench.cache.0.lock().unwrap().keys().collect::<Vec<_>>(), [key]);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_on_record_with_what_it_sent() {
    let bench = Bench::new(|call, _| picky(call));
    let all = bench.events(request(&["a"])).await;
    let attempts: Vec<_> = bench.record.ended.lock().unwrap()[0]
        .timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Attempt { params, cache_key, .. } => Some((params.temperature, cache_key.clone().unwrap())),
            _ => None,
        })
        .collect();
    let RunEvent::Prepared { key, .. } = &all[0].event else { panic!() };
    let kept = bench.cache.0.lock().unwrap().keys().next().cloned().unwrap();
    assert_ne!(*key, kept, "what was asked for first was not answered");
    assert_eq!(attempts, [(Some(0.3), key.clone()), (None, kept)]);
}

#[tokio::test(start_paused = true)]
async fn a_token_limit_of_another_name_is_renamed_for_good() {
    let words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let bench =
        Bench::new(
            move |call, _| {
                if call.target.card.completion_tokens { answer(&["{}"]) } else { refuses("max_tokens", words) }
            },
        );
    let timeline = bench.events(limited()).await;
    assert_eq!((ended(&timeline).attempts, bench.last_call().params.max_tokens), (2, Some(400)));
    let noticed = timeline.iter().any(|timed| {
        matches!(&timed.event, RunEvent::Attempt { number: 2, notices, .. }
            if notices == &["a-1 calls the token limit max_completion_tokens; renamed"])
    });
    assert!(noticed);
    assert_eq!(bench.end(RunRequest { sample: 1, ..limited() }).await.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_limit_refused_under_both_names_is_left_out() {
    let bench = Bench::new(|call, _| match (call.params.max_tokens, call.target.card.completion_tokens) {
        (None, _) => answer(&["{}"]),
        (Some(_), true) => refuses("max_completion_tokens", "unknown"),
        (Some(_), false) => refuses("max_tokens", "use max_completion_tokens"),
    });
    let outcome = bench.end(limited()).await;
    assert_eq!((outcome.end.word(), outcome.attempts, bench.last_call().params.max_tokens), ("done", 3, None));
}

/// A memory that outlives pipelines.
#[derive(Default)]
struct Remembered(Mutex<Vec<LearntQuirk>>);

impl QuirkMemory for Remembered {
    fn version(&self) -> Option<MemoryVersion> {
        Some((SystemTime::UNIX_EPOCH, self.0.lock().unwrap().len() as u64))
    }

    fn known(&self, _now: Timestamp) -> PortFuture<'_, Vec<LearntQuirk>> {
        Box::pin(std::future::ready(self.0.lock().unwrap().clone()))
    }

    fn remember(&self, learnt: LearntQuirk) -> PortFuture<'_, ()> {
        self.0.lock().unwrap().push(learnt);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_process_learns_counts_from_the_next_run_on() {
    let memory = Arc::new(Remembered::default());
    let mut bench = Bench::new(|_, _| answer(&["{}"]));
    bench.remembers_quirks(Arc::clone(&memory) as Arc<dyn QuirkMemory>);
    bench.end(limited()).await;
    assert_eq!(bench.last_call().params.max_tokens, Some(400));
    let learnt = LearntQuirk {
        place: ModelPlace::of(&request(&["a"]).targets[0]),
        quirk: ModelQuirk::MaxTokens(50),
        learnt: Timestamp::UNIX_EPOCH,
        message: "at most 50".to_owned(),
    };
    memory.0.lock().unwrap().push(learnt);
    bench.end(RunRequest { sample: 1, ..limited() }).await;
    assert_eq!(bench.last_call().params.max_tokens, Some(50));
    memory.0.lock().unwrap().clear();
    bench.end(RunRequest { sample: 2, ..limited() }).await;
    assert_eq!(bench.last_call().params.max_tokens, Some(400), "what was forgotten is sent again");
}

#[tokio::test(start_paused = true)]
async fn what_is_learnt_is_remembered_once_the_mended_request_is_taken() {
    let memory = Arc::new(Remembered::default());
    let words = "temperature is not supported";
    let mut bench = Bench::new(move |call, n| match n {
        0 => refuses("temperature", words),
        1 => refuses("seed", "seed is not supported"),
        _ if call.params.temperature.is_some() => refuses("temperature", words),
        _ => answer(&["{}"]),
    });
    bench.remembers_quirks(Arc::clone(&memory) as Arc<dyn QuirkMemory>);
    assert_eq!(bench.end(request(&["a"])).await.end.word(), "failed");
    assert!(memory.0.lock().unwrap().is_empty(), "the request without it was refused, too");
    assert_eq!(bench.end(request(&["a"])).await.attempts, 2);
    let learnt = memory.0.lock().unwrap().clone();
    assert_eq!((learnt.len(), &learnt[0].quirk), (1, &ModelQuirk::NoParam("temperature".to_owned())));
    assert_eq!((learnt[0].place.name().as_str(), learnt[0].message.as_str()), ("openai/a-1", words));
    bench.remembers_quirks(memory);
    let other = RunRequest { sample: 1, ..request(&["a"]) };
    let events = bench.events(other).await;
    assert_eq!(prepared(&events), ["the default temperature, 0.3, is not accepted by a-1; left out"]);
    assert_eq!(ended(&events).attempts, 1, "another run of the program knows it");
}

#[tokio::test(start_paused = true)]
async fn what_is_mended_counts_against_no_budget() {
    let mut rules = PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    rules.retry.attempts = 1;
    let refusals = ["temperature", "stream_options", "stream", "system", "response_format"];
    let bench = Bench::with(rules, move |_, n| match refusals.get(n) {
        Some(name) => refuses(name, "not supported"),
        None => answer(&["{}"]),
    });
    let outcome = bench.end(request(&["a"])).await;
    assert_eq!((outcome.end.word(), outcome.attempts), ("done", 6));
    let call = bench.last_call();
    assert!(call.target.options.whole && call.params.temperature.is_none());
}

fn loads() -> Vec<Step> {
    let error =
        CallError { loading: true, status: Some(503), ..CallError::new(ErrorKind::Overloaded, "Loading model") };
    vec![Step::Fail(error)]
}

fn local(targets: &[&str]) -> RunRequest {
    let mut request = request(targets);
    request.targets[0].base_url = Some("http://127.0.0.1:8080/v1".to_owned());
    request
}

#[tokio::test(start_paused = true)]
async fn a_local_server_that_loads_its_model_is_waited_for() {
    let bench = Bench::new(|_, n| if n < 50 { loads() } else { answer(&["{}"]) });
    let timeline = bench.events(local(&["a"])).await;
    let outcome = ended(&timeline);
    assert_eq!((outcome.end.word(), outcome.attempts), ("done", 51));
    let waits = timeline.iter().filter(|timed| {
        matches!(&timed.event, RunEvent::AttemptFailed { error, next: NextStep::Retry { wait }, .. }
            if error.message == "Loading model" && *wait == Duration::from_secs(4))
    });
    assert_eq!(waits.count(), 50, "each wait is told with its reason");
}

#[tokio::test(start_paused = true)]
async fn it_is_waited_for_as_long_as_it_may_be_silent_and_no_longer() {
    let bench = Bench::new(|call, _| if call.target.name == "a" { loads() } else { answer(&["{}"]) });
    let outcome = bench.end(local(&["a", "b"])).await;
    assert_eq!((outcome.target.as_str(), outcome.timing.total), ("b", Duration::from_millis(296_100)));
    let hosted = bench.end(RunRequest { sample: 1, ..request(&["a"]) }).await;
    assert_eq!((hosted.end.word(), hosted.attempts), ("failed", 3), "elsewhere it is a fault like any other");
}

#[tokio::test(start_paused = true)]
async fn what_the_server_says_of_its_time_is_kept() {
    let (load, generation) = (Some(Duration::from_secs(2)), Some(Duration::from_millis(700)));
    let bench = Bench::new(move |_, _| {
        let mut steps = answer(&["{}"]);
        steps.insert(1, Step::Say(WireEvent::ServerTiming { load, prompt: None, generation }));
        steps
    });
    let outcome = bench.end(request(&["a"])).await;
    assert_eq!(outcome.timing.server, Some(ServerTiming { load, prompt: None, generation }));
}

#[tokio::test(start_paused = true)]
async fn every_timer_can_be_set_by_itself() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let mut rules = PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    (rules.timeouts.first_byte, rules.timeouts.first_token, rules.timeouts.idle) = (seconds(3), seconds(5), seconds(7));
    let headers = || Step::Say(WireEvent::Headers { status: 200, request_id: None });
    let text = Step::Say(WireEvent::Text("x".to_owned()));
    for (steps, at, timer) in [
        (vec![], 3, Timer::FirstByte),
        (vec![headers()], 5, Timer::FirstToken),
        (vec![headers(), text], 7, Timer::Idle),
    ] {
        let bench = Bench::with(rules.clone(), move |_, _| [steps.clone(), vec![Step::Hang]].concat());
        let timeline = bench.events(request(&["a"])).await;
        let first = timeline.iter().find_map(|timed| match &timed.event {
            RunEvent::AttemptFailed { error, .. } => Some((timed.at, error.class)),
            _ => None,
        });
        assert_eq!(first, Some((Duration::from_secs(at), ErrorKind::Timeout(timer))));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_fallback_counts_from_when_it_is_first_asked() {
    let rules = PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    let seconds = Duration::from_secs;
    for (first, second, at) in [(None, Some(seconds(2)), 2), (Some(seconds(1)), Some(seconds(20)), 20)] {
        let bench = Bench::with(rules.clone(), move |call, _| match call.target.name.as_str() {
            "a" => vec![Step::Fail(CallError::new(ErrorKind::ModelGone, "gone"))],
            _ => vec![Step::Hang],
        });
        let mut request = request(&["a", "b"]);
        request.targets[0].options.timeouts.total = first;
        request.targets[1].options.timeouts.total = second;
        let timeline = bench.events(request).await;
        let last = timeline.iter().rev().find_map(|timed| match &timed.event {
            RunEvent::AttemptFailed { error, .. } => Some((timed.at, error.clone())),
            _ => None,
        });
        let (when, error) = last.unwrap();
        assert_eq!((when, error.class), (seconds(at), ErrorKind::Timeout(Timer::Total)));
        assert!(error.message.contains(&format!("{at}s")), "{error}");
    }
}
