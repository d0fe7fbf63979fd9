//! Anthropic's message events.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Fault, Finish, Usage};
use crate::provider::{
    classify,
    counts::{self, count, split},
    dialect::{Dialect, Piece, Progress, text},
    wire::WireEvent,
};

/// A message under way.
#[derive(Debug, Default)]
pub(in crate::provider) struct Messages {
    progress: Progress,
    /// The blocks of tools that the provider runs itself: a call to one asks nothing of us.
    served: BTreeSet<u64>,
}

impl Dialect for Messages {
    fn event(&mut self, name: &str, event: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        let before = out.len();
        match text(event, "type").unwrap_or(name) {
            "message_start" => self.message(event.get("message").unwrap_or(&Value::Null), out),
            "content_block_start" => self.block(event, "content_block", out),
            "content_block_delta" => self.block(event, "delta", out),
            "message_delta" => {
                self.progress.begun = true;
                if let Some(reason) = event.get("delta").and_then(|delta| text(delta, "stop_reason")) {
                    self.progress.finish(Finish::read(reason), out);
                }
                counted(event, out);
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
        let Some(Value::Array(blocks)) = body.get("content") else {
            return Err(classify::event(&body.to_string()));
        };
        self.message(body, out);
        for part in blocks {
            self.part(part, None, out);
        }
        if let Some(reason) = text(body, "stop_reason") {
            self.progress.finish(Finish::read(reason), out);
        }
        self.progress.mark(out)
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut Progress {
        &mut self.progress
    }
}

impl Messages {
    fn message(&mut self, message: &Value, out: &mut Vec<WireEvent>) {
        self.progress.begun = true;
        self.progress.model(message, out);
        counted(message, out);
    }

    fn block(&mut self, event: &Value, name: &str, out: &mut Vec<WireEvent>) {
        if let Some(part) = event.get(name) {
            self.part(part, count(event, "/index"), out);
        }
    }

    /// Says the text or the thinking of a block or of a part of one; both have the same fields.
    fn part(&mut self, part: &Value, index: Option<u64>, out: &mut Vec<WireEvent>) {
        match text(part, "type") {
            Some("tool_use") => self.progress.called = true,
            Some("server_tool_use" | "mcp_tool_use") => self.served.extend(index),
            Some("input_json_delta") => {
                self.progress.called |= index.is_none_or(|index| !self.served.contains(&index));
            }
            _ => {}
        }
        self.progress.say(Piece::Text, text(part, "text").unwrap_or_default(), out);
        self.progress.content(part.get("thinking").unwrap_or(&Value::Null), Piece::Reasoning, out);
    }
}

/// Says the counts in an event or a message.
fn counted(holder: &Value, out: &mut Vec<WireEvent>) {
    if let Some(field) = holder.get("usage").filter(|usage| usage.is_object()) {
        counts::say(field, usage(field), out);
    }
}

/// Reads the counts, which are cumulative. The input classes are apart already; thinking is within
/// the output.
fn usage(usage: &Value) -> Usage {
    let thought = count(usage, "/output_tokens_details/thinking_tokens");
    let (output, reasoning) = split(count(usage, "/output_tokens"), thought);
    Usage {
        input: count(usage, "/input_tokens"),
        cache_read: count(usage, "/cache_read_input_tokens"),
        cache_write: count(usage, "/cache_creation_input_tokens"),
        output,
        reasoning,
        ..Usage::default()
    }
}
