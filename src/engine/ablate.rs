//! An ablation from its first call to its end: the prompt without each of its units, first on a few rows, then those that moved
//! anything on all, and at last without all that showed nothing.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::{
    engine::{
        experiment::{Experiment, ExperimentSpent, ExperimentStop, PartRequest},
        improve::count_flips,
    },
    eval::{
        ablate::{PromptUnit, UnitEffect, adjusted, units, without},
        evidence::passed,
        experiment::ExperimentEvent,
        improve::{FlipCounts, shuffled},
        stats::sign_test,
    },
    model::{CellIndex, DatasetRow, Prompt, batch::Cell},
};

/// Rows on which every unit is tried.
const FIRST: usize = 24;

/// What leaving one unit out has shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UnitResult {
    #[serde(flatten)]
    pub unit: PromptUnit,
    /// Rows that the prompt without it was asked.
    pub rows: usize,
    /// The prompt without it against the whole.
    #[serde(flatten)]
    pub standing: FlipCounts,
    /// Adjusted for all units (Holm).
    pub p: f64,
    pub effect: UnitEffect,
}

/// What leaving out at once all units that showed nothing has shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RestResult {
    /// How many they are.
    pub units: usize,
    #[serde(flatten)]
    pub standing: FlipCounts,
    pub p: f64,
    pub effect: UnitEffect,
}

/// An ablation that came to its end.
#[derive(Debug)]
pub struct Ablated {
    pub units: Vec<UnitResult>,
    pub rest: Option<RestResult>,
    /// Rows that the whole prompt passed, of those that were judged.
    pub passed: (u64, u64),
    pub spent: ExperimentSpent,
}

/// Counts the answers that an ablation of a prompt asks: where half of its units move something, and at most.
#[must_use]
pub fn cells(prompt: &Prompt, rows: usize) -> (u64, u64) {
    let (units, first) = (units(prompt).len(), FIRST.min(rows));
    let all = |moved: usize| (2 * rows + units * first + moved * (rows - first)) as u64;
    (all(units.div_ceil(2)), all(units))
}

/// Leaves out each unit of the prompt of an experiment.
pub async fn ablate(mut lab: Experiment<'_>, seed: u64) -> Result<Ablated, ExperimentStop> {
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
