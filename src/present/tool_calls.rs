//! Calls of tools and their results as text: what a lane shows, what is copied, and what a cell of a batch holds.

use std::fmt::Write as _;

use serde_json::Value;

use crate::model::{Message, Outcome, Role, ToolCall, tool::ToolReply};

/// Levels of arguments that are written as a tree; what lies deeper is written as JSON.
const DEEPEST: usize = 4;

/// Writes a call: the tool's name, and a line for each argument.
#[must_use]
pub fn call_text(call: &ToolCall) -> String {
    let mut out = format!("calls {}\n", call.name);
    match call.values() {
        Ok(arguments) => arguments.iter().for_each(|(name, value)| tree(name, value, 1, &mut out)),
        Err(_) => indented(&call.arguments, 1, &mut out),
    }
    if let Some(problem) = &call.problem {
        let _ = writeln!(out, "  ! {problem}");
    }
    out
}

/// Writes the result of a call.
#[must_use]
pub fn reply_text(reply: &ToolReply, content: &str) -> String {
    let verb = if reply.failed { "failed" } else { "answers" };
    let mut out = format!("{} {verb}\n", reply.name);
    indented(content, 1, &mut out);
    out
}

/// Writes a turn of the user between two answers.
#[must_use]
pub fn turn_text(content: &str) -> String {
    let mut out = "\nuser\n".to_owned();
    indented(content, 1, &mut out);
    out.push('\n');
    out
}

/// Writes an answer in full: the rounds of tools before it, its text, and the calls it ended with.
#[must_use]
pub fn transcript(outcome: &Outcome) -> String {
    let mut out = rounds_text(&outcome.rounds);
    out.push_str(&outcome.text);
    for call in &outcome.calls {
        on_a_new_line(&mut out);
        out.push_str(&call_text(call));
    }
    if !outcome.calls.is_empty() {
        out.truncate(out.trim_end().len());
    }
    out
}

/// Writes rounds of tools, each part on lines of its own, with an empty line at the end.
#[must_use]
pub fn rounds_text(rounds: &[Message]) -> String {
    let mut out = String::new();
    for message in rounds {
        if let Some(reply) = &message.reply {
            out.push_str(&reply_text(reply, &message.content));
            continue;
        }
        if message.role == Role::User {
            out.push_str(&turn_text(&message.content));
            continue;
        }
        if !message.content.trim().is_empty() {
            out.push_str(message.content.trim_end());
            out.push('\n');
        }
        message.tool_calls.iter().for_each(|call| out.push_str(&call_text(call)));
    }
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    out
}

/// Begins a new line where a text does not end with one.
pub fn on_a_new_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
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
