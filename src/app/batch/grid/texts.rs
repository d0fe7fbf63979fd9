//! The texts of the rows that are looked at. There is room for so many; the others are read from the record when they
//! come in sight.

use std::collections::BTreeMap;

use crate::model::{batch::Cell, dataset::RowText};

/// Cells whose texts are held, about.
const MOST: usize = 8192;

/// Names of rows that are held, at most: the record has none of them.
const NAMES: usize = 1 << 16;

/// Rows that are held whatever they are wide.
const FEWEST: usize = 256;

/// What a cell says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellText {
    pub(crate) summary: Box<str>,
    pub(crate) reason: Option<Box<str>>,
}

impl CellText {
    pub(crate) fn of(cell: &Cell) -> Self {
        Self { summary: cell.summary.as_str().into(), reason: cell.reason.as_deref().map(Into::into) }
    }
}

/// What a row says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowTexts {
    /// What it asks, once that is known, and the beginning of what it expects.
    pub(crate) asked: Option<(Box<str>, Box<str>)>,
    /// What its cells say, by their places in the row.
    cells: Vec<Option<CellText>>,
    /// When it was in sight last.
    seen: u64,
    /// Whether the record was asked for it.
    pub(crate) requested: bool,
    /// Whether nothing else has it: a cell of it could not be recorded.
    pub(crate) is_unrecorded: bool,
}

impl RowTexts {
    pub(crate) fn cell(&self, offset: usize) -> Option<&CellText> {
        self.cells.get(offset)?.as_ref()
    }

    pub(crate) fn put(&mut self, offset: usize, text: CellText) {
        if self.cells.len() <= offset {
            self.cells.resize(offset + 1, None);
        }
        if let Some(own) = self.cells.get_mut(offset) {
            *own = Some(text);
        }
    }
}

/// The rows whose texts are held, by their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextWindow {
    rows: BTreeMap<u64, RowTexts>,
    /// What rows are called that say so, also of those that are let go.
    names: BTreeMap<u64, Box<str>>,
    /// Counts the looks at what is in sight.
    clock: u64,
    /// Whether some of the texts are on record alone.
    pub(crate) is_partial: bool,
}

impl TextWindow {
    /// Counts the rows whose texts are held.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, number: u64) -> Option<&RowTexts> {
        self.rows.get(&number)
    }

    /// Notes what a row is called, if it says so and there is room.
    pub(crate) fn name(&mut self, row: &RowText) {
        if row.named && self.names.len() < NAMES {
            self.names.insert(row.number, row.text.as_str().into());
        }
    }

    /// Returns what a row asks, to be held: by its name, where that is known.
    pub(crate) fn asked(&self, row: &RowText) -> (Box<str>, Box<str>) {
        let text = self.names.get(&row.number).cloned().unwrap_or_else(|| row.text.as_str().into());
        (text, row.expected.as_str().into())
    }

    /// Returns a row's texts to be filled in.
    pub(crate) fn entry(&mut self, number: u64) -> &mut RowTexts {
        self.rows.entry(number).or_default()
    }

    /// Returns the texts to be filled in of a row that is in sight.
    pub(crate) fn entry_in_sight(&mut self, number: u64) -> &mut RowTexts {
        let seen = self.clock;
        let row = self.entry(number);
        row.seen = seen;
        row
    }

    /// Tells whether there is no room for a further row of so many cells.
    pub(crate) fn is_full(&self, width: usize) -> bool {
        self.rows.len() >= most(width)
    }

    /// Notes which rows are in sight.
    pub(crate) fn look_at(&mut self, numbers: impl Iterator<Item = u64>) {
        self.clock += 1;
        for number in numbers {
            if let Some(row) = self.rows.get_mut(&number) {
                row.seen = self.clock;
            }
        }
    }

    /// Lets a row go if it was not in sight just now and there is no room to spare.
    pub(crate) fn let_go(&mut self, number: u64, width: usize) {
        let unseen = |row: &RowTexts| (row.seen < self.clock || self.clock == 0) && !row.is_unrecorded;
        if self.rows.len() > most(width) && self.rows.get(&number).is_some_and(unseen) {
            self.rows.remove(&number);
            self.is_partial = true;
        }
    }

    /// Makes room where there is none to spare: a quarter of the rows go, those that were in sight the longest ago, as far as
    /// they can be read again.
    pub(crate) fn make_room(&mut self, width: usize, can_go: impl Fn(u64) -> bool) {
        let most = most(width);
        if self.rows.len() <= most + most / 4 {
            return;
        }
        let going =
            self.rows.iter().filter(|(number, row)| row.seen < self.clock && !row.is_unrecorded && can_go(**number));
        let mut going: Vec<(u64, u64)> = going.map(|(number, row)| (row.seen, *number)).collect();
        going.sort_unstable();
        for (_, number) in going.into_iter().take(self.rows.len() - most) {
            self.rows.remove(&number);
            self.is_partial = true;
        }
    }
}

/// Rows of so many cells that there is room for.
fn most(width: usize) -> usize {
    (MOST / width.max(1)).max(FEWEST)
}
