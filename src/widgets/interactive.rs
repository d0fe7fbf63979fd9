//! What has the keys inside a window: a list, a form, a line. One interface for keys, pastes, the mouse and moving.

use crate::widgets::key::Chord;

/// A part of a window that takes what is typed and where one moves.
pub trait Interactive {
    /// Takes a key that is text or edits text. Tells whether it was for this part.
    fn key(&mut self, _chord: Chord) -> bool {
        false
    }

    /// Takes a paste.
    fn paste(&mut self, _text: &str) {}

    /// Moves by rows, stopping at either end.
    fn step(&mut self, _by: isize) {}

    /// Takes a click on a row of those in sight. Tells whether an entry was chosen that is to be accepted.
    fn click(&mut self, _row: usize) -> bool {
        false
    }

    /// Keeps what is chosen in sight of so many rows.
    fn fit(&mut self, _height: usize) {}
}
