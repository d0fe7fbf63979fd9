//! A bisection from its first call to its end: both ends on all rows, those that flipped once more, then versions between them
//! on the rows that flip and as many others.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::{
    engine::{
        experiment::{Experiment, ExperimentStop, PartRequest},
        improve::count_flips,
    },
    eval::{
        bisect::{Bisection, StepVerdict, adjusted, chosen, steps},
        evidence::passed,
        experiment::{ExperimentEvent, ExperimentSpent},
        improve::FlipCounts,
        stats::sign_test,
    },
    model::{CellIndex, DatasetRow, Prompt, VersionId, batch::Cell},
};

/// Rows that steps ask, where the data set has as many.
const LEAST: usize = 40;

/// A version that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BisectStep {
    /// Its place among the versions, counted from 0 at the good end.
    pub version: usize,
    pub id: VersionId,
    pub verdict: StepVerdict,
    pub rows: usize,
    /// Against the good end.
    #[serde(flatten)]
    pub standing: FlipCounts,
    /// Adjusted for all steps and the test of the ends (Holm).
    pub p: f64,
}

/// A bisection that came to its end.
#[derive(Debug)]
pub struct Bisected {
    /// The bad end against the good one, on all rows.
    pub ends: FlipCounts,
    /// How likely so large a difference of the ends is by chance.
    pub p: f64,
    pub steps: Vec<BisectStep>,
    /// The last version known to be good and the first known to be bad; none where the ends are not shown to differ.
    pub between: Option<(usize, usize)>,
    pub spent: ExperimentSpent,
}

/// Counts the answers that a bisection asks: as usual, and where every version is tried.
#[must_use]
pub fn cells(versions: usize, rows: usize) -> (u64, u64) {
    let (chosen, few) = (LEAST.min(rows), steps(versions).0 as usize);
    let all = |steps: usize| (2 * rows + 2 * chosen + (steps + 2) * chosen) as u64;
    (all(few), all(versions.saturating_sub(2)))
}

/// Searches the versions of an experiment's prompt, from the good one to the bad one.
pub async fn bisect(
    mut lab: Experiment<'_>,
    versions: Vec<(VersionId, Prompt)>,
    seed: u64,
) -> Result<Bisected, ExperimentStop> {
    let last = versions.len().saturating_sub(1);
    let prompts: Vec<Prompt> = versions.iter().map(|(_, prompt)| prompt.clone()).collect();
    let places = [0, u32::try_from(last).unwrap_or(u32::MAX)];
    let all = lab.rows.clone();
    let (_, level) = steps(versions.len());

    let once = ask(&mut lab, "ends", &prompts, all.clone(), places.to_vec()).await?;
    let ends = count_flips(&once, last, &once, 0);
    let p = sign_test(ends.fixed, ends.broken);
    let end = |lab: &Experiment<'_>, steps, between| Bisected { ends, p, steps, between, spent: lab.spent() };
    if p >= level || ends.net() >= 0 {
        return Ok(end(&lab, Vec::new(), None));
    }
    // What flipped may have by chance: both ends answer it once more.
    let pair = |cells: &BTreeMap<CellIndex, Cell>, row: &Arc<DatasetRow>| {
        let of = |prompt| cells.get(&CellIndex { row: row.number, prompt, ..CellIndex::default() }).and_then(passed);
        of(0).zip(of(places[1]))
    };
    let flipped: Vec<Arc<DatasetRow>> =
        all.iter().filter(|row| pair(&once, row) == Some((true, false))).cloned().collect();
    let again = ask(&mut lab, "ends again", &prompts, flipped, places.to_vec()).await?;
    let twice: Vec<[Option<(bool, bool)>; 2]> = all.iter().map(|row| [pair(&once, row), pair(&again, row)]).collect();
    let rows: Vec<Arc<DatasetRow>> =
        chosen(&twice, LEAST, seed).into_iter().filter_map(|at| all.get(at).cloned()).collect();

    // They answer anew what steps ask, too: rows that were chosen by an answer are not judged by it.
    let mut cells = ask(&mut lab, "steps", &prompts, rows.clone(), places.to_vec()).await?;
    let (mut search, mut taken) = (Bisection::new(versions.len()), Vec::new());
    while let Some(version) = search.next() {
        let place = u32::try_from(version).unwrap_or(u32::MAX);
        cells.extend(ask(&mut lab, "steps", &prompts, rows.clone(), vec![place]).await?);
        let against = |end: u32| count_flips(&cells, version, &cells, end);
        let (good, bad) = (against(0), against(places[1]));
        let verdict = StepVerdict::of(good, bad, level);
        search.take(version, verdict);
        let id = versions.get(version).map_or_else(|| VersionId(String::new()), |(id, _)| id.clone());
        let own = sign_test(good.fixed, good.broken);
        lab.tell(ExperimentEvent::Step {
            number: version + 1,
            version: id.short(),
            verdict: verdict.word(),
            rows: rows.len(),
            standing: good,
            p: own,
        })
        .await;
        taken.push(BisectStep { version, id, verdict, rows: rows.len(), standing: good, p: own });
    }
    let values: Vec<f64> = taken.iter().map(|step| step.p).chain([p]).collect();
    for (step, p) in taken.iter_mut().zip(adjusted(&values)) {
        step.p = p;
    }
    let between = search.between();
    Ok(end(&lab, taken, Some(between)))
}

async fn ask(
    lab: &mut Experiment<'_>,
    part: &str,
    prompts: &[Prompt],
    rows: Vec<Arc<DatasetRow>>,
    asks: Vec<u32>,
) -> Result<BTreeMap<CellIndex, Cell>, ExperimentStop> {
    let ((name, _), lane) = (lab.prompt(), lab.lane());
    let prompts = prompts.to_vec();
    let request = PartRequest { part, prompt_name: &name, prompts, lane, rows, asks, held_out: "", keeps: false };
    Ok(lab.ask(request, |_| false).await?.cells)
}
