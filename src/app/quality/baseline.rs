//! A line of a grouping as the baseline, and what the record says of another line against it.

use super::{Entry, Kind, Quality};
use crate::{
    app::{App, Screen, notice::Tone, stored::Asked, weighing::Weighed},
    eval::review::{By, Line, Report},
    model::query::{Filter, Query, What},
    store::job::{Job, Reply},
};

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
    answer: Option<Result<Box<Weighed>, String>>,
}

/// How the line under the cursor stands to the baseline.
#[derive(Debug, Clone, Copy)]
pub enum Stand<'a> {
    /// It is the baseline.
    Is,
    /// The record was asked, or is about to be.
    Waits,
    /// The record says so much.
    Told(&'a Weighed),
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
    pub(super) fn take(&mut self, number: u64, answer: Result<Reply, String>) {
        if let Some(question) = self.asked.iter_mut().find(|question| question.number == number) {
            question.answer = match answer {
                Ok(Reply::Weighed(weighed)) => Some(Ok(weighed)),
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
fn whats(line: &Line, by: By) -> Vec<What> {
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
        (Kind::Runs(*by) == self.lines.kind).then_some(name)
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
    fn open_question(&self) -> Option<(String, Job)> {
        let (by, base, filters) = self.baseline.line.as_ref()?;
        let (name, line) = runs_of(self.lines.chosen(self.report.as_deref()?)?)?;
        if Kind::Runs(*by) != self.lines.kind || name == *base || self.baseline.question(self.read, &name).is_some() {
            return None;
        }
        let with = |whats: Vec<What>| -> Box<Query> {
            let mut query = self.wanted.clone();
            query.filters.extend(whats.into_iter().map(|what| Filter { not: false, what }));
            Box::new(query)
        };
        Some((name, Job::Weigh { a: with(filters.clone()), b: with(whats(line, *by)) }))
    }
}

fn runs_of(entry: Entry<'_>) -> Option<(String, &Line)> {
    if let Entry::Runs(line) = entry { Some((entry.name(), line)) } else { None }
}

impl App {
    /// Makes the line under the cursor the baseline of the others, or takes that back.
    pub(super) fn mark_line(&mut self) {
        let quality = &mut self.quality;
        let chosen =
            |report: &Report| quality.lines.chosen(report).and_then(runs_of).map(|(name, line)| (name, line.clone()));
        let found = quality.report.as_deref().and_then(chosen);
        let (Kind::Runs(by), Some((name, line))) = (quality.lines.kind, found) else {
            self.say(Tone::Info, "a baseline is a line by model, provider, prompt, version or parameters");
            return;
        };
        quality.part = super::Part::Lines;
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
    pub(super) fn settle_baseline(&mut self) {
        let quality = &mut self.quality;
        if self.screen != Screen::Quality || quality.loading() || quality.baseline.waits() {
            return;
        }
        if let Some((name, job)) = quality.open_question() {
            let number = quality.baseline.ask(quality.read, name);
            self.ask_store(job, Asked::Quality(super::AskedFor::Baseline(number)));
        }
    }
}
