//! The tour of a first start: what to try next, one step at a time. What has been done is passed over, nothing waits
//! for a step, and `esc` ends it.

use crate::app::{
    action::{Action, BenchAction, GlobalAction, Verb},
    keymap::Keymap,
};

/// The steps in their order: the action that does one, and what it is good for.
const STEPS: [(Action, &str); 6] = [
    (Action::Verb(Verb::Run), "run the prompt on the input"),
    (Action::Bench(BenchAction::AddLane), "add a second model"),
    (Action::Verb(Verb::Diff), "see what differs"),
    (Action::Bench(BenchAction::EditPrompt), "edit the prompt; , and . bring versions and their answers back"),
    (Action::Verb(Verb::Xray), "see what happened inside the call"),
    (Action::Global(GlobalAction::ScreenBatch), "run the prompt over a data set"),
];

/// How far the tour has come.
#[derive(Debug, Clone, Default)]
pub struct Tour {
    is_on: bool,
    done: [bool; STEPS.len()],
}

impl Tour {
    /// Makes the tour of a first start.
    #[must_use]
    pub fn new() -> Self {
        Self { is_on: true, done: [false; STEPS.len()] }
    }

    /// Notes that an action was done. The tour is over with its last step.
    pub fn note(&mut self, action: Action) {
        for ((step, _), done) in STEPS.iter().zip(&mut self.done) {
            *done |= *step == action;
        }
        self.is_on &= self.done.contains(&false);
    }

    /// Ends it. Tells whether it was on.
    pub fn end(&mut self) -> bool {
        std::mem::take(&mut self.is_on)
    }

    /// Lists all steps: the key to press, and what for. One whose action has no key is left out.
    pub fn steps<'a>(&self, keymap: &'a Keymap) -> impl Iterator<Item = (String, &'static str)> + 'a {
        STEPS.iter().filter_map(|(action, purpose)| Some((keymap.shown(*action, false)?.to_string(), *purpose)))
    }

    /// Returns the next step: the key to press, and what for; none where the tour is over.
    #[must_use]
    pub fn next(&self, keymap: &Keymap) -> Option<(String, &'static str)> {
        let mut open = STEPS.iter().zip(&self.done).filter(|(_, done)| self.is_on && !**done);
        open.find_map(|((action, purpose), _)| Some((keymap.shown(*action, false)?.to_string(), *purpose)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(tour: &Tour) -> Option<String> {
        tour.next(&Keymap::default()).map(|(key, _)| key)
    }

    #[test]
    fn each_step_follows_the_one_before_and_what_is_done_is_passed_over() {
        let mut tour = Tour::new();
        let mut shown = Vec::new();
        tour.note(Verb::Diff.into());
        while let Some(key) = keys(&tour) {
            let (action, _) = STEPS[shown.len() + usize::from(shown.len() > 1)];
            assert_eq!(Keymap::default().shown(action, false).unwrap().to_string(), key);
            shown.push(key);
            tour.note(action);
        }
        assert_eq!(shown.len(), STEPS.len() - 1, "{shown:?}");
        assert!(!tour.end(), "it ended by itself");
    }

    #[test]
    fn it_ends_when_it_is_ended_and_there_is_none_but_at_a_first_start() {
        let mut tour = Tour::new();
        assert!(tour.end() && keys(&tour).is_none());
        tour.note(Verb::Run.into());
        assert_eq!((keys(&tour), keys(&Tour::default())), (None, None));
    }
}
