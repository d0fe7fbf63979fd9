//! A batch: rows × prompts × targets × samples, some at a time, through the same pipeline as a single run.
//!
//! Cells are asked in the order of their places, and told as they finish. A cell counts only once it is
//! durable: its run and its place in the batch are on the disk. What was answered before is not asked again.
//! No call is begun that may pass a cap on money or tokens, and none goes on when the time is over; a slow disk
//! slows a batch down. Dropping the stream cancels everything that is under way.

mod cells;
mod control;
mod driver;

use std::{collections::BTreeMap, pin::Pin, sync::Arc, task::Context, task::Poll};

use futures_util::{Stream, StreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::Pipeline;
use crate::model::{
    BatchId, CacheMode, Outcome, Params, Place, Prompt, Row, Target,
    batch::{Cap, Caps, Cell},
};
pub use control::BatchControl;
use driver::Driver;

/// What is asked in a batch, beside its rows.
#[derive(Debug, Clone)]
pub struct BatchPlan {
    /// The batch.
    pub id: BatchId,
    /// The prompts with their names.
    pub prompts: Vec<(String, Arc<Prompt>)>,
    /// For each prompt, for each of its targets: the target, then its fallbacks.
    pub targets: Vec<Vec<Vec<Target>>>,
    /// Parameters that hold in place of the prompts'.
    pub params: Params,
    /// How often each request is made, at least once.
    pub samples: u32,
    /// How the cache is used.
    pub cache: CacheMode,
    /// The models that judge by rubrics, as in [`crate::model::RunRequest::judges`].
    pub judges: BTreeMap<String, Target>,
    /// What may be used.
    pub caps: Caps,
    /// Cells under way at once, at most; at least one.
    pub concurrency: usize,
    /// Cells in all, if the number of rows is known.
    pub total: Option<u64>,
    /// The session it belongs to, for the record.
    pub session: Option<String>,
    /// What is known of cells from before.
    pub known: Known,
    /// Whether cells that no model answered are asked again.
    pub retry_failed: bool,
    /// Asks these cells alone, whatever is known of them; all where there is none.
    pub again: Option<Vec<Place>>,
}

/// Cells that ended before, by their places.
#[derive(Debug, Clone, Default)]
pub struct Known(BTreeMap<Place, (u64, Box<Cell>)>);

impl Known {
    /// Gathers cells, each with the fingerprint of its row as it was then.
    pub fn of(cells: impl IntoIterator<Item = (Cell, u64)>) -> Self {
        Self(cells.into_iter().map(|(cell, row)| (cell.place, (row, Box::new(cell)))).collect())
    }

    /// Lists them in the order of their places.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.values().map(|(_, cell)| &**cell)
    }

    /// Counts the cells that need not be asked again, as long as their rows are as they were.
    pub(super) fn settled(&self, retry_failed: bool) -> u64 {
        let settled = |cell: &Cell| cell.answered() || (cell.end == "failed" && !retry_failed);
        self.0.values().filter(|(_, cell)| settled(cell)).count() as u64
    }

    /// Counts the cells of a row that need not be asked again.
    #[must_use]
    pub fn settled_of(&self, row: &Row, retry_failed: bool) -> u64 {
        let fingerprint = row.fingerprint();
        let first = Place { row: row.number, ..Place::default() };
        let places = self.0.range(first..).map(|(place, _)| *place).take_while(|place| place.row == row.number);
        places.filter(|place| self.keeps(*place, fingerprint, retry_failed).is_some()).count() as u64
    }

    /// Returns the cell at a place if it need not be asked again: its row is as it was, and it was answered,
    /// or no model could and that is not to be tried again.
    fn keeps(&self, place: Place, row: u64, retry_failed: bool) -> Option<&Cell> {
        let (fingerprint, cell) = self.0.get(&place)?;
        let settled = cell.answered() || (cell.end == "failed" && !retry_failed);
        (*fingerprint == row && settled).then_some(&**cell)
    }
}

/// What happens in a batch. `Ended` comes exactly once and last.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchEvent {
    /// A cell is asked. Cells are started and kept in the order of their places.
    Started {
        /// Its place.
        place: Place,
    },
    /// A cell was answered before, and is not asked again.
    Kept {
        /// What came of it.
        cell: Box<Cell>,
        /// Its row.
        row: Arc<Row>,
    },
    /// A cell has ended and is durable.
    Cell {
        /// What came of it.
        cell: Box<Cell>,
        /// The same with its texts and verdicts.
        outcome: Box<Outcome>,
        /// Its row.
        row: Arc<Row>,
    },
    /// A cell has ended and could not be recorded; the batch cannot go on, and a later one asks the cell again.
    Unrecorded {
        /// What came of it.
        cell: Box<Cell>,
        /// The same with its texts and verdicts: nobody else keeps them.
        outcome: Box<Outcome>,
        /// Its row.
        row: Arc<Row>,
    },
    /// So many rows were read.
    Rows {
        /// How many.
        read: u64,
        /// Whether these are all.
        all: bool,
    },
    /// No further cell is started until it is resumed; those under way end.
    Paused {
        /// Why, in words.
        why: String,
        /// The cap that is the reason, if one is.
        cap: Option<Cap>,
    },
    /// Cells are started again.
    Resumed,
    /// The end.
    Ended {
        /// How.
        end: BatchEnd,
    },
}

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum BatchEnd {
    /// Every cell has ended.
    Complete,
    /// It was stopped; the cells that had not ended can be asked later.
    Stopped,
    /// It was stopped while a cap kept it from going on.
    Capped {
        /// Which.
        cap: Cap,
        /// The same in words, with the numbers.
        why: String,
    },
    /// It cannot go on: a row cannot be read, or what ended cannot be kept.
    Failed {
        /// Why, in words.
        why: String,
    },
}

impl BatchEnd {
    /// Names the end in one word, as it is stored.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Capped { .. } => "capped",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What a batch tells. Nothing happens unless it is polled; dropping it cancels what is under way.
pub struct BatchStream {
    events: Pin<Box<dyn Stream<Item = BatchEvent> + Send>>,
    control: BatchControl,
}

impl BatchStream {
    /// Returns a handle on the batch that outlives the stream and can be used from anywhere.
    #[must_use]
    pub fn control(&self) -> BatchControl {
        self.control.clone()
    }
}

impl Stream for BatchStream {
    type Item = BatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<BatchEvent>> {
        self.events.as_mut().poll_next(context)
    }
}

impl Pipeline {
    /// Runs a batch over rows that are read as they are needed; a row that cannot be read, with the reason
    /// in words, ends it once the cells under way have ended.
    #[must_use]
    pub fn batch(
        &self,
        plan: BatchPlan,
        rows: impl Stream<Item = Result<Row, String>> + Send + 'static,
    ) -> BatchStream {
        let control = BatchControl::new(plan.concurrency, plan.caps);
        let driver = Driver::new(self.clone(), plan, Box::pin(rows), &control);
        let events = stream::unfold(driver, |mut driver| async move {
            let event = driver.next().await?;
            Some((event, driver))
        });
        BatchStream { events: Box::pin(events.fuse()), control }
    }
}
