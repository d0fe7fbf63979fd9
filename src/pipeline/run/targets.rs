//! From target to target: each is tried within its budgets until one answers.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::{
    model::{
        CallError, Commit, ErrorKind, RunEnd, Target,
        quirk::{LearntQuirk, ModelPlace},
        run_end::Reason,
    },
    pipeline::{
        event::{NextStep, RunEvent},
        quirks::Lesson,
        retry_policy,
        retry_policy::RetryRule,
        run::{
            Plan, PreparedTarget, Run, RunContext,
            attempt::Beginning,
            key_lease::KeySwitch,
            target_attempts::{CorrectedFields, TargetAttempts},
        },
        spending, timeouts,
        timeouts::after,
    },
};

/// The shortest wait for a model that is being loaded.
const SHORTEST: Duration = Duration::from_millis(500);

/// How a target was left.
enum TargetOutcome {
    /// It answered.
    Answered,
    /// Its answer broke off after part of it was shown.
    Broken(CallError),
    /// It did not answer; the place of the next to ask, if there is one.
    Failed(Option<usize>),
    /// A cap, or a full disk, keeps it from being asked.
    Refused(String),
}

impl RunContext {
    /// Says why none of the keys that are named for a target can be had. That is a mistake to be put
    /// right, and ends the run: what was to be asked with a key is not asked without one, and no
    /// other model is asked behind the user's back.
    fn keyless(&self, target: &Target) -> Option<CallError> {
        let why = self.shared.pool.unreadable(&target.provider);
        let none = !why.is_empty() && !self.shared.pool.has_keys(&target.provider);
        none.then(|| CallError::new(ErrorKind::Credential, why.join("; ")))
    }

    fn name_of(&self, place: usize) -> String {
        self.request.targets.get(place).map_or_else(String::new, |target| target.name.clone())
    }

    /// Finds the next target that is worth asking after a fault of one.
    pub(crate) fn next_after(&self, place: usize, target: &Target, fault: &CallError) -> Option<(usize, String)> {
        let mut later = self.request.targets.iter().enumerate().skip(place + 1);
        let (place, next) = later.find(|(_, next)| retry_policy::suits(fault, target, next))?;
        Some((place, next.name.clone()))
    }

    /// Adds the time of day to a wish to wait that is longer than we wait.
    fn with_the_time(&self, mut fault: CallError) -> CallError {
        if let Some(asked) = fault.retry_after.filter(|asked| *asked > self.shared.rules.retry.max_retry_after)
            && let Ok(until) = self.shared.ports.world.timestamp().checked_add(asked)
        {
            let seconds = Duration::from_secs(asked.as_secs());
            fault.message = format!(
                "{}; it asks to wait {seconds:?}, until {}",
                fault.message,
                until.strftime("%Y-%m-%d %H:%M:%S UTC")
            );
        }
        fault
    }
}

impl Run {
    /// Asks the targets in order, each at most once, until one answers or nothing more may be tried.
    pub(crate) async fn ask(&mut self, plan: &Plan, first: PreparedTarget) -> RunEnd {
        let (mut next, mut first) = (Some(0), Some(first));
        let mut spent = 0;
        while let Some(place) = next {
            next = match self.ask_target(plan, (place, first.take()), &mut spent).await {
                TargetOutcome::Answered => return RunEnd::Done,
                TargetOutcome::Broken(fault) if self.set_aside.is_none() => return RunEnd::Interrupted { fault },
                TargetOutcome::Refused(why) if self.set_aside.is_none() => {
                    return self.refused(self.context.name_of(place), why);
                }
                TargetOutcome::Broken(fault) => self.leave(place, fault),
                TargetOutcome::Refused(why) => self.leave(place, CallError::new(ErrorKind::Cancelled, why)),
                TargetOutcome::Failed(next) => next,
            };
        }
        if self.restore().await {
            return RunEnd::Done;
        }
        // What a provider says can hold what was sent to it; it is for those who ask for it.
        let why: Vec<String> =
            self.log.failures.iter().map(|reason| format!("{}: {}", reason.target, reason.fault.class)).collect();
        let end = RunEnd::Failed { reasons: std::mem::take(&mut self.log.failures) };
        tracing::error!(run = %self.context.id, attempts = self.log.attempts, why = why.join("; "), "all models failed");
        tracing::debug!(run = %self.context.id, "{end}");
        end
    }

    async fn ask_target(
        &mut self,
        plan: &Plan,
        (place, prepared): (usize, Option<PreparedTarget>),
        spent: &mut u32,
    ) -> TargetOutcome {
        let Some(target) = self.context.request.targets.get(place).cloned() else { return TargetOutcome::Failed(None) };
        if let Some(fault) = self.context.keyless(&target) {
            let event = RunEvent::Skipped { target: target.name.clone(), fault: fault.clone(), next: NextStep::GiveUp };
            self.emit(event).await;
            return self.give_up(&target, fault);
        }
        let mut attempts = match self.begin_target(plan, (place, prepared), &target).await {
            Ok(attempts) => attempts,
            Err(fault) => return self.skip(place, &target, fault).await,
        };
        loop {
            if let Err(refusal) = self.allow(&attempts).await {
                return TargetOutcome::Refused(refusal.why);
            }
            if let Err(fault) = self.admit(&mut attempts).await {
                return self.skip(place, &target, fault).await;
            }
            attempts.tries += 1;
            *spent += 1;
            let Err(fault) = self.try_once(plan, &mut attempts, *spent).await else { return TargetOutcome::Answered };
            if fault.class == ErrorKind::Cancelled && self.context.purse.is_some() {
                return TargetOutcome::Refused(fault.message);
            }
            let (next, switch) = if self.correct(plan, &mut attempts, &fault, *spent) {
                (NextStep::Retry { wait: Duration::ZERO }, None)
            } else if let Some(lesson) = attempts.lesson(&fault).filter(|_| !self.committed()) {
                // A request that asks for something else is no further try of the same; and there are few lessons.
                attempts.tries -= 1;
                *spent -= 1;
                attempts.heed(lesson, &self.context.request, plan);
                (NextStep::Retry { wait: Duration::ZERO }, None)
            } else if let Some(wait) = self.patience(&mut attempts, &fault) {
                attempts.tries -= 1;
                *spent -= 1;
                (NextStep::Retry { wait }, None)
            } else {
                self.decide(&attempts, &fault, *spent)
            };
            let fault = self.context.with_the_time(fault);
            tracing::warn!(
                run = %self.context.id, to = %target.name, attempt = self.log.attempts, class = %fault.class,
                status = fault.status, request_id = fault.request_id,
                key = attempts.lease.as_ref().map(|lease| lease.key.label.as_str()), ?next, "attempt failed"
            );
            tracing::debug!(run = %self.context.id, attempt = self.log.attempts, "{}", fault.message);
            let failed =
                RunEvent::AttemptFailed { attempt: self.log.attempts, fault: fault.clone(), next: next.clone() };
            let told = self.emit(failed).await;
            let wait = match next {
                NextStep::GiveUp => return self.give_up(&target, fault),
                NextStep::NextModel { .. } => return TargetOutcome::Failed(self.onward(place, &target, fault).await),
                NextStep::Retry { wait } | NextStep::NextKey { wait, .. } => wait,
            };
            match switch {
                Some(KeySwitch { lease, free }) => {
                    attempts.lease = Some(lease);
                    attempts.tries -= u32::from(free);
                    *spent -= u32::from(free);
                }
                None if retry_policy::rule(&fault).0 == RetryRule::Once => attempts.once_used = true,
                None => {}
            }
            if !wait.is_zero() {
                match self.rest((place, &target), attempts.lease.take(), after(told, wait)).await {
                    Ok(lease) => attempts.lease = lease,
                    Err(fault) => return self.skip(place, &target, fault).await,
                }
            }
        }
    }

    /// Makes ready to ask a target, or says why it is not asked.
    async fn begin_target(
        &mut self,
        plan: &Plan,
        (place, prepared): (usize, Option<PreparedTarget>),
        target: &Target,
    ) -> Result<TargetAttempts, CallError> {
        // What other runs have learnt of it since it was prepared counts, too.
        let prepared = prepared.filter(|prepared| prepared.quirks == self.context.shared.quirks.of(target));
        let prepared = prepared.unwrap_or_else(|| self.context.prepare(plan, target));
        let PreparedTarget { target: corrected, request: prepared, cache_key, quirks: _, preflight } = prepared;
        let known = preflight?;
        let lease = self.take_key(place, target).await?;
        // What there is to know of the first target has been told.
        let notices = if place == 0 { Vec::new() } else { [prepared.notices.clone(), known].concat() };
        Ok(TargetAttempts {
            place,
            target: corrected,
            sent: spending::sent(&prepared),
            prepared,
            cache_key: Some(cache_key),
            lease,
            tries: 0,
            once_used: false,
            tried: BTreeSet::new(),
            corrected: false,
            corrections: CorrectedFields::default(),
            notices,
            lessons: Vec::new(),
            loading: None,
        })
    }

    async fn try_once(&mut self, plan: &Plan, attempts: &mut TargetAttempts, spent: u32) -> Result<(), CallError> {
        let key = attempts.lease.as_ref().map(|lease| lease.key.clone());
        attempts.tried.extend(attempts.lease.as_ref().map(|lease| lease.place));
        self.asked = attempts.place;
        let notices = std::mem::take(&mut attempts.notices);
        let cache_key = (!self.changed).then(|| attempts.cache_key(&self.context.request));
        let begins = Beginning { cache_key: cache_key.clone(), notices };
        let result = self.attempt(&attempts.target, key.as_ref(), &attempts.prepared, begins).await;
        self.settle(attempts, result.as_ref().copied());
        result?;
        self.learn(attempts).await;
        if let Some(lease) = &attempts.lease
            && self.context.shared.pool.works(&attempts.target.provider, lease.place)
        {
            self.context.shared.ports.keys.rests(&attempts.target.provider, &lease.key.label, None);
        }
        let remedy = self.remedy(attempts, spent);
        self.finish(plan, remedy).await?;
        self.answered_key = cache_key;
        Ok(())
    }

    /// Lets what refusals have taught count for later runs, now that the request that heeds it was taken.
    async fn learn(&self, attempts: &mut TargetAttempts) {
        let Some(asked) = self.context.request.targets.get(attempts.place) else { return };
        let (shared, place) = (&self.context.shared, ModelPlace::of(asked));
        for Lesson { quirk, lasting, message } in std::mem::take(&mut attempts.lessons) {
            shared.quirks.add(place.clone(), quirk.clone());
            if lasting {
                let learnt = shared.ports.world.timestamp();
                shared.ports.quirks.remember(LearntQuirk { place: place.clone(), quirk, learnt, message }).await;
            }
        }
    }

    /// How long to wait for a server on this machine that is still loading its model; `None` once
    /// that has taken as long as it may be silent, and for every other fault.
    fn patience(&self, attempts: &mut TargetAttempts, fault: &CallError) -> Option<Duration> {
        if !fault.loading || !attempts.target.is_local() || self.committed() {
            return None;
        }
        let (now, rules) = (Instant::now(), &self.context.shared.rules);
        let since = *attempts.loading.get_or_insert(now);
        let until = after(since, timeouts::patience(rules, &attempts.target)).min(self.context.deadline);
        let wait = rules.retry.min_wait.max(SHORTEST);
        if after(now, wait) < until {
            return Some(wait);
        }
        // Its time is over, as if every try had been made.
        attempts.tries = attempts.tries.max(rules.retry.attempts);
        None
    }

    /// Tells whether what was shown forbids starting over.
    pub(crate) fn committed(&self) -> bool {
        match self.context.request.commit {
            Commit::Buffered => false,
            Commit::Resettable => self.received.anything(),
            Commit::Live => !self.received.text.is_empty(),
        }
    }

    /// Notes why a target is the last that is asked, for an answer that was there before.
    fn leave(&mut self, place: usize, fault: CallError) -> Option<usize> {
        self.log.failures.push(Reason { target: self.context.name_of(place), fault });
        None
    }

    fn give_up(&mut self, target: &Target, fault: CallError) -> TargetOutcome {
        // A model that declines has ended its answer; nothing broke off.
        if self.committed() && fault.class != ErrorKind::ContentPolicy {
            return TargetOutcome::Broken(fault);
        }
        self.log.failures.push(Reason { target: target.name.clone(), fault });
        TargetOutcome::Failed(None)
    }

    async fn skip(&mut self, place: usize, target: &Target, fault: CallError) -> TargetOutcome {
        let next = match self.context.next_after(place, target, &fault) {
            Some((_, to)) => NextStep::NextModel { to },
            None => NextStep::GiveUp,
        };
        tracing::warn!(run = %self.context.id, to = %target.name, class = %fault.class, ?next, "target passed over");
        self.emit(RunEvent::Skipped { target: target.name.clone(), fault: fault.clone(), next }).await;
        TargetOutcome::Failed(self.onward(place, target, fault).await)
    }

    /// Leaves a target for the next one worth asking, and notes every one that is not.
    async fn onward(&mut self, place: usize, target: &Target, fault: CallError) -> Option<usize> {
        let next = self.context.next_after(place, target, &fault);
        let end = next.as_ref().map_or(self.context.request.targets.len(), |(place, _)| *place);
        let passed: Vec<String> =
            self.context.request.targets.iter().take(end).skip(place + 1).map(|target| target.name.clone()).collect();
        let why = CallError::new(fault.class, format!("not asked: it would fail like {}", target.name));
        self.log.failures.push(Reason { target: target.name.clone(), fault });
        for name in passed {
            self.log.failures.push(Reason { target: name.clone(), fault: why.clone() });
            let next = next.clone().map_or(NextStep::GiveUp, |(_, to)| NextStep::NextModel { to });
            self.emit(RunEvent::Skipped { target: name, fault: why.clone(), next }).await;
        }
        next.map(|(place, _)| place)
    }
}
