//! A question with a yes and a no, and what a yes leads to.

use crate::{model::RunId, store::job::NewThreshold};

/// Columns that a row of the question has for sure.
const ROOM: usize = 54;

/// What a yes leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Ends the program.
    Quit,
    /// Opens a prompt over unsaved edits.
    OpenPrompt(String),
    /// Opens a session and stops what runs.
    OpenSession(String),
    /// Begins a session and stops what runs.
    NewSession(String),
    /// Replaces a prompt's file.
    ReplacePrompt(String),
    /// Closes a lane whose run is under way.
    CloseLane,
    /// Removes a run from the record.
    RemoveRun(RunId),
    /// Judges answers on record again.
    ScoreRuns,
    /// Writes a threshold to a prompt's file.
    SetThreshold(Box<NewThreshold>),
}

/// A question with its two answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// The question.
    pub text: String,
    /// What enter does, in words.
    pub yes: &'static str,
    /// What follows a yes.
    pub then: Then,
}

impl Confirm {
    /// Returns how many rows the question takes, at most.
    pub(super) fn rows(&self) -> usize {
        crate::text::width(&self.text).div_ceil(ROOM)
    }
}
