//! The randomisation test of paired scores, which asks nothing of how they are spread.

use super::SplitMix;

/// Differences up to which every choice of signs is tried.
const EXACT: usize = 15;
/// The signs one test may draw at most.
const DRAWS: usize = 20_000_000;

/// Returns how likely a mean so far from 0 is by chance: two-sided, from 0 to 1; `None` with a difference
/// that is no number, or without any.
///
/// Fisher's randomisation test (The Design of Experiments, 1935, section 21): by chance each difference
/// could as well have had the other sign. Exact up to 15 differences other than 0; above that, 2,000 draws,
/// fewer (at least 200) from 10,000 differences on, the observed one counted with them (Phipson and Smyth 2010).
#[must_use]
pub fn flip_test(differences: &[f64], rng: &mut SplitMix) -> Option<f64> {
    if differences.is_empty() || differences.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let sizes: Vec<f64> = differences.iter().map(|value| value.abs()).filter(|size| *size > 0.0).collect();
    // the same sum in another order may differ in its last digits
    let least = differences.iter().sum::<f64>().abs() - 1e-9 * sizes.iter().sum::<f64>();
    let far = |signs: &mut dyn FnMut() -> u64| flipped(&sizes, signs).abs() >= least;
    if sizes.len() <= EXACT {
        let all = 1_u64 << sizes.len();
        let count = (0..all).filter(|signs| far(&mut || *signs)).count();
        return Some(count as f64 / all as f64);
    }
    let draws = (DRAWS / sizes.len()).clamp(200, 2000);
    let count = (0..draws).filter(|_| far(&mut || rng.draw())).count();
    Some((count + 1) as f64 / (draws + 1) as f64)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Darwin's crossed and self-fertilised maize, in eighths of an inch.
    const MAIZE: [f64; 15] = [49., -67., 8., 16., 6., 23., 28., 41., 14., 29., 56., 24., 75., 60., -48.];

    /// Fisher 1935, section 21: 863 of the 32,768 sums reach 314 on one side, so that p is 1726/32768;
    /// `scipy.stats.permutation_test((maize,), np.mean, permutation_type="samples", n_resamples=np.inf)` says the same.
    #[test]
    fn fishers_example_is_as_published() {
        let p = flip_test(&MAIZE, &mut SplitMix::new(1)).unwrap();
        assert!((p - 1726.0 / 32768.0).abs() < 1e-12, "{p}");
        let less = MAIZE.map(|value| -value / 10.0);
        assert!((flip_test(&less, &mut SplitMix::new(1)).unwrap() - p).abs() < 1e-12);
    }

    /// Maize beside itself: `scipy.stats.permutation_test((twice,), np.mean, permutation_type="samples",
    /// n_resamples=1_000_000, rng=1)` of `SciPy` gives 0.00509; 2,000 draws come
    /// within three standard errors, 0.0048.
    #[test]
    fn many_differences_are_drawn() {
        let twice = [MAIZE, MAIZE].concat();
        let p = flip_test(&twice, &mut SplitMix::new(1)).unwrap();
        assert!((p - 0.00509).abs() < 0.0048, "{p}");
        assert_eq!(flip_test(&twice, &mut SplitMix::new(1)), Some(p));
    }

    #[test]
    fn hardly_anything_shows_nothing() {
        for (differences, p) in [
            (&[][..], None),
            (&[f64::NAN, 1.0], None),
            (&[0.0, 0.0], Some(1.0)),
            (&[1.0], Some(1.0)),
            (&[1.0, 1.0], Some(0.5)),
            (&[0.1, 0.2, -0.3], Some(1.0)),
        ] {
            assert_eq!(flip_test(differences, &mut SplitMix::new(1)), p, "{differences:?}");
        }
    }
}
