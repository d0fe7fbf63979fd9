//! How the program exits after a batch: by its cells, or by the gates that were asked for.

use crate::{cli::Exit, eval::Tally, pipeline::batch::BatchEnd};

/// What has to be reached, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Gates {
    /// The share of cells that pass.
    pub(super) pass_rate: Option<f64>,
    /// The mean score.
    pub(super) score: Option<f64>,
}

/// How close two shares count as the same: a mean of tenths must not fail by the last bit.
const NEAR: f64 = 1e-9;

impl Gates {
    /// Lists the gates with whether each is reached, in words with the numbers. One that nothing can be
    /// said about is not.
    pub(super) fn judge(self, tally: &Tally) -> Vec<(bool, String)> {
        let gates = [("pass rate", self.pass_rate, tally.pass_rate()), ("score", self.score, tally.score())];
        let judged = gates.into_iter().filter_map(|(name, least, value)| {
            let least = least?;
            Some(match value {
                Some(value) if value + NEAR >= least => (true, format!("{name} {value:.3} ≥ {least:.3}")),
                Some(value) => (false, format!("{name} {value:.3} < {least:.3}")),
                None => (false, format!("no {name}: no cell was judged")),
            })
        });
        judged.collect()
    }

    /// Tells how the program exits.
    pub(super) fn exit(self, end: &BatchEnd, tally: &Tally) -> Exit {
        match end {
            BatchEnd::Stopped => return Exit::Cancelled,
            BatchEnd::Capped { .. } | BatchEnd::Failed { .. } => return Exit::Failed,
            BatchEnd::Complete => {}
        }
        let gates = self.judge(tally);
        let broken = if gates.is_empty() {
            tally.failed + tally.errored() > 0
        } else {
            gates.iter().any(|(reached, _)| !reached)
        };
        if tally.cells > 0 && tally.errored() == tally.cells {
            Exit::Failed
        } else if broken {
            Exit::CheckFailed
        } else {
            Exit::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::batch::Cap;

    fn tally(passed: u64, failed: u64, errored: u64) -> Tally {
        let errors = BTreeMap::from([("rate limited".to_owned(), errored)]);
        let mut tally = Tally::default();
        (tally.cells, tally.passed, tally.failed, tally.errors) = (passed + failed + errored, passed, failed, errors);
        tally
    }

    #[test]
    fn gates_decide_where_there_are_any() {
        let none = Gates::default();
        let rate = |rate| Gates { pass_rate: Some(rate), score: None };
        for (gates, tally, exit) in [
            (none, tally(3, 0, 0), Exit::Done),
            (none, tally(2, 1, 0), Exit::CheckFailed),
            (none, tally(2, 0, 1), Exit::CheckFailed),
            (none, tally(0, 0, 3), Exit::Failed),
            (none, tally(0, 0, 0), Exit::Done),
            (rate(0.9), tally(9, 1, 0), Exit::Done),
            (rate(0.9), tally(9, 0, 1), Exit::Done),
            (rate(0.9), tally(8, 1, 1), Exit::CheckFailed),
            (rate(0.0), tally(0, 0, 3), Exit::Failed),
            (rate(0.5), tally(0, 0, 0), Exit::CheckFailed),
            (Gates { pass_rate: None, score: Some(0.1) }, tally(1, 0, 0), Exit::CheckFailed),
        ] {
            assert_eq!(gates.exit(&BatchEnd::Complete, &tally), exit, "{gates:?} {tally:?}");
        }
    }

    #[test]
    fn a_batch_that_did_not_come_to_its_end_is_no_success() {
        let why = || "why".to_owned();
        for (end, exit) in [
            (BatchEnd::Stopped, Exit::Cancelled),
            (BatchEnd::Capped { cap: Cap::Time, why: why() }, Exit::Failed),
            (BatchEnd::Failed { why: why() }, Exit::Failed),
        ] {
            assert_eq!(Gates::default().exit(&end, &tally(1, 0, 0)), exit);
        }
    }
}
