//! A threshold that is moved over the answers of a batch: the answers, how the batch stood before, and which cells come out
//! otherwise.

use std::path::PathBuf;

use crate::{
    app::batch::grid::{Grid, packed::CellVerdict},
    eval::{
        Gate,
        whatif::{AnswerPoint, Measured, MovedThreshold, Threshold, WhatIfInWork},
    },
    model::{RunStatus, StatusCounts, batch::Cell},
    store::api::Points,
};

/// Answers that are looked at in one step: some milliseconds.
pub(crate) const ANSWERS: usize = 16_384;

/// What is known while the answers are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Where the answer of each run stands in the batch, by the run's number on record.
    pub(crate) places: Vec<(i64, u32)>,
    /// Cells that were read, and that there are.
    pub(crate) read: (u64, u64),
    pub(crate) points: Option<Box<Points>>,
    /// What is left of it once all is read: the answers are put in their places.
    pub(crate) placing: Option<Box<PlacingAnswers>>,
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
    /// How all cells came out.
    pub counts: StatusCounts,
    /// The gates as they are.
    pub gates: Vec<Gate>,
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
    answers: Vec<PlacedAnswer>,
    /// How far the threshold was tried on them.
    tried: usize,
    /// The cells that would come out otherwise, as they are; by where they stand once all answers were tried.
    before: Vec<MovedCell>,
    /// Answers that would pass, and answers that would fail, which do not now.
    pub changes: (u64, u64),
}

/// What the threshold sees of an answer, and where that stands in the batch: [`Measured`] in half the room.
#[derive(Debug, Clone, Copy)]
struct PlacedAnswer {
    slot: u32,
    decides: bool,
    rest: bool,
    right: Option<bool>,
    /// Not a number where nothing was measured.
    value: f64,
    /// The scores with the threshold not reached, and reached; no numbers where there are none.
    scores: [f64; 2],
}

impl PlacedAnswer {
    fn of(slot: u32, answer: &Measured) -> Self {
        let Measured { seq: _, value, decides, rest, right, scores } = *answer;
        let (value, scores) = (value.unwrap_or(f64::NAN), scores.unwrap_or([f64::NAN; 2]));
        Self { slot, decides, rest, right, value, scores }
    }

    fn value(&self) -> Option<f64> {
        (!self.value.is_nan()).then_some(self.value)
    }

    fn point(&self) -> AnswerPoint {
        AnswerPoint { value: self.value().filter(|_| self.decides), rest: self.rest, right: self.right }
    }
}

/// A cell that would come out otherwise, as it is.
#[derive(Debug, Clone, Copy)]
struct MovedCell {
    slot: u32,
    verdict: CellVerdict,
    /// What was measured of its answer; not a number where nothing was.
    value: f64,
}

impl BatchWhatIf {
    /// Begins with a rule, its answers being unread, over a batch that stands as these say.
    #[must_use]
    pub fn new(rule: &str, counts: StatusCounts, gates: Vec<Gate>) -> Self {
        Self { rule: rule.to_owned(), reading: Reading::default(), round: 0, moving: None, counts, gates }
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

    /// Tells whether it has work to go on with at once.
    pub(crate) fn has_work(&self) -> bool {
        self.reading.placing.is_some() || self.moving.as_ref().is_some_and(|moving| !moving.is_tried())
    }
}

/// Answers that are put in their places, and then in the order of what was measured.
#[derive(Debug, Clone)]
pub(crate) struct PlacingAnswers {
    pub(crate) knob: Threshold,
    /// The prompt's name, its file, and all that can be moved in it.
    pub(crate) prompt: String,
    pub(crate) file: Option<PathBuf>,
    pub(crate) rules: Vec<String>,
    /// Those that are in no place yet.
    left: Vec<Measured>,
    placed: Vec<PlacedAnswer>,
    in_order: WhatIfInWork,
}

impl PlacingAnswers {
    /// Begins with all answers in no place, for a threshold of the prompt of that name, in that file.
    pub(crate) fn new(
        knob: Threshold,
        (prompt, file): (String, Option<PathBuf>),
        rules: Vec<String>,
        answers: Vec<Measured>,
    ) -> Self {
        let (placed, in_order) = (Vec::with_capacity(answers.len()), WhatIfInWork::new(knob.side, answers.len()));
        Self { knob, prompt, file, rules, left: answers, placed, in_order }
    }

    /// Counts the answers that there are.
    pub(crate) fn len(&self) -> usize {
        self.left.len() + self.placed.len()
    }

    /// Does some answers. Those that stand nowhere in the batch are left out. Tells whether all is done.
    pub(crate) fn step(&mut self, places: &[(i64, u32)]) -> bool {
        if self.left.is_empty() {
            return self.in_order.step(ANSWERS);
        }
        let new = self.placed.len();
        let some = self.left.drain(self.left.len().saturating_sub(ANSWERS)..);
        self.placed.extend(some.filter_map(|answer| {
            let at = places.binary_search_by_key(&answer.seq, |(seq, _)| *seq).ok()?;
            places.get(at).map(|(_, slot)| PlacedAnswer::of(*slot, &answer))
        }));
        // A million of them are not held twice.
        self.left.shrink_to_fit();
        self.in_order.take(self.placed.iter().skip(new).map(PlacedAnswer::point));
        false
    }

    /// Returns the threshold over the answers that are in their places.
    pub(crate) fn moved(self) -> MovedOverBatch {
        let Self { knob, prompt, file, rules, left: _, placed: answers, in_order } = self;
        let moved = MovedThreshold::over(knob, in_order.done());
        MovedOverBatch { prompt, file, moved, rules, answers, tried: 0, before: Vec::new(), changes: (0, 0) }
    }
}

impl MovedOverBatch {
    /// Tells whether every answer was tried at where the threshold stands.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.tried >= self.answers.len()
    }

    /// Puts the cells back as they are.
    pub(crate) fn put_back(&mut self, grid: &mut Grid) {
        (self.changes, self.tried) = ((0, 0), 0);
        for MovedCell { slot, verdict, .. } in std::mem::take(&mut self.before) {
            grid.judge(slot, verdict);
        }
    }

    /// Has some cells come out as they do at where the threshold stands. Tells whether those were the last.
    pub(crate) fn try_on(&mut self, grid: &mut Grid) -> bool {
        let end = self.tried.saturating_add(ANSWERS).min(self.answers.len());
        for at in self.tried..end {
            let Some(answer) = self.answers.get(at).copied() else { break };
            let Some(cell) = grid.in_slot(answer.slot) else { continue };
            let Some((status, score, failed)) = self.changed(&cell, &answer) else { continue };
            if status != cell.status {
                let (passes, fails) = &mut self.changes;
                *if status == RunStatus::Passed { passes } else { fails } += 1;
            }
            let failed = grid.failed_number(&failed);
            let other = CellVerdict { status, failed, score: score.unwrap_or(f64::NAN) };
            if let Some(verdict) = grid.judge(answer.slot, other) {
                self.before.push(MovedCell { slot: answer.slot, verdict, value: answer.value });
            }
        }
        self.tried = end;
        let is_tried = self.is_tried();
        if is_tried {
            self.before.sort_unstable_by_key(|cell| cell.slot);
        }
        is_tried
    }

    /// Says why the cell that stands there fails at where the threshold stands; none where it fails as it is.
    pub(crate) fn reason(&self, slot: u32) -> Option<String> {
        let at = self.before.binary_search_by_key(&slot, |cell| cell.slot).ok().filter(|_| self.is_tried())?;
        let cell = self.before.get(at).filter(|cell| cell.verdict.status == RunStatus::Passed)?;
        let (knob, chosen) = (&self.moved.knob, self.moved.chosen);
        (!cell.value.is_nan()).then(|| format!("{}, what if {}", knob.shown_measured(cell.value), knob.shown(chosen)))
    }

    /// Returns how a cell comes out at where the threshold stands: its score, and the rules that it fails; none where it stays
    /// as it is.
    fn changed(&self, cell: &Cell, answer: &PlacedAnswer) -> Option<(RunStatus, Option<f64>, Vec<String>)> {
        let knob = &self.moved.knob;
        let reached = answer.value().map(|value| self.moved.reached(value));
        let [broken, held] = answer.scores;
        let score = reached.map(|reached| if reached { held } else { broken });
        let score = score.filter(|score| !score.is_nan()).or(cell.score);
        let mut failed = cell.failed.clone();
        match reached {
            Some(true) => failed.retain(|rule| *rule != knob.rule),
            Some(false) if !failed.contains(&knob.rule) && !knob.weightless => failed.push(knob.rule.clone()),
            Some(false) | None => {}
        }
        let passes = self.moved.passes(answer.point());
        let (status, failed) = match (cell.status, passes) {
            (RunStatus::Failed, Some(true)) => (RunStatus::Passed, failed),
            (RunStatus::Passed, Some(false)) | (RunStatus::Failed, _) => (RunStatus::Failed, failed),
            (
                RunStatus::Passed
                | RunStatus::Error
                | RunStatus::Inconclusive
                | RunStatus::Unchecked
                | RunStatus::Cancelled,
                _,
            ) => (cell.status, cell.failed.clone()),
        };
        let moved = match (score, cell.score) {
            (Some(score), Some(before)) => (score - before).abs() > 1e-9,
            (score, before) => score.is_some() != before.is_some(),
        };
        (moved || status != cell.status || failed != cell.failed).then_some((status, score, failed))
    }
}
