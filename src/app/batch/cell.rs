//! One cell, looked at closely: its answer, what differs, what each check says.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    model::{CellIndex, CheckKind, RunId, expected::EXPECTED},
    pipeline::ports::RunRecord,
    present::{
        attachments::chip,
        tool_calls::{RunTranscript, transcript},
    },
    text::clean,
    widgets::{
        answer_view::AnswerView,
        diff_view::{DiffSide, DiffView},
    },
};

/// Characters of an answer that are shown where there is no room for more.
const BRIEF: usize = 600;

/// What of a cell's answer is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shows {
    #[default]
    Answer,
    /// What differs from what was expected.
    Expected,
    /// What differs from the same cell of the baseline.
    Baseline,
}

/// One cell.
#[derive(Debug, Clone)]
pub struct CellDetail {
    /// Where it is.
    pub place: CellIndex,
    /// The run that filled it.
    pub run: RunId,
    /// All that is on record of it, once it is read.
    pub record: Option<Box<RunRecord>>,
    /// Why it cannot be read.
    pub error: Option<String>,
    /// What is shown.
    pub shows: Shows,
    answer: AnswerView,
    /// The beginning of the answer on one line.
    pub brief: String,
    /// What differs from what was expected.
    expected: Option<Box<DiffView>>,
    /// What differs from the baseline's answer.
    before: Option<Box<DiffView>>,
    /// What of the checks is in sight: the first line.
    pub top: usize,
}

impl CellDetail {
    /// Begins with a cell whose run is yet to be read.
    #[must_use]
    pub fn new(place: CellIndex, run: RunId) -> Self {
        Self {
            place,
            run,
            record: None,
            error: None,
            shows: Shows::Answer,
            answer: AnswerView::default(),
            brief: String::new(),
            expected: None,
            before: None,
            top: 0,
        }
    }

    /// Shows a record that has been read.
    pub fn take(&mut self, record: Box<RunRecord>) {
        let outcome = &record.outcome;
        self.answer = AnswerView::default();
        self.answer.expect(&record.prompt.expected());
        self.answer.push(&clean(&RunTranscript::of_rounds(&outcome.rounds).text()));
        self.answer.begin_answer();
        self.answer.push(&clean(&outcome.text));
        self.answer.push(&clean(&RunTranscript::of_calls(outcome).text()));
        self.answer.to_top();
        let whole = transcript(outcome);
        let words = whole.split_whitespace().flat_map(|word| word.chars().chain([' ']));
        self.brief = words.take(BRIEF).collect();
        if outcome.calls.is_empty() {
            self.answer.settle(&outcome.text, outcome.json.is_some(), outcome.quality.as_ref());
        }
        self.expected = expected(&record).map(|expected| {
            let new = Arc::new(DiffSide::of_outcome(outcome));
            Box::new(DiffView::new(&Arc::new(DiffSide::of(&expected, None)), &new))
        });
        self.record = Some(record);
    }

    /// Takes in the record of the same cell of the baseline.
    pub fn compare(&mut self, before: &RunRecord) {
        let Some(record) = &self.record else {
            return;
        };
        let side = |record: &RunRecord| Arc::new(DiffSide::of_outcome(&record.outcome));
        self.before = Some(Box::new(DiffView::new(&side(before), &side(record))));
        self.shows = Shows::Baseline;
    }

    /// Shows what differs from what was expected, then from the baseline, then the answer. Tells
    /// whether there is anything to compare with.
    pub fn step(&mut self) -> bool {
        self.shows = match self.shows {
            Shows::Answer if self.expected.is_some() => Shows::Expected,
            Shows::Answer | Shows::Expected if self.before.is_some() => Shows::Baseline,
            Shows::Answer | Shows::Expected | Shows::Baseline => Shows::Answer,
        };
        self.expected.is_some() || self.before.is_some()
    }

    /// Names each picture, file and recording that went with it, once.
    fn chips(&self, unicode: bool) -> impl Iterator<Item = String> {
        let mut all: Vec<String> = Vec::new();
        for attachment in self.record.iter().flat_map(|record| record.attachments()) {
            let words = chip(attachment, unicode);
            if !all.contains(&words) {
                all.push(words);
            }
        }
        all.into_iter()
    }

    /// Returns what was asked on one line: what went with it, its text and its variables; none until that is read.
    #[must_use]
    pub fn input(&self, unicode: bool) -> Option<String> {
        let input = &self.record.as_ref()?.input;
        let vars = input.vars.iter().filter(|(name, _)| *name != EXPECTED);
        let vars = vars.map(|(name, value)| format!("{name}: {}", value.as_str()));
        let text = Some(input.text.clone()).filter(|text| !text.is_empty());
        Some(self.chips(unicode).chain(text).chain(vars).collect::<Vec<_>>().join("  ·  "))
    }

    /// Tells whether it is known what was expected.
    #[must_use]
    pub fn has_expected(&self) -> bool {
        self.expected.is_some()
    }

    /// Tells whether it was compared with the baseline.
    #[must_use]
    pub fn is_compared(&self) -> bool {
        self.before.is_some()
    }

    /// Returns what differs, where that is shown.
    #[must_use]
    pub fn difference(&self) -> Option<&DiffView> {
        match self.shows {
            Shows::Answer => None,
            Shows::Expected => self.expected.as_deref(),
            Shows::Baseline => self.before.as_deref(),
        }
    }

    #[must_use]
    pub fn answer(&self) -> &AnswerView {
        &self.answer
    }

    /// Returns the window on what is shown, to be moved.
    pub fn view_mut(&mut self) -> &mut AnswerView {
        match (self.shows, &mut self.expected, &mut self.before) {
            (Shows::Expected, Some(difference), _) | (Shows::Baseline, _, Some(difference)) => difference.view_mut(),
            _ => &mut self.answer,
        }
    }
}

/// Finds what the answer was expected to be: the variable of that name, else what it must equal.
fn expected(record: &RunRecord) -> Option<String> {
    if let Some(value) = record.input.value(EXPECTED).or_else(|| record.input.value("__expected")) {
        return Some(value.to_owned());
    }
    let equal = record
        .prompt
        .checks
        .iter()
        .find(|check| check.enabled && check.kind.kind == CheckKind::Equals && !check.kind.not)?;
    match equal.value.as_ref()? {
        Value::String(text) => {
            let name = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
            match name {
                Some(name) => record.input.value(name).map(str::to_owned),
                None => Some(text.clone()),
            }
        }
        other => Some(other.to_string()),
    }
}
