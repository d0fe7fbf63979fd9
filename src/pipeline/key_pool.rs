//! The keys of each provider: which is used next, which cools, which rests after a refusal.
//!
//! A key is put aside for cause alone, and for a minute: what one request did wrong says nothing of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    model::{ErrorKind, Key},
    pipeline::timeouts::after,
};

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
    /// It was refused, or its account is out of credit, and it has not been of use since.
    Retired {
        /// Until when it rests; in the past where it has rested and was not tried since.
        until: Timestamp,
        /// Why, in words.
        why: String,
    },
}

/// How long a key rests that was refused.
const REST: Duration = Duration::from_secs(60);

/// How often in a row a key is refused before a batch lets it rest though there is no other.
const REFUSALS: u32 = 3;

/// A key that was taken from the pool, and its place there.
#[derive(Debug, Clone)]
pub(crate) struct KeyLease {
    /// Its place among the provider's keys.
    pub place: usize,
    pub key: Key,
    /// When its account has cooled down; in the past if it can be used at once.
    pub ready: Instant,
}

/// What the pool has for a provider.
#[derive(Debug)]
pub(crate) enum Offer {
    /// No key is configured.
    NoKeys,
    /// The key to use next.
    Key(KeyLease),
    /// Every key that may be tried rests after a refusal, or all were tried.
    Resting(Resting),
}

/// The keys of a provider, none of which is at hand.
#[derive(Debug)]
pub(crate) struct Resting {
    /// The one that rests least; none where all were tried.
    pub least: Option<KeyLease>,
    /// Whether that one was refused so often in a row that only a person has it tried before its rest is over.
    pub hopeless: bool,
    /// What the keys were refused with last.
    pub class: ErrorKind,
    /// Each key with its reason.
    pub why: String,
}

struct KeyEntry {
    key: Key,
    used: u64,
    refused: Option<Refused>,
}

/// A refusal that no success has followed.
#[derive(Clone, Copy)]
struct Refused {
    until: Instant,
    class: ErrorKind,
    times: u32,
}

impl KeyEntry {
    fn rests(&self, now: Instant) -> Option<Refused> {
        self.refused.filter(|refused| refused.until > now)
    }

    fn refuse(&mut self, class: ErrorKind) {
        let times = self.refused.map_or(0, |refused| refused.times).saturating_add(1);
        self.refused = Some(Refused { until: after(Instant::now(), REST), class, times });
    }
}

#[derive(Default)]
struct KeyStatus {
    entries: BTreeMap<String, Vec<KeyEntry>>,
    /// Why keys that are named cannot be had.
    unreadable: BTreeMap<String, Vec<String>>,
    /// Why providers are asked nothing, whatever their keys.
    refused: BTreeMap<String, Vec<String>>,
    cooling: BTreeMap<(String, String), Instant>,
    /// The place of the key that each provider began with.
    first: BTreeMap<String, usize>,
    uses: u64,
}

impl KeyStatus {
    fn cooled(&self, provider: &str, entry: &KeyEntry, now: Instant) -> Instant {
        let cooled = self.cooling.get(&(provider.to_owned(), entry.key.account.clone()));
        cooled.copied().unwrap_or(now).max(now)
    }
}

/// All keys, shared by all runs.
pub(crate) struct KeyPool {
    state: Mutex<KeyStatus>,
}

impl KeyPool {
    /// Makes a pool in which every key is ready.
    pub(crate) fn new(keys: BTreeMap<String, Vec<Key>>) -> Self {
        let pool = Self { state: Mutex::default() };
        for (provider, keys) in keys {
            pool.add(&provider, keys, Vec::new());
        }
        pool
    }

    /// Adds a provider's keys, every one ready, and why others cannot be had.
    pub(crate) fn add(&self, provider: &str, keys: Vec<Key>, unreadable: Vec<String>) {
        let entries = keys.into_iter().map(|key| KeyEntry { key, used: 0, refused: None }).collect();
        let mut state = self.state();
        state.entries.insert(provider.to_owned(), entries);
        state.unreadable.insert(provider.to_owned(), unreadable);
    }

    /// Notes why a provider is asked nothing, whatever its keys.
    pub(crate) fn refuse(&self, provider: &str, why: Vec<String>) {
        self.state().refused.insert(provider.to_owned(), why);
    }

    /// Lists why a provider is asked nothing; empty where it is asked.
    pub(crate) fn refusals(&self, provider: &str) -> Vec<String> {
        self.state().refused.get(provider).cloned().unwrap_or_default()
    }

    /// Lists why keys that are named for a provider cannot be had.
    pub(crate) fn unreadable(&self, provider: &str) -> Vec<String> {
        self.state().unreadable.get(provider).cloned().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, KeyStatus> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether it has to be known yet which of a provider's keys is the first; true but once.
    pub(crate) fn begins(&self, provider: &str) -> bool {
        let mut state = self.state();
        let several = state.entries.get(provider).is_some_and(|entries| entries.len() > 1);
        let begun = state.first.contains_key(provider);
        if several && !begun {
            state.first.insert(provider.to_owned(), 0);
        }
        several && !begun
    }

    /// Begins with another of a provider's keys: its turn, counted from the first key on and round the end.
    pub(crate) fn begin_at(&self, provider: &str, turn: u64) {
        let mut state = self.state();
        let count = state.entries.get(provider).map_or(1, Vec::len).max(1) as u64;
        state.first.insert(provider.to_owned(), usize::try_from(turn % count).unwrap_or(0));
    }

    /// Offers the key that is ready first; among those ready at once, the least recently used.
    pub(crate) fn offer(&self, provider: &str, tried: &BTreeSet<usize>) -> Offer {
        let now = Instant::now();
        let state = self.state();
        let Some(entries) = state.entries.get(provider).filter(|entries| !entries.is_empty()) else {
            return Offer::NoKeys;
        };
        let first = state.first.get(provider).copied().unwrap_or(0);
        let turn = |place: usize| (place + entries.len() - first.min(entries.len())) % entries.len();
        let held = |place, entry: &KeyEntry, ready| KeyLease { place, key: entry.key.clone(), ready };
        let untried = || entries.iter().enumerate().filter(|(place, _)| !tried.contains(place));
        let ready = untried().filter(|(_, entry)| entry.rests(now).is_none());
        let best = ready
            .map(|(place, entry)| (state.cooled(provider, entry, now), entry.used, turn(place), place, entry))
            .min_by_key(|(ready, used, turn, ..)| (*ready, *used, *turn));
        if let Some((ready, _, _, place, entry)) = best {
            return Offer::Key(held(place, entry, ready));
        }
        let resting = untried().filter_map(|(place, entry)| Some((entry.rests(now)?, entry.used, place, entry)));
        let least = resting.min_by_key(|(refused, used, ..)| (refused.until, *used));
        let reasons = entries.iter().map(|entry| {
            let why = entry.refused.map_or_else(|| "tried".to_owned(), |refused| refused.class.to_string());
            format!("{} ({why})", entry.key.label)
        });
        Offer::Resting(Resting {
            hopeless: least.as_ref().is_none_or(|(refused, ..)| refused.times >= REFUSALS),
            class: least.as_ref().map_or(ErrorKind::Credential, |(refused, ..)| refused.class),
            least: least.map(|(_, _, place, entry)| held(place, entry, now)),
            why: reasons.collect::<Vec<_>>().join(", "),
        })
    }

    /// Returns the key of a label; the one that is ready first where none is named.
    pub(crate) fn key(&self, provider: &str, label: Option<&str>) -> Option<Key> {
        let Some(label) = label else {
            return match self.offer(provider, &BTreeSet::new()) {
                Offer::Key(lease) => Some(lease.key),
                Offer::Resting(resting) => resting.least.map(|lease| lease.key),
                Offer::NoKeys => None,
            };
        };
        let state = self.state();
        let entries = state.entries.get(provider)?;
        entries.iter().find(|entry| entry.key.label == label).map(|entry| entry.key.clone())
    }

    /// Tells whether a provider has any key, of use or not.
    pub(crate) fn has_keys(&self, provider: &str) -> bool {
        self.state().entries.get(provider).is_some_and(|entries| !entries.is_empty())
    }

    /// Tells whether a provider has keys of several accounts.
    pub(crate) fn has_several(&self, provider: &str) -> bool {
        self.accounts_of(provider).len() > 1
    }

    /// Lists the accounts of a provider's keys, each once.
    pub(crate) fn accounts_of(&self, provider: &str) -> BTreeSet<String> {
        let state = self.state();
        state.entries.get(provider).into_iter().flatten().map(|entry| entry.key.account.clone()).collect()
    }

    /// Notes that a key is used.
    pub(crate) fn used(&self, provider: &str, place: usize) {
        let mut state = self.state();
        state.uses += 1;
        let uses = state.uses;
        if let Some(entry) = state.entries.get_mut(provider).and_then(|entries| entries.get_mut(place)) {
            entry.used = uses;
        }
    }

    /// Returns when a key is ready, or was; `None` while it rests after a refusal.
    pub(crate) fn ready(&self, provider: &str, place: usize) -> Option<Instant> {
        let now = Instant::now();
        let state = self.state();
        let entry = state.entries.get(provider)?.get(place).filter(|entry| entry.rests(now).is_none())?;
        Some(state.cooled(provider, entry, now))
    }

    /// Lets an account rest; an earlier end never replaces a later one.
    pub(crate) fn cool(&self, provider: &str, account: &str, rest: Duration) {
        let until = after(Instant::now(), rest);
        let mut state = self.state();
        let cooling = state.cooling.entry((provider.to_owned(), account.to_owned())).or_insert(until);
        *cooling = until.max(*cooling);
    }

    /// Lets one key rest, because it was refused.
    pub(crate) fn retire_key(&self, provider: &str, place: usize, class: ErrorKind) {
        if let Some(entry) = self.state().entries.get_mut(provider).and_then(|entries| entries.get_mut(place)) {
            entry.refuse(class);
        }
    }

    /// Lets every key of an account rest.
    pub(crate) fn retire_account(&self, provider: &str, account: &str, class: ErrorKind) {
        for entry in self.state().entries.get_mut(provider).into_iter().flatten() {
            if entry.key.account == account {
                entry.refuse(class);
            }
        }
    }

    /// Notes that a key was of use; tells whether it had been refused before, and its account's others with it.
    pub(crate) fn works(&self, provider: &str, place: usize) -> bool {
        let mut state = self.state();
        let Some(entries) = state.entries.get_mut(provider) else { return false };
        let Some(entry) = entries.get_mut(place) else { return false };
        let Some(Refused { class, .. }) = entry.refused.take() else { return false };
        let account = entry.key.account.clone();
        // An account that has credit has it for each of its keys.
        let same = |entry: &&mut KeyEntry| entry.key.account == account;
        if class == ErrorKind::Quota {
            for entry in entries.iter_mut().filter(same) {
                entry.refused = entry.refused.filter(|refused| refused.class != ErrorKind::Quota);
            }
        }
        true
    }

    /// Lets every key of a provider be tried again that was refused: a person has said so.
    pub(crate) fn wake(&self, provider: &str) {
        let now = Instant::now();
        for entry in self.state().entries.get_mut(provider).into_iter().flatten() {
            entry.refused = entry.refused.map(|refused| Refused { until: now, times: 0, ..refused });
        }
    }

    /// Lists the account of every key, with when it has cooled down; in the past where it has.
    pub(crate) fn accounts(&self) -> BTreeMap<(String, String), Instant> {
        let now = Instant::now();
        let state = self.state();
        let places = state.entries.iter().flat_map(|(provider, entries)| {
            entries.iter().map(move |entry| (provider.clone(), entry.key.account.clone()))
        });
        let cooled = |place: &(String, String)| state.cooling.get(place).copied().unwrap_or(now);
        places.map(|place| (cooled(&place), place)).map(|(ready, place)| (place, ready)).collect()
    }

    /// Lists every key with its state at a time of day.
    pub(crate) fn states(&self, time: Timestamp) -> Vec<KeyState> {
        let now = Instant::now();
        let state = self.state();
        let mut states = Vec::new();
        for (provider, entries) in &state.entries {
            for KeyEntry { key, refused, .. } in entries {
                let rest = state
                    .cooling
                    .get(&(provider.clone(), key.account.clone()))
                    .and_then(|until| until.checked_duration_since(now))
                    .filter(|rest| !rest.is_zero());
                let at = |instant: Instant| match instant.checked_duration_since(now) {
                    Some(rest) => time.checked_add(rest),
                    None => time.checked_sub(now.saturating_duration_since(instant)),
                };
                let readiness = match (refused, rest) {
                    (Some(Refused { until, class, .. }), _) => {
                        Readiness::Retired { until: at(*until).unwrap_or(time), why: class.to_string() }
                    }
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
