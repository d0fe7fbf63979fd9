//! A prompt's way into TOML and back, with what TOML cannot hold.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::{Check, CheckKind, Prompt, PromptCaching, Role, ToolChoice};

/// The key under which the parser hands over a date, which JSON has not.
const DATE: &str = "$__toml_private_datetime";

/// Writes a prompt as TOML, texts of several lines as such. Fails with the key of a value that TOML cannot hold.
pub fn write(prompt: &Prompt) -> Result<String, String> {
    let prompt = writable(prompt)?;
    toml::to_string_pretty(&prompt).map_err(|error| error.to_string())
}

/// Makes a prompt fit for TOML. A schema with a null or an oversized number in it is written as
/// its JSON text; a further parameter or another value of a check with one cannot be written.
pub(crate) fn writable(prompt: &Prompt) -> Result<Cow<'_, Prompt>, String> {
    let odd = "holds a null or a number beyond 64 bits, which TOML has not";
    if let Some((name, _)) = prompt.params.extra.iter().find(|(_, value)| !fits(value)) {
        return Err(format!("params.extra.{name} {odd}"));
    }
    let unfit = |check: &Check| check.value.as_ref().is_some_and(|value| !fits(value));
    if let Some(place) = prompt.checks.iter().position(|check| !is_schema(check) && unfit(check)) {
        return Err(format!("check[{place}].value {odd}"));
    }
    let as_text = |schema: &Value| schema.is_string() || !fits(schema);
    let of_checks = prompt.checks.iter().filter(|check| is_schema(check)).filter_map(|check| check.value.as_ref());
    let of_tools = prompt.tools.iter().filter_map(|tool| tool.parameters.as_ref());
    let schemas = prompt.response.schema.iter().chain(of_checks.filter(|schema| !waits(schema))).chain(of_tools);
    if !schemas.into_iter().any(as_text) {
        return Ok(Cow::Borrowed(prompt));
    }
    let mut prompt = prompt.clone();
    let of_checks = prompt.checks.iter_mut().filter(|check| is_schema(check)).filter_map(|check| check.value.as_mut());
    let of_checks = of_checks.filter(|schema| !waits(schema));
    let of_tools = prompt.tools.iter_mut().filter_map(|tool| tool.parameters.as_mut());
    let schemas = prompt.response.schema.iter_mut().chain(of_checks).chain(of_tools);
    for schema in schemas.filter(|schema| as_text(schema)) {
        *schema = Value::String(schema.to_string());
    }
    Ok(Cow::Owned(prompt))
}

/// Undoes [`writable`] in a prompt that was read, and holds its messages as every prompt does. A
/// mistake comes with its path in the prompt.
pub(crate) fn restore(prompt: &mut Prompt) -> Result<(), (Vec<String>, String)> {
    let path = |path: &[&str]| path.iter().map(|&part| part.to_owned()).collect::<Vec<_>>();
    prompt.set_turns(prompt.turns());
    if prompt.params.extra.values().any(dated) {
        return Err((path(&["params", "extra"]), "a date is not a parameter; put it in quotes".to_owned()));
    }
    for (place, tool) in prompt.tools.iter_mut().enumerate() {
        let path = |key: &str| path(&["tool", &place.to_string(), key]);
        if let Some(schema) = &mut tool.parameters {
            restore_schema(schema, "parameters").map_err(|message| (path("parameters"), message))?;
        }
        tool.validate().map_err(|(key, message)| (path(key), message))?;
    }
    let named = |name: &str| prompt.tools.iter().any(|tool| tool.name == name);
    if let Some(twice) = prompt
        .tools
        .iter()
        .enumerate()
        .position(|(at, tool)| prompt.tools.iter().take(at).any(|before| before.name == tool.name))
    {
        return Err((path(&["tool", &twice.to_string(), "name"]), "another tool has this name".to_owned()));
    }
    if let Some(ToolChoice::Named(name)) = prompt.tool_choice.as_ref().filter(|choice| !named(choice.word())) {
        let names: Vec<&str> = prompt.tools.iter().map(|tool| tool.name.as_str()).collect();
        let words = format!("there is no tool `{name}`: it is auto, none, required or a tool: {}", names.join(", "));
        return Err((path(&["tool_choice"]), words));
    }
    for (place, turn) in prompt.messages.iter().enumerate() {
        let path = |key: &str| path(&["message", &place.to_string(), key]);
        if turn.role != Role::User && !turn.parts.is_empty() {
            return Err((path("parts"), "only a message of the role `user` has parts".to_owned()));
        }
        match turn.role {
            Role::Tool if turn.reply.is_none() => {
                let words =
                    "a message of the role `tool` says which call it answers: reply = { id = \"…\", name = \"…\" }";
                return Err((path("role"), words.to_owned()));
            }
            Role::System | Role::User | Role::Assistant if turn.reply.is_some() => {
                return Err((path("reply"), "only a message of the role `tool` answers a call".to_owned()));
            }
            Role::System | Role::User | Role::Tool if !turn.tool_calls.is_empty() => {
                return Err((path("tool_calls"), "only a message of the role `assistant` calls tools".to_owned()));
            }
            Role::System | Role::User | Role::Assistant | Role::Tool => {}
        }
    }
    check_caching(prompt)?;
    if let Some(schema) = &mut prompt.response.schema {
        restore_schema(schema, "schema").map_err(|message| (path(&["response", "schema"]), message))?;
    }
    for (place, check) in prompt.checks.iter_mut().enumerate() {
        let of_schema = is_schema(check);
        let Some(value) = &mut check.value else { continue };
        let wrong = |message| (path(&["check", &place.to_string(), "value"]), message);
        if of_schema && !waits(value) {
            restore_schema(value, "value").map_err(wrong)?;
        } else if dated(value) {
            return Err(wrong("a date is not compared; put it in quotes".to_owned()));
        }
    }
    Ok(())
}

/// Checks that providers take the tools and messages that are marked to be cached.
fn check_caching(prompt: &Prompt) -> Result<(), (Vec<String>, String)> {
    let tools = prompt.tools.iter().enumerate().filter_map(|(place, tool)| Some(("tool", place, tool.cache?)));
    let sent = prompt.messages.iter().enumerate().filter(|(_, turn)| !turn.muted);
    let marks: Vec<_> = tools.chain(sent.filter_map(|(place, turn)| Some(("message", place, turn.cache?)))).collect();
    let Some((at, why)) = PromptCaching::refused(marks.iter().map(|(.., mark)| *mark)) else { return Ok(()) };
    let path = marks.get(at).map(|(table, place, _)| vec![(*table).to_owned(), place.to_string(), "cache".to_owned()]);
    Err((path.unwrap_or_default(), why))
}

fn restore_schema(schema: &mut Value, key: &str) -> Result<(), String> {
    if let Value::String(text) = schema {
        *schema = serde_json::from_str(text).map_err(|error| format!("`{key}` is a text, and not of JSON: {error}"))?;
    }
    if dated(schema) {
        return Err("a date has no place in a JSON Schema; put it in quotes".to_owned());
    }
    Ok(())
}

/// Tells whether a value is a text that is a schema once its variables are filled, or none at all.
fn waits(value: &Value) -> bool {
    let template = |text: &str| text.contains("{{") || text.trim().is_empty();
    value.as_str().is_some_and(|text| template(text) && serde_json::from_str::<Value>(text).is_err())
}

/// Tells whether the value of a check is a JSON Schema.
fn is_schema(check: &Check) -> bool {
    matches!(check.kind.kind, CheckKind::IsJson | CheckKind::ContainsJson)
}

fn fits(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Number(number) => !number.is_u64() || number.is_i64(),
        Value::Bool(_) | Value::String(_) => true,
        Value::Array(values) => values.iter().all(fits),
        Value::Object(fields) => fields.iter().all(|(name, value)| name != DATE && fits(value)),
    }
}

fn dated(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(dated),
        Value::Object(fields) => fields.iter().any(|(name, value)| name == DATE || dated(value)),
        _ => false,
    }
}
