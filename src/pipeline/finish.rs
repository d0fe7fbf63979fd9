//! The end of a run: the answer judged, its cost summed up, the outcome made.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    aside::aside,
    event::RunEvent,
    heard::Heard,
    limits,
    mend::Remedy,
    port::Cached,
    run::{Plan, Run},
};
use crate::{
    eval::{Answer, Judgement},
    model::{
        Commit, Cost, End, Fault, Finish, Format, Outcome, Provenance, Spent, Target,
        outcome::{AttemptUsage, Reason, Timing},
    },
};

impl Run {
    /// Judges an answer that ended properly and tells the verdicts; the fault of one that is not
    /// a whole answer, or, if there is a `remedy`, of one that is not of the form that was asked for.
    pub(super) async fn finish(&mut self, plan: &Plan, remedy: Remedy) -> Result<(), Fault> {
        let total = self.elapsed();
        let finish = self.heard.finish.get_or_insert(Finish::Unknown).clone();
        let response = self.heard.took(Instant::now());
        let cost = self.spent().cost;
        let mut judgement = self.judge(plan, &self.heard.text, finish, (Some(response), cost)).await?;
        let whole = self.request.prompt.response.format == Format::Text || judgement.json.is_some();
        if let Some(fault) = self.heard.complaint(whole) {
            return Err(fault);
        }
        if let Some(fault) = self.set_aside(&judgement, remedy) {
            return Err(fault);
        }
        self.answered = Some(self.attempts);
        if self.request.commit == Commit::Buffered {
            self.show(self.attempts).await;
        }
        self.consult(&mut judgement).await;
        let quality = judgement.quality.clone();
        self.judged = Some((judgement, total));
        self.tell(RunEvent::Checked { quality }).await;
        Ok(())
    }

    /// Plays an answer again that was given before, judged by today's checks.
    ///
    /// `shared` tells that it is that of an identical run under way, which a fallback may have given.
    pub(super) async fn replay(&mut self, plan: &Plan, head: &Target, cached: Cached, shared: bool) -> End {
        let Cached { stored, outcome } = cached;
        let finish = outcome.finish.clone().unwrap_or(Finish::Unknown);
        let mut judgement = match self.judge(plan, &outcome.text, finish, (None, outcome.cost)).await {
            Ok(judgement) => judgement,
            Err(fault) => return End::Failed { reasons: vec![Reason { target: head.name.clone(), fault }] },
        };
        self.heard = Heard::again(&outcome);
        let (usage, served) = (outcome.usage, outcome.served.clone());
        let (target, model) =
            if shared { (outcome.target, outcome.model) } else { (head.name.clone(), head.model.clone()) };
        self.replayed = Some(Outcome {
            run: self.id,
            json: judgement.json.clone(),
            quality: Some(judgement.quality.clone()),
            judging: None,
            requested: head.name.clone(),
            target,
            model,
            provenance: Provenance::Cached { stored },
            attempts: 0,
            cost: Cost::NOTHING,
            timing: Timing { waited: self.elapsed(), ..outcome.timing },
            ..outcome
        });
        if let Some(model) = served {
            self.tell(RunEvent::Served { attempt: 0, model }).await;
        }
        self.show(0).await;
        self.tell(RunEvent::Usage { attempt: 0, usage }).await;
        self.consult(&mut judgement).await;
        let quality = judgement.quality;
        if let Some(replayed) = &mut self.replayed {
            replayed.quality = Some(quality.clone());
        }
        self.tell(RunEvent::Checked { quality }).await;
        End::Done
    }

    /// Judges an answer, of which `figures` say how long it took and what it cost.
    async fn judge(
        &self,
        plan: &Plan,
        text: &str,
        finish: Finish,
        (latency, cost): (Option<Duration>, Cost),
    ) -> Result<Judgement, Fault> {
        let answer = Answer { text, finish: Some(&finish), latency, cost };
        if let Some(judged) = plan.judge.judge_at_once(&answer, &self.request.input) {
            return Ok(judged);
        }
        let (judge, input, text) = (Arc::clone(&plan.judge), self.request.input.clone(), text.to_owned());
        let judged = aside(self.deadline, move || {
            judge.judge_on(&Answer { text: &text, finish: Some(&finish), latency, cost }, &input)
        });
        judged.await.ok_or_else(|| self.late())
    }

    /// Says that the run's time is over.
    pub(super) fn late(&self) -> Fault {
        limits::late(self.shared.rules.timeouts.total)
    }

    /// Sums up what the attempts took that are over.
    fn spent(&self) -> Spent {
        self.by_attempt.iter().fold(Spent::default(), |sum, attempt| sum.plus(attempt.spent))
    }

    /// Returns what the attempt made last took, from what was heard of it; until now if it is still under way.
    pub(super) fn attempt_usage(&self, target: &Target, heard: &Heard) -> AttemptUsage {
        AttemptUsage {
            attempt: self.attempts,
            target: target.name.clone(),
            provider: target.provider.clone(),
            model: target.model.clone(),
            spent: heard.spent(target),
            took: heard.took(Instant::now()),
            answered: false,
        }
    }

    /// Makes the outcome of a run that ends here.
    pub(super) fn outcome(&self, end: End) -> Outcome {
        if let Some(replayed) = &self.replayed {
            return Outcome { end, judging: self.judging, ..replayed.clone() };
        }
        let kept = self.kept.as_ref().filter(|_| !self.heard.anything());
        let target = self.request.targets.get(kept.map_or(self.asked, |kept| kept.place));
        let name = |target: Option<&Target>| target.map_or_else(String::new, |target| target.name.clone());
        let (judgement, total) = match &self.judged {
            Some((judgement, total)) if end == End::Done => (Some(judgement), *total),
            _ => (None, self.elapsed()),
        };
        let mut heard = kept.map_or(&self.heard, |kept| &kept.heard).clone();
        heard.settle();
        let mut by_attempt = self.by_attempt.clone();
        let under_way = by_attempt.len() < self.attempts as usize;
        if let Some(target) = self.request.targets.get(self.asked).filter(|_| under_way) {
            let mut heard = self.heard.clone();
            heard.settle();
            by_attempt.push(self.attempt_usage(target, &heard));
        }
        let shown = kept.map(|kept| kept.attempt).or(self.answered).unwrap_or(self.attempts);
        let mut spent = Spent::default();
        for attempt in &mut by_attempt {
            attempt.answered = attempt.attempt == shown && heard.anything();
            spent = spent.plus(attempt.spent);
        }
        let waited = total.saturating_sub(by_attempt.iter().map(|attempt| attempt.took).sum());
        let mut timing = heard.timing(total, waited);
        timing.response = timing.response.filter(|_| end == End::Done);
        let given_up = if matches!(end, End::Failed { .. }) { Vec::new() } else { self.reasons.clone() };
        Outcome {
            run: self.id,
            given_up,
            end,
            json: judgement.and_then(|judgement| judgement.json.clone()),
            requested: name(self.request.targets.first()),
            target: name(target),
            model: target.map_or_else(String::new, |target| target.model.clone()),
            provenance: Provenance::Live,
            demo: target.is_some_and(Target::is_demo),
            attempts: self.attempts,
            quality: judgement.map(|judgement| judgement.quality.clone()),
            judging: self.judging,
            timing,
            usage: spent.usage,
            cost: spent.cost,
            by_attempt,
            text: heard.text,
            reasoning: heard.reasoning,
            served: heard.served,
            finish: heard.finish,
        }
    }
}
