//! What the wire formats have in common: events in, wire events or a fault out.

use serde_json::Value;

use super::{
    json::{Halves, Parsed},
    wire::WireEvent,
};
use crate::model::{Class, Fault, Finish};

/// One provider's way to speak. It sees whole events that are JSON and no errors, never bytes.
pub(super) trait Dialect: Send {
    /// Takes one event of a stream.
    fn event(&mut self, name: &str, event: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault>;

    /// Takes a complete response, sent although a stream was asked for.
    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault>;

    /// Says how far the stream has come.
    fn progress(&self) -> &Progress;

    /// Lets the reader say what all formats have in common.
    fn progress_mut(&mut self) -> &mut Progress;
}

/// The fields of a part that hold its reasoning, and those that hold what it says.
const THOUGHT: &[&str] = &["thinking", "reasoning", "reasoning_content", "summary"];
const SAID: &[&str] = &["text", "content", "value", "refusal"];

/// Which text a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// The answer.
    Text,
    /// The reasoning.
    Reasoning,
    /// A refusal in place of the answer.
    Refusal,
}

/// How far a stream has come: what every format must know to tell an end from a cut.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
pub(super) struct Progress {
    /// Something of the format was said.
    pub(super) begun: bool,
    /// A reason to stop was given.
    pub(super) finished: bool,
    /// The end was said.
    pub(super) ended: bool,
    /// A tool was called.
    pub(super) called: bool,
    /// Text came after the reason to stop, which so proves nothing.
    pub(super) resumed: bool,
    /// The texts of the event at hand hold halves of characters.
    halved: bool,
    text: Halves,
    reasoning: Halves,
    model: Option<String>,
}

impl Progress {
    /// Begins with an event that was read.
    pub(super) fn take(&mut self, parsed: &Parsed) {
        self.halved = parsed.halved;
    }

    /// Says a piece of a text, if it is not empty.
    pub(super) fn say(&mut self, piece: Piece, text: &str, out: &mut Vec<WireEvent>) {
        if text.is_empty() {
            return;
        }
        self.resumed |= self.finished && piece != Piece::Reasoning;
        let halves = if piece == Piece::Reasoning { &mut self.reasoning } else { &mut self.text };
        let text = halves.join(text.to_owned(), self.halved);
        out.push(match piece {
            Piece::Text => WireEvent::Text(text),
            Piece::Reasoning => WireEvent::Reasoning(text),
            Piece::Refusal => WireEvent::Refusal(text),
        });
    }

    /// Says content however it is nested: a text, a part with a text, a list of parts. Parts of
    /// thinking are reasoning, and so is all within them.
    pub(super) fn content(&mut self, content: &Value, piece: Piece, out: &mut Vec<WireEvent>) {
        match content {
            Value::String(text) => self.say(piece, text, out),
            Value::Array(parts) => parts.iter().for_each(|part| self.content(part, piece, out)),
            Value::Object(fields) => {
                let piece = match text(content, "type") {
                    Some("thinking" | "reasoning" | "reasoning_content" | "thought") => Piece::Reasoning,
                    Some("refusal") => Piece::Refusal,
                    _ => piece,
                };
                let names = [THOUGHT, SAID].into_iter().skip(usize::from(piece != Piece::Reasoning)).flatten();
                let mut held = names.filter_map(|name| fields.get(*name));
                if let Some(inner) = held.find(|inner| !is_blank(inner)) {
                    self.content(inner, piece, out);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Says the first model that is named.
    pub(super) fn model(&mut self, value: &Value, out: &mut Vec<WireEvent>) {
        if let Some(model) = text(value, "model")
            && self.model.is_none()
        {
            self.model = Some(model.to_owned());
            out.push(WireEvent::Model(model.to_owned()));
        }
    }

    /// Says the first reason to stop. Some servers call a tool and say that they were just done.
    pub(super) fn finish(&mut self, finish: Finish, out: &mut Vec<WireEvent>) {
        if !std::mem::replace(&mut self.finished, true) {
            let done = matches!(finish, Finish::Stop | Finish::Unknown);
            out.push(WireEvent::Finish(if self.called && done { Finish::ToolCalls } else { finish }));
        }
    }

    /// Says the end at the format's own mark. A mark after nothing at all is an empty stream.
    pub(super) fn mark(&mut self, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if !self.begun {
            return Err(empty());
        }
        self.finish(Finish::Unknown, out);
        self.over(out);
        Ok(())
    }

    /// Says the end at a clean end of the body, if a reason to stop was given.
    pub(super) fn end(&mut self, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if !self.begun {
            return Err(empty());
        }
        if self.finished && !self.ended {
            self.over(out);
        }
        Ok(())
    }

    fn over(&mut self, out: &mut Vec<WireEvent>) {
        out.extend(self.reasoning.rest().map(WireEvent::Reasoning));
        out.extend(self.text.rest().map(WireEvent::Text));
        self.ended = true;
        out.push(WireEvent::End);
    }
}

/// Tells whether a field holds something: an object, or a list that is not empty.
pub(super) fn holds(value: &Value, field: &str) -> bool {
    match value.get(field) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(_)) => true,
        _ => false,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The fault of a stream that ended before it began.
pub(super) fn empty() -> Fault {
    Fault::new(Class::Transient, "empty stream: the provider closed it without an answer or an error")
}

/// The fault of an event that should be JSON and is not.
pub(super) fn not_json(data: &str) -> Fault {
    let head: String = data.chars().take(80).collect();
    Fault::new(Class::Transient, format!("an event of the stream is not JSON: {head}"))
}

/// Returns a field's text unless it is empty.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
