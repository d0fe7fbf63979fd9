//! The lanes of a batch, a prompt on a target each, paired by the rows they have in common.

use std::collections::BTreeMap;

use super::{Pair, Samples};
use crate::{eval::tally::Standing, model::batch::Cell};

/// A prompt and a target, by their places in the batch.
pub type LaneKey = (u32, u32);

/// How a cell came out: whether it passed, and its score.
type Judged = (Option<bool>, Option<f64>);

/// How the cells of each lane came out, by row and sample.
#[derive(Debug, Clone, Default)]
pub struct Lanes(BTreeMap<LaneKey, BTreeMap<(u64, u32), Judged>>);

impl Lanes {
    /// Takes a cell in; one without an answer did not pass.
    pub fn take(&mut self, cell: &Cell) {
        let judged = match Standing::of(cell) {
            Standing::Passed => (Some(true), cell.score),
            Standing::Failed => (Some(false), cell.score),
            Standing::Error => (Some(false), Some(0.0)),
            Standing::Skipped => (None, cell.score),
            Standing::Open => return,
        };
        let place = cell.place;
        self.0.entry((place.prompt, place.target)).or_default().insert((place.row, place.sample), judged);
    }

    /// Pairs a lane with one of these or other lanes, the baseline, over the samples of rows that both have.
    #[must_use]
    pub fn pairs(&self, lane: LaneKey, base: &Self, first: LaneKey) -> Vec<Pair> {
        let Some((old, new)) = base.0.get(&first).zip(self.0.get(&lane)) else {
            return Vec::new();
        };
        let mut rows: BTreeMap<u64, [Samples; 2]> = BTreeMap::new();
        for ((row, sample), (passed, score)) in new {
            if let Some((before, score_before)) = old.get(&(*row, *sample)) {
                let [a, b] = rows.entry(*row).or_default();
                a.take(*before, *score_before);
                b.take(*passed, *score);
            }
        }
        rows.into_values().map(|[a, b]| Pair::of(a, b)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Cost, Place, RunId};

    fn cell(row: u64, target: u32, sample: u32, passed: Option<bool>) -> Cell {
        Cell {
            place: Place { row, target, sample, ..Place::default() },
            run: RunId(uuid::Uuid::nil()),
            end: if passed.is_some() { "done" } else { "failed" }.to_owned(),
            passed,
            score: passed.map(|_| 0.5),
            skipped: false,
            class: None,
            cached: false,
            tokens: None,
            cost: Cost::Unknown,
            judging: None,
            took: Duration::ZERO,
            summary: String::new(),
        }
    }

    fn lanes(cells: &[Cell]) -> Lanes {
        let mut lanes = Lanes::default();
        for cell in cells {
            lanes.take(cell);
        }
        lanes
    }

    #[test]
    fn lanes_are_paired_by_the_samples_of_rows_that_both_have() {
        let (yes, no) = (Some(true), Some(false));
        let all = lanes(&[
            cell(1, 0, 0, no),
            cell(1, 1, 0, yes),
            cell(2, 0, 0, yes),
            cell(2, 0, 1, yes),
            cell(2, 1, 0, None),
            cell(2, 1, 1, no),
            cell(3, 0, 0, yes),
            cell(4, 1, 0, yes),
        ]);
        let pair = |a, b, score_b| Pair { a, b, score_a: Some(0.5), score_b: Some(score_b) };
        assert_eq!(all.pairs((0, 1), &all, (0, 0)), [pair(no, yes, 0.5), pair(yes, no, 0.25)]);
        assert!(all.pairs((0, 2), &all, (0, 0)).is_empty() && all.pairs((0, 1), &all, (1, 0)).is_empty());
        let before = lanes(&[cell(1, 1, 0, no)]);
        assert_eq!(all.pairs((0, 1), &before, (0, 1)), [pair(no, yes, 0.5)]);
    }

    #[test]
    fn a_cell_asked_again_counts_once() {
        let again = lanes(&[cell(1, 0, 0, None), cell(1, 0, 0, Some(true)), cell(1, 1, 0, Some(true))]);
        assert_eq!(again.pairs((0, 1), &again, (0, 0)).first().map(|pair| pair.a), Some(Some(true)));
    }
}
