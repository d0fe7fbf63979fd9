//! What the runs came to: those of this session, and all there ever were.

use crate::{
    eval::{Review, quality::Watched},
    model::Outcome,
};

/// The sums of many runs.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Of the runs of this session; of those since the start alone until the record was read.
    pub session: Watched,
    /// Runs of this session that were on record before this start.
    pub before: u64,
    /// Of all runs on record, those of this session among them; none until the record was read.
    pub all: Option<Watched>,
    /// Whether the record cannot be read.
    pub unknown: bool,
    /// Runs of this session that ended before its record was read, each with when that was; none once it was.
    early_session: Option<Vec<(Outcome, i64)>>,
    /// Runs that ended before the record was read, likewise.
    early: Vec<(Outcome, i64)>,
}

impl Metrics {
    /// Takes in a run that ended at a time, in seconds since 1970.
    pub fn take(&mut self, outcome: &Outcome, at: i64) {
        self.session.take(outcome, at);
        if let Some(early) = &mut self.early_session {
            early.push((outcome.clone(), at));
        }
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

    /// Begins with a session whose record is yet to be read.
    pub fn begin_session(&mut self) {
        (self.session, self.before, self.early_session) = (Watched::default(), 0, Some(Vec::new()));
    }

    /// Takes in what was on record of the session; once.
    pub fn session_known(&mut self, review: Review) {
        let Some(early) = self.early_session.take() else {
            return;
        };
        let mut session = Watched::new(review);
        self.before = session.figures().runs;
        for (outcome, at) in early {
            session.take(&outcome, at);
        }
        self.session = session;
    }

    /// Gives up on what was on record.
    pub fn unreadable(&mut self) {
        self.unknown = true;
        self.early = Vec::new();
    }
}
