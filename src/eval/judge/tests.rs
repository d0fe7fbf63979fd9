//! The verdicts on an answer, in order and in words.

mod hostile;

use serde_json::json;

use super::*;
use crate::model::{RunStatus, Status};

fn answer(text: &str) -> Answer<'_> {
    Answer { text, finish: Some(&Finish::Stop), latency: Some(Duration::from_millis(900)), cost: Cost::Unknown }
}

fn sentiment() -> Response {
    Response {
        format: Format::Json,
        required: vec!["sentiment".into(), "confidence_score".into()],
        schema: Some(json!({"properties": {"sentiment": {"enum": ["positive", "neutral", "negative"]}}})),
        confidence: Some("/confidence_score".into()),
        min_confidence: Some(0.7),
        min_completeness: None,
        min_score: None,
        finish: true,
    }
}

fn listed(judgement: &Judgement) -> Vec<(String, Status, &str)> {
    judgement.quality.verdicts.iter().map(|v| (v.rule.to_string(), v.status, v.reason.as_str())).collect()
}

fn format_of(format: Format, finish: &Finish, text: &str) -> (Status, String) {
    let judge = Judge::new(&Response { format, schema: Some(json!({})), ..Response::default() }, &[]).unwrap();
    let judgement = judge.judge(&Answer { finish: Some(finish), ..answer(text) });
    let verdict = judgement.quality.verdicts.into_iter().next().unwrap();
    assert_eq!(verdict.rule, Rule::Format);
    (verdict.status, verdict.reason)
}

#[test]
fn a_good_answer_passes_every_rule_with_its_numbers() {
    let checks = [Check::of(CheckKind::Latency).within(2000.0)];
    let judge = Judge::new(&sentiment(), &checks).unwrap();
    let judgement = judge.judge(&answer(r#"{"sentiment": "negative", "confidence_score": 0.92}"#));
    assert!(judgement.quality.status() == RunStatus::Passed);
    assert_eq!(judgement.json.as_ref().unwrap()["sentiment"], "negative");
    assert_eq!(judgement.extraction.as_ref().unwrap().found, crate::eval::Found::Whole);
    let pass = |rule: &str, reason| (rule.to_owned(), Status::Passed, reason);
    assert_eq!(
        listed(&judgement),
        [
            pass("format", "JSON: an object"),
            pass("schema", "valid against the schema"),
            pass("required", "filled: `sentiment`, `confidence_score`"),
            pass("completeness", "2 of 2 filled: 1.00 ≥ minimum 1.00"),
            pass("confidence", "0.92 ≥ minimum 0.70 (self-reported)"),
            pass("latency", "900 ms ≤ maximum 2000 ms"),
        ]
    );
}

#[test]
fn a_bad_answer_fails_each_rule_for_its_reason() {
    let judge = Judge::new(&sentiment(), &[]).unwrap();
    let judgement = judge.judge(&answer(r#"{"sentiment": "sad"}"#));
    let fail = |rule: &str, reason| (rule.to_owned(), Status::Failed, reason);
    assert_eq!(
        listed(&judgement)[1..],
        [
            fail("schema", "/sentiment: \"sad\" is not one of \"positive\", \"neutral\" or \"negative\""),
            fail("required", "`confidence_score` is missing"),
            fail("completeness", "1 of 2 filled: 0.50 < minimum 1.00"),
            fail("confidence", "not usable: the answer states no confidence at `/confidence_score`"),
        ]
    );
}

#[test]
fn without_json_its_rules_are_inconclusive_and_never_passed() {
    let judge = Judge::new(&sentiment(), &[]).unwrap();
    let judgement = judge.judge(&answer("I cannot help."));
    let marks: Vec<_> = listed(&judgement).into_iter().map(|(rule, mark, _)| (rule, mark)).collect();
    let skipped = |rule: &str| (rule.to_owned(), Status::Inconclusive);
    assert_eq!(
        marks,
        [
            ("format".to_owned(), Status::Failed),
            skipped("schema"),
            skipped("required"),
            skipped("completeness"),
            skipped("confidence"),
        ]
    );
    assert_eq!((judgement.json, judgement.extraction), (None, None));
    assert_eq!(judgement.error.unwrap().step, crate::eval::Step::Find);
}

#[test]
fn a_text_is_not_read_as_json() {
    let response = Response { format: Format::Text, schema: None, ..sentiment() };
    let judgement = Judge::new(&response, &[]).unwrap().judge(&answer(r#"{"sentiment": "sad"}"#));
    let skipped = |rule: &str| (rule.to_owned(), Status::Inconclusive, "not applied: the format is text");
    assert_eq!(
        listed(&judgement),
        [
            ("format".to_owned(), Status::Passed, "text of 20 characters"),
            ("finish".to_owned(), Status::Passed, "the model was done"),
            skipped("required"),
            skipped("completeness"),
            skipped("confidence"),
        ]
    );
    assert_eq!(judgement.json, None);
    let bare = Response { format: Format::Text, ..Response::default() };
    let empty = Judge::new(&bare, &[]).unwrap().judge(&answer(" \n"));
    assert_eq!(listed(&empty)[0], ("format".to_owned(), Status::Failed, "the answer is empty"));
}

#[test]
fn the_form_is_judged_and_told() {
    use Finish::{ContentFilter, Length, Refusal, Stop};
    use Format::{Json, Schema};
    for (format, finish, text, mark, reason) in [
        (Json, Stop, "[1]", Status::Failed, "expected a JSON object, found an array"),
        (Json, Stop, "85", Status::Failed, "expected a JSON object, found the number 85"),
        (Schema, Stop, "[1]", Status::Passed, "JSON: an array"),
        (Json, Stop, "```json\n{}\n```", Status::Passed, "JSON: an object, in a Markdown fence"),
        (
            Json,
            Stop,
            "Sure:\n```json\n{}\n```\nBye",
            Status::Passed,
            "JSON: an object, in a Markdown fence, after `Sure:`, before `Bye`",
        ),
        (Json, Stop, "It is {} now", Status::Passed, "JSON: an object, in other text, after `It is`, before `now`"),
        (Json, Stop, "<think>x</think>{}", Status::Passed, "JSON: an object, after reasoning that was taken away"),
        (
            Json,
            Stop,
            r#"{"a":1,"a":2}"#,
            Status::Passed,
            "JSON: an object, with repeated keys of which the last counts: `/a`",
        ),
        (
            Json,
            Stop,
            "{\"a\":1}\n{\"a\":2}\n{\"a\":1}",
            Status::Failed,
            "JSON: an object, in other text, before `{\"a\":2} {\"a\":1}`, the first of 2 objects that differ: which is \
             meant is not clear",
        ),
        (Json, Stop, "{\"a\":1}\n{\"a\":1}", Status::Passed, "JSON: an object, in other text, before `{\"a\":1}`"),
        (
            Json,
            Stop,
            "It is {'x': {\"a\": 1}}.",
            Status::Failed,
            "reading the JSON after the text: it is a part of something that is not JSON at line 1, column 13, near \
             `It is {'x': {\"a\": 1}}.`",
        ),
        (
            Json,
            Stop,
            "<think>{\"a\":1}",
            Status::Failed,
            "taking away the reasoning: the reasoning is never closed at line 1, column 1, near `<think>{\"a\":1}`",
        ),
        (
            Json,
            Stop,
            "{\"a\":1}</think>",
            Status::Failed,
            "looking for JSON: there is nothing but reasoning at line 1, column 16, near `{\"a\":1}</think>`",
        ),
        (Json, Length, "{}", Status::Passed, "the answer was cut at the token limit: JSON: an object"),
        (
            Json,
            Length,
            "It is {} and",
            Status::Failed,
            "the answer was cut at the token limit: JSON: an object, in other text, after `It is`, before `and`",
        ),
        (
            Json,
            Length,
            r#"{"a": "#,
            Status::Failed,
            "the answer was cut at the token limit: reading the answer: the text ends inside the JSON (EOF while parsing a value) at line 1, column 6, near `{\"a\":`",
        ),
        (
            Json,
            Refusal,
            "No.",
            Status::Failed,
            "the model declined: looking for JSON: there is no JSON object or array at line 1, column 1, near `No.`",
        ),
        (
            Json,
            ContentFilter,
            "",
            Status::Failed,
            "the answer was cut by a content filter: looking for JSON: the answer is empty at line 1, column 1, near ``",
        ),
    ] {
        assert_eq!(format_of(format, &finish, text), (mark, reason.to_owned()), "{text:?}");
    }
}

#[test]
fn what_the_schema_is_of_is_json_in_either_format() {
    for (schema, text, mark, reason) in [
        (json!({"type": "array"}), "[1]", Status::Passed, "JSON: an array"),
        (
            json!({"type": "array"}),
            "Of {\"b\":1}: [1]",
            Status::Passed,
            "JSON: an array, in other text, after `Of {\"b\":1}:`",
        ),
        (json!({"type": "array"}), "{}", Status::Failed, "expected a JSON array, found an object"),
        (json!({"type": ["string", "null"]}), "null", Status::Passed, "JSON: null"),
        (json!({"enum": ["yes", "no"]}), "\"yes\"", Status::Passed, "JSON: the string `yes`"),
        (json!({"const": 4}), "4", Status::Passed, "JSON: the number 4"),
        (json!({"const": 4}), "{}", Status::Failed, "expected a whole number, found an object"),
        (json!({"properties": {}}), "[1]", Status::Failed, "expected a JSON object, found an array"),
    ] {
        let response = Response { format: Format::Json, schema: Some(schema.clone()), ..Response::default() };
        let judged = Judge::new(&response, &[]).unwrap().judge(&answer(text));
        let form = &judged.quality.verdicts[0];
        assert_eq!((form.status, form.reason.as_str()), (mark, reason), "{schema} {text}");
        let by_schema = Response { format: Format::Schema, ..response };
        let judged = Judge::new(&by_schema, &[]).unwrap().judge(&answer(text));
        let holds = judged.quality.status() == RunStatus::Passed;
        assert_eq!(holds, mark == Status::Passed || schema.get("properties").is_some(), "{schema} {text}");
    }
}

#[test]
fn a_bad_rule_is_named_by_its_key() {
    let schema = Response { format: Format::Schema, ..Response::default() };
    let error = Judge::new(&schema, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`response.schema`: expected a JSON Schema, because the format is `schema`, found nothing"
    );
    let remote = Response { schema: Some(json!({"$ref": "http://127.0.0.1/x"})), ..sentiment() };
    assert_eq!(Judge::new(&remote, &[]).unwrap_err().key, "response.schema");
    let minimum = Response { min_confidence: Some(7.0), ..sentiment() };
    assert_eq!(Judge::new(&minimum, &[]).unwrap_err().key, "response.min_confidence");
    let checks = [Check::of(CheckKind::Equals)];
    assert_eq!(Judge::new(&sentiment(), &checks).unwrap_err().key, "check[0].value");
}
