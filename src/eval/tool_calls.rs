//! The calls of tools in an answer, as the checks see them, and what is wrong with one by its tool's schema.

use serde_json::{Value, json};

use crate::{
    eval::{reason::verdict, schema::Schema},
    model::{Message, Rule, Status, Tool, ToolCall, Verdict},
    text::budget::WorkBudget,
};

/// The calls of a run: those that were answered, round by round, and those the answer ended with.
#[derive(Debug, Clone, Copy)]
pub struct ToolTrace<'a> {
    /// The rounds: answers that called tools, and the results.
    pub rounds: &'a [Message],
    /// The calls that the answer ended with.
    pub calls: &'a [ToolCall],
}

impl<'a> ToolTrace<'a> {
    /// No tools.
    pub const NONE: Self = Self { rounds: &[], calls: &[] };

    /// Lists all calls in the order in which they were made.
    pub fn all(&self) -> impl Iterator<Item = &'a ToolCall> {
        self.rounds.iter().flat_map(|message| &message.tool_calls).chain(self.calls)
    }
}

/// Writes calls as chat completions have them in an answer, which stands for the text of an answer that has none.
#[must_use]
pub fn calls_as_json(calls: &[ToolCall]) -> Value {
    let call = |call: &ToolCall| {
        json!({ "id": call.id, "type": "function",
            "function": { "name": call.name, "arguments": call.arguments } })
    };
    calls.iter().map(call).collect()
}

/// Says what is wrong with a call: an unknown tool, arguments that are no JSON object or that the schema does not allow.
#[must_use]
pub fn call_problem(tools: &[Tool], call: &ToolCall) -> Option<String> {
    let Some(tool) = tools.iter().find(|tool| tool.name == call.name) else {
        return (!tools.is_empty()).then(|| format!("there is no tool `{}`", call.name));
    };
    let arguments = match call.values() {
        Ok(arguments) => Value::Object(arguments),
        Err(why) => return Some(why),
    };
    let schema = match Schema::new("tool.parameters", tool.parameters.as_ref()?) {
        Ok(schema) => schema,
        Err(bad) => return Some(bad.to_string()),
    };
    let verdicts = schema.judge(&arguments, &WorkBudget::default());
    verdicts.into_iter().find(|made| made.status != Status::Passed).map(|made| made.reason)
}

/// Judges the form of an answer that is calls alone: every call is one that its tool takes.
pub(crate) fn form(calls: &[ToolCall]) -> Verdict {
    let wrong = calls.iter().find_map(|call| Some((call, call.problem.as_ref()?)));
    let (holds, reason) = match (wrong, calls) {
        (Some((call, problem)), _) => (false, format!("the call of {}: {problem}", call.name)),
        (None, [call]) => (true, format!("a call of {}, and no text", call.name)),
        (None, calls) => (true, format!("{} calls of tools, and no text", calls.len())),
    };
    Verdict { implied: holds, ..verdict(Rule::Format, holds, reason) }
}
