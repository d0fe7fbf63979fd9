//! How cells stand, for a table that shows many: the mark, the order, the counts.

use super::grid::Slot;
use crate::eval::tally::Standing;

/// Returns the mark that says without colour how a cell stands.
#[must_use]
pub fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::Passed => "✓",
        Standing::Failed => "✗",
        Standing::Error => "!",
        Standing::Skipped => "○",
        Standing::Open => " ",
    }
}

/// Ranks how a cell stands, the worst first.
#[must_use]
pub fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Error => 0,
        Standing::Failed => 1,
        Standing::Skipped => 2,
        Standing::Passed => 3,
        Standing::Open => 4,
    }
}

/// What happened to the cells so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cells that are finished.
    pub done: u64,
    /// Those of them that passed.
    pub passed: u64,
    /// Those of them whose checks failed.
    pub failed: u64,
    /// Those of them without a whole answer.
    pub errors: u64,
    /// Cells under way.
    pub busy: u64,
}

impl Counts {
    /// Counts a cell in or out.
    pub(super) fn count(&mut self, slot: &Slot, more: bool) {
        let add = |number: &mut u64| *number = if more { *number + 1 } else { number.saturating_sub(1) };
        match slot {
            Slot::Open => {}
            Slot::Busy(_) => add(&mut self.busy),
            Slot::Full(cell) => {
                add(&mut self.done);
                match Standing::of(cell) {
                    Standing::Passed => add(&mut self.passed),
                    Standing::Failed => add(&mut self.failed),
                    Standing::Error => add(&mut self.errors),
                    Standing::Skipped | Standing::Open => {}
                }
            }
        }
    }
}
