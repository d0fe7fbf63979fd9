//! The JSON types that a schema lets an answer be of, as far as it says so.

use std::fmt;

use jsonschema::{JsonType, JsonTypeSet};
use serde_json::Value;

use crate::model::{Format, Response};

/// Schemas that are looked at, so that references in a circle come to an end.
const LOOKED_AT: usize = 256;

/// A set of JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonTypes(JsonTypeSet);

impl JsonTypes {
    /// Objects alone: what is asked for where nothing else is said.
    pub const OBJECT: Self = Self(JsonTypeSet::empty().insert(JsonType::Object));
    /// Arrays alone.
    pub const ARRAY: Self = Self(JsonTypeSet::empty().insert(JsonType::Array));

    /// Returns what the JSON of a response may be: what its schema allows, or an object.
    #[must_use]
    pub fn of(response: &Response) -> Self {
        let schema = response.schema.as_ref().filter(|_| response.format != Format::Text);
        schema.and_then(Self::of_schema).unwrap_or(Self::OBJECT)
    }

    /// Returns the types that a schema allows; none where it says nothing of them.
    fn of_schema(schema: &Value) -> Option<Self> {
        allowed(schema, schema, &mut LOOKED_AT.clone()).filter(|types| !types.is_empty()).map(Self)
    }

    /// Tells whether a value is of one of the types.
    #[must_use]
    pub fn allows(self, value: &Value) -> bool {
        let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
        self.0.contains(type_of(value)) || (whole && self.0.contains(JsonType::Integer))
    }
}

/// Every type in words, a whole number being a number where it may be any.
const NAMES: &[(JsonType, &str)] = &[
    (JsonType::Object, "a JSON object"),
    (JsonType::Array, "a JSON array"),
    (JsonType::String, "a string"),
    (JsonType::Number, "a number"),
    (JsonType::Integer, "a whole number"),
    (JsonType::Boolean, "true or false"),
    (JsonType::Null, "null"),
];

/// `a JSON object`, `a JSON array or null`.
impl fmt::Display for JsonTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = if self.0.contains(JsonType::Number) { self.0.remove(JsonType::Integer) } else { self.0 };
        let named = NAMES.iter().filter(|(one, _)| types.contains(*one)).map(|(_, name)| *name);
        f.write_str(&named.collect::<Vec<_>>().join(" or "))
    }
}

fn type_of(value: &Value) -> JsonType {
    match value {
        Value::Null => JsonType::Null,
        Value::Bool(_) => JsonType::Boolean,
        Value::Number(number) if number.is_f64() => JsonType::Number,
        Value::Number(_) => JsonType::Integer,
        Value::String(_) => JsonType::String,
        Value::Array(_) => JsonType::Array,
        Value::Object(_) => JsonType::Object,
    }
}

/// Returns the types a schema allows; none where it says nothing of them.
fn allowed(root: &Value, schema: &Value, left: &mut usize) -> Option<JsonTypeSet> {
    let fields = schema.as_object()?;
    *left = left.checked_sub(1)?;
    let list = |keyword: &str| fields.get(keyword).and_then(Value::as_array);
    let mut sets = Vec::new();
    sets.extend(fields.get("type").and_then(named));
    sets.extend(list("enum").map(|values| of_values(values)));
    sets.extend(fields.get("const").map(|value| of_values(std::slice::from_ref(value))));
    if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
        sets.extend(match target(root, reference) {
            Some(target) => allowed(root, target, left),
            // It may lead to anything.
            None => Some(JsonTypeSet::all()),
        });
    }
    for branches in ["anyOf", "oneOf"].into_iter().filter_map(list) {
        let branches: Option<Vec<_>> = branches.iter().map(|branch| allowed(root, branch, left)).collect();
        // A branch that says nothing allows everything.
        sets.extend(branches.map(union));
    }
    sets.extend(list("allOf").into_iter().flatten().filter_map(|part| allowed(root, part, left)));
    let allowed = sets.into_iter().reduce(JsonTypeSet::intersect);
    allowed.or_else(|| implied(fields.keys().map(String::as_str)))
}

fn union(sets: Vec<JsonTypeSet>) -> JsonTypeSet {
    sets.into_iter().fold(JsonTypeSet::empty(), JsonTypeSet::union)
}

/// Reads the value of `type`.
fn named(value: &Value) -> Option<JsonTypeSet> {
    let one = |name: &str| {
        let set = JsonTypeSet::empty();
        Some(match name {
            "array" => set.insert(JsonType::Array),
            "boolean" => set.insert(JsonType::Boolean),
            "integer" => set.insert(JsonType::Integer),
            "null" => set.insert(JsonType::Null),
            "number" => set.insert(JsonType::Number).insert(JsonType::Integer),
            "object" => set.insert(JsonType::Object),
            "string" => set.insert(JsonType::String),
            _ => return None,
        })
    };
    match value {
        Value::String(name) => one(name),
        Value::Array(names) => names.iter().map(|name| one(name.as_str()?)).collect::<Option<Vec<_>>>().map(union),
        _ => None,
    }
}

fn of_values(values: &[Value]) -> JsonTypeSet {
    values.iter().map(type_of).fold(JsonTypeSet::empty(), JsonTypeSet::insert)
}

/// Returns the type whose values a keyword speaks of, where no type is named: whoever writes
/// `properties` means an object.
fn implied<'a>(mut keywords: impl Iterator<Item = &'a str>) -> Option<JsonTypeSet> {
    keywords.find_map(|keyword| {
        let found = match keyword {
            "properties"
            | "required"
            | "additionalProperties"
            | "patternProperties"
            | "propertyNames"
            | "minProperties"
            | "maxProperties"
            | "dependentRequired"
            | "dependentSchemas"
            | "unevaluatedProperties" => JsonType::Object,
            "items" | "prefixItems" | "additionalItems" | "contains" | "minItems" | "maxItems" | "uniqueItems"
            | "unevaluatedItems" => JsonType::Array,
            "pattern" | "minLength" | "maxLength" | "format" => JsonType::String,
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => JsonType::Number,
            _ => return None,
        };
        Some(JsonTypeSet::empty().insert(found))
    })
}

/// Finds what a reference leads to: a place in the document, or what has that anchor or `$id`.
fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let (document, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let within = if document.is_empty() { root } else { identified(root, "$id", document)? };
    if fragment.is_empty() {
        Some(within)
    } else if fragment.starts_with('/') {
        within.pointer(fragment)
    } else {
        identified(within, "$anchor", fragment)
    }
}

/// Finds the schema that has such a name under a key.
fn identified<'a>(root: &'a Value, key: &str, name: &str) -> Option<&'a Value> {
    let mut left = vec![root];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) if fields.get(key).and_then(Value::as_str) == Some(name) => return Some(value),
            Value::Object(fields) => left.extend(fields.values()),
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(schema: Value) -> String {
        let response = Response { format: Format::Schema, schema: Some(schema), ..Response::default() };
        JsonTypes::of(&response).to_string()
    }

    #[test]
    fn a_schema_says_what_types_it_takes() {
        for (schema, types) in [
            (json!(true), "a JSON object"),
            (json!({}), "a JSON object"),
            (json!({"title": "anything"}), "a JSON object"),
            (json!({"type": "object"}), "a JSON object"),
            (json!({"properties": {"a": {"type": "string"}}}), "a JSON object"),
            (json!({"type": "array"}), "a JSON array"),
            (json!({"items": {"type": "object"}}), "a JSON array"),
            (json!({"type": ["string", "null"]}), "a string or null"),
            (json!({"type": "number"}), "a number"),
            (json!({"type": "integer", "minimum": 1}), "a whole number"),
            (json!({"pattern": "^a"}), "a string"),
            (json!({"enum": ["yes", "no", null]}), "a string or null"),
            (json!({"const": [1]}), "a JSON array"),
            (json!({"const": 1.5}), "a number"),
            (json!({"type": ["object", "array"], "enum": [[1], [2]]}), "a JSON array"),
            (json!({"$ref": "#/$defs/l", "$defs": {"l": {"type": "array"}}}), "a JSON array"),
            (
                json!({"$ref": "#/definitions/l", "definitions": {"l": {"$ref": "#/definitions/m"}, "m": {"enum": ["a"]}}}),
                "a string",
            ),
            (json!({"$ref": "#l", "$defs": {"x": {"$anchor": "l", "type": "boolean"}}}), "true or false"),
            (json!({"$ref": "l", "$defs": {"x": {"$id": "l", "type": "array"}}}), "a JSON array"),
            (
                json!({"allOf": [{"$ref": "#/$defs/l"}, {"minItems": 1}], "$defs": {"l": {"type": "array"}}}),
                "a JSON array",
            ),
            (json!({"anyOf": [{"type": "array"}, {"type": "null"}]}), "a JSON array or null"),
            (json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}), "a JSON object"),
            (json!({"anyOf": [{"type": "array"}, {}]}), "a JSON object"),
            (json!({"type": "array", "anyOf": [{"minItems": 1}, {"type": "string"}]}), "a JSON array"),
            // Contradictions and circles say nothing.
            (json!({"type": "array", "const": 1}), "a JSON object"),
            (json!({"$ref": "#"}), "a JSON object"),
            (json!({"anyOf": [{"$ref": "#"}, {"type": "array"}]}), "a JSON object"),
        ] {
            assert_eq!(of(schema.clone()), types, "{schema}");
        }
        let unknown = of(json!({"$ref": "#/nowhere"}));
        assert!(unknown.contains("a JSON array") && unknown.contains("a JSON object"), "{unknown}");
    }

    #[test]
    fn values_are_told_apart() {
        let response = |schema| Response { format: Format::Json, schema: Some(schema), ..Response::default() };
        let numbers = JsonTypes::of(&response(json!({"type": "number"})));
        assert!(numbers.allows(&json!(1)) && numbers.allows(&json!(1.5)) && !numbers.allows(&json!("1")));
        let text = Response { format: Format::Text, ..response(json!({"type": "array"})) };
        assert_eq!(JsonTypes::of(&text), JsonTypes::OBJECT);
        assert_eq!(JsonTypes::of(&Response::default()), JsonTypes::OBJECT);
    }
}
