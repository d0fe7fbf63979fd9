//! The rows of a batch with their cells, as far as they are known.
//!
//! How a batch is looked at: which rows, in which order, compared with what.
//!
//! What happened to the cells of a batch, counted.

use std::collections::HashMap;

use crate::{
    eval::evidence::LaneKey,
    model::{BatchId, CellIndex, RunStatus, StatusCounts, batch::Cell, dataset::RowText},
    text::{holds, lower},
    widgets::line_input::LineInput,
};

/// One row: its number, what it says, and its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct GridRow {
    /// The row's number, counted from 1.
    pub number: u64,
    /// What it is called, or the beginning of its input, on one line; empty until it is known.
    pub text: String,
    /// The beginning of what it expects, on one line; empty where that is nothing, or not known yet.
    pub expected: String,
    /// Whether it was asked what it says.
    pub requested: bool,
    /// Its cells by prompt, target and sample.
    cells: Vec<CellState>,
}

/// What is known of one cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum CellState {
    /// It was not asked yet.
    #[default]
    Open,
    /// It is under way; what is known of the time before, if it is asked again.
    Busy(Option<Box<Cell>>),
    /// It is finished.
    Full(Box<Cell>),
}

impl CellState {
    /// Returns what came of the cell last.
    #[must_use]
    pub fn cell(&self) -> Option<&Cell> {
        match self {
            Self::Open | Self::Busy(None) => None,
            Self::Busy(Some(cell)) | Self::Full(cell) => Some(cell),
        }
    }
}

/// Every row and every cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// The prompt and the target of each column.
    columns: Vec<LaneKey>,
    samples: usize,
    lines: Vec<GridRow>,
    counts: Counts,
    expects: bool,
}

impl Grid {
    /// Makes an empty grid for prompts of which each is asked of so many targets, so often.
    #[must_use]
    pub fn new(targets: &[usize], samples: usize) -> Self {
        let of = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let prompts = targets.iter().enumerate();
        let columns = prompts.flat_map(|(prompt, count)| (0..*count).map(move |target| (of(prompt), of(target))));
        Self { columns: columns.collect(), samples: samples.max(1), ..Self::default() }
    }

    /// Counts the rows that are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Tells whether no row is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Counts the columns: one for each prompt and target.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Counts the cells of a row.
    #[must_use]
    pub fn cells_of_a_row(&self) -> usize {
        self.columns.len() * self.samples()
    }

    /// Counts the samples of each request.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.samples.max(1)
    }

    /// Says what happened to the cells so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns a row by its place in the grid.
    #[must_use]
    pub fn line(&self, at: usize) -> Option<&GridRow> {
        self.lines.get(at)
    }

    /// Returns the samples of a row's column.
    #[must_use]
    pub fn slots(&self, at: usize, column: usize) -> &[CellState] {
        let cells = self.lines.get(at).map_or(&[][..], |line| line.cells.as_slice());
        let start = column * self.samples();
        cells.get(start..start + self.samples()).unwrap_or_default()
    }

    /// Tells how a row's column came out: of several samples the worst; none if none has ended.
    #[must_use]
    pub fn status(&self, at: usize, column: usize) -> Option<RunStatus> {
        self.column(at, column).map(|cell| cell.status).min()
    }

    /// Lists the finished cells of a row's column.
    pub fn column(&self, at: usize, column: usize) -> impl Iterator<Item = &Cell> {
        self.slots(at, column).iter().filter_map(CellState::cell)
    }

    /// Lists the finished cells of a row.
    pub fn finished(&self, at: usize) -> impl Iterator<Item = &Cell> {
        let cells = self.lines.get(at).map_or(&[][..], |line| line.cells.as_slice());
        cells.iter().filter_map(CellState::cell)
    }

    /// Lists every finished cell.
    pub fn all(&self) -> impl Iterator<Item = &Cell> {
        self.lines.iter().flat_map(|line| &line.cells).filter_map(CellState::cell)
    }

    /// Returns the place of a sample of a row's column.
    #[must_use]
    pub fn place(&self, at: usize, column: usize, sample: usize) -> Option<CellIndex> {
        let row = self.lines.get(at)?.number;
        let (prompt, target) = *self.columns.get(column)?;
        Some(CellIndex { row, prompt, target, sample: u32::try_from(sample).ok()? })
    }

    /// Returns the prompt and the target of a column.
    #[must_use]
    pub fn lane(&self, column: usize) -> Option<LaneKey> {
        self.columns.get(column).copied()
    }

    #[must_use]
    pub fn column_of(&self, place: CellIndex) -> Option<usize> {
        self.columns.binary_search(&(place.prompt, place.target)).ok()
    }

    /// Finds a cell by its place.
    #[must_use]
    pub fn cell(&self, place: CellIndex) -> Option<&Cell> {
        let at = self.lines.binary_search_by_key(&place.row, |line| line.number).ok()?;
        self.lines.get(at)?.cells.get(self.offset(place)?)?.cell()
    }

    fn offset(&self, place: CellIndex) -> Option<usize> {
        let sample = usize::try_from(place.sample).ok().filter(|sample| *sample < self.samples())?;
        Some(self.column_of(place)? * self.samples() + sample)
    }

    /// Finds a row, or makes its place.
    fn row(&mut self, number: u64) -> Option<&mut GridRow> {
        let last = self.lines.last().map(|line| line.number);
        let at = if last.is_none_or(|last| last < number) {
            Err(self.lines.len())
        } else {
            self.lines.binary_search_by_key(&number, |line| line.number)
        };
        let width = self.cells_of_a_row();
        let at = at.unwrap_or_else(|at| {
            let cells = vec![CellState::Open; width];
            let line = GridRow { number, text: String::new(), expected: String::new(), requested: false, cells };
            self.lines.insert(at, line);
            at
        });
        self.lines.get_mut(at)
    }

    /// Notes what a row says.
    pub fn know(&mut self, row: &RowText) {
        self.expects |= !row.expected.is_empty();
        if let Some(line) = self.row(row.number).filter(|line| line.text.is_empty()) {
            line.requested = true;
            line.text.clone_from(&row.text);
            line.expected.clone_from(&row.expected);
        }
    }

    /// Tells whether a row that is known expects something.
    #[must_use]
    pub fn expects(&self) -> bool {
        self.expects
    }

    /// Notes that so many rows from a number on were asked what they say.
    pub fn ask(&mut self, from: u64, rows: usize) {
        let first = self.lines.partition_point(|line| line.number < from);
        self.lines.iter_mut().skip(first).take(rows).for_each(|line| line.requested = true);
    }

    /// Notes that a cell is under way.
    pub fn begin(&mut self, place: CellIndex) {
        self.change(place, |slot| {
            let before = match std::mem::take(slot) {
                CellState::Open | CellState::Busy(None) => None,
                CellState::Busy(Some(cell)) | CellState::Full(cell) => Some(cell),
            };
            *slot = CellState::Busy(before);
        });
    }

    /// Puts what came of a cell in its place; of one that was stopped, what was known before.
    pub fn fill(&mut self, cell: Cell) {
        let stopped = cell.end == "cancelled";
        self.change(cell.place, |slot| {
            *slot = match std::mem::take(slot) {
                CellState::Busy(Some(before)) | CellState::Full(before) if stopped => CellState::Full(before),
                CellState::Open | CellState::Busy(None) if stopped => CellState::Open,
                CellState::Open | CellState::Busy(_) | CellState::Full(_) => CellState::Full(Box::new(cell)),
            };
        });
    }

    /// Gives up what is under way, as at the end of a batch.
    pub fn rest(&mut self) {
        let busy =
            self.lines.iter_mut().flat_map(|line| &mut line.cells).filter(|slot| matches!(slot, CellState::Busy(_)));
        for slot in busy {
            *slot = match std::mem::take(slot) {
                CellState::Busy(Some(cell)) => CellState::Full(cell),
                CellState::Busy(None) | CellState::Open | CellState::Full(_) => CellState::Open,
            };
        }
        self.counts = Counts::default();
        let cells = self.lines.iter().flat_map(|line| &line.cells);
        cells.for_each(|slot| self.counts.count(slot, true));
    }

    fn change(&mut self, place: CellIndex, change: impl FnOnce(&mut CellState)) {
        let Some(offset) = self.offset(place) else {
            return;
        };
        let mut counts = self.counts;
        if let Some(slot) = self.row(place.row).and_then(|line| line.cells.get_mut(offset)) {
            counts.count(slot, false);
            change(slot);
            counts.count(slot, true);
        }
        self.counts = counts;
    }
}

/// What the rows are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// Their numbers.
    #[default]
    Row,
    /// How they came out, the worst first.
    Verdict,
    /// Their scores, the lowest first.
    Score,
    /// How long they took, the longest first.
    Latency,
    /// What they cost, the dearest first.
    Cost,
}

impl By {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Verdict => "verdict",
            Self::Score => "score",
            Self::Latency => "latency",
            Self::Cost => "cost",
        }
    }

    /// Returns the next one, round the end.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Row => Self::Verdict,
            Self::Verdict => Self::Score,
            Self::Score => Self::Latency,
            Self::Latency => Self::Cost,
            Self::Cost => Self::Row,
        }
    }
}

/// Which rows are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Only {
    #[default]
    All,
    /// Those with a cell that failed, is inconclusive or has no answer.
    Failed,
    /// Those with a cell without an answer.
    Errors,
    /// Those with a cell that came out otherwise than in the baseline.
    Changed,
}

/// How cells of an earlier batch came out.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchBaseline {
    /// What it is called.
    pub name: String,
    pub id: BatchId,
    cells: HashMap<CellIndex, Cell>,
}

impl BatchBaseline {
    /// Makes a baseline of a batch's cells.
    #[must_use]
    pub fn new((id, name): (BatchId, String), cells: impl IntoIterator<Item = Cell>) -> Self {
        Self { name, id, cells: cells.into_iter().map(|cell| (cell.place, cell)).collect() }
    }

    /// Finds the cell that is in the same place.
    #[must_use]
    pub fn cell(&self, place: CellIndex) -> Option<&Cell> {
        self.cells.get(&place)
    }

    /// Lists the cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.values()
    }

    /// Tells whether a cell came out otherwise than here: which passed, which failed.
    #[must_use]
    pub fn differs(&self, cell: &Cell) -> bool {
        self.cell(cell.place).is_some_and(|before| before.status != cell.status)
    }
}

/// Order, filter and what is searched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GridView {
    /// What the rows are ordered by.
    pub by: By,
    /// Whether the order is turned round.
    pub turned: bool,
    /// The column that is gone by, where it is not the rows' number.
    pub column: usize,
    /// Which rows are shown.
    pub only: Only,
    /// The text they are narrowed by.
    pub query: LineInput,
    /// Whether that text is being typed.
    pub typing: bool,
    /// Whether a person has chosen which rows are shown.
    pub chosen: bool,
}

impl GridView {
    /// Tells whether every row is shown.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        self.only == Only::All && self.query.is_empty()
    }

    /// Tells whether the rows stand in their own order.
    #[must_use]
    pub fn is_natural(&self) -> bool {
        self.by == By::Row && !self.turned
    }

    /// Makes the test of which rows are shown; none where all are.
    pub fn fits<'a>(
        &self,
        grid: &'a Grid,
        baseline: Option<&'a BatchBaseline>,
    ) -> Option<impl Fn(usize) -> bool + use<'a>> {
        let (only, query) = (self.only, lower(self.query.text().trim()));
        let kept = move |at: usize| match only {
            Only::All => true,
            Only::Failed => grid
                .finished(at)
                .any(|cell| matches!(cell.status, RunStatus::Error | RunStatus::Failed | RunStatus::Inconclusive)),
            Only::Errors => grid.finished(at).any(|cell| cell.status == RunStatus::Error),
            Only::Changed => grid.finished(at).any(|cell| baseline.is_some_and(|baseline| baseline.differs(cell))),
        };
        let found = move |at: usize| {
            query.is_empty()
                || grid.line(at).is_some_and(|line| holds(&line.text, &query))
                || grid.finished(at).any(|cell| holds(&cell.summary, &query))
        };
        (!self.shows_all()).then_some(move |at: usize| kept(at) && found(at))
    }

    /// Makes the key the rows are ordered by, the least first; none where they stand as they are. What
    /// is not known comes last either way.
    pub fn key<'a>(&self, grid: &'a Grid) -> Option<impl Fn(usize) -> u64 + use<'a>> {
        let Self { by, turned, column, .. } = *self;
        let known = move |at: usize| -> Option<u64> {
            let cells = || grid.column(at, column);
            match by {
                By::Row => grid.line(at).map(|line| line.number),
                By::Verdict => grid.status(at, column).map(|status| status as u64),
                By::Score => {
                    mean(cells().filter_map(|cell| cell.score)).map(|score| (score.clamp(0.0, 1.0) * 1e9) as u64)
                }
                By::Latency => {
                    let longest = cells().filter(|cell| cell.answered()).filter_map(Cell::timed).max()?;
                    Some(MOST - u64::try_from(longest.as_micros()).unwrap_or(MOST).min(MOST))
                }
                By::Cost => {
                    let dearest = cells().filter_map(|cell| cell.spent().cost.amount()).max()?;
                    Some(MOST - dearest.0.min(MOST))
                }
            }
        };
        let turn = move |key: u64| if turned { MOST - key.min(MOST) } else { key };
        (!self.is_natural()).then_some(move |at: usize| known(at).map_or(u64::MAX, turn))
    }
}

/// The greatest key of what is known.
const MOST: u64 = u64::MAX / 2;

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0_u32), |(sum, count), number| (sum + number, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

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
    pub(crate) fn count(&mut self, slot: &CellState, more: bool) {
        let add = |number: &mut u64| *number = if more { *number + 1 } else { number.saturating_sub(1) };
        match slot {
            CellState::Open => {}
            CellState::Busy(_) => add(&mut self.busy),
            CellState::Full(cell) => {
                add(&mut self.done);
                add(self.by.of_mut(cell.status));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Cost, RunId, StatusCounts};

    fn cell(row: u64, target: u32, end: &str, status: RunStatus) -> Cell {
        Cell {
            place: CellIndex { row, target, ..CellIndex::default() },
            run: RunId(uuid::Uuid::nil()),
            end: end.to_owned(),
            status,
            cut_off: false,
            score: None,
            class: None,
            cached: false,
            batched: false,
            tokens: None,
            cost: Cost::Unknown,
            judging: None,
            took: Duration::ZERO,
            tokens_estimated: false,
            failed: Vec::new(),
            reason: None,
            tokens_partial: false,
            cache_saving: None,
            modalities: crate::model::ModalityTokens::default(),
            by_target: Vec::new(),
            waited: Duration::ZERO,
            summary: String::new(),
        }
    }

    #[test]
    fn cells_are_found_where_they_were_put_and_counted_once() {
        let mut grid = Grid::new(&[2], 1);
        grid.begin(CellIndex { row: 2, target: 1, ..CellIndex::default() });
        grid.fill(cell(2, 1, "done", RunStatus::Failed));
        grid.fill(cell(1, 0, "failed", RunStatus::Error));
        grid.fill(cell(9, 1, "done", RunStatus::Passed));
        grid.fill(cell(9, 1, "done", RunStatus::Passed));
        let by = StatusCounts { passed: 1, failed: 1, error: 1, ..StatusCounts::default() };
        assert_eq!(grid.counts(), Counts { done: 3, by, busy: 0 });
        let numbers: Vec<u64> = (0..grid.len()).filter_map(|at| grid.line(at)).map(|line| line.number).collect();
        assert_eq!(numbers, [1, 2, 9]);
        let place = grid.place(1, 1, 0).unwrap();
        assert_eq!(grid.cell(place).map(|cell| cell.status), Some(RunStatus::Failed));
        assert_eq!(grid.slots(0, 1), [CellState::Open]);
    }

    #[test]
    fn a_cell_asked_again_keeps_what_came_before_until_it_is_answered() {
        let mut grid = Grid::new(&[1], 1);
        grid.fill(cell(1, 0, "failed", RunStatus::Error));
        grid.begin(CellIndex { row: 1, ..CellIndex::default() });
        assert_eq!(grid.counts(), Counts { busy: 1, ..Counts::default() });
        assert!(grid.slots(0, 0)[0].cell().is_some());
        grid.rest();
        let by = StatusCounts { error: 1, ..StatusCounts::default() };
        assert_eq!(grid.counts(), Counts { done: 1, by, busy: 0 });
    }

    #[test]
    fn a_place_outside_the_batch_is_ignored() {
        let mut grid = Grid::new(&[2], 1);
        for place in [(2, 0, 0), (0, 7, 0), (1, 0, 0), (0, 0, 3), (u32::MAX, u32::MAX, u32::MAX)] {
            let (prompt, target, sample) = place;
            grid.fill(Cell {
                place: CellIndex { row: 1, prompt, target, sample },
                ..cell(1, 0, "done", RunStatus::Unchecked)
            });
        }
        assert_eq!((grid.counts(), grid.len()), (Counts::default(), 0));
    }
}
