//! The `[[check]]`s of a prompt or of a row: compiled once, filled from each input, applied to answers.
//!
//! Their names and what they mean are promptfoo's
//! (<https://www.promptfoo.dev/docs/configuration/expected-outputs/>), with some of our own. Each
//! finds out a fact about the answer; `not-` turns round what the fact means, and what could not be
//! found out is inconclusive either way.
//!
//! A check that waits for a model or a program names what it waits for, and what that says is judged here: so
//! `best_choice`, `classification`, `embedding`, `moderation`, `pending`, `program_check`, `rubric` and
//! `service_check` are one machine with this file.

pub mod promptfoo;

pub(crate) mod agreement;
pub(crate) mod answer;
pub(crate) mod apart;
pub(crate) mod exec;
pub(crate) mod field;
pub(crate) mod form;
pub(crate) mod input;
pub(crate) mod json;
pub(crate) mod limits;
pub(crate) mod markup;
pub(crate) mod max_score;
pub(crate) mod ngrams;
pub(crate) mod refusal;
pub(crate) mod rubric;
pub(crate) mod services;
pub(crate) mod similarity;
pub(crate) mod source;
pub(crate) mod spec;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod threshold;
pub(crate) mod tools;
pub(crate) mod transform;
pub(crate) mod unsupported;
pub(crate) mod variables;

pub use crate::eval::check::variables::uses;
pub(crate) use crate::eval::check::{input::CheckInput, table::is_compiled};
use crate::{
    eval::{
        answer::Answer,
        check::{source::CheckSource, spec::CheckTest, table::spec, threshold::Movable, transform::AnswerPart},
        pending::PendingCheck,
        reason::{BadRule, inconclusive, quote, verdict},
    },
    model::{Check, CheckKind, Input, Rule, Status, Verdict},
    template::FillBudget,
    text::budget::WorkBudget,
};

/// Refuses checks that could never be applied: one whose value is missing, a regular expression that
/// is none, a key its kind does not look at. What a variable stands for is not known yet.
pub fn validate(checks: &[Check]) -> Result<(), BadRule> {
    Checks::new(checks).map(|_| ())
}

/// Writes the table of all checks in Markdown: what each asks of an answer, and the keys it takes. Left out is what an
/// assertion of another program's becomes that cannot run here: nobody writes it.
#[must_use]
pub fn table() -> String {
    let kinds = CheckKind::ALL.iter().filter(|kind| **kind != CheckKind::Unsupported);
    let rows = kinds.map(|kind| {
        let takes = spec(*kind).keys().map(|key| match (key, &spec(*kind).threshold) {
            ("threshold", Movable::Threshold(_, _, Some(usual))) => format!("`{key}` ({usual} where unset)"),
            _ => format!("`{key}`"),
        });
        let (name, takes) = (kind.name(), takes.collect::<Vec<_>>().join(", "));
        format!("| `{name}` | {} | {takes} |\n", kind.about())
    });
    format!("| check | passes when | takes |\n|---|---|---|\n{}", rows.collect::<String>())
}

/// Checks in order.
#[derive(Debug)]
pub(crate) struct Checks(Vec<Compiled>);

/// What came of some checks.
#[derive(Debug, Default)]
pub(crate) struct JudgedChecks {
    pub(crate) verdicts: Vec<Verdict>,
    /// Those that wait for a model or a program, each with the place of its verdict among `verdicts`.
    pub(crate) pending: Vec<(usize, PendingCheck)>,
}

/// What a check found out about an answer, whatever was wanted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    holds: bool,
    reason: String,
    score: Option<f64>,
    credit: Option<f64>,
    at: Option<String>,
}

impl Finding {
    fn new(holds: bool, reason: impl Into<String>) -> Self {
        Self { holds, reason: reason.into(), score: None, credit: None, at: None }
    }
}

/// A fact, or why it could not be found out.
type CheckResult = Result<Finding, String>;

#[derive(Debug)]
struct Compiled {
    place: usize,
    check: Check,
    /// None where the check holds variables: it is compiled for each input.
    test: Option<Box<dyn CheckTest>>,
}

impl Checks {
    /// Compiles those that are on.
    pub(crate) fn new(checks: &[Check]) -> Result<Self, BadRule> {
        let on = || checks.iter().enumerate().filter(|(_, check)| check.enabled);
        let texts = on().map(|(_, check)| variables::length(check)).sum();
        let mut budget = FillBudget::new(texts, &Input::default());
        let compiled = on().map(|(place, check)| Compiled::new(place, check, &mut budget));
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// Gives one verdict per check. Without an input no variable has a value.
    pub(crate) fn judge(&self, seen: &CheckInput<'_>, input: Option<&Input>) -> JudgedChecks {
        let mut judged = JudgedChecks::default();
        for compiled in &self.0 {
            seen.budget.next_rule();
            let (verdict, pending) = compiled.judge(seen, input);
            judged.pending.extend(pending.map(|pending| (judged.verdicts.len(), pending)));
            judged.verdicts.push(verdict);
        }
        judged
    }
}

/// Takes a check as it is written, with no key that its kind does not look at.
fn source(place: usize, check: &Check) -> Result<CheckSource<'_>, BadRule> {
    CheckSource::new(place, check, &spec(check.kind.kind).keys().collect::<Vec<_>>())
}

impl Compiled {
    fn new(place: usize, check: &Check, budget: &mut FillBudget) -> Result<Self, BadRule> {
        let written = source(place, check)?;
        let asks = variables::asks(check).map_err(|(key, text, mistake)| {
            let found = format!("{mistake} in {}", quote(text));
            written.bad(key, "a text whose variables make sense", found)
        })?;
        let test = if asks {
            // A number is a text as well, so that what is not known yet is in question for the least.
            let placed = variables::with_placeholders(check, budget);
            match compile(&source(place, &placed)?) {
                Err(bad) if bad.key != written.key("value") => return Err(bad),
                Ok(_) | Err(_) => None,
            }
        } else {
            let plain = variables::filled(check, &Input::default(), budget)
                .map_err(|why| written.bad("value", "a text that can be filled", why))?;
            Some(compile(&source(place, &plain)?)?)
        };
        Ok(Self { place, check: check.clone(), test })
    }

    fn judge(&self, seen: &CheckInput<'_>, input: Option<&Input>) -> (Verdict, Option<PendingCheck>) {
        match (&self.test, input) {
            (Some(test), _) => settle(&self.check, test.as_ref(), seen),
            (None, None) => (skip(&self.check, "there is no input to fill its variables from"), None),
            (None, Some(input)) => {
                let check = match self.filled(input, seen.budget) {
                    Ok(check) => check,
                    Err(why) => return (skip(&self.check, &why), None),
                };
                match source(self.place, &check).and_then(|written| compile(&written)) {
                    Ok(test) => settle(&check, test.as_ref(), seen),
                    Err(BadRule { expected, found, .. }) => {
                        (skip(&check, &format!("for this input it expects {expected} and gets {found}")), None)
                    }
                }
            }
        }
    }

    /// Fills the check from an input, which is a part of the work of judging.
    fn filled(&self, input: &Input, budget: &WorkBudget) -> Result<Check, String> {
        let mut fills = FillBudget::new(variables::length(&self.check), input);
        let filled = variables::filled(&self.check, input, &mut fills)?;
        budget.spend(fills.steps(), || "filling its variables".to_owned()).map_err(|much| much.to_string())?;
        Ok(filled)
    }
}

fn compile(source: &CheckSource<'_>) -> Result<Box<dyn CheckTest>, BadRule> {
    (spec(source.check.kind.kind).compile)(source)
}

/// Applies a test and makes its verdict; that of one that waits for a model or a program stands until it was asked.
fn settle(check: &Check, test: &dyn CheckTest, seen: &CheckInput<'_>) -> (Verdict, Option<PendingCheck>) {
    let part = check.transform.as_deref().map(|text| AnswerPart::of(text)?.taken(seen.text, seen.budget)).transpose();
    let part = match part {
        Ok(part) => part,
        Err(why) => return (skip(check, &why), None),
    };
    if let Some(pending) = test.pending(check) {
        let pending = part.iter().fold(pending, PendingCheck::on);
        return (skip(check, pending.waits()), Some(pending));
    }
    let found = match part.as_ref().map(transform::written) {
        None => test.apply(seen),
        Some(text) => {
            let answer = Answer { text: &text, ..*seen.answer };
            test.apply(&CheckInput::new((&answer, &text), seen.form, None, seen.budget))
        }
    };
    let verdict = match found {
        Err(why) => skip(check, &why),
        Ok(Finding { holds, reason, score, credit, at }) => {
            let not = check.kind.not;
            let credit = credit.map(|credit| if not { 1.0 - credit } else { credit });
            Verdict { score, at, credit, ..verdict(rule(check), holds != not, reason) }
        }
    };
    (with_weight(check, verdict), None)
}

fn skip(check: &Check, why: &str) -> Verdict {
    with_weight(check, inconclusive(rule(check), why))
}

/// Gives a verdict its check's weight and metric. What weighs nothing is measured and never fails.
pub(crate) fn with_weight(check: &Check, verdict: Verdict) -> Verdict {
    let weight = check.weight.unwrap_or(1.0);
    let mut verdict = Verdict { weight, metric: check.metric.clone(), ..verdict };
    if weight <= 0.0 && verdict.status == Status::Failed {
        verdict.credit = Some(verdict.credit().unwrap_or(0.0));
        verdict.status = Status::Passed;
        verdict.reason.push_str(" (weight 0: measured, never fails)");
    }
    verdict
}

/// Returns the score from which on a check passes that measures one: its threshold, or what counts where none is set.
pub(crate) fn least(check: &Check) -> Option<f64> {
    let usual = match spec(check.kind.kind).threshold {
        Movable::Threshold(_, _, usual) => usual,
        Movable::Value(_) | Movable::None(_) => None,
    };
    check.threshold.or(usual)
}

/// Names a rule of another program that cannot be applied here, as it is called there; none for any other check.
#[must_use]
pub fn unsupported(check: &Check) -> Option<&str> {
    (check.kind.kind == CheckKind::Unsupported).then(|| source::original(check).unwrap_or("unknown"))
}

/// Names the rule of a check; of one that cannot be applied here, as it was written.
pub(crate) fn rule(check: &Check) -> Rule {
    let unknown = (check.kind.kind == CheckKind::Unsupported).then(|| source::original(check)).flatten();
    Rule::Check(unknown.map_or_else(|| check.kind.to_string(), str::to_owned))
}
