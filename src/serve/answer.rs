//! Answers in the wire that a program speaks, where no provider wrote them in it: those of targets of other wires, and of
//! stored prompts. Texts are streamed as they come; calls of tools follow once they are whole.

pub(crate) mod chat;
pub(crate) mod messages;
pub(crate) mod responses;

use serde_json::{Value, json};

use crate::model::{Outcome, RunId, ToolCall, Usage, Wire};

/// What every part of an answer says of it.
#[derive(Debug, Clone)]
pub(crate) struct AnswerHead {
    pub(crate) run: RunId,
    /// The model as the program named it.
    pub(crate) model: String,
    /// When it was asked, in seconds since 1970.
    pub(crate) created: i64,
    /// Whether a stream ends with the counts, where the wire asks for that.
    pub(crate) counts: bool,
}

/// Writes the events of a stream.
pub(crate) trait AnswerWriter: Send {
    /// Writes what comes before any text.
    fn begin(&mut self, out: &mut String);

    /// Writes a piece of text.
    fn text(&mut self, text: &str, out: &mut String);

    /// Writes a piece of reasoning, where the wire has a place for reasoning of others.
    fn reasoning(&mut self, _text: &str, _out: &mut String) {}

    /// Writes the calls, the counts and the end.
    fn end(&mut self, outcome: &Outcome, out: &mut String);
}

/// Makes what writes a stream in a wire.
pub(crate) fn writer(wire: Wire, head: AnswerHead) -> Box<dyn AnswerWriter> {
    match wire {
        Wire::Responses => Box::new(responses::ResponsesWriter::new(head)),
        Wire::Anthropic => Box::new(messages::MessagesWriter::new(head)),
        Wire::OpenAi | Wire::Gemini | Wire::Ollama | Wire::Inference | Wire::Replicate | Wire::Command | Wire::Demo => {
            Box::new(chat::ChatWriter::new(head))
        }
    }
}

/// Writes a whole answer in a wire.
pub(crate) fn whole(wire: Wire, head: &AnswerHead, outcome: &Outcome) -> Value {
    match wire {
        Wire::Responses => responses::whole(head, outcome),
        Wire::Anthropic => messages::whole(head, outcome),
        Wire::OpenAi | Wire::Gemini | Wire::Ollama | Wire::Inference | Wire::Replicate | Wire::Command | Wire::Demo => {
            chat::whole(head, outcome)
        }
    }
}

/// Writes an event without a name.
fn data(out: &mut String, event: &Value) {
    out.push_str("data: ");
    out.push_str(&event.to_string());
    out.push_str("\n\n");
}

/// Writes an event by the name of its type.
fn named(out: &mut String, kind: &str, event: &Value) {
    out.push_str("event: ");
    out.push_str(kind);
    out.push('\n');
    data(out, event);
}

/// Returns the arguments of a call as an object.
fn arguments(call: &ToolCall) -> Value {
    call.values().map_or_else(|_broken| json!({}), Value::Object)
}

/// Returns what went in and what came out, in tokens; none where nobody counted.
fn counted(usage: &Usage) -> (u64, u64) {
    (usage.total_input().unwrap_or(0), usage.total_output().unwrap_or(0))
}
