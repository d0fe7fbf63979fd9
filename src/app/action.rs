//! Everything a person can do, in one table that feeds the key map, footer, help, palette and docs/keys.md.
//!
//! Actions come in groups by who answers to them, so that a screen matches those of its own and the verbs that it
//! shares with others one by one, and the compiler names the one that was forgotten.

pub(crate) mod table;

use std::{fmt, str::FromStr};

pub use crate::app::action::table::{
    ACTIONS, Action, BatchAction, BenchAction, GlobalAction, HistoryAction, OverlayAction, QualityAction,
    TrafficAction, Verb,
};
use crate::{app::screen_id::ScreenId, model::catalog::nearest};

impl Action {
    /// Returns the action's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }
}

/// Where an action can be called by its keys. The palette calls any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Everywhere; a plain character only where it is not text.
    Always,
    /// At the bench, also while typing.
    Bench,
    /// At the bench while not typing.
    Normal,
    Overlay,
    /// On every screen while not typing, and in an overlay.
    Moving,
    /// On every screen, also while typing, and in an overlay.
    Focus,
    /// On a screen beside the bench; a plain character only where it is not text.
    On(ScreenId),
}

impl When {
    /// Tells whether the action can be called at the bench.
    #[must_use]
    pub fn at_bench(self) -> bool {
        !matches!(self, Self::Overlay | Self::On(_))
    }

    /// Tells whether the action can be called in a field of the bench that is being edited.
    #[must_use]
    pub fn while_typing(self) -> bool {
        matches!(self, Self::Always | Self::Bench | Self::Focus)
    }

    /// Tells whether the action can be called in an overlay.
    #[must_use]
    pub fn in_overlay(self) -> bool {
        matches!(self, Self::Always | Self::Overlay | Self::Moving | Self::Focus)
    }
}

/// A pane of the bench, as far as keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    Prompt,
    Input,
    /// The lanes.
    Answers,
    Metrics,
}

impl Pane {
    /// Returns its name within a sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Input => "input",
            Self::Answers => "answers",
            Self::Metrics => "metrics",
        }
    }

    /// Tells whether letters that are meant for its content may be pressed in it.
    #[must_use]
    pub fn is_text(self) -> bool {
        match self {
            Self::Prompt | Self::Input => true,
            Self::Answers | Self::Metrics => false,
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionInfo {
    pub action: Action,
    /// Its name in `[keys]`.
    pub name: &'static str,
    /// What it is called in lists: sentence case, imperative.
    pub title: &'static str,
    /// What it is about, in a word.
    pub group: &'static str,
    /// What it does, in a word or two, as the footer has it.
    pub label: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Where its keys work.
    pub when: When,
    /// Its place in the footer of its screen, the lowest first; 0 keeps it out.
    pub footer: u8,
    /// The panes of the bench in which its plain keys work; none where they work in all.
    pub panes: &'static [Pane],
    /// Further screens on which its keys work, each with its place in the footer there.
    pub also: &'static [(ScreenId, u8)],
}

impl ActionInfo {
    /// Tells whether the action can be called on a screen, no overlay being open.
    #[must_use]
    pub fn works_on(&self, screen: ScreenId) -> bool {
        if screen == ScreenId::Bench {
            return self.when.at_bench();
        }
        matches!(self.when, When::Always | When::Moving | When::Focus)
            || self.when == When::On(screen)
            || self.also.iter().any(|(also, _)| *also == screen)
    }

    /// Tells whether its plain keys work while a pane of the bench has the focus.
    #[must_use]
    pub fn works_in(&self, pane: Pane) -> bool {
        self.panes.is_empty() || self.panes.contains(&pane)
    }

    /// Returns what it does, without the remarks that follow in the table.
    #[must_use]
    pub fn does(&self) -> &'static str {
        self.doc.split([';', ':', ',']).next().unwrap_or(self.doc)
    }

    /// Returns the screen to go to for the action where it does not work on the present one.
    #[must_use]
    pub fn home(&self) -> ScreenId {
        if let When::On(screen) = self.when { screen } else { ScreenId::Bench }
    }

    /// Returns its place in the footer of a screen; what works everywhere comes last on those beside
    /// the bench.
    #[must_use]
    pub fn footer_on(&self, screen: ScreenId) -> Option<u8> {
        let also = self.also.iter().find(|(also, _)| *also == screen).map(|(_, place)| *place);
        let own = match self.when {
            When::Always => true,
            When::On(own) => own == screen,
            When::Bench | When::Normal | When::Overlay | When::Moving | When::Focus => screen == ScreenId::Bench,
        };
        let place = also.or(own.then_some(self.footer)).unwrap_or(0);
        let last = if self.when == When::Always && screen != ScreenId::Bench { 100 } else { 0 };
        (place > 0).then_some(place.saturating_add(last))
    }

    /// Tells whether a key could mean either of two actions.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let apart = |pane: &Pane| !other.works_in(*pane);
        let in_one_pane = self.panes.is_empty() || !self.panes.iter().all(apart);
        let both = |screen: &ScreenId| {
            self.works_on(*screen) && other.works_on(*screen) && (*screen != ScreenId::Bench || in_one_pane)
        };
        ScreenId::ALL.iter().any(both) || (self.when.in_overlay() && other.when.in_overlay())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name no action has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no action is called `{name}`{}; `retort keys` lists them", .nearest.as_ref().map_or_else(String::new, |near| format!(" (did you mean `{near}`?)")))]
pub struct UnknownAction {
    pub name: String,
    /// The nearest name, if one is near.
    pub nearest: Option<String>,
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        ACTIONS.iter().find(|entry| entry.name == name).map(|entry| entry.action).ok_or_else(|| UnknownAction {
            name: name.to_owned(),
            nearest: nearest(name, ACTIONS.iter().map(|entry| entry.name)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_stand_for_one_action_each() {
        for (at, entry) in ACTIONS.iter().enumerate() {
            assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            assert_eq!(entry.name.parse(), Ok(entry.action));
            assert_eq!(entry.action.entry(), entry);
            assert!(ACTIONS.iter().skip(at + 1).all(|other| other.action != entry.action), "{} twice", entry.name);
        }
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_name() {
        let slip = "palete".parse::<Action>().unwrap_err().to_string();
        assert!(slip.contains("did you mean `palette`?"), "{slip}");
    }
}
