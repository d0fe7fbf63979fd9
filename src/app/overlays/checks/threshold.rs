//! What if a threshold were another one: it is moved over the stored answers, and what that does is counted at once.

use crate::{
    app::overlays::checks::trial::Trial,
    eval::{
        WhatIf,
        rules::RulePlace,
        whatif::{At, Threshold, measure::Measured},
    },
};

/// Round thresholds that the arrows stop at, at most.
const STOPS: usize = 41;

/// Where a rule's threshold stands while it is tried on stored answers, and what it comes to there.
#[derive(Debug, Clone)]
pub struct MovedThreshold {
    pub place: RulePlace,
    pub knob: Threshold,
    what: WhatIf,
    /// Round thresholds, ascending.
    stops: Vec<f64>,
    /// Where it was moved to.
    pub chosen: f64,
}

impl MovedThreshold {
    /// Begins at the present threshold, over the stored answers judged so far.
    #[must_use]
    pub fn new(place: RulePlace, knob: Threshold, trial: &Trial) -> Self {
        let what = WhatIf::of(knob.side, trial.measured(&knob).iter().map(Measured::point));
        let stops = what.steps(STOPS);
        let chosen = knob.present.or_else(|| stops.first().copied()).unwrap_or_default();
        Self { place, knob, what, stops, chosen }
    }

    /// Counts the answers that it decides on.
    #[must_use]
    pub fn measured(&self) -> usize {
        self.what.measured()
    }

    /// Tells what the present threshold does, and what the one that was moved to.
    #[must_use]
    pub fn before_and_after(&self) -> (At, At) {
        let present = self.knob.counting();
        (self.what.at(present, present), self.what.at(self.chosen, present))
    }

    /// Moves it to the next round value.
    pub fn step(&mut self, up: bool) {
        let next = if up {
            self.stops.iter().find(|stop| **stop > self.chosen)
        } else {
            self.stops.iter().rev().find(|stop| **stop < self.chosen)
        };
        self.chosen = next.copied().unwrap_or(self.chosen);
    }

    /// Moves it to where another answer changes. Tells whether there is one.
    pub fn to_change(&mut self, up: bool) -> bool {
        let next = self.what.step(self.chosen, up);
        self.chosen = next.unwrap_or(self.chosen);
        next.is_some()
    }
}
