//! What the screen asks of the store, and where the answers go.

use super::{detail::Detail, pair::Pair, runs::Next};
use crate::{
    app::{
        App, Screen,
        notice::Tone,
        overlay::{Grading, Overlay, Xray, copy},
        stored::Asked,
    },
    model::{Quality, RunId},
    pipeline::port::RunRecord,
    store::job::{Job, Reply, Weighed},
};

/// What the record of a run is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Want {
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
pub(in crate::app) enum AskedFor {
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
    fn ask_history(&mut self, job: Job, asked: AskedFor) {
        self.ask_store(job, Asked::History(asked));
    }

    /// Asks for the names that filters can have.
    pub(in crate::app) fn ask_vocabulary(&mut self) {
        self.ask_history(Job::Vocabulary, AskedFor::Vocabulary);
    }

    /// Asks the same question again.
    pub(in crate::app) fn refresh_history(&mut self) {
        let now = self.local_now();
        self.history.asking.read(&now);
        self.history.runs.refresh();
    }

    /// Asks for what the screen still lacks: a page of runs, the run under the cursor.
    pub(in crate::app) fn settle_history(&mut self) {
        if self.screen != Screen::History {
            return;
        }
        let history = &mut self.history;
        if let Some(next) = history.runs.next() {
            let query = &history.asking.query;
            let (after, limit) = match next {
                Next::First(limit) => (None, limit),
                Next::Further => (history.runs.entries.last().map(|run| run.place(query)), super::runs::PAGE),
            };
            let asked = AskedFor::Page { round: history.runs.round(), first: after.is_none() };
            let job = Job::History { query: Box::new(query.clone()), after, limit };
            self.ask_history(job, asked);
        }
        let in_sight = self.history.both || self.history.reading;
        let waits = |asked: &Asked| matches!(asked, Asked::History(AskedFor::Run(_, Want::Look)));
        if let Some(run) = self.history.chosen().map(|entry| entry.run).filter(|_| in_sight)
            && self.history.shown().is_none()
            && self.history.fault.as_ref().is_none_or(|(faulty, _)| *faulty != run)
            && !self.asked.values().any(waits)
        {
            self.ask_history(Job::OpenRun(run), AskedFor::Run(run, Want::Look));
        }
    }

    /// Does something with the record of the run under the cursor, now or when it is read.
    pub(super) fn with_record(&mut self, want: Want) {
        let Some(run) = self.history.chosen().map(|entry| entry.run) else {
            self.say(Tone::Info, "no run is chosen");
            return;
        };
        match self.history.shown().map(|detail| detail.record.clone()) {
            Some(record) => self.have_record(record, want),
            None => self.ask_history(Job::OpenRun(run), AskedFor::Run(run, want)),
        }
    }

    fn have_record(&mut self, record: Box<RunRecord>, want: Want) {
        match want {
            Want::Look => {}
            Want::Xray => {
                self.overlays.push(Overlay::Xray(Xray::of_outcome(&record.outcome, &record.timeline)));
            }
            Want::Copy => self.overlays.push(Overlay::Copy(copy::forms(self))),
            Want::Bench { run } => self.reopen(record, run),
        }
    }

    /// Compares the two runs that are meant.
    pub(super) fn compare_runs(&mut self) {
        let Some((older, newer)) = self.history.runs.two() else {
            let key = self.keymap.shown(crate::app::Action::MarkRun, false);
            let key = key.map_or_else(String::new, |key| format!(" with {key}"));
            self.say(Tone::Info, &format!("mark two runs{key} first"));
            return;
        };
        self.history.pair = Some(Box::new(Pair::new(older, newer)));
        for run in [older, newer] {
            self.ask_history(Job::OpenRun(run), AskedFor::Pair(run));
        }
    }

    /// Keeps the run under the cursor when others are pruned, or no longer.
    pub(super) fn pin_run(&mut self) {
        if let Some((run, pinned)) = self.history.chosen().map(|entry| (entry.run, !entry.pinned)) {
            self.ask_history(Job::PinRuns { runs: vec![run], pinned }, AskedFor::Pin(run, pinned));
        }
    }

    /// Removes a run for good.
    pub(in crate::app) fn remove_run(&mut self, run: RunId) {
        self.ask_history(Job::RemoveRuns(vec![run]), AskedFor::Remove(run));
    }

    /// Asks for the grade of the run under the cursor.
    pub(super) fn grade_run(&mut self) {
        if let Some(entry) = self.history.chosen() {
            let grading = Grading::new(entry.run, &entry.grade.clone().unwrap_or_default());
            self.overlays.push(Overlay::Grade(grading));
        }
    }

    /// Takes an answer of the store for the screen in.
    pub(in crate::app) fn history_stored(&mut self, asked: AskedFor, reply: Reply) {
        match (asked, reply) {
            (AskedFor::Page { round, first }, Reply::History(page)) => {
                let more = page.more;
                if self.history.runs.take(round, first, page) && more {
                    let query = Box::new(self.history.asking.query.clone());
                    self.ask_history(Job::CountRuns(query), AskedFor::Count(round));
                }
            }
            (AskedFor::Count(round), Reply::Counted { runs, more }) if round == self.history.runs.round() => {
                self.history.runs.count = Some(super::runs::Count { runs, more });
            }
            (AskedFor::Vocabulary, Reply::Vocabulary(vocabulary)) => {
                self.quality.asking.vocabulary.clone_from(&vocabulary);
                self.history.asking.vocabulary = *vocabulary;
            }
            (AskedFor::Run(run, want), Reply::Run(record)) => self.run_read(run, want, record),
            (AskedFor::Judgements(run), Reply::Judgements(all)) => self.judgements_read(run, all),
            (AskedFor::Pair(run), Reply::Run(record)) if run == record.run => {
                if let Some(pair) = &mut self.history.pair {
                    let asked = AskedFor::Kinds(pair.runs);
                    if let Some(job) = pair.take(record) {
                        self.ask_history(job, asked);
                    }
                }
            }
            (AskedFor::Kinds(runs), Reply::Weighed(weighed)) => self.kinds_told(runs, Ok(weighed)),
            (AskedFor::Pin(run, pinned), Reply::Pinned(_)) => {
                if let Some(entry) = self.history.runs.find(run) {
                    entry.pinned = pinned;
                }
                let says = if pinned { "is kept when others are pruned" } else { "is pruned with the others" };
                self.say(Tone::Info, &format!("run {} {says}", run.short()));
            }
            (AskedFor::Remove(run), Reply::Pruned(_)) => {
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
        self.ask_history(Job::Judgements(run), AskedFor::Judgements(run));
        self.have_record(record, want);
    }

    fn kinds_told(&mut self, runs: [RunId; 2], told: Result<Box<Weighed>, String>) {
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
    pub(in crate::app) fn history_fault(&mut self, asked: &AskedFor, why: &str) {
        match asked {
            AskedFor::Page { round, .. } => self.history.runs.failed(*round),
            AskedFor::Run(run, Want::Look) => {
                // It is said where the run would be.
                self.history.fault = Some((*run, why.to_owned()));
                return;
            }
            // It is said where the evidence would be.
            AskedFor::Kinds(runs) => return self.kinds_told(*runs, Err(why.to_owned())),
            AskedFor::Pair(run) => {
                self.history.pair.take_if(|pair| pair.runs.contains(run));
            }
            _ => {}
        }
        self.say(Tone::Error, why);
    }

    /// Shows another grade where its run is listed, and returns the one it takes the place of.
    pub(in crate::app) fn put_listed_grade(
        &mut self,
        run: RunId,
        grade: &crate::model::Grade,
    ) -> Option<crate::model::Grade> {
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
