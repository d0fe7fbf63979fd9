//! One row of the table of actions, and where its keys work.

use super::Action;
use crate::app::screen::Screen;

/// Where an action can be called by its keys. The palette calls any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Everywhere; a plain character only where it is not text.
    Always,
    /// At the bench, also while typing.
    Bench,
    /// At the bench while not typing.
    Normal,
    /// In an overlay.
    Overlay,
    /// On every screen while not typing, and in an overlay.
    Moving,
    /// On every screen, also while typing, and in an overlay.
    Focus,
    /// On a screen beside the bench; a plain character only where it is not text.
    On(Screen),
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

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Its name in `[keys]` and in the palette.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Where its keys work.
    pub when: When,
    /// Its place in the footer of its screen, the lowest first; 0 keeps it out.
    pub footer: u8,
    /// Further screens on which its keys work, each with its place in the footer there.
    pub also: &'static [(Screen, u8)],
}

impl Entry {
    /// The same on further screens, each with its place in the footer there.
    pub(super) const fn also(self, also: &'static [(Screen, u8)]) -> Self {
        Self { also, ..self }
    }

    /// Tells whether the action can be called on a screen, no overlay being open.
    #[must_use]
    pub fn works_on(&self, screen: Screen) -> bool {
        if screen == Screen::Bench {
            return self.when.at_bench();
        }
        matches!(self.when, When::Always | When::Moving | When::Focus)
            || self.when == When::On(screen)
            || self.also.iter().any(|(also, _)| *also == screen)
    }

    /// Returns the screen to go to for the action where it does not work on the present one.
    #[must_use]
    pub fn home(&self) -> Screen {
        if let When::On(screen) = self.when { screen } else { Screen::Bench }
    }

    /// Returns its place in the footer of a screen; what works everywhere comes last on those beside
    /// the bench.
    #[must_use]
    pub fn footer_on(&self, screen: Screen) -> Option<u8> {
        let also = self.also.iter().find(|(also, _)| *also == screen).map(|(_, place)| *place);
        let own = match self.when {
            When::Always => true,
            When::On(own) => own == screen,
            _ => screen == Screen::Bench,
        };
        let place = also.or(own.then_some(self.footer)).unwrap_or(0);
        let last = if self.when == When::Always && screen != Screen::Bench { 100 } else { 0 };
        (place > 0).then_some(place.saturating_add(last))
    }

    /// Tells whether a key could mean either of two actions.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let both = |screen: &Screen| self.works_on(*screen) && other.works_on(*screen);
        Screen::ALL.iter().any(both) || (self.when.in_overlay() && other.when.in_overlay())
    }
}

pub(super) const fn entry(action: Action, name: &'static str, when: When, footer: u8, doc: &'static str) -> Entry {
    Entry { action, name, doc, when, footer, also: &[] }
}
