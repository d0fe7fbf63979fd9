//! A review as it is read: rates with intervals, times by rank, what got worse first.

use serde::Serialize;

use super::BINS;
use crate::{
    eval::{
        evidence::Shown,
        stats::{Interval, wilson},
    },
    model::StatusCounts,
};

/// What runs are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The model.
    Model,
    /// The provider.
    Provider,
    /// The prompt.
    Prompt,
    /// The prompt version.
    Version,
    /// The effective parameters.
    Params,
}

impl By {
    /// Every grouping.
    pub const ALL: &[Self] = &[Self::Model, Self::Provider, Self::Prompt, Self::Version, Self::Params];

    /// Names it in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Prompt => "prompt",
            Self::Version => "version",
            Self::Params => "parameters",
        }
    }
}

/// A share with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// So many.
    pub part: u64,
    /// Of so many.
    pub whole: u64,
    /// The share, from 0 to 1.
    pub share: f64,
    /// Its interval.
    pub interval: Interval,
}

impl Rate {
    /// Makes a rate; none of nothing.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        Some(Self { part, whole, share: part as f64 / whole as f64, interval: wilson(part, whole)? })
    }
}

/// Times by nearest rank, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Times {
    /// How many were measured.
    pub n: u64,
    /// Half took at most this.
    pub p50: u32,
    /// Nine in ten.
    pub p90: u32,
    /// Nineteen in twenty.
    pub p95: u32,
    /// Ninety-nine in a hundred.
    pub p99: u32,
}

/// What runs of one kind come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The kind: a model, a prompt, a version's first seven digits, parameters.
    pub name: String,
    /// Its value as a filter asks for it, where that is another: a version's hash, parameters as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The prompt, for a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Runs.
    pub runs: u64,
    /// How they came out.
    pub counts: StatusCounts,
    /// The pass rate.
    pub pass: Option<Rate>,
    /// Times.
    pub times: Option<Times>,
    /// Times to the first token.
    pub first_token: Option<Times>,
    /// US dollars, as far as known.
    pub cost: f64,
    /// Runs whose cost is not known.
    pub unpriced: u64,
}

/// Runs that met faults of one class, on the way or at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassLine {
    /// The class, in words.
    pub name: String,
    /// How many of all runs met it.
    pub met: Option<Rate>,
    /// Those that ended with it.
    pub ended: u64,
    /// Those that were answered all the same, by another try, key or model.
    pub answered: Option<Rate>,
    /// The pass rate.
    pub pass: Option<Rate>,
}

/// A prompt's last version against the one before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The prompt.
    pub prompt: String,
    /// The version before.
    pub before: String,
    /// The last version.
    pub last: String,
    /// How they compare; none where no input was run with both on the same target.
    pub compared: Option<Compared>,
}

/// Two versions of a prompt over the inputs that both were run with on the same target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The pass rate of the version before.
    pub from: Rate,
    /// The pass rate of the last version.
    pub to: Rate,
    /// The difference of the rates, the last less the one before.
    pub by: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// What the pairs show of the last version.
    pub shown: Shown,
}

/// What is said of two versions that have no input in common.
pub const NOT_COMPARABLE: &str = "not comparable: no common inputs";

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// When it begins, in seconds since 1970.
    pub from: i64,
    /// Runs.
    pub runs: u64,
    /// How they came out.
    pub counts: StatusCounts,
    /// US dollars.
    pub cost: f64,
    /// Runs whose cost is not known.
    pub unpriced: u64,
    /// The response time half of the answers stayed within, in milliseconds.
    pub p50: Option<u32>,
}

/// A review as it is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Runs.
    pub runs: u64,
    /// How they came out.
    pub counts: StatusCounts,
    /// Runs that ended with an answer.
    pub success: Option<Rate>,
    /// Runs that passed every check, of those that passed, failed, are inconclusive or have no answer.
    pub pass: Option<Rate>,
    /// What got worse or better since the last version, the worst first.
    pub changes: Vec<Change>,
    /// By check: how often it passed.
    pub checks: Vec<Check>,
    /// By class of fault, the one most runs met first.
    pub classes: Vec<ClassLine>,
    /// By model.
    pub models: Vec<Line>,
    /// By provider.
    pub providers: Vec<Line>,
    /// By prompt.
    pub prompts: Vec<Line>,
    /// By prompt version.
    pub versions: Vec<Line>,
    /// By effective parameters.
    pub params: Vec<Line>,
    /// Answers by their stated confidence: from 0 to 0.1, to 0.2, and so on.
    pub confidence: [u64; BINS],
    /// The mean share of required fields that were filled.
    pub completeness: Option<f64>,
    /// Response times.
    pub times: Option<Times>,
    /// Times to the first token.
    pub first_token: Option<Times>,
    /// Tokens in.
    pub tokens_in: u64,
    /// Tokens out.
    pub tokens_out: u64,
    /// US dollars, as far as known.
    pub cost: f64,
    /// Runs whose cost is not known.
    pub unpriced: u64,
    /// Runs that took more than one call.
    pub retried: u64,
    /// Calls.
    pub attempts: u64,
    /// Runs that another target than the requested one answered.
    pub fell_back: u64,
    /// Runs answered from the cache.
    pub cached: u64,
    /// Runs of the demonstration.
    pub demo: u64,
    /// Graded answers.
    pub graded: u64,
    /// Those that a person found right.
    pub right: u64,
    /// The seconds of each stretch of the trend.
    pub stretch: i64,
    /// The trend, the oldest first; stretches without a run are left out.
    pub trend: Vec<Point>,
}

impl Report {
    /// Returns all tokens.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }

    /// Tells whether all of it is a demonstration, so that times and tokens are.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo > 0 && self.demo == self.runs
    }
}

/// How often a check held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The check.
    pub name: String,
    /// How often it passed, of the answers it was to be applied to.
    pub pass: Option<Rate>,
    /// How often it could not run.
    pub inconclusive: u64,
}

impl Report {
    /// Lists the lines of a grouping.
    #[must_use]
    pub fn lines(&self, by: By) -> &[Line] {
        match by {
            By::Model => &self.models,
            By::Provider => &self.providers,
            By::Prompt => &self.prompts,
            By::Version => &self.versions,
            By::Params => &self.params,
        }
    }
}
