//! A JSON Schema as its writer sees it: what is wrong with its text and where, the fields it has, and the words that
//! can stand at a place of it.

use serde_json::Value;

/// What is wrong with the text of a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaTextError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1; 0 where the whole is meant.
    pub column: usize,
    pub message: String,
}

/// Reads the text of a schema; an empty one is none.
pub fn read(text: &str) -> Result<Option<Value>, SchemaTextError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(schema @ (Value::Object(_) | Value::Bool(_))) => match super::schema::Schema::new("schema", &schema) {
            Ok(_) => Ok(Some(schema)),
            Err(wrong) => Err(SchemaTextError { line: 1, column: 0, message: wrong.to_string() }),
        },
        Ok(_) => Err(SchemaTextError { line: 1, column: 1, message: "a JSON Schema is an object".to_owned() }),
        Err(error) => {
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.clone(), |(words, _)| words.to_owned());
            Err(SchemaTextError { line: error.line().max(1), column: error.column(), message })
        }
    }
}

/// Reads the text of the schema of a tool's arguments, which are an object; an empty one is none.
pub fn read_parameters(text: &str) -> Result<Option<Value>, SchemaTextError> {
    let schema = read(text)?;
    let is_of_object = |schema: &Value| {
        let kind = schema.get("type").and_then(Value::as_str);
        schema.is_object() && kind.is_none_or(|kind| kind == "object")
    };
    match schema {
        Some(schema) if !is_of_object(&schema) => {
            let message = "the arguments of a tool are an object: {\"type\": \"object\", …}".to_owned();
            Err(SchemaTextError { line: 1, column: 0, message })
        }
        schema => Ok(schema),
    }
}

/// Tells whether a text is a schema, and not an example of what one describes.
#[must_use]
pub fn is_schema(text: &str) -> bool {
    match read(text) {
        Ok(Some(Value::Object(fields))) => {
            fields.is_empty() || fields.keys().any(|name| KEYWORDS.contains(&name.as_str()))
        }
        Ok(Some(_) | None) => true,
        Err(_) => false,
    }
}

/// The keywords of JSON Schema, those that are used most first.
const KEYWORDS: &[&str] = &[
    "type",
    "properties",
    "required",
    "enum",
    "items",
    "additionalProperties",
    "description",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "const",
    "default",
    "examples",
    "title",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "patternProperties",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$ref",
    "$defs",
    "$schema",
    "$id",
    "$comment",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
];

const TYPES: &[&str] = &["string", "number", "integer", "boolean", "object", "array", "null"];

const FORMATS: &[&str] = &[
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uuid",
    "regex",
    "json-pointer",
];

/// What can be written at a place of a schema's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// What of the word is there already.
    pub begun: String,
    /// Whether the word has its opening quotation mark.
    pub quoted: bool,
    /// Whether it is the name of a member, which a colon follows.
    pub is_key: bool,
    /// The words that begin like that.
    pub words: Vec<String>,
}

/// One object or array that a place lies in.
#[derive(Debug, Clone, Default)]
struct Level {
    is_object: bool,
    key: String,
    awaits_value: bool,
}

/// What is meant by a value of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Schema,
    /// An object whose members are schemas by names of the writer's own.
    Named,
    Type,
    Format,
    Required,
    Other,
}

fn meaning(levels: &[Level]) -> Meaning {
    let mut meaning = Meaning::Schema;
    for level in levels {
        meaning = match meaning {
            Meaning::Schema if level.is_object => match level.key.as_str() {
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => Meaning::Named,
                "type" => Meaning::Type,
                "format" => Meaning::Format,
                "required" => Meaning::Required,
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "anyOf"
                | "oneOf"
                | "allOf"
                | "prefixItems"
                | "unevaluatedProperties"
                | "unevaluatedItems" => Meaning::Schema,
                _ => Meaning::Other,
            },
            Meaning::Named if level.is_object => Meaning::Schema,
            same => same,
        };
    }
    meaning
}

/// Lists the words that can stand at the end of the beginning of a schema's text; `rest` follows it.
#[must_use]
pub fn complete(before: &str, rest: &str) -> Completion {
    let (levels, begun, names) = scan(before);
    let Some(level) = levels.last() else {
        return Completion::default();
    };
    let quoted = begun.is_some();
    let word = begun.unwrap_or_else(|| {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '$';
        let start = before.trim_end_matches(bare).len();
        before.get(start..).unwrap_or_default().to_owned()
    });
    let is_key = level.is_object && !level.awaits_value;
    let outer = levels.get(..levels.len() - 1).unwrap_or_default();
    let meaning = if is_key { meaning(outer) } else { meaning(&levels) };
    let all: Vec<String> = match (is_key, meaning) {
        (true, Meaning::Schema) => KEYWORDS.iter().map(|word| (*word).to_owned()).collect(),
        (false, Meaning::Type) => TYPES.iter().map(|word| (*word).to_owned()).collect(),
        (false, Meaning::Format) => FORMATS.iter().map(|word| (*word).to_owned()).collect(),
        (false, Meaning::Required) => {
            let (_, _, later) = scan(&format!("{before}{rest}"));
            if later.len() > names.len() { later } else { names }
        }
        _ => Vec::new(),
    };
    let words = all.into_iter().filter(|known| known.starts_with(&word) && *known != word).collect();
    Completion { begun: word, quoted, is_key, words }
}

/// Reads a text up to its end: what it lies in, the string that is begun, and the names of properties that were seen.
fn scan(text: &str) -> (Vec<Level>, Option<String>, Vec<String>) {
    let (mut levels, mut names): (Vec<Level>, Vec<String>) = (Vec::new(), Vec::new());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '{' | '[' => levels.push(Level { is_object: c == '{', ..Level::default() }),
            '}' | ']' => {
                levels.pop();
            }
            ':' => {
                if let Some(level) = levels.last_mut() {
                    level.awaits_value = true;
                }
            }
            ',' => {
                if let Some(level) = levels.last_mut().filter(|level| level.is_object) {
                    (level.awaits_value, level.key) = (false, String::new());
                }
            }
            '"' => {
                let mut word = String::new();
                let mut closed = false;
                while let Some(c) = chars.next() {
                    match c {
                        '"' => {
                            closed = true;
                            break;
                        }
                        '\\' => word.extend(chars.next()),
                        c => word.push(c),
                    }
                }
                if !closed {
                    return (levels, Some(word), names);
                }
                let is_key = levels.last().is_some_and(|level| level.is_object && !level.awaits_value);
                if is_key {
                    let outer = levels.get(..levels.len() - 1).unwrap_or_default();
                    if meaning(outer) == Meaning::Named && !names.contains(&word) {
                        names.push(word.clone());
                    }
                    if let Some(level) = levels.last_mut() {
                        level.key = word;
                    }
                }
            }
            _ => {}
        }
    }
    (levels, None, names)
}

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
        _ => match schema.get("$ref").and_then(Value::as_str).and_then(|place| place.rsplit('/').next()) {
            Some("#") => "as the whole".to_owned(),
            Some(name) => name.to_owned(),
            None => "any".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let (before, rest) = text.split_once('|').unwrap();
        complete(before, rest).words
    }

    #[test]
    fn a_mistake_is_told_by_its_place() {
        let error = read("{\n  \"type\": \"object\",\n}").unwrap_err();
        assert_eq!((error.line, error.column), (3, 1));
        assert!(!error.message.contains("at line"), "{}", error.message);
        assert!(read("[1]").unwrap_err().message.contains("object"));
        assert!(read("{\"type\": \"strin\"}").is_err());
        assert_eq!(read(" "), Ok(None));
    }

    #[test]
    fn words_are_those_of_the_place() {
        assert!(words("{\"|").contains(&"type".to_owned()));
        assert_eq!(words("{ \"addi|"), ["additionalProperties"]);
        assert_eq!(words("{ \"type\": \"ob|"), ["object"]);
        assert_eq!(words("{ \"type\": [\"string\", \"nu|"), ["number", "null"]);
        assert!(words("{ \"properties\": { \"ty|").is_empty(), "the writer's own names");
        assert_eq!(words("{ \"properties\": { \"type\": { \"format\": \"dat|"), ["date-time", "date"]);
        assert_eq!(words("{ \"required\": [\"se|\"], \"properties\": {\"severity\": {}, \"b\": {}}}"), ["severity"]);
        assert_eq!(words("{ req|"), ["required"]);
        assert!(words("{ \"enum\": [\"ty|").is_empty());
        assert!(words("|").is_empty());
    }

    #[test]
    fn fields_say_what_they_allow() {
        let schema = json!({ "required": ["s"], "properties": {
            "s": { "enum": ["a", "b"] }, "n": { "type": "number", "minimum": 0, "maximum": 1 },
            "l": { "type": "array", "items": { "type": "string" } }, "o": {},
        }});
        let told: Vec<(String, bool)> = fields(&schema).into_iter().map(|field| (field.kind, field.required)).collect();
        let of = |kind: &str, required| (kind.to_owned(), required);
        assert_eq!(told, [of("enum 2", true), of("0 to 1", false), of("array of string", false), of("any", false)]);
    }
}
