//! Cases of bytes and lines: what is cut, glued, empty, huge or no event at all.

use retort::model::{
    ErrorKind,
    Wire::{Anthropic, Ollama},
};

use super::{ALL, CHAT, EVENTS, Play, Row, broken, done, hopeless, retried, rows as case};
use crate::{
    suite::proof::wires::{ends, event, keep_alive, says, stops, stream, stream_head, whole},
    support::server::{Step, chunk, last_chunk},
};

/// More than the largest event taken.
const HUGE: usize = 17 * 1024 * 1024;

pub(crate) fn rows() -> Vec<Vec<Row>> {
    let transient = ErrorKind::Transient;
    let again = retried(transient, 3);
    vec![
        case(1, "a character split between chunks", ALL, done("ü€😀"), |kind| {
            let body = whole(kind, "ü€😀");
            let bytes: Vec<u8> = body.as_bytes().chunks(1).flat_map(chunk).collect();
            Play::bytes([stream_head(kind), bytes, last_chunk()].concat())
        }),
        case(2, "a byte that is not UTF-8, first", ALL, again, |kind| Play::bytes(stream(kind, invalid(kind)))),
        case(2, "a byte that is not UTF-8, after text", ALL, broken(transient, "Hi"), |kind| {
            let body = [says(kind, "Hi").into_bytes(), invalid(kind), whole(kind, "!").into_bytes()].concat();
            Play::bytes(stream(kind, body))
        }),
        case(3, "CRLF, each in a chunk of its own", ALL, done("Hi"), |kind| {
            let body = whole(kind, "Hi").replace('\n', "\r\n");
            let bytes: Vec<u8> = body.split_inclusive(['\r', '\n']).flat_map(chunk).collect();
            Play::bytes([stream_head(kind), bytes, last_chunk()].concat())
        }),
        case(4, "CR alone", EVENTS, done("Hi"), |kind| {
            Play::bytes(stream(kind, whole(kind, "Hi").replace('\n', "\r")))
        }),
        case(5, "a byte order mark, split", ALL, done("Hi"), |kind| {
            let rest = chunk(format!("\u{feff}{}", whole(kind, "Hi")).as_bytes().split_at(2).1);
            Play::bytes([stream_head(kind), chunk(b"\xef\xbb"), rest, last_chunk()].concat())
        }),
        case(6, "data over several lines", EVENTS, done("Hi"), |kind| {
            Play::bytes(stream(kind, whole(kind, "Hi").replace(":{", ":\ndata: {")))
        }),
        case(7, "no space after the colon", EVENTS, done("Hi"), |kind| {
            Play::bytes(stream(kind, whole(kind, "Hi").replace(": ", ":")))
        }),
        case(7, "two spaces after the colon", EVENTS, done("Hi"), |kind| {
            Play::bytes(stream(kind, whole(kind, "Hi").replace("data: ", "data:  ")))
        }),
        case(8, "comments and keep-alives between", ALL, done("Hi"), |kind| {
            let quiet = if kind == Ollama { "\n" } else { ": OPENROUTER PROCESSING\n\n:\n\n" };
            let body = [&keep_alive(kind), quiet, &says(kind, "Hi"), quiet, &stops(kind, "stop"), &ends(kind)].concat();
            Play::bytes(stream(kind, body))
        }),
        case(9, "blocks without data", ALL, done("Hi"), |kind| {
            let quiet = if kind == Ollama { "\r\n\n" } else { "retry: 3000\n\nid: 7\n\nevent: ping\n\ndata:\n\n" };
            Play::bytes(stream(kind, quiet.to_owned() + &whole(kind, "Hi")))
        }),
        case(10, "nothing but keep-alives, then the end", ALL, again, |kind| {
            Play::bytes(stream(kind, keep_alive(kind).repeat(3)))
        }),
        case(11, "no line end after the last event", ALL, done("Hi"), |kind| {
            Play::bytes(stream(kind, (says(kind, "Hi") + &stops(kind, "stop")).trim_end()))
        }),
        case(11, "the last event is half there", ALL, broken(transient, "Hi"), |kind| {
            let stop = stops(kind, "stop");
            Play::bytes(stream(kind, says(kind, "Hi") + &stop[..stop.len() / 2]))
        }),
        case(26, "events that are no objects", ALL, done("Hi"), |kind| {
            let odd: String = ["null", "[]", "7"].map(|data| event(kind, &data.parse().unwrap())).concat();
            Play::bytes(stream(kind, odd + &whole(kind, "Hi")))
        }),
        case(31, "an event that is not JSON, first", ALL, again, |kind| {
            Play::bytes(stream(kind, malformed(kind) + &whole(kind, "Hi")))
        }),
        case(31, "an event that is not JSON, after text", ALL, broken(transient, "Hi"), |kind| {
            Play::bytes(stream(kind, says(kind, "Hi") + &malformed(kind) + &whole(kind, "!")))
        }),
        case(32, "an event of an unknown name", ALL, done("Hi"), |kind| {
            let novel = event(kind, &serde_json::json!({"type": "novelty", "done": false, "beat": 1}));
            Play::bytes(stream(kind, says(kind, "H") + &novel + &whole(kind, "i")))
        }),
        case(33, "a line without end", ALL, hopeless(ErrorKind::TooLarge), |kind| {
            let says = says(kind, "");
            let (start, _) = says.split_at(says.rfind("\"\"").unwrap() + 1);
            let mut play = Play::bytes([stream_head(kind), chunk(start)].concat());
            for _ in 0..HUGE / (1024 * 1024) {
                play = play.then(Step::Send(chunk(vec![b'x'; 1024 * 1024])));
            }
            play.then(Step::Stall)
        }),
        case(45, "two events glued together", EVENTS, again, |kind| {
            let says = says(kind, "Hi");
            Play::bytes(stream(kind, says[..says.len() - 8].to_owned() + &whole(kind, "Hi")))
        }),
        case(45, "two lines glued together", &[Ollama], again, |kind| {
            Play::bytes(stream(kind, says(kind, "Hi").trim_end().to_owned() + &whole(kind, "Hi")))
        }),
        case(29, "two reasons, and text after", CHAT, done("Hi!"), |kind| {
            let twice = stops(kind, "stop") + &says(kind, "!") + &stops(kind, "length");
            Play::bytes(stream(kind, says(kind, "Hi") + &twice + &ends(kind)))
        }),
    ]
}

fn invalid(kind: retort::model::Wire) -> Vec<u8> {
    let mut bytes = says(kind, "?").into_bytes();
    let place = bytes.iter().rposition(|byte| *byte == b'?').unwrap();
    bytes[place] = 0xff;
    bytes
}

fn malformed(kind: retort::model::Wire) -> String {
    match kind {
        Ollama => "{oops\n".to_owned(),
        Anthropic => "event: content_block_delta\ndata: {oops\n\n".to_owned(),
        _ => "data: {oops\n\n".to_owned(),
    }
}
