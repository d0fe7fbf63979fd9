//! The exact sign test, which is `McNemar`'s test of paired verdicts.

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
