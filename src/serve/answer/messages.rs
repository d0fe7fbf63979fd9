//! Answers of Anthropic messages. Reasoning of others has no place in them: its blocks are signed.

use serde_json::{Value, json};

use crate::{
    model::{Finish, Outcome, Usage},
    serve::answer::{AnswerHead, AnswerWriter, arguments, named},
};

/// Writes the events of a message.
pub(crate) struct MessagesWriter {
    head: AnswerHead,
    /// The block under way, and how many were begun.
    open: bool,
    blocks: usize,
}

impl MessagesWriter {
    pub(crate) fn new(head: AnswerHead) -> Self {
        Self { head, open: false, blocks: 0 }
    }

    fn block(&mut self, block: &Value, out: &mut String) {
        let event = json!({ "type": "content_block_start", "index": self.blocks, "content_block": block });
        named(out, "content_block_start", &event);
        self.open = true;
    }

    fn delta(&self, delta: &Value, out: &mut String) {
        let event = json!({ "type": "content_block_delta", "index": self.blocks, "delta": delta });
        named(out, "content_block_delta", &event);
    }

    fn close(&mut self, out: &mut String) {
        if std::mem::take(&mut self.open) {
            named(out, "content_block_stop", &json!({ "type": "content_block_stop", "index": self.blocks }));
            self.blocks += 1;
        }
    }
}

impl AnswerWriter for MessagesWriter {
    fn begin(&mut self, out: &mut String) {
        let message = json!({
            "id": format!("msg_{}", self.head.run), "type": "message", "role": "assistant", "model": self.head.model,
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": { "input_tokens": 0, "output_tokens": 0 },
        });
        named(out, "message_start", &json!({ "type": "message_start", "message": message }));
    }

    fn text(&mut self, text: &str, out: &mut String) {
        if !self.open {
            self.block(&json!({ "type": "text", "text": "" }), out);
        }
        self.delta(&json!({ "type": "text_delta", "text": text }), out);
    }

    fn end(&mut self, outcome: &Outcome, out: &mut String) {
        self.close(out);
        for call in &outcome.calls {
            self.block(&json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} }), out);
            let json = arguments(call).to_string();
            self.delta(&json!({ "type": "input_json_delta", "partial_json": json }), out);
            self.close(out);
        }
        let delta = json!({ "stop_reason": stop_reason(outcome), "stop_sequence": null });
        let event = json!({ "type": "message_delta", "delta": delta, "usage": usage(&outcome.usage) });
        named(out, "message_delta", &event);
        named(out, "message_stop", &json!({ "type": "message_stop" }));
    }
}

/// Writes a whole answer.
pub(crate) fn whole(head: &AnswerHead, outcome: &Outcome) -> Value {
    let text = (!outcome.text.is_empty()).then(|| json!({ "type": "text", "text": outcome.text }));
    let calls = outcome
        .calls
        .iter()
        .map(|call| json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": arguments(call) }));
    json!({
        "id": format!("msg_{}", head.run), "type": "message", "role": "assistant", "model": head.model,
        "content": text.into_iter().chain(calls).collect::<Vec<_>>(),
        "stop_reason": stop_reason(outcome), "stop_sequence": null, "usage": usage(&outcome.usage),
    })
}

fn stop_reason(outcome: &Outcome) -> &'static str {
    if !outcome.calls.is_empty() {
        return "tool_use";
    }
    match outcome.finish {
        Some(Finish::Length) => "max_tokens",
        Some(Finish::ContextWindow) => "model_context_window_exceeded",
        Some(Finish::ContentFilter | Finish::Refusal) => "refusal",
        Some(Finish::Stop | Finish::ToolCalls | Finish::Unknown | Finish::Other(_)) | None => "end_turn",
    }
}

fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input.unwrap_or(0),
        "cache_creation_input_tokens": usage.cache_write.unwrap_or(0),
        "cache_read_input_tokens": usage.cache_read.unwrap_or(0),
        "output_tokens": usage.total_output().unwrap_or(0),
    })
}
