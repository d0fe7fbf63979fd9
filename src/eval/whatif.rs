//! What another threshold would do to answers that are there already: without a call, at once.

mod knob;
pub mod measured;
mod sorted;

use serde::{Deserialize, Serialize};

use super::stats::{Interval, wilson};
pub use knob::{Knob, NoKnob, Unit};
pub use measured::Measured;
pub use sorted::{Flip, Sorted};

/// Which values pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The threshold and what is above it, as with a minimum confidence.
    #[default]
    AtLeast,
    /// The threshold and what is below it, as with a longest time.
    AtMost,
}

/// One answer, as a threshold sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Point {
    /// What was measured; `None` (and what is no number) is an answer the threshold does not decide on.
    pub value: Option<f64>,
    /// Whether the answer passes everything else.
    pub rest: bool,
    /// Whether a person found it right, if anybody said so.
    pub right: Option<bool>,
}

/// A share with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
pub struct At {
    /// The threshold.
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

/// Answers in the order of what was measured, so that a threshold is looked up and not counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    side: Side,
    /// Ascending; turned round (negated) where what is below passes.
    values: Vec<f64>,
    /// For each number of values from the end: what passes if those do. One longer than `values`.
    from: Vec<Counts>,
    /// What the threshold does not decide on.
    fixed: Counts,
    /// All answers, and all graded as right.
    all: (u64, u64),
}

/// Answers that pass.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    passes: u64,
    graded: u64,
    right: u64,
}

impl Counts {
    fn with(mut self, point: Point) -> Self {
        if point.rest {
            self.passes += 1;
            self.graded += u64::from(point.right.is_some());
            self.right += u64::from(point.right == Some(true));
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
    pub fn of(side: Side, points: impl IntoIterator<Item = Point>) -> Self {
        let (mut sorted, mut fixed, mut all) = (Vec::new(), Counts::default(), (0, 0));
        for point in points {
            all.0 += 1;
            all.1 += u64::from(point.right == Some(true));
            match point.value.filter(|value| !value.is_nan()) {
                Some(value) => sorted.push((turn(side, value), point)),
                None => fixed = fixed.with(point),
            }
        }
        sorted.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
        let mut from = Vec::with_capacity(sorted.len() + 1);
        let mut sum = Counts::default();
        from.push(sum);
        for (_, point) in sorted.iter().rev() {
            sum = sum.with(*point);
            from.push(sum);
        }
        Self { side, values: sorted.into_iter().map(|(value, _)| value).collect(), from, fixed, all }
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
            passes: Share::of(new.passes, self.all.0),
            // a threshold that is moved one way fixes or breaks, never both
            fixed: new.passes.saturating_sub(old.passes),
            broken: old.passes.saturating_sub(new.passes),
            precision: Share::of(new.right, new.graded),
            recall: Share::of(new.right, self.all.1),
        }
    }

    /// Returns the nearest measured value above (or below) the threshold that makes more or fewer answers
    /// pass; `None` where none does.
    #[must_use]
    pub fn step(&self, threshold: f64, up: bool) -> Option<f64> {
        let now = self.counts(threshold);
        let first = self.passing(turn(self.side, threshold));
        // a threshold at the first value that passes changes nothing yet
        let stricter = || self.values.get(first + 1..).into_iter().flatten().copied();
        let looser = || self.values.get(..first).into_iter().flatten().rev().copied();
        let changes = |value: &f64| self.counts(turn(self.side, *value)).passes != now.passes;
        let found = if up == (self.side == Side::AtLeast) { stricter().find(changes) } else { looser().find(changes) };
        found.map(|value| turn(self.side, value))
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
        let above = self.values.len() - self.passing(turn(self.side, threshold));
        self.from.get(above).copied().unwrap_or_default().and(self.fixed)
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
fn turn(side: Side, value: f64) -> f64 {
    match side {
        // minus zero is zero
        Side::AtLeast => value + 0.0,
        Side::AtMost => 0.0 - value,
    }
}

/// Rounds to the decimals a step has.
fn round(value: f64, each: f64) -> f64 {
    let scale = 10_f64.powf((-each.log10().floor()).clamp(0.0, 15.0));
    (value * scale).round() / scale + 0.0
}

#[cfg(test)]
mod tests;
