//! The lanes of the bench: what each runs, its runs, and what is done to all of them together.
//!
//! A lane and its runs are one machine: `run` starts them, `lane_run` takes in what they report, `compare` sets lanes
//! against each other and scrolls them together, `undo` brings closed and changed ones back, `freshness` says which answers are old and brings stored ones, `grading`
//! grades the run that is shown.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;

pub use crate::app::workbench::lane_run::{Card, LaneRun};
use crate::{
    app::{
        action::BenchAction,
        context::Cx,
        event::{Effect, Ticket},
        intent::{BenchIntent, Intent, ModelFor},
        notices::Tone,
        overlays::{lane_params::LaneParamsForm, samples::SamplesForm},
        workbench::{Focus, MAX_LANES, MAX_SAMPLES, Workbench, run::target_warning, undo::UndoStep},
    },
    eval::AnswerCounts,
    model::{AnswerSource, CacheMode, CallError, LaneSpec, Params, Pinned, Prompt, RunRequest},
    pipeline::event::{NextStep, sent_with},
    widgets::diff_view::DiffAnchor,
};

/// One lane. It has as many takes as samples are asked for, at least one, and shows one of them.
#[derive(Debug, Clone, Default)]
pub struct Lane {
    /// What it runs.
    pub spec: LaneSpec,
    /// Whether it is the baseline: what the other lanes are compared with.
    pub baseline: bool,
    /// Its answers in groups of equal ones, as far as their runs have ended; none of a single run.
    pub groups: AnswerCounts,
    /// What would be asked in it now; none until the bench has settled.
    pub(crate) source: Option<Arc<AnswerSource>>,
    first: LaneRun,
    more: Vec<LaneRun>,
    at: usize,
}

impl Lane {
    /// Makes a lane of one run that has run nothing.
    #[must_use]
    pub fn new(spec: impl Into<LaneSpec>) -> Self {
        Self { spec: spec.into(), ..Self::default() }
    }

    /// Makes a lane of so many takes that have run nothing; of one where none are asked for.
    #[must_use]
    pub fn with_samples(spec: impl Into<LaneSpec>, samples: u32) -> Self {
        let mut lane = Self::new(spec);
        lane.set_samples(samples);
        lane
    }

    #[must_use]
    pub fn shown(&self) -> &LaneRun {
        self.at.checked_sub(1).and_then(|at| self.more.get(at)).unwrap_or(&self.first)
    }

    /// The same, to be changed.
    pub fn shown_mut(&mut self) -> &mut LaneRun {
        self.at.checked_sub(1).and_then(|at| self.more.get_mut(at)).unwrap_or(&mut self.first)
    }

    /// Returns the place of the run that is shown, counted from 0: the index of its sample.
    #[must_use]
    pub fn shown_at(&self) -> usize {
        self.at
    }

    /// Shows another run; the last where there are not so many.
    pub fn show(&mut self, at: usize) {
        self.at = at.min(self.more.len());
    }

    /// Lists the takes in the order of their samples.
    pub fn runs(&self) -> impl Iterator<Item = &LaneRun> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The same, to be changed.
    pub fn runs_mut(&mut self) -> impl Iterator<Item = &mut LaneRun> {
        std::iter::once(&mut self.first).chain(&mut self.more)
    }

    /// Counts the takes, at least one.
    #[must_use]
    pub fn samples(&self) -> usize {
        1 + self.more.len()
    }

    /// Gives the lane so many takes, at least one, and returns the runs this breaks off.
    pub fn set_samples(&mut self, samples: u32) -> Vec<Ticket> {
        let more = usize::try_from(samples).unwrap_or(usize::MAX).saturating_sub(1);
        let stopped = self.more.iter_mut().skip(more).filter_map(LaneRun::stop).collect();
        self.more.resize_with(more, LaneRun::default);
        self.show(self.at);
        self.groups = AnswerCounts::default();
        stopped
    }

    /// Stops every take and returns the runs this breaks off.
    pub fn stop(&mut self) -> Vec<Ticket> {
        self.runs_mut().filter_map(LaneRun::stop).collect()
    }

    /// Counts the rows above the answer that say what the lane has of its own, which sample is shown, and what was sent
    /// beside texts.
    #[must_use]
    pub fn head_rows(&self, width: u16) -> u16 {
        let own = u16::from(!self.spec.params.is_empty()) + u16::from(self.spec.pinned.is_some());
        let samples = u16::from(self.samples() > 1);
        let own = if width < 60 { own + samples } else { (own + samples).min(1) };
        own + u16::from(sent_with(&self.shown().timeline).next().is_some())
    }

    /// Tells whether any run is under way.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.runs().any(|run| run.ticket.is_some())
    }
}

/// What a run is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum RunPhase {
    /// Nothing was run yet.
    Idle,
    /// Asked for; nothing is sent yet. Why, in words.
    Queued(String),
    /// A call is under way.
    Running,
    /// A tool that was called waits for the result that a person types.
    Asking,
    /// Waiting before the next attempt; the wait can be cut short.
    Waiting {
        /// Until when.
        until: Instant,
        /// Attempts made so far.
        made: u32,
        /// Why the last one failed.
        error: CallError,
    },
    /// A complete answer.
    Done,
    /// A complete answer from the cache.
    Cached {
        /// When it was stored.
        stored: Timestamp,
    },
    /// The answer broke off; the part that came is kept.
    Interrupted,
    /// No target answered, or the run could not be started.
    Failed,
    /// Stopped; the part that came is kept.
    Cancelled,
    /// Broken off or stopped, and the part that came was accepted as it is.
    Accepted,
}

impl RunPhase {
    /// Tells whether the run has yet to end.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Queued(_) | Self::Running | Self::Asking | Self::Waiting { .. })
    }

    /// Tells whether running again may do better.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Failed | Self::Cancelled)
    }
}

/// A failed attempt that the run survived, as the lane's foot tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Survived {
    /// The target that failed.
    pub target: String,
    /// Why.
    pub error: CallError,
    /// What followed.
    pub next: NextStep,
}

impl Workbench {
    pub(crate) fn add_lane(&mut self, cx: &mut Cx<'_, Self>) {
        if self.lanes.len() < MAX_LANES {
            self.open_models(ModelFor::NewLane, cx);
        } else {
            cx.say(Tone::Info, &format!("{MAX_LANES} lanes fit at most; close one first"));
        }
    }

    /// Puts a target into a lane, or into a new one; says so where it is gone or going.
    pub(crate) fn set_model(&mut self, of: ModelFor, target: String, cx: &mut Cx<'_, Self>) {
        let warning = target_warning(cx.shared, &target).map(|(gone, warning)| (gone, format!("{target}: {warning}")));
        match of {
            ModelFor::Lane(at) => {
                if let Some(lane) = self.lanes.get(at).filter(|lane| lane.spec.target != target) {
                    let spec = LaneSpec { target, ..lane.spec.clone() };
                    self.change_lane(at, spec, cx);
                }
            }
            ModelFor::NewLane => {
                let before = self.revision();
                self.push_lane(target);
                self.touch();
                self.note_change(UndoStep::AddedLane { at: self.lane_at() }, before);
            }
            // The batch takes its models itself.
            ModelFor::Batch => return,
        }
        self.banner = None;
        if let Some((gone, warning)) = warning {
            cx.say(if gone { Tone::Error } else { Tone::Warning }, &warning);
        }
    }

    /// Puts the first of some targets into a lane, and the others into new ones.
    pub(crate) fn open_in_lanes(&mut self, of: ModelFor, targets: Vec<String>, cx: &mut Cx<'_, Self>) {
        let asked = targets.len();
        let mut done = 0;
        for (at, target) in targets.into_iter().enumerate() {
            let of = if at == 0 { of } else { ModelFor::NewLane };
            if of == ModelFor::NewLane && self.lanes.len() >= MAX_LANES {
                continue;
            }
            self.set_model(of, target, cx);
            done += 1;
        }
        if done < asked {
            cx.say(Tone::Info, &format!("{MAX_LANES} lanes fit at most: {} left out", asked - done));
        }
    }

    pub(crate) fn close_lane(&mut self, cx: &mut Cx<'_, Self>) {
        if self.lanes.len() < 2 {
            cx.say(Tone::Info, "The last lane stays");
        } else if self.lane().is_some_and(Lane::busy) {
            cx.confirm(
                "This lane's run is under way. Close it?",
                "Stop and close",
                Intent::Bench(BenchIntent::CloseLane),
            );
        } else {
            self.drop_lane(cx);
        }
    }

    /// Closes the lane with the focus.
    pub(crate) fn drop_lane(&mut self, cx: &mut Cx<'_, Self>) {
        let (at, before) = (self.lane_at(), self.revision());
        let Some(UndoStep::ChangedLane { lane, .. }) = self.lane_state(at).filter(|_| self.lanes.len() > 1) else {
            return;
        };
        let stopped = self.remove_lane(at);
        Self::stop_runs(stopped, cx);
        self.touch();
        self.note_change(UndoStep::ClosedLane { at, lane }, before);
        let undo = cx.shared.keymap.shown(BenchAction::Undo, self.typing);
        let undo = undo.map_or_else(String::new, |key| format!("; {key} undoes it"));
        cx.say(Tone::Info, &format!("Closed the lane{undo}"));
    }

    /// Has a lane run something else, so that it can be undone.
    fn change_lane(&mut self, at: usize, spec: LaneSpec, cx: &mut Cx<'_, Self>) {
        let (state, before) = (self.lane_state(at), self.revision());
        let stopped = self.put_lane(at, spec);
        Self::stop_runs(stopped, cx);
        if let Some(state) = state {
            self.note_change(state, before);
        }
    }

    /// Stops runs that a change of the lanes has broken off.
    pub(crate) fn stop_runs(stopped: Vec<Ticket>, cx: &mut Cx<'_, Self>) {
        cx.out.effects.extend(stopped.into_iter().map(Effect::Stop));
    }

    pub(crate) fn shift_lane(&mut self, right: bool, cx: &mut Cx<'_, Self>) {
        if !self.move_lane(right) {
            cx.say(Tone::Info, if right { "this is the last lane" } else { "this is the first lane" });
        }
    }

    /// Has the lane with the focus be shown and run by itself, or all of them again.
    pub(crate) fn toggle_solo(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.lane_at();
        if self.solo.take().is_some() {
            cx.say(Tone::Info, "all lanes are shown and run");
        } else if self.lanes.len() < 2 {
            cx.say(Tone::Info, "there is but one lane");
        } else {
            self.solo = Some(at);
            self.focus_on(Focus::Lane(at));
            cx.say(Tone::Info, "this lane alone is shown and run");
        }
    }

    pub(crate) fn open_lane_params(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.lane_at();
        if let Some(lane) = self.lanes.get(at) {
            let target = cx.shared.catalog.resolve(&lane.spec.target).ok();
            let sent = |lane: &Lane| {
                let sent = lane.source.as_ref().map(|source| source.sent.clone()).unwrap_or_default();
                (lane.spec.target.clone(), sent)
            };
            let sent = self.lanes.iter().map(sent).collect();
            let form = LaneParamsForm::new(at, &lane.spec, &self.prompt_of(lane).params, target.as_ref(), sent);
            cx.open(form);
        }
    }

    /// Gives a lane other parameters of its own.
    pub(crate) fn set_lane_params(&mut self, at: usize, params: Params, cx: &mut Cx<'_, Self>) {
        if let Some(spec) = self.lanes.get(at).map(|lane| lane.spec.clone()) {
            self.change_lane(at, LaneSpec { params, ..spec }, cx);
        }
    }

    pub(crate) fn open_samples(&mut self, cx: &mut Cx<'_, Self>) {
        cx.open(SamplesForm::new(self.samples, MAX_SAMPLES));
    }

    /// Shows another sample of the lane with the focus, round the end.
    pub(crate) fn step_sample(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        let Some(lane) = self.lane_mut().filter(|lane| lane.samples() > 1) else {
            cx.say(Tone::Info, "each lane runs but once; samples sets how often");
            return;
        };
        let count = lane.samples();
        lane.show((lane.shown_at() + if forward { 1 } else { count - 1 }) % count);
    }

    /// Has the lane with the focus run the prompt on the bench again.
    pub(crate) fn unpin(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.lane_at();
        if self.lane().is_none_or(|lane| lane.spec.pinned.is_none()) {
            cx.say(Tone::Info, "this lane runs the prompt on the bench already");
            return;
        }
        let stopped = self.pin(at, None);
        Self::stop_runs(stopped, cx);
    }

    /// Accepts the part that came of a broken answer.
    pub(crate) fn keep(&mut self, cx: &mut Cx<'_, Self>) {
        if !self.lane_mut().map(Lane::shown_mut).is_some_and(LaneRun::keep) {
            cx.say(Tone::Info, "no part of a broken answer is here to be kept");
        }
    }

    /// Runs what is shown again on the fallback after the target that was asked, or has one chosen.
    pub(crate) fn next_model(&mut self, cx: &mut Cx<'_, Self>) {
        if !self.ready(cx) {
            return;
        }
        let at = self.lane_at();
        let Some(lane) = self.lanes.get(at) else {
            return;
        };
        let (prompt, sample) = (self.prompt_of(lane), lane.shown_at());
        let target = lane.spec.target.clone();
        let requested = lane.shown().requested().unwrap_or(&target).to_owned();
        let chain = Self::resolve_targets(&target, &prompt.fallback, cx).unwrap_or_default();
        let place = chain.iter().position(|known| known.name == requested);
        let rest = chain.into_iter().skip(place.map_or(usize::MAX, |at| at + 1)).collect::<Vec<_>>();
        if rest.is_empty() {
            cx.say(Tone::Info, "no fallback is left; take another model");
            self.open_models(ModelFor::Lane(at), cx);
        } else {
            let spec = LaneSpec { target, ..self.lanes.get(at).map(|lane| lane.spec.clone()).unwrap_or_default() };
            let request = self.request(&spec, &prompt, CacheMode::On, cx.shared);
            let origin = self.origin(&spec, &prompt, cx.shared);
            self.start((at, sample), RunRequest { targets: rest, ..request }, origin, cx);
        }
    }
}

impl Workbench {
    /// Puts the other lanes where a lane stands. What is compared goes by what matches in it; the
    /// baseline, shown as it is, by its bytes; everything else by paragraphs.
    pub(crate) fn align_to(&mut self, at: usize) {
        let baseline = self.baseline();
        let Some(from) = self.lanes.get(at).map(Lane::shown) else {
            return;
        };
        let position = from.view().window_place();
        let place = match from.difference() {
            _ if from.view().follows() => None,
            Some(difference) => Some(difference.place()),
            None => match from.view().json() {
                Some(json) => Some(DiffAnchor::Path(json.top_path())),
                None => (baseline == Some(at)).then(|| DiffAnchor::Byte(from.view().bytes(from.view().top()).start)),
            },
        };
        for (other, lane) in self.lanes.iter_mut().enumerate().filter(|(other, _)| *other != at) {
            let run = lane.shown_mut();
            let compared = !run.shows_reasoning();
            if let (Some(place), Some(difference)) = (&place, run.compared.shown_mut().filter(|_| compared))
                && difference.align(place)
            {
                continue;
            }
            let view = run.view_mut();
            match (&place, view.json_mut()) {
                (Some(DiffAnchor::Path(path)), Some(json)) => json.align(path),
                (Some(DiffAnchor::Byte(byte)), None) if baseline == Some(other) => view.align_to(*byte),
                _ => view.align(position),
            }
        }
    }
}

impl Workbench {
    /// Returns the lanes' targets.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        self.lanes.iter().map(|lane| lane.spec.target.clone()).collect()
    }

    /// Returns what the lanes run.
    #[must_use]
    pub fn specs(&self) -> Vec<LaneSpec> {
        self.lanes.iter().map(|lane| lane.spec.clone()).collect()
    }

    /// Makes a lane with as many takes as the others have.
    #[must_use]
    pub fn new_lane(&self, spec: impl Into<LaneSpec>) -> Lane {
        Lane::with_samples(spec, self.samples)
    }

    /// Has a lane run something else, and returns the runs this breaks off. What it shows stays, as an old answer.
    pub fn put_lane(&mut self, at: usize, spec: LaneSpec) -> Vec<Ticket> {
        let Some(lane) = self.lanes.get_mut(at) else {
            return Vec::new();
        };
        lane.spec = spec;
        let stopped = lane.stop();
        self.touch();
        stopped
    }

    /// Has every lane make so many runs, and returns those this breaks off.
    pub fn set_samples(&mut self, samples: u32) -> Vec<Ticket> {
        self.samples = samples.clamp(1, MAX_SAMPLES);
        self.touch();
        self.lanes.iter_mut().flat_map(|lane| lane.set_samples(self.samples)).collect()
    }

    /// Lays out one fresh lane each.
    pub fn set_lanes(&mut self, specs: impl IntoIterator<Item = impl Into<LaneSpec>>) {
        self.lanes = specs.into_iter().take(MAX_LANES).map(|spec| self.new_lane(spec)).collect();
        self.solo = None;
        self.refocus(self.lane_at());
    }

    /// Puts a lane at the end and gives it the focus.
    pub fn push_lane(&mut self, spec: impl Into<LaneSpec>) {
        self.lanes.push(self.new_lane(spec));
        self.refocus(self.lanes.len() - 1);
        self.focus_on(Focus::Lane(self.lane_at()));
    }

    /// Takes a lane away unless it is the last, and returns the runs this breaks off.
    pub fn remove_lane(&mut self, at: usize) -> Vec<Ticket> {
        if self.lanes.len() < 2 || at >= self.lanes.len() {
            return Vec::new();
        }
        let stopped = self.lanes.remove(at).stop();
        self.solo = None;
        self.refocus(self.lane_at());
        stopped
    }

    /// Has the lane with the focus and the one beside it change places. Tells whether there is one.
    pub fn move_lane(&mut self, right: bool) -> bool {
        let at = self.lane_at();
        let to = if right { at + 1 } else { at.wrapping_sub(1) };
        if to >= self.lanes.len() {
            return false;
        }
        self.lanes.swap(at, to);
        self.solo = self.solo.map(|_| to);
        self.refocus(to);
        true
    }

    /// Holds a lane to a version of the prompt, or lets it run the prompt on the bench again, and
    /// returns the runs this breaks off.
    pub fn pin(&mut self, at: usize, pinned: Option<Pinned>) -> Vec<Ticket> {
        match self.lanes.get(at).map(|lane| lane.spec.clone()) {
            Some(spec) if spec.pinned != pinned => self.put_lane(at, LaneSpec { pinned, ..spec }),
            Some(_) | None => Vec::new(),
        }
    }

    /// Returns the prompt a lane runs: the version it is held to, else the one on the bench.
    #[must_use]
    pub fn prompt_of(&self, lane: &Lane) -> Arc<Prompt> {
        Arc::new(lane.spec.pinned.as_ref().map_or_else(|| self.prompt(), |pinned| (*pinned.prompt).clone()))
    }

    /// Lists the places of the lanes that run and are shown: all, or the one that is alone.
    #[must_use]
    pub fn in_play(&self) -> Vec<usize> {
        self.solo.map_or_else(|| (0..self.lanes.len()).collect(), |at| vec![at])
    }

    /// Has the lanes' place be `at`, and the focus with it where a lane has it.
    fn refocus(&mut self, at: usize) {
        self.last = at.min(self.lanes.len().saturating_sub(1));
        if let Focus::Lane(_) = self.focus {
            self.focus = Focus::Lane(self.last);
        }
        self.touch();
    }

    /// Notes that a lane has the focus: it stays the one that is meant, and is the one that stands
    /// alone where one does.
    pub(crate) fn keep_to(&mut self, at: usize) {
        self.last = at;
        self.solo = self.solo.map(|_| at);
    }

    /// Returns the place of the lane with the focus; of the one that had it last where another pane has it.
    #[must_use]
    pub fn lane_at(&self) -> usize {
        let at = if let Focus::Lane(at) = self.focus { at } else { self.last };
        at.min(self.lanes.len().saturating_sub(1))
    }

    #[must_use]
    pub fn lane(&self) -> Option<&Lane> {
        self.lanes.get(self.lane_at())
    }

    /// The same, to be changed.
    pub fn lane_mut(&mut self) -> Option<&mut Lane> {
        let at = self.lane_at();
        self.lanes.get_mut(at)
    }

    /// Tells whether any run is under way.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.lanes.iter().any(Lane::busy)
    }
}
