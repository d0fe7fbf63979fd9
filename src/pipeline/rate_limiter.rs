//! How many calls an account may have under way and make in a minute, and the way in.
//!
//! The rates hold over any sixty seconds, by what the provider counts: requests are spread evenly, a call counts with
//! the most it may take until it is known what it took, and the first of an account goes alone.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use crate::{
    model::{CallError, ErrorKind, settings::AccountLimits},
    pipeline::timeouts::after,
};

/// The window of the rates: a second more than a minute, for a call arrives a little after it was let through,
/// and one on a new connection later than one on an old.
const WINDOW: Duration = Duration::from_secs(61);

/// How an account stands, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// The provider's name.
    pub provider: String,
    /// The account's name; empty where no key is needed.
    pub account: String,
    /// Calls under way.
    pub under_way: usize,
    /// Runs that wait to make a call.
    pub waiting: usize,
    /// Calls that may be under way now: less than the limit after the provider was overrun.
    pub concurrency: Option<usize>,
    /// Calls made within the last minute.
    pub requests: usize,
    /// Tokens they took, as far as known; else the most they may take.
    pub tokens: u64,
    /// Until when the account rests, after a refusal or with nothing left of its limit.
    pub rests: Option<Timestamp>,
    /// What is configured, or was set since.
    pub limits: AccountLimits,
}

/// A call made within the last minute.
#[derive(Debug)]
struct RecentCall {
    at: Instant,
    number: u64,
    tokens: u64,
}

#[derive(Debug, Default)]
struct Account {
    under_way: usize,
    waiting: usize,
    /// What was taken off the configured concurrency is kept as what is left of it.
    room: Option<usize>,
    successes: usize,
    halvings: u64,
    rests: Option<Instant>,
    made: VecDeque<RecentCall>,
    calls: u64,
    /// Whether it is known of any call what it took.
    known: bool,
}

impl Account {
    fn forget(&mut self, now: Instant) {
        while self.made.front().is_some_and(|made| after(made.at, WINDOW) <= now) {
            self.made.pop_front();
        }
    }

    /// Returns how many calls may be under way.
    fn room(&self, limits: &AccountLimits) -> Option<usize> {
        limits.concurrency.map(|most| self.room.map_or(most, |room| room.min(most)).max(1))
    }

    /// Returns what stands in the way of a call, and until when if that is known.
    fn obstacle(&self, limits: &AccountLimits, tokens: u64, now: Instant) -> Option<(&'static str, Option<Instant>)> {
        if let Some(until) = self.rests.filter(|until| *until > now) {
            return Some(("has nothing left of its limit", Some(until)));
        }
        if self.room(limits).is_some_and(|room| self.under_way >= room) {
            return Some(("has as many calls under way as it may", None));
        }
        if let (Some(most), Some(last)) = (limits.requests_per_minute, self.made.back()) {
            let next = after(last.at, WINDOW / most.max(1));
            if next > now {
                return Some(("spreads its requests over the minute", Some(next)));
            }
        }
        let expiry = |made: &RecentCall| after(made.at, WINDOW);
        let most = limits.tokens_per_minute?;
        if !self.known && self.under_way > 0 {
            return Some(("waits for its first answer, to know how many tokens one takes", None));
        }
        // A call larger than the limit goes alone.
        let mut used = self.made.iter().fold(0_u64, |sum, made| sum.saturating_add(made.tokens));
        let free = most.saturating_sub(tokens.min(most));
        if used <= free {
            return None;
        }
        let last = self.made.iter().find(|made| {
            used = used.saturating_sub(made.tokens);
            used <= free
        });
        Some(("has used its tokens for this minute", last.map(expiry)))
    }
}

#[derive(Debug, Default)]
struct LimiterState {
    limits: BTreeMap<String, AccountLimits>,
    accounts: BTreeMap<(String, String), Account>,
    /// Providers whose limit is that of batches under way, with how many there are.
    borrowed: BTreeMap<String, usize>,
}

/// The way in for all runs. Clones are the same gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateLimiter {
    state: Arc<Mutex<LimiterState>>,
    changed: Arc<Notify>,
}

/// What the gate says to a call.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It may go.
    Pass(Permit),
    /// It has to wait for this, until then if that is known.
    Wait(&'static str, Option<Instant>),
}

/// A call's leave to be under way; dropping it makes room for the next.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: RateLimiter,
    place: (String, String),
    number: u64,
    halvings: u64,
}

impl RateLimiter {
    /// Makes a gate with the configured limits, by provider.
    pub(crate) fn new(limits: BTreeMap<String, AccountLimits>) -> Self {
        let gate = Self::default();
        gate.state().limits = limits;
        gate
    }

    fn state(&self) -> MutexGuard<'_, LimiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a call that takes so many tokens at most.
    pub(crate) fn enter(&self, provider: &str, account: &str, tokens: u64) -> Admission {
        let now = Instant::now();
        let place = (provider.to_owned(), account.to_owned());
        let mut state = self.state();
        let limits = state.limits.get(provider).copied().unwrap_or_default();
        let own = state.accounts.entry(place.clone()).or_default();
        own.forget(now);
        if let Some((why, until)) = own.obstacle(&limits, tokens, now) {
            return Admission::Wait(why, until);
        }
        own.under_way += 1;
        own.calls += 1;
        let (number, halvings) = (own.calls, own.halvings);
        own.made.push_back(RecentCall { at: now, number, tokens });
        drop(state);
        Admission::Pass(Permit { gate: self.clone(), place, number, halvings })
    }

    /// Resolves when something has changed since it was called and enabled.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Changes how many calls each account of a provider may have under way; `None` is any number.
    pub(crate) fn set_concurrency(&self, provider: &str, most: Option<usize>) {
        // Whoever says so means it for longer than a batch.
        self.state().borrowed.remove(provider);
        self.limit(provider, most);
    }

    fn limit(&self, provider: &str, most: Option<usize>) {
        let mut state = self.state();
        state.limits.entry(provider.to_owned()).or_default().concurrency = most.map(|most| most.max(1));
        for ((own, _), account) in &mut state.accounts {
            if own == provider {
                account.room = None;
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Gives the accounts of those providers that have no limit of their own one for as long as the answer
    /// lives, so that it halves when they are overrun and grows as they keep up.
    pub(crate) fn adapt(&self, providers: BTreeSet<String>, most: usize) -> Adapted {
        let mut state = self.state();
        let LimiterState { limits, borrowed, .. } = &mut *state;
        let mut takes = |provider: &String| {
            let free = limits.entry(provider.clone()).or_default().concurrency.is_none();
            let granted = free || borrowed.contains_key(provider);
            if granted {
                *borrowed.entry(provider.clone()).or_default() += 1;
            }
            granted
        };
        let providers = providers.into_iter().filter(|provider| takes(provider)).collect();
        drop(state);
        let adapted = Adapted { gate: self.clone(), providers };
        adapted.set(most);
        adapted
    }

    /// Counts a run as waiting for an account for as long as the answer lives.
    pub(crate) fn wait(&self, provider: &str, account: &str) -> Waiting {
        let place = (provider.to_owned(), account.to_owned());
        self.state().accounts.entry(place.clone()).or_default().waiting += 1;
        Waiting { gate: self.clone(), place }
    }

    /// Lists every account that was called, and those that are `known` otherwise with when they
    /// have cooled down, as things stand at a time of day.
    pub(crate) fn states(&self, known: &BTreeMap<(String, String), Instant>, time: Timestamp) -> Vec<AccountState> {
        let now = Instant::now();
        let mut state = self.state();
        let LimiterState { limits, accounts, .. } = &mut *state;
        for place in known.keys() {
            accounts.entry(place.clone()).or_default();
        }
        let each = |(place, own): (&(String, String), &mut Account)| {
            own.forget(now);
            let (provider, account) = place;
            let limits = limits.get(provider).copied().unwrap_or_default();
            let until = own.rests.max(known.get(place).copied());
            let rest = until.map(|until| until.saturating_duration_since(now)).filter(|rest| !rest.is_zero());
            AccountState {
                provider: provider.clone(),
                account: account.clone(),
                under_way: own.under_way,
                waiting: own.waiting,
                rests: rest.map(|rest| time.checked_add(rest).unwrap_or(time)),
                concurrency: own.room(&limits),
                requests: own.made.len(),
                tokens: own.made.iter().fold(0, |sum, made| sum.saturating_add(made.tokens)),
                limits,
            }
        };
        accounts.iter_mut().map(each).collect()
    }
}

/// Limits that a batch has set; dropping it takes them back.
#[derive(Debug)]
pub(crate) struct Adapted {
    gate: RateLimiter,
    providers: Vec<String>,
}

impl Adapted {
    /// Changes the limits.
    pub(crate) fn set(&self, most: usize) {
        for provider in &self.providers {
            if self.gate.state().borrowed.contains_key(provider) {
                self.gate.limit(provider, Some(most));
            }
        }
    }
}

impl Drop for Adapted {
    fn drop(&mut self) {
        for provider in &self.providers {
            let mut state = self.gate.state();
            let left = state.borrowed.get_mut(provider).map(|count| {
                *count -= 1;
                *count
            });
            if left == Some(0) {
                state.borrowed.remove(provider);
                drop(state);
                self.gate.limit(provider, None);
            }
        }
    }
}

/// A run's place among those that wait for an account; dropping it leaves it.
#[derive(Debug)]
pub(crate) struct Waiting {
    gate: RateLimiter,
    place: (String, String),
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(own) = self.gate.state().accounts.get_mut(&self.place) {
            own.waiting = own.waiting.saturating_sub(1);
        }
    }
}

impl Permit {
    fn with<T>(&self, change: impl FnOnce(&mut Account, &AccountLimits) -> T) -> Option<T> {
        let mut state = self.gate.state();
        let limits = state.limits.get(&self.place.0).copied().unwrap_or_default();
        state.accounts.get_mut(&self.place).map(|own| change(own, &limits))
    }

    /// Lets the account rest: the server says that nothing is left of its limit.
    pub(crate) fn rest(&self, wait: Duration) {
        let until = after(Instant::now(), wait);
        self.with(|own, _| own.rests = own.rests.max(Some(until)));
    }

    /// Puts what the call really took in place of what was set aside, and lets the account's
    /// concurrency feel how it went: halved once by all calls that were under way together, one
    /// more after as many successes as fit.
    pub(crate) fn settle(self, tokens: Option<u64>, result: Result<(), &CallError>) {
        let overrun = |error: &CallError| error.class == ErrorKind::RateLimited || error.status == Some(529);
        self.with(|own, limits| {
            own.known |= tokens.is_some_and(|tokens| tokens > 0);
            if let (Some(tokens), Some(made)) = (tokens, own.made.iter_mut().find(|made| made.number == self.number)) {
                made.tokens = tokens;
            }
            let Some(room) = own.room(limits) else { return };
            match result {
                Ok(()) => {
                    own.successes += 1;
                    if own.successes >= room {
                        own.successes = 0;
                        own.room = own.room.map(|room| room.saturating_add(1));
                    }
                }
                Err(error) if overrun(error) && self.halvings == own.halvings => {
                    own.room = Some((room / 2).max(1));
                    own.successes = 0;
                    own.halvings += 1;
                }
                Err(_) => {}
            }
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.with(|own, _| own.under_way = own.under_way.saturating_sub(1));
        self.gate.changed.notify_waiters();
    }
}
