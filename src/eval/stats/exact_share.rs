//! The exact interval of a share: that of Clopper and Pearson.

use crate::eval::stats::{Interval, paired_test::ln_factorial};

/// Halvings of the stretch in which an end of the interval is looked for: as many as a float can tell apart.
const HALVINGS: usize = 60;

/// Returns the exact interval of a share of which `part` of `whole` were seen, with the chance `tail` beyond each end: 0.025
/// for a two-sided interval of 95 %, 0.05 for a bound of 95 % on one side. None without any.
///
/// Clopper and Pearson 1934 (Biometrika 26:404).
#[must_use]
pub fn exact_share(part: u64, whole: u64, tail: f64) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let part = part.min(whole);
    let low = if part == 0 { 0.0 } else { halved(|share| at_least(part, whole, share) < tail) };
    let high = if part == whole { 1.0 } else { halved(|share| at_least(part + 1, whole, share) < 1.0 - tail) };
    Some(Interval { low, high })
}

/// Finds the share from 0 to 1 up to which something holds.
fn halved(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Returns the chance of at least `part` of `whole` where each has the chance `share`.
pub(crate) fn at_least(part: u64, whole: u64, share: f64) -> f64 {
    let n = whole as f64;
    let (yes, no) = (share.ln(), (-share).ln_1p());
    let term = |count: u64| {
        let k = count as f64;
        (ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k) + k * yes + (n - k) * no).exp()
    };
    (part..=whole).map(term).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::stats::wilson;

    /// `scipy.stats.binomtest(part, whole).proportion_ci(0.90, method="exact").low` of `SciPy` 1.12.
    #[test]
    fn one_sided_bounds_are_as_computed_elsewhere() {
        for (part, whole, low) in [(45, 50, 0.8012), (95, 100, 0.8977), (190, 200, 0.9167)] {
            let found = exact_share(part, whole, 0.05).unwrap().low;
            assert!((found - low).abs() < 6e-5, "{part}/{whole} {found}");
        }
        // So many right ones without a wrong one show these shares.
        for (whole, share) in [(14, 0.8), (29, 0.9), (59, 0.95), (299, 0.99)] {
            let low = |whole| exact_share(whole, whole, 0.05).unwrap().low;
            assert!(low(whole) >= share && low(whole - 1) < share, "{whole}");
        }
    }

    /// `exact_share` of none is 1 - tail^(1/n) above and 0 below; the other way round by symmetry.
    #[test]
    fn the_ends_are_exact_and_mirror_each_other() {
        let none = exact_share(0, 20, 0.025).unwrap();
        assert!(none.low == 0.0 && (none.high - (1.0 - 0.025_f64.powf(0.05))).abs() < 1e-9, "{none:?}");
        for (part, whole) in [(3, 10), (1, 29), (50, 100)] {
            let (own, other) =
                (exact_share(part, whole, 0.025).unwrap(), exact_share(whole - part, whole, 0.025).unwrap());
            assert!((own.low + other.high - 1.0).abs() < 1e-9 && (own.high + other.low - 1.0).abs() < 1e-9);
            let narrow = wilson(part, whole).unwrap();
            assert!(own.high - own.low > narrow.high - narrow.low, "it is never too narrow");
        }
        assert_eq!(exact_share(0, 0, 0.05), None);
    }
}
