//! What cells come to: passes, scores, metrics, tokens, cost, times and errors, one definition of each.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::model::{
    Quality, RunStatus, Status, StatusCounts,
    batch::Cell,
    usage::{Cost, PicoDollars},
};

/// Reasons why checks could not run that are told apart.
const MOST_UNRUN: usize = 50;

/// A mean that is still being taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn take(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.weight += weight;
    }

    fn join(&mut self, other: Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }

    fn value(self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// What cells come to. A fold: cells are taken one at a time, in any order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Cells by how they came out.
    pub counts: StatusCounts,
    /// Those without an answer, by the class of the fault in words.
    pub errors: BTreeMap<String, u64>,
    /// Checks that could not run, by their rule and the reason.
    unrun: BTreeMap<(String, String), u64>,
    /// Those answered from the cache: neither their time, nor their tokens, nor their cost count.
    pub cached: u64,
    /// Tokens, in and out, those of judges as well, as far as providers tell.
    pub tokens: u64,
    /// Cells of which nobody told the tokens.
    pub uncounted: u64,
    cost: Option<Cost>,
    scores: Mean,
    metrics: BTreeMap<String, Mean>,
    /// In milliseconds, of the cells that were answered just now.
    times: Vec<u32>,
}

impl Tally {
    /// Takes a cell in, with its verdicts where they are known. One that was stopped counts nowhere else.
    ///
    /// A cell that is inconclusive has no final score, and none is counted.
    pub fn take(&mut self, cell: &Cell, quality: Option<&Quality>) {
        self.counts.add(cell.status);
        match cell.status {
            RunStatus::Cancelled => return,
            RunStatus::Error => {
                let class = cell.class.clone().unwrap_or_else(|| cell.end.clone());
                *self.errors.entry(class).or_default() += 1;
                self.scores.take(0.0, 1.0);
            }
            RunStatus::Passed | RunStatus::Failed | RunStatus::Inconclusive | RunStatus::Unchecked => {}
        }
        if let (RunStatus::Passed | RunStatus::Failed, Some(score)) = (cell.status, cell.score) {
            self.scores.take(score, 1.0);
        }
        for verdict in quality.into_iter().flat_map(|quality| &quality.verdicts) {
            if let (Some(metric), Some(credit)) = (&verdict.metric, verdict.credit()) {
                self.metrics.entry(metric.clone()).or_default().take(credit, 1.0);
            }
            if verdict.status == Status::Inconclusive {
                self.take_unrun(&verdict.rule.to_string(), &verdict.reason, 1);
            }
        }
        if let Some(judging) = cell.judging {
            self.tokens = self.tokens.saturating_add(judging.tokens);
            self.cost = Some(self.cost.map_or(judging.cost, |cost| cost.plus(judging.cost)));
        }
        if cell.cached {
            self.cached += 1;
            return;
        }
        match cell.tokens {
            Some(tokens) => self.tokens = self.tokens.saturating_add(tokens),
            None if cell.answered() => self.uncounted += 1,
            None => {}
        }
        // What never came to an answer and names no price was most likely never billed.
        if cell.answered() || cell.cost.amount().is_some() {
            self.cost = Some(self.cost.map_or(cell.cost, |cost| cost.plus(cell.cost)));
        }
        if cell.answered() {
            self.times.push(u32::try_from(cell.took.as_millis()).unwrap_or(u32::MAX));
        }
    }

    /// Takes in what another has counted.
    pub fn join(&mut self, other: &Self) {
        let Self { counts, errors, unrun, cached, tokens, uncounted, cost, scores, metrics, times } = other;
        self.counts.join(*counts);
        for (class, count) in errors {
            *self.errors.entry(class.clone()).or_default() += count;
        }
        for ((rule, reason), count) in unrun {
            self.take_unrun(rule, reason, *count);
        }
        self.cached += cached;
        self.tokens = self.tokens.saturating_add(*tokens);
        self.uncounted += uncounted;
        self.cost = match (self.cost, *cost) {
            (Some(one), Some(other)) => Some(one.plus(other)),
            (one, other) => one.or(other),
        };
        self.scores.join(*scores);
        for (metric, mean) in metrics {
            self.metrics.entry(metric.clone()).or_default().join(*mean);
        }
        self.times.extend_from_slice(times);
    }

    /// Counts checks that could not run for a reason. Reasons beyond the first few are counted together.
    fn take_unrun(&mut self, rule: &str, reason: &str, count: u64) {
        let mut key = (rule.to_owned(), reason.to_owned());
        if self.unrun.len() >= MOST_UNRUN && !self.unrun.contains_key(&key) {
            key = (rule.to_owned(), "for other reasons".to_owned());
        }
        *self.unrun.entry(key).or_default() += count;
    }

    /// Counts the cells that have ended, those that were stopped left out.
    #[must_use]
    pub fn cells(&self) -> u64 {
        self.counts.rated() + self.counts.unchecked
    }

    /// Returns the share of cells that passed, as [`StatusCounts::pass_rate`].
    #[must_use]
    pub fn pass_rate(&self) -> Option<f64> {
        self.counts.pass_rate()
    }

    /// Returns the mean score, from 0 to 1. A cell without an answer scores 0; one without a score is
    /// left out. None if no cell is left.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        self.scores.value()
    }

    /// Lists the named metrics with the mean of what their checks give, from 0 to 1.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, f64)> {
        self.metrics.iter().filter_map(|(name, mean)| Some((name.as_str(), mean.value()?)))
    }

    /// Returns what the cells cost that were asked just now: unknown where no price is known, a lower
    /// bound where one is missing.
    #[must_use]
    pub fn cost(&self) -> Cost {
        match self.cost {
            Some(cost) => cost,
            None if self.cells() == self.cached => Cost::Known(PicoDollars(0)),
            None => Cost::Unknown,
        }
    }

    /// Returns the time that this share of the answers took at most, cached ones left out; the nearest
    /// rank. None if no answer was timed.
    #[must_use]
    pub fn latency(&self, share: f64) -> Option<Duration> {
        let mut times = self.times.clone();
        let last = times.len().checked_sub(1)?;
        let rank = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1).min(last);
        let (_, time, _) = times.select_nth_unstable(rank);
        Some(Duration::from_millis(u64::from(*time)))
    }

    /// Lists the checks that could not run, by rule and reason.
    pub fn unrun(&self) -> impl Iterator<Item = Unrun> {
        let unrun = |((rule, reason), count): (&(String, String), &u64)| Unrun {
            rule: rule.clone(),
            reason: reason.clone(),
            count: *count,
        };
        self.unrun.iter().map(unrun)
    }

    /// Returns all figures as they stand in `--json` and in JSON Lines.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            cells: self.cells(),
            passed: self.counts.passed,
            failed: self.counts.failed,
            inconclusive: self.counts.inconclusive,
            unchecked: self.counts.unchecked,
            errors: self.counts.error,
            cached: self.cached,
            pass_rate: self.pass_rate(),
            score: self.score(),
            metrics: self.metrics().map(|(name, mean)| (name.to_owned(), mean)).collect(),
            tokens: self.tokens,
            uncounted: self.uncounted,
            cost: self.cost().amount().map(PicoDollars::dollars),
            cost_is: self.cost().sureness(),
            latency_p50: self.latency(0.5).map(|time| time.as_secs_f64()),
            latency_p95: self.latency(0.95).map(|time| time.as_secs_f64()),
            error_classes: self.errors.clone(),
            unrun: self.unrun().collect(),
        }
    }
}

/// The figures of a [`Tally`], for JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Cells that have ended.
    pub cells: u64,
    /// Those of which every check ran and passed.
    pub passed: u64,
    /// Those of which a check failed.
    pub failed: u64,
    /// Those of which no check failed and at least one could not run.
    pub inconclusive: u64,
    /// Those without a check.
    pub unchecked: u64,
    /// Those without an answer.
    pub errors: u64,
    /// Those answered from the cache.
    pub cached: u64,
    /// From 0 to 1: those that passed of those that passed, failed, are inconclusive or have no answer.
    pub pass_rate: Option<f64>,
    /// From 0 to 1.
    pub score: Option<f64>,
    /// From 0 to 1, by name.
    pub metrics: BTreeMap<String, f64>,
    /// In and out.
    pub tokens: u64,
    /// Cells of which nobody told the tokens.
    pub uncounted: u64,
    /// US dollars, of the cells asked just now; none where no price is known.
    pub cost: Option<f64>,
    /// How sure that is: `known`, `estimated`, `at_least` or `unknown`.
    pub cost_is: &'static str,
    /// Seconds; half of the answers took no longer.
    pub latency_p50: Option<f64>,
    /// Seconds; 95 of 100 answers took no longer.
    pub latency_p95: Option<f64>,
    /// Cells without an answer, by the class of the fault.
    pub error_classes: BTreeMap<String, u64>,
    /// Checks that could not run.
    pub unrun: Vec<Unrun>,
}

/// A check that could not run, how often, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unrun {
    /// The rule's name.
    pub rule: String,
    /// Why it could not run.
    pub reason: String,
    /// On how many answers.
    pub count: u64,
}

impl std::fmt::Display for Unrun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {}: {}", self.count, self.rule, self.reason)
    }
}

#[cfg(test)]
mod tests;
