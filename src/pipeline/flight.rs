//! Single flight: of identical runs under way at once, one asks and the others wait for its answer.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::port::Cached;

/// How a flight stands.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// Under way.
    Flying,
    /// The answer is there.
    Landed(Arc<Cached>),
    /// There is none.
    Failed,
}

type Flying = Mutex<HashMap<String, watch::Receiver<Standing>>>;

/// The flights under way, by cache key.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights {
    flying: Arc<Flying>,
}

/// A run's part in a flight.
pub(super) enum Part {
    /// It asks.
    Lead(Leader),
    /// It waits.
    Follow(watch::Receiver<Standing>),
}

/// The run that asks. Dropped without a word, it leaves the lead to whoever waits.
pub(super) struct Leader {
    key: String,
    standing: watch::Sender<Standing>,
    flying: Arc<Flying>,
}

impl Flights {
    /// Joins the flight of a key, or starts it.
    pub(super) fn join(&self, key: &str) -> Part {
        match lock(&self.flying).entry(key.to_owned()) {
            Entry::Occupied(flight) => Part::Follow(flight.get().clone()),
            Entry::Vacant(place) => {
                let (sender, receiver) = watch::channel(Standing::Flying);
                place.insert(receiver);
                Part::Lead(Leader { key: key.to_owned(), standing: sender, flying: Arc::clone(&self.flying) })
            }
        }
    }
}

impl Leader {
    /// Ends the flight for everyone in it.
    pub(super) fn land(self, standing: Standing) {
        self.standing.send_replace(standing);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        lock(&self.flying).remove(&self.key);
    }
}

/// Waits for a flight's end; `None` if its leader left it.
pub(super) async fn landed(mut flight: watch::Receiver<Standing>) -> Option<Standing> {
    let standing = flight.wait_for(|standing| !matches!(standing, Standing::Flying)).await.ok()?;
    Some(standing.clone())
}

fn lock(flying: &Flying) -> MutexGuard<'_, HashMap<String, watch::Receiver<Standing>>> {
    flying.lock().unwrap_or_else(PoisonError::into_inner)
}
