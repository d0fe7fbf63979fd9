//! Answers of OpenAI Responses. Reasoning of others has no place in them: its items are the provider's own.

use serde_json::{Value, json};

use crate::{
    model::{Finish, Outcome, ToolCall, Usage},
    serve::answer::{AnswerHead, AnswerWriter, counted, named},
};

/// Writes the events of a response.
pub(crate) struct ResponsesWriter {
    head: AnswerHead,
    /// The events so far.
    number: u64,
    /// The text so far; none where none was begun.
    said: Option<String>,
}

impl ResponsesWriter {
    pub(crate) fn new(head: AnswerHead) -> Self {
        Self { head, number: 0, said: None }
    }

    fn event(&mut self, kind: &str, mut fields: Value, out: &mut String) {
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("type".to_owned(), kind.into());
            fields.insert("sequence_number".to_owned(), self.number.into());
        }
        self.number += 1;
        named(out, kind, &fields);
    }

    fn message_id(&self) -> String {
        format!("msg_{}", self.head.run)
    }
}

impl AnswerWriter for ResponsesWriter {
    fn begin(&mut self, out: &mut String) {
        let response = frame(&self.head, "in_progress", &[], None, None);
        self.event("response.created", json!({ "response": response }), out);
        let response = frame(&self.head, "in_progress", &[], None, None);
        self.event("response.in_progress", json!({ "response": response }), out);
    }

    fn text(&mut self, text: &str, out: &mut String) {
        let id = self.message_id();
        if self.said.is_none() {
            self.said = Some(String::new());
            let item =
                json!({ "id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": [] });
            self.event("response.output_item.added", json!({ "output_index": 0, "item": item }), out);
            let part = json!({ "type": "output_text", "text": "", "annotations": [] });
            let fields = json!({ "item_id": id, "output_index": 0, "content_index": 0, "part": part });
            self.event("response.content_part.added", fields, out);
        }
        if let Some(said) = &mut self.said {
            said.push_str(text);
        }
        let fields = json!({ "item_id": id, "output_index": 0, "content_index": 0, "delta": text, "logprobs": [] });
        self.event("response.output_text.delta", fields, out);
    }

    fn end(&mut self, outcome: &Outcome, out: &mut String) {
        let id = self.message_id();
        let mut items = Vec::new();
        if let Some(said) = self.said.take() {
            let fields = json!({ "item_id": id, "output_index": 0, "content_index": 0, "text": said, "logprobs": [] });
            self.event("response.output_text.done", fields, out);
            let part = json!({ "type": "output_text", "text": said, "annotations": [] });
            let fields = json!({ "item_id": id, "output_index": 0, "content_index": 0, "part": part });
            self.event("response.content_part.done", fields, out);
            let item = message(&id, &said);
            self.event("response.output_item.done", json!({ "output_index": 0, "item": item }), out);
            items.push(item);
        }
        for called in &outcome.calls {
            let (place, id) = (items.len(), format!("fc_{}_{}", self.head.run, items.len()));
            let item = call(&id, called, "in_progress", "");
            self.event("response.output_item.added", json!({ "output_index": place, "item": item }), out);
            let fields = json!({ "item_id": id, "output_index": place, "delta": called.arguments });
            self.event("response.function_call_arguments.delta", fields, out);
            let fields =
                json!({ "item_id": id, "output_index": place, "arguments": called.arguments, "name": called.name });
            self.event("response.function_call_arguments.done", fields, out);
            let item = call(&id, called, "completed", &called.arguments);
            self.event("response.output_item.done", json!({ "output_index": place, "item": item }), out);
            items.push(item);
        }
        let (status, why) = status(outcome);
        let response = frame(&self.head, status, &items, Some(&outcome.usage), why);
        let kind = if why.is_some() { "response.incomplete" } else { "response.completed" };
        self.event(kind, json!({ "response": response }), out);
    }
}

/// Writes a whole answer.
pub(crate) fn whole(head: &AnswerHead, outcome: &Outcome) -> Value {
    let said = (!outcome.text.is_empty()).then(|| message(&format!("msg_{}", head.run), &outcome.text));
    let mut items: Vec<Value> = said.into_iter().collect();
    for called in &outcome.calls {
        items.push(call(&format!("fc_{}_{}", head.run, items.len()), called, "completed", &called.arguments));
    }
    let (status, why) = status(outcome);
    frame(head, status, &items, Some(&outcome.usage), why)
}

fn frame(head: &AnswerHead, status: &str, items: &[Value], usage: Option<&Usage>, why: Option<&str>) -> Value {
    let usage = usage.map(|usage| {
        let (input, output) = counted(usage);
        json!({
            "input_tokens": input,
            "input_tokens_details": { "cached_tokens": usage.cache_read.unwrap_or(0) },
            "output_tokens": output,
            "output_tokens_details": { "reasoning_tokens": usage.reasoning.unwrap_or(0) },
            "total_tokens": input.saturating_add(output),
        })
    });
    json!({
        "id": format!("resp_{}", head.run), "object": "response", "created_at": head.created, "status": status,
        "error": null, "incomplete_details": why.map(|why| json!({ "reason": why })), "instructions": null,
        "metadata": {}, "model": head.model, "output": items, "parallel_tool_calls": true, "temperature": null,
        "tool_choice": "auto", "tools": [], "top_p": null, "usage": usage,
    })
}

fn message(id: &str, text: &str) -> Value {
    let part = json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] });
    json!({ "id": id, "type": "message", "status": "completed", "role": "assistant", "content": [part] })
}

fn call(id: &str, call: &ToolCall, status: &str, arguments: &str) -> Value {
    json!({
        "id": id, "type": "function_call", "status": status, "call_id": call.id, "name": call.name,
        "arguments": arguments,
    })
}

fn status(outcome: &Outcome) -> (&'static str, Option<&'static str>) {
    match outcome.finish {
        Some(Finish::Length | Finish::ContextWindow) => ("incomplete", Some("max_output_tokens")),
        Some(Finish::ContentFilter | Finish::Refusal) => ("incomplete", Some("content_filter")),
        Some(Finish::Stop | Finish::ToolCalls | Finish::Unknown | Finish::Other(_)) | None => ("completed", None),
    }
}
