//! What actions do in the list of runs, in the run under the cursor, and in two that are compared.
//!
//! What of a run, and of the question, can be copied.
//!
//! What the screen asks of the store, and where the answers go.
//!
//! A run that is put on the bench again: its prompt as it was run, its input, its model in a lane.

use jiff::Timestamp;

use crate::{
    app::{
        action::{HistoryAction, Verb},
        ask,
        context::Cx,
        event::Effect,
        history::{
            History,
            detail::{Pair, RunDetail, pictures_of},
            run_list::{Count, Next, PAGE},
        },
        intent::{BenchIntent, HistoryIntent, Intent, OverlayIntent},
        notices::Tone,
        overlays::{columns::Columns, grade::GradeMenu, xray::Xray},
        query_line::{RunKind, ask_vocabulary, offer_rescore, query_snippet},
        snippet::{Snippet, SnippetForm},
    },
    eval::Review,
    model::{Grade, Quality, RunId, RunStatus, error::StoreError},
    pipeline::ports::RunRecord,
    present::tool_calls,
    store::api::{HistoryEntry, HistoryPage, PairedComparison},
    text::{Pasted, json, shell},
    widgets::motion::Motion,
};

impl History {
    /// Does something in the list, or in the run that is looked at.
    pub(crate) fn in_list(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match verb {
            Verb::Filter => self.asking.typing = true,
            Verb::Sort => self.sort_history(false, cx),
            Verb::TurnSort => self.sort_history(true, cx),
            Verb::Refresh => {
                self.refresh(cx);
                ask_vocabulary(cx);
            }
            Verb::Run => self.with_record(Want::Bench { run: true }, cx),
            Verb::Xray => self.with_record(Want::Xray, cx),
            Verb::Copy => self.with_record(Want::Copy, cx),
            Verb::Grade => self.grade_run(cx),
            Verb::ExportRuns => self.export_runs(cx),
            Verb::ScoreRuns => offer_rescore(&self.asking, cx),
            Verb::Diff => self.compare_runs(cx),
            Verb::ToBench => self.with_record(Want::Bench { run: false }, cx),
            Verb::OnlyFailed => self.show_kind(RunKind::Failed, cx),
            Verb::OnlyErrors => self.show_kind(RunKind::Errors, cx),
            Verb::Accept => {
                if self.chosen().is_some() {
                    self.reading = true;
                }
            }
            Verb::NextPane | Verb::PreviousPane => {
                self.reading = !self.reading && self.chosen().is_some();
            }
            Verb::NextSample
            | Verb::PreviousSample
            | Verb::Baseline
            | Verb::Next
            | Verb::Previous
            | Verb::Leave
            | Verb::MoreCalls
            | Verb::FewerCalls => {}
        }
    }

    /// Does something where two runs are compared.
    pub(crate) fn in_pair(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        if self.pair.as_mut().and_then(|pair| pair.difference_mut()).is_none() {
            return;
        }
        match verb {
            Verb::Next => self.step_in_pair(true, cx),
            Verb::Previous => self.step_in_pair(false, cx),
            Verb::Diff => self.pair = None,
            Verb::Run
            | Verb::NextSample
            | Verb::PreviousSample
            | Verb::Xray
            | Verb::Copy
            | Verb::Baseline
            | Verb::Grade
            | Verb::NextPane
            | Verb::PreviousPane
            | Verb::Leave
            | Verb::Accept
            | Verb::MoreCalls
            | Verb::FewerCalls
            | Verb::Filter
            | Verb::Sort
            | Verb::TurnSort
            | Verb::Refresh
            | Verb::ExportRuns
            | Verb::ScoreRuns
            | Verb::OnlyFailed
            | Verb::OnlyErrors
            | Verb::ToBench => {}
        }
    }

    /// Goes to the next difference of two runs, or the one before.
    fn step_in_pair(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        let Some(difference) = self.pair.as_mut().and_then(|pair| pair.difference_mut()) else {
            return;
        };
        difference.step(forward);
        let (here, all) = difference.count();
        let says = match all {
            0 => "nothing differs".to_owned(),
            all => format!("difference {} of {all}", here.unwrap_or_default()),
        };
        cx.say(Tone::Info, &says);
    }

    fn sort_history(&mut self, turn: bool, cx: &mut Cx<'_, Self>) {
        if let Some(bad) = &self.asking.mistake {
            let says = bad.to_string();
            cx.say(Tone::Warning, &says);
            return;
        }
        let (before, now) = (self.asking.query.clone(), cx.shared.local_now());
        self.asking.sort(turn, &now);
        self.asked_anew(&before);
    }

    pub(crate) fn ask_remove(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(entry) = self.chosen() else {
            return;
        };
        let pinned = if entry.pinned { ", which is pinned" } else { "" };
        let run = entry.run;
        let text = format!("Delete run {}{pinned}? Its answer, verdicts and grade are deleted.", run.short());
        cx.confirm(&text, "Delete", Intent::History(HistoryIntent::RemoveRun(run)));
    }

    /// Says which command line writes the runs the line asks for, and copies it.
    fn export_runs(&mut self, cx: &mut Cx<'_, Self>) {
        let command = self.command();
        cx.effect(Effect::Copy { what: command.clone(), text: Pasted::new(command) });
    }

    pub(crate) fn open_columns(&self, cx: &mut Cx<'_, Self>) {
        cx.open(Columns::new(self.columns.clone(), self.width));
    }
}

/// Lists what of the run under the cursor, and of the question, can be copied.
pub(crate) fn snippets(history: &History) -> Vec<Snippet> {
    let Some(RunDetail { record, .. }) = history.shown() else {
        return Vec::new();
    };
    let mut all = Snippet::of_answer(&tool_calls::answer(&record.outcome));
    let json = record.outcome.json.as_deref().and_then(|json| json::to_pretty(json).ok());
    all.extend(json.map(|json| Snippet::new(SnippetForm::Json, "JSON", "the JSON of the answer, indented", json)));
    all.push(Snippet::new(SnippetForm::RunId, "id", "of the run", record.run.to_string()));
    let whole = record.shown().and_then(|record| json::to_pretty(&record)).ok();
    all.extend(
        whole.map(|text| Snippet::new(SnippetForm::Record, "record", "all that is kept of the run, as JSON", text)),
    );
    let does = "writes every run that is listed, a line of JSON each";
    all.push(Snippet::new(SnippetForm::CommandLine, "export", does, history.command()));
    all.extend(query_snippet(&history.asking));
    all
}

impl History {
    /// Moves in the run; sideways to the run before or after it in the list.
    pub(crate) fn go_in_run(&mut self, motion: Motion) {
        match (motion, &mut self.detail) {
            (Motion::Left, _) => self.runs.table.step(-1),
            (Motion::Right, _) => self.runs.table.step(1),
            (_, None) => {}
            (Motion::Up, Some(detail)) => detail.scroll(-1),
            (Motion::Down, Some(detail)) => detail.scroll(1),
            (Motion::HalfUp, Some(detail)) => detail.page(false, 2),
            (Motion::HalfDown, Some(detail)) => detail.page(true, 2),
            (Motion::PageUp, Some(detail)) => detail.page(false, 1),
            (Motion::PageDown, Some(detail)) => detail.page(true, 1),
            (Motion::Top, Some(detail)) => detail.scroll(isize::MIN),
            (Motion::Bottom, Some(detail)) => detail.scroll(isize::MAX),
        }
    }

    /// Returns the command line that writes every run the line asks for, a line of JSON each.
    #[must_use]
    pub fn command(&self) -> String {
        let line = self.asking.line.text();
        match line.trim() {
            "" => "retort history --all --json".to_owned(),
            line => format!("retort history --all --json -- {}", shell::word(line)),
        }
    }
}

/// Tells by its verdict and its grade to which kinds a run counts.
fn holds(kind: RunKind, run: &HistoryEntry) -> bool {
    match kind {
        RunKind::All => true,
        RunKind::Failed => run.status == Some(RunStatus::Failed),
        RunKind::Errors => run.status == Some(RunStatus::Error),
        RunKind::Graded => run.grade.is_some(),
    }
}

/// What the record of a run is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// To be looked at.
    Look,
    /// Step by step.
    Xray,
    /// Step by step, in the place of the run that is looked at so.
    XrayBeside,
    /// To be copied.
    Copy,
    /// For the pictures that it was given.
    Pictures,
    /// On the bench, and whether it is run there.
    Bench { run: bool },
}

impl History {
    /// Asks the same question again.
    pub(crate) fn refresh(&mut self, cx: &Cx<'_, Self>) {
        self.asking.read(&cx.shared.local_now());
        self.runs.refresh();
    }

    /// Asks for the next page of runs, if it is wanted.
    pub(crate) fn ask_page(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(next) = self.runs.next() else {
            return;
        };
        let query = self.asking.query.clone();
        let (after, limit) = match next {
            Next::First(limit) => (None, limit),
            Next::Further => (self.runs.entries.last().map(|run| run.place(&query)), PAGE),
        };
        let page = (self.runs.round(), after.is_none());
        cx.ask(ask::history(query, after, limit), page, Self::page_read);
    }

    fn page_read(&mut self, (round, first): (u64, bool), page: Result<HistoryPage, StoreError>, cx: &mut Cx<'_, Self>) {
        match page {
            Ok(page) => {
                let more = page.more;
                if self.runs.take(round, first, page) && more {
                    cx.ask(ask::count_runs(self.asking.query.clone()), round, Self::counted);
                }
            }
            Err(error) => {
                self.runs.failed(round);
                cx.say(Tone::Error, &error.message);
            }
        }
    }

    fn counted(&mut self, round: u64, counted: Result<(u64, bool), StoreError>, cx: &mut Cx<'_, Self>) {
        match counted {
            Ok((runs, more)) if round == self.runs.round() => {
                let count = Count { runs, more };
                self.runs.count = Some(count);
                self.kinds.take(round, RunKind::of(&self.asking.query), count);
            }
            // Something else is asked for by now.
            Ok(_) => {}
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    /// Asks for the run under the cursor where it is in sight and was not read yet, one at a time.
    pub(crate) fn ask_run(&mut self, cx: &mut Cx<'_, Self>) {
        let in_sight = self.both || self.reading;
        if let Some(run) = self.chosen().map(|entry| entry.run).filter(|_| in_sight)
            && self.shown().is_none()
            && self.error.as_ref().is_none_or(|(faulty, _)| *faulty != run)
            && !self.looks
        {
            self.looks = true;
            cx.ask(ask::open_run(run), (run, Want::Look), Self::run_read);
        }
    }

    /// Does something with the record of the run under the cursor, now or when it is read.
    pub(crate) fn with_record(&mut self, want: Want, cx: &mut Cx<'_, Self>) {
        let Some(run) = self.chosen().map(|entry| entry.run) else {
            cx.say(Tone::Info, "no run is chosen");
            return;
        };
        match self.shown().map(|detail| detail.record.clone()) {
            Some(record) => Self::have_record(record, want, cx),
            None => cx.ask(ask::open_run(run), (run, want), Self::run_read),
        }
    }

    fn have_record(record: Box<RunRecord>, want: Want, cx: &mut Cx<'_, Self>) {
        match want {
            Want::Look => {}
            Want::Xray => cx.open(Xray::of_record(&record, cx.shared.now.time).listed()),
            Want::XrayBeside => cx.send(Intent::Overlay(OverlayIntent::ShowXray(record))),
            Want::Copy => cx.send(Intent::OpenCopy),
            Want::Pictures => {
                let pictures: Vec<_> = pictures_of(&record).into_iter().cloned().collect();
                if pictures.is_empty() {
                    return cx.say(Tone::Info, "the run was given no picture");
                }
                cx.effect(Effect::ShowPictures(pictures));
            }
            Want::Bench { run } => cx.send(Intent::Bench(BenchIntent::Reopen { record, run })),
        }
    }

    /// Goes to the run above or below in the list, and has the X-ray show it.
    pub(crate) fn xray_beside(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        let before = self.runs.table.at();
        self.runs.table.step(if forward { -1 } else { 1 });
        if self.runs.table.at() == before {
            let says = if forward { "This is the first run listed" } else { "This is the last run listed" };
            return cx.say(Tone::Info, says);
        }
        self.with_record(Want::XrayBeside, cx);
    }

    /// Has the runs of each kind counted, once for every question that is not being typed; where all are listed they are
    /// counted here.
    pub(crate) fn ask_kinds(&mut self, cx: &mut Cx<'_, Self>) {
        let (round, query) = (self.runs.round(), &self.asking.query);
        if self.runs.loading() || self.asking.typing || !self.kinds.begin(round, query) {
            return;
        }
        let shown = RunKind::of(query);
        let whole = self.runs.count.filter(|count| !count.more && shown == RunKind::All);
        for kind in RunKind::ALL {
            if whole.is_some_and(|count| count.runs == self.runs.entries.len() as u64) {
                let runs = self.runs.entries.iter().filter(|entry| holds(kind, entry)).count() as u64;
                self.kinds.take(round, kind, Count { runs, more: false });
            } else if kind != shown {
                cx.ask(ask::count_runs(kind.query(&self.asking.query)), (round, kind), Self::kind_counted);
            }
        }
    }

    /// Has the runs added up that are listed, all of them, once for every question that is not being typed.
    pub(crate) fn ask_sums(&mut self, cx: &mut Cx<'_, Self>) {
        let round = self.runs.round();
        if !self.runs.loading() && !self.asking.typing && self.sums.begin(round) {
            cx.ask(ask::review(self.asking.query.clone()), round, Self::summed);
        }
    }

    fn summed(&mut self, round: u64, review: Result<Box<Review>, StoreError>, cx: &mut Cx<'_, Self>) {
        match review {
            Ok(review) => self.sums.take(round, &review.listed()),
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    fn kind_counted(
        &mut self,
        (round, kind): (u64, RunKind),
        counted: Result<(u64, bool), StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        match counted {
            Ok((runs, more)) => self.kinds.take(round, kind, Count { runs, more }),
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    /// Compares the two runs that are meant.
    pub(crate) fn compare_runs(&mut self, cx: &mut Cx<'_, Self>) {
        let Some((older, newer)) = self.runs.two() else {
            let key = cx.shared.keymap.shown(HistoryAction::MarkRun, false);
            let key = key.map_or_else(String::new, |key| format!(" with {key}"));
            cx.say(Tone::Info, &format!("mark two runs{key} first"));
            return;
        };
        self.pair = Some(Box::new(Pair::new(older, newer)));
        for run in [older, newer] {
            cx.ask(ask::open_run(run), run, Self::pair_read);
        }
    }

    /// Keeps the run under the cursor when others are pruned, or no longer.
    pub(crate) fn pin_run(&mut self, cx: &mut Cx<'_, Self>) {
        if let Some((run, pinned)) = self.chosen().map(|entry| (entry.run, !entry.pinned)) {
            cx.ask(ask::pin_run(run, pinned), (run, pinned), Self::run_pinned);
        }
    }

    /// Asks for the grade of the run under the cursor.
    pub(crate) fn grade_run(&self, cx: &mut Cx<'_, Self>) {
        if let Some(entry) = self.chosen() {
            cx.open(GradeMenu::new(entry.run, &entry.grade.clone().unwrap_or_default()));
        }
    }

    fn pair_read(&mut self, run: RunId, record: Result<Box<RunRecord>, StoreError>, cx: &mut Cx<'_, Self>) {
        match record {
            Ok(record) => {
                if let Some(pair) = &mut self.pair
                    && let Some(queries) = pair.take(record)
                {
                    cx.ask(ask::compare_paired(queries), pair.runs, |history, runs, comparison, _| {
                        // Why there is none is said where the evidence would be.
                        history.kinds_told(runs, comparison.map_err(|error| error.message));
                    });
                }
            }
            Err(error) => {
                self.pair.take_if(|pair| pair.runs.contains(&run));
                cx.say(Tone::Error, &error.message);
            }
        }
    }

    fn run_pinned(&mut self, (run, pinned): (RunId, bool), done: Result<u64, StoreError>, cx: &mut Cx<'_, Self>) {
        match done {
            Ok(_) => {
                if let Some(entry) = self.runs.find(run) {
                    entry.pinned = pinned;
                }
                let says = if pinned { "is kept when others are pruned" } else { "is pruned with the others" };
                cx.say(Tone::Info, &format!("run {} {says}", run.short()));
            }
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    pub(crate) fn run_removed(&mut self, run: RunId, done: Result<(), StoreError>, cx: &mut Cx<'_, Self>) {
        match done {
            Ok(()) => {
                self.runs.remove(run);
                self.kinds.forget();
                self.sums.forget();
                self.reading &= self.both;
                cx.say(Tone::Info, &format!("run {} is removed", run.short()));
            }
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    /// Takes a record in: it is looked at, and what it was wanted for is done if the cursor is still on it.
    fn run_read(
        &mut self,
        (run, want): (RunId, Want),
        record: Result<Box<RunRecord>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        if want == Want::Look {
            self.looks = false;
        }
        let record = match record {
            Ok(record) => record,
            // It is said where the run would be.
            Err(error) if want == Want::Look => {
                self.error = Some((run, error.message));
                return;
            }
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        let Some(entry) = self.chosen().filter(|entry| entry.run == run && record.run == run) else {
            return;
        };
        let grade = entry.grade.clone().unwrap_or_default();
        self.error = None;
        self.detail = Some(Box::new(RunDetail::new(record.clone(), &grade, cx.shared.now.time)));
        cx.ask(ask::judgements(run), run, Self::judgements_read);
        Self::have_record(record, want, cx);
    }

    fn kinds_told(&mut self, runs: [RunId; 2], comparison: Result<Box<PairedComparison>, String>) {
        if let Some(pair) = self.pair.as_mut().filter(|pair| pair.runs == runs) {
            pair.set_comparison(comparison);
        }
    }

    /// Shows the verdicts that were given on a run before those that count.
    fn judgements_read(
        &mut self,
        run: RunId,
        all: Result<Vec<(Timestamp, Quality)>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let all = match all {
            Ok(all) => all,
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        let grade = self.runs.find(run).and_then(|entry| entry.grade.clone()).unwrap_or_default();
        if let Some(detail) = self.detail.as_mut().filter(|detail| detail.run() == run)
            && detail.judged(all)
        {
            detail.lay_out(&grade, cx.shared.now.time);
        }
    }

    /// Shows another grade where its run is listed, and returns the one it takes the place of.
    pub(crate) fn put_grade(&mut self, run: RunId, grade: &Grade, now: Timestamp) -> Option<Grade> {
        let entry = self.runs.find(run)?;
        let before = entry.grade.replace(grade.clone()).unwrap_or_default();
        if grade.is_empty() {
            entry.grade = None;
        }
        self.kinds.forget();
        if let Some(detail) = self.detail.as_mut().filter(|detail| detail.run() == run) {
            detail.lay_out(grade, now);
        }
        Some(before)
    }

    /// Puts a grade on record; where that fails, the one before is shown again.
    pub(crate) fn store_grade(run: RunId, grade: Grade, before: Grade, cx: &mut Cx<'_, Self>) {
        let ask = ask::grade_run(run, grade, cx.shared.now.time);
        cx.ask(ask, (run, before), |_, (run, grade), graded, cx| {
            if let Err(error) = graded {
                cx.send(Intent::ShowGrade { run, grade });
                cx.say(Tone::Error, &error.message);
            }
        });
    }
}
