//! What a real llama-server and a real gateway sent, replayed byte for byte.

use std::{fs, path::Path};

use retort::{
    model::{
        ErrorKind,
        Wire::{
            Anthropic, Gemini, OpenAi, {self},
        },
    },
    provider::{WireEvent, classify, headers::Headers},
};

use super::{ask, call, read, summary, target};
use crate::support::server::{Script, Server, json};

struct Capture {
    status: u16,
    headers: Headers,
    body: String,
}

fn raw(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/wire/{name}.http"));
    fs::read(path).unwrap()
}

fn capture(name: &str) -> Capture {
    let text = String::from_utf8(raw(name)).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = Headers::new(lines.filter_map(|line| line.split_once(": ")));
    Capture { status, headers, body: body.to_owned() }
}

fn replay(kind: Wire, name: &str) -> String {
    let capture = capture(name);
    assert_eq!(capture.status, 200);
    let media_type = capture.headers.media_type();
    let body = capture.body.as_bytes();
    let (events, error) = read(kind, media_type.as_deref(), &[body]);
    let whole = summary(&events, error.as_ref());
    // Every cut of every kind of event is tried elsewhere; here a stride that meets them all in time.
    for cut in (0..=body.len()).step_by(61) {
        let (left, right) = body.split_at(cut);
        let (events, error) = read(kind, media_type.as_deref(), &[left, right]);
        assert_eq!(summary(&events, error.as_ref()), whole, "{name} cut at {cut}");
    }
    whole
}

#[test]
fn streams_of_chat_completions() {
    assert_eq!(
        replay(OpenAi, "llama-server/chat-stream-usage"),
        "model smollm2-135m | text 1. Red: The most obvious colour, but there are many more.\n2. Blue: The most obvious \
         colour, but there are many more.\n3. Green: The most obvious colour | finish length | usage in=1 read=33 out=40 \
         | timing | end"
    );
    assert!(replay(OpenAi, "llama-server/chat-length-stream").ends_with("| finish length | timing | end"));
    assert_eq!(replay(OpenAi, "litellm/mocked"), "model mocked | text A mocked answer. | finish stop | end");
    let usage = replay(OpenAi, "litellm/chat-stream-usage");
    assert!(usage.ends_with("| finish length | usage in=1 read=33 out=20 thought=0 | end"), "{usage}");
}

#[test]
fn streams_of_messages() {
    let long = replay(Anthropic, "llama-server/messages-stream");
    assert!(long.starts_with("model smollm2-135m | usage in=1 read=33 out=0 | text 1. Red: "), "{long}");
    assert!(long.ends_with("| finish length | usage out=40 | end"), "{long}");
    assert_eq!(
        replay(Anthropic, "llama-server/messages-length-stream"),
        "model smollm2-135m | usage in=14 read=24 out=0 | text Once upon a time, in | finish length | usage out=6 | end"
    );
    let gateway = replay(Anthropic, "litellm/messages-stream");
    assert!(gateway.ends_with("blue, and green. | finish stop | usage in=9 read=24 out=11 | end"), "{gateway}");
}

#[test]
fn complete_answers() {
    assert_eq!(
        replay(OpenAi, "llama-server/chat"),
        "model smollm2-135m | text Hello, welcome to my little corner of the world! | finish stop | \
         usage in=36 read=0 out=12 | timing | end"
    );
    assert!(replay(OpenAi, "litellm/chat").ends_with("| finish length | usage in=8 read=25 out=20 | timing | end"));
    assert_eq!(
        replay(Anthropic, "llama-server/messages"),
        "model smollm2-135m | usage in=20 read=5 out=8 | text I'm sorry for any confusion. | finish stop | end"
    );
    assert!(replay(Anthropic, "llama-server/messages-stop-seq").ends_with("| finish stop | end"));
    assert!(replay(Anthropic, "litellm/messages").contains("text Hello! How can I assist you today? | finish stop"));
}

#[tokio::test]
async fn a_chunked_response_with_its_head_over_a_socket() {
    let server = Server::start([Script::answer(raw("llama-server/chat-stream-raw-chunked"))]).await;
    let (events, error) = ask(call(target(OpenAi, &server.url))).await;
    assert!(summary(&events, error.as_ref()).ends_with("| finish length | timing | end"));
    let timed = events.iter().find_map(|event| match event {
        WireEvent::ServerTiming { prompt, generation, .. } => prompt.zip(*generation),
        _ => None,
    });
    let (prompt, generation) = timed.unwrap();
    assert_eq!((prompt.as_micros(), generation.as_micros()), (18_560, 210_390));
}

#[tokio::test]
async fn a_list_of_models_over_a_socket() {
    for name in ["llama-server/models", "litellm/models"] {
        let server = Server::start([Script::answer(raw(name))]).await;
        let models = super::providers().models(&target(OpenAi, &server.url), None).await.unwrap();
        assert!(!models.is_empty() && models.iter().all(|model| !model.id.is_empty()));
    }
}

#[tokio::test]
async fn geminis_list_has_the_models_that_answer_by_the_names_they_are_asked_by() {
    let list = r#"{"models":[{"name":"models/gemini-3.8-flash","supportedGenerationMethods":["generateContent"]},
        {"name":"models/embedding-2","supportedGenerationMethods":["embedContent"]}]}"#;
    let server = Server::start([Script::answer(json("200 OK", &[("connection", "close")], list))]).await;
    let models = super::providers().models(&target(Gemini, &server.url), Some(&super::key())).await.unwrap();
    let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(ids, ["gemini-3.8-flash"]);
    let request = server.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/models?pageSize=1000"));
    assert_eq!(request.header("x-goog-api-key"), Some(super::SENTINEL));
}

#[tokio::test]
async fn errors_as_a_response_over_a_socket_and_inside_a_stream() {
    let cases = [
        ("llama-server/err-404", ErrorKind::NotAnApi),
        ("llama-server/err-bad-json", ErrorKind::CallerFault),
        ("llama-server/err-bad-response-format", ErrorKind::ParamRejected),
        ("llama-server/err-bad-schema", ErrorKind::CallerFault),
        ("llama-server/err-bad-type-temperature", ErrorKind::ParamRejected),
        ("llama-server/err-context-overflow", ErrorKind::ContextTooLong),
        ("llama-server/err-image-input", ErrorKind::Transient),
        ("llama-server/err-messages-no-messages", ErrorKind::Transient),
        ("llama-server/err-no-messages", ErrorKind::CallerFault),
        ("llama-server/err-wrong-key", ErrorKind::Credential),
        ("litellm/err-bad-json", ErrorKind::CallerFault),
        ("litellm/err-context-overflow", ErrorKind::ContextTooLong),
        ("litellm/err-dead-backend", ErrorKind::Transient),
        ("litellm/err-messages-dead-backend-stream", ErrorKind::Transient),
        ("litellm/err-messages-unknown-model", ErrorKind::ModelGone),
        ("litellm/err-no-messages", ErrorKind::CallerFault),
        ("litellm/err-unknown-model", ErrorKind::ModelGone),
        ("litellm/err-wrong-key", ErrorKind::Credential),
    ];
    let server = Server::start(cases.iter().map(|(name, _)| Script::answer(raw(name)))).await;
    for (name, class) in cases {
        let capture = capture(name);
        let (_, error) = ask(call(target(OpenAi, &server.url))).await;
        let error = error.unwrap();
        assert_eq!((error.class, error.status), (class, Some(capture.status)), "{name}: {error}");
        assert!(!error.message.is_empty() && !error.message.starts_with('{'), "{name}: {error}");
        assert_eq!(classify::event(&capture.body).class, class, "{name} inside a stream");
    }
}

#[tokio::test]
async fn plain_text_with_an_error_status() {
    // The gateway answers so when no key is sent; the bytes give no better reason.
    let text = String::from_utf8(raw("litellm/err-no-key")).unwrap().replace("Transfer-Encoding: chunked\r\n", "");
    let server = Server::start([Script::answer(text)]).await;
    let (_, error) = ask(call(target(OpenAi, &server.url))).await;
    let error = error.unwrap();
    assert_eq!((error.class, error.message.as_str()), (ErrorKind::Transient, "Internal Server Error"));
}

#[test]
fn a_context_overflow_says_how_much_is_too_much() {
    let error = classify::event(&capture("llama-server/err-context-overflow").body);
    assert!(error.message.contains("9031") && error.message.contains("4096"), "{error}");
}
