//! The list of answers beside a threshold: those that come out otherwise first, any row of it looked up.

use std::ops::Range;

use crate::{
    eval::whatif::{Measured, PassingSide, in_order::ByValue, turn},
    text::MergeSort,
};

/// How an answer comes out with the present threshold and with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip {
    /// The place of the answer among those that were given.
    pub index: usize,
    /// Whether it passes with the present threshold.
    pub before: bool,
    /// Whether it passes with the other one.
    pub after: bool,
}

/// Answers sorted once, so that any row of the list of a threshold is looked up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sorted {
    side: PassingSide,
    /// The answers that the threshold alone decides on, ascending by what was measured: each with its place.
    decided: Vec<ByValue<u32>>,
    /// The others: whether each passes, with its place.
    others: Vec<(bool, u32)>,
}

/// Answers that are sorted in steps.
#[derive(Debug, Clone, Default)]
pub struct SortedInWork {
    sort: MergeSort<ByValue<u32>>,
    sorted: Sorted,
    /// Answers that were taken in.
    taken: u32,
}

impl SortedInWork {
    /// Begins without an answer, with room for so many.
    #[must_use]
    pub fn new(side: PassingSide, answers: usize) -> Self {
        let sorted = Sorted { side, decided: Vec::with_capacity(answers), ..Sorted::default() };
        Self { sort: MergeSort::with_capacity(answers), sorted, ..Self::default() }
    }

    /// Takes the next answers in; all of them come before the first step.
    pub fn take(&mut self, answers: &[Measured]) {
        let Self { sort, sorted: Sorted { side, others, .. }, taken } = self;
        sort.add(answers.iter().filter_map(|answer| {
            let (place, value) = (*taken, answer.point().value);
            *taken += 1;
            let decided = value.filter(|value| answer.rest && !value.is_nan());
            if decided.is_none() {
                others.push((answer.rest && value.is_none(), place));
            }
            Some(ByValue { value: turn(*side, decided?), of: place })
        }));
    }

    /// Puts so many answers in their places. Tells whether those were the last.
    pub fn step(&mut self, answers: usize) -> bool {
        let decided = &mut self.sorted.decided;
        let before = decided.len();
        decided.extend(self.sort.by_ref().take(answers));
        decided.len() - before < answers
    }

    /// Returns the answers in their order, once all are in their places.
    #[must_use]
    pub fn done(self) -> Sorted {
        self.sorted
    }
}

impl Sorted {
    /// Sorts answers.
    #[must_use]
    pub fn of(side: PassingSide, answers: &[Measured]) -> Self {
        let mut work = SortedInWork::new(side, answers.len());
        work.take(answers);
        while !work.step(usize::MAX) {}
        work.done()
    }

    /// Counts the answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.decided.len() + self.others.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts the answers that come out otherwise; they are the first in the list.
    #[must_use]
    pub fn flips(&self, threshold: f64, present: f64) -> usize {
        self.between(threshold, present).len()
    }

    /// Returns a row of the list: those that flip first, those nearest to the present threshold before the
    /// others; then those that the threshold decides on, and at last the rest. None after the last row.
    #[must_use]
    pub fn row(&self, row: usize, threshold: f64, present: f64) -> Option<Flip> {
        let flips = self.between(threshold, present);
        let decided = |place: usize| {
            let index = self.decided.get(place)?.of as usize;
            let passes = |first: usize| place >= first;
            Some(Flip { index, before: passes(self.first(present)), after: passes(self.first(threshold)) })
        };
        if row < flips.len() {
            // what is measured goes away from the present threshold
            let up = self.first(threshold) >= self.first(present);
            return decided(if up { flips.start + row } else { flips.end - 1 - row });
        }
        let beyond = row - flips.len();
        if beyond < flips.start {
            return decided(beyond);
        }
        if row < self.decided.len() {
            return decided(row);
        }
        let (passes, index) = *self.others.get(row - self.decided.len())?;
        Some(Flip { index: index as usize, before: passes, after: passes })
    }

    /// Finds the answers that come out otherwise.
    fn between(&self, threshold: f64, present: f64) -> Range<usize> {
        let (one, other) = (self.first(threshold), self.first(present));
        one.min(other)..one.max(other)
    }

    /// Finds the place of the first answer that passes.
    fn first(&self, threshold: f64) -> usize {
        let turned = turn(self.side, threshold);
        self.decided.partition_point(|answer| answer.value < turned)
    }
}
