//! How the demonstration calls tools: one after the other, those that its instructions name in the order in which they do,
//! else all in the order of the prompt; then it answers from the results.

use serde_json::Value;

use crate::{
    model::{Message, Role, ToolCall, ToolChoice},
    provider::{
        Call,
        wires::demo::{
            input,
            input_reading::InputWords,
            synthesis::{Skill, arguments, errs},
        },
    },
};

/// Makes the next call of a tool; none where the answer is due.
pub(crate) fn next_call(call: &Call, skill: Skill) -> Option<ToolCall> {
    let done = call.messages.iter().map(|message| message.tool_calls.len()).sum::<usize>();
    let words = InputWords::of(input(call));
    let mut names: Vec<&str> = match &call.tools.choice {
        Some(ToolChoice::None) => return None,
        Some(ToolChoice::Named(name)) => vec![name],
        Some(ToolChoice::Auto | ToolChoice::Required) | None => in_order(call),
    };
    if errs(skill, &words) {
        names.reverse();
    }
    let tool = call.tools.find(names.get(done)?)?;
    let arguments = arguments(&tool.schema(), &words, skill);
    let arguments = if arguments.is_object() { arguments } else { Value::Object(serde_json::Map::new()) };
    Some(ToolCall {
        id: format!("demo_{}", done + 1),
        name: tool.name.clone(),
        arguments: arguments.to_string(),
        ..ToolCall::default()
    })
}

/// Lists the tools by name in the order in which they are called.
fn in_order(call: &Call) -> Vec<&str> {
    let instructions = call.messages.iter().filter(|message| message.role == Role::System);
    let instructions: String = instructions.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n");
    let tools = call.tools.tools.iter().map(|tool| tool.name.as_str());
    let mut named: Vec<(usize, &str)> =
        tools.clone().filter_map(|name| Some((instructions.find(name)?, name))).collect();
    named.sort_unstable();
    if named.is_empty() { tools.collect() } else { named.into_iter().map(|(_, name)| name).collect() }
}

/// Returns the call as one that is to be answered from the results of its tools; none where there are none.
pub(crate) fn with_results(call: &Call) -> Option<Call> {
    let results: Vec<&str> = call
        .messages
        .iter()
        .filter(|message| message.reply.is_some())
        .map(|message| message.content.as_str())
        .collect();
    if results.is_empty() {
        return None;
    }
    let text = format!("{}\n{}", results.join("\n"), input(call));
    let mut call = call.clone();
    call.messages.retain(|message| message.role == Role::System);
    call.messages.push(Message::of(Role::User, text));
    Some(call)
}
