//! Single flight: of identical runs under way at once, one asks and the others wait for its answer.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::pipeline::ports::Cached;

/// How a flight stands.
#[derive(Debug, Clone)]
pub(crate) enum FlightState {
    /// Under way.
    Flying,
    /// The answer is there.
    Landed(Arc<Cached>),
    /// There is none.
    Failed,
}

type Flying = Mutex<HashMap<String, watch::Receiver<FlightState>>>;

/// The flights under way, by cache key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights {
    flying: Arc<Flying>,
}

/// A run's part in a flight.
pub(crate) enum FlightRole {
    /// It asks.
    Lead(Leader),
    /// It waits.
    Follow(watch::Receiver<FlightState>),
}

/// The run that asks. Dropped without a word, it leaves the lead to whoever waits.
pub(crate) struct Leader {
    key: String,
    state: watch::Sender<FlightState>,
    flying: Arc<Flying>,
}

impl Flights {
    /// Joins the flight of a key, or starts it.
    pub(crate) fn join(&self, key: &str) -> FlightRole {
        match lock(&self.flying).entry(key.to_owned()) {
            Entry::Occupied(flight) => FlightRole::Follow(flight.get().clone()),
            Entry::Vacant(place) => {
                let (sender, receiver) = watch::channel(FlightState::Flying);
                place.insert(receiver);
                FlightRole::Lead(Leader { key: key.to_owned(), state: sender, flying: Arc::clone(&self.flying) })
            }
        }
    }
}

impl Leader {
    /// Ends the flight for everyone in it.
    pub(crate) fn land(self, state: FlightState) {
        self.state.send_replace(state);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        lock(&self.flying).remove(&self.key);
    }
}

/// Waits for a flight's end; `None` if its leader left it.
pub(crate) async fn landed(mut flight: watch::Receiver<FlightState>) -> Option<FlightState> {
    let state = flight.wait_for(|state| !matches!(state, FlightState::Flying)).await.ok()?;
    Some(state.clone())
}

fn lock(flying: &Flying) -> MutexGuard<'_, HashMap<String, watch::Receiver<FlightState>>> {
    flying.lock().unwrap_or_else(PoisonError::into_inner)
}
