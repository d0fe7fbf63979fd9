//! How many calls an account may have under way and make in a minute, and the way in.
//!
//! The rates hold over any sixty seconds, by what the provider counts: requests are spread evenly, a call counts with
//! the most it may take until it is known what it took, and the first of an account goes alone.

mod recent_calls;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, futures::Notified, watch},
    time::Instant,
};

use crate::{
    model::{CallError, ErrorKind, settings::AccountLimits},
    pipeline::{
        rate_limiter::recent_calls::{RecentCalls, WINDOW},
        throttle,
        throttle::{RefusedCall, SentCall, Throttle},
        timeouts::after,
    },
};

/// Why a call waits after others were refused.
const PACED: &str = "refused calls, and is asked more slowly";

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

/// Until when an account makes no call.
#[derive(Debug, Clone, Copy)]
struct Rest {
    from: Instant,
    until: Instant,
}

/// Why an account lets nothing through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutCause {
    /// It is limited until then.
    Limited,
    /// It refuses every call since then, whatever it says of when to ask again.
    Silent { since: Instant },
    /// It has used up what was bought or granted.
    UsedUp,
}

/// An account that lets nothing through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShutAccount {
    /// Its name; the provider's where no key is needed.
    pub name: String,
    /// Until when, if that is known.
    pub until: Option<Instant>,
    pub cause: ShutCause,
}

/// A call's place among those that wait: those that were refused most often come first.
type WaitingTurn = (Reverse<u32>, u64);

#[derive(Debug, Default)]
struct Account {
    /// The calls under way, with when each began.
    open: BTreeMap<u64, Instant>,
    waiting: BTreeSet<WaitingTurn>,
    throttle: Throttle,
    rest: Option<Rest>,
    shut: Option<(Option<Instant>, ShutCause)>,
    made: RecentCalls,
    /// Whether it is known of any call what it took.
    known: bool,
}

impl Account {
    /// Returns how many calls may be under way.
    fn room(&self, limits: &AccountLimits) -> Option<usize> {
        limits.concurrency.map(|most| self.throttle.room(most.max(1)))
    }

    fn rests(&self, now: Instant) -> Option<Rest> {
        self.rest.filter(|rest| rest.until > now)
    }

    /// Lets it rest; an earlier end never replaces a later one.
    fn let_rest(&mut self, until: Instant, now: Instant) {
        let from = self.rests(now).map_or(now, |rest| rest.from);
        if self.rest.is_none_or(|rest| rest.until < until) {
            self.rest = Some(Rest { from, until });
        }
    }

    /// Says why it lets nothing through for long, if so.
    fn shut(&self, now: Instant) -> Option<(Option<Instant>, ShutCause)> {
        if let Some(shut) = self.shut.filter(|(until, _)| until.is_none_or(|until| until > now)) {
            return Some(shut);
        }
        let Rest { from, until } = self.rests(now)?;
        let silent =
            self.throttle.refuses_since().filter(|since| now.saturating_duration_since(*since) >= throttle::LONG);
        let is_long = until.saturating_duration_since(from) >= throttle::LONG;
        let cause = silent.map_or(ShutCause::Limited, |since| ShutCause::Silent { since });
        (is_long || silent.is_some()).then_some((Some(until), cause))
    }

    /// Returns what stands in the way of a call, and until when if that is known.
    fn obstacle(
        &self,
        limits: &AccountLimits,
        (turn, tokens): (WaitingTurn, u64),
        now: Instant,
    ) -> Option<(&'static str, Option<Instant>)> {
        if let Some(rest) = self.rests(now) {
            return Some(("has nothing left of its limit", Some(rest.until)));
        }
        if self.room(limits).is_some_and(|room| self.open.len() >= room) {
            return Some(("has as many calls under way as it may", None));
        }
        if limits.concurrency.is_some() {
            let next = self.throttle.next(now);
            // Whoever was refused more often goes first; the others hear when it is gone.
            if self.throttle.is_held() && self.waiting.first().is_some_and(|first| *first < turn) {
                return Some((PACED, None));
            }
            if next.is_some() {
                return Some((PACED, next));
            }
        }
        if let (Some(most), Some(last)) = (limits.requests_per_minute, self.made.last()) {
            let next = after(last, WINDOW / most.max(1));
            if next > now {
                return Some(("spreads its requests over the minute", Some(next)));
            }
        }
        let most = limits.tokens_per_minute?;
        if !self.known && !self.open.is_empty() {
            return Some(("waits for its first answer, to know how many tokens one takes", None));
        }
        // A call larger than the limit goes alone.
        let until = self.made.until_at_most(most.saturating_sub(tokens.min(most)))?;
        Some(("has used its tokens for this minute", Some(until)))
    }
}

#[derive(Debug, Default)]
struct LimiterState {
    limits: BTreeMap<String, AccountLimits>,
    accounts: BTreeMap<(String, String), Account>,
    /// Providers whose limit is that of batches under way, with how many there are.
    borrowed: BTreeMap<String, usize>,
    turns: u64,
}

/// The way in for all runs. Clones are the same gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateLimiter {
    state: Arc<Mutex<LimiterState>>,
    changed: Arc<Notify>,
    /// Counts the times an account was shut or opened.
    shuts: watch::Sender<u64>,
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
    sent: SentCall,
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

    /// Asks for a call that takes so many tokens at most, by who waits for it.
    pub(crate) fn enter(&self, waiting: &Waiting, tokens: u64) -> Admission {
        let now = Instant::now();
        let mut state = self.state();
        let place = waiting.place.clone();
        let limits = state.limits.get(&place.0).copied().unwrap_or_default();
        let own = state.accounts.entry(place.clone()).or_default();
        own.made.forget(now);
        if let Some((why, until)) = own.obstacle(&limits, (waiting.turn, tokens), now) {
            return Admission::Wait(why, until);
        }
        let number = own.made.push(now, tokens);
        own.open.insert(number, now);
        let sent = own.throttle.sent(now, own.open.len(), waiting.turn.0.0);
        drop(state);
        Admission::Pass(Permit { gate: self.clone(), place, number, sent })
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
                account.throttle = Throttle::default();
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

    /// Counts a run as waiting for an account for as long as the answer lives; `refusals` is how often the account
    /// has refused it.
    pub(crate) fn wait(&self, provider: &str, account: &str, refusals: u32) -> Waiting {
        let place = (provider.to_owned(), account.to_owned());
        let mut state = self.state();
        state.turns += 1;
        let turn = (Reverse(refusals), state.turns);
        state.accounts.entry(place.clone()).or_default().waiting.insert(turn);
        drop(state);
        Waiting { gate: self.clone(), place, turn }
    }

    /// Notes that an account lets nothing through, until then if that is known.
    pub(crate) fn shut(&self, provider: &str, account: &str, until: Option<Instant>, cause: ShutCause) {
        let place = (provider.to_owned(), account.to_owned());
        self.state().accounts.entry(place).or_default().shut = Some((until, cause));
        self.tell_shut();
    }

    /// Lets the accounts of a provider be asked again, whatever they said.
    pub(crate) fn open(&self, provider: &str) {
        for ((own, _), account) in &mut self.state().accounts {
            if own == provider {
                (account.shut, account.rest) = (None, None);
            }
        }
        self.changed.notify_waiters();
        self.tell_shut();
    }

    /// Returns which of some accounts of a provider is open first, where each of them lets nothing through.
    pub(crate) fn is_shut(&self, provider: &str, accounts: &[String]) -> Option<ShutAccount> {
        let now = Instant::now();
        let state = self.state();
        let shut = accounts.iter().map(|name| {
            let own = state.accounts.get(&(provider.to_owned(), name.clone()))?;
            let (until, cause) = own.shut(now)?;
            let name = if name.is_empty() { provider } else { name };
            Some(ShutAccount { name: name.to_owned(), until, cause })
        });
        let shut: Option<Vec<ShutAccount>> = shut.collect();
        let first = |account: &ShutAccount| (account.until.is_none(), account.until);
        shut?.into_iter().min_by_key(first)
    }

    /// Returns what changes whenever an account is shut or opened.
    pub(crate) fn shuts(&self) -> watch::Receiver<u64> {
        self.shuts.subscribe()
    }

    fn tell_shut(&self) {
        self.shuts.send_modify(|count| *count += 1);
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
            own.made.forget(now);
            let (provider, account) = place;
            let limits = limits.get(provider).copied().unwrap_or_default();
            let until = own.rest.map(|rest| rest.until).max(known.get(place).copied());
            let rest = until.map(|until| until.saturating_duration_since(now)).filter(|rest| !rest.is_zero());
            AccountState {
                provider: provider.clone(),
                account: account.clone(),
                under_way: own.open.len(),
                waiting: own.waiting.len(),
                rests: rest.map(|rest| time.checked_add(rest).unwrap_or(time)),
                concurrency: own.room(&limits),
                requests: own.made.len(),
                tokens: own.made.tokens(),
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
    turn: WaitingTurn,
}

impl Waiting {
    /// Tells whether it waits for this account of its provider.
    pub(crate) fn is_for(&self, account: &str) -> bool {
        self.place.1 == account
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        let Some(own) = state.accounts.get_mut(&self.place) else { return };
        own.waiting.remove(&self.turn);
        let others = !own.waiting.is_empty();
        drop(state);
        if others {
            self.gate.changed.notify_waiters();
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
        let now = Instant::now();
        self.with(|own, _| own.let_rest(after(now, wait), now));
        self.gate.tell_shut();
    }

    /// Puts what the call really took in place of what was set aside, and has the account feel how it went.
    /// `own_wait` is how long a refused call waits that is not told when to ask again.
    pub(crate) fn settle(self, tokens: Option<u64>, result: Result<(), &CallError>, own_wait: Duration) {
        let now = Instant::now();
        let overrun = |error: &CallError| error.class == ErrorKind::RateLimited || error.status == Some(529);
        let shut = self.with(|own, limits| {
            own.known |= tokens.is_some_and(|tokens| tokens > 0);
            if let Some(tokens) = tokens {
                own.made.took(self.number, tokens);
            }
            let before = own.shut(now).is_some() || own.throttle.refuses_since().is_some();
            if result.is_ok() {
                own.shut = None;
            }
            let Some(most) = limits.concurrency.map(|most| most.max(1)) else { return before };
            match result {
                Ok(()) => own.throttle.answered(self.sent, most, now),
                Err(error) if overrun(error) => {
                    let took = now.saturating_duration_since(self.sent.at);
                    let others = || own.open.iter().filter(|(number, _)| **number != self.number);
                    let is_taken = |began: &Instant| now.saturating_duration_since(*began) * 2 > took * 3;
                    let refused = RefusedCall {
                        sent: self.sent,
                        wait: error.retry_after.unwrap_or(own_wait),
                        said: error.retry_after.is_some(),
                        others: others().count(),
                        taken: others().filter(|(_, began)| is_taken(began)).count(),
                    };
                    if let Some(until) = own.throttle.refused(refused, most, now) {
                        own.let_rest(until, now);
                    }
                }
                Err(_) => {}
            }
            before || own.shut(now).is_some()
        });
        if shut == Some(true) {
            self.gate.tell_shut();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.with(|own, _| own.open.remove(&self.number));
        self.gate.changed.notify_waiters();
    }
}
