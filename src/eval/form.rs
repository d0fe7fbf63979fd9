//! The verdict on an answer's form.
//!
//! JSON in a fence or in prose passes, and the reason says so: models fence often, and a reader
//! should know. JSON in the prose of an answer that was cut fails: more may have been to come.

use serde_json::Value;

use super::{
    extract::{ExtractError, Extraction, Found},
    judge::Answer,
    rule::{name, quote, verdict},
};
use crate::model::{Ending, Finish, Format, Rule, Verdict};

/// Judges an answer of which only text is expected: that it is not empty.
pub(super) fn text(answer: &Answer<'_>) -> Verdict {
    let characters = answer.text.trim().chars().count();
    let reason =
        if characters == 0 { "the answer is empty".to_owned() } else { format!("text of {characters} characters") };
    Verdict { implied: true, ..verdict(Rule::Format, characters > 0, reason) }
}

/// Judges whether a text ended because the model was done.
pub(super) fn finish(finish: &Finish) -> Verdict {
    let reason = finish.complaint().unwrap_or_else(|| match finish {
        Finish::Unknown => "the answer ended properly, without a reason".to_owned(),
        _ => "the model was done".to_owned(),
    });
    Verdict { implied: true, ..verdict(Rule::Finish, finish.ending() == Ending::Whole, reason) }
}

/// Judges an answer in which JSON was found.
pub(super) fn json(format: Format, answer: &Answer<'_>, json: &Value, extraction: &Extraction) -> Verdict {
    let mut reason = format!("JSON: {}", name(json));
    let (mut holds, mut at) = (true, None);
    if format == Format::Json && !json.is_object() {
        (holds, at) = (false, Some(String::new()));
        reason = format!("expected a JSON object, found {}", name(json));
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
        Some(Ending::Unfinished) => !matches!(extraction.found, Found::Embedded { .. }),
        Some(Ending::Broken(_)) => false,
    };
    Verdict { at, ..verdict(Rule::Format, holds, reason) }
}

/// Judges an answer in which no JSON was found.
pub(super) fn none(answer: &Answer<'_>, error: &ExtractError) -> Verdict {
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
