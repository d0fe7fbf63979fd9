//! The keys of each provider: which is used next, which cools, which is dead.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::limits::after;
use crate::model::Key;

/// One configured key, as it is shown. The key itself is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// The provider's name.
    pub provider: String,
    /// What the key is called.
    pub label: String,
    /// Whose limits it counts against.
    pub account: String,
    /// Whether it can be used.
    pub state: Readiness,
}

/// Whether a key can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// Its account rests after too many requests.
    Cooling {
        /// Until when.
        until: Timestamp,
    },
    /// It is not used again before the program is started anew.
    Dead {
        /// Why.
        why: String,
    },
}

/// A key that was taken from the pool, and its place there.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// Its place among the provider's keys.
    pub place: usize,
    /// The key.
    pub key: Key,
    /// When its account has cooled down; in the past if it can be used at once.
    pub ready: Instant,
}

/// What the pool has for a provider.
#[derive(Debug)]
pub(super) enum Offer {
    /// No key is configured.
    NoKeys,
    /// The key to use next.
    Key(Held),
    /// Every key that may be tried is dead: each with its reason.
    AllDead(String),
}

struct Entry {
    key: Key,
    used: u64,
    dead: Option<String>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<String, Vec<Entry>>,
    cooling: BTreeMap<(String, String), Instant>,
    uses: u64,
}

/// All keys, shared by all runs.
pub(super) struct Pool {
    state: Mutex<State>,
}

impl Pool {
    /// Makes a pool in which every key is ready.
    pub(super) fn new(keys: BTreeMap<String, Vec<Key>>) -> Self {
        let fresh = |key| Entry { key, used: 0, dead: None };
        let entries =
            keys.into_iter().map(|(provider, keys)| (provider, keys.into_iter().map(fresh).collect())).collect();
        Self { state: Mutex::new(State { entries, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers the key that is ready first; among those ready at once, the least recently used.
    pub(super) fn offer(&self, provider: &str, tried: &BTreeSet<usize>) -> Offer {
        let now = Instant::now();
        let state = self.state();
        let Some(entries) = state.entries.get(provider).filter(|entries| !entries.is_empty()) else {
            return Offer::NoKeys;
        };
        let alive = entries.iter().enumerate().filter(|(place, entry)| entry.dead.is_none() && !tried.contains(place));
        let best = alive
            .map(|(place, entry)| {
                let cooled = state.cooling.get(&(provider.to_owned(), entry.key.account.clone()));
                (cooled.copied().unwrap_or(now).max(now), entry.used, place, entry)
            })
            .min_by_key(|(ready, used, place, _)| (*ready, *used, *place));
        match best {
            Some((ready, _, place, entry)) => Offer::Key(Held { place, key: entry.key.clone(), ready }),
            None => Offer::AllDead(
                entries
                    .iter()
                    .map(|entry| format!("{} ({})", entry.key.label, entry.dead.as_deref().unwrap_or("tried")))
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
        }
    }

    /// Tells whether a provider has any key, of use or not.
    pub(super) fn has_keys(&self, provider: &str) -> bool {
        self.state().entries.get(provider).is_some_and(|entries| !entries.is_empty())
    }

    /// Notes that a key is used.
    pub(super) fn used(&self, provider: &str, place: usize) {
        let mut state = self.state();
        state.uses += 1;
        let uses = state.uses;
        if let Some(entry) = state.entries.get_mut(provider).and_then(|entries| entries.get_mut(place)) {
            entry.used = uses;
        }
    }

    /// Returns when a key is ready, or was; `None` if it is dead.
    pub(super) fn ready(&self, provider: &str, place: usize) -> Option<Instant> {
        let state = self.state();
        let entry = state.entries.get(provider)?.get(place).filter(|entry| entry.dead.is_none())?;
        let cooling = state.cooling.get(&(provider.to_owned(), entry.key.account.clone()));
        Some(cooling.copied().unwrap_or_else(Instant::now))
    }

    /// Lets an account rest; an earlier end never replaces a later one.
    pub(super) fn cool(&self, provider: &str, account: &str, rest: Duration) {
        let until = after(Instant::now(), rest);
        let mut state = self.state();
        let cooling = state.cooling.entry((provider.to_owned(), account.to_owned())).or_insert(until);
        *cooling = until.max(*cooling);
    }

    /// Ends the use of one key.
    pub(super) fn kill_key(&self, provider: &str, place: usize, why: &str) {
        if let Some(entry) = self.state().entries.get_mut(provider).and_then(|entries| entries.get_mut(place)) {
            entry.dead.get_or_insert_with(|| why.to_owned());
        }
    }

    /// Ends the use of every key of an account.
    pub(super) fn kill_account(&self, provider: &str, account: &str, why: &str) {
        for entry in self.state().entries.get_mut(provider).into_iter().flatten() {
            if entry.key.account == account {
                entry.dead.get_or_insert_with(|| why.to_owned());
            }
        }
    }

    /// Lists the account of every key, with when it has cooled down; in the past where it has.
    pub(super) fn accounts(&self) -> BTreeMap<(String, String), Instant> {
        let now = Instant::now();
        let state = self.state();
        let places = state.entries.iter().flat_map(|(provider, entries)| {
            entries.iter().map(move |entry| (provider.clone(), entry.key.account.clone()))
        });
        let cooled = |place: &(String, String)| state.cooling.get(place).copied().unwrap_or(now);
        places.map(|place| (cooled(&place), place)).map(|(ready, place)| (place, ready)).collect()
    }

    /// Lists every key with its state at a time of day.
    pub(super) fn states(&self, time: Timestamp) -> Vec<KeyState> {
        let now = Instant::now();
        let state = self.state();
        let mut states = Vec::new();
        for (provider, entries) in &state.entries {
            for Entry { key, dead, .. } in entries {
                let rest = state
                    .cooling
                    .get(&(provider.clone(), key.account.clone()))
                    .and_then(|until| until.checked_duration_since(now))
                    .filter(|rest| !rest.is_zero());
                let readiness = match (dead, rest) {
                    (Some(why), _) => Readiness::Dead { why: why.clone() },
                    (None, Some(rest)) => Readiness::Cooling { until: time.checked_add(rest).unwrap_or(time) },
                    (None, None) => Readiness::Ready,
                };
                states.push(KeyState {
                    provider: provider.clone(),
                    label: key.label.clone(),
                    account: key.account.clone(),
                    state: readiness,
                });
            }
        }
        states
    }
}
