//! JSON Schema: the answer against the whole schema, whatever the provider promised.

use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::rule::{BadRule, verdict};
use crate::{
    model::{Rule, Verdict},
    text::{clean_line, truncate},
};

/// Violations that are told one by one.
const TOLD: usize = 5;

/// Violations that are counted.
const COUNTED: usize = 1000;

/// Columns of a violation's message.
const MESSAGE: usize = 200;

/// A compiled schema. It never looks outside itself: a `$ref` to a file or an address is refused.
#[derive(Debug)]
pub(super) struct Schema(Validator);

impl Schema {
    /// Compiles a schema; `key` names it in the prompt.
    pub(super) fn new(key: &str, schema: &Value) -> Result<Self, BadRule> {
        let bad = |expected: &str, found: String| Err(BadRule::new(key, expected, found));
        if !schema.is_object() && !schema.is_boolean() {
            return bad("a JSON Schema (a table)", super::rule::name(schema));
        }
        if let Some(outside) = outside(schema) {
            let expected = "a schema that stands alone, with each `$ref` inside it (`#/$defs/…`)";
            return bad(expected, format!("a `$ref` to {}", super::rule::quote(outside)));
        }
        match jsonschema::options().offline().build(schema) {
            Ok(validator) => Ok(Self(validator)),
            Err(error) => bad("a valid JSON Schema", told(&error)),
        }
    }

    /// Gives one verdict per violation, the first five, or one that passes.
    pub(super) fn judge(&self, json: &Value) -> Vec<Verdict> {
        let mut errors = self.0.iter_errors(json);
        let mut verdicts: Vec<_> = errors
            .by_ref()
            .take(TOLD)
            .map(|error| Verdict {
                at: Some(error.instance_path().to_string()),
                ..verdict(Rule::Schema, false, told(&error))
            })
            .collect();
        let more = errors.take(COUNTED).count();
        match verdicts.last_mut() {
            None => verdicts.push(verdict(Rule::Schema, true, "valid against the schema")),
            Some(last) if more > 0 => {
                last.reason = format!("{}; and {more} more", last.reason);
            }
            Some(_) => {}
        }
        verdicts
    }
}

fn told(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().to_string();
    let message = clean_line(&error.to_string());
    let message = truncate(&message, MESSAGE);
    if at.is_empty() { message.into_owned() } else { format!("{}: {message}", clean_line(&at)) }
}

/// Returns the first `$ref` that leads out of the schema. A schema with an `$id` may name itself.
fn outside(schema: &Value) -> Option<&str> {
    let ids = ids(schema);
    let inside = |target: &str| {
        let document = target.split('#').next().unwrap_or_default();
        document.is_empty() || ids.iter().any(|id| id.trim_end_matches('#').ends_with(document))
    };
    values(schema, &["$ref", "$dynamicRef", "$recursiveRef"]).into_iter().find(|target| !inside(target))
}

fn ids(schema: &Value) -> Vec<&str> {
    values(schema, &["$id", "id"])
}

/// Collects the strings that stand under some keys, wherever they are.
fn values<'a>(schema: &'a Value, keys: &[&str]) -> Vec<&'a str> {
    let (mut left, mut found) = (vec![schema], Vec::new());
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                found.extend(keys.iter().filter_map(|key| members.get(*key)?.as_str()));
                left.extend(members.iter().filter(|(key, _)| !is_data(key)).map(|(_, value)| value));
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    found
}

/// Tells whether what stands under a keyword is an instance and not a schema.
fn is_data(keyword: &str) -> bool {
    matches!(keyword, "const" | "enum" | "default" | "examples")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Status;

    fn compiled(schema: &Value) -> Result<Schema, BadRule> {
        Schema::new("response.schema", schema)
    }

    #[test]
    fn violations_have_a_place_and_a_message() {
        let schema = json!({
            "type": "object",
            "required": ["sentiment"],
            "properties": {
                "sentiment": {"enum": ["good", "bad"]},
                "scores": {"type": "array", "items": {"type": "number", "maximum": 1}},
            },
        });
        let schema = compiled(&schema).unwrap();
        let good = schema.judge(&json!({"sentiment": "good"}));
        assert_eq!(good.len(), 1);
        assert_eq!((good[0].status, good[0].reason.as_str()), (Status::Passed, "valid against the schema"));

        let bad = schema.judge(&json!({"sentiment": "fine", "scores": [0.5, 2]}));
        let told: Vec<_> = bad.iter().map(|v| (v.status, v.at.as_deref().unwrap(), v.reason.as_str())).collect();
        assert_eq!(
            told,
            [
                (Status::Failed, "/sentiment", "/sentiment: \"fine\" is not one of \"good\" or \"bad\""),
                (Status::Failed, "/scores/1", "/scores/1: 2 is greater than the maximum of 1"),
            ]
        );
        let missing = schema.judge(&json!({}));
        assert_eq!(
            (missing[0].at.as_deref(), missing[0].reason.as_str()),
            (Some(""), "\"sentiment\" is a required property")
        );
    }

    #[test]
    fn many_violations_are_counted() {
        let schema = compiled(&json!({"items": {"type": "string"}})).unwrap();
        let verdicts = schema.judge(&json!([1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(verdicts.len(), 5);
        assert!(verdicts[4].reason.ends_with("; and 3 more"), "{}", verdicts[4].reason);
    }

    #[test]
    fn a_long_hostile_value_is_told_shortly_and_safely() {
        let schema = compiled(&json!({"type": "number"})).unwrap();
        let verdicts = schema.judge(&json!(format!("\u{1b}[2J\u{202e}{}", "x".repeat(10_000))));
        assert!(verdicts[0].reason.len() < 300);
        assert!(!verdicts[0].reason.contains(['\u{1b}', '\u{202e}']));
    }

    #[test]
    fn a_schema_stands_alone() {
        for outside in [
            json!({"$ref": "http://127.0.0.1:9/schema.json"}),
            json!({"$ref": "https://example.com/s#/a"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"$ref": "other.json"}),
            json!({"properties": {"a": {"anyOf": [{"$ref": "/etc/passwd"}]}}}),
        ] {
            let error = compiled(&outside).unwrap_err();
            assert_eq!(error.key, "response.schema");
            assert!(error.found.starts_with("a `$ref` to"), "{error}");
        }
        for inside in [
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}}),
            json!({"$id": "https://example.com/root", "$ref": "#/$defs/a", "$defs": {"a": {}}}),
            json!({"enum": [{"$ref": "http://example.com"}]}),
            json!(true),
        ] {
            assert!(compiled(&inside).is_ok(), "{inside}: {:?}", compiled(&inside));
        }
    }

    #[test]
    fn a_schema_that_names_itself_ends() {
        for schema in [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]}), json!({"items": {"$ref": "#"}})] {
            if let Ok(schema) = compiled(&schema) {
                assert!(!schema.judge(&json!([[[1]], {"a": 2}])).is_empty());
            }
        }
    }

    #[test]
    fn a_bad_schema_is_refused_in_words() {
        for (schema, word) in [
            (json!("object"), "string"),
            (json!({"type": "strng"}), "strng"),
            (json!({"$ref": "#/$defs/missing"}), "missing"),
            (json!({"pattern": "("}), "("),
            (json!({"required": "name"}), "name"),
        ] {
            let error = compiled(&schema).unwrap_err();
            assert_eq!(error.key, "response.schema");
            assert!(error.found.contains(word), "{error}");
        }
    }
}
