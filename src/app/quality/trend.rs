//! How the numbers of a report go over time: one series each, a place for every stretch, a cursor on one.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::{
    eval::quality::{QualityReport, TrendPoint},
    model::PicoDollars,
};

/// A number that is followed over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// The pass rate, as a share.
    Passed,
    Errors,
    /// The median of response times, in milliseconds.
    Took,
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
    pub fn at(self, point: &TrendPoint) -> Option<f64> {
        match self {
            Self::Passed => point.counts.pass_rate(),
            Self::Errors => Some(point.counts.error as f64),
            Self::Took => point.p50.map(f64::from),
            Self::Runs => Some(point.runs as f64),
            Self::Cost => point.spent.cost.amount().map(PicoDollars::dollars),
        }
    }
}

/// A place for every stretch from the first run to the last one; those without a run are empty.
#[must_use]
pub fn places(report: &QualityReport) -> Vec<Option<&TrendPoint>> {
    let Some(first) = report.trend.first() else {
        return Vec::new();
    };
    let mut places = Vec::new();
    for point in &report.trend {
        // A day in which the clock is changed is an hour longer or shorter than others.
        let after = point.from - first.from + report.stretch / 2;
        let at = usize::try_from(after / report.stretch.max(1)).unwrap_or(0);
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

/// Columns of a stretch, at most.
const WIDEST: u16 = 8;

/// How stretches share a width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bars {
    /// How many of the oldest have no room.
    pub skipped: usize,
    /// Columns of each of the others.
    pub each: u16,
}

impl Bars {
    /// Shares a width among so many stretches.
    #[must_use]
    pub fn of(count: usize, width: u16) -> Self {
        let skipped = count.saturating_sub(usize::from(width));
        let shown = u16::try_from(count - skipped).unwrap_or(u16::MAX).max(1);
        Self { skipped, each: (width / shown).clamp(1, WIDEST) }
    }

    /// Tells which stretch is at a column.
    fn at(self, column: u16, count: usize) -> Option<usize> {
        Some(self.skipped + usize::from(column / self.each)).filter(|at| *at < count)
    }
}

/// When a stretch begins and ends, in a time zone.
#[must_use]
pub fn stretch(point: &TrendPoint, zone: &TimeZone) -> Option<(Zoned, Zoned)> {
    let at = |second| Some(Timestamp::from_second(second).ok()?.to_zoned(zone.clone()));
    Some((at(point.from)?, at(point.to)?))
}

/// Writes a time to the minute, as it is in its zone: `2026-11-18T09:00`.
#[must_use]
pub fn minute(time: &Zoned) -> String {
    time.datetime().to_string().chars().take(16).collect()
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
    pub(crate) fn step(&mut self, places: &[Option<&TrendPoint>], forward: bool) {
        let Some(at) = self.at(places.len()) else {
            return;
        };
        let known = |at: &usize| places.get(*at).is_some_and(Option::is_some);
        let found = if forward { (at + 1..places.len()).find(known) } else { (0..at).rev().find(known) };
        if let Some(found) = found {
            self.put(found, places.len());
        }
    }

    /// Puts it on the stretch that is at a column of a width, if there was a run in it.
    pub(crate) fn click(&mut self, places: &[Option<&TrendPoint>], column: u16, width: u16) {
        let found = Bars::of(places.len(), width).at(column, places.len());
        if let Some(at) = found.filter(|at| places.get(*at).is_some_and(Option::is_some)) {
            self.put(at, places.len());
        }
    }

    /// Puts it on a place among so many.
    pub(crate) fn put(&mut self, at: usize, count: usize) {
        self.back = count.saturating_sub(1).saturating_sub(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::Review,
        model::run_facts::{Names, RunFacts},
    };

    /// A report with runs at some stretches of five minutes.
    fn report(stretches: &[i64]) -> QualityReport {
        let mut review = Review::default();
        for stretch in stretches {
            review.take(&RunFacts { started: 1_780_653_600 + stretch * 300, ..RunFacts::default() });
        }
        review.named(Names::default()).report(&TimeZone::UTC)
    }

    fn known(report: &QualityReport) -> Vec<bool> {
        places(report).iter().map(Option::is_some).collect()
    }

    #[test]
    fn stretches_without_a_run_have_a_place_too() {
        assert_eq!(known(&report(&[0, 1, 4])), [true, true, false, false, true]);
        assert!(known(&report(&[])).is_empty());
    }

    #[test]
    fn the_cursor_goes_from_run_to_run_and_stays_on_the_newest_stretch() {
        let (short, long) = (report(&[0, 1, 4]), report(&[0, 1, 4, 6]));
        let mut cursor = Cursor::default();
        assert_eq!((cursor.at(5), cursor.at(7), cursor.at(0)), (Some(4), Some(6), None));
        for (forward, at) in [(true, 4), (false, 1), (false, 0), (false, 0), (true, 1), (true, 4)] {
            cursor.step(&places(&short), forward);
            assert_eq!(cursor.at(5), Some(at));
        }
        cursor.step(&places(&long), false);
        cursor.click(&places(&long), 1, 7);
        assert_eq!(cursor.at(7), Some(1));
        for column in [2, 40] {
            cursor.click(&places(&long), column, 7);
            assert_eq!(cursor.at(7), Some(1), "no run is there");
        }
    }

    #[test]
    fn the_newest_stretches_have_room_whatever_the_width() {
        for (count, width, skipped, each) in
            [(61, 62, 0, 1), (61, 50, 11, 1), (7, 62, 0, 8), (20, 62, 0, 3), (0, 9, 0, 8)]
        {
            assert_eq!(Bars::of(count, width), Bars { skipped, each }, "{count} {width}");
        }
    }
}
