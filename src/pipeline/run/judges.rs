//! Rubrics: after an answer is judged, each is asked of its judge through this same pipeline.
//!
//! A judge's run is a run of its own, with its own id and record, cached like any other; its samples are
//! numbered, so that each of them is an answer of its own. All are asked at once, none while the run itself
//! has a call under way. A judge's prompt has no rubrics.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt as _, future::join_all};

use crate::{
    eval::{
        Judgement, Rubric, rubric,
        rubric::{JUDGE, Opinion},
    },
    model::{Commit, Cost, Outcome, Params, PartFolders, RunEnd, RunRequest, Target, outcome::Judging},
    pipeline::{Pipeline, event::RunEvent, run::Run, spending::Purse},
};

/// A rubric under way.
struct Case {
    verdict: usize,
    rubric: Rubric,
    /// The judge's requests, one for each time it is asked; why it cannot be asked.
    requests: Result<Vec<RunRequest>, String>,
}

impl Run {
    /// Asks the judges of the rubrics of what was received, and puts what they say in the place of the verdicts that
    /// stood for them. One that cannot be asked, or does not answer, leaves its verdict skipped with
    /// the reason.
    pub(crate) async fn consult(&mut self, judgement: &mut Judgement) {
        let cases: Vec<Case> = std::mem::take(&mut judgement.rubrics)
            .into_iter()
            .map(|(verdict, rubric)| Case { verdict, requests: self.requests(&rubric), rubric })
            .collect();
        if cases.is_empty() {
            return;
        }
        let pipeline = Pipeline { shared: Arc::clone(&self.context.shared) };
        let is_asked = cases.iter().any(|case| case.requests.is_ok());
        // Until they have answered nobody knows what they take.
        self.judging = is_asked.then_some(Judging { cost: Cost::Unknown, partial: true, ..Judging::default() });
        // In one list, so that the samples of all rubrics are under way together.
        let requests = cases.iter().flat_map(|case| case.requests.iter().flatten());
        let purse = self.context.purse.as_ref().map(|purse| purse.within(self.pot.take()));
        let requests = requests.map(|request| end(&pipeline, request.clone(), purse.clone()));
        let mut outcomes = join_all(requests).await.into_iter();
        let mut judging = Judging::default();
        for Case { verdict, rubric, requests } in cases {
            let (opinions, runs) = match requests {
                Err(why) => (vec![Err(why)], None),
                Ok(requests) => {
                    let outcomes: Vec<Outcome> = outcomes.by_ref().take(requests.len()).flatten().collect();
                    let opinions: Vec<Result<Opinion, String>> = outcomes.iter().map(opinion).collect();
                    (opinions, Some(outcomes))
                }
            };
            let settled = rubric.verdict(&opinions);
            let rule = settled.rule.clone();
            if let Some(place) = judgement.quality.verdicts.get_mut(verdict) {
                *place = settled;
            }
            let Some(outcomes) = runs else { continue };
            let own = outcomes.iter().map(Judging::of).fold(Judging::default(), Judging::plus);
            let cost = own.cost;
            judging = judging.plus(own);
            let runs = outcomes.iter().map(|outcome| outcome.run).collect();
            self.emit(RunEvent::Judged { verdict, rule, runs, cost }).await;
        }
        self.judging = is_asked.then_some(judging);
    }

    fn requests(&self, rubric: &Rubric) -> Result<Vec<RunRequest>, String> {
        let judge = target(&self.context.request.judges, rubric.judge.as_deref())?;
        let (prompt, input) = rubric.ask(&self.received.text, &self.context.request.input);
        let request = |sample| RunRequest {
            prompt_name: Some(JUDGE.to_owned()),
            prompt: Arc::clone(&prompt),
            params: Params::default(),
            input: input.clone(),
            targets: vec![judge.clone()],
            cache: self.context.request.cache,
            commit: Commit::Buffered,
            sample,
            session: self.context.request.session.clone(),
            parent: None,
            checks: Vec::new(),
            min_score: None,
            judges: BTreeMap::new(),
            folders: PartFolders::default(),
            cell: None,
        };
        Ok((0..rubric.repeat).map(request).collect())
    }
}

/// Finds the model that judges, or says how to name one.
fn target<'a>(judges: &'a BTreeMap<String, Target>, name: Option<&str>) -> Result<&'a Target, String> {
    let name = name.unwrap_or_default();
    judges.get(name).ok_or_else(|| {
        if name.is_empty() {
            "no model was named to judge it: use --judge MODEL, or `judge = \"…\"` in the check".to_owned()
        } else {
            format!("the judge `{name}` is no model that is set up: change `judge = \"…\"` in the check, or take it out and use --judge MODEL")
        }
    })
}

/// Runs a judge to its end.
async fn end(pipeline: &Pipeline, request: RunRequest, purse: Option<Purse>) -> Option<Outcome> {
    let mut events = match purse {
        Some(purse) => pipeline.run_within(request, purse, None),
        None => pipeline.run(request),
    };
    while let Some(timed) = events.next().await {
        if let RunEvent::Ended { outcome } = timed.event {
            return Some(*outcome);
        }
    }
    None
}

/// Reads what a judge said.
fn opinion(outcome: &Outcome) -> Result<Opinion, String> {
    match &outcome.end {
        RunEnd::Done => rubric::read(&outcome.text),
        end => Err(format!("the judge {} did not answer: {end}", outcome.requested)),
    }
}
