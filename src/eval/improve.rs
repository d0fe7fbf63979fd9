//! What an improvement of a prompt comes to: candidates that are rejected or raced, one finalist, one look at the held-out
//! rows, and what that shows.

pub mod edit;
pub mod race;
pub mod result;

use std::collections::BTreeMap;

use serde::Serialize;

pub use crate::eval::improve::{
    edit::{CandidateEdit, EditFault, EditRules, read_edits},
    race::{Contender, FlipCounts, Race, is_hopeless, shuffled},
    result::{Candidate, ImproveForecast, Improved},
};
use crate::eval::{
    Evidence,
    evidence::{Basis, Conclusion, LEVEL},
};

/// How an improvement ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "conclusion")]
pub enum Improvement {
    /// Every tune row passes already.
    NothingToFix,
    /// No edit that could be tried was proposed.
    NoCandidate,
    /// No candidate fixed more tune rows than it broke: the held-out rows were not looked at.
    NoFinalist,
    /// The finalist answered the held-out rows.
    Tested {
        /// Its place among the candidates, counted from 0.
        finalist: usize,
        /// What it shows against the baseline.
        shown: Conclusion,
        /// How likely so large a difference is by chance, times the looks.
        p: f64,
        /// Which look at these held-out rows it was, counted from 1.
        look: u32,
        /// Held-out rows that were not asked any more, as no gain could be shown.
        unasked: u64,
        evidence: Box<Evidence>,
    },
}

impl Improvement {
    /// Judges what the held-out rows show of a finalist; `look` says how often they were looked at, this time included.
    /// A look is a test, so that p is multiplied by their number (Bonferroni).
    #[must_use]
    pub fn judge(finalist: usize, evidence: Evidence, look: u32, unasked: u64) -> Self {
        let own = match evidence.basis {
            Basis::Passes => evidence.p,
            Basis::Scores => evidence.score_p.unwrap_or(1.0),
        };
        let p = (own * f64::from(look.max(1))).min(1.0);
        let shown = if p < LEVEL { evidence.shown } else { Conclusion::NoDifference };
        Self::Tested { finalist, shown, p, look, unasked, evidence: Box::new(evidence) }
    }

    /// Returns the candidate that is shown to be better, if one is.
    #[must_use]
    pub fn winner(&self) -> Option<usize> {
        match self {
            Self::Tested { finalist, shown: Conclusion::Better, .. } => Some(*finalist),
            Self::Tested { .. } | Self::NothingToFix | Self::NoCandidate | Self::NoFinalist => None,
        }
    }
}

/// Counts faults by their names, the most frequent first.
#[must_use]
pub fn counted_faults(faults: &[EditFault]) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for fault in faults {
        *counts.entry(fault.name()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::RowPair;

    fn evidence(fixed: usize, broken: usize) -> Evidence {
        let of = |a, b| RowPair { a: Some(a), b: Some(b), ..RowPair::default() };
        Evidence::of(
            [vec![of(false, true); fixed], vec![of(true, false); broken], vec![of(true, true); 40]].concat(),
            1,
        )
    }

    #[test]
    fn a_gain_has_to_hold_for_every_look_that_was_taken() {
        let first = Improvement::judge(2, evidence(9, 1), 1, 0);
        assert_eq!(first.winner(), Some(2), "p = 0.0215");
        let second = Improvement::judge(2, evidence(9, 1), 2, 0);
        assert_eq!(second.winner(), None, "0.043 is not below 0.03");
        assert!(matches!(second, Improvement::Tested { p, look: 2, .. } if (p - 0.042_968_75).abs() < 1e-9));
        assert_eq!(Improvement::judge(2, evidence(1, 9), 1, 0).winner(), None);
        assert!(matches!(Improvement::judge(0, evidence(0, 0), 9, 0), Improvement::Tested { p, .. } if p <= 1.0));
    }

    #[test]
    fn faults_are_counted_by_kind() {
        let faults = [EditFault::Found(0), EditFault::TooLong, EditFault::Found(2)];
        assert_eq!(counted_faults(&faults), [("its text is not there exactly once", 2), ("too long", 1)]);
    }
}
