//! What a batch has on record of its cells. They are read a page at a time: a million of them are never held at once.

use std::collections::BTreeSet;

use crate::{
    engine::batch::plan,
    model::{BatchId, CellIndex, batch::Cell, error::StoreError},
    pipeline::batch::KnownCells,
    store::{
        Store,
        api::{CellRow, ChangedFile, StoreReply, StoreRequest},
        attachments,
    },
};

/// Cells that are read at once.
const PAGE: usize = 4096;

/// What earlier runs of a batch have left.
pub(crate) struct EarlierRuns {
    /// The cells that have ended, but for those that changed files belong to.
    pub(crate) known: KnownCells,
    /// Those of them that have no answer.
    pub(crate) unanswered: Vec<Cell>,
    /// The files that hold other bytes by now than were sent of them.
    pub(crate) changed: Vec<ChangedFile>,
}

impl EarlierRuns {
    /// Reads what is on record of a batch.
    pub(crate) async fn of(store: &Store, batch: BatchId) -> Result<Self, StoreError> {
        let StoreReply::SentFiles(sent) = store.ask(StoreRequest::SentFiles(batch)).await? else {
            return Err(StoreError::new("the record does not say which files were sent; please report this"));
        };
        let changed = plan::blocking(move || Ok(attachments::changed(sent))).await?;
        let (mut known, mut unanswered) = (KnownCells::on_record(store.cells(batch)), Vec::new());
        each_cell(store, batch, |CellRow { cell, fingerprint, seq: _ }| {
            if changed.values().any(|places| places.contains(&cell.place)) {
                return;
            }
            known.push(&cell, fingerprint);
            if !cell.answered() {
                unanswered.push(cell);
            }
        })
        .await?;
        let rows = |places: &BTreeSet<CellIndex>| places.iter().map(|place| place.row).collect();
        let changed = changed.iter().map(|(path, places)| ChangedFile { path: path.clone(), rows: rows(places) });
        Ok(Self { known, unanswered, changed: changed.collect() })
    }
}

/// Hands over the cells of a batch on record that have ended, in the order of their places.
pub(crate) async fn each_cell(store: &Store, batch: BatchId, mut take: impl FnMut(CellRow)) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let StoreReply::Cells(page) = store.ask(StoreRequest::Cells { batch, after, limit: PAGE }).await? else {
            return Err(StoreError::new("the record does not say which cells have ended; please report this"));
        };
        let is_last = page.len() < PAGE;
        after = page.last().map(|row| row.cell.place);
        page.into_iter().for_each(&mut take);
        if is_last {
            return Ok(());
        }
    }
}
