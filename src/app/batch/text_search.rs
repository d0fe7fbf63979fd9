//! The rows of a batch that hold a text. Where their texts are not all at hand the record is asked, a page of cells at a time.

use std::collections::BTreeSet;

use crate::{
    model::{CellIndex, batch::Cell, dataset::RowText},
    text::holds,
};

/// A text that rows are searched for.
#[derive(Debug, Clone, Default)]
pub struct TextSearch {
    /// The text as [`lower`](crate::text::lower) writes it.
    pub(crate) wanted: String,
    /// The numbers of the rows that hold it.
    pub(crate) found: BTreeSet<u64>,
    /// The last cell that the record has looked at.
    pub(crate) last: Option<CellIndex>,
    /// Cells that it has looked at.
    pub looked: u64,
    /// Whether all were looked at.
    pub is_over: bool,
}

impl TextSearch {
    /// Tells whether a row was found to hold the text.
    #[must_use]
    pub fn has(&self, row: u64) -> bool {
        self.found.contains(&row)
    }

    /// Notes a row that holds the text, as one of its cells has ended.
    pub(crate) fn look_at(&mut self, row: &RowText, cell: &Cell) {
        if holds(&row.text, &self.wanted) || holds(&cell.summary, &self.wanted) {
            self.found.insert(row.number);
        }
    }
}
