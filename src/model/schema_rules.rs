//! What vendors take of a JSON Schema: where it is outside of OpenAI's strict mode, what Anthropic and Gemini are sent of
//! it, and the schema that is within strict mode.

use serde_json::{Map, Value, json};

/// Something about a place of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaPoint {
    /// A JSON pointer into the schema; empty for all of it.
    pub at: String,
    /// What there is about it, to be read after the place: `is not required`.
    pub says: String,
}

impl SchemaPoint {
    fn new(at: impl Into<String>, says: impl Into<String>) -> Self {
        Self { at: at.into(), says: says.into() }
    }

    /// Says it in a clause, with its place.
    #[must_use]
    pub fn words(&self) -> String {
        let place = if self.at.is_empty() { "the schema" } else { &self.at };
        format!("{place} {}", self.says)
    }
}

/// Goes a step on in a pointer.
fn into(at: &str, step: &str) -> String {
    format!("{at}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// Keywords that strict mode does not take.
const NOT_STRICT: &[&str] = &["oneOf", "allOf", "not", "if", "patternProperties", "dependentRequired"];

/// Keywords of which one has to say what a schema of strict mode is.
const SAY_WHAT: &[&str] = &["type", "$ref", "anyOf", "enum", "const"];

fn is_object(fields: &Map<String, Value>) -> bool {
    fields.get("type").and_then(Value::as_str) == Some("object") || fields.contains_key("properties")
}

fn required(fields: &Map<String, Value>) -> Vec<&str> {
    fields.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Lists where a schema is outside of what OpenAI's strict mode takes: every object closed, every property required.
/// None where it is within; outside of it the API would refuse the request.
#[must_use]
pub fn outside_strict(schema: &Value) -> Vec<SchemaPoint> {
    let mut points = Vec::new();
    strict(schema, "", &mut points);
    points
}

fn strict(schema: &Value, at: &str, points: &mut Vec<SchemaPoint>) {
    let Value::Object(fields) = schema else {
        points.push(SchemaPoint::new(at, "is not a schema with a type"));
        return;
    };
    let object = is_object(fields);
    if object {
        if fields.get("additionalProperties") != Some(&Value::Bool(false)) {
            points.push(SchemaPoint::new(at, "lets there be other properties: `additionalProperties` is not false"));
        }
        match fields.get("properties").and_then(Value::as_object) {
            None => points.push(SchemaPoint::new(at, "is an object that names no properties")),
            Some(properties) => {
                let required = required(fields);
                let inner = into(at, "properties");
                for (name, part) in properties {
                    let place = into(&inner, name);
                    if !required.contains(&name.as_str()) {
                        points.push(SchemaPoint::new(&place, "is not required"));
                    }
                    strict(part, &place, points);
                }
            }
        }
    }
    if !object && !SAY_WHAT.iter().any(|name| fields.contains_key(*name)) {
        points.push(SchemaPoint::new(at, "has no type"));
    }
    for name in NOT_STRICT.iter().filter(|name| fields.contains_key(**name)) {
        points.push(SchemaPoint::new(into(at, name), "is not taken"));
    }
    let choices = into(at, "anyOf");
    for (place, part) in fields.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        strict(part, &into(&choices, &place.to_string()), points);
    }
    for map in ["$defs", "definitions"] {
        let inner = into(at, map);
        for (name, part) in fields.get(map).and_then(Value::as_object).into_iter().flatten() {
            strict(part, &into(&inner, name), points);
        }
    }
    if let Some(items) = fields.get("items") {
        strict(items, &into(at, "items"), points);
    }
}

/// Lets a value be null too.
#[must_use]
pub fn nullable(schema: Value) -> Value {
    let null = json!({ "type": "null" });
    let Value::Object(mut fields) = schema else {
        return schema;
    };
    if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
        if !choices.contains(&null) {
            choices.push(null);
        }
        return Value::Object(fields);
    }
    if fields.is_empty() {
        return Value::Object(fields);
    }
    if fields.contains_key("$ref") || ["oneOf", "allOf", "not", "if"].iter().any(|name| fields.contains_key(*name)) {
        return json!({ "anyOf": [Value::Object(fields), { "type": "null" }] });
    }
    if let Some(value) = fields.remove("const") {
        fields.insert("enum".to_owned(), json!([value]));
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    let kind = match fields.get("type") {
        Some(Value::String(kind)) if kind != "null" => Some(json!([kind, "null"])),
        Some(Value::Array(kinds)) if !kinds.iter().any(|kind| kind == "null") => {
            Some(kinds.iter().cloned().chain(["null".into()]).collect())
        }
        _ => None,
    };
    if let Some(kind) = kind {
        fields.insert("type".to_owned(), kind);
    }
    Value::Object(fields)
}

/// Rewrites a schema to what strict mode takes, as far as that can be done, and says what had to change: every object
/// closed, every property required, and one that was optional may be null.
#[must_use]
pub fn made_strict(schema: &Value) -> (Value, Vec<SchemaPoint>) {
    let mut points = Vec::new();
    let strict = made(schema, "", &mut points);
    (strict, points)
}

fn made(schema: &Value, at: &str, points: &mut Vec<SchemaPoint>) -> Value {
    let Value::Object(given) = schema else {
        points.push(SchemaPoint::new(at, "has to be given a type by hand"));
        return schema.clone();
    };
    let mut fields = given.clone();
    if let Some(Value::Array(parts)) = fields.remove("allOf") {
        points.push(SchemaPoint::new(into(at, "allOf"), "is merged into one schema"));
        for part in parts.iter().filter_map(Value::as_object) {
            merge(&mut fields, part);
        }
    }
    if let Some(Value::Array(mut choices)) = fields.remove("oneOf") {
        points.push(SchemaPoint::new(into(at, "oneOf"), "becomes `anyOf`: more than one may hold"));
        if let Some(Value::Array(more)) = fields.remove("anyOf") {
            choices.extend(more);
        }
        fields.insert("anyOf".to_owned(), choices.into());
    }
    for name in ["not", "if", "then", "else", "patternProperties", "dependentRequired"] {
        if fields.remove(name).is_some() {
            points.push(SchemaPoint::new(into(at, name), "is left out: answers are no longer held to it"));
        }
    }
    if is_object(&fields) {
        object(&mut fields, at, points);
    } else if !SAY_WHAT.iter().any(|name| fields.contains_key(*name)) {
        points.push(SchemaPoint::new(at, "has to be given a type by hand"));
    }
    if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
        let inner = into(at, "anyOf");
        for (place, part) in choices.iter_mut().enumerate() {
            *part = made(part, &into(&inner, &place.to_string()), points);
        }
    }
    for map in ["$defs", "definitions"] {
        let inner = into(at, map);
        for (name, part) in fields.get_mut(map).and_then(Value::as_object_mut).into_iter().flatten() {
            *part = made(part, &into(&inner, name), points);
        }
    }
    if let Some(items) = fields.get_mut("items") {
        *items = made(items, &into(at, "items"), points);
    }
    Value::Object(fields)
}

fn merge(fields: &mut Map<String, Value>, part: &Map<String, Value>) {
    for (name, value) in part {
        match (fields.get_mut(name), value) {
            (Some(Value::Object(held)), Value::Object(more)) if name == "properties" => {
                for (name, part) in more {
                    held.entry(name.clone()).or_insert_with(|| part.clone());
                }
            }
            (Some(Value::Array(held)), Value::Array(more)) if name == "required" => {
                for name in more {
                    if !held.contains(name) {
                        held.push(name.clone());
                    }
                }
            }
            (Some(_), _) => {}
            (None, _) => drop(fields.insert(name.clone(), value.clone())),
        }
    }
}

fn object(fields: &mut Map<String, Value>, at: &str, points: &mut Vec<SchemaPoint>) {
    let known: Vec<String> = required(fields).into_iter().map(str::to_owned).collect();
    let closed = fields.insert("additionalProperties".to_owned(), false.into());
    match closed {
        Some(Value::Bool(false)) => {}
        Some(Value::Object(_)) => {
            points.push(SchemaPoint::new(at, "is closed: members of any name cannot be asked for"));
        }
        _ => points.push(SchemaPoint::new(at, "is closed")),
    }
    let properties = fields.entry("properties").or_insert_with(|| json!({}));
    let Some(properties) = properties.as_object_mut() else { return };
    let inner = into(at, "properties");
    let mut names = Vec::new();
    for (name, part) in properties.iter_mut() {
        let place = into(&inner, name);
        *part = made(part, &place, points);
        if !known.contains(name) {
            points.push(SchemaPoint::new(&place, "is required now, and may be null"));
            *part = nullable(std::mem::take(part));
        }
        names.push(Value::from(name.as_str()));
    }
    fields.insert("required".to_owned(), names.into());
}

/// Keywords that Anthropic answers with an error.
const ANTHROPIC_LEFT_OUT: &[&str] = &[
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

/// Keywords whose value is a schema or a list of schemas, as far as Anthropic takes them.
const ANTHROPIC_NESTED: &[&str] = &["items", "anyOf", "allOf"];

/// Keywords that Gemini takes. `oneOf` is read as `anyOf` there.
const GEMINI_TAKEN: &[&str] = &[
    "$id",
    "$defs",
    "$ref",
    "$anchor",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
];

/// How an object of a schema is reduced: its fields, its place, and where what is changed is noted.
type ObjectReducer = fn(&Map<String, Value>, &str, &mut Vec<SchemaPoint>) -> Map<String, Value>;

fn reduced(schema: &Value, at: &str, points: &mut Vec<SchemaPoint>, of_object: ObjectReducer) -> Value {
    match schema {
        Value::Array(list) => {
            let part = |(place, part): (usize, &Value)| reduced(part, &into(at, &place.to_string()), points, of_object);
            list.iter().enumerate().map(part).collect()
        }
        Value::Object(fields) => Value::Object(of_object(fields, at, points)),
        other => other.clone(),
    }
}

fn reduced_map(map: &Map<String, Value>, at: &str, points: &mut Vec<SchemaPoint>, of_object: ObjectReducer) -> Value {
    let part = |(name, part): (&String, &Value)| (name.clone(), reduced(part, &into(at, name), points, of_object));
    Value::Object(map.iter().map(part).collect())
}

/// Reduces a schema to what Anthropic takes, and says what was changed: unsupported keywords gone, `oneOf` as `anyOf`,
/// every object closed.
#[must_use]
pub fn for_anthropic(schema: &Value) -> (Value, Vec<SchemaPoint>) {
    let mut points = Vec::new();
    let sent = reduced(schema, "", &mut points, anthropic_object);
    (sent, points)
}

fn anthropic_object(fields: &Map<String, Value>, at: &str, points: &mut Vec<SchemaPoint>) -> Map<String, Value> {
    let mut out = Map::new();
    for (given, value) in fields {
        let place = into(at, given);
        let name = if given == "oneOf" { "anyOf" } else { given.as_str() };
        if name != given {
            points.push(SchemaPoint::new(&place, "is sent as `anyOf`"));
        }
        let kept = match value {
            _ if ANTHROPIC_LEFT_OUT.contains(&name) => {
                points.push(SchemaPoint::new(&place, "is left out"));
                continue;
            }
            Value::Object(map) if MAPS.contains(&name) => reduced_map(map, &place, points, anthropic_object),
            part if ANTHROPIC_NESTED.contains(&name) => reduced(part, &place, points, anthropic_object),
            data => data.clone(),
        };
        match (out.get_mut(name), kept) {
            (Some(Value::Array(held)), Value::Array(more)) => held.extend(more),
            (_, kept) => {
                out.insert(name.to_owned(), kept);
            }
        }
    }
    if is_object(&out) {
        let before = out.insert("additionalProperties".to_owned(), false.into());
        if before != Some(Value::Bool(false)) {
            points.push(SchemaPoint::new(at, "is sent closed: `additionalProperties` false"));
        }
    }
    out
}

/// Reduces a schema to what Gemini takes, and says what was changed: keywords not taken gone, a constant as the one value
/// there is, nothing beside a reference.
#[must_use]
pub fn for_gemini(schema: &Value) -> (Value, Vec<SchemaPoint>) {
    let mut points = Vec::new();
    let sent = reduced(schema, "", &mut points, gemini_object);
    (sent, points)
}

fn gemini_object(fields: &Map<String, Value>, at: &str, points: &mut Vec<SchemaPoint>) -> Map<String, Value> {
    let refers = fields.contains_key("$ref");
    let mut out = Map::new();
    for (given, value) in fields {
        let place = into(at, given);
        let (name, value) = match (given.as_str(), value) {
            // The name that older drafts have for it.
            ("definitions", value) => ("$defs", value.clone()),
            ("const", value) => ("enum", json!([value])),
            (name, value) => (name, value.clone()),
        };
        if !GEMINI_TAKEN.contains(&name) {
            points.push(SchemaPoint::new(&place, "is left out"));
            continue;
        }
        if refers && !name.starts_with('$') {
            points.push(SchemaPoint::new(&place, "is left out beside `$ref`"));
            continue;
        }
        if name != given {
            points.push(SchemaPoint::new(&place, format!("is sent as `{name}`")));
        }
        let kept = match value {
            Value::Object(map) if matches!(name, "properties" | "$defs") => {
                reduced_map(&map, &place, points, gemini_object)
            }
            part if matches!(name, "items" | "prefixItems" | "anyOf" | "oneOf" | "additionalProperties") => {
                reduced(&part, &place, points, gemini_object)
            }
            Value::String(place) if name == "$ref" => place.replacen("#/definitions/", "#/$defs/", 1).into(),
            data => data,
        };
        out.insert(name.to_owned(), kept);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(points: &[SchemaPoint]) -> Vec<String> {
        points.iter().map(SchemaPoint::words).collect()
    }

    #[test]
    fn only_a_closed_schema_is_strict() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
            "additionalProperties": false});
        assert_eq!(outside_strict(&closed), []);
        for (at, value, says) in [
            (
                "/additionalProperties",
                json!(true),
                "the schema lets there be other properties: `additionalProperties` is not false",
            ),
            ("/required", json!([]), "/properties/a is not required"),
            (
                "/properties/a",
                json!({"type": "object", "properties": {}}),
                "/properties/a lets there be other properties: `additionalProperties` is not false",
            ),
            ("/properties/a", json!({"oneOf": [{"type": "string"}]}), "/properties/a has no type"),
        ] {
            let mut open = closed.clone();
            *open.pointer_mut(at).unwrap() = value;
            assert_eq!(words(&outside_strict(&open)).first().map(String::as_str), Some(says), "{open}");
        }
    }

    #[test]
    fn a_schema_that_is_made_strict_is_strict() {
        let open = json!({
            "type": "object",
            "required": ["a"],
            "properties": {
                "a": {"type": "string"},
                "b/c": {"enum": ["x"]},
                "d": {"$ref": "#/$defs/d"},
                "e": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"f": {"type": "number"}}}]},
                "g": {"type": "array", "items": {"allOf": [
                    {"properties": {"h": {"type": "string"}}, "required": ["h"]}, {"properties": {"i": {"const": 1}}}
                ]}},
                "j": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "$defs": {"d": {"type": "object", "properties": {}}},
        });
        let (strict, points) = made_strict(&open);
        assert_eq!(outside_strict(&strict), [], "{strict}");
        assert_eq!(strict["required"], json!(["a", "b/c", "d", "e", "g", "j"]));
        assert_eq!(strict["properties"]["a"], json!({"type": "string"}), "what was required may not be null");
        assert_eq!(strict["properties"]["b/c"], json!({"enum": ["x", null]}));
        assert_eq!(strict["properties"]["d"], json!({"anyOf": [{"$ref": "#/$defs/d"}, {"type": "null"}]}));
        assert_eq!(strict["properties"]["g"]["items"]["properties"]["i"], json!({"enum": [1, null]}));
        let told = words(&points);
        for says in [
            "/properties/b~1c is required now, and may be null",
            "/properties/e/oneOf becomes `anyOf`: more than one may hold",
            "/properties/j is closed: members of any name cannot be asked for",
        ] {
            assert!(told.iter().any(|told| told == says), "{says}: {told:?}");
        }
        let (again, points) = made_strict(&strict);
        assert_eq!((again, points), (strict, Vec::new()), "what is strict stays as it is");
        let (_, points) = made_strict(&json!({"properties": {"a": {}}, "required": ["a"]}));
        assert!(words(&points).contains(&"/properties/a has to be given a type by hand".to_owned()));
    }

    #[test]
    fn anthropic_is_sent_no_constraints_and_all_of_the_structure() {
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
        let (is, points) = for_anthropic(&full);
        assert_eq!(is, sent);
        let told = words(&points);
        for says in [
            "/properties/pattern/minLength is left out",
            "/properties/mood/oneOf is sent as `anyOf`",
            "/properties/mood/oneOf/1/minimum is left out",
            "/properties/list/items is sent closed: `additionalProperties` false",
            "the schema is sent closed: `additionalProperties` false",
        ] {
            assert!(told.iter().any(|told| told == says), "{says}: {told:?}");
        }
    }

    #[test]
    fn gemini_is_sent_the_keywords_it_takes() {
        let full = json!({
            "$schema": "a draft",
            "type": "object",
            "required": ["pattern", "mood"],
            "definitions": {"mood": {"const": "calm"}},
            "properties": {
                "pattern": {"type": "string", "minLength": 2, "pattern": "^a"},
                "mood": {"$ref": "#/definitions/mood", "description": "how it sounds"},
                "list": {"type": "array", "maxItems": 3, "uniqueItems": true, "items": {"allOf": [], "type": "number"}},
            },
        });
        let sent = json!({
            "type": "object",
            "required": ["pattern", "mood"],
            "$defs": {"mood": {"enum": ["calm"]}},
            "properties": {
                "pattern": {"type": "string"},
                "mood": {"$ref": "#/$defs/mood"},
                "list": {"type": "array", "maxItems": 3, "items": {"type": "number"}},
            },
        });
        let (is, points) = for_gemini(&full);
        assert_eq!(is, sent);
        let told = words(&points);
        for says in [
            "/$schema is left out",
            "/definitions is sent as `$defs`",
            "/definitions/mood/const is sent as `enum`",
            "/properties/mood/description is left out beside `$ref`",
        ] {
            assert!(told.iter().any(|told| told == says), "{says}: {told:?}");
        }
    }
}
