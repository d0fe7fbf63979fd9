//! The rows of a batch with their cells, as far as they are known.
//!
//! What happened to the cells of a batch, counted.
//!
//! A batch may have a million rows. All that is counted, ordered and compared is held of every cell, in 64 bytes; what rows and
//! cells say is held of those that are looked at.

pub(crate) mod packed;
pub(crate) mod texts;

use std::collections::BTreeMap;

use crate::{
    app::batch::grid::{
        packed::{CellExtra, CellNames, CellStage, CellVerdict, PackedCell},
        texts::{CellText, RowTexts, TextWindow},
    },
    eval::evidence::{JudgedCell, LaneKey, judged},
    model::{CellIndex, RunId, RunStatus, StatusCounts, batch::Cell, dataset::RowText},
    store::api::StoredRow,
    text::holds,
};

/// One row: its number and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridRow<'a> {
    /// The row's number, counted from 1.
    pub number: u64,
    /// What it is called, or the beginning of its input, on one line; empty where it is not at hand.
    pub text: &'a str,
    /// The beginning of what it expects, on one line; empty where that is nothing, or not at hand.
    pub expected: &'a str,
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

/// Cells that did not pass whose texts are held wherever they stand: a report lists the first of them.
const WRONG: usize = 100;

/// Every row and every cell.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// The prompt and the target of each column.
    columns: Vec<LaneKey>,
    samples: usize,
    /// The rows' numbers, ascending.
    numbers: Vec<u64>,
    /// Row after row, each by prompt, target and sample.
    cells: Vec<PackedCell>,
    /// One for each cell, where any cell has one.
    extras: Vec<CellExtra>,
    names: CellNames,
    /// The cells that are held whole, without their texts.
    aside: BTreeMap<CellIndex, Box<Cell>>,
    texts: TextWindow,
    /// What the first cells say that did not pass.
    wrong: BTreeMap<CellIndex, CellText>,
    /// Whether what a finished cell says can be read from the record.
    on_record: bool,
    /// Whether it holds no text at all.
    is_mute: bool,
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

    /// Makes an empty grid of the same columns for other cells, of so many samples, whose texts are not held.
    pub(crate) fn of_columns(&self, samples: usize) -> Self {
        Self { columns: self.columns.clone(), samples: samples.max(1), is_mute: true, ..Self::default() }
    }

    /// Makes room for so many rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.numbers.reserve(rows);
        self.cells.reserve(rows.saturating_mul(self.cells_of_a_row()));
    }

    /// Notes that what its cells say can be read from the record from now on.
    pub(crate) fn put_on_record(&mut self) {
        self.on_record = true;
    }

    /// Counts the rows that are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Tells whether no row is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
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

    /// Counts the rows whose texts are held.
    #[must_use]
    pub fn texts_held(&self) -> usize {
        self.texts.len()
    }

    /// Counts the bytes that rows and cells take, their texts left out.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<u64>()
            + self.cells.capacity() * size_of::<PackedCell>()
            + self.extras.capacity() * size_of::<CellExtra>()
    }

    /// Returns a row by its place in the grid.
    #[must_use]
    pub fn line(&self, at: usize) -> Option<GridRow<'_>> {
        let number = self.number(at)?;
        let asked = self.texts.row(number).and_then(|row| row.asked.as_ref());
        let (text, expected) = asked.map_or(("", ""), |(text, expected)| (text, expected));
        Some(GridRow { number, text, expected })
    }

    /// Returns a row's number by its place in the grid.
    #[must_use]
    pub fn number(&self, at: usize) -> Option<u64> {
        self.numbers.get(at).copied()
    }

    /// Returns the cells of a row.
    fn packed(&self, at: usize) -> &[PackedCell] {
        let width = self.cells_of_a_row();
        let start = at.saturating_mul(width);
        self.cells.get(start..start.saturating_add(width)).unwrap_or_default()
    }

    /// Returns the samples of a row's column.
    fn packed_column(&self, at: usize, column: usize) -> &[PackedCell] {
        let start = column.saturating_mul(self.samples());
        self.packed(at).get(start..start.saturating_add(self.samples())).unwrap_or_default()
    }

    /// Lists what of a row's column is finished.
    pub(crate) fn known(&self, at: usize, column: usize) -> impl Iterator<Item = &PackedCell> {
        self.packed_column(at, column).iter().filter(|cell| cell.is_known())
    }

    /// Lists what of a row is finished, with the places.
    fn known_of_row(&self, at: usize) -> impl Iterator<Item = (CellIndex, &PackedCell)> {
        let cells = self.packed(at).iter().enumerate().filter(|(_, cell)| cell.is_known());
        cells.filter_map(move |(offset, cell)| Some((self.place_of(at, offset)?, cell)))
    }

    /// Returns the samples of a row's column.
    #[must_use]
    pub fn slots(&self, at: usize, column: usize) -> Vec<CellState> {
        let start = column.saturating_mul(self.samples());
        let samples = self.packed_column(at, column).iter().enumerate();
        let state = |(sample, cell): (usize, &PackedCell)| match cell.stage {
            CellStage::Open => CellState::Open,
            CellStage::Busy => CellState::Busy(None),
            CellStage::BusyAgain => CellState::Busy(self.whole(at, start + sample).map(Box::new)),
            CellStage::Full => {
                self.whole(at, start + sample).map_or(CellState::Open, |cell| CellState::Full(Box::new(cell)))
            }
        };
        samples.map(state).collect()
    }

    /// Tells how a row's column came out: of several samples the worst; none if none has ended.
    #[must_use]
    pub fn status(&self, at: usize, column: usize) -> Option<RunStatus> {
        self.known(at, column).map(|cell| cell.status).min()
    }

    /// Lists the finished cells of a row's column.
    pub fn column(&self, at: usize, column: usize) -> impl Iterator<Item = Cell> {
        let start = column.saturating_mul(self.samples());
        (start..start.saturating_add(self.samples())).filter_map(move |offset| self.whole(at, offset))
    }

    /// Lists the finished cells of a row without their texts.
    pub(crate) fn finished(&self, at: usize) -> impl Iterator<Item = Cell> {
        (0..self.cells_of_a_row()).filter_map(move |offset| self.bare(at, offset))
    }

    /// Tells whether a row has a finished cell that came out so.
    pub(crate) fn has(&self, at: usize, is_so: impl Fn(RunStatus) -> bool) -> bool {
        self.packed(at).iter().any(|cell| cell.is_known() && is_so(cell.status))
    }

    /// Lists every finished cell, with its texts where they are at hand.
    pub fn all(&self) -> impl Iterator<Item = Cell> {
        let width = self.cells_of_a_row();
        (0..self.len()).flat_map(move |at| (0..width).filter_map(move |offset| self.whole(at, offset)))
    }

    /// Lists the finished cells that came out so, with what is held of their texts, and counts those beyond so many.
    pub(crate) fn first_of(&self, is_so: impl Fn(RunStatus) -> bool, most: usize) -> (Vec<Cell>, usize) {
        let (width, mut first, mut more) = (self.cells_of_a_row().max(1), Vec::new(), 0);
        let so = self.cells.iter().enumerate().filter(|(_, cell)| cell.is_known() && is_so(cell.status));
        for (at, _) in so {
            if first.len() < most { first.extend(self.whole(at / width, at % width)) } else { more += 1 }
        }
        (first, more)
    }

    /// Returns a finished cell of a row without its texts.
    fn bare(&self, at: usize, offset: usize) -> Option<Cell> {
        let packed = self.packed(at).get(offset).filter(|cell| cell.is_known())?;
        let place = self.place_of(at, offset)?;
        if packed.is_aside() {
            return self.aside.get(&place).map(|cell| (**cell).clone());
        }
        let extra = self.extras.get(at * self.cells_of_a_row() + offset);
        Some(packed.unpacked(place, extra, &self.names))
    }

    /// Returns a finished cell of a row, with its texts where they are at hand.
    fn whole(&self, at: usize, offset: usize) -> Option<Cell> {
        let bare = self.bare(at, offset)?;
        let held = self.texts.row(bare.place.row).and_then(|row| row.cell(offset));
        let Some(text) = held.or_else(|| self.wrong.get(&bare.place)) else { return Some(bare) };
        let reason = text.reason.as_deref().map(str::to_owned);
        Some(Cell { summary: text.summary.to_string(), reason, ..bare })
    }

    fn place_of(&self, at: usize, offset: usize) -> Option<CellIndex> {
        self.place(at, offset / self.samples(), offset % self.samples())
    }

    /// Returns the place of a sample of a row's column.
    #[must_use]
    pub fn place(&self, at: usize, column: usize, sample: usize) -> Option<CellIndex> {
        let row = self.number(at)?;
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

    /// Finds a cell by its place, with its texts where they are at hand.
    #[must_use]
    pub fn cell(&self, place: CellIndex) -> Option<Cell> {
        self.whole(self.row_at(place.row)?, self.offset(place)?)
    }

    /// Finds a row by its number.
    pub(crate) fn row_at(&self, number: u64) -> Option<usize> {
        self.numbers.binary_search(&number).ok()
    }

    /// Finds what is held of a finished cell.
    fn find(&self, place: CellIndex) -> Option<&PackedCell> {
        self.packed(self.row_at(place.row)?).get(self.offset(place)?).filter(|cell| cell.is_known())
    }

    /// Tells how the cell at a place came out.
    pub(crate) fn status_of(&self, place: CellIndex) -> Option<RunStatus> {
        self.find(place).map(|cell| cell.status)
    }

    /// Tells which run filled the cell at a place.
    pub(crate) fn run_of(&self, place: CellIndex) -> Option<RunId> {
        self.find(place).map(PackedCell::run)
    }

    /// Tells how a sample of a row's column was judged, as a comparison counts it.
    pub(crate) fn judged(&self, at: usize, column: usize, sample: usize) -> Option<JudgedCell> {
        let cell = self.packed_column(at, column).get(sample).filter(|cell| cell.is_known())?;
        judged(cell.status, cell.class(&self.names), cell.score())
    }

    fn offset(&self, place: CellIndex) -> Option<usize> {
        let sample = usize::try_from(place.sample).ok().filter(|sample| *sample < self.samples())?;
        Some(self.column_of(place)? * self.samples() + sample)
    }

    /// Finds a row, or makes its place.
    fn row(&mut self, number: u64) -> usize {
        let last = self.numbers.last();
        let at = if last.is_none_or(|last| *last < number) {
            Err(self.numbers.len())
        } else {
            self.numbers.binary_search(&number)
        };
        at.unwrap_or_else(|at| {
            let width = self.cells_of_a_row();
            let open = || std::iter::repeat_n(PackedCell::OPEN, width);
            self.numbers.insert(at, number);
            self.cells.splice(at * width..at * width, open());
            if !self.extras.is_empty() {
                self.extras.splice(at * width..at * width, std::iter::repeat_n(CellExtra::default(), width));
            }
            at
        })
    }

    /// Tells whether a row is on record whole.
    fn is_settled(&self, number: u64) -> bool {
        self.on_record
            && self.row_at(number).is_some_and(|at| self.packed(at).iter().all(|cell| cell.stage == CellStage::Full))
    }

    /// Notes what a row says.
    pub fn know(&mut self, row: &RowText) {
        self.expects |= !row.expected.is_empty();
        self.texts.name(row);
        let at = self.row(row.number);
        let width = self.cells_of_a_row();
        let held = self.texts.row(row.number).is_some();
        if !held && self.texts.is_full(width) && self.on_record && self.packed(at).iter().any(PackedCell::is_known) {
            self.texts.is_partial = true;
            return;
        }
        let asked = self.texts.asked(row);
        let own = self.texts.entry(row.number);
        if own.asked.as_ref().is_none_or(|(text, _)| text.is_empty()) {
            own.asked = Some(asked);
        }
    }

    /// Takes in what the record has of a row that is in sight.
    pub(crate) fn read(&mut self, row: &StoredRow) {
        self.expects |= !row.text.expected.is_empty();
        let asked = self.texts.asked(&row.text);
        let own = self.texts.entry_in_sight(row.text.number);
        own.asked.get_or_insert(asked);
        for cell in &row.cells {
            if let Some(offset) = self.offset(cell.place).filter(|_| self.run_of(cell.place) == Some(cell.run)) {
                self.texts.entry(cell.place.row).put(offset, CellText::of(cell));
            }
        }
    }

    /// Tells whether a row that is known expects something.
    #[must_use]
    pub fn expects(&self) -> bool {
        self.expects
    }

    /// Notes which rows are in sight.
    pub(crate) fn look_at(&mut self, rows: &[usize]) {
        let Self { texts, numbers, .. } = self;
        texts.look_at(rows.iter().filter_map(|at| numbers.get(*at).copied()));
    }

    /// Tells whether the record has a text of a row that is not at hand, and was not asked for it.
    pub(crate) fn lacks_text(&self, at: usize) -> bool {
        let Some(row) = self.number(at).filter(|_| self.on_record).map(|number| self.texts.row(number)) else {
            return false;
        };
        let lacks = |(offset, cell): (usize, &PackedCell)| {
            cell.is_known() && row.is_none_or(|row| row.asked.is_none() || row.cell(offset).is_none())
        };
        row.is_none_or(|row| !row.requested) && self.packed(at).iter().enumerate().any(lacks)
    }

    /// Notes that the record was asked what rows say; some of those that were out of sight the longest make room for them.
    pub(crate) fn request(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.texts.entry_in_sight(*number).requested = true;
        }
        let mut texts = std::mem::take(&mut self.texts);
        texts.make_room(self.cells_of_a_row(), |number| self.is_settled(number));
        self.texts = texts;
    }

    /// Tells whether everything that is on record of the rows is at hand as well, so that a text is found without asking.
    pub(crate) fn has_all_texts(&self) -> bool {
        !self.on_record
            || (!self.texts.is_partial && self.numbers.len() <= self.texts.len() && {
                let has = |(at, number): (usize, &u64)| {
                    let row = self.texts.row(*number);
                    self.packed(at).iter().enumerate().all(|(offset, cell)| {
                        !cell.is_known() || row.is_some_and(|row| row.asked.is_some() && row.cell(offset).is_some())
                    })
                };
                self.numbers.iter().enumerate().all(has)
            })
    }

    /// Tells whether a row or one of its cells is known to hold a text, as [`lower`](crate::text::lower) writes it.
    pub(crate) fn holds(&self, at: usize, wanted: &str) -> bool {
        let row = self.number(at).and_then(|number| self.texts.row(number));
        row.is_some_and(|row| {
            row.asked.as_ref().is_some_and(|(text, _)| holds(text, wanted))
                || self.packed(at).iter().enumerate().any(|(offset, cell)| {
                    cell.is_known() && row.cell(offset).is_some_and(|text| holds(&text.summary, wanted))
                })
        })
    }

    /// Counts the cells that came out otherwise than in another batch.
    pub(crate) fn count_changed(&self, other: &Self) -> usize {
        let samples = self.samples().min(other.samples());
        let (mut row, mut changed) = (0, 0);
        for (at, number) in self.numbers.iter().enumerate() {
            while other.numbers.get(row).is_some_and(|other| other < number) {
                row += 1;
            }
            if other.numbers.get(row) != Some(number) {
                continue;
            }
            for column in 0..self.columns() {
                let pairs = self.packed_column(at, column).iter().zip(other.packed_column(row, column)).take(samples);
                let known = pairs.filter(|(own, before)| own.is_known() && before.is_known());
                changed += known.filter(|(own, before)| own.status != before.status).count();
            }
        }
        changed
    }

    /// Tells whether a row came out otherwise than in another batch.
    pub(crate) fn differs(&self, at: usize, other: &Self) -> bool {
        self.known_of_row(at).any(|(place, cell)| other.status_of(place).is_some_and(|before| before != cell.status))
    }

    /// Notes that a cell is under way.
    pub fn begin(&mut self, place: CellIndex) {
        self.change(place, |slot| {
            slot.stage = match slot.stage {
                CellStage::Open | CellStage::Busy => CellStage::Busy,
                CellStage::BusyAgain | CellStage::Full => CellStage::BusyAgain,
            };
        });
    }

    /// Puts what came of a cell in its place; of one that was stopped, what was known before.
    pub fn fill(&mut self, cell: Cell) {
        if cell.end != "cancelled" {
            return self.put(cell);
        }
        self.change(cell.place, |slot| {
            slot.stage = match slot.stage {
                CellStage::BusyAgain | CellStage::Full => CellStage::Full,
                CellStage::Open | CellStage::Busy => CellStage::Open,
            };
        });
    }

    /// Puts what came of a cell in its place, whatever that is.
    pub(crate) fn put(&mut self, cell: Cell) {
        let Some(offset) = self.offset(cell.place) else { return };
        let (packed, extra, is_whole) = PackedCell::of(&cell, &mut self.names);
        self.change(cell.place, |slot| *slot = packed);
        if extra.is_some() && self.extras.is_empty() {
            self.extras.resize(self.cells.len(), CellExtra::default());
        }
        let at = self.row(cell.place.row) * self.cells_of_a_row() + offset;
        if let Some(own) = self.extras.get_mut(at) {
            *own = extra.unwrap_or_default();
        }
        self.hold_text(&cell, offset);
        if is_whole {
            self.aside.remove(&cell.place);
        } else {
            self.aside.insert(cell.place, Box::new(Cell { summary: String::new(), reason: None, ..cell }));
        }
    }

    /// Holds what a cell says that has just been filled, where there is room or nothing else has it.
    fn hold_text(&mut self, cell: &Cell, offset: usize) {
        if self.is_mute {
            return;
        }
        let (width, number) = (self.cells_of_a_row(), cell.place.row);
        let is_wrong = matches!(cell.status, RunStatus::Error | RunStatus::Failed | RunStatus::Inconclusive);
        self.wrong.remove(&cell.place);
        let is_early =
            self.wrong.len() < WRONG || self.wrong.last_key_value().is_some_and(|(last, _)| cell.place < *last);
        if is_wrong && is_early {
            self.wrong.insert(cell.place, CellText::of(cell));
            if self.wrong.len() > WRONG {
                self.wrong.pop_last();
            }
        }
        if self.on_record && self.texts.row(number).is_none() && self.texts.is_full(width) {
            self.texts.is_partial = true;
            return;
        }
        self.texts.entry(number).put(offset, CellText::of(cell));
        if self.texts.is_full(width) && self.is_settled(number) {
            self.texts.let_go(number, width);
        }
    }

    /// Keeps what a row says: the record has it not.
    pub(crate) fn keep_text(&mut self, cell: &Cell, row: &RowText) {
        if let Some(offset) = self.offset(cell.place) {
            let asked = self.texts.asked(row);
            let own: &mut RowTexts = self.texts.entry(row.number);
            own.is_unrecorded = true;
            own.asked.get_or_insert(asked);
            own.put(offset, CellText::of(cell));
        }
    }

    /// Returns where a cell stands among all cells.
    pub(crate) fn slot(&self, place: CellIndex) -> Option<u32> {
        let at = self.row_at(place.row)? * self.cells_of_a_row() + self.offset(place)?;
        u32::try_from(at).ok()
    }

    /// Returns the finished cell that stands there, without its texts.
    pub(crate) fn in_slot(&self, slot: u32) -> Option<Cell> {
        let width = self.cells_of_a_row().max(1);
        self.bare(slot as usize / width, slot as usize % width)
    }

    /// Returns the number of a list of rules that cells failed by.
    pub(crate) fn failed_number(&mut self, rules: &[String]) -> u32 {
        self.names.number(rules)
    }

    /// Has the finished cell that stands there be judged otherwise, and returns how it was judged.
    pub(crate) fn judge(&mut self, slot: u32, verdict: CellVerdict) -> Option<CellVerdict> {
        let width = self.cells_of_a_row().max(1);
        let place = self.place_of(slot as usize / width, slot as usize % width);
        let cell = self.cells.get_mut(slot as usize).filter(|cell| cell.is_known())?;
        let before = cell.verdict();
        self.counts.count(cell, false);
        cell.judge(verdict);
        self.counts.count(cell, true);
        if cell.is_aside()
            && let Some(whole) = place.and_then(|place| self.aside.get_mut(&place))
        {
            whole.status = verdict.status;
            whole.score = (!verdict.score.is_nan()).then_some(verdict.score);
            whole.failed = self.names.list(verdict.failed).to_vec();
        }
        Some(before)
    }

    /// Gives up what is under way, as at the end of a batch.
    pub fn rest(&mut self) {
        self.counts = Counts::default();
        for cell in &mut self.cells {
            cell.stage = match cell.stage {
                CellStage::BusyAgain | CellStage::Full => CellStage::Full,
                CellStage::Busy | CellStage::Open => CellStage::Open,
            };
            self.counts.count(cell, true);
        }
    }

    fn change(&mut self, place: CellIndex, change: impl FnOnce(&mut PackedCell)) {
        let Some(offset) = self.offset(place) else {
            return;
        };
        let at = self.row(place.row) * self.cells_of_a_row() + offset;
        if let Some(slot) = self.cells.get_mut(at) {
            self.counts.count(slot, false);
            change(slot);
            self.counts.count(slot, true);
        }
    }
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
    fn count(&mut self, slot: &PackedCell, more: bool) {
        let add = |number: &mut u64| *number = if more { *number + 1 } else { number.saturating_sub(1) };
        match slot.stage {
            CellStage::Open => {}
            CellStage::Busy | CellStage::BusyAgain => add(&mut self.busy),
            CellStage::Full => {
                add(&mut self.done);
                add(self.by.of_mut(slot.status));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Cost;

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
