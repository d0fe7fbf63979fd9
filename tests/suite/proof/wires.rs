//! The words of each wire format.

use retort::model::Wire::{
    Anthropic, Gemini, Ollama, Responses, {self},
};
use serde_json::{Value, json};

use crate::support::server::{chunk, head, last_chunk};

/// One event as the wire frames it.
pub(crate) fn event(kind: Wire, data: &Value) -> String {
    match (kind, data.get("type").and_then(Value::as_str)) {
        (Ollama, _) => format!("{data}\n"),
        (Anthropic | Responses, Some(name)) => format!("event: {name}\ndata: {data}\n\n"),
        _ => format!("data: {data}\n\n"),
    }
}

/// A chunk of Gemini's with one candidate.
fn candidate(fields: &Value) -> Value {
    json!({ "candidates": [fields] })
}

/// A piece of the answer.
pub(crate) fn says(kind: Wire, text: &str) -> String {
    let data = match kind {
        Anthropic => json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}),
        Ollama => json!({"message": {"content": text}, "done": false}),
        Responses => json!({"type": "response.output_text.delta", "delta": text}),
        Gemini => candidate(&json!({"content": {"parts": [{"text": text}], "role": "model"}})),
        _ => json!({"choices": [{"index": 0, "delta": {"content": text}}]}),
    };
    event(kind, &data)
}

/// A piece of the reasoning.
pub(crate) fn thinks(kind: Wire, text: &str) -> String {
    let data = match kind {
        Anthropic => json!({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": text}}),
        Ollama => json!({"message": {"content": "", "thinking": text}, "done": false}),
        Responses => json!({"type": "response.reasoning_summary_text.delta", "delta": text}),
        Gemini => candidate(&json!({"content": {"parts": [{"text": text, "thought": true}]}})),
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
        (Responses, "stop") => json!({"type": "response.completed", "response": {"status": "completed"}}),
        (Responses, _) => {
            let reason = if reason == "length" { "max_output_tokens" } else { reason };
            let details = json!({"status": "incomplete", "incomplete_details": {"reason": reason}});
            json!({"type": "response.incomplete", "response": details})
        }
        (Gemini, "stop") => candidate(&json!({"finishReason": "STOP"})),
        (Gemini, "length") => candidate(&json!({"finishReason": "MAX_TOKENS"})),
        (Gemini, _) => candidate(&json!({"finishReason": reason})),
        _ => json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}),
    };
    event(kind, &data)
}

/// The end mark, where it is apart from the reason.
pub(crate) fn ends(kind: Wire) -> String {
    match kind {
        Anthropic => event(kind, &json!({"type": "message_stop"})),
        Ollama | Responses | Gemini => String::new(),
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
        Responses => {
            let content = json!([{"type": "output_text", "text": text}]);
            json!({"object": "response", "status": "completed", "output": [{"type": "message", "content": content}]})
        }
        Gemini => candidate(&json!({"content": {"parts": [{"text": text}]}, "finishReason": "STOP"})),
        _ => json!({"choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}]}),
    }
}

/// The word of a server with too much to do.
pub(crate) fn overloaded(kind: Wire) -> Value {
    match kind {
        Anthropic => json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        Ollama => json!({"error": "server busy, please try again.  maximum pending requests exceeded"}),
        Responses => json!({"type": "error", "code": "server_error", "message": "The engine is currently overloaded"}),
        Gemini => json!({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}),
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
