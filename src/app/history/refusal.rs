//! Why an action of the history cannot be done now.

use crate::app::{
    action::{Action, HistoryAction, Verb},
    history::History,
};

impl History {
    /// Says why an action cannot be done now; none where it can, as far as that is known.
    pub(crate) fn refusal(&self, action: Action) -> Option<&'static str> {
        let said = |refused: bool, why: &'static str| refused.then_some(why);
        if self.asking.typing {
            return None;
        }
        let none = if self.runs.loading() { "the runs are being read" } else { "no run is listed" };
        let lacks = self.chosen().is_none();
        let paired = self.pair.is_some();
        let away = "two runs are compared; leave that first";
        match action {
            Action::Verb(verb) => match verb {
                Verb::Next | Verb::Previous => said(!paired, "it goes through two runs that are compared"),
                Verb::Diff => {
                    said(!paired && self.runs.two().is_none(), "mark two runs first, or one beside the cursor")
                }
                Verb::Filter | Verb::OnlyFailed | Verb::OnlyErrors => said(paired, away),
                Verb::Run
                | Verb::Xray
                | Verb::Copy
                | Verb::Grade
                | Verb::ToBench
                | Verb::Sort
                | Verb::TurnSort
                | Verb::ScoreRuns
                | Verb::NextPane
                | Verb::PreviousPane
                | Verb::Accept => said(paired, away).or(said(lacks, none)),
                Verb::Leave
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::NextSample
                | Verb::PreviousSample
                | Verb::Baseline
                | Verb::MoreCalls
                | Verb::FewerCalls => None,
            },
            Action::History(action) => match action {
                HistoryAction::MarkRun | HistoryAction::PinRun | HistoryAction::RemoveRun => {
                    said(paired, away).or(said(lacks, none))
                }
                HistoryAction::Columns => said(paired, away),
            },
            Action::Global(_)
            | Action::Motion(_)
            | Action::Overlay(_)
            | Action::Bench(_)
            | Action::Batch(_)
            | Action::Quality(_) => None,
        }
    }
}
