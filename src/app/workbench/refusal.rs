//! Why an action of the bench cannot be done now.

use crate::app::{
    action::{
        Action::{Bench as Own, Global, Verb as On},
        BenchAction, GlobalAction, Pane, Verb,
    },
    refusal::{Need, because, nothing},
    workbench::{
        MAX_LANES, Workbench,
        lane::{Lane, LaneRun, RunPhase},
    },
};

/// What each action needs.
pub(crate) const NEEDS: &[Need<Workbench>] = &[
    Need { actions: &[Global(GlobalAction::Stop)], lacks: |bench| because(!bench.busy(), "nothing runs") },
    Need {
        actions: &[On(Verb::Copy), On(Verb::Grade), Own(BenchAction::OpenChecks), Own(BenchAction::NextTurn)],
        lacks: no_answer,
    },
    Need {
        actions: &[On(Verb::NextSample), On(Verb::PreviousSample), Own(BenchAction::Groups)],
        lacks: |bench| because(bench.lane().is_none_or(|lane| lane.samples() < 2), "1 sample"),
    },
    Need {
        actions: &[Own(BenchAction::RunFailed)],
        lacks: |bench| because(!runs(bench).any(|run| run.state.is_unfinished()), "no lane failed"),
    },
    Need {
        actions: &[Own(BenchAction::RetryNow)],
        lacks: |bench| {
            let waits = runs(bench).any(|run| matches!(run.state, RunPhase::Waiting { .. }));
            because(!waits, "no lane waits for a retry")
        },
    },
    Need {
        actions: &[Own(BenchAction::TypeResult)],
        lacks: |bench| because(bench.awaited().is_none(), "no call waits for a person"),
    },
    Need {
        actions: &[Own(BenchAction::AddLane)],
        lacks: |bench| because(bench.lanes.len() >= MAX_LANES, "4 lanes fit at most"),
    },
    Need {
        actions: &[Own(BenchAction::CloseLane)],
        lacks: |bench| because(bench.lanes.len() < 2, "the last lane stays"),
    },
    Need {
        actions: &[
            Own(BenchAction::MoveLaneLeft),
            Own(BenchAction::MoveLaneRight),
            Own(BenchAction::Solo),
            Own(BenchAction::Together),
        ],
        lacks: |bench| because(bench.lanes.len() < 2, "1 lane"),
    },
    Need {
        actions: &[Own(BenchAction::Unpin)],
        lacks: |bench| {
            let free = bench.lane().is_none_or(|lane| lane.spec.pinned.is_none());
            because(free, "runs the prompt on the bench")
        },
    },
    Need {
        actions: &[Own(BenchAction::NextInput), Own(BenchAction::PreviousInput), Own(BenchAction::RemoveInput)],
        lacks: |bench| because(bench.inputs.count() < 2, "1 input"),
    },
    Need {
        actions: &[Own(BenchAction::RemoveMessage)],
        lacks: |bench| because(bench.messages.count() < 2, "a prompt keeps one message"),
    },
    Need {
        actions: &[Own(BenchAction::RenamePrompt), Own(BenchAction::DeletePrompt)],
        lacks: |bench| because(bench.prompt_name.is_none(), "not saved yet"),
    },
    Need {
        actions: &[Own(BenchAction::ImprovePrompt), Own(BenchAction::AblatePrompt)],
        lacks: |bench| {
            let words = "not saved yet: save the prompt, and ask it over a data set in a batch";
            because(bench.prompt_name.is_none(), words)
        },
    },
    Need {
        actions: &[Own(BenchAction::ToggleReasoning)],
        lacks: |bench| because(answer(bench).is_none_or(|run| run.reasoning.is_empty()), "no reasoning was sent"),
    },
    Need {
        actions: &[Own(BenchAction::Search)],
        lacks: |bench| if matches!(bench.pane(), Pane::Answers | Pane::Metrics) { no_answer(bench) } else { None },
    },
    Need {
        actions: &[
            Own(BenchAction::Fold),
            Own(BenchAction::FoldAll),
            Own(BenchAction::UnfoldAll),
            Own(BenchAction::ToggleJson),
        ],
        lacks: |bench| because(answer(bench).is_none_or(LaneRun::is_blank), "no JSON is shown"),
    },
    Need {
        actions: &[
            On(Verb::Run),
            On(Verb::Diff),
            On(Verb::Baseline),
            On(Verb::Next),
            On(Verb::Previous),
            On(Verb::Leave),
            On(Verb::NextPane),
            On(Verb::PreviousPane),
            On(Verb::Xray),
            Own(BenchAction::Edit),
            Own(BenchAction::EditPrompt),
            Own(BenchAction::Editor),
            Own(BenchAction::Undo),
            Own(BenchAction::Redo),
            Own(BenchAction::NewPrompt),
            Own(BenchAction::DuplicatePrompt),
            Own(BenchAction::Save),
            Own(BenchAction::SaveAs),
            Own(BenchAction::OpenPrompt),
            Own(BenchAction::Versions),
            Own(BenchAction::OlderVersion),
            Own(BenchAction::NewerVersion),
            Own(BenchAction::Sessions),
            Own(BenchAction::NewSession),
            Own(BenchAction::RenameSession),
            Own(BenchAction::RunFresh),
            Own(BenchAction::Models),
            Own(BenchAction::Params),
            Own(BenchAction::Schema),
            Own(BenchAction::Tools),
            Own(BenchAction::Checks),
            Own(BenchAction::AddMessage),
            Own(BenchAction::ReplayTurns),
            Own(BenchAction::MessageUp),
            Own(BenchAction::MessageDown),
            Own(BenchAction::MuteMessage),
            Own(BenchAction::Attach),
            Own(BenchAction::CacheMessage),
            Own(BenchAction::MessageRole),
            Own(BenchAction::AddInput),
            Own(BenchAction::RenameInput),
            Own(BenchAction::LoadInput),
            Own(BenchAction::LaneParams),
            Own(BenchAction::Samples),
            Own(BenchAction::NextModel),
            Own(BenchAction::Keep),
            Own(BenchAction::Against),
            Own(BenchAction::Bigger),
            Own(BenchAction::Smaller),
            Own(BenchAction::Zoom),
            Own(BenchAction::DetailColumn),
            Own(BenchAction::ToggleMouse),
        ],
        lacks: nothing,
    },
];

fn runs(bench: &Workbench) -> impl Iterator<Item = &LaneRun> {
    bench.lanes.iter().flat_map(Lane::runs)
}

/// Returns what the lane with the focus shows.
fn answer(bench: &Workbench) -> Option<&LaneRun> {
    bench.lane().map(Lane::shown)
}

fn no_answer(bench: &Workbench) -> Option<&'static str> {
    because(answer(bench).is_none_or(LaneRun::is_blank), "no answer yet")
}
