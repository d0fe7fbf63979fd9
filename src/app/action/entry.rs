//! One row of the table of actions, and where its keys work.

use super::Action;

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
    /// At the bench while not typing, and in an overlay.
    Moving,
    /// At the bench, also while typing, and in an overlay.
    Focus,
}

impl When {
    /// Tells whether a key could mean either of two actions.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        (self.at_bench() && other.at_bench()) || (self.in_overlay() && other.in_overlay())
    }

    /// Tells whether the action can be called at the bench.
    #[must_use]
    pub fn at_bench(self) -> bool {
        self != Self::Overlay
    }

    /// Tells whether the action can be called in a field that is being edited.
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
    /// Its place in the footer, the lowest first; 0 keeps it out.
    pub footer: u8,
}

pub(super) const fn entry(action: Action, name: &'static str, when: When, footer: u8, doc: &'static str) -> Entry {
    Entry { action, name, doc, when, footer }
}
