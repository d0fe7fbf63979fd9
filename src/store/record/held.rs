//! Writes that a lock or a full disk keeps out: held back in order, tried again, and lost only at the end.

use std::collections::VecDeque;

use super::{Record, Standing, Write};
use crate::{
    model::RunId,
    store::{
        db::DbFault,
        job::StoreFault,
        queue::Load,
        worker::{Blocked, Trouble},
    },
};

/// Writes that are held back, at most: of bytes only beyond a first write.
const MOST: Load = Load { pieces: 4096, weight: 64 * 1024 * 1024 };

/// Runs that are remembered as lost, at most.
const MOST_LOST: usize = 4096;

/// What is held back, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Held {
    writes: VecDeque<(Write, usize)>,
    weight: usize,
    /// Runs that are not on record and will not be, the last of them, with the reason.
    lost: VecDeque<(RunId, String)>,
}

impl Record {
    /// Tells whether writes are held back.
    pub(in crate::store) fn holds(&self) -> bool {
        !self.held.writes.is_empty()
    }

    /// Writes together, after everything that is held back. What a lock or a full disk keeps out is held
    /// back and tried again later; that is told, and so is what is lost.
    pub(in crate::store) fn write(&mut self, writes: Vec<(Write, usize)>) {
        if self.holds() {
            self.retry();
        }
        if self.holds() {
            for (write, weight) in writes {
                self.hold(write, weight);
            }
            return;
        }
        if let Err((failed, writes)) = self.attempt(writes) {
            self.reports.tell(Trouble::Record, StoreFault::new(format!("runs are not recorded yet: {}", failed.fault)));
            self.block(&failed);
            for (write, weight) in writes {
                self.hold(write, weight);
            }
        }
    }

    /// Writes what is held back, in order, if that can be done.
    pub(in crate::store) fn retry(&mut self) {
        let held: Vec<_> = std::mem::take(&mut self.held.writes).into();
        if held.is_empty() {
            return;
        }
        match self.attempt(held) {
            Ok(()) => {
                self.held.weight = 0;
                self.reports.unblock();
            }
            Err((failed, writes)) => {
                self.held.writes = writes.into();
                self.block(&failed);
            }
        }
    }

    fn block(&self, failed: &DbFault) {
        self.reports.block(failed.fault.to_string(), failed.passing.unwrap_or_default());
    }

    fn hold(&mut self, write: Write, weight: usize) {
        let heavy = self.holds() && self.held.weight.saturating_add(weight) > MOST.weight;
        if heavy || self.held.writes.len() >= MOST.pieces {
            let path = self.path.display();
            let fault = StoreFault::new(format!("{path} is out of reach, and no more can wait for it"));
            return self.lose(&write, &fault);
        }
        self.held.weight = self.held.weight.saturating_add(weight);
        self.held.writes.push_back((write, weight));
    }

    /// Says that a run is not on record and will not be.
    pub(super) fn lose(&mut self, write: &Write, fault: &StoreFault) {
        let message = format!("runs are not recorded: {fault}");
        self.reports.tell(Trouble::RecordLost, StoreFault::new(message.clone()));
        if let Write::Ended(record) = write {
            if self.held.lost.len() >= MOST_LOST {
                self.held.lost.pop_front();
            }
            self.held.lost.push_back((record.run, message));
        }
    }

    /// Tells how a run that has ended stands.
    pub(in crate::store) fn standing(&self, run: RunId) -> Standing {
        let is_held = |(write, _): &(Write, usize)| matches!(write, Write::Ended(record) if record.run == run);
        if let Some((_, why)) = self.held.lost.iter().find(|(lost, _)| *lost == run) {
            Standing::Lost(why.clone())
        } else if self.held.writes.iter().any(is_held) {
            match self.reports.blocked().borrow().as_ref().filter(|blocked| blocked.is_over()) {
                Some(Blocked { why, .. }) => Standing::Lost(format!("runs are not recorded: {why}")),
                None => Standing::Held,
            }
        } else {
            Standing::Kept
        }
    }

    /// Says that what is still held back is lost, if anything is: the program ends.
    pub(in crate::store) fn close(&mut self) {
        self.retry();
        let blocked = self.reports.blocked().borrow().as_ref().map(|blocked| blocked.why.clone());
        let why = blocked.unwrap_or_else(|| format!("{} was out of reach until the end", self.path.display()));
        for (write, _) in std::mem::take(&mut self.held.writes) {
            self.lose(&write, &StoreFault::new(why.clone()));
        }
    }
}
