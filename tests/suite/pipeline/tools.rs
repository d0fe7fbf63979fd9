//! Tools: calls are answered round by round until the model answers, and what a round may not do.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use retort::{
    model::{
        CacheMode, Commit, ErrorKind, Finish, Format, Role, RunEnd, RunId, RunRequest, RunStatus, Tool, ToolChoice,
        tool::{CallPiece, ToolResult},
    },
    pipeline::{
        RunEvent,
        ports::{AskedTool, PortFuture, ToolRunner},
    },
    provider::WireEvent,
};
use serde_json::json;

use crate::support::script::{Bench, Step, answer, ended, request};

fn tool(name: &str, result: ToolResult) -> Tool {
    Tool {
        name: name.to_owned(),
        description: format!("Does {name}."),
        parameters: Some(json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})),
        strict: false,
        cache: None,
        result: Some(result),
    }
}

fn text(text: &str) -> ToolResult {
    ToolResult { text: Some(text.to_owned()), ..ToolResult::default() }
}

fn command() -> ToolResult {
    ToolResult { command: Some(vec!["program".to_owned()]), ..ToolResult::default() }
}

fn asks(tools: Vec<Tool>, targets: &[&str]) -> RunRequest {
    let mut request = RunRequest { commit: Commit::Buffered, cache: CacheMode::On, ..request(targets) };
    let mut prompt = (*request.prompt).clone();
    prompt.response.format = Format::Text;
    prompt.tools = tools;
    request.prompt = prompt.into();
    request
}

/// The steps of an answer that calls tools: id, name and arguments of each.
fn calls(calls: &[(&str, &str, &str)]) -> Vec<Step> {
    let piece = |(place, (id, name, arguments)): (usize, &(&str, &str, &str))| {
        Step::Say(WireEvent::Call(CallPiece {
            place,
            id: Some((*id).to_owned()).filter(|id| !id.is_empty()),
            name: Some((*name).to_owned()),
            arguments: (*arguments).to_owned(),
            ..CallPiece::default()
        }))
    };
    let mut steps = vec![Step::Say(WireEvent::Headers { status: 200, request_id: None })];
    steps.extend(calls.iter().enumerate().map(piece));
    steps.extend([Step::Say(WireEvent::Finish(Finish::ToolCalls)), Step::Say(WireEvent::End)]);
    steps
}

const PARIS: &str = r#"{"city": "Paris"}"#;

#[tokio::test(start_paused = true)]
async fn a_model_that_calls_is_answered_and_asked_again() {
    let bench = Bench::new(|_, call| match call {
        0 => calls(&[("a", "weather", PARIS), ("b", "time", PARIS)]),
        _ => answer(&["Sunny."]),
    });
    let tools = vec![tool("weather", text("20 °C in {{ city }}, asked: {{ input }}")), tool("time", text("noon"))];
    let events = bench.events(asks(tools, &["m"])).await;
    let outcome = ended(&events);
    assert_eq!((&outcome.end, outcome.text.as_str()), (&RunEnd::Done, "Sunny."));
    assert_eq!(outcome.attempts, 2, "two calls of the model");
    let said: Vec<(Role, &str)> =
        outcome.rounds.iter().map(|message| (message.role, message.content.as_str())).collect();
    assert_eq!(said, [(Role::Assistant, ""), (Role::Tool, "20 °C in Paris, asked: hello"), (Role::Tool, "noon")]);
    let sent = bench.last_call().messages;
    assert_eq!(sent.len(), 5, "system, user, the calls, two results: {sent:?}");
    assert_eq!(sent[3].reply.as_ref().map(|reply| reply.id.as_str()), Some("a"));
    let told: Vec<&str> = events
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Called { call, .. } => Some(call.name.as_str()),
            RunEvent::Replied { content, .. } => Some(content.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["weather", "time", "20 °C in Paris, asked: hello", "noon"]);
    assert_eq!(outcome.by_attempt.len(), 2, "each round is accounted for");
    assert_eq!(bench.record.ended.lock().unwrap()[0].outcome, *outcome);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_made_to_call_is_free_to_answer_afterwards() {
    let bench = Bench::new(|asked, call| match (call, &asked.tools.choice) {
        (0, Some(ToolChoice::Required)) => calls(&[("a", "weather", PARIS)]),
        (1, Some(ToolChoice::Auto)) => answer(&["Sunny."]),
        other => panic!("{other:?}"),
    });
    let mut request = asks(vec![tool("weather", text("20 °C"))], &["m"]);
    let mut prompt = (*request.prompt).clone();
    prompt.tool_choice = Some(ToolChoice::Required);
    request.prompt = prompt.into();
    assert_eq!(bench.end(request).await.text, "Sunny.");
}

#[tokio::test(start_paused = true)]
async fn a_tool_without_a_result_ends_the_run_with_the_calls() {
    let bench = Bench::new(|_, _| calls(&[("", "weather", PARIS)]));
    let tools = vec![Tool { result: None, ..tool("weather", ToolResult::default()) }];
    let outcome = bench.end(asks(tools, &["m"])).await;
    assert_eq!(outcome.end, RunEnd::Done);
    assert_eq!(outcome.status(), RunStatus::Unchecked, "nobody asked for a check");
    let call = &outcome.calls[0];
    assert_eq!((call.name.as_str(), call.arguments.as_str(), &call.problem), ("weather", PARIS, &None));
    assert!(!call.id.is_empty(), "an id was made");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_tool_does_not_take_fails_the_run_that_ends_with_it() {
    for (arguments, name, problem) in [
        ("{}", "weather", "city"),
        ("[1]", "weather", "no JSON object"),
        (PARIS, "climate", "there is no tool `climate`"),
    ] {
        let bench = Bench::new(move |_, _| calls(&[("a", name, arguments)]));
        let tools = vec![Tool { result: None, ..tool("weather", ToolResult::default()) }];
        let outcome = bench.end(asks(tools, &["m"])).await;
        assert_eq!(outcome.status(), RunStatus::Failed, "{arguments}");
        assert!(outcome.calls[0].problem.as_ref().is_some_and(|words| words.contains(problem)), "{:?}", outcome.calls);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_answered_is_answered_with_why() {
    let bench = Bench::new(|_, call| match call {
        0 => calls(&[("a", "weather", "{\"city\": 3}"), ("b", "weather", "{\"ci"), ("c", "nothing", "{}")]),
        _ => answer(&["Sorry."]),
    });
    let outcome = bench.end(asks(vec![tool("weather", text("20 °C"))], &["m"])).await;
    assert_eq!(outcome.end, RunEnd::Done);
    let results: Vec<&str> = outcome.rounds[1..].iter().map(|message| message.content.as_str()).collect();
    assert!(results.iter().all(|text| text.starts_with("Error: ")), "{results:?}");
    assert!(results[0].contains("city") && results[1].contains("not JSON") && results[2].contains("`nothing`"));
    assert!(outcome.rounds[1..].iter().all(|message| message.reply.as_ref().is_some_and(|reply| reply.failed)));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_calls_without_end_is_stopped() {
    let bench = Bench::new(|_, call| calls(&[(&format!("id{call}"), "weather", PARIS)]));
    let mut request = asks(vec![tool("weather", text("20 °C"))], &["m"]);
    let mut prompt = (*request.prompt).clone();
    prompt.max_rounds = Some(3);
    request.prompt = prompt.into();
    let outcome = bench.end(request).await;
    assert_eq!(outcome.end.class(), Some(ErrorKind::BadOutput));
    assert!(outcome.end.to_string().contains("max_rounds"), "{}", outcome.end);
    assert_eq!(outcome.attempts, 4, "three rounds, and the one too many");
}

#[tokio::test(start_paused = true)]
async fn retries_and_fallbacks_go_on_where_the_rounds_stand() {
    let busy = || vec![Step::Fail(retort::model::CallError::new(ErrorKind::Overloaded, "busy"))];
    let bench = Bench::new(move |call, _| {
        let answered = call.messages.iter().any(|message| message.reply.is_some());
        match (call.target.name.as_str(), answered) {
            ("m", false) => calls(&[("a", "weather", PARIS)]),
            ("m", true) => busy(),
            _ => answer(&["Sunny."]),
        }
    });
    let outcome = bench.end(asks(vec![tool("weather", text("20 °C"))], &["m", "other"])).await;
    assert_eq!((&outcome.end, outcome.target.as_str()), (&RunEnd::Done, "other"));
    let sent = bench.last_call().messages;
    assert!(sent.iter().any(|message| message.content == "20 °C"), "the results so far are sent: {sent:?}");
    assert!(bench.cache.0.lock().unwrap().is_empty(), "what two models made together is nobody's answer");
}

#[tokio::test(start_paused = true)]
async fn a_run_with_fixed_results_is_cached_whole_and_one_that_goes_outside_is_not() {
    for (result, again) in [(text("20 °C"), 2), (command(), 4)] {
        let mut bench = Bench::new(|call, _| {
            let answered = call.messages.iter().any(|message| message.reply.is_some());
            if answered { answer(&["Sunny."]) } else { calls(&[("a", "weather", PARIS)]) }
        });
        bench.answers_calls(Arc::new(Outside::default()));
        let request = asks(vec![tool("weather", result)], &["m"]);
        let first = bench.end(request.clone()).await;
        let second = bench.end(request).await;
        assert_eq!(bench.calls().len(), again);
        assert_eq!((first.text, first.rounds.len()), (second.text, second.rounds.len()));
    }
}

/// Answers what goes outside, and notes the runs that ended.
#[derive(Default)]
struct Outside {
    ended: Mutex<Vec<RunId>>,
    asked: Mutex<Vec<String>>,
}

impl ToolRunner for Outside {
    fn call<'a>(&'a self, asked: AskedTool<'a>) -> PortFuture<'a, Result<String, String>> {
        let AskedTool { tool, call, .. } = asked;
        self.asked.lock().unwrap().push(format!("{} {}", tool.name, call.arguments));
        Box::pin(async move {
            match tool.name.as_str() {
                "hangs" => std::future::pending().await,
                "floods" => Ok("x".repeat(2 << 20)),
                "fails" => Err("exit code 3".to_owned()),
                _ => Ok("fine".to_owned()),
            }
        })
    }

    fn ended(&self, run: RunId) {
        self.ended.lock().unwrap().push(run);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_fails_hangs_or_floods_is_told_to_the_model_and_no_more() {
    for (name, words) in [("fails", "exit code 3"), ("hangs", "took longer than 5s"), ("floods", "more than 1 MiB")] {
        let mut bench = Bench::new(move |_, call| match call {
            0 => calls(&[("a", name, PARIS)]),
            _ => answer(&["Sorry."]),
        });
        let outside = Arc::new(Outside::default());
        bench.answers_calls(Arc::clone(&outside) as Arc<dyn ToolRunner>);
        let result = ToolResult { timeout: Some(5.0), ..command() };
        let outcome = bench.end(asks(vec![tool(name, result)], &["m"])).await;
        assert_eq!((&outcome.end, outcome.text.as_str()), (&RunEnd::Done, "Sorry."), "{name}");
        assert!(outcome.rounds[1].content.contains(words), "{name}: {}", outcome.rounds[1].content);
        assert_eq!(outside.ended.lock().unwrap().len(), 1, "what was started is ended with the run");
        assert!(outcome.timing.took() < Duration::from_secs(10), "{:?}", outcome.timing);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_any_tool_on_offer_is_no_answer() {
    let bench = Bench::new(|_, _| calls(&[("a", "weather", PARIS)]));
    let outcome = bench.end(asks(Vec::new(), &["m"])).await;
    assert_eq!(outcome.end.class(), Some(ErrorKind::BadOutput));
}

#[tokio::test(start_paused = true)]
async fn arguments_that_were_cut_off_are_no_call() {
    let bench = Bench::new(|_, _| {
        let mut steps = calls(&[("a", "weather", "{\"city\": \"Par")]);
        steps[2] = Step::Say(WireEvent::Finish(Finish::Length));
        steps
    });
    let tools = vec![Tool { result: None, ..tool("weather", ToolResult::default()) }];
    let outcome = bench.end(asks(tools, &["m"])).await;
    assert_eq!(outcome.end.class(), Some(ErrorKind::Truncated), "{:?}", outcome.end);
}
