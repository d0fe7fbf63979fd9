//! From the bench to a run, and from a run's events back to its lane.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    app::{
        action::{Action, BenchAction},
        context::{Cx, Shared},
        event::{Effect, Ticket},
        layout::Shape,
        notices::Tone,
        overlays::models::warning,
        workbench::{
            Focus, Workbench,
            freshness::AnswerOrigin,
            grading::groups,
            lane::{Card, Lane, LaneRun, RunPhase},
        },
    },
    eval::AnswerCounts,
    model::{CacheMode, Check, Commit, LaneSpec, PartFolders, Prompt, RunRequest, Target, VersionId},
    pipeline::TimedEvent,
};

/// Runs longer than this ring when they end while the terminal is not looked at.
const LONG: Duration = Duration::from_secs(5);

impl Workbench {
    /// Runs the bench in some of its lanes, by their places, in those of their takes that are meant.
    pub(crate) fn run(
        &mut self,
        lanes: &[usize],
        cache: CacheMode,
        which: impl Fn(usize, &LaneRun) -> bool,
        cx: &mut Cx<'_, Self>,
    ) {
        if !self.ready(cx) {
            return;
        }
        cx.shared.notices.clear();
        let prompt = Arc::new(self.prompt());
        let parent = self.ran(&prompt);
        for at in lanes {
            self.run_lane(*at, &prompt, parent.as_ref(), cache, &which, cx);
        }
        self.bring_forward(lanes, cx.shared.shape);
    }

    /// Tells whether there is something to run, and what is missing if not.
    pub(crate) fn ready(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        if let Some((at, error)) = self.template_errors().first().cloned() {
            self.focus_on(Focus::Message(at));
            cx.say(Tone::Warning, &format!("message {} makes no sense: {error}", at + 1));
            return false;
        }
        if !self.missing().is_empty() {
            let missing = self.missing().join(", ");
            self.go_to_missing();
            cx.say(Tone::Warning, &format!("give a value to {missing}, then run"));
            return false;
        }
        if self.messages.are_empty() {
            cx.say(Tone::Warning, "the prompt is empty; write a message first");
            return false;
        }
        true
    }

    /// Gives a lane that runs the focus where none of them is in sight; not under the fingers of
    /// somebody who types.
    fn bring_forward(&mut self, lanes: &[usize], shape: Shape) {
        let seen = |at: &usize| self.layout.lanes.get(*at).is_none_or(|lane| !lane.pane.is_empty());
        if shape != Shape::Tiny
            && !self.typing
            && !lanes.iter().any(seen)
            && let Some(first) = lanes.first()
        {
            self.focus_on(Focus::Lane(*first));
        }
    }

    fn run_lane(
        &mut self,
        at: usize,
        prompt: &Arc<Prompt>,
        parent: Option<&VersionId>,
        cache: CacheMode,
        which: &impl Fn(usize, &LaneRun) -> bool,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(lane) = self.lanes.get_mut(at) else {
            return;
        };
        lane.groups = AnswerCounts::default();
        let spec = lane.spec.clone();
        let runs = lane.runs().enumerate().filter(|(sample, run)| which(*sample, run));
        let samples: Vec<usize> = runs.map(|(sample, _)| sample).collect();
        let fallback = spec.pinned.as_ref().map_or(&prompt.fallback, |pinned| &pinned.prompt.fallback);
        let targets = Self::resolve_targets(&spec.target, fallback, cx);
        let parent = parent.filter(|_| spec.pinned.is_none()).cloned();
        let origin = self.origin(&spec, prompt, cx.shared);
        let request = RunRequest { parent, ..self.request(&spec, prompt, cache, cx.shared) };
        for sample in samples {
            match &targets {
                Ok(targets) => {
                    let request = RunRequest { targets: targets.clone(), ..request.clone() };
                    self.start((at, sample), request, origin.clone(), cx);
                }
                Err(card) => {
                    let run = self.lanes.get_mut(at).and_then(|lane| lane.runs_mut().nth(sample));
                    if let Some(run) = run {
                        cx.out.effects.extend(run.stop().map(Effect::Stop));
                        run.refuse(card.clone(), origin.clone());
                    }
                }
            }
        }
    }

    /// Starts one run of a lane, by the places of both, over the one that is in its place.
    pub(crate) fn start(
        &mut self,
        (at, sample): (usize, usize),
        request: RunRequest,
        origin: AnswerOrigin,
        cx: &mut Cx<'_, Self>,
    ) {
        let ticket = cx.out.ticket();
        let Some(run) = self.lanes.get_mut(at).and_then(|lane| lane.runs_mut().nth(sample)) else {
            return;
        };
        cx.out.effects.extend(run.stop().map(Effect::Stop));
        run.begin(ticket, &request.targets, origin, cx.shared.now);
        self.ask_otherwise();
        let sample = u32::try_from(sample).unwrap_or(u32::MAX);
        cx.effect(Effect::Start(ticket, Box::new(RunRequest { sample, ..request })));
    }

    /// Makes the request of a lane's first sample, its targets left open.
    pub(crate) fn request(
        &self,
        spec: &LaneSpec,
        prompt: &Arc<Prompt>,
        cache: CacheMode,
        shared: &Shared,
    ) -> RunRequest {
        let pinned = spec.pinned.as_ref().map(|pinned| Arc::new((*pinned.prompt).clone()));
        let prompt = pinned.unwrap_or_else(|| Arc::clone(prompt));
        RunRequest {
            prompt_name: self.prompt_name.clone(),
            prompt: Arc::clone(&prompt),
            params: spec.params.clone(),
            input: self.input(),
            targets: Vec::new(),
            cache,
            commit: Commit::Resettable,
            sample: 0,
            session: Some(self.session.clone()),
            parent: None,
            checks: Vec::new(),
            min_score: None,
            judges: judges(&prompt, shared),
            folders: PartFolders::default(),
            cell: None,
            trace: None,
        }
    }

    /// Makes the request that the lane with the focus would send, its fallbacks left out; none while
    /// nobody knows its target.
    #[must_use]
    pub fn shown_request(&self, shared: &Shared) -> Option<RunRequest> {
        let spec = &self.lane()?.spec;
        let target = shared.quirks.corrected(shared.catalog.resolve(&spec.target).ok()?);
        let request = self.request(spec, &Arc::new(self.prompt()), CacheMode::On, shared);
        Some(RunRequest { targets: vec![target], ..request })
    }

    /// Resolves a lane's target and the fallbacks; a fallback nobody knows is named and left out.
    pub(crate) fn resolve_targets(name: &str, fallback: &[String], cx: &mut Cx<'_, Self>) -> Result<Vec<Target>, Card> {
        let first = cx.shared.catalog.resolve(name).map_err(|unknown| {
            Card::refused(&unknown.to_string(), vec![(Action::Bench(BenchAction::Models), "choose another model")])
        })?;
        let mut targets = vec![first];
        for name in fallback {
            match cx.shared.catalog.resolve(name) {
                Ok(target) if targets.iter().any(|known| known.name == target.name) => {}
                Ok(target) => targets.push(target),
                Err(unknown) => cx.say(Tone::Warning, &format!("fallback left out: {unknown}")),
            }
        }
        Ok(targets)
    }

    /// Runs the lanes in play.
    pub(crate) fn run_all(&mut self, cache: CacheMode, cx: &mut Cx<'_, Self>) {
        self.run(&self.in_play(), cache, |_, _| true, cx);
    }

    /// Runs the lane with the focus afresh, or all where no lane has it; of a lane that shows a broken
    /// answer that one alone.
    pub(crate) fn run_fresh(&mut self, cx: &mut Cx<'_, Self>) {
        match (self.focus, self.lane()) {
            (Focus::Lane(at), Some(lane)) if lane.shown().state.is_unfinished() => {
                let shown = lane.shown_at();
                self.run(&[at], CacheMode::Refresh, |sample, _| sample == shown, cx);
            }
            (Focus::Lane(at), _) => self.run(&[at], CacheMode::Refresh, |_, _| true, cx),
            (
                Focus::Message(_)
                | Focus::Heading(_)
                | Focus::Section(_)
                | Focus::Input
                | Focus::Variable(_)
                | Focus::Metrics,
                _,
            ) => self.run_all(CacheMode::Refresh, cx),
        }
    }

    pub(crate) fn run_failed(&mut self, cx: &mut Cx<'_, Self>) {
        let unfinished = |lane_run: &LaneRun| lane_run.state.is_unfinished();
        let failed = |at: &usize| self.lanes.get(*at).is_some_and(|lane| lane.runs().any(unfinished));
        let failed: Vec<usize> = self.in_play().into_iter().filter(failed).collect();
        if failed.is_empty() {
            cx.say(Tone::Info, "no lane failed, broke off or was stopped");
        } else {
            self.run(&failed, CacheMode::On, |_, lane_run| unfinished(lane_run), cx);
        }
    }

    /// Stops a lane's runs. Tells how many there were.
    pub(crate) fn stop_lane(&mut self, at: usize, cx: &mut Cx<'_, Self>) -> usize {
        let stopped = self.lanes.get_mut(at).map(Lane::stop).unwrap_or_default();
        let count = stopped.len();
        cx.out.effects.extend(stopped.into_iter().map(Effect::Stop));
        count
    }

    /// Stops every run. Tells how many there were.
    pub(crate) fn stop_all(&mut self, cx: &mut Cx<'_, Self>) -> usize {
        (0..self.lanes.len()).map(|at| self.stop_lane(at, cx)).sum()
    }

    /// Cuts the waits short: those of the lane with the focus if it waits, else all.
    pub(crate) fn retry_now(&mut self, cx: &mut Cx<'_, Self>) {
        let waits = |run: &LaneRun| matches!(run.state, RunPhase::Waiting { .. });
        let waiting = |at: &usize| self.lanes.get(*at).is_some_and(|lane| lane.runs().any(waits));
        let own = matches!(self.focus, Focus::Lane(at) if waiting(&at)).then(|| self.lane_at());
        let all: Vec<usize> = (0..self.lanes.len()).filter(waiting).collect();
        let lanes = own.map_or(all, |at| vec![at]);
        if lanes.is_empty() {
            cx.say(Tone::Info, "no run is waiting");
        }
        for at in lanes {
            let runs = self.lanes.get_mut(at).into_iter().flat_map(Lane::runs_mut);
            for run in runs.filter(|run| waits(run)) {
                run.state = RunPhase::Queued("trying again".to_owned());
                cx.out.effects.extend(run.ticket.map(Effect::RetryNow));
            }
        }
    }

    /// Hands an event to the run that waits for it; nobody waits for late ones.
    pub(crate) fn receive_event(&mut self, ticket: Ticket, event: TimedEvent, cx: &mut Cx<'_, Self>) {
        let now = cx.shared.now;
        let expects = |run: &LaneRun| run.expects(ticket, &event.event);
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.runs().any(expects)) else {
            return;
        };
        let Some(run) = lane.runs_mut().find(|run| expects(run)) else {
            return;
        };
        if !run.receive(event, now) {
            return;
        }
        let long = run.started.is_some_and(|start| now.at.saturating_duration_since(start) > LONG);
        if let Some(outcome) = &run.outcome {
            cx.shared.metrics.take(outcome, now.time.as_second());
        }
        if lane.samples() > 1 {
            lane.groups = groups(lane);
        }
        // The session keeps which answers its lanes show.
        self.touch();
        self.try_new_answers(cx);
        if long && !cx.shared.focused {
            cx.effect(Effect::Bell);
        }
    }
}

/// Finds the models that judge the answers to a prompt; a check whose judge nobody knows says so itself.
fn judges(prompt: &Prompt, shared: &Shared) -> BTreeMap<String, Target> {
    let names = prompt.checks.iter().filter_map(Check::judge_name);
    shared.catalog.judges(names, shared.settings.judge_model()).flatten().collect()
}

/// Says what should be known of a lane's target before it is asked; true if it is gone.
pub(crate) fn target_warning(shared: &Shared, target: &str) -> Option<(bool, String)> {
    let target = shared.catalog.resolve(target).ok()?;
    let today = shared.today();
    Some((target.is_retired_on(&today), warning(&target, &today)?))
}

/// Tells whether a target's numbers are a demonstration.
pub(crate) fn is_demo(shared: &Shared, target: &str) -> bool {
    shared.catalog.resolve(target).is_ok_and(|target| target.is_demo())
}
