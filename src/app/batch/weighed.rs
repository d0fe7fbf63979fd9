//! Each column of a batch against the first one, or against its like in the batch it is compared with.

use super::{look::Baseline, shown::Shown};
use crate::eval::{
    Evidence,
    evidence::{Lanes, SEED},
};

/// Rows above the table that say it, at most.
const MOST: usize = 3;

/// Rows of the screen for each of them, at least.
const EACH: u16 = 8;

/// Cells that end before it is worked out again while the batch runs, at least.
const STEP: u64 = 25;

/// What was worked out, and what came since.
#[derive(Debug, Clone, Default)]
pub struct Weighed {
    /// The columns with what is said of each.
    said: Vec<(usize, Evidence)>,
    /// Cells that have ended since.
    since: u64,
    /// Cells that had ended by then.
    done: u64,
}

impl Weighed {
    /// Notes that a cell has ended.
    pub(super) fn touch(&mut self) {
        self.since += 1;
    }

    /// Has it be worked out anew.
    pub(super) fn expire(&mut self) {
        self.done = 0;
        self.since += 1;
    }

    /// Tells whether it is worth working out: when the batch rests, and while it runs each time a quarter more
    /// cells have ended, so that all of it together costs no more than a few times the last.
    fn is_due(&self, busy: bool) -> bool {
        self.since > 0 && (!busy || self.since >= STEP.max(self.done / 4))
    }
}

impl Shown {
    /// Works out how the columns stand, where it is due.
    pub fn weigh(&mut self) {
        if !self.weighed.is_due(self.is_busy()) {
            return;
        }
        let (columns, done) = (self.grid.columns(), self.grid.counts().done);
        let mut lanes = Lanes::default();
        let own = self.baseline.is_none();
        if !own || columns > 1 {
            self.grid.all().for_each(|cell| lanes.take(cell));
        }
        let mut before = Lanes::default();
        self.baseline.iter().flat_map(Baseline::cells).for_each(|cell| before.take(cell));
        let first = self.grid.lane(0);
        let said = (usize::from(own)..columns).filter_map(|column| {
            let lane = self.grid.lane(column)?;
            let pairs = if own { lanes.pairs(lane, &lanes, first?) } else { lanes.pairs(lane, &before, lane) };
            (!pairs.is_empty()).then(|| (column, Evidence::of_what_decides(pairs, SEED)))
        });
        self.weighed = Weighed { said: said.collect(), since: 0, done };
    }

    /// Lists what is said above the table on a screen of so many rows, as far as there is room: the columns, with
    /// what is said of each; that of the cursor is among them.
    #[must_use]
    pub fn evidence(&self, height: u16) -> &[(usize, Evidence)] {
        let said = &self.weighed.said;
        let room = said.len().min(MOST).min(usize::from(height / EACH));
        let here = said.iter().position(|(column, _)| *column == self.column).unwrap_or_default();
        let from = (here + 1).saturating_sub(room).min(said.len().saturating_sub(room));
        said.get(from..from + room).unwrap_or_default()
    }
}
