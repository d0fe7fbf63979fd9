//! An ablation from its first call to its end: the prompt without each of its units, first on a few rows, then those that moved
//! anything on all, and at last without all that showed nothing.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        Engine,
        batch::BatchPreview,
        experiment,
        experiment::{Experiment, ExperimentLine, ExperimentStop, PartRequest},
        improve::count_flips,
    },
    eval::{
        ablate::{Ablated, PromptUnit, RestResult, UnitEffect, UnitResult, adjusted, units, without},
        evidence::passed,
        experiment::{ExperimentEvent, ExperimentLimits},
        improve::{FlipCounts, shuffled},
        stats::sign_test,
    },
    model::{CellIndex, DatasetRow, Prompt, batch::Cell, error::StoreError},
    store::Store,
};

/// What its experiments are called.
const KIND: &str = "ablate";

/// Rows on which every unit is tried.
const FIRST: usize = 24;

/// Counts the answers that an ablation of a prompt asks: where half of its units move something, and at most.
#[must_use]
pub fn cells(prompt: &Prompt, rows: usize) -> (u64, u64) {
    let (units, first) = (units(prompt).len(), FIRST.min(rows));
    let all = |moved: usize| (2 * rows + units * first + moved * (rows - first)) as u64;
    (all(units.div_ceil(2)), all(units))
}

/// Leaves out each unit of the prompt of what is planned, from where that stands on record to its end, within limits, or anew.
pub async fn run(
    parts: (&Engine, &Store),
    (planned, rows): (BatchPreview, Vec<Arc<DatasetRow>>),
    seed: u64,
    bounds: (ExperimentLimits, bool),
    line: ExperimentLine,
) -> Result<Ablated, ExperimentStop> {
    let key = seed.to_string();
    let lab = Experiment::begin(parts, planned, rows, (KIND, &key, ""), bounds, line).await?;
    ablate(lab, seed).await
}

/// Returns what an ablation would go on as; none where nothing of it is on record.
pub async fn on_record(
    store: &Store,
    planned: &BatchPreview,
    rows: &[Arc<DatasetRow>],
    seed: u64,
) -> Result<Option<String>, StoreError> {
    experiment::on_record(store, planned, rows, (KIND, &seed.to_string(), "")).await
}

/// Leaves out each unit of the prompt of an experiment.
async fn ablate(mut lab: Experiment<'_>, seed: u64) -> Result<Ablated, ExperimentStop> {
    let (_, prompt) = lab.prompt();
    let found = units(&prompt);
    if found.is_empty() {
        return Err(ExperimentStop::Wrong("the prompt has no part that could be left out".to_owned()));
    }
    let all = lab.rows.clone();
    let before = ask(&mut lab, "baseline", vec![prompt.clone()], all.clone(), vec![0]).await?;
    let judged: Vec<bool> = before.values().filter_map(passed).collect();
    let passes = (judged.iter().filter(|passed| **passed).count() as u64, judged.len() as u64);
    lab.tell(ExperimentEvent::Baseline { passed: passes.0, judged: passes.1 }).await;
    if judged.is_empty() {
        return Err(ExperimentStop::Wrong(
            "no answer was judged: give the prompt checks, or the rows an `expected` column".to_owned(),
        ));
    }
    let prompts: Vec<Prompt> = found.iter().map(|unit| without(&prompt, &[unit])).collect();
    let few: Vec<Arc<DatasetRow>> =
        shuffled(all.len(), seed).into_iter().take(FIRST).filter_map(|at| all.get(at).cloned()).collect();
    let each: Vec<u32> = (0..found.len()).filter_map(|at| u32::try_from(at).ok()).collect();
    let first = ask(&mut lab, "units", prompts.clone(), few.clone(), each.clone()).await?;
    let moved = |at: &u32| count_flips(&first, *at as usize, &before, 0).net() != 0;
    let moving: Vec<u32> = each.iter().copied().filter(moved).collect();
    let mut cells = first.clone();
    if !moving.is_empty() && few.len() < all.len() {
        cells.extend(ask(&mut lab, "units", prompts, all.clone(), moving.clone()).await?);
    }
    let standings: Vec<FlipCounts> = (0..found.len()).map(|at| count_flips(&cells, at, &before, 0)).collect();
    let mut results = Vec::new();
    for (at, (unit, p)) in found.into_iter().zip(adjusted(&standings)).enumerate() {
        let standing = standings.get(at).copied().unwrap_or_default();
        let rows = if moving.iter().any(|moved| *moved as usize == at) { all.len() } else { few.len() };
        lab.tell(ExperimentEvent::Unit { number: at + 1, rows, standing }).await;
        results.push(UnitResult { unit, rows, standing, p, effect: UnitEffect::of(standing, p) });
    }
    let quiet: Vec<&PromptUnit> =
        results.iter().filter(|result| result.effect == UnitEffect::NotShown).map(|result| &result.unit).collect();
    let mut rest = None;
    if quiet.len() > 1 {
        // Two parts that say the same are both needless by themselves, and not together.
        let shorter = without(&prompt, &quiet);
        let came = ask(&mut lab, "rest", vec![shorter], all, vec![0]).await?;
        let standing = count_flips(&came, 0, &before, 0);
        let p = sign_test(standing.fixed, standing.broken);
        rest = Some(RestResult { units: quiet.len(), standing, p, effect: UnitEffect::of(standing, p) });
    }
    Ok(Ablated { units: results, rest, passed: passes, spent: lab.spent() })
}

async fn ask(
    lab: &mut Experiment<'_>,
    part: &str,
    prompts: Vec<Prompt>,
    rows: Vec<Arc<DatasetRow>>,
    asks: Vec<u32>,
) -> Result<BTreeMap<CellIndex, Cell>, ExperimentStop> {
    let ((name, _), lane) = (lab.prompt(), lab.lane());
    let request = PartRequest { part, prompt_name: &name, prompts, lane, rows, asks, held_out: "", keeps: false };
    Ok(lab.ask(request, |_| false).await?.cells)
}
