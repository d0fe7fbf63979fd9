//! How far the cells of a batch are read, of those on the screen and of those that they are compared with.

use crate::app::batch::{baseline::BatchBaseline, grid::Grid};

/// Cells of a batch that are being read, or of which only a part was.
#[derive(Debug, Clone)]
pub struct CellReading {
    /// Names it: what is read for another one is late.
    pub(crate) number: u64,
    /// Whether the cells are here already and how they were judged is read again.
    pub(crate) again: bool,
    /// Cells that were read.
    pub read: u64,
    /// Cells that there are, about.
    pub of: u64,
    /// Whether a person has stopped it.
    pub stopped: bool,
}

/// What the batch on the screen will be compared with, while its cells are read.
#[derive(Debug, Clone)]
pub struct BaselineReading {
    pub(crate) number: u64,
    pub(crate) baseline: BatchBaseline,
    /// Whether what came out otherwise is shown at the end.
    pub(crate) tells: bool,
    /// Cells that were read.
    pub read: u64,
    /// Cells that there are, about; 0 where nobody knows.
    pub of: u64,
}

/// Makes room for so many cells.
pub(crate) fn reserve(grid: &mut Grid, cells: u64) {
    let rows = cells.div_ceil(grid.cells_of_a_row().max(1) as u64);
    grid.reserve(usize::try_from(rows.min(MOST_RESERVED)).unwrap_or(0));
}

/// Rows that room is made for, at most: how many there are is what the record says.
const MOST_RESERVED: u64 = 10_000_000;
