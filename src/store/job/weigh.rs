//! What the runs of two queries say of each other, paired by their inputs.

use serde::Serialize;

use crate::{eval::Evidence, model::RunId};

/// Inputs fixed and broken that are listed, at most, of each.
pub const LISTED: usize = 20;

/// What the runs on record say of B against A, the baseline. A run counts if it was judged or scored; several
/// on one input are its samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weighed {
    /// What they say.
    pub evidence: Evidence,
    /// The runs of A.
    pub a: Weighted,
    /// The runs of B.
    pub b: Weighted,
    /// Inputs of both sides.
    pub inputs: u64,
    /// Inputs that pass with B alone, by their newest runs, the newest first; [`LISTED`] at most.
    pub fixed: Vec<Turned>,
    /// Inputs that pass with A alone, likewise.
    pub broken: Vec<Turned>,
}

/// What there is of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Weighted {
    /// Runs that were judged or scored.
    pub runs: u64,
    /// Runs that ended and were neither.
    pub unjudged: u64,
    /// Inputs that only this side was run with.
    pub alone: u64,
}

/// An input that passes with one side alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turned {
    /// A run of A that shows it.
    pub a: RunId,
    /// A run of B that does.
    pub b: RunId,
    /// The beginning of the input's text, or of its variables where it has none.
    pub input: String,
}
