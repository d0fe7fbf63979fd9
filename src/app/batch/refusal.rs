//! Why an action of the batch screen cannot be done now.

use crate::app::{
    action::{
        Action::{Batch as Own, Verb as On},
        BatchAction, Verb,
    },
    batch::{Batches, Page, grid_view::Only, run_state::ShownBatch},
    overlays::batch_ending::BatchEnding,
    refusal::{Need, because, nothing},
};

/// What each action needs.
pub(crate) const NEEDS: &[Need<Batches>] = &[
    Need {
        actions: &[On(Verb::Xray), On(Verb::ToBench)],
        lacks: |batches| no_table(batches).or_else(|| because(!has_run(batches), "not run yet")),
    },
    Need {
        actions: &[
            On(Verb::Copy),
            Own(BatchAction::Pause),
            Own(BatchAction::Limits),
            Own(BatchAction::AskAgain),
            Own(BatchAction::BatchBaseline),
        ],
        lacks: no_table,
    },
    Need {
        actions: &[
            On(Verb::Filter),
            On(Verb::Sort),
            On(Verb::TurnSort),
            On(Verb::OnlyFailed),
            Own(BatchAction::OnlyChanged),
        ],
        lacks: no_rows,
    },
    Need {
        actions: &[On(Verb::OnlyErrors)],
        lacks: |batches| {
            let listed = shown(batches).is_some_and(|shown| shown.look.only == Only::Errors);
            no_rows(batches).or_else(|| because(!listed && !has_errors(batches), "every cell that ran got an answer"))
        },
    },
    Need {
        actions: &[On(Verb::NextSample), On(Verb::PreviousSample)],
        lacks: |batches| {
            let steps = shown(batches).is_some_and(|shown| shown.zoomed || shown.what_if.is_some());
            no_table(batches).or_else(|| because(!steps, "open a cell first"))
        },
    },
    Need {
        actions: &[On(Verb::Diff)],
        lacks: |batches| {
            let has_cell = shown(batches).is_some_and(|shown| shown.detail.is_some());
            no_table(batches).or_else(|| because(!has_cell, "open a cell first"))
        },
    },
    Need {
        actions: &[On(Verb::MoreCalls), On(Verb::FewerCalls)],
        lacks: |batches| no_table(batches).or_else(|| because(!batches.busy(), "no batch is under way")),
    },
    Need {
        actions: &[Own(BatchAction::AskFailed)],
        lacks: |batches| {
            no_table(batches).or_else(|| because(!has_errors(batches), "every cell that ran got an answer"))
        },
    },
    Need {
        actions: &[Own(BatchAction::BatchWhatIf)],
        lacks: |batches| {
            let stored = shown(batches).is_some_and(|shown| shown.id.is_some());
            no_table(batches).or_else(|| because(!stored, "no answer of this batch is stored yet"))
        },
    },
    Need {
        actions: &[Own(BatchAction::WriteBatchThreshold)],
        lacks: |batches| {
            let moved = shown(batches).is_some_and(|shown| shown.what_if.is_some());
            no_table(batches).or_else(|| because(!moved, "no threshold is moved: what-if moves one"))
        },
    },
    Need { actions: &[Own(BatchAction::BatchEnding)], lacks: no_ending },
    Need {
        actions: &[Own(BatchAction::Improve), Own(BatchAction::Ablate), Own(BatchAction::ReviewChanges)],
        lacks: |batches| because(!batches.has_request(), "open a batch first: it has the prompt and the rows"),
    },
    Need {
        actions: &[
            On(Verb::Run),
            On(Verb::Accept),
            On(Verb::Leave),
            On(Verb::NextPane),
            On(Verb::PreviousPane),
            Own(BatchAction::NewBatch),
            Own(BatchAction::OpenBatch),
            Own(BatchAction::CompareBlind),
        ],
        lacks: nothing,
    },
];

fn shown(batches: &Batches) -> Option<&ShownBatch> {
    batches.shown.as_ref()
}

/// What is of a table lacks one on the other pages.
fn no_table(batches: &Batches) -> Option<&'static str> {
    match batches.page {
        Page::List => Some("open a batch first"),
        Page::Form => Some("it works in the table of a batch"),
        Page::Table => None,
    }
}

/// What is of its rows lacks them behind a cell, too.
fn no_rows(batches: &Batches) -> Option<&'static str> {
    let zoomed = shown(batches).is_some_and(|shown| shown.zoomed);
    no_table(batches).or_else(|| because(zoomed, "a cell is looked at; leave it first"))
}

fn has_run(batches: &Batches) -> bool {
    shown(batches).is_some_and(|shown| {
        shown.detail.is_some() || shown.place().is_some_and(|place| shown.grid.status_of(place).is_some())
    })
}

fn has_errors(batches: &Batches) -> bool {
    shown(batches).is_some_and(|shown| shown.grid.counts().by.error > 0)
}

/// The list has the reason of its chosen batch, the table that of its own.
fn no_ending(batches: &Batches) -> Option<&'static str> {
    match batches.page {
        Page::List => because(batches.list.is_empty(), "no batch is stored yet"),
        Page::Form => no_table(batches),
        Page::Table => because(shown(batches).and_then(BatchEnding::of_shown).is_none(), "the batch has not ended"),
    }
}
