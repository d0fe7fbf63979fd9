//! The what-if of the quality screen: a threshold that is moved over stored answers, and what that does.
//!
//! How often which value was measured, between round thresholds, with what people found of the answers.

pub(crate) mod update;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        action::{Action, GlobalAction, QualityAction, Verb},
        screen::Footer,
    },
    eval::{
        WhatIf,
        whatif::{At, Flip, Measured, Sorted, SortedInWork, Threshold, WhatIfInWork},
    },
    store::api::{HistoryEntry, Points},
    widgets::{motion::Motion, table::Table},
};

/// Round thresholds that the arrows stop at, at most.
const STOPS: usize = 41;

/// Runs whose texts are kept, at most.
const KEPT: usize = 2000;

/// Answers that are taken in, or put in order, in one step: some milliseconds.
const ANSWERS: usize = 16_384;

/// Rows of the numbers, with their frame.
const NUMBERS: u16 = 8;

/// The width from which on the chart stands beside the numbers.
const WIDE: u16 = 110;

/// The stored answers, worked out for one threshold.
#[derive(Debug, Clone)]
pub struct Read {
    /// The prompt's name.
    pub prompt: Option<String>,
    /// The prompt's file that holds the present value; without one it is the last version's.
    pub file: Option<PathBuf>,
    pub knob: Threshold,
    /// All that can be moved in the prompt.
    pub rules: Vec<String>,
    /// The answers.
    pub judged: Vec<Measured>,
    /// What a threshold does to them.
    pub what: WhatIf,
    /// Their order in the list.
    pub sorted: Sorted,
    /// Round thresholds, ascending.
    pub stops: Vec<f64>,
    /// How often which value was measured, from each round threshold up to the next.
    pub bins: Vec<(f64, Bin)>,
    /// Graded answers, and those that are right.
    pub graded: (u64, u64),
}

/// Stored answers that are being worked out for one threshold, a step at a time.
#[derive(Debug, Clone)]
pub(crate) struct ReadInWork {
    prompt: Option<String>,
    file: Option<PathBuf>,
    knob: Threshold,
    rules: Vec<String>,
    judged: Vec<Measured>,
    /// Answers that were taken in.
    taken: usize,
    what: WhatIfInWork,
    sorted: SortedInWork,
    /// Whether the threshold was moved before, and stays where it is.
    is_known: bool,
}

/// What is to be seen.
#[derive(Debug, Clone, Default)]
pub enum WhatIfView {
    /// The answers are read, and put in order.
    #[default]
    Loading,
    /// No answer that is asked for was judged.
    Nothing,
    /// The answers are of several prompts, each with how many there are; one is to be chosen.
    Several(Vec<(Option<String>, u64)>),
    /// There is nothing to move, in words with the next step.
    Stuck(String),
    /// A threshold can be moved.
    Moving(Box<Read>),
}

/// What the pane of thresholds shows: one threshold of a prompt, and the answers it was measured on.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The rule whose threshold is moved, by its name as in verdicts.
    pub rule: String,
    /// What is to be seen.
    pub shown: WhatIfView,
    /// The threshold that was moved to.
    pub chosen: f64,
    /// The window on the list: on the answers, or on the prompts to choose from.
    pub table: Table,
    /// The runs in sight, by their numbers on record.
    runs: BTreeMap<i64, HistoryEntry>,
    /// What waits for the prompt's file.
    held: Option<Box<Points>>,
    /// What is being worked out of the answers.
    in_work: Option<Box<ReadInWork>>,
    /// Counts the questions so far: an answer to an earlier one is late.
    round: u64,
    /// The question that was asked last.
    requested: u64,
    /// The runs that were asked for, by their numbers on record, and are waited for.
    wanted: Vec<i64>,
    /// Runs that are gone from the record by now.
    gone: BTreeSet<i64>,
}

/// Where the parts of the view are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhatIfAreas {
    /// The numbers, with their frame.
    pub numbers: Rect,
    /// The chart, with its frame; empty where it has no room.
    pub chart: Rect,
    /// The list, with its frame.
    pub list: Rect,
}

impl View {
    /// Begins with a rule; where none is named it is the confidence. A prompt without it takes what it has.
    #[must_use]
    pub fn new(rule: Option<String>) -> Self {
        Self { rule: rule.unwrap_or_else(|| "confidence".to_owned()), round: 1, ..Self::default() }
    }

    /// Returns the answers, if they were read and a threshold can be moved.
    #[must_use]
    pub fn read(&self) -> Option<&Read> {
        if let WhatIfView::Moving(read) = &self.shown { Some(read) } else { None }
    }

    /// Tells what the present threshold does, and what the one that was moved to.
    #[must_use]
    pub fn before_and_after(&self) -> Option<(At, At)> {
        let read = self.read()?;
        let present = read.knob.counting();
        Some((read.what.at(present, present), read.what.at(self.chosen, present)))
    }

    /// Returns a row of the list, and its run as far as that was read.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<(&Measured, Flip, Option<&HistoryEntry>)> {
        let read = self.read()?;
        let flip = read.sorted.row(row, self.chosen, read.knob.counting())?;
        let measured = read.judged.get(flip.index)?;
        Some((measured, flip, self.runs.get(&measured.seq)))
    }

    /// Returns the run under the cursor, if it was read.
    #[must_use]
    pub fn run(&self) -> Option<&HistoryEntry> {
        self.row(self.table.chosen()?)?.2
    }

    /// Tells how the footer has an action just now.
    #[must_use]
    pub fn footer(&self, action: Action) -> Footer {
        let moving = self.read();
        let shown = |useful: bool, label: &'static str| if useful { Footer::As(label) } else { Footer::Hidden };
        let moves = moving.is_some_and(|read| read.what.measured() > 0);
        match action {
            Action::Verb(verb) => match verb {
                Verb::Accept if matches!(self.shown, WhatIfView::Several(_)) => Footer::As("this prompt"),
                Verb::Accept => shown(self.run().is_some(), "the run"),
                Verb::NextPane => shown(moving.is_some_and(|read| read.rules.len() > 1), "next threshold"),
                Verb::Leave => Footer::Shown,
                Verb::ToBench => shown(self.run().is_some(), "to bench"),
                Verb::OnlyFailed
                | Verb::Run
                | Verb::NextSample
                | Verb::PreviousSample
                | Verb::Xray
                | Verb::Copy
                | Verb::Diff
                | Verb::Baseline
                | Verb::Next
                | Verb::Previous
                | Verb::Grade
                | Verb::PreviousPane
                | Verb::MoreCalls
                | Verb::FewerCalls
                | Verb::Filter
                | Verb::Sort
                | Verb::TurnSort
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns
                | Verb::OnlyErrors => Footer::Hidden,
            },
            Action::Quality(action) => match action {
                QualityAction::WriteThreshold => {
                    let differs = |read: &Read| !same(self.chosen, read.knob.present.unwrap_or(f64::NAN));
                    shown(moving.is_some_and(differs), "write")
                }
                QualityAction::NextFlip => shown(moves, "next change"),
                QualityAction::PreviousFlip | QualityAction::WhatIf | QualityAction::Calibrate => Footer::Hidden,
            },
            Action::Motion(motion) => shown(moves && motion == Motion::Right, "move"),
            Action::Global(action) => Footer::of(matches!(action, GlobalAction::Palette | GlobalAction::Help)),
            Action::Overlay(_) | Action::Bench(_) | Action::Batch(_) | Action::History(_) | Action::Traffic(_) => {
                Footer::Hidden
            }
        }
    }

    /// Shares a body, the query line taken off, among the parts.
    #[must_use]
    pub fn places(body: Rect) -> WhatIfAreas {
        let cut = |area: Rect, rows: u16| {
            let rows = rows.min(area.height);
            (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
        };
        if body.width >= WIDE {
            let (above, list) = cut(body, NUMBERS + 1);
            let wide = above.width / 2;
            let numbers = Rect { width: above.width - wide, ..above };
            return WhatIfAreas { numbers, chart: Rect { x: numbers.right(), width: wide, ..above }, list };
        }
        // on the smallest screen two rows of the list are worth more than the last of the numbers
        let (numbers, rest) = cut(body, NUMBERS.min(body.height.saturating_sub(5)));
        // a list of a few rows is worth more than a chart
        let (chart, list) = cut(rest, if rest.height >= 11 { 5 } else { 0 });
        WhatIfAreas { numbers, chart, list }
    }

    /// Gives the list the room it has.
    pub(crate) fn fit(&mut self, body: Rect) {
        let several = matches!(self.shown, WhatIfView::Several(_));
        let rows =
            if several { body.height.saturating_sub(4) } else { Self::places(body).list.height.saturating_sub(2) };
        self.table.fit(usize::from(rows));
    }

    /// Takes a click or a turn of the wheel at a place of the screen.
    pub(crate) fn click(&mut self, at: Position, body: Rect, wheel: Option<isize>) {
        let below = crate::app::quality::below(body);
        let list = if matches!(self.shown, WhatIfView::Several(_)) { below } else { Self::places(below).list };
        match (wheel, at.y.checked_sub(list.y + 2)) {
            (Some(by), _) => self.table.step(by),
            (None, Some(line)) => drop(self.table.click(usize::from(line))),
            (None, None) => {}
        }
    }

    /// Asks anew, as the runs that are asked for have changed, or the rule has.
    pub(crate) fn ask(&mut self) {
        self.round += 1;
    }
}

/// Tells whether two thresholds are the same one.
#[allow(clippy::float_cmp, reason = "a threshold that differs in its last digit is another one")]
pub(crate) fn same(one: f64, other: f64) -> bool {
    one == other
}

/// What was measured from one round threshold up to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Answers.
    pub all: u64,
    /// Those among them that were found right.
    pub right: u64,
    /// Those that were found wrong.
    pub wrong: u64,
}

/// Counts the answers that the threshold decides on between round thresholds, ascending; each bin comes with
/// the threshold it begins at, and the last holds what is that threshold exactly.
pub(crate) fn bins(edges: &[f64], judged: &[Measured]) -> Vec<(f64, Bin)> {
    let mut bins: Vec<(f64, Bin)> = edges.iter().map(|edge| (*edge, Bin::default())).collect();
    for measured in judged {
        let Some(value) = measured.point().value.filter(|value| value.is_finite()) else {
            continue;
        };
        let at = edges.partition_point(|edge| *edge <= value).saturating_sub(1);
        if let Some((_, bin)) = bins.get_mut(at) {
            bin.all += 1;
            bin.right += u64::from(measured.right == Some(true));
            bin.wrong += u64::from(measured.right == Some(false));
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_bin_of_the_threshold_below_it() {
        let of = |value, right| Measured { seq: 1, value: Some(value), decides: true, rest: true, right, scores: None };
        let judged = [
            of(0.2, Some(true)),
            of(0.29, Some(false)),
            of(0.3, None),
            of(0.4, None),
            Measured { decides: false, ..of(0.3, None) },
            of(f64::INFINITY, None),
        ];
        let bin = |all, right, wrong| Bin { all, right, wrong };
        let want = [(0.2, bin(2, 1, 1)), (0.3, bin(1, 0, 0)), (0.4, bin(1, 0, 0))];
        assert_eq!(bins(&[0.2, 0.3, 0.4], &judged), want);
        assert!(bins(&[], &judged).is_empty());
    }
}
