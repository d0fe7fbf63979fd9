//! From the bench to a run, and from a run's events back to its lane.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    app::{
        Action, App, Effect, LONG, Ticket,
        action::{BenchAction, GlobalAction},
        overlays::models::{is_gone, warning},
        screen::ScreenId,
        status_bar::Tone,
        workbench::{
            Focus,
            grading::groups,
            lane::{Card, Lane, LaneRun, RunPhase},
            layout::Shape,
        },
    },
    eval::AnswerCounts,
    model::{CacheMode, Check, Commit, LaneSpec, Prompt, RunRequest, Target, VersionId},
    pipeline::TimedEvent,
};

impl App {
    /// Runs the bench in some of its lanes, by their places, in those of their takes that are meant.
    pub(crate) fn run(&mut self, lanes: &[usize], cache: CacheMode, which: impl Fn(usize, &LaneRun) -> bool) {
        if !self.ready() {
            return;
        }
        self.shared.notices.clear();
        let prompt = Arc::new(self.bench.prompt());
        let parent = self.bench.ran(&prompt);
        for at in lanes {
            self.run_lane(*at, &prompt, parent.as_ref(), cache, &which);
        }
        self.bring_forward(lanes);
    }

    /// Tells whether there is something to run, and what is missing if not.
    pub(crate) fn ready(&mut self) -> bool {
        if let Some((at, mistake)) = self.bench.mistakes().first().cloned() {
            self.bench.focus_on(Focus::Message(at));
            self.say(Tone::Warning, &format!("message {} makes no sense: {mistake}", at + 1));
            return false;
        }
        if !self.bench.missing().is_empty() {
            let missing = self.bench.missing().join(", ");
            self.open_variables();
            self.say(Tone::Warning, &format!("give a value to {missing}, then run"));
            return false;
        }
        if self.bench.messages.are_empty() {
            self.say(Tone::Warning, "the prompt is empty; write a message first");
            return false;
        }
        true
    }

    /// Gives a lane that runs the focus where none of them is in sight; not under the fingers of
    /// somebody who types.
    fn bring_forward(&mut self, lanes: &[usize]) {
        let seen = |at: &usize| self.layout.lanes.get(*at).is_none_or(|lane| !lane.pane.is_empty());
        if self.layout.shape != Shape::Tiny
            && !self.bench.typing
            && !lanes.iter().any(seen)
            && let Some(first) = lanes.first()
        {
            self.bench.focus_on(Focus::Lane(*first));
        }
    }

    fn run_lane(
        &mut self,
        at: usize,
        prompt: &Arc<Prompt>,
        parent: Option<&VersionId>,
        cache: CacheMode,
        which: &impl Fn(usize, &LaneRun) -> bool,
    ) {
        let Some(lane) = self.bench.lanes.get_mut(at) else {
            return;
        };
        lane.groups = AnswerCounts::default();
        let spec = lane.spec.clone();
        let takes = lane.takes().enumerate().filter(|(sample, take)| which(*sample, take));
        let samples: Vec<usize> = takes.map(|(sample, _)| sample).collect();
        let fallback = spec.pinned.as_ref().map_or(&prompt.fallback, |pinned| &pinned.prompt.fallback);
        let targets = self.targets(&spec.target, fallback);
        let parent = parent.filter(|_| spec.pinned.is_none()).cloned();
        let request = RunRequest { parent, ..self.request(&spec, prompt, cache) };
        for sample in samples {
            match &targets {
                Ok(targets) => self.start(at, sample, RunRequest { targets: targets.clone(), ..request.clone() }),
                Err(card) => {
                    let take = self.bench.lanes.get_mut(at).and_then(|lane| lane.takes_mut().nth(sample));
                    if let Some(take) = take {
                        self.out.effects.extend(take.stop().map(Effect::Stop));
                        take.refuse(card.clone());
                    }
                }
            }
        }
    }

    /// Starts one run of a lane, over the one that is in its place.
    pub(crate) fn start(&mut self, at: usize, sample: usize, request: RunRequest) {
        let ticket = self.out.ticket();
        let Some(take) = self.bench.lanes.get_mut(at).and_then(|lane| lane.takes_mut().nth(sample)) else {
            return;
        };
        self.out.effects.extend(take.stop().map(Effect::Stop));
        take.begin(ticket, &request.targets, &request.prompt, self.shared.now);
        let sample = u32::try_from(sample).unwrap_or(u32::MAX);
        self.out.effects.push(Effect::Start(ticket, Box::new(RunRequest { sample, ..request })));
    }

    /// Makes the request of a lane's first sample, its targets left open.
    pub(crate) fn request(&self, spec: &LaneSpec, prompt: &Arc<Prompt>, cache: CacheMode) -> RunRequest {
        let pinned = spec.pinned.as_ref().map(|pinned| Arc::new((*pinned.prompt).clone()));
        let prompt = pinned.unwrap_or_else(|| Arc::clone(prompt));
        RunRequest {
            prompt_name: self.bench.prompt_name.clone(),
            prompt: Arc::clone(&prompt),
            params: spec.params.clone(),
            input: self.bench.input(),
            targets: Vec::new(),
            cache,
            commit: Commit::Resettable,
            sample: 0,
            session: Some(self.bench.session.clone()),
            parent: None,
            checks: Vec::new(),
            min_score: None,
            judges: self.judges(&prompt),
            cell: None,
        }
    }

    /// Finds the models that judge the answers to a prompt; a check whose judge nobody knows says so itself.
    fn judges(&self, prompt: &Prompt) -> BTreeMap<String, Target> {
        let names = prompt.checks.iter().filter_map(Check::judge_name);
        self.shared.catalog.judges(names, self.shared.settings.judge_model()).flatten().collect()
    }

    /// Makes the request that the lane with the focus would send, its fallbacks left out; none while
    /// nobody knows its target.
    #[must_use]
    pub fn shown_request(&self) -> Option<RunRequest> {
        let spec = &self.bench.lane()?.spec;
        let target = self.shared.catalog.resolve(&spec.target).ok()?;
        let request = self.request(spec, &Arc::new(self.bench.prompt()), CacheMode::On);
        Some(RunRequest { targets: vec![target], ..request })
    }

    /// Resolves a lane's target and the fallbacks; a fallback nobody knows is told and left out.
    pub(crate) fn targets(&mut self, name: &str, fallback: &[String]) -> Result<Vec<Target>, Card> {
        let first = self.shared.catalog.resolve(name).map_err(|unknown| {
            Card::refused(&unknown.to_string(), vec![(Action::Bench(BenchAction::Models), "takes another model")])
        })?;
        let mut targets = vec![first];
        for name in fallback {
            match self.shared.catalog.resolve(name) {
                Ok(target) if targets.iter().any(|known| known.name == target.name) => {}
                Ok(target) => targets.push(target),
                Err(unknown) => self.say(Tone::Warning, &format!("fallback left out: {unknown}")),
            }
        }
        Ok(targets)
    }

    /// Says what should be known of a lane's target before it is asked; true if it is gone.
    #[must_use]
    pub fn target_warning(&self, target: &str) -> Option<(bool, String)> {
        let target = self.shared.catalog.resolve(target).ok()?;
        let today = self.today();
        Some((is_gone(&target, &today), warning(&target, &today)?))
    }

    /// Tells whether a target's numbers are a demonstration.
    #[must_use]
    pub fn is_demo(&self, target: &str) -> bool {
        self.shared.catalog.resolve(target).is_ok_and(|target| target.is_demo())
    }

    /// Runs the lanes in play.
    pub(crate) fn run_all(&mut self, cache: CacheMode) {
        self.run(&self.bench.in_play(), cache, |_, _| true);
    }

    /// Runs the lane with the focus afresh, or all where no lane has it; of a lane that shows a broken
    /// answer that one alone.
    pub(crate) fn run_fresh(&mut self) {
        match (self.bench.focus, self.bench.lane()) {
            (Focus::Lane(at), Some(lane)) if lane.shown().state.is_unfinished() => {
                let shown = lane.shown_at();
                self.run(&[at], CacheMode::Refresh, |sample, _| sample == shown);
            }
            (Focus::Lane(at), _) => self.run(&[at], CacheMode::Refresh, |_, _| true),
            _ => self.run_all(CacheMode::Refresh),
        }
    }

    pub(crate) fn run_failed(&mut self) {
        let unfinished = |take: &LaneRun| take.state.is_unfinished();
        let failed = |at: &usize| self.bench.lanes.get(*at).is_some_and(|lane| lane.takes().any(unfinished));
        let failed: Vec<usize> = self.bench.in_play().into_iter().filter(failed).collect();
        if failed.is_empty() {
            self.say(Tone::Info, "no lane failed, broke off or was stopped");
        } else {
            self.run(&failed, CacheMode::On, |_, take| unfinished(take));
        }
    }

    /// Stops a lane's runs. Tells how many there were.
    fn stop_lane(&mut self, at: usize) -> usize {
        let stopped = self.bench.lanes.get_mut(at).map(Lane::stop).unwrap_or_default();
        let count = stopped.len();
        self.out.effects.extend(stopped.into_iter().map(Effect::Stop));
        count
    }

    /// Stops every run. Tells how many there were.
    pub(crate) fn stop_all(&mut self) -> usize {
        (0..self.bench.lanes.len()).map(|at| self.stop_lane(at)).sum()
    }

    /// Stops the judging of answers on record if it is under way; else the lane with the focus if it is
    /// busy, else all, else the batch; on the batch screen the batch first. With nothing to stop twice, quits.
    pub(crate) fn stop(&mut self) {
        if self.stop_scoring() {
            return;
        }
        let batch_first = self.screen == ScreenId::Batch && self.stop_batch();
        let own = match self.bench.focus {
            Focus::Lane(at) if !batch_first && self.screen == ScreenId::Bench => self.stop_lane(at),
            _ => 0,
        };
        let runs = if batch_first || own > 0 { own } else { self.stop_all() };
        let batch = batch_first || (runs == 0 && self.stop_batch());
        let again =
            self.stopped.is_some_and(|at| self.shared.now.at.saturating_duration_since(at) <= crate::app::TWICE);
        if runs == 0 && !batch && again {
            self.quit();
            return;
        }
        self.stopped = Some(self.shared.now.at);
        let did = match runs {
            _ if batch => "the batch stops; what is finished is kept".to_owned(),
            0 => "nothing runs".to_owned(),
            1 => "stopped".to_owned(),
            n => format!("{n} runs stopped"),
        };
        let key =
            self.shared.keymap.shown(GlobalAction::Stop, true).map_or_else(|| "stop".to_owned(), |key| key.to_string());
        self.say(Tone::Info, &format!("{did}; {key} again within 2 s quits"));
    }

    /// Cuts the waits short: those of the lane with the focus if it waits, else all.
    pub(crate) fn retry_now(&mut self) {
        let waits = |take: &LaneRun| matches!(take.state, RunPhase::Waiting { .. });
        let waiting = |at: &usize| self.bench.lanes.get(*at).is_some_and(|lane| lane.takes().any(waits));
        let own = matches!(self.bench.focus, Focus::Lane(at) if waiting(&at)).then(|| self.bench.lane_at());
        let all: Vec<usize> = (0..self.bench.lanes.len()).filter(waiting).collect();
        let lanes = own.map_or(all, |at| vec![at]);
        if lanes.is_empty() {
            self.say(Tone::Info, "no run is waiting");
        }
        for at in lanes {
            let takes = self.bench.lanes.get_mut(at).into_iter().flat_map(Lane::takes_mut);
            for take in takes.filter(|take| waits(take)) {
                take.state = RunPhase::Queued("trying again".to_owned());
                self.out.effects.extend(take.ticket.map(Effect::RetryNow));
            }
        }
    }

    /// Hands an event to the take that waits for it; nobody waits for late ones.
    pub(crate) fn receive_event(&mut self, ticket: Ticket, told: TimedEvent) {
        let now = self.shared.now;
        let expects = |take: &LaneRun| take.expects(ticket, &told.event);
        let Some(lane) = self.bench.lanes.iter_mut().find(|lane| lane.takes().any(expects)) else {
            return;
        };
        let Some(take) = lane.takes_mut().find(|take| expects(take)) else {
            return;
        };
        if !take.hear(told, now) {
            return;
        }
        let long = take.started.is_some_and(|start| now.at.saturating_duration_since(start) > LONG);
        if let Some(outcome) = &take.outcome {
            self.shared.metrics.take(outcome, now.time.as_second());
        }
        if lane.samples() > 1 {
            lane.groups = groups(lane);
        }
        if long && !self.shared.focused {
            self.out.effects.push(Effect::Bell);
        }
    }
}
