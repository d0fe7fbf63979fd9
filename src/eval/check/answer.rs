//! The verdicts on the form of an answer: that it is not empty, that it ended, that JSON is in it.
//!
//! JSON in a fence or in prose passes, and the reason says so: models fence often, and a reader
//! should know. JSON in the prose of an answer that was cut fails: more may have been to come.

use serde_json::Value;

use crate::{
    eval::{
        JsonTypes,
        answer::Answer,
        check::{
            CheckResult, Finding,
            input::CheckInput,
            spec::{CheckSpec, CheckTest, Export, ImportedValue, VariablePlaces},
            threshold::NOTHING_MEASURED,
        },
        extract::{ExtractError, Extraction, FoundJson},
        reason::{name, quote, verdict},
    },
    model::{Ending, Finish, Rule, Status, ToolCall, Verdict},
};

pub(crate) const FORMAT: CheckSpec = CheckSpec {
    fields: &[],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |_| Ok(Box::new(FormatTest)),
    imported: ImportedValue::AsItIs,
    export: Export::None,
};

/// The format that the prompt expects.
#[derive(Debug)]
struct FormatTest;

impl CheckTest for FormatTest {
    fn apply(&self, input: &CheckInput<'_>) -> CheckResult {
        Ok(Finding::new(input.form.status == Status::Passed, input.form.reason.clone()))
    }
}

/// Judges an answer of which only text is expected: that more than reasoning is in it. `bare` is it without that.
pub(crate) fn text(answer: &Answer<'_>, bare: &str) -> Verdict {
    let characters = bare.chars().count();
    let reason = match characters {
        0 if answer.text.trim().is_empty() => "the answer is empty".to_owned(),
        0 => "there is nothing but reasoning".to_owned(),
        _ => format!("text of {characters} characters"),
    };
    Verdict { implied: true, ..verdict(Rule::Format, characters > 0, reason) }
}

/// Judges whether a text ended because the model was done, or because it called the tools that it `calls`.
pub(crate) fn finish(finish: &Finish, calls: &[ToolCall]) -> Verdict {
    if *finish == Finish::ToolCalls && !calls.is_empty() {
        return Verdict { implied: true, ..verdict(Rule::Finish, true, "the model called a tool") };
    }
    let reason = finish.complaint().unwrap_or_else(|| match finish {
        Finish::Unknown => "the answer ended properly, without a reason".to_owned(),
        _ => "the model was done".to_owned(),
    });
    Verdict { implied: true, ..verdict(Rule::Finish, finish.ending() == Ending::Whole, reason) }
}

/// Judges an answer in which JSON was found; `wanted` says what it has to be, where the schema does not.
pub(crate) fn json(wanted: Option<JsonTypes>, answer: &Answer<'_>, json: &Value, extraction: &Extraction) -> Verdict {
    let mut reason = format!("JSON: {}", name(json));
    let (mut holds, mut at) = (true, None);
    if let Some(wanted) = wanted.filter(|wanted| !wanted.allows(json)) {
        (holds, at) = (false, Some(String::new()));
        reason = format!("expected {wanted}, found {}", name(json));
    }
    match &extraction.found {
        FoundJson::Whole => {}
        FoundJson::Fenced { before, after } => {
            reason.push_str(", in a Markdown fence");
            reason.push_str(&around(before, after));
        }
        FoundJson::Embedded { before, after } => {
            reason.push_str(", in other text");
            reason.push_str(&around(before, after));
        }
    }
    if extraction.others > 0 {
        holds = false;
        let kind = if json.is_object() { "objects" } else { "arrays" };
        let count = extraction.others + 1;
        reason = format!("{reason}, the first of {count} {kind} that differ: which is meant is not clear");
    }
    if extraction.thought {
        reason.push_str(", after reasoning that was taken away");
    }
    if !extraction.duplicates.is_empty() {
        let keys: Vec<_> = extraction.duplicates.iter().map(|key| quote(key)).collect();
        reason.push_str(", with repeated keys of which the last counts: ");
        reason.push_str(&keys.join(", "));
    }
    if let Some(stopped) = answer.finish.and_then(stopped) {
        reason = format!("{stopped}: {reason}");
    }
    holds &= match answer.finish.map(Finish::ending) {
        None | Some(Ending::Whole) => true,
        Some(Ending::Unfinished) => !matches!(extraction.found, FoundJson::Embedded { .. }),
        Some(Ending::Broken(_)) => false,
    };
    Verdict { at, ..verdict(Rule::Format, holds, reason) }
}

/// Judges an answer in which no JSON was found.
pub(crate) fn none(answer: &Answer<'_>, error: &ExtractError) -> Verdict {
    let stopped = answer.finish.and_then(stopped);
    let reason = stopped.map_or_else(|| error.to_string(), |stopped| format!("{stopped}: {error}"));
    verdict(Rule::Format, false, reason)
}

/// Says why the model stopped, if it was not done.
fn stopped(finish: &Finish) -> Option<String> {
    let text = match finish {
        Finish::Stop | Finish::Unknown => return None,
        Finish::Length => "the answer was cut at the token limit",
        Finish::ContextWindow => "the answer was cut because the context window is full",
        Finish::ContentFilter => "the answer was cut by a content filter",
        Finish::ToolCalls => "the model asked for a tool",
        Finish::Refusal => "the model declined",
        Finish::Other(reason) => return Some(format!("the model stopped for {}", quote(reason))),
    };
    Some(text.to_owned())
}

fn around(before: &str, after: &str) -> String {
    let part =
        |word: &str, text: &str| if text.is_empty() { String::new() } else { format!(", {word} {}", quote(text)) };
    part("after", before) + &part("before", after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::CheckSuite,
        model::{Check, CheckKind, Cost, Format, Response, RunStatus},
    };

    const ANSWER: Answer<'_> = Answer {
        text: "so far",
        finish: Some(&Finish::Stop),
        latency: None,
        cost: Cost::Unknown,
        tools: crate::eval::ToolTrace::NONE,
    };

    #[test]
    fn a_text_that_was_cut_off_fails_unless_the_prompt_takes_it() {
        let text = Response { format: Format::Text, ..Response::default() };
        let passed = |response: &Response, checks: &[Check], finish: &Finish| {
            let judge = CheckSuite::new(response, checks).unwrap();
            judge.judge(&Answer { finish: Some(finish), ..ANSWER }).quality.status() != RunStatus::Failed
        };
        let plain = CheckSuite::new(&text, &[]).unwrap().judge(&ANSWER).quality.status();
        assert_eq!(plain, RunStatus::Unchecked, "it is no check that anybody asked for");
        assert!(passed(&text, &[], &Finish::Unknown), "its end mark came");
        for finish in [Finish::Length, Finish::ToolCalls, Finish::ContextWindow, Finish::read("abort")] {
            assert!(!passed(&text, &[], &finish), "{finish}");
            let comparison = Response { min_score: Some(0.0), ..text.clone() };
            let good = Check::of(CheckKind::Contains).with("so");
            assert!(!passed(&comparison, &[good], &finish), "no score makes up for it: {finish}");
            assert!(passed(&Response { finish: false, ..text.clone() }, &[], &finish), "{finish}");
        }
        let own = Check::of(CheckKind::FinishReason).with("length");
        assert!(passed(&text, &[own], &Finish::Length), "a check of one's own stands in its place");
        let json = Response { format: Format::Json, ..Response::default() };
        let judgement =
            CheckSuite::new(&json, &[]).unwrap().judge(&Answer { finish: Some(&Finish::Length), text: "{}", ..ANSWER });
        assert_eq!(judgement.quality.status(), RunStatus::Passed, "JSON that is whole is whole");
    }
}
