//! Each lane of a batch against the first, over the rows both have.

use std::collections::BTreeMap;

use crate::{
    eval::{Evidence, Pair, Standing, evidence::SEED, report::Whole},
    model::batch::Cell,
};

/// A cell's row, sample, verdict and score.
type Judged = (u64, u32, Option<bool>, Option<f64>);

/// How the cells of each lane came out.
#[derive(Debug, Default)]
pub(super) struct Against(BTreeMap<(u32, u32), Vec<Judged>>);

impl Against {
    /// Takes a cell in; one without an answer did not pass.
    pub(super) fn take(&mut self, cell: &Cell) {
        let (passed, score) = match Standing::of(cell) {
            Standing::Passed => (Some(true), cell.score),
            Standing::Failed => (Some(false), cell.score),
            Standing::Error => (Some(false), Some(0.0)),
            Standing::Skipped => (None, cell.score),
            Standing::Open => return,
        };
        let lane = (cell.place.prompt, cell.place.target);
        self.0.entry(lane).or_default().push((cell.place.row, cell.place.sample, passed, score));
    }

    /// Weighs each lane but the first against the first, with the names of both.
    pub(super) fn evidence(&self, whole: &Whole) -> Vec<(String, String, Evidence)> {
        let name = |prompt: &str, target: &str| format!("{prompt} on {target}");
        let Some(first) = whole.lanes.first() else {
            return Vec::new();
        };
        let base: BTreeMap<(u64, u32), (Option<bool>, Option<f64>)> = self
            .0
            .get(&(first.prompt, first.target))
            .into_iter()
            .flatten()
            .map(|(row, sample, passed, score)| ((*row, *sample), (*passed, *score)))
            .collect();
        let others = whole.lanes.iter().skip(1);
        others
            .map(|lane| {
                let own = self.0.get(&(lane.prompt, lane.target)).into_iter().flatten();
                let pairs = own.filter_map(|(row, sample, b, score_b)| {
                    let (a, score_a) = *base.get(&(*row, *sample))?;
                    Some((*row, Pair { a, b: *b, score_a, score_b: *score_b }))
                });
                let names = [first, lane].map(|lane| name(&lane.prompt_name, &lane.target_name));
                let [one, other] = names;
                (one, other, Evidence::of_samples(pairs, SEED))
            })
            .collect()
    }
}
