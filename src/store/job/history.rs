//! Runs in a list of the history, and what pruning frees.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::{
        Cost, Grade, RunId, RunStatus, Thumb, Usage, VersionId,
        outcome::Judging,
        query::{Query, SortBy},
    },
    store::history::{status_rank, thumb_rank},
};

/// A page of the history.
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
pub struct HistoryEntry {
    /// Its number on record; later ones are larger.
    #[serde(skip)]
    pub seq: i64,
    /// Its id.
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
    /// Its provider.
    pub provider: String,
    /// Its end in one word; `running`, or `crashed` if its process is gone.
    pub end: String,
    /// How it came out; none while it is under way.
    pub status: Option<RunStatus>,
    /// The checks that failed.
    pub failed: Vec<String>,
    /// The class of the fault it ended with, in words.
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
pub struct After {
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
    pub fn place(&self, query: &Query) -> After {
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
        After { seq: self.seq, value }
    }
}

/// What was removed from the record, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs.
    pub runs: u64,
    /// Bytes their texts take, about.
    pub texts: u64,
    /// The size of the record before, in bytes.
    pub before: u64,
    /// The size after; the same where nothing was removed.
    pub after: u64,
}
