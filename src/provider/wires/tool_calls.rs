//! Calls of tools as they come in pieces, and as they are written back: what the wires have in common.
//!
//! Servers tell the pieces of several calls apart in their own ways, and some in none: an index that is missing or always
//! zero, an id with the first piece alone, or with none. A piece with an id that is known belongs to that call, one with a
//! new id begins a call whatever its index is, one without an id goes by its index, and what fits nowhere to the latest
//! call.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::{ToolCall, tool::CallPiece};

/// What a piece says of the call it belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CallKey<'e> {
    /// The call's id.
    pub(crate) id: Option<&'e str>,
    /// Its number in the answer.
    pub(crate) index: Option<u64>,
}

impl CallKey<'_> {
    /// A call that comes whole, in one piece.
    pub(crate) const NEW: Self = Self { id: None, index: None };
}

/// The calls of an answer so far.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    calls: Vec<OpenCall>,
    by_id: BTreeMap<String, usize>,
    by_index: BTreeMap<u64, usize>,
}

#[derive(Debug, Default)]
struct OpenCall {
    /// The arguments so far, to tell a call that is complete.
    arguments: String,
    /// The arguments came with the beginning, and count only if no piece follows.
    provisional: bool,
}

impl OpenCall {
    fn is_complete(&self) -> bool {
        serde_json::from_str::<Map<String, Value>>(&self.arguments).is_ok()
    }
}

impl OpenCalls {
    pub(crate) fn count(&self) -> usize {
        self.calls.len()
    }

    /// Gives a piece the place of its call.
    pub(crate) fn placed(&mut self, key: CallKey<'_>, mut piece: CallPiece) -> CallPiece {
        let place = self.place(key, &piece);
        piece.id = key.id.map(str::to_owned).or(piece.id);
        if let Some(id) = &piece.id {
            self.by_id.insert(id.clone(), place);
        }
        if let Some(index) = key.index {
            self.by_index.insert(index, place);
        }
        if let Some(call) = self.calls.get_mut(place) {
            // What follows arguments that came with the beginning is sent in their place.
            piece.whole |= call.provisional && !piece.arguments.is_empty();
            call.provisional = piece.whole && piece.name.is_some();
            if piece.whole {
                call.arguments.clear();
            }
            call.arguments.push_str(&piece.arguments);
        }
        piece.place = place;
        piece
    }

    fn place(&mut self, key: CallKey<'_>, piece: &CallPiece) -> usize {
        if let Some(place) = key.id.and_then(|id| self.by_id.get(id)) {
            return *place;
        }
        let by_index = key.index.and_then(|index| self.by_index.get(&index)).copied();
        let named = piece.name.is_some();
        match (key.id, by_index) {
            (None, Some(place)) => {
                // A name after arguments that are complete begins another call, though the index is the same.
                let over = named && self.calls.get(place).is_some_and(OpenCall::is_complete);
                if over && !piece.whole { self.begin() } else { place }
            }
            // A known index with an id for the first time: the same call, if nothing said its id before.
            (Some(_), Some(place)) if !named && !self.by_id.values().any(|known| *known == place) => place,
            (Some(_), _) => self.begin(),
            (None, None) if named || self.calls.is_empty() => self.begin(),
            (None, None) => self.calls.len() - 1,
        }
    }

    fn begin(&mut self) -> usize {
        self.calls.push(OpenCall::default());
        self.calls.len() - 1
    }
}

/// Joins what the user set of a list and retort's own entries; none where there are neither.
pub(crate) fn with_tools(extra: Option<Value>, own: impl Iterator<Item = Value>) -> Option<Value> {
    let mut all = match extra {
        Some(Value::Array(list)) => list,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    for entry in own {
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    (!all.is_empty()).then_some(Value::Array(all))
}

/// Writes arguments as text: an object where nothing was written.
pub(crate) fn written(call: &ToolCall) -> String {
    if call.arguments.trim().is_empty() { "{}".to_owned() } else { call.arguments.clone() }
}

/// Writes arguments as an object; what is none stands within one.
pub(crate) fn arguments(call: &ToolCall) -> Value {
    call.values().map_or_else(|_| serde_json::json!({ "arguments": call.arguments }), Value::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step<'s> = (Option<&'s str>, Option<u64>, Option<&'s str>, &'s str);

    fn joined(steps: &[Step<'_>]) -> Vec<(String, String, String)> {
        let (mut open, mut calls) = (OpenCalls::default(), Vec::new());
        for (id, index, name, arguments) in steps {
            let piece =
                CallPiece { name: name.map(str::to_owned), arguments: (*arguments).to_owned(), ..CallPiece::default() };
            open.placed(CallKey { id: *id, index: *index }, piece).add_to(&mut calls);
        }
        calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn pieces_find_their_call_however_a_server_numbers_them() {
        let two = [call("a", "f", "{\"x\":1}"), call("b", "g", "{}")];
        // By the book.
        let steps = [
            (Some("a"), Some(0), Some("f"), ""),
            (None, Some(0), None, "{\"x\""),
            (Some("b"), Some(1), Some("g"), ""),
            (None, Some(0), None, ":1}"),
            (None, Some(1), None, "{}"),
        ];
        assert_eq!(joined(&steps), two);
        // No index at all, or always zero: an id that is new begins a call.
        for index in [None, Some(0)] {
            let steps = [
                (Some("a"), index, Some("f"), "{\"x\""),
                (None, index, None, ":1}"),
                (Some("b"), index, Some("g"), "{}"),
            ];
            assert_eq!(joined(&steps), two, "index {index:?}");
        }
        // The id with every piece, the index wrong.
        let steps = [
            (Some("a"), Some(0), Some("f"), "{\"x\""),
            (Some("b"), Some(0), Some("g"), "{"),
            (Some("a"), Some(1), None, ":1}"),
            (Some("b"), Some(7), None, "}"),
        ];
        assert_eq!(joined(&steps), two);
        // Pieces that follow under an index of nobody go to the latest call.
        let steps = [(Some("a"), Some(0), Some("f"), ""), (None, Some(3), None, "{\"x\":1}")];
        assert_eq!(joined(&steps), two[..1]);
    }

    #[test]
    fn calls_without_any_id_are_told_apart_by_their_names() {
        let two = [call("", "f", "{\"x\":1}"), call("", "g", "{}")];
        for index in [None, Some(0)] {
            let steps =
                [(None, index, Some("f"), "{\"x\""), (None, index, None, ":1}"), (None, index, Some("g"), "{}")];
            assert_eq!(joined(&steps), two, "index {index:?}");
        }
        let before = [(None, Some(0), None, "{\"x\":"), (None, Some(0), Some("f"), "1}")];
        assert_eq!(joined(&before), two[..1], "arguments before the name");
    }

    #[test]
    fn a_name_that_is_repeated_is_one_name() {
        let steps = [(Some("a"), Some(0), Some("f"), "{"), (Some("a"), Some(0), Some("f"), "}")];
        assert_eq!(joined(&steps), [call("a", "f", "{}")]);
    }
}
