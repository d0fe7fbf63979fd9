//! The cells of an earlier batch that the one on the screen is compared with.

use crate::{
    app::batch::grid::Grid,
    model::{BatchId, CellIndex, RunId, RunStatus, batch::Cell},
};

/// Samples of each request that there is room for, at most.
const MOST_SAMPLES: usize = 1024;

/// How cells of an earlier batch came out.
#[derive(Debug, Clone)]
pub struct BatchBaseline {
    /// What it is called.
    pub name: String,
    pub id: BatchId,
    /// Those of its cells that are in columns of the batch on the screen.
    pub(crate) grid: Grid,
}

impl BatchBaseline {
    /// Begins a baseline without a cell, for a grid that is compared with it.
    pub(crate) fn new((id, name): (BatchId, String), compared: &Grid) -> Self {
        Self { name, id, grid: compared.of_columns(compared.samples()) }
    }

    /// Takes a cell in, where it is in a column of the batch that is compared.
    pub(crate) fn take(&mut self, cell: Cell) {
        let samples = (cell.place.sample as usize).saturating_add(1);
        if samples > self.grid.samples() && samples <= MOST_SAMPLES && self.grid.column_of(cell.place).is_some() {
            self.widen(samples);
        }
        self.grid.put(cell);
    }

    /// Makes room for more samples of each request.
    fn widen(&mut self, samples: usize) {
        let mut wider = self.grid.of_columns(samples);
        self.grid.all().for_each(|cell| wider.put(cell));
        self.grid = wider;
    }

    /// Tells how the cell came out that is in the same place.
    #[must_use]
    pub fn status(&self, place: CellIndex) -> Option<RunStatus> {
        self.grid.status_of(place)
    }

    /// Tells which run filled the cell in the same place.
    #[must_use]
    pub fn run(&self, place: CellIndex) -> Option<RunId> {
        self.grid.run_of(place)
    }

    /// Tells whether a cell came out otherwise than here: which passed, which failed.
    #[must_use]
    pub fn differs(&self, place: CellIndex, status: RunStatus) -> bool {
        self.status(place).is_some_and(|before| before != status)
    }
}
