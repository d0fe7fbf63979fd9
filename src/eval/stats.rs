//! Statistics of comparisons: intervals of shares, percentiles and paired tests, each with its source.

pub(crate) mod agreement;
pub(crate) mod calibration;
pub(crate) mod exact_share;
pub(crate) mod fisher;
pub(crate) mod multiple;
pub(crate) mod paired_test;
pub(crate) mod percentile;
pub(crate) mod preference;

use serde::{Deserialize, Serialize};

pub(crate) use crate::eval::stats::paired_test::{Bootstrap, SignFlips};
pub use crate::eval::stats::{
    agreement::{Coefficient, Confusion, Distance, LengthBias, PositionBias, alpha},
    calibration::{
        Calibration, ConfidenceGroup, NotShown, PrecisionThreshold, StatedAnswer, answers_needed, precision_threshold,
    },
    exact_share::exact_share,
    fisher::fisher,
    multiple::{benjamini_hochberg, holm},
    paired_test::{Paired, SplitMix, difference, flip_test, mean_difference, rows_needed, sign_test},
    percentile::{percentile, rank, telling_rank},
    preference::{Advantage, NotConnected, PairVotes, Preferences, Strengths},
};

/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A 95 % interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::stats::Z;

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
    /// `scipy.stats.binomtest(one, one + other).pvalue` of `SciPy`.
    #[test]
    fn the_sign_test_is_as_computed_elsewhere() {
        for (one, other, p) in [
            (14, 3, 0.012_725_830_078_125),
            (0, 0, 1.0),
            (0, 1, 1.0),
            (0, 6, 0.03125),
            (5, 5, 1.0),
            (2, 12, 0.012_939_453_125),
            (40, 60, 0.056_887_933_640_980_89),
            (499_000, 501_000, 0.045_608_299_865_389_6),
            (450, 550, 0.001_730_536_084_976_302_7),
        ] {
            let found = sign_test(one, other);
            assert!((found / p - 1.0).abs() < 1e-7, "{one}:{other} {found} {p}");
            assert_eq!(found.to_bits(), sign_test(other, one).to_bits());
        }
    }
    /// The first numbers of the reference implementation <https://prng.di.unimi.it/splitmix64.c> for seed 1234567.
    #[test]
    fn numbers_are_those_of_the_reference() {
        let mut rng = SplitMix::new(1_234_567);
        assert_eq!(
            [rng.draw(), rng.draw(), rng.draw()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    /// Of the means of 0 and 1 drawn 400 times, 95 % lie within 0.5 ± 1.96 · 0.5 / √400 = 0.451 to 0.549.
    #[test]
    fn the_interval_is_that_of_the_mean() {
        let values: Vec<f64> = (0..400).map(|n| f64::from(n % 2)).collect();
        let (mean, found) = mean_difference(&values, &mut SplitMix::new(1)).unwrap();
        assert!((mean - 0.5).abs() < 1e-12);
        assert!((found.low - 0.451).abs() < 0.006 && (found.high - 0.549).abs() < 0.006, "{found:?}");
        assert_eq!(mean_difference(&values, &mut SplitMix::new(1)), Some((mean, found)));
        assert_eq!(mean_difference(&[1.0], &mut SplitMix::new(1)), None);
        assert_eq!(mean_difference(&[1.0, f64::NAN], &mut SplitMix::new(1)), None);
    }
    /// Darwin's crossed and self-fertilised maize, in eighths of an inch.
    const MAIZE: [f64; 15] = [49., -67., 8., 16., 6., 23., 28., 41., 14., 29., 56., 24., 75., 60., -48.];

    /// Fisher 1935, section 21: 863 of the 32,768 sums reach 314 on one side, so that p is 1726/32768;
    /// `scipy.stats.permutation_test((maize,), np.mean, permutation_type="samples", n_resamples=np.inf)` says the same.
    #[test]
    fn fishers_example_is_as_published() {
        let p = flip_test(&MAIZE, &mut SplitMix::new(1)).unwrap();
        assert!((p - 1726.0 / 32768.0).abs() < 1e-12, "{p}");
        let less = MAIZE.map(|value| -value / 10.0);
        assert!((flip_test(&less, &mut SplitMix::new(1)).unwrap() - p).abs() < 1e-12);
    }

    /// Maize beside itself: `scipy.stats.permutation_test((twice,), np.mean, permutation_type="samples",
    /// n_resamples=1_000_000, rng=1)` of `SciPy` gives 0.00509; 2,000 draws come
    /// within three standard errors, 0.0048.
    #[test]
    fn many_differences_are_drawn() {
        let twice = [MAIZE, MAIZE].concat();
        let p = flip_test(&twice, &mut SplitMix::new(1)).unwrap();
        assert!((p - 0.00509).abs() < 0.0048, "{p}");
        assert_eq!(flip_test(&twice, &mut SplitMix::new(1)), Some(p));
    }

    #[test]
    fn hardly_anything_shows_nothing() {
        for (differences, p) in [
            (&[][..], None),
            (&[f64::NAN, 1.0], None),
            (&[0.0, 0.0], Some(1.0)),
            (&[1.0], Some(1.0)),
            (&[1.0, 1.0], Some(0.5)),
            (&[0.1, 0.2, -0.3], Some(1.0)),
        ] {
            assert_eq!(flip_test(differences, &mut SplitMix::new(1)), p, "{differences:?}");
        }
    }
    /// Method 10 written out in Python over `proportion_confint(…, method="wilson")` of statsmodels.
    #[test]
    fn the_difference_is_as_computed_elsewhere() {
        for ((both, first, second, neither), low, high) in [
            ((36, 12, 2, 0), -0.340_427_602_9, -0.056_929_584_0),
            ((60, 3, 14, 23), 0.029_342_671_3, 0.189_357_251_8),
            ((0, 0, 0, 10), -0.277_532_799_9, 0.277_532_799_9),
            ((20, 0, 0, 30), -0.040_380_331_6, 0.040_380_331_6),
            ((1, 97, 0, 2), -0.986_672_375_9, -0.903_065_697_4),
            ((200_000, 100_000, 110_000, 590_000), 0.009_102_035_2, 0.010_897_947_4),
        ] {
            let (_, found) = difference(Paired { both, first, second, neither }).unwrap();
            assert!((found.low - low).abs() < 1e-9 && (found.high - high).abs() < 1e-9, "{both} {first}: {found:?}");
        }
        assert_eq!(difference(Paired::default()), None);
    }

    /// `ceil((z·√share + z(.8)·√(share - d²))² / d²)` with `scipy.stats.norm.ppf`, z that of 0.975 and of 0.985.
    #[test]
    fn rows_needed_are_as_computed_elsewhere() {
        for (share, apart, rows, more) in
            [(0.2, 0.1, 155, 179), (0.2, 0.05, 626, 724), (0.05, 0.05, 155, 179), (0.5, 0.05, 1568, 1812)]
        {
            assert_eq!(rows_needed(share, apart, Z), Some(rows), "{share} {apart}");
            assert_eq!(rows_needed(share, apart, 2.170_090_377_584_56), Some(more), "{share} {apart}");
        }
        assert_eq!(rows_needed(0.0, 0.05, Z), rows_needed(0.05, 0.05, Z));
        for bad in [0.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(rows_needed(0.2, bad, Z), None);
        }
    }
}
