//! Cases of what a body says: errors after a 200, odd chunks, other shapes, packed and redirected.

use retort::model::{
    ErrorKind,
    Wire::{Anthropic, Gemini, Ollama, Responses},
};
use serde_json::json;

use super::{ALL, CHAT, EVENTS, Play, Row, broken, done, hopeless, retried, rows as case};
use crate::{
    suite::proof::wires::{
        ends, event, overloaded, says, stops, stream, stream_head, thinks, typed_head, unstreamed, whole,
    },
    support::server::{chunk, head, last_chunk},
};

pub(crate) fn rows() -> Vec<Vec<Row>> {
    [errors(), chunks(), shapes()].into_iter().flatten().collect()
}

fn errors() -> Vec<Vec<Row>> {
    let busy = ErrorKind::Overloaded;
    vec![
        case(17, "an error after 200, first", ALL, retried(busy, 3), |kind| {
            Play::bytes(stream(kind, event(kind, &overloaded(kind))))
        }),
        case(18, "an error after 200, after text", ALL, broken(busy, "Hi"), |kind| {
            Play::bytes(stream(kind, says(kind, "Hi") + &event(kind, &overloaded(kind))))
        }),
        case(19, "an error beside choices", CHAT, retried(ErrorKind::RateLimited, 3), |kind| {
            let both = json!({"error": {"message": "slow down", "code": 429},
                "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]});
            Play::bytes(stream(kind, event(kind, &both) + &ends(kind)))
        }),
        case(20, "an error that is not JSON", EVENTS, retried(busy, 3), |kind| {
            Play::bytes(stream(kind, "event: error\ndata: Overloaded\n\n"))
        }),
        case(38, "an error as JSON, with a 200", ALL, retried(busy, 3), |kind| {
            Play::bytes(
                [typed_head(Some("application/json")), chunk(overloaded(kind).to_string()), last_chunk()].concat(),
            )
        }),
        case(47, "a redirect", ALL, hopeless(ErrorKind::NotAnApi), |_| {
            let headers = [("location", "http://elsewhere.test/v1"), ("content-length", "0"), ("connection", "close")];
            Play::bytes(head("307 Temporary Redirect", &headers))
        }),
    ]
}

fn chunks() -> Vec<Vec<Row>> {
    let hi = |kind| says(kind, "Hi") + &stops(kind, "stop");
    let usage = |usage: &str| format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n");
    let counts = r#"{"prompt_tokens":10,"completion_tokens":4}"#;
    vec![
        case(21, "a first chunk without choices", CHAT, done("Hi"), |kind| {
            let filter = json!({"choices": [], "prompt_filter_results": [{}]});
            Play::bytes(stream(kind, event(kind, &filter) + &whole(kind, "Hi")))
        }),
        case(22, "usage alone", CHAT, done("Hi").counted(10, 4), |kind| {
            Play::bytes(stream(kind, hi(kind) + &usage(counts) + &ends(kind)))
        }),
        case(22, "usage alone, no choices at all", CHAT, done("Hi").counted(10, 4), |kind| {
            Play::bytes(stream(kind, hi(kind) + &usage(counts).replace("\"choices\":[],", "") + &ends(kind)))
        }),
        case(23, "usage on every chunk", CHAT, done("Hi").counted(10, 4), |kind| {
            let early = says(kind, "Hi").replace("]}", r#"],"usage":{"prompt_tokens":10,"completion_tokens":1}}"#);
            let late = stops(kind, "stop").replace("]}", &format!(r#"],"usage":{counts}}}"#));
            Play::bytes(stream(kind, early + &late + &ends(kind)))
        }),
        case(24, "usage that is empty or null", CHAT, done("Hi"), |kind| {
            Play::bytes(stream(kind, hi(kind) + &usage("{}") + &usage("null") + &ends(kind)))
        }),
        case(25, "no content, no delta", ALL, done("Hi"), |kind| {
            let odd = match kind {
                Anthropic => vec![json!({"type": "content_block_delta"}), json!({"type": "message_delta"})],
                Ollama => vec![json!({"message": {"content": null}}), json!({"message": {}})],
                Responses => vec![
                    json!({"type": "response.output_text.delta"}),
                    json!({"type": "response.output_text.delta", "delta": null}),
                ],
                Gemini => vec![
                    json!({"candidates": []}),
                    json!({"candidates": [{"index": 0}]}),
                    json!({"candidates": [{"content": {"parts": [{}]}}]}),
                ],
                _ => vec![
                    json!({"choices": [{"index": 0}]}),
                    json!({"choices": [{"index": 0, "delta": {}}]}),
                    json!({"choices": [{"index": 0, "delta": {"content": null}}]}),
                ],
            };
            Play::bytes(stream(kind, odd.iter().map(|odd| event(kind, odd)).collect::<String>() + &whole(kind, "Hi")))
        }),
        case(27, "roles twice, and empty", CHAT, done("Hi"), |kind| {
            let role = |role: &str| event(kind, &json!({"choices": [{"index": 0, "delta": {"role": role}}]}));
            Play::bytes(stream(kind, role("assistant") + &role("") + &role("assistant") + &whole(kind, "Hi")))
        }),
        case(30, "reasoning in fields of its own", ALL, done("{\"a\":1}"), |kind| {
            let body = thinks(kind, "{\"no\":0}") + &whole(kind, "{\"a\":1}");
            Play { json: true, ..Play::bytes(stream(kind, body)) }
        }),
        case(30, "reasoning in the text", ALL, done("<think>{\"no\":0}</think>{\"a\":1}"), |kind| {
            let body = whole(kind, "<think>{\"no\":0}</think>{\"a\":1}");
            Play { json: true, ..Play::bytes(stream(kind, body)) }
        }),
        case(44, "tool calls are no text", ALL, hopeless(ErrorKind::BadOutput), |kind| {
            let call = match kind {
                Anthropic => json!({"type": "content_block_delta",
                    "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
                Ollama => json!({"message": {"content": "", "tool_calls": [{"function": {"name": "f"}}]}}),
                Responses => json!({"type": "response.output_item.added", "item": {"type": "function_call"}}),
                Gemini => json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}]}),
                _ => {
                    json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"name": "f"}}]}}]})
                }
            };
            Play::bytes(stream(kind, event(kind, &call).repeat(2) + &stops(kind, "stop") + &ends(kind)))
        }),
    ]
}

fn shapes() -> Vec<Vec<Row>> {
    let (foreign, again) = (hopeless(ErrorKind::NotAnApi), retried(ErrorKind::Transient, 3));
    let typed = |media_type, body: String| Play::bytes([typed_head(media_type), chunk(body), last_chunk()].concat());
    let page = || format!("<!doctype html><title>Sign in</title>{}", "x".repeat(300));
    vec![
        case(37, "a web page", ALL, foreign, |_| typed(Some("text/html"), page())),
        case(37, "a web page that says it is a stream", ALL, foreign, |kind| Play::bytes(stream(kind, page()))),
        case(39, "a stream typed as text", ALL, done("Hi"), |kind| typed(Some("text/plain"), whole(kind, "Hi"))),
        case(39, "a stream without a type", ALL, done("Hi"), |kind| typed(None, format!("\n{}", whole(kind, "Hi")))),
        case(39, "an answer without a type", ALL, done("Hi"), |kind| typed(None, unstreamed(kind, "Hi").to_string())),
        case(48, "no content", ALL, again, |_| Play::bytes(head("204 No Content", &[("connection", "close")]))),
        case(48, "an empty body", ALL, again, |kind| Play::bytes([stream_head(kind), last_chunk()].concat())),
    ]
}
