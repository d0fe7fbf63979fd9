//! Who wins where answers are compared two by two: strengths by the model of Bradley and Terry (1952, Biometrika 39:324),
//! with ties as Davidson has them (1970, Journal of the American Statistical Association 65:317).

#![allow(clippy::indexing_slicing, reason = "matrices of one size, indexed within it")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::eval::stats::{Interval, Z};

/// Rounds after which the strengths are taken as they are.
const ROUNDS: usize = 100_000;

/// How much a strength may still move, as a share of itself, where it is taken as found.
const STILL: f64 = 1e-12;

/// The votes on one pair of contenders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairVotes {
    /// Votes for the first.
    pub first: u64,
    /// Votes for the second.
    pub second: u64,
    pub ties: u64,
}

impl PairVotes {
    fn all(self) -> u64 {
        self.first + self.second + self.ties
    }
}

/// The votes on each pair of contenders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    contenders: usize,
    /// By the places of the two, the smaller one first.
    pairs: BTreeMap<(usize, usize), PairVotes>,
}

/// Why the strengths of contenders cannot be told: by the votes, one side of them is better or worse without bound (Ford
/// 1957, American Mathematical Monthly 64:28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotConnected {
    /// The contenders, those of one group comparable with each other; a single group where only ties are too many.
    pub groups: Vec<Vec<usize>>,
}

/// The strengths of contenders.
#[derive(Debug, Clone, PartialEq)]
pub struct Strengths {
    /// How strong each is; they sum up to 1.
    pub worth: Vec<f64>,
    /// Davidson's parameter of ties; 0 where there was none.
    pub tie: f64,
    /// The covariance of the logarithms of all strengths against that of the last contender.
    covariance: Vec<Vec<f64>>,
}

/// By how much one contender is stronger than another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Advantage {
    /// The logarithm of the ratio of their strengths.
    pub log_ratio: f64,
    /// Its standard error.
    pub error: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

impl Advantage {
    /// Returns the share of the decided votes that the first is expected to win, from 0 to 1, with its interval.
    #[must_use]
    pub fn share(&self) -> (f64, Interval) {
        let share = |log: f64| 1.0 / (1.0 + (-log).exp());
        (share(self.log_ratio), Interval { low: share(self.interval.low), high: share(self.interval.high) })
    }

    /// Tells whether the votes show which of the two is stronger.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.interval.low > 0.0 || self.interval.high < 0.0
    }
}

impl Preferences {
    /// Makes an empty table of so many contenders.
    #[must_use]
    pub fn of(contenders: usize) -> Self {
        Self { contenders, pairs: BTreeMap::new() }
    }

    /// Adds votes on the contenders at two places; those on one that is not there, or on one against itself, are left out.
    pub fn add(&mut self, (one, other): (usize, usize), votes: PairVotes) {
        if one == other || one.max(other) >= self.contenders {
            return;
        }
        let (place, votes) = if one < other {
            ((one, other), votes)
        } else {
            ((other, one), PairVotes { first: votes.second, second: votes.first, ..votes })
        };
        let sum = self.pairs.entry(place).or_default();
        sum.first += votes.first;
        sum.second += votes.second;
        sum.ties += votes.ties;
    }

    /// Finds the strengths under which these votes are the likeliest, by the iteration of Hunter (2004, Annals of
    /// Statistics 32:384).
    ///
    /// # Errors
    ///
    /// Returns the groups of contenders that the votes do not connect.
    pub fn strengths(&self) -> Result<Strengths, NotConnected> {
        let groups = self.groups();
        let ties: u64 = self.pairs.values().map(|votes| votes.ties).sum();
        if groups.len() != 1 || (ties > 0 && !self.bounds_ties()) {
            return Err(NotConnected { groups });
        }
        let mut worth = vec![1.0 / self.contenders as f64; self.contenders];
        let mut tie = if ties > 0 { 1.0 } else { 0.0 };
        for _ in 0..ROUNDS {
            let (next, next_tie) = self.round(&worth, tie, ties);
            let moved = worth.iter().zip(&next).map(|(old, new)| (new / old - 1.0).abs()).fold(0.0, f64::max);
            let moved_tie = if ties > 0 { (next_tie / tie - 1.0).abs() } else { 0.0 };
            (worth, tie) = (next, next_tie);
            if moved.max(moved_tie) < STILL {
                break;
            }
        }
        let covariance = self.covariance(&worth, tie).ok_or(NotConnected { groups })?;
        Ok(Strengths { worth, tie, covariance })
    }

    /// Takes one step towards the likeliest strengths.
    fn round(&self, worth: &[f64], tie: f64, ties: u64) -> (Vec<f64>, f64) {
        let (mut won, mut met) = (vec![0.0; worth.len()], vec![0.0; worth.len()]);
        let mut drawn = 0.0;
        for (&(one, other), votes) in &self.pairs {
            let (a, b, half) = (worth[one], worth[other], votes.ties as f64 / 2.0);
            let whole = a + b + tie * (a * b).sqrt();
            let share = votes.all() as f64 / whole;
            won[one] += votes.first as f64 + half;
            won[other] += votes.second as f64 + half;
            met[one] += share * (1.0 + tie / 2.0 * (b / a).sqrt());
            met[other] += share * (1.0 + tie / 2.0 * (a / b).sqrt());
            drawn += share * (a * b).sqrt();
        }
        let next: Vec<f64> = won.iter().zip(&met).map(|(won, met)| won / met).collect();
        let sum: f64 = next.iter().sum();
        let next_tie = if ties > 0 { ties as f64 / drawn } else { 0.0 };
        (next.into_iter().map(|worth| worth / sum).collect(), next_tie)
    }

    /// Inverts the information of the logarithms of strengths, that of the last contender held, and of the parameter of ties.
    fn covariance(&self, worth: &[f64], tie: f64) -> Option<Vec<Vec<f64>>> {
        let free = self.contenders.checked_sub(1)?;
        let size = if tie > 0.0 { free + 1 } else { free };
        let mut information = vec![vec![0.0; size]; size];
        for (&(one, other), votes) in &self.pairs {
            let (a, b) = (worth[one], worth[other]);
            let drawn = tie * (a * b).sqrt();
            let whole = a + b + drawn;
            // What each way that a vote can go says of each logarithm.
            let says = |parts: &[(usize, f64)]| {
                let mut of = vec![0.0; size];
                for &(place, part) in parts.iter().filter(|(place, _)| *place < size) {
                    of[place] += part;
                }
                of
            };
            let part = |place: usize, part: f64| (if place == free { usize::MAX } else { place }, part);
            let ways = [
                (a / whole, says(&[part(one, 1.0)])),
                (b / whole, says(&[part(other, 1.0)])),
                (drawn / whole, says(&[part(one, 0.5), part(other, 0.5), (free, 1.0)])),
            ];
            let mean: Vec<f64> =
                (0..size).map(|place| ways.iter().map(|(share, of)| share * of[place]).sum()).collect();
            for row in 0..size {
                for column in 0..size {
                    let square: f64 = ways.iter().map(|(share, of)| share * of[row] * of[column]).sum();
                    information[row][column] += votes.all() as f64 * (square - mean[row] * mean[column]);
                }
            }
        }
        let mut covariance = inverse(information)?;
        covariance.truncate(free);
        for row in &mut covariance {
            row.truncate(free);
            row.push(0.0);
        }
        covariance.push(vec![0.0; self.contenders]);
        Some(covariance)
    }

    /// Lists the contenders by groups: within one, each is reached from each over votes that were won, and ties.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut reaches = vec![vec![false; self.contenders]; self.contenders];
        for (place, row) in reaches.iter_mut().enumerate() {
            row[place] = true;
        }
        for (&(one, other), votes) in &self.pairs {
            reaches[one][other] |= votes.first + votes.ties > 0;
            reaches[other][one] |= votes.second + votes.ties > 0;
        }
        for over in 0..self.contenders {
            for from in 0..self.contenders {
                for to in 0..self.contenders {
                    reaches[from][to] |= reaches[from][over] && reaches[over][to];
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (place, reached) in reaches.iter().enumerate() {
            let mutual = |first: &usize| reaches[*first][place] && reached[*first];
            let known = groups.iter_mut().find(|group| group.first().is_some_and(mutual));
            match known {
                Some(group) => group.push(place),
                None => groups.push(vec![place]),
            }
        }
        groups
    }

    /// Tells whether the likelihood is bounded in the direction of ever more ties: it is not where the contenders can be put
    /// on a line so that those of each decided vote are two steps apart at least, in its sense, and those of each tie two at
    /// most. That is a set of difference constraints, refuted by a cycle that sums up to less than 0.
    fn bounds_ties(&self) -> bool {
        let mut limits: Vec<(usize, usize, i64)> = Vec::new();
        for (&(one, other), votes) in &self.pairs {
            let decided = [(votes.first, one, other), (votes.second, other, one)];
            limits.extend(decided.iter().filter(|(votes, ..)| *votes > 0).map(|(_, won, lost)| (*won, *lost, -1)));
            if votes.ties > 0 {
                limits.extend([(one, other, 1), (other, one, 1)]);
            }
        }
        let mut at = vec![0_i64; self.contenders];
        for _ in 0..=self.contenders {
            let mut moved = false;
            for &(from, to, limit) in &limits {
                if at[from] + limit < at[to] {
                    at[to] = at[from] + limit;
                    moved = true;
                }
            }
            if !moved {
                return false;
            }
        }
        true
    }
}

impl Strengths {
    /// Weighs the contenders at two places; none where one is not there.
    #[must_use]
    pub fn advantage(&self, one: usize, other: usize) -> Option<Advantage> {
        let log_ratio = (self.worth.get(one)? / self.worth.get(other)?).ln();
        let of = &self.covariance;
        let variance = of[one][one] + of[other][other] - of[one][other] - of[other][one];
        let error = variance.max(0.0).sqrt();
        let interval = Interval { low: log_ratio - Z * error, high: log_ratio + Z * error };
        Some(Advantage { log_ratio, error, interval })
    }

    /// Lists the places of the contenders, the strongest first.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.worth.len()).collect();
        places.sort_by(|one, other| self.worth[*other].total_cmp(&self.worth[*one]));
        places
    }
}

/// Inverts a matrix by Gauss and Jordan, the largest pivot first; none where it has no inverse.
fn inverse(mut of: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let size = of.len();
    for (place, row) in of.iter_mut().enumerate() {
        row.extend((0..size).map(|column| f64::from(u8::from(column == place))));
    }
    for column in 0..size {
        let pivot = (column..size).max_by(|one, other| of[*one][column].abs().total_cmp(&of[*other][column].abs()))?;
        of.swap(column, pivot);
        let by = of[column][column];
        if by.abs() < 1e-12 {
            return None;
        }
        of[column].iter_mut().for_each(|value| *value /= by);
        let lead = of[column].clone();
        for row in (0..size).filter(|row| *row != column) {
            let times = of[row][column];
            of[row].iter_mut().zip(&lead).for_each(|(value, lead)| *value -= times * lead);
        }
    }
    Some(of.into_iter().map(|row| row[size..].to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::stats::SplitMix;

    /// Reads a table of wins of the row over the column.
    fn table<const N: usize>(wins: &[[u64; N]; N]) -> Preferences {
        let mut votes = Preferences::of(N);
        for (one, row) in wins.iter().enumerate() {
            for (other, first) in row.iter().enumerate() {
                votes.add((one, other), PairVotes { first: *first, ..PairVotes::default() });
            }
        }
        votes
    }

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() < within, "{found} for {expected}");
    }

    /// Agresti, Categorical Data Analysis, table 10.10: the American League of 1987, as `BradleyTerry2` fits it.
    #[test]
    fn baseball_is_as_published() {
        let votes = table(&[
            [0, 7, 9, 7, 7, 9, 11],
            [6, 0, 7, 5, 11, 9, 9],
            [4, 6, 0, 7, 7, 8, 12],
            [6, 8, 6, 0, 6, 7, 10],
            [6, 2, 6, 7, 0, 7, 12],
            [4, 4, 5, 6, 6, 0, 6],
            [2, 4, 1, 3, 1, 7, 0],
        ]);
        let found = votes.strengths().unwrap();
        let expected = [
            (1.5814, 0.3433),
            (1.4364, 0.3396),
            (1.2945, 0.3367),
            (1.2476, 0.3359),
            (1.1077, 0.3339),
            (0.6839, 0.3319),
        ];
        for (place, (log, error)) in expected.into_iter().enumerate() {
            let against = found.advantage(place, 6).unwrap();
            near(against.log_ratio, log, 6e-5);
            near(against.error, error, 6e-5);
        }
        assert_eq!(found.order(), [0, 1, 2, 3, 4, 5, 6]);
        near(found.tie, 0.0, f64::EPSILON);
    }

    /// Stigler's citations between journals of statistics, as `BradleyTerry2` fits them.
    #[test]
    fn citations_are_as_published() {
        let votes = table(&[[0, 730, 498, 221], [33, 0, 68, 17], [320, 813, 0, 142], [284, 276, 325, 0]]);
        let found = votes.strengths().unwrap();
        let expected = [(1, -2.94907, 0.10255), (2, -0.47957, 0.06059), (3, 0.26895, 0.07083)];
        for (place, log, error) in expected {
            let against = found.advantage(place, 0).unwrap();
            near(against.log_ratio, log, 6e-6);
            near(against.error, error, 6e-6);
        }
        assert_eq!(found.order(), [3, 0, 2, 1]);
    }

    /// Chocolate pudding in Davidson 1970: 745 votes, 202 of them ties. The published values stop a little short of the
    /// maximum, where the likelihood has a slope of up to 0.007 still, so that they hold to four digits.
    #[test]
    fn pudding_is_as_published() {
        let mut votes = Preferences::of(6);
        for (one, other, first, second, ties) in [
            (1, 2, 19, 22, 16),
            (1, 3, 16, 19, 12),
            (2, 3, 19, 19, 10),
            (1, 4, 18, 23, 13),
            (2, 4, 23, 19, 9),
            (3, 4, 19, 20, 15),
            (1, 5, 13, 19, 18),
            (2, 5, 16, 20, 12),
            (3, 5, 16, 15, 17),
            (4, 5, 17, 14, 16),
            (1, 6, 18, 21, 12),
            (2, 6, 22, 20, 12),
            (3, 6, 13, 18, 10),
            (4, 6, 14, 19, 18),
            (5, 6, 11, 21, 12),
        ] {
            // The other way round, so that the turn of a pair is seen too.
            votes.add((other - 1, one - 1), PairVotes { first: second, second: first, ties });
        }
        let found = votes.strengths().unwrap();
        let expected = [0.138_800_5, 0.172_998_5, 0.161_742_0, 0.165_393_0, 0.158_680_5, 0.202_385_5];
        for (found, expected) in found.worth.iter().zip(expected) {
            near(*found, expected, 5e-5);
        }
        near(found.tie, 0.746_814_7, 5e-5);
    }

    /// Two alone fit their shares: the ratio is 30/18, its error that of the logarithm of an odds.
    #[test]
    fn two_are_as_their_shares_say() {
        let mut votes = Preferences::of(2);
        votes.add((0, 1), PairVotes { first: 30, second: 18, ties: 12 });
        let found = votes.strengths().unwrap();
        let against = found.advantage(0, 1).unwrap();
        near(against.log_ratio, (30.0_f64 / 18.0).ln(), 1e-9);
        near(against.error, (1.0_f64 / 30.0 + 1.0 / 18.0).sqrt(), 1e-9);
        near(found.tie, 12.0 / 540.0_f64.sqrt(), 1e-9);
        near(against.share().0, 0.625, 1e-9);
        assert!(!against.is_shown());
        let back = found.advantage(1, 0).unwrap();
        near(back.log_ratio, -against.log_ratio, 1e-12);
        near(back.interval.low, -against.interval.high, 1e-12);
        assert_eq!(found.advantage(0, 2), None);
    }

    /// Ford's condition, and with ties its extension: five to nothing has no bound however many ties there are.
    #[test]
    fn what_votes_do_not_connect_has_no_strength() {
        let of = |pairs: &[(usize, usize, u64, u64, u64)], contenders| {
            let mut votes = Preferences::of(contenders);
            for &(one, other, first, second, ties) in pairs {
                votes.add((one, other), PairVotes { first, second, ties });
            }
            votes.strengths()
        };
        for (pairs, contenders, groups) in [
            (&[][..], 2, &[&[0][..], &[1]][..]),
            (&[(0, 1, 5, 0, 0)], 2, &[&[0], &[1]]),
            (&[(0, 1, 5, 0, 3)], 2, &[&[0, 1]]),
            (&[(0, 1, 0, 0, 3)], 2, &[&[0, 1]]),
            (&[(0, 1, 5, 2, 0)], 3, &[&[0, 1], &[2]]),
            (&[(0, 1, 5, 2, 1), (2, 3, 4, 4, 0)], 4, &[&[0, 1], &[2, 3]]),
            (&[(0, 1, 5, 2, 0), (0, 2, 1, 0, 0)], 3, &[&[0, 1], &[2]]),
        ] {
            assert_eq!(of(pairs, contenders).unwrap_err().groups, groups, "{pairs:?}");
        }
        // A circle of wins connects, and so does a tie where another pair bounds how many ties there are.
        let circle = of(&[(0, 1, 1, 0, 0), (1, 2, 1, 0, 0), (2, 0, 1, 0, 0)], 3).unwrap();
        circle.worth.iter().for_each(|worth| near(*worth, 1.0 / 3.0, 1e-9));
        assert!(of(&[(0, 1, 5, 2, 0), (0, 2, 0, 0, 2)], 3).is_ok());
    }

    /// Four contenders whose strengths are known, 60 votes a pair, with ties: of 200 draws, the interval of each difference
    /// holds the true one in about 95 %, and the order comes back.
    #[test]
    fn a_planted_order_comes_back_within_its_intervals() {
        let (worth, tie) = ([8.0_f64, 4.0, 2.0, 1.0], 0.5);
        let mut rng = SplitMix::new(20);
        let (mut held, mut asked, mut ordered) = (0_u32, 0_u32, 0_u32);
        for _ in 0..200 {
            let mut votes = Preferences::of(4);
            for one in 0..4 {
                for other in one + 1..4 {
                    let drawn = tie * (worth[one] * worth[other]).sqrt();
                    let whole = worth[one] + worth[other] + drawn;
                    let mut pair = PairVotes::default();
                    for _ in 0..60 {
                        let at = (rng.draw() >> 11) as f64 / (1_u64 << 53) as f64 * whole;
                        match at {
                            at if at < worth[one] => pair.first += 1,
                            at if at < worth[one] + worth[other] => pair.second += 1,
                            _ => pair.ties += 1,
                        }
                    }
                    votes.add((one, other), pair);
                }
            }
            let found = votes.strengths().unwrap();
            ordered += u32::from(found.order() == [0, 1, 2, 3]);
            for one in 0..4 {
                for other in one + 1..4 {
                    let Interval { low, high } = found.advantage(one, other).unwrap().interval;
                    let truth = (worth[one] / worth[other]).ln();
                    asked += 1;
                    held += u32::from(low <= truth && truth <= high);
                }
            }
        }
        let share = f64::from(held) / f64::from(asked);
        assert!((0.92..0.98).contains(&share), "{share}");
        assert!(ordered >= 190, "{ordered}");
    }
}
