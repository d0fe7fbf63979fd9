//! From the bench to a run, and from a run's events back to its lane.

use std::sync::Arc;

use super::{
    Action, App, Effect, LONG, Ticket,
    lane::{Card, State},
    layout::Shape,
    notice::Tone,
    overlay::models::{is_gone, warning},
    workbench::Focus,
};
use crate::{
    model::{CacheMode, Commit, RunRequest, Target},
    pipeline::Told,
};

impl App {
    /// Runs the bench in some of its lanes, by their places.
    pub(super) fn run(&mut self, lanes: &[usize], cache: CacheMode) {
        if !self.bench.missing().is_empty() {
            let missing = self.bench.missing().join(", ");
            self.open_variables();
            self.say(Tone::Warning, &format!("give a value to {missing}, then run"));
            return;
        }
        if self.bench.system.is_empty() && self.bench.user.is_empty() {
            self.say(Tone::Warning, "the prompt is empty; write a system message or a user template first");
            return;
        }
        self.notices.clear();
        let prompt = Arc::new(self.bench.prompt());
        for at in lanes {
            self.run_lane(*at, &prompt, cache);
        }
        self.bring_forward(lanes);
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

    fn run_lane(&mut self, at: usize, prompt: &Arc<crate::model::Prompt>, cache: CacheMode) {
        let Some(name) = self.bench.lanes.get(at).map(|lane| lane.target.clone()) else {
            return;
        };
        self.stop_lane(at);
        let targets = match self.targets(&name, &prompt.fallback) {
            Ok(targets) => targets,
            Err(card) => {
                if let Some(lane) = self.bench.lanes.get_mut(at) {
                    lane.refuse(card);
                }
                return;
            }
        };
        let ticket = self.ticket();
        let request = RunRequest {
            prompt_name: self.bench.prompt_name.clone(),
            prompt: Arc::clone(prompt),
            input: self.bench.input(),
            targets,
            cache,
            commit: Commit::Resettable,
            sample: 0,
            session: Some(self.bench.session.clone()),
        };
        if let Some(lane) = self.bench.lanes.get_mut(at) {
            lane.begin(ticket, &request.targets, self.now);
            self.effects.push(Effect::Start(ticket, Box::new(request)));
        }
    }

    /// Resolves a lane's target and the fallbacks; a fallback nobody knows is told and left out.
    fn targets(&mut self, name: &str, fallback: &[String]) -> Result<Vec<Target>, Card> {
        let first = self
            .catalog
            .resolve(name)
            .map_err(|unknown| Card::refused(&unknown.to_string(), vec![(Action::Models, "takes another model")]))?;
        let mut targets = vec![first];
        for name in fallback {
            match self.catalog.resolve(name) {
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
        let target = self.catalog.resolve(target).ok()?;
        let today = self.today();
        Some((is_gone(&target, &today), warning(&target, &today)?))
    }

    /// Tells whether a target's numbers are a demonstration.
    #[must_use]
    pub fn is_demo(&self, target: &str) -> bool {
        self.catalog.resolve(target).is_ok_and(|target| target.is_demo())
    }

    pub(super) fn run_all(&mut self, cache: CacheMode) {
        let all: Vec<usize> = (0..self.bench.lanes.len()).collect();
        self.run(&all, cache);
    }

    /// Runs the lane with the focus afresh, or all where no lane has it.
    pub(super) fn run_fresh(&mut self) {
        match self.bench.focus {
            Focus::Lane(at) => self.run(&[at], CacheMode::Refresh),
            _ => self.run_all(CacheMode::Refresh),
        }
    }

    pub(super) fn run_failed(&mut self) {
        let failed: Vec<usize> =
            (0..).zip(&self.bench.lanes).filter(|(_, lane)| lane.state.is_unfinished()).map(|(at, _)| at).collect();
        if failed.is_empty() {
            self.say(Tone::Info, "no lane failed, broke off or was stopped");
        } else {
            self.run(&failed, CacheMode::On);
        }
    }

    fn stop_lane(&mut self, at: usize) -> bool {
        let ticket = self.bench.lanes.get_mut(at).and_then(super::lane::Lane::stop);
        self.effects.extend(ticket.map(Effect::Stop));
        ticket.is_some()
    }

    /// Stops every run. Tells how many there were.
    pub(super) fn stop_all(&mut self) -> usize {
        (0..self.bench.lanes.len()).filter(|at| self.stop_lane(*at)).count()
    }

    /// Stops the lane with the focus if it is busy, else all; with nothing to stop twice, quits.
    pub(super) fn stop(&mut self) {
        let own = match self.bench.focus {
            Focus::Lane(at) => self.stop_lane(at),
            _ => false,
        };
        let stopped = if own { 1 } else { self.stop_all() };
        let again = self.stopped.is_some_and(|at| self.now.at.saturating_duration_since(at) <= super::TWICE);
        if stopped == 0 && again {
            self.quit();
            return;
        }
        self.stopped = Some(self.now.at);
        let did = match stopped {
            0 => "nothing runs".to_owned(),
            1 => "stopped".to_owned(),
            n => format!("{n} runs stopped"),
        };
        let key = self.keymap.shown(Action::Stop, true).map_or_else(|| "stop".to_owned(), |key| key.to_string());
        self.say(Tone::Info, &format!("{did}; {key} again within 2 s quits"));
    }

    /// Cuts the waits short: that of the lane with the focus if it waits, else all.
    pub(super) fn retry_now(&mut self) {
        let waiting =
            |at: &usize| self.bench.lanes.get(*at).is_some_and(|lane| matches!(lane.state, State::Waiting { .. }));
        let own = matches!(self.bench.focus, Focus::Lane(at) if waiting(&at)).then(|| self.bench.lane_at());
        let all: Vec<usize> = (0..self.bench.lanes.len()).filter(waiting).collect();
        let lanes = own.map_or(all, |at| vec![at]);
        if lanes.is_empty() {
            self.say(Tone::Info, "no run is waiting");
        }
        for at in lanes {
            if let Some(lane) = self.bench.lanes.get_mut(at) {
                lane.state = State::Queued("trying again".to_owned());
                self.effects.extend(lane.ticket.map(Effect::RetryNow));
            }
        }
    }

    /// Hands an event to the lane that waits for it; nobody waits for late ones.
    pub(super) fn told(&mut self, ticket: Ticket, told: Told) {
        let now = self.now;
        let Some(lane) = self.bench.lanes.iter_mut().find(|lane| lane.expects(ticket, &told.event)) else {
            return;
        };
        if !lane.take(told, now) {
            return;
        }
        let long = lane.started.is_some_and(|start| now.at.saturating_duration_since(start) > LONG);
        if let Some(outcome) = &lane.outcome {
            self.bench.metrics.take(outcome);
        }
        if long && !self.focused {
            self.effects.push(Effect::Bell);
        }
    }
}
