//! The judges of a run, and the one of them that is shown.

use std::collections::BTreeMap;

use crate::{
    eval::quality::{CheckFigures, QualityReport},
    model::RunId,
    pipeline::ports::RunRecord,
    present::{
        quality_report, xray,
        xray::{Judge, XrayStep},
    },
};

/// The judges of a run, in the order in which their verdicts came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judges {
    all: Vec<Judge>,
    /// The one whose run is shown, counted from 0, and its steps.
    shown: Option<(usize, Vec<XrayStep>)>,
    /// The one whose record was asked for last and has not come.
    loading: Option<usize>,
    /// How far judges and people agree, over all answers to the prompt.
    agreement: JudgesAndPeople,
}

/// How far the judges of a prompt and people agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum JudgesAndPeople {
    /// Nobody has asked.
    #[default]
    Unknown,
    Loading,
    /// In words, by the judge's check; those of which no answer is graded are left out.
    Known(BTreeMap<String, String>),
}

impl Judges {
    /// Adds judges that were asked.
    pub(crate) fn add(&mut self, judges: impl IntoIterator<Item = Judge>) {
        self.all.extend(judges);
    }

    /// Tells whether the run of one is shown.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Returns the place of the one that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<usize> {
        self.shown.as_ref().map(|(at, _)| *at)
    }

    /// Returns what the one that is shown was asked and said, and its steps.
    #[must_use]
    pub fn steps(&self) -> &[XrayStep] {
        self.shown.as_ref().map_or(&[], |(_, steps)| steps)
    }

    /// Lists all of them.
    pub(crate) fn all(&self) -> &[Judge] {
        &self.all
    }

    /// Tells whether there is one to go to.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.all.len() > usize::from(self.is_shown())
    }

    /// Tells whether it is still to be asked how far judges and people agree; it is, from now on.
    pub(crate) fn asks_agreement(&mut self) -> bool {
        let asks = self.agreement == JudgesAndPeople::Unknown;
        if asks {
            self.agreement = JudgesAndPeople::Loading;
        }
        asks
    }

    /// Takes in how far judges and people agree.
    pub(crate) fn agree(&mut self, report: &QualityReport) {
        let of = |check: &CheckFigures| Some((check.name.clone(), quality_report::agreement(&check.agreement?)));
        self.agreement = JudgesAndPeople::Known(report.checks.iter().filter_map(of).collect());
    }

    /// Tells whether that is known.
    pub(crate) fn has_agreement(&self) -> bool {
        matches!(self.agreement, JudgesAndPeople::Known(_))
    }

    /// Says how far the judge that is shown and people agree; none while that is not known.
    pub(crate) fn agreement(&self) -> Option<String> {
        let JudgesAndPeople::Known(all) = &self.agreement else { return None };
        let judge = self.shown().and_then(|at| self.all.get(at))?;
        let none = "no answer to this prompt that it judged is graded, so nobody knows whether it is right";
        Some(all.get(&judge.rule).map_or_else(|| none.to_owned(), |words| format!("agrees with people on {words}")))
    }

    /// Goes to the next one, after the last the first, and returns its run, whose record is to be asked for.
    pub fn step(&mut self) -> Option<RunId> {
        if !self.has_next() {
            return None;
        }
        let next = self.loading.or(self.shown()).map_or(0, |at| (at + 1) % self.all.len());
        self.loading = Some(next);
        self.all.get(next).map(|judge| judge.run)
    }

    /// Takes the record that was asked for last. Tells whether it is that one.
    pub fn take(&mut self, record: &RunRecord) -> bool {
        let Some((at, judge)) =
            self.loading.and_then(|at| Some((at, self.all.get(at)?))).filter(|(_, judge)| judge.run == record.run)
        else {
            return false;
        };
        let which = format!("{} of {}, run {}: {}", at + 1, self.all.len(), judge.run.short(), judge.rule);
        self.shown = Some((at, xray::judge_steps(&which, &record.timeline, &record.outcome)));
        self.loading = None;
        true
    }
}
