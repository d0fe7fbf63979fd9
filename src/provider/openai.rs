//! OpenAI chat completions: the request body. The stream is read in [`stream`].

mod stream;

use serde_json::{Map, Value, json};

use super::{Call, WireFormat};
use crate::model::Role;
pub(super) use stream::Completion;

/// The longest schema name the API takes, in characters.
const LONGEST_NAME: usize = 64;

/// Builds the body of `POST {base}/chat/completions`.
pub(super) fn body(call: &Call) -> Value {
    let card = &call.target.card;
    let params = &call.params;
    let mut body = params.extra.clone();
    body.insert("model".to_owned(), call.target.model.as_str().into());
    body.insert("messages".to_owned(), messages(call));
    body.insert("stream".to_owned(), true.into());
    body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    let limit = if card.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("temperature", params.temperature.map(Value::from));
    set("top_p", params.top_p.map(Value::from));
    set(limit, params.max_tokens.map(Value::from));
    set("stop", (!params.stop.is_empty()).then(|| json!(params.stop)));
    set("seed", params.seed.map(Value::from));
    set("reasoning_effort", params.reasoning_effort.as_deref().map(Value::from));
    set("response_format", response_format(&call.format));
    Value::Object(body)
}

fn messages(call: &Call) -> Value {
    let card = &call.target.card;
    let instructions = if card.reasons && card.completion_tokens { "developer" } else { "system" };
    let role = |role: Role| match role {
        Role::System => instructions,
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    call.messages.iter().map(|message| json!({ "role": role(message.role), "content": message.content })).collect()
}

fn response_format(format: &WireFormat) -> Option<Value> {
    match format {
        WireFormat::Text => None,
        WireFormat::JsonObject => Some(json!({ "type": "json_object" })),
        WireFormat::JsonSchema(schema) => {
            let mut named = Map::new();
            named.insert("name".to_owned(), name(schema).into());
            named.insert("schema".to_owned(), schema.clone());
            if is_strict(schema) {
                named.insert("strict".to_owned(), true.into());
            }
            Some(json!({ "type": "json_schema", "json_schema": named }))
        }
    }
}

/// Names a schema by its title, in the letters the API allows.
fn name(schema: &Value) -> String {
    let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = title.chars().take(LONGEST_NAME).map(allowed).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// Tells whether a schema is within what strict mode takes: every object closed, every property
/// required. Outside of it the API would refuse the request.
fn is_strict(schema: &Value) -> bool {
    let Value::Object(fields) = schema else {
        return false;
    };
    let object = fields.get("type").and_then(Value::as_str) == Some("object") || fields.contains_key("properties");
    if object {
        let Some(properties) = fields.get("properties").and_then(Value::as_object) else {
            return false;
        };
        let required: Vec<&str> = fields
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let closed = fields.get("additionalProperties") == Some(&Value::Bool(false));
        if !closed || !properties.iter().all(|(name, part)| required.contains(&name.as_str()) && is_strict(part)) {
            return false;
        }
    }
    let plain = ["oneOf", "allOf", "not", "if", "patternProperties", "dependentRequired"];
    let lists = ["anyOf"].iter().filter_map(|name| fields.get(*name)?.as_array()).flatten();
    let maps = ["$defs", "definitions"].iter().filter_map(|name| fields.get(*name)?.as_object()).flat_map(Map::values);
    let items = fields.get("items");
    let typed = ["type", "$ref", "anyOf", "enum", "const"].iter().any(|name| fields.contains_key(*name)) || object;
    typed && !plain.iter().any(|name| fields.contains_key(*name)) && lists.chain(maps).chain(items).all(is_strict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_schema_is_strict() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
            "additionalProperties": false});
        assert!(is_strict(&closed));
        for (at, value) in [
            ("/additionalProperties", json!(true)),
            ("/required", json!([])),
            ("/properties/a", json!({"type": "object", "properties": {}})),
            ("/properties/a", json!({"oneOf": [{"type": "string"}]})),
        ] {
            let mut open = closed.clone();
            *open.pointer_mut(at).unwrap() = value;
            assert!(!is_strict(&open), "{open}");
        }
    }

    #[test]
    fn a_schema_is_named_in_allowed_letters() {
        assert_eq!(name(&json!({"title": "Customer mood, v2"})), "Customer_mood__v2");
        assert_eq!(name(&json!({"title": "ü".repeat(90)})).len(), 64);
        assert_eq!(name(&json!({})), "answer");
    }
}
