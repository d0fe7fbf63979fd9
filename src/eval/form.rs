//! The verdict on an answer's form.
//!
//! JSON in a fence or in prose passes, and the reason says so: models fence often, and a reader
//! should know. JSON in the prose of an answer that was cut fails: more may have been to come.

use serde_json::Value;

use super::{
    JsonTypes,
    extract::{self, ExtractError, Extraction, Found},
    judge::Answer,
    rule::{name, quote, verdict},
};
use crate::model::{Finish, Rule, Verdict};

/// Judges an answer of which only text is expected: that it is not empty.
pub(super) fn text(answer: &Answer<'_>) -> Verdict {
    let characters = extract::answer(answer.text).chars().count();
    let reason = match characters {
        0 if answer.text.trim().is_empty() => "the answer is empty".to_owned(),
        0 => "there is nothing but reasoning".to_owned(),
        _ => format!("text of {characters} characters"),
    };
    Verdict { implied: true, ..verdict(Rule::Format, characters > 0, reason) }
}

/// Judges an answer in which JSON was found; `wanted` says what it has to be, where the schema does not.
pub(super) fn json(wanted: Option<JsonTypes>, answer: &Answer<'_>, json: &Value, extraction: &Extraction) -> Verdict {
    let mut reason = format!("JSON: {}", name(json));
    let (mut holds, mut at) = (true, None);
    if let Some(wanted) = wanted.filter(|wanted| !wanted.allows(json)) {
        (holds, at) = (false, Some(String::new()));
        reason = format!("expected {wanted}, found {}", name(json));
    }
    match &extraction.found {
        Found::Whole => {}
        Found::Fenced { before, after } => {
            reason.push_str(", in a Markdown fence");
            reason.push_str(&around(before, after));
        }
        Found::Embedded { before, after } => {
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
    if let Some(cut) = cut_by(answer.finish) {
        holds &= !matches!(extraction.found, Found::Embedded { .. });
        reason = format!("{cut}: {reason}");
    }
    Verdict { at, ..verdict(Rule::Format, holds, reason) }
}

/// Judges an answer in which no JSON was found.
pub(super) fn none(answer: &Answer<'_>, error: &ExtractError) -> Verdict {
    let reason = match (cut_by(answer.finish), answer.finish) {
        (Some(cut), _) => format!("{cut}: {error}"),
        (None, Some(Finish::Refusal)) => format!("the model declined: {error}"),
        (None, Some(Finish::ToolCalls)) => format!("the model asked for a tool: {error}"),
        _ => error.to_string(),
    };
    verdict(Rule::Format, false, reason)
}

fn cut_by(finish: Option<&Finish>) -> Option<&'static str> {
    match finish? {
        Finish::Length => Some("the answer was cut at the token limit"),
        Finish::ContextWindow => Some("the answer was cut because the context window is full"),
        Finish::ContentFilter => Some("the answer was cut by a content filter"),
        _ => None,
    }
}

fn around(before: &str, after: &str) -> String {
    let part =
        |word: &str, text: &str| if text.is_empty() { String::new() } else { format!(", {word} {}", quote(text)) };
    part("after", before) + &part("before", after)
}
