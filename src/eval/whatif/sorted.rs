//! Stored answers in an order in which those that a threshold flips stand together.

use std::ops::Range;

use super::{Measured, Side, turn};

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
    side: Side,
    /// The answers that the threshold alone decides on, ascending by what was measured (turned round where
    /// what is below passes): each with its place.
    decided: Vec<(f64, usize)>,
    /// The others: whether each passes, with its place.
    others: Vec<(bool, usize)>,
}

impl Sorted {
    /// Sorts answers.
    #[must_use]
    pub fn of(side: Side, answers: &[Measured]) -> Self {
        let (mut decided, mut others) = (Vec::new(), Vec::new());
        for (index, answer) in answers.iter().enumerate() {
            match answer.point().value.filter(|value| answer.rest && !value.is_nan()) {
                Some(value) => decided.push((turn(side, value), index)),
                None => others.push((answer.rest && answer.point().value.is_none(), index)),
            }
        }
        decided.sort_unstable_by(|(one, at), (other, place)| one.total_cmp(other).then(at.cmp(place)));
        Self { side, decided, others }
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
            let (_, index) = *self.decided.get(place)?;
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
        Some(Flip { index, before: passes, after: passes })
    }

    /// Finds the answers that come out otherwise.
    fn between(&self, threshold: f64, present: f64) -> Range<usize> {
        let (one, other) = (self.first(threshold), self.first(present));
        one.min(other)..one.max(other)
    }

    /// Finds the place of the first answer that passes.
    fn first(&self, threshold: f64) -> usize {
        let turned = turn(self.side, threshold);
        self.decided.partition_point(|(value, _)| *value < turned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{WhatIf, stats::SplitMix};

    fn answer(value: Option<f64>, decides: bool, rest: bool) -> Measured {
        Measured { seq: 0, value, decides, rest, right: None }
    }

    #[test]
    fn those_that_flip_come_first_and_the_nearest_before_the_others() {
        let answers = [
            answer(Some(0.9), true, true),
            answer(None, false, true),
            answer(Some(0.5), true, true),
            answer(Some(0.7), true, true),
            answer(Some(0.6), true, false),
            answer(Some(0.3), true, true),
        ];
        let sorted = Sorted::of(Side::AtLeast, &answers);
        let list = |threshold, present| -> Vec<(usize, bool, bool)> {
            let row = |row| sorted.row(row, threshold, present).map(|flip| (flip.index, flip.before, flip.after));
            (0..).map_while(row).collect()
        };
        assert_eq!(sorted.flips(0.8, 0.4), 2);
        let rest = [(1, true, true), (4, false, false)];
        assert_eq!(
            list(0.8, 0.4),
            [vec![(2, true, false), (3, true, false), (5, false, false), (0, true, true)], rest.to_vec()].concat()
        );
        assert_eq!(
            list(0.4, 0.8),
            [vec![(3, false, true), (2, false, true), (5, false, false), (0, true, true)], rest.to_vec()].concat()
        );
        assert_eq!(list(0.4, 0.4).len(), sorted.len());
        assert!(Sorted::default().is_empty());
    }

    #[test]
    fn the_list_and_the_counts_are_of_the_same_mind() {
        let mut dice = SplitMix::new(6);
        for side in [Side::AtLeast, Side::AtMost] {
            let answers: Vec<Measured> = (0..300)
                .map(|_| {
                    let value = (dice.draw() % 20) as f64 / 20.0;
                    answer(
                        Some(value).filter(|_| !dice.draw().is_multiple_of(5)),
                        !dice.draw().is_multiple_of(7),
                        !dice.draw().is_multiple_of(4),
                    )
                })
                .collect();
            let (what, sorted) = (WhatIf::of(side, answers.iter().map(Measured::point)), Sorted::of(side, &answers));
            for (threshold, present) in
                [(0.5, 0.5), (0.2, 0.75), (0.75, 0.2), (f64::INFINITY, 0.3), (0.0, f64::NEG_INFINITY)]
            {
                let (at, before) = (what.at(threshold, present), what.at(present, present));
                let rows: Vec<Flip> =
                    (0..sorted.len()).map(|row| sorted.row(row, threshold, present).unwrap()).collect();
                let count = |wanted: fn(&Flip) -> bool| rows.iter().filter(|flip| wanted(flip)).count() as u64;
                assert_eq!(count(|flip| flip.after), at.passes.unwrap().part);
                assert_eq!(count(|flip| flip.before), before.passes.unwrap().part);
                assert_eq!(
                    (count(|flip| flip.after && !flip.before), count(|flip| flip.before && !flip.after)),
                    (at.fixed, at.broken)
                );
                assert_eq!(
                    rows.iter().take_while(|flip| flip.before != flip.after).count(),
                    sorted.flips(threshold, present)
                );
                let mut all: Vec<usize> = rows.iter().map(|flip| flip.index).collect();
                all.sort_unstable();
                assert_eq!(all, (0..300).collect::<Vec<_>>());
            }
        }
    }
}
