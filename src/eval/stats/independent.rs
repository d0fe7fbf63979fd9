//! Two shares over different rows: how far apart they are.

use super::{Interval, wilson};

/// Returns how much larger the second share is than the first, from -1 to 1, and its interval; each share
/// is a part and a whole. `None` where a whole is 0.
///
/// Method 10 of Newcombe 1998, Statistics in Medicine 17:873: Wilson's intervals, joined by squares.
#[must_use]
pub fn difference_of(first: (u64, u64), second: (u64, u64)) -> Option<(f64, Interval)> {
    let (old, new) = (wilson(first.0, first.1)?, wilson(second.0, second.1)?);
    let share = |(part, whole): (u64, u64)| part.min(whole) as f64 / whole as f64;
    let (p_old, p_new) = (share(first), share(second));
    let by = p_new - p_old;
    let low = (by - (p_new - new.low).hypot(old.high - p_old)).max(-1.0);
    let high = (by + (new.high - p_new).hypot(p_old - old.low)).min(1.0);
    Some((by, Interval { low, high }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with statsmodels: `confint_proportions_2indep(part, whole, part, whole, method="newcomb")`, the
    /// second share first.
    #[test]
    fn differences_are_as_computed_elsewhere() {
        for (second, first, low, high) in [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((10, 10), (0, 20), 0.6791, 1.0),
            ((10, 10), (0, 10), 0.6075, 1.0),
        ] {
            let (by, found) = difference_of(first, second).unwrap();
            assert!(
                (found.low - low).abs() < 6e-5 && (found.high - high).abs() < 6e-5,
                "{second:?} {first:?} {found:?}"
            );
            let (back, turned) = difference_of(second, first).unwrap();
            assert!((by + back).abs() < 1e-12 && (turned.low + found.high).abs() < 1e-12, "{turned:?}");
        }
        assert_eq!(difference_of((0, 0), (1, 2)), None);
    }
}
