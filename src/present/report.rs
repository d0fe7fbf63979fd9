//! A batch as a file: `JUnit` XML, JSON Lines, CSV, Markdown or one page of HTML.
//!
//! Every writer is a function from the figures of a batch and its cells to bytes. Cells are read one at
//! a time, so that a report is as long as its batch and its memory is not. What a model wrote is
//! written so that nobody who opens the report obeys it.

pub mod github;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod rows;

use std::{io, io::Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    eval::tally::Tally,
    model::{
        BatchId, CellIndex, DatasetRow, Input, Outcome, Quality, RunEnd, RunStatus, Verdict, batch::Cell,
        run_end::Reason,
    },
    present::{baseline::PromptReview, tool_calls},
};

/// A cell with its texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportCell {
    /// What came of it.
    pub cell: Cell,
    /// The line of the data set its row begins on, where the file has lines.
    pub line: Option<u64>,
    /// What its row is called, if it says so.
    pub description: Option<String>,
    pub input: Input,
    /// The answer exactly as the model sent it; what came of it if it broke off.
    pub answer: String,
    /// The answer as it is read, with the rounds of tools before it and its calls; none where it has neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// Why there is no whole answer, in words.
    pub error: Option<String>,
    /// The target that answered, where it is not the one that was asked.
    pub fallback: Option<String>,
    /// Each target whose answer was not taken, with its error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<Reason>,
    /// The verdicts, once there was an answer to judge.
    pub quality: Option<Quality>,
}

impl ReportCell {
    /// Joins a cell, its row, and its run's outcome.
    #[must_use]
    pub fn of(cell: Cell, row: &DatasetRow, outcome: &Outcome) -> Self {
        Self {
            cell,
            line: row.line,
            description: row.name().map(str::to_owned),
            input: row.input.clone(),
            answer: tool_calls::answer(outcome).into_owned(),
            transcript: (!(outcome.rounds.is_empty() && outcome.calls.is_empty()))
                .then(|| tool_calls::transcript(outcome)),
            error: (outcome.end != RunEnd::Done).then(|| outcome.end.to_string()),
            fallback: outcome.fell_back().then(|| outcome.target.clone()),
            given_up: outcome.given_up.clone(),
            quality: outcome.quality.clone(),
        }
    }

    /// Returns the answer as it is read by a person.
    #[must_use]
    pub fn read(&self) -> &str {
        self.transcript.as_ref().unwrap_or(&self.answer)
    }

    /// Lists the verdicts that broke a rule.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        self.quality.iter().flat_map(Quality::failures)
    }

    /// Lists the verdicts of rules that could not be applied.
    pub fn inconclusive(&self) -> impl Iterator<Item = &Verdict> {
        self.quality.iter().flat_map(Quality::inconclusive)
    }

    /// Says why it did not pass, one reason after the other: each broken rule with its numbers, or the
    /// error. Empty where it passed or nothing was checked.
    #[must_use]
    pub fn why(&self) -> String {
        match self.cell.status {
            RunStatus::Error | RunStatus::Cancelled => self.error.clone().unwrap_or_else(|| self.cell.end.clone()),
            RunStatus::Failed => {
                let reasons: Vec<String> = self.failures().map(reason).collect();
                if reasons.is_empty() { self.below() } else { reasons.join("; ") }
            }
            RunStatus::Inconclusive => self.inconclusive().map(reason).collect::<Vec<_>>().join("; "),
            RunStatus::Passed | RunStatus::Unchecked => String::new(),
        }
    }

    fn below(&self) -> String {
        let least = self.quality.as_ref().and_then(|quality| quality.min_score);
        match (self.cell.score, least) {
            (Some(score), Some(least)) => format!("score {score:.2} < least score {least:.2}"),
            _ => "not good enough".to_owned(),
        }
    }
}

/// Writes a verdict as a rule and its reason.
fn reason(verdict: &Verdict) -> String {
    let at = verdict.at.as_deref().filter(|at| !at.is_empty()).map(|at| format!(" at {at}")).unwrap_or_default();
    format!("{}{at}: {}", verdict.rule, verdict.reason)
}

/// One prompt on one target, and what its cells come to.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportLane {
    /// The prompt's place, counted from 0.
    pub prompt: u32,
    /// The target's place, counted from 0.
    pub target: u32,
    /// The prompt's name.
    pub prompt_name: String,
    /// The target's name.
    pub target_name: String,
    /// What its cells come to.
    pub tally: Tally,
}

/// All of a batch but its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    pub batch: BatchId,
    pub name: String,
    /// Where its rows come from.
    pub data: String,
    /// How often each request was made.
    pub samples: u32,
    /// How it ended in words: `complete`, or why it is not.
    pub end: String,
    /// When the report was made.
    pub made: Timestamp,
    /// The names of all variables that any row has.
    pub variables: Vec<String>,
    /// Each prompt on each target, in order.
    pub lanes: Vec<ReportLane>,
    /// The baselines that it was held against.
    pub baselines: Vec<PromptReview>,
}

impl Whole {
    /// Returns the names of the prompt and the target at a place.
    #[must_use]
    pub fn names(&self, place: CellIndex) -> (&str, &str) {
        let lane = self.lanes.iter().find(|lane| (lane.prompt, lane.target) == (place.prompt, place.target));
        lane.map_or(("?", "?"), |lane| (&lane.prompt_name, &lane.target_name))
    }

    /// Adds up what all cells come to.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.lanes.iter().for_each(|lane| total.join(&lane.tally));
        total
    }

    /// Tells whether every cell was asked.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.end == "complete"
    }

    /// Names a cell among those of its lane: its row, what the row is called, and its sample where
    /// there are several.
    #[must_use]
    pub fn title(&self, entry: &ReportCell) -> String {
        let CellIndex { row, sample, .. } = entry.cell.place;
        let sample = if self.samples > 1 { format!(", sample {}", sample + 1) } else { String::new() };
        let description = entry.description.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
        format!("row {row}{sample}{description}")
    }
}

/// Takes cells one after the other.
pub type Take<'a> = dyn FnMut(&ReportCell) -> io::Result<()> + 'a;

/// Cells that can be gone through again and again.
pub trait Entries {
    /// Goes through all, or through those of one prompt on one target, in the order of their places.
    fn each(&self, lane: Option<(u32, u32)>, take: &mut Take<'_>) -> io::Result<()>;
}

impl Entries for Vec<ReportCell> {
    fn each(&self, lane: Option<(u32, u32)>, take: &mut Take<'_>) -> io::Result<()> {
        let of =
            |entry: &&ReportCell| lane.is_none_or(|lane| lane == (entry.cell.place.prompt, entry.cell.place.target));
        self.iter().filter(of).try_for_each(take)
    }
}

/// The forms of a report, as the ending of its file chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportFormat {
    /// `.jsonl`: a line for each cell.
    Lines,
    /// `.csv`: a row for each cell.
    Csv,
    /// `.md`: the figures, and the cells that did not pass.
    Markdown,
    /// `.html`: one page with all of it.
    Html,
    /// `.xml`: `JUnit`'s.
    Junit,
}

impl ReportFormat {
    /// Chooses by the ending of a file's name.
    #[must_use]
    pub fn of(file: &str) -> Option<Self> {
        let (_, ending) = file.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::Lines),
            "csv" => Some(Self::Csv),
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            "xml" => Some(Self::Junit),
            _ => None,
        }
    }

    /// Tells by the beginning of a file whether it is a report of this form.
    #[must_use]
    pub fn recognizes(self, head: &[u8]) -> bool {
        let head = String::from_utf8_lossy(head);
        match self {
            Self::Lines => rows::jsonl_head(&head),
            Self::Csv => rows::csv_head(&head),
            Self::Markdown => markdown::begins(&head),
            Self::Html => html::begins(&head),
            Self::Junit => junit::begins(&head),
        }
    }

    /// Writes the report in this form.
    pub fn write(self, out: &mut dyn Write, whole: &Whole, entries: &dyn Entries) -> io::Result<()> {
        match self {
            Self::Lines => rows::write_jsonl(out, whole, entries),
            Self::Csv => rows::write_csv(out, whole, entries),
            Self::Markdown => markdown::write(out, whole, entries),
            Self::Html => html::write(out, whole, entries),
            Self::Junit => junit::write(out, whole, entries),
        }
    }
}

#[cfg(test)]
mod tests;
