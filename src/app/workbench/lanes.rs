//! The lanes of the bench as a row: what they run, their order, and which of them is meant.

use std::sync::Arc;

use super::{Focus, MAX_LANES, MAX_SAMPLES, Workbench};
use crate::{
    app::{lane::Lane, msg::Ticket},
    model::{LaneSpec, Pinned, Prompt},
};

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

    /// Has a lane run something else, of which nothing has run yet, and returns the runs this breaks off.
    pub fn put_lane(&mut self, at: usize, spec: LaneSpec) -> Vec<Ticket> {
        let mut lane = self.new_lane(spec);
        let Some(place) = self.lanes.get_mut(at) else {
            return Vec::new();
        };
        lane.baseline = place.baseline;
        std::mem::swap(place, &mut lane);
        self.touch();
        lane.stop()
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
            _ => Vec::new(),
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
    pub(in crate::app) fn keep_to(&mut self, at: usize) {
        self.last = at;
        self.solo = self.solo.map(|_| at);
    }

    /// Returns the place of the lane with the focus; of the one that had it last where another pane has it.
    #[must_use]
    pub fn lane_at(&self) -> usize {
        let at = if let Focus::Lane(at) = self.focus { at } else { self.last };
        at.min(self.lanes.len().saturating_sub(1))
    }

    /// Returns that lane.
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
