//! Whether another model may judge in the place of one: what both say of the same answers.

use serde::Serialize;

use crate::{
    eval::{
        evidence::LEVEL,
        stats::{Coefficient, Confusion, Interval, sign_test, wilson},
    },
    text::format::{hundredths, whole_percent},
};

/// The share of verdicts that have to be the same: the interval of the share is wholly above it where the two are alike.
const ALIKE: f64 = 0.8;

/// What comes of another judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JudgeConclusion {
    /// It says the same of at least four answers in five.
    Alike,
    /// It passes, or fails, more than the other does; or it says the same of fewer than four answers in five.
    Different,
    /// Neither is shown: there are too few answers.
    NotShown,
}

/// What two judges say of the same answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgeChange {
    /// The new judge's verdicts by the old one's.
    table: Confusion,
    /// Answers that the old judge decided about, and the new one could not.
    pub undecided: u64,
    /// Answers that the old judge could not decide about.
    pub unknown: u64,
}

impl JudgeChange {
    /// Counts an answer: whether it passes by the old judge and by the new one; none where that could not decide.
    pub fn take(&mut self, old: Option<bool>, new: Option<bool>) {
        match (old, new) {
            (Some(old), Some(new)) => self.table.take(new, old),
            (Some(_), None) => self.undecided += 1,
            (None, _) => self.unknown += 1,
        }
    }

    /// Returns how many pass by both, by the new one alone, by the old one alone, and by none.
    #[must_use]
    pub fn counts(&self) -> [u64; 4] {
        [self.table.both, self.table.judge_alone, self.table.person_alone, self.table.neither]
    }

    /// Counts the answers that the old judge decided about.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.table.all() + self.undecided
    }

    /// Returns the share of these of which both say the same, with its interval; none without any.
    #[must_use]
    pub fn agreed(&self) -> Option<(f64, Interval)> {
        let same = self.table.both + self.table.neither;
        wilson(same, self.all()).map(|interval| (same as f64 / self.all() as f64, interval))
    }

    /// Returns Cohen's kappa of the verdicts.
    #[must_use]
    pub fn kappa(&self) -> Option<Coefficient> {
        self.table.kappa()
    }

    /// Returns Gwet's AC1 of the verdicts.
    #[must_use]
    pub fn ac1(&self) -> Option<Coefficient> {
        self.table.ac1()
    }

    /// Returns the probability that chance alone has one of two equal judges pass so many more (exact sign test of the answers
    /// about which they differ).
    #[must_use]
    pub fn p(&self) -> f64 {
        sign_test(self.table.judge_alone, self.table.person_alone)
    }

    /// Says what comes of it, by that probability, adjusted where several judges are tried.
    #[must_use]
    pub fn conclusion(&self, p: f64) -> JudgeConclusion {
        match self.agreed() {
            _ if p < LEVEL => JudgeConclusion::Different,
            Some((_, interval)) if interval.high < ALIKE => JudgeConclusion::Different,
            Some((_, interval)) if interval.low >= ALIKE => JudgeConclusion::Alike,
            Some(_) | None => JudgeConclusion::NotShown,
        }
    }

    /// Says it in a sentence without an end: `alike: 98% of 40 verdicts the same (87 to 100), 1 passes with the new one alone,
    /// 0 with the old one alone, p=1.000`.
    #[must_use]
    pub fn sentence(&self, p: f64) -> String {
        let words = match self.conclusion(p) {
            JudgeConclusion::Alike => "alike",
            JudgeConclusion::Different => "not alike",
            JudgeConclusion::NotShown => "too few answers to say whether it is alike",
        };
        let Some((share, interval)) = self.agreed() else { return words.to_owned() };
        let (low, high) = (hundredths(interval.low, 0), hundredths(interval.high, 0));
        let [_, new, old, _] = self.counts();
        let undecided = if self.undecided == 0 {
            String::new()
        } else {
            format!(", {} that the new one could not judge", self.undecided)
        };
        format!(
            "{words}: {} of {} verdicts the same ({low} to {high}), {new} {} with the new one alone, {old} with the old one \
             alone, p={p:.3}{undecided}",
            whole_percent(share),
            self.all(),
            if new == 1 { "passes" } else { "pass" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(both: usize, new: usize, old: usize, undecided: usize) -> JudgeChange {
        let mut change = JudgeChange::default();
        for (count, said) in [
            (both, (Some(true), Some(true))),
            (new, (Some(false), Some(true))),
            (old, (Some(true), Some(false))),
            (undecided, (Some(true), None)),
        ] {
            (0..count).for_each(|_| change.take(said.0, said.1));
        }
        change
    }

    #[test]
    fn it_is_alike_where_enough_verdicts_are_the_same_and_none_is_drawn_one_way() {
        for (found, wanted) in [
            (change(16, 0, 0, 0), JudgeConclusion::Alike),
            (change(15, 0, 0, 0), JudgeConclusion::NotShown),
            (change(200, 6, 0, 0), JudgeConclusion::Alike),
            (change(200, 7, 0, 0), JudgeConclusion::Different),
            (change(200, 6, 5, 0), JudgeConclusion::Alike),
            (change(20, 20, 20, 0), JudgeConclusion::Different),
            (change(10, 0, 0, 20), JudgeConclusion::Different),
            (JudgeChange::default(), JudgeConclusion::NotShown),
        ] {
            assert_eq!(found.conclusion(found.p()), wanted, "{found:?}");
        }
        let mut unknown = change(16, 0, 0, 0);
        unknown.take(None, Some(false));
        assert_eq!((unknown.all(), unknown.unknown), (16, 1), "what the old one could not judge says nothing");
        let said = change(39, 1, 0, 2);
        assert_eq!(
            said.sentence(said.p()),
            "alike: 93% of 42 verdicts the same (81 to 98), 1 passes with the new one alone, 0 with the old one alone, \
             p=1.000, 2 that the new one could not judge"
        );
        assert_eq!(
            change(1, 0, 0, 0).sentence(1.0).split(':').next(),
            Some("too few answers to say whether it is alike")
        );
    }
}
