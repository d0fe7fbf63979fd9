//! Many tests at once: p-values adjusted so that looking at many of them does not show what is not there.

/// Adjusts p-values so that the chance of even one false alarm among them stays below the level: for each, in the order
/// given, the smallest level at which its test still speaks.
///
/// Holm 1979, Scandinavian Journal of Statistics 6:65: of m sorted ones, the largest up to the i-th of (m - j + 1) p(j).
#[must_use]
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut most = 0.0_f64;
    adjusted(values, ascending(values), |rank, all, p| {
        most = most.max((all - rank) as f64 * p);
        most
    })
}

/// Adjusts p-values so that of those called a difference the expected share of false alarms stays below the level.
///
/// Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57:289: the least from the i-th on of m p(j) / j.
#[must_use]
pub fn benjamini_hochberg(values: &[f64]) -> Vec<f64> {
    let mut least = 1.0_f64;
    let mut order = ascending(values);
    order.reverse();
    adjusted(values, order, |rank, all, p| {
        least = least.min(all as f64 * p / (all - rank) as f64);
        least
    })
}

/// The places of values from the smallest on.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let value = |at: usize| values.get(at).copied().unwrap_or(1.0);
    order.sort_by(|one, other| value(*one).total_cmp(&value(*other)));
    order
}

/// Adjusts each value in an order, by its place in it, how many there are, and itself.
fn adjusted(values: &[f64], order: Vec<usize>, mut adjust: impl FnMut(usize, usize, f64) -> f64) -> Vec<f64> {
    let (all, mut out) = (values.len(), vec![1.0; values.len()]);
    for (rank, at) in order.into_iter().enumerate() {
        let value = adjust(rank, all, values.get(at).copied().unwrap_or(1.0)).min(1.0);
        if let Some(place) = out.get_mut(at) {
            *place = value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: &[f64], wanted: &[f64]) {
        assert!(
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(one, other)| (one - other).abs() < 1e-6),
            "{found:?} {wanted:?}"
        );
    }

    /// `statsmodels.stats.multitest.multipletests(p, method="holm")` and `"fdr_bh"` of statsmodels 0.15.
    #[test]
    fn p_values_are_adjusted_as_computed_elsewhere() {
        let values = [0.01, 0.04, 0.03, 0.005];
        near(&holm(&values), &[0.03, 0.06, 0.06, 0.02]);
        near(&benjamini_hochberg(&values), &[0.02, 0.04, 0.04, 0.02]);
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
        near(&holm(&[0.9, 0.8]), &[1.0, 1.0]);
    }

    /// The example of Benjamini and Hochberg 1995, section 4.1: of 15 tests Bonferroni and Holm reject 3 at 0.05, theirs 4.
    #[test]
    fn the_published_example_rejects_as_published() {
        let values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let rejected = |values: &[f64]| values.iter().filter(|p| **p < 0.05).count();
        let found = benjamini_hochberg(&values);
        assert_eq!((rejected(&holm(&values)), rejected(&found)), (3, 4));
        near(&found[..8], &[0.0015, 0.003, 0.0095, 0.035_625, 0.0603, 0.063_857_142, 0.063_857_142, 0.0645]);
    }
}
