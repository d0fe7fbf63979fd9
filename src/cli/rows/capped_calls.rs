//! Calls that a command makes of its own, within its caps: each is a run on record, and none is begun that may pass a cap.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::stream;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    cli::{Stopped, batch::followed::followed, interrupts::Interrupts},
    engine::Engine,
    model::{
        BatchId, CacheMode, DatasetRow, Input, Outcome, Params, Prompt, RunEnd, Target,
        batch::{BatchLimits, PartRoots},
    },
    pipeline::batch::{BatchEnd, BatchPlan, KnownCells, budget::BatchBudget},
};

/// What a command's own calls may use, and have used.
pub(crate) struct CappedCalls<'a> {
    engine: &'a Engine,
    target: Target,
    /// US dollars.
    max_cost: Option<f64>,
    /// Calls that are left.
    pub(crate) calls: u64,
    pub(crate) used: BatchBudget,
}

/// What came of calls.
pub(crate) struct CallsEnd {
    /// For each input the outcome; none where it was not asked.
    pub(crate) outcomes: Vec<Option<Box<Outcome>>>,
    pub(crate) end: BatchEnd,
}

impl<'a> CappedCalls<'a> {
    /// Begins with nothing used. Fails where a cap on the cost cannot hold, as nobody knows the price.
    pub(crate) fn new(
        engine: &'a Engine,
        target: Target,
        (max_cost, calls): (Option<f64>, u64),
    ) -> Result<Self, Stopped> {
        if max_cost.is_some() && target.card.price.is_none() && !target.is_demo() {
            return Err(Stopped::Usage(format!(
                "--max-cost cannot hold: the price of `{0}` is not known; set input_price and output_price in [models.{0}], or \
                 leave it to --max-calls",
                target.name
            )));
        }
        let limits = BatchLimits { cost: max_cost, ..BatchLimits::default() };
        let used = BatchBudget::new(limits, None, Instant::now());
        Ok(Self { engine, target, max_cost, calls, used })
    }

    /// Asks a prompt on inputs, as many as the caps let through. Ctrl-c stops it and keeps what came.
    pub(crate) async fn ask(
        &mut self,
        (name, prompt): (&str, Prompt),
        inputs: Vec<Input>,
        interrupts: &mut Interrupts,
    ) -> Result<CallsEnd, Stopped> {
        let most = usize::try_from(self.calls).unwrap_or(usize::MAX).min(inputs.len());
        let mut outcomes: Vec<Option<Box<Outcome>>> = inputs.iter().map(|_| None).collect();
        let cost = self.max_cost.map(|most| most - self.used.cost.dollars());
        if most == 0 || cost.is_some_and(|left| left <= 0.0) {
            return Ok(CallsEnd { outcomes, end: BatchEnd::Complete });
        }
        let rows: Vec<DatasetRow> = inputs
            .into_iter()
            .take(most)
            .zip(1..)
            .map(|(input, number)| DatasetRow { number, input, ..DatasetRow::default() })
            .collect();
        let plan = BatchPlan {
            id: BatchId(Uuid::now_v7()),
            prompts: vec![(name.to_owned(), Arc::new(prompt))],
            targets: vec![vec![vec![self.target.clone()]]],
            params: Params::default(),
            samples: 1,
            // The same words again would bring the same rows again.
            cache: CacheMode::Off,
            roots: PartRoots::default(),
            judges: BTreeMap::new(),
            caps: BatchLimits { cost, ..BatchLimits::default() },
            concurrency: 2,
            total: Some(rows.len() as u64),
            session: None,
            known: KnownCells::default(),
            retry_failed: false,
            again: None,
            answers: None,
        };
        let stream = self.engine.pipeline.batch(plan, stream::iter(rows.into_iter().map(Ok)));
        let (used, calls) = (&mut self.used, &mut self.calls);
        let end = followed(stream, interrupts, |cell, outcome, _| {
            used.take(&cell);
            *calls = calls.saturating_sub(1);
            let at = usize::try_from(cell.place.row.saturating_sub(1)).unwrap_or(usize::MAX);
            if let Some(slot) = outcomes.get_mut(at) {
                *slot = Some(outcome);
            }
        })
        .await?;
        Ok(CallsEnd { outcomes, end })
    }
}

/// Returns the text of a whole answer; else why there is none, in words.
pub(crate) fn answered(outcome: &Outcome) -> Result<&str, String> {
    if outcome.end == RunEnd::Done { Ok(&outcome.text) } else { Err(outcome.end.to_string()) }
}
