//! A run that is put on the bench again: its prompt as it was run, its input, its model in a lane.

use crate::{
    app::{
        context::Cx,
        intent::Intent,
        notices::Tone,
        prompt_version::PlacedVersion,
        screen_id::ScreenId,
        workbench::{Focus, MAX_LANES, Workbench, freshness::WantedRun, inputs::on_bench, lane::Lane, versions::After},
    },
    model::{CacheMode, LaneSpec, NamedInput},
    pipeline::ports::RunRecord,
};

impl Workbench {
    /// Goes to the bench with a run, once what is there is kept as a version.
    pub(crate) fn reopen(&mut self, record: Box<RunRecord>, run: bool, cx: &mut Cx<'_, Self>) {
        if self.busy() && run {
            cx.say(Tone::Warning, "runs are under way at the bench; stop them first");
            return;
        }
        cx.send(Intent::Show(ScreenId::Bench));
        self.keep_then(After::Reopen { record, run }, cx);
    }

    /// Puts a run on the bench, beside the other inputs and in a lane of its model, and runs it there if asked to.
    pub(crate) fn put_run(&mut self, record: RunRecord, run: bool, cx: &mut Cx<'_, Self>) {
        let RunRecord { run: id, prompt_name, prompt, input, outcome, .. } = record;
        self.put_of_record(prompt_name, &prompt, PlacedVersion::of_run(&prompt));
        if self.input() != input && !self.add_input(&NamedInput { name: String::new(), input: input.clone() }) {
            // There is no room for a further input: the present text can be brought back by undo.
            self.input.set(&input.text);
            (self.vars, self.parts) = (on_bench(&input), input.parts.clone());
        }
        let at = self.lane_of(&outcome.requested, cx);
        let place = self.lanes.get_mut(at).map(Lane::shown_mut);
        if let Some(place) = place.filter(|place| !run && place.ticket.is_none()) {
            place.want(WantedRun { run: id, instead_of: None });
        }
        self.focus_on(Focus::Lane(at));
        self.touch();
        self.settle_texts();
        cx.say(Tone::Info, &format!("run {} is on the bench", id.short()));
        if run {
            self.run(&[at], CacheMode::Refresh, |_, _| true, cx);
        }
    }

    /// Finds a lane that asks a target, or makes one: a further one where there is room, else in the place of
    /// the one with the focus.
    fn lane_of(&mut self, target: &str, cx: &mut Cx<'_, Self>) -> usize {
        let asks = |spec: &LaneSpec| spec.target == target && spec.pinned.is_none();
        if let Some(at) = self.lanes.iter().position(|lane| asks(&lane.spec)) {
            return at;
        }
        if self.lanes.len() < MAX_LANES {
            self.push_lane(target);
        } else {
            let stopped = self.put_lane(self.lane_at(), LaneSpec::from(target));
            Self::stop_runs(stopped, cx);
        }
        self.lane_at()
    }
}
