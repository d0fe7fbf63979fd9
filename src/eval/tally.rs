//! What cells come to: passes, scores, metrics, tokens, cost, times and errors, one definition of each.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::model::{
    Quality,
    batch::Cell,
    usage::{Cost, PicoDollars},
};

/// How a cell stands, as every list and every report counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The model answered and the answer is good enough.
    Passed,
    /// The model answered and the answer is not good enough.
    Failed,
    /// No model answered, or the answer broke off.
    Error,
    /// The model answered and every check on the answer had to be skipped: neither passed nor failed.
    Skipped,
    /// It was stopped, or has not ended: it says nothing yet.
    Open,
}

impl Standing {
    /// Tells how a cell stands.
    #[must_use]
    pub fn of(cell: &Cell) -> Self {
        match cell.end.as_str() {
            "done" => match cell.passed {
                Some(false) => Self::Failed,
                _ if cell.skipped && cell.score.is_none() => Self::Skipped,
                _ => Self::Passed,
            },
            "failed" | "interrupted" | "crashed" => Self::Error,
            _ => Self::Open,
        }
    }

    /// Names it in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Open => "open",
        }
    }
}

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
    /// Cells that have ended.
    pub cells: u64,
    /// Those that passed.
    pub passed: u64,
    /// Those whose answer is not good enough.
    pub failed: u64,
    /// Those whose checks all had to be skipped.
    pub skipped: u64,
    /// Those without an answer, by the class of the fault in words.
    pub errors: BTreeMap<String, u64>,
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
    /// Takes a cell in, with its verdicts where its named metrics are wanted. An open one counts nowhere.
    pub fn take(&mut self, cell: &Cell, quality: Option<&Quality>) {
        match Standing::of(cell) {
            Standing::Open => return,
            Standing::Passed => self.passed += 1,
            Standing::Failed => self.failed += 1,
            Standing::Skipped => self.skipped += 1,
            Standing::Error => {
                let class = cell.class.clone().unwrap_or_else(|| cell.end.clone());
                *self.errors.entry(class).or_default() += 1;
                self.scores.take(0.0, 1.0);
            }
        }
        self.cells += 1;
        if cell.answered()
            && let Some(score) = cell.score
        {
            self.scores.take(score, 1.0);
        }
        for verdict in quality.into_iter().flat_map(|quality| &quality.verdicts) {
            if let (Some(metric), Some(credit)) = (&verdict.metric, verdict.credit()) {
                self.metrics.entry(metric.clone()).or_default().take(credit, 1.0);
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
        let Self { cells, passed, failed, skipped, errors, cached, tokens, uncounted, cost, scores, metrics, times } =
            other;
        self.cells += cells;
        self.passed += passed;
        self.failed += failed;
        self.skipped += skipped;
        for (class, count) in errors {
            *self.errors.entry(class.clone()).or_default() += count;
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

    /// Counts the cells without an answer.
    #[must_use]
    pub fn errored(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Returns the share of cells that passed, from 0 to 1. A cell without an answer did not pass; one
    /// whose checks were all skipped is left out. None if no cell is left.
    #[must_use]
    pub fn pass_rate(&self) -> Option<f64> {
        let counted = self.cells - self.skipped;
        (counted > 0).then(|| self.passed as f64 / counted as f64)
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
            None if self.cells == 0 || self.cached == self.cells => Cost::Known(PicoDollars(0)),
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

    /// Returns all figures as they stand in `--json` and in JSON Lines.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            cells: self.cells,
            passed: self.passed,
            failed: self.failed,
            errors: self.errored(),
            skipped: self.skipped,
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
        }
    }
}

/// The figures of a [`Tally`], for JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Cells that have ended.
    pub cells: u64,
    /// Those that passed.
    pub passed: u64,
    /// Those whose answer is not good enough.
    pub failed: u64,
    /// Those without an answer.
    pub errors: u64,
    /// Those whose checks all had to be skipped.
    pub skipped: u64,
    /// Those answered from the cache.
    pub cached: u64,
    /// From 0 to 1.
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
}

#[cfg(test)]
mod tests;
