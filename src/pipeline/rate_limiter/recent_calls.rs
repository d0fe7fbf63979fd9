//! The calls that an account made within the window of its rates, and the tokens they took.
//!
//! A busy endpoint makes hundreds of thousands of calls within a minute: none of them is looked for one by one.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::pipeline::timeouts::after;

/// The window of the rates: a second more than a minute, for a call arrives a little after it was let through,
/// and one on a new connection later than one on an old.
pub(super) const WINDOW: Duration = Duration::from_secs(61);

#[derive(Debug)]
struct RecentCall {
    at: Instant,
    number: u64,
    tokens: u64,
}

/// The calls of the last minute, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct RecentCalls {
    calls: VecDeque<RecentCall>,
    /// Calls that were ever made.
    made: u64,
    /// The tokens of all that are held.
    tokens: u128,
}

impl RecentCalls {
    /// Notes a call that takes so many tokens at most; returns its number.
    pub(super) fn push(&mut self, at: Instant, tokens: u64) -> u64 {
        self.made += 1;
        self.tokens += u128::from(tokens);
        self.calls.push_back(RecentCall { at, number: self.made, tokens });
        self.made
    }

    /// Puts what a call took in place of the most it might take.
    pub(super) fn took(&mut self, number: u64, tokens: u64) {
        let found = self.calls.binary_search_by_key(&number, |call| call.number);
        if let Some(call) = found.ok().and_then(|at| self.calls.get_mut(at)) {
            self.tokens = self.tokens - u128::from(call.tokens) + u128::from(tokens);
            call.tokens = tokens;
        }
    }

    /// Lets go of the calls that are out of the window.
    pub(super) fn forget(&mut self, now: Instant) {
        while self.calls.front().is_some_and(|call| after(call.at, WINDOW) <= now) {
            self.tokens -= self.calls.pop_front().map_or(0, |call| u128::from(call.tokens));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Tells when the last call was made.
    pub(super) fn last(&self) -> Option<Instant> {
        self.calls.back().map(|call| call.at)
    }

    /// Counts the tokens that all of them took, as far as known; else the most they may take.
    pub(super) fn tokens(&self) -> u64 {
        u64::try_from(self.tokens).unwrap_or(u64::MAX)
    }

    /// Tells when so many calls have left the window that the others took at most so many tokens; none if they did not
    /// take more.
    pub(super) fn until_at_most(&self, tokens: u64) -> Option<Instant> {
        let most = u128::from(tokens);
        let mut rest = self.tokens;
        if rest <= most {
            return None;
        }
        let last = self.calls.iter().find(|call| {
            rest -= u128::from(call.tokens);
            rest <= most
        });
        last.map(|call| after(call.at, WINDOW))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What may happen to an account.
    #[derive(Debug, Clone)]
    enum Step {
        Call(u64),
        Took(usize, u64),
        Pass(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let tokens = prop_oneof![0..1000_u64, Just(u64::MAX)];
        let step = prop_oneof![
            tokens.clone().prop_map(Step::Call),
            (0..40_usize, tokens).prop_map(|(number, tokens)| Step::Took(number, tokens)),
            (0..40_u64).prop_map(Step::Pass),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_a_recount_finds(steps in steps(), free in prop_oneof![0..2000_u64, Just(u64::MAX)]) {
            let start = Instant::now();
            let (mut recent, mut all) = (RecentCalls::default(), Vec::<(Duration, u64)>::new());
            let mut time = Duration::ZERO;
            for step in steps {
                match step {
                    Step::Call(tokens) => {
                        all.push((time, tokens));
                        prop_assert_eq!(recent.push(start + time, tokens), all.len() as u64);
                    }
                    // A call that is long gone, or was never made, changes nothing.
                    Step::Took(number, tokens) => {
                        recent.took(number as u64, tokens);
                        if let Some(call) = number.checked_sub(1).and_then(|at| all.get_mut(at))
                            && call.0 + WINDOW > time
                        {
                            call.1 = tokens;
                        }
                    }
                    Step::Pass(seconds) => time += Duration::from_secs(seconds),
                }
                recent.forget(start + time);
                let held: Vec<(Duration, u64)> = all.iter().copied().filter(|(at, _)| *at + WINDOW > time).collect();
                let sum = |held: &[(Duration, u64)]| held.iter().map(|(_, tokens)| u128::from(*tokens)).sum::<u128>();
                prop_assert_eq!(recent.len(), held.len());
                prop_assert_eq!(u128::from(recent.tokens()), sum(&held).min(u128::from(u64::MAX)));
                prop_assert_eq!(recent.last(), held.last().map(|(at, _)| start + *at));
                let gone = (0..=held.len()).find(|gone| sum(&held[*gone..]) <= u128::from(free)).unwrap();
                let until = gone.checked_sub(1).map(|last| start + held[last].0 + WINDOW);
                prop_assert_eq!(recent.until_at_most(free), until);
            }
        }
    }
}
