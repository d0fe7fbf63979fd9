//! Batches on record, as they are asked for and listed.

use jiff::Timestamp;

use crate::model::{
    BatchId,
    batch::{BatchSpec, Cell},
};

/// Which batch is begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Begin {
    /// The newest of the same fingerprint that is not complete; else a new one.
    #[default]
    Resume,
    /// The newest of the same fingerprint, complete or not; else a new one.
    RetryFailed,
    /// A new one.
    Anew,
}

/// A batch that was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchState {
    /// Its id.
    pub id: BatchId,
    /// What it asks.
    pub spec: BatchSpec,
    /// When it was begun first.
    pub started: Timestamp,
    /// Whether it goes on.
    pub resumed: bool,
    /// Whether its last run was broken off without an end, perhaps with calls under way.
    pub crashed: bool,
    /// The cells that have ended, in the order of their places.
    pub cells: Vec<CellRow>,
}

/// A cell on record.
#[derive(Debug, Clone, PartialEq)]
pub struct CellRow {
    /// What came of it.
    pub cell: Cell,
    /// The fingerprint of its row as it was then.
    pub fingerprint: u64,
}

/// A batch in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchEntry {
    /// Its id.
    pub id: BatchId,
    /// When it was begun first.
    pub started: Timestamp,
    /// Its name.
    pub name: String,
    /// What it asks.
    pub spec: BatchSpec,
    /// How it ended, in one word; none while it runs, or if its process is gone.
    pub end: Option<String>,
    /// Cells that have ended: those that were stopped or broke off are still to be asked.
    pub cells: u64,
    /// Those of them that a model answered.
    pub answered: u64,
    /// Whether a process has it under way.
    pub running: bool,
}

/// How many tokens past requests and answers had: one in ten fewer, half fewer, nine in ten fewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastLengths {
    /// Answers that were measured; none if there are none.
    pub runs: u64,
    /// Tokens in.
    pub input: [u64; 3],
    /// Tokens out.
    pub output: [u64; 3],
    /// Whether they are those of the same prompt version.
    pub same_prompt: bool,
}
