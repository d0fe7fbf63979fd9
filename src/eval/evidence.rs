//! Whether B is better than A, over the same rows, and how sure one may be.

use serde::{Deserialize, Serialize};

use super::stats::{Interval, Paired, SplitMix, difference, mean_difference, rows_needed, sign_test};

/// A difference is called one when chance gives it in fewer cases than this.
const LEVEL: f64 = 0.05;
/// The difference, as a share, a comparison should be able to see.
const WANTED: f64 = 0.05;

/// One row, or one sample of it, with A and with B. `None` is not judged, or not there.
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
    /// How likely so uneven a split is by chance, from 0 to 1.
    pub p: f64,
    /// Of the pass rates; `None` without a comparable row.
    pub passed: Option<Difference>,
    /// Of the mean scores; `None` with fewer than two rows scored with both.
    pub score: Option<Difference>,
    /// What it shows: by passes, which are tested; scores are told beside them.
    pub shown: Shown,
    /// About how many more rows it takes to see 5 points; 0 if there are enough, `None` without a comparable row.
    pub more_rows: Option<u64>,
}

impl Evidence {
    /// Weighs pairs. The seed draws the resamples of the scores: the same seed gives the same evidence.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = Pair>, seed: u64) -> Self {
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
        let shown = match fixed > broken {
            _ if p >= LEVEL => Shown::NoDifference,
            true => Shown::Better,
            false => Shown::Worse,
        };
        let told = |(by, interval)| Difference { by, interval };
        let more_rows = (all > 0)
            .then(|| rows_needed((fixed + broken) as f64 / all as f64, WANTED))
            .flatten()
            .map(|rows| rows.saturating_sub(all));
        Self {
            fixed,
            broken,
            unchanged,
            not_comparable,
            p,
            passed: difference(rows).map(told),
            score: mean_difference(&apart, &mut SplitMix::new(seed)).map(told),
            shown,
            more_rows,
        }
    }

    /// Returns the verdict in one sentence, as every screen and report says it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(passed) = self.passed else {
            return "nothing to compare: no row was judged with both".to_owned();
        };
        let head = match self.shown {
            Shown::Better => "B better",
            Shown::Worse => "B worse",
            Shown::NoDifference => "no difference shown",
        };
        let p = if self.p < 0.001 { "p<0.001".to_owned() } else { format!("p={:.3}", self.p) };
        let Interval { low, high } = passed.interval;
        let by = points(passed.by);
        let sign = if by > 0 { "+" } else { "" };
        let noun = if by.abs() == 1 { "point" } else { "points" };
        let mut line = format!(
            "{head}: {} fixed, {} broken, {p}, {sign}{by} {noun} ({} to {})",
            self.fixed,
            self.broken,
            points(low),
            points(high)
        );
        if self.shown == Shown::NoDifference
            && let Some(more) = self.more_rows.filter(|more| *more > 0)
        {
            let noun = if more == 1 { "row" } else { "rows" };
            line.push_str(&format!("; about {more} more {noun} needed to see 5 points"));
        }
        line
    }
}

/// Hundredths, rounded.
fn points(share: f64) -> i64 {
    (share * 100.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(both: usize, broken: usize, fixed: usize, neither: usize) -> Vec<Pair> {
        [(both, true, true), (broken, true, false), (fixed, false, true), (neither, false, false)]
            .into_iter()
            .flat_map(|(count, a, b)| std::iter::repeat_n(Pair { a: Some(a), b: Some(b), ..Pair::default() }, count))
            .collect()
    }

    #[test]
    fn the_sentence_says_what_is_shown() {
        for ((both, broken, fixed, neither), sentence) in [
            ((60, 3, 14, 23), "B better: 14 fixed, 3 broken, p=0.013, +11 points (3 to 19)"),
            ((60, 14, 3, 23), "B worse: 3 fixed, 14 broken, p=0.013, -11 points (-19 to -3)"),
            ((0, 0, 0, 0), "nothing to compare: no row was judged with both"),
        ] {
            assert_eq!(Evidence::of(pairs(both, broken, fixed, neither), 1).sentence(), sentence);
        }
        let few = Evidence::of(pairs(40, 4, 6, 10), 1).sentence();
        assert!(
            few.starts_with("no difference shown: 6 fixed, 4 broken, p=0.754, +3 points (")
                && few.ends_with(" more rows needed to see 5 points"),
            "{few}"
        );
    }

    #[test]
    fn what_was_not_judged_with_both_is_counted_apart() {
        let odd = [Pair { a: Some(true), ..Pair::default() }, Pair::default()];
        let found = Evidence::of(pairs(1, 0, 0, 0).into_iter().chain(odd), 1);
        assert_eq!((found.unchanged, found.not_comparable), (1, 2));
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), found);
    }

    #[test]
    fn scores_are_told_beside_passes() {
        let scored = (0..50).map(|n| Pair {
            score_a: Some(0.5),
            score_b: Some(if n % 2 == 0 { 0.6 } else { 0.8 }),
            ..Pair::default()
        });
        let score = Evidence::of(scored, 7).score.unwrap();
        assert!((score.by - 0.2).abs() < 1e-9 && score.interval.low > 0.15 && score.interval.high < 0.25, "{score:?}");
    }

    /// How many of 1,000 comparisons of 400 rows, with so many of 100 rows fixed and broken, show a difference.
    fn called(fixed: usize, broken: usize) -> usize {
        let mut rng = SplitMix::new(20_250_101);
        (0..1000)
            .filter(|_| {
                let rows: Vec<Pair> = (0..400)
                    .map(|_| match rng.below(100) {
                        n if n < fixed => Pair { a: Some(false), b: Some(true), ..Pair::default() },
                        n if n < fixed + broken => Pair { a: Some(true), b: Some(false), ..Pair::default() },
                        _ => Pair { a: Some(true), b: Some(true), ..Pair::default() },
                    })
                    .collect();
                Evidence::of(rows, 1).shown != Shown::NoDifference
            })
            .count()
    }

    #[test]
    fn no_difference_is_rarely_called_one() {
        for discordance in [2, 10, 20] {
            let wrong = called(discordance, discordance);
            assert!(wrong <= 50, "{wrong} of 1,000 at {discordance} + {discordance} of 100");
        }
    }

    /// With 20, 30 and 40 of 100 rows discordant.
    #[test]
    fn ten_points_are_found_at_four_hundred_rows() {
        for (fixed, broken) in [(15, 5), (20, 10), (25, 15)] {
            let found = called(fixed, broken);
            assert!(found >= 800, "{found} of 1,000 at {fixed} + {broken} of 100");
        }
    }
}
