//! Answers that are put in the order of what was measured, a step at a time.

use std::cmp::Ordering;

use crate::{
    eval::{
        WhatIf,
        whatif::{AnswerPoint, Counts, PassingSide, turn},
    },
    text::MergeSort,
};

/// What stands beside a measured value, ordered by that; values are turned round where what is below passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByValue<T> {
    pub(super) value: f64,
    pub(super) of: T,
}

impl<T: Ord> Ord for ByValue<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.total_cmp(&other.value).then_with(|| self.of.cmp(&other.of))
    }
}

impl<T: Ord> PartialOrd for ByValue<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for ByValue<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Ord> Eq for ByValue<T> {}

/// Answers that are put in the order of what was measured, in steps: a million of them take a good part of a second.
#[derive(Debug, Clone)]
pub struct WhatIfInWork {
    side: PassingSide,
    /// Each with whether it passes everything else, and whether a person found it right.
    sort: MergeSort<ByValue<(bool, Option<bool>)>>,
    sorted: Vec<ByValue<(bool, Option<bool>)>>,
    fixed: Counts,
    all: (u64, u64),
    graded: u64,
}

impl WhatIfInWork {
    /// Begins without an answer, with room for so many.
    #[must_use]
    pub fn new(side: PassingSide, answers: usize) -> Self {
        let (sort, sorted) = (MergeSort::with_capacity(answers), Vec::with_capacity(answers));
        Self { side, sort, sorted, fixed: Counts::default(), all: (0, 0), graded: 0 }
    }

    /// Takes some answers in; all of them come before the first step.
    pub fn take(&mut self, points: impl IntoIterator<Item = AnswerPoint>) {
        let Self { side, sort, fixed, all, graded, .. } = self;
        sort.add(points.into_iter().filter_map(|AnswerPoint { value, rest, right }| {
            all.0 += 1;
            all.1 += u64::from(right == Some(true));
            *graded += u64::from(right.is_some());
            let value = value.filter(|value| !value.is_nan());
            if value.is_none() {
                *fixed = fixed.with(rest, right);
            }
            Some(ByValue { value: turn(*side, value?), of: (rest, right) })
        }));
    }

    /// Puts so many answers in their places. Tells whether those were the last.
    pub fn step(&mut self, answers: usize) -> bool {
        let before = self.sorted.len();
        self.sorted.extend(self.sort.by_ref().take(answers));
        self.sorted.len() - before < answers
    }

    /// Returns the answers in their order, once all are in their places.
    #[must_use]
    pub fn done(self) -> WhatIf {
        let Self { side, sort, sorted, fixed, all, graded } = self;
        drop(sort);
        let mut from = Vec::with_capacity(sorted.len() + 1);
        let mut sum = Counts::default();
        from.push(sum);
        for ByValue { of: (rest, right), .. } in sorted.iter().rev() {
            sum = sum.with(*rest, *right);
            from.push(sum);
        }
        // The values stand where the points stood, in half the room.
        let mut values: Vec<f64> = sorted.into_iter().map(|point| point.value).collect();
        values.shrink_to_fit();
        WhatIf { side, values, from, fixed, all, graded }
    }
}
