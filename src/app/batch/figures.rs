//! What the cells of a batch come to: each column's figures, how the columns stand to each other and to a baseline, and
//! what is said of that.

use std::collections::BTreeMap;

use crate::{
    app::batch::{grid::BatchBaseline, run_state::ShownBatch},
    eval::{
        Evidence, Gate, Tally,
        evidence::{Lanes, SEED},
    },
    model::batch::Cell,
    present::batch_verdict::{Side, verdict},
    text::clean_line,
};

/// Cells that end before it is worked out again while the batch runs, at least.
const STEP: u64 = 25;

/// What the cells of one column come to.
#[derive(Debug, Clone, Default)]
pub struct ColumnFigures {
    pub tally: Tally,
    /// Cells by the rules that they fail.
    pub failed: BTreeMap<String, u64>,
}

impl ColumnFigures {
    fn take(&mut self, cell: &Cell) {
        self.tally.take(cell, None);
        for rule in &cell.failed {
            *self.failed.entry(rule.clone()).or_default() += 1;
        }
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
    since: u64,
    /// Cells that had ended by then.
    done: u64,
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
    fn is_due(&self, busy: bool) -> bool {
        self.since > 0 && (!busy || self.since >= STEP.max(self.done / 4))
    }
}

impl ShownBatch {
    /// Works the figures out, where that is due.
    pub fn work_out(&mut self) {
        if !self.figures.is_due(self.is_busy()) {
            return;
        }
        let count = self.grid.columns();
        let mut columns = vec![ColumnFigures::default(); count];
        let mut total = ColumnFigures::default();
        let mut lanes = Lanes::default();
        let compares = count > 1 || self.baseline.is_some();
        for cell in self.grid.all() {
            if let Some(column) = self.grid.column_of(cell.place).and_then(|at| columns.get_mut(at)) {
                column.take(cell);
            }
            total.take(cell);
            if compares {
                lanes.take(cell);
            }
        }
        let weigh = |pairs: Vec<_>| (!pairs.is_empty()).then(|| Evidence::of_what_decides(pairs, SEED));
        let first = self.grid.lane(0);
        let between = (1..count).filter_map(|column| {
            let pairs = lanes.pairs(self.grid.lane(column)?, &lanes, first?);
            Some((column, weigh(pairs)?))
        });
        let between: Vec<(usize, Evidence)> = between.collect();
        let mut earlier = Lanes::default();
        let mut tallies = vec![Tally::default(); count];
        for cell in self.baseline.iter().flat_map(BatchBaseline::cells) {
            earlier.take(cell);
            if let Some(tally) = self.grid.column_of(cell.place).and_then(|at| tallies.get_mut(at)) {
                tally.take(cell, None);
            }
        }
        let before = (0..count).filter_map(|column| {
            let lane = self.grid.lane(column)?;
            Some((column, weigh(lanes.pairs(lane, &earlier, lane))?))
        });
        let before: Vec<(usize, Evidence)> = before.collect();
        let names: Vec<String> =
            (0..count).map(|column| clean_line(&self.column_name(column)).as_str().to_owned()).collect();
        let name = |column: usize| names.get(column).map_or("", String::as_str);
        let mut words = Vec::new();
        for (column, evidence) in &between {
            if let (Some(own), Some(first)) = (columns.get(*column), columns.first()) {
                let base = Side { name: name(0), tally: &first.tally };
                words.extend(verdict(evidence, Side { name: name(*column), tally: &own.tally }, base));
            }
        }
        for (column, evidence) in &before {
            if let (Some(own), Some(tally), Some(baseline)) =
                (columns.get(*column), tallies.get(*column), &self.baseline)
            {
                let earlier = clean_line(&baseline.name);
                let base = Side { name: earlier.as_str(), tally };
                words.extend(verdict(evidence, Side { name: name(*column), tally: &own.tally }, base));
            }
        }
        let done = self.grid.counts().done;
        self.figures = Figures { columns, total, between, before, verdict: words, since: 0, done };
    }

    /// Lists the gates that were set, with whether they are reached.
    #[must_use]
    pub fn judged_gates(&self) -> Vec<Gate> {
        let compared: Vec<_> = self.figures.before.iter().map(|(_, evidence)| evidence.shown).collect();
        self.gates.judge(&self.figures.total.tally, &compared)
    }
}
