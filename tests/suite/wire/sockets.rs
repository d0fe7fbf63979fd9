//! What only a socket can show: status, redirects, cuts, stalls, cancelling, caps, and what is
//! refused before a byte is sent.

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use futures_util::StreamExt;
use retort::{
    model::{ErrorKind, Timer, Wire::OpenAi, model_list::ServedModel},
    provider::{Backend, WireEvent},
};
use tokio::time::timeout;

use super::{SENTINEL, ask, call, listen, providers, summary, target};
use crate::support::server::{
    Gate, Script, Server, Step, chunk, event_stream, head, json, last_chunk, response, stream_head,
};

const HI: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// Far more than anything here takes; a test that reaches it has failed.
const LONG: Duration = Duration::from_secs(20);

fn good() -> Vec<u8> {
    event_stream(format!("{HI}{STOP}data: [DONE]\n\n"))
}

async fn asked(script: Script) -> (Vec<WireEvent>, Option<retort::model::CallError>, Server) {
    let server = Server::start([script]).await;
    let (events, error) = timeout(LONG, ask(call(target(OpenAi, &server.url)))).await.expect("an end");
    (events, error, server)
}

#[tokio::test]
async fn the_head_is_told_with_its_status_and_id() {
    let headers = [("content-type", "text/event-stream"), ("x-request-id", "req-7")];
    let body = format!("{HI}{STOP}");
    let (events, _, _) = asked(Script::answer(response("200 OK", &headers, body))).await;
    assert_eq!(events[0], WireEvent::Headers { status: 200, request_id: Some("req-7".to_owned()) });
}

#[tokio::test]
async fn case_15_a_reset_in_the_middle_keeps_the_text_and_is_an_error() {
    let seen = Gate::default();
    let script = Script::default()
        .then(Step::Expect)
        .send(stream_head())
        .send(chunk(HI))
        .then(Step::Wait(seen.clone()))
        .then(Step::Reset);
    let server = Server::start([script]).await;
    let mut stream = providers().call(call(target(OpenAi, &server.url)));
    let (mut events, mut error) = (Vec::new(), None);
    while let Some(item) = stream.next().await {
        match item {
            Ok(event) => {
                if matches!(event, WireEvent::Text(_)) {
                    seen.open();
                }
                events.push(event);
            }
            Err(last) => error = Some(last),
        }
    }
    assert_eq!(summary(&events, error.as_ref()), "text Hi | fault server error");
    assert!(error.unwrap().message.contains("was lost"));
}

#[tokio::test]
async fn case_15_a_chunked_body_that_is_short_is_an_error() {
    let (events, error, _) = asked(Script::answer([stream_head(), chunk(HI)].concat())).await;
    assert_eq!(summary(&events, error.as_ref()), "text Hi | fault server error");
    let half = [stream_head(), b"40\r\ndata: {\"choi".to_vec()].concat();
    let (events, error, _) = asked(Script::answer(half)).await;
    assert_eq!(summary(&events, error.as_ref()), "fault server error");
}

#[tokio::test]
async fn case_16_the_end_mark_ends_the_call_while_the_socket_lingers() {
    let script = Script::default()
        .then(Step::Expect)
        .send(stream_head())
        .send(chunk(format!("{HI}{STOP}data: [DONE]\n\n")))
        .then(Step::Stall);
    let (events, error, server) = asked(script).await;
    assert_eq!(summary(&events, error.as_ref()), "text Hi | finish stop | end");
    timeout(LONG, server.closed(0)).await.expect("the socket is closed");
}

#[tokio::test]
async fn case_34_a_byte_at_a_time_is_life_and_not_text() {
    let bytes = HI.as_bytes().chunks(1).map(chunk).collect::<Vec<_>>().concat();
    let rest = chunk(format!("{STOP}data: [DONE]\n\n"));
    let (events, error, _) = asked(Script::answer([stream_head(), bytes, rest, last_chunk()].concat())).await;
    assert_eq!(summary(&events, error.as_ref()), "text Hi | finish stop | end");
}

#[tokio::test]
async fn case_35_headers_and_then_silence_leave_the_call_waiting_for_its_timers() {
    let script = Script::default().then(Step::Expect).send(stream_head()).then(Step::Stall);
    let server = Server::start([script]).await;
    let mut stream = providers().call(call(target(OpenAi, &server.url)));
    assert!(matches!(stream.next().await, Some(Ok(WireEvent::Headers { status: 200, .. }))));
    assert!(timeout(Duration::from_millis(20), stream.next()).await.is_err());
    drop(stream);
    timeout(LONG, server.closed(0)).await.expect("the socket is closed");
}

#[tokio::test]
async fn case_40_plain_bytes_are_asked_for_and_packed_ones_unpacked() {
    let body = format!("{HI}{STOP}data: [DONE]\n\n");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for (label, body) in [("gzip", packed.clone()), ("none", packed), ("gzip", body.into_bytes())] {
        let headers = [("content-type", "text/event-stream"), ("content-encoding", label)];
        let (events, error, server) = asked(Script::answer(response("200 OK", &headers, body))).await;
        assert_eq!(summary(&events, error.as_ref()), "text Hi | finish stop | end", "{label}");
        assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
    }
}

#[tokio::test]
async fn a_packed_error_is_read_too() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(br#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#).unwrap();
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let (_, error, _) = asked(Script::answer(response("503 No", &headers, encoder.finish().unwrap()))).await;
    let error = error.unwrap();
    assert_eq!((error.class, error.message.as_str()), (ErrorKind::RateLimited, "slow down"));
}

#[tokio::test]
async fn many_headers_and_bad_ones_are_taken() {
    let value = "v".repeat(480);
    let many: Vec<String> = (0..400).map(|number| format!("x-h{number}")).collect();
    let mut headers = vec![("content-type", "text/event-stream")];
    headers.extend(many.iter().map(|name| (name.as_str(), value.as_str())));
    headers.push(("no header at all", "x"));
    let body = format!("{HI}{STOP}data: [DONE]\n\n");
    let (events, error, _) = asked(Script::answer(response("200 OK", &headers, body))).await;
    assert_eq!(summary(&events, error.as_ref()), "text Hi | finish stop | end", "{error:?}");
}

/// A whole answer whose connection may be used again.
fn kept_open() -> Vec<u8> {
    let answer = r#"{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    json("200 OK", &[], answer)
}

#[tokio::test]
async fn a_stale_connection_costs_nothing() {
    let stale = Script::answer(kept_open()).then(Step::Expect);
    for stale in [stale.clone(), stale.then(Step::Reset)] {
        let server = Server::start([stale, Script::answer(good())]).await;
        let providers = providers();
        for _ in 0..2 {
            let (events, error) = listen(&providers, call(target(OpenAi, &server.url))).await;
            assert_eq!(summary(&events, error.as_ref()), "text Hi | finish stop | end");
        }
        let connections: Vec<usize> = server.requests().iter().map(|request| request.connection).collect();
        assert_eq!(connections, [0, 0, 1], "asked on the old one, and again on a new one");
    }
}

#[tokio::test]
async fn a_connection_that_is_new_is_not_asked_again_and_no_other_is_twice() {
    // New connections that close without a word, the second time after a good answer on another.
    let server = Server::start([
        Script::default().then(Step::Expect),
        Script::answer(kept_open()).then(Step::Expect),
        Script::default().then(Step::Expect),
    ])
    .await;
    let providers = providers();
    let mut summaries = Vec::new();
    for _ in 0..3 {
        let (events, error) = listen(&providers, call(target(OpenAi, &server.url))).await;
        summaries.push(summary(&events, error.as_ref()));
    }
    assert_eq!(summaries, ["fault server error", "text Hi | finish stop | end", "fault server error"]);
    let connections: Vec<usize> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1, 1, 2]);
}

#[tokio::test]
async fn case_46_dropping_the_stream_closes_the_socket_within_100_ms() {
    let script = Script::default().then(Step::Expect).send(stream_head()).send(chunk(HI)).then(Step::Stall);
    let server = Server::start([script]).await;
    let mut stream = providers().call(call(target(OpenAi, &server.url)));
    while !matches!(stream.next().await, Some(Ok(WireEvent::Text(_)))) {}
    drop(stream);
    timeout(Duration::from_millis(100), server.closed(0)).await.expect("the socket is closed");
}

#[tokio::test]
async fn nothing_is_sent_before_the_stream_is_polled() {
    let server = Server::start([Script::answer(good())]).await;
    drop(providers().call(call(target(OpenAi, &server.url))));
    let (events, error) = ask(call(target(OpenAi, &server.url))).await;
    assert_eq!(summary(&events, error.as_ref()), "text Hi | finish stop | end");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn case_47_a_redirect_is_not_followed_and_its_host_is_named() {
    let elsewhere = Server::start([]).await;
    let location = format!("{}/v1/chat/completions?k=1", elsewhere.url);
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer = response(status, &[("location", &location)], "");
        let (events, error, _) = asked(Script::answer(answer)).await;
        assert_eq!(summary(&events, error.as_ref()), "fault not an API");
        let error = error.unwrap();
        assert!(error.message.contains(elsewhere.url.trim_start_matches("http://")), "{error}");
        assert_eq!(error.status.map(|status| status / 100), Some(3));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn case_48_no_content_is_an_empty_stream() {
    let (events, error, _) = asked(Script::answer(head("204 No Content", &[]))).await;
    assert_eq!(summary(&events, error.as_ref()), "fault server error");
    assert!(error.unwrap().message.contains("empty stream"));
}

#[tokio::test]
async fn an_http_error_carries_status_wait_word_and_id() {
    let headers = [("retry-after", "7"), ("x-should-retry", "false"), ("request-id", "r-1")];
    let body = r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#;
    let (_, error, _) = asked(Script::answer(json("429 Too Many Requests", &headers, body))).await;
    let error = error.unwrap();
    assert_eq!((error.class, error.status), (ErrorKind::RateLimited, Some(429)));
    assert_eq!((error.retry_after, error.should_retry), (Some(Duration::from_secs(7)), Some(false)));
    assert_eq!((error.request_id.as_deref(), error.message.as_str()), (Some("r-1"), "slow down"));
}

#[tokio::test]
async fn an_error_body_without_end_is_read_to_its_cap() {
    let mut script = Script::default().then(Step::Expect);
    let headers = [("content-type", "text/plain"), ("transfer-encoding", "chunked")];
    script = script.send(head("500 Internal Server Error", &headers));
    for _ in 0..64 {
        script = script.send(chunk("x".repeat(64 * 1024)));
    }
    let (_, error, _) = asked(script.then(Step::Stall)).await;
    let error = error.unwrap();
    assert_eq!((error.class, error.message.chars().count()), (ErrorKind::Transient, 500));
}

#[tokio::test]
async fn an_error_body_that_breaks_off_still_has_its_status() {
    let headers = [("content-type", "application/json"), ("content-length", "500")];
    let script = Script::answer([head("401 Unauthorized", &headers), b"{\"error\":".to_vec()].concat());
    let (_, error, _) = asked(script).await;
    assert_eq!(error.unwrap().class, ErrorKind::Credential);
}

#[tokio::test]
async fn a_key_that_a_provider_echoes_is_in_no_error() {
    let echo = format!(r#"{{"error":{{"message":"bad key {SENTINEL}","type":"x","param":"{SENTINEL}"}}}}"#);
    let headers = [("x-request-id", SENTINEL)];
    let inside = event_stream(format!("data: {echo}\n\n"));
    let page = response("200 OK", &[("content-type", "text/html")], format!("<p>{SENTINEL}</p>"));
    let plain = response("500 Oh", &[("content-type", "text/plain")], format!("Bearer {SENTINEL}"));
    let moved = response("302 Found", &[("location", &format!("http://{SENTINEL}.test/"))], "");
    for answer in [json("401 Unauthorized", &headers, &echo), json("400 Bad", &[], &echo), inside, page, plain, moved] {
        let (events, error, _) = asked(Script::answer(answer)).await;
        let all = format!("{events:?} {:?} {}", error, error.as_ref().unwrap());
        assert!(!all.contains(SENTINEL), "{all}");
    }
    assert!(!format!("{:?}", call(target(OpenAi, "http://127.0.0.1"))).contains(SENTINEL));
}

#[tokio::test]
async fn nothing_goes_over_plain_http_to_the_internet() {
    for url in [
        "http://192.0.2.1/v1",
        "http://api.example.com/v1",
        "http://localhost.example.com/v1",
        "http://169.254.169.254/",
    ] {
        for key in [Some(super::key()), None] {
            let (events, error) = ask(retort::provider::Call { key, ..call(target(OpenAi, url)) }).await;
            assert_eq!(summary(&events, error.as_ref()), "fault not an API");
            let words = error.unwrap().message;
            assert!(
                words.contains("plain http") && words.contains("`allow_http = true` in [providers.test]"),
                "{words}"
            );
        }
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_said_so() {
    for url in ["", "localhost:8080/v1", "file:///etc", "http://", "https://exa mple/v1"] {
        let (events, error) = ask(call(target(OpenAi, url))).await;
        assert_eq!(summary(&events, error.as_ref()), "fault not an API", "{url}");
        assert!(error.unwrap().message.contains("base_url"), "{url}");
    }
}

#[tokio::test]
async fn nobody_listening_is_said_with_the_next_step() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let (events, error) = ask(call(target(OpenAi, &url))).await;
    assert_eq!(summary(&events, error.as_ref()), "fault server error");
    let words = error.unwrap().to_string();
    assert!(words.contains("nothing listens on 127.0.0.1:") && words.contains("is the server started?"), "{words}");
}

#[tokio::test]
async fn a_connection_that_takes_too_long_is_a_connect_timeout() {
    // A TLS handshake that nobody answers is part of connecting.
    let server = Server::start([Script::default().then(Step::Stall)]).await;
    let mut call = call(target(OpenAi, &server.url.replace("http:", "https:")));
    call.connect = Duration::from_millis(50);
    let (_, error) = timeout(LONG, ask(call)).await.expect("an end");
    assert_eq!(error.unwrap().class, ErrorKind::Timeout(Timer::Connect));
}

#[tokio::test]
async fn something_that_is_not_the_api_is_said_so() {
    for answer in [b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), b"\x15\x03\x01\x00\x02\x02\x46".to_vec()] {
        let (events, error, _) = asked(Script::answer(answer)).await;
        assert_eq!(summary(&events, error.as_ref()), "fault not an API", "{error:?}");
    }
    let server = Server::start([Script::default().send("HTTP/1.1 400 Bad Request\r\n\r\n").then(Step::Stall)]).await;
    let (_, error) = ask(call(target(OpenAi, &server.url.replace("http:", "https:")))).await;
    assert_eq!(error.as_ref().unwrap().class, ErrorKind::NotAnApi, "{error:?}");
}

#[tokio::test]
async fn a_connection_that_closes_without_a_word_is_passing() {
    let (events, error, server) = asked(Script::default().then(Step::Expect)).await;
    assert_eq!(summary(&events, error.as_ref()), "fault server error");
    assert_eq!(server.connections(), 1, "it is not tried again here");
    let half = Script::answer("HTTP/1.1 200 OK\r\ncontent-ty");
    let (events, error, _) = asked(half).await;
    assert_eq!(summary(&events, error.as_ref()), "fault server error");
}

#[tokio::test]
async fn case_33_a_line_of_many_megabytes_is_read_and_one_over_the_cap_refused() {
    let long = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "a".repeat(8 << 20));
    let (events, error, _) = asked(Script::answer(event_stream(format!("{long}{STOP}")))).await;
    let length: usize = events.iter().map(|event| if let WireEvent::Text(text) = event { text.len() } else { 0 }).sum();
    assert_eq!((length, error), (8 << 20, None));
    let mut script = Script::answer([stream_head(), chunk("data: ")].concat());
    for _ in 0..17 {
        script = script.send(chunk("a".repeat(1 << 20)));
    }
    let (events, error, _) = asked(script.then(Step::Stall)).await;
    assert_eq!(summary(&events, error.as_ref()), "fault too large");
}

#[tokio::test]
async fn an_answer_without_end_is_refused_at_its_cap() {
    let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "a".repeat(1 << 20));
    let mut script = Script::answer(stream_head());
    for _ in 0..65 {
        script = script.send(chunk(&event));
    }
    let (_, error, _) = asked(script.then(Step::Stall)).await;
    assert_eq!(error.unwrap().class, ErrorKind::TooLarge);
}

#[tokio::test]
async fn the_models_of_a_provider_are_listed_and_a_server_here_is_found() {
    let list = r#"{"data":[{"id":"m-1","shutdown_date":"2027-01-14"},{"id":"m-2"}]}"#;
    let server = Server::start([
        Script::answer(json("200 OK", &[], list)),
        Script::answer(json("401 Unauthorized", &[], r#"{"error":{"message":"no"}}"#)),
        Script::answer(json("200 OK", &[], list)),
        Script::default().then(Step::Expect).then(Step::Stall),
    ])
    .await;
    let providers = providers();
    let target = target(OpenAi, &format!("{}/v1", server.url));
    let models = providers.models(&target, Some(&super::key())).await.unwrap();
    assert_eq!(models[0], ServedModel { id: "m-1".to_owned(), shutdown: Some("2027-01-14".to_owned()) });
    assert_eq!(providers.models(&target, None).await.unwrap_err().class, ErrorKind::MissingKey);
    assert_eq!(providers.probe(OpenAi, &target.base_url.clone().unwrap()).await.map(|list| list.len()), Some(2));
    assert_eq!(providers.probe(OpenAi, &target.base_url.clone().unwrap()).await, None);
    let requests = server.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("GET", "/v1/models"));
    assert_eq!(requests[2].header("authorization"), None);
}
