//! What a batch has to reach, and whether it does.

use serde::{Deserialize, Serialize};

use crate::eval::{Tally, evidence::Conclusion, reason::apart};

/// What has to be reached, and what is let through; unset asks nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gates {
    /// The least share of cells that pass, from 0 to 1.
    pub pass_rate: Option<f64>,
    /// The least mean score, from 0 to 1.
    pub score: Option<f64>,
    /// The most cells that no model answers.
    pub errors: Option<u64>,
    /// Whether it may not be worse than the batch it is compared with.
    pub not_worse: bool,
    /// Whether cells that are inconclusive, or unchecked beside others that were checked, fail nothing.
    pub allow_inconclusive: bool,
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// False also where nothing is known.
    pub reached: bool,
    /// What was reached and what is wanted, with enough digits to tell them apart.
    pub words: String,
}

/// How close two shares count as the same: a mean of tenths must not fail by the last bit.
const NEAR: f64 = 1e-9;

impl Gates {
    /// Lists the gates with whether each is reached. One that nothing can be said about is not. `compared` is what each
    /// lane shows against the batch that it is compared with; empty where there is none.
    #[must_use]
    pub fn judge(self, tally: &Tally, compared: &[Conclusion]) -> Vec<Gate> {
        let rate = |rate: Option<f64>| rate.map(|rate| rate * 100.0);
        let rates = ("pass rate", rate(self.pass_rate), rate(tally.pass_rate()), 1, "%");
        let scores = ("score", self.score, tally.score(), 2, "");
        let least = [rates, scores].into_iter().filter_map(|(name, least, value, digits, unit)| {
            let least = least?;
            let Some(value) = value else {
                return Some(Gate { reached: false, words: format!("no {name}: no cell was judged") });
            };
            let reached = value + NEAR >= least;
            let (value, least) = apart(value, least, digits);
            let sign = if reached { "≥" } else { "<" };
            Some(Gate { reached, words: format!("{name} {value}{unit} {sign} {least}{unit}") })
        });
        let errors = self.errors.map(|most| {
            let (count, reached) = (tally.counts.error, tally.counts.error <= most);
            Gate { reached, words: format!("errors {count} {} {most}", if reached { "≤" } else { ">" }) }
        });
        let worse = compared.iter().filter(|conclusion| **conclusion == Conclusion::Worse).count();
        let not_worse = self.not_worse.then(|| {
            let words = match (compared.is_empty(), worse) {
                (true, _) => "no batch to compare with",
                (false, 0) => "not worse than the batch it is compared with",
                (false, _) => "worse than the batch it is compared with",
            };
            Gate { reached: !compared.is_empty() && worse == 0, words: words.to_owned() }
        });
        least.chain(errors).chain(not_worse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StatusCounts;

    fn tally(passed: u64, failed: u64, error: u64) -> Tally {
        let mut tally = Tally::default();
        tally.counts = StatusCounts { passed, failed, error, ..StatusCounts::default() };
        tally
    }

    fn judged(gates: Gates, tally: &Tally, compared: &[Conclusion]) -> Vec<(bool, String)> {
        gates.judge(tally, compared).into_iter().map(|gate| (gate.reached, gate.words)).collect()
    }

    #[test]
    fn a_gate_shows_two_numbers_that_differ() {
        let of = |least, tally: &Tally| judged(Gates { pass_rate: Some(least), ..Gates::default() }, tally, &[]);
        assert_eq!(of(0.9999, &tally(2499, 1, 0)), [(false, "pass rate 99.96% < 99.99%".to_owned())]);
        assert_eq!(of(1.0, &tally(999_999, 1, 0)), [(false, "pass rate 99.9999% < 100.0000%".to_owned())]);
        assert_eq!(of(0.9, &tally(9, 1, 0)), [(true, "pass rate 90.0% ≥ 90.0%".to_owned())]);
    }

    #[test]
    fn errors_and_a_worse_lane_close_their_gates() {
        let gates = Gates { errors: Some(1), not_worse: true, ..Gates::default() };
        let same = [Conclusion::NoDifference, Conclusion::Better];
        let reached = |tally: &Tally, compared: &[Conclusion]| {
            gates.judge(tally, compared).iter().map(|gate| gate.reached).collect::<Vec<_>>()
        };
        assert_eq!(reached(&tally(9, 0, 1), &same), [true, true]);
        assert_eq!(reached(&tally(9, 0, 2), &[Conclusion::Worse, Conclusion::Better]), [false, false]);
        assert_eq!(reached(&tally(9, 0, 0), &[]), [true, false], "without a batch to compare with nothing is known");
        assert_eq!(judged(Gates::default(), &tally(0, 9, 9), &[]), []);
    }
}
