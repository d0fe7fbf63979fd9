//! Calls of tools and their results as text: what a lane shows, what is copied, and what a cell of a batch holds.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::{Map, Value};

use crate::{
    eval::calls_as_json,
    model::{Message, Outcome, Role, ToolCall, tool::ToolReply},
};

/// Levels of arguments that are written as a tree; what lies deeper is written as JSON.
const DEEPEST: usize = 4;

/// What stands in a part of a transcript, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranscriptPart {
    /// What the model wrote.
    Text,
    /// The line that names a tool that is called, or answers.
    Call,
    /// Arguments, or a result.
    Detail,
    /// What is wrong with a call, or that its tool failed.
    Problem,
}

/// Rounds of tools, an answer and its calls as text, with what each part of it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunTranscript {
    parts: Vec<(TranscriptPart, String)>,
}

impl RunTranscript {
    /// Writes the rounds of tools, each part on lines of its own, with an empty line at the end.
    #[must_use]
    pub fn of_rounds(rounds: &[Message]) -> Self {
        let mut all = Self::default();
        for message in rounds {
            if let Some(reply) = &message.reply {
                all.reply(reply, &message.content);
                continue;
            }
            if message.role == Role::User {
                all.turn(&message.content);
                continue;
            }
            all.line(message.content.trim());
            message.tool_calls.iter().for_each(|call| all.call(call));
        }
        if rounds.last().is_some_and(|last| last.role != Role::User) {
            all.push(TranscriptPart::Text, "\n".to_owned());
        }
        all
    }

    /// Writes the calls that an answer ended with, on lines of their own below its text.
    #[must_use]
    pub fn of_calls(outcome: &Outcome) -> Self {
        let mut all = Self::default();
        if !outcome.calls.is_empty() && !outcome.text.is_empty() && !outcome.text.ends_with('\n') {
            all.push(TranscriptPart::Text, "\n".to_owned());
        }
        outcome.calls.iter().for_each(|call| all.call(call));
        all
    }

    /// Lists its parts in order.
    #[must_use]
    pub fn parts(&self) -> &[(TranscriptPart, String)] {
        &self.parts
    }

    /// Tells whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.parts.clear();
    }

    fn push(&mut self, part: TranscriptPart, text: String) {
        if !text.is_empty() {
            self.parts.push((part, text));
        }
    }

    /// Writes what the model wrote as it is.
    pub fn say(&mut self, text: &str) {
        self.push(TranscriptPart::Text, text.to_owned());
    }

    /// Writes what the model wrote on lines of its own; nothing where it wrote nothing.
    pub fn line(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(TranscriptPart::Text, format!("{text}\n"));
        }
    }

    /// Begins a new line where the last one goes on.
    pub fn on_a_new_line(&mut self) {
        if self.parts.last().is_some_and(|(_, text)| !text.ends_with('\n')) {
            self.push(TranscriptPart::Text, "\n".to_owned());
        }
    }

    /// Writes a call: the tool's name, a line for each argument, and what is wrong with it.
    pub fn call(&mut self, call: &ToolCall) {
        self.push(TranscriptPart::Call, format!("calls {}\n", call.name));
        let mut out = String::new();
        match call.values() {
            Ok(arguments) => arguments.iter().for_each(|(name, value)| tree(name, value, 1, &mut out)),
            Err(_) => indented(&call.arguments, 1, &mut out),
        }
        self.push(TranscriptPart::Detail, out);
        if let Some(problem) = &call.problem {
            self.push(TranscriptPart::Problem, format!("  ! {problem}\n"));
        }
    }

    /// Writes the result of a call.
    pub fn reply(&mut self, reply: &ToolReply, content: &str) {
        let (part, verb) =
            if reply.failed { (TranscriptPart::Problem, "failed") } else { (TranscriptPart::Call, "answers") };
        self.push(part, format!("{} {verb}\n", reply.name));
        let mut out = String::new();
        indented(content, 1, &mut out);
        self.push(TranscriptPart::Detail, out);
    }

    /// Writes a turn of the user between two answers.
    pub fn turn(&mut self, content: &str) {
        self.push(TranscriptPart::Call, "\nuser\n".to_owned());
        let mut out = String::new();
        indented(content, 1, &mut out);
        out.push('\n');
        self.push(TranscriptPart::Detail, out);
    }

    /// Returns it as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Writes a call: the tool's name, and a line for each argument.
#[must_use]
pub fn call_text(call: &ToolCall) -> String {
    let mut all = RunTranscript::default();
    all.call(call);
    all.text()
}

/// Writes an answer in full: the rounds of tools before it, its text, and the calls it ended with.
#[must_use]
pub fn transcript(outcome: &Outcome) -> String {
    let mut text = RunTranscript::of_rounds(&outcome.rounds).text();
    text.push_str(&outcome.text);
    text.push_str(&RunTranscript::of_calls(outcome).text());
    if !outcome.calls.is_empty() {
        text.truncate(text.trim_end().len());
    }
    text
}

/// Writes an answer for programs: its text, and the calls it ended with as JSON on a line of their own.
#[must_use]
pub fn answer(outcome: &Outcome) -> Cow<'_, str> {
    if outcome.calls.is_empty() {
        return Cow::Borrowed(&outcome.text);
    }
    let calls = calls_as_json(&outcome.calls).to_string();
    if outcome.text.trim().is_empty() {
        return Cow::Owned(calls);
    }
    Cow::Owned(format!("{}\n{calls}", outcome.text.trim_end()))
}

/// Says how many rounds of tools a run had, and how many attempts where something failed: `2 rounds`, `3 attempts`.
#[must_use]
pub fn counts(outcome: &Outcome) -> Vec<String> {
    let rounds = match outcome.answered_rounds() {
        0 => None,
        1 => Some("1 round".to_owned()),
        many => Some(format!("{many} rounds")),
    };
    let tries = Some(outcome.tries()).filter(|tries| *tries > 1).map(|tries| format!("{tries} attempts"));
    rounds.into_iter().chain(tries).collect()
}

/// Gathers the calls of a run as a value to compare: their arguments under the name of the tool, further calls of the
/// same tool under it with their number. Null where there are none.
#[must_use]
pub fn compared_calls(outcome: &Outcome) -> Value {
    let mut all: Map<String, Value> = Map::new();
    for call in outcome.rounds.iter().flat_map(|message| &message.tool_calls).chain(&outcome.calls) {
        let numbered = (2_usize..).map(|number| format!("{} ({number})", call.name));
        let name = std::iter::once(call.name.clone()).chain(numbered).find(|name| !all.contains_key(name));
        all.insert(name.unwrap_or_default(), call.value());
    }
    if all.is_empty() { Value::Null } else { Value::Object(all) }
}

fn tree(name: &str, value: &Value, level: usize, out: &mut String) {
    let space = "  ".repeat(level);
    match value {
        Value::Object(fields) if level < DEEPEST && !fields.is_empty() => {
            let _ = writeln!(out, "{space}{name}");
            fields.iter().for_each(|(name, value)| tree(name, value, level + 1, out));
        }
        Value::String(text) if text.contains('\n') => {
            let _ = writeln!(out, "{space}{name}");
            indented(text, level + 1, out);
        }
        Value::String(text) => {
            let _ = writeln!(out, "{space}{name}: {text}");
        }
        other => {
            let _ = writeln!(out, "{space}{name}: {other}");
        }
    }
}

fn indented(text: &str, level: usize, out: &mut String) {
    let space = "  ".repeat(level);
    for line in text.lines() {
        let _ = writeln!(out, "{space}{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_a_tree_and_what_is_no_json_stands_as_it_is() {
        let call = |arguments: &str| ToolCall {
            name: "find".to_owned(),
            arguments: arguments.to_owned(),
            ..ToolCall::default()
        };
        let text = call_text(&call(r#"{"place": {"city": "Paris", "zone": null}, "most": 3, "tags": ["a"]}"#));
        assert_eq!(text, "calls find\n  place\n    city: Paris\n    zone: null\n  most: 3\n  tags: [\"a\"]\n");
        assert_eq!(call_text(&call("{\"a\": ")), "calls find\n  {\"a\": \n");
    }
}
