//! The words of each wire format.

use retort::model::Wire::{
    Anthropic, Ollama, {self},
};
use serde_json::{Value, json};

use crate::support::server::{chunk, head, last_chunk};

/// One event as the wire frames it.
pub(crate) fn event(kind: Wire, data: &Value) -> String {
    match (kind, data.get("type").and_then(Value::as_str)) {
        (Ollama, _) => format!("{data}\n"),
        (Anthropic, Some(name)) => format!("event: {name}\ndata: {data}\n\n"),
        _ => format!("data: {data}\n\n"),
    }
}

/// A piece of the answer.
pub(crate) fn says(kind: Wire, text: &str) -> String {
    let data = match kind {
        Anthropic => json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}),
        Ollama => json!({"message": {"content": text}, "done": false}),
        _ => json!({"choices": [{"index": 0, "delta": {"content": text}}]}),
    };
    event(kind, &data)
}

/// A piece of the reasoning.
pub(crate) fn thinks(kind: Wire, text: &str) -> String {
    let data = match kind {
        Anthropic => json!({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": text}}),
        Ollama => json!({"message": {"content": "", "thinking": text}, "done": false}),
        _ => json!({"choices": [{"index": 0, "delta": {"reasoning_content": text}}]}),
    };
    event(kind, &data)
}

/// Why the model stopped: `stop` or `length`.
pub(crate) fn stops(kind: Wire, reason: &str) -> String {
    let data = match (kind, reason) {
        (Anthropic, "length") => json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}),
        (Anthropic, "stop") => json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        (Anthropic, _) => json!({"type": "message_delta", "delta": {"stop_reason": reason}}),
        (Ollama, _) => json!({"message": {"content": ""}, "done": true, "done_reason": reason}),
        _ => json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}),
    };
    event(kind, &data)
}

/// The end mark, where it is apart from the reason.
pub(crate) fn ends(kind: Wire) -> String {
    match kind {
        Anthropic => event(kind, &json!({"type": "message_stop"})),
        Ollama => String::new(),
        _ => "data: [DONE]\n\n".to_owned(),
    }
}

/// A whole answer.
pub(crate) fn whole(kind: Wire, text: &str) -> String {
    says(kind, text) + &stops(kind, "stop") + &ends(kind)
}

/// A whole answer that was not streamed.
pub(crate) fn unstreamed(kind: Wire, text: &str) -> Value {
    match kind {
        Anthropic => {
            json!({"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"})
        }
        Ollama => json!({"message": {"content": text}, "done": true, "done_reason": "stop"}),
        _ => json!({"choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}]}),
    }
}

/// The word of a server with too much to do.
pub(crate) fn overloaded(kind: Wire) -> Value {
    match kind {
        Anthropic => json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        Ollama => json!({"error": "server busy, please try again.  maximum pending requests exceeded"}),
        _ => {
            json!({"error": {"message": "The engine is currently overloaded", "type": "server_error", "code": null}})
        }
    }
}

/// What keeps a connection open and says nothing.
pub(crate) fn keep_alive(kind: Wire) -> String {
    match kind {
        Anthropic => event(kind, &json!({"type": "ping"})),
        Ollama => "\n".to_owned(),
        _ => ": ping\n\n".to_owned(),
    }
}

/// The head of a stream that ends with its connection.
pub(crate) fn stream_head(kind: Wire) -> Vec<u8> {
    let media_type = if kind == Ollama { "application/x-ndjson" } else { "text/event-stream" };
    typed_head(Some(media_type))
}

/// The head of a chunked response that claims a media type.
pub(crate) fn typed_head(media_type: Option<&str>) -> Vec<u8> {
    let mut headers = vec![("transfer-encoding", "chunked"), ("connection", "close")];
    headers.extend(media_type.map(|media_type| ("content-type", media_type)));
    head("200 OK", &headers)
}

/// A stream from head to clean end.
pub(crate) fn stream(kind: Wire, body: impl AsRef<[u8]>) -> Vec<u8> {
    [stream_head(kind), chunk(body), last_chunk()].concat()
}
