//! What another threshold would do to answers that are there already: without a call, at once.
//!
//! The answers are kept in an order in which those that a threshold flips stand together.

pub mod measure;
pub mod moved;

pub(crate) mod in_order;
pub(crate) mod list;
pub(crate) mod threshold;

use serde::{Deserialize, Serialize};

use crate::eval::stats::{Interval, wilson};
pub use crate::eval::{
    check::threshold::{PassingSide, Unit},
    whatif::{
        in_order::WhatIfInWork,
        list::{Flip, Sorted, SortedInWork},
        measure::Measured,
        moved::MovedThreshold,
        threshold::{NoThreshold, Threshold},
    },
};

/// One answer, as a threshold sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AnswerPoint {
    /// What was measured; `None` (and what is no number) is an answer the threshold does not decide on.
    pub value: Option<f64>,
    /// Whether the answer passes everything else.
    pub rest: bool,
    /// Whether a person found it right, if anybody said so.
    pub right: Option<bool>,
}

/// A share with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Share {
    /// So many.
    pub part: u64,
    /// Of so many.
    pub whole: u64,
    /// Where the true share may lie, from 0 to 1.
    pub interval: Interval,
}

impl Share {
    fn of(part: u64, whole: u64) -> Option<Self> {
        Some(Self { part, whole, interval: wilson(part, whole)? })
    }
}

/// What a threshold does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct At {
    pub threshold: f64,
    /// Answers that pass, of all; `None` without answers.
    pub passes: Option<Share>,
    /// Answers that pass with it and fail with the present one.
    pub fixed: u64,
    /// Answers that fail with it and pass with the present one.
    pub broken: u64,
    /// Graded answers that are right, of the graded ones that pass; `None` where none passes.
    pub precision: Option<Share>,
    /// Graded answers that pass, of the graded ones that are right; `None` where none is right.
    pub recall: Option<Share>,
}

/// How a threshold stands to what people found: answers they found right and wrong, those that pass and those that fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GradeMatrix {
    pub pass_right: u64,
    pub pass_wrong: u64,
    pub fail_right: u64,
    pub fail_wrong: u64,
}

impl GradeMatrix {
    /// Counts the answers that people and the threshold are of one mind on.
    #[must_use]
    pub fn agrees(self) -> u64 {
        self.pass_right + self.fail_wrong
    }

    /// Counts the answers that people found something of.
    #[must_use]
    pub fn graded(self) -> u64 {
        self.pass_right + self.pass_wrong + self.fail_right + self.fail_wrong
    }
}

/// Answers in the order of what was measured, so that a threshold is looked up and not counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    side: PassingSide,
    /// Ascending; turned round (negated) where what is below passes.
    values: Vec<f64>,
    /// For each number of values from the end: what passes if those do. One longer than `values`.
    from: Vec<Counts>,
    /// What the threshold does not decide on.
    fixed: Counts,
    /// All answers, and all graded as right.
    all: (u64, u64),
    /// All graded ones.
    graded: u64,
}

/// Answers that pass. Small, as there is one for each answer; a record of more than 4,294,967,295 is not counted on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    passes: u32,
    graded: u32,
    right: u32,
}

impl Counts {
    /// Counts an answer in that passes everything else or not, and that a person found right or wrong.
    fn with(mut self, rest: bool, right: Option<bool>) -> Self {
        if rest {
            self.passes += 1;
            self.graded += u32::from(right.is_some());
            self.right += u32::from(right == Some(true));
        }
        self
    }

    fn and(self, other: Self) -> Self {
        Self { passes: self.passes + other.passes, graded: self.graded + other.graded, right: self.right + other.right }
    }
}

impl WhatIf {
    /// Sorts answers once.
    #[must_use]
    pub fn of(side: PassingSide, points: impl IntoIterator<Item = AnswerPoint>) -> Self {
        let points = points.into_iter();
        let mut work = WhatIfInWork::new(side, points.size_hint().0);
        work.take(points);
        while !work.step(usize::MAX) {}
        work.done()
    }

    /// Returns how many answers the threshold decides on.
    #[must_use]
    pub fn measured(&self) -> usize {
        self.values.len()
    }

    /// Returns how many answers there are.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.all.0
    }

    /// Tells what a threshold does, against the present one. A lookup: it takes as long as two binary searches.
    #[must_use]
    pub fn at(&self, threshold: f64, present: f64) -> At {
        let (new, old) = (self.counts(threshold), self.counts(present));
        At {
            threshold,
            passes: Share::of(new.passes.into(), self.all.0),
            // a threshold that is moved one way fixes or breaks, never both
            fixed: new.passes.saturating_sub(old.passes).into(),
            broken: old.passes.saturating_sub(new.passes).into(),
            precision: Share::of(new.right.into(), new.graded.into()),
            recall: Share::of(new.right.into(), self.all.1),
        }
    }

    /// Tells how a threshold stands to what people found of the answers; none where nobody found anything.
    #[must_use]
    pub fn grades(&self, threshold: f64) -> Option<GradeMatrix> {
        (self.graded > 0).then(|| self.matrix(self.counts(threshold)))
    }

    fn matrix(&self, passing: Counts) -> GradeMatrix {
        let (pass_right, pass_wrong) = (u64::from(passing.right), u64::from(passing.graded - passing.right));
        GradeMatrix {
            pass_right,
            pass_wrong,
            fail_right: self.all.1 - pass_right,
            fail_wrong: (self.graded - self.all.1) - pass_wrong,
        }
    }

    /// Returns the measured value that as a threshold is most of one mind with what people found, of several the one that
    /// most answers pass; none where no grade depends on it.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        let last = *self.from.last()?;
        if last.graded == 0 {
            return None;
        }
        let mut best: Option<(u64, usize)> = None;
        for place in (0..self.values.len()).filter(|place| self.is_first(*place)) {
            let agrees = self.matrix(self.passing_from(place)).agrees();
            if best.is_none_or(|(most, _)| agrees > most) {
                best = Some((agrees, place));
            }
        }
        best.and_then(|(_, place)| self.values.get(place)).map(|value| turn(self.side, *value))
    }

    /// Returns the nearest measured value above (or below) the threshold that makes more or fewer answers
    /// pass; `None` where none does.
    #[must_use]
    pub fn step(&self, threshold: f64, up: bool) -> Option<f64> {
        let now = self.counts(threshold).passes;
        let first = self.passing(turn(self.side, threshold));
        // Only the first of equal values is a threshold of its own, and one at the first value that passes changes nothing yet.
        let changes = |place: &usize| self.is_first(*place) && self.passing_from(*place).passes != now;
        let stricter = up == (self.side == PassingSide::AtLeast);
        let found =
            if stricter { (first + 1..self.values.len()).find(changes) } else { (0..first).rev().find(changes) };
        found.and_then(|place| self.values.get(place)).map(|value| turn(self.side, *value))
    }

    /// Returns the roundest threshold that the same answers pass as this one, no farther from it than `near`,
    /// and on the side on which more would pass. It is never stricter.
    #[must_use]
    pub fn tidy(&self, threshold: f64, near: f64) -> f64 {
        let passing = self.passing(turn(self.side, threshold));
        // up to the digits a number has, and no coarser than the number itself
        let coarsest = -(threshold.abs().max(1e-9).log10().floor() as i32);
        let rounded = |digits: i32| {
            let scale = 10_f64.powi(digits);
            let whole = turn(self.side, turn(self.side, threshold * scale).floor());
            if digits < 0 { whole * 10_f64.powi(-digits) } else { whole / scale }
        };
        let same = |other: &f64| {
            (*other - threshold).abs() <= near && self.passing(turn(self.side, *other)) == passing && other.is_finite()
        };
        (coarsest..coarsest + 15).map(rounded).find(same).unwrap_or(threshold)
    }

    /// Returns round thresholds over all that was measured, ascending: steps of 1, 2 or 5 times a power of
    /// ten, no more than `most`; none where nothing was measured.
    #[must_use]
    pub fn steps(&self, most: usize) -> Vec<f64> {
        let finite = || self.values.iter().copied().filter(|value| value.is_finite());
        let (Some(one), Some(other)) = (finite().next(), finite().next_back()) else {
            return Vec::new();
        };
        let (one, other) = (turn(self.side, one), turn(self.side, other));
        let (low, high) = (one.min(other), one.max(other));
        let span = (high - low).max(f64::MIN_POSITIVE);
        if most < 2 || !span.is_finite() {
            return Vec::new();
        }
        if high <= low {
            return vec![low];
        }
        let ten = 10_f64.powf((span / most as f64).log10().floor());
        // dividing by a whole number keeps 0.3 from becoming 0.30000000000000004
        let rounds = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0].into_iter().map(|by| by * ten);
        for each in rounds {
            let (first, last) = ((low / each).floor(), (high / each).ceil());
            if last - first < most as f64 && each > 0.0 {
                let count = (last - first) as usize;
                return (0..=count).map(|place| round((first + place as f64) * each, each)).collect();
            }
        }
        Vec::new()
    }

    /// Counts what passes at a threshold.
    fn counts(&self, threshold: f64) -> Counts {
        self.passing_from(self.passing(turn(self.side, threshold)))
    }

    /// Counts what passes if the value at a place and those behind it do.
    fn passing_from(&self, place: usize) -> Counts {
        self.from.get(self.values.len() - place).copied().unwrap_or_default().and(self.fixed)
    }

    /// Tells whether the value at a place is the first of those that are equal to it.
    fn is_first(&self, place: usize) -> bool {
        place == 0 || self.values.get(place - 1) != self.values.get(place)
    }

    /// Finds the place of the first value that passes. Nothing passes a threshold that is no number.
    fn passing(&self, turned: f64) -> usize {
        if turned.is_nan() {
            return self.values.len();
        }
        self.values.partition_point(|value| *value < turned)
    }
}

/// Turns a value so that what is larger passes; turning it twice gives it back.
fn turn(side: PassingSide, value: f64) -> f64 {
    match side {
        // minus zero is zero
        PassingSide::AtLeast => value + 0.0,
        PassingSide::AtMost => 0.0 - value,
    }
}

/// Rounds to the decimals a step has.
fn round(value: f64, each: f64) -> f64 {
    let scale = 10_f64.powf((-each.log10().floor()).clamp(0.0, 15.0));
    (value * scale).round() / scale + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{stats::SplitMix, whatif::WhatIf};

    fn answer(value: Option<f64>, decides: bool, rest: bool) -> Measured {
        Measured { value, decides, rest, ..Measured::default() }
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
        let sorted = Sorted::of(PassingSide::AtLeast, &answers);
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
        for side in [PassingSide::AtLeast, PassingSide::AtMost] {
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

    fn point(value: f64, rest: bool, right: Option<bool>) -> AnswerPoint {
        AnswerPoint { value: Some(value), rest, right }
    }

    /// Six answers: one fails something else, one states no confidence.
    fn six() -> Vec<AnswerPoint> {
        vec![
            point(0.9, true, Some(true)),
            point(0.8, true, Some(false)),
            point(0.8, true, None),
            point(0.6, false, Some(true)),
            point(0.5, true, Some(true)),
            AnswerPoint { value: None, rest: true, right: None },
        ]
    }

    #[test]
    fn a_threshold_says_what_passes_and_what_flips() {
        let what = WhatIf::of(PassingSide::AtLeast, six());
        assert_eq!((what.answers(), what.measured()), (6, 5));
        for (threshold, passes, fixed, broken, precision, recall) in [
            (0.8, 4, 0, 0, (1, 2), (1, 3)),
            (0.85, 2, 0, 2, (1, 1), (1, 3)),
            (0.5, 5, 1, 0, (2, 3), (2, 3)),
            (0.0, 5, 1, 0, (2, 3), (2, 3)),
        ] {
            let at = what.at(threshold, 0.8);
            let counts = |share: Option<Share>| share.map(|share| (share.part, share.whole)).unwrap();
            assert_eq!(counts(at.passes), (passes, 6), "{threshold}");
            assert_eq!((at.fixed, at.broken), (fixed, broken), "{threshold}");
            assert_eq!((counts(at.precision), counts(at.recall)), (precision, recall), "{threshold}");
        }
        let none = what.at(2.0, 0.8);
        assert_eq!((none.precision, none.passes.unwrap().part), (None, 1));
        assert_eq!(what.at(f64::NAN, 0.8).passes.unwrap().part, 1);
        let json = serde_json::to_string(&none).unwrap();
        assert_eq!(serde_json::from_str::<At>(&json).unwrap(), none);
    }

    #[test]
    fn an_arrow_goes_to_the_next_value_that_changes_something() {
        let what = WhatIf::of(PassingSide::AtLeast, six());
        for (from, up, to) in [
            (0.8, true, Some(0.9)),
            (0.7, true, Some(0.9)),
            (0.5, true, Some(0.6)),
            (0.9, true, None),
            (0.9, false, Some(0.8)),
            (0.8, false, Some(0.5)),
            (0.5, false, None),
            (2.0, false, Some(0.9)),
        ] {
            assert_eq!(what.step(from, up), to, "{from} {up}");
        }
        let most = WhatIf::of(PassingSide::AtMost, six());
        for (from, up, to) in [
            (0.5, true, Some(0.8)),
            (0.8, true, Some(0.9)),
            (0.9, true, None),
            (0.9, false, Some(0.8)),
            (0.8, false, Some(0.6)),
            (0.5, false, None),
        ] {
            assert_eq!(most.step(from, up), to, "at most {from} {up}");
        }
        assert_eq!(WhatIf::default().step(0.5, true), None);
    }

    #[test]
    fn nothing_measured_is_nothing_to_move() {
        let none = WhatIf::of(PassingSide::AtLeast, []);
        assert_eq!((none.at(0.5, 0.5).passes, none.at(0.5, 0.5).recall, none.steps(20)), (None, None, vec![]));
        let odd = WhatIf::of(PassingSide::AtMost, [point(f64::NAN, true, None), point(f64::INFINITY, true, None)]);
        assert_eq!((odd.measured(), odd.at(1e300, 0.0).passes.unwrap().part, odd.steps(20)), (1, 1, vec![]));
    }

    #[test]
    fn steps_are_round() {
        let steps = |values: &[f64], most| {
            WhatIf::of(PassingSide::AtLeast, values.iter().map(|value| point(*value, true, None))).steps(most)
        };
        assert_eq!(steps(&[0.31, 0.72], 6), [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
        assert_eq!(steps(&[120.0, 4800.0], 6), [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]);
        assert_eq!(steps(&[0.4], 6), [0.4]);
        assert_eq!(steps(&[-0.1, 0.1], 5), [-0.1, -0.05, 0.0, 0.05, 0.1]);
        for (low, high) in [(0.0, 1e-9), (1e12, 3e12), (-5.0, 0.001), (0.0, f64::MAX), (1.0, 1.0 + f64::EPSILON)] {
            let found = steps(&[low, high], 20);
            assert!(found.len() <= 20 && found.is_sorted(), "{low} {high} {found:?}");
        }
    }

    /// Made-up answers, and every number counted anew at each threshold.
    #[test]
    fn looking_up_is_counting() {
        let mut rng = SplitMix::new(5);
        for side in [PassingSide::AtLeast, PassingSide::AtMost] {
            let points: Vec<AnswerPoint> = (0..300)
                .map(|_| AnswerPoint {
                    value: (rng.below(10) > 0).then(|| rng.below(21) as f64 / 20.0),
                    rest: rng.below(3) > 0,
                    right: (rng.below(2) == 0).then(|| rng.below(2) == 0),
                })
                .collect();
            let what = WhatIf::of(side, points.iter().copied());
            let passes = |point: &AnswerPoint, threshold: f64| {
                point.rest
                    && point.value.is_none_or(|value| match side {
                        PassingSide::AtLeast => value >= threshold,
                        PassingSide::AtMost => value <= threshold,
                    })
            };
            let count = |keep: &dyn Fn(&AnswerPoint) -> bool| points.iter().filter(|point| keep(point)).count() as u64;
            for threshold in (0..45).map(|n| f64::from(n) / 40.0 - 0.03) {
                let at = what.at(threshold, 0.5);
                assert_eq!(at.passes.unwrap().part, count(&|point| passes(point, threshold)));
                assert_eq!(at.fixed, count(&|point| passes(point, threshold) && !passes(point, 0.5)));
                assert_eq!(at.broken, count(&|point| !passes(point, threshold) && passes(point, 0.5)));
                let right = count(&|point| passes(point, threshold) && point.right == Some(true));
                let graded = count(&|point| passes(point, threshold) && point.right.is_some());
                assert_eq!(
                    at.precision.map(|share| (share.part, share.whole)),
                    (graded > 0).then_some((right, graded))
                );
                assert_eq!(at.recall.unwrap().part, right);
            }
        }
    }

    #[test]
    fn a_threshold_is_made_as_round_as_it_may_be() {
        let at_least = WhatIf::of(
            PassingSide::AtLeast,
            [0.561_2, 0.57, 0.857_142_857, 0.91].map(|value| point(value, true, None)),
        );
        for (threshold, near, tidy) in [
            (0.857_142_857, 1.0, 0.8),
            (0.857_142_857, 0.01, 0.85),
            (0.57, 1.0, 0.57),
            (0.91, 0.02, 0.9),
            (0.561_2, 1.0, 0.5),
            (0.561_2, 0.0, 0.561_2),
            (0.561_2, 0.002, 0.56),
        ] {
            assert_eq!(Some(at_least.tidy(threshold, near)), Some(tidy), "{threshold} {near}");
        }
        let at_most = WhatIf::of(PassingSide::AtMost, [780.619, 809.553, 3000.5].map(|value| point(value, true, None)));
        for (threshold, near, tidy) in [
            (780.619, 30.0, 800.0),
            (809.553, 5.0, 810.0),
            (3000.5, 1.0, 3001.0),
            (3000.5, 1e6, 4000.0),
            (0.0, 1.0, 0.0),
        ] {
            assert_eq!(Some(at_most.tidy(threshold, near)), Some(tidy), "{threshold} {near}");
        }
        let mut dice = SplitMix::new(3);
        for side in [PassingSide::AtLeast, PassingSide::AtMost] {
            let points: Vec<AnswerPoint> =
                (0..200).map(|_| point((dice.draw() % 1000) as f64 / 977.0, true, None)).collect();
            let what = WhatIf::of(side, points.clone());
            for AnswerPoint { value, .. } in points {
                let threshold = value.unwrap();
                let tidy = what.tidy(threshold, 0.05);
                assert_eq!(what.at(tidy, threshold).passes, what.at(threshold, threshold).passes);
                assert!((tidy - threshold).abs() <= 0.05 && tidy.to_string().len() <= threshold.to_string().len());
            }
        }
    }
}
