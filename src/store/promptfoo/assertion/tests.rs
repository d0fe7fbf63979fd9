//! Assertions as they are written, and the checks they become.

use serde_json::json;

use super::{CheckKind, of_json, of_text};

#[test]
fn a_cell_says_what_its_object_says() {
    for (cell, object) in [
        ("Paris", json!({"type": "equals", "value": "Paris"})),
        (" equals: 4 ", json!({"type": "equals", "value": 4})),
        ("note: not a kind", json!({"type": "equals", "value": "note: not a kind"})),
        ("contains", json!({"type": "contains", "value": ""})),
        ("not-contains:x: y", json!({"type": "not-contains", "value": "x: y"})),
        ("contains-any: <b>,</span>", json!({"type": "contains-any", "value": ["<b>", "</span>"]})),
        ("icontains-all: \"1,000\", a\\,b,c", json!({"type": "icontains-all", "value": ["1,000", "a,b", "c"]})),
        ("rouge-n(0.6): a b", json!({"type": "rouge-n", "value": "a b", "threshold": 0.6})),
        ("rouge-n: a b", json!({"type": "rouge-n", "value": "a b", "threshold": 0.75})),
        ("levenshtein(5): ab", json!({"type": "levenshtein", "value": "ab", "threshold": 5})),
        ("latency(1500)", json!({"type": "latency", "threshold": 1500})),
        ("cost: 0.01", json!({"type": "cost", "threshold": 0.01})),
        ("is-json", json!({"type": "is-json"})),
        ("is-json: {\"type\":\"object\"}", json!({"type": "is-json", "value": {"type": "object"}})),
        ("word-count: 3", json!({"type": "word-count", "value": 3})),
        ("grade: kind", json!({"type": "llm-rubric", "value": "kind"})),
        ("llm-rubric(0.8): kind", json!({"type": "llm-rubric", "value": "kind", "threshold": 0.8})),
        ("fn:output.length < 10", json!({"type": "javascript", "value": "output.length < 10"})),
        ("python: len(output)", json!({"type": "python", "value": "len(output)"})),
        ("file://check.py:run", json!({"type": "python", "value": "check.py:run"})),
        ("similar(0.8):Hello", json!({"type": "similar", "value": "Hello", "threshold": 0.8})),
    ] {
        assert_eq!(of_text(cell), of_json(&object), "{cell}");
        assert!(of_text(cell).is_ok(), "{cell}");
    }
}

#[test]
fn what_cannot_be_applied_is_kept_as_it_was_written_and_skipped() {
    for object in [
        json!({"type": "javascript", "value": "true", "metric": "m", "anything": 1}),
        json!({"type": "not-similar", "value": "a"}),
        json!({"type": "contains", "value": "a", "transform": "output.trim()"}),
        json!({"type": "contains", "value": "file://a.txt"}),
        json!({"type": "is-json", "value": "type: object"}),
        json!({"type": "llm-rubric", "value": "kind", "rubricPrompt": "p"}),
        json!({"type": "llm-rubric", "value": "kind", "provider": {"id": "x"}}),
        json!({"type": "assert-set", "assert": []}),
        json!({"type": "promptfoo:redteam:pii"}),
    ] {
        let check = of_json(&object).unwrap();
        assert_eq!((check.kind.kind, check.value.as_ref()), (CheckKind::Unsupported, Some(&object)));
    }
}

#[test]
fn a_mistake_names_its_key() {
    for (object, said) in [
        (json!("contains: a"), "an object with a `type`"),
        (json!({"value": 1}), "type: it is missing"),
        (json!({"type": "contians", "value": 1}), "did you mean `contains`?"),
        (json!({"type": "contains", "valuee": 1}), "`valuee`: an assertion has no such key; did you mean `value`?"),
        (json!({"type": "contains"}), "value: `contains` needs one"),
        (json!({"type": "contains", "value": {}}), "value: expected a text"),
        (json!({"type": "contains-any", "value": []}), "value: expected a list of texts"),
        (json!({"type": "latency"}), "threshold: `latency` needs one"),
        (json!({"type": "cost", "threshold": "1"}), "threshold: expected a number"),
        (json!({"type": "equals", "value": 1, "weight": -1}), "weight: expected a number of 0 or more"),
        (json!({"type": "json-path", "op": "~"}), "op: expected one of"),
    ] {
        let fault = of_json(&object).unwrap_err();
        assert!(fault.contains(said), "{object}: {fault}");
    }
    assert!(of_text("latency").unwrap_err().contains("latency(LIMIT)"));
    assert!(of_text("cost: cheap").unwrap_err().contains("expected a number"));
}

#[test]
fn what_is_set_is_kept() {
    let check = of_json(&json!({"type": "not-llm-rubric", "value": "rude", "provider": "openai:gpt", "weight": 0,
        "metric": "tone", "threshold": 0.5, "repeat": 3}))
    .unwrap();
    assert!(check.kind.not);
    assert_eq!((check.judge.as_deref(), check.weight, check.repeat), (Some("openai:gpt"), Some(0.0), Some(3)));
    assert_eq!((check.metric.as_deref(), check.threshold), (Some("tone"), Some(0.5)));
}
