//! Why an action of the quality screen cannot be done now.

use jiff::tz::TimeZone;

use crate::app::{
    action::{Action, QualityAction, Verb},
    quality::{Grouping, QualityPane, QualityScreen},
};

impl QualityScreen {
    /// Says why an action cannot be done now; none where it can, as far as that is known.
    pub(crate) fn refusal(&self, action: Action) -> Option<&'static str> {
        if self.asking.typing {
            return None;
        }
        match (action, &self.what_if) {
            (Action::Verb(verb), None) => self.verb_refusal(verb),
            (Action::Verb(verb), Some(view)) => match verb {
                Verb::ToBench if view.run().is_none() => Some("no run is under the cursor"),
                Verb::Copy | Verb::Sort | Verb::TurnSort | Verb::OnlyFailed | Verb::OnlyErrors | Verb::Baseline => {
                    Some("it works in the report; leave the what-if first")
                }
                Verb::ToBench
                | Verb::Run
                | Verb::NextSample
                | Verb::PreviousSample
                | Verb::Xray
                | Verb::Diff
                | Verb::Next
                | Verb::Previous
                | Verb::Grade
                | Verb::Leave
                | Verb::NextPane
                | Verb::PreviousPane
                | Verb::Accept
                | Verb::MoreCalls
                | Verb::FewerCalls
                | Verb::Filter
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns => None,
            },
            (Action::Quality(action), view) => match action {
                QualityAction::NextFlip | QualityAction::PreviousFlip | QualityAction::WriteThreshold => match view {
                    None => Some("open the what-if first"),
                    Some(view) => view.read().is_none().then_some("there is no threshold to move"),
                },
                QualityAction::WhatIf => None,
            },
            (
                Action::Global(_)
                | Action::Motion(_)
                | Action::Overlay(_)
                | Action::Bench(_)
                | Action::Batch(_)
                | Action::History(_),
                _,
            ) => None,
        }
    }

    /// Says why something cannot be done on the report.
    fn verb_refusal(&self, verb: Verb) -> Option<&'static str> {
        let said = |refused: bool, why: &'static str| refused.then_some(why);
        let empty = self.report.as_deref().is_none_or(|report| report.runs == 0);
        let none = said(empty, if self.loading() { "the runs are being read" } else { "no run is counted here" });
        let is_of_runs = matches!(self.lines.kind, Grouping::Runs(_));
        match verb {
            Verb::Copy
            | Verb::Sort
            | Verb::TurnSort
            | Verb::OnlyFailed
            | Verb::OnlyErrors
            | Verb::NextPane
            | Verb::PreviousPane
            | Verb::ScoreRuns => none,
            Verb::Accept | Verb::ToBench => none.or_else(|| {
                let why = match self.part {
                    QualityPane::Report => "no prompt has two versions to compare",
                    QualityPane::Trend => "no run is in this stretch",
                    QualityPane::Lines => "no filter finds the runs of this",
                };
                said(self.filters(&TimeZone::UTC).is_none(), why)
            }),
            Verb::Baseline => {
                none.or(said(!is_of_runs, "a baseline is a line by model, provider, prompt, version or parameters"))
            }
            Verb::Leave
            | Verb::Refresh
            | Verb::Filter
            | Verb::ExportRuns
            | Verb::Run
            | Verb::NextSample
            | Verb::PreviousSample
            | Verb::Xray
            | Verb::Diff
            | Verb::Next
            | Verb::Previous
            | Verb::Grade
            | Verb::MoreCalls
            | Verb::FewerCalls => None,
        }
    }
}
