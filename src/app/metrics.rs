//! What the runs came to: those of this session since the start, and all there ever were.

use jiff::Timestamp;

use super::{App, stored::Asked};
use crate::{
    eval::{Review, review::Watched},
    model::{
        Outcome,
        query::{Filter, Query, What},
    },
    store::job::Job,
};

/// The numbers of the metrics' pane.
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

impl App {
    /// Asks what the runs before this start came to.
    pub(super) fn ask_metrics(&mut self, start: Timestamp) {
        let before = Filter { not: false, what: What::Until(start) };
        let query = Query { filters: vec![before], ..Query::default() };
        self.ask_store(Job::Review(Box::new(query)), Asked::Metrics);
    }
}
