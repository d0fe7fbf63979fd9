//! What the threads of the disk report where nobody asked: each kind of failure once, and whether runs can be written.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::model::error::StoreError;

/// A kind of failure in work nobody asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StoreFailure {
    /// Runs wait for the record to come into reach.
    Record,
    /// A run could not be recorded.
    RecordLost,
    /// The record is too far behind.
    RecordFull,
    /// The files that went with a run could not be kept.
    Attachments,
    /// The cache could not be used.
    Cache,
    /// The cache is too far behind.
    CacheFull,
    /// Who hears of runs has lost some.
    Observer,
}

/// Why runs cannot be written at the moment.
#[derive(Debug, Clone)]
pub(crate) struct Blocked {
    /// In words, with the file and the next step.
    pub(crate) why: String,
    /// Until when it is worth waiting.
    pub(crate) until: Instant,
}

impl Blocked {
    /// Tells whether it has taken longer than is waited for.
    pub(crate) fn is_over(&self) -> bool {
        self.until <= Instant::now()
    }
}

/// Tells of each kind of failure once, and whether runs can be written.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    reported: Arc<Mutex<BTreeSet<StoreFailure>>>,
    errors: mpsc::UnboundedSender<StoreError>,
    blocked: Arc<watch::Sender<Option<Blocked>>>,
    /// Runs that were not taken in.
    lost: Arc<AtomicU64>,
}

impl Reports {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<StoreError>) {
        let (errors, receiver) = mpsc::unbounded_channel();
        (Self { reported: Arc::default(), errors, blocked: Arc::default(), lost: Arc::default() }, receiver)
    }

    /// Notes that runs cannot be written, and how long that is worth waiting for from its beginning on.
    pub(crate) fn block(&self, why: String, patience: Duration) {
        self.blocked.send_modify(|blocked| {
            let until = blocked.as_ref().map_or_else(|| Instant::now() + patience, |known| known.until);
            *blocked = Some(Blocked { why, until });
        });
    }

    /// Notes that runs can be written again.
    pub(crate) fn unblock(&self) {
        self.blocked.send_replace(None);
    }

    /// Follows whether runs can be written.
    pub(crate) fn blocked(&self) -> watch::Receiver<Option<Blocked>> {
        self.blocked.subscribe()
    }

    /// Counts a run that was not taken in.
    pub(crate) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many were not.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self, failure: StoreFailure, error: StoreError) {
        if self.reported.lock().unwrap_or_else(PoisonError::into_inner).insert(failure) {
            // Nobody may be listening, as at the program's end.
            drop(self.errors.send(error));
        }
    }
}
