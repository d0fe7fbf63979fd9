//! A threshold while it is moved over stored answers, and what it comes to where it stands.

use crate::eval::{
    WhatIf,
    whatif::{AnswerPoint, At, GradeMatrix, PassingSide, Threshold},
};

/// Round thresholds that the arrows stop at, at most.
const STOPS: usize = 41;

/// Where a threshold stands while it is tried on stored answers.
#[derive(Debug, Clone)]
pub struct MovedThreshold {
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
    pub fn new(knob: Threshold, answers: impl IntoIterator<Item = AnswerPoint>) -> Self {
        let what = WhatIf::of(knob.side, answers);
        Self::over(knob, what)
    }

    /// Begins at the present threshold, over stored answers that are in their order already.
    #[must_use]
    pub fn over(knob: Threshold, what: WhatIf) -> Self {
        let stops = what.steps(STOPS);
        let chosen = knob.present.or_else(|| stops.first().copied()).unwrap_or_default();
        Self { knob, what, stops, chosen }
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

    /// Tells how both stand to what people found of the answers; none where nobody found anything.
    #[must_use]
    pub fn grades(&self) -> Option<(GradeMatrix, GradeMatrix)> {
        Some((self.what.grades(self.knob.counting())?, self.what.grades(self.chosen)?))
    }

    /// Returns the threshold that is most of one mind with what people found.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        self.what.best()
    }

    /// Tells whether an answer passes at where it stands, as far as the threshold decides; none where it does not.
    #[must_use]
    pub fn passes(&self, answer: AnswerPoint) -> Option<bool> {
        let value = answer.value.filter(|value| !value.is_nan())?;
        Some(answer.rest && self.reached(value))
    }

    /// Tells whether what was measured reaches it where it stands.
    #[must_use]
    pub fn reached(&self, value: f64) -> bool {
        match self.knob.side {
            PassingSide::AtLeast => value >= self.chosen,
            PassingSide::AtMost => value <= self.chosen,
        }
    }

    /// Moves it to the next round value. Tells whether there is one.
    pub fn step(&mut self, up: bool) -> bool {
        let next = if up {
            self.stops.iter().find(|stop| **stop > self.chosen)
        } else {
            self.stops.iter().rev().find(|stop| **stop < self.chosen)
        };
        self.chosen = next.copied().unwrap_or(self.chosen);
        next.is_some()
    }

    /// Moves it to where another answer changes. Tells whether there is one.
    pub fn to_change(&mut self, up: bool) -> bool {
        let next = self.what.step(self.chosen, up);
        self.chosen = next.unwrap_or(self.chosen);
        next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eval::whatif::Unit, model::Prompt};

    fn knob(side: PassingSide, present: f64) -> Threshold {
        let mut prompt = Prompt::default();
        prompt.response.format = crate::model::Format::Json;
        prompt.response.confidence = Some("/confidence".to_owned());
        prompt.response.min_confidence = Some(present);
        Threshold { side, unit: Unit::Share, ..Threshold::find(&prompt, "confidence").unwrap() }
    }

    /// Answers of 0.1, 0.2, … 1.0, those from 0.8 on found right.
    fn answers() -> impl Iterator<Item = AnswerPoint> {
        (1..=10).map(|number| AnswerPoint {
            value: Some(f64::from(number) / 10.0),
            rest: true,
            right: Some(number >= 8),
        })
    }

    #[test]
    fn what_people_found_stands_against_what_the_threshold_says() {
        let mut moved = MovedThreshold::new(knob(PassingSide::AtLeast, 0.6), answers());
        let now = GradeMatrix { pass_right: 3, pass_wrong: 2, fail_right: 0, fail_wrong: 5 };
        assert_eq!((moved.grades(), moved.best()), (Some((now, now)), Some(0.8)));
        assert!(moved.to_change(true) && moved.to_change(true) && moved.to_change(true));
        let then = GradeMatrix { pass_right: 2, pass_wrong: 0, fail_right: 1, fail_wrong: 7 };
        assert_eq!((moved.chosen, moved.grades()), (0.9, Some((now, then))));
        let passes = |value| moved.passes(AnswerPoint { value, rest: true, right: None });
        assert_eq!([Some(0.95), Some(0.85), None].map(passes), [Some(true), Some(false), None]);
    }

    #[test]
    fn where_less_is_better_the_best_is_the_highest_that_agrees_most() {
        let moved = MovedThreshold::new(
            knob(PassingSide::AtMost, 0.5),
            answers().map(|answer| AnswerPoint { right: answer.right.map(|right| !right), ..answer }),
        );
        assert_eq!(moved.best(), Some(0.7));
        let ungraded = answers().map(|answer| AnswerPoint { right: None, ..answer });
        let moved = MovedThreshold::new(knob(PassingSide::AtLeast, 0.5), ungraded);
        assert_eq!((moved.best(), moved.grades()), (None, None));
    }
}
