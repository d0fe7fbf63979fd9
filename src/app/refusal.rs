//! Why an action cannot be done now: each screen has a table of what its actions need, and the words for what is missing.
//! What needs nothing stands in it too, so that a new action is thought about.

use crate::app::action::Action;

/// What some actions of a screen need.
#[derive(Debug)]
pub struct Need<S> {
    pub actions: &'static [Action],
    /// Says what is missing, in words that follow the action's name; none where nothing is.
    pub lacks: fn(&S) -> Option<&'static str>,
}

/// Says why an action cannot be done on a screen now; none where it can, as far as that is known.
pub(crate) fn refusal<S>(needs: &[Need<S>], screen: &S, action: Action) -> Option<&'static str> {
    needs.iter().filter(|need| need.actions.contains(&action)).find_map(|need| (need.lacks)(screen))
}

/// Gives a reason where something is so.
pub(crate) fn because(is_so: bool, why: &'static str) -> Option<&'static str> {
    is_so.then_some(why)
}

/// What needs nothing lacks nothing.
pub(crate) fn nothing<S>(_screen: &S) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use crate::app::{
        action::{ACTIONS, Action},
        batch::Batches,
        history::History,
        quality::QualityScreen,
        screen::Screen,
        screen_id::ScreenId,
        traffic::Traffic,
        workbench::Workbench,
    };

    fn listed<S: Screen>() -> Vec<Action> {
        S::NEEDS.iter().flat_map(|need| need.actions).copied().collect()
    }

    #[test]
    fn every_action_of_a_screen_stands_in_its_table() {
        for (screen, listed) in [
            (ScreenId::Bench, listed::<Workbench>()),
            (ScreenId::Batch, listed::<Batches>()),
            (ScreenId::History, listed::<History>()),
            (ScreenId::Quality, listed::<QualityScreen>()),
            (ScreenId::Traffic, listed::<Traffic>()),
        ] {
            for entry in ACTIONS {
                // What goes anywhere and moves anywhere needs nothing of a screen.
                let is_general = matches!(entry.action, Action::Global(_) | Action::Motion(_) | Action::Overlay(_));
                if entry.works_on(screen) && !is_general {
                    assert!(listed.contains(&entry.action), "{screen:?}: {} is not thought about", entry.name);
                }
            }
            for action in listed {
                assert!(action.entry().works_on(screen), "{screen:?} has no {action}");
            }
        }
    }
}
