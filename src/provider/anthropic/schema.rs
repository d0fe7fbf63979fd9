//! The part of a JSON Schema that Anthropic's constrained output takes.
//!
//! What it does not take is left out of what is sent, never out of what the answer is checked
//! against.

use serde_json::{Map, Value};

/// Keywords the API answers with an error.
const LEFT_OUT: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "prefixItems",
    "not",
    "if",
    "then",
    "else",
    "$schema",
    "$id",
    "examples",
];

/// Keywords whose value maps names to schemas.
const MAPS: &[&str] = &["properties", "$defs", "definitions"];

/// Keywords whose value is a schema or a list of schemas.
const NESTED: &[&str] = &["items", "anyOf", "allOf"];

/// Reduces a schema: unsupported keywords gone, `oneOf` as `anyOf`, every object closed.
pub(super) fn subset(schema: &Value) -> Value {
    match schema {
        Value::Array(list) => list.iter().map(subset).collect(),
        Value::Object(fields) => Value::Object(object(fields)),
        other => other.clone(),
    }
}

fn object(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in fields {
        let name = if name == "oneOf" { "anyOf" } else { name.as_str() };
        let kept = match value {
            _ if LEFT_OUT.contains(&name) => continue,
            Value::Object(map) if MAPS.contains(&name) => {
                Value::Object(map.iter().map(|(name, part)| (name.clone(), subset(part))).collect())
            }
            part if NESTED.contains(&name) => subset(part),
            data => data.clone(),
        };
        match (out.get_mut(name), kept) {
            (Some(Value::Array(held)), Value::Array(more)) => held.extend(more),
            (_, kept) => {
                out.insert(name.to_owned(), kept);
            }
        }
    }
    if out.contains_key("properties") || out.get("type").and_then(Value::as_str) == Some("object") {
        out.insert("additionalProperties".to_owned(), false.into());
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constraints_go_and_structure_stays() {
        let full = json!({
            "type": "object",
            "required": ["pattern", "mood"],
            "properties": {
                "pattern": {"type": "string", "minLength": 2, "pattern": "^a"},
                "mood": {"oneOf": [{"const": "minimum"}, {"type": "number", "minimum": 0}]},
                "list": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {}}},
            },
        });
        let sent = json!({
            "type": "object",
            "required": ["pattern", "mood"],
            "properties": {
                "pattern": {"type": "string"},
                "mood": {"anyOf": [{"const": "minimum"}, {"type": "number"}]},
                "list": {"type": "array", "items": {"type": "object", "properties": {}, "additionalProperties": false}},
            },
            "additionalProperties": false,
        });
        assert_eq!(subset(&full), sent);
    }
}
