//! From target to target: each is tried within its budgets until one answers.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::{
    model::{CallError, Commit, ErrorKind, RunEnd, RunRequest, Target, outcome::Reason},
    pipeline::{
        event::{NextStep, RunEvent},
        key_pool::KeyLease,
        prepare,
        prepare::PreparedRequest,
        quirks::{ModelQuirk, lesson},
        retry_policy,
        retry_policy::RetryRule,
        run::{Plan, Run, correction::CorrectedFields, key_lease::KeySwitch},
        spending,
        spending::{Bound, Usages},
        timeouts,
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

/// What has been done on one target.
pub(crate) struct TargetAttempts {
    /// Its place among the request's targets.
    pub place: usize,
    /// The target.
    pub target: Target,
    /// What is sent to it.
    pub fitted: PreparedRequest,
    /// The bytes of that.
    pub sent: u64,
    /// The key in use.
    pub held: Option<KeyLease>,
    /// Tries made, free walks from key to key not counted.
    pub tries: u32,
    /// Whether the one retry of [`Again::Once`] is used up.
    pub once_used: bool,
    /// The places of the keys it was tried with.
    pub tried: BTreeSet<usize>,
    /// Whether the one further try for a better answer is used up.
    pub mended: bool,
    /// What that try sends otherwise.
    pub changes: CorrectedFields,
    /// What is to be said of the next try.
    pub notices: Vec<String>,
    renamed: bool,
    refused: BTreeSet<String>,
    /// Since when the server has been loading the model.
    pub loading: Option<Instant>,
}

impl TargetAttempts {
    /// Reads what a fault teaches for the next try, if that can be heeded.
    pub(crate) fn lesson(&self, fault: &CallError) -> Option<ModelQuirk> {
        lesson(fault, &self.target, self.renamed).filter(|lesson| match lesson {
            ModelQuirk::Drop(param) => prepare::droppable(&self.fitted, param),
            ModelQuirk::Rename(_) => self.fitted.params.max_tokens.is_some(),
        })
    }

    /// Tells whether the target takes a parameter no longer, or never did.
    pub(crate) fn refuses(&self, param: &str) -> bool {
        self.refused.contains(param) || self.target.card.rejects(param)
    }

    /// Makes anew what is sent, from all that is known by now.
    pub(crate) fn refit(&mut self, request: &RunRequest, plan: &Plan) {
        self.fitted = prepare::fit(&request.prompt, &request.params, &plan.messages, &self.target, &self.refused);
        self.changes.apply(&mut self.fitted);
        self.sent = spending::sent(&self.fitted);
    }

    /// Bounds the next call, by all that is known by now of what calls take.
    pub(crate) fn bound(&self, usages: &Usages) -> Bound {
        Bound::of(&self.target, self.sent, self.fitted.params.max_tokens, usages)
    }
}

impl Run {
    /// Asks the targets in order, each at most once, until one answers or nothing more may be tried.
    pub(crate) async fn ask(&mut self, plan: &Plan) -> RunEnd {
        let mut next = Some(0);
        let mut spent = 0;
        while let Some(place) = next {
            next = match self.ask_target(plan, place, &mut spent).await {
                TargetOutcome::Answered => return RunEnd::Done,
                TargetOutcome::Broken(fault) if self.kept.is_none() => return RunEnd::Interrupted { fault },
                TargetOutcome::Refused(why) if self.kept.is_none() => return self.refused(self.name_of(place), why),
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
            self.reasons.iter().map(|reason| format!("{}: {}", reason.target, reason.fault.class)).collect();
        let end = RunEnd::Failed { reasons: std::mem::take(&mut self.reasons) };
        tracing::error!(run = %self.id, attempts = self.attempts, why = why.join("; "), "all models failed");
        tracing::debug!(run = %self.id, "{end}");
        end
    }

    async fn ask_target(&mut self, plan: &Plan, place: usize, spent: &mut u32) -> TargetOutcome {
        let Some(target) = self.request.targets.get(place).cloned() else { return TargetOutcome::Failed(None) };
        if let Some(fault) = self.keyless(&target) {
            let event = RunEvent::Skipped { target: target.name.clone(), fault: fault.clone(), next: NextStep::GiveUp };
            self.tell(event).await;
            return self.give_up(&target, fault);
        }
        let mut course = match self.set_out(plan, place, &target).await {
            Ok(course) => course,
            Err(fault) => return self.skip(place, &target, fault).await,
        };
        loop {
            if let Err(refusal) = self.allow(&course).await {
                return TargetOutcome::Refused(refusal.why);
            }
            if let Err(fault) = self.admit(&mut course).await {
                return self.skip(place, &target, fault).await;
            }
            course.tries += 1;
            *spent += 1;
            let Err(fault) = self.try_once(plan, &mut course, *spent).await else { return TargetOutcome::Answered };
            if fault.class == ErrorKind::Cancelled && self.purse.is_some() {
                return TargetOutcome::Refused(fault.message);
            }
            let (next, walk) = if self.mend(plan, &mut course, &fault, *spent) {
                (NextStep::Retry { wait: Duration::ZERO }, None)
            } else if let Some(wait) = self.patience(&mut course, &fault) {
                course.tries -= 1;
                *spent -= 1;
                (NextStep::Retry { wait }, None)
            } else {
                self.decide(&course, &fault, *spent)
            };
            let fault = self.with_the_time(fault);
            tracing::warn!(
                run = %self.id, to = %target.name, attempt = self.attempts, class = %fault.class,
                status = fault.status, request_id = fault.request_id,
                key = course.held.as_ref().map(|held| held.key.label.as_str()), ?next, "attempt failed"
            );
            tracing::debug!(run = %self.id, attempt = self.attempts, "{}", fault.message);
            let failed = RunEvent::AttemptFailed { attempt: self.attempts, fault: fault.clone(), next: next.clone() };
            let told = self.tell(failed).await;
            let wait = match next {
                NextStep::GiveUp => return self.give_up(&target, fault),
                NextStep::NextModel { .. } => return TargetOutcome::Failed(self.onward(place, &target, fault).await),
                NextStep::Retry { wait } | NextStep::NextKey { wait, .. } => wait,
            };
            match walk {
                Some(KeySwitch { held, free }) => {
                    course.held = Some(held);
                    course.tries -= u32::from(free);
                    *spent -= u32::from(free);
                }
                None => self.learn(plan, &mut course, &fault),
            }
            if !wait.is_zero() {
                match self.rest((place, &target), course.held.take(), after(told, wait)).await {
                    Ok(held) => course.held = held,
                    Err(fault) => return self.skip(place, &target, fault).await,
                }
            }
        }
    }

    /// Says why none of the keys that are named for a target can be had. That is a mistake to be put
    /// right, and ends the run: what was to be asked with a key is not asked without one, and no
    /// other model is asked behind the user's back.
    fn keyless(&self, target: &Target) -> Option<CallError> {
        let why = self.shared.pool.unreadable(&target.provider);
        let none = !why.is_empty() && !self.shared.pool.has_keys(&target.provider);
        none.then(|| CallError::new(ErrorKind::Credential, why.join("; ")))
    }

    /// Makes ready to ask a target, or says why it is not asked.
    async fn set_out(&mut self, plan: &Plan, place: usize, target: &Target) -> Result<TargetAttempts, CallError> {
        let refused = self.shared.learnt.refused(target);
        let fitted = prepare::fit(&self.request.prompt, &self.request.params, &plan.messages, target, &refused);
        let known = self.preflight(target, &fitted.messages)?;
        let held = self.take_key(place, target).await?;
        // What there is to know of the first target has been told.
        let notices = if place == 0 { Vec::new() } else { [fitted.notices.clone(), known].concat() };
        Ok(TargetAttempts {
            place,
            target: self.shared.learnt.corrected(target.clone()),
            sent: spending::sent(&fitted),
            fitted,
            held,
            tries: 0,
            once_used: false,
            tried: BTreeSet::new(),
            mended: false,
            changes: CorrectedFields::default(),
            notices,
            renamed: false,
            refused,
            loading: None,
        })
    }

    async fn try_once(&mut self, plan: &Plan, course: &mut TargetAttempts, spent: u32) -> Result<(), CallError> {
        let key = course.held.as_ref().map(|held| held.key.clone());
        course.tried.extend(course.held.as_ref().map(|held| held.place));
        self.asked = course.place;
        let notices = std::mem::take(&mut course.notices);
        let result = self.attempt(&course.target, key.as_ref(), &course.fitted, notices).await;
        self.settle(course, result.as_ref().copied());
        result?;
        if let Some(held) = &course.held
            && self.shared.pool.works(&course.target.provider, held.place)
        {
            self.shared.ports.keys.rests(&course.target.provider, &held.key.label, None);
        }
        let remedy = self.remedy(course, spent);
        self.finish(plan, remedy).await?;
        self.sent = Some(course.fitted.clone());
        Ok(())
    }

    /// Changes what the next try on the same target does differently, and all later runs with it.
    fn learn(&self, plan: &Plan, course: &mut TargetAttempts, fault: &CallError) {
        if retry_policy::rule(fault).0 == RetryRule::Once {
            course.once_used = true;
        }
        let Some(lesson) = course.lesson(fault) else { return };
        self.shared.learnt.keep(&course.target, &lesson);
        let model = &course.target.model;
        match &lesson {
            ModelQuirk::Drop(param) => {
                course.notices.push(format!("{param} was refused by {model}; left out"));
                course.refused.insert(param.clone());
            }
            ModelQuirk::Rename(completion) => {
                let name = if *completion { "max_completion_tokens" } else { "max_tokens" };
                course.notices.push(format!("{model} calls the token limit {name}; renamed"));
                course.target.card.completion_tokens = *completion;
                course.renamed = true;
            }
        }
        course.refit(&self.request, plan);
    }

    /// How long to wait for a server on this machine that is still loading its model; `None` once
    /// that has taken as long as it may be silent, and for every other fault.
    fn patience(&self, course: &mut TargetAttempts, fault: &CallError) -> Option<Duration> {
        if !fault.loading || !course.target.is_local() || self.committed() {
            return None;
        }
        let (now, rules) = (Instant::now(), &self.shared.rules);
        let since = *course.loading.get_or_insert(now);
        let until = after(since, timeouts::patience(rules, &course.target)).min(self.deadline);
        let wait = rules.retry.min_wait.max(SHORTEST);
        if after(now, wait) < until {
            return Some(wait);
        }
        // Its time is over, as if every try had been made.
        course.tries = course.tries.max(rules.retry.attempts);
        None
    }

    /// Tells whether what was shown forbids starting over.
    pub(crate) fn committed(&self) -> bool {
        match self.request.commit {
            Commit::Buffered => false,
            Commit::Resettable => self.heard.anything(),
            Commit::Live => !self.heard.text.is_empty(),
        }
    }

    /// Notes why a target is the last that is asked, for an answer that was there before.
    fn leave(&mut self, place: usize, fault: CallError) -> Option<usize> {
        self.reasons.push(Reason { target: self.name_of(place), fault });
        None
    }

    fn name_of(&self, place: usize) -> String {
        self.request.targets.get(place).map_or_else(String::new, |target| target.name.clone())
    }

    fn give_up(&mut self, target: &Target, fault: CallError) -> TargetOutcome {
        // A model that declines has ended its answer; nothing broke off.
        if self.committed() && fault.class != ErrorKind::ContentPolicy {
            return TargetOutcome::Broken(fault);
        }
        self.reasons.push(Reason { target: target.name.clone(), fault });
        TargetOutcome::Failed(None)
    }

    async fn skip(&mut self, place: usize, target: &Target, fault: CallError) -> TargetOutcome {
        let next = match self.next_after(place, target, &fault) {
            Some((_, to)) => NextStep::NextModel { to },
            None => NextStep::GiveUp,
        };
        tracing::warn!(run = %self.id, to = %target.name, class = %fault.class, ?next, "target passed over");
        self.tell(RunEvent::Skipped { target: target.name.clone(), fault: fault.clone(), next }).await;
        TargetOutcome::Failed(self.onward(place, target, fault).await)
    }

    /// Finds the next target that is worth asking after a fault of one.
    pub(crate) fn next_after(&self, place: usize, target: &Target, fault: &CallError) -> Option<(usize, String)> {
        let mut later = self.request.targets.iter().enumerate().skip(place + 1);
        let (place, next) = later.find(|(_, next)| retry_policy::suits(fault, target, next))?;
        Some((place, next.name.clone()))
    }

    /// Leaves a target for the next one worth asking, and notes every one that is not.
    async fn onward(&mut self, place: usize, target: &Target, fault: CallError) -> Option<usize> {
        let next = self.next_after(place, target, &fault);
        let end = next.as_ref().map_or(self.request.targets.len(), |(place, _)| *place);
        let passed: Vec<String> =
            self.request.targets.iter().take(end).skip(place + 1).map(|target| target.name.clone()).collect();
        let why = CallError::new(fault.class, format!("not asked: it would fail like {}", target.name));
        self.reasons.push(Reason { target: target.name.clone(), fault });
        for name in passed {
            self.reasons.push(Reason { target: name.clone(), fault: why.clone() });
            let next = next.clone().map_or(NextStep::GiveUp, |(_, to)| NextStep::NextModel { to });
            self.tell(RunEvent::Skipped { target: name, fault: why.clone(), next }).await;
        }
        next.map(|(place, _)| place)
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
