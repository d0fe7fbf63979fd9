//! Anthropic's message events.

use serde_json::Value;

use crate::model::{Fault, Finish, Usage};
use crate::provider::{
    classify,
    dialect::{Dialect, Progress, count, error_in, not_json, split, text},
    wire::WireEvent,
};

/// A message under way.
#[derive(Debug, Default)]
pub(in crate::provider) struct Messages {
    progress: Progress,
}

impl Dialect for Messages {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if data.trim_start().starts_with("[DONE]") {
            return self.progress.mark(out);
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else {
            return Err(if name == "error" { classify::event(data) } else { not_json(data) });
        };
        if let Some(fault) = error_in(name, &event) {
            return Err(fault);
        }
        let before = out.len();
        match text(&event, "type").unwrap_or(name) {
            "message_start" => self.message(event.get("message").unwrap_or(&Value::Null), out),
            "content_block_start" => self.block(event.get("content_block"), out),
            "content_block_delta" => self.block(event.get("delta"), out),
            "message_delta" => {
                self.progress.begun = true;
                if let Some(reason) = event.get("delta").and_then(|delta| text(delta, "stop_reason")) {
                    self.progress.finish(Finish::read(reason), out);
                }
                out.extend(event.get("usage").and_then(usage).map(WireEvent::Usage));
            }
            "message_stop" => return self.progress.mark(out),
            _ => {}
        }
        if out.len() == before {
            out.push(WireEvent::Alive);
        } else {
            self.progress.begun = true;
        }
        Ok(())
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if let Some(fault) = error_in("", body) {
            return Err(fault);
        }
        let Some(Value::Array(blocks)) = body.get("content") else {
            return Err(classify::event(&body.to_string()));
        };
        self.message(body, out);
        for part in blocks {
            self.block(Some(part), out);
        }
        if let Some(reason) = text(body, "stop_reason") {
            self.progress.finish(Finish::read(reason), out);
        }
        self.progress.mark(out)
    }

    fn end(&mut self, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        self.progress.end(out)
    }

    fn ended(&self) -> bool {
        self.progress.ended
    }
}

impl Messages {
    fn message(&mut self, message: &Value, out: &mut Vec<WireEvent>) {
        self.progress.begun = true;
        self.progress.model(message, out);
        out.extend(message.get("usage").and_then(usage).map(WireEvent::Usage));
    }

    /// Says the text or the thinking of a block or of a part of one; both have the same fields.
    fn block(&mut self, part: Option<&Value>, out: &mut Vec<WireEvent>) {
        let Some(part) = part else {
            return;
        };
        self.progress.called |= matches!(text(part, "type"), Some("tool_use" | "input_json_delta"));
        out.extend(text(part, "text").map(|told| WireEvent::Text(told.to_owned())));
        out.extend(text(part, "thinking").map(|told| WireEvent::Reasoning(told.to_owned())));
    }
}

/// Reads the counts, which are cumulative. The input classes are apart already; thinking is within
/// the output.
fn usage(usage: &Value) -> Option<Usage> {
    let thought = count(usage, "/output_tokens_details/thinking_tokens");
    let (output, reasoning) = split(count(usage, "/output_tokens"), thought);
    let usage = Usage {
        input: count(usage, "/input_tokens"),
        cache_read: count(usage, "/cache_read_input_tokens"),
        cache_write: count(usage, "/cache_creation_input_tokens"),
        output,
        reasoning,
        estimated: false,
    };
    (usage != Usage::default()).then_some(usage)
}
