//! What actions do on the report: moving in its parts, going to the runs of what the cursor is on, copying.
//!
//! A line of a grouping as the baseline, and what the record says of another line against it.

use jiff::tz::TimeZone;

use crate::{
    app::{
        action::Verb,
        ask,
        context::Cx,
        event::Effect,
        intent::{BenchIntent, HistoryIntent, Intent},
        notices::Tone,
        quality::{
            GroupEntry, Grouping, QualityPane, QualityScreen, is_wide,
            trend::{minute, places, stretch},
        },
        query_line::{RunKind, offer_rescore, query_snippet},
        screen::Screen,
        screen_id::ScreenId,
        snippet::{Snippet, SnippetForm},
    },
    eval::quality::{GroupBy, GroupRow, QualityReport},
    model::{
        RunId,
        error::StoreError,
        query::{Filter, Query, Sort, What, with_filter},
    },
    present::quality_report::markdown,
    store::api::PairedComparison,
    text::{Pasted, shell},
    widgets::motion::Motion,
};

/// A filter: its key and its value.
type FilterTerm = (&'static str, String);

impl QualityScreen {
    /// Does something on the report.
    pub(crate) fn in_report(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match verb {
            Verb::Filter => self.asking.typing = true,
            Verb::Refresh => self.enter(cx),
            Verb::Sort => self.sort_lines(false, cx),
            Verb::TurnSort => self.sort_lines(true, cx),
            Verb::NextPane => self.focus(true),
            Verb::PreviousPane => self.focus(false),
            Verb::Accept => self.show_runs(cx),
            Verb::Baseline => self.mark_line(cx),
            Verb::Copy => {
                if self.report.is_some() {
                    cx.send(Intent::OpenCopy);
                }
            }
            Verb::ExportRuns => self.export_report(cx),
            Verb::OnlyFailed => self.show_kind(RunKind::Failed, cx),
            Verb::OnlyErrors => self.show_kind(RunKind::Errors, cx),
            Verb::ToBench => self.newest_to_bench(cx),
            Verb::ScoreRuns => offer_rescore(&self.asking, cx),
            Verb::Run
            | Verb::NextSample
            | Verb::PreviousSample
            | Verb::Xray
            | Verb::Diff
            | Verb::Next
            | Verb::Previous
            | Verb::Grade
            | Verb::Leave
            | Verb::MoreCalls
            | Verb::FewerCalls => {}
        }
    }

    /// Moves on the report: in the trend along the time, else sideways to the next grouping.
    pub(crate) fn go_in_report(&mut self, motion: Motion, cx: &mut Cx<'_, Self>) {
        match motion {
            Motion::Left => self.step_aside(false, cx),
            Motion::Right => self.step_aside(true, cx),
            motion => self.go(motion),
        }
    }

    fn step_aside(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        if self.part == QualityPane::Trend {
            self.step_in_trend(forward);
            return;
        }
        self.part = QualityPane::Lines;
        self.lines.regroup(forward);
        self.arrange(cx.shared.now.at);
    }

    fn sort_lines(&mut self, turn: bool, cx: &mut Cx<'_, Self>) {
        self.lines.sort(turn);
        self.arrange(cx.shared.now.at);
    }

    /// Says which command line writes the report, and copies it.
    fn export_report(&mut self, cx: &mut Cx<'_, Self>) {
        if let Some(bad) = &self.asking.mistake {
            let says = bad.to_string();
            cx.say(Tone::Warning, &says);
            return;
        }
        let command = self.command();
        cx.effect(Effect::Copy { what: command.clone(), text: Pasted::new(command) });
    }

    /// Shows only the lines with failures, or with errors, or all again.
    fn show_kind(&mut self, kind: RunKind, cx: &mut Cx<'_, Self>) {
        self.part = QualityPane::Lines;
        self.lines.only = if self.lines.only == kind { RunKind::All } else { kind };
        self.arrange(cx.shared.now.at);
    }

    /// Returns the line that finds the runs of what the cursor is on, and what it asks for; none where no filter does.
    fn runs_behind(&self, cx: &Cx<'_, Self>) -> Option<(String, Query)> {
        let start = Some(self.asking.line.text());
        let filters = self.filters(&cx.shared.zone)?;
        let line = filters.iter().fold(start, |line, (key, value)| with_filter(&line?, key, value))?;
        let query = Query::parse(&line, &cx.shared.local_now()).ok()?;
        Some((line, query))
    }

    /// Goes to the history with the runs of what the cursor is on.
    fn show_runs(&mut self, cx: &mut Cx<'_, Self>) {
        match self.runs_behind(cx) {
            Some((line, _)) => narrow_history(line, cx),
            None => cx.say(Tone::Info, "no filter finds the runs of this"),
        }
    }

    /// Puts the newest run of what the cursor is on onto the bench.
    fn newest_to_bench(&mut self, cx: &mut Cx<'_, Self>) {
        let Some((_, query)) = self.runs_behind(cx) else {
            return cx.say(Tone::Info, "no filter finds the runs of this");
        };
        cx.ask(ask::history(Query { sort: Sort::default(), ..query }, None, 1), (), |_, (), page, cx| match page {
            Ok(page) => match page.runs.first() {
                Some(entry) => Self::run_to_bench(entry.run, cx),
                None => cx.say(Tone::Info, "no run of this is on record any more"),
            },
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }

    /// Puts a run onto the bench.
    pub(crate) fn run_to_bench(run: RunId, cx: &mut Cx<'_, Self>) {
        cx.ask(ask::open_run(run), (), |_, (), record, cx| match record {
            Ok(record) => cx.send(Intent::Bench(BenchIntent::Reopen { record, run: false })),
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }
}

/// Goes to the history with a line; a step back from there leads here.
pub(crate) fn narrow_history(line: String, cx: &mut Cx<'_, QualityScreen>) {
    cx.send(Intent::Show(ScreenId::History));
    cx.send(Intent::History(HistoryIntent::Narrow(line)));
}

impl QualityScreen {
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
            QualityPane::Lines => self.lines.chosen(report)?.filters(self.lines.kind, self.lines.only),
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
    fn go(&mut self, motion: Motion) {
        let table = match self.part {
            QualityPane::Report => &mut self.changes,
            QualityPane::Lines => &mut self.lines.table,
            QualityPane::Trend => return self.go_in_trend(motion),
        };
        table.go(motion);
    }

    fn go_in_trend(&mut self, motion: Motion) {
        match motion {
            Motion::Up => self.step_in_trend(false),
            Motion::Down => self.step_in_trend(true),
            Motion::Top => self.cursor.put(0, self.stretches()),
            Motion::Bottom => self.cursor.put(usize::MAX, self.stretches()),
            Motion::Left | Motion::Right | Motion::HalfUp | Motion::HalfDown | Motion::PageUp | Motion::PageDown => {}
        }
    }

    /// What the command line and the copy of the report group by.
    fn by(&self) -> GroupBy {
        if let Grouping::Runs(by) = self.lines.kind { by } else { GroupBy::Model }
    }

    /// Returns the command line that writes the same report.
    #[must_use]
    pub fn command(&self) -> String {
        let by = match self.by() {
            GroupBy::Model => "",
            GroupBy::Provider => " --by provider",
            GroupBy::Prompt => " --by prompt",
            GroupBy::Version => " --by version",
            GroupBy::Params => " --by params",
        };
        let line = self.asking.line.text();
        match line.trim() {
            "" => format!("retort quality{by}"),
            line => format!("retort quality{by} -- {}", shell::word(line)),
        }
    }
}

/// Lists what of the report, and of the question, can be copied.
pub(crate) fn snippets(quality: &QualityScreen) -> Vec<Snippet> {
    let report = quality.report.as_deref().map(|report| markdown(report, quality.by()));
    let report = report.map(|text| Snippet::new(SnippetForm::Markdown, "Markdown", "the report", text));
    let does = "the same report as `retort quality …`";
    let command = Snippet::new(SnippetForm::CommandLine, "command line", does, quality.command());
    report.into_iter().chain([command]).chain(query_snippet(&quality.asking)).collect()
}

/// Answers that are remembered, at most.
const REMEMBERED: usize = 64;

/// The baseline, and what was said of others against it.
#[derive(Debug, Clone, Default)]
pub struct ReportBaseline {
    /// The line: its grouping, its name, and what finds its runs.
    line: Option<(GroupBy, String, Vec<What>)>,
    /// What was asked, each with its answer.
    questions: Vec<Question>,
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
pub enum BaselineRelation<'a> {
    /// It is the baseline.
    Is,
    /// The record was asked, or is about to be.
    Waits,
    /// The record says so much.
    Told(&'a PairedComparison),
    /// The record could not say, and why.
    Failed(&'a str),
}

impl ReportBaseline {
    fn question(&self, round: u64, name: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.round == round && question.name == name)
    }

    /// Notes that a line is asked about, and returns the question's number.
    fn ask(&mut self, round: u64, name: String) -> u64 {
        self.count += 1;
        self.questions.push(Question { number: self.count, round, name, answer: None });
        let over = self.questions.len().saturating_sub(REMEMBERED);
        self.questions.drain(..over);
        self.count
    }

    /// Takes an answer in; one to a question that is forgotten is late.
    fn take(&mut self, number: u64, answer: Result<Box<PairedComparison>, StoreError>) {
        if let Some(question) = self.questions.iter_mut().find(|question| question.number == number) {
            question.answer = Some(answer.map_err(|error| error.message));
        }
    }

    fn waits(&self) -> bool {
        self.questions.iter().any(|question| question.answer.is_none())
    }
}

/// Finds the runs of a line.
fn whats(line: &GroupRow, by: GroupBy) -> Vec<What> {
    let value = line.value.clone().unwrap_or_else(|| line.name.clone());
    match by {
        GroupBy::Model => vec![What::Model(value)],
        GroupBy::Provider => vec![What::Provider(value)],
        GroupBy::Prompt => vec![What::Prompt(value)],
        GroupBy::Version => line.prompt.iter().cloned().map(What::Prompt).chain([What::Version(value)]).collect(),
        GroupBy::Params => vec![What::Params(value)],
    }
}

impl QualityScreen {
    /// Returns the name of the baseline of a report's present grouping, if it has one.
    #[must_use]
    pub fn baseline(&self) -> Option<&str> {
        let (by, name, _) = self.baseline.line.as_ref()?;
        (Grouping::Runs(*by) == self.lines.kind).then_some(name)
    }

    /// Tells how the line under the cursor stands to the baseline; none without either.
    #[must_use]
    pub fn baseline_relation(&self) -> Option<BaselineRelation<'_>> {
        let base = self.baseline()?;
        let name = self.lines.chosen(self.report.as_deref()?)?.name();
        if name == base {
            return Some(BaselineRelation::Is);
        }
        let answer = self.baseline.question(self.read, &name).and_then(|question| question.answer.as_ref());
        Some(match answer {
            None => BaselineRelation::Waits,
            Some(Ok(comparison)) => BaselineRelation::Told(comparison),
            Some(Err(why)) => BaselineRelation::Failed(why),
        })
    }

    /// Makes the question of the line under the cursor against the baseline, where it is open.
    fn open_question(&self) -> Option<(String, [Box<Query>; 2])> {
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
        Some((name, [with(filters.clone()), with(whats(line, *by))]))
    }
}

fn runs_of(entry: GroupEntry<'_>) -> Option<(String, &GroupRow)> {
    if let GroupEntry::Runs(line) = entry { Some((entry.name(), line)) } else { None }
}

impl QualityScreen {
    /// Makes the line under the cursor the baseline of the others, or takes that back.
    pub(crate) fn mark_line(&mut self, cx: &mut Cx<'_, Self>) {
        let chosen = |report: &QualityReport| {
            self.lines.chosen(report).and_then(runs_of).map(|(name, line)| (name, line.clone()))
        };
        let found = self.report.as_deref().and_then(chosen);
        let (Grouping::Runs(by), Some((name, line))) = (self.lines.kind, found) else {
            return;
        };
        self.part = QualityPane::Lines;
        self.baseline.questions.clear();
        let says = if self.baseline() == Some(&name) {
            self.baseline.line = None;
            "no baseline".to_owned()
        } else {
            let filters = whats(&line, by);
            self.baseline.line = Some((by, name.clone(), filters));
            format!("{name} is the baseline; the others are compared with it")
        };
        cx.say(Tone::Info, &says);
    }

    /// Asks the record for the line under the cursor against the baseline, one question at a time.
    pub(crate) fn ask_baseline(&mut self, cx: &mut Cx<'_, Self>) {
        if self.loading() || self.baseline.waits() {
            return;
        }
        if let Some((name, queries)) = self.open_question() {
            let number = self.baseline.ask(self.read, name);
            cx.ask(ask::compare_paired(queries), number, |quality, number, comparison, _| {
                quality.baseline.take(number, comparison);
            });
        }
    }
}
