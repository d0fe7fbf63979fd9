//! A hand on a batch under way.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::batch::Caps;

/// What is wanted of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) stop: bool,
    pub(super) drain: bool,
    pub(super) paused: bool,
    pub(super) concurrency: usize,
    pub(super) caps: Caps,
    /// Counts the times it was resumed.
    pub(super) resumed: u64,
}

/// A hand on a batch under way; clones are the same hand.
#[derive(Debug, Clone)]
pub struct BatchControl(Arc<watch::Sender<Wanted>>);

impl BatchControl {
    pub(super) fn new(concurrency: usize, caps: Caps) -> Self {
        let wanted =
            Wanted { stop: false, drain: false, paused: false, concurrency: concurrency.max(1), caps, resumed: 0 };
        Self(Arc::new(watch::Sender::new(wanted)))
    }

    /// Stops it: calls under way end as cancelled and no further one is made.
    pub fn stop(&self) {
        self.0.send_modify(|wanted| wanted.stop = true);
    }

    /// Starts no further cell, and ends once those under way have ended.
    pub fn drain(&self) {
        self.0.send_modify(|wanted| wanted.drain = true);
    }

    /// Starts no further cell; those under way end.
    pub fn pause(&self) {
        self.0.send_modify(|wanted| wanted.paused = true);
    }

    /// Goes on after a pause, also after one that a cap made: the cap is looked at again.
    pub fn resume(&self) {
        self.0.send_modify(|wanted| {
            wanted.paused = false;
            wanted.resumed += 1;
        });
    }

    /// Changes how many cells are under way at once, at most; those that are too many by then end first.
    pub fn set_concurrency(&self, most: usize) {
        self.0.send_modify(|wanted| wanted.concurrency = most.max(1));
    }

    /// Changes what may be used; a pause that a cap made is over if there is room by then.
    pub fn set_caps(&self, caps: Caps) {
        self.0.send_modify(|wanted| {
            wanted.caps = caps;
            wanted.resumed += 1;
        });
    }

    pub(super) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.0.subscribe()
    }
}
