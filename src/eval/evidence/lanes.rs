//! The lanes of a batch, a prompt on a target each, paired by the rows they have in common.

use std::collections::BTreeMap;

use super::{Pair, Samples};
use crate::model::{Class, RunStatus, batch::Cell};

/// A prompt and a target, by their places in the batch.
pub type LaneKey = (u32, u32);

/// How a cell came out: whether it passed, and its score.
type Judged = (Option<bool>, Option<f64>);

/// How the cells of each lane came out, by row and sample.
#[derive(Debug, Clone, Default)]
pub struct Lanes(BTreeMap<LaneKey, BTreeMap<(u64, u32), Judged>>);

impl Lanes {
    /// Takes a cell in, as [`RunStatus::compared`] counts it; one that was stopped is as if it had not been asked.
    pub fn take(&mut self, cell: &Cell) {
        if cell.status == RunStatus::Cancelled {
            return;
        }
        let of_the_answer = |class: &str| Class::OF_THE_ANSWER.iter().any(|own| own.to_string() == class);
        let passed = cell.status.compared(cell.class.as_deref().is_some_and(of_the_answer));
        let score = if cell.status == RunStatus::Error { passed.map(|_| 0.0) } else { cell.score };
        let judged = (passed, score.filter(|_| passed.is_some()));
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

    fn cell(row: u64, target: u32, sample: u32, status: RunStatus) -> Cell {
        Cell {
            place: Place { row, target, sample, ..Place::default() },
            run: RunId(uuid::Uuid::nil()),
            end: if status == RunStatus::Error { "failed" } else { "done" }.to_owned(),
            status,
            cut_off: false,
            score: (status != RunStatus::Error).then_some(0.5),
            class: (status == RunStatus::Error).then(|| Class::Truncated.to_string()),
            cached: false,
            tokens: None,
            cost: Cost::Unknown,
            judging: None,
            took: Duration::ZERO,
            tokens_estimated: false,
            tokens_partial: false,
            by_target: Vec::new(),
            waited: Duration::ZERO,
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
        let (passed, failed, error) = (RunStatus::Passed, RunStatus::Failed, RunStatus::Error);
        let all = lanes(&[
            cell(1, 0, 0, failed),
            cell(1, 1, 0, passed),
            cell(2, 0, 0, passed),
            cell(2, 0, 1, passed),
            cell(2, 1, 0, error),
            cell(2, 1, 1, failed),
            cell(3, 0, 0, passed),
            cell(4, 1, 0, passed),
        ]);
        let (yes, no) = (Some(true), Some(false));
        let pair = |a, b, score_b| Pair { a, b, score_a: Some(0.5), score_b: Some(score_b) };
        assert_eq!(all.pairs((0, 1), &all, (0, 0)), [pair(no, yes, 0.5), pair(yes, no, 0.25)]);
        assert!(all.pairs((0, 2), &all, (0, 0)).is_empty() && all.pairs((0, 1), &all, (1, 0)).is_empty());
        let before = lanes(&[cell(1, 1, 0, failed)]);
        assert_eq!(all.pairs((0, 1), &before, (0, 1)), [pair(no, yes, 0.5)]);
    }

    #[test]
    fn what_says_nothing_of_the_answer_is_no_side_of_a_pair() {
        let passed = RunStatus::Passed;
        for status in [RunStatus::Inconclusive, RunStatus::Unchecked, RunStatus::Cancelled] {
            let all = lanes(&[cell(1, 0, 0, passed), cell(1, 1, 0, status)]);
            assert!(all.pairs((0, 1), &all, (0, 0)).iter().all(|pair| pair.b.is_none()), "{status}");
        }
        let limited = Cell { class: Some("rate limited".to_owned()), ..cell(1, 1, 0, RunStatus::Error) };
        let all = lanes(&[cell(1, 0, 0, passed), limited]);
        assert_eq!(all.pairs((0, 1), &all, (0, 0))[0].b, None, "a fault on the way is none of the answer");
    }

    #[test]
    fn a_cell_asked_again_counts_once() {
        let passed = RunStatus::Passed;
        let again = lanes(&[cell(1, 0, 0, RunStatus::Error), cell(1, 0, 0, passed), cell(1, 1, 0, passed)]);
        assert_eq!(again.pairs((0, 1), &again, (0, 0)).first().map(|pair| pair.a), Some(Some(true)));
    }
}
