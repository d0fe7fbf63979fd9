//! What the wire formats have in common: events in, wire events or a fault out.

use serde_json::Value;

use super::{classify, wire::WireEvent};
use crate::model::{Class, Fault, Finish};

/// One provider's way to speak. It sees whole events, never bytes.
pub(super) trait Dialect: Send {
    /// Takes one event of a stream.
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<WireEvent>) -> Result<(), Fault>;

    /// Takes a complete response, sent although a stream was asked for.
    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault>;

    /// Takes the clean end of the body.
    fn end(&mut self, out: &mut Vec<WireEvent>) -> Result<(), Fault>;

    /// Tells whether [`WireEvent::End`] was said.
    fn ended(&self) -> bool;
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
    model: Option<String>,
}

impl Progress {
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
        self.ended = true;
        out.push(WireEvent::End);
        Ok(())
    }

    /// Says the end at a clean end of the body, if a reason to stop was given.
    pub(super) fn end(&mut self, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if !self.begun {
            return Err(empty());
        }
        if self.finished && !self.ended {
            self.ended = true;
            out.push(WireEvent::End);
        }
        Ok(())
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

/// The fault of a stream that ended before it began.
pub(super) fn empty() -> Fault {
    Fault::new(Class::Transient, "empty stream: the provider closed it without an answer or an error")
}

/// The fault of an event that should be JSON and is not.
pub(super) fn not_json(data: &str) -> Fault {
    let head: String = data.chars().take(80).collect();
    Fault::new(Class::Transient, format!("an event of the stream is not JSON: {head}"))
}

/// The fault in a JSON event, if it is an error: an error object wins over everything beside it.
pub(super) fn error_in(name: &str, value: &Value) -> Option<Fault> {
    let told = value.get("error").is_some_and(|error| match error {
        Value::Null | Value::Bool(false) => false,
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    });
    let said = name == "error" || text(value, "type") == Some("error") || text(value, "object") == Some("error");
    (told || said).then(|| classify::event(&value.to_string()))
}

/// Returns a field's text unless it is empty.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Returns a field's whole number.
pub(super) fn count(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

/// Splits a total into the part beside a subset and the subset, which a provider may overstate.
pub(super) fn split(total: Option<u64>, subset: Option<u64>) -> (Option<u64>, Option<u64>) {
    match (total, subset) {
        (Some(total), Some(subset)) => (Some(total.saturating_sub(subset)), Some(subset.min(total))),
        other => other,
    }
}
