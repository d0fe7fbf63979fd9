//! Answers on record that are to be judged again, and what came of a page of them.

use jiff::Timestamp;

use super::After;
use crate::model::{Prompt, Quality, RunId, RunStatus, query::Query};

/// A page of answers to be judged again, those to a prompt by its checks as they are now.
#[derive(Debug, Clone, PartialEq)]
pub struct ToScore {
    /// The prompt.
    pub prompt: Prompt,
    /// Which answers: what [`Query::answers_to`] the prompt asks for.
    pub query: Query,
    /// The run it comes after; the first page where there is none.
    pub after: Option<After>,
    /// How many runs at most.
    pub limit: usize,
    /// Whether the new verdicts are put in place of those that count, which are kept.
    pub write: bool,
    /// The present time.
    pub at: Timestamp,
}

/// A page of answers that were judged again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    /// The runs, in the order asked for.
    pub runs: Vec<ScoredRun>,
    /// Runs of the page whose answer could not be read.
    pub unread: u64,
    /// The run the next page comes after; none at the end.
    pub after: Option<After>,
}

/// A run whose answer was judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredRun {
    /// Which.
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
