//! Which draft of JSON Schema a schema is read by: the one that `$schema` names, or else the one
//! whose keywords it uses.

use jsonschema::Draft;
use serde_json::{Map, Value};

use crate::eval::reason::{name, quote};

/// What `$schema` may name, in words.
const DRAFTS: &str = "draft 4, 6, 7, 2019-09 or 2020-12 in `$schema` (as `http://json-schema.org/draft-07/schema#`), \
                      or no `$schema`";

/// The formats of the newest draft, which are asserted in every draft.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Keywords beside a `$ref` that say something without asserting anything.
const ANNOTATIONS: &[&str] = &[
    "$ref",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "example",
    "examples",
    "id",
    "readOnly",
    "title",
    "writeOnly",
];

/// Things that are named one by one.
const NAMED: usize = 3;

/// How a schema is read.
#[derive(Debug)]
pub(crate) struct SchemaReading {
    pub(crate) draft: Draft,
    /// The formats it uses that its draft does not know and a newer one does.
    pub(crate) formats: Vec<&'static str>,
    /// What is written in it and asserts nothing, in words.
    pub(crate) unchecked: Vec<String>,
}

/// Why a schema can be read by no draft.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) expected: &'static str,
    pub(crate) found: String,
}

/// A way of writing that some drafts have and others do not.
#[derive(Debug, Clone, Copy)]
struct Form<'a> {
    keyword: &'a str,
    /// The value it has, in words, if another one is had by other drafts.
    as_what: &'static str,
    first: Draft,
    last: Draft,
}

impl SchemaReading {
    pub(crate) fn of(schema: &Value) -> Result<Self, Unreadable> {
        let parts = parts(schema)?;
        let draft = match named(schema)? {
            Some(draft) => draft,
            None => by_forms(&parts)?,
        };
        let (mut formats, mut unchecked) = (Vec::new(), Vec::new());
        let options = jsonschema::options();
        let mut note = |text: String| {
            if !unchecked.contains(&text) {
                unchecked.push(text);
            }
        };
        for part in &parts {
            if let Some(format) = part.get("format").and_then(Value::as_str) {
                match FORMATS.iter().find(|known| **known == format) {
                    Some(known) if !options.is_known_format(draft, format) => formats.push(*known),
                    Some(_) => {}
                    None => note(format!("the format {}, which is not known", quote(format))),
                }
            }
            if draft <= Draft::Draft7 && part.contains_key("$ref") {
                for keyword in part.keys().filter(|keyword| !ANNOTATIONS.contains(&keyword.as_str())) {
                    note(format!("{} beside a `$ref`, up to draft 7", quote(keyword)));
                }
            }
        }
        let more = unchecked.len().saturating_sub(NAMED);
        unchecked.truncate(NAMED);
        if more > 0 {
            unchecked.push(format!("and {more} more"));
        }
        Ok(Self { draft, formats, unchecked })
    }
}

/// Reads the draft that a schema names.
fn named(schema: &Value) -> Result<Option<Draft>, Unreadable> {
    let unreadable = |found| Err(Unreadable { expected: DRAFTS, found });
    match schema.get("$schema") {
        None => Ok(None),
        Some(Value::String(address)) => match Draft::from_schema_uri(address) {
            Draft::Unknown => unreadable(quote(address)),
            draft => Ok(Some(draft)),
        },
        Some(other) => unreadable(name(other)),
    }
}

/// Collects the schema and every schema in it, but for those that name a draft of their own.
fn parts(schema: &Value) -> Result<Vec<&Map<String, Value>>, Unreadable> {
    let (mut left, mut parts) = (vec![schema], Vec::new());
    while let Some(schema) = left.pop() {
        if let Value::Object(fields) = schema {
            parts.push(fields);
            // The keywords that hold schemas, those of later drafts included.
            for inside in Draft::Draft4.subresources_of(schema) {
                if named(inside)?.is_none() {
                    left.push(inside);
                }
            }
        }
    }
    Ok(parts)
}

/// Finds the draft that has every form of a schema: the newest where it has forms of no old draft,
/// else draft 7, or the one nearest to it.
fn by_forms(parts: &[&Map<String, Value>]) -> Result<Draft, Unreadable> {
    let forms = || parts.iter().flat_map(|part| part.iter()).filter_map(|(keyword, value)| form(keyword, value));
    let newest_first = forms().max_by_key(|form| form.first);
    let oldest_last = forms().min_by_key(|form| form.last);
    let first = newest_first.map_or(Draft::Draft4, |form| form.first);
    let last = oldest_last.map_or(Draft::Draft202012, |form| form.last);
    if let (Some(new), Some(old)) = (newest_first, oldest_last)
        && first > last
    {
        let found = format!(
            "`{}`{} (up to {}) beside `{}`{} (from {})",
            old.keyword,
            old.as_what,
            title(old.last),
            new.keyword,
            new.as_what,
            title(new.first)
        );
        return Err(Unreadable { expected: "the keywords of one draft of JSON Schema", found });
    }
    let has = |keyword: &str| parts.iter().any(|part| part.contains_key(keyword));
    let named_as_in_4 = parts.iter().any(|part| part.get("id").is_some_and(Value::is_string));
    Ok(if named_as_in_4 && first == Draft::Draft4 && !has("$id") {
        Draft::Draft4
    } else if last < Draft::Draft202012 || (has("definitions") || has("dependencies")) {
        Draft::Draft7.clamp(first, last)
    } else {
        last
    })
}

/// Tells which drafts have a keyword with such a value; none where all have.
fn form<'a>(keyword: &'a str, value: &Value) -> Option<Form<'a>> {
    use Draft::{Draft4, Draft6, Draft7, Draft201909, Draft202012};
    let (as_what, first, last) = match (keyword, value) {
        ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(_)) => (" as true or false", Draft4, Draft4),
        ("$id", Value::String(id)) if id.starts_with('#') => (" as a fragment", Draft6, Draft7),
        ("$ref", Value::String(to)) => match Draft::from_schema_uri(to) {
            Draft::Unknown => return None,
            draft => (" to the schema of a draft", draft, draft),
        },
        ("items", Value::Array(_)) => (" as a list", Draft4, Draft201909),
        ("additionalItems", _) => ("", Draft4, Draft201909),
        ("exclusiveMinimum" | "exclusiveMaximum", Value::Number(_)) => (" as a number", Draft6, Draft202012),
        ("const" | "contains" | "propertyNames", _) => ("", Draft6, Draft202012),
        ("if", _) => ("", Draft7, Draft202012),
        ("$recursiveRef" | "$recursiveAnchor", _) => ("", Draft201909, Draft201909),
        (
            "$anchor"
            | "$defs"
            | "dependentRequired"
            | "dependentSchemas"
            | "maxContains"
            | "minContains"
            | "unevaluatedItems"
            | "unevaluatedProperties",
            _,
        ) => ("", Draft201909, Draft202012),
        ("prefixItems" | "$dynamicRef" | "$dynamicAnchor", _) => ("", Draft202012, Draft202012),
        _ => return None,
    };
    Some(Form { keyword, as_what, first, last })
}

fn title(draft: Draft) -> &'static str {
    match draft {
        Draft::Draft4 => "draft 4",
        Draft::Draft6 => "draft 6",
        Draft::Draft7 => "draft 7",
        Draft::Draft201909 => "draft 2019-09",
        // Every draft that is new stands for the newest.
        _ => "draft 2020-12",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(schema: &Value) -> Result<Draft, String> {
        SchemaReading::of(schema).map(|reading| reading.draft).map_err(|unreadable| unreadable.found)
    }

    #[test]
    fn a_schema_is_read_by_the_draft_whose_forms_it_has() {
        use Draft::{Draft4, Draft6, Draft7, Draft201909, Draft202012};
        for (schema, want) in [
            (json!(true), Draft202012),
            (json!({"type": "object"}), Draft202012),
            (json!({"const": 1, "if": {}, "$defs": {}}), Draft202012),
            (json!({"prefixItems": [{}], "dependencies": {}, "definitions": {}}), Draft202012),
            // Draft 7, and those beside it.
            (json!({"properties": {"a": {"items": [{}, {}]}}}), Draft7),
            (json!({"items": [{}], "additionalItems": false, "const": 1}), Draft7),
            (json!({"properties": {"a": {"$ref": "#/definitions/b"}}, "definitions": {"b": {}}}), Draft7),
            (json!({"dependencies": {"a": ["b"]}}), Draft7),
            (json!({"anyOf": [{"$id": "#b"}]}), Draft7),
            (json!({"exclusiveMinimum": true, "minimum": 1}), Draft4),
            (json!({"allOf": [{"not": {"exclusiveMaximum": false}}], "definitions": {}}), Draft4),
            (json!({"id": "http://example.com/a", "items": [{}]}), Draft4),
            (json!({"items": [{}], "$defs": {"a": {}}}), Draft201909),
            (json!({"items": [{}], "unevaluatedItems": false}), Draft201909),
            (json!({"$recursiveRef": "#"}), Draft201909),
            (json!({"items": {"$ref": "http://json-schema.org/draft-06/schema#"}}), Draft6),
            // What only looks like a form.
            (json!({"properties": {"id": {"type": "string"}, "definitions": {}, "dependencies": {}}}), Draft202012),
            (json!({"id": "a", "const": 1}), Draft202012),
            (json!({"id": "a", "$id": "b"}), Draft202012),
            (json!({"enum": [{"items": []}], "default": {"exclusiveMinimum": true}}), Draft202012),
            // What is said counts, not what is used.
            (json!({"$schema": "http://json-schema.org/draft-06/schema", "$defs": {}}), Draft6),
            (json!({"$schema": "https://json-schema.org/draft/2020-12/schema#", "dependencies": {}}), Draft202012),
            (json!({"$schema": "http://json-schema.org/schema#"}), Draft202012),
            (
                json!({"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "b", "items": [{}]}}}),
                Draft202012,
            ),
        ] {
            assert_eq!(draft(&schema), Ok(want), "{schema}");
        }
    }

    #[test]
    fn forms_that_no_draft_has_together_are_named() {
        for (schema, found) in [
            (
                json!({"prefixItems": [{}], "additionalItems": false}),
                "`additionalItems` (up to draft 2019-09) beside `prefixItems` (from draft 2020-12)",
            ),
            (
                json!({"exclusiveMaximum": true, "const": 1}),
                "`exclusiveMaximum` as true or false (up to draft 4) beside `const` (from draft 6)",
            ),
            (json!({"$schema": "http://example.com/mine"}), "`http://example.com/mine`"),
            (
                json!({"$schema": "http://json-schema.org/draft-03/schema#"}),
                "`http://json-schema.org/draft-03/schema#`",
            ),
            (json!({"$schema": 7}), "the number 7"),
        ] {
            assert_eq!(draft(&schema), Err(found.to_owned()), "{schema}");
        }
    }
}
