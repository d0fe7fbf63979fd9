//! What other programs logged of their calls of models, read record by record: pure functions over a stream of JSON, or over
//! an archive of it.

mod archive;
mod attributes;
mod fields;
mod format;
mod messages;
mod options;
mod record;
mod scan;

pub use crate::traces::{
    archive::EvalArchive,
    format::TraceLayout,
    record::{TraceRecord, Traced, read},
    scan::{JsonRecord, RecordScanner, TraceError},
};

#[cfg(test)]
mod tests;
