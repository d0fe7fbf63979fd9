//! JSON Schema: the answer against the whole schema, whatever the provider promised.

mod draft;
mod metered;
mod types;
mod work;

use std::{error::Error, sync::Arc};

use jsonschema::{
    PatternOptions, ReferencingError, Retrieve, Uri, ValidationError, ValidationOptions, Validator,
    error::ValidationErrorKind,
};
use serde_json::{Value, json};

use self::{
    draft::Reading,
    metered::{Counted, Metered, within},
    work::{BACKTRACKS, PATTERN_SIZE, Work},
};
use super::{
    budget::{Budget, TooMuch},
    rule::{BadRule, brief, head, inconclusive, name, verdict},
};
use crate::{
    model::{Rule, Verdict},
    text::clean_line,
};

pub use types::JsonTypes;

/// Violations that are told one by one.
const TOLD: usize = 5;

/// Violations that are counted.
const COUNTED: usize = 1000;

/// Steps in which the violations are looked for, of an answer that is known not to be valid.
const EXPLAINED: u64 = 10_000_000;

/// Schemas and values that may lie in each other while a value is validated: the stack is as deep.
const DEEP: usize = 1000;

/// Columns of the place of a violation in words.
const PLACE: usize = 400;

/// Columns of a violation's message, and of an address.
const MESSAGE: usize = 200;

/// What the validator puts before the address of a schema that names none of its own.
const NO_BASE: &str = "json-schema:///";

/// How a schema is compiled.
type Options<'a> = ValidationOptions<'a, Arc<dyn Retrieve>, Counted>;

/// A compiled schema, with `format` asserted. It never looks outside itself: a `$ref` to a file or
/// an address is refused.
#[derive(Debug)]
pub(super) struct Schema {
    validator: Validator<Counted>,
    work: Work,
    /// What is written in it and checks nothing, in words.
    unchecked: Vec<String>,
}

impl Schema {
    /// Compiles a schema; `key` names it in the prompt.
    pub(super) fn new(key: &str, schema: &Value) -> Result<Self, BadRule> {
        let bad = |expected: &str, found: String| BadRule::new(key, expected, found);
        if !schema.is_object() && !schema.is_boolean() {
            return Err(bad("a JSON Schema (a table)", name(schema)));
        }
        let work = Work::of(schema).map_err(|much| bad("a JSON Schema that can be applied", much.to_string()))?;
        let Reading { draft, formats, unchecked } =
            Reading::of(schema).map_err(|unreadable| bad(unreadable.expected, unreadable.found))?;
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(PATTERN_SIZE);
        let mut options = jsonschema::options_for::<Counted>()
            .with_draft(draft)
            .should_validate_formats(true)
            .with_pattern_options(patterns)
            .with_retriever(StandsAlone);
        for format in formats {
            options = with_newer_format(options, format);
        }
        match options.build(schema) {
            Ok(validator) => Ok(Self { validator, work, unchecked }),
            Err(error) => Err(match error.kind() {
                ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. }) => bad(
                    "a schema that stands alone, with each `$ref` inside it (`#/$defs/…`)",
                    format!("a `$ref` to `{}`", line(uri.strip_prefix(NO_BASE).unwrap_or(uri))),
                ),
                _ => bad("a valid JSON Schema", misplaced(&error).unwrap_or_else(|| told(&error))),
            }),
        }
    }

    /// Gives one verdict per violation, the first five, or one that passes. What would take too much work is
    /// inconclusive, or fails without its violations where these alone would.
    pub(super) fn judge(&self, json: &Value, budget: &Budget) -> Vec<Verdict> {
        match self.violations(json, budget) {
            Ok(verdicts) => verdicts,
            Err(much) => vec![inconclusive(Rule::Schema, &much.to_string())],
        }
    }

    /// Gives the same verdicts, or says what would take too much work.
    pub(super) fn violations(&self, json: &Value, budget: &Budget) -> Result<Vec<Verdict>, TooMuch> {
        let deep = depth(json).saturating_mul(self.work.deep);
        if deep > DEEP {
            return Err(TooMuch::new(format!(
                "values and schemas lie up to {deep} deep in each other, of which at most {DEEP} can be validated"
            )));
        }
        let what = "validating against the schema";
        let valid = self.within(budget, budget.left(), json, |node| self.validator.is_valid(node));
        if valid.ok_or_else(|| budget.exceeded(what))? {
            return Ok(vec![verdict(Rule::Schema, true, self.valid())]);
        }
        let steps = EXPLAINED.min(budget.left());
        let all = self.within(budget, steps, json, |node| {
            let mut errors = self.validator.iter_errors(node);
            let verdicts = errors.by_ref().take(TOLD).map(|error| violation(&error)).collect::<Result<Vec<_>, _>>();
            verdicts.map(|verdicts| (verdicts, errors.take(COUNTED).count()))
        });
        // Where there are too many to be listed, the first is told; where even it holds too many, none is.
        let all = all.or_else(|| {
            self.within(budget, EXPLAINED.min(budget.left()), json, |node| match self.validator.validate(node) {
                Err(error) => violation(&error).map(|verdict| (vec![verdict], COUNTED)),
                Ok(()) => Ok((Vec::new(), COUNTED)),
            })
        });
        let (mut verdicts, more) = all.unwrap_or_else(|| Ok((Vec::new(), 0)))?;
        match verdicts.last_mut() {
            Some(last) if more > 0 => last.reason = format!("{}; and {more} more", last.reason),
            Some(_) => {}
            None => {
                let reason = "not valid against the schema, in more ways than can be listed";
                verdicts.push(verdict(Rule::Schema, false, reason));
            }
        }
        Ok(verdicts)
    }

    /// Runs a part of a validation, and takes its steps; none where so many were not enough.
    fn within<T>(
        &self,
        budget: &Budget,
        steps: u64,
        json: &Value,
        run: impl FnOnce(Metered<'_>) -> T,
    ) -> Option<T> {
        let done = within(steps, &self.work, json, run);
        let taken = done.as_ref().map_or(steps, |(_, taken)| *taken);
        budget.take(taken);
        done.map(|(done, _)| done)
    }

    /// Says that an answer is valid, and what was not looked at.
    fn valid(&self) -> String {
        let mut said = "valid against the schema".to_owned();
        if !self.unchecked.is_empty() {
            said.push_str(", in which these check nothing: ");
            said.push_str(&self.unchecked.join("; "));
        }
        said
    }
}

/// Makes the verdict on a violation; that a pattern steps back too often says nothing of the value.
fn violation(error: &ValidationError<'_>) -> Result<Verdict, TooMuch> {
    if matches!(error.kind(), ValidationErrorKind::BacktrackLimitExceeded { .. }) {
        let at = head(&error.instance_path().to_string(), PLACE);
        return Err(TooMuch::new(format!("matching a pattern at `{at}` steps back more than {BACKTRACKS} times")));
    }
    Ok(Verdict { at: Some(error.instance_path().to_string()), ..verdict(Rule::Schema, false, told(error)) })
}

/// How many values lie in each other at most, the whole one included.
fn depth(json: &Value) -> usize {
    let inside = match json {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
    };
    1 + inside.unwrap_or(0)
}

/// Asserts a format that the draft of the schema does not know, as the newest draft has it.
fn with_newer_format<'a>(options: Options<'a>, format: &'static str) -> Options<'a> {
    let newest = jsonschema::options().should_validate_formats(true).build(&json!({ "format": format }));
    match newest {
        Ok(newest) => options.with_format(format, move |text: &str| newest.is_valid(&text.into())),
        Err(_) => options,
    }
}

/// Fetches nothing.
struct StandsAlone;

impl Retrieve for StandsAlone {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Err("a schema stands alone".into())
    }
}

/// Says of a schema's keyword that takes one of several things what it was given, and of a type which there are.
fn misplaced(error: &ValidationError<'_>) -> Option<String> {
    let several = matches!(error.kind(), ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. });
    let at = error.instance_path().to_string();
    let keyword = at.rsplit('/').next().filter(|keyword| several && !keyword.is_empty())?;
    let types = if keyword == "type" {
        ": it takes array, boolean, integer, null, number, object, string, or a list of these"
    } else {
        ""
    };
    Some(format!("{} as `{}`{types}", line(&brief(error.instance())), clean_line(&at)))
}

fn told(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().to_string();
    let message = line(&brief(error));
    if at.is_empty() { message } else { format!("{}: {message}", head(&at, PLACE)) }
}

/// Puts what comes from a schema or an answer on one line, fit to be shown.
fn line(text: &str) -> String {
    head(text, MESSAGE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Status;

    impl Schema {
        fn judged(&self, json: &Value) -> Vec<Verdict> {
            self.judge(json, &Budget::default())
        }
    }

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
        let good = schema.judged(&json!({"sentiment": "good"}));
        assert_eq!(good.len(), 1);
        assert_eq!((good[0].status, good[0].reason.as_str()), (Status::Passed, "valid against the schema"));

        let bad = schema.judged(&json!({"sentiment": "fine", "scores": [0.5, 2]}));
        let told: Vec<_> = bad.iter().map(|v| (v.status, v.at.as_deref().unwrap(), v.reason.as_str())).collect();
        assert_eq!(
            told,
            [
                (Status::Failed, "/sentiment", "/sentiment: \"fine\" is not one of \"good\" or \"bad\""),
                (Status::Failed, "/scores/1", "/scores/1: 2 is greater than the maximum of 1"),
            ]
        );
        let missing = schema.judged(&json!({}));
        assert_eq!(
            (missing[0].at.as_deref(), missing[0].reason.as_str()),
            (Some(""), "\"sentiment\" is a required property")
        );
    }

    #[test]
    fn many_violations_are_counted() {
        let schema = compiled(&json!({"items": {"type": "string"}})).unwrap();
        let verdicts = schema.judged(&json!([1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(verdicts.len(), 5);
        assert!(verdicts[4].reason.ends_with("; and 3 more"), "{}", verdicts[4].reason);
    }

    #[test]
    fn a_long_hostile_value_is_told_shortly_and_safely() {
        let schema = compiled(&json!({"type": "number"})).unwrap();
        let verdicts = schema.judged(&json!(format!("\u{1b}[2J\u{202e}{}", "x".repeat(10_000))));
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

    fn holds(schema: &Value, json: &Value) -> bool {
        let verdicts = compiled(schema).unwrap_or_else(|bad| panic!("{schema}: {bad}")).judged(json);
        verdicts.iter().all(|verdict| verdict.status == Status::Passed)
    }

    #[test]
    fn formats_are_asserted_in_every_draft() {
        for (format, good, bad) in [
            ("date", "2024-02-29", "2024-13-45"),
            ("date-time", "2024-02-29T12:00:00Z", "2024-02-29 12:00"),
            ("time", "12:00:00Z", "25:00:00Z"),
            ("duration", "P1DT12H", "1 day"),
            ("email", "a@b.example", "not an address"),
            ("idn-email", "\u{e4}@b.example", "not an address"),
            ("hostname", "a.example", "-a-.example"),
            ("idn-hostname", "\u{e4}.example", "-\u{e4}.example"),
            ("ipv4", "127.0.0.1", "127.0.0.256"),
            ("ipv6", "::1", "12345::"),
            ("uri", "https://a.example/b", "a b"),
            ("uri-reference", "../b", "\\b"),
            ("iri", "https://\u{e4}.example", "a b"),
            ("iri-reference", "\u{e4}", "\\b"),
            ("uri-template", "/b/{c}", "/b/{c"),
            ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08"),
            ("json-pointer", "/a/0", "a"),
            ("relative-json-pointer", "1/a", "a"),
            ("regex", "^a+$", "(a"),
        ] {
            for draft in ["draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12"] {
                let schema = json!({"$schema": format!("http://json-schema.org/{draft}/schema"), "format": format});
                assert!(holds(&schema, &json!(good)), "{draft} {format}: {good}");
                assert!(!holds(&schema, &json!(bad)), "{draft} {format}: {bad}");
                assert!(holds(&schema, &json!(5)), "{draft} {format}");
            }
        }
    }

    #[test]
    fn what_checks_nothing_is_said() {
        let reason = |schema: Value| compiled(&schema).unwrap().judged(&json!({})).remove(0).reason;
        assert_eq!(
            reason(
                json!({"properties": {"a": {"format": "phone"}, "b": {"format": "date"}, "c": {"format": "phone"}}})
            ),
            "valid against the schema, in which these check nothing: the format `phone`, which is not known"
        );
        let beside = json!({"$ref": "#/definitions/a", "title": "A", "maxProperties": 0, "definitions": {"a": {}}});
        assert_eq!(
            reason(beside),
            "valid against the schema, in which these check nothing: `maxProperties` beside a `$ref`, up to draft 7"
        );
        let many: Vec<Value> = (0..9).map(|place| json!({"format": format!("f{place}")})).collect();
        assert!(reason(json!({"anyOf": many})).ends_with("which is not known; and 6 more"));
    }

    #[test]
    fn a_name_of_its_own_changes_the_base_within_the_document() {
        let nested = json!({
            "$id": "http://example.com/root/",
            "properties": {
                "a": {"$id": "folder/", "properties": {"b": {"$ref": "item.json"}}},
                "c": {"$ref": "folder/item.json#/$defs/word"},
                "d": {"$ref": "#text"},
            },
            "$defs": {
                "i": {"$id": "folder/item.json", "type": "integer", "$defs": {"word": {"type": "string"}}},
                "t": {"$anchor": "text", "type": "string"},
                "u": {"$id": "urn:uuid:deadbeef-1234-00ff-ff00-4321feebdaed", "type": "null"},
            },
            "additionalProperties": {"$ref": "urn:uuid:deadbeef-1234-00ff-ff00-4321feebdaed"},
        });
        for (json, valid) in [
            (json!({"a": {"b": 1}, "c": "x", "d": "y", "e": null}), true),
            (json!({"a": {"b": "x"}}), false),
            (json!({"c": 1}), false),
            (json!({"d": 1}), false),
            (json!({"e": 1}), false),
        ] {
            assert_eq!(holds(&nested, &json), valid, "{json}");
        }
        for draft in ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"] {
            let meta = json!({"$schema": draft, "$ref": draft});
            assert!(holds(&meta, &json!({"type": "object"})) && !holds(&meta, &json!({"type": "strng"})));
        }
        let mixed = json!({
            "$ref": "http://example.com/old",
            "$defs": {"old": {"$id": "http://example.com/old", "$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}},
        });
        assert!(holds(&mixed, &json!(["a", 1])) && !holds(&mixed, &json!([1])));
        let unknown = json!({"$defs": {"a": {"$id": "http://example.com/a", "$schema": "http://example.com/mine"}}});
        let error = compiled(&unknown).unwrap_err();
        assert!(error.found.contains("http://example.com/mine"), "{error}");
        let outside = json!({"$id": "http://example.com/root/", "properties": {"a": {"$ref": "other.json"}}});
        let error = compiled(&outside).unwrap_err();
        assert_eq!(error.found, "a `$ref` to `http://example.com/root/other.json`");
    }

    #[test]
    fn a_schema_that_names_itself_ends() {
        for schema in [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]}), json!({"items": {"$ref": "#"}})] {
            if let Ok(schema) = compiled(&schema) {
                assert!(!schema.judged(&json!([[[1]], {"a": 2}])).is_empty());
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
