//! Streams of the Anthropic, the Ollama, the Responses and the Gemini wire that are put together of events, whole and broken: they say the same
//! however they are cut, and never panic. `decoder` reads bytes that need not be events at all.
#![no_main]

use libfuzzer_sys::{arbitrary, arbitrary::Arbitrary, fuzz_target};
use retort::{
    model::{ErrorKind, Wire},
    provider::{WireEvent, response_reader::Reader},
};
use serde_json::{Value, json};

/// One event of a stream; its texts are anything.
#[derive(Debug, Arbitrary)]
enum Event<'a> {
    Start(&'a str, i64),
    Open(u8, &'a str),
    Text(u8, &'a str),
    Thinking(u8, &'a str),
    Arguments(u8, &'a str),
    Close(u8),
    Stop(&'a str, i64),
    End,
    Ping,
    Error(&'a str, &'a str),
    Raw(&'a str),
}

impl Event<'_> {
    fn anthropic(&self) -> String {
        let (name, data): (&str, Value) = match self {
            Self::Start(model, tokens) => (
                "message_start",
                json!({ "message": { "model": model, "usage": { "input_tokens": tokens, "output_tokens": 1 } } }),
            ),
            Self::Open(at, kind) => (
                "content_block_start",
                json!({ "index": at, "content_block": { "type": kind, "text": "", "name": kind } }),
            ),
            Self::Text(at, text) => {
                ("content_block_delta", json!({ "index": at, "delta": { "type": "text_delta", "text": text } }))
            }
            Self::Thinking(at, text) => {
                ("content_block_delta", json!({ "index": at, "delta": { "type": "thinking_delta", "thinking": text } }))
            }
            Self::Arguments(at, text) => (
                "content_block_delta",
                json!({ "index": at, "delta": { "type": "input_json_delta", "partial_json": text } }),
            ),
            Self::Close(at) => ("content_block_stop", json!({ "index": at })),
            Self::Stop(reason, tokens) => {
                ("message_delta", json!({ "delta": { "stop_reason": reason }, "usage": { "output_tokens": tokens } }))
            }
            Self::End => ("message_stop", json!({})),
            Self::Ping => ("ping", json!({})),
            Self::Error(kind, message) => ("error", json!({ "error": { "type": kind, "message": message } })),
            Self::Raw(text) => return format!("{text}\n"),
        };
        let mut data = data;
        data["type"] = name.into();
        format!("event: {name}\ndata: {data}\n\n")
    }

    fn ollama(&self) -> String {
        let data = match self {
            Self::Start(model, _) => {
                json!({ "model": model, "message": { "role": "assistant", "content": "" }, "done": false })
            }
            Self::Open(_, role) => json!({ "message": { "role": role, "content": "" }, "done": false }),
            Self::Text(_, text) => json!({ "message": { "content": text }, "done": false }),
            Self::Thinking(_, text) => json!({ "message": { "thinking": text, "content": "" }, "done": false }),
            Self::Arguments(_, text) => {
                json!({ "message": { "tool_calls": [{ "function": { "name": text, "arguments": { "a": text } } }] } })
            }
            Self::Close(count) => json!({ "eval_count": count }),
            Self::Stop(reason, tokens) => {
                json!({ "message": { "content": "" }, "done": true, "done_reason": reason, "prompt_eval_count": tokens, "eval_count": tokens })
            }
            Self::End => json!({ "done": true }),
            Self::Ping => return "\n".to_owned(),
            Self::Error(_, message) => json!({ "error": message }),
            Self::Raw(text) => return format!("{text}\n"),
        };
        format!("{data}\n")
    }
}

impl Event<'_> {
    fn responses(&self) -> String {
        let data = match self {
            Self::Start(model, tokens) => {
                json!({ "type": "response.created", "response": { "model": model, "usage": { "input_tokens": tokens } } })
            }
            Self::Open(at, kind) => {
                json!({ "type": "response.output_item.added", "output_index": at, "item": { "type": kind } })
            }
            Self::Text(at, text) => json!({ "type": "response.output_text.delta", "output_index": at, "delta": text }),
            Self::Thinking(at, text) => {
                json!({ "type": "response.reasoning_summary_text.delta", "summary_index": at, "delta": text })
            }
            Self::Arguments(at, text) => {
                json!({ "type": "response.output_text.done", "output_index": at, "text": text })
            }
            Self::Close(at) => json!({ "type": "response.output_item.done", "output_index": at }),
            Self::Stop(reason, tokens) => json!({ "type": "response.incomplete", "response": {
                "incomplete_details": { "reason": reason }, "usage": { "output_tokens": tokens } } }),
            Self::End => json!({ "type": "response.completed", "response": { "status": "completed" } }),
            Self::Ping => return ": ping\n\n".to_owned(),
            Self::Error(code, message) => {
                json!({ "type": "response.failed", "response": { "status": "failed", "error": { "code": code, "message": message } } })
            }
            Self::Raw(text) => return format!("{text}\n"),
        };
        format!("data: {data}\n\n")
    }

    fn gemini(&self) -> String {
        let part = |part: Value| json!({ "candidates": [{ "content": { "parts": [part] } }] });
        let data = match self {
            Self::Start(model, tokens) => {
                json!({ "modelVersion": model, "usageMetadata": { "promptTokenCount": tokens } })
            }
            Self::Open(at, reason) => json!({ "candidates": [{ "index": at, "finishReason": reason }] }),
            Self::Text(_, text) => part(json!({ "text": text })),
            Self::Thinking(_, text) => part(json!({ "text": text, "thought": true })),
            Self::Arguments(_, text) => part(json!({ "functionCall": { "name": text } })),
            Self::Close(count) => json!({ "usageMetadata": { "thoughtsTokenCount": count } }),
            Self::Stop(reason, tokens) => json!({ "candidates": [{ "finishReason": reason }],
                "usageMetadata": { "candidatesTokenCount": tokens } }),
            Self::End => json!({ "candidates": [{ "finishReason": "STOP" }] }),
            Self::Ping => return ": ping\n\n".to_owned(),
            Self::Error(reason, message) => {
                json!({ "promptFeedback": { "blockReason": reason, "blockReasonMessage": message } })
            }
            Self::Raw(text) => return format!("{text}\n"),
        };
        format!("data: {data}\n\n")
    }
}

fn read(kind: Wire, media_type: &str, pieces: &[&[u8]]) -> (Vec<WireEvent>, Option<ErrorKind>) {
    let (mut reader, mut out) = (Reader::new(kind, Some(media_type.to_owned())), Vec::new());
    let pushed = pieces.iter().try_for_each(|piece| if reader.ended() { Ok(()) } else { reader.push(piece, &mut out) });
    let read = pushed.and_then(|()| if reader.ended() { Ok(()) } else { reader.finish(&mut out) });
    (out, read.err().map(|error| error.class))
}

fuzz_target!(|input: (u16, Vec<Event<'_>>)| {
    let (cut, events) = input;
    let anthropic: String = events.iter().map(Event::anthropic).collect();
    let ollama: String = events.iter().map(Event::ollama).collect();
    let responses: String = events.iter().map(Event::responses).collect();
    let gemini: String = events.iter().map(Event::gemini).collect();
    for (kind, media_type, text) in [
        (Wire::Anthropic, "text/event-stream", anthropic),
        (Wire::Ollama, "application/x-ndjson", ollama),
        (Wire::Responses, "text/event-stream", responses),
        (Wire::Gemini, "text/event-stream", gemini),
    ] {
        let bytes = text.as_bytes();
        let (left, right) = bytes.split_at(usize::from(cut).min(bytes.len()));
        let whole = read(kind, media_type, &[bytes]);
        assert_eq!(whole, read(kind, media_type, &[left, right]));
        assert_eq!(whole, read(kind, media_type, &bytes.chunks(1).collect::<Vec<_>>()));
    }
});
