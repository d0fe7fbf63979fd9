//! Stored answers as a threshold sees them, made up here: two hundred of one prompt.

use std::path::PathBuf;

use retort::{
    eval::whatif::Measured,
    model::{Check, CheckKind, Prompt},
    store::api::{FoundPrompt, HistoryEntry, Points, PromptFile, StoreReply},
};

use super::{history::entry, stage::sentiment};

/// Answers there are.
pub(crate) const ANSWERS: i64 = 200;

/// The prompt: a least confidence of 0.7, a longest time of 2000 ms.
pub(crate) fn prompt() -> Prompt {
    Prompt { checks: vec![Check::of(CheckKind::Latency).within(2000.0)], ..sentiment() }
}

/// What the threshold of a rule sees; every seventh answer fails something else, every fortieth states no
/// confidence, and every fifth is graded, if any is.
pub(crate) fn points(rule: &str, graded: bool) -> Points {
    let judged = (1..=ANSWERS).map(|seq| {
        let dice = (seq * 7919) % 101;
        let confidence = 0.5 + (dice as f64) / 200.0;
        let stated = seq % 40 != 0 || rule != "confidence";
        let value = if rule == "latency" { (400 + dice * 30) as f64 } else { (confidence * 100.0).round() / 100.0 };
        // the surer an answer says it is, the more often it is right
        let right = (graded && seq % 5 == 0).then_some(dice > 40 || dice % 4 == 0);
        Measured {
            seq,
            value: stated.then_some(value),
            decides: stated,
            rest: stated && seq % 7 != 0,
            right,
            scores: None,
        }
    });
    Points {
        rule: rule.to_owned(),
        prompts: vec![(Some("sentiment".to_owned()), ANSWERS.unsigned_abs())],
        version: None,
        prompt: Some(prompt()),
        judged: judged.collect(),
    }
}

/// Where the prompt's file is.
pub(crate) fn path() -> PathBuf {
    PathBuf::from("/home/ada/.config/retort/prompts/sentiment.toml")
}

/// The prompt's file.
pub(crate) fn file() -> StoreReply {
    let found = Some(FoundPrompt { path: path(), prompt: prompt(), digest: "d1".to_owned() });
    StoreReply::PromptFile(Box::new(PromptFile { name: "sentiment".to_owned(), found }))
}

/// The rows of runs by their numbers on record.
pub(crate) fn rows(numbers: &[i64], now: jiff::Timestamp) -> Vec<HistoryEntry> {
    numbers
        .iter()
        .map(|seq| entry(seq.unsigned_abs() * 4, now, 3))
        .zip(numbers)
        .map(|(entry, seq)| HistoryEntry { seq: *seq, ..entry })
        .collect()
}
