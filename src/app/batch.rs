//! The batch screen: a prompt over a data set, set up, watched and looked through.

use ratatui::layout::Rect;

use super::{Action, App, Screen, chord::Chord};

/// The batch on the screen, and how it is looked at.
#[derive(Debug, Clone, Default)]
pub struct Batches {}

impl Batches {
    /// Tells whether letters go into a text.
    #[must_use]
    pub fn typing(&self) -> bool {
        false
    }

    /// Tells whether an action is worth its place in the footer just now.
    #[must_use]
    pub fn is_useful(&self, _action: Action) -> bool {
        true
    }
}

impl App {
    pub(super) fn enter_batch(&mut self) {}

    pub(super) fn on_batch(&mut self, action: Action) {
        if action == Action::Leave {
            self.go_to(Screen::Bench);
        }
    }

    pub(super) fn batch_key(&mut self, _chord: Chord) -> bool {
        false
    }

    pub(super) fn batch_paste(&mut self, _text: &str) {}

    pub(super) fn batch_mouse(&mut self, _column: u16, _row: u16, _wheel: Option<isize>) {}

    pub(super) fn prepare_batch(&mut self, _body: Rect) {}
}
