//! Why an action of the batch screen cannot be done now.

use crate::app::{
    action::{Action, BatchAction, Verb},
    batch::{Batches, Page, grid::Only, run_state::ShownBatch},
    overlays::batch_ending::BatchEnding,
};

impl Batches {
    /// Says why an action cannot be done now; none where it can, as far as that is known.
    pub(crate) fn refusal(&self, action: Action) -> Option<&'static str> {
        let said = |refused: bool, why: &'static str| refused.then_some(why);
        let no_table = match self.page {
            Page::List => Some("open a batch first"),
            Page::Form => Some("it works in the table of a batch"),
            Page::Table => None,
        };
        let shown = self.shown.as_ref();
        if shown.is_some_and(|shown| shown.look.typing) {
            return None;
        }
        let not_run = || {
            let ran = |shown: &ShownBatch| {
                shown.detail.is_some() || shown.place().is_some_and(|place| shown.grid.cell(place).is_some())
            };
            said(!shown.is_some_and(ran), "not run yet")
        };
        let zoomed = said(shown.is_some_and(|shown| shown.zoomed), "a cell is looked at; leave it first");
        match action {
            Action::Verb(verb) => match verb {
                Verb::Xray | Verb::ToBench => no_table.or_else(not_run),
                Verb::Copy => no_table,
                Verb::Filter | Verb::Sort | Verb::TurnSort | Verb::OnlyFailed => no_table.or(zoomed),
                Verb::OnlyErrors => {
                    let errors =
                        shown.is_some_and(|shown| shown.grid.counts().by.error > 0 || shown.look.only == Only::Errors);
                    no_table.or(zoomed).or(said(!errors, "every cell that ran got an answer"))
                }
                Verb::NextSample
                | Verb::PreviousSample
                | Verb::Diff
                | Verb::Run
                | Verb::Baseline
                | Verb::Next
                | Verb::Previous
                | Verb::Grade
                | Verb::Leave
                | Verb::NextPane
                | Verb::PreviousPane
                | Verb::Accept
                | Verb::MoreCalls
                | Verb::FewerCalls
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns => None,
            },
            Action::Batch(action) => match action {
                BatchAction::NewBatch | BatchAction::OpenBatch => None,
                BatchAction::BatchEnding => match self.page {
                    Page::List => said(self.list.is_empty(), "no batch is stored yet"),
                    Page::Form => no_table,
                    Page::Table => said(shown.and_then(BatchEnding::of_shown).is_none(), "the batch has not ended"),
                },
                BatchAction::AskFailed => {
                    let errors = shown.is_some_and(|shown| shown.grid.counts().by.error > 0);
                    no_table.or(said(!errors, "every cell that ran got an answer"))
                }
                BatchAction::OnlyChanged => no_table.or(zoomed),
                BatchAction::BatchWhatIf => {
                    let stored = shown.is_some_and(|shown| shown.id.is_some());
                    no_table.or(said(!stored, "no answer of this batch is stored yet"))
                }
                BatchAction::WriteBatchThreshold => {
                    let moves = shown.is_some_and(|shown| shown.what_if.is_some());
                    no_table.or(said(!moves, "no threshold is moved: what-if moves one"))
                }
                BatchAction::Pause | BatchAction::Limits | BatchAction::AskAgain | BatchAction::BatchBaseline => {
                    no_table
                }
            },
            Action::Global(_)
            | Action::Motion(_)
            | Action::Overlay(_)
            | Action::Bench(_)
            | Action::History(_)
            | Action::Quality(_) => None,
        }
    }
}
