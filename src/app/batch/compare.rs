//! How the figures of the batch on the screen are worked out: a pass over its cells, and the columns compared with
//! each other and with the batch chosen for that.

use crate::{
    app::batch::{
        figures::{ColumnFigures, Figures},
        grid::BatchBaseline,
        run_state::ShownBatch,
    },
    eval::{
        Evidence, Gate, Tally,
        evidence::{Lanes, SEED},
    },
    present::batch_verdict::{Side, verdict},
    text::clean_line,
};

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
        let evidence = |pairs: Vec<_>| (!pairs.is_empty()).then(|| Evidence::of_what_decides(pairs, SEED));
        let first = self.grid.lane(0);
        let between = (1..count).filter_map(|column| {
            let pairs = lanes.pairs(self.grid.lane(column)?, &lanes, first?);
            Some((column, evidence(pairs)?))
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
            Some((column, evidence(lanes.pairs(lane, &earlier, lane))?))
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
        let (done, p50) = (self.grid.counts().done, total.tally.latency(0.5));
        self.figures = Figures { columns, total, p50, between, before, verdict: words, since: 0, done };
    }

    /// Lists the gates that were set, with whether they are reached.
    #[must_use]
    pub fn judged_gates(&self) -> Vec<Gate> {
        let compared: Vec<_> = self.figures.before.iter().map(|(_, evidence)| evidence.shown).collect();
        self.gates.judge(&self.figures.total.tally, &compared)
    }
}
