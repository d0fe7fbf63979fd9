//! How the program exits after a batch: by its cells, and by the gates that were asked for.

use crate::{
    cli::Exit,
    eval::{Tally, rule::apart},
    pipeline::batch::BatchEnd,
};

/// What has to be reached, from 0 to 1, and what is let through.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Gates {
    /// The share of cells that pass.
    pub(super) pass_rate: Option<f64>,
    /// The mean score.
    pub(super) score: Option<f64>,
    /// Whether cells that are inconclusive, or unchecked beside others that were checked, fail nothing.
    pub(super) allow_inconclusive: bool,
}

/// How close two shares count as the same: a mean of tenths must not fail by the last bit.
const NEAR: f64 = 1e-9;

impl Gates {
    /// Lists the gates with whether each is reached, in words with enough digits to show why. One that nothing
    /// can be said about is not.
    pub(super) fn judge(self, tally: &Tally) -> Vec<(bool, String)> {
        let rate = |rate: Option<f64>| rate.map(|rate| rate * 100.0);
        let rates = ("pass rate", rate(self.pass_rate), rate(tally.pass_rate()), 1, "%");
        let scores = ("score", self.score, tally.score(), 2, "");
        let judged = [rates, scores].into_iter().filter_map(|(name, least, value, digits, unit)| {
            let least = least?;
            let Some(value) = value else { return Some((false, format!("no {name}: no cell was judged"))) };
            let reached = value + NEAR >= least;
            let (value, least) = apart(value, least, digits);
            let sign = if reached { "≥" } else { "<" };
            Some((reached, format!("{name} {value}{unit} {sign} {least}{unit}")))
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
        let plain = Exit::of(&tally.counts, tally.cut_off, self.allow_inconclusive);
        let gates = self.judge(tally);
        if gates.is_empty() || plain == Exit::Failed {
            return plain;
        }
        // A gate says how many may fail, and nothing of what nobody knows.
        let mut open = tally.counts;
        (open.passed, open.failed, open.error) = (open.passed + open.failed, 0, 0);
        let open = Exit::of(&open, 0, self.allow_inconclusive);
        let reached = gates.iter().all(|(reached, _)| *reached);
        if reached { open } else { Exit::CheckFailed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{StatusCounts, batch::Cap};

    fn tally(passed: u64, failed: u64, inconclusive: u64, error: u64) -> Tally {
        let mut tally = Tally::default();
        tally.counts = StatusCounts { passed, failed, inconclusive, error, ..StatusCounts::default() };
        tally
    }

    #[test]
    fn gates_decide_where_there_are_any() {
        let none = Gates::default();
        let rate = |rate| Gates { pass_rate: Some(rate), ..none };
        for (gates, tally, exit) in [
            (none, tally(3, 0, 0, 0), Exit::Done),
            (none, tally(2, 1, 0, 0), Exit::CheckFailed),
            (none, tally(2, 0, 1, 0), Exit::CheckFailed),
            (none, tally(2, 0, 0, 1), Exit::CheckFailed),
            (none, tally(0, 0, 0, 3), Exit::Failed),
            (none, tally(0, 0, 0, 0), Exit::Done),
            (rate(0.9), tally(9, 1, 0, 0), Exit::Done),
            (rate(0.9), tally(9, 0, 0, 1), Exit::Done),
            (rate(0.9), tally(8, 1, 0, 1), Exit::CheckFailed),
            (rate(0.0), tally(0, 0, 0, 3), Exit::Failed),
            (rate(0.5), tally(0, 0, 0, 0), Exit::CheckFailed),
            (rate(0.5), tally(9, 0, 1, 0), Exit::CheckFailed),
            (Gates { allow_inconclusive: true, ..rate(0.5) }, tally(9, 0, 1, 0), Exit::Done),
            (Gates { allow_inconclusive: true, ..rate(0.95) }, tally(9, 0, 1, 0), Exit::CheckFailed),
            (Gates { score: Some(0.1), ..none }, tally(1, 0, 0, 0), Exit::CheckFailed),
        ] {
            assert_eq!(gates.exit(&BatchEnd::Complete, &tally), exit, "{gates:?} {tally:?}");
        }
        let mut cut = tally(2, 1, 0, 0);
        cut.cut_off = 1;
        for (gates, exit) in [(none, Exit::Cut), (rate(0.5), Exit::Done), (rate(0.9), Exit::CheckFailed)] {
            assert_eq!(gates.exit(&BatchEnd::Complete, &cut), exit, "{gates:?}");
        }
    }

    #[test]
    fn a_gate_shows_two_numbers_that_differ() {
        let of = |least, tally: &Tally| Gates { pass_rate: Some(least), ..Gates::default() }.judge(tally);
        assert_eq!(of(0.9999, &tally(2499, 1, 0, 0)), [(false, "pass rate 99.96% < 99.99%".to_owned())]);
        assert_eq!(of(1.0, &tally(999_999, 1, 0, 0)), [(false, "pass rate 99.9999% < 100.0000%".to_owned())]);
        assert_eq!(of(0.9, &tally(9, 1, 0, 0)), [(true, "pass rate 90.0% ≥ 90.0%".to_owned())]);
    }

    #[test]
    fn a_batch_that_did_not_come_to_its_end_is_no_success() {
        let why = || "why".to_owned();
        for (end, exit) in [
            (BatchEnd::Stopped, Exit::Cancelled),
            (BatchEnd::Capped { cap: Cap::Time, why: why() }, Exit::Failed),
            (BatchEnd::Failed { why: why() }, Exit::Failed),
        ] {
            assert_eq!(Gates::default().exit(&end, &tally(1, 0, 0, 0)), exit);
        }
    }
}
