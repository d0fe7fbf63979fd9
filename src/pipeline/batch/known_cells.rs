//! The cells of a batch that ended before. In memory is what tells which of them need not be asked again; the cells
//! themselves, which take ten times as much, are read as they are met.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    ops::Bound,
    pin::Pin,
    sync::Arc,
};

use serde_json::Value;
use tokio::time::Instant;

use crate::{
    model::{
        CellIndex, DatasetRow,
        batch::{BatchLimits, Cell},
    },
    pipeline::{
        batch::budget::BatchBudget,
        ports::{CellPages, PortFuture},
    },
};

/// Cells that ended before, by their places.
#[derive(Clone, Default)]
pub struct KnownCells {
    /// In the order of their places.
    index: Vec<KnownCell>,
    /// What they took.
    used: Option<BatchBudget>,
    pages: Option<Arc<dyn CellPages>>,
    /// What was asked and answered in them, where conversations go on from row to row.
    exchanges: BTreeMap<CellIndex, Value>,
}

/// What is held of a cell.
#[derive(Debug, Clone, Copy)]
struct KnownCell {
    place: CellIndex,
    /// The fingerprint of its row as it was then.
    row: u64,
    end: KnownEnd,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownEnd {
    Answered,
    /// No model could answer.
    Failed,
    /// It was cut off.
    Other,
}

impl fmt::Debug for KnownCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownCells").field("index", &self.index).finish_non_exhaustive()
    }
}

impl KnownCells {
    /// Gathers cells, each with the fingerprint of its row as it was then.
    pub fn of(cells: impl IntoIterator<Item = (Cell, u64)>) -> Self {
        let sorted: BTreeMap<CellIndex, (Cell, u64)> =
            cells.into_iter().map(|(cell, row)| (cell.place, (cell, row))).collect();
        let mut known = Self::default();
        for (cell, row) in sorted.values() {
            known.push(cell, *row);
        }
        let cells = sorted.into_iter().map(|(place, (cell, _))| (place, cell)).collect();
        known.pages = Some(Arc::new(CellsInMemory(cells)));
        known
    }

    /// Knows nothing yet; the cells that are added are read from these pages when they are met.
    pub(crate) fn on_record(pages: Arc<dyn CellPages>) -> Self {
        Self { pages: Some(pages), ..Self::default() }
    }

    /// Adds a cell behind those that are known, with the fingerprint of its row as it was then.
    pub(crate) fn push(&mut self, cell: &Cell, row: u64) {
        let end = match cell.end.as_str() {
            _ if cell.answered() => KnownEnd::Answered,
            "failed" => KnownEnd::Failed,
            _ => KnownEnd::Other,
        };
        self.index.push(KnownCell { place: cell.place, row, end });
        let nothing = || BatchBudget::new(BatchLimits::default(), None, Instant::now());
        self.used.get_or_insert_with(nothing).before([cell]);
    }

    /// Adds what was asked and answered in cells, as [`exchange`](crate::template::conversation::exchange) writes it.
    #[must_use]
    pub fn with_exchanges(self, exchanges: BTreeMap<CellIndex, Value>) -> Self {
        Self { exchanges, ..self }
    }

    /// Returns what was asked and answered in a cell.
    pub(crate) fn exchange(&self, place: CellIndex) -> Option<&Value> {
        self.exchanges.get(&place)
    }

    /// Counts the cells.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.index.len() as u64
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Counts the cells that were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.index.iter().filter(|cell| cell.end == KnownEnd::Answered).count() as u64
    }

    /// Returns what the cells took, as the beginning of a budget with these caps.
    pub(crate) fn budget(&self, caps: BatchLimits, total: Option<u64>, now: Instant) -> BatchBudget {
        match &self.used {
            Some(used) => used.clone().begun(caps, total, now),
            None => BatchBudget::new(caps, total, now),
        }
    }

    /// Counts the cells that need not be asked again, as long as their rows are as they were.
    pub(crate) fn settled(&self, retry_failed: bool) -> u64 {
        self.index.iter().filter(|cell| cell.is_settled(retry_failed)).count() as u64
    }

    /// Counts the cells of a row that need not be asked again.
    #[must_use]
    pub fn settled_of(&self, row: &DatasetRow, retry_failed: bool) -> u64 {
        let fingerprint = row.fingerprint();
        let first = self.index.partition_point(|cell| cell.place.row < row.number);
        let own = self.index.iter().skip(first).take_while(|cell| cell.place.row == row.number);
        own.filter(|cell| cell.row == fingerprint && cell.is_settled(retry_failed)).count() as u64
    }

    /// Tells whether the cell at a place need not be asked again: its row is as it was, and it was answered, or no model
    /// could and that is not to be tried again.
    pub(crate) fn keeps(&self, place: CellIndex, row: u64, retry_failed: bool) -> bool {
        let found = self.index.binary_search_by_key(&place, |cell| cell.place).ok();
        let cell = found.and_then(|at| self.index.get(at));
        cell.is_some_and(|cell| cell.row == row && cell.is_settled(retry_failed))
    }

    /// Reads the cells themselves.
    pub(crate) fn reader(&self) -> CellReader {
        CellReader { pages: self.pages.clone(), ahead: VecDeque::new(), last: None, page: None }
    }
}

impl KnownCell {
    fn is_settled(self, retry_failed: bool) -> bool {
        match self.end {
            KnownEnd::Answered => true,
            KnownEnd::Failed => !retry_failed,
            KnownEnd::Other => false,
        }
    }
}

/// Cells in memory, as pages of one.
struct CellsInMemory(BTreeMap<CellIndex, Cell>);

impl CellPages for CellsInMemory {
    fn page(&self, after: Option<CellIndex>) -> PortFuture<'_, Result<Vec<Cell>, String>> {
        let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.0.range((behind, Bound::Unbounded)).next().map(|(_, cell)| cell.clone());
        Box::pin(async move { Ok(next.into_iter().collect()) })
    }
}

/// A page that is being read.
type Page = Pin<Box<dyn Future<Output = Result<Vec<Cell>, String>> + Send>>;

/// The cells on record in the order of their places, some of them read ahead.
pub(crate) struct CellReader {
    /// None once there is no further page.
    pages: Option<Arc<dyn CellPages>>,
    ahead: VecDeque<Cell>,
    /// The last one that was read.
    last: Option<CellIndex>,
    page: Option<Page>,
}

/// What is known of a cell by a [`CellReader`].
pub(crate) enum ReadCell {
    Read(Box<Cell>),
    /// It is not there any more.
    Gone,
    /// Its page has to be [read](CellReader::read_on) first.
    Unread,
}

impl CellReader {
    /// Returns the cell at a place; those before it are passed over.
    pub(crate) fn take(&mut self, place: CellIndex) -> ReadCell {
        while self.ahead.front().is_some_and(|cell| cell.place < place) {
            self.ahead.pop_front();
        }
        match (self.ahead.front(), &self.pages) {
            (Some(cell), _) if cell.place > place => ReadCell::Gone,
            (Some(_), _) => self.ahead.pop_front().map_or(ReadCell::Gone, |cell| ReadCell::Read(Box::new(cell))),
            (None, None) => ReadCell::Gone,
            (None, Some(pages)) => {
                let (pages, last) = (Arc::clone(pages), self.last);
                self.page.get_or_insert_with(|| Box::pin(async move { pages.page(last).await }));
                ReadCell::Unread
            }
        }
    }

    /// Tells whether a page is to be read.
    pub(crate) fn is_reading(&self) -> bool {
        self.page.is_some()
    }

    /// Reads the page that is to be read; never ends where there is none. The error says why it cannot be read.
    pub(crate) async fn read_on(&mut self) -> Result<(), String> {
        let Some(page) = &mut self.page else { return std::future::pending().await };
        let read = page.await;
        self.page = None;
        let cells = read?;
        match cells.last() {
            Some(last) => self.last = Some(last.place),
            None => self.pages = None,
        }
        self.ahead.extend(cells);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use serde_json::json;

    use super::*;

    fn cell(row: u64) -> Cell {
        serde_json::from_value(json!({
            "place": {"row": row, "prompt": 0, "target": 0, "sample": 0},
            "run": "01900000-0000-7000-8000-000000000001", "end": "done", "status": "passed",
            "cost": {"state": "unknown"}, "took": {"secs": 1, "nanos": 0}, "summary": format!("answer {row}"),
        }))
        .unwrap()
    }

    /// Returns what a reader has of a row, reading as many pages as that takes.
    fn read(reader: &mut CellReader, row: u64) -> Result<Option<String>, String> {
        loop {
            match reader.take(cell(row).place) {
                ReadCell::Read(cell) => return Ok(Some(cell.summary)),
                ReadCell::Gone => return Ok(None),
                ReadCell::Unread => reader.read_on().now_or_never().unwrap()?,
            }
        }
    }

    #[test]
    fn cells_are_read_as_they_are_met_and_those_that_are_gone_are_not_there() {
        let known = KnownCells::of([1, 2, 5, 9].map(|row| (cell(row), 7)));
        let reader = &mut known.reader();
        // What lies between is passed over, and so is what was pruned meanwhile.
        for (row, found) in [(1, true), (3, false), (5, true), (9, true), (10, false), (11, false)] {
            let wanted = found.then(|| format!("answer {row}"));
            assert_eq!(read(reader, row), Ok(wanted), "row {row}");
        }
        assert!(!reader.is_reading());
        assert_eq!(read(&mut KnownCells::default().reader(), 1), Ok(None));
    }

    #[test]
    fn a_page_that_cannot_be_read_says_why() {
        struct Broken;
        impl CellPages for Broken {
            fn page(&self, _after: Option<CellIndex>) -> PortFuture<'_, Result<Vec<Cell>, String>> {
                Box::pin(async { Err("the disk is gone".to_owned()) })
            }
        }
        let mut known = KnownCells::on_record(Arc::new(Broken));
        known.push(&cell(1), 7);
        assert!(known.keeps(cell(1).place, 7, false) && !known.keeps(cell(1).place, 8, false));
        assert_eq!(read(&mut known.reader(), 1), Err("the disk is gone".to_owned()));
    }

    #[test]
    fn a_million_cells_take_forty_megabytes() {
        assert!(size_of::<KnownCell>() <= 40, "{}", size_of::<KnownCell>());
    }
}
