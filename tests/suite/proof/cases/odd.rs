//! Cases that no standard has: streams that never close, bodies that are packed or say so, odd
//! JSON, odd reasons to stop, odd counts.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use retort::model::{
    ErrorKind,
    Wire::{
        Anthropic, Gemini, Ollama, Responses, {self},
    },
};
use serde_json::json;

use super::{ALL, CHAT, EVENTS, Play, Row, broken, done, hopeless, retried, rows as case};
use crate::{
    suite::proof::wires::{ends, event, overloaded, says, stops, stream, stream_head, typed_head, unstreamed, whole},
    support::server::{Step, chunk, head, last_chunk},
};

pub(crate) fn rows() -> Vec<Vec<Row>> {
    [lingering(), packed(), written(), reasons(), refusals(), wrapped()].into_iter().flatten().collect()
}

fn lingering() -> Vec<Vec<Row>> {
    let open = |kind, body: String| {
        let play = Play::bytes([stream_head(kind), chunk(body)].concat()).then(Step::Stall);
        Play { silent: true, ..play }
    };
    vec![
        case(49, "a reason, and the socket stays open", EVENTS, done("Hi"), move |kind| {
            open(kind, says(kind, "Hi") + &stops(kind, "stop"))
        }),
        case(49, "counts after the reason, and the socket stays open", CHAT, done("Hi").counted(10, 4), move |kind| {
            let counts = json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 4}});
            open(kind, says(kind, "Hi") + &stops(kind, "stop") + &event(kind, &counts))
        }),
        case(49, "an end mark with one line end, and the socket stays open", CHAT, done("Hi"), move |kind| {
            open(kind, says(kind, "Hi") + &stops(kind, "stop") + "data: [DONE]\n")
        }),
        case(49, "a whole answer that was not streamed, and the socket stays open", ALL, done("Hi"), |kind| {
            let body = unstreamed(kind, "Hi").to_string() + "\n";
            let play = Play::bytes([typed_head(Some("application/json")), chunk(body)].concat()).then(Step::Stall);
            Play { silent: true, ..play }
        }),
        case(50, "a reason, then a body that is short", EVENTS, done("Hi"), |kind| {
            Play::bytes([stream_head(kind), chunk(says(kind, "Hi") + &stops(kind, "stop"))].concat())
        }),
        case(51, "four hundred headers", ALL, done("Hi"), |kind| {
            let names: Vec<String> = (0..400).map(|number| format!("x-h{number}")).collect();
            let mut headers = vec![("transfer-encoding", "chunked"), ("connection", "close")];
            headers.extend(names.iter().map(|name| (name.as_str(), "value")));
            Play::bytes([head("200 OK", &headers), chunk(whole(kind, "Hi")), last_chunk()].concat())
        }),
    ]
}

fn packed() -> Vec<Vec<Row>> {
    let coded = |kind, body: Vec<u8>| {
        let media_type = if kind == Ollama { "application/x-ndjson" } else { "text/event-stream" };
        let length = body.len().to_string();
        let headers = [
            ("content-type", media_type),
            ("content-encoding", "gzip"),
            ("content-length", &length),
            ("connection", "close"),
        ];
        Play::bytes([head("200 OK", &headers), body].concat())
    };
    vec![
        case(40, "packed though plain was asked for", ALL, done("Hi"), move |kind| {
            coded(kind, gzip(&whole(kind, "Hi")))
        }),
        case(40, "plain under the label of packed", ALL, done("Hi"), move |kind| {
            coded(kind, whole(kind, "Hi").into_bytes())
        }),
        case(40, "packed and damaged", ALL, retried(ErrorKind::Transient, 3), move |kind| {
            let mut body = gzip(&whole(kind, "Hi"));
            body.iter_mut().skip(12).for_each(|byte| *byte = 0xff);
            coded(kind, body)
        }),
    ]
}

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn written() -> Vec<Vec<Row>> {
    vec![
        case(52, "a character whose halves come in two events", ALL, done("ok 😀"), |kind| {
            let half = |text: &str| says(kind, "HALF").replace("HALF", text);
            let body = half(r"ok \ud83d") + &half(r"\ude00") + &stops(kind, "stop") + &ends(kind);
            Play::bytes(stream(kind, body))
        }),
        case(53, "a raw tab inside a string", ALL, done("a\tb"), |kind| {
            Play::bytes(stream(kind, whole(kind, "a\tb").replace("\\t", "\t")))
        }),
        case(53, "no number where it does not matter", ALL, done("Hi"), |kind| {
            Play::bytes(stream(kind, whole(kind, "Hi").replace("\"Hi\"", "\"Hi\",\"logprob\":-Infinity")))
        }),
        case(54, "a named heartbeat that is no JSON", EVENTS, done("Hi"), |kind| {
            let beat = "event: ping\ndata: 2026-11-28T10:00:00Z\n\ndata:\n\ndata\ndata\n\n";
            let rest = says(kind, "i") + &stops(kind, "stop") + &ends(kind);
            Play::bytes(stream(kind, says(kind, "H") + beat + &rest))
        }),
        case(55, "counts that cannot be", ALL, done("Hi"), |kind| {
            let counted = match kind {
                Anthropic => {
                    let usage = json!({"input_tokens": -1, "output_tokens": 9_007_199_254_740_993_u64});
                    event(kind, &json!({"type": "message_start", "message": {"usage": usage}})) + &whole(kind, "Hi")
                }
                Responses => {
                    let usage = r#""status":"completed","usage":{"input_tokens":-1,"output_tokens":9007199254740993}"#;
                    whole(kind, "Hi").replace(r#""status":"completed""#, usage)
                }
                Gemini => {
                    let usage = json!({"promptTokenCount": -1, "candidatesTokenCount": 9_007_199_254_740_993_u64});
                    event(kind, &json!({"usageMetadata": usage})) + &whole(kind, "Hi")
                }
                Ollama => whole(kind, "Hi").replace("\"done\":true", "\"done\":true,\"eval_count\":-1"),
                _ => {
                    let usage = json!({"prompt_tokens": -1, "completion_tokens": 9_007_199_254_740_993_u64});
                    event(kind, &json!({"choices": [], "usage": usage})) + &whole(kind, "Hi")
                }
            };
            Play::bytes(stream(kind, counted))
        }),
    ]
}

fn reasons() -> Vec<Vec<Row>> {
    let stopped = |reason: &'static str| {
        move |kind| Play::bytes(stream(kind, says(kind, "Hi") + &stops(kind, reason) + &ends(kind)))
    };
    vec![
        case(56, "a reason nobody has heard of", ALL, broken(ErrorKind::Interrupted, "Hi"), stopped("out_of_ink")),
        case(
            56,
            "the provider ran out of resources",
            ALL,
            broken(ErrorKind::Overloaded, "Hi"),
            stopped("insufficient_system_resource"),
        ),
        case(
            56,
            "the context is full",
            ALL,
            broken(ErrorKind::ContextTooLong, "Hi").in_a_batch("failed", 1),
            stopped("model_context_window_exceeded"),
        ),
        case(57, "the token limit inside a text", ALL, done("Hi").uncached(), stopped("length")),
    ]
}

/// Errors in the shapes of one wire alone.
fn wrapped() -> Vec<Vec<Row>> {
    vec![
        case(
            59,
            "a prompt that a filter keeps from the model",
            &[Gemini],
            hopeless(ErrorKind::ContentPolicy),
            |kind| {
                let blocked =
                    json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 7}});
                Play::bytes(stream(kind, event(kind, &blocked)))
            },
        ),
        case(
            60,
            "an error, and the same as the failure of the answer",
            &[Responses],
            retried(ErrorKind::Overloaded, 3),
            |kind| {
                let failed = json!({"type": "response.failed", "response": {"status": "failed",
                "error": {"code": "server_error", "message": "The engine is currently overloaded"}}});
                Play::bytes(stream(kind, event(kind, &overloaded(kind)) + &event(kind, &failed)))
            },
        ),
        case(
            60,
            "the failure of the answer alone, after text",
            &[Responses],
            broken(ErrorKind::Transient, "Hi"),
            |kind| {
                let failed = json!({"type": "response.failed", "response": {"status": "failed",
                "error": {"code": "server_error", "message": "An error occurred"}}});
                Play::bytes(stream(kind, says(kind, "Hi") + &event(kind, &failed)))
            },
        ),
        case(61, "an error in a list, with a 200", &[Gemini], retried(ErrorKind::Overloaded, 3), |kind| {
            let listed = json!([overloaded(kind)]).to_string();
            Play::bytes([typed_head(Some("application/json")), chunk(listed), last_chunk()].concat())
        }),
        case(62, "an answer as the list of its chunks", &[Gemini], done("Hi"), |kind| {
            let listed = json!([unstreamed(kind, "Hi")]).to_string();
            Play::bytes([typed_head(Some("application/json")), chunk(listed), last_chunk()].concat())
        }),
    ]
}

fn refusals() -> Vec<Vec<Row>> {
    let says = |body: &serde_json::Value| {
        Play::bytes([typed_head(Some("application/json")), chunk(body.to_string()), last_chunk()].concat())
    };
    vec![
        case(
            58,
            "a refusal in a code and words, with a 200",
            ALL,
            retried(ErrorKind::RateLimited, 3),
            move |_: Wire| says(&json!({"code": "Throttling", "message": "slow down", "request_id": "r"})),
        ),
        case(58, "a refusal beside no choices, with a 200", CHAT, retried(ErrorKind::RateLimited, 3), move |_| {
            says(&json!({"choices": null, "base_resp": {"status_code": 1002, "status_msg": "x"}}))
        }),
        case(58, "a code that says that all is well", ALL, done("Hi"), move |kind| {
            let mut body = unstreamed(kind, "Hi");
            body["base_resp"] = json!({"status_code": 0, "status_msg": "success"});
            body["error"] = json!(null);
            says(&body)
        }),
    ]
}
