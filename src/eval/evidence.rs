//! Whether B is better than A, over the same rows, and how sure one may be.

mod lanes;
mod said;

use serde::{Deserialize, Serialize};

pub use lanes::{LaneKey, Lanes};

use super::stats::{Interval, Paired, SplitMix, difference, flip_test, mean_difference, rows_needed, sign_test};

/// A difference is called one when chance gives it in fewer cases than this.
///
/// Of 1,000 comparisons of what is alike at most 50 may be called different. At a level of 5 % the
/// randomisation test, which is exact, does that every other time, and the sign test of many rows every
/// tenth; at 3 % 50 lies 3.7 standard errors above what is expected, 30. A difference of 10 points is still
/// found over 400 rows in 8 of 10 comparisons, the least where 40 of 100 rows go another way.
const LEVEL: f64 = 0.03;
/// The two-sided quantile of the normal distribution for it.
const QUANTILE: f64 = 2.170_090_377_584_56;
/// The difference, as a share, a comparison should be able to see.
const WANTED: f64 = 0.05;

/// The seed of every comparison's resamples: the same rows say the same every time.
pub const SEED: u64 = 1;

/// The fewest rows fixed or broken that the sign test can show a difference by: 7 of 7 give p = 0.016, 6 of 6 0.031.
/// The randomisation test of scores needs as many rows.
pub const FEWEST: u64 = 7;

/// One row with A and with B. `None` is not judged, or not there. Of several samples, see [`Pair::of`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pair {
    /// Whether A passed.
    pub a: Option<bool>,
    /// Whether B passed.
    pub b: Option<bool>,
    /// A's score, from 0 to 1.
    pub score_a: Option<f64>,
    /// B's score, from 0 to 1.
    pub score_b: Option<f64>,
}

/// What a comparison shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// B is better.
    Better,
    /// B is worse.
    Worse,
    /// Chance alone could have done it.
    NoDifference,
}

/// What a comparison goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The rows fixed and broken.
    Passes,
    /// The scores, where too few rows were fixed or broken to show anything.
    Scores,
}

/// A difference of B from A, and its 95 % interval, as shares from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// B less A.
    pub by: f64,
    /// Where the true one may lie.
    pub interval: Interval,
}

/// What paired rows say of B against A.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Rows that pass with B alone.
    pub fixed: u64,
    /// Rows that pass with A alone.
    pub broken: u64,
    /// Rows that go the same way with both.
    pub unchanged: u64,
    /// Rows that were not judged with both.
    pub not_comparable: u64,
    /// How likely so uneven a split of the rows is by chance, from 0 to 1.
    pub p: f64,
    /// Of the pass rates; `None` without a comparable row.
    pub passed: Option<Difference>,
    /// Rows that were scored with both.
    pub scored: u64,
    /// Of the mean scores; `None` with fewer than two rows scored with both.
    pub score: Option<Difference>,
    /// How likely scores so far apart are by chance, from 0 to 1; there if `score` is.
    pub score_p: Option<f64>,
    /// What decides. Only one of the two ever does, so that looking twice does not show what is not there.
    pub basis: Basis,
    /// What it shows.
    pub shown: Shown,
    /// About how many more rows it takes to see 5 points; 0 if there are enough, `None` without a comparable row.
    pub more_rows: Option<u64>,
}

impl Pair {
    /// Makes one pair of the samples of a row with A and with B. They are not independent: a side passes if
    /// more than half of its judged samples do, and its score is their mean.
    #[must_use]
    pub fn of(a: Samples, b: Samples) -> Self {
        Self { a: a.passed(), b: b.passed(), score_a: a.score(), score_b: b.score() }
    }
}

impl Evidence {
    /// Weighs rows, one pair each. The seed draws the resamples of the scores: the same seed gives the same
    /// evidence.
    ///
    /// Passes decide. Where fewer than seven rows were fixed or broken they cannot, and scores do: with a
    /// bootstrap interval that leaves 0 out and a randomisation test below 3 %, as the interval alone is
    /// too sure of few rows.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = Pair>, seed: u64) -> Self {
        Self::weigh(pairs, seed, true)
    }

    /// Counts the rows that were compared, by their passes or their scores.
    #[must_use]
    pub fn rows(&self) -> u64 {
        (self.fixed + self.broken + self.unchanged).max(self.scored)
    }

    /// Weighs rows likewise and leaves the scores out where passes decide. The verdict and its sentence are the
    /// same, and of many rows are there in a fraction of the time.
    #[must_use]
    pub fn of_what_decides(pairs: impl IntoIterator<Item = Pair>, seed: u64) -> Self {
        Self::weigh(pairs, seed, false)
    }

    fn weigh(pairs: impl IntoIterator<Item = Pair>, seed: u64, always: bool) -> Self {
        let (mut rows, mut apart, mut not_comparable) = (Paired::default(), Vec::new(), 0);
        for pair in pairs {
            match (pair.a, pair.b) {
                (Some(true), Some(true)) => rows.both += 1,
                (Some(true), Some(false)) => rows.first += 1,
                (Some(false), Some(true)) => rows.second += 1,
                (Some(false), Some(false)) => rows.neither += 1,
                _ => not_comparable += 1,
            }
            apart.extend(pair.score_b.zip(pair.score_a).map(|(b, a)| b - a).filter(|by| by.is_finite()));
        }
        let (fixed, broken, unchanged) = (rows.second, rows.first, rows.both + rows.neither);
        let all = fixed + broken + unchanged;
        let p = sign_test(fixed, broken);
        let told = |(by, interval)| Difference { by, interval };
        let mut rng = SplitMix::new(seed);
        let scored = apart.len() as u64;
        if !always && fixed + broken >= FEWEST {
            apart.clear();
        }
        let score = mean_difference(&apart, &mut rng).map(told);
        let score_p = score.and_then(|_| flip_test(&apart, &mut rng));
        let scores = score.zip(score_p).filter(|_| fixed + broken < FEWEST);
        let (sure, better) = match scores {
            Some((Difference { by, interval }, p)) => {
                (p < LEVEL && (interval.low > 0.0 || interval.high < 0.0), by > 0.0)
            }
            None => (p < LEVEL, fixed > broken),
        };
        let shown = match better {
            _ if !sure => Shown::NoDifference,
            true => Shown::Better,
            false => Shown::Worse,
        };
        let more_rows = (all > 0)
            .then(|| rows_needed((fixed + broken) as f64 / all as f64, WANTED, QUANTILE))
            .flatten()
            .map(|rows| rows.saturating_sub(all));
        Self {
            fixed,
            broken,
            unchanged,
            not_comparable,
            p,
            passed: difference(rows).map(told),
            scored,
            score,
            score_p,
            basis: if scores.is_some() { Basis::Scores } else { Basis::Passes },
            shown,
            more_rows,
        }
    }
}

/// What the samples of one row come to on one side.
#[derive(Debug, Clone, Copy, Default)]
pub struct Samples {
    judged: u64,
    passed: u64,
    scored: u64,
    sum: f64,
}

impl Samples {
    /// Takes a sample in: whether it passed and its score, as far as it was judged and scored.
    pub fn take(&mut self, passed: Option<bool>, score: Option<f64>) {
        self.judged += u64::from(passed.is_some());
        self.passed += u64::from(passed == Some(true));
        if let Some(score) = score.filter(|score| score.is_finite()) {
            self.scored += 1;
            self.sum += score;
        }
    }

    /// Tells whether no sample was judged or scored.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.judged == 0 && self.scored == 0
    }

    fn passed(self) -> Option<bool> {
        (self.judged > 0).then_some(self.passed * 2 > self.judged)
    }

    fn score(self) -> Option<f64> {
        (self.scored > 0).then(|| self.sum / self.scored as f64)
    }
}

#[cfg(test)]
mod tests;
