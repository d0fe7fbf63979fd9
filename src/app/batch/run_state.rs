//! The batch that is on the screen: what came of it so far, and how it is looked at.
//!
//! Each column of a batch against the first one, or against its like in the batch it is compared with.

use std::time::Instant;

use crate::{
    app::{
        batch::{
            baseline::BatchBaseline,
            cell::CellDetail,
            cell_reading::{BaselineReading, CellReading},
            figures::{Figures, ListedCells},
            figures_in_work::{FiguresInWork, ListedInWork},
            grid::{CellState, Grid},
            grid_view::{By, GridView, Only},
            moved_batch::BatchWhatIf,
            text_search::TextSearch,
        },
        event::Ticket,
        overlays::batch_ending::BatchEnding,
    },
    eval::Gates,
    model::{
        BatchId, CellIndex, DatasetRow, RunStatus,
        batch::{BatchRequest, Cell, ResumeMode},
        dataset::RowText,
    },
    pipeline::batch::{BatchEnd, BatchEvent, budget::BatchBudget},
    widgets::table::Table,
};

/// What a batch does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchState {
    /// It was asked for and has not begun.
    Starting,
    /// It runs.
    Running,
    /// It begins no further cell.
    Paused(String),
    /// It ends with what is under way.
    Stopping,
    Over(BatchEnd),
    /// It was not begun by this program since its start.
    Record,
}

/// Rows that are put in order in one step: some milliseconds.
const ORDERED: usize = 65_536;

/// A way from one column to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To the one on the left; the first stays.
    Left,
    /// To the one on the right; the last stays.
    Right,
    /// To the next or the one before, round the end.
    Round(bool),
}

/// One batch.
#[derive(Debug, Clone)]
pub struct ShownBatch {
    /// Its name on record, once it has one.
    pub id: Option<BatchId>,
    /// What it is started with.
    pub request: BatchRequest,
    /// Under which ticket it runs, while it does.
    pub ticket: Option<Ticket>,
    /// What it does.
    pub state: BatchState,
    /// Its rows and cells.
    pub grid: Grid,
    /// Rows that were read, and whether those are all.
    pub rows: (u64, bool),
    /// Rows there are, if they were counted before the start.
    pub counted: Option<u64>,
    /// Calls under way at once.
    pub concurrency: usize,
    /// What it uses, since it began.
    pub budget: Option<BatchBudget>,
    /// Cells that ended and could not be recorded.
    pub unrecorded: u64,
    /// Under which tickets single cells are asked again.
    pub again: Vec<Ticket>,
    /// The window on the rows.
    pub table: Table,
    /// Order and filter.
    pub look: GridView,
    /// The column the cursor is in, counted from 0.
    pub column: usize,
    /// The first column in sight.
    pub left: usize,
    /// What it is compared with.
    pub baseline: Option<BatchBaseline>,
    /// The cells that are being read, or of which only a part was.
    pub reading: Option<CellReading>,
    /// What it will be compared with, while that is being read.
    pub joining: Option<Box<BaselineReading>>,
    /// The text that rows are searched for, with what was found.
    pub search: Option<TextSearch>,
    /// What has to be reached.
    pub gates: Gates,
    /// How it ended, where it comes from the record.
    pub ending: Option<BatchEnding>,
    /// The threshold that is moved over its answers, while one is.
    pub what_if: Option<Box<BatchWhatIf>>,
    /// What its cells come to.
    pub figures: Figures,
    /// What will take their place, while that is worked out.
    pub(crate) figures_in_work: Option<Box<FiguresInWork>>,
    /// What the cells of the rows that are shown come to, where those are not all.
    pub listed: Option<ListedCells>,
    /// Those while they are added up.
    pub(crate) listing: Option<ListedInWork>,
    /// Whether its gates are to be noted on record once its figures are there.
    pub(crate) owes_gates: bool,
    /// The cell under the cursor, or the one that is looked at.
    pub detail: Option<Box<CellDetail>>,
    /// Whether that has the whole screen.
    pub zoomed: bool,
    /// Whether its run is being read.
    pub(crate) asks_run: bool,
}

impl ShownBatch {
    /// Makes a batch of which nothing is known but its request.
    #[must_use]
    pub fn new(request: BatchRequest, state: BatchState) -> Self {
        let lanes: Vec<usize> = request.spec.lanes().iter().map(|(_, targets)| targets.len()).collect();
        let grid = Grid::new(&lanes, request.spec.samples as usize);
        Self {
            id: None,
            concurrency: request.concurrency,
            request,
            ticket: None,
            state,
            grid,
            rows: (0, false),
            counted: None,
            budget: None,
            unrecorded: 0,
            again: Vec::new(),
            table: Table::default(),
            look: GridView::default(),
            column: 0,
            left: 0,
            baseline: None,
            reading: None,
            joining: None,
            search: None,
            gates: Gates::default(),
            ending: None,
            what_if: None,
            figures: Figures::default(),
            figures_in_work: None,
            listed: None,
            listing: None,
            owes_gates: false,
            detail: None,
            zoomed: false,
            asks_run: false,
        }
    }

    /// Tells whether it is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.state, BatchState::Starting | BatchState::Running | BatchState::Paused(_) | BatchState::Stopping)
    }

    /// Tells whether not all of its cells are here: they are being read, or that was stopped.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.reading.is_some()
    }

    /// Tells whether it has work to go on with at once, between keys.
    pub(crate) fn has_work(&self) -> bool {
        let moves = self.what_if.as_ref().is_some_and(|what_if| what_if.has_work());
        let figures = self.figures_in_work.is_some() && !self.is_partial();
        figures || self.table.is_ordering() || self.listing.is_some() || moves
    }

    /// Tells whether there may be cells left to ask while nothing is under way.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        match &self.state {
            BatchState::Over(end) => *end != BatchEnd::Complete && self.left() != Some(0),
            BatchState::Record => self.left() != Some(0),
            BatchState::Starting | BatchState::Running | BatchState::Paused(_) | BatchState::Stopping => false,
        }
    }

    /// Tells whether it begins no further cell.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self.state, BatchState::Paused(_))
    }

    /// Counts the cells there will be; none while that is not known.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let rows = if self.rows.1 { Some(self.rows.0) } else { self.counted };
        rows.map(|rows| rows.saturating_mul(self.grid.cells_of_a_row() as u64))
    }

    /// Counts the cells that are yet to be finished; none while that is not known.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        Some(self.total()?.saturating_sub(self.grid.counts().done))
    }

    /// Returns the name of a column: its prompt where there are several, and its target.
    #[must_use]
    pub fn column_name(&self, column: usize) -> String {
        let lanes = self.request.spec.lanes();
        let several = lanes.len() > 1;
        let names = lanes.into_iter().flat_map(|(prompt, targets)| targets.iter().map(move |target| (prompt, target)));
        match names.into_iter().nth(column) {
            Some((prompt, target)) if several => format!("{prompt} · {target}"),
            Some((_, target)) => target.to_owned(),
            None => String::new(),
        }
    }

    /// Takes in what is told under a ticket. Tells whether the batch ended with it.
    pub fn hear(&mut self, ticket: Ticket, event: BatchEvent, now: Instant) -> bool {
        let own = self.ticket == Some(ticket);
        match event {
            BatchEvent::Started { place } => {
                self.grid.begin(place);
                if own && self.state == BatchState::Starting {
                    self.state = BatchState::Running;
                }
            }
            BatchEvent::Cell { cell, row, outcome: _ } => self.ended(*cell, &row),
            BatchEvent::Unrecorded { cell, row, outcome: _ } => {
                self.unrecorded += 1;
                self.grid.keep_text(&cell, &RowText::of(&row));
                self.ended(*cell, &row);
            }
            BatchEvent::Reused { cell, row } => {
                let text = RowText::of(&row);
                self.note_found(&text, &cell);
                self.grid.know(&text);
                if let Some(budget) = self.budget.as_mut().filter(|_| own) {
                    budget.keep();
                    budget.before([&*cell]);
                }
                self.fill(*cell);
            }
            BatchEvent::Ended { .. } if !own => self.again.retain(|again| *again != ticket),
            _ if !own => {}
            BatchEvent::Rows { read, all } => {
                self.rows = (read, all);
                let total = self.total();
                if let Some(budget) = &mut self.budget {
                    budget.total = total;
                }
            }
            BatchEvent::Paused { why, .. } => {
                self.state = BatchState::Paused(why);
                if let Some(budget) = &mut self.budget {
                    budget.pause(now.into());
                }
            }
            BatchEvent::Resumed => {
                self.state = BatchState::Running;
                if let Some(budget) = &mut self.budget {
                    budget.resume(now.into());
                }
            }
            BatchEvent::Ended { end } => {
                self.state = BatchState::Over(end);
                self.ticket = None;
                if let Some(budget) = &mut self.budget {
                    budget.pause(now.into());
                }
                self.grid.rest();
                self.show_worst();
                return true;
            }
        }
        self.table.grow(self.grid.len());
        false
    }

    /// Shows the rows that failed alone where there are any, unless a person has chosen which are shown.
    pub(crate) fn show_worst(&mut self) {
        let by = self.grid.counts().by;
        if self.look.shows_all() && !self.look.chosen && by.failed + by.error + by.inconclusive > 0 {
            self.look.only = Only::Failed;
        }
        self.table.hurry();
    }

    fn ended(&mut self, cell: Cell, row: &DatasetRow) {
        let text = RowText::of(row);
        self.note_found(&text, &cell);
        self.grid.know(&text);
        // One that was cut off has ended for now alone.
        match &mut self.budget {
            Some(budget) if cell.status == RunStatus::Cancelled => budget.before([&cell]),
            Some(budget) => budget.take(&cell),
            None => {}
        }
        self.fill(cell);
    }

    /// Notes a row that holds what is searched for.
    fn note_found(&mut self, row: &RowText, cell: &Cell) {
        if let Some(search) = &mut self.search {
            search.look_at(row, cell);
        }
    }

    /// Puts a finished cell into the table.
    pub fn fill(&mut self, cell: Cell) {
        self.grid.fill(cell);
        self.figures.touch();
        if !self.look.shows_all() || self.look.by != By::Row {
            self.table.touch();
        }
    }

    /// Notes how many rows there are.
    pub fn expect(&mut self, rows: Option<u64>) {
        self.counted = rows;
        let total = self.total();
        if let Some(budget) = &mut self.budget {
            budget.total = total;
        }
    }

    /// Takes over what was known of the same batch, and how it was looked at.
    pub fn adopt(&mut self, mut before: Self) {
        before.leave_what_if();
        self.id = before.id;
        self.concurrency = self.request.concurrency;
        self.table = before.table;
        self.look = before.look;
        (self.column, self.left) = (before.column, before.left);
        (self.baseline, self.gates, self.zoomed) = (before.baseline, before.gates, before.zoomed);
        self.joining = before.joining;
        if self.request.resume != ResumeMode::Anew {
            (self.grid, self.detail, self.figures) = (before.grid, before.detail, before.figures);
            self.counted = self.counted.or(before.counted);
        }
    }

    /// Returns the place of the cell that is looked at, if it was answered anew.
    #[must_use]
    pub fn stale(&self) -> Option<CellIndex> {
        let detail = self.detail.as_ref()?;
        self.grid.run_of(detail.place).filter(|run| *run != detail.run).map(|_| detail.place)
    }

    /// Returns the place of the next sample beside another that has an answer, or of the one before,
    /// round the end.
    #[must_use]
    pub fn sample_beside(&self, place: CellIndex, forward: bool) -> Option<CellIndex> {
        let count = u32::try_from(self.grid.samples()).unwrap_or(u32::MAX);
        let at = |by: u32| (place.sample + if forward { by } else { count - by }) % count;
        let mut others = (1..count).map(|by| CellIndex { sample: at(by), ..place });
        others.find(|other| self.grid.status_of(*other).is_some())
    }

    /// Returns the place of the cell under the cursor: of several samples the one that came out worst.
    #[must_use]
    pub fn place(&self) -> Option<CellIndex> {
        let at = self.table.chosen()?;
        let slots = self.grid.slots(at, self.column);
        // The worst; one that has not ended comes last.
        let status = |sample: &usize| {
            let cell = slots.get(*sample).and_then(CellState::cell);
            (cell.is_none(), cell.map(|cell| cell.status))
        };
        let sample = (0..slots.len()).min_by_key(status)?;
        self.grid.place(at, self.column, sample)
    }

    /// Moves the cursor to another column.
    pub fn step_column(&mut self, step: Step) {
        let count = self.grid.columns().max(1);
        self.column = match step {
            Step::Left => self.column.saturating_sub(1),
            Step::Right => (self.column + 1).min(count - 1),
            Step::Round(true) => (self.column + 1) % count,
            Step::Round(false) => (self.column + count - 1) % count,
        };
    }

    /// Shows some rows only, or all where those are shown already.
    pub fn show_only(&mut self, only: Only) {
        self.look.chosen = true;
        self.look.only = if self.look.only == only { Only::All } else { only };
        self.table.hurry();
    }

    /// Orders the rows by the next of what they can be ordered by, in the column of the cursor.
    pub fn sort(&mut self) {
        self.look.by = self.look.by.next();
        self.look.turned = false;
        self.look.column = self.column;
        self.table.hurry();
    }

    /// Turns the order round.
    pub fn turn(&mut self) {
        self.look.turned = !self.look.turned;
        self.table.hurry();
    }

    /// Brings the rows into order where they have changed, and the cursor into sight.
    pub fn fit(&mut self, height: usize, now: Instant) {
        self.table.grow(self.grid.len());
        if !self.table.is_ordering() && self.table.wants_order(now) {
            self.table.begin_order(now);
            self.order_on();
        }
        self.table.fit(height);
    }

    /// Goes on with the order of the rows and with what they come to, where either is in the making: all of a small batch,
    /// a step of a large one.
    pub(crate) fn order_on(&mut self) {
        if self.table.is_ordering() {
            let fits = self.look.fits(&self.grid, self.baseline.as_ref(), self.search.as_ref());
            let key = self.look.key(&self.grid);
            if !self.table.order_on(fits.as_ref(), key.as_ref(), ORDERED) {
                return;
            }
            self.listed = None;
            self.listing = (!self.look.shows_all()).then(ListedInWork::default);
        }
        self.add_up();
    }

    /// Keeps the cursor's column among so many that are in sight.
    pub fn fit_columns(&mut self, seen: usize) {
        let last = self.grid.columns().saturating_sub(1);
        self.column = self.column.min(last);
        let lowest = (self.column + 1).saturating_sub(seen.max(1));
        let highest = self.grid.columns().saturating_sub(seen).min(self.column);
        self.left = self.left.clamp(lowest, highest.max(lowest));
    }
}
