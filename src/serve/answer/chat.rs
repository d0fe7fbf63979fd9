//! Answers of chat completions.

use serde_json::{Map, Value, json};

use crate::{
    model::{Finish, Outcome, ToolCall, Usage},
    serve::answer::{AnswerHead, AnswerWriter, counted, data},
};

/// Writes chunks.
pub(crate) struct ChatWriter {
    head: AnswerHead,
}

impl ChatWriter {
    pub(crate) fn new(head: AnswerHead) -> Self {
        Self { head }
    }

    fn chunk(&self, choices: &Value, out: &mut String) {
        let mut event = frame(&self.head, "chat.completion.chunk");
        event.insert("choices".to_owned(), choices.clone());
        data(out, &Value::Object(event));
    }

    fn delta(&self, delta: &Value, finish: Option<&str>, out: &mut String) {
        self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), out);
    }
}

impl AnswerWriter for ChatWriter {
    fn begin(&mut self, out: &mut String) {
        self.delta(&json!({ "role": "assistant", "content": "" }), None, out);
    }

    fn text(&mut self, text: &str, out: &mut String) {
        self.delta(&json!({ "content": text }), None, out);
    }

    fn reasoning(&mut self, text: &str, out: &mut String) {
        self.delta(&json!({ "reasoning_content": text }), None, out);
    }

    fn end(&mut self, outcome: &Outcome, out: &mut String) {
        let calls = outcome.calls.iter().enumerate();
        let calls: Vec<Value> = calls.map(|(place, called)| call(called, Some(place))).collect();
        if !calls.is_empty() {
            self.delta(&json!({ "tool_calls": calls }), None, out);
        }
        self.delta(&json!({}), Some(finish(outcome)), out);
        if self.head.counts {
            let mut event = frame(&self.head, "chat.completion.chunk");
            event.insert("choices".to_owned(), json!([]));
            event.insert("usage".to_owned(), usage(&outcome.usage));
            data(out, &Value::Object(event));
        }
        out.push_str("data: [DONE]\n\n");
    }
}

/// Writes a whole answer.
pub(crate) fn whole(head: &AnswerHead, outcome: &Outcome) -> Value {
    let mut message = json!({ "role": "assistant", "content": outcome.text, "refusal": null });
    if let Some(fields) = message.as_object_mut() {
        if !outcome.calls.is_empty() {
            let calls = outcome.calls.iter().map(|called| call(called, None));
            fields.insert("tool_calls".to_owned(), calls.collect());
            if outcome.text.is_empty() {
                fields.insert("content".to_owned(), Value::Null);
            }
        }
        if !outcome.reasoning.is_empty() {
            fields.insert("reasoning_content".to_owned(), outcome.reasoning.as_str().into());
        }
    }
    let mut answer = frame(head, "chat.completion");
    let choice = json!([{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish(outcome) }]);
    answer.insert("choices".to_owned(), choice);
    answer.insert("usage".to_owned(), usage(&outcome.usage));
    Value::Object(answer)
}

fn frame(head: &AnswerHead, object: &str) -> Map<String, Value> {
    let fields = json!({
        "id": format!("chatcmpl-{}", head.run), "object": object, "created": head.created, "model": head.model,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn call(call: &ToolCall, place: Option<usize>) -> Value {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { call.arguments.as_str() };
    let mut fields = json!({
        "id": call.id, "type": "function", "function": { "name": call.name, "arguments": arguments },
    });
    if let (Some(place), Some(fields)) = (place, fields.as_object_mut()) {
        fields.insert("index".to_owned(), place.into());
    }
    fields
}

fn finish(outcome: &Outcome) -> &'static str {
    if !outcome.calls.is_empty() {
        return "tool_calls";
    }
    match outcome.finish {
        Some(Finish::Length | Finish::ContextWindow) => "length",
        Some(Finish::ContentFilter | Finish::Refusal) => "content_filter",
        Some(Finish::Stop | Finish::ToolCalls | Finish::Unknown | Finish::Other(_)) | None => "stop",
    }
}

fn usage(usage: &Usage) -> Value {
    let (input, output) = counted(usage);
    json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input.saturating_add(output),
        "prompt_tokens_details": { "cached_tokens": usage.cache_read.unwrap_or(0) },
        "completion_tokens_details": { "reasoning_tokens": usage.reasoning.unwrap_or(0) },
    })
}
