//! Runs told to a scripted collector, whose messages are decoded here by the standard's own rules.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{
    home::{Home, Ran},
    server::{Request, Script, Server, event_stream, json as whole},
    serving::{AT_ONCE, Serving, settings},
};

/// A field of a message: its number, and what is in it.
#[derive(Debug, Clone, PartialEq)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// Reads a message of Protocol Buffers.
fn decode(bytes: &[u8]) -> Vec<(u64, Field)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }
    let (mut rest, mut fields) = (bytes, Vec::new());
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let value = match key & 7 {
            0 => Field::Number(varint(&mut rest)),
            1 => {
                let (number, after) = rest.split_at(8);
                rest = after;
                Field::Number(u64::from_le_bytes(number.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)).unwrap();
                let (bytes, after) = rest.split_at(length);
                rest = after;
                Field::Bytes(bytes.to_vec())
            }
            layout => panic!("layout {layout}"),
        };
        fields.push((key >> 3, value));
    }
    fields
}

/// The messages in a field.
fn messages(message: &[(u64, Field)], number: u64) -> Vec<Vec<(u64, Field)>> {
    let all = message.iter().filter(|(own, _)| *own == number);
    all.map(|(_, field)| match field {
        Field::Bytes(bytes) => decode(bytes),
        Field::Number(_) => panic!("{number} is a number"),
    })
    .collect()
}

fn text(message: &[(u64, Field)], number: u64) -> String {
    let field = message.iter().find(|(own, _)| *own == number).map(|(_, field)| field);
    match field {
        Some(Field::Bytes(bytes)) => String::from_utf8(bytes.clone()).unwrap(),
        _ => String::new(),
    }
}

fn field(message: &[(u64, Field)], wanted: u64) -> Option<Field> {
    message.iter().find(|(own, _)| *own == wanted).map(|(_, field)| field.clone())
}

fn number(message: &[(u64, Field)], wanted: u64) -> u64 {
    let field = message.iter().find(|(own, _)| *own == wanted).map(|(_, field)| field);
    match field {
        Some(Field::Number(number)) => *number,
        _ => 0,
    }
}

/// Attributes by name, each as text.
fn attributes(message: &[(u64, Field)], at: u64) -> BTreeMap<String, String> {
    let value = |value: &[(u64, Field)]| match &value[0] {
        (1, Field::Bytes(text)) => String::from_utf8(text.clone()).unwrap(),
        (2, Field::Number(truth)) => (*truth == 1).to_string(),
        (3, Field::Number(whole)) => whole.to_string(),
        (4, Field::Number(bits)) => f64::from_bits(*bits).to_string(),
        (5, Field::Bytes(list)) => {
            messages(&decode(list), 1).iter().map(|one| text(one, 1)).collect::<Vec<_>>().join(",")
        }
        other => panic!("{other:?}"),
    };
    messages(message, at).iter().map(|pair| (text(pair, 1), value(&messages(pair, 2)[0]))).collect()
}

/// A span, and its attributes.
type Span = (Vec<(u64, Field)>, BTreeMap<String, String>);

/// The spans of a request.
fn spans(request: &Request) -> Vec<Span> {
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    let resources = messages(&decode(&request.body), 1);
    assert_eq!(resources.len(), 1);
    assert_eq!(attributes(&messages(&resources[0], 1)[0], 1)["service.name"], "triage");
    let scopes = messages(&resources[0], 2);
    let spans = messages(&scopes[0], 2);
    spans.into_iter().map(|span| (span.clone(), attributes(&span, 9))).collect()
}

/// Those of them that are whole runs.
fn runs(request: &Request) -> Vec<Span> {
    spans(request).into_iter().filter(|(_, said)| said.contains_key("retort.run")).collect()
}

fn taken() -> Script {
    Script::answer(whole("200 OK", &[("connection", "close")], "{}"))
}

fn answers() -> Script {
    Script::answer(event_stream(
        "data: {\"model\":\"up-a-1\",\"choices\":[{\"delta\":{\"content\":\"SECRET ANSWER\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\
         \"usage\":{\"prompt_tokens\":12,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":8}}}\n\ndata: [DONE]\n\n",
    ))
}

const PROMPT: &str = "system = \"SECRET SYSTEM\"\nuser = \"{{ input }}\"\ntargets = [\"m-a\"]\n[params]\nseed = 7\n[response]\nformat = \"text\"\n\
    [[check]]\ntype = \"contains\"\nvalue = \"ANSWER\"\n";

fn configured(server: &Server, collector: &str, more: &str) -> Home {
    let home = Home::new();
    let telemetry = format!(
        "[telemetry]\nendpoint = \"{collector}\"\nservice = \"triage\"\nheaders = [\"authorization=env:OTLP_AUTH\", \"x-a=b\"]\n{more}"
    );
    home.file("config/config.toml", &format!("{AT_ONCE}{}{telemetry}", settings(&[("a", "openai", server)])));
    home.file("config/prompts/p.toml", PROMPT);
    home
}

async fn run(home: &Home, arguments: &[&str]) -> Ran {
    home.file("work/in.txt", "SECRET INPUT");
    let mut command = home.command(arguments);
    command.env("KEY", "sk-upstream").env("OTLP_AUTH", "Basic c2VjcmV0");
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_a_span_by_the_conventions_and_says_nothing_of_what_was_said() {
    let (server, collector) = (Server::start([answers()]).await, Server::start([taken(), taken()]).await);
    let home = configured(&server, &collector.url, "");
    let ran = run(&home, &["run", "p", "-i", "in.txt"]).await;
    assert_eq!((ran.code, ran.err.contains("collector")), (Some(0), false), "{}", ran.err);
    let requests = collector.requests();
    assert_eq!(requests.iter().map(|request| request.path.as_str()).collect::<Vec<_>>(), ["/v1/traces", "/v1/metrics"]);
    for request in &requests {
        assert_eq!((request.header("authorization"), request.header("x-a")), (Some("Basic c2VjcmV0"), Some("b")));
        assert!(!String::from_utf8_lossy(&request.body).contains("SECRET"));
    }
    let spans = spans(&requests[0]);
    let [(span, said), (attempt, of_attempt)] = spans.as_slice() else { panic!("{spans:?}") };
    let run = home.run(&["history", "--json"]).lines()[0]["run"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.request.model", "up-a"),
        ("gen_ai.response.model", "up-a-1"),
        ("gen_ai.usage.input_tokens", "12"),
        ("gen_ai.usage.output_tokens", "4"),
        ("gen_ai.usage.cache_read.input_tokens", "8"),
        ("gen_ai.request.seed", "7"),
        ("gen_ai.response.finish_reasons", "stop"),
        ("gen_ai.output.type", "text"),
        ("gen_ai.prompt.name", "p"),
        ("retort.status", "passed"),
        ("openinference.span.kind", "LLM"),
        ("retort.run", &run),
    ] {
        assert_eq!(said.get(name).map(String::as_str), Some(value), "{name}: {said:#?}");
    }
    assert_eq!((text(span, 5).as_str(), number(span, 6)), ("chat up-a", 3));
    let (trace, id) = (span.iter().find(|(at, _)| *at == 1).unwrap(), span.iter().find(|(at, _)| *at == 2).unwrap());
    assert!(matches!((&trace.1, &id.1), (Field::Bytes(trace), Field::Bytes(id)) if trace.len() == 16 && id.len() == 8));
    assert!(number(span, 8) > number(span, 7));
    let (address, port) = server.url.trim_start_matches("http://").split_once(':').unwrap();
    for said in [said, of_attempt] {
        let at = (said["server.address"].as_str(), said["server.port"].as_str());
        assert_eq!(at, (address, port.split('/').next().unwrap()));
    }
    assert_eq!((text(attempt, 5).as_str(), number(attempt, 6)), ("attempt 1 up-a", 3));
    assert_eq!(of_attempt["http.response.status_code"], "200");
    assert!(!of_attempt.keys().any(|name| name.starts_with("gen_ai.")), "nothing is counted twice: {of_attempt:?}");
    assert_eq!((field(attempt, 4), field(attempt, 1)), (field(span, 2), field(span, 1)), "it is within the run");
    assert!(number(attempt, 7) >= number(span, 7) && number(attempt, 8) <= number(span, 8));
    assert_eq!(field(span, 4), None, "nobody asked for it");
    let events = messages(span, 11);
    let verdict = events
        .iter()
        .map(|event| attributes(event, 3))
        .find(|verdict| verdict["gen_ai.evaluation.name"].contains("contains"));
    assert_eq!(verdict.unwrap()["gen_ai.evaluation.score.label"], "passed");
    let metrics = messages(&messages(&messages(&decode(&requests[1].body), 1)[0], 2)[0], 2);
    let names: Vec<String> = metrics.iter().map(|metric| text(metric, 1)).collect();
    assert_eq!(names, ["gen_ai.client.operation.duration", "gen_ai.client.token.usage"]);
    let points = messages(&messages(&metrics[1], 9)[0], 1);
    let tokens: Vec<(String, f64)> = points
        .iter()
        .map(|point| (attributes(point, 9)["gen_ai.token.type"].clone(), f64::from_bits(number(point, 5))))
        .collect();
    assert_eq!(tokens, [("input".to_owned(), 12.0), ("output".to_owned(), 4.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_goes_along_where_that_is_asked_for() {
    let (server, collector) = (Server::start([answers()]).await, Server::start([taken(), taken()]).await);
    let home = configured(&server, &collector.url, "content = true\n");
    assert_eq!(run(&home, &["run", "p", "-i", "in.txt"]).await.code, Some(0));
    let spans = spans(&collector.requests()[0]);
    let said = &spans[0].1;
    let parsed = |name: &str| serde_json::from_str::<serde_json::Value>(&said[name]).unwrap();
    let part = |text: &str| json!([{ "type": "text", "content": text }]);
    assert_eq!(parsed("gen_ai.system_instructions"), part("SECRET SYSTEM"));
    assert_eq!(parsed("gen_ai.input.messages"), json!([{ "role": "user", "parts": part("SECRET INPUT") }]));
    assert_eq!(parsed("gen_ai.output.messages"), json!([{ "role": "assistant", "parts": part("SECRET ANSWER") }]));
    assert_eq!((said["input.value"].as_str(), said["output.value"].as_str()), ("SECRET INPUT", "SECRET ANSWER"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_told_together_and_a_cached_answer_is_no_call() {
    let (server, collector) =
        (Server::start([answers(), answers()]).await, Server::start((0..6).map(|_| taken())).await);
    let home = configured(&server, &collector.url, "");
    home.file("work/rows.csv", "input\none\ntwo\n");
    assert_eq!(run(&home, &["batch", "p", "rows.csv"]).await.code, Some(0));
    let traces = || collector.requests().into_iter().filter(|request| request.path == "/v1/traces");
    assert_eq!(traces().map(|request| runs(&request).len()).sum::<usize>(), 2);
    home.file("work/again.csv", "input\none\n");
    assert_eq!(run(&home, &["batch", "p", "again.csv"]).await.code, Some(0));
    let last = traces().next_back().unwrap();
    let runs = runs(&last);
    let (span, said) = runs.last().unwrap();
    assert_eq!((number(span, 6), said.get("retort.cache.hit").map(String::as_str)), (1, Some("true")), "{said:#?}");
    assert_eq!(server.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_or_refuses_is_told_and_stops_nothing() {
    let server = Server::start([answers(), answers()]).await;
    let refuses = Server::start([Script::answer(whole("400 Bad Request", &[("connection", "close")], "{}"))]).await;
    for (collector, why) in [("http://127.0.0.1:9", "127.0.0.1"), (refuses.url.as_str(), "it answers 400")] {
        let home = configured(&server, collector, "");
        let ran = run(&home, &["run", "p", "-i", "in.txt"]).await;
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(ran.out.contains("SECRET ANSWER"));
        assert!(ran.err.contains("1 run was not told to the collector") && ran.err.contains(why), "{}", ran.err);
        assert!(!ran.err.contains("c2VjcmV0"), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_busy_is_asked_again() {
    let busy = Script::answer(whole("503 Service Unavailable", &[("connection", "close")], "{}"));
    let (server, collector) = (Server::start([answers()]).await, Server::start([busy, taken(), taken()]).await);
    let home = configured(&server, &collector.url, "");
    let ran = run(&home, &["run", "p", "-i", "in.txt"]).await;
    assert_eq!((ran.code, ran.err.contains("collector")), (Some(0), false), "{}", ran.err);
    let paths: Vec<String> = collector.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/v1/traces", "/v1/traces", "/v1/metrics"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_programs_are_told_and_what_is_written_wrong_is_said() {
    let whole_answer = "{\"id\":\"c1\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";
    let server = Server::start([Script::answer(whole("200 OK", &[("connection", "close")], whole_answer))]).await;
    let collector = Server::start([taken(), taken()]).await;
    let text = format!(
        "{AT_ONCE}{}[telemetry]\nendpoint = \"{}\"\nservice = \"triage\"\n",
        settings(&[("a", "openai", &server)]),
        collector.url
    );
    let serving = Serving::start(Home::new(), &text, &[]).await;
    let body = "{\"model\":\"m-a\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}";
    assert_eq!(serving.post("/v1/chat/completions", body).await.status, 200);
    let (code, err, _home) = serving.end();
    assert_eq!(code, Some(0), "{err}");
    let spans = spans(&collector.requests()[0]);
    assert_eq!(spans[0].1["session.id"], "serve");
    let home = Home::new();
    home.file("config/config.toml", "[telemetry]\nendpoint = \"localhost:4318\"\n");
    let ran = home.run(&["history"]);
    assert!(ran.code != Some(0) && ran.err.contains("`endpoint` is an address"), "{}", ran.err);
}

/// A body that asks the model, and a provider's answer to it.
const ASK: &str = "{\"model\":\"m-a\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}";
const HI: &str = "{\"id\":\"c1\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";

async fn serving(scripts: impl IntoIterator<Item = Script>, collector: &str) -> (Serving, Server) {
    let server = Server::start(scripts).await;
    let telemetry = format!("[telemetry]\nendpoint = \"{collector}\"\nservice = \"triage\"\n");
    let text = format!("{AT_ONCE}{}{telemetry}", settings(&[("a", "openai", &server)]));
    (Serving::start(Home::new(), &text, &["--no-cache"]).await, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_a_part_of_the_programs_own_trace_with_each_attempt_within_it() {
    let close = [("connection", "close")];
    let busy = Script::answer(whole("503 Service Unavailable", &close, "{\"error\":{\"message\":\"busy\"}}"));
    let answers = || Script::answer(whole("200 OK", &close, HI));
    let collector = Server::start((0..6).map(|_| taken())).await;
    let (serving, server) = serving([busy, answers(), answers()], &collector.url).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let asked = serving.request("POST", "/v1/chat/completions", &[("traceparent", parent)], ASK);
    assert_eq!(serving.send(asked).await.status, 200);
    assert_eq!(server.requests()[0].header("traceparent"), Some(parent), "the provider is told as well");
    let two = [("traceparent", parent), ("traceparent", parent)];
    assert_eq!(serving.send(serving.request("POST", "/v1/chat/completions", &two, ASK)).await.status, 200);
    let (code, err, _home) = serving.end();
    assert_eq!(code, Some(0), "{err}");
    let traces = collector.requests().into_iter().filter(|request| request.path == "/v1/traces");
    let all: Vec<Span> = traces.flat_map(|request| spans(&request)).collect();
    let bytes = |hex: &str| {
        let pairs = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        Some(Field::Bytes(pairs.collect()))
    };
    let [(run, said), (first, of_first), (second, of_second), (other, _), (_, _)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(said["retort.attempts"], "2");
    assert_eq!((field(run, 1), field(run, 4)), (bytes("4bf92f3577b34da6a3ce929d0e0e4736"), bytes("00f067aa0ba902b7")));
    for attempt in [first, second] {
        assert_eq!((field(attempt, 1), field(attempt, 4)), (field(run, 1), field(run, 2)));
    }
    assert_ne!(field(first, 2), field(second, 2));
    assert_eq!(
        (of_first["http.response.status_code"].as_str(), of_first["error.type"].as_str()),
        ("503", "overloaded")
    );
    assert_eq!((of_second["retort.attempt"].as_str(), of_second.get("error.type")), ("2", None));
    assert!(number(first, 8) <= number(second, 7), "one after the other");
    assert_eq!(field(other, 4), None, "two parents are none");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_a_collector_did_not_take_are_counted_in_the_figures() {
    let refuses = Server::start([Script::answer(whole("400 Bad Request", &[("connection", "close")], "{}"))]).await;
    let answers = Script::answer(whole("200 OK", &[("connection", "close")], HI));
    let (serving, _server) = serving([answers], &refuses.url).await;
    assert!(serving.get("/metrics").await.text().contains("retort_serve_telemetry_lost_total 0\n"));
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200);
    let mut told = String::new();
    for _ in 0..500 {
        told = serving.get("/metrics").await.text();
        if told.contains("retort_serve_telemetry_lost_total 1\n") {
            return;
        }
        refuses.closed(0).await;
    }
    panic!("{told}");
}
