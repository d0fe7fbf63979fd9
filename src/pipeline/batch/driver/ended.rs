//! What follows when a cell has ended: it is counted, waited for until it is durable, told, or asked again; and
//! when the batch has ended.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{Driver, Ending, Finished, Pause, Settling};
use crate::{
    model::{End, batch::Cell},
    pipeline::batch::{BatchEnd, BatchEvent},
};

impl Driver {
    /// Tells whether the record can take a further cell: a slow disk slows a batch down, and one that is full
    /// ends it before anything more is paid for.
    pub(super) fn can_be_recorded(&mut self) -> bool {
        let recorder = &self.pipeline.shared.ports.recorder;
        let mut room = self.room.take().unwrap_or_else(|| {
            let recorder = Arc::clone(recorder);
            Box::pin(async move { recorder.room().await })
        });
        if let Some(room) = (&mut room).now_or_never() {
            return self.is_recorded(room);
        }
        self.room = Some(room);
        false
    }

    /// Notes that nothing can be recorded any more, if so; tells whether something can. What is under way is paid
    /// for and goes on to its end, but no further call is made for it.
    pub(super) fn is_recorded(&mut self, done: Result<(), String>) -> bool {
        let Err(why) = done else { return true };
        self.spending.close(&why);
        self.failed.get_or_insert(why);
        false
    }

    /// Waits for what came of a cell to be durable, while others are asked in its place.
    pub(super) fn settle(&mut self, finished: Finished) {
        self.open.remove(&finished.place);
        if let Some(outcome) = &finished.outcome {
            // What it took is spent, whether it can be kept or not.
            let cell = Cell::of(finished.place, outcome);
            match outcome.end {
                End::Cancelled => self.budget.before([&cell]),
                End::Done | End::Failed { .. } | End::Interrupted { .. } => self.budget.take(&cell),
            }
        }
        let recorder = Arc::clone(&self.pipeline.shared.ports.recorder);
        let mut settling: Settling = Box::pin(async move {
            // Of a cell that was never asked there is nothing to keep.
            let asked =
                finished.outcome.as_ref().filter(|outcome| outcome.end != End::Cancelled || outcome.attempts > 0);
            let kept = match asked {
                Some(outcome) => recorder.settled(outcome.run).await,
                None => Ok(()),
            };
            (finished, kept)
        });
        match (&mut settling).now_or_never() {
            Some((finished, kept)) => self.finish(finished, kept),
            None => self.settling.push(settling),
        }
    }

    pub(super) fn finish(&mut self, finished: Finished, kept: Result<(), String>) {
        let Finished { place, row, outcome } = finished;
        self.order.remove(&place);
        let Some(outcome) = outcome else { return };
        let cell = Box::new(Cell::of(place, &outcome));
        if !self.is_recorded(kept) {
            self.queue.push_back(BatchEvent::Unrecorded { cell, outcome, row });
            return;
        }
        if outcome.end == End::Cancelled {
            if self.ending == Ending::Stops {
                self.cut += 1;
            } else {
                self.again.push_back((place, Arc::clone(&row)));
                if outcome.attempts == 0 {
                    return;
                }
            }
        }
        self.queue.push_back(BatchEvent::Cell { cell, outcome, row });
    }

    /// Says how it ended, once nothing is under way and nothing further is to be.
    pub(super) fn end(&mut self) -> Option<BatchEnd> {
        if !self.under_way.is_empty() || !self.settling.is_empty() {
            return None;
        }
        if let Some(why) = self.failed.take() {
            return Some(BatchEnd::Failed { why });
        }
        let complete = self.current.is_none() && self.again.is_empty() && self.all_read && self.cut == 0;
        if self.ending != Ending::Unasked && !complete {
            return Some(match self.paused.take() {
                Some(Pause { why, cap: Some(cap) }) => BatchEnd::Capped { cap, why },
                _ => BatchEnd::Stopped,
            });
        }
        complete.then_some(BatchEnd::Complete)
    }
}
