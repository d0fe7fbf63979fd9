//! A review that is looked at while it grows.

use jiff::tz::TimeZone;

use super::{Group, Review, Timed, Times, ordered::Ordered};
use crate::model::{Outcome, Spent, StatusCounts, facts::RunFacts, outcome::Judging};

/// Runs by the hundredth part of which a review grows before its times are put in order again: to the eye
/// they are the same until then, and a run that ends does not cost more the longer the record is.
const PART: u64 = 100;

/// Answers from which on a review that is watched lets go of their times, once they are in order: what a
/// session adds to so many moves no rank, and a million of them would take 24 MB.
const MANY: usize = 50_000;

/// The figures of a review that are shown while runs go on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Runs.
    pub runs: u64,
    /// Calls.
    pub attempts: u64,
    /// How the runs came out.
    pub counts: StatusCounts,
    /// Runs answered from the cache.
    pub cached: u64,
    /// Runs of the demonstration.
    pub demo: u64,
    /// What the runs took, judges apart.
    pub spent: Spent,
    /// What judging took.
    pub judges: Judging,
    /// Runs whose cost is not known.
    pub unpriced: u64,
    /// Response times.
    pub times: Option<Times>,
    /// Times to the first token.
    pub first_token: Option<Times>,
}

/// A review with its figures at hand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watched {
    review: Review,
    figures: Figures,
    trend: Vec<Option<u32>>,
    /// Runs there were when the times were put in order last.
    ordered: u64,
}

impl Watched {
    /// Begins with what was folded before. Of [`MANY`] answers the ranks of their times stay as they are now.
    #[must_use]
    pub fn new(mut review: Review) -> Self {
        // Versions are compared in reports alone, and the runs of judges are no answers.
        (review.cases, review.judges) = (Vec::new(), None);
        let mut watched = Self { review, ..Self::default() };
        watched.order();
        watched.count();
        if watched.review.measured().timed.len() >= MANY {
            watched.review.live.iter_mut().for_each(|live| live.timed = Vec::new());
            watched.ordered = u64::MAX;
        }
        watched
    }

    /// Takes in a run that ended at a time, in seconds since 1970.
    pub fn take(&mut self, outcome: &Outcome, at: i64) {
        let facts = RunFacts::of(outcome, at, self.review.names_mut());
        self.review.take(&RunFacts { compared: None, ..facts });
        if self.review.runs.saturating_sub(self.ordered) > self.ordered / PART {
            self.order();
        }
        self.count();
    }

    /// Returns what was taken in.
    #[must_use]
    pub fn review(&self) -> &Review {
        &self.review
    }

    /// Returns the figures.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Returns the response times of the last answers, the newest last, in milliseconds.
    pub fn last_times(&self, most: usize) -> impl Iterator<Item = u32> {
        let timed = &self.review.measured().timed;
        timed.get(timed.len().saturating_sub(most)..).unwrap_or_default().iter().map(|one: &Timed| one.took)
    }

    /// Returns the response time half of the answers stayed within, in milliseconds, for each stretch of time,
    /// the oldest first; none where no answer was timed.
    #[must_use]
    pub fn trend(&self) -> &[Option<u32>] {
        &self.trend
    }

    fn order(&mut self) {
        let ordered = Ordered::of(self.review.measured());
        (self.figures.times, self.figures.first_token) = ordered.all();
        self.trend = self.review.trend(&ordered, &TimeZone::UTC).1.iter().map(|point| point.p50).collect();
        self.ordered = self.review.runs;
    }

    fn count(&mut self) {
        let review = &self.review;
        let mut all = Group::default();
        review.targets.iter().for_each(|(_, _, group)| all.join(group));
        let live = review.measured();
        self.figures = Figures {
            runs: review.runs,
            attempts: review.attempts,
            counts: all.counts,
            cached: review.cached,
            demo: review.demo,
            spent: Spent { usage: live.sum.spent().usage, ..all.sum.spent() },
            judges: review.judging,
            unpriced: self.review.unpriced,
            ..self.figures
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Provenance, outcome::Timing};

    fn outcome(millis: u64) -> Outcome {
        let told = serde_json::json!({
            "run": "018f0000-0000-7000-8000-000000000000", "end": "done", "text": "", "requested": "a", "target": "a",
            "model": "m", "provenance": {"from": "live"}, "attempts": 1, "usage": {}, "cost": {"state": "unknown"},
            "timing": {"total": {"secs": 0, "nanos": 0}},
        });
        let timing = Timing { total: std::time::Duration::from_millis(millis), ..Timing::default() };
        Outcome { timing, ..serde_json::from_value(told).unwrap() }
    }

    #[test]
    fn what_is_watched_is_what_is_reported() {
        let mut watched = Watched::default();
        for number in 0..500 {
            let cached = Provenance::Cached { stored: jiff::Timestamp::UNIX_EPOCH };
            let provenance = if number % 7 == 0 { cached } else { Provenance::Live };
            watched
                .take(&Outcome { provenance, demo: number % 11 == 0, ..outcome(number) }, 3600 * number.cast_signed());
        }
        watched.order();
        let (report, figures) = (watched.review().report(&TimeZone::UTC), watched.figures());
        assert_eq!((figures.runs, figures.cached, figures.demo), (report.runs, report.cached, report.demo));
        assert_eq!((figures.times, figures.first_token), (report.times, report.first_token));
        assert_eq!(watched.trend().len(), report.trend.len());
    }

    #[test]
    fn the_times_of_a_long_record_stay_while_its_counts_go_on() {
        let mut review = Review::default();
        let facts = RunFacts { took: Some(std::time::Duration::from_millis(9)), ..RunFacts::default() };
        (0..MANY).for_each(|_| review.take(&facts));
        let mut watched = Watched::new(review);
        let times = watched.figures().times.unwrap();
        assert_eq!((times.n, times.p50), (MANY as u64, 9));
        (0..2 * MANY / 10).for_each(|_| watched.take(&outcome(500), 0));
        assert_eq!((watched.figures().runs, watched.figures().times), (MANY as u64 * 12 / 10, Some(times)));
        assert!(watched.review().live.iter().all(|live| live.timed.len() <= 2 * MANY / 10));
    }

    #[test]
    fn the_times_follow_the_first_runs_at_once_and_later_ones_by_the_hundredth() {
        let mut watched = Watched::default();
        let n = |watched: &Watched| watched.figures().times.map_or(0, |times| times.n);
        for number in 1..=100 {
            watched.take(&outcome(5), 0);
            assert_eq!(n(&watched), number);
        }
        let mut turns = 0;
        for _ in 0..900 {
            let before = n(&watched);
            watched.take(&outcome(5), 0);
            turns += u64::from(n(&watched) != before);
            assert!(watched.figures().runs - n(&watched) <= watched.figures().runs / PART + 1);
        }
        assert!((150..=250).contains(&turns), "{turns}");
        assert_eq!(watched.last_times(3).collect::<Vec<_>>(), [5, 5, 5]);
    }
}
