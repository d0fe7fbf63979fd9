//! Conversations: a history that an input brings along, further turns of the user, and an answer that becomes a message.
//!
//! An input has a conversation in two variables, where no template of the prompt uses them: `messages`, a JSON list of
//! messages as chat completions have them, stands between the prompt's messages and its last one; `turns`, a JSON list of
//! texts, is what the user says after each answer.

use serde_json::{Value, json};

use crate::{
    model::{
        CallError, ErrorKind, Input, Message, Outcome, Prompt, Role, ToolCall, Turn,
        attachment::PartOrigin,
        tool::{ToolReply, read_call},
    },
    template,
    template::{
        FillBudget,
        part_shapes::{self, MessageContent},
    },
};

/// The variable of the history.
pub const HISTORY: &str = "messages";

/// The variable of the further turns.
pub const TURNS: &str = "turns";

/// The variable of the earlier turns of a conversation that goes on from row to row: a JSON list of what was asked and
/// answered, the oldest first, each with `prompt`, its messages, `input`, the last of them, and `output`. A batch gives it.
pub const EARLIER: &str = "_conversation";

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

/// The text of a message in whose place the earlier turns are sent.
#[must_use]
pub fn earlier_turn() -> String {
    format!("{{{{ {EARLIER} }}}}")
}

/// Tells whether the earlier turns are sent in a message's place.
#[must_use]
pub fn is_earlier_turn(turn: &Turn) -> bool {
    turn.is_plain() && is_earlier(&turn.content)
}

/// Tells whether a text stands for the earlier turns.
#[must_use]
pub fn is_earlier(text: &str) -> bool {
    let inner = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|name| name.trim_matches(|c: char| c == '-' || c.is_whitespace()) == EARLIER)
}

/// Tells whether a prompt goes on with a conversation from row to row.
#[must_use]
pub fn goes_on(prompt: &Prompt) -> bool {
    prompt.spoken_templates().any(template::reads_earlier)
}

/// Returns the messages of the earlier turns of an input. Fails where they are no list of what was asked and answered.
pub fn earlier(input: &Input) -> Result<Vec<Message>, CallError> {
    let bad = |why: &str| CallError::new(ErrorKind::InvalidPrompt, format!("`{EARLIER}` of the input: {why}"));
    let Some(text) = input.vars.get(EARLIER) else { return Ok(Vec::new()) };
    let turns: Vec<Value> = serde_json::from_str(text.as_str()).map_err(|_other| bad("not a JSON list"))?;
    let said = |turn: &Value, role: Role, field: &str| {
        let text =
            turn.get(field).and_then(Value::as_str).ok_or_else(|| bad("a turn has no `input` or no `output`"))?;
        Ok(Message::of(role, text))
    };
    let both = |turn: &Value| Ok([said(turn, Role::User, "input")?, said(turn, Role::Assistant, "output")?]);
    let messages = turns.iter().map(both).collect::<Result<Vec<_>, CallError>>()?;
    Ok(messages.into_iter().flatten().filter(|message| !message.is_empty()).collect())
}

/// Makes a turn of what was sent and answered, as it stands in the list of earlier turns.
#[must_use]
pub fn exchange(messages: &[Message], outcome: &Outcome) -> Value {
    let prompt: Vec<Value> =
        messages.iter().map(|message| json!({ "role": message.role.name(), "content": message.content })).collect();
    let asked = messages.iter().rev().find(|message| message.role == Role::User).map_or("", |last| &last.content);
    let calls: Vec<Value> =
        outcome.calls.iter().map(|call| json!({ "name": call.name, "arguments": call.arguments })).collect();
    let output = if outcome.text.trim().is_empty() && !calls.is_empty() {
        Value::from(calls).to_string()
    } else {
        outcome.text.clone()
    };
    json!({ "prompt": prompt, "input": asked, "output": output })
}

/// Reads a message as chat completions have it; its parts as other vendors write them, too.
fn message(row: &Value) -> Result<Message, String> {
    let role = match row.get("role").and_then(Value::as_str) {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant" | "model") => Role::Assistant,
        Some("tool") => Role::Tool,
        other => return Err(format!("`role` is system, user, assistant or tool, not {}", other.unwrap_or("missing"))),
    };
    let MessageContent { text, parts, cache } = part_shapes::read(row)?;
    if role != Role::User && !parts.is_empty() {
        return Err(format!("a message of the role {} has a part that is no text", role.name()));
    }
    let attachments =
        parts.iter().map(|part| part.filled(&part.source, PartOrigin::Input)).collect::<Result<Vec<_>, _>>()?;
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
    Ok(Message { cache, attachments, tool_calls, reply, ..Message::of(role, text) })
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
