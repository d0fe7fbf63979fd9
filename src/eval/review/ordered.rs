//! Times in order, so that the ranks of any groups among them are found by counting.

use super::{Live, Timed, report::Times};
use crate::eval::stats::{rank, telling_rank};

/// The shares that are told.
const SHARES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// Bits of a digit.
const DIGIT: u32 = 11;

/// Measured answers by their response times, and again by their times to the first token.
#[derive(Debug)]
pub(super) struct Ordered {
    took: Vec<Timed>,
    first_token: Vec<Timed>,
}

/// The ranks of a group in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Ranks {
    n: u64,
    seen: u64,
    /// How many are seen when each is reached.
    due: [u64; SHARES.len()],
    found: [u32; SHARES.len()],
    /// How many are reached.
    reached: usize,
}

impl Ranks {
    fn of(n: u64) -> Self {
        Self { n, due: SHARES.map(|share| rank(n, share)), ..Self::default() }
    }

    fn take(&mut self, length: u32) {
        self.seen += 1;
        while self.due.get(self.reached) == Some(&self.seen) {
            if let Some(found) = self.found.get_mut(self.reached) {
                *found = length;
            }
            self.reached += 1;
        }
    }

    fn told(self) -> Option<Times> {
        let [p50, p90, p95, p99] = self.found;
        let [_, nine, nineteen, ninety_nine] = SHARES;
        let telling = |share, found| telling_rank(self.n, share).map(|_| found);
        let (p90, p95, p99) = (telling(nine, p90), telling(nineteen, p95), telling(ninety_nine, p99));
        (self.n > 0).then_some(Times { n: self.n, p50, p90, p95, p99 })
    }
}

/// Finds the ranks of so many groups of answers that are in the order of a length.
fn ranks(
    sorted: &[Timed],
    length: impl Fn(&Timed) -> u32,
    groups: usize,
    group: impl Fn(&Timed) -> Option<usize>,
) -> Vec<Option<Times>> {
    let mut counts = vec![0_u64; groups];
    for one in sorted {
        if let Some(count) = group(one).and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    let mut all: Vec<Ranks> = counts.into_iter().map(Ranks::of).collect();
    for one in sorted {
        if let Some(own) = group(one).and_then(|at| all.get_mut(at)) {
            own.take(length(one));
        }
    }
    all.into_iter().map(Ranks::told).collect()
}

/// Puts answers in the order of a length: by its digits, the lowest first, which takes a third of the time of a
/// sort that compares.
fn sorted(mut all: Vec<Timed>, length: impl Fn(&Timed) -> u32) -> Vec<Timed> {
    let most = all.iter().map(&length).max().unwrap_or(0);
    let mut next = all.clone();
    for shift in (0..u32::BITS).step_by(DIGIT as usize).take_while(|shift| most >> shift > 0) {
        let digit = |one: &Timed| (length(one) >> shift) as usize % (1 << DIGIT);
        let mut places = [0_usize; 1 << DIGIT];
        for one in &all {
            if let Some(count) = places.get_mut(digit(one)) {
                *count += 1;
            }
        }
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for one in &all {
            let place = places.get_mut(digit(one));
            let place = place.map_or(usize::MAX, |place| std::mem::replace(place, *place + 1));
            if let Some(slot) = next.get_mut(place) {
                *slot = *one;
            }
        }
        std::mem::swap(&mut all, &mut next);
    }
    all
}

impl Ordered {
    /// Puts what was measured in order.
    pub(super) fn of(live: &Live) -> Self {
        let mut first_token = live.timed.clone();
        first_token.retain(|one| one.first_token != u32::MAX);
        Self {
            took: sorted(live.timed.clone(), |one| one.took),
            first_token: sorted(first_token, |one| one.first_token),
        }
    }

    /// Returns the response times of so many groups of answers.
    pub(super) fn took(&self, groups: usize, group: impl Fn(&Timed) -> Option<usize>) -> Vec<Option<Times>> {
        ranks(&self.took, |one| one.took, groups, group)
    }

    /// Returns their times to the first token.
    pub(super) fn first_token(&self, groups: usize, group: impl Fn(&Timed) -> Option<usize>) -> Vec<Option<Times>> {
        ranks(&self.first_token, |one| one.first_token, groups, group)
    }

    /// Returns the response times and the times to the first token of all answers.
    pub(super) fn all(&self) -> (Option<Times>, Option<Times>) {
        let one = |ranks: Vec<Option<Times>>| ranks.into_iter().next().flatten();
        (one(self.took(1, |_| Some(0))), one(self.first_token(1, |_| Some(0))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::stats::percentile;

    fn timed(target: u32, took: u32, first_token: u32) -> Timed {
        Timed { slot: 0, target, version: 0, params: 0, took, first_token }
    }

    proptest! {
        #[test]
        fn every_group_has_the_ranks_of_its_own_sorted_times(
            all in proptest::collection::vec((0..3_u32, prop_oneof![0..50_u32, any::<u32>()], any::<u32>()), 0..200),
        ) {
            let timed = all.iter().map(|(target, took, first)| timed(*target, *took, *first)).collect();
            let ordered = Ordered::of(&Live { timed, ..Live::default() });
            let told = ordered.took(3, |one| Some(one.target as usize));
            for (target, told) in (0..3).zip(told) {
                let mut own: Vec<u32> = all.iter().filter(|one| one.0 == target).map(|one| one.1).collect();
                own.sort_unstable();
                let rank = |share, least| percentile(&own, share).filter(|_| own.len() >= least);
                let want = rank(0.5, 1).map(|p50| Times {
                    n: own.len() as u64, p50, p90: rank(0.9, 10), p95: rank(0.95, 20), p99: rank(0.99, 100),
                });
                prop_assert_eq!(told, want);
            }
        }
    }
}
