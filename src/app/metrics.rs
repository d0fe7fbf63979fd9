//! What the runs came to: those of this session since the start, and all there ever were.

use crate::{
    eval::{Review, quality::Watched},
    model::Outcome,
};

/// The sums of many runs.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Of the runs of this session since the start.
    pub session: Watched,
    /// Of all runs on record, those of this session among them; none until the record was read.
    pub all: Option<Watched>,
    /// Whether the record cannot be read.
    pub unknown: bool,
    /// Runs that ended before the record was read, each with when that was.
    early: Vec<(Outcome, i64)>,
}

impl Metrics {
    /// Takes in a run that ended at a time, in seconds since 1970.
    pub fn take(&mut self, outcome: &Outcome, at: i64) {
        self.session.take(outcome, at);
        match &mut self.all {
            Some(all) => all.take(outcome, at),
            None if self.unknown => {}
            None => self.early.push((outcome.clone(), at)),
        }
    }

    /// Takes in what was on record before this start.
    pub fn known(&mut self, review: Review) {
        let mut all = Watched::new(review);
        for (outcome, at) in std::mem::take(&mut self.early) {
            all.take(&outcome, at);
        }
        self.all = Some(all);
    }

    /// Gives up on what was on record.
    pub fn unreadable(&mut self) {
        self.unknown = true;
        self.early = Vec::new();
    }
}
