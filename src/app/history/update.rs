//! What actions do in the list of runs, in the run under the cursor, and in two that are compared.
//!
//! What of a run, and of the question, can be copied.
//!
//! What the screen asks of the store, and where the answers go.
//!
//! A run that is put on the bench again: its prompt as it was run, its input, its model in a lane.

use crate::{
    app::{
        Action, App, Effect, Screen,
        history::{
            History,
            detail::{Detail, Pair},
            run_list::Next,
        },
        intent::{HistoryIntent, Intent},
        overlays::{
            columns::Columns,
            copy::{CopyAs, CopyMenu, raw_answer},
            grade::GradeMenu,
            xray::Xray,
        },
        status_bar::Tone,
        store_request::Pending,
        workbench::{
            Focus, MAX_LANES,
            inputs::on_bench,
            versions::{After, Stand},
        },
    },
    model::{CacheMode, LaneSpec, NamedInput, Quality, RunId, VersionId},
    pipeline::ports::RunRecord,
    store::api::{HistoryEntry, PairedComparison, StoreReply, StoreRequest},
    text::{Pasted, json, shell},
};

impl App {
    /// Does an action in the list, or in the run that is looked at.
    pub(crate) fn in_history(&mut self, action: Action) {
        match action {
            Action::Filter => self.history.asking.typing = true,
            Action::Sort | Action::TurnSort => self.sort_history(action == Action::TurnSort),
            Action::Refresh => {
                self.refresh_history();
                self.ask_vocabulary();
            }
            Action::Columns => self.open_columns(),
            Action::ToBench => self.with_record(Want::Bench { run: false }),
            Action::Run => self.with_record(Want::Bench { run: true }),
            Action::Xray => self.with_record(Want::Xray),
            Action::Copy => self.with_record(Want::Copy),
            Action::Grade => self.grade_run(),
            Action::PinRun => self.pin_run(),
            Action::RemoveRun => self.ask_remove(),
            Action::ExportRuns => self.export_runs(),
            Action::ScoreRuns => self.score_asked(&self.history.asking.clone()),
            Action::Diff => self.compare_runs(),
            Action::MarkRun => {
                self.history.runs.mark();
                self.history.runs.table.step(1);
            }
            Action::Accept => {
                if self.history.chosen().is_some() {
                    self.history.reading = true;
                }
            }
            Action::NextPane | Action::PreviousPane => {
                self.history.reading = !self.history.reading && self.history.chosen().is_some();
            }
            action if self.history.reading => self.go_in_run(action),
            action => self.history.runs.go(action),
        }
    }

    /// Moves in the run; sideways to the run before or after it in the list.
    fn go_in_run(&mut self, action: Action) {
        if matches!(action, Action::Left | Action::Right) {
            self.history.runs.table.step(if action == Action::Right { 1 } else { -1 });
            return;
        }
        let Some(detail) = &mut self.history.detail else {
            return;
        };
        match action {
            Action::Up | Action::Down => detail.scroll(if action == Action::Down { 1 } else { -1 }),
            Action::HalfUp | Action::HalfDown => detail.page(action == Action::HalfDown, 2),
            Action::PageUp | Action::PageDown => detail.page(action == Action::PageDown, 1),
            Action::Top => detail.scroll(isize::MIN),
            Action::Bottom => detail.scroll(isize::MAX),
            _ => {}
        }
    }

    /// Does an action where two runs are compared.
    pub(crate) fn in_pair(&mut self, action: Action) {
        let Some(difference) = self.history.pair.as_mut().and_then(|pair| pair.difference_mut()) else {
            return;
        };
        if matches!(action, Action::NextDifference | Action::PreviousDifference) {
            difference.step(action == Action::NextDifference);
            let (here, all) = difference.count();
            let says = match all {
                0 => "nothing differs".to_owned(),
                all => format!("difference {} of {all}", here.unwrap_or_default()),
            };
            self.say(Tone::Info, &says);
            return;
        }
        match action {
            Action::Diff => self.history.pair = None,
            action => difference.view_mut().go(action),
        }
    }

    fn sort_history(&mut self, turn: bool) {
        if let Some(bad) = &self.history.asking.mistake {
            let says = bad.to_string();
            self.say(Tone::Warning, &says);
            return;
        }
        let (before, now) = (self.history.asking.query.clone(), self.local_now());
        self.history.asking.sort(turn, &now);
        self.asked_anew(&before);
    }

    fn ask_remove(&mut self) {
        let Some(entry) = self.history.chosen() else {
            return;
        };
        let pinned = if entry.pinned { ", which is pinned," } else { "" };
        let run = entry.run;
        let text = format!("Remove run {}{pinned} with its answer, verdicts and grade, for good?", run.short());
        self.ask(&text, "removes it", Intent::History(HistoryIntent::RemoveRun(run)));
    }

    /// Says which command line writes the runs the line asks for, and copies it.
    fn export_runs(&mut self) {
        let command = self.history.command();
        self.effects.push(Effect::Copy { what: command.clone(), text: Pasted::new(command) });
    }

    fn open_columns(&mut self) {
        self.open(Columns::new(&self.history.shown_columns()));
    }
}

/// Says which target answered a run, after the one that was asked where it is another.
#[must_use]
pub fn answered_by(entry: &HistoryEntry) -> String {
    if entry.requested == entry.target {
        entry.target.clone()
    } else {
        format!("{} → {}", entry.requested, entry.target)
    }
}

/// Writes the run under the cursor in a form; none if there is nothing to write.
#[must_use]
pub fn text(form: CopyAs, history: &History) -> Option<Pasted> {
    let record = &history.shown()?.record;
    let outcome = &record.outcome;
    let text = match form {
        CopyAs::Answer => Some(outcome.text.clone()).filter(|text| !text.is_empty()),
        CopyAs::RawAnswer => return raw_answer(&outcome.text),
        CopyAs::Json => outcome.json.as_deref().and_then(|json| json::to_pretty(json).ok()),
        CopyAs::RunId => Some(record.run.to_string()),
        CopyAs::Record => record.shown().and_then(|record| json::to_pretty(&record)).ok(),
        CopyAs::Query => Some(history.asking.line.text()).filter(|line| !line.trim().is_empty()),
        CopyAs::Value | CopyAs::Markdown | CopyAs::CommandLine | CopyAs::Curl | CopyAs::Python | CopyAs::Promptfoo => {
            None
        }
    };
    text.map(Pasted::new)
}

impl History {
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

/// What the record of a run is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// To be looked at.
    Look,
    /// Step by step.
    Xray,
    /// To be copied.
    Copy,
    /// On the bench, and whether it is run there.
    Bench { run: bool },
}

/// Names what was asked under a ticket for the history screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HistoryQuestion {
    /// A page, by the number of its question, and whether it is the first one.
    Page { round: u64, first: bool },
    /// How many runs there are, by the number of the question.
    Count(u64),
    /// The names filters can have.
    Vocabulary,
    /// A run.
    Run(RunId, Want),
    /// All verdicts that were given on a run.
    Judgements(RunId),
    /// One of two runs that are compared.
    Pair(RunId),
    /// What the kinds of two runs that are compared say of each other.
    Kinds([RunId; 2]),
    /// A run to be kept, or no longer.
    Pin(RunId, bool),
    /// A run to be removed.
    Remove(RunId),
}

impl App {
    fn ask_history(&mut self, job: StoreRequest, asked: HistoryQuestion) {
        self.ask_store(job, Pending::History(asked));
    }

    /// Asks for the names that filters can have.
    pub(crate) fn ask_vocabulary(&mut self) {
        self.ask_history(StoreRequest::Vocabulary, HistoryQuestion::Vocabulary);
    }

    /// Asks the same question again.
    pub(crate) fn refresh_history(&mut self) {
        let now = self.local_now();
        self.history.asking.read(&now);
        self.history.runs.refresh();
    }

    /// Asks for what the screen still lacks: a page of runs, the run under the cursor.
    pub(crate) fn settle_history(&mut self) {
        if self.screen != Screen::History {
            return;
        }
        let history = &mut self.history;
        if let Some(next) = history.runs.next() {
            let query = &history.asking.query;
            let (after, limit) = match next {
                Next::First(limit) => (None, limit),
                Next::Further => {
                    (history.runs.entries.last().map(|run| run.place(query)), crate::app::history::run_list::PAGE)
                }
            };
            let asked = HistoryQuestion::Page { round: history.runs.round(), first: after.is_none() };
            let job = StoreRequest::History { query: Box::new(query.clone()), after, limit };
            self.ask_history(job, asked);
        }
        let in_sight = self.history.both || self.history.reading;
        let waits = |asked: &Pending| matches!(asked, Pending::History(HistoryQuestion::Run(_, Want::Look)));
        if let Some(run) = self.history.chosen().map(|entry| entry.run).filter(|_| in_sight)
            && self.history.shown().is_none()
            && self.history.fault.as_ref().is_none_or(|(faulty, _)| *faulty != run)
            && !self.asked.values().any(waits)
        {
            self.ask_history(StoreRequest::OpenRun(run), HistoryQuestion::Run(run, Want::Look));
        }
    }

    /// Does something with the record of the run under the cursor, now or when it is read.
    pub(crate) fn with_record(&mut self, want: Want) {
        let Some(run) = self.history.chosen().map(|entry| entry.run) else {
            self.say(Tone::Info, "no run is chosen");
            return;
        };
        match self.history.shown().map(|detail| detail.record.clone()) {
            Some(record) => self.have_record(record, want),
            None => self.ask_history(StoreRequest::OpenRun(run), HistoryQuestion::Run(run, want)),
        }
    }

    fn have_record(&mut self, record: Box<RunRecord>, want: Want) {
        match want {
            Want::Look => {}
            Want::Xray => {
                self.open(Xray::of_outcome(&record.outcome, &record.timeline));
            }
            Want::Copy => self.open(CopyMenu::new(self)),
            Want::Bench { run } => self.reopen(record, run),
        }
    }

    /// Compares the two runs that are meant.
    pub(crate) fn compare_runs(&mut self) {
        let Some((older, newer)) = self.history.runs.two() else {
            let key = self.keymap.shown(Action::MarkRun, false);
            let key = key.map_or_else(String::new, |key| format!(" with {key}"));
            self.say(Tone::Info, &format!("mark two runs{key} first"));
            return;
        };
        self.history.pair = Some(Box::new(Pair::new(older, newer)));
        for run in [older, newer] {
            self.ask_history(StoreRequest::OpenRun(run), HistoryQuestion::Pair(run));
        }
    }

    /// Keeps the run under the cursor when others are pruned, or no longer.
    pub(crate) fn pin_run(&mut self) {
        if let Some((run, pinned)) = self.history.chosen().map(|entry| (entry.run, !entry.pinned)) {
            self.ask_history(StoreRequest::PinRuns { runs: vec![run], pinned }, HistoryQuestion::Pin(run, pinned));
        }
    }

    /// Removes a run for good.
    pub(crate) fn remove_run(&mut self, run: RunId) {
        self.ask_history(StoreRequest::RemoveRuns(vec![run]), HistoryQuestion::Remove(run));
    }

    /// Asks for the grade of the run under the cursor.
    pub(crate) fn grade_run(&mut self) {
        if let Some(entry) = self.history.chosen() {
            let menu = GradeMenu::new(entry.run, &entry.grade.clone().unwrap_or_default());
            self.open(menu);
        }
    }

    /// Takes an answer of the store for the screen in.
    pub(crate) fn history_stored(&mut self, asked: HistoryQuestion, reply: StoreReply) {
        match (asked, reply) {
            (HistoryQuestion::Page { round, first }, StoreReply::History(page)) => {
                let more = page.more;
                if self.history.runs.take(round, first, page) && more {
                    let query = Box::new(self.history.asking.query.clone());
                    self.ask_history(StoreRequest::CountRuns(query), HistoryQuestion::Count(round));
                }
            }
            (HistoryQuestion::Count(round), StoreReply::Counted { runs, more })
                if round == self.history.runs.round() =>
            {
                self.history.runs.count = Some(crate::app::history::run_list::Count { runs, more });
            }
            (HistoryQuestion::Vocabulary, StoreReply::Vocabulary(vocabulary)) => {
                self.quality.asking.vocabulary.clone_from(&vocabulary);
                self.history.asking.vocabulary = *vocabulary;
            }
            (HistoryQuestion::Run(run, want), StoreReply::Run(record)) => self.run_read(run, want, record),
            (HistoryQuestion::Judgements(run), StoreReply::Judgements(all)) => self.judgements_read(run, all),
            (HistoryQuestion::Pair(run), StoreReply::Run(record)) if run == record.run => {
                if let Some(pair) = &mut self.history.pair {
                    let asked = HistoryQuestion::Kinds(pair.runs);
                    if let Some(job) = pair.take(record) {
                        self.ask_history(job, asked);
                    }
                }
            }
            (HistoryQuestion::Kinds(runs), StoreReply::Weighed(weighed)) => self.kinds_told(runs, Ok(weighed)),
            (HistoryQuestion::Pin(run, pinned), StoreReply::Pinned(_)) => {
                if let Some(entry) = self.history.runs.find(run) {
                    entry.pinned = pinned;
                }
                let says = if pinned { "is kept when others are pruned" } else { "is pruned with the others" };
                self.say(Tone::Info, &format!("run {} {says}", run.short()));
            }
            (HistoryQuestion::Remove(run), StoreReply::Pruned(_)) => {
                self.history.runs.remove(run);
                self.history.reading &= self.history.both;
                self.say(Tone::Info, &format!("run {} is removed", run.short()));
            }
            _ => {}
        }
    }

    /// Takes a record in: it is looked at, and what it was wanted for is done if the cursor is still on it.
    fn run_read(&mut self, run: RunId, want: Want, record: Box<RunRecord>) {
        let Some(entry) = self.history.chosen().filter(|entry| entry.run == run && record.run == run) else {
            return;
        };
        let grade = entry.grade.clone().unwrap_or_default();
        self.history.fault = None;
        self.history.detail = Some(Box::new(Detail::new(record.clone(), &grade, self.now.time)));
        self.ask_history(StoreRequest::Judgements(run), HistoryQuestion::Judgements(run));
        self.have_record(record, want);
    }

    fn kinds_told(&mut self, runs: [RunId; 2], told: Result<Box<PairedComparison>, String>) {
        if let Some(pair) = self.history.pair.as_mut().filter(|pair| pair.runs == runs) {
            pair.weighed(told);
        }
    }

    /// Shows the verdicts that were given on a run before those that count.
    fn judgements_read(&mut self, run: RunId, all: Vec<(jiff::Timestamp, Quality)>) {
        let grade = self.history.runs.find(run).and_then(|entry| entry.grade.clone()).unwrap_or_default();
        if let Some(detail) = self.history.detail.as_mut().filter(|detail| detail.run() == run)
            && detail.judged(all)
        {
            detail.lay_out(&grade, self.now.time);
        }
    }

    /// Says why something that was asked for the screen did not come.
    pub(crate) fn history_fault(&mut self, asked: &HistoryQuestion, why: &str) {
        match asked {
            HistoryQuestion::Page { round, .. } => self.history.runs.failed(*round),
            HistoryQuestion::Run(run, Want::Look) => {
                // It is said where the run would be.
                self.history.fault = Some((*run, why.to_owned()));
                return;
            }
            // It is said where the evidence would be.
            HistoryQuestion::Kinds(runs) => return self.kinds_told(*runs, Err(why.to_owned())),
            HistoryQuestion::Pair(run) => {
                self.history.pair.take_if(|pair| pair.runs.contains(run));
            }
            _ => {}
        }
        self.say(Tone::Error, why);
    }

    /// Shows another grade where its run is listed, and returns the one it takes the place of.
    pub(crate) fn put_listed_grade(&mut self, run: RunId, grade: &crate::model::Grade) -> Option<crate::model::Grade> {
        let entry = self.history.runs.find(run)?;
        let before = entry.grade.replace(grade.clone()).unwrap_or_default();
        if grade.is_empty() {
            entry.grade = None;
        }
        if let Some(detail) = self.history.detail.as_mut().filter(|detail| detail.run() == run) {
            detail.lay_out(grade, self.now.time);
        }
        Some(before)
    }
}

impl App {
    /// Goes to the bench with a run, once what is there is kept as a version.
    pub(crate) fn reopen(&mut self, record: Box<RunRecord>, run: bool) {
        if self.bench.busy() && run {
            self.say(Tone::Warning, "runs are under way at the bench; stop them first");
            return;
        }
        self.go_to(Screen::Bench);
        self.keep_then(After::Reopen { record, run });
    }
}

/// Puts a run on the bench, beside the other inputs and in a lane of its model, and runs it there if asked to.
pub(crate) fn put(app: &mut App, record: RunRecord, run: bool) {
    let RunRecord { run: id, prompt_name, prompt, input, outcome, .. } = record;
    let stand = Stand { id: VersionId::of(&prompt), place: None, prompt: Box::new(prompt.version()), edited: false };
    app.bench.put_of_record(prompt_name, &prompt, stand);
    if app.bench.input() != input && !app.bench.add_input(&NamedInput { name: String::new(), input: input.clone() }) {
        // There is no room for a further input: the present text can be brought back by undo.
        app.bench.input.set(&input.text);
        app.bench.vars = on_bench(&input);
    }
    let at = lane(app, &outcome.requested);
    app.bench.focus_on(Focus::Lane(at));
    app.bench.touch();
    app.bench.settle();
    app.say(Tone::Info, &format!("run {} is on the bench", id.short()));
    if run {
        app.run(&[at], CacheMode::Refresh, |_, _| true);
    }
}

/// Finds a lane that asks a target, or makes one: a further one where there is room, else in the place of
/// the one with the focus.
fn lane(app: &mut App, target: &str) -> usize {
    let asks = |spec: &LaneSpec| spec.target == target && spec.pinned.is_none();
    if let Some(at) = app.bench.lanes.iter().position(|lane| asks(&lane.spec)) {
        return at;
    }
    if app.bench.lanes.len() < MAX_LANES {
        app.bench.push_lane(target);
    } else {
        let at = app.bench.lane_at();
        let stopped = app.bench.put_lane(at, LaneSpec::from(target));
        app.effects.extend(stopped.into_iter().map(Effect::Stop));
    }
    app.bench.lane_at()
}
