//! Why an action of the bench cannot be done now.

use crate::app::{
    action::{Action, BenchAction, GlobalAction, Pane, Verb},
    workbench::{
        MAX_LANES, Workbench,
        lane::{Lane, LaneRun, RunPhase},
    },
};

impl Workbench {
    /// Says why an action cannot be done now; none where it can, as far as that is known.
    pub(crate) fn refusal(&self, action: Action) -> Option<&'static str> {
        let shown = self.lane().map(Lane::shown);
        let said = |refused: bool, why: &'static str| refused.then_some(why);
        let empty = shown.is_none_or(LaneRun::is_blank);
        match action {
            Action::Global(GlobalAction::Stop) => said(!self.busy(), "nothing runs"),
            Action::Global(_)
            | Action::Motion(_)
            | Action::Overlay(_)
            | Action::Batch(_)
            | Action::History(_)
            | Action::Quality(_) => None,
            Action::Verb(verb) => match verb {
                Verb::Copy | Verb::Grade => said(empty, "no answer yet"),
                Verb::NextSample | Verb::PreviousSample => {
                    said(self.lane().is_none_or(|lane| lane.samples() < 2), "1 sample")
                }
                Verb::Run
                | Verb::Diff
                | Verb::Baseline
                | Verb::Next
                | Verb::Previous
                | Verb::Leave
                | Verb::NextPane
                | Verb::PreviousPane
                | Verb::Accept
                | Verb::MoreCalls
                | Verb::FewerCalls
                | Verb::Filter
                | Verb::Sort
                | Verb::Xray
                | Verb::TurnSort
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns
                | Verb::OnlyFailed
                | Verb::OnlyErrors
                | Verb::ToBench => None,
            },
            Action::Bench(action) => self.bench_refusal(action),
        }
    }

    fn bench_refusal(&self, action: BenchAction) -> Option<&'static str> {
        let shown = self.lane().map(Lane::shown);
        let runs = || self.lanes.iter().flat_map(Lane::runs);
        let said = |refused: bool, why: &'static str| refused.then_some(why);
        let empty = shown.is_none_or(LaneRun::is_blank);
        match action {
            BenchAction::RunFailed => said(!runs().any(|run| run.state.is_unfinished()), "no lane failed"),
            BenchAction::RetryNow => {
                said(!runs().any(|run| matches!(run.state, RunPhase::Waiting { .. })), "no lane waits for a retry")
            }
            BenchAction::TypeResult => said(self.awaited().is_none(), "no call waits for a person"),
            BenchAction::AddLane => said(self.lanes.len() >= MAX_LANES, "4 lanes fit at most"),
            BenchAction::CloseLane => said(self.lanes.len() < 2, "the last lane stays"),
            BenchAction::MoveLaneLeft | BenchAction::MoveLaneRight | BenchAction::Solo | BenchAction::Together => {
                said(self.lanes.len() < 2, "1 lane")
            }
            BenchAction::Unpin => {
                said(self.lane().is_none_or(|lane| lane.spec.pinned.is_none()), "runs the prompt on the bench")
            }
            BenchAction::NextInput | BenchAction::PreviousInput | BenchAction::RemoveInput => {
                said(self.inputs.count() < 2, "1 input")
            }
            BenchAction::RemoveMessage => said(self.messages.count() < 2, "a prompt keeps one message"),
            BenchAction::RenamePrompt | BenchAction::DeletePrompt => said(self.prompt_name.is_none(), "not saved yet"),
            BenchAction::Groups => said(self.lane().is_none_or(|lane| lane.samples() < 2), "1 sample"),
            BenchAction::ToggleReasoning => {
                said(shown.is_none_or(|run| run.reasoning.is_empty()), "no reasoning was sent")
            }
            BenchAction::Search => said(empty && matches!(self.pane(), Pane::Answers | Pane::Metrics), "no answer yet"),
            BenchAction::OpenChecks | BenchAction::NextTurn => said(empty, "no answer yet"),
            BenchAction::Fold | BenchAction::FoldAll | BenchAction::UnfoldAll | BenchAction::ToggleJson => {
                said(empty, "no JSON is shown")
            }
            BenchAction::Edit
            | BenchAction::EditPrompt
            | BenchAction::Editor
            | BenchAction::Undo
            | BenchAction::Redo
            | BenchAction::NewPrompt
            | BenchAction::DuplicatePrompt
            | BenchAction::Save
            | BenchAction::SaveAs
            | BenchAction::OpenPrompt
            | BenchAction::Versions
            | BenchAction::OlderVersion
            | BenchAction::NewerVersion
            | BenchAction::Sessions
            | BenchAction::NewSession
            | BenchAction::RenameSession
            | BenchAction::RunFresh
            | BenchAction::Models
            | BenchAction::Params
            | BenchAction::Schema
            | BenchAction::Tools
            | BenchAction::Checks
            | BenchAction::AddMessage
            | BenchAction::ReplayTurns
            | BenchAction::MessageUp
            | BenchAction::MessageDown
            | BenchAction::MuteMessage
            | BenchAction::Attach
            | BenchAction::CacheMessage
            | BenchAction::MessageRole
            | BenchAction::AddInput
            | BenchAction::RenameInput
            | BenchAction::LoadInput
            | BenchAction::LaneParams
            | BenchAction::Samples
            | BenchAction::NextModel
            | BenchAction::Keep
            | BenchAction::Against
            | BenchAction::Bigger
            | BenchAction::Smaller
            | BenchAction::Zoom
            | BenchAction::DetailColumn
            | BenchAction::ToggleMouse => None,
        }
    }
}
