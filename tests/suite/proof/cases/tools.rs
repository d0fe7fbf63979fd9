//! Calls of tools: split, many, without ids or arguments, with text, cut off, and of no JSON.

use retort::model::{
    ErrorKind,
    Wire::{Anthropic, Gemini, Ollama, OpenAi, Responses},
};
use serde_json::{Value, json};

use super::{ALL, Must, Play, Row, broken, done, rows as case};
use crate::suite::proof::wires::{ends, event, says, stops, stream};

/// Those that send arguments as text, in pieces.
const PIECES: &[retort::model::Wire] = &[OpenAi, Responses, Anthropic];

pub(crate) fn rows() -> Vec<Vec<Row>> {
    let called = |calls: &'static str| Must { end: "done", ..done(calls) };
    let invalid = |calls: &'static str| Must { cached: false, ..done(calls) };
    let cut = broken(ErrorKind::Truncated, "f({\"x\":)").in_a_batch("failed", 1);
    vec![
        case(63, "a call of a tool, its arguments in pieces", ALL, called("f({\"x\":1})"), |kind| {
            played(kind, &[call(kind, 0, Some("a"), &["{\"x\"", ":1}"])].concat())
        }),
        case(64, "two calls side by side", ALL, called("f({\"x\":1}) f({\"x\":2})"), |kind| {
            let (one, two) = (call(kind, 0, Some("a"), &["{\"x\":1}"]), call(kind, 1, Some("b"), &["{\"x\":2}"]));
            played(kind, &(one + &two))
        }),
        case(65, "a call after text", ALL, called("Hi f({\"x\":1})"), |kind| {
            played(kind, &(says(kind, "Hi") + &call(kind, 1, Some("a"), &["{\"x\":1}"])))
        }),
        case(66, "calls without ids", &[OpenAi, Gemini, Ollama], called("f({\"x\":1}) f({\"x\":2})"), |kind| {
            played(kind, &(call(kind, 0, None, &["{\"x\":1}"]) + &call(kind, 1, None, &["{\"x\":2}"])))
        }),
        case(67, "a call without arguments", ALL, called("f()"), |kind| played(kind, &call(kind, 0, Some("a"), &[""]))),
        case(68, "arguments that are no JSON", PIECES, invalid("f({\"x\":)"), |kind| {
            played(kind, &call(kind, 0, Some("a"), &["{\"x\":"]))
        }),
        case(69, "arguments cut at the token limit", PIECES, cut, |kind| {
            let body = call(kind, 0, Some("a"), &["{\"x\":"]) + &stops(kind, "length") + &ends(kind);
            Play { tools: true, ..Play::bytes(stream(kind, body)) }
        }),
        case(70, "a connection cut within a call", ALL, broken(ErrorKind::Interrupted, "f({\"x\":1})"), |kind| Play {
            tools: true,
            ..Play::bytes(stream(kind, call(kind, 0, Some("a"), &["{\"x\":1}"])))
        }),
    ]
}

fn played(kind: retort::model::Wire, body: &str) -> Play {
    let end = if kind == Anthropic { "tool_use" } else { "stop" };
    Play { tools: true, ..Play::bytes(stream(kind, body.to_owned() + &stops(kind, end) + &ends(kind))) }
}

/// The events of one call of `f`.
fn call(kind: retort::model::Wire, index: u64, id: Option<&str>, pieces: &[&str]) -> String {
    let events: Vec<Value> = match kind {
        Anthropic => {
            let block = json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
            let start = json!({"type": "content_block_start", "index": index, "content_block": block});
            let piece = |piece: &&str| {
                let delta = json!({"type": "input_json_delta", "partial_json": piece});
                json!({"type": "content_block_delta", "index": index, "delta": delta})
            };
            std::iter::once(start).chain(pieces.iter().map(piece)).collect()
        }
        Responses => {
            let item = json!({"type": "function_call", "id": "fc", "call_id": id, "name": "f", "arguments": ""});
            let start = json!({"type": "response.output_item.added", "output_index": index, "item": item});
            let piece = |piece: &&str| json!({"type": "response.function_call_arguments.delta", "output_index": index, "delta": piece});
            std::iter::once(start).chain(pieces.iter().map(piece)).collect()
        }
        Gemini => {
            let mut function = json!({"name": "f"});
            let whole = pieces.concat();
            if let Ok(args) = serde_json::from_str::<Value>(&whole) {
                function["args"] = args;
            }
            vec![json!({"candidates": [{"content": {"parts": [{"functionCall": function}]}}]})]
        }
        Ollama => {
            let arguments = serde_json::from_str::<Value>(&pieces.concat()).unwrap_or(Value::Null);
            let function = json!({"name": "f", "arguments": arguments});
            vec![json!({"message": {"content": "", "tool_calls": [{"function": function}]}, "done": false})]
        }
        _ => {
            let delta = |entry: Value| json!({"choices": [{"index": 0, "delta": {"tool_calls": [entry]}}]});
            let start = delta(json!({"index": index, "id": id, "function": {"name": "f", "arguments": ""}}));
            let piece = |piece: &&str| delta(json!({"index": index, "function": {"arguments": piece}}));
            std::iter::once(start).chain(pieces.iter().map(piece)).collect()
        }
    };
    events.iter().map(|data| event(kind, data)).collect()
}
