//! Every check: what passes, what fails, what is skipped, and the opposite of each.

mod compared;
mod hostile;

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{
    eval::{Answer, Judge, Judgement},
    model::{Cost, Finish, Format, PicoDollars, Quality, Response, RunStatus, check::Comparison},
};

fn answer(text: &str) -> Answer<'_> {
    Answer { text, finish: Some(&Finish::Stop), latency: Some(Duration::from_millis(1234)), cost: Cost::Unknown }
}

fn text_format() -> Response {
    Response { format: Format::Text, finish: false, ..Response::default() }
}

fn judged(checks: &[Check], answer: &Answer<'_>, input: &Input) -> Judgement {
    Judge::new(&text_format(), checks).unwrap().judge_on(answer, input)
}

fn of(check: &Check, answer: &Answer<'_>) -> Verdict {
    judged(std::slice::from_ref(check), answer, &Input::default()).quality.verdicts.pop().unwrap()
}

fn told(check: &Check, text: &str) -> (Status, String) {
    let verdict = of(check, &answer(text));
    (verdict.status, verdict.reason)
}

fn check(kind: &str, value: serde_json::Value) -> Check {
    let check = serde_json::from_value::<Check>(json!({"type": kind})).unwrap();
    if value.is_null() { check } else { check.with(value) }
}

fn path(path: &str, comparison: Comparison, value: serde_json::Value) -> Check {
    Check { path: Some(path.to_owned()), comparison: Some(comparison), ..check("json-path", value) }
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
    assert_eq!(told(&measured, "x"), (Status::Passed, "1234 ms".to_owned()));
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
    let input = Input { text: "parcel".to_owned(), vars: [("want".to_owned(), "4".into())].into() };
    for (check, text, mark, reason) in [
        (check("equals", json!("{{ want }}")), "4", Status::Passed, "the answer is `4`"),
        (check("contains", json!("{{ input }}")), "a parcel", Status::Passed, "the answer holds `parcel`"),
        (path("/n", Comparison::Equal, json!("{{ want }}")), r#"{"n": 4}"#, Status::Passed, "`/n` is 4 = `4`"),
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
    let judge = Judge::new(&text_format(), &[check("equals", json!("{{ want }}"))]).unwrap();
    let verdict = judge.judge(&answer("4")).quality.verdicts.pop().unwrap();
    assert_eq!(
        (verdict.status, verdict.reason.as_str()),
        (Status::Inconclusive, "not applied: there is no input to fill its variables from")
    );
}

#[test]
fn what_cannot_be_applied_is_skipped_under_its_own_name() {
    let rule = json!({"type": "javascript", "value": "output.length < 10"});
    for check in [check("unsupported", rule.clone()), check("unsupported", rule).negated()] {
        let verdict = of(&check, &answer("x"));
        assert_eq!(verdict.rule, Rule::Check("javascript".to_owned()));
        assert_eq!(
            (verdict.status, verdict.reason.as_str()),
            (Status::Inconclusive, "not applied: `javascript` cannot be applied here")
        );
    }
    let rubric =
        Check { repeat: Some(3), judge: Some("big".to_owned()), ..check("llm-rubric", json!("Is it {{ want }}?")) };
    let input = Input { text: String::new(), vars: [("want".to_owned(), "kind".into())].into() };
    let judgement = judged(&[check("contains", json!("x")), rubric], &answer("x"), &input);
    let [(place, rubric)] = judgement.rubrics.as_slice() else { panic!("{:?}", judgement.rubrics) };
    assert_eq!(
        (*place, rubric.text.as_str(), rubric.repeat, rubric.judge.as_deref()),
        (2, "Is it kind?", 3, Some("big"))
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
        Judge::new(&response, checks).unwrap().judge(&answer("a")).quality
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
    let with = |kind: &str, fields: serde_json::Value| -> Check {
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
    let told = |check: Check| validate(&[check]).unwrap_err().to_string();
    assert_eq!(
        told(Check::of(CheckKind::Latency)),
        "`check[0].threshold`: expected a number of milliseconds, 0 or more, found nothing"
    );
    assert_eq!(
        told(check("contains", json!("x")).within(1.0)),
        "`check[0].threshold`: expected `value` alone for `contains`, found `threshold`"
    );
    assert_eq!(
        told(check("regex", json!("a(?=b)"))),
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
