//! Which version broke a prompt: a search between a good one and a bad one that takes a step for good or bad only where a test
//! says so.

use serde::Serialize;

use crate::eval::{
    evidence::LEVEL,
    improve::{FlipCounts, shuffled},
    stats::{holm, sign_test},
};

/// What a step shows of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// It is not shown to be worse than the good end, and shown to be better than the bad end.
    Good,
    /// It is shown to be worse than the good end.
    Bad,
    /// Neither is shown.
    Undecided,
}

impl StepVerdict {
    /// Judges a version by how it stands against the good end and against the bad end, at the level that is left for a step.
    #[must_use]
    pub fn of(good: FlipCounts, bad: FlipCounts, level: f64) -> Self {
        let shown = |standing: FlipCounts| sign_test(standing.fixed, standing.broken) < level;
        match () {
            () if shown(good) && good.net() < 0 => Self::Bad,
            () if shown(bad) && bad.net() > 0 => Self::Good,
            () => Self::Undecided,
        }
    }

    /// Names it in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Undecided => "undecided",
        }
    }
}

/// A search over the versions from a good one, the first, to a bad one, the last.
#[derive(Debug, Clone)]
pub struct Bisection {
    good: usize,
    bad: usize,
    undecided: Vec<usize>,
}

impl Bisection {
    /// Begins with so many versions, the ends included.
    #[must_use]
    pub fn new(versions: usize) -> Self {
        Self { good: 0, bad: versions.saturating_sub(1), undecided: Vec::new() }
    }

    /// Returns the version to try next: the one in the middle, or its nearest neighbour where that is undecided; none where
    /// nothing is left between what is known.
    #[must_use]
    pub fn next(&self) -> Option<usize> {
        let middle = usize::midpoint(self.good, self.bad);
        let open = (self.good + 1..self.bad).filter(|at| !self.undecided.contains(at));
        open.min_by_key(|at| at.abs_diff(middle))
    }

    /// Takes in what a step shows.
    pub fn take(&mut self, version: usize, verdict: StepVerdict) {
        match verdict {
            StepVerdict::Good => self.good = self.good.max(version),
            StepVerdict::Bad => self.bad = self.bad.min(version),
            StepVerdict::Undecided => self.undecided.push(version),
        }
    }

    /// Returns the last version that is known to be good, and the first that is known to be bad: the break lies between
    /// them, and is found where they are neighbours.
    #[must_use]
    pub fn between(&self) -> (usize, usize) {
        (self.good, self.bad)
    }
}

/// Returns the steps that a search over so many versions takes at least, and the level of each: all steps and the test of the
/// ends share one.
#[must_use]
pub fn steps(versions: usize) -> (u32, f64) {
    let between = versions.saturating_sub(1).max(1);
    let steps = usize::BITS - (between - 1).leading_zeros();
    (steps, LEVEL / f64::from(steps + 1))
}

/// Adjusts the p-values of all steps and of the ends for as many tests as they are (Holm).
#[must_use]
pub fn adjusted(values: &[f64]) -> Vec<f64> {
    holm(values)
}

/// Chooses the rows that steps ask, by whether each passed with the good and with the bad end, twice: those that flipped both
/// times, and as many others as there are, at least so many in all. A row that flipped once may have by chance.
#[must_use]
pub fn chosen(twice: &[[Option<(bool, bool)>; 2]], least: usize, seed: u64) -> Vec<usize> {
    let flips = |pair: &Option<(bool, bool)>| *pair == Some((true, false));
    let (flipped, others): (Vec<usize>, Vec<usize>) = shuffled(twice.len(), seed)
        .into_iter()
        .partition(|at| twice.get(*at).is_some_and(|both| both.iter().all(flips)));
    let wanted = flipped.len().max(least.saturating_sub(flipped.len()));
    let mut rows: Vec<usize> = flipped.into_iter().chain(others.into_iter().take(wanted)).collect();
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::stats::SplitMix;

    fn chance(rng: &mut SplitMix) -> f64 {
        (rng.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn a_search_takes_the_middle_and_goes_round_what_is_undecided() {
        let mut search = Bisection::new(9);
        assert_eq!(search.next(), Some(4));
        search.take(4, StepVerdict::Undecided);
        assert_eq!(search.next(), Some(3));
        search.take(3, StepVerdict::Good);
        assert_eq!(search.next(), Some(5));
        search.take(5, StepVerdict::Bad);
        assert_eq!(
            (search.next(), search.between()),
            (None, (3, 5)),
            "it lies between them, at the undecided one or after"
        );
        assert_eq!((steps(2).0, steps(3).0, steps(9).0, steps(10).0), (0, 1, 3, 4));
        assert_eq!(Bisection::new(2).next(), None);
    }

    #[test]
    fn rows_that_flipped_by_chance_are_no_more_than_others() {
        let twice: Vec<[Option<(bool, bool)>; 2]> = (0..60)
            .map(|at| match at % 6 {
                0 => [Some((true, false)); 2],
                1 => [Some((true, false)), Some((true, true))],
                _ => [Some((true, true)), None],
            })
            .collect();
        let rows = chosen(&twice, 20, 1);
        assert_eq!((rows.len(), rows.iter().filter(|row| **row % 6 == 0).count()), (20, 10));
        assert_eq!(chosen(&twice, 40, 1).len(), 40);
    }

    /// One version of ten takes 30 points away; rows of which a fifth passes at random are asked as the command asks them.
    #[test]
    fn a_planted_break_is_found() {
        let (runs, versions, rows) = (1000, 10, 100);
        let mut found = 0;
        for run in 0..runs {
            let mut rng = SplitMix::new(run);
            let broken_at = 1 + rng.below(versions - 1);
            let truth: Vec<(f64, f64)> = (0..rows)
                .map(|_| match chance(&mut rng) {
                    kind if kind < 0.2 => (0.7, 0.7),
                    kind if kind < 0.5 => (1.0, 0.0),
                    kind if kind < 0.85 => (1.0, 1.0),
                    _ => (0.0, 0.0),
                })
                .collect();
            let mut ask = |row: usize, version: usize| {
                let (good, bad) = truth[row];
                chance(&mut rng) < if version < broken_at { good } else { bad }
            };
            let (first, last) = (0, versions - 1);
            let ends: Vec<[Option<(bool, bool)>; 2]> =
                (0..rows).map(|row| [0, 1].map(|_| Some((ask(row, first), ask(row, last))))).collect();
            let (_, level) = steps(versions);
            let chosen = chosen(&ends, 40, run);
            // The ends answer the chosen rows once more, so that none is there because it was lucky.
            let anew: Vec<[bool; 2]> = chosen.iter().map(|row| [ask(*row, first), ask(*row, last)]).collect();
            let mut search = Bisection::new(versions);
            while let Some(version) = search.next() {
                let answers: Vec<bool> = chosen.iter().map(|row| ask(*row, version)).collect();
                let against = |end: usize| {
                    FlipCounts::of(anew.iter().zip(&answers).map(|(ends, own)| (Some(ends[end]), Some(*own))))
                };
                search.take(version, StepVerdict::of(against(0), against(1), level));
            }
            found += usize::from(search.between() == (broken_at - 1, broken_at));
        }
        assert!(found >= 950, "{found} of {runs}");
    }
}
