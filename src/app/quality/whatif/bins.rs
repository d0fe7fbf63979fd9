//! How often which value was measured, between round thresholds, with what people found of the answers.

use crate::eval::whatif::Measured;

/// What was measured from one round threshold up to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Answers.
    pub all: u64,
    /// Those among them that were found right.
    pub right: u64,
    /// Those that were found wrong.
    pub wrong: u64,
}

/// Counts the answers that the threshold decides on between round thresholds, ascending; each bin comes with
/// the threshold it begins at, and the last holds what is that threshold exactly.
pub(super) fn bins(edges: &[f64], judged: &[Measured]) -> Vec<(f64, Bin)> {
    let mut bins: Vec<(f64, Bin)> = edges.iter().map(|edge| (*edge, Bin::default())).collect();
    for measured in judged {
        let Some(value) = measured.point().value.filter(|value| value.is_finite()) else {
            continue;
        };
        let at = edges.partition_point(|edge| *edge <= value).saturating_sub(1);
        if let Some((_, bin)) = bins.get_mut(at) {
            bin.all += 1;
            bin.right += u64::from(measured.right == Some(true));
            bin.wrong += u64::from(measured.right == Some(false));
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_bin_of_the_threshold_below_it() {
        let of = |value, right| Measured { seq: 1, value: Some(value), decides: true, rest: true, right };
        let judged = [
            of(0.2, Some(true)),
            of(0.29, Some(false)),
            of(0.3, None),
            of(0.4, None),
            Measured { decides: false, ..of(0.3, None) },
            of(f64::INFINITY, None),
        ];
        let bin = |all, right, wrong| Bin { all, right, wrong };
        let want = [(0.2, bin(2, 1, 1)), (0.3, bin(1, 0, 0)), (0.4, bin(1, 0, 0))];
        assert_eq!(bins(&[0.2, 0.3, 0.4], &judged), want);
        assert!(bins(&[], &judged).is_empty());
    }
}
