//! Token counts as providers write them: whole, as fractions, as texts, and impossible.

use serde_json::Value;

use super::wire::WireEvent;
use crate::model::{Usage, usage::IMPOSSIBLE_TOKENS};

/// Returns a field's count, if it is one that can be.
pub(super) fn count(value: &Value, pointer: &str) -> Option<u64> {
    number(value.pointer(pointer)?).filter(|number| possible(*number)).map(|number| number.round() as u64)
}

/// Returns the first of several fields that has a count.
pub(super) fn first(value: &Value, pointers: &[&str]) -> Option<u64> {
    pointers.iter().find_map(|pointer| count(value, pointer))
}

/// Splits a total into the part beside a subset and the subset, which a provider may overstate.
pub(super) fn split(total: Option<u64>, subset: Option<u64>) -> (Option<u64>, Option<u64>) {
    match (total, subset) {
        (Some(total), Some(subset)) => (Some(total.saturating_sub(subset)), Some(subset.min(total))),
        other => other,
    }
}

/// Says counts that were read from a field, and of those that cannot be that they are ignored: the others are no more
/// than an estimate then.
pub(super) fn say(field: &Value, usage: Usage, out: &mut Vec<WireEvent>) {
    let mut wrong = Vec::new();
    impossible(field, &mut wrong);
    if !wrong.is_empty() {
        let text = format!("the provider counts {}, which cannot be; such counts are ignored", wrong.join(", "));
        out.push(WireEvent::Notice(text));
    }
    if usage != Usage::default() {
        out.push(WireEvent::Usage(Usage { estimated: !wrong.is_empty(), ..usage }));
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn possible(number: f64) -> bool {
    (0.0..IMPOSSIBLE_TOKENS as f64).contains(&number)
}

/// Names the counts of tokens that cannot be.
fn impossible(value: &Value, wrong: &mut Vec<String>) {
    for (name, field) in value.as_object().into_iter().flatten() {
        let counts = name.contains("token") || name.ends_with("eval_count");
        match number(field).filter(|_| counts) {
            Some(number) if !possible(number) => wrong.push(format!("{name} {field}")),
            _ => impossible(field, wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_count_is_read_from_every_kind_of_number() {
        for (value, expected) in [
            (json!(7), Some(7)),
            (json!(130.0), Some(130)),
            (json!(1900.2), Some(1900)),
            (json!("42"), Some(42)),
            (json!("4.6"), Some(5)),
            (json!(0), Some(0)),
            (json!(null), None),
            (json!("many"), None),
            (json!(-1), None),
            (json!(1e18), None),
            (json!(u64::MAX), None),
        ] {
            assert_eq!(count(&json!({ "n": value }), "/n"), expected, "{value}");
        }
    }

    #[test]
    fn impossible_counts_are_named_and_the_others_kept() {
        let field = json!({"prompt_tokens": -5, "completion_tokens": 4, "details": {"cached_tokens": 4_294_967_295_u64}, "queue_time": -1});
        let mut out = Vec::new();
        let usage = Usage { output: Some(4), ..Usage::default() };
        say(&field, usage, &mut out);
        let [WireEvent::Notice(notice), WireEvent::Usage(told)] = out.as_slice() else { panic!("{out:?}") };
        assert!(notice.contains("prompt_tokens -5") && notice.contains("cached_tokens 4294967295"), "{notice}");
        assert!(!notice.contains("queue_time"), "{notice}");
        assert_eq!(*told, Usage { estimated: true, ..usage });
    }
}
