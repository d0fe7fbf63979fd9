//! What the cells of a batch come to: each column's figures, how the columns compare, and what is said of that.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    eval::{Evidence, Tally},
    model::batch::Cell,
};

/// Cells that end before it is worked out again while the batch runs, at least.
const STEP: u64 = 25;

/// What the cells of one column come to.
#[derive(Debug, Clone, Default)]
pub struct ColumnFigures {
    pub tally: Tally,
    /// Cells by the rules that they fail.
    pub failed: BTreeMap<String, u64>,
    /// Half of the answers took at most this.
    pub p50: Option<Duration>,
    /// 95 of 100 answers took at most this.
    pub p95: Option<Duration>,
}

impl ColumnFigures {
    pub(crate) fn take(&mut self, cell: &Cell) {
        self.tally.take(cell, None);
        for rule in &cell.failed {
            *self.failed.entry(rule.clone()).or_default() += 1;
        }
    }

    /// Works out how long answers took, once all cells are taken in.
    pub(crate) fn time(&mut self) {
        (self.p50, self.p95) = (self.tally.latency(0.5), self.tally.latency(0.95));
    }

    /// Lists what its cells failed by, the most frequent first: rules, then classes of errors.
    #[must_use]
    pub fn failures(&self) -> Vec<(String, u64, bool)> {
        let sorted = |counts: &BTreeMap<String, u64>, error| {
            let mut all: Vec<_> = counts.iter().map(|(name, count)| (name.clone(), *count, error)).collect();
            all.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
            all
        };
        let mut all = sorted(&self.failed, false);
        all.extend(sorted(&self.tally.errors, true));
        all
    }
}

/// What the cells of some rows come to, with what is told of them at every frame.
#[derive(Debug, Clone, Default)]
pub struct ListedCells {
    pub tally: Tally,
    /// Half of the answers took at most this.
    pub p50: Option<Duration>,
}

/// What was worked out, and what came since.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// For each column.
    pub columns: Vec<ColumnFigures>,
    /// All columns together.
    pub total: ColumnFigures,
    /// The columns that are compared with the first, each with what that shows.
    pub between: Vec<(usize, Evidence)>,
    /// The columns that are compared with their like in the baseline, each with what that shows.
    pub before: Vec<(usize, Evidence)>,
    /// What is said of all that, a sentence or two for each comparison.
    pub verdict: Vec<String>,
    /// Cells that have ended since.
    pub(crate) since: u64,
    /// Cells that had ended by then.
    pub(crate) done: u64,
}

impl Figures {
    /// Notes that a cell has ended.
    pub(crate) fn touch(&mut self) {
        self.since += 1;
    }

    /// Has it be worked out anew.
    pub(crate) fn expire(&mut self) {
        self.done = 0;
        self.since += STEP;
    }

    /// Tells whether it is worth working out: when the batch rests, and while it runs each time a quarter more
    /// cells have ended, so that all of it together costs no more than a few times the last.
    pub(crate) fn is_due(&self, busy: bool) -> bool {
        self.since > 0 && (!busy || self.since >= STEP.max(self.done / 4))
    }
}
