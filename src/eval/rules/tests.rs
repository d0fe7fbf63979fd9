//! The list of rules: its order, its verdicts, its forms, what it refuses.

use serde_json::json;

use super::*;
use crate::{
    eval::Answer,
    model::{Format, Response, RunStatus},
};

fn prompt() -> Prompt {
    Prompt {
        response: Response {
            format: Format::Json,
            required: vec!["a".to_owned(), "b".to_owned()],
            confidence: Some("/c".to_owned()),
            min_confidence: Some(0.7),
            schema: Some(json!({"type": "object"})),
            ..Response::default()
        },
        checks: vec![
            Check::of(CheckKind::Contains).with("needle"),
            Check { enabled: false, ..Check::of(CheckKind::Icontains).with("HAY") },
            Check::of(CheckKind::WordCount).with(1),
        ],
        ..Prompt::default()
    }
}

fn judge(prompt: &Prompt, text: &str) -> Quality {
    let suite = CheckSuite::new(&prompt.response, &prompt.checks).unwrap();
    suite
        .judge(&Answer {
            text,
            finish: None,
            latency: None,
            cost: crate::model::Cost::Unknown,
            tools: crate::eval::ToolTrace::NONE,
        })
        .quality
}

#[test]
fn the_list_names_every_rule_in_the_order_of_the_verdicts() {
    let prompt = prompt();
    let said: Vec<_> = list(&prompt).into_iter().map(|at| (name(at, &prompt), rule_text(at, &prompt))).collect();
    let said: Vec<_> = said.iter().map(|(name, rule)| (name.as_str(), rule.as_str())).collect();
    assert_eq!(
        said,
        [
            ("format", "JSON"),
            ("schema", "the schema"),
            ("required", "2 fields"),
            ("completeness", "≥ 1.00"),
            ("confidence", "/c ≥ 0.70"),
            ("contains", "\"needle\""),
            ("icontains", "\"HAY\" any case"),
            ("word-count", "1"),
        ]
    );
}

#[test]
fn each_rule_finds_its_verdict_and_those_that_are_off_count_for_nothing() {
    let mut prompt = prompt();
    switch(RulePlace::Response(ResponseRule::Required), &mut prompt).unwrap();
    let judged = all_on(&prompt);
    let quality = judge(&judged, r#"{"a":"needle","b":"","c":0.9}"#);
    let statuses: Vec<_> =
        list(&prompt).into_iter().map(|at| verdict_of(at, &judged, &quality).map(|verdict| verdict.status)).collect();
    let (pass, fail) = (Some(Status::Passed), Some(Status::Failed));
    assert_eq!(statuses, [pass, pass, fail, fail, pass, pass, fail, pass]);
    let own = judge(&prompt, r#"{"a":"needle","b":"","c":0.9}"#);
    let said = |quality: &Quality| {
        quality.verdicts.iter().map(|verdict| (verdict.rule.clone(), verdict.status)).collect::<Vec<_>>()
    };
    let counted = counting(&prompt, &judged, &quality);
    assert_eq!(said(&counted), said(&own), "the same as if it were judged by those that are on");
    assert_eq!(counted.status(), own.status());
    switch(RulePlace::Response(ResponseRule::Completeness), &mut prompt).unwrap();
    assert_eq!(counting(&prompt, &judged, &quality).status(), RunStatus::Passed);
}

#[test]
fn every_rule_can_be_filled_in_added_and_removed() {
    for new in NewRule::all(&Prompt::default()) {
        let mut prompt = Prompt::default();
        let place = new.add_to(&mut prompt);
        assert!(!new.about().contains(['`', '[', '*']), "{}", new.about());
        let lines: Vec<_> = form(place, &prompt).into_iter().map(|field| (field.key, field.text)).collect();
        assert_eq!(filled(place, &prompt, &lines).unwrap(), prompt, "{new:?}");
        if list(&prompt).contains(&place) {
            remove(place, &mut prompt).unwrap_or_else(|why| panic!("{new:?}: {why}"));
        }
        assert_eq!(prompt, Prompt::default());
    }
}

#[test]
fn what_can_never_hold_is_told_at_its_field() {
    let confidence = RulePlace::Response(ResponseRule::Confidence);
    let lines = [("min_confidence", "0.8".to_owned())];
    let half = filled(confidence, &Prompt::default(), &lines).unwrap();
    assert_eq!(validate(confidence, &half).unwrap_err().0, "confidence", "a minimum needs a place");
    let mut prompt = Prompt::default();
    let regex = NewRule::Check(CheckKind::Regex).add_to(&mut prompt);
    assert_eq!(validate(regex, &prompt).unwrap_err().0, "value");
    let prompt = filled(regex, &prompt, &[("value", "(".to_owned())]).unwrap();
    let (key, why) = validate(regex, &prompt).unwrap_err();
    assert!(key == "value" && why.contains("a regular expression"), "{why}");
    let required = RulePlace::Response(ResponseRule::Required);
    assert_eq!(validate(required, &Prompt::default()).unwrap_err().0, "required");
}

#[test]
fn the_threshold_of_a_rule_is_the_one_that_can_be_moved() {
    let mut prompt = prompt();
    prompt.checks.push(Check::of(CheckKind::Latency).within(2000.0));
    let knob = threshold_of(RulePlace::Check(3), &prompt).unwrap();
    assert_eq!((knob.rule.as_str(), knob.present), ("latency", Some(2000.0)));
    assert!(threshold_of(RulePlace::Response(ResponseRule::Confidence), &prompt).is_ok());
    assert!(threshold_of(RulePlace::Check(0), &prompt).unwrap_err().contains("no threshold"));
    prompt.checks[3].enabled = false;
    assert!(threshold_of(RulePlace::Check(3), &prompt).unwrap_err().contains("off"));
}
