//! Stored answers, judged by the engine as the record judges them.

use retort::{
    eval::{CheckSuite, again},
    model::{Input, Outcome, Prompt, Quality, RunId, error::StoreError},
    store::api::{PageStart, Scored, ScoredRun, StoreReply, StoreRequest},
};

/// A stored answer: its run, what came of it, and the input.
pub(crate) type Stored = (RunId, Outcome, Input);

fn judge(prompt: &Prompt, outcome: &Outcome, input: &Input) -> Result<Quality, StoreError> {
    let response = prompt.expected();
    let suite = CheckSuite::new(&response, &prompt.checks).map_err(|bad| StoreError::new(bad.to_string()))?;
    Ok(again(&suite, &response, outcome, input))
}

/// Answers what the checks ask of the record; nothing where something else is asked.
pub(crate) fn judged(job: &StoreRequest, stored: &[Stored]) -> Option<Result<StoreReply, StoreError>> {
    match job {
        StoreRequest::JudgeAnswers(answers) => {
            let all = answers.answers.iter().map(|answer| judge(&answers.prompt, &answer.0, &answer.1));
            Some(all.collect::<Result<_, _>>().map(StoreReply::Judged))
        }
        StoreRequest::ScoreRuns(page) => {
            assert!(!page.write, "nothing is written while checks are tried");
            let from = page.after.map_or(0, |after| usize::try_from(after.seq).unwrap());
            let runs = stored.iter().skip(from).take(page.limit).map(|(run, outcome, input)| {
                let quality = judge(&page.prompt, outcome, input)?;
                Ok(ScoredRun { run: *run, before: outcome.quality.as_ref().map(Quality::status), quality })
            });
            let runs: Result<Vec<ScoredRun>, StoreError> = runs.collect();
            let to = from + page.limit;
            let after = (to < stored.len()).then(|| PageStart { seq: i64::try_from(to).unwrap(), value: None });
            Some(runs.map(|runs| StoreReply::Scored(Box::new(Scored { runs, unread: 0, after }))))
        }
        _ => None,
    }
}
