//! What a run is doing, and the failures it survived.

use std::time::Instant;

use jiff::Timestamp;

use crate::{model::Fault, pipeline::event::Next};

/// What a run is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Nothing was run yet.
    Idle,
    /// Asked for; nothing is sent yet. Why, in words.
    Queued(String),
    /// A call is under way.
    Running,
    /// Waiting before the next attempt; the wait can be cut short.
    Waiting {
        /// Until when.
        until: Instant,
        /// Attempts made so far.
        made: u32,
        /// Why the last one failed.
        fault: Fault,
    },
    /// A complete answer.
    Done,
    /// A complete answer from the cache.
    Cached {
        /// When it was stored.
        stored: Timestamp,
    },
    /// The answer broke off; the part that came is kept.
    Interrupted,
    /// No target answered, or the run could not be started.
    Failed,
    /// Stopped; the part that came is kept.
    Cancelled,
    /// Broken off or stopped, and the part that came was accepted as it is.
    Kept,
}

impl State {
    /// Tells whether the run has yet to end.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Queued(_) | Self::Running | Self::Waiting { .. })
    }

    /// Tells whether running again may do better.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Failed | Self::Cancelled)
    }
}

/// A failed attempt that the run survived, as the lane's foot tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Survived {
    /// The target that failed.
    pub target: String,
    /// Why.
    pub fault: Fault,
    /// What followed.
    pub next: Next,
}
