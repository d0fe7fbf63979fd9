//! What the record answers with: runs in a list, what pruning frees, answers as a threshold sees them, a page of answers
//! judged again, and what the runs of two queries say of each other.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    eval::{Evidence, stats::StatedAnswer, whatif::Measured},
    model::{
        AnswerSource, CellIndex, Cost, Grade, Input, Outcome, Prompt, Quality, RunId, RunStatus, Thumb, Usage,
        VersionId,
        batch::Cell,
        dataset::RowText,
        outcome::Judging,
        query::{Query, SortBy},
    },
    pipeline::ports::RunRecord,
};

/// Runs that match a query, newest first, with what follows them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryPage {
    /// The runs, in the order asked for.
    pub runs: Vec<HistoryEntry>,
    /// Whether further ones follow.
    pub more: bool,
}

/// A run in a list of the history.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HistoryEntry {
    /// Its number on record; later ones are larger.
    #[serde(skip)]
    pub seq: i64,
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// The session it belongs to.
    pub session: Option<String>,
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    /// The prompt version.
    pub version: Option<VersionId>,
    /// The target that was asked for.
    pub requested: String,
    /// The target that answered, or was asked last.
    pub target: String,
    /// Its model's name on the wire.
    pub model: String,
    /// The model that says it answered, if it is another.
    pub served: Option<String>,
    pub provider: String,
    /// Its end in one word; `running`, or `crashed` if its process is gone.
    pub end: String,
    /// How it came out; none while it is under way.
    pub status: Option<RunStatus>,
    /// The checks that failed.
    pub failed: Vec<String>,
    /// The class of the error it ended with, in words.
    pub class: Option<String>,
    /// Whether the answer came from the cache; its times and tokens are the original's then.
    pub cached: bool,
    /// Whether the numbers are a demonstration.
    pub demo: bool,
    /// Calls made.
    pub attempts: u32,
    /// Tokens in of all its attempts, if known.
    pub tokens_in: Option<u64>,
    /// Tokens out of all its attempts, if known.
    pub tokens_out: Option<u64>,
    /// How sure they are: `known`, `estimated`, `at_least` or `unknown`.
    pub tokens_is: String,
    /// What all its attempts cost; nothing for an answer from the cache.
    pub cost: Cost,
    /// How long its answer took, as [`Timing::took`](crate::model::outcome::Timing::took) says.
    pub took: Option<Duration>,
    /// Time retort itself waited.
    pub waited: Duration,
    /// The time to the first token.
    pub first_token: Option<Duration>,
    /// Whether it is the run of a judge.
    pub judge: bool,
    /// What its judges took, if any was asked.
    pub judging: Option<Judging>,
    /// Which of several samples of the same request it was, counted from 1.
    pub sample: u32,
    /// Whether it is kept when others are pruned.
    pub pinned: bool,
    /// What a person said of it.
    pub grade: Option<Grade>,
    /// The beginning of the input.
    pub input: String,
    /// The beginning of the answer.
    pub answer: String,
}

/// The place in a list after which a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageStart {
    /// The number on record of the run before.
    pub seq: i64,
    /// What that run has in the column the list is ordered by, in the record's unit.
    pub value: Option<i64>,
}

impl HistoryEntry {
    /// Returns its tokens, of which the sums in and out are known.
    #[must_use]
    pub fn tokens(&self) -> Usage {
        Usage {
            input: self.tokens_in,
            output: self.tokens_out,
            estimated: self.tokens_is == "estimated",
            partial: matches!(self.tokens_is.as_str(), "at_least" | "unknown"),
            ..Usage::default()
        }
    }

    /// Returns the place after this run in the order a query asks for.
    #[must_use]
    pub fn place(&self, query: &Query) -> PageStart {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let value = match query.sort.by {
            SortBy::Time => Some(self.seq),
            SortBy::Cost => self.cost.amount().map(|amount| whole(amount.0)),
            SortBy::Took => self.took.map(|took| i64::try_from(took.as_micros()).unwrap_or(i64::MAX)),
            SortBy::Tokens => self.tokens().total().map(whole),
            SortBy::Verdict => self.status.map(status_rank),
            SortBy::Grade => self.grade.as_ref().and_then(|grade| {
                let thumb = || grade.thumb.map(|thumb| thumb_rank(thumb == Thumb::Up));
                grade.stars.map(i64::from).or_else(thumb)
            }),
        };
        PageStart { seq: self.seq, value }
    }
}

/// What was removed from the record, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub runs: u64,
    /// Bytes their texts take, about.
    pub texts: u64,
    /// The size of the record before, in bytes.
    pub before: u64,
    /// The size after; the same where nothing was removed.
    pub after: u64,
}

/// The judged runs that a query asks for, as the threshold of a rule sees them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// The rule, as it was asked for.
    pub rule: String,
    /// The prompts that were run by their names, each with its judged runs, the most first.
    pub prompts: Vec<(Option<String>, u64)>,
    /// The prompt version that came on record last.
    pub version: Option<VersionId>,
    /// That prompt, if it can be read.
    pub prompt: Option<Prompt>,
    /// The runs, in no order; none where they are of several prompts.
    pub judged: Vec<Measured>,
}

/// What the answers that a query asks for state of themselves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatedAnswers {
    /// Answers of which it is known what they state and whether they are right.
    pub answers: Vec<StatedAnswer>,
    /// Answers that state something, and of which nobody says whether they are right.
    pub unjudged: u64,
    /// Answers that state nothing that can be used.
    pub unstated: u64,
}

/// A prompt's own file.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptFile {
    /// The prompt's name.
    pub name: String,
    /// Its file; none where no file holds the prompt, as with one that is built in.
    pub found: Option<FoundPrompt>,
}

/// A prompt's file and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPrompt {
    /// Where it lies.
    pub path: PathBuf,
    pub prompt: Prompt,
    /// The digest of its text.
    pub digest: String,
}

/// A value to be written to a prompt's file in place of another, and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct NewThreshold {
    /// The prompt's name.
    pub name: String,
    /// The rule whose threshold it is, by its name as in verdicts.
    pub rule: String,
    /// The present value, if it has one. Where it is another one by now, nothing is written.
    pub before: Option<f64>,
    /// The new value.
    pub value: f64,
}

/// A page of answers to be judged again, those to a prompt by its checks as they are now.
#[derive(Debug, Clone, PartialEq)]
pub struct ToScore {
    pub prompt: Prompt,
    /// Which answers: what [`Query::answers_to`] the prompt asks for.
    pub query: Query,
    /// The run it comes after; the first page where there is none.
    pub after: Option<PageStart>,
    /// How many runs at most.
    pub limit: usize,
    /// Whether the new verdicts are put in place of those that count, which are kept.
    pub write: bool,
    /// The present time.
    pub at: Timestamp,
}

/// Answers that are at hand, to be judged by the checks of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct ToJudge {
    pub prompt: Prompt,
    /// The answers, each with the input it was given to.
    pub answers: Vec<Arc<(Outcome, Input)>>,
}

/// A page of answers that were judged again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    /// The runs, in the order asked for.
    pub runs: Vec<ScoredRun>,
    /// Runs of the page whose answer could not be read.
    pub unread: u64,
    /// The run the next page comes after; none at the end.
    pub after: Option<PageStart>,
}

/// A run whose answer was judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredRun {
    pub run: RunId,
    /// How it came out before; none if nothing was judged.
    pub before: Option<RunStatus>,
    /// The verdicts of today.
    pub quality: Quality,
}

/// The answers to a prompt among runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The prompt's name, if it has one.
    pub prompt: Option<String>,
    /// How many.
    pub answers: u64,
}

/// Inputs fixed and broken that are listed, at most, of each.
pub const LISTED: usize = 20;

/// What the runs on record say of B against A, the baseline. A run counts if it was judged or scored; several
/// on one input are its samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedComparison {
    /// What they say.
    pub evidence: Evidence,
    pub a: SideRuns,
    pub b: SideRuns,
    /// Inputs of both sides.
    pub inputs: u64,
    /// Inputs that pass with B alone, by their newest runs, the newest first; [`LISTED`] at most.
    pub fixed: Vec<Turned>,
    /// Inputs that pass with A alone, likewise.
    pub broken: Vec<Turned>,
}

/// What there is of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SideRuns {
    /// Runs that were judged or scored.
    pub runs: u64,
    /// Runs that ended and were neither.
    pub unjudged: u64,
    /// Inputs that only this side was run with.
    pub alone: u64,
}

/// An input that passes with one side alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Turned {
    /// A run of A that shows it.
    pub a: RunId,
    /// A run of B that does.
    pub b: RunId,
    /// The beginning of the input's text, or of its variables where it has none.
    pub input: String,
}

/// What is looked for to fill a place on the bench.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerQuestion {
    /// The run that was there last: it is taken whatever it was given to, if it is still on record.
    pub run: Option<RunId>,
    /// What is asked now: else the newest whole answer to that is taken.
    pub source: Arc<AnswerSource>,
    /// Which of several samples is meant.
    pub sample: u32,
}

/// An answer on record, with what a person made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer {
    pub record: RunRecord,
    /// Its last grade; an empty one where it has none.
    pub grade: Grade,
}

/// Returns the place of a status among all, the greater the worse.
pub(crate) fn status_rank(status: RunStatus) -> i64 {
    RunStatus::ALL.iter().rev().position(|known| *known == status).and_then(|at| i64::try_from(at).ok()).unwrap_or(0)
}

/// Returns the stars that a thumb alone is taken for.
pub(crate) fn thumb_rank(up: bool) -> i64 {
    if up { 4 } else { 2 }
}

/// What the record has of a row of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRow {
    pub text: RowText,
    /// Its cells that have ended.
    pub cells: Vec<Cell>,
}

/// The rows of a page of cells that hold a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundRows {
    /// Their numbers, ascending, each once.
    pub rows: Vec<u64>,
    /// The last cell that was looked at; none where no cell is left.
    pub last: Option<CellIndex>,
    /// Cells that were looked at.
    pub looked: u64,
}
