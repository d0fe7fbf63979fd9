//! The end of a run: the answer judged, its cost summed up, the outcome made.

use super::{
    event::RunEvent,
    heard::Heard,
    mend::Remedy,
    port::Cached,
    run::{Plan, Run},
};
use crate::{
    eval::Answer,
    model::{Commit, Cost, End, Fault, Finish, Format, Outcome, PicoDollars, Provenance, Target},
};

impl Run {
    /// Judges an answer that ended properly and tells the verdicts; the fault of one that is not
    /// a whole answer, or, if there is a `remedy`, of one that is not of the form that was asked for.
    pub(super) async fn finish(&mut self, plan: &Plan, target: &Target, remedy: Remedy) -> Result<(), Fault> {
        let total = self.elapsed();
        let finish = self.heard.finish.get_or_insert(Finish::Unknown).clone();
        let cost = self.cost(target, true);
        let answer = Answer { text: &self.heard.text, finish: Some(&finish), latency: Some(total), cost };
        let mut judgement = plan.judge.judge_on(&answer, &self.request.input);
        let whole = self.request.prompt.response.format == Format::Text || judgement.json.is_some();
        if let Some(fault) = self.heard.complaint(whole) {
            return Err(fault);
        }
        if let Some(fault) = self.set_aside(&judgement, remedy) {
            return Err(fault);
        }
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
        let answer = Answer { text: &outcome.text, finish: Some(&finish), latency: None, cost: outcome.cost };
        let mut judgement = plan.judge.judge_on(&answer, &self.request.input);
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
            cost: Cost::Known(PicoDollars(0)),
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

    /// Sums up what the answering attempt and those before it cost.
    pub(super) fn cost(&self, target: &Target, complete: bool) -> Cost {
        let aside = self.kept.as_ref().map_or(self.lost, |kept| self.lost.plus(kept.cost));
        self.heard.cost(target, complete).plus(aside)
    }

    /// Writes off the attempt made last: another one follows.
    pub(super) fn forfeit(&mut self) {
        if let Some(target) = self.request.targets.get(self.asked).filter(|_| self.heard.billable) {
            self.lost = self.lost.plus(self.heard.cost(target, false));
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
        let given_up = if matches!(end, End::Failed { .. }) { Vec::new() } else { self.reasons.clone() };
        Outcome {
            run: self.id,
            given_up,
            cost: target.map_or_else(Cost::default, |target| self.cost(target, end == End::Done)),
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
            timing: heard.timing(total, self.waited),
            usage: heard.usage,
            text: heard.text,
            reasoning: heard.reasoning,
            served: heard.served,
            finish: heard.finish,
        }
    }
}
