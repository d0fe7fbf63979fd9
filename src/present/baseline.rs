//! What is another way than the baseline has it: as a table, as lines of JSON, and in a word where a gate stands.

use serde::Serialize;

use crate::{
    eval::{
        BaselineReview, Gate, JsonDiff,
        baseline::{BaselineChange, BaselineState, ChangeKind, ObservedRow},
    },
    text::{clean_line, format::counted, json, shell, truncate},
};

/// A prompt's baseline held against a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptReview {
    /// The prompt's name.
    pub prompt: String,
    /// The file of its baseline.
    pub file: String,
    pub review: BaselineReview,
    /// Rows on targets whose verdict flipped and was the one of the baseline when they were asked again.
    pub held: u64,
}

impl PromptReview {
    /// Says in a line what is another way.
    #[must_use]
    pub fn sentence(&self) -> String {
        let held = if self.held == 0 {
            String::new()
        } else {
            format!("; {} did not hold when asked again", counted(self.held, "flip"))
        };
        format!("against the baseline of {}: {}{held}", self.prompt, self.review.sentence())
    }

    /// Returns the gate it is: reached where nothing that a person has not accepted got worse.
    #[must_use]
    pub fn gate(&self) -> Gate {
        let (review, name) = (&self.review, &self.prompt);
        let failing = review.changes.iter().filter(|change| change.fails()).count();
        let words = match (failing, review.unjudged) {
            (0, 0) => format!("{name}: not worse than its baseline"),
            (0, unjudged) => format!("{name}: {unjudged} not judged that were before"),
            (failing, _) => {
                let (not_as, verb) = ("not as the baseline has", if failing == 1 { "is" } else { "are" });
                format!(
                    "{name}: {} {verb} {not_as} {}",
                    counted(failing as u64, "row"),
                    if failing == 1 { "it" } else { "them" }
                )
            }
        };
        Gate { reached: review.holds(), words }
    }

    /// Returns the command that goes through what is another way.
    #[must_use]
    pub fn command(&self) -> String {
        review_command(&self.prompt)
    }
}

/// Returns the command that goes through what is another way with a prompt.
#[must_use]
pub fn review_command(prompt: &str) -> String {
    format!("retort review {}", shell::word(prompt))
}

/// What heads the table of changes.
pub const HEADING: [&str; 5] = ["CHANGE", "ID", "ROW", "PASSED", "WHAT"];

/// The columns of what is said of a change.
const WHAT: usize = 90;

/// Writes a change as a row of the table.
#[must_use]
pub fn row(change: &BaselineChange) -> Vec<String> {
    vec![
        change.kind.word().to_owned(),
        change.id(),
        truncate(clean_line(change.label()).as_str(), 40).into_owned(),
        change.counts(),
        truncate(clean_line(&what(change)).as_str(), WHAT).into_owned(),
    ]
}

/// Lays JSON out, a value a line, so that a difference is a line; any other text stays.
#[must_use]
pub fn laid_out(answer: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(answer).ok();
    value.and_then(|value| json::to_pretty(&value).ok()).unwrap_or_else(|| answer.trim().to_owned())
}

/// Says of what kind a change is, and of a rejected row that it is as it was then.
#[must_use]
pub fn kind(change: &BaselineChange) -> &'static str {
    match (change.kind, change.rejected()) {
        (ChangeKind::Worse, Some(_)) => "worse, as it was when it was rejected",
        (kind, _) => kind.word(),
    }
}

/// Says in a line what is another about a row.
#[must_use]
pub fn what(change: &BaselineChange) -> String {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let state = change.before.as_ref().map(|before| before.state);
    let mut parts = Vec::new();
    if let Some(why) = change.rejected() {
        parts.push(format!("rejected: {}", line(why)));
    }
    match state {
        Some(state @ (BaselineState::Flaky | BaselineState::Pinned)) => parts.push(state.word().to_owned()),
        Some(BaselineState::Accepted | BaselineState::Rejected) | None => {}
    }
    match (&change.now, change.kind) {
        (Some(now), ChangeKind::Steady) => parts.push(format!("passed {} times in a row", now.steady)),
        (Some(now), ChangeKind::Worse | ChangeKind::Fixed | ChangeKind::Text | ChangeKind::New) => {
            parts.push(fields(change, now).unwrap_or_else(|| line(now.answer())));
        }
        (Some(_), ChangeKind::Gone) | (None, _) => {}
    }
    parts.join("; ")
}

/// Says how many fields of a JSON answer are another; none where it is no JSON, or was not there before.
fn fields(change: &BaselineChange, now: &ObservedRow) -> Option<String> {
    let before = serde_json::from_str(change.before.as_ref()?.answer.text()?).ok().filter(|_| now.wants_json)?;
    let diff = JsonDiff::new(&before, &serde_json::from_str(now.answer()).ok()?);
    let answer = now.answer().split_whitespace().collect::<Vec<_>>().join(" ");
    (!diff.is_same()).then(|| format!("{} of {} fields differ: {answer}", diff.differing(), diff.fields()))
}

/// A change as a line of JSON.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangeRecord<'a> {
    event: &'static str,
    prompt: &'a str,
    /// Its name for `retort review`: the row's and the target's.
    id: String,
    row: &'a str,
    target: &'a str,
    /// The beginning of what the row asks.
    label: &'a str,
    change: ChangeKind,
    /// Whether it keeps the run from being as good as the baseline.
    fails: bool,
    /// Answers that passed, and those that were judged, in the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<[u64; 2]>,
    /// The same of this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<[u64; 2]>,
    /// Of Fisher's exact test of the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    /// How the row stands in the baseline: accepted, flaky, pinned or rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a str>,
}

impl<'a> ChangeRecord<'a> {
    /// Writes a change of a prompt's baseline.
    #[must_use]
    pub fn of(prompt: &'a str, change: &'a BaselineChange) -> Self {
        let (before, now) = (change.before.as_ref(), change.now.as_ref());
        Self {
            event: "change",
            prompt,
            id: change.id(),
            row: change.row(),
            target: change.target(),
            label: change.label(),
            change: change.kind,
            fails: change.fails(),
            before: before.map(|line| line.passed),
            now: now.map(|now| [now.passed, now.judged]),
            p: change.p,
            state: before.map(|line| line.state.word()),
            why: change.rejected(),
            answer_before: before.and_then(|line| line.answer.text()),
            answer: now.map(ObservedRow::answer),
        }
    }
}

/// A baseline held against a batch, as part of a line of JSON.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BaselineFigures<'a> {
    prompt: &'a str,
    file: &'a str,
    /// Whether nothing that a person has not accepted got worse.
    holds: bool,
    worse: usize,
    fixed: usize,
    text: usize,
    new: usize,
    gone: usize,
    steady: usize,
    same: u64,
    unjudged: u64,
    /// Flips that did not hold when they were asked again.
    held: u64,
}

impl<'a> BaselineFigures<'a> {
    /// Counts what is another way.
    #[must_use]
    pub fn of(own: &'a PromptReview) -> Self {
        let count = |kind| own.review.count(kind);
        Self {
            prompt: &own.prompt,
            file: &own.file,
            holds: own.review.holds(),
            worse: count(ChangeKind::Worse),
            fixed: count(ChangeKind::Fixed),
            text: count(ChangeKind::Text),
            new: count(ChangeKind::New),
            gone: count(ChangeKind::Gone),
            steady: count(ChangeKind::Steady),
            same: own.review.same,
            unjudged: own.review.unjudged,
            held: own.held,
        }
    }
}
