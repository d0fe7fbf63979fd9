//! What happened to the cells of a batch, counted.

use super::grid::Slot;
use crate::model::StatusCounts;

/// What happened to the cells so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cells that are finished.
    pub done: u64,
    /// Those of them by how they came out.
    pub by: StatusCounts,
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
                add(self.by.of_mut(cell.status));
            }
        }
    }
}
