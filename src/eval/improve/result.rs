//! An improvement before its first call and at its end: what its rows can show, the edits that were tried, what came of them.

use crate::{
    eval::{
        experiment::ExperimentSpent,
        improve::{
            Improvement,
            edit::{CandidateEdit, EditFault},
            race::Contender,
        },
        split::RowSplit,
    },
    model::{Prompt, VersionId},
};

/// What is known of an improvement before its first call.
#[derive(Debug, Clone, PartialEq)]
pub struct ImproveForecast {
    pub split: RowSplit,
    /// The least gain that the held-out rows show in 8 of 10 comparisons, from 0 to 1.
    pub gain: Option<f64>,
    /// Answers that are asked where the race goes as usual.
    pub cells: u64,
    /// Answers that are asked at most.
    pub most: u64,
}

/// One edit that was tried.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What its version is called.
    pub name: String,
    pub edit: CandidateEdit,
    pub prompt: Prompt,
    pub version: VersionId,
    /// How far it came.
    pub contender: Contender,
}

/// An improvement that came to its end.
#[derive(Debug, Clone)]
pub struct Improved {
    pub improvement: Improvement,
    pub candidates: Vec<Candidate>,
    /// Why other edits were not tried.
    pub faults: Vec<EditFault>,
    pub spent: ExperimentSpent,
    pub forecast: ImproveForecast,
}
