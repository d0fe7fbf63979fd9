//! How a cursor or a window can be moved.

/// A way to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Motion {
    /// A line up.
    Up,
    /// A line down.
    Down,
    Left,
    Right,
    /// Half a window up.
    HalfUp,
    /// Half a window down.
    HalfDown,
    /// A window up.
    PageUp,
    /// A window down.
    PageDown,
    /// To the first line.
    Top,
    /// To the last line.
    Bottom,
}
