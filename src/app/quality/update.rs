//! What actions do on the report: moving in its parts, going to the runs of what the cursor is on, copying.
//!
//! A line of a grouping as the baseline, and what the record says of another line against it.

use jiff::tz::TimeZone;

use crate::{
    app::{
        Action, App, Effect, Screen,
        overlays::copy::{CopyAs, CopyMenu},
        quality::{
            GroupEntry, Grouping, Quality, QualityPane, is_wide,
            trend::{minute, places, stretch},
        },
        status_bar::Tone,
        store_request::Pending,
    },
    eval::quality::{By, GroupRow, Report},
    model::query::{Filter, Query, What, with_filter},
    present::quality_report::markdown,
    store::api::{PairedComparison, StoreReply, StoreRequest},
    text::{Pasted, shell},
};

/// A filter: its key and its value.
type FilterTerm = (&'static str, String);

impl App {
    /// Does an action on the report.
    pub(crate) fn in_report(&mut self, action: Action) {
        match action {
            Action::Filter => self.quality.asking.typing = true,
            Action::Refresh => self.enter_quality(),
            Action::Sort | Action::TurnSort => {
                self.quality.lines.sort(action == Action::TurnSort);
                self.arrange_quality();
            }
            Action::NextPane | Action::PreviousPane => self.quality.focus(action == Action::NextPane),
            Action::Accept => self.show_runs(),
            Action::Baseline => self.mark_line(),
            Action::Copy if self.quality.report.is_some() => self.open(CopyMenu::new(self)),
            Action::ExportRuns => {
                if let Some(bad) = &self.quality.asking.mistake {
                    let says = bad.to_string();
                    self.say(Tone::Warning, &says);
                    return;
                }
                let command = self.quality.command();
                self.effects.push(Effect::Copy { what: command.clone(), text: Pasted::new(command) });
            }
            Action::ScoreRuns => self.score_asked(&self.quality.asking.clone()),
            Action::Left | Action::Right if self.quality.part == QualityPane::Trend => {
                self.quality.step_in_trend(action == Action::Right);
            }
            Action::Left | Action::Right => {
                self.quality.part = QualityPane::Lines;
                self.quality.lines.regroup(action == Action::Right);
                self.arrange_quality();
            }
            action => self.quality.go(action),
        }
    }

    /// Goes to the history with the runs of what the cursor is on.
    fn show_runs(&mut self) {
        let quality = &self.quality;
        let line = quality.filters(&self.zone).and_then(|filters| {
            let start = Some(quality.asking.line.text());
            filters.iter().fold(start, |line, (key, value)| with_filter(&line?, key, value))
        });
        match line {
            Some(line) if Query::parse(&line, &self.local_now()).is_ok() => self.narrow_history(&line),
            _ => self.say(Tone::Info, "no filter finds the runs of this"),
        }
    }

    /// Goes to the history with a line; a step back from there leads here.
    pub(crate) fn narrow_history(&mut self, line: &str) {
        self.go_to(Screen::History);
        let now = self.local_now();
        self.history.narrow(line, &now);
    }
}

impl Quality {
    /// Lists the filters that find the runs of what the cursor is on, times as they are in a time zone; none where
    /// there is nothing to find.
    #[must_use]
    pub fn filters(&self, zone: &TimeZone) -> Option<Vec<FilterTerm>> {
        let report = self.report.as_deref()?;
        match self.part {
            QualityPane::Report => {
                let change = report.changes.get(self.changes.chosen()?)?;
                Some(vec![
                    ("prompt", change.prompt.clone()),
                    ("version", change.last.clone()),
                    ("verdict", "failed".to_owned()),
                ])
            }
            QualityPane::Trend => {
                let (from, to) = stretch(self.point()?, zone)?;
                Some(vec![("since", minute(&from)), ("until", minute(&to))])
            }
            QualityPane::Lines => self.lines.chosen(report)?.filters(self.lines.kind),
        }
    }

    /// Goes to the next part, or to the one before; what got worse is passed over where there is no change
    /// and all is in sight.
    fn focus(&mut self, forward: bool) {
        let none = is_wide(self.body) && self.changes.is_empty();
        let parts: Vec<QualityPane> =
            QualityPane::ALL.iter().filter(|part| !none || **part != QualityPane::Report).copied().collect();
        let at = parts.iter().position(|part| *part == self.part);
        let next = match (at, forward) {
            (Some(at), true) => (at + 1) % parts.len(),
            (Some(at), false) => (at + parts.len() - 1) % parts.len(),
            (None, _) => 0,
        };
        self.part = parts.get(next).copied().unwrap_or_default();
    }

    fn step_in_trend(&mut self, forward: bool) {
        if let Some(report) = self.report.as_deref() {
            self.cursor.step(&places(report), forward);
        }
    }

    /// Moves the cursor of the part that has the keys.
    fn go(&mut self, action: Action) {
        let table = match self.part {
            QualityPane::Report => &mut self.changes,
            QualityPane::Lines => &mut self.lines.table,
            QualityPane::Trend => {
                match action {
                    Action::Up | Action::Down => self.step_in_trend(action == Action::Down),
                    Action::Top => self.cursor.put(0, self.stretches()),
                    Action::Bottom => self.cursor.put(usize::MAX, self.stretches()),
                    _ => {}
                }
                return;
            }
        };
        table.go(action);
    }

    /// What the command line and the copy of the report group by.
    fn by(&self) -> By {
        if let Grouping::Runs(by) = self.lines.kind { by } else { By::Model }
    }

    /// Returns the command line that writes the same report.
    #[must_use]
    pub fn command(&self) -> String {
        let by = match self.by() {
            By::Model => "",
            By::Provider => " --by provider",
            By::Prompt => " --by prompt",
            By::Version => " --by version",
            By::Params => " --by params",
        };
        let line = self.asking.line.text();
        match line.trim() {
            "" => format!("retort quality{by}"),
            line => format!("retort quality{by} -- {}", shell::word(line)),
        }
    }
}

/// Writes the report, or the question, in a form; none if there is nothing to write.
#[must_use]
pub fn text(form: CopyAs, quality: &Quality) -> Option<Pasted> {
    let text = match form {
        CopyAs::Markdown => Some(markdown(quality.report.as_deref()?, quality.by())),
        CopyAs::CommandLine => Some(quality.command()),
        CopyAs::Query => Some(quality.asking.line.text()).filter(|line| !line.trim().is_empty()),
        CopyAs::Answer
        | CopyAs::RawAnswer
        | CopyAs::Value
        | CopyAs::Json
        | CopyAs::Curl
        | CopyAs::Python
        | CopyAs::Promptfoo
        | CopyAs::RunId
        | CopyAs::Record => None,
    };
    text.map(Pasted::new)
}

/// Answers that are remembered, at most.
const REMEMBERED: usize = 64;

/// The baseline, and what was said of others against it.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The line: its grouping, its name, and what finds its runs.
    line: Option<(By, String, Vec<What>)>,
    /// What was asked, each with its answer.
    asked: Vec<Question>,
    /// Counts the questions.
    count: u64,
}

/// What was asked of a line, of the runs of one report.
#[derive(Debug, Clone)]
struct Question {
    number: u64,
    round: u64,
    name: String,
    answer: Option<Result<Box<PairedComparison>, String>>,
}

/// How the line under the cursor stands to the baseline.
#[derive(Debug, Clone, Copy)]
pub enum Stand<'a> {
    /// It is the baseline.
    Is,
    /// The record was asked, or is about to be.
    Waits,
    /// The record says so much.
    Told(&'a PairedComparison),
    /// The record could not say, and why.
    Failed(&'a str),
}

impl Baseline {
    fn question(&self, round: u64, name: &str) -> Option<&Question> {
        self.asked.iter().find(|question| question.round == round && question.name == name)
    }

    /// Notes that a line is asked about, and returns the question's number.
    fn ask(&mut self, round: u64, name: String) -> u64 {
        self.count += 1;
        self.asked.push(Question { number: self.count, round, name, answer: None });
        let over = self.asked.len().saturating_sub(REMEMBERED);
        self.asked.drain(..over);
        self.count
    }

    /// Takes an answer in; one to a question that is forgotten is late.
    pub(crate) fn take(&mut self, number: u64, answer: Result<StoreReply, String>) {
        if let Some(question) = self.asked.iter_mut().find(|question| question.number == number) {
            question.answer = match answer {
                Ok(StoreReply::Weighed(weighed)) => Some(Ok(weighed)),
                Ok(_) => None,
                Err(why) => Some(Err(why)),
            };
        }
    }

    fn waits(&self) -> bool {
        self.asked.iter().any(|question| question.answer.is_none())
    }
}

/// Finds the runs of a line.
fn whats(line: &GroupRow, by: By) -> Vec<What> {
    let value = line.value.clone().unwrap_or_else(|| line.name.clone());
    match by {
        By::Model => vec![What::Model(value)],
        By::Provider => vec![What::Provider(value)],
        By::Prompt => vec![What::Prompt(value)],
        By::Version => line.prompt.iter().cloned().map(What::Prompt).chain([What::Version(value)]).collect(),
        By::Params => vec![What::Params(value)],
    }
}

impl Quality {
    /// Returns the name of the baseline of a report's present grouping, if it has one.
    #[must_use]
    pub fn baseline(&self) -> Option<&str> {
        let (by, name, _) = self.baseline.line.as_ref()?;
        (Grouping::Runs(*by) == self.lines.kind).then_some(name)
    }

    /// Tells how the line under the cursor stands to the baseline; none without either.
    #[must_use]
    pub fn stand(&self) -> Option<Stand<'_>> {
        let base = self.baseline()?;
        let name = self.lines.chosen(self.report.as_deref()?)?.name();
        if name == base {
            return Some(Stand::Is);
        }
        let answer = self.baseline.question(self.read, &name).and_then(|question| question.answer.as_ref());
        Some(match answer {
            None => Stand::Waits,
            Some(Ok(weighed)) => Stand::Told(weighed),
            Some(Err(why)) => Stand::Failed(why),
        })
    }

    /// Makes the question of the line under the cursor against the baseline, where it is open.
    fn open_question(&self) -> Option<(String, StoreRequest)> {
        let (by, base, filters) = self.baseline.line.as_ref()?;
        let (name, line) = runs_of(self.lines.chosen(self.report.as_deref()?)?)?;
        if Grouping::Runs(*by) != self.lines.kind || name == *base || self.baseline.question(self.read, &name).is_some()
        {
            return None;
        }
        let with = |whats: Vec<What>| -> Box<Query> {
            let mut query = self.wanted.clone();
            query.filters.extend(whats.into_iter().map(|what| Filter { not: false, what }));
            Box::new(query)
        };
        Some((name, StoreRequest::Weigh { a: with(filters.clone()), b: with(whats(line, *by)) }))
    }
}

fn runs_of(entry: GroupEntry<'_>) -> Option<(String, &GroupRow)> {
    if let GroupEntry::Runs(line) = entry { Some((entry.name(), line)) } else { None }
}

impl App {
    /// Makes the line under the cursor the baseline of the others, or takes that back.
    pub(crate) fn mark_line(&mut self) {
        let quality = &mut self.quality;
        let chosen =
            |report: &Report| quality.lines.chosen(report).and_then(runs_of).map(|(name, line)| (name, line.clone()));
        let found = quality.report.as_deref().and_then(chosen);
        let (Grouping::Runs(by), Some((name, line))) = (quality.lines.kind, found) else {
            self.say(Tone::Info, "a baseline is a line by model, provider, prompt, version or parameters");
            return;
        };
        quality.part = QualityPane::Lines;
        quality.baseline.asked.clear();
        let says = if quality.baseline() == Some(&name) {
            quality.baseline.line = None;
            "no baseline".to_owned()
        } else {
            let filters = whats(&line, by);
            quality.baseline.line = Some((by, name.clone(), filters));
            format!("{name} is the baseline; the others are weighed against it")
        };
        self.say(Tone::Info, &says);
    }

    /// Asks the record for the line under the cursor against the baseline, one question at a time.
    pub(crate) fn settle_baseline(&mut self) {
        let quality = &mut self.quality;
        if self.screen != Screen::Quality || quality.loading() || quality.baseline.waits() {
            return;
        }
        if let Some((name, job)) = quality.open_question() {
            let number = quality.baseline.ask(quality.read, name);
            self.ask_store(job, Pending::Quality(crate::app::quality::QualityQuestion::Baseline(number)));
        }
    }
}
