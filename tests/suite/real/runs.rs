//! Whole runs through the pipeline against the real server: keys, fallback, cache, tools, stop.
#![allow(clippy::print_stdout, reason = "how poor the model is, is worth a line")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use retort::{
    config::builtin::starters,
    model::{
        CacheMode, Commit, ErrorKind, Finish, Format, Input, Outcome, Params, Prompt, Provenance, Response, Role,
        RunEnd, RunRequest, RunStatus, Target, Tool, ToolCall, Turn, Wire,
        settings::Retry,
        tool::{ToolReply, ToolResult},
    },
    pipeline::{Pipeline, PipelineConfig, Ports, RunEvent, TimedEvent},
    provider::Providers,
};
use serde_json::json;

use super::{WIRES, busy, call, key, until, variable};
use crate::support::script::{Memory, Record, Still};

fn pipeline(rules: PipelineConfig) -> Pipeline {
    let ports = Ports {
        backend: Arc::new(Providers::default()),
        cache: Arc::new(Memory::default()),
        recorder: Arc::new(Record::default()),
        keys: Arc::new(retort::pipeline::ports::NoKeyMemory),
        quirks: Arc::new(retort::pipeline::ports::NoQuirkMemory),
        tools: Arc::new(retort::pipeline::ports::NoTools),
        parts: Arc::new(retort::pipeline::ports::NoParts),
        programs: Arc::new(retort::pipeline::ports::NoPrograms),
        world: Arc::new(Still::default()),
    };
    let retry = Retry { min_wait: Duration::from_millis(1), max_wait: Duration::from_millis(2), ..Retry::default() };
    Pipeline::new(ports, PipelineConfig { cache: true, retry, ..rules })
}

fn target(name: &str, base: &str, kind: Wire) -> Target {
    Target { name: name.to_owned(), provider: name.to_owned(), ..call(base, kind, "", 1).target }
}

/// The extraction starter on its sample input, at a temperature at which the model says the same
/// every time: at another it now and then writes until its limit.
fn request(targets: Vec<Target>) -> RunRequest {
    let (name, prompt, input) = starters().into_iter().find(|(name, ..)| *name == "extract").unwrap();
    RunRequest {
        prompt_name: Some(name.to_owned()),
        prompt: Arc::new(prompt),
        params: Params { temperature: Some(0.0), ..Params::default() },
        input: Input::of(input),
        targets,
        cache: CacheMode::On,
        commit: Commit::Resettable,
        sample: 0,
        session: None,
        parent: None,
        checks: Vec::new(),
        min_score: None,
        judges: BTreeMap::new(),
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

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn a_run_streams_is_judged_and_is_a_cache_hit_the_second_time() {
    let base = variable("RETORT_REAL_SERVER");
    let pipeline = pipeline(PipelineConfig::default());
    let ask = || request(vec![target("real", &base, Wire::OpenAi)]);
    let (timeline, first) = run(&pipeline, ask()).await;
    assert_eq!((&first.end, first.attempts, first.finish.as_ref()), (&RunEnd::Done, 1, Some(&Finish::Stop)));
    assert!(timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Delta { .. })).count() > 3);
    assert!(first.json.as_ref().is_some_and(|json| json["email"].is_string()), "{}", first.text);
    assert!(first.quality.is_some() && first.usage.total_output().unwrap() > 3 && !first.usage.estimated);
    assert!(first.timing.first_token.unwrap() <= first.timing.total);
    if first.status() == RunStatus::Passed {
        let (_, second) = run(&pipeline, ask()).await;
        assert_eq!((second.attempts, &second.text), (0, &first.text));
        assert!(matches!(second.provenance, Provenance::Cached { .. }));
    }
}

/// An order that was looked up: a model of this size calls a tool where it was shown how.
fn example(number: &str) -> Vec<Turn> {
    let call = ToolCall {
        id: format!("call_{number}"),
        name: "find_order".to_owned(),
        arguments: json!({"number": number}).to_string(),
        ..ToolCall::default()
    };
    let reply = ToolReply { id: call.id.clone(), name: call.name.clone(), failed: false };
    vec![
        Turn::of(Role::User, format!("Where is order {number}?")),
        Turn { tool_calls: vec![call], ..Turn::of(Role::Assistant, "") },
        Turn { reply: Some(reply), ..Turn::of(Role::Tool, format!("Order {number} left on Monday.")) },
        Turn::of(Role::Assistant, "It left on Monday."),
    ]
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn a_small_model_calls_poorly_and_the_rounds_hold() {
    let base = variable("RETORT_REAL_TOOLS");
    let pipeline = pipeline(PipelineConfig::default());
    let tool = Tool {
        name: "find_order".to_owned(),
        description: "Finds an order by its number.".to_owned(),
        parameters: Some(
            json!({"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}),
        ),
        strict: false,
        cache: None,
        result: Some(ToolResult {
            text: Some("Order {{ number }} left on Monday.".to_owned()),
            ..ToolResult::default()
        }),
    };
    let prompt = Prompt {
        system: "Look orders up.".to_owned(),
        messages: ["12", "99", "345"].into_iter().flat_map(example).collect(),
        user: "{{ input }}".to_owned(),
        tools: vec![tool],
        max_rounds: Some(3),
        params: Params { max_tokens: Some(120), ..Params::default() },
        response: Response { format: Format::Text, finish: false, ..Response::default() },
        ..Prompt::default()
    };
    for kind in WIRES {
        let mut ask = request(vec![target("real", &base, kind)]);
        ask.prompt = Arc::new(prompt.clone());
        ask.input = Input::of("Where is order 4711?");
        let (timeline, outcome) = run(&pipeline, ask).await;
        let called = timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Called { .. })).count();
        let replied = timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Replied { .. })).count();
        println!("{kind}: {:?}, {called} calls, {} rounds", outcome.end, outcome.rounds.len());
        assert!(called >= 1, "{kind}: it follows the examples: {:?} {}", outcome.end, outcome.text);
        assert_eq!(replied, called - outcome.calls.len(), "{kind}: every call was answered");
        match &outcome.end {
            RunEnd::Done => assert!(!outcome.text.is_empty(), "{kind}"),
            end => assert!(end.class().is_some(), "{kind}: {end}"),
        }
    }
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn the_second_key_answers_when_the_first_is_refused() {
    let (base, right) = (variable("RETORT_REAL_LOCKED"), variable("RETORT_REAL_KEY"));
    for kind in WIRES {
        let mut keys = vec![key("sk-revoked"), key(&right)];
        keys[0].label = "env:FIRST".to_owned();
        keys[1].label = "env:SECOND".to_owned();
        let rules = PipelineConfig { keys: BTreeMap::from([("real".to_owned(), keys)]), ..PipelineConfig::default() };
        let (timeline, outcome) = run(&pipeline(rules), request(vec![target("real", &base, kind)])).await;
        let used: Vec<_> = timeline
            .iter()
            .filter_map(|timed| match &timed.event {
                RunEvent::Attempt { key, .. } => key.as_deref(),
                _ => None,
            })
            .collect();
        assert_eq!(used, ["env:FIRST", "env:SECOND"], "{kind}");
        assert_eq!(outcome.end, RunEnd::Done, "{kind}");
    }
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn the_fallback_answers_when_the_server_is_down() {
    let base = variable("RETORT_REAL_SERVER");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = target("dead", &format!("http://{nobody}"), Wire::OpenAi);
    let (_, outcome) =
        run(&pipeline(PipelineConfig::default()), request(vec![dead.clone(), target("real", &base, Wire::Anthropic)]))
            .await;
    assert_eq!((&outcome.end, outcome.requested.as_str(), outcome.target.as_str()), (&RunEnd::Done, "dead", "real"));
    let (_, outcome) = run(&pipeline(PipelineConfig::default()), request(vec![dead])).await;
    let RunEnd::Failed { reasons } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(reasons[0].target, "dead");
    assert!(matches!(reasons[0].error.class, ErrorKind::Transient | ErrorKind::Overloaded), "{}", reasons[0].error);
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn stopping_a_run_keeps_the_part_and_frees_the_server() {
    let base = variable("RETORT_REAL_SERVER");
    let mut request = request(vec![target("real", &base, Wire::OpenAi)]);
    let prompt = Arc::make_mut(&mut request.prompt);
    prompt.system = "You write very long stories.".to_owned();
    prompt.response = Response { format: Format::Text, ..Response::default() };
    prompt.params.max_tokens = Some(3000);
    request.input = Input::of("Write a very long story of a lighthouse.");
    let mut stream = pipeline(PipelineConfig::default()).run(request);
    let control = stream.control();
    let (mut deltas, mut end) = (0, None);
    while let Some(timed) = stream.next().await {
        match timed.event {
            RunEvent::Delta { .. } => {
                deltas += 1;
                if deltas == 3 {
                    control.stop();
                }
            }
            RunEvent::Ended { outcome } => end = Some(outcome),
            _ => {}
        }
    }
    let outcome = end.unwrap();
    assert_eq!(outcome.end, RunEnd::Cancelled);
    assert!(!outcome.text.is_empty());
    let idle = until(Duration::from_secs(5), || !busy(&base)).await;
    assert!(idle.is_some(), "the server still works 5 s after the stop");
}
