//! A batch as it is watched: cells put in order, counted, kept for the reports, and told.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use serde::Serialize;
use tokio::time::Instant;

use super::{
    kept::KeptRuns,
    progress::{Now, Progress},
    said::{LISTED, listed},
    spool::Spool,
};
use crate::{
    cli::Io,
    eval::{
        Tally,
        evidence::Lanes,
        report::{Entry, Whole, jsonl::Line},
    },
    model::{
        Place, Row, RunStatus,
        batch::{Cap, Cell},
    },
    pipeline::{
        batch::{BatchEnd, BatchEvent},
        budget::Budget,
    },
    store::Store,
    text::json,
};

/// A cell as a line of `--json`.
#[derive(Serialize)]
struct CellLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    line: Line<'a>,
}

/// The fold of a batch's events into what is told of it.
pub(super) struct Watch {
    /// What is used.
    pub(super) budget: Budget,
    /// Everything but the cells; its lanes count as cells are told.
    pub(super) whole: Whole,
    /// What all cells come to that have ended.
    tally: Tally,
    /// Cells whose turn has not come: those under way, and those that ended before one that began earlier.
    waiting: BTreeMap<Place, Option<Entry>>,
    open: BTreeSet<Place>,
    /// Calls under way at once, at most.
    concurrency: usize,
    /// The cells that did not pass, as they are listed, and how many more there are.
    pub(super) failures: Vec<Vec<String>>,
    pub(super) more: u64,
    /// Cells that ended and could not be recorded: told on standard output alone.
    pub(super) unrecorded: u64,
    /// Where the reports read the cells; none where no report is wanted.
    pub(super) spool: Option<Spool>,
    /// Why they cannot, if a cell could not be kept for them.
    pub(super) unspooled: Option<io::Error>,
    json: bool,
    kept: KeptRuns,
    /// How the lanes compare.
    pub(super) lanes: Lanes,
    /// Why nothing is started, if so.
    pub(super) paused: Option<(String, Option<Cap>)>,
}

impl Watch {
    /// Begins before the first event.
    pub(super) fn new(budget: Budget, whole: Whole, concurrency: usize, spool: Option<Spool>, json: bool) -> Self {
        let kept = KeptRuns::new(whole.batch);
        Self {
            budget,
            whole,
            tally: Tally::default(),
            waiting: BTreeMap::new(),
            open: BTreeSet::new(),
            concurrency,
            failures: Vec::new(),
            more: 0,
            unrecorded: 0,
            spool,
            unspooled: None,
            json,
            kept,
            lanes: Lanes::default(),
            paused: None,
        }
    }

    /// Takes an event in; the last one yields the end.
    pub(super) async fn take(
        &mut self,
        event: BatchEvent,
        store: &Store,
        io: &mut Io<'_>,
    ) -> io::Result<Option<BatchEnd>> {
        match event {
            BatchEvent::Started { place } => {
                self.open.insert(place);
                self.waiting.insert(place, None);
            }
            BatchEvent::Kept { cell, row } => {
                self.budget.keep();
                let entry = self.was(store, *cell, &row).await;
                self.count(&entry);
                self.waiting.insert(entry.cell.place, Some(entry));
                self.tell(io)?;
            }
            BatchEvent::Cell { cell, outcome, row } => {
                self.open.remove(&cell.place);
                let entry = Entry::of(*cell, &row, &outcome);
                if entry.cell.status == RunStatus::Cancelled {
                    self.budget.before([&entry.cell]);
                } else {
                    self.budget.take(&entry.cell);
                }
                self.count(&entry);
                self.waiting.insert(entry.cell.place, Some(entry));
                self.tell(io)?;
            }
            BatchEvent::Unrecorded { cell, outcome, row } => {
                self.open.remove(&cell.place);
                self.waiting.remove(&cell.place);
                let entry = Entry::of(*cell, &row, &outcome);
                self.budget.take(&entry.cell);
                self.unrecorded += 1;
                self.line("unrecorded", &entry, io)?;
                self.tell(io)?;
            }
            BatchEvent::Rows { read, all } => {
                if all {
                    let each = self.whole.lanes.len() as u64 * u64::from(self.whole.samples);
                    self.budget.total = Some(read.saturating_mul(each));
                }
            }
            BatchEvent::Paused { why, cap } => {
                self.budget.pause(Instant::now());
                self.paused = Some((why, cap));
            }
            BatchEvent::Resumed => {
                self.budget.resume(Instant::now());
                self.paused = None;
            }
            BatchEvent::Ended { end } => {
                let waiting = std::mem::take(&mut self.waiting);
                for entry in waiting.into_values().flatten() {
                    self.told(&entry, io)?;
                }
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// Joins a cell that was answered before with its texts, as the record has them.
    async fn was(&mut self, store: &Store, cell: Cell, row: &Row) -> Entry {
        match self.kept.run(store, cell.place, cell.run).await {
            Ok(Some(record)) => Entry::of(cell, row, &record.outcome),
            other => {
                let missing =
                    other.err().map_or_else(|| "the record has no run of it".to_owned(), |fault| fault.message);
                Entry {
                    line: row.line,
                    description: row.description.clone(),
                    input: row.input.clone(),
                    answer: cell.summary.clone(),
                    fault: Some(missing),
                    fallback: None,
                    given_up: Vec::new(),
                    quality: None,
                    cell,
                }
            }
        }
    }

    /// Takes in what earlier runs of the batch took for cells that have no answer yet, and what nobody knows of a run
    /// that was broken off with calls under way.
    pub(super) fn before(&mut self, unanswered: &[Cell], crashed: bool) {
        for lane in &mut self.whole.lanes {
            let own = |cell: &&Cell| (cell.place.prompt, cell.place.target) == (lane.prompt, lane.target);
            unanswered.iter().filter(own).for_each(|cell| lane.tally.take_earlier(cell));
        }
        if let Some(first) = self.whole.lanes.first_mut().filter(|_| crashed) {
            first.tally.take_unknown();
        }
    }

    fn count(&mut self, entry: &Entry) {
        let quality = entry.quality.as_ref();
        self.tally.take(&entry.cell, quality);
        if self.whole.lanes.len() > 1 {
            self.lanes.take(&entry.cell);
        }
        let Place { prompt, target, .. } = entry.cell.place;
        let lanes = &mut self.whole.lanes;
        if let Some(lane) = lanes.iter_mut().find(|lane| (lane.prompt, lane.target) == (prompt, target)) {
            lane.tally.take(&entry.cell, quality);
        }
    }

    /// Tells the cells whose turn has come.
    fn tell(&mut self, io: &mut Io<'_>) -> io::Result<()> {
        while let Some(first) = self.waiting.first_entry().filter(|first| first.get().is_some()) {
            if let Some(entry) = first.remove() {
                self.told(&entry, io)?;
            }
        }
        Ok(())
    }

    fn line(&self, event: &'static str, entry: &Entry, io: &mut Io<'_>) -> io::Result<()> {
        let line = CellLine { event, line: Line::of(&self.whole, entry) };
        writeln!(io.out, "{}", json::to_line(&line)?)
    }

    fn told(&mut self, entry: &Entry, io: &mut Io<'_>) -> io::Result<()> {
        let status = entry.cell.status;
        if status == RunStatus::Cancelled {
            return Ok(());
        }
        // Whatever becomes of the reports, what is under way is paid for.
        if let Some(Err(fault)) = self.spool.as_mut().map(|spool| spool.push(entry)) {
            (self.spool, self.unspooled) = (None, Some(fault));
        }
        if self.json {
            self.line("cell", entry, io)?;
        }
        if matches!(status, RunStatus::Failed | RunStatus::Error | RunStatus::Inconclusive) {
            if self.failures.len() < LISTED {
                self.failures.push(listed(&self.whole, entry));
            } else {
                self.more += 1;
            }
        }
        Ok(())
    }

    /// Says how it goes.
    pub(super) fn show(&self, progress: &mut Progress, io: &mut Io<'_>) {
        let paused = self.paused.as_ref().map(|(why, _)| why.as_str());
        let open = self.open.len().min(self.concurrency);
        let unwritten = self.open.len() - open;
        let now = Now { budget: &self.budget, tally: &self.tally, open, unwritten, paused };
        progress.show(&now, Instant::now(), io);
    }
}
