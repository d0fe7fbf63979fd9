//! A batch: rows × prompts × targets × samples, some at a time, through the same pipeline as a single run.
//!
//! Cells are asked in the order of their index, and reported as they finish. A cell counts only once it is
//! durable: its run and its index are on the disk. What was answered before is not asked again.
//! No call is begun that may pass a limit on money or tokens, and none goes on when the time is over; a slow disk
//! slows a batch down. Dropping the stream cancels everything that is under way.

pub mod budget;

pub(crate) mod comparisons;
pub mod conversations;
pub(crate) mod driver;
pub(crate) mod known_cells;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use crate::pipeline::batch::known_cells::KnownCells;
use crate::{
    model::{
        BatchId, CacheMode, CellIndex, CellRef, Commit, DatasetRow, Outcome, Params, PartFolders, Prompt, RunRequest,
        Target,
        batch::PartRoots,
        batch::{BatchLimits, Cap, Cell},
    },
    pipeline::{Pipeline, batch::driver::Driver, ports::AnswersAtHand, spending::Spending},
};

/// What is asked in a batch, beside its rows.
#[derive(Debug, Clone)]
pub struct BatchPlan {
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
    /// Where the files of parts are looked for.
    pub roots: PartRoots,
    /// The models that judge by rubrics, as in [`crate::model::RunRequest::judges`].
    pub judges: BTreeMap<String, Target>,
    /// What may be used.
    pub caps: BatchLimits,
    /// Cells under way at once, at most; at least one.
    pub concurrency: usize,
    /// Cells in all, if the number of rows is known.
    pub total: Option<u64>,
    /// The session it belongs to, for the record.
    pub session: Option<String>,
    /// What is known of cells from before.
    pub known: KnownCells,
    /// Whether cells that no model answered are asked again.
    pub retry_failed: bool,
    /// Asks these cells alone, whatever is known of them; all where there is none.
    pub again: Option<Vec<CellIndex>>,
    /// What was asked for elsewhere: the first call of each cell is answered by it.
    pub answers: Option<BatchAnswers>,
}

/// The answers of a batch that were asked for elsewhere. Clones are the same.
#[derive(Clone)]
pub struct BatchAnswers(pub Arc<dyn AnswersAtHand>);

impl fmt::Debug for BatchAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BatchAnswers")
    }
}

/// What happens in a batch. `Ended` comes exactly once and last.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchEvent {
    /// A cell is asked. Cells are started and kept in the order of their places.
    Started { place: CellIndex },
    /// A cell was answered before, and is not asked again.
    Reused {
        /// What came of it.
        cell: Box<Cell>,
        row: Arc<DatasetRow>,
    },
    /// A cell has ended and is durable.
    Cell {
        /// What came of it.
        cell: Box<Cell>,
        /// The same with its texts and verdicts.
        outcome: Box<Outcome>,
        row: Arc<DatasetRow>,
    },
    /// A cell has ended and could not be recorded; the batch cannot go on, and a later one asks the cell again.
    Unrecorded {
        /// What came of it.
        cell: Box<Cell>,
        /// The same with its texts and verdicts: nobody else keeps them.
        outcome: Box<Outcome>,
        row: Arc<DatasetRow>,
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

    /// Says why it ended before its end, where somebody else than a person stopped it.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Complete | Self::Stopped => None,
            Self::Capped { why, .. } | Self::Failed { why } => Some(why),
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
        rows: impl Stream<Item = Result<DatasetRow, String>> + Send + 'static,
    ) -> BatchStream {
        self.batch_of(plan, rows, None)
    }

    /// Runs a batch likewise, whose calls use an amount that others use as well; its own caps are on time alone.
    pub(crate) fn batch_within(
        &self,
        plan: BatchPlan,
        rows: impl Stream<Item = Result<DatasetRow, String>> + Send + 'static,
        spending: &Spending,
    ) -> BatchStream {
        self.batch_of(plan, rows, Some(spending.clone()))
    }

    fn batch_of(
        &self,
        plan: BatchPlan,
        rows: impl Stream<Item = Result<DatasetRow, String>> + Send + 'static,
        spending: Option<Spending>,
    ) -> BatchStream {
        let control = BatchControl::new(plan.concurrency, plan.caps);
        let driver = Driver::new(self.clone(), plan, Box::pin(rows), (&control, spending));
        let events = stream::unfold(driver, |mut driver| async move {
            let event = driver.next().await?;
            Some((event, driver))
        });
        BatchStream { events: Box::pin(events.fuse()), control }
    }
}

impl BatchPlan {
    /// Counts the cells of each row.
    #[must_use]
    pub fn cells_of_a_row(&self) -> usize {
        self.targets.iter().map(Vec::len).sum::<usize>() * self.samples.max(1) as usize
    }

    /// Returns the place of a row's cell, counted from 0 in the order of places; none after the last.
    pub(crate) fn place(&self, row: u64, at: usize) -> Option<CellIndex> {
        let samples = self.samples.max(1) as usize;
        let (mut lane, sample) = (at / samples, (at % samples) as u32);
        for (prompt, targets) in (0_u32..).zip(&self.targets) {
            if lane < targets.len() {
                return Some(CellIndex { row, prompt, target: lane as u32, sample });
            }
            lane -= targets.len();
        }
        None
    }

    /// Tells whether the cell at a place of a row is not asked again. Where the answers of the row are compared all are
    /// asked, or none.
    pub(crate) fn keeps(&self, place: CellIndex, row: &DatasetRow, fingerprint: u64) -> bool {
        let keeps = |place| self.again.is_none() && self.known.keeps(place, fingerprint, self.retry_failed);
        keeps(place) && self.compared(place, row).into_iter().all(keeps)
    }

    /// Tells whether the answer at a place of a row is compared with others.
    pub(crate) fn is_compared(&self, place: CellIndex, row: &DatasetRow) -> bool {
        let of_prompt = self.prompts.get(place.prompt as usize).map_or(&[][..], |(_, prompt)| &prompt.checks);
        row.checks.iter().chain(of_prompt).any(|check| check.enabled && check.kind.kind.compares_row())
    }

    /// Lists the cells of a row that are asked and whose answers are compared with that at a place, itself among them; none
    /// where it is compared with nothing.
    pub(crate) fn compared(&self, place: CellIndex, row: &DatasetRow) -> BTreeSet<CellIndex> {
        if !self.is_compared(place, row) {
            return BTreeSet::new();
        }
        let all = (0..self.cells_of_a_row()).filter_map(|at| self.place(place.row, at));
        let asked = |other: &CellIndex| self.again.as_ref().is_none_or(|again| again.binary_search(other).is_ok());
        all.filter(|other| other.sample == place.sample && self.is_compared(*other, row) && asked(other)).collect()
    }

    /// Counts the cells of a row that are asked, and not kept as they ended before.
    #[must_use]
    pub fn asks(&self, row: &DatasetRow) -> u64 {
        let fingerprint = row.fingerprint();
        let places = (0..self.cells_of_a_row()).filter_map(|at| self.place(row.number, at));
        let is_wanted = |place: &CellIndex| match &self.again {
            Some(again) => again.binary_search(place).is_ok(),
            None => !self.keeps(*place, row, fingerprint),
        };
        places.filter(is_wanted).count() as u64
    }

    /// Lists the cells of a row that are asked, each with its request.
    pub fn requests_of(&self, row: &DatasetRow) -> Vec<(CellRef, RunRequest)> {
        let fingerprint = row.fingerprint();
        let places = (0..self.cells_of_a_row()).filter_map(|at| self.place(row.number, at));
        let asked = places.filter(|place| match &self.again {
            Some(again) => again.binary_search(place).is_ok(),
            None => !self.keeps(*place, row, fingerprint),
        });
        let requests = asked.filter_map(|place| {
            let request = self.request(place, row, fingerprint)?;
            Some((request.cell?, request))
        });
        requests.collect()
    }

    /// Makes the request of a cell; none for a place the plan has not.
    pub(crate) fn request(&self, place: CellIndex, row: &DatasetRow, fingerprint: u64) -> Option<RunRequest> {
        let (prompt_name, prompt) = self.prompts.get(place.prompt as usize)?;
        let targets = self.targets.get(place.prompt as usize)?.get(place.target as usize)?;
        Some(RunRequest {
            prompt_name: Some(prompt_name.clone()),
            prompt: Arc::clone(prompt),
            params: self.params.clone(),
            input: row.input.clone(),
            targets: targets.clone(),
            cache: self.cache,
            commit: Commit::Buffered,
            sample: place.sample,
            session: self.session.clone(),
            parent: None,
            checks: row.checks.clone(),
            min_score: row.min_score,
            judges: self.judges.clone(),
            folders: PartFolders {
                prompt: self.roots.prompts.get(prompt_name).cloned(),
                input: self.roots.rows.clone(),
            },
            cell: Some(CellRef { batch: self.id, place, row: fingerprint }),
            trace: None,
        })
    }
}

/// What is wanted of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) stop: bool,
    pub(crate) drain: bool,
    pub(crate) paused: bool,
    pub(crate) concurrency: usize,
    pub(crate) caps: BatchLimits,
    /// Counts the times it was resumed.
    pub(crate) resumed: u64,
}

/// A hand on a batch under way; clones are the same hand.
#[derive(Debug, Clone)]
pub struct BatchControl(Arc<watch::Sender<Wanted>>);

impl BatchControl {
    pub(crate) fn new(concurrency: usize, caps: BatchLimits) -> Self {
        let wanted =
            Wanted { stop: false, drain: false, paused: false, concurrency: concurrency.max(1), caps, resumed: 0 };
        Self(Arc::new(watch::Sender::new(wanted)))
    }

    /// Stops it: calls under way end as cancelled and no further one is made.
    pub fn stop(&self) {
        self.0.send_modify(|wanted| wanted.stop = true);
    }

    /// Starts no further cell, and ends once those under way have ended.
    pub fn drain(&self) {
        self.0.send_modify(|wanted| wanted.drain = true);
    }

    /// Starts no further cell; those under way end.
    pub fn pause(&self) {
        self.0.send_modify(|wanted| wanted.paused = true);
    }

    /// Goes on after a pause, also after one that a cap made: the cap is looked at again.
    pub fn resume(&self) {
        self.0.send_modify(|wanted| {
            wanted.paused = false;
            wanted.resumed += 1;
        });
    }

    /// Changes how many cells are under way at once, at most; those that are too many by then end first.
    pub fn set_concurrency(&self, most: usize) {
        self.0.send_modify(|wanted| wanted.concurrency = most.max(1));
    }

    /// Changes what may be used; a pause that a cap made is over if there is room by then.
    pub fn set_caps(&self, caps: BatchLimits) {
        self.0.send_modify(|wanted| {
            wanted.caps = caps;
            wanted.resumed += 1;
        });
    }

    pub(crate) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.0.subscribe()
    }
}
