//! Checks that compare an answer with the others of its row: they are applied once all of those are there, after the answer
//! itself is kept and given to the runs that wait for it.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::{
    eval::{BestChoice, Pick, Rival, rubric::JUDGE},
    model::{Cost, Input, Outcome, Verdict, outcome::Judging},
    pipeline::{
        Pipeline,
        batch::comparisons::{ComparisonStep, PickRequest, Picked},
        event::RunEvent,
        run::{
            Run,
            judges::{answer_text, end, target},
        },
    },
};

impl Run {
    /// Has the answer compared with the others of its row, and puts what comes of it in the place of the verdicts that stood
    /// for it. Does nothing where nothing is to be compared, or there is no row.
    pub(crate) async fn compare(&mut self) {
        let choices = std::mem::take(&mut self.choices);
        let Some(compared) = self.context.compared.clone().filter(|_| !choices.is_empty()) else { return };
        // Others may use what this answer has not: they may be what is waited for.
        self.pot = None;
        let keys: Vec<String> = choices.iter().map(|(_, choice)| choice.key()).collect();
        let verdicts = self.verdicts().to_vec();
        let rival = self.rival(verdicts);
        compared.bring(&keys, &rival);
        for ((place, choice), key) in choices.iter().zip(&keys) {
            let verdict = match compared.turn(key).await {
                ComparisonStep::Known(picked) => settled(choice, &rival, &picked),
                ComparisonStep::Asks(asker) => match self.ask_for_best(choice, *place, asker).await {
                    Ok(picked) => settled(choice, &rival, &picked),
                    Err(why) => choice.unasked(&why),
                },
            };
            if let Some(own) = self.verdicts().get_mut(*place) {
                *own = verdict;
            }
        }
        let quality = match (&self.replayed, &self.judged) {
            (Some(replayed), _) => replayed.quality.clone(),
            (None, Some((judgement, _))) => Some(judgement.quality.clone()),
            (None, None) => None,
        };
        if let Some(quality) = quality {
            self.emit(RunEvent::Checked { quality }).await;
        }
    }

    /// The verdicts on the answer, as they are recorded.
    fn verdicts(&mut self) -> &mut [Verdict] {
        let of_cached = self.replayed.as_mut().and_then(|replayed| replayed.quality.as_mut());
        let own = self.judged.as_mut().map(|(judgement, _)| &mut judgement.quality);
        of_cached.or(own).map_or(&mut [], |quality| &mut quality.verdicts)
    }

    fn rival(&self, verdicts: Vec<Verdict>) -> Rival {
        let request = &self.context.request;
        let name = request.targets.first().map_or_else(String::new, |target| target.name.clone());
        let answer = self.replayed.as_ref().map_or(&self.received.text, |replayed| &replayed.text);
        Rival { name, prompt: request.prompt_name.clone(), answer: answer.clone(), verdicts }
    }

    /// Asks the judge which of the answers is the best, and tells the others. An error says why it cannot be asked.
    async fn ask_for_best(&mut self, choice: &BestChoice, place: usize, asker: PickRequest) -> Result<Picked, String> {
        let judge = target(&self.context.request.judges, choice.judge.as_deref()).cloned();
        let asks = choice.asks(&asker.rivals, &self.context.request.input);
        let (judge, (prompt, inputs)) = match (judge, asks) {
            (_, None) => {
                let pick = choice.pick(&asker.rivals, &[], "");
                return Ok(asker.tell(pick));
            }
            // The others find out the same.
            (Err(why), Some(_)) => return Err(why),
            (Ok(judge), Some(asks)) => (judge, asks),
        };
        let before = self.judging;
        self.judging = Some(Judging { cost: Cost::Unknown, partial: true, ..before.unwrap_or_default() });
        let pipeline = Pipeline { shared: Arc::clone(&self.context.shared) };
        let purse = self.context.purse.as_ref().map(|purse| purse.within(None));
        // Each time it is asked in both orders.
        let sample = |at: usize| u32::try_from(at / 2).unwrap_or(u32::MAX);
        let request = |(at, input): (usize, &Input)| self.request(JUDGE, &prompt, &judge, sample(at), input);
        let runs = inputs.iter().enumerate().map(|asked| end(&pipeline, request(asked), purse.clone()));
        let outcomes: Vec<Outcome> = join_all(runs).await.into_iter().flatten().collect();
        let said: Vec<Result<&str, String>> = outcomes.iter().map(answer_text).collect();
        let pick: Pick = choice.pick(&asker.rivals, &said, &judge.name);
        let own = outcomes.iter().map(Judging::of).fold(Judging::default(), Judging::plus);
        self.judging = Some(before.unwrap_or_default().plus(own));
        let picked = asker.tell(pick);
        let (rule, runs) = (choice.rule(), outcomes.iter().map(|outcome| outcome.run).collect());
        self.emit(RunEvent::Judged { verdict: place, rule, runs, cost: own.cost }).await;
        Ok(picked)
    }
}

fn settled(choice: &BestChoice, rival: &Rival, picked: &Picked) -> Verdict {
    let (rivals, pick) = &**picked;
    choice.verdict(&rival.answer, rivals, pick)
}
