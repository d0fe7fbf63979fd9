//! Every check on answers made up here.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    eval::{Answer, CheckSuite, Judgement, check::field::CheckField, judge_prompt::OwnPrompt},
    model::{
        Cost, Finish, Format, Message, PicoDollars, Quality, Response, Role, RunStatus, ToolCall, Turn,
        check::JsonComparison,
    },
};

fn answer(text: &str) -> Answer<'_> {
    Answer {
        text,
        finish: Some(&Finish::Stop),
        latency: Some(Duration::from_millis(1234)),
        cost: Cost::Unknown,
        tools: crate::eval::ToolTrace::NONE,
    }
}

fn text_format() -> Response {
    Response { format: Format::Text, finish: false, ..Response::default() }
}

fn judged(checks: &[Check], answer: &Answer<'_>, input: &Input) -> Judgement {
    CheckSuite::new(&text_format(), checks).unwrap().judge_on(answer, input)
}

fn of(check: &Check, answer: &Answer<'_>) -> Verdict {
    judged(std::slice::from_ref(check), answer, &Input::default()).quality.verdicts.pop().unwrap()
}

fn outcome(check: &Check, text: &str) -> (Status, String) {
    let verdict = of(check, &answer(text));
    (verdict.status, verdict.reason)
}

fn check(kind: &str, value: Value) -> Check {
    let check = serde_json::from_value::<Check>(json!({"type": kind})).unwrap();
    if value.is_null() { check } else { check.with(value) }
}

fn path(path: &str, comparison: JsonComparison, value: Value) -> Check {
    Check { path: Some(path.to_owned()), comparison: Some(comparison), ..check("json-path", value) }
}

#[test]
fn markup_and_shared_runs_of_words_are_judged_in_both_directions() {
    let required = json!({"requiredElements": ["order.id"]});
    for (kind, value, text, mark, reason) in [
        ("is-xml", Value::Null, "<a><b/></a>", Status::Passed, "well-formed XML"),
        ("is-xml", Value::Null, "<a>\n<b></a>", Status::Failed, "no XML, line 2: </a> where <b> is open"),
        ("is-xml", required.clone(), "<order><id>1</id></order>", Status::Passed, "well-formed XML"),
        ("is-xml", json!("order.id, order.sum"), "<order><id/></order>", Status::Failed, "XML without `order.sum`"),
        ("is-xml", Value::Null, "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", Status::Inconclusive, "DOCTYPE"),
        ("not-is-xml", Value::Null, "words", Status::Passed, "outside of the root element"),
        ("contains-xml", required.clone(), "Here: <x/> <order><id/></order>!", Status::Passed, "well-formed XML"),
        ("contains-xml", required, "Here: <x/>", Status::Failed, "XML without `order.id`"),
        ("contains-xml", Value::Null, "1 < 2", Status::Failed, "no XML element"),
        ("is-html", Value::Null, "<p>Hi</p>", Status::Passed, "HTML and nothing else"),
        ("is-html", Value::Null, "Hi <b>you</b>", Status::Failed, "not HTML alone: there is text outside"),
        ("not-contains-html", Value::Null, "Hi <b>you</b>", Status::Failed, "there is an element of HTML"),
        ("contains-html", Value::Null, "List<a>", Status::Failed, "no element of HTML"),
        ("bleu", json!("the cat is on the mat"), "the cat is on the", Status::Passed, "BLEU 0.82 ≥ threshold 0.50"),
        ("gleu", json!(["the dog", "the cat is on the mat"]), "the cat", Status::Failed, "GLEU 0.33 < threshold 0.50"),
        ("not-gleu", json!("the cat is on the mat"), "a dog", Status::Passed, "GLEU 0.00 < threshold 0.50"),
    ] {
        let (found, why) = outcome(&check(kind, value), text);
        assert!(found == mark && why.contains(reason), "{kind} {text}: {found:?} {why}");
    }
    let measured = Check { weight: Some(0.0), ..check("is-xml", Value::Null) };
    assert_eq!(outcome(&measured, "x").0, Status::Passed);
    for (kind, value) in [
        ("is-xml", json!({"elements": []})),
        ("is-html", json!("x")),
        ("bleu", json!(" ")),
        ("moderation", json!({"hate": true})),
    ] {
        assert!(validate(&[check(kind, value)]).is_err(), "{kind}");
    }
    // However long an answer is that means harm, it is judged in passing or not at all.
    for part in ["<", "<a>", "<a><!--", "a "] {
        let text = part.repeat(1_000_000 / part.len());
        for kind in ["is-xml", "contains-xml", "is-html", "contains-html", "bleu", "gleu"] {
            let value = if kind.ends_with("leu") { json!("a b") } else { Value::Null };
            let (mark, why) = outcome(&check(kind, value), &text);
            assert_ne!(mark, Status::Passed, "{kind} {part}: {why}");
        }
    }
}

#[test]
fn a_run_is_held_to_its_limits() {
    let dollars = |dollars: f64| PicoDollars((dollars * 1e12) as u64);
    let unknown = "not applied: the cost is not known; the model has no price or the provider counts no tokens";
    let limit = Check::of(CheckKind::Cost).within(0.002);
    for (cost, mark, reason) in [
        (Cost::Known(dollars(0.001)), Status::Passed, "$0.001000 ≤ maximum $0.002000"),
        (Cost::Known(dollars(0.0021)), Status::Failed, "$0.002100 > maximum $0.002000"),
        (Cost::Estimated(dollars(0.001)), Status::Passed, "~$0.001000 ≤ maximum $0.002000"),
        (Cost::AtLeast(dollars(0.003)), Status::Failed, "≥$0.003000 > maximum $0.002000"),
        (Cost::AtLeast(dollars(0.001)), Status::Inconclusive, "not applied: the cost is only known to be ≥$0.001000"),
        (Cost::Unknown, Status::Inconclusive, unknown),
    ] {
        let verdict = of(&limit, &Answer { cost, ..answer("") });
        assert_eq!((verdict.status, verdict.reason.as_str()), (mark, reason));
    }
    let limit = Check::of(CheckKind::Latency).within(2000.0);
    for (took, mark, reason) in [
        (Some(1_234_000), Status::Passed, "1234 ms ≤ maximum 2000 ms"),
        (Some(2_000_000), Status::Passed, "2000 ms ≤ maximum 2000 ms"),
        (Some(2_000_400), Status::Failed, "2000.4 ms > maximum 2000.0 ms"),
        (
            None,
            Status::Inconclusive,
            "not applied: the latency of this run is not known, as for an answer from the cache",
        ),
    ] {
        let answer = Answer { latency: took.map(Duration::from_micros), ..answer("") };
        let verdict = of(&limit, &answer);
        assert_eq!((verdict.status, verdict.reason.as_str()), (mark, reason));
        let opposite = of(&limit.clone().negated(), &answer).status;
        assert_eq!(opposite == Status::Inconclusive, mark == Status::Inconclusive);
    }
    let measured = Check { weight: Some(0.0), ..Check::of(CheckKind::Latency) };
    assert_eq!(outcome(&measured, "x"), (Status::Passed, "1234 ms".to_owned()));
    for (finish, value, mark) in [
        (Some(Finish::Length), "length", Status::Passed),
        (Some(Finish::ContextWindow), "length", Status::Passed),
        (Some(Finish::Refusal), "content_filter", Status::Passed),
        (Some(Finish::Refusal), "refusal", Status::Passed),
        (Some(Finish::Other("eos".to_owned())), "EOS", Status::Passed),
        (Some(Finish::Unknown), "stop", Status::Inconclusive),
        (None, "stop", Status::Inconclusive),
    ] {
        let answer = Answer { finish: finish.as_ref(), ..answer("x") };
        assert_eq!(of(&check("finish-reason", json!(value)), &answer).status, mark, "{finish:?}");
    }
    let declined = Answer { finish: Some(&Finish::Refusal), ..answer("fine") };
    assert_eq!(of(&Check::of(CheckKind::IsRefusal), &declined).reason, "the model declined");
}

#[test]
fn a_score_is_given_as_credit_and_turned_round_by_not() {
    let rouge = check("rouge-n", json!("the cat was under the bed"));
    let verdict = of(&rouge.clone().within(0.95), &answer("the cat was found under the bed"));
    assert_eq!((verdict.status, verdict.reason.as_str()), (Status::Failed, "ROUGE-1 0.92 < threshold 0.95"));
    assert!((verdict.credit().unwrap() - 12.0 / 13.0).abs() < 1e-12);
    let not = of(&rouge.negated(), &answer("the cat was found under the bed"));
    assert_eq!((not.status, not.reason.as_str()), (Status::Failed, "ROUGE-1 0.92 ≥ threshold 0.75"));
    assert!((not.credit().unwrap() - 1.0 / 13.0).abs() < 1e-12);
}

#[test]
fn variables_are_filled_from_the_input_or_the_check_is_skipped() {
    let input = Input { text: "parcel".to_owned(), vars: [("want".to_owned(), "4".into())].into(), ..Input::default() };
    for (check, text, mark, reason) in [
        (check("equals", json!("{{ want }}")), "4", Status::Passed, "the answer is `4`"),
        (check("contains", json!("{{ input }}")), "a parcel", Status::Passed, "the answer holds `parcel`"),
        (path("/n", JsonComparison::Equal, json!("{{ want }}")), r#"{"n": 4}"#, Status::Passed, "`/n` is 4 = `4`"),
        (check("word-count", json!("{{ want }}")), "one", Status::Failed, "1 word ≠ 4"),
        (
            check("equals", json!("{{ who }}")),
            "4",
            Status::Inconclusive,
            "not applied: `who` has no value in this input",
        ),
        (
            check("word-count", json!("{{ input }}")),
            "one",
            Status::Inconclusive,
            "not applied: for this input it expects a number of words, a range such as `20-100`, or \
         `{ min = 20, max = 100 }` and gets the string `parcel`",
        ),
    ] {
        for (check, mark) in [
            (check.clone(), mark),
            (
                check.negated(),
                match mark {
                    Status::Passed => Status::Failed,
                    Status::Failed => Status::Passed,
                    Status::Inconclusive => mark,
                },
            ),
        ] {
            let verdict = judged(&[check], &answer(text), &input).quality.verdicts.pop().unwrap();
            assert_eq!((verdict.status, verdict.reason.as_str()), (mark, reason));
        }
    }
    let judge = CheckSuite::new(&text_format(), &[check("equals", json!("{{ want }}"))]).unwrap();
    let verdict = judge.judge(&answer("4")).quality.verdicts.pop().unwrap();
    assert_eq!(
        (verdict.status, verdict.reason.as_str()),
        (Status::Inconclusive, "not applied: there is no input to fill its variables from")
    );
}

#[test]
fn what_cannot_be_applied_is_skipped_under_its_own_name() {
    let rule = json!({"type": "ruby", "value": "output.length < 10"});
    for check in [check("unsupported", rule.clone()), check("unsupported", rule).negated()] {
        let verdict = of(&check, &answer("x"));
        assert_eq!(verdict.rule, Rule::Check("ruby".to_owned()));
        assert_eq!(
            (verdict.status, verdict.reason.as_str()),
            (Status::Inconclusive, "not applied: `ruby` cannot be applied here")
        );
    }
    let rubric =
        Check { repeat: Some(3), judge: Some("big".to_owned()), ..check("llm-rubric", json!("Is it {{ want }}?")) };
    let input = Input { text: String::new(), vars: [("want".to_owned(), "kind".into())].into(), ..Input::default() };
    let judgement = judged(&[check("contains", json!("x")), rubric], &answer("x"), &input);
    let [(place, PendingCheck::Judge(rubric))] = judgement.pending.as_slice() else {
        panic!("{:?}", judgement.pending)
    };
    assert_eq!(
        (
            *place,
            rubric.asks("", &input, &[]).unwrap().1[0].text.contains("Is it kind?"),
            rubric.repeat,
            rubric.judge.as_deref()
        ),
        (2, true, 3, Some("big"))
    );
    let verdict = &judgement.quality.verdicts[*place];
    assert_eq!(
        (verdict.status, verdict.reason.as_str()),
        (Status::Inconclusive, "not applied: no judge model was asked")
    );
    assert_eq!(verdict.rule, Rule::Check("llm-rubric".to_owned()));
}

#[test]
fn weights_make_the_score_and_nothing_of_weight_0_fails() {
    let weighs = |weight: f64, value: &str| Check { weight: Some(weight), ..check("contains", json!(value)) };
    let quality = |checks: &[Check], min_score| -> Quality {
        let response = Response { min_score, ..text_format() };
        CheckSuite::new(&response, checks).unwrap().judge(&answer("a")).quality
    };
    let checks = [weighs(3.0, "a"), weighs(1.0, "b")];
    assert_eq!(quality(&checks, None).score(), Some(0.75));
    assert!(quality(&checks, None).status() != RunStatus::Passed);
    assert!(quality(&checks, Some(0.75)).status() == RunStatus::Passed);
    assert!(quality(&checks, Some(0.76)).status() != RunStatus::Passed);
    let mut free = weighs(0.0, "b");
    free.metric = Some("tone".to_owned());
    let quality = quality(&[weighs(1.0, "a"), free], None);
    assert!(quality.status() == RunStatus::Passed);
    assert_eq!(quality.score(), Some(1.0));
    let measured = &quality.verdicts[2];
    assert_eq!(
        (measured.status, measured.credit(), measured.metric.as_deref()),
        (Status::Passed, Some(0.0), Some("tone"))
    );
    assert_eq!(measured.reason, "the answer does not hold `b` (weight 0: measured, never fails)");
}

#[test]
fn what_can_never_be_applied_is_refused_by_its_key() {
    let with = |kind: &str, fields: Value| -> Check {
        let mut check = json!({"type": kind});
        check.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(check).unwrap()
    };
    for (bad, key) in [
        (with("latency", json!({})), "check[1].threshold"),
        (with("latency", json!({"threshold": -1.0})), "check[1].threshold"),
        (Check::of(CheckKind::Cost).within(f64::INFINITY), "check[1].threshold"),
        (with("latency", json!({"value": "2000", "threshold": 1})), "check[1].value"),
        (with("equals", json!({})), "check[1].value"),
        (with("contains", json!({"value": ""})), "check[1].value"),
        (with("contains", json!({"value": ["x"]})), "check[1].value"),
        (with("contains", json!({"value": "x", "threshold": 1})), "check[1].threshold"),
        (with("contains", json!({"value": "x", "weight": -1})), "check[1].weight"),
        (with("contains", json!({"value": "x", "path": "/a"})), "check[1].path"),
        (with("contains", json!({"value": "{% if x %}"})), "check[1].value"),
        (with("contains-any", json!({"value": []})), "check[1].value"),
        (with("contains-all", json!({"value": [{"a": 1}]})), "check[1].value"),
        (with("regex", json!({"value": "("})), "check[1].value"),
        (with("regex", json!({"value": "(?=x)y"})), "check[1].value"),
        (with("regex", json!({"value": r"(a)\1"})), "check[1].value"),
        (with("regex", json!({"value": r"(\w{500}){500}"})), "check[1].value"),
        (with("is-json", json!({"value": {"type": "strng"}})), "check[1].value"),
        (with("is-json", json!({"value": "{"})), "check[1].value"),
        (with("contains-json", json!({"value": {"$ref": "http://127.0.0.1/x"}})), "check[1].value"),
        (with("levenshtein", json!({"value": "x", "threshold": -2})), "check[1].threshold"),
        (with("rouge-n", json!({"value": "x", "threshold": 2})), "check[1].threshold"),
        (with("rouge-n", json!({"value": " "})), "check[1].value"),
        (with("word-count", json!({"value": {"min": 5, "max": 2}})), "check[1].value"),
        (with("word-count", json!({"value": {"least": 5}})), "check[1].value"),
        (with("word-count", json!({"value": -1})), "check[1].value"),
        (with("is-refusal", json!({"value": "x"})), "check[1].value"),
        (with("required", json!({})), "check[1].value"),
        (with("required", json!({"value": ["/a~2"]})), "check[1].value"),
        (with("confidence", json!({"threshold": 0.5})), "check[1].path"),
        (with("confidence", json!({"path": "/c"})), "check[1].threshold"),
        (with("completeness", json!({"value": "a", "threshold": 2})), "check[1].threshold"),
        (with("json-path", json!({"value": 1})), "check[1].path"),
        (with("json-path", json!({"path": "a", "value": 1})), "check[1].path"),
        (with("json-path", json!({"path": "/a"})), "check[1].value"),
        (with("json-path", json!({"path": "/a", "op": "<", "value": "x"})), "check[1].value"),
        (with("llm-rubric", json!({"value": " "})), "check[1].value"),
        (with("llm-rubric", json!({"value": "x", "repeat": 0})), "check[1].repeat"),
        (with("llm-rubric", json!({"value": "x", "threshold": 7})), "check[1].threshold"),
        (with("latency", json!({"threshold": 1, "metric": "{% if %}"})), "check[1].metric"),
    ] {
        let error = validate(&[check("contains", json!("x")), bad.clone()]).unwrap_err();
        assert_eq!(error.key, key, "{bad:?}: {error}");
    }
    let words = |check: Check| validate(&[check]).unwrap_err().to_string();
    assert_eq!(
        words(Check::of(CheckKind::Latency)),
        "`check[0].threshold`: expected a number of milliseconds, 0 or more, found nothing"
    );
    assert_eq!(
        words(check("contains", json!("x")).within(1.0)),
        "`check[0].threshold`: expected `value` alone for `contains`, found `threshold`"
    );
    assert_eq!(
        words(check("regex", json!("a(?=b)"))),
        "`check[0].value`: expected a regular expression without look-around and backreferences, found `a(?=b)` \
     (look-around, including look-ahead and look-behind, is not supported)"
    );
    for fine in [
        with("regex", json!({"value": "{{ pattern }}("})),
        with("word-count", json!({"value": "{{ n }}"})),
        with("is-json", json!({"value": "{{ schema }}"})),
        with("is-json", json!({"value": ""})),
        with("unsupported", json!({"value": {"type": "python"}, "threshold": 9})),
    ] {
        assert_eq!(validate(std::slice::from_ref(&fine)), Ok(()), "{fine:?}");
    }
}

#[test]
fn the_keys_for_a_prompt_of_its_own_are_those_of_the_kinds_that_are_read_by_one() {
    for kind in CheckKind::ALL {
        let own = OwnPrompt::of(*kind);
        let has = |field| spec(*kind).fields.contains(&field);
        assert_eq!(has(CheckField::JudgePrompt), own.is_some(), "{}", kind.name());
        assert_eq!(has(CheckField::FirstPrompt), own.is_some_and(|own| own.first.is_some()), "{}", kind.name());
        assert!(own.is_none_or(|own| own.listed().is_some() == own.first.is_some()), "{}", kind.name());
    }
    let turns = |text: &str| vec![Turn::of(Role::User, text)];
    let steps = Check { judge_prompt: turns("{{ steps }}"), ..check("g-eval", "kind".into()) };
    let both = Check { first_prompt: turns("How?"), ..steps.clone() };
    assert!(validate(std::slice::from_ref(&both)).is_ok());
    let unnamed = Check { judge_prompt: turns("{{ output }}"), ..both.clone() };
    let named = Check { judge_prompt: turns("{{ bogus | shout }}"), ..check("select-best", "x".into()) };
    let other = Check { judge_prompt: turns("{{ first }}"), ..Check::of(CheckKind::Pairwise) };
    for (check, key, words) in [
        (steps, "first_prompt", "messages that ask for `steps`"),
        (unnamed, "judge_prompt", "messages that name `steps`"),
        (Check { judge_prompt: Vec::new(), ..both }, "judge_prompt", "what it is asked for"),
        (named, "judge_prompt", "shout"),
        (Check { judge_prompt: turns("x"), ..check("relevance", "x".into()) }, "judge_prompt", "alone"),
        (other, "value", "nothing"),
    ] {
        let error = validate(&[check]).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(words), "{key} {words}: {error}");
    }
}

#[test]
fn hostile_answers_end_soon_and_are_told_safely() {
    let all: Vec<Check> = every().collect();
    let hostile = [
        "[".repeat(5_000),
        "{\"".repeat(2_500),
        "{\"a\":".repeat(5_000),
        format!("\u{1b}[2J\u{202e}{}", "x ".repeat(2_000)),
        "'".repeat(2_500),
        "\"a\" ".repeat(500),
        "a".repeat(5_000),
        "sorry ".repeat(1_000),
        "<think>".repeat(1_000),
        "</think>[[".repeat(1_000),
        "<think>{\"a\":[".repeat(500),
        "<|channel|>final<|constrain|>".repeat(300),
        "< ".repeat(2_500),
        "[ (".repeat(1_000) + &"}".repeat(1_000) + &"{}".repeat(1_000),
        "{\"a\":1},".repeat(1_000),
        "{'".repeat(2_500),
    ];
    for text in &hostile {
        for verdict in judged(&all, &answer(text), &Input::default()).quality.verdicts {
            assert!(verdict.reason.chars().count() < 900, "{}: {}", verdict.rule, verdict.reason.len());
            assert!(!verdict.reason.contains(['\u{1b}', '\u{202e}', '\n']), "{}: {}", verdict.rule, verdict.reason);
        }
    }
}

fn call(name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: name.to_owned(), name: name.to_owned(), arguments: arguments.to_owned(), ..ToolCall::default() }
}

#[test]
fn the_tools_that_were_called_are_judged_over_all_rounds() {
    let rounds = [
        Message {
            tool_calls: vec![call("find", r#"{"number": "4711", "deep": {"x": 2}}"#)],
            ..Message::of(Role::Assistant, "")
        },
        Message::of(Role::Tool, "found"),
    ];
    let calls =
        [call("cancel", "{}"), ToolCall { problem: Some("`why` is missing".to_owned()), ..call("refund", "{}") }];
    let answer = Answer { tools: crate::eval::ToolTrace { rounds: &rounds, calls: &calls }, ..answer("x") };
    // A kind, its value, and whether it holds; each is true or false the other way round as well.
    for (kind, value, holds) in [
        ("tool-called", json!("find"), true),
        ("tool-called", json!("find, refund"), true),
        ("tool-called", json!(["find", "pay"]), false),
        ("not-tool-called", json!(["find", "pay"]), false),
        ("not-tool-called", json!(["pay"]), true),
        ("tool-order", json!(["find", "refund"]), true),
        ("tool-order", json!(["refund", "find"]), false),
        ("not-tool-order", json!(["refund", "find"]), true),
        ("tool-args", json!({"tool": "find", "args": {"number": "4711"}}), true),
        ("tool-args", json!({"tool": "find", "args": {"number": 4711}}), false),
        ("tool-args", json!({"tool": "find", "only": {"number": "4711"}}), false),
        ("tool-args", json!({"tool": "find", "schema": {"required": ["deep"]}}), true),
        ("tool-args", json!({"tool": "find", "schema": {"required": ["shallow"]}}), false),
        ("tool-args", json!({"tool": "find", "path": "/deep/x", "op": ">=", "value": 2}), true),
        ("tool-args", json!({"tool": "find", "path": "/deep/x", "op": "<", "value": 2}), false),
        ("tool-args", json!({"tool": "refund"}), false),
        ("tool-args", json!("cancel"), true),
        ("tool-args", json!("pay"), false),
        ("tool-call-f1", json!("find, cancel, refund"), true),
        ("tool-call-f1", json!(["find"]), false),
        ("is-valid-openai-tools-call", Value::Null, false),
        ("not-is-valid-function-call", Value::Null, true),
    ] {
        let verdict = of(&check(kind, value.clone()), &answer);
        assert_eq!(verdict.status == Status::Passed, holds, "{kind} {value}: {}", verdict.reason);
        assert_ne!(verdict.status, Status::Inconclusive, "{kind} {value}: {}", verdict.reason);
    }
    let half = of(&Check { threshold: Some(0.5), ..check("tool-call-f1", json!(["find"])) }, &answer);
    assert_eq!((half.status, half.credit), (Status::Passed, Some(0.5)), "{}", half.reason);
    let none = of(&check("is-valid-function-call", Value::Null), &self::answer("no call"));
    assert_eq!((none.status, none.reason.as_str()), (Status::Failed, "no tool was called"));
}

#[test]
fn an_answer_of_calls_alone_is_read_as_json_of_them() {
    let calls = [call("find", r#"{"number": "4711"}"#)];
    let answer = Answer { tools: crate::eval::ToolTrace { rounds: &[], calls: &calls }, ..answer("") };
    for (kind, value) in [("is-json", Value::Null), ("contains", json!("find")), ("tool-called", json!("find"))] {
        assert_eq!(of(&check(kind, value), &answer).status, Status::Passed, "{kind}");
    }
    let json = Response { format: Format::Json, required: vec!["a".to_owned()], ..Response::default() };
    let judged = CheckSuite::new(&json, &[]).unwrap().judge(&answer);
    assert_eq!(judged.quality.status(), RunStatus::Unchecked, "nothing was answered yet: {:?}", judged.quality);
}

/// A check of every kind.
fn every() -> impl Iterator<Item = Check> {
    CheckKind::ALL.iter().map(|kind| match kind {
        CheckKind::Latency => Check::of(*kind).within(1000.0),
        CheckKind::Cost => Check::of(*kind).within(0.1),
        CheckKind::IsJson | CheckKind::ContainsJson => Check::of(*kind).with(json!({"required": ["a"]})),
        CheckKind::Confidence => Check { path: Some("/a".to_owned()), ..Check::of(*kind).within(0.5) },
        CheckKind::JsonEquals | CheckKind::JsonFields => Check::of(*kind).with(json!({"a": {"b": 1}, "c": [2]})),
        CheckKind::JsonPath => path("/a", JsonComparison::Equal, json!("x")),
        CheckKind::ToolArgs => Check::of(*kind).with(json!({"tool": "f", "args": {"a": 1}})),
        CheckKind::MaxScore => Check::of(*kind).with(json!({"weights": {"equals": 2}})),
        CheckKind::WordCount => Check::of(*kind).with(2),
        CheckKind::Exec => Check::of(*kind).with(json!(["a"])),
        CheckKind::Regex => Check::of(*kind).with("(a|aa)+$"),
        kind if spec(*kind).keys().any(|key| key == "value") => Check::of(*kind).with("a"),
        kind => Check::of(*kind),
    })
}

proptest! {
    #[test]
    fn not_turns_every_verdict_round_or_leaves_it_skipped(
        text in prop_oneof![".{0,40}", "[a-c {}\\[\\]\":,0-9]{0,40}", Just(r#"{"a": 0.5}"#.to_owned())],
        took in prop::option::of(0_u64..2000),
        cost in prop_oneof![
            Just(Cost::Unknown),
            any::<u32>().prop_map(|n| Cost::Known(PicoDollars(u64::from(n) * 100))),
            any::<u32>().prop_map(|n| Cost::AtLeast(PicoDollars(u64::from(n) * 100))),
        ],
    ) {
        let answer = Answer { latency: took.map(Duration::from_millis), cost, ..answer(&text) };
        for check in every() {
            let (plain, not) = (of(&check, &answer), of(&check.clone().negated(), &answer));
            match plain.status {
                Status::Inconclusive => prop_assert_eq!(not.status, Status::Inconclusive, "{}", check.kind),
                Status::Passed => prop_assert_eq!(not.status, Status::Failed, "{}", check.kind),
                Status::Failed => prop_assert_eq!(not.status, Status::Passed, "{}", check.kind),
            }
            if let (Some(credit), Some(other)) = (plain.credit(), not.credit()) {
                prop_assert!((credit + other - 1.0).abs() < 1e-9 && (0.0..=1.0).contains(&credit), "{}", check.kind);
            }
        }
    }

    #[test]
    fn no_check_panics_whatever_it_holds(value in ".{0,20}", text in ".{0,40}", vars in ".{0,20}") {
        let input = Input { text: text.clone(), vars: [("v".to_owned(), vars.into())].into(), ..Input::default() };
        for kind in CheckKind::ALL {
            for value in [value.clone(), format!("{{{{ v }}}}{value}")] {
                let check = Check { path: Some("/a".to_owned()), ..Check::of(*kind).with(value) };
                for check in [Check { path: None, ..check.clone() }, check] {
                    if let Ok(judge) = CheckSuite::new(&text_format(), &[check]) {
                        let quality = judge.judge_on(&answer(&text), &input).quality;
                        prop_assert_eq!(quality.verdicts.len(), 2);
                    }
                }
            }
        }
    }
}

#[test]
fn texts_are_compared() {
    use Status::{Failed as Fail, Passed as Pass};
    for (kind, value, text, mark, reason) in [
        ("equals", json!("yes"), "yes", Pass, "the answer is `yes`"),
        ("equals", json!("yes"), "<think>no</think>\nyes\n", Pass, "the answer is `yes`"),
        ("equals", json!("yes"), "Yes", Fail, "the answer is `Yes`, not `yes`"),
        ("equals", json!("yes"), "<think>no</think>yes", Pass, "the answer is `yes`"),
        ("equals", json!(4), "4", Pass, "the answer is `4`"),
        ("equals", json!({"a": 1, "b": 2}), "{\"b\": 2.0, \"a\": 1}", Pass, "the answer is `{\"a\":1,\"b\":2}`"),
        ("equals", json!({"a": 1}), "{\"a\": 2}", Fail, "the answer is `{\"a\":2}`, not `{\"a\":1}`"),
        ("equals", json!([1]), "one", Fail, "the answer is `one`, which is not JSON"),
        (
            "equals",
            json!("{\"a\":1}"),
            "{\"a\": 1}",
            Fail,
            "the answer is `{\"a\": 1}`, not `{\"a\":1}`; they differ in white space alone: character 6 is a space in the \
         answer and `1` in what is expected",
        ),
        (
            "equals",
            json!("yes"),
            "yes ",
            Fail,
            "the answer is `yes`, not `yes`; they differ in white space alone: the answer goes on with a space at \
         character 4",
        ),
        (
            "contains",
            json!("a refund"),
            "a\nrefund",
            Fail,
            "the answer does not hold `a refund`; without white space and characters that are not seen, it does",
        ),
        (
            "icontains-any",
            json!(["X", "A  B"]),
            "a b",
            Fail,
            "the answer holds none of `X`, `A  B`; without white space and characters that are not seen, it does",
        ),
        (
            "starts-with",
            json!("Dear"),
            "\u{feff}Dear you",
            Fail,
            "the answer begins with `Dea`, not `Dear`; without white space and characters that are not seen, it does",
        ),
        (
            "starts-with",
            json!("Dear you"),
            "Dear\tyou,",
            Fail,
            "the answer begins with `Dear you`, not `Dear you`; they differ in white space alone: character 5 is a tab in \
         the answer and a space in what is expected",
        ),
        ("contains", json!("refund"), "a refund is due", Pass, "the answer holds `refund`"),
        ("contains", json!("refund"), "<think>refund</think>no", Fail, "the answer does not hold `refund`"),
        ("contains", json!("Refund"), "a refund is due", Fail, "the answer does not hold `Refund`"),
        ("contains", json!(0), "10", Pass, "the answer holds `0`"),
        ("icontains", json!("REFUND"), "a Refund is due", Pass, "the answer holds `REFUND`"),
        ("icontains", json!("ÄRGER"), "viel Ärger", Pass, "the answer holds `ÄRGER`"),
        ("contains-any", json!(["x", "due"]), "a refund is due", Pass, "the answer holds `due`"),
        ("contains-any", json!("x, due"), "a refund is due", Pass, "the answer holds `due`"),
        ("contains-any", json!(["x", "y"]), "a refund", Fail, "the answer holds none of `x`, `y`"),
        ("contains-all", json!(["a", "b"]), "ab", Pass, "the answer holds all of `a`, `b`"),
        ("contains-all", json!("\"1,000\", b"), "1,000 b", Pass, "the answer holds all of `1,000`, `b`"),
        ("contains-all", json!(["a", "b", "c"]), "a", Fail, "the answer does not hold `b`, `c`"),
        ("icontains-any", json!(["X", "DUE"]), "due", Pass, "the answer holds `DUE`"),
        ("icontains-all", json!(["A", "B"]), "a", Fail, "the answer does not hold `B`"),
        ("starts-with", json!("Dear"), "Dear you", Pass, "the answer begins with `Dear`"),
        ("starts-with", json!("Dear"), "Hello you", Fail, "the answer begins with `Hell`, not `Dear`"),
        ("regex", json!("\\d{4}"), "in 1999", Pass, "`\\d{4}` matches `1999`"),
        ("regex", json!("^\\d+$"), "in 1999", Fail, "`^\\d+$` matches nowhere"),
        ("regex", json!("(?i)YEAR"), "year", Pass, "`(?i)YEAR` matches `year`"),
        ("levenshtein", json!("sitting"), "kitten", Pass, "3 changes ≤ threshold 5"),
        ("word-count", json!(3), "one two  three\n", Pass, "3 words = 3"),
        ("word-count", json!("3"), "one two", Fail, "2 words ≠ 3"),
        ("word-count", json!({"min": 2, "max": 4}), "one", Fail, "1 word outside 2 to 4"),
        ("word-count", json!("2-4"), "one two", Pass, "2 words within 2 to 4"),
        ("word-count", json!({"min": 2}), "one", Fail, "1 word < minimum 2"),
        ("word-count", json!({"max": 2}), "one", Pass, "1 word ≤ maximum 2"),
        ("equals", json!("yes"), "<|channel|>analysis<|message|>no<|end|>yes", Pass, "the answer is `yes`"),
        ("contains", json!("yes"), "<think>yes, yes", Fail, "the answer does not hold `yes`"),
        ("format", json!(null), "<think>yes, yes", Fail, "there is nothing but reasoning"),
        ("is-refusal", json!(null), "I can't help with that.", Pass, "the answer says `can't help`"),
        ("is-refusal", json!(null), "Of course.", Fail, "no phrase of a refusal was found"),
        ("finish-reason", json!("STOP"), "x", Pass, "the model stopped for `stop`"),
        ("finish-reason", json!("length"), "x", Fail, "the model stopped for `stop`, not `length`"),
        ("format", json!(null), "x", Pass, "text of 1 characters"),
    ] {
        assert_eq!(outcome(&check(kind, value.clone()), text), (mark, reason.to_owned()), "{kind} {value} {text:?}");
        let flipped = if mark == Pass { Fail } else { Pass };
        let not = check(kind, value.clone()).negated();
        assert_eq!(outcome(&not, text), (flipped, reason.to_owned()), "not-{kind} {value} {text:?}");
        assert_eq!(of(&not, &answer(text)).rule, Rule::Check(format!("not-{kind}")));
    }
}

#[test]
fn json_is_found_and_compared() {
    use JsonComparison::{AtLeast, AtMost, Equal, Greater, Less, Unequal};
    use Status::{Failed as Fail, Passed as Pass};
    let schema = json!({"type": "object", "required": ["a"]});
    let sure = |least: f64| Check { path: Some("/c".to_owned()), ..check("confidence", json!(null)).within(least) };
    let doc = r#"It is {"b": 2} or {"a": 1, "c": 0.75, "s": "5", "t": true}."#;
    let whole = r#"{"a": 1, "c": 0.75, "s": "5", "t": true, "e": ""}"#;
    for (check, text, mark, reason) in [
        (check("is-json", json!(null)), "[1]", Pass, "JSON: an array"),
        (
            check("is-json", json!(null)),
            "x",
            Fail,
            "the answer is `x`, which is not JSON: expected value at line 1, column 1",
        ),
        (check("is-json", schema.clone()), whole, Pass, "valid against the schema"),
        (check("is-json", schema.clone()), "{}", Fail, "\"a\" is a required property"),
        (check("is-json", json!(schema.to_string())), "{}", Fail, "\"a\" is a required property"),
        (check("contains-json", json!(null)), doc, Pass, "JSON: an object"),
        (check("contains-json", json!(null)), "42 {x}", Fail, "no JSON object was found"),
        (check("contains-json", schema.clone()), doc, Pass, "valid against the schema"),
        (check("contains-json", json!(null)), r#"{'x': {"a": 1}}"#, Fail, "no JSON object was found"),
        (check("contains-json", json!(null)), r#"<think>{"a": 1}</think>no"#, Fail, "no JSON object was found"),
        (check("contains-json", json!(null)), r#"no <think>{"a": 1}</think>"#, Fail, "no JSON object was found"),
        (
            check("is-json", json!(null)),
            r#"{"a": NaN}"#,
            Fail,
            "the answer is `{\"a\": NaN}`, which is not JSON: `NaN` is not JSON, which has a number or `null` at line 1, \
         column 7",
        ),
        (
            check("is-json", json!({"properties": {"d": {"format": "date"}}})),
            r#"{"d": "tomorrow"}"#,
            Fail,
            "/d: \"tomorrow\" is not a \"date\"",
        ),
        (
            check("is-json", json!({"properties": {"a": {"items": [{"type": "string"}, {"type": "string"}]}}})),
            r#"{"a": ["x", 2]}"#,
            Fail,
            "/a/1: 2 is not of type \"string\"",
        ),
        (check("contains-json", schema), "It is {\"b\": 2}", Fail, "\"a\" is a required property"),
        (check("required", json!(["a", "/c"])), whole, Pass, "filled: `a`, `/c`"),
        (check("required", json!("a, e, x")), whole, Fail, "`e` is an empty string; `x` is missing"),
        (
            check("completeness", json!(["a", "x"])).within(0.5),
            whole,
            Pass,
            "1 of 2 filled: 0.50 ≥ minimum 0.50; `x` missing",
        ),
        (check("completeness", json!(["a", "x"])), whole, Fail, "1 of 2 filled: 0.50 < minimum 1.00"),
        (sure(0.7), whole, Pass, "0.75 ≥ minimum 0.70 (the model's own number)"),
        (sure(0.8), whole, Fail, "0.75 < minimum 0.80 (the model's own number)"),
        (path("/c", AtLeast, json!(0.8)), whole, Fail, "`/c` is 0.75, not ≥ 0.8"),
        (path("/c", Greater, json!(0.7)), whole, Pass, "`/c` is 0.75 > 0.7"),
        (path("/c", AtMost, json!("0.75")), whole, Pass, "`/c` is 0.75 ≤ `0.75`"),
        (path("/a", Less, json!(1)), whole, Fail, "`/a` is 1, not < 1"),
        (path("/a", Equal, json!(1.0)), whole, Pass, "`/a` is 1 = 1.0"),
        (path("/a", Equal, json!("1")), whole, Pass, "`/a` is 1 = `1`"),
        (path("/t", Equal, json!("true")), whole, Pass, "`/t` is `true` = `true`"),
        (path("/s", Equal, json!(5)), whole, Fail, "`/s` is `5`, not = 5"),
        (path("/s", Less, json!(9)), whole, Fail, "`/s` is `5`, which is not a number"),
        (path("/s", Unequal, json!("6")), whole, Pass, "`/s` is `5` ≠ `6`"),
        (
            path("/s", Equal, json!("5 ")),
            whole,
            Fail,
            "`/s` is `5`, not = `5`; they differ in white space alone: the answer lacks a space at character 2",
        ),
        (path("/z", Unequal, json!("6")), whole, Fail, "there is nothing at `/z`"),
        (path("/b", Equal, json!(2)), "It is {\"b\": 2}.", Pass, "`/b` is 2 = 2"),
    ] {
        assert_eq!(outcome(&check, text), (mark, reason.to_owned()), "{} {:?}", check.kind, check.value);
        let flipped = if mark == Pass { Fail } else { Pass };
        assert_eq!(outcome(&check.clone().negated(), text).0, flipped, "not-{}", check.kind);
    }
    for kind in [check("required", json!("a")), path("/a", Equal, json!(1)), sure(0.5)] {
        for check in [kind.clone(), kind.negated()] {
            let (mark, reason) = outcome(&check, "no");
            assert_eq!(mark, Status::Inconclusive);
            assert!(reason.starts_with("not applied: no JSON was found:"), "{reason}");
            let (mark, reason) = outcome(&check, doc);
            assert_eq!(mark, Status::Inconclusive);
            assert_eq!(reason, "not applied: it holds JSON that differs: which is meant is not clear");
        }
    }
}

#[test]
fn a_distance_made_by_white_space_is_told_as_that() {
    let near = check("levenshtein", json!("hello")).within(0.0);
    assert_eq!(
        outcome(&near, "hello\u{a0}"),
        (
            Status::Failed,
            "1 change > threshold 0; they differ in white space alone: the answer goes on with a no-break space \
         (U+00A0) at character 6"
                .to_owned()
        )
    );
    assert_eq!(outcome(&near, "hallo"), (Status::Failed, "1 change > threshold 0".to_owned()));
}
