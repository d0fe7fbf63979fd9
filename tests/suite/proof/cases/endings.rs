//! Cases of the end: proven, missing, cut, double, and too early.

use retort::model::{
    ErrorKind,
    Wire::{Anthropic, Ollama},
};
use serde_json::json;

use super::{ALL, APART, CHAT, EVENTS, MARKED, MESSAGES, Must, Play, Row, broken, done, retried, rows as case};
use crate::{
    suite::proof::wires::{ends, event, says, stops, stream, stream_head, thinks, unstreamed, whole},
    support::server::{Step, chunk, head},
};

/// The token limit was reached after this text.
const fn cut_short(text: &'static str) -> Must {
    broken(ErrorKind::Truncated, text).in_a_batch("failed", 1)
}

pub(crate) fn rows() -> Vec<Vec<Row>> {
    let (transient, cut) = (ErrorKind::Transient, ErrorKind::Interrupted);
    vec![
        case(12, "a reason, but no end mark", EVENTS, done("Hi"), |kind| {
            Play::bytes(stream(kind, says(kind, "Hi") + &stops(kind, "stop")))
        }),
        case(13, "an end mark, but no reason", APART, done("Hi").uncached(), |kind| {
            Play::bytes(stream(kind, says(kind, "Hi") + &unreasoned(kind)))
        }),
        case(13, "an end mark, but no reason; the JSON is whole", APART, done("{\"a\":1}"), |kind| {
            let body = says(kind, "{\"a\":1}") + &unreasoned(kind);
            Play { json: true, ..Play::bytes(stream(kind, body)) }
        }),
        case(14, "a clean end without either", ALL, broken(cut, "Hi"), |kind| {
            Play::bytes(stream(kind, says(kind, "Hi")))
        }),
        case(15, "a chunked body that is short, before text", ALL, retried(transient, 3), |kind| {
            Play::bytes([stream_head(kind), b"40\r\n".to_vec(), says(kind, "Hi").as_bytes()[..9].to_vec()].concat())
        }),
        case(15, "a chunked body that is short, after text", ALL, broken(transient, "Hi"), |kind| {
            Play::bytes([stream_head(kind), chunk(says(kind, "Hi"))].concat())
        }),
        case(15, "a reset in the middle", ALL, broken(transient, "Hi"), |kind| {
            let play = Play::bytes([stream_head(kind), chunk(says(kind, "Hi"))].concat());
            let gate = play.gate.clone();
            play.then(Step::Wait(gate)).then(Step::Reset)
        }),
        case(16, "an end mark, and the socket stays open", MARKED, done("Hi"), |kind| {
            Play::bytes([stream_head(kind), chunk(whole(kind, "Hi"))].concat()).then(Step::Stall)
        }),
        case(28, "a reason that is empty is none", CHAT, done("Hi"), |kind| {
            Play::bytes(stream(kind, stops(kind, "") + &whole(kind, "Hi")))
        }),
        case(41, "the token limit inside JSON", ALL, cut_short("{\"a\":"), |kind| {
            let body = says(kind, "{\"a\":") + &stops(kind, "length") + &ends(kind);
            Play { json: true, ..Play::bytes(stream(kind, body)) }
        }),
        case(42, "the token limit inside the reasoning", ALL, cut_short(""), |kind| {
            Play::bytes(stream(kind, thinks(kind, "Hm") + &stops(kind, "length") + &ends(kind)))
        }),
        case(38, "a complete answer, not streamed", ALL, done("Hi"), |kind| {
            let body = unstreamed(kind, "Hi").to_string();
            let length = body.len().to_string();
            let headers = [("content-type", "application/json"), ("content-length", &length), ("connection", "close")];
            Play::bytes([head("200 OK", &headers), body.into_bytes()].concat())
        }),
        case(43, "counts that replace, also with 0", MESSAGES, done("Hi").counted(9, 7), |kind| {
            let start = json!({"type": "message_start", "message": {
                "usage": {"input_tokens": 0, "output_tokens": 1, "cache_read_input_tokens": 8}}});
            let delta = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                "usage": {"input_tokens": 9, "output_tokens": 7, "cache_read_input_tokens": 0}});
            Play::bytes(stream(kind, event(kind, &start) + &says(kind, "Hi") + &event(kind, &delta) + &ends(kind)))
        }),
        case(46, "the user stops it", ALL, stopped(), |kind| Play {
            stopped: true,
            ..Play::bytes([stream_head(kind), chunk(says(kind, "Hi"))].concat())
        }),
    ]
}

/// In a batch nobody stops it, and the server that closes there is well at the second call.
const fn stopped() -> Must {
    let broken = broken(ErrorKind::Cancelled, "Hi");
    Must { end: "cancelled", class: None, ..broken }
}

fn unreasoned(kind: retort::model::Wire) -> String {
    match kind {
        Ollama => event(kind, &json!({"message": {"content": ""}, "done": true})),
        Anthropic => event(kind, &json!({"type": "message_delta", "delta": {}})) + &ends(kind),
        _ => ends(kind),
    }
}
