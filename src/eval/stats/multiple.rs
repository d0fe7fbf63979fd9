//! Many tests at once: p-values adjusted so that a list of them does not find what is not there.

/// Adjusts p-values so that the chance of a single wrong finding among all stays at the level. In the order given.
///
/// Holm 1979 (Scandinavian Journal of Statistics 6:65): the largest of `(m - j + 1) p(j)` up to each, at most 1.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let (mut adjusted, mut largest) = (vec![1.0; p.len()], 0.0_f64);
    for (at, place) in order.iter().enumerate() {
        let own = p.get(*place).copied().unwrap_or(1.0) * (p.len() - at) as f64;
        largest = largest.max(own.min(1.0));
        if let Some(slot) = adjusted.get_mut(*place) {
            *slot = largest;
        }
    }
    adjusted
}

/// Adjusts p-values so that of all findings the expected share of wrong ones stays at the level. In the order given.
///
/// Benjamini and Hochberg 1995 (Journal of the Royal Statistical Society B 57:289): the least of `m p(j) / j` from each on.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let (mut adjusted, mut least) = (vec![1.0; p.len()], 1.0_f64);
    for (at, place) in order.iter().enumerate().rev() {
        let own = p.get(*place).copied().unwrap_or(1.0) * p.len() as f64 / (at + 1) as f64;
        least = least.min(own);
        if let Some(slot) = adjusted.get_mut(*place) {
            *slot = least;
        }
    }
    adjusted
}

/// Lists the places of values from the least to the largest.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| {
        let of = |place: &usize| values.get(*place).copied().unwrap_or(1.0);
        of(one).total_cmp(&of(other))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], wanted: &[f64]) {
        assert_eq!(found.len(), wanted.len());
        for (found_one, wanted_one) in found.iter().zip(wanted) {
            assert!((found_one - wanted_one).abs() < 1e-6, "{found:?}, not {wanted:?}");
        }
    }

    /// The fifteen p-values of Benjamini and Hochberg 1995, section 4.2: Holm rejects 3 and theirs 4 at 5 %. The other values
    /// are those of `statsmodels.stats.multitest.multipletests(p, method="holm")` and `"fdr_bh"`.
    #[test]
    fn adjusted_values_are_as_published() {
        near(&holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]);
        near(&benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]), &[0.02, 0.04, 0.04, 0.02]);
        let published = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let rejected = |adjusted: Vec<f64>| adjusted.into_iter().filter(|p| *p < 0.05).count();
        assert_eq!((rejected(holm(&published)), rejected(benjamini_hochberg(&published))), (3, 4));
        let first: Vec<f64> = benjamini_hochberg(&published).into_iter().take(8).collect();
        near(&first, &[0.0015, 0.003, 0.0095, 0.035_625, 0.0603, 0.063_857, 0.063_857, 0.0645]);
    }

    #[test]
    fn one_test_is_left_as_it_is_and_none_gives_none() {
        near(&holm(&[0.2]), &[0.2]);
        near(&benjamini_hochberg(&[0.2]), &[0.2]);
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
    }
}
