//! A prompt's way into TOML and back, with what TOML cannot hold.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::Prompt;

/// The key under which the parser hands over a date, which JSON has not.
const DATE: &str = "$__toml_private_datetime";

/// Makes a prompt fit for TOML. A schema with a null or an oversized number in it is written as
/// its JSON text; a further parameter with one cannot be written.
pub(super) fn writable(prompt: &Prompt) -> Result<Cow<'_, Prompt>, String> {
    if let Some((name, _)) = prompt.params.extra.iter().find(|(_, value)| !fits(value)) {
        return Err(format!("params.extra.{name} holds a null or a number beyond 64 bits, which TOML has not"));
    }
    match &prompt.response.schema {
        Some(schema) if schema.is_string() || !fits(schema) => {
            let mut prompt = prompt.clone();
            prompt.response.schema = Some(Value::String(schema.to_string()));
            Ok(Cow::Owned(prompt))
        }
        _ => Ok(Cow::Borrowed(prompt)),
    }
}

/// Undoes [`writable`] in a prompt that was read, and holds its messages as every prompt does. A
/// mistake comes with its path in the prompt.
pub(super) fn restore(prompt: &mut Prompt) -> Result<(), (&'static [&'static str], String)> {
    prompt.set_turns(prompt.turns());
    if prompt.params.extra.values().any(dated) {
        return Err((&["params", "extra"], "a date is not a parameter; put it in quotes".to_owned()));
    }
    if let Some(Value::String(text)) = &prompt.response.schema {
        let schema = serde_json::from_str(text)
            .map_err(|error| (&["response", "schema"][..], format!("`schema` is a text, and not of JSON: {error}")))?;
        prompt.response.schema = Some(schema);
    }
    if prompt.response.schema.as_ref().is_some_and(dated) {
        return Err((&["response", "schema"], "a date has no place in a JSON Schema; put it in quotes".to_owned()));
    }
    Ok(())
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
