//! A run that is put on the bench again: its prompt as it was run, its input, its model in a lane.

use crate::{
    app::{
        App, Effect, ScreenId,
        status_bar::Tone,
        workbench::{
            Focus, MAX_LANES,
            inputs::on_bench,
            versions::{After, Stand},
        },
    },
    model::{CacheMode, LaneSpec, NamedInput, VersionId},
    pipeline::ports::RunRecord,
};

impl App {
    /// Goes to the bench with a run, once what is there is kept as a version.
    pub(crate) fn reopen(&mut self, record: Box<RunRecord>, run: bool) {
        if self.bench.busy() && run {
            self.say(Tone::Warning, "runs are under way at the bench; stop them first");
            return;
        }
        self.go_to(ScreenId::Bench);
        self.keep_then(After::Reopen { record, run });
    }
}

/// Puts a run on the bench, beside the other inputs and in a lane of its model, and runs it there if asked to.
pub(crate) fn put(app: &mut App, record: RunRecord, run: bool) {
    let RunRecord { run: id, prompt_name, prompt, input, outcome, .. } = record;
    let stand = Stand { id: VersionId::of(&prompt), place: None, prompt: Box::new(prompt.version()), edited: false };
    app.bench.put_of_record(prompt_name, &prompt, stand);
    if app.bench.input() != input && !app.bench.add_input(&NamedInput { name: String::new(), input: input.clone() }) {
        // There is no room for a further input: the present text can be brought back by undo.
        app.bench.input.set(&input.text);
        app.bench.vars = on_bench(&input);
    }
    let at = lane(app, &outcome.requested);
    app.bench.focus_on(Focus::Lane(at));
    app.bench.touch();
    app.bench.settle();
    app.say(Tone::Info, &format!("run {} is on the bench", id.short()));
    if run {
        app.run(&[at], CacheMode::Refresh, |_, _| true);
    }
}

/// Finds a lane that asks a target, or makes one: a further one where there is room, else in the place of
/// the one with the focus.
fn lane(app: &mut App, target: &str) -> usize {
    let asks = |spec: &LaneSpec| spec.target == target && spec.pinned.is_none();
    if let Some(at) = app.bench.lanes.iter().position(|lane| asks(&lane.spec)) {
        return at;
    }
    if app.bench.lanes.len() < MAX_LANES {
        app.bench.push_lane(target);
    } else {
        let at = app.bench.lane_at();
        let stopped = app.bench.put_lane(at, LaneSpec::from(target));
        app.out.effects.extend(stopped.into_iter().map(Effect::Stop));
    }
    app.bench.lane_at()
}
