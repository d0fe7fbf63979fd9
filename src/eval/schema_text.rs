//! A JSON Schema as its writer sees it: the fields it has.

use serde_json::Value;

/// A field of an object that a schema describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaField {
    pub name: String,
    /// What it may be, in a word or two: `string`, `enum 4`, `0 to 1`.
    pub kind: String,
    pub required: bool,
}

/// Lists the fields of the object that a schema describes, in the order in which they are written.
#[must_use]
pub fn fields(schema: &Value) -> Vec<SchemaField> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let field = |(name, schema): (&String, &Value)| SchemaField {
        name: name.clone(),
        kind: kind(schema),
        required: required.contains(&name.as_str()),
    };
    properties.iter().map(field).collect()
}

/// Says in a word or two what a schema allows.
fn kind(schema: &Value) -> String {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return format!("enum {}", values.len());
    }
    if let (Some(least), Some(most)) = (number("minimum"), number("maximum")) {
        return format!("{least} to {most}");
    }
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "array" => match schema.get("items") {
            Some(items) => format!("array of {}", self::kind(items)),
            None => "array".to_owned(),
        },
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}
