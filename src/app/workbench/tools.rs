//! The prompt's tools opened over the bench, and the calls that wait for a result that a person types.

use crate::{
    app::{
        context::Cx,
        event::Effect,
        intent::WaitingCall,
        notices::Tone,
        overlays::{tool_result::ToolResultPane, tools::ToolsEditor},
        workbench::{
            Focus, Workbench,
            lane::{Lane, LaneRun},
        },
    },
    model::ToolSet,
};

impl Workbench {
    /// Opens the tools of the prompt.
    pub(crate) fn open_tools(&mut self, cx: &mut Cx<'_, Self>) {
        self.tools_changed = false;
        cx.open(ToolsEditor::new(self.prompt_name.clone(), self.tools.clone(), self.messages.marks().collect()));
    }

    /// Puts other tools in place of those there are. All that is edited while their list is open is one change.
    pub(crate) fn set_tools(&mut self, set: ToolSet) {
        if !self.tools_changed {
            self.tools_changed = true;
            self.begin_change();
        }
        self.tools = set;
        self.touch();
    }

    /// Returns the call that waits for a person: of the lane with the focus, else of any.
    #[must_use]
    pub fn awaited(&self) -> Option<WaitingCall> {
        let own = self.lane().and_then(|lane| lane.shown().awaited());
        own.or_else(|| self.lanes.iter().flat_map(Lane::runs).find_map(LaneRun::awaited))
    }

    /// Tells whether the lane with the focus waits for a person.
    pub(crate) fn waits_in_focus(&self) -> bool {
        matches!(self.focus, Focus::Lane(_)) && self.lane().is_some_and(|lane| lane.shown().awaited().is_some())
    }

    /// Has a person type the result of the call that waits.
    pub(crate) fn type_result(&mut self, cx: &mut Cx<'_, Self>) {
        match self.awaited() {
            Some(waiting) => cx.open(ToolResultPane::new(waiting)),
            None => cx.say(Tone::Info, "no call waits for a person"),
        }
    }

    /// Gives a call its result, if its run still waits for it.
    pub(crate) fn answer_call(&mut self, waiting: WaitingCall, result: String, cx: &mut Cx<'_, Self>) {
        let WaitingCall { run, call } = waiting;
        let runs = self.lanes.iter_mut().flat_map(Lane::runs_mut);
        if !runs.into_iter().any(|lane_run| lane_run.run() == Some(run) && lane_run.answered(&call.id)) {
            return cx.say(Tone::Warning, "this call is not waited for any more");
        }
        cx.effect(Effect::AnswerCall { run, call: call.id, result });
    }
}
