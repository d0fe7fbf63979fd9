//! A review as it is read: rates with intervals, times by rank, what got worse.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{BINS, Group, HOUR, Marks, Review};
use crate::{
    eval::stats::{Interval, difference_of, percentile, wilson},
    model::PicoDollars,
};

/// Points of a trend, at most.
const POINTS: i64 = 60;

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

impl Times {
    fn of(times: &[u32]) -> Option<Self> {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let rank = |share| percentile(&sorted, share);
        Some(Self { n: sorted.len() as u64, p50: rank(0.5)?, p90: rank(0.9)?, p95: rank(0.95)?, p99: rank(0.99)? })
    }
}

/// What runs of one kind come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The kind: a model, a prompt, a version.
    pub name: String,
    /// The prompt, for a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Runs.
    pub runs: u64,
    /// Errors.
    pub errors: u64,
    /// The pass rate of those that were judged.
    pub pass: Option<Rate>,
    /// Times.
    pub times: Option<Times>,
    /// US dollars, as far as known.
    pub cost: f64,
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
    /// The pass rate of the version before.
    pub from: Rate,
    /// The pass rate of the last version.
    pub to: Rate,
    /// The difference of the rates, the last less the one before.
    pub by: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Whether the interval leaves zero out.
    pub shown: bool,
}

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// When it begins, in seconds since 1970.
    pub from: i64,
    /// Runs.
    pub runs: u64,
    /// Errors.
    pub errors: u64,
    /// Judged answers.
    pub judged: u64,
    /// Those that passed.
    pub passed: u64,
    /// US dollars.
    pub cost: f64,
}

/// A review as it is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Runs.
    pub runs: u64,
    /// Runs that failed, broke off or crashed.
    pub errors: u64,
    /// Runs a person stopped.
    pub cancelled: u64,
    /// Runs that ended with an answer.
    pub success: Option<Rate>,
    /// Answers that passed every check.
    pub pass: Option<Rate>,
    /// What got worse or better since the last version, the worst first.
    pub changes: Vec<Change>,
    /// By check: how often it passed; skipped ones counted apart.
    pub checks: Vec<Check>,
    /// Faults by class.
    pub classes: BTreeMap<String, u64>,
    /// By model.
    pub models: Vec<Line>,
    /// By provider.
    pub providers: Vec<Line>,
    /// By prompt.
    pub prompts: Vec<Line>,
    /// By prompt version.
    pub versions: Vec<Line>,
    /// Answers by their stated confidence: from 0 to 0.1, to 0.2, and so on.
    pub confidence: [u64; BINS],
    /// The mean share of required fields that were filled.
    pub completeness: Option<f64>,
    /// Response times.
    pub times: Option<Times>,
    /// Times to the first token.
    pub first_token: Option<Times>,
    /// Tokens in and out.
    pub tokens: u64,
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

/// How often a check held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The check.
    pub name: String,
    /// How often it passed of the times it was applied.
    pub pass: Option<Rate>,
    /// How often it could not be applied.
    pub skipped: u64,
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
        }
    }
}

impl Review {
    /// Works out what is read of it.
    #[must_use]
    pub fn report(&self) -> Report {
        let answered = self.all.runs.saturating_sub(self.all.errors + self.cancelled);
        let (stretch, trend) = self.trend();
        let mut versions = Vec::new();
        let mut prompts = Vec::new();
        for (prompt, own) in &self.prompts {
            let mut whole = Group::default();
            for (version, group) in own {
                whole.join(group.clone());
                let short: String = version.chars().take(7).collect();
                versions.push(Line { prompt: Some(prompt.to_string()), ..line(&short, group) });
            }
            prompts.push(line(prompt, &whole));
        }
        let check = |(name, marks): (&std::sync::Arc<str>, &Marks)| Check {
            name: name.to_string(),
            pass: Rate::of(marks.pass, marks.pass + marks.fail),
            skipped: marks.skipped,
        };
        let mut checks: Vec<Check> = self.checks.iter().map(check).collect();
        // The check that fails most comes first.
        let failing = |check: &Check| check.pass.map_or(0, |rate| rate.whole - rate.part);
        checks.sort_by_key(|check| std::cmp::Reverse(failing(check)));
        Report {
            runs: self.all.runs,
            errors: self.all.errors,
            cancelled: self.cancelled,
            success: Rate::of(answered, self.all.runs),
            pass: Rate::of(self.all.passed, self.all.judged),
            changes: self.changes(),
            checks,
            classes: self.classes.iter().map(|(class, count)| (class.to_string(), *count)).collect(),
            models: self.models.iter().map(|(name, group)| line(name, group)).collect(),
            providers: self.providers.iter().map(|(name, group)| line(name, group)).collect(),
            prompts,
            versions,
            confidence: self.confidence,
            completeness: (self.completeness.1 > 0).then(|| self.completeness.0 / self.completeness.1 as f64),
            times: Times::of(&self.all.times),
            first_token: Times::of(&self.first_tokens),
            tokens: self.tokens,
            cost: self.all.cost.dollars(),
            unpriced: self.unpriced,
            retried: self.retried,
            attempts: self.attempts,
            fell_back: self.fell_back,
            cached: self.cached,
            demo: self.demo,
            graded: self.graded.0,
            right: self.graded.1,
            stretch,
            trend,
        }
    }

    /// Compares each prompt's version that was run last with the one that was begun before it.
    fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        for (prompt, versions) in &self.prompts {
            let mut own: Vec<_> = versions.iter().filter(|(_, group)| group.judged > 0).collect();
            own.sort_by_key(|(_, group)| group.first);
            let [.., (before, old), (last, new)] = own.as_slice() else { continue };
            let (Some(from), Some(to)) = (Rate::of(old.passed, old.judged), Rate::of(new.passed, new.judged)) else {
                continue;
            };
            let Some((by, interval)) = difference_of((old.passed, old.judged), (new.passed, new.judged)) else {
                continue;
            };
            let short = |hash: &str| hash.chars().take(7).collect();
            let shown = interval.low > 0.0 || interval.high < 0.0;
            let (before, last) = (short(before), short(last));
            changes.push(Change { prompt: prompt.to_string(), before, last, from, to, by, interval, shown });
        }
        changes.sort_by(|one, other| one.by.total_cmp(&other.by));
        changes
    }

    /// Gathers the hours into stretches, so that there are not too many.
    fn trend(&self) -> (i64, Vec<Point>) {
        let (Some((first, _)), Some((last, _))) = (self.hours.first_key_value(), self.hours.last_key_value()) else {
            return (HOUR, Vec::new());
        };
        let hours = [1, 3, 6, 12, 24, 24 * 7, 24 * 30, 24 * 365];
        let span = last - first + 1;
        let each = hours.into_iter().find(|each| span / each < POINTS).unwrap_or(24 * 365);
        let mut points: BTreeMap<i64, Group> = BTreeMap::new();
        for (hour, group) in &self.hours {
            points.entry(hour.div_euclid(each)).or_default().join(group.clone());
        }
        let point = |(at, group): (i64, Group)| Point {
            from: at * each * HOUR,
            runs: group.runs,
            errors: group.errors,
            judged: group.judged,
            passed: group.passed,
            cost: group.cost.dollars(),
        };
        (each * HOUR, points.into_iter().map(point).collect())
    }
}

fn line(name: &str, group: &Group) -> Line {
    let Group { runs, errors, judged, passed, cost: PicoDollars(_), .. } = group;
    Line {
        name: name.to_owned(),
        prompt: None,
        runs: *runs,
        errors: *errors,
        pass: Rate::of(*passed, *judged),
        times: Times::of(&group.times),
        cost: group.cost.dollars(),
    }
}
