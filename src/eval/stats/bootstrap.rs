//! The paired bootstrap of scores, with numbers anyone can draw again.

use super::{Interval, percentile};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
