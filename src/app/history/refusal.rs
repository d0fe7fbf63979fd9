//! Why an action of the history cannot be done now.

use crate::app::{
    action::{
        Action::{History as Own, Verb as On},
        HistoryAction, Verb,
    },
    history::History,
    refusal::{Need, because, nothing},
};

/// What each action needs.
pub(crate) const NEEDS: &[Need<History>] = &[
    Need {
        actions: &[On(Verb::Next), On(Verb::Previous)],
        lacks: |history| because(history.pair.is_none(), "it goes through two runs that are compared"),
    },
    Need {
        actions: &[On(Verb::Diff)],
        lacks: |history| {
            let none = history.pair.is_none() && history.runs.two().is_none();
            because(none, "mark two runs first, or one beside the cursor")
        },
    },
    Need {
        actions: &[On(Verb::Filter), On(Verb::OnlyFailed), On(Verb::OnlyErrors), Own(HistoryAction::Columns)],
        lacks: no_list,
    },
    Need {
        actions: &[
            On(Verb::Run),
            On(Verb::Xray),
            On(Verb::Copy),
            On(Verb::Grade),
            On(Verb::ToBench),
            On(Verb::Sort),
            On(Verb::TurnSort),
            On(Verb::ScoreRuns),
            On(Verb::NextPane),
            On(Verb::PreviousPane),
            On(Verb::Accept),
            Own(HistoryAction::MarkRun),
            Own(HistoryAction::PinRun),
            Own(HistoryAction::RemoveRun),
        ],
        lacks: |history| {
            let none = if history.runs.loading() { "the runs are being read" } else { "no run is listed" };
            no_list(history).or_else(|| because(history.chosen().is_none(), none))
        },
    },
    Need {
        actions: &[Own(HistoryAction::ShowPictures)],
        lacks: |history| {
            let none = history.chosen().is_none() || history.shown().is_some_and(|run| !run.has_pictures());
            no_list(history).or_else(|| because(none, "the run under the cursor was given no picture"))
        },
    },
    Need { actions: &[On(Verb::Leave), On(Verb::Refresh), On(Verb::ExportRuns)], lacks: nothing },
];

/// What is of the list lacks it behind two runs that are compared.
fn no_list(history: &History) -> Option<&'static str> {
    because(history.pair.is_some(), "two runs are compared; leave that first")
}
