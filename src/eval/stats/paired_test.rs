//! Paired tests: of verdicts the exact sign test (`McNemar`'s), of scores the bootstrap, with numbers anyone can draw again,
//! and the randomization test, which asks nothing of how they are spread; of two shares over the same rows how far apart
//! they are, and how many rows it takes to see it.

use crate::eval::stats::{Interval, percentile, wilson};

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
pub(crate) fn ln_factorial(n: f64) -> f64 {
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
    let mut bootstrap = Bootstrap::of(differences)?;
    while !bootstrap.draw(differences, rng) {}
    bootstrap.interval()
}

/// What [`mean_difference`] does, a resample at a time.
#[derive(Debug, Clone)]
pub(crate) struct Bootstrap {
    mean: f64,
    /// Those of the resamples so far.
    means: Vec<f64>,
    /// Resamples that are drawn in all.
    draws: usize,
}

impl Bootstrap {
    pub(crate) fn of(differences: &[f64]) -> Option<Self> {
        let count = differences.len();
        if count < 2 || differences.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let mean = differences.iter().sum::<f64>() / count as f64;
        Some(Self { mean, means: Vec::new(), draws: (DRAWS / count).clamp(200, 2000) })
    }

    /// Draws the next resample. Tells whether it was the last.
    pub(crate) fn draw(&mut self, differences: &[f64], rng: &mut SplitMix) -> bool {
        let count = differences.len();
        let drawn = (0..count).filter_map(|_| differences.get(rng.below(count)));
        self.means.push(drawn.sum::<f64>() / count as f64);
        self.means.len() >= self.draws
    }

    pub(crate) fn interval(mut self) -> Option<(f64, Interval)> {
        self.means.sort_unstable_by(f64::total_cmp);
        let (low, high) = percentile(&self.means, 0.025).zip(percentile(&self.means, 0.975))?;
        Some((self.mean, Interval { low, high }))
    }
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
    let mut flips = SignFlips::of(differences)?;
    while !flips.draw(rng) {}
    Some(flips.chance())
}

/// What [`flip_test`] does, a choice of signs at a time.
#[derive(Debug, Clone)]
pub(crate) struct SignFlips {
    sizes: Vec<f64>,
    least: f64,
    /// Choices that are drawn in all; every one is tried where there are few.
    draws: u64,
    made: u64,
    /// Choices that lie as far from 0 as what was observed.
    far: u64,
}

impl SignFlips {
    pub(crate) fn of(differences: &[f64]) -> Option<Self> {
        if differences.is_empty() || differences.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let sizes: Vec<f64> = differences.iter().map(|value| value.abs()).filter(|size| *size > 0.0).collect();
        // the same sum in another order may differ in its last digits
        let least = differences.iter().sum::<f64>().abs() - 1e-9 * sizes.iter().sum::<f64>();
        let draws =
            if sizes.len() <= EXACT { 1 << sizes.len() } else { (FLIP_DRAWS / sizes.len()).clamp(200, 2000) as u64 };
        Some(Self { sizes, least, draws, made: 0, far: 0 })
    }

    fn is_exact(&self) -> bool {
        self.sizes.len() <= EXACT
    }

    /// Tries the next choice. Tells whether it was the last.
    pub(crate) fn draw(&mut self, rng: &mut SplitMix) -> bool {
        let (every, exact) = (self.made, self.is_exact());
        let sum = flipped(&self.sizes, &mut || if exact { every } else { rng.draw() });
        self.far += u64::from(sum.abs() >= self.least);
        self.made += 1;
        self.made >= self.draws
    }

    pub(crate) fn chance(&self) -> f64 {
        if self.is_exact() {
            return self.far as f64 / self.draws as f64;
        }
        (self.far + 1) as f64 / (self.draws + 1) as f64
    }
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
