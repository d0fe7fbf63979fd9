//! How a run, a cell or a version came out: one word, decided in one place, counted in one way.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{outcome::End, quality::Quality};

/// How a run came out.
///
/// A check that could not run is never a pass: it leaves the run inconclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// No model answered, or the answer broke off.
    Error,
    /// A check failed.
    Failed,
    /// No check failed, and at least one could not run.
    Inconclusive,
    /// There was an answer and nothing to check it by.
    #[default]
    Unchecked,
    /// Every check ran and passed, and there was at least one.
    Passed,
    /// It was stopped before its end, by a person or with its process.
    Cancelled,
}

impl RunStatus {
    /// Every status, the worst first.
    pub const ALL: [Self; 6] =
        [Self::Error, Self::Failed, Self::Inconclusive, Self::Unchecked, Self::Passed, Self::Cancelled];

    /// Decides it from how a run ended and what its checks say.
    #[must_use]
    pub fn of(end: &End, quality: Option<&Quality>) -> Self {
        match end {
            End::Done => quality.map_or(Self::Unchecked, Quality::status),
            End::Interrupted { .. } | End::Failed { .. } => Self::Error,
            End::Cancelled => Self::Cancelled,
        }
    }

    /// Names it in one word, as it is stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
            Self::Unchecked => "unchecked",
            Self::Passed => "passed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word of [`RunStatus::word`].
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Tells how the run counts where answers are compared with others: passed, or not. None if it says nothing
    /// of the answer: it was not checked, a check could not run, or the way to the model failed.
    ///
    /// `of_the_answer` says that an error is one of the answer, as [`super::Class::is_of_the_answer`].
    #[must_use]
    pub fn compared(self, of_the_answer: bool) -> Option<bool> {
        match self {
            Self::Passed => Some(true),
            Self::Failed => Some(false),
            Self::Error if of_the_answer => Some(false),
            Self::Error | Self::Inconclusive | Self::Unchecked | Self::Cancelled => None,
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How many runs came out each way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StatusCounts {
    /// Every check ran and passed.
    pub passed: u64,
    /// A check failed.
    pub failed: u64,
    /// A check could not run, and none failed.
    pub inconclusive: u64,
    /// There was nothing to check the answer by.
    pub unchecked: u64,
    /// No model answered, or the answer broke off.
    pub error: u64,
    /// It was stopped before its end.
    pub cancelled: u64,
}

impl StatusCounts {
    /// Returns the count of one status.
    #[must_use]
    pub fn of(&self, status: RunStatus) -> u64 {
        match status {
            RunStatus::Passed => self.passed,
            RunStatus::Failed => self.failed,
            RunStatus::Inconclusive => self.inconclusive,
            RunStatus::Unchecked => self.unchecked,
            RunStatus::Error => self.error,
            RunStatus::Cancelled => self.cancelled,
        }
    }

    /// Returns the count of one status, to be changed.
    pub fn of_mut(&mut self, status: RunStatus) -> &mut u64 {
        match status {
            RunStatus::Passed => &mut self.passed,
            RunStatus::Failed => &mut self.failed,
            RunStatus::Inconclusive => &mut self.inconclusive,
            RunStatus::Unchecked => &mut self.unchecked,
            RunStatus::Error => &mut self.error,
            RunStatus::Cancelled => &mut self.cancelled,
        }
    }

    /// Counts one run in.
    pub fn add(&mut self, status: RunStatus) {
        *self.of_mut(status) += 1;
    }

    /// Adds other counts.
    pub fn join(&mut self, other: Self) {
        for status in RunStatus::ALL {
            *self.of_mut(status) += other.of(status);
        }
    }

    /// Counts the runs a pass rate is over: passed, failed, inconclusive and errors. What was not checked and
    /// what was stopped is left out.
    #[must_use]
    pub fn rated(&self) -> u64 {
        self.passed + self.failed + self.inconclusive + self.error
    }

    /// Returns the share that passed of those that are [rated](Self::rated), from 0 to 1; none without one.
    #[must_use]
    pub fn pass_rate(&self) -> Option<f64> {
        let rated = self.rated();
        (rated > 0).then(|| self.passed as f64 / rated as f64)
    }

    /// Says how many came out how, those that did not pass alone: `2 failed, 1 inconclusive`; empty where
    /// there are none.
    #[must_use]
    pub fn others(&self) -> String {
        let others = [RunStatus::Failed, RunStatus::Inconclusive, RunStatus::Error, RunStatus::Unchecked];
        let counted = others.into_iter().map(|status| (status, self.of(status))).filter(|(_, count)| *count > 0);
        let words = counted.map(|(status, count)| match status {
            RunStatus::Error if count > 1 => format!("{count} errors"),
            status => format!("{count} {status}"),
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Class, Fault, Rule, Status, Verdict};

    fn quality(statuses: &[Status]) -> Quality {
        let verdict = |status: &Status| Verdict::new(Rule::Check("c".to_owned()), *status, "");
        Quality::of(statuses.iter().map(verdict).collect())
    }

    #[test]
    fn a_check_that_could_not_run_is_never_a_pass() {
        use Status::{Failed, Inconclusive, Passed};
        for (checks, status) in [
            (&[][..], RunStatus::Unchecked),
            (&[Passed], RunStatus::Passed),
            (&[Passed, Failed], RunStatus::Failed),
            (&[Passed, Inconclusive], RunStatus::Inconclusive),
            (&[Inconclusive], RunStatus::Inconclusive),
            (&[Inconclusive, Failed, Passed], RunStatus::Failed),
        ] {
            assert_eq!(RunStatus::of(&End::Done, Some(&quality(checks))), status, "{checks:?}");
        }
    }

    #[test]
    fn what_did_not_end_with_an_answer_is_never_judged() {
        let passed = quality(&[Status::Passed]);
        let broken = End::Interrupted { fault: Fault::new(Class::Transient, "x") };
        for (end, status) in [
            (broken, RunStatus::Error),
            (End::Failed { reasons: Vec::new() }, RunStatus::Error),
            (End::Cancelled, RunStatus::Cancelled),
        ] {
            assert_eq!(RunStatus::of(&end, Some(&passed)), status);
        }
        assert_eq!(RunStatus::of(&End::Done, None), RunStatus::Unchecked);
    }

    #[test]
    fn a_rate_is_over_all_that_should_have_passed() {
        let mut counts = StatusCounts::default();
        assert_eq!(counts.pass_rate(), None);
        for status in RunStatus::ALL {
            counts.add(status);
        }
        counts.add(RunStatus::Error);
        assert_eq!((counts.rated(), counts.pass_rate()), (5, Some(0.2)));
        assert_eq!(counts.others(), "1 failed, 1 inconclusive, 2 errors, 1 unchecked");
        assert_eq!(RunStatus::ALL.map(RunStatus::word).map(RunStatus::of_word), RunStatus::ALL.map(Some));
    }
}
