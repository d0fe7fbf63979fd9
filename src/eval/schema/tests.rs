//! Schemas applied: violations in words, drafts, formats, references.

use serde_json::json;

use crate::{eval::schema::*, model::Status};

impl Schema {
    fn judged(&self, json: &Value) -> Vec<Verdict> {
        self.judge(json, &WorkBudget::default())
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
    let shown: Vec<_> = bad.iter().map(|v| (v.status, v.at.as_deref().unwrap(), v.reason.as_str())).collect();
    assert_eq!(
        shown,
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
        reason(json!({"properties": {"a": {"format": "phone"}, "b": {"format": "date"}, "c": {"format": "phone"}}})),
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
