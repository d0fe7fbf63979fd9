//! How the numbers of a report go over time: one series each, a place for every stretch, a cursor on one.

use jiff::Timestamp;

use crate::eval::review::{Point, Report};

/// A number that is followed over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// The pass rate, as a share.
    Passed,
    /// Errors.
    Errors,
    /// The median of response times, in milliseconds.
    Took,
    /// Runs.
    Runs,
    /// US dollars, as far as known.
    Cost,
}

impl Series {
    /// Every series, the most telling first.
    pub const ALL: &[Self] = &[Self::Passed, Self::Errors, Self::Took, Self::Runs, Self::Cost];

    /// Names it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Errors => "errors",
            Self::Took => "p50",
            Self::Runs => "runs",
            Self::Cost => "cost",
        }
    }

    /// Returns its value at a point, if it has one there.
    #[must_use]
    pub fn at(self, point: &Point) -> Option<f64> {
        match self {
            Self::Passed => (point.judged > 0).then(|| point.passed as f64 / point.judged as f64),
            Self::Errors => Some(point.errors as f64),
            Self::Took => point.p50.map(f64::from),
            Self::Runs => Some(point.runs as f64),
            Self::Cost => (point.cost > 0.0 || point.unpriced == 0).then_some(point.cost),
        }
    }
}

/// A place for every stretch from the first run to the last one; those without a run are empty.
#[must_use]
pub fn places(report: &Report) -> Vec<Option<&Point>> {
    let Some(first) = report.trend.first() else {
        return Vec::new();
    };
    let mut places = Vec::new();
    for point in &report.trend {
        let at = usize::try_from((point.from - first.from) / report.stretch.max(1)).unwrap_or(0);
        // A report has some sixty stretches; nothing that is read is trusted to.
        if at >= places.len() && at < MOST {
            places.resize(at + 1, None);
        }
        if let Some(place) = places.get_mut(at) {
            *place = Some(point);
        }
    }
    places
}

/// Stretches that are drawn, at most.
const MOST: usize = 400;

/// When a stretch begins and ends.
#[must_use]
pub fn stretch(report: &Report, point: &Point) -> Option<(Timestamp, Timestamp)> {
    let from = Timestamp::from_second(point.from).ok()?;
    Some((from, Timestamp::from_second(point.from.checked_add(report.stretch)?).ok()?))
}

/// Writes a time to the minute, in UTC: `2026-11-18T09:00`.
#[must_use]
pub fn minute(time: Timestamp) -> String {
    time.to_string().chars().take(16).collect()
}

/// The cursor on the stretches: the last one where it was not moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Stretches before the last one.
    back: usize,
}

impl Cursor {
    /// Returns its place among so many.
    #[must_use]
    pub fn at(self, count: usize) -> Option<usize> {
        count.checked_sub(1).map(|last| last.saturating_sub(self.back))
    }

    /// Moves to the next stretch with a run, or to the one before; stays where there is none.
    pub(super) fn step(&mut self, places: &[Option<&Point>], forward: bool) {
        let Some(at) = self.at(places.len()) else {
            return;
        };
        let known = |at: &usize| places.get(*at).is_some_and(Option::is_some);
        let found = if forward { (at + 1..places.len()).find(known) } else { (0..at).rev().find(known) };
        if let Some(found) = found {
            self.put(found, places.len());
        }
    }

    /// Puts it on a place among so many.
    pub(super) fn put(&mut self, at: usize, count: usize) {
        self.back = count.saturating_sub(1).saturating_sub(at);
    }
}
