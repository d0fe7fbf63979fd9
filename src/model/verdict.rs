//! Verdicts on an answer: which rule, how it went, and why; the grades of people; and the status of a run, a cell or a
//! version, one word, decided in one place, counted in one way.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::run_end::RunEnd;

/// The most stars an answer can get.
pub const MAX_STARS: u8 = 5;

/// Stars from which on an answer counts as right.
const RIGHT: u8 = 4;

/// Whether an answer will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Thumb {
    /// It will.
    Up,
    /// It will not.
    Down,
}

/// What a person says of an answer; each part may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Grade {
    /// One to [`MAX_STARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<u8>,
    /// Up or down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumb: Option<Thumb>,
    /// A remark.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

impl Grade {
    /// Tells whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether the answer was found right, if that is said: by the thumb, else by four stars or more.
    #[must_use]
    pub fn right(&self) -> Option<bool> {
        self.thumb.map(|thumb| thumb == Thumb::Up).or(self.stars.map(|stars| stars >= RIGHT))
    }
}

/// The rule a verdict speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The answer has the expected form.
    Format,
    /// The model was done when it stopped.
    Finish,
    /// The answer satisfies the JSON Schema.
    Schema,
    /// A required field is there and filled.
    Required,
    /// The stated confidence reaches the minimum.
    Confidence,
    /// Enough of the required fields are filled.
    Completeness,
    /// A `[[check]]` of the prompt, by its type's name.
    Check(String),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "format",
            Self::Finish => "finish",
            Self::Schema => "schema",
            Self::Required => "required",
            Self::Confidence => "confidence",
            Self::Completeness => "completeness",
            Self::Check(name) => name,
        })
    }
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The rule holds.
    #[serde(alias = "pass")]
    Passed,
    /// The rule is broken.
    #[serde(alias = "fail")]
    Failed,
    /// The rule could not be applied; never counted as passed.
    #[serde(alias = "skipped")]
    Inconclusive,
}

impl Status {
    /// Names it in one word, as it is shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Returns the one of two that says less good of an answer.
    fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Inconclusive, _) | (_, Self::Inconclusive) => Self::Inconclusive,
            (Self::Passed, Self::Passed) => Self::Passed,
        }
    }
}

/// One rule's outcome with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    pub rule: Rule,
    /// How it came out.
    #[serde(alias = "mark")]
    pub status: Status,
    /// The reason in words, with the numbers: `0.75 < minimum 0.80`.
    pub reason: String,
    /// What was measured, where the rule measures something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// JSON pointer to where the answer breaks the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How much it counts in the score of the answer; 0 is measured and never fails.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// What it gives to the score, from 0 to 1, where that is neither all for a pass nor nothing for a
    /// failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<f64>,
    /// The name its score is summed up under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The model that judged and the version of the prompt it was asked by: `gpt-5.4-mini, factuality v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<String>,
    /// Whether it is asked of every answer, as that it is not empty: it can fail, and where nothing else was
    /// checked an answer that it holds for is *unchecked*.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub implied: bool,
}

fn one() -> f64 {
    1.0
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::float_cmp,
    reason = "serde hands a reference; only 1 itself is left out"
)]
fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

impl Verdict {
    /// Makes a verdict with a reason and nothing else.
    pub fn new(rule: Rule, status: Status, reason: impl Into<String>) -> Self {
        Self {
            rule,
            status,
            reason: reason.into(),
            score: None,
            at: None,
            weight: 1.0,
            credit: None,
            metric: None,
            judge: None,
            implied: false,
        }
    }

    /// Returns what it gives to the score, from 0 to 1; none if the rule was not applied.
    #[must_use]
    pub fn credit(&self) -> Option<f64> {
        match self.status {
            Status::Inconclusive => None,
            Status::Passed => Some(self.credit.unwrap_or(1.0)),
            Status::Failed => Some(self.credit.unwrap_or(0.0)),
        }
    }
}

/// One check of an answer, whatever the number of its verdicts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AppliedCheck<'a> {
    pub rule: &'a Rule,
    /// The worst of its verdicts.
    pub status: Status,
    pub first: &'a Verdict,
}

/// All verdicts on one answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quality {
    /// In the order the rules were applied.
    pub verdicts: Vec<Verdict>,
    /// The least score that passes; where unset, no rule may be broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<f64>,
}

impl Quality {
    /// Makes the quality of which these are the verdicts.
    #[must_use]
    pub fn of(verdicts: Vec<Verdict>) -> Self {
        Self { verdicts, min_score: None }
    }

    /// Tells how the answer came out: failed, inconclusive, passed or unchecked.
    ///
    /// With a least score the answer has to have its form, and its score decides; while a check that could
    /// not run may still move the score across that line, it is inconclusive.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        let unknown = self.inconclusive().next().is_some();
        let unchecked = self.verdicts.iter().all(|verdict| verdict.implied);
        let failed = match self.min_score.filter(|_| !unchecked) {
            Some(least) => {
                let form = self.failures().any(|verdict| verdict.rule == Rule::Format || verdict.implied);
                let best = if unknown { self.best_score() } else { self.score() };
                form || best.is_none_or(|score| score < least)
            }
            None => self.failures().next().is_some(),
        };
        if failed {
            RunStatus::Failed
        } else if unknown {
            RunStatus::Inconclusive
        } else if unchecked {
            RunStatus::Unchecked
        } else {
            RunStatus::Passed
        }
    }

    /// Returns the mean of what the verdicts give, by their weights, from 0 to 1; none if nothing that
    /// counts was applied. That the answer has its form counts where nothing else is judged alone; what is
    /// implied never does.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        self.mean(Verdict::credit)
    }

    /// Returns the score there would be if every check that could not run gave all it can.
    fn best_score(&self) -> Option<f64> {
        self.mean(|verdict| Some(verdict.credit().unwrap_or(1.0)))
    }

    fn mean(&self, credit: impl Fn(&Verdict) -> Option<f64>) -> Option<f64> {
        let own = || self.verdicts.iter().filter(|verdict| !verdict.implied);
        let bare = own().all(|verdict| verdict.rule == Rule::Format);
        let counted = own().filter(|verdict| bare || verdict.rule != Rule::Format);
        let given = counted.filter_map(|verdict| Some((credit(verdict)?, verdict.weight)));
        let (sum, weights) =
            given.fold((0.0, 0.0), |(sum, all), (credit, weight)| (sum + credit * weight, all + weight));
        (weights > 0.0).then(|| sum / weights)
    }

    /// Sums up the verdicts under each name: the mean of what they give by their weights, from 0 to 1,
    /// in the order of the names' first verdicts. What weighs nothing counts among its like alone.
    #[must_use]
    pub fn metrics(&self) -> Vec<(&str, f64)> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.verdicts.iter().filter_map(|verdict| verdict.metric.as_deref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mean = |name: &str| {
            let of = self.verdicts.iter().filter(|verdict| verdict.metric.as_deref() == Some(name));
            let given: Vec<(f64, f64)> = of.filter_map(|verdict| Some((verdict.credit()?, verdict.weight))).collect();
            let weighty = given.iter().any(|(_, weight)| *weight > 0.0);
            let weight = |weight: f64| if weighty { weight } else { 1.0 };
            let (sum, all) = given
                .iter()
                .fold((0.0, 0.0), |(sum, all), (credit, heavy)| (sum + credit * weight(*heavy), all + weight(*heavy)));
            (all > 0.0).then(|| sum / all)
        };
        names.into_iter().filter_map(|name| Some((name, mean(name)?))).collect()
    }

    /// Lists the checks that were applied, in their order: a built-in rule is one, in however many places it is broken.
    /// What is implied by every answer is listed only where it fails.
    #[must_use]
    pub fn checks(&self) -> Vec<AppliedCheck<'_>> {
        let mut checks: Vec<AppliedCheck<'_>> = Vec::new();
        for verdict in self.verdicts.iter().filter(|verdict| !verdict.implied || verdict.status == Status::Failed) {
            let built_in = !matches!(verdict.rule, Rule::Check(_));
            let known = if built_in { checks.iter_mut().find(|check| *check.rule == verdict.rule) } else { None };
            match known {
                Some(check) => check.status = check.status.worse(verdict.status),
                None => checks.push(AppliedCheck { rule: &verdict.rule, status: verdict.status, first: verdict }),
            }
        }
        checks
    }

    /// Counts the checks that hold, and all that were applied.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        let checks = self.checks();
        (checks.iter().filter(|check| check.status == Status::Passed).count(), checks.len())
    }

    /// Lists the verdicts of broken rules, the heaviest first.
    #[must_use]
    pub fn worst_first(&self) -> Vec<&Verdict> {
        let mut failures: Vec<&Verdict> = self.failures().collect();
        failures.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        failures
    }

    /// Tells whether the answer ended before it was whole: the `finish` check failed.
    #[must_use]
    pub fn cut_off(&self) -> bool {
        self.failures().any(|verdict| verdict.rule == Rule::Finish)
    }

    /// Returns the verdicts of broken rules.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.status == Status::Failed)
    }

    /// Returns the verdicts of rules that could not be applied.
    pub fn inconclusive(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.status == Status::Inconclusive)
    }
}

/// How a run came out.
///
/// A check that could not run is never a pass: it leaves the run inconclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    pub fn of(end: &RunEnd, quality: Option<&Quality>) -> Self {
        match end {
            RunEnd::Done => quality.map_or(Self::Unchecked, Quality::status),
            RunEnd::Interrupted { .. } | RunEnd::Failed { .. } => Self::Error,
            RunEnd::Cancelled => Self::Cancelled,
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
    /// `of_the_answer` says that an error is one of the answer, as [`crate::model::ErrorKind::is_of_the_answer`].
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    use crate::model::{
        CallError, ErrorKind,
        verdict::{Rule, Status, Verdict},
    };

    fn verdict(name: &str, status: Status, weight: f64, metric: Option<&str>) -> Verdict {
        let metric = metric.map(str::to_owned);
        Verdict { weight, metric, ..Verdict::new(Rule::Check(name.to_owned()), status, "") }
    }

    #[test]
    fn the_form_has_to_hold_and_makes_no_score() {
        let form = |status| Verdict::new(Rule::Format, status, "");
        let checks = [verdict("a", Status::Passed, 1.0, None), verdict("b", Status::Failed, 1.0, None)];
        let with = |status| Quality { verdicts: [vec![form(status)], checks.to_vec()].concat(), min_score: Some(0.5) };
        assert_eq!(with(Status::Passed).score(), Some(0.5));
        assert_eq!(with(Status::Passed).status(), RunStatus::Passed);
        assert_eq!(with(Status::Failed).status(), RunStatus::Failed);
        let bare = Quality { verdicts: vec![form(Status::Passed)], min_score: Some(0.5) };
        assert_eq!((bare.score(), bare.status()), (Some(1.0), RunStatus::Passed));
    }

    #[test]
    fn a_score_that_an_open_check_may_still_move_across_the_least_is_inconclusive() {
        let of = |least, statuses: &[Status]| {
            let verdicts = statuses.iter().map(|status| verdict("a", *status, 1.0, None)).collect();
            Quality { verdicts, min_score: Some(least) }.status()
        };
        let (passed, failed, open) = (Status::Passed, Status::Failed, Status::Inconclusive);
        assert_eq!(of(0.0, &[open]), RunStatus::Inconclusive);
        assert_eq!(of(0.5, &[failed, open]), RunStatus::Inconclusive, "it reaches 0.5 if the open one passes");
        assert_eq!(of(0.6, &[failed, open]), RunStatus::Failed, "it cannot reach 0.6 any more");
        assert_eq!(of(0.3, &[passed, open]), RunStatus::Inconclusive, "not every check ran");
    }

    #[test]
    fn what_is_implied_can_fail_and_never_passes_alone() {
        let implied = |status| Verdict { implied: true, ..Verdict::new(Rule::Format, status, "") };
        for least in [None, Some(0.5)] {
            let of = |status| Quality { verdicts: vec![implied(status)], min_score: least };
            assert_eq!((of(Status::Passed).status(), of(Status::Passed).score()), (RunStatus::Unchecked, None));
            assert_eq!(of(Status::Failed).status(), RunStatus::Failed);
        }
        let beside = Quality::of(vec![implied(Status::Failed), verdict("a", Status::Passed, 1.0, None)]);
        assert_eq!(beside.status(), RunStatus::Failed);
        let tolerant = Quality { min_score: Some(0.5), ..beside };
        assert_eq!(tolerant.status(), RunStatus::Failed, "no score makes up for an empty answer");
    }

    #[test]
    fn verdicts_of_earlier_builds_are_read() {
        let old = r#"{"rule":"format","mark":"skipped","reason":"not applied"}"#;
        let verdict: Verdict = serde_json::from_str(old).unwrap();
        assert_eq!(verdict.status, Status::Inconclusive);
        let written = serde_json::to_value(&verdict).unwrap();
        assert_eq!((&written["status"], written.get("mark")), (&serde_json::json!("inconclusive"), None));
    }

    #[test]
    fn a_metric_is_the_mean_under_its_name() {
        let quality = Quality::of(vec![
            verdict("a", Status::Passed, 3.0, Some("tone")),
            verdict("b", Status::Failed, 1.0, Some("tone")),
            verdict("c", Status::Inconclusive, 9.0, Some("tone")),
            Verdict { credit: Some(0.25), ..verdict("d", Status::Passed, 0.0, Some("free")) },
            verdict("e", Status::Inconclusive, 1.0, Some("none")),
        ]);
        assert_eq!(quality.metrics(), [("tone", 0.75), ("free", 0.25)]);
    }

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
            assert_eq!(RunStatus::of(&RunEnd::Done, Some(&quality(checks))), status, "{checks:?}");
        }
    }

    #[test]
    fn what_did_not_end_with_an_answer_is_never_judged() {
        let passed = quality(&[Status::Passed]);
        let broken = RunEnd::Interrupted { error: CallError::new(ErrorKind::Transient, "x") };
        for (end, status) in [
            (broken, RunStatus::Error),
            (RunEnd::Failed { reasons: Vec::new() }, RunStatus::Error),
            (RunEnd::Cancelled, RunStatus::Cancelled),
        ] {
            assert_eq!(RunStatus::of(&end, Some(&passed)), status);
        }
        assert_eq!(RunStatus::of(&RunEnd::Done, None), RunStatus::Unchecked);
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
