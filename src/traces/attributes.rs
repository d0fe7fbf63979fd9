//! The attributes of spans, as OTLP and Phoenix write them, made flat, and numbered ones made lists.

use serde_json::{Map, Value};

/// Beginnings of attributes that number their messages: `llm.input_messages.0.message.role`.
const NUMBERED: &[&str] = &["gen_ai.prompt", "gen_ai.completion", "llm.input_messages", "llm.output_messages"];

/// The most messages of a span.
const MOST_MESSAGES: usize = 10_000;

/// Writes a span's attributes beside its own fields; none where it is no call of a model.
pub(crate) fn flat(mut span: Map<String, Value>) -> Option<Map<String, Value>> {
    let mut attributes = match span.shift_remove("attributes") {
        Some(Value::Array(list)) => list.into_iter().filter_map(pair).collect(),
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let word = |map: &Map<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = word(&attributes, "openinference.span.kind").or_else(|| word(&span, "span_kind"));
    let operation = word(&attributes, "gen_ai.operation.name");
    let is_call = match (&kind, &operation) {
        (Some(kind), _) if kind != "UNKNOWN" => kind == "LLM",
        (_, Some(operation)) => ["chat", "text_completion", "generate_content"].contains(&operation.as_str()),
        _ => attributes.keys().any(|key| key.starts_with("gen_ai.") || key.starts_with("llm.")),
    };
    if !is_call {
        return None;
    }
    for beginning in NUMBERED {
        gather(&mut attributes, beginning);
    }
    span.extend(attributes);
    Some(span)
}

fn pair(attribute: Value) -> Option<(String, Value)> {
    let Value::Object(mut attribute) = attribute else { return None };
    let key = attribute.get("key")?.as_str()?.to_owned();
    Some((key, plain(attribute.remove("value")?)))
}

/// Reads a value of OTLP: `{"stringValue": "x"}`.
fn plain(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let Some((kind, inner)) = map.into_iter().next() else { return Value::Null };
    match (kind.as_str(), inner) {
        ("arrayValue", Value::Object(mut list)) => match list.remove("values") {
            Some(Value::Array(values)) => values.into_iter().map(plain).collect(),
            _ => Value::Array(Vec::new()),
        },
        ("kvlistValue", Value::Object(mut list)) => match list.remove("values") {
            Some(Value::Array(pairs)) => Value::Object(pairs.into_iter().filter_map(pair).collect()),
            _ => Value::Null,
        },
        (_, inner) => inner,
    }
}

/// Makes a list of messages of the attributes that number them.
fn gather(attributes: &mut Map<String, Value>, beginning: &str) {
    let mut messages: Vec<Map<String, Value>> = Vec::new();
    let names: Vec<String> = attributes.keys().filter(|key| key.starts_with(beginning)).cloned().collect();
    for name in names {
        let rest = name.get(beginning.len()..).and_then(|rest| rest.strip_prefix('.'));
        let Some((number, field)) = rest.and_then(|rest| rest.split_once('.')) else { continue };
        let field = field.strip_prefix("message.").unwrap_or(field);
        let Some(number) = number.parse::<usize>().ok().filter(|number| *number < MOST_MESSAGES) else { continue };
        // Parts of a message are left where they are, and told of.
        if !["role", "content"].contains(&field) {
            continue;
        }
        if messages.len() <= number {
            messages.resize_with(number + 1, Map::new);
        }
        if let (Some(message), Some(value)) = (messages.get_mut(number), attributes.shift_remove(&name)) {
            message.insert(field.to_owned(), value);
        }
    }
    if !messages.is_empty() {
        attributes.insert(beginning.to_owned(), messages.into_iter().map(Value::Object).collect());
    }
}
