//! Token counts as providers write them: whole, as fractions, as texts, and impossible.

use serde_json::Value;

use crate::{
    model::{Usage, usage::IMPOSSIBLE_TOKENS},
    provider::WireEvent,
};

/// Returns a field's count, if it is one that can be.
pub(crate) fn count(value: &Value, pointer: &str) -> Option<u64> {
    number(value.pointer(pointer)?).filter(|number| possible(*number)).map(|number| number.round() as u64)
}

/// Returns the first of several fields that has a count.
pub(crate) fn first(value: &Value, pointers: &[&str]) -> Option<u64> {
    pointers.iter().find_map(|pointer| count(value, pointer))
}

/// Splits a total into the part beside a subset and the subset; one that is more than the total is ignored, as [`say`]
/// says.
pub(crate) fn split(total: Option<u64>, subset: Option<u64>) -> (Option<u64>, Option<u64>) {
    match (total, subset) {
        (Some(total), Some(subset)) if subset > total => (Some(total), None),
        (Some(total), Some(subset)) => (Some(total - subset), Some(subset)),
        other => other,
    }
}

/// Returns a part of a total that is told beside it; none where it is more than the total, as [`say`] says.
pub(crate) fn part_of(total: Option<u64>, part: Option<u64>) -> Option<u64> {
    part.filter(|part| total.is_some_and(|total| *part <= total))
}

/// Says counts that were read from a field, and of those that cannot be that they are ignored: the others are no more
/// than an estimate then.
pub(crate) fn say(field: &Value, usage: Usage, out: &mut Vec<WireEvent>) {
    let mut wrong = Vec::new();
    impossible(field, &mut wrong);
    overstated(field, &mut wrong);
    if !wrong.is_empty() {
        let text = format!("the provider counts {}, which cannot be; such counts are ignored", wrong.join(", "));
        out.push(WireEvent::Notice(text));
    }
    if usage != Usage::default() {
        out.push(WireEvent::Usage(Usage { estimated: !wrong.is_empty(), ..usage }));
    }
}

/// Output tokens that no answer has beyond what its bytes show: hidden reasoning is within them.
const HIDDEN: u64 = 1_000_000;

/// Takes counts of output out of events, from the one at a place on, that the bytes received cannot be: a token has
/// a quarter of a byte at least.
pub(crate) fn within(bytes: usize, out: &mut Vec<WireEvent>, from: usize) {
    let most = (bytes as u64).saturating_mul(4).saturating_add(HIDDEN);
    let mut wrong = None;
    for event in out.iter_mut().skip(from) {
        if let WireEvent::Usage(usage) = event
            && let Some(output) = usage.total_output().filter(|output| *output > most)
        {
            *usage = Usage { output: None, reasoning: None, estimated: true, ..*usage };
            wrong = Some(output);
        }
    }
    if let Some(output) = wrong {
        let text =
            format!("the provider counts {output} output tokens of {bytes} bytes, which cannot be; they are ignored");
        out.push(WireEvent::Notice(text));
    }
}

/// Counts that are a part of another.
const PARTS: &[(&str, &[&str])] = &[
    ("/prompt_tokens_details/cached_tokens", INPUT),
    ("/input_tokens_details/cached_tokens", INPUT),
    ("/prompt_tokens_details/audio_tokens", INPUT),
    ("/prompt_tokens_details/image_tokens", INPUT),
    ("/cached_tokens", INPUT),
    ("/prompt_cache_hit_tokens", INPUT),
    ("/cachedContentTokenCount", INPUT),
    ("/completion_tokens_details/reasoning_tokens", OUTPUT),
    ("/output_tokens_details/reasoning_tokens", OUTPUT),
    ("/completion_tokens_details/audio_tokens", OUTPUT),
];
const INPUT: &[&str] = &["/prompt_tokens", "/input_tokens", "/promptTokenCount"];
const OUTPUT: &[&str] = &["/completion_tokens", "/output_tokens"];

/// Names the parts that are more than their whole, where the grand total does not show that they are beside it.
fn overstated(field: &Value, wrong: &mut Vec<String>) {
    let grand = count(field, "/total_tokens");
    for (pointer, whole) in PARTS {
        if let (Some(part), Some(total)) = (count(field, pointer), first(field, whole))
            && part > total
        {
            let both =
                [first(field, INPUT), first(field, OUTPUT)].into_iter().flatten().fold(part, u64::saturating_add);
            let name = pointer.rsplit('/').next().unwrap_or(pointer);
            if *whole == INPUT || grand != Some(both) {
                wrong.push(format!("{name} {part} of {total}"));
            }
        }
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
        let counts = name.contains("token") || name.ends_with("TokenCount") || name.ends_with("eval_count");
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
    fn a_part_of_more_than_its_whole_is_named_and_left_out() {
        assert_eq!(split(Some(10), Some(99)), (Some(10), None));
        assert_eq!(split(Some(10), Some(4)), (Some(6), Some(4)));
        let notice = |field: Value| {
            let mut out = Vec::new();
            say(&field, Usage::default(), &mut out);
            out.into_iter().find_map(|event| if let WireEvent::Notice(text) = event { Some(text) } else { None })
        };
        let usage_read = notice(json!({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}})).unwrap();
        assert!(usage_read.contains("cached_tokens 99 of 10"), "{usage_read}");
        let beside = json!({"prompt_tokens": 1, "completion_tokens": 5, "total_tokens": 26,
            "completion_tokens_details": {"reasoning_tokens": 20}});
        assert_eq!(notice(beside), None, "it is beside the completion");
        assert_eq!(notice(json!({"input_tokens": 3, "cache_read_input_tokens": 900})), None, "they do not overlap");
    }

    #[test]
    fn output_that_the_bytes_cannot_be_is_left_out() {
        let usage = |output| Usage { input: Some(3), output: Some(output), ..Usage::default() };
        let mut out = vec![WireEvent::Usage(usage(500_000)), WireEvent::Usage(usage(50_000_000))];
        within(100, &mut out, 0);
        let [WireEvent::Usage(hidden), WireEvent::Usage(wrong), WireEvent::Notice(notice)] = out.as_slice() else {
            panic!("{out:?}")
        };
        assert_eq!((hidden.output, wrong.output, wrong.input, wrong.estimated), (Some(500_000), None, Some(3), true));
        assert!(notice.contains("50000000 output tokens of 100 bytes"), "{notice}");
    }

    #[test]
    fn impossible_counts_are_named_and_the_others_kept() {
        let field = json!({"prompt_tokens": -5, "completion_tokens": 4, "details": {"cached_tokens": 4_294_967_295_u64}, "queue_time": -1});
        let mut out = Vec::new();
        let usage = Usage { output: Some(4), ..Usage::default() };
        say(&field, usage, &mut out);
        let [WireEvent::Notice(notice), WireEvent::Usage(usage_read)] = out.as_slice() else { panic!("{out:?}") };
        assert!(notice.contains("prompt_tokens -5") && notice.contains("cached_tokens 4294967295"), "{notice}");
        assert!(!notice.contains("queue_time"), "{notice}");
        assert_eq!(*usage_read, Usage { estimated: true, ..usage });
    }
}
