//! The end of a run: the answer judged, its cost summed up, the outcome made.
//!
//! The check suites that were compiled last are kept: a batch judges many answers by the same ones.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    eval::{Answer, CheckSuite, Judgement, ToolTrace},
    model::{
        CacheSaving, CallError, Commit, Cost, Ending, ErrorKind, Finish, Format, Message, Outcome, Prompt, Provenance,
        RunEnd, Spent, Target,
        outcome::{AttemptUsage, Timing},
        run_end::Reason,
    },
    pipeline::{
        event::RunEvent,
        ports::Cached,
        response_accumulator::ResponseAccumulator,
        run::{Plan, Run, correction::Remedy, judging_thread::aside},
    },
};

/// What an answer says: its text, and the calls of tools.
#[derive(Clone, Copy)]
struct Said<'a> {
    text: &'a str,
    tools: ToolTrace<'a>,
}

impl<'a> Said<'a> {
    fn of(received: &'a ResponseAccumulator, rounds: &'a [Message]) -> Self {
        Self { text: &received.text, tools: ToolTrace { rounds, calls: &received.calls } }
    }

    fn again(outcome: &'a Outcome) -> Self {
        Self { text: &outcome.text, tools: ToolTrace { rounds: &outcome.rounds, calls: &outcome.calls } }
    }
}

impl Run {
    /// Judges an answer that ended properly and tells the verdicts; the error of one that is not
    /// a whole answer, or, if there is a `remedy`, of one that is not of the form that was asked for.
    pub(crate) async fn finish(&mut self, plan: &Plan, remedy: Remedy) -> Result<(), CallError> {
        let total = self.elapsed();
        let finish = self.received.finish.get_or_insert(Finish::Unknown).clone();
        self.tell_calls().await;
        let tools = !self.context.request.prompt.tools.is_empty();
        if self.calls_are_answered() || self.next_turn(plan).is_some() {
            return self.received.complaint(true, tools).map_or(Ok(()), Err);
        }
        let response = self.received.took(Instant::now()) + self.log.rounds_took;
        let response = (!self.received.is_from_elsewhere()).then_some(response);
        let cost = self.spent().cost;
        let mut judgement =
            self.judge(plan, Said::of(&self.received, &self.log.rounds), finish, (response, cost)).await?;
        let whole = self.context.request.prompt.response.format == Format::Text || judgement.json.is_some();
        if let Some(error) = self.received.complaint(whole, tools).filter(|error| !self.is_passed_on(error)) {
            return Err(error);
        }
        if let Some(error) = self.keep_aside(&judgement, remedy) {
            return Err(error);
        }
        self.answered = Some(self.log.attempts);
        if self.context.request.commit == Commit::Buffered {
            self.show(self.log.attempts).await;
        }
        self.consult(&mut judgement, &plan.messages).await;
        let quality = judgement.quality.clone();
        self.judged = Some((judgement, total));
        self.emit(RunEvent::Checked { quality }).await;
        Ok(())
    }

    /// Tells whether an answer that nothing broke off goes to the program that asked as it is: one that is empty, or met
    /// a limit that the program set, is what it asked for.
    fn is_passed_on(&self, error: &CallError) -> bool {
        let target = self.context.request.targets.get(self.target_place);
        let forwarded = target.is_some_and(|target| self.context.forwarded_to(target).is_some());
        let broken = self.received.finish.as_ref().map(Finish::ending);
        forwarded && !matches!(broken, Some(Ending::Broken(_))) && error.class != ErrorKind::ContentPolicy
    }

    /// Plays an answer again that was given before, judged by today's checks.
    ///
    /// `shared` tells that it is that of an identical run under way, which a fallback may have given.
    pub(crate) async fn replay(&mut self, plan: &Plan, head: &Target, cached: Cached, shared: bool) -> RunEnd {
        let Cached { stored, outcome, raw } = cached;
        let finish = outcome.finish.clone().unwrap_or(Finish::Unknown);
        let mut judgement = match self.judge(plan, Said::again(&outcome), finish, (None, outcome.cost)).await {
            Ok(judgement) => judgement,
            Err(error) => return RunEnd::Failed { reasons: vec![Reason { target: head.name.clone(), error }] },
        };
        self.received = ResponseAccumulator::again(&outcome);
        let (usage, served) = (outcome.usage, outcome.served.clone());
        let (target, model) =
            if shared { (outcome.target, outcome.model) } else { (head.name.clone(), head.model.clone()) };
        self.replayed = Some(Outcome {
            run: self.context.id,
            json: judgement.json.clone(),
            quality: Some(judgement.quality.clone()),
            judging: None,
            requested: head.name.clone(),
            target,
            model,
            provenance: Provenance::Cached { stored },
            attempts: 0,
            cost: Cost::NOTHING,
            cache_saving: None,
            timing: Timing { waited: self.elapsed(), ..outcome.timing },
            ..outcome
        });
        let answered = self
            .context
            .request
            .targets
            .iter()
            .find(|target| self.replayed.as_ref().is_some_and(|replayed| replayed.target == target.name));
        if let Some((raw, target)) = raw.zip(answered)
            && let Some(forward) = self.context.forwarded_to(target)
        {
            forward.replay(raw, target).await;
        }
        if let Some(model) = served {
            self.emit(RunEvent::Served { attempt: 0, model }).await;
        }
        self.show(0).await;
        self.emit(RunEvent::Usage { attempt: 0, usage }).await;
        self.consult(&mut judgement, &plan.messages).await;
        let quality = judgement.quality;
        if let Some(replayed) = &mut self.replayed {
            replayed.quality = Some(quality.clone());
        }
        self.emit(RunEvent::Checked { quality }).await;
        RunEnd::Done
    }

    /// Judges an answer, of which `figures` say how long it took and what it cost.
    async fn judge(
        &self,
        plan: &Plan,
        said: Said<'_>,
        finish: Finish,
        (latency, cost): (Option<Duration>, Cost),
    ) -> Result<Judgement, CallError> {
        let Said { text, tools } = said;
        let answer = Answer { text, finish: Some(&finish), latency, cost, tools };
        if let Some(judged) = plan.judge.judge_at_once(&answer, &self.context.request.input) {
            return Ok(judged);
        }
        let (judge, input, text) = (Arc::clone(&plan.judge), self.context.request.input.clone(), text.to_owned());
        let (rounds, calls) = (tools.rounds.to_vec(), tools.calls.to_vec());
        let judged = aside(self.context.deadline, move || {
            let tools = ToolTrace { rounds: &rounds, calls: &calls };
            judge.judge_on(&Answer { text: &text, finish: Some(&finish), latency, cost, tools }, &input)
        });
        judged.await.ok_or_else(|| self.context.late())
    }

    /// Sums up what the attempts took that are over.
    pub(crate) fn spent(&self) -> Spent {
        self.log.by_attempt.iter().fold(Spent::default(), |sum, attempt| sum.plus(attempt.spent))
    }

    /// Returns what the attempt made last took, from what was received of it; until now if it is still under way.
    pub(crate) fn attempt_usage(&self, target: &Target, received: &ResponseAccumulator) -> AttemptUsage {
        AttemptUsage {
            attempt: self.log.attempts,
            target: target.name.clone(),
            provider: target.provider.clone(),
            model: target.model.clone(),
            spent: received.spent(target),
            took: received.took(Instant::now()),
            answered: false,
        }
    }

    /// Makes the outcome of a run that ends here.
    pub(crate) fn outcome(&self, end: RunEnd) -> Outcome {
        if let Some(replayed) = &self.replayed {
            return Outcome { end, judging: self.judging, ..replayed.clone() };
        }
        let kept = self.set_aside.as_ref().filter(|_| !self.received.anything());
        let target = self.context.request.targets.get(kept.map_or(self.target_place, |kept| kept.place));
        let name = |target: Option<&Target>| target.map_or_else(String::new, |target| target.name.clone());
        let (judgement, total) = match &self.judged {
            Some((judgement, total)) if end == RunEnd::Done => (Some(judgement), *total),
            _ => (None, self.elapsed()),
        };
        let mut received = kept.map_or(&self.received, |kept| &kept.received).clone();
        received.settle();
        let mut by_attempt = self.log.by_attempt.clone();
        let under_way = by_attempt.len() < self.log.attempts as usize;
        if let Some(target) = self.context.request.targets.get(self.target_place).filter(|_| under_way) {
            let mut received = self.received.clone();
            received.settle();
            by_attempt.push(self.attempt_usage(target, &received));
        }
        let shown = kept.map(|kept| kept.attempt).or(self.answered).unwrap_or(self.log.attempts);
        let mut spent = Spent::default();
        for attempt in &mut by_attempt {
            attempt.answered = attempt.attempt == shown && received.anything();
            spent = spent.plus(attempt.spent);
        }
        let saved = by_attempt.iter().filter_map(|attempt| {
            let target = self.context.request.targets.iter().find(|target| target.name == attempt.target)?;
            let half = attempt.attempt == 1 && self.context.has_answer();
            let price = target.card.price.as_ref().map(|price| if half { price.halved() } else { price.clone() });
            attempt.spent.usage.cache_saving(price.as_ref())
        });
        let cache_saving = saved.reduce(CacheSaving::plus);
        let waited = total.saturating_sub(by_attempt.iter().map(|attempt| attempt.took).sum());
        let mut timing = received.timing(total, waited);
        timing.response =
            timing.response.filter(|_| end == RunEnd::Done).map(|response| response + self.log.rounds_took);
        let given_up = if matches!(end, RunEnd::Failed { .. }) { Vec::new() } else { self.log.failures.clone() };
        Outcome {
            run: self.context.id,
            given_up,
            end,
            json: judgement.and_then(|judgement| judgement.json.clone()),
            requested: name(self.context.request.targets.first()),
            target: name(target),
            model: target.map_or_else(String::new, |target| target.model.clone()),
            provenance: if received.is_from_elsewhere() { Provenance::Batch } else { Provenance::Live },
            demo: target.is_some_and(Target::is_demo),
            attempts: self.log.attempts,
            quality: judgement.map(|judgement| judgement.quality.clone()),
            judging: self.judging,
            timing,
            usage: spent.usage,
            cost: spent.cost,
            cache_saving,
            by_attempt,
            text: received.text,
            reasoning: received.reasoning,
            calls: received.calls,
            rounds: self.log.rounds.clone(),
            served: received.served,
            finish: received.finish,
        }
    }
}

/// Prompts whose rules are kept, at most.
const MOST: usize = 16;

/// Compiled rules, each with the prompt they are of.
#[derive(Debug, Default)]
pub(crate) struct CompiledChecks(Mutex<VecDeque<(Arc<Prompt>, Arc<CheckSuite>)>>);

impl CompiledChecks {
    /// Returns the rules of a prompt, if they were compiled lately.
    pub(crate) fn at_hand(&self, prompt: &Arc<Prompt>) -> Option<Arc<CheckSuite>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| Arc::ptr_eq(known, prompt)).map(|(_, judge)| Arc::clone(judge))
    }

    /// Returns the rules of a prompt, compiled by `compile` where they are not at hand. Prompts are told apart by
    /// where they are: a copy is another one.
    pub(crate) fn of<E>(
        &self,
        prompt: &Arc<Prompt>,
        compile: impl FnOnce() -> Result<CheckSuite, E>,
    ) -> Result<Arc<CheckSuite>, E> {
        if let Some(judge) = self.at_hand(prompt) {
            return Ok(judge);
        }
        let judge = Arc::new(compile()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(MOST - 1);
        kept.push_front((Arc::clone(prompt), Arc::clone(&judge)));
        Ok(judge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_prompt_is_compiled_once_and_a_copy_by_itself() {
        let compiled = CompiledChecks::default();
        let prompt = Arc::new(Prompt::default());
        let mut times = 0;
        let mut of = |prompt: &Arc<Prompt>| {
            compiled.of(prompt, || {
                times += 1;
                CheckSuite::new(&prompt.response, &prompt.checks)
            })
        };
        let (one, same) = (of(&prompt).unwrap(), of(&prompt).unwrap());
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &of(&Arc::new(Prompt::default())).unwrap()));
        for _ in 0..MOST {
            of(&Arc::new(Prompt::default())).unwrap();
        }
        assert!(!Arc::ptr_eq(&one, &of(&prompt).unwrap()), "what was not used for long is let go");
        assert_eq!(times, 2 + MOST + 1);
    }
}
