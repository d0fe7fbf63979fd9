//! What other programs logged of their calls of models, read record by record: pure functions over a stream of JSON.

mod attributes;
mod fields;
mod format;
mod messages;
mod record;
mod scan;

pub use crate::traces::{
    format::TraceLayout,
    record::{TraceRecord, Traced, read},
    scan::{JsonRecord, RecordScanner, TraceError},
};

#[cfg(test)]
mod tests;
