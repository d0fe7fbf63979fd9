//! The race of candidates over the tune rows: all on a few rows, the better half on twice as many, and so on. It claims
//! nothing, it only chooses whom the held-out rows are spent on.

use crate::eval::stats::{SplitMix, sign_test};

/// The rows after which the worse half is dropped; the last stretch goes to the end of the tune rows.
const RUNGS: [usize; 3] = [12, 24, 48];

/// The rows from which on a candidate that has shown no gain is out.
const TELLING: usize = 48;

/// How a candidate stands against the baseline on the rows that both have answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FlipCounts {
    /// Rows that pass with the candidate alone.
    pub fixed: u64,
    /// Rows that pass with the baseline alone.
    pub broken: u64,
}

impl FlipCounts {
    /// Counts rows, each by whether it passed with the baseline and with the candidate; those that were not judged with
    /// both are left out.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = (Option<bool>, Option<bool>)>) -> Self {
        pairs.into_iter().fold(Self::default(), |mut all, pair| {
            all.fixed += u64::from(pair == (Some(false), Some(true)));
            all.broken += u64::from(pair == (Some(true), Some(false)));
            all
        })
    }

    /// Returns the rows fixed less those broken.
    #[must_use]
    pub fn net(self) -> i64 {
        self.fixed.cast_signed() - self.broken.cast_signed()
    }
}

/// A candidate in the race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contender {
    /// Its place among the candidates, counted from 0.
    pub candidate: usize,
    pub standing: FlipCounts,
    /// The rows it was tried on.
    pub rows: usize,
    /// Whether it is out.
    pub dropped: bool,
}

/// Successive halving by a factor of 2 (Jamieson and Talwalkar 2016, AISTATS 51:240).
#[derive(Debug, Clone)]
pub struct Race {
    order: Vec<usize>,
    rungs: Vec<usize>,
    at: usize,
    contenders: Vec<Contender>,
}

impl Race {
    /// Begins a race of so many candidates over so many tune rows, whose order the seed draws.
    #[must_use]
    pub fn new(rows: usize, candidates: usize, seed: u64) -> Self {
        let order = shuffled(rows, seed);
        let mut rungs: Vec<usize> = RUNGS.into_iter().filter(|rung| *rung < rows).collect();
        rungs.push(rows);
        let of = |candidate| Contender { candidate, standing: FlipCounts::default(), rows: 0, dropped: false };
        Self { order, rungs, at: 0, contenders: (0..candidates).map(of).collect() }
    }

    /// Returns the rows of the next rung, those of the rungs before among them, by their places among the tune rows; none
    /// where the race is over.
    #[must_use]
    pub fn rows(&self) -> Option<&[usize]> {
        let rung = *self.rungs.get(self.at)?;
        self.in_race().next()?;
        self.order.get(..rung)
    }

    /// Lists the candidates that are still in it.
    pub fn in_race(&self) -> impl Iterator<Item = usize> + '_ {
        self.contenders.iter().filter(|contender| !contender.dropped).map(|contender| contender.candidate)
    }

    /// Lists all candidates, with how far each came.
    #[must_use]
    pub fn contenders(&self) -> &[Contender] {
        &self.contenders
    }

    /// Takes in how each candidate stands after a rung, and drops those that broke more than they fixed, and from 48 rows on
    /// those that fixed no more; then all but half of those that ran: at least two stay to the last rung, and with the last
    /// one that stays all who did as well.
    pub fn take(&mut self, standings: impl Fn(usize) -> FlipCounts) {
        let Some(rung) = self.rungs.get(self.at).copied() else { return };
        self.at += 1;
        let is_last = self.at == self.rungs.len();
        let kept = if is_last { 1 } else { self.in_race().count().div_ceil(2).max(2) };
        let least = i64::from(rung >= TELLING);
        let mut left: Vec<(usize, FlipCounts)> = Vec::new();
        for contender in self.contenders.iter_mut().filter(|contender| !contender.dropped) {
            contender.standing = standings(contender.candidate);
            contender.rows = rung;
            contender.dropped = contender.standing.net() < least;
            if !contender.dropped {
                left.push((contender.candidate, contender.standing));
            }
        }
        left.sort_by_key(|(candidate, standing)| (-standing.net(), standing.broken, *candidate));
        let worst = left.get(kept - 1).map(|(_, standing)| standing.net()).filter(|_| !is_last);
        for (candidate, _) in left.into_iter().skip(kept).filter(|(_, standing)| Some(standing.net()) != worst) {
            if let Some(contender) = self.contenders.get_mut(candidate) {
                contender.dropped = true;
            }
        }
    }

    /// Returns the candidate that goes to the held-out rows: the one that is left, if it fixed more than it broke.
    #[must_use]
    pub fn finalist(&self) -> Option<usize> {
        let last = self.contenders.iter().find(|contender| !contender.dropped)?;
        (self.at == self.rungs.len() && last.standing.net() > 0).then_some(last.candidate)
    }
}

/// Draws an order of so many rows (Fisher and Yates, as Durstenfeld 1964 has it).
#[must_use]
pub fn shuffled(rows: usize, seed: u64) -> Vec<usize> {
    let (mut order, mut rng): (Vec<usize>, _) = ((0..rows).collect(), SplitMix::new(seed));
    for end in (1..rows).rev() {
        order.swap(end, rng.below(end + 1));
    }
    order
}

/// Tells whether the rows fixed and broken can show no gain any more, whatever the rows to come do, at a level. Stopping
/// then costs nothing of the level: it gives up a chance and takes none.
#[must_use]
pub fn is_hopeless(standing: FlipCounts, to_come: u64, level: f64) -> bool {
    let most = standing.fixed.saturating_add(to_come);
    most <= standing.broken || sign_test(most, standing.broken) >= level
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Evidence, RowPair, evidence::Conclusion};

    /// `scipy.stats.binomtest(fixed + left, fixed + left + broken).pvalue` of `SciPy` 1.12.
    #[test]
    fn the_test_ends_once_no_gain_can_be_shown() {
        for (fixed, broken, left, hopeless, p) in
            [(3, 5, 10, true, 0.0963), (5, 5, 11, false, 0.0266), (0, 2, 9, true, 0.0654), (0, 9, 0, true, 1.0)]
        {
            assert_eq!(is_hopeless(FlipCounts { fixed, broken }, left, 0.03), hopeless);
            let found = sign_test(fixed + left, broken);
            assert!(fixed + left <= broken || (found - p).abs() < 6e-5, "{found}");
        }
        assert!(is_hopeless(FlipCounts { fixed: 7, broken: 0 }, 0, 0.01), "0.0156 is not below a third of 0.03");
    }

    #[test]
    fn the_better_half_goes_on_and_what_breaks_more_than_it_fixes_is_out_at_once() {
        let mut race = Race::new(100, 6, 1);
        assert_eq!(race.rows().map(<[usize]>::len), Some(12));
        let nets = [(3, 0), (0, 1), (2, 1), (1, 0), (0, 0), (1, 2)];
        let of = |candidate: usize| FlipCounts { fixed: nets[candidate].0, broken: nets[candidate].1 };
        race.take(of);
        assert_eq!(
            race.in_race().collect::<Vec<_>>(),
            [0, 2, 3],
            "two broke more than they fixed, of the other four one goes"
        );
        assert_eq!(race.rows().map(<[usize]>::len), Some(24));
        race.take(of);
        assert_eq!(race.in_race().collect::<Vec<_>>(), [0, 2, 3], "the second and the third did as well");
        race.take(of);
        assert_eq!(race.rows().map(<[usize]>::len), Some(100));
        assert_eq!(race.finalist(), None, "the race is not over");
        race.take(of);
        assert_eq!((race.rows(), race.finalist()), (None, Some(0)));
        let mut rows = Race::new(100, 1, 7).order;
        assert_ne!(rows, Race::new(100, 1, 8).order);
        rows.sort_unstable();
        assert_eq!(rows, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_reaches_the_held_out_rows_without_a_gain() {
        let mut race = Race::new(10, 2, 1);
        race.take(|_| FlipCounts { fixed: 1, broken: 1 });
        assert_eq!((race.rows(), race.finalist()), (None, None));
        let mut race = Race::new(100, 2, 1);
        race.take(|_| FlipCounts { fixed: 0, broken: 1 });
        assert_eq!((race.rows(), race.finalist()), (None, None), "with none left it is over");
    }

    /// How often one of six candidates is called better, and how often it is the one that is.
    struct Simulated {
        better: usize,
        planted: usize,
    }

    /// Improves a prompt many times over rows of which a share passes at random, in 7 of 10 cases, and every other one comes
    /// out the same each time. One candidate turns so large a share of the rows from failing to passing; the other five change nothing.
    fn simulate(runs: u64, rows: usize, random: f64, gain: f64) -> Simulated {
        let mut all = Simulated { better: 0, planted: 0 };
        for run in 0..runs {
            let mut rng = SplitMix::new(run * 7919 + rows as u64);
            let chance = |rng: &mut SplitMix| (rng.draw() >> 11) as f64 / (1_u64 << 53) as f64;
            // A row's chance to pass with the baseline, and with the planted candidate.
            let truth: Vec<(f64, f64)> = (0..rows)
                .map(|_| {
                    let (kind, fate) = (chance(&mut rng), chance(&mut rng));
                    let fails = (1.0 - random) * 0.5;
                    match () {
                        () if kind < random => (0.7, 0.7),
                        () if kind < random + fails => (0.0, if fate < gain / fails { 1.0 } else { 0.0 }),
                        () => (1.0, 1.0),
                    }
                })
                .collect();
            let planted = usize::try_from(run % 6).unwrap_or(0);
            let mut ask = |row: usize, candidate: Option<usize>| {
                let (base, better) = truth[row];
                let share = if candidate == Some(planted) && gain > 0.0 { better } else { base };
                chance(&mut rng) < share
            };
            let half = rows / 2;
            let before: Vec<bool> = (0..half).map(|row| ask(row, None)).collect();
            let mut answers: Vec<Vec<Option<bool>>> = vec![vec![None; half]; 6];
            let mut race = Race::new(half, 6, run);
            while let Some(wanted) = race.rows().map(<[usize]>::to_vec) {
                for candidate in race.in_race() {
                    for row in &wanted {
                        answers[candidate][*row].get_or_insert_with(|| ask(*row, Some(candidate)));
                    }
                }
                race.take(|candidate| {
                    FlipCounts::of(wanted.iter().map(|row| (Some(before[*row]), answers[candidate][*row])))
                });
            }
            let Some(finalist) = race.finalist() else { continue };
            let (mut pairs, mut standing) = (Vec::new(), FlipCounts::default());
            for row in half..rows {
                if is_hopeless(standing, (rows - row) as u64, 0.03) {
                    break;
                }
                let pair = (Some(ask(row, None)), Some(ask(row, Some(finalist))));
                pairs.push(RowPair { a: pair.0, b: pair.1, ..RowPair::default() });
                let one = FlipCounts::of([pair]);
                standing = FlipCounts { fixed: standing.fixed + one.fixed, broken: standing.broken + one.broken };
            }
            if Evidence::of(pairs, 1).shown == Conclusion::Better {
                all.better += 1;
                all.planted += usize::from(finalist == planted);
            }
        }
        all
    }

    #[test]
    fn six_candidates_that_change_nothing_are_called_better_in_one_run_of_a_hundred_at_most() {
        for (rows, random) in [(100, 0.3), (200, 0.3), (400, 0.3), (200, 1.0)] {
            let found = simulate(3000, rows, random, 0.0);
            assert!(found.better <= 30, "{} of 3,000 at {rows} rows, {random} random", found.better);
        }
    }

    #[test]
    fn one_edit_that_helps_is_found_among_six() {
        for (rows, random, gain, least) in [(200, 0.2, 0.17, 800), (400, 0.2, 0.17, 900), (400, 0.3, 0.11, 600)] {
            let found = simulate(1000, rows, random, gain);
            assert!(found.planted >= least, "{} of 1,000 at {rows} rows, {gain} better", found.planted);
        }
    }
}
