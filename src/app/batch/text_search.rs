//! The rows of a batch that hold a text. Where their texts are not all at hand the record is asked, a page of cells at a time.

use std::collections::BTreeSet;

use crate::{
    app::{
        ask,
        batch::{Batches, Page, run_state::ShownBatch},
        context::Cx,
        notices::Tone,
    },
    model::{BatchId, CellIndex, batch::Cell, dataset::RowText, error::StoreError},
    store::api::FoundRows,
    text::holds,
};

/// Cells that are looked at for each answer of the record.
const LOOKED: usize = 2048;

/// A text that rows are searched for.
#[derive(Debug, Clone, Default)]
pub struct TextSearch {
    /// The text as [`lower`](crate::text::lower) writes it.
    wanted: String,
    /// The numbers of the rows that hold it.
    found: BTreeSet<u64>,
    /// The last cell that the record has looked at.
    last: Option<CellIndex>,
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

impl ShownBatch {
    /// Searches what is at hand for the text that is wanted by now. Tells whether the record is to be asked as well.
    fn search_at_hand(&mut self) -> bool {
        let Some(wanted) = self.look.wanted() else {
            self.search = None;
            return false;
        };
        if let Some(search) = self.search.as_ref().filter(|search| search.wanted == wanted) {
            return !search.is_over;
        }
        let mut search = TextSearch { wanted, is_over: self.grid.has_all_texts(), ..TextSearch::default() };
        if search.is_over {
            let found = (0..self.grid.len()).filter(|at| self.grid.holds(*at, &search.wanted));
            search.found = found.filter_map(|at| self.grid.number(at)).collect();
        }
        let asks = !search.is_over;
        self.search = Some(search);
        asks
    }
}

impl Batches {
    /// Goes on with the search for a text, if one is under way.
    pub(crate) fn search(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else { return };
        let asks = shown.search_at_hand() && !self.asks_search;
        let Some((batch, search)) = shown.id.zip(shown.search.as_ref()).filter(|_| asks) else { return };
        self.asks_search = true;
        let token = (batch, search.wanted.clone());
        cx.ask(ask::find_rows(batch, search.wanted.clone(), search.last, LOOKED), token, Self::rows_found);
    }

    fn rows_found(
        &mut self,
        (batch, wanted): (BatchId, String),
        found: Result<FoundRows, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        self.asks_search = false;
        let Some(shown) = self.shown.as_mut().filter(|shown| shown.id == Some(batch)) else { return };
        // Another text is wanted by now, or none.
        let Some(search) = shown.search.as_mut().filter(|search| search.wanted == wanted) else { return };
        match found {
            Ok(found) => {
                search.looked += found.looked;
                (search.last, search.is_over) = (found.last, found.last.is_none());
                let (had, has) = (search.found.len(), !found.rows.is_empty());
                search.found.extend(&found.rows);
                // The first ones are shown at once, and all of them at the end.
                if search.is_over || (has && had == 0) {
                    shown.table.hurry();
                } else if has {
                    shown.table.touch();
                }
            }
            Err(error) => {
                search.is_over = true;
                cx.say(Tone::Error, &error.message);
            }
        }
    }
}
