//! A threshold that is moved over the answers of a batch: the answers, how the batch stood before, and which cells come out
//! otherwise.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    eval::{
        Gate,
        whatif::{Measured, MovedThreshold},
    },
    model::{CellIndex, RunStatus, StatusCounts, batch::Cell},
    store::api::Points,
};

/// What is known while the answers are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Where the answer of each run stands in the batch, by the run's number on record.
    pub(crate) places: BTreeMap<i64, CellIndex>,
    pub(crate) points: Option<Box<Points>>,
}

/// A threshold that is moved over a batch.
#[derive(Debug, Clone)]
pub struct BatchWhatIf {
    /// The rule whose threshold it is.
    pub(crate) rule: String,
    pub(crate) reading: Reading,
    /// Counts the questions: an answer to an earlier one is late.
    pub(crate) round: u64,
    /// The threshold and what it is moved over; none while that is read.
    pub moving: Option<Box<MovedOverBatch>>,
}

/// The threshold, the answers, and how the batch stood before.
#[derive(Debug, Clone)]
pub struct MovedOverBatch {
    /// The prompt's name.
    pub prompt: String,
    /// The prompt's file that holds the present value, if there is one.
    pub file: Option<PathBuf>,
    pub moved: MovedThreshold,
    /// All that can be moved in the prompt.
    pub rules: Vec<String>,
    pub(crate) answers: Vec<(CellIndex, Measured)>,
    /// The cells that would come out otherwise, as they are.
    pub(crate) before: Vec<Cell>,
    /// How all cells came out.
    pub counts: StatusCounts,
    /// The gates as they are.
    pub gates: Vec<Gate>,
    /// Answers that would pass, and answers that would fail, which do not now.
    pub changes: (u64, u64),
}

impl BatchWhatIf {
    /// Begins with a rule, its answers being unread.
    #[must_use]
    pub fn new(rule: &str) -> Self {
        Self { rule: rule.to_owned(), reading: Reading::default(), round: 0, moving: None }
    }

    /// Counts the rows that what it does takes: where there is little room what the grades say stands in one.
    #[must_use]
    pub fn rows(&self, tall: bool) -> u16 {
        let Some(moving) = &self.moving else { return 1 };
        match moving.moved.grades() {
            Some(_) if tall => 6,
            Some(_) => 3,
            None => 2,
        }
    }
}

impl MovedOverBatch {
    /// Returns how a cell comes out at where the threshold stands; none where it stays as it is.
    pub(crate) fn changed(&self, cell: &Cell, answer: &Measured) -> Option<Cell> {
        let knob = &self.moved.knob;
        let reached = answer.value.map(|value| self.moved.reached(value));
        let score = match (answer.scores, reached) {
            (Some([broken, held]), Some(reached)) => Some(if reached { held } else { broken }),
            (None, _) | (_, None) => cell.score,
        };
        let mut failed = cell.failed.clone();
        match reached {
            Some(true) => failed.retain(|rule| *rule != knob.rule),
            Some(false) if !failed.contains(&knob.rule) && !knob.weightless => failed.push(knob.rule.clone()),
            Some(false) | None => {}
        }
        let passes = self.moved.passes(answer.point());
        let (status, failed, reason) = match (cell.status, passes) {
            (RunStatus::Failed, Some(true)) => (RunStatus::Passed, failed, None),
            (RunStatus::Passed, Some(false)) => {
                let reason = answer
                    .value
                    .map(|value| format!("{}, what if {}", knob.shown_measured(value), knob.shown(self.moved.chosen)));
                (RunStatus::Failed, failed, reason)
            }
            (RunStatus::Failed, _) => (RunStatus::Failed, failed, cell.reason.clone()),
            (
                RunStatus::Passed
                | RunStatus::Error
                | RunStatus::Inconclusive
                | RunStatus::Unchecked
                | RunStatus::Cancelled,
                _,
            ) => (cell.status, cell.failed.clone(), cell.reason.clone()),
        };
        let other = Cell { status, failed, reason, score, ..cell.clone() };
        let moved = match (score, cell.score) {
            (Some(score), Some(before)) => (score - before).abs() > 1e-9,
            (score, before) => score.is_some() != before.is_some(),
        };
        (moved || status != cell.status || other.failed != cell.failed).then_some(other)
    }
}
