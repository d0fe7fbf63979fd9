//! How the figures of the batch on the screen are worked out: those of a small one at once, those of a large one in steps,
//! between which keys are answered.

use crate::{
    app::batch::{
        figures::ListedCells,
        figures_in_work::{FiguresInWork, rows_of},
        run_state::ShownBatch,
    },
    eval::Gate,
    text::clean_line,
};

impl ShownBatch {
    /// Works the figures out, where that is due: those of a small batch at once, those of a large one a step at a time.
    pub fn work_out(&mut self) {
        if self.is_partial() {
            return;
        }
        let mut work = match self.figures_in_work.take() {
            Some(work) => work,
            None if self.figures.is_due(self.is_busy()) => {
                self.figures.since = 0;
                Box::new(FiguresInWork::new(&self.grid, self.baseline.is_some()))
            }
            None => return,
        };
        // What is small is done in one go; a large batch has one step at a time.
        let is_small =
            self.grid.len().max(self.baseline.as_ref().map_or(0, |own| own.grid.len())) <= rows_of(&self.grid);
        loop {
            let name = |column| clean_line(&self.column_name(column)).as_str().to_owned();
            if work.step(&self.grid, self.baseline.as_ref(), name) {
                self.figures = work.figures(self.figures.since);
                return;
            }
            if !is_small {
                self.figures_in_work = Some(work);
                return;
            }
        }
    }

    /// Has the figures be worked out anew.
    pub(crate) fn expire_figures(&mut self) {
        self.figures.expire();
        self.figures_in_work = None;
    }

    /// Adds the cells up of the rows that are shown, a step at a time.
    pub(crate) fn add_up(&mut self) {
        let Some(mut work) = self.listing.take() else { return };
        let rows = work.at..work.at.saturating_add(rows_of(&self.grid));
        let cells = self.table.rows(rows.clone()).flat_map(|row| self.grid.finished(row));
        cells.for_each(|cell| work.tally.take(&cell, None));
        work.at = rows.end;
        if work.at < self.table.len() {
            self.listing = Some(work);
        } else {
            self.listed = Some(ListedCells { p50: work.tally.latency(0.5), tally: work.tally });
        }
    }

    /// Lists the gates that were set, with whether they are reached.
    #[must_use]
    pub fn judged_gates(&self) -> Vec<Gate> {
        let compared: Vec<_> = self.figures.before.iter().map(|(_, evidence)| evidence.shown).collect();
        self.gates.judge(&self.figures.total.tally, &compared)
    }
}
