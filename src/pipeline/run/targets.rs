//! From target to target: each is tried within its budgets until one answers.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::{
    model::{
        CallError, Commit, ErrorKind, RunEnd, Target,
        quirk::{LearntQuirk, ModelPlace, ModelQuirk},
        run_end::Reason,
    },
    pipeline::{
        event::{NextStep, RunEvent},
        quirks::NewQuirk,
        retry_policy,
        retry_policy::RetryRule,
        run::{
            Plan, PreparedTarget, Run, RunContext,
            attempt::Beginning,
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
    Answered,
    /// Its answer broke off after part of it was shown.
    Broken(CallError),
    /// It did not answer; the place of the next to ask, if there is one.
    Failed(Option<usize>),
    /// A cap, or a full disk, keeps it from being asked.
    Refused(String),
}

impl RunContext {
    /// Says why a target's provider is asked nothing, or why none of the keys that are named for it can be had. That is a mistake to be put
    /// right, and ends the run: what was to be asked with a key is not asked without one, and no
    /// other model is asked behind the user's back.
    fn unusable(&self, target: &Target) -> Option<CallError> {
        let refused = self.shared.pool.refusals(&target.provider);
        if !refused.is_empty() {
            return Some(CallError::new(ErrorKind::CallerFault, refused.join("; ")));
        }
        let why = self.shared.pool.unreadable(&target.provider);
        let none = !why.is_empty() && !self.shared.pool.has_keys(&target.provider);
        none.then(|| CallError::new(ErrorKind::MissingKey, why.join("; ")))
    }

    fn name_of(&self, place: usize) -> String {
        self.request.targets.get(place).map_or_else(String::new, |target| target.name.clone())
    }

    /// Finds the next target that is worth asking after an error of one.
    pub(crate) fn next_after(&self, place: usize, target: &Target, error: &CallError) -> Option<(usize, String)> {
        let mut later = self.request.targets.iter().enumerate().skip(place + 1);
        let (place, next) = later.find(|(_, next)| retry_policy::suits(error, target, next))?;
        Some((place, next.name.clone()))
    }

    /// Adds the time of day to a wish to wait that is longer than we wait.
    fn with_the_time(&self, mut error: CallError) -> CallError {
        if let Some(wait) = error.retry_after.filter(|wait| *wait > self.shared.rules.retry.max_retry_after)
            && let Ok(until) = self.shared.ports.world.timestamp().checked_add(wait)
        {
            let seconds = Duration::from_secs(wait.as_secs());
            error.message = format!(
                "{}; it asks to wait {seconds:?}, until {}",
                error.message,
                until.strftime("%Y-%m-%d %H:%M:%S UTC")
            );
        }
        error
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
                TargetOutcome::Broken(error) if self.set_aside.is_none() => return RunEnd::Interrupted { error },
                TargetOutcome::Refused(why) if self.set_aside.is_none() => {
                    return self.refused(self.context.name_of(place), why);
                }
                TargetOutcome::Broken(error) => self.leave(place, error),
                TargetOutcome::Refused(why) => self.leave(place, CallError::new(ErrorKind::Cancelled, why)),
                TargetOutcome::Failed(next) => next,
            };
        }
        if self.restore(plan).await {
            return RunEnd::Done;
        }
        // What a provider says can hold what was sent to it; it is for those who ask for it.
        let why: Vec<String> =
            self.log.failures.iter().map(|reason| format!("{}: {}", reason.target, reason.error.class)).collect();
        let end = RunEnd::Failed { reasons: std::mem::take(&mut self.log.failures) };
        tracing::error!(run = %self.context.id, attempts = self.log.attempts, why = why.join("; "), "all models failed");
        tracing::debug!(run = %self.context.id, "{end}");
        end
    }

    #[allow(clippy::too_many_lines, reason = "what may come after each try, in one place")]
    async fn ask_target(
        &mut self,
        plan: &Plan,
        (place, prepared): (usize, Option<PreparedTarget>),
        spent: &mut u32,
    ) -> TargetOutcome {
        let Some(target) = self.context.request.targets.get(place).cloned() else { return TargetOutcome::Failed(None) };
        if place > 0 {
            let RunContext { shared, start, .. } = &self.context;
            let limit = timeouts::run_limit(&shared.rules, Some(&target), *start, Instant::now());
            (self.context.total, self.context.deadline) = limit;
        }
        if let Some(error) = self.context.unusable(&target).filter(|_| !self.is_at_hand()) {
            let event = RunEvent::Skipped { target: target.name.clone(), error: error.clone(), next: NextStep::GiveUp };
            self.emit(event).await;
            return self.give_up(&target, error);
        }
        let mut attempts = match self.begin_target(plan, (place, prepared), &target).await {
            Ok(attempts) => attempts,
            Err(error) => match self.shuts((place, &target), None, &error, &NextStep::GiveUp) {
                Some(why) => return TargetOutcome::Refused(why),
                None => return self.skip(place, &target, error).await,
            },
        };
        loop {
            if let Err(refusal) = self.allow(&attempts).await {
                return TargetOutcome::Refused(refusal.why);
            }
            if let Err(error) = self.admit(&mut attempts).await {
                return self.skip(place, &target, error).await;
            }
            let at_hand = self.is_at_hand();
            attempts.tries += 1;
            *spent += 1;
            let result = match self.try_once(plan, &mut attempts, *spent).await {
                Ok(()) if self.calls_are_answered() || self.next_turn(plan).is_some() => {
                    // A further round is no further try of the same.
                    attempts.tries = 0;
                    *spent -= 1;
                    match self.next_round(plan, &mut attempts).await {
                        None => continue,
                        Some(outcome) => return outcome,
                    }
                }
                other => other,
            };
            let Err(error) = result else { return TargetOutcome::Answered };
            if error.class == ErrorKind::Cancelled && self.context.purse.is_some() {
                return TargetOutcome::Refused(error.message);
            }
            if at_hand && !self.context.never_live() {
                // What the batch did not bring is asked as if nobody had tried before.
                attempts.tries -= 1;
                *spent -= 1;
            }
            let (next, switch) = if at_hand && self.context.never_live() {
                (NextStep::GiveUp, None)
            } else if self.correct(plan, &mut attempts, &error, *spent) {
                (NextStep::Retry { wait: Duration::ZERO }, None)
            } else if let Some(new) = attempts.quirk_of(&error).filter(|new| self.may_correct(place, new, &error)) {
                // A request that asks for something else is no further try of the same; and there are few quirks.
                attempts.tries -= 1;
                *spent -= 1;
                attempts.correct(new, &self.context.request, &self.conversation(plan));
                (NextStep::Retry { wait: Duration::ZERO }, None)
            } else if let Some(wait) = self.patience(&mut attempts, &error) {
                attempts.tries -= 1;
                *spent -= 1;
                (NextStep::Retry { wait }, None)
            } else {
                self.decide(&attempts, &error, *spent)
            };
            attempts.refusals += u32::from(error.class == ErrorKind::RateLimited);
            let account = attempts.lease.as_ref().map_or("", |lease| lease.key.account.as_str());
            let shuts = self.shuts((place, &target), Some(account), &error, &next);
            let error = self.context.with_the_time(error);
            self.log_failure(&attempts, &error, &next);
            let failed =
                RunEvent::AttemptFailed { attempt: self.log.attempts, error: error.clone(), next: next.clone() };
            let noted = self.emit(failed).await;
            let wait = match next {
                NextStep::GiveUp => match shuts {
                    Some(why) => return TargetOutcome::Refused(why),
                    None => return self.give_up(&target, error),
                },
                NextStep::NextModel { .. } => return TargetOutcome::Failed(self.onward(place, &target, error).await),
                NextStep::Retry { wait } | NextStep::NextKey { wait, .. } => wait,
            };
            let limited = error.class == ErrorKind::RateLimited && self.waits_out_limits(place, &target);
            // Where it is the account that is asked too much, no try of this request is spent on it.
            let mut free = u32::from(limited);
            match switch {
                Some(switch) => {
                    attempts.lease = Some(switch.lease);
                    free += u32::from(switch.free);
                }
                None if retry_policy::rule(&error).0 == RetryRule::Once => attempts.once_used = true,
                None => {}
            }
            attempts.tries = attempts.tries.saturating_sub(free);
            *spent = spent.saturating_sub(free);
            if at_hand {
                match self.take_key(place, &target).await {
                    Ok(lease) => attempts.lease = lease,
                    Err(error) => return self.skip(place, &target, error).await,
                }
            } else if !wait.is_zero() {
                match self.rest((place, &target), attempts.lease.take(), after(noted, wait)).await {
                    Ok(lease) => attempts.lease = lease,
                    Err(error) => return self.skip(place, &target, error).await,
                }
                if limited {
                    self.waited_out(noted);
                }
            }
        }
    }

    fn log_failure(&self, attempts: &TargetAttempts, error: &CallError, next: &NextStep) {
        tracing::warn!(
            run = %self.context.id, to = %attempts.target.name, attempt = self.log.attempts, class = %error.class,
            status = error.status, request_id = error.request_id,
            key = attempts.lease.as_ref().map(|lease| lease.key.label.as_str()), ?next, "attempt failed"
        );
        tracing::debug!(run = %self.context.id, attempt = self.log.attempts, "{}", error.message);
    }

    /// Has it asked once more with what its tools or the next turn say. Tells what came of it where that fails.
    async fn next_round(&mut self, plan: &Plan, attempts: &mut TargetAttempts) -> Option<TargetOutcome> {
        let next = if self.calls_are_answered() {
            self.answer_calls(plan, attempts).await
        } else {
            self.take_turn(plan, attempts).await
        };
        let error = next.err()?;
        let failed =
            RunEvent::AttemptFailed { attempt: self.log.attempts, error: error.clone(), next: NextStep::GiveUp };
        self.emit(failed).await;
        self.log.failures.push(Reason { target: attempts.target.name.clone(), error });
        Some(TargetOutcome::Failed(None))
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
        let prepared = prepared.unwrap_or_else(|| self.context.prepare(&self.conversation(plan), target));
        let PreparedTarget { target: corrected, request: prepared, cache_key, quirks: _, preflight } = prepared;
        let known = preflight?;
        // What another target called and was answered is no request of the prompt's.
        self.changed |= place > 0 && !self.log.rounds.is_empty();
        let lease = if self.is_at_hand() { None } else { self.take_key(place, target).await? };
        // What there is to know of the first target has been told.
        let notices = if place == 0 { Vec::new() } else { [prepared.notices.clone(), known].concat() };
        Ok(TargetAttempts {
            place,
            target: corrected,
            sent: spending::sent(&prepared, target),
            prepared,
            cache_key: Some(cache_key),
            lease,
            tries: 0,
            refusals: 0,
            once_used: false,
            tried: BTreeSet::new(),
            corrected: false,
            corrections: CorrectedFields::default(),
            notices,
            new_quirks: Vec::new(),
            loading: None,
        })
    }

    async fn try_once(&mut self, plan: &Plan, attempts: &mut TargetAttempts, spent: u32) -> Result<(), CallError> {
        let key = attempts.lease.as_ref().map(|lease| lease.key.clone());
        attempts.tried.extend(attempts.lease.as_ref().map(|lease| lease.place));
        self.target_place = attempts.place;
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

    /// Tells whether a target is asked again by what its refusal has taught: never after text that cannot be taken back,
    /// and over another wire only where no other target is named to be asked instead.
    fn may_correct(&self, place: usize, new: &NewQuirk, error: &CallError) -> bool {
        // What a program asked is asked as it is.
        if self.context.forward.is_some() {
            return false;
        }
        let target = self.context.request.targets.get(place);
        let next = || target.and_then(|target| self.context.next_after(place, target, error));
        !self.committed() && (new.quirk != ModelQuirk::ResponsesOnly || next().is_none())
    }

    /// Lets what refusals have taught count for later runs, now that the corrected request was taken.
    async fn learn(&self, attempts: &mut TargetAttempts) {
        let Some(target) = self.context.request.targets.get(attempts.place) else { return };
        let (shared, place) = (&self.context.shared, ModelPlace::of(target));
        for NewQuirk { quirk, lasting, message } in std::mem::take(&mut attempts.new_quirks) {
            shared.quirks.add(place.clone(), quirk.clone(), lasting);
            if lasting {
                let learnt = shared.ports.world.timestamp();
                shared.ports.quirks.remember(LearntQuirk { place: place.clone(), quirk, learnt, message }).await;
            }
        }
    }

    /// How long to wait for a server on this machine that is still loading its model; `None` once
    /// that has taken as long as it may be silent, and for every other error.
    fn patience(&self, attempts: &mut TargetAttempts, error: &CallError) -> Option<Duration> {
        if !error.loading || !attempts.target.is_local() || self.committed() {
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
            // A call of a tool that nobody offered is nothing that anybody waits for.
            Commit::Resettable if self.context.request.prompt.tools.is_empty() => self.received.says_something(),
            Commit::Resettable => self.received.anything(),
            // A program is passed whatever came first.
            Commit::Live if self.context.forward.is_some() => self.received.anything(),
            Commit::Live => !self.received.text.is_empty(),
        }
    }

    /// Notes why a target is the last that is asked, for an answer that was there before.
    fn leave(&mut self, place: usize, error: CallError) -> Option<usize> {
        self.log.failures.push(Reason { target: self.context.name_of(place), error });
        None
    }

    fn give_up(&mut self, target: &Target, error: CallError) -> TargetOutcome {
        // A model that declines has ended its answer; nothing broke off.
        if self.committed() && error.class != ErrorKind::ContentPolicy {
            return TargetOutcome::Broken(error);
        }
        self.log.failures.push(Reason { target: target.name.clone(), error });
        TargetOutcome::Failed(None)
    }

    async fn skip(&mut self, place: usize, target: &Target, error: CallError) -> TargetOutcome {
        let next = match self.context.next_after(place, target, &error) {
            Some((_, to)) => NextStep::NextModel { to },
            None => NextStep::GiveUp,
        };
        tracing::warn!(run = %self.context.id, to = %target.name, class = %error.class, ?next, "target passed over");
        self.emit(RunEvent::Skipped { target: target.name.clone(), error: error.clone(), next }).await;
        TargetOutcome::Failed(self.onward(place, target, error).await)
    }

    /// Leaves a target for the next one worth asking, and notes every one that is not.
    async fn onward(&mut self, place: usize, target: &Target, error: CallError) -> Option<usize> {
        let next = self.context.next_after(place, target, &error);
        let end = next.as_ref().map_or(self.context.request.targets.len(), |(place, _)| *place);
        let passed: Vec<String> =
            self.context.request.targets.iter().take(end).skip(place + 1).map(|target| target.name.clone()).collect();
        let why = CallError::new(error.class, format!("not asked: it would fail like {}", target.name));
        self.log.failures.push(Reason { target: target.name.clone(), error });
        for name in passed {
            self.log.failures.push(Reason { target: name.clone(), error: why.clone() });
            let next = next.clone().map_or(NextStep::GiveUp, |(_, to)| NextStep::NextModel { to });
            self.emit(RunEvent::Skipped { target: name, error: why.clone(), next }).await;
        }
        next.map(|(place, _)| place)
    }
}
