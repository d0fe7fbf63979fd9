//! Messages and answers in the shapes in which programs log them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    model::{Role, ToolCall, Turn, finish::Finish},
    text::json,
};

/// What a model answered.
#[derive(Debug, Default)]
pub(crate) struct LoggedAnswer {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish: Option<Finish>,
}

/// How deep messages may stand in messages.
const MOST_DEPTH: u8 = 6;

/// Reads what was asked: a text, a message, a list of messages, or any of these as JSON in a text.
pub(crate) fn asked(value: Value, lost: &mut BTreeSet<String>) -> Vec<Turn> {
    turns(value, lost, MOST_DEPTH)
}

fn turns(value: Value, lost: &mut BTreeSet<String>, depth: u8) -> Vec<Turn> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => match nested(&text) {
            Some(value) => turns(value, lost, depth),
            None if text.is_empty() => Vec::new(),
            None => vec![Turn::of(Role::User, text)],
        },
        Value::Array(list) => list.into_iter().flat_map(|message| turns(message, lost, depth)).collect(),
        Value::Object(mut map) => {
            if let Some(messages) = map.shift_remove("messages") {
                return turns(messages, lost, depth);
            }
            if !["role", "content", "parts"].iter().any(|key| map.contains_key(*key)) {
                return if map.is_empty() {
                    Vec::new()
                } else {
                    vec![Turn::of(Role::User, text_of(Value::Object(map)))]
                };
            }
            let role = match map.get("role").and_then(Value::as_str).unwrap_or("user") {
                "system" | "developer" => Role::System,
                "assistant" | "ai" | "model" => Role::Assistant,
                "tool" | "function" => Role::Tool,
                _ => Role::User,
            };
            let (text, calls) = (content(&mut map, lost).text, tool_calls(&mut map));
            if role == Role::Tool {
                lost.insert("results of tools in earlier messages".to_owned());
                return Vec::new();
            }
            if !calls.is_empty() {
                lost.insert("calls of tools in earlier messages".to_owned());
            }
            if text.is_empty() { Vec::new() } else { vec![Turn::of(role, text)] }
        }
        other @ (Value::Bool(_) | Value::Number(_)) => vec![Turn::of(Role::User, other.to_string())],
    }
}

/// Reads JSON that a text holds where it is messages.
fn nested(text: &str) -> Option<Value> {
    let start = text.trim_start();
    let value: Value = start.starts_with(['[', '{']).then(|| serde_json::from_str(start).ok()).flatten()?;
    let is_message = |value: &Value| value.get("role").is_some() || value.get("messages").is_some();
    let is_empty = value.as_object().is_some_and(Map::is_empty);
    (is_empty || is_message(&value) || value.get(0).is_some_and(is_message)).then_some(value)
}

/// Reads what a model answered: a text, a message or several, a response of OpenAI's, Anthropic's or the like.
pub(crate) fn answered(value: Value, lost: &mut BTreeSet<String>) -> LoggedAnswer {
    read_answer(value, lost, MOST_DEPTH)
}

fn read_answer(value: Value, lost: &mut BTreeSet<String>, depth: u8) -> LoggedAnswer {
    let Some(depth) = depth.checked_sub(1) else { return LoggedAnswer::default() };
    match value {
        Value::Null => LoggedAnswer::default(),
        Value::String(text) => match nested(&text) {
            Some(value) => read_answer(value, lost, depth),
            None => LoggedAnswer { text, ..LoggedAnswer::default() },
        },
        // Of several choices the first one counts; of several messages the last.
        Value::Array(mut list) => {
            let choices = list.first().is_some_and(|first| first.get("message").is_some());
            let is_message = |value: &Value| value.get("role").is_some();
            let one = if choices { Some(list.swap_remove(0)) } else { list.pop_if(|last| is_message(last)) };
            match one {
                Some(one) => read_answer(one, lost, depth),
                None => said_in(Value::Array(list), lost),
            }
        }
        Value::Object(mut map) => {
            let reason = ["finish_reason", "stop_reason"].iter().find_map(|key| map.shift_remove(*key));
            let finish = reason.and_then(|reason| reason.as_str().map(Finish::read));
            let inner = ["choices", "message", "output"].iter().find_map(|key| map.shift_remove(*key));
            let found = match inner {
                Some(inner) => read_answer(inner, lost, depth),
                None if ["content", "parts", "tool_calls", "text"].iter().any(|key| map.contains_key(*key)) => {
                    let mut found = content(&mut map, lost);
                    found.calls.extend(tool_calls(&mut map));
                    found
                }
                None if map.is_empty() => LoggedAnswer::default(),
                None => LoggedAnswer { text: text_of(Value::Object(map)), ..LoggedAnswer::default() },
            };
            LoggedAnswer { finish: found.finish.clone().or(finish), ..found }
        }
        other @ (Value::Bool(_) | Value::Number(_)) => {
            LoggedAnswer { text: other.to_string(), ..LoggedAnswer::default() }
        }
    }
}

/// Reads the content of a message.
fn content(map: &mut Map<String, Value>, lost: &mut BTreeSet<String>) -> LoggedAnswer {
    let content = ["content", "parts", "text"].iter().find_map(|key| map.shift_remove(*key)).unwrap_or_default();
    let mut found = said_in(content, lost);
    let thought = ["reasoning_content", "reasoning"].iter().find_map(|key| map.shift_remove(*key));
    if let Some(Value::String(thought)) = thought {
        found.reasoning.push_str(&thought);
    }
    found
}

/// Reads a content: a text or a list of parts.
fn said_in(content: Value, lost: &mut BTreeSet<String>) -> LoggedAnswer {
    let Value::Array(parts) = content else {
        return LoggedAnswer { text: text_of(content), ..LoggedAnswer::default() };
    };
    let mut found = LoggedAnswer::default();
    for part in parts {
        let Value::Object(mut part) = part else {
            found.text.push_str(&text_of(part));
            continue;
        };
        let kind = part.get("type").and_then(Value::as_str).unwrap_or("text").to_owned();
        let text = ["text", "content", "reasoning", "thinking"].iter().find_map(|key| part.shift_remove(*key));
        match kind.as_str() {
            "text" | "input_text" | "output_text" => found.text.push_str(&text.map(text_of).unwrap_or_default()),
            "reasoning" | "thinking" => found.reasoning.push_str(&text.map(text_of).unwrap_or_default()),
            "tool_call" | "tool_use" | "function_call" => found.calls.extend(call(part)),
            other => drop(lost.insert(format!("parts of the type {other}"))),
        }
    }
    found
}

fn tool_calls(map: &mut Map<String, Value>) -> Vec<ToolCall> {
    let Some(Value::Array(calls)) = map.shift_remove("tool_calls") else { return Vec::new() };
    let read = |value: Value| match value {
        Value::Object(map) => call(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    };
    calls.into_iter().filter_map(read).collect()
}

/// Reads a call of a tool, with the function's name inside or beside.
fn call(mut map: Map<String, Value>) -> Option<ToolCall> {
    let id = ["id", "call_id"].iter().find_map(|key| map.shift_remove(*key)).map(text_of).unwrap_or_default();
    if let Some(Value::Object(function)) = map.shift_remove("function") {
        map = function;
    }
    let name = text_of(map.shift_remove("name")?);
    let arguments = ["arguments", "input"].iter().find_map(|key| map.shift_remove(*key));
    let arguments = arguments.map(text_of).unwrap_or_default();
    Some(ToolCall { id, name, arguments, signature: None, problem: None })
}

/// Returns a text as it is, and another value as JSON; nothing for null.
pub(crate) fn text_of(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => json::to_line(&other).unwrap_or_default(),
    }
}
