//! The verdicts on an answer, in order and in words.
//!
//! Hostile and large answers against every rule: a right verdict or an inconclusive one that says what is too much
//! work, and never more steps than there are, which are fewer here so that the tests are quick.
//! `tests/hostile/measure.sh` has huge ones.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    eval::{Answer, CheckSuite, WorkBudget},
    model::{Check, CheckKind, Cost, Finish, Format, Input, Response, RunStatus, Status, Verdict},
};

fn answer(text: &str) -> Answer<'_> {
    Answer {
        text,
        finish: Some(&Finish::Stop),
        latency: Some(Duration::from_millis(900)),
        cost: Cost::Unknown,
        tools: crate::eval::ToolTrace::NONE,
    }
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
        off: Vec::new(),
    }
}

fn listed(judgement: &Judgement) -> Vec<(String, Status, &str)> {
    judgement.quality.verdicts.iter().map(|v| (v.rule.to_string(), v.status, v.reason.as_str())).collect()
}

fn format_of(format: Format, finish: &Finish, text: &str) -> (Status, String) {
    let judge = CheckSuite::new(&Response { format, schema: Some(json!({})), ..Response::default() }, &[]).unwrap();
    let judgement = judge.judge(&Answer { finish: Some(finish), ..answer(text) });
    let verdict = judgement.quality.verdicts.into_iter().next().unwrap();
    assert_eq!(verdict.rule, Rule::Format);
    (verdict.status, verdict.reason)
}

#[test]
fn a_good_answer_passes_every_rule_with_its_numbers() {
    let checks = [Check::of(CheckKind::Latency).within(2000.0)];
    let judge = CheckSuite::new(&sentiment(), &checks).unwrap();
    let judgement = judge.judge(&answer(r#"{"sentiment": "negative", "confidence_score": 0.92}"#));
    assert!(judgement.quality.status() == RunStatus::Passed);
    assert_eq!(judgement.json.as_ref().unwrap()["sentiment"], "negative");
    assert_eq!(judgement.extraction.as_ref().unwrap().found, crate::eval::FoundJson::Whole);
    let pass = |rule: &str, reason| (rule.to_owned(), Status::Passed, reason);
    assert_eq!(
        listed(&judgement),
        [
            pass("format", "JSON: an object"),
            pass("schema", "valid against the schema"),
            pass("required", "filled: `sentiment`, `confidence_score`"),
            pass("completeness", "2 of 2 filled: 1.00 ≥ minimum 1.00"),
            pass("confidence", "0.92 ≥ minimum 0.70 (the model's own number)"),
            pass("latency", "900 ms ≤ maximum 2000 ms"),
        ]
    );
}

#[test]
fn a_bad_answer_fails_each_rule_for_its_reason() {
    let judge = CheckSuite::new(&sentiment(), &[]).unwrap();
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
    let judge = CheckSuite::new(&sentiment(), &[]).unwrap();
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
    assert_eq!(judgement.error.unwrap().step, crate::eval::ExtractStep::Find);
}

#[test]
fn a_text_is_not_read_as_json() {
    let response = Response { format: Format::Text, schema: None, ..sentiment() };
    let judgement = CheckSuite::new(&response, &[]).unwrap().judge(&answer(r#"{"sentiment": "sad"}"#));
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
    let empty = CheckSuite::new(&bare, &[]).unwrap().judge(&answer(" \n"));
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
        let judged = CheckSuite::new(&response, &[]).unwrap().judge(&answer(text));
        let form = &judged.quality.verdicts[0];
        assert_eq!((form.status, form.reason.as_str()), (mark, reason), "{schema} {text}");
        let by_schema = Response { format: Format::Schema, ..response };
        let judged = CheckSuite::new(&by_schema, &[]).unwrap().judge(&answer(text));
        let holds = judged.quality.status() == RunStatus::Passed;
        assert_eq!(holds, mark == Status::Passed || schema.get("properties").is_some(), "{schema} {text}");
    }
}

#[test]
fn a_bad_rule_is_named_by_its_key() {
    let schema = Response { format: Format::Schema, ..Response::default() };
    let error = CheckSuite::new(&schema, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`response.schema`: expected a JSON Schema, because the format is `schema`, found nothing"
    );
    let remote = Response { schema: Some(json!({"$ref": "http://127.0.0.1/x"})), ..sentiment() };
    assert_eq!(CheckSuite::new(&remote, &[]).unwrap_err().key, "response.schema");
    let minimum = Response { min_confidence: Some(7.0), ..sentiment() };
    assert_eq!(CheckSuite::new(&minimum, &[]).unwrap_err().key, "response.min_confidence");
    let checks = [Check::of(CheckKind::Equals)];
    assert_eq!(CheckSuite::new(&sentiment(), &checks).unwrap_err().key, "check[0].value");
}

/// Steps that one rule may take here, and all rules of an answer.
const STEPS: (u64, u64) = (2_000_000, 8_000_000);

fn hostile_answer(text: &str) -> Answer<'_> {
    Answer {
        text,
        finish: Some(&Finish::Stop),
        latency: None,
        cost: Cost::Unknown,
        tools: crate::eval::ToolTrace::NONE,
    }
}

/// Judges a text, and returns the last verdict.
fn judged(response: &Response, checks: &[Check], text: &str) -> Verdict {
    let judge = CheckSuite::new(response, checks).unwrap_or_else(|bad| panic!("{bad}"));
    let budget = WorkBudget::of(STEPS.0, STEPS.1);
    let judgement = judge.apply(&hostile_answer(text), Some(&Input::default()), &budget);
    assert!(budget.spent() <= STEPS.1, "{} steps", budget.spent());
    judgement.quality.verdicts.into_iter().next_back().unwrap()
}

fn by_schema(schema: &Value, json: &str) -> Verdict {
    judged(&Response { format: Format::Schema, schema: Some(schema.clone()), ..Response::default() }, &[], json)
}

/// The verdict of the schema must be this one, in words that hold those.
fn expect(name: &str, verdict: &Verdict, status: Status, words: &str) {
    let text = verdict.reason.contains(words);
    assert!(verdict.status == status && text, "{name}: {:?} {}", verdict.status, verdict.reason);
    assert!(verdict.reason.len() < 1500, "{name}: a reason of {} bytes", verdict.reason.len());
}

fn refused(schema: &Value, words: &str) {
    let response = Response { format: Format::Schema, schema: Some(schema.clone()), ..Response::default() };
    let bad = CheckSuite::new(&response, &[]).unwrap_err().to_string();
    assert!(bad.contains("too much work") && bad.contains(words), "{bad}");
}

/// A list in lists, or members in members, with something innermost.
fn nested(depth: usize, open: &str, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
}

/// The schema of an expression, as a model is given it: lists and items of the same, and leaves.
fn expression(definitions: &str) -> Value {
    let kind = |kind: &str| {
        json!({
            "type": "object",
            "properties": {"kind": {"const": kind}, "child": {"$ref": format!("#/{definitions}/node")}},
            "required": ["kind"],
        })
    };
    let leaf = json!({
        "type": "object",
        "properties": {"kind": {"const": "leaf"}},
        "required": ["kind"],
        "additionalProperties": false,
    });
    json!({
        "$ref": format!("#/{definitions}/node"),
        definitions: {"node": {"anyOf": [kind("list"), kind("item"), leaf]}},
    })
}

#[test]
fn an_answer_that_is_nearly_right_fails_however_deep_it_is() {
    for definitions in ["$defs", "definitions"] {
        for depth in [3, 18, 60, 120] {
            let child = |inside: &str| nested(depth, "{\"kind\":\"list\",\"child\":", inside, "}");
            let bad = by_schema(&expression(definitions), &child("1"));
            let words = if depth < 10 { "is not valid under any of" } else { "not valid" };
            expect(&format!("{definitions} {depth}"), &bad, Status::Failed, words);
            let good = by_schema(&expression(definitions), &child("{\"kind\":\"leaf\"}"));
            expect(&format!("{definitions} {depth}"), &good, Status::Passed, "valid against the schema");
        }
    }
}

#[test]
fn a_tower_of_schemas_is_refused_before_it_is_compiled() {
    for floors in [26, 60, 100] {
        for (combine, reference) in
            [("allOf", "#/$defs/d"), ("anyOf", "#/$defs/d"), ("oneOf", "#d"), ("allOf", "http://example.com/d")]
        {
            let mut definitions = serde_json::Map::new();
            for floor in 0..floors {
                let next = json!({"$ref": format!("{reference}{}", floor + 1)});
                let named = |key: &str, value: String| (key.to_owned(), Value::from(value));
                let name = match reference {
                    "#d" => Some(named("$anchor", format!("d{floor}"))),
                    "#/$defs/d" => None,
                    _ => Some(named("$id", format!("http://example.com/d{floor}"))),
                };
                let mut schema = serde_json::Map::from_iter(name);
                schema.insert(combine.to_owned(), json!([next.clone(), next]));
                definitions.insert(format!("d{floor}"), schema.into());
            }
            let last = json!({"type": "object", "$anchor": format!("d{floors}")});
            let last = if reference.starts_with("http") {
                json!({"$id": format!("http://example.com/d{floors}"), "type": "object"})
            } else {
                last
            };
            definitions.insert(format!("d{floors}"), last);
            let tower = json!({"$ref": format!("{reference}0"), "$defs": definitions});
            refused(&tower, "applies more than 100,000 schemas to one value");
        }
    }
    let mut chain = serde_json::Map::new();
    for link in 0..20_000 {
        chain.insert(format!("d{link}"), json!({"$ref": format!("#/definitions/d{}", link + 1)}));
    }
    chain.insert("d20000".to_owned(), json!(true));
    refused(&json!({"$ref": "#/definitions/d0", "definitions": chain}), "inside more than 250 other schemas");
    let grown: serde_json::Map<String, Value> =
        (0..40).map(|at| (format!("^a{{{},60000}}[^{at}]{{60000}}$", at + 1), json!({}))).collect();
    refused(&json!({"patternProperties": grown}), "patterns take more than 16 MB");
}

#[test]
fn a_schema_that_leads_back_to_itself_ends() {
    let names: Vec<String> = (0..12).map(|at| format!("d{at}")).collect();
    let all: Vec<Value> = names.iter().map(|name| json!({"$ref": format!("#/$defs/{name}")})).collect();
    for combine in ["anyOf", "oneOf", "allOf"] {
        let definitions: serde_json::Map<String, Value> =
            names.iter().map(|name| (name.clone(), json!({combine: all, "minProperties": 1}))).collect();
        for text in ["{}", "{\"a\":1}", "[[],[]]"] {
            let schema = json!({"$ref": "#/$defs/d0", "$defs": definitions});
            let response = Response { format: Format::Schema, schema: Some(schema.clone()), ..Response::default() };
            if CheckSuite::new(&response, &[]).is_ok() {
                by_schema(&schema, text);
            }
        }
    }
    let tree = json!({
        "$id": "http://example.com/tree",
        "$dynamicAnchor": "node",
        "type": "object",
        "properties": {"left": {"$dynamicRef": "#node"}, "right": {"$dynamicRef": "#node"}},
        "unevaluatedProperties": false,
    });
    let deep = nested(100, "{\"left\":{},\"right\":", "{\"up\":1}", "}");
    let verdict = by_schema(&tree, &deep);
    assert!(verdict.status != Status::Passed, "{}", verdict.reason);
    let good = by_schema(&tree, &nested(100, "{\"left\":{},\"right\":", "{}", "}"));
    expect("tree", &good, Status::Passed, "valid");
}

#[test]
fn every_keyword_ends_on_what_is_hostile_to_it() {
    use Status::{Failed, Inconclusive, Passed};
    let list = |count: usize, item: &dyn Fn(usize) -> String| {
        format!("[{}]", (0..count).map(item).collect::<Vec<_>>().join(","))
    };
    let numbers = list(9000, &|at| at.to_string());
    let half = "[".to_owned() + &"[[]],[[],[]],".repeat(1000) + "[]]";
    let long = format!("\"{}\"", "a".repeat(1 << 17));
    let overlong = format!("\"{}!\"", "a".repeat(5000));
    let names = list(400, &|at| format!("{{\"{}\":{at}}}", "k".repeat(at % 50 + 1)));
    let many_false: Vec<Value> = vec![json!(false); 2000];
    let patterns: serde_json::Map<String, Value> =
        (0..200).map(|at| (format!("^k{{{}}}$", at + 1), json!(true))).collect();
    let cases = [
        ("unique numbers", json!({"uniqueItems": true}), &numbers, Passed, "valid"),
        ("lists that hash alike", json!({"uniqueItems": true}), &half, Failed, "[[[]],[[],[]]"),
        (
            "many errors",
            json!({"items": {"type": "string"}}),
            &list(900, &|at| at.to_string()),
            Failed,
            "/4: 4 is not of type \"string\"; and 895 more",
        ),
        (
            "a long name in every path",
            json!({"additionalProperties": {"items": {"type": "null"}}}),
            &format!("{{\"{}\":{numbers}}}", "x".repeat(1 << 17)),
            Failed,
            "not valid against the schema",
        ),
        (
            "false over and over",
            json!({"items": {"not": {"anyOf": many_false}}}),
            &numbers,
            Inconclusive,
            "too much work: validating against the schema takes more than 2,000,000 steps",
        ),
        ("contains", json!({"contains": {"const": -1}}), &numbers, Failed, "[0,1,2"),
        ("patterns by names", json!({"items": {"patternProperties": patterns}}), &names, Inconclusive, "too much work"),
        ("a pattern of the linear engine", json!({"pattern": "^(a+)+$"}), &overlong, Failed, "\"aaa"),
        ("a long text to go back in", json!({"pattern": "(?=a.*b)c"}), &long, Inconclusive, "too much work"),
        ("a text that is short", json!({"minLength": 2_000_000_000_u64}), &long, Failed, "\"aaa"),
        ("a divisor", json!({"multipleOf": 1e-300}), &"1e300".to_owned(), Passed, "valid"),
        ("a format", json!({"format": "idn-hostname"}), &long, Failed, "\"aaa"),
        ("a format of addresses", json!({"format": "email"}), &long, Failed, "\"aaa"),
        ("a format of patterns", json!({"format": "regex"}), &format!("\"{}\"", "(a{9}".repeat(5000)), Failed, "(a{9}"),
    ];
    for (name, schema, text, status, words) in cases {
        expect(name, &by_schema(&schema, text), status, words);
    }
    let back = by_schema(&json!({"pattern": "^(?:(a+)+)\\1$"}), &overlong);
    assert!(back.status != Passed, "{}", back.reason);
    let lookahead = json!({"items": {"pattern": "^(?!.*bad)[a-z]+$"}});
    expect("look-around", &by_schema(&lookahead, &list(5, &|_| "\"good\"".to_owned())), Passed, "valid");
    for draft in ["draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12"] {
        let mut schema = json!({});
        for _ in 0..40 {
            schema = json!({"not": {"anyOf": [schema, {"type": "null"}]}, "items": {"$ref": "#"}});
        }
        schema["$schema"] = json!(format!("http://json-schema.org/{draft}/schema"));
        let verdict = by_schema(&schema, &nested(120, "[", "1,2", "]"));
        assert!(verdict.status != Passed || verdict.reason.contains("valid"), "{draft}: {}", verdict.reason);
    }
}

#[test]
fn nested_and_broken_json_is_read_in_bounded_work() {
    let text = Response { format: Format::Auto, ..Response::default() };
    let json = Check::of(CheckKind::ContainsJson);
    for (name, answer) in [
        ("brackets", "[".repeat(9000)),
        ("braces", "{\"a\":".repeat(2000)),
        ("texts that never end", "[\"a ".repeat(2000)),
        ("numbers that never end", format!("{}{}", "[1".repeat(900), "1".repeat(1 << 15))),
        ("reasoning", "<think></think>[\"".repeat(900)),
        ("fences", "```json\n".repeat(5000)),
        ("many values", format!("[{}]", "[],".repeat(1 << 17))),
        ("prose with brackets", "{ [1] (a) ".repeat(2000)),
    ] {
        for verdict in [judged(&text, std::slice::from_ref(&json), &answer), judged(&text, &[], &answer)] {
            assert!(verdict.status != Status::Passed, "{name}: {}", verdict.reason);
        }
    }
    let many = judged(&Response { format: Format::Json, ..text }, &[], &format!("[{}1]", "[],".repeat(1 << 17)));
    expect("many values", &many, Status::Inconclusive, "too much work: the answer may hold 262,146 JSON values");
}

#[test]
fn every_check_ends_on_a_huge_answer() {
    use Status::{Failed, Inconclusive, Passed};
    let plain = Response { format: Format::Text, ..Response::default() };
    let mega = "lorem ipsum, ".repeat(5000);
    let words = "lorem ipsum, ".repeat(400);
    let ten = "a ".repeat(300_000);
    let check = |kind, value: &str| Check { value: Some(value.into()), ..Check::of(kind) };
    let mut seed = 1_u32;
    let noise: String = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if seed >> 31 == 0 { 'x' } else { 'y' }
    })
    .take(1 << 15)
    .collect();
    let alphabet: Vec<Value> = (0..2000).map(|at| json!(format!("word{at}"))).collect();
    let fields: serde_json::Map<String, Value> = (0..200).map(|at| (format!("{at}"), json!(at))).collect();
    let wide = json!({"k".repeat(20_000): fields});
    for (name, check, text, status, words) in [
        (
            "edit distance",
            check(CheckKind::Levenshtein, &mega).within(2e6),
            &mega,
            Inconclusive,
            "too much work: comparing texts of 65000 and 65000 characters",
        ),
        ("far apart", check(CheckKind::Levenshtein, &mega).within(9.0), &ten, Failed, "at least"),
        ("words", check(CheckKind::RougeN, &words), &words, Passed, "ROUGE-1 1.00"),
        (
            "words of a long text",
            check(CheckKind::RougeN, "a b"),
            &ten,
            Inconclusive,
            "too much work: counting the words of",
        ),
        (
            "nested repetition",
            check(CheckKind::Regex, "(a+)+$"),
            &"a".repeat(1 << 19).replace("aa", "ab"),
            Failed,
            "matches nowhere",
        ),
        ("a common expression", check(CheckKind::Regex, r"\b\w+@\w+\.com\b"), &ten, Failed, "matches nowhere"),
        (
            "many states",
            check(CheckKind::Regex, "[ab]*b[ab ]{5000}c"),
            &"ab".repeat(1 << 15),
            Failed,
            "matches nowhere",
        ),
        (
            "states of one text",
            check(CheckKind::Regex, "(x|y)*x[xy]{4000}z"),
            &noise,
            Inconclusive,
            "needs too many states",
        ),
        (
            "many texts",
            Check { value: Some(alphabet.into()), ..Check::of(CheckKind::ContainsAny) },
            &ten,
            Inconclusive,
            "too much work: looking for 2000 texts",
        ),
        ("one text", check(CheckKind::Icontains, "needle"), &ten, Failed, "does not hold `needle`"),
        ("equal", check(CheckKind::Equals, &mega), &ten, Failed, "the answer is `a a a"),
        ("how it begins", check(CheckKind::StartsWith, &mega), &ten, Failed, "the answer begins with"),
        ("how many words", check(CheckKind::WordCount, "3"), &ten, Failed, "300000 words"),
        ("a refusal", Check::of(CheckKind::IsRefusal), &words, Failed, "no phrase"),
        ("JSON alone", Check::of(CheckKind::IsJson), &ten, Failed, "is not JSON"),
        (
            "fields with long paths",
            Check { value: Some(wide.clone()), ..Check::of(CheckKind::JsonFields) },
            &"{}".to_owned(),
            Inconclusive,
            "too much work: listing the fields",
        ),
        (
            "equal JSON",
            Check { value: Some(wide), ..Check::of(CheckKind::JsonEquals) },
            &"{}".to_owned(),
            Failed,
            "the answer is `{}`, not `{\"kkk",
        ),
    ] {
        expect(name, &judged(&plain, &[check], text), status, words);
    }
}

#[test]
fn a_template_in_a_check_is_bounded() {
    let plain = Response { format: Format::Text, ..Response::default() };
    for (bomb, words) in [
        ("{{ 'x' * 1000000000 }}", "the template repeats too much"),
        ("{{ 'a\nb' | indent(1000000000) }}", "the template repeats too much"),
        (
            "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
            "the template repeats too much",
        ),
    ] {
        let by_itself = Check { value: Some(bomb.into()), ..Check::of(CheckKind::Contains) };
        let bad = CheckSuite::new(&plain, &[by_itself]).unwrap_err().to_string();
        assert!(bad.contains("too much work") && bad.contains(words) && bad.len() < 1000, "{bad}");
        let filled = Check { value: Some(format!("{bomb}{{{{ input }}}}").into()), ..Check::of(CheckKind::Contains) };
        expect(bomb, &judged(&plain, &[filled], "x"), Status::Inconclusive, words);
    }
    let many = Check { value: Some("{{ input }}".repeat(3000).into()), ..Check::of(CheckKind::Contains) };
    let judge = CheckSuite::new(&plain, &[many]).unwrap();
    let input = Input { text: "x".repeat(10_000), ..Input::default() };
    let verdict = judge.judge_on(&hostile_answer("x"), &input).quality.verdicts.pop().unwrap();
    expect("an input over and over", &verdict, Status::Inconclusive, "too much work: this fills more than 16 MB");
}

#[test]
fn the_checks_of_an_answer_share_a_bound() {
    let text = "word ".repeat(400);
    let check = Check { value: Some(text.clone().into()), ..Check::of(CheckKind::Levenshtein) }.within(1e9);
    let checks = vec![Check { value: Some("x".repeat(950).into()), ..check }; 6];
    let judge = CheckSuite::new(&Response { format: Format::Text, ..Response::default() }, &checks).unwrap();
    let budget = WorkBudget::of(STEPS.0, STEPS.1);
    let judgement = judge.apply(&hostile_answer(&text), None, &budget);
    assert!(budget.spent() <= STEPS.1);
    let last = judgement.quality.verdicts.last().unwrap();
    expect("the last", last, Status::Inconclusive, "more than is left of the 8,000,000 steps that all checks");
}

#[test]
fn reasons_beyond_the_first_few_are_counted_together_and_none_is_lost() {
    let mut counts = UnrunCounts::default();
    for number in 0..MOST + 9 {
        counts.take("judge", &format!("down {number:03}"), 2);
    }
    let mut other = UnrunCounts::default();
    other.take("judge", "down 000", 5);
    counts.join(&other);
    let listed: Vec<Unrun> = counts.iter().collect();
    assert_eq!(listed.len(), MOST + 1);
    assert_eq!(listed[0].to_string(), "7 × judge: down 000");
    assert_eq!(listed.last().unwrap().to_string(), "18 × judge: for other reasons");
}
