//! Every check on answers nobody would send, and its opposite.

use proptest::prelude::*;
use serde_json::json;

use super::*;

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

/// A check of every kind.
fn every() -> impl Iterator<Item = Check> {
    CheckKind::ALL.iter().map(|kind| match kind {
        CheckKind::Latency => Check::of(*kind).within(1000.0),
        CheckKind::Cost => Check::of(*kind).within(0.1),
        CheckKind::IsRefusal | CheckKind::Format | CheckKind::Unsupported => Check::of(*kind),
        CheckKind::IsJson | CheckKind::ContainsJson => Check::of(*kind).with(json!({"required": ["a"]})),
        CheckKind::Confidence => Check { path: Some("/a".to_owned()), ..Check::of(*kind).within(0.5) },
        CheckKind::JsonEquals | CheckKind::JsonFields => Check::of(*kind).with(json!({"a": {"b": 1}, "c": [2]})),
        CheckKind::JsonPath => path("/a", Comparison::Equal, json!("x")),
        CheckKind::WordCount => Check::of(*kind).with(2),
        CheckKind::Regex => Check::of(*kind).with("(a|aa)+$"),
        _ => Check::of(*kind).with("a"),
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
        let input = Input { text: text.clone(), vars: [("v".to_owned(), vars.into())].into() };
        for kind in CheckKind::ALL {
            for value in [value.clone(), format!("{{{{ v }}}}{value}")] {
                let check = Check { path: Some("/a".to_owned()), ..Check::of(*kind).with(value) };
                for check in [Check { path: None, ..check.clone() }, check] {
                    if let Ok(judge) = Judge::new(&text_format(), &[check]) {
                        let quality = judge.judge_on(&answer(&text), &input).quality;
                        prop_assert_eq!(quality.verdicts.len(), 2);
                    }
                }
            }
        }
    }
}
