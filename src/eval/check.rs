//! The `[[check]]`s of a prompt: limits on the run, and texts the answer must or must not hold.

use crate::model::{Check, CheckKind, Cost, PicoDollars, Rule, Verdict};

use super::{
    extract,
    judge::Answer,
    rule::{BadRule, figures, quote, skipped, verdict},
};

/// The checks of a prompt, in its order.
#[derive(Debug)]
pub(super) struct Checks(Vec<Compiled>);

#[derive(Debug)]
enum Compiled {
    /// At most so many milliseconds.
    Latency(f64),
    /// At most so many US dollars.
    Cost(PicoDollars),
    Equals(String),
    Contains(String),
    NotContains(String),
}

impl Checks {
    pub(super) fn new(checks: &[Check]) -> Result<Self, BadRule> {
        checks.iter().enumerate().map(|(index, check)| Compiled::new(index, check)).collect::<Result<_, _>>().map(Self)
    }

    /// Gives one verdict per check.
    pub(super) fn judge(&self, answer: &Answer<'_>) -> impl Iterator<Item = Verdict> {
        let text = extract::answer(answer.text);
        self.0.iter().map(move |check| check.judge(answer, text))
    }
}

impl Compiled {
    fn new(index: usize, check: &Check) -> Result<Self, BadRule> {
        let kind = check.kind;
        Ok(match kind.kind {
            CheckKind::Latency => Self::Latency(limit(index, check, "milliseconds")?),
            CheckKind::Cost => Self::Cost(PicoDollars((limit(index, check, "US dollars")? * 1e12).round() as u64)),
            CheckKind::Equals => Self::Equals(wanted(index, check)?.trim().to_owned()),
            CheckKind::Contains if kind.not => Self::NotContains(part(index, check)?),
            CheckKind::Contains => Self::Contains(part(index, check)?),
            _ => {
                return Err(BadRule::new(
                    format!("check[{index}].type"),
                    "a check that can be applied",
                    kind.to_string(),
                ));
            }
        })
    }

    fn rule(&self) -> Rule {
        Rule::Check(
            match self {
                Self::Latency(_) => "latency",
                Self::Cost(_) => "cost",
                Self::Equals(_) => "equals",
                Self::Contains(_) => "contains",
                Self::NotContains(_) => "not-contains",
            }
            .to_owned(),
        )
    }

    fn judge(&self, answer: &Answer<'_>, text: &str) -> Verdict {
        match self {
            Self::Latency(limit) => self.latency(answer, *limit),
            Self::Cost(limit) => self.cost(answer.cost, *limit),
            Self::Equals(value) if text == value => {
                verdict(self.rule(), true, format!("the answer is {}", quote(value)))
            }
            Self::Equals(value) => {
                verdict(self.rule(), false, format!("the answer is {}, not {}", quote(text), quote(value)))
            }
            Self::Contains(value) => {
                let holds = text.contains(value.as_str());
                let says = if holds { "holds" } else { "does not hold" };
                verdict(self.rule(), holds, format!("the answer {says} {}", quote(value)))
            }
            Self::NotContains(value) => {
                let holds = !text.contains(value.as_str());
                let says = if holds { "does not hold" } else { "holds" };
                verdict(self.rule(), holds, format!("the answer {says} {}", quote(value)))
            }
        }
    }

    fn latency(&self, answer: &Answer<'_>, limit: f64) -> Verdict {
        let Some(took) = answer.latency else {
            return skipped(self.rule(), "the latency of this run is not known, as for an answer from the cache");
        };
        let took = took.as_secs_f64() * 1000.0;
        let holds = took <= limit;
        let sign = if holds { "≤" } else { ">" };
        let (shown, most) = figures(took, limit, 0);
        let reason = format!("{shown} ms {sign} maximum {most} ms");
        Verdict { score: Some(took), ..verdict(self.rule(), holds, reason) }
    }

    fn cost(&self, cost: Cost, limit: PicoDollars) -> Verdict {
        let Some(amount) = cost.amount() else {
            return skipped(
                self.rule(),
                "the cost is not known; the model has no price or the provider counts no tokens",
            );
        };
        let holds = amount <= limit;
        if holds && matches!(cost, Cost::AtLeast(_)) {
            return skipped(self.rule(), &format!("the cost is only known to be {cost}"));
        }
        let sign = if holds { "≤" } else { ">" };
        let reason = format!("{cost} {sign} maximum {limit}");
        Verdict { score: Some(amount.dollars()), ..verdict(self.rule(), holds, reason) }
    }
}

fn limit(index: usize, check: &Check, unit: &str) -> Result<f64, BadRule> {
    refuse(index, check, "value", check.value.is_some())?;
    match check.threshold {
        Some(limit) if limit.is_finite() && limit >= 0.0 => Ok(limit),
        other => {
            let found = other.map_or_else(|| "nothing".to_owned(), |limit| limit.to_string());
            Err(BadRule::new(format!("check[{index}].threshold"), format!("a number of {unit}, 0 or more"), found))
        }
    }
}

fn wanted(index: usize, check: &Check) -> Result<&str, BadRule> {
    refuse(index, check, "threshold", check.threshold.is_some())?;
    let missing = || BadRule::new(format!("check[{index}].value"), "the text to compare the answer with", "nothing");
    check.value.as_ref().and_then(serde_json::Value::as_str).ok_or_else(missing)
}

fn part(index: usize, check: &Check) -> Result<String, BadRule> {
    match wanted(index, check)? {
        "" => Err(BadRule::new(format!("check[{index}].value"), "a text to look for", "an empty text")),
        value => Ok(value.to_owned()),
    }
}

/// Refuses a key that the check does not look at: who wrote it expects something of it.
fn refuse(index: usize, check: &Check, key: &str, is_set: bool) -> Result<(), BadRule> {
    if !is_set {
        return Ok(());
    }
    let instead = if key == "value" { "`threshold` alone" } else { "`value` alone" };
    Err(BadRule::new(format!("check[{index}].{key}"), format!("{instead} for `{}`", check.kind), format!("`{key}`")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Mark;

    fn check(kind: CheckKind, value: Option<&str>, threshold: Option<f64>) -> Check {
        Check { value: value.map(Into::into), threshold, ..Check::of(kind) }
    }

    fn judge(check: Check, text: &str, latency: Option<u64>, cost: Cost) -> (Mark, String) {
        let latency = latency.map(Duration::from_micros);
        let answer = Answer { text, finish: None, latency, cost };
        let verdict = Checks::new(&[check]).unwrap().judge(&answer).next().unwrap();
        (verdict.mark, verdict.reason)
    }

    #[test]
    fn texts_are_compared() {
        use CheckKind::{Contains, Equals};
        for (kind, value, text, mark, reason) in [
            (Equals, "yes", " yes\n", Mark::Pass, "the answer is `yes`"),
            (Equals, "yes\n", "yes", Mark::Pass, "the answer is `yes`"),
            (Equals, "yes", "Yes", Mark::Fail, "the answer is `Yes`, not `yes`"),
            (Equals, "yes", "<think>no</think>yes", Mark::Pass, "the answer is `yes`"),
            (Contains, "refund", "a refund is due", Mark::Pass, "the answer holds `refund`"),
            (Contains, "refund", "<think>refund</think>no", Mark::Fail, "the answer does not hold `refund`"),
        ] {
            let got = judge(check(kind, Some(value), None), text, None, Cost::Unknown);
            assert_eq!(got, (mark, reason.to_owned()), "{kind:?} {text:?}");
        }
    }

    #[test]
    fn latency_is_compared_or_skipped() {
        for (took, mark, reason) in [
            (Some(1_234_000), Mark::Pass, "1234 ms ≤ maximum 2000 ms"),
            (Some(2_000_000), Mark::Pass, "2000 ms ≤ maximum 2000 ms"),
            (Some(2_000_400), Mark::Fail, "2000.4 ms > maximum 2000.0 ms"),
            (None, Mark::Skipped, "not applied: the latency of this run is not known, as for an answer from the cache"),
        ] {
            let got = judge(check(CheckKind::Latency, None, Some(2000.0)), "", took, Cost::Unknown);
            assert_eq!(got, (mark, reason.to_owned()));
        }
    }

    #[test]
    fn an_unknown_cost_never_passes() {
        let dollars = |dollars: f64| PicoDollars((dollars * 1e12) as u64);
        for (cost, mark, reason) in [
            (Cost::Known(dollars(0.001)), Mark::Pass, "$0.001000 ≤ maximum $0.002000"),
            (Cost::Known(dollars(0.0021)), Mark::Fail, "$0.002100 > maximum $0.002000"),
            (Cost::Estimated(dollars(0.001)), Mark::Pass, "~$0.001000 ≤ maximum $0.002000"),
            (Cost::AtLeast(dollars(0.003)), Mark::Fail, "≥$0.003000 > maximum $0.002000"),
            (Cost::AtLeast(dollars(0.001)), Mark::Skipped, "not applied: the cost is only known to be ≥$0.001000"),
            (
                Cost::Unknown,
                Mark::Skipped,
                "not applied: the cost is not known; the model has no price or the provider counts no tokens",
            ),
        ] {
            let got = judge(check(CheckKind::Cost, None, Some(0.002)), "", None, cost);
            assert_eq!(got, (mark, reason.to_owned()));
        }
    }

    #[test]
    fn what_can_never_be_applied_is_refused() {
        let good = check(CheckKind::Contains, Some("x"), None);
        for (bad, key) in [
            (check(CheckKind::Latency, None, None), "check[1].threshold"),
            (check(CheckKind::Latency, None, Some(-1.0)), "check[1].threshold"),
            (check(CheckKind::Cost, None, Some(f64::INFINITY)), "check[1].threshold"),
            (check(CheckKind::Latency, Some("2000"), None), "check[1].value"),
            (check(CheckKind::Equals, None, None), "check[1].value"),
            (check(CheckKind::Contains, Some(""), None), "check[1].value"),
            (check(CheckKind::Contains, Some("x"), Some(1.0)), "check[1].threshold"),
        ] {
            assert_eq!(Checks::new(&[good.clone(), bad]).unwrap_err().key, key);
        }
        let error = Checks::new(&[check(CheckKind::Latency, None, None)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`check[0].threshold`: expected a number of milliseconds, 0 or more, found nothing"
        );
    }
}
