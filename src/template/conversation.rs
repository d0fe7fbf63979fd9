//! Conversations: a history that an input brings along, further turns of the user, and an answer that becomes a message.
//!
//! An input has a conversation in two variables, where no template of the prompt uses them: `messages`, a JSON list of
//! messages as chat completions have them, stands between the prompt's messages and its last one; `turns`, a JSON list of
//! texts, is what the user says after each answer.

use serde_json::Value;

use crate::{
    model::{
        CallError, ErrorKind, Input, Message, Outcome, Prompt, Role, ToolCall, Turn,
        tool::{ToolReply, read_call},
    },
    template,
    template::FillBudget,
};

/// The variable of the history.
pub const HISTORY: &str = "messages";

/// The variable of the further turns.
pub const TURNS: &str = "turns";

/// Messages of a history, and further turns, at most.
const MOST: usize = 1000;

/// Returns the value of a variable that no template of the prompt uses.
fn unused<'i>(prompt: &Prompt, input: &'i Input, name: &str) -> Option<&'i str> {
    let value = input.vars.get(name)?.as_str();
    if !value.trim_start().starts_with('[') {
        return None;
    }
    let (asks, _) = template::asks_of(&prompt.turns());
    let used = asks.names.iter().any(|asked| asked == name || asked.starts_with(&format!("{name}.")));
    (!used).then_some(value)
}

/// Reads the history of an input; none where it has none, or the prompt uses the variable itself. Fails where a message
/// has no role, or a part of another kind than text.
pub fn history(prompt: &Prompt, input: &Input) -> Result<Option<Vec<Message>>, CallError> {
    let Some(text) = unused(prompt, input, HISTORY) else { return Ok(None) };
    let bad = |why: String| CallError::new(ErrorKind::InvalidPrompt, format!("`{HISTORY}` of the input: {why}"));
    let rows: Vec<Value> = serde_json::from_str(text).map_err(|error| bad(format!("not a JSON list: {error}")))?;
    if !rows.iter().all(|row| row.get("role").is_some()) {
        // A list of something else is a variable like any other.
        return Ok(None);
    }
    if rows.len() > MOST {
        return Err(bad(format!("{} messages, of which {MOST} are taken", rows.len())));
    }
    let read =
        rows.iter().enumerate().map(|(at, row)| message(row).map_err(|why| bad(format!("message {}: {why}", at + 1))));
    read.collect::<Result<Vec<_>, _>>().map(Some)
}

/// Reads the further turns of an input.
#[must_use]
pub fn turns(prompt: &Prompt, input: &Input) -> Vec<String> {
    let text = unused(prompt, input, TURNS);
    let turns: Vec<String> = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    turns.into_iter().filter(|turn| !turn.trim().is_empty()).take(MOST).collect()
}

/// Tells whether an input brings a conversation along.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    name == HISTORY || name == TURNS
}

/// Reads a message as chat completions have it.
fn message(row: &Value) -> Result<Message, String> {
    let role = match row.get("role").and_then(Value::as_str) {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant" | "model") => Role::Assistant,
        Some("tool") => Role::Tool,
        other => return Err(format!("`role` is system, user, assistant or tool, not {}", other.unwrap_or("missing"))),
    };
    let content = match row.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => texts(parts)?,
        Some(Value::Null) | None => String::new(),
        Some(_) => return Err("`content` is a text or a list of parts".to_owned()),
    };
    let calls = row.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let tool_calls: Vec<ToolCall> = calls.filter_map(read_call).collect();
    let id = row.get("tool_call_id").and_then(Value::as_str);
    let reply = id.map(|id| ToolReply {
        id: id.to_owned(),
        name: row.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        failed: false,
    });
    if role == Role::Tool && reply.is_none() {
        return Err("a message of the role tool has no `tool_call_id`".to_owned());
    }
    Ok(Message { tool_calls, reply, ..Message::of(role, content) })
}

fn texts(parts: &[Value]) -> Result<String, String> {
    let text = |part: &Value| match part.get("type").and_then(Value::as_str) {
        Some("text" | "input_text" | "output_text") => {
            part.get("text").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| "a part of no text".to_owned())
        }
        other => Err(format!("a part of the type {} is not taken from a history", other.unwrap_or("nothing"))),
    };
    parts.iter().map(text).collect::<Result<Vec<_>, _>>().map(|texts| texts.concat())
}

/// Makes a prompt of one that was answered, with the answer as its last message. The rounds of tools before the answer stay
/// as they were.
#[must_use]
pub fn with_answer(prompt: &Prompt, outcome: &Outcome) -> Prompt {
    let mut turns = prompt.turns();
    for message in &outcome.rounds {
        turns.push(Turn {
            tool_calls: message.tool_calls.clone(),
            reply: message.reply.clone(),
            ..Turn::of(message.role, template::literal(&message.content))
        });
    }
    if !outcome.text.trim().is_empty() {
        turns.push(Turn::of(Role::Assistant, template::literal(&outcome.text)));
    }
    let mut prompt = prompt.clone();
    prompt.set_turns(turns);
    prompt
}

/// Makes a prompt of one that was answered: with the answer as a message, and the next turn of the user.
#[must_use]
pub fn continued(prompt: &Prompt, outcome: &Outcome, next: &str) -> Prompt {
    let mut prompt = with_answer(prompt, outcome);
    let mut turns = prompt.turns();
    turns.push(Turn::of(Role::User, template::literal(next)));
    prompt.set_turns(turns);
    prompt
}

/// Cuts a conversation off after its first question, which is the first message of the user with a variable, or else the
/// first one; returns it with the further turns of the user, filled from the input. None where there are none.
#[must_use]
pub fn replayed(prompt: &Prompt, input: &Input) -> Option<(Prompt, Vec<String>)> {
    let turns: Vec<Turn> = prompt.turns().into_iter().filter(|turn| !turn.muted).collect();
    let asks =
        |turn: &Turn| turn.role == Role::User && !template::asks_of(std::slice::from_ref(turn)).0.names.is_empty();
    let first = turns.iter().position(asks).or_else(|| turns.iter().position(|turn| turn.role == Role::User))?;
    let (begin, rest) = turns.split_at_checked(first + 1)?;
    let mut budget = FillBudget::new(rest.iter().map(|turn| turn.content.len()).sum(), input);
    let later = rest.iter().filter(|turn| turn.role == Role::User && !turn.is_empty());
    let later: Vec<String> = later.filter_map(|turn| template::fill(&turn.content, input, &mut budget).ok()).collect();
    if later.is_empty() {
        return None;
    }
    let mut prompt = prompt.clone();
    prompt.set_turns(begin.to_vec());
    Some((prompt, later))
}
