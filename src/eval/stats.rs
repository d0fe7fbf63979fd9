//! Statistics of comparisons: percentiles, intervals, tests and sizes, each with its source.
//!
//! For paired verdicts the exact sign test (`McNemar`'s); for paired scores the bootstrap, with numbers anyone can draw
//! again, and the randomization test, which asks nothing of how they are spread; for two shares over the same rows how far
//! apart they are, and how many rows it takes to see it.

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

/// Returns how likely so uneven a split is by chance: two-sided, from 0 to 1.
///
/// The exact binomial test of the discordant pairs (`McNemar` 1947, Psychometrika 12:153), without mid-p.
#[must_use]
pub fn sign_test(one: u64, other: u64) -> f64 {
    let (less, all) = (one.min(other), one.saturating_add(other));
    if one == other {
        return 1.0;
    }
    let (few, many) = (less as f64, all as f64);
    let log = ln_factorial(many) - ln_factorial(few) - ln_factorial(many - few) - many * std::f64::consts::LN_2;
    // the tail from its largest term down, each next one from the last
    let (mut term, mut sum, mut place) = (1.0, 1.0, few);
    while place > 0.0 && term > sum * 1e-17 {
        term *= place / (many - place + 1.0);
        sum += term;
        place -= 1.0;
    }
    (2.0 * log.exp() * sum).min(1.0)
}

/// The natural logarithm of n!, by Stirling's series (NIST DLMF 5.11.1) from 16 on.
fn ln_factorial(n: f64) -> f64 {
    let (mut x, mut below) = (n + 1.0, 0.0);
    while x < 16.0 {
        below += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - below
}

/// The draws one comparison may take at most, so that a large one does not hold up the screen.
const DRAWS: usize = 20_000_000;

/// A generator of equally likely 64-bit numbers from a seed: `SplitMix64` (Steele, Lea and Flood 2014).
#[derive(Debug, Clone, Copy)]
pub struct SplitMix(u64);

impl SplitMix {
    /// Starts at a seed; the same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`, or 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.draw()) * end as u128) >> 64) as usize
    }
}

/// Returns the mean of paired differences and its interval; `None` with fewer than two or one that is no number.
///
/// The percentile bootstrap (Efron and Tibshirani 1993, chapter 13) of 2,000 resamples, fewer (at least
/// 200) from 10,000 differences on.
#[must_use]
pub fn mean_difference(differences: &[f64], rng: &mut SplitMix) -> Option<(f64, Interval)> {
    let count = differences.len();
    if count < 2 || differences.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / count as f64;
    let mut means: Vec<f64> = (0..(DRAWS / count).clamp(200, 2000))
        .map(|_| {
            let drawn = (0..count).filter_map(|_| differences.get(rng.below(count)));
            drawn.sum::<f64>() / count as f64
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let (low, high) = percentile(&means, 0.025).zip(percentile(&means, 0.975))?;
    Some((mean, Interval { low, high }))
}

/// Differences up to which every choice of signs is tried.
const EXACT: usize = 15;
/// The signs one test may draw at most.
const FLIP_DRAWS: usize = 20_000_000;

/// Returns how likely a mean so far from 0 is by chance: two-sided, from 0 to 1; `None` with a difference
/// that is no number, or without any.
///
/// Fisher's randomisation test (The Design of Experiments, 1935, section 21): by chance each difference
/// could as well have had the other sign. Exact up to 15 differences other than 0; above that, 2,000 draws,
/// fewer (at least 200) from 10,000 differences on, the observed one counted with them (Phipson and Smyth 2010).
#[must_use]
pub fn flip_test(differences: &[f64], rng: &mut SplitMix) -> Option<f64> {
    if differences.is_empty() || differences.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let sizes: Vec<f64> = differences.iter().map(|value| value.abs()).filter(|size| *size > 0.0).collect();
    // the same sum in another order may differ in its last digits
    let least = differences.iter().sum::<f64>().abs() - 1e-9 * sizes.iter().sum::<f64>();
    let far = |signs: &mut dyn FnMut() -> u64| flipped(&sizes, signs).abs() >= least;
    if sizes.len() <= EXACT {
        let all = 1_u64 << sizes.len();
        let count = (0..all).filter(|signs| far(&mut || *signs)).count();
        return Some(count as f64 / all as f64);
    }
    let draws = (FLIP_DRAWS / sizes.len()).clamp(200, 2000);
    let count = (0..draws).filter(|_| far(&mut || rng.draw())).count();
    Some((count + 1) as f64 / (draws + 1) as f64)
}

/// Adds sizes up, each with a sign of its own: a bit of 1 takes it away.
fn flipped(sizes: &[f64], signs: &mut dyn FnMut() -> u64) -> f64 {
    let mut sum = 0.0;
    for some in sizes.chunks(64) {
        let mut bits = signs();
        for size in some {
            sum += if bits & 1 == 1 { -size } else { *size };
            bits >>= 1;
        }
    }
    sum
}

/// The quantile of the normal distribution for a power of 80 %.
const POWER: f64 = 0.841_621_233_572_914_3;

/// Rows by how they went with A and with B.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paired {
    /// Both passed.
    pub both: u64,
    /// A alone passed.
    pub first: u64,
    /// B alone passed.
    pub second: u64,
    /// None passed.
    pub neither: u64,
}

/// Returns how much larger B's share is than A's, from -1 to 1, and its interval; `None` without rows.
///
/// Method 10 of Newcombe 1998, Statistics in Medicine 17:2635: Wilson's intervals, joined with the
/// correlation of the pairs.
#[must_use]
pub fn difference(rows: Paired) -> Option<(f64, Interval)> {
    let Paired { both, first, second, neither } = rows;
    let all = both + first + second + neither;
    let (old, new) = (wilson(both + first, all)?, wilson(both + second, all)?);
    let n = all as f64;
    let [pass, one, other, fail] = [both, first, second, neither].map(|count| count as f64);
    let (p_old, p_new) = ((pass + one) / n, (pass + other) / n);
    let cross = pass * fail - one * other;
    let cross = if cross > 0.0 { (cross - n / 2.0).max(0.0) } else { cross };
    let margins = ((pass + one) * (other + fail)).sqrt() * ((pass + other) * (one + fail)).sqrt();
    let phi = if margins > 0.0 { cross / margins } else { 0.0 };
    let reach = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let middle = p_new - p_old;
    let low = (middle - reach(p_new - new.low, old.high - p_old)).max(-1.0);
    let high = (middle + reach(new.high - p_new, p_old - old.low)).min(1.0);
    Some((middle, Interval { low, high }))
}

/// Returns how many rows in all it takes to see a difference with a power of 80 % at the level of a two-sided
/// quantile of the normal distribution. `discordant` is the share of rows that pass with one alone; it is at
/// least the difference. `None` if the difference is not above 0 and at most 1.
///
/// Connor 1987, Biometrics 43:207.
#[must_use]
pub fn rows_needed(discordant: f64, difference: f64, quantile: f64) -> Option<u64> {
    if !(difference > 0.0 && difference <= 1.0) || discordant.is_nan() {
        return None;
    }
    let share = discordant.clamp(difference, 1.0);
    let root = quantile * share.sqrt() + POWER * (share - difference * difference).max(0.0).sqrt();
    Some((root / difference).powi(2).ceil() as u64)
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
