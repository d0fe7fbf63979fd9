//! End to end against a real llama.cpp server with a real model, over both wire formats.
//!
//! `tests/real/run.sh` starts the servers and names them in the environment. Without it these tests
//! are ignored. They look at shapes, never at wording: the model is small and errs.
#![allow(clippy::print_stdout, reason = "a test that is skipped, or that measures, says so")]

/// Two models at the bench.
#[cfg(unix)]
mod pair;
/// Whole runs through the pipeline: keys, fallback, cache, stop.
mod runs;
/// The screens of the walk-through.
#[cfg(unix)]
mod walk;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::StreamExt;
use retort::{
    model::{CallError, ErrorKind, Finish, Key, Message, ModelCard, Params, Role, Target, Usage, Wire},
    provider::{Backend, Call, Providers, WireEvent, WireFormat},
};
use serde_json::{Value, json};
use tokio::time::Instant;

const WIRES: [Wire; 2] = [Wire::OpenAi, Wire::Anthropic];

#[allow(clippy::disallowed_methods, reason = "the script that starts the servers names them in the environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; tests/real/run.sh sets it"))
}

/// A call to the server at a base URL without a path.
fn call(base: &str, kind: Wire, ask: &str, most: u64) -> Call {
    let base_url = if kind == Wire::OpenAi { format!("{base}/v1") } else { base.to_owned() };
    Call {
        target: Target {
            name: "real".to_owned(),
            provider: "real".to_owned(),
            kind,
            base_url: Some(base_url),
            custom_endpoint: true,
            model: "smollm2-135m".to_owned(),
            command: Vec::new(),
            headers: std::collections::BTreeMap::new(),
            options: retort::model::TargetOptions::default(),
            card: ModelCard::default(),
        },
        key: None,
        messages: vec![
            Message::of(Role::System, "You answer in plain words.".to_owned()),
            Message::of(Role::User, ask.to_owned()),
        ],
        params: Params { temperature: Some(0.0), max_tokens: Some(most), ..Params::default() },
        format: WireFormat::Text,
        tools: retort::model::ToolSet::default(),
        connect: Duration::from_secs(5),
        forward: None,
    }
}

fn key(value: &str) -> Key {
    Key { label: "test".to_owned(), account: "test".to_owned(), secret: value.to_owned().into(), left_out: None }
}

/// All that a call answers, in order, and the error it ended with.
#[derive(Default)]
struct Heard {
    events: Vec<WireEvent>,
    error: Option<CallError>,
}

impl Heard {
    fn text(&self) -> String {
        self.pieces().concat()
    }

    fn pieces(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match event {
                WireEvent::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    fn finish(&self) -> Option<&Finish> {
        self.events.iter().find_map(|event| if let WireEvent::Finish(finish) = event { Some(finish) } else { None })
    }

    /// The counts, later ones over earlier ones.
    fn usage(&self) -> Usage {
        self.events.iter().fold(Usage::default(), |sum, event| match event {
            WireEvent::Usage(usage) => Usage {
                input: usage.input.or(sum.input),
                cache_read: usage.cache_read.or(sum.cache_read),
                output: usage.output.or(sum.output),
                ..*usage
            },
            _ => sum,
        })
    }

    fn error(&self) -> &CallError {
        self.error.as_ref().unwrap_or_else(|| panic!("no fault, but {:?}", self.events))
    }
}

async fn heard(call: Call) -> Heard {
    let mut heard = Heard::default();
    let mut stream = Providers::default().call(call);
    while let Some(item) = stream.next().await {
        assert!(heard.error.is_none(), "something followed the fault");
        match item {
            Ok(event) => heard.events.push(event),
            Err(error) => heard.error = Some(error),
        }
    }
    heard
}

/// One plain HTTP exchange: status and JSON body.
fn exchange(base: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let host = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn both_wires_stream_an_answer_to_its_end() {
    let base = variable("RETORT_REAL_SERVER");
    for kind in WIRES {
        let heard = heard(call(&base, kind, "Name the days of the week.", 60)).await;
        assert_eq!(heard.error, None, "{kind}");
        assert!(matches!(heard.events[0], WireEvent::Headers { status: 200, .. }), "{kind}: {:?}", heard.events[0]);
        assert!(heard.pieces().len() > 3, "{kind} came in one piece: {:?}", heard.text());
        assert!(matches!(heard.finish(), Some(Finish::Stop | Finish::Length)), "{kind}: {:?}", heard.finish());
        assert_eq!(heard.events.last(), Some(&WireEvent::End), "{kind}");
        assert_eq!(heard.events.iter().filter(|event| **event == WireEvent::End).count(), 1, "{kind}");
    }
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn the_output_limit_is_told_as_such() {
    let base = variable("RETORT_REAL_SERVER");
    for kind in WIRES {
        let heard = heard(call(&base, kind, "Tell a long story of a lighthouse.", 12)).await;
        assert_eq!(heard.finish(), Some(&Finish::Length), "{kind}");
        assert_eq!(heard.usage().output, Some(12), "{kind}");
    }
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn usage_is_what_the_server_counts() {
    let base = variable("RETORT_REAL_SERVER");
    let ask = "How many legs has a spider?";
    for kind in WIRES {
        let call = call(&base, kind, ask, 8);
        let body = json!({"model": call.target.model, "messages": call.messages, "max_tokens": 8}).to_string();
        let (status, counted) = exchange(&base, "POST", "/v1/chat/completions", &body);
        assert_eq!(status, 200);
        let usage = heard(call).await.usage();
        assert_eq!(usage.total_input(), counted["usage"]["prompt_tokens"].as_u64(), "{kind}: {usage:?}");
        assert!(!usage.estimated, "{kind}");
    }
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn a_json_object_is_one() {
    let base = variable("RETORT_REAL_SERVER");
    let mut call = call(&base, Wire::OpenAi, "Repeat this: {\"colour\": \"green\"}", 300);
    call.format = WireFormat::JsonObject;
    let heard = heard(call).await;
    assert_eq!(heard.finish(), Some(&Finish::Stop), "{}", heard.text());
    assert!(serde_json::from_str::<Value>(&heard.text()).unwrap().is_object());
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn a_json_schema_is_kept() {
    let base = variable("RETORT_REAL_SERVER");
    let mut call = call(&base, Wire::OpenAi, "My parcel never came. Label this message.", 200);
    call.format = WireFormat::JsonSchema(json!({
        "type": "object", "additionalProperties": false, "required": ["sentiment", "urgent"],
        "properties": {"sentiment": {"type": "string", "enum": ["positive", "negative"]}, "urgent": {"type": "boolean"}}
    }));
    let heard = heard(call).await;
    assert_eq!(heard.finish(), Some(&Finish::Stop), "{}", heard.text());
    let answer: Value = serde_json::from_str(&heard.text()).unwrap();
    assert!(["positive", "negative"].contains(&answer["sentiment"].as_str().unwrap()));
    assert!(answer["urgent"].is_boolean() && answer.as_object().unwrap().len() == 2, "{answer}");
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn a_wrong_key_and_no_key_are_refused_and_the_right_one_is_not() {
    let (base, right) = (variable("RETORT_REAL_LOCKED"), variable("RETORT_REAL_KEY"));
    let wrong = "sk-wrong-5f2b";
    for kind in WIRES {
        for given in [None, Some(wrong)] {
            let mut call = call(&base, kind, "Hello", 4);
            call.key = given.map(key);
            let heard = heard(call).await;
            let error = heard.error();
            let class = given.map_or(ErrorKind::MissingKey, |_| ErrorKind::Credential);
            assert_eq!((error.class, error.status), (class, Some(401)), "{kind}: {error}");
            assert!(!error.message.contains(wrong) && !error.message.is_empty(), "{kind}: {error}");
        }
        let mut call = call(&base, kind, "Hello", 4);
        call.key = Some(key(&right));
        let heard = heard(call).await;
        assert_eq!((heard.error.as_ref(), heard.events.last()), (None, Some(&WireEvent::End)), "{kind}");
    }
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn a_prompt_beyond_the_context_is_refused_with_the_numbers() {
    let base = variable("RETORT_REAL_SERVER");
    let (_, props) = exchange(&base, "GET", "/props", "");
    let context = props["default_generation_settings"]["n_ctx"].as_u64().unwrap();
    for kind in WIRES {
        let heard = heard(call(&base, kind, &"word ".repeat(9000), 4)).await;
        let error = heard.error();
        assert_eq!(error.class, ErrorKind::ContextTooLong, "{kind}: {error}");
        let digits: String = error.message.chars().filter(|c| c.is_ascii_digit() || c.is_whitespace()).collect();
        let numbers: Vec<u64> = digits.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        assert!(numbers.contains(&context), "{kind}: {error}");
        assert!(numbers.iter().any(|number| *number > 9000), "{kind}: {error}");
    }
}

/// Tells whether any of the server's slots is at work.
fn busy(base: &str) -> bool {
    let (status, slots) = exchange(base, "GET", "/slots", "");
    assert_eq!(status, 200, "{slots}");
    slots.as_array().unwrap().iter().any(|slot| slot["is_processing"] == true)
}

/// Polls until a condition holds, for `most` at longest; tells how long it took.
async fn until(most: Duration, mut holds: impl FnMut() -> bool) -> Option<Duration> {
    let start = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    while start.elapsed() < most {
        tick.tick().await;
        if holds() {
            return Some(start.elapsed());
        }
    }
    None
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn dropping_the_stream_stops_the_server() {
    let base = variable("RETORT_REAL_SERVER");
    for kind in WIRES {
        let mut stream = Providers::default().call(call(&base, kind, "Write a very long story of a lighthouse.", 3000));
        let mut pieces = 0;
        while pieces < 3 {
            match stream.next().await {
                Some(Ok(WireEvent::Text(_))) => pieces += 1,
                Some(Ok(_)) => {}
                other => panic!("{kind}: {other:?}"),
            }
        }
        assert!(busy(&base), "{kind}: the server works before the stop");
        drop(stream);
        let idle = until(Duration::from_secs(5), || !busy(&base)).await;
        println!("{kind}: the server's slot was free {idle:?} after the stop");
        assert!(idle.is_some(), "{kind}: the server still works 5 s after the stop");
    }
}

/// A server of this test's own.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(command: &str) -> Self {
        let mut words = command.lines();
        let mut child = Command::new(words.next().unwrap())
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut base = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
        Self { child, base: base.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
async fn a_server_that_loads_its_model_is_overloaded_and_then_answers() {
    let command = variable("RETORT_REAL_START");
    let server = Server::start(&command);
    let host = server.base.trim_start_matches("http://").to_owned();
    let listens = until(Duration::from_secs(60), || TcpStream::connect(&host).is_ok()).await;
    assert!(listens.is_some(), "the server never listens");
    for kind in WIRES {
        let heard = heard(call(&server.base, kind, "Hello", 4)).await;
        let error = heard.error();
        assert_eq!((error.class, error.status), (ErrorKind::Overloaded, Some(503)), "{kind}: {error}");
    }
    let health = || exchange(&server.base, "GET", "/health", "").0;
    assert!(until(Duration::from_secs(120), || health() == 200).await.is_some(), "the model never loads");
    let heard = heard(call(&server.base, Wire::OpenAi, "Hello", 4)).await;
    assert_eq!((heard.error.as_ref(), heard.events.last()), (None, Some(&WireEvent::End)));
}
