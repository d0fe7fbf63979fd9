//! Which key an attempt goes out with, and the waits before it.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::{
    model::{CallError, ErrorKind, Target, Timer},
    pipeline::{
        event::{NextStep, RunEvent},
        key_pool::{KeyLease, KeyState, Offer, Readiness, Resting},
        rate_limiter::{Admission, ShutCause},
        retry_policy,
        retry_policy::{Offered, RetryFacts},
        run::{Run, target_attempts::TargetAttempts},
        timeouts::after,
    },
};

/// A step to another key.
pub(crate) struct KeySwitch {
    pub lease: KeyLease,
    /// Whether the step counts against no budget.
    pub free: bool,
}

impl Run {
    /// Takes the provider's next key, waiting for one that cools if that is worth it; none for
    /// providers that need none. `place` is that of the target.
    pub(crate) async fn take_key(&mut self, place: usize, target: &Target) -> Result<Option<KeyLease>, CallError> {
        if self.context.shared.pool.begins(&target.provider) {
            let turn = self.context.shared.ports.keys.turn(&target.provider).await;
            self.context.shared.pool.begin_at(&target.provider, turn);
        }
        loop {
            let lease = match self.context.shared.pool.offer(&target.provider, &BTreeSet::new()) {
                Offer::Key(lease) => lease,
                Offer::NoKeys if target.needs_key() => {
                    return Err(CallError::new(ErrorKind::MissingKey, missing_key(target)));
                }
                Offer::NoKeys => return Ok(None),
                Offer::Resting(resting) => self.wake(place, target, resting)?,
            };
            let wait = lease.ready.saturating_duration_since(Instant::now());
            // In a batch a key that cools is the last choice, and how fast its account is asked is the limiter's.
            let error = CallError::new(ErrorKind::RateLimited, String::new());
            let elsewhere = || self.context.next_after(place, target, &error).is_some();
            let cut = if wait.is_zero() || (self.context.purse.is_some() && !elsewhere()) {
                true
            } else if wait > retry_policy::longest(&self.context.shared.rules.retry)
                || lease.ready >= self.context.deadline
            {
                return Err(CallError {
                    retry_after: Some(wait),
                    ..CallError::new(ErrorKind::RateLimited, format!("every key for {} cools down", target.provider))
                });
            } else {
                let why = format!("every key for {} cools down", target.provider);
                self.emit(RunEvent::Queued { why, wait: Some(wait) }).await;
                self.context.sink.wait_until(lease.ready).await
            };
            // After a wait that was not cut short another key may be the better one.
            if cut {
                self.context.shared.pool.used(&target.provider, lease.place);
                return Ok(Some(lease));
            }
        }
    }

    /// Takes a key that rests after a refusal, for want of another and where nobody else is left to ask: the one
    /// that rests least. A batch lets it rest once it was refused often enough; a person has it tried at once.
    fn wake(&self, place: usize, target: &Target, resting: Resting) -> Result<KeyLease, CallError> {
        let Resting { least, hopeless, class, why } = resting;
        let error = CallError::new(class, format!("every key for {} rests: {why}", target.provider));
        let elsewhere = self.context.next_after(place, target, &error).is_some();
        let hopeless = hopeless && self.context.purse.is_some();
        least.filter(|_| !elsewhere && !hopeless).ok_or(error)
    }

    /// Waits before the next attempt, and makes sure that its key is still of use then.
    pub(crate) async fn rest(
        &mut self,
        (place, target): (usize, &Target),
        lease: Option<KeyLease>,
        until: Instant,
    ) -> Result<Option<KeyLease>, CallError> {
        let cut = self.context.sink.wait_until(until).await;
        let Some(lease) = lease else { return Ok(None) };
        match self.context.shared.pool.ready(&target.provider, lease.place) {
            Some(ready) if cut || ready <= Instant::now() => Ok(Some(lease)),
            Some(_) if self.context.purse.is_some() && !self.context.shared.pool.has_several(&target.provider) => {
                Ok(Some(lease))
            }
            _ => self.take_key(place, target).await,
        }
    }

    /// Waits until the account may make the call: for room, for the minute's requests and tokens.
    pub(crate) async fn admit(&mut self, attempts: &mut TargetAttempts) -> Result<(), CallError> {
        if self.is_at_hand() {
            return Ok(());
        }
        let gate = self.context.shared.gate.clone();
        let mut announced = None;
        let provider = attempts.target.provider.clone();
        let account = |attempts: &TargetAttempts| {
            attempts.lease.as_ref().map_or_else(String::new, |lease| lease.key.account.clone())
        };
        let mut waiting = gate.wait(&provider, &account(attempts), attempts.refusals);
        loop {
            let account = account(attempts);
            if !waiting.is_for(&account) {
                waiting = gate.wait(&provider, &account, attempts.refusals);
            }
            // Listening begins before asking, or a change between the two would go unheard.
            let mut changed = std::pin::pin!(gate.changed());
            changed.as_mut().enable();
            let tokens = attempts.bound(&self.context.shared.usages).usual();
            let (why, until) = match gate.enter(&waiting, tokens) {
                Admission::Wait(why, until) => (why, until),
                Admission::Pass(permit) => {
                    // While it waited its key may have begun to cool, or died.
                    let place = attempts.lease.as_ref().map(|lease| lease.place).filter(|_| announced.is_some());
                    let ready = place.map(|place| self.context.shared.pool.ready(&provider, place));
                    let cools = |ready: Instant| self.context.purse.is_none() && ready > Instant::now();
                    if ready.is_none_or(|ready| ready.is_some_and(|ready| !cools(ready))) {
                        self.permit = Some(permit);
                        return Ok(());
                    }
                    drop(permit);
                    announced = None;
                    attempts.lease = self.take_key(attempts.place, &attempts.target).await?;
                    continue;
                }
            };
            let why = if account.is_empty() { format!("{provider} {why}") } else { format!("{account} {why}") };
            let began = Instant::now();
            let wait = until.map(|until| until.saturating_duration_since(began));
            let waits_on = self.waits_out_limits(attempts.place, &attempts.target);
            if !waits_on && until.is_some_and(|until| until >= self.context.deadline) {
                return Err(CallError { retry_after: wait, ..CallError::new(ErrorKind::RateLimited, why) });
            }
            if announced.as_ref() != Some(&why) {
                self.emit(RunEvent::Queued { why: why.clone(), wait }).await;
                announced = Some(why.clone());
            }
            let line = self.context.sink.clone();
            let end = if waits_on { None } else { Some(self.context.deadline) };
            tokio::select! {
                () = changed => {}
                () = async {
                    match until.or(end) {
                        Some(until) => {
                            line.wait_until(until).await;
                        }
                        None => std::future::pending().await,
                    }
                } => {}
            }
            if waits_on {
                self.waited_out(began);
            }
            if Instant::now() >= self.context.deadline {
                return Err(CallError::new(
                    ErrorKind::Timeout(Timer::Total),
                    format!("{why}, and the run's time is over"),
                ));
            }
        }
    }

    /// Tells whether a limit is waited out, however long and often it takes: in a batch, where no other model is left
    /// to be asked. The batch sees to it that this has an end.
    pub(crate) fn waits_out_limits(&self, place: usize, target: &Target) -> bool {
        let limited = CallError::new(ErrorKind::RateLimited, String::new());
        self.context.purse.is_some() && self.context.next_after(place, target, &limited).is_none()
    }

    /// Leaves what was waited for a limit out of the run's time.
    pub(crate) fn waited_out(&mut self, since: Instant) {
        self.context.deadline = after(self.context.deadline, since.elapsed());
    }

    /// Shuts an account in a batch that is out of credit, or limited for longer than is waited; without one those of
    /// all keys. Says why where that leaves nobody to ask: the cell is asked again once the batch goes on.
    pub(crate) fn shuts(
        &self,
        (place, target): (usize, &Target),
        account: Option<&str>,
        error: &CallError,
        next: &NextStep,
    ) -> Option<String> {
        let longest = retry_policy::longest(&self.context.shared.rules.retry);
        let cause = if error.class == ErrorKind::Quota {
            ShutCause::UsedUp
        } else if error.class == ErrorKind::RateLimited && error.retry_after.is_some_and(|wait| wait > longest) {
            ShutCause::Limited
        } else {
            return None;
        };
        self.context.purse.as_ref()?;
        let provider = &target.provider;
        let until = error.retry_after.map(|wait| after(Instant::now(), wait));
        let accounts = match account {
            Some(account) => BTreeSet::from([account.to_owned()]),
            None => self.context.shared.pool.accounts_of(provider),
        };
        for account in &accounts {
            self.context.shared.gate.shut(provider, account, until, cause);
        }
        let is_left = *next == NextStep::GiveUp && self.waits_out_limits(place, target);
        (is_left && self.context.request.cell.is_some()).then(|| format!("{provider}: {}", error.class))
    }

    /// Remembers a key that was put aside, beyond the end of the program.
    fn remember(&self, provider: &str, lease: &KeyLease) {
        let (pool, ports) = (&self.context.shared.pool, &self.context.shared.ports);
        let account = |state: &KeyState| state.provider == provider && state.account == lease.key.account;
        for KeyState { label, state, .. } in pool.states(ports.world.timestamp()).into_iter().filter(account) {
            if let Readiness::Retired { until, why } = state {
                ports.keys.rests(provider, &label, Some((until, &why)));
            }
        }
    }

    /// Decides what follows from an error, after the keys have felt it.
    pub(crate) fn decide(
        &self,
        attempts: &TargetAttempts,
        error: &CallError,
        spent: u32,
    ) -> (NextStep, Option<KeySwitch>) {
        let TargetAttempts { place, target, lease, tries, once_used, tried, .. } = attempts;
        let (provider, pool, retry) = (&target.provider, &self.context.shared.pool, &self.context.shared.rules.retry);
        let waits_on = error.class == ErrorKind::RateLimited && self.waits_out_limits(*place, target);
        let tries = if waits_on { &1 } else { tries };
        let wait = retry_policy::wait(error, *tries, retry, self.context.shared.ports.world.chance());
        if let Some(lease) = lease {
            match error.class {
                ErrorKind::RateLimited => pool.cool(provider, &lease.key.account, wait),
                ErrorKind::Credential => {
                    pool.retire_key(provider, lease.place, error.class);
                    self.remember(provider, lease);
                }
                ErrorKind::Quota => {
                    pool.retire_account(provider, &lease.key.account, error.class);
                    self.remember(provider, lease);
                }
                // What concerns the request, the model or the way there concerns no key.
                ErrorKind::Cancelled
                | ErrorKind::MissingKey
                | ErrorKind::Overloaded
                | ErrorKind::Transient
                | ErrorKind::Timeout(_)
                | ErrorKind::Region
                | ErrorKind::ModelGone
                | ErrorKind::ContextTooLong
                | ErrorKind::ParamRejected
                | ErrorKind::ContentPolicy
                | ErrorKind::CallerFault
                | ErrorKind::InvalidPrompt
                | ErrorKind::NotAnApi
                | ErrorKind::Interrupted
                | ErrorKind::Truncated
                | ErrorKind::BadOutput
                | ErrorKind::TooLarge
                | ErrorKind::Unknown => {}
            }
        }
        let offered = |tried| match pool.offer(provider, tried) {
            Offer::Key(offered) if lease.is_some() => Some(offered),
            _ => None,
        };
        let untried = offered(tried);
        let best = offered(&BTreeSet::new());
        // Read after the offers: a key that is ready is ready as of the moment it was offered.
        let now = Instant::now();
        let untried = untried.filter(|offered| offered.ready <= now);
        let facts = RetryFacts {
            retry,
            tries: if waits_on { 0 } else { *tries },
            spent: if waits_on { 0 } else { spent },
            once_used: *once_used,
            committed: self.committed(),
            left: if waits_on { Duration::MAX } else { self.context.deadline.saturating_duration_since(now) },
            untried: untried.as_ref().map(|untried| untried.key.label.clone()),
            best: best.as_ref().map(|best| {
                let same = lease.as_ref().is_some_and(|lease| lease.place == best.place);
                // What others were told is the limiter's to heed, which knows of all of them.
                let cools = if waits_on && same { wait } else { best.ready.saturating_duration_since(now) };
                Offered { label: best.key.label.clone(), same, wait: cools }
            }),
            next: self.context.next_after(*place, target, error).map(|(_, name)| name),
            wait,
        };
        let next = retry_policy::decide(error, &facts);
        let switch = match (&next, untried, best) {
            (NextStep::NextKey { .. }, Some(lease), _) => Some(KeySwitch { lease, free: true }),
            (NextStep::NextKey { .. }, None, Some(lease)) => Some(KeySwitch { lease, free: false }),
            _ => None,
        };
        if let Some(KeySwitch { lease, .. }) = &switch {
            pool.used(provider, lease.place);
        }
        (next, switch)
    }
}

fn missing_key(target: &Target) -> String {
    let variable = target.vendor().and_then(|vendor| vendor.key_env.first());
    let set = variable.map_or_else(String::new, |variable| format!("set {variable} or "));
    let provider = &target.provider;
    format!("{set}add api_keys to [providers.{provider}]")
}
