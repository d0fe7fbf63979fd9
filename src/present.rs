//! How results read: figures, tables, reports and snippets as data, for the workbench and the command line alike.

pub mod ablation;
pub mod answer_fields;
pub mod attachments;
pub mod baseline;
pub mod batch_verdict;
pub mod blind;
pub mod calibration;
pub mod comparison;
pub mod evidence;
pub mod improve;
pub(crate) mod program;
pub mod remote_job;
pub mod report;
pub mod run_columns;
pub mod tool_calls;
mod tool_loop;
pub mod what_if;
pub mod xray;

pub mod quality_report;
pub(crate) mod sheet;
pub(crate) mod snippets;

pub use crate::present::comparison::ComparisonTable;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// So many columns of the screen.
    Fixed(u16),
    /// A share of what the others leave, by weight, and the least it is of use at.
    Share(u16, u16),
}

/// How grave something is; also how it is marked, so that colour is never alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// Something went as asked.
    Info,
    /// Something a person should know.
    Warning,
    /// Something did not go.
    Error,
}
