//! The runs of cells that were answered before, read from the record in pages, in the order of their places.

use std::collections::VecDeque;

use crate::{
    model::{BatchId, Place, RunId},
    pipeline::port::RunRecord,
    store::{
        Store,
        job::{Job, Reply, StoreFault},
    },
};

/// Runs of a page.
const PAGE: usize = 100;

/// Runs on record, read ahead.
pub(super) struct KeptRuns {
    batch: BatchId,
    after: Option<Place>,
    page: VecDeque<RunRecord>,
    over: bool,
}

impl KeptRuns {
    /// Begins before the first place.
    pub(super) fn new(batch: BatchId) -> Self {
        Self { batch, after: None, page: VecDeque::new(), over: false }
    }

    /// Reads the run that fills a place. Places are asked for in their order; none if the record does not
    /// have the run.
    pub(super) async fn run(
        &mut self,
        store: &Store,
        place: Place,
        run: RunId,
    ) -> Result<Option<RunRecord>, StoreFault> {
        loop {
            while let Some(record) = self.page.pop_front() {
                let own = record.cell.map(|cell| cell.place);
                if own.is_some_and(|own| own > place) {
                    self.page.push_front(record);
                    return Ok(None);
                }
                if record.run == run {
                    return Ok(Some(record));
                }
            }
            if self.over {
                return Ok(None);
            }
            let job = Job::CellRuns { batch: self.batch, after: self.after, limit: PAGE };
            let Reply::CellRuns(page) = store.ask(job).await? else {
                return Ok(None);
            };
            self.over = page.len() < PAGE;
            self.after = page.last().and_then(|record| record.cell).map(|cell| cell.place).or(self.after);
            self.page = page.into();
        }
    }
}
