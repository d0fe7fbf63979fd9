//! The endpoint for programs, spoken to over raw sockets, in front of scripted providers.

use std::io::{BufRead as _, BufReader};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    home::Home,
    server::{Gate, Script, Server, Step, chunk, event_stream, json as json_response, last_chunk, stream_head},
    serving::{AT_ONCE, KEY, Serving, TOKEN, settings, unchunked},
};

/// What is refused, and that nothing leaks.
mod attacks;
/// Calls watched as they come.
mod console;

/// The parts of a stream that says `Hi there`, without counts and its end.
const HELLO: &str = "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"}}],\"odd\":1.50}\n\n";
const THERE: &str = "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" there\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const COUNTS: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// A whole answer, written as no serializer would.
const WHOLE: &str = "{ \"id\":\"c1\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],\n \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}, \"x\":1.0e+2 }";

const ASK: &str = "{\"model\":\"m-a\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}";

fn whole(body: &str) -> Script {
    Script::answer(json_response("200 OK", &[("connection", "close"), ("x-request-id", "req-7")], body))
}

fn fails(status: &str, headers: &[(&str, &str)], message: &str) -> Script {
    let body = json!({ "error": { "message": message, "type": "t", "code": null } }).to_string();
    Script::answer(json_response(status, &[&[("connection", "close")], headers].concat(), &body))
}

async fn one(script: Script) -> (Serving, Server) {
    several([script], &[]).await
}

async fn several(scripts: impl IntoIterator<Item = Script>, arguments: &[&str]) -> (Serving, Server) {
    let server = Server::start(scripts).await;
    let text = format!("{AT_ONCE}{}", settings(&[("a", "openai", &server)]));
    (Serving::start(Home::new(), &text, arguments).await, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_a_request_and_of_its_answer_go_through() {
    let (serving, server) = one(whole(WHOLE)).await;
    let body = " {\"messages\" : [{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\\u00e9é\"},{\"type\":\"image_url\",\"image_url\":\
                {\"url\":\"data:image/png;base64,iVBORw0KGgo=\"}}],\"cache_control\":{\"type\":\"ephemeral\"}}],\n\"model\":\"m-a\", \"temperature\":1.0e-1,\
                \"unknown_field\":{\"b\":1,\"a\":[1.50,2,{\"model\":\"m-a\"}]},\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],\
                \"metadata\":{\"x\":\"1\",\"x\":\"2\"}}";
    let headers = [
        ("anthropic-beta", "b-1"),
        ("openai-beta", "o-1"),
        ("x-stainless-lang", "python"),
        ("cookie", "c=1"),
        ("x-forwarded-host", "evil.example"),
        ("idempotency-key", "i-1"),
        ("user-agent", "spy"),
    ];
    let answer = serving.send(serving.request("POST", "/v1/chat/completions", &headers, body)).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, WHOLE), "{}", answer.head);
    assert_eq!(answer.header("x-request-id"), Some("req-7"));
    assert!(answer.header("x-retort-run").is_some() && answer.header("x-retort-overhead-ms").is_some());
    assert_eq!(answer.header("x-retort-cache"), Some("miss"));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(request.path, "/v1/chat/completions");
    let sent = String::from_utf8(request.body.clone()).unwrap();
    assert_eq!(sent, body.replacen("\"model\":\"m-a\", ", "\"model\":\"up-a\", ", 1));
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    for (name, value) in [("anthropic-beta", "b-1"), ("openai-beta", "o-1"), ("idempotency-key", "i-1")] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    for name in ["x-stainless-lang", "cookie", "x-forwarded-host", "x-api-key"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    assert!(!format!("{request:?}").contains(TOKEN), "the token stays here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_as_it_comes_and_without_counts_that_nobody_asked_for() {
    let (first, second) = (Gate::default(), Gate::default());
    let script = Script::default()
        .then(Step::Expect)
        .send(stream_head())
        .send(chunk(HELLO))
        .then(Step::Wait(first.clone()))
        .send(chunk(THERE))
        .then(Step::Wait(second.clone()))
        .send(chunk(format!("{COUNTS}{DONE}")))
        .send(last_chunk());
    let (serving, server) = one(script).await;
    let body = ASK.replacen('{', "{\"stream\":true,", 1);
    let mut socket = serving.connect().await;
    socket.write_all(&serving.request("POST", "/v1/chat/completions", &[], &body)).await.unwrap();
    let mut bytes = Vec::new();
    let mut until = async |bytes: &mut Vec<u8>, wanted: &str| {
        loop {
            let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            if head.is_some_and(|end| unchunked(&bytes[end + 4..]) == wanted.as_bytes()) {
                return;
            }
            assert!(socket.read_buf(bytes).await.unwrap() > 0, "{}", String::from_utf8_lossy(bytes));
        }
    };
    until(&mut bytes, HELLO).await;
    first.open();
    until(&mut bytes, &format!("{HELLO}{THERE}")).await;
    second.open();
    until(&mut bytes, &format!("{HELLO}{THERE}{DONE}")).await;
    let head = String::from_utf8_lossy(&bytes);
    assert!(head.contains("text/event-stream") && head.contains("x-accel-buffering: no"), "{head}");
    let sent = String::from_utf8(server.requests()[0].body.clone()).unwrap();
    let wanted = body.replace("m-a", "up-a").replace("]}", "],\"stream_options\":{\"include_usage\":true}}");
    assert_eq!(sent, wanted, "counts are asked for");
    drop(socket);
    let (_, _, home) = serving.end();
    let run = &home.run(&["history", "--json"]).lines()[0];
    assert_eq!((run["session"].as_str(), run["tokens_out"].as_u64()), (Some("serve"), Some(2)), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_were_asked_for_are_passed_on() {
    let stream = format!("{HELLO}{THERE}{COUNTS}{DONE}");
    let (serving, server) = one(Script::answer(event_stream(&stream))).await;
    let body = ASK.replacen('{', "{\"stream\":true,\"stream_options\":{\"include_usage\":true},", 1);
    let answer = serving.post("/v1/chat/completions", &body).await;
    assert_eq!(answer.text(), stream);
    assert_eq!(String::from_utf8(server.requests()[0].body.clone()).unwrap(), body.replace("m-a", "up-a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_leaves_closes_the_providers_connection() {
    // In mid-stream, and before anything has come.
    for begun in [true, false] {
        let script = Script::default().then(Step::Expect);
        let script = if begun { script.send(stream_head()).send(chunk(HELLO)) } else { script };
        let gate = Gate::default();
        let (mut serving, server) = one(script.then(Step::Stall)).await;
        let body = ASK.replacen('{', "{\"stream\":true,", 1);
        let mut socket = serving.connect().await;
        socket.write_all(&serving.request("POST", "/v1/chat/completions", &[], &body)).await.unwrap();
        if begun {
            let mut bytes = Vec::new();
            while !String::from_utf8_lossy(&bytes).contains("Hi") {
                assert!(socket.read_buf(&mut bytes).await.unwrap() > 0);
            }
        } else {
            while server.requests().is_empty() {
                tokio::task::yield_now().await;
            }
        }
        drop((socket, gate));
        server.closed(0).await;
        let call = serving.line();
        assert_eq!((call["event"].as_str(), call["status"].as_u64()), (Some("call"), Some(499)), "{call}");
        let (_, _, home) = serving.end();
        let run = &home.run(&["history", "--json"]).lines()[0];
        assert_eq!(run["end"], "cancelled", "{run}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_tried_again_and_the_program_sees_the_answer_alone() {
    let down = fails("500 Internal Server Error", &[], "down");
    let (serving, server) = several([down.clone(), down, whole(WHOLE)], &[]).await;
    let answer = serving.post("/chat/completions", ASK).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, WHOLE));
    assert_eq!(server.requests().len(), 3);
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_told_as_the_provider_told_it_and_not_to_be_tried_again() {
    let limited =
        fails("429 Too Many Requests", &[("retry-after", "600"), ("x-ratelimit-remaining-requests", "0")], "slow");
    let (serving, server) = several([limited.clone(), limited], &[]).await;
    for stream in ["", "\"stream\":true,"] {
        let answer = serving.post("/v1/chat/completions", &ASK.replacen('{', &format!("{{{stream}"), 1)).await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        assert_eq!(
            answer.json()["error"]["message"].as_str().map(|text| text.contains("slow") || text.contains("cools")),
            Some(true)
        );
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        assert!(answer.header("retry-after").is_some(), "{}", answer.head);
    }
    assert_eq!(server.requests().len(), 1, "the key rests meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_goes_on_unchanged_but_for_a_key_that_it_repeats() {
    let body = format!("{{\"error\" : {{\"message\":\"no {KEY} here\",\"type\":\"invalid_request_error\"}} }}");
    let refuses = Script::answer(json_response("400 Bad Request", &[("connection", "close")], &body));
    let (serving, _) = one(refuses).await;
    let answer = serving.post("/v1/chat/completions", ASK).await;
    assert_eq!((answer.status, answer.text()), (400, body.replace(KEY, "[key]")));
    let (serving, _) = one(fails("401 Unauthorized", &[], &format!("Incorrect API key: {KEY}"))).await;
    let answer = serving.post("/v1/chat/completions", ASK).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (502, Some("provider_key")),
        "{}",
        answer.text()
    );
    assert!(!answer.text().contains(KEY) && !answer.text().contains("0123456789abcdef"));
}

/// An answer of Anthropic's with a call of a tool.
const MESSAGE: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"role\":\"assistant\",\"content\":[],\"model\":\"up-b\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
    event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Wait\"}}\n\n\
    event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"look\",\"input\":{}}}\n\n\
    event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"q\\\":1}\"}}\n\n\
    event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":7}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

async fn fallback(first: Script, second: impl IntoIterator<Item = Script>) -> (Serving, Server) {
    let (one, other) = (Server::start([first]).await, Server::start(second).await);
    let text = format!("[retry]\nattempts = 1\n{}", settings(&[("a", "openai", &one), ("b", "anthropic", &other)]));
    let serving = Serving::start(Home::new(), &text, &["--fallback", "m-b"]).await;
    (serving, other)
}

const TOOLS: &str = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"description\":\"Looks.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"integer\"}}}}}],";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_another_wire_takes_over_and_the_program_hears_its_own() {
    for stream in [false, true] {
        let (serving, other) =
            fallback(fails("500 Internal Server Error", &[], "down"), [Script::answer(event_stream(MESSAGE))]).await;
        let body = "{\"model\":\"m-a\",STREAM TOOLS\"max_tokens\":50,\"messages\":[{\"role\":\"system\",\"content\":\"Be brief {{ x }}.\"},\
                    {\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What?\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://example.com/a.png\"}}]}]}";
        let body = body.replace("STREAM", if stream { "\"stream\":true," } else { "" }).replace("TOOLS", TOOLS);
        let answer = serving.post("/v1/chat/completions", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let sent = other.requests()[0].json();
        assert_eq!(
            (sent["model"].as_str(), sent["system"].as_str()),
            (Some("up-b"), Some("Be brief {{ x }}.")),
            "{sent}"
        );
        assert_eq!(sent["tools"][0]["name"], "look");
        assert_eq!(sent["messages"][0]["content"][0]["source"]["url"], "https://example.com/a.png");
        assert_eq!((sent["max_tokens"].as_u64(), &sent["temperature"]), (Some(50), &Value::Null), "{sent}");
        if stream {
            let text = answer.text();
            let events: Vec<Value> = text
                .split("\n\n")
                .filter_map(|frame| frame.strip_prefix("data: ").filter(|data| *data != "[DONE]"))
                .map(|data| serde_json::from_str(data).unwrap())
                .collect();
            assert!(text.ends_with(DONE), "{text}");
            assert_eq!(events[1]["choices"][0]["delta"]["content"], "Wait");
            assert_eq!(events[2]["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"], "{\"q\":1}");
            assert_eq!(events[3]["choices"][0]["finish_reason"], "tool_calls");
        } else {
            let json = answer.json();
            let message = &json["choices"][0]["message"];
            assert_eq!(
                (message["content"].as_str(), json["usage"]["completion_tokens"].as_u64()),
                (Some("Wait"), Some(7)),
                "{json}"
            );
            assert_eq!(message["tool_calls"][0]["function"]["name"], "look");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_wire_cannot_be_sent_is_refused_by_its_name() {
    for (field, name) in [
        ("\"logit_bias\":{\"50256\":-100}", "logit_bias"),
        ("\"n\":2", "n"),
        ("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"hologram\"}]}]", "messages[0].content[0]"),
        (
            "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"/etc/passwd\"}}]}]",
            "messages[0].content[0]",
        ),
        ("\"tools\":[{\"type\":\"web_search\"}]", "tools[0]"),
    ] {
        let (serving, other) =
            fallback(fails("500 Internal Server Error", &[], "down"), [Script::answer(event_stream(MESSAGE))]).await;
        let messages =
            if field.contains("messages") { "" } else { ",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]" };
        let body = format!("{{\"model\":\"m-a\",{field}{messages}}}");
        let answer = serving.post("/v1/chat/completions", &body).await;
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(answer.status >= 400 && message.contains(name) && message.contains("m-b"), "{field}: {message}");
        // Asked for by name, it is the request that is wrong.
        let answer = serving.post("/v1/chat/completions", &body.replace("m-a", "m-b")).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains(name), "{}", answer.text());
        assert_eq!(other.connections(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_answered_from_the_cache_with_the_same_bytes() {
    let stream = format!("{HELLO}{THERE}{COUNTS}{DONE}");
    let (serving, server) = several([whole(WHOLE), Script::answer(event_stream(&stream)), whole(WHOLE)], &[]).await;
    let streamed = ASK.replacen('{', "{\"stream\":true,", 1);
    for (body, wanted) in [(ASK, WHOLE.to_owned()), (streamed.as_str(), format!("{HELLO}{THERE}{DONE}"))] {
        for cache in ["miss", "hit"] {
            let answer = serving.post("/v1/chat/completions", body).await;
            assert_eq!(
                (answer.text(), answer.header("x-retort-cache")),
                (wanted.clone(), Some(cache)),
                "{}",
                answer.head
            );
        }
    }
    assert_eq!(server.requests().len(), 2);
    let request = serving.request("POST", "/v1/chat/completions", &[("cache-control", "no-store")], ASK);
    let answer = serving.send(request).await;
    assert_eq!((answer.status, answer.header("x-retort-cache")), (200, Some("off")));
    assert_eq!(server.requests().len(), 3);
    let figures = serving.get("/metrics").await.text();
    assert!(figures.contains("retort_serve_cache_hits_total 2\n"), "{figures}");
    assert!(
        figures.contains("retort_serve_requests_total{route=\"chat\",target=\"m-a\",status=\"200\"} 5\n"),
        "{figures}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fails_a_check_is_noted_and_withheld_where_that_is_asked() {
    for (enforce, stream) in [(false, false), (true, false), (true, true)] {
        let server = Server::start([if stream {
            Script::answer(event_stream(format!("{HELLO}{THERE}{DONE}")))
        } else {
            whole(WHOLE)
        }])
        .await;
        let home = Home::new();
        home.file(
            "config/prompts/rules.toml",
            "[response]\nformat = \"text\"\n[[check]]\ntype = \"contains\"\nvalue = \"Teal\"\n",
        );
        let arguments = if enforce { &["--checks", "rules", "--enforce"][..] } else { &["--checks", "rules"] };
        let mut serving = Serving::start(home, &settings(&[("a", "openai", &server)]), arguments).await;
        let body = if stream { ASK.replacen('{', "{\"stream\":true,", 1) } else { ASK.to_owned() };
        let answer = serving.post("/v1/chat/completions", &body).await;
        let call = serving.line();
        assert_eq!(call["outcome"], "failed", "{call}");
        if enforce {
            assert_eq!(
                (answer.status, answer.json()["error"]["code"].as_str()),
                (422, Some("checks_failed")),
                "{}",
                answer.text()
            );
            assert!(!answer.text().contains("Hi"), "{}", answer.text());
        } else {
            assert_eq!((answer.status, answer.text().as_str()), (200, WHOLE));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_prompt_is_asked_by_its_name_and_its_version() {
    let answers = |text: &str| {
        let text = serde_json::to_string(text).unwrap();
        Script::answer(event_stream(format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
        )))
    };
    let server = Server::start([answers("one"), answers("two"), answers("three")]).await;
    let home = Home::new();
    let text = settings(&[("a", "openai", &server)]);
    home.file("config/config.toml", &text);
    let prompt = |system: &str| {
        format!(
            "system = \"{system}\"\nuser = \"{{{{ tone }}}}: {{{{ input }}}}\"\ntargets = [\"m-a\"]\n[response]\nformat = \"text\"\n"
        )
    };
    home.file("config/prompts/triage.toml", &prompt("Old."));
    let ran = {
        let mut command = home.command(&["run", "triage", "-i", "-", "--var", "tone=dry"]);
        command.env("KEY", KEY).stdin(std::fs::File::open("/dev/null").unwrap());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(home.run(&["prompts", "name", "triage", "1", "production"]).code, Some(0));
    home.file("config/prompts/triage.toml", &prompt("New."));
    let serving = Serving::start(home, &text, &[]).await;
    for (model, system) in [("prompt:triage@production", "Old."), ("prompt:triage", "New.")] {
        let body = json!({ "model": model, "max_tokens": 9, "messages": [{ "role": "user", "content": "Late {{ x }}" }], "variables": { "tone": "wet" } });
        let answer = serving.post("/v1/messages", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(
            (answer.json()["type"].as_str(), answer.json()["stop_reason"].as_str()),
            (Some("message"), Some("end_turn"))
        );
        let sent = server.requests().last().unwrap().json();
        assert_eq!(sent["messages"][0]["content"], system, "{sent}");
        assert_eq!(sent["messages"][1]["content"], "wet: Late {{ x }}");
    }
    for (body, status, word) in [
        (json!({ "model": "prompt:nowhere", "messages": [{ "role": "user", "content": "x" }] }), 404, "nowhere"),
        (json!({ "model": "prompt:triage@none", "messages": [{ "role": "user", "content": "x" }] }), 404, "none"),
        (json!({ "model": "prompt:../../secret", "messages": [{ "role": "user", "content": "x" }] }), 404, ""),
        (
            json!({ "model": "prompt:triage", "temperature": 1, "messages": [{ "role": "user", "content": "x" }] }),
            400,
            "temperature",
        ),
        (json!({ "model": "prompt:triage", "messages": [{ "role": "user", "content": "x" }] }), 400, "tone"),
    ] {
        let answer = serving.post("/v1/chat/completions", &body.to_string()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.text().contains(word), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_responses_go_through_in_their_own_words() {
    let body = "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"x\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1} }";
    let counted = "{\"input_tokens\" : 14}";
    let messages = Server::start([Script::answer(event_stream(MESSAGE)), whole(body), whole(counted)]).await;
    let text = settings(&[("b", "anthropic", &messages)]);
    let serving = Serving::start(Home::new(), &text, &[]).await;
    let ask = "{\"model\":\"m-b\",\"max_tokens\":5,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},STREAM\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\",\"cache_control\":{\"type\":\"ephemeral\"}}]}],\"odd\":[1.0]}";
    let headers =
        [("x-api-key", TOKEN), ("anthropic-version", "2023-06-01"), ("anthropic-beta", "a"), ("anthropic-beta", "b")];
    let streamed =
        serving.request("POST", "/v1/messages?beta=true", &headers, &ask.replace("STREAM", "\"stream\":true,"));
    assert_eq!(serving.send(streamed).await.text(), MESSAGE);
    let answer = serving.send(serving.request("POST", "/messages", &headers, &ask.replace("STREAM", ""))).await;
    assert_eq!(answer.text(), body);
    let request = &messages.requests()[1];
    assert_eq!((request.path.as_str(), request.header("x-api-key")), ("/v1/messages", Some(KEY)));
    assert_eq!((request.header("anthropic-beta"), request.header("authorization")), (Some("a, b"), None));
    assert_eq!(String::from_utf8(request.body.clone()).unwrap(), ask.replace("STREAM", "").replace("m-b", "up-b"));
    let answer =
        serving.send(serving.request("POST", "/v1/messages/count_tokens", &headers, &ask.replace("STREAM", ""))).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, counted));
    assert_eq!(messages.requests()[2].path, "/v1/messages/count_tokens");
    let answer = serving.send(serving.request("POST", "/v1/messages", &headers, "{\"model\":\"m-b\"}")).await;
    assert_eq!((answer.status, answer.json()["type"].as_str()), (400, Some("error")), "{}", answer.text());

    let stream = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\nevent: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hi\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n";
    let responses =
        Server::start([Script::answer(event_stream(stream)), whole("{\"object\":\"list\",\"data\":[]}")]).await;
    let serving = Serving::start(Home::new(), &settings(&[("r", "responses", &responses)]), &[]).await;
    let ask = "{\"model\":\"m-r\",\"input\":\"x\",\"stream\":true,\"previous_response_id\":\"r0\"}";
    assert_eq!(serving.post("/v1/responses", ask).await.text(), stream);
    assert_eq!(responses.requests()[0].path, "/v1/responses");
    let answer = serving.post("/v1/embeddings", "{\"model\":\"m-r\",\"input\":\"x\",\"dimensions\":3}").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"object\":\"list\",\"data\":[]}"));
    assert_eq!(responses.requests()[1].path, "/v1/embeddings");
    assert_eq!(
        String::from_utf8(responses.requests()[1].body.clone()).unwrap(),
        "{\"model\":\"up-r\",\"input\":\"x\",\"dimensions\":3}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_ends_with_an_error_in_it() {
    let script = Script::default().then(Step::Expect).send(stream_head()).send(chunk(HELLO)).then(Step::Reset);
    let (serving, server) = one(script).await;
    let answer = serving.post("/v1/chat/completions", &ASK.replacen('{', "{\"stream\":true,", 1)).await;
    let text = answer.text();
    let rest = text.strip_prefix(HELLO).unwrap_or_else(|| panic!("{text}"));
    let event: Value = serde_json::from_str(rest.strip_prefix("data: ").unwrap()).unwrap();
    assert!(event["error"]["message"].is_string(), "{text}");
    assert_eq!(server.connections(), 1, "what was sent cannot be taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programs_own_key_is_sent_where_that_is_asked_for() {
    let (serving, server) = several([whole(WHOLE)], &["--forward-key"]).await;
    let headers = [("x-retort-token", TOKEN), ("authorization", "Bearer sk-mine-0123456789")];
    let answer = serving.send(serving.request("POST", "/v1/chat/completions", &headers, ASK)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer sk-mine-0123456789"));
    let answer = serving
        .send(serving.request("POST", "/v1/chat/completions", &[("authorization", &format!("Bearer {TOKEN}"))], ASK))
        .await;
    assert_eq!(answer.status, 401);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_calls_under_way_and_takes_no_more() {
    let gate = Gate::default();
    let script = Script::default().then(Step::Expect).then(Step::Wait(gate.clone()));
    let (serving, server) = one(script.send(json_response("200 OK", &[("connection", "close")], WHOLE))).await;
    let mut socket = serving.connect().await;
    socket.write_all(&serving.request("POST", "/v1/chat/completions", &[], ASK)).await.unwrap();
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let address = serving.address.clone();
    let ending = tokio::task::spawn_blocking(|| serving.end());
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    gate.open();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap();
    assert!(String::from_utf8_lossy(&bytes).ends_with(WHOLE));
    let (code, _, home) = ending.await.unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(home.run(&["history", "--json"]).lines()[0]["end"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_listed_and_followed() {
    let (serving, _) = several([whole(WHOLE), whole(WHOLE)], &["--no-cache"]).await;
    assert_eq!(serving.home.run(&["traffic"]).out, "");
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200);
    let mut command = serving.home.command(&["traffic", "--follow", "--json"]);
    let mut following = command.spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        tokio::task::block_in_place(|| lines.read_line(&mut line)).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let first = next();
    assert_eq!((first["input"].as_str(), first["answer"].as_str()), (Some("Hello"), Some("Hi")));
    assert_eq!(serving.post("/v1/chat/completions", &ASK.replace("Hello", "Again")).await.status, 200);
    assert_eq!(next()["input"], "Again");
    following.kill().unwrap();
    following.wait().unwrap();
    let ran = serving.home.run(&["traffic", "Again"]);
    assert!(ran.out.contains("Again") && !ran.out.contains("Hello"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_health_are_told() {
    let (serving, _) = one(Script::default()).await;
    let models = serving.get("/v1/models").await.json();
    let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"m-a") && ids.contains(&"claude-haiku-4-5"), "{ids:?}");
    assert_eq!(serving.get("/v1/models/m-a").await.json()["id"], "m-a");
    assert_eq!(serving.get("/v1/models/none").await.status, 404);
    let open = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", serving.address);
    assert_eq!(serving.send(open).await.text(), "ok\n");
    let answer = serving.post("/v1/chat/completions", &ASK.replace("m-a", "gpt-nope")).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (404, Some("model_not_found")),
        "{}",
        answer.text()
    );
}
