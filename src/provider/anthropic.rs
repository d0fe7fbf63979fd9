//! Anthropic messages: the request body. The stream is read in [`stream`].

mod schema;
mod stream;

use serde_json::{Map, Value, json};

use super::{Call, WireFormat};
use crate::model::Role;
pub(super) use stream::Messages;

/// The version of the API this is written for.
pub(super) const VERSION: &str = "2023-06-01";

/// Output tokens asked for where nothing says how many.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Output tokens asked for, at most, where only the model's own limit is known.
const MODEST_MAX_TOKENS: u64 = 8192;

/// Builds the body of `POST {base}/v1/messages`.
pub(super) fn body(call: &Call) -> Value {
    let params = &call.params;
    let mut body = params.extra.clone();
    let output = output_config(call, body.remove("output_config"));
    body.insert("model".to_owned(), call.target.model.as_str().into());
    body.insert("max_tokens".to_owned(), max_tokens(call).into());
    body.insert("messages".to_owned(), messages(call));
    body.insert("stream".to_owned(), true.into());
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    let system: Vec<&str> =
        call.messages.iter().filter(|message| message.role == Role::System).map(|message| &*message.content).collect();
    set("system", (!system.is_empty()).then(|| system.join("\n\n").into()));
    set("temperature", params.temperature.map(|temperature| temperature.min(1.0).into()));
    set("top_p", params.top_p.map(Value::from));
    set("stop_sequences", (!params.stop.is_empty()).then(|| json!(params.stop)));
    set("output_config", output);
    Value::Object(body)
}

/// The conversation without the system messages. Roles alternate, so neighbours of one role are joined.
fn messages(call: &Call) -> Value {
    let spoken: Vec<_> = call.messages.iter().filter(|message| message.role != Role::System).collect();
    let turns = spoken.chunk_by(|one, next| one.role == next.role).filter_map(|turn| {
        let said: Vec<&str> = turn.iter().map(|message| message.content.as_str()).collect();
        Some(json!({ "role": turn.first()?.role, "content": said.join("\n\n") }))
    });
    turns.collect()
}

fn max_tokens(call: &Call) -> u64 {
    let most = call.target.card.max_output;
    match (call.params.max_tokens, most) {
        (Some(wanted), Some(most)) => wanted.min(most),
        (Some(wanted), None) => wanted,
        (None, Some(most)) => most.min(MODEST_MAX_TOKENS),
        (None, None) => DEFAULT_MAX_TOKENS,
    }
}

/// Joins what the user set, the effort and the schema. A plain JSON object has no field here.
fn output_config(call: &Call, extra: Option<Value>) -> Option<Value> {
    let mut output = match extra {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    if let Some(effort) = call.params.reasoning_effort.as_deref().filter(|effort| *effort != "none") {
        output.insert("effort".to_owned(), effort.into());
    }
    if let WireFormat::JsonSchema(full) = &call.format {
        output.insert("format".to_owned(), json!({ "type": "json_schema", "schema": schema::subset(full) }));
    }
    (!output.is_empty()).then_some(Value::Object(output))
}
