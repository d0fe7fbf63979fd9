//! Statistics of comparisons: intervals, tests and sizes, each with its source.

mod binomial;
mod bootstrap;
mod flips;
mod paired;

pub use binomial::sign_test;
pub use bootstrap::{SplitMix, mean_difference};
pub use flips::flip_test;
pub use paired::{Paired, difference, rows_needed};
use serde::{Deserialize, Serialize};

/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A 95 % interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Returns the interval of a share of which `part` of `whole` were seen, from 0 to 1; `None` without any.
///
/// Wilson's score interval without continuity correction (Wilson 1927; method 3 of Newcombe 1998,
/// Statistics in Medicine 17:857).
#[must_use]
pub fn wilson(part: u64, whole: u64) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let (part, whole) = (part.min(whole), whole as f64);
    let share = part as f64 / whole;
    let middle = share + Z * Z / (2.0 * whole);
    let reach = Z * (share * (1.0 - share) / whole + Z * Z / (4.0 * whole * whole)).sqrt();
    let scale = 1.0 + Z * Z / whole;
    let low = if part == 0 { 0.0 } else { ((middle - reach) / scale).max(0.0) };
    let high = if part as f64 >= whole { 1.0 } else { ((middle + reach) / scale).min(1.0) };
    Some(Interval { low, high })
}

/// Returns by how much the second of two shares, each `(part, whole)`, is larger, with its interval; `None`
/// where one of them is of nothing. The two are of different runs.
///
/// Method 10 of Newcombe 1998 (Statistics in Medicine 17:873), from Wilson's intervals.
#[must_use]
pub fn difference_of(first: (u64, u64), second: (u64, u64)) -> Option<(f64, Interval)> {
    let (own, other) = (wilson(first.0, first.1)?, wilson(second.0, second.1)?);
    let share = |(part, whole): (u64, u64)| part as f64 / whole as f64;
    let (from, to) = (share(first), share(second));
    let by = to - from;
    let low = by - (to - other.low).hypot(own.high - from);
    let high = by + (other.high - to).hypot(from - own.low);
    Some((by, Interval { low, high }))
}

/// Returns the nearest-rank percentile of sorted values: the least that a share of them (from 0 to 1) stays within.
#[must_use]
pub fn percentile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    let place = usize::try_from(rank(sorted.len() as u64, share)).ok()?;
    sorted.get(place.checked_sub(1)?).copied()
}

/// Returns the nearest rank of a share (from 0 to 1) among so many sorted values, counted from 1; 0 among none.
#[must_use]
pub fn rank(values: u64, share: f64) -> u64 {
    ((share.clamp(0.0, 1.0) * values as f64).ceil() as u64).clamp(values.min(1), values)
}

/// Returns the nearest rank of a share where so many values say something of it: one above the median that is the
/// largest value says nothing, as that of 95 in 100 among less than twenty, and 99 in 100 among less than a hundred.
#[must_use]
pub fn telling_rank(values: u64, share: f64) -> Option<u64> {
    let rank = rank(values, share);
    (rank > 0 && (share <= 0.5 || share >= 1.0 || rank < values)).then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is example (a) in table II of Newcombe 1998 (Statistics in Medicine 17:873), method 10; all are
    /// computed with `statsmodels.stats.proportion.confint_proportions_2indep(part, whole, part, whole,
    /// method="newcomb")`, the second share first.
    #[test]
    fn differences_of_independent_shares_are_as_published() {
        for (first, second, low, high) in [
            ((48, 80), (56, 70), 0.0524, 0.3339),
            ((3, 10), (9, 10), 0.1705, 0.8090),
            ((0, 29), (5, 56), -0.0381, 0.1926),
            ((0, 20), (10, 10), 0.6791, 1.0),
            ((0, 10), (10, 10), 0.6075, 1.0),
        ] {
            let (by, found) = difference_of(first, second).unwrap();
            assert!(
                (found.low - low).abs() < 6e-5 && (found.high - high).abs() < 6e-5,
                "{first:?} {second:?} {found:?}"
            );
            let (back, turned) = difference_of(second, first).unwrap();
            assert!((by + back).abs() < 1e-12 && (turned.low + found.high).abs() < 1e-12, "{turned:?}");
        }
        assert_eq!(difference_of((0, 0), (1, 2)), None);
    }

    /// `statsmodels.stats.proportion.proportion_confint(part, whole, method="wilson")`; the first two are
    /// also in table I of Newcombe 1998 (method 3): 81/263 gives 0.2553 to 0.3662, 15/148 gives 0.0624 to 0.1605.
    #[test]
    fn wilson_is_as_published() {
        for (part, whole, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
        ] {
            let found = wilson(part, whole).unwrap();
            assert!((found.low - low).abs() < 6e-5 && (found.high - high).abs() < 6e-5, "{part}/{whole}: {found:?}");
        }
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let sorted = [1, 2, 3, 4, 5];
        for (share, value) in [(0.5, 3), (0.95, 5), (0.0, 1), (1.0, 5), (7.0, 5)] {
            assert_eq!(percentile(&sorted, share), Some(value), "{share}");
        }
        assert_eq!(percentile::<u8>(&[], 0.5), None);
    }

    #[test]
    fn a_percentile_of_few_values_says_nothing() {
        for (share, least) in [(0.5, 1), (0.9, 10), (0.95, 20), (0.99, 100)] {
            for values in 0..300 {
                assert_eq!(telling_rank(values, share).is_some(), values >= least, "{share} of {values}");
            }
        }
        assert_eq!((telling_rank(20, 0.95), telling_rank(3, 1.0)), (Some(19), Some(3)));
    }
}
