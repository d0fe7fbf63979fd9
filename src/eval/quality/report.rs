//! A review as it is read: rates with intervals, times by rank, what got worse first.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::{
    eval::{
        Unrun,
        evidence::Conclusion,
        quality::BINS,
        stats::{Coefficient, Confusion, Interval, PositionBias, wilson},
        tally::Taken,
    },
    model::{CacheSaving, CheckType, Spent, StatusCounts, outcome::Judging},
    text::format::LEAST_WAIT,
};

/// What runs are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    Model,
    Provider,
    Prompt,
    /// The prompt version.
    Version,
    /// The effective parameters.
    Params,
}

impl GroupBy {
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rate {
    /// So many.
    pub part: u64,
    /// Of so many.
    pub whole: u64,
    /// The share, from 0 to 1.
    pub share: f64,
    pub interval: Interval,
}

impl Rate {
    /// Makes a rate; none of nothing.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        Some(Self { part, whole, share: part as f64 / whole as f64, interval: wilson(part, whole)? })
    }
}

/// Times of answering attempts from their sending, by nearest rank, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Times {
    /// How many were measured.
    pub n: u64,
    /// Half took at most this.
    pub p50: u32,
    /// Nine in ten; none below ten.
    pub p90: Option<u32>,
    /// Nineteen in twenty; none below twenty.
    pub p95: Option<u32>,
    /// Ninety-nine in a hundred; none below a hundred.
    pub p99: Option<u32>,
}

/// What retort itself waited: for limits, between tries, for a free place. No part of any other time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Waits {
    /// Runs that waited, as [`LEAST_WAIT`] has it.
    pub runs: u64,
    /// Milliseconds that these waited together.
    pub total: u64,
    /// Milliseconds of the longest.
    pub longest: u64,
}

impl Waits {
    /// Takes in what one run waited.
    pub(crate) fn take(&mut self, waited: Duration) {
        let millis = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        if waited >= LEAST_WAIT {
            self.runs += 1;
            self.total = self.total.saturating_add(millis);
            self.longest = self.longest.max(millis);
        }
    }
}

/// What runs of one kind come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupRow {
    /// The kind: a model, a prompt, a version's first seven digits, parameters.
    pub name: String,
    /// Its value as a filter asks for it, where that is another: a version's hash, parameters as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The prompt, for a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    pub runs: u64,
    /// How they came out.
    pub counts: StatusCounts,
    pub pass: Option<Rate>,
    pub times: Option<Times>,
    pub first_token: Option<Times>,
    /// What the runs took; of a model or a provider what it took itself, in runs that others answered as well.
    #[serde(flatten, serialize_with = "taken")]
    #[cfg_attr(test, schemars(with = "Taken"))]
    pub spent: Spent,
    /// Runs of whose cost, likewise, nothing is known.
    pub unpriced: u64,
}

/// Runs that met errors of one class, on the way or at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClassLine {
    /// The class, in words.
    pub name: String,
    /// How many of all runs met it.
    pub met: Option<Rate>,
    /// Those that ended with it.
    pub ended: u64,
    /// Those that were answered all the same, by another try, key or model.
    pub answered: Option<Rate>,
    pub pass: Option<Rate>,
}

/// A prompt's last version against the one before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VersionChange {
    pub prompt: String,
    /// The version before.
    pub before: String,
    /// The last version.
    pub last: String,
    /// How they compare; none where no input was run with both on the same target.
    pub compared: Option<VersionComparison>,
}

/// Two versions of a prompt over the inputs that both were run with on the same target.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VersionComparison {
    /// The pass rate of the version before.
    pub from: Rate,
    /// The pass rate of the last version.
    pub to: Rate,
    /// The difference of the rates, the last less the one before.
    pub by: f64,
    pub interval: Interval,
    /// What the pairs show of the last version.
    pub shown: Conclusion,
}

/// What is said of two versions that have no input in common.
pub const NOT_COMPARABLE: &str = "not comparable: no common inputs";

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TrendPoint {
    /// When it begins, in seconds since 1970.
    pub from: i64,
    /// When it ends.
    pub to: i64,
    pub runs: u64,
    /// How they came out.
    pub counts: StatusCounts,
    /// What they took.
    #[serde(flatten, serialize_with = "taken")]
    #[cfg_attr(test, schemars(with = "Taken"))]
    pub spent: Spent,
    /// Runs whose cost is not known.
    pub unpriced: u64,
    /// The response time half of the answers stayed within, in milliseconds.
    pub p50: Option<u32>,
}

/// A review as it is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QualityReport {
    pub runs: u64,
    /// How they came out.
    pub counts: StatusCounts,
    /// Runs that ended with an answer.
    pub success: Option<Rate>,
    /// Runs that passed every check, of those that passed, failed, are inconclusive or have no answer.
    pub pass: Option<Rate>,
    /// What got worse or better since the last version, the worst first.
    pub changes: Vec<VersionChange>,
    /// By check: how often it passed.
    pub checks: Vec<CheckFigures>,
    /// Checks that could not run, by rule and reason; none where the runs are not those on record.
    pub unrun: Vec<Unrun>,
    /// How judges chose that were asked in both orders; none where none was, or the runs are not those on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<PositionBias>,
    /// By class of error, the one most runs met first.
    pub classes: Vec<ClassLine>,
    pub models: Vec<GroupRow>,
    pub providers: Vec<GroupRow>,
    pub prompts: Vec<GroupRow>,
    /// By prompt version.
    pub versions: Vec<GroupRow>,
    /// By effective parameters.
    pub params: Vec<GroupRow>,
    /// Answers by their stated confidence: from 0 to 0.1, to 0.2, and so on.
    pub confidence: [u64; BINS],
    /// The mean share of required fields that were filled.
    pub completeness: Option<f64>,
    /// Response times.
    pub times: Option<Times>,
    pub first_token: Option<Times>,
    /// What retort itself waited.
    pub waits: Waits,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// All that was taken, judges apart.
    #[serde(flatten, serialize_with = "taken")]
    #[cfg_attr(test, schemars(with = "Taken"))]
    pub spent: Spent,
    /// Runs whose cost is not known.
    pub unpriced: u64,
    /// US dollars that providers' caches of prompts saved, below zero where writing to them cost more; left out where
    /// they were not used.
    #[serde(rename = "cache_saved", serialize_with = "saved", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "f64"))]
    pub cache_saving: Option<CacheSaving>,
    /// What judging took.
    #[serde(serialize_with = "judging")]
    #[cfg_attr(test, schemars(with = "Option<Taken>"))]
    pub judges: Judging,
    /// Whether the runs are those of judges: there are no others.
    pub of_judges: bool,
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
    pub trend: Vec<TrendPoint>,
}

fn taken<S: Serializer>(spent: &Spent, out: S) -> Result<S::Ok, S::Error> {
    Taken::of(*spent).serialize(out)
}

#[allow(clippy::ref_option, reason = "serde hands a reference")]
fn saved<S: Serializer>(saved: &Option<CacheSaving>, out: S) -> Result<S::Ok, S::Error> {
    saved.map(CacheSaving::dollars).serialize(out)
}

fn judging<S: Serializer>(judging: &Judging, out: S) -> Result<S::Ok, S::Error> {
    (*judging != Judging::default()).then(|| Taken::of(judging.spent())).serialize(out)
}

impl QualityReport {
    /// Tells whether all of it is a demonstration, so that times and tokens are.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo > 0 && self.demo == self.runs
    }
}

/// How often a check held.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckFigures {
    /// The check.
    pub name: String,
    /// How often it passed, of the answers it was to be applied to.
    pub pass: Option<Rate>,
    /// How often it could not run.
    pub inconclusive: u64,
    /// How far its judge and people agree, where a model judges and answers are graded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<JudgeAgreement>,
}

/// How far a judge and people agree about the same answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JudgeAgreement {
    /// The answers, by what the judge and the person say.
    pub table: Confusion,
    /// The share of them of which both say the same, from 0 to 1.
    pub agreed: f64,
    /// Cohen's kappa; none where both always say the one same thing.
    pub kappa: Option<Coefficient>,
    /// Gwet's AC1, which does not collapse where most answers pass; none of one answer.
    pub ac1: Option<Coefficient>,
    /// How many of the answers a person refuses the judge lets pass; none where none is refused.
    pub false_passes: Option<Rate>,
}

impl JudgeAgreement {
    /// Makes it of the graded answers to which a check was applied; none where no model judges by it, or none is graded.
    #[must_use]
    pub fn of(check: &str, table: Confusion) -> Option<Self> {
        let judged = check.parse::<CheckType>().is_ok_and(|check| check.kind.is_judged());
        let agreed = table.agreed().filter(|_| judged)?;
        let false_passes = Rate::of(table.judge_alone, table.judge_alone + table.neither);
        Some(Self { table, agreed, kappa: table.kappa(), ac1: table.ac1(), false_passes })
    }
}

impl QualityReport {
    /// Lists the lines of a grouping.
    #[must_use]
    pub fn lines(&self, by: GroupBy) -> &[GroupRow] {
        match by {
            GroupBy::Model => &self.models,
            GroupBy::Provider => &self.providers,
            GroupBy::Prompt => &self.prompts,
            GroupBy::Version => &self.versions,
            GroupBy::Params => &self.params,
        }
    }
}
