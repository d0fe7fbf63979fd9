//! Two shares over the same rows: how far apart they are, and how many rows it takes to see it.

use super::{Interval, wilson};

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
