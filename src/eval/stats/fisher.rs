//! Fisher's exact test: whether two shares of different tries differ.

use crate::eval::stats::paired_test::ln_factorial;

/// Returns how likely it is by chance that two shares, each `(part, whole)`, are so far apart: two-sided, from 0 to 1.
///
/// Fisher 1935 (The Design of Experiments, section 21.02): the tables with the same margins that are no likelier than this
/// one, as `R`'s `fisher.test` and `SciPy`'s `fisher_exact` sum them.
#[must_use]
pub fn fisher(first: (u64, u64), second: (u64, u64)) -> f64 {
    /// Tables whose chances differ by less are equally likely.
    const NEAR: f64 = 1e-7;
    let (one, other) = (first.0.min(first.1), second.0.min(second.1));
    let (own, all, part) = (first.1, first.1.saturating_add(second.1), one.saturating_add(other));
    if own == 0 || second.1 == 0 {
        return 1.0;
    }
    let choose = |n: u64, k: u64| ln_factorial(n as f64) - ln_factorial(k as f64) - ln_factorial((n - k) as f64);
    let whole = choose(all, part);
    let chance = |k: u64| (choose(own, k) + choose(second.1, part - k) - whole).exp();
    let (least, most) = (part.saturating_sub(second.1), part.min(own));
    let seen = chance(one);
    let sum: f64 = (least..=most).map(chance).filter(|chance| *chance <= seen * (1.0 + NEAR)).sum();
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.fisher_exact([[k, n - k], [l, m - l]]).pvalue`; the tea tasting (3 of 4 against 1 of 4) is Fisher's own,
    /// 34/70.
    #[test]
    fn it_is_as_computed_elsewhere() {
        for (first, second, p) in [
            ((3, 4), (1, 4), 34.0 / 70.0),
            ((10, 10), (6, 10), 0.086_687_306_501_547_96),
            ((5, 5), (1, 5), 0.047_619_047_619_047_616),
            ((15, 18), (7, 12), 0.209_835_453_4),
            ((3, 3), (0, 3), 0.1),
            ((6, 10), (4, 10), 0.656_281_411_4),
            ((5, 5), (0, 5), 0.007_936_507_936_507_936),
        ] {
            let found = fisher(first, second);
            assert!((found - p).abs() < 1e-4, "{first:?} {second:?}: {found}, not {p}");
            assert!((found - fisher(second, first)).abs() < 1e-12, "{first:?} {second:?}");
        }
    }

    #[test]
    fn nothing_tried_shows_nothing() {
        for (first, second) in [((0, 0), (0, 9)), ((3, 3), (0, 0)), ((5, 5), (5, 5)), ((0, 5), (0, 9))] {
            let p = fisher(first, second);
            assert!((p - 1.0).abs() < 1e-9, "{first:?} {second:?} {p}");
        }
        assert!(fisher((9, 3), (0, 3)) < 0.11, "more than all are all");
    }
}
