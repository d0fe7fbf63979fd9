//! Who hears of every run that ends, beside the record.

use std::{fmt, time::Duration};

use crate::{model::error::StoreError, pipeline::ports::RunRecord};

/// Hears of the runs that end.
pub trait RunObserver: fmt::Debug + Send + Sync + 'static {
    /// Hears of one. Returns at once. An error tells that some were lost, for whoever reads what went wrong.
    fn ended(&self, record: &RunRecord) -> Result<(), StoreError>;

    /// Returns how many it has lost so far.
    fn lost(&self) -> u64;

    /// Hears of no more, and blocks until what it has heard is done with, for `limit` at most. Fails with what was lost.
    fn close(&self, limit: Duration) -> Result<(), StoreError>;
}
