//! What is done to lanes: how many there are, their order, what each runs, what becomes of a cut answer.

use super::{
    App, Effect,
    lane::{Lane, Take},
    notice::Tone,
    overlay::{Form, Overlay, Then, form::Row, models::For, params},
    workbench::{Focus, MAX_LANES, MAX_SAMPLES},
};
use crate::model::{CacheMode, LaneSpec, RunRequest};

impl App {
    pub(super) fn add_lane(&mut self) {
        if self.bench.lanes.len() < MAX_LANES {
            self.open_models(For::NewLane);
        } else {
            self.say(Tone::Info, &format!("{MAX_LANES} lanes fit at most; close one first"));
        }
    }

    pub(super) fn close_lane(&mut self) {
        if self.bench.lanes.len() < 2 {
            self.say(Tone::Info, "the last lane stays");
        } else if self.bench.lane().is_some_and(Lane::busy) {
            self.ask("This lane's run is under way. Close it?", "stops it and closes the lane", Then::CloseLane);
        } else {
            self.drop_lane();
        }
    }

    /// Closes the lane with the focus.
    pub(super) fn drop_lane(&mut self) {
        let stopped = self.bench.remove_lane(self.bench.lane_at());
        self.stops(stopped);
    }

    /// Stops runs that a change of the lanes has broken off.
    pub(super) fn stops(&mut self, stopped: Vec<super::Ticket>) {
        self.effects.extend(stopped.into_iter().map(Effect::Stop));
    }

    pub(super) fn move_lane(&mut self, right: bool) {
        if !self.bench.move_lane(right) {
            self.say(Tone::Info, if right { "this is the last lane" } else { "this is the first lane" });
        }
    }

    /// Has the lane with the focus be shown and run by itself, or all of them again.
    pub(super) fn toggle_solo(&mut self) {
        let at = self.bench.lane_at();
        if self.bench.solo.take().is_some() {
            self.say(Tone::Info, "all lanes are shown and run");
        } else if self.bench.lanes.len() < 2 {
            self.say(Tone::Info, "there is but one lane");
        } else {
            self.bench.solo = Some(at);
            self.bench.focus_on(Focus::Lane(at));
            self.say(Tone::Info, "this lane alone is shown and run");
        }
    }

    pub(super) fn open_lane_params(&mut self) {
        let at = self.bench.lane_at();
        if let Some(lane) = self.bench.lanes.get(at) {
            let form = params::own_form(&lane.spec.params, &self.bench.prompt_of(lane).params);
            self.overlays.push(Overlay::LaneParams(at, form));
        }
    }

    pub(super) fn take_lane_params(&mut self, at: usize, mut form: Form) {
        let Some(spec) = self.bench.lanes.get(at).map(|lane| lane.spec.clone()) else {
            return;
        };
        match params::read_own(&mut form, &spec.params) {
            None => self.overlays.push(Overlay::LaneParams(at, form)),
            Some(params) if params != spec.params => {
                let stopped = self.bench.put_lane(at, LaneSpec { params, ..spec });
                self.stops(stopped);
            }
            Some(_) => {}
        }
    }

    pub(super) fn open_samples(&mut self) {
        let hint = format!("1 to {MAX_SAMPLES}: how often each lane runs the same request");
        let row = Row::new("samples", &self.bench.samples.to_string(), hint);
        self.overlays.push(Overlay::Samples(Form::new(vec![row])));
    }

    pub(super) fn take_samples(&mut self, mut form: Form) {
        let number = |text: &str| text.parse().ok().filter(|number| (1..=MAX_SAMPLES).contains(number));
        let read = form.read("samples", |text| {
            number(text).ok_or_else(|| format!("a whole number from 1 to {MAX_SAMPLES} is expected"))
        });
        if form.show_fault() {
            self.overlays.push(Overlay::Samples(form));
            return;
        }
        let stopped = self.bench.set_samples(read.unwrap_or(1));
        self.stops(stopped);
    }

    /// Shows another sample of the lane with the focus, round the end.
    pub(super) fn step_sample(&mut self, forward: bool) {
        let Some(lane) = self.bench.lane_mut().filter(|lane| lane.samples() > 1) else {
            self.say(Tone::Info, "each lane runs but once; samples sets how often");
            return;
        };
        let count = lane.samples();
        lane.show((lane.shown_at() + if forward { 1 } else { count - 1 }) % count);
    }

    /// Has the lane with the focus run the prompt on the bench again.
    pub(super) fn unpin(&mut self) {
        let at = self.bench.lane_at();
        if self.bench.lane().is_none_or(|lane| lane.spec.pinned.is_none()) {
            self.say(Tone::Info, "this lane runs the prompt on the bench already");
            return;
        }
        let stopped = self.bench.pin(at, None);
        self.stops(stopped);
    }

    /// Accepts the part that came of a broken answer.
    pub(super) fn keep(&mut self) {
        if !self.bench.lane_mut().map(Lane::shown_mut).is_some_and(Take::keep) {
            self.say(Tone::Info, "no part of a broken answer is here to be kept");
        }
    }

    /// Runs what is shown again on the fallback after the target that was asked, or has one chosen.
    pub(super) fn next_model(&mut self) {
        if !self.ready() {
            return;
        }
        let at = self.bench.lane_at();
        let Some(lane) = self.bench.lanes.get(at) else {
            return;
        };
        let (prompt, sample) = (self.bench.prompt_of(lane), lane.shown_at());
        let target = lane.spec.target.clone();
        let asked = lane.shown().asked().unwrap_or(&target).to_owned();
        let chain = self.targets(&target, &prompt.fallback).unwrap_or_default();
        let place = chain.iter().position(|known| known.name == asked);
        let rest = chain.into_iter().skip(place.map_or(usize::MAX, |at| at + 1)).collect::<Vec<_>>();
        if rest.is_empty() {
            self.say(Tone::Info, "no fallback is left; take another model");
            self.open_models(For::Lane(at));
        } else {
            let spec =
                LaneSpec { target, ..self.bench.lanes.get(at).map(|lane| lane.spec.clone()).unwrap_or_default() };
            let request = self.request(&spec, &prompt, CacheMode::On);
            self.start(at, sample, RunRequest { targets: rest, ..request });
        }
    }
}
