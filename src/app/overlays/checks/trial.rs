//! The rules tried on the answers on the bench and on those stored: what is asked for next, and what has come of it so far.
//!
//! The record judges, a page at a time, by the same engine as `retort score`; nothing is written and no model is called.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    app::{intent::BenchAnswer, overlays::checks::draft::RuleId},
    eval::{
        rules,
        rules::RulePlace,
        whatif::{Measured, Threshold, measure},
    },
    model::{Prompt, Quality, RunId, RunStatus, Status, query::Query},
    store::api::{PageStart, Scored, ScoredRun, ToJudge, ToScore},
};

/// Answers of a page.
const PAGE: usize = 100;

/// Stored answers that are judged, at most: the newest.
pub const MOST: usize = 1000;

/// What came of one rule on stored answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleCounts {
    pub passed: u64,
    pub failed: u64,
    /// Answers on which it could not run.
    pub inconclusive: u64,
    /// Answers on which it came out otherwise by the saved checks.
    pub changed: u64,
    /// Whether the saved checks have it.
    pub known: bool,
    /// The newest answer that fails, and why.
    pub first_failure: Option<(RunId, String)>,
}

impl RuleCounts {
    /// Counts the answers on which it ran or could not.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.passed + self.failed + self.inconclusive
    }
}

/// A stored answer that comes out otherwise than by the saved checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedAnswer {
    pub run: RunId,
    /// By the saved checks.
    pub before: RunStatus,
    /// By those that are edited.
    pub now: RunStatus,
    /// The first reason for which it fails now; empty where it does not.
    pub reason: String,
}

/// What came of all rules on the stored answers judged so far.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    pub rules: BTreeMap<RuleId, RuleCounts>,
    /// Answers judged.
    pub judged: usize,
    /// Those that pass.
    pub passed: u64,
    pub failed: u64,
    pub changes: Vec<ChangedAnswer>,
    /// The verdicts that count, for a threshold that is moved.
    qualities: Vec<Quality>,
}

/// The verdict of an answer by the saved checks: of all, and of each.
type Before = (RunStatus, Vec<(RuleId, Status)>);

/// A prompt whose rules are tried.
#[derive(Debug, Clone)]
struct Subject {
    prompt: Prompt,
    /// The same with all rules on.
    judged: Prompt,
    rules: Vec<(RuleId, RulePlace)>,
}

impl Subject {
    fn new(prompt: &Prompt, rules: Vec<(RuleId, RulePlace)>) -> Self {
        Self { prompt: prompt.clone(), judged: rules::all_on(prompt), rules }
    }

    fn is_judged_as(&self, other: &Self) -> bool {
        self.prompt.checks == other.prompt.checks && self.prompt.response == other.prompt.response
    }
}

impl Sums {
    fn take(&mut self, subject: &Subject, run: &ScoredRun, saved: Option<&Before>) -> Before {
        let quality = rules::counting(&subject.prompt, &subject.judged, &run.quality);
        let now = quality.status();
        let mut statuses = Vec::with_capacity(subject.rules.len());
        for (id, place) in &subject.rules {
            let counts = self.rules.entry(*id).or_default();
            let Some(verdict) = rules::verdict_of(*place, &subject.judged, &run.quality) else { continue };
            let before = saved.and_then(|(_, all)| all.iter().find(|(known, _)| known == id));
            counts.known |= before.is_some();
            counts.changed += u64::from(before.is_some_and(|(_, before)| *before != verdict.status));
            match verdict.status {
                Status::Passed => counts.passed += 1,
                Status::Inconclusive => counts.inconclusive += 1,
                Status::Failed => {
                    counts.failed += 1;
                    counts.first_failure.get_or_insert_with(|| (run.run, verdict.reason.clone()));
                }
            }
            statuses.push((*id, verdict.status));
        }
        self.judged += 1;
        self.passed += u64::from(now == RunStatus::Passed);
        self.failed += u64::from(now == RunStatus::Failed);
        if let Some((before, _)) = saved.filter(|(before, _)| *before != now) {
            let fails = quality.verdicts.iter().find(|verdict| verdict.status == Status::Failed);
            let reason = fails.map(|verdict| format!("{}: {}", verdict.rule, verdict.reason)).unwrap_or_default();
            self.changes.push(ChangedAnswer { run: run.run, before: *before, now, reason });
        }
        self.qualities.push(quality);
        (now, statuses)
    }
}

/// What is asked of the record next.
#[derive(Debug)]
pub(crate) enum TrialRequest {
    /// The answers on the bench, by the rules of a round.
    Bench(ToJudge, u64),
    /// A page of stored answers by the saved rules.
    Saved(ToScore),
    /// A page of stored answers by the rules of a round.
    Edited(ToScore, u64),
}

/// How far a walk through the stored answers is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Walk {
    after: Option<PageStart>,
    done: bool,
}

/// The rules as they are tried.
#[derive(Debug, Clone)]
pub struct Trial {
    name: Option<String>,
    pub answers: Vec<BenchAnswer>,
    saved: Subject,
    edited: Subject,
    /// Counts the changes so far: what was asked before the last is late.
    round: u64,
    /// Whether something is asked for just now.
    waits: bool,
    bench_due: bool,
    of_saved: Walk,
    of_edited: Walk,
    before: BTreeMap<RunId, Before>,
    saved_sums: Sums,
    edited_sums: Sums,
    /// The verdicts on the answers on the bench, with the rules by which they were given.
    bench: Option<(Prompt, Vec<Quality>)>,
    /// Why nothing more can be judged.
    pub error: Option<String>,
}

impl Trial {
    /// Begins to try rules: the saved ones and those that are edited, on the answers on the bench and on those stored under
    /// the prompt's name.
    #[must_use]
    pub fn new(
        name: Option<String>,
        answers: Vec<BenchAnswer>,
        saved: (&Prompt, Vec<(RuleId, RulePlace)>),
        edited: (&Prompt, Vec<(RuleId, RulePlace)>),
    ) -> Self {
        let walk = Walk { after: None, done: name.is_none() };
        Self {
            name,
            bench_due: !answers.is_empty(),
            answers,
            saved: Subject::new(saved.0, saved.1),
            edited: Subject::new(edited.0, edited.1),
            round: 0,
            waits: false,
            of_saved: walk,
            of_edited: walk,
            before: BTreeMap::new(),
            saved_sums: Sums::default(),
            edited_sums: Sums::default(),
            bench: None,
            error: None,
        }
    }

    /// Tries other rules.
    pub fn set(&mut self, prompt: &Prompt, rules: Vec<(RuleId, RulePlace)>) {
        let edited = Subject::new(prompt, rules);
        if self.edited.is_judged_as(&edited) && self.error.is_none() {
            return;
        }
        self.edited = edited;
        self.round += 1;
        self.bench_due = !self.answers.is_empty();
        self.of_edited = Walk { after: None, done: self.name.is_none() };
        self.error = None;
    }

    /// Tries the rules on other answers on the bench.
    pub(crate) fn set_answers(&mut self, answers: Vec<BenchAnswer>) {
        self.answers = answers;
        // The verdicts there are belong to the answers before, and so does what is asked for.
        self.bench = None;
        self.round += 1;
        self.bench_due = !self.answers.is_empty();
    }

    fn is_saved(&self) -> bool {
        self.edited.is_judged_as(&self.saved)
    }

    /// Returns what is to be asked for now, if anything is.
    pub(crate) fn next(&mut self, at: Timestamp) -> Option<TrialRequest> {
        if self.waits || self.error.is_some() {
            return None;
        }
        let request = if self.bench_due {
            let answers = self.answers.iter().map(|answer| Arc::clone(&answer.answer)).collect();
            Some(TrialRequest::Bench(ToJudge { prompt: self.edited.judged.clone(), answers }, self.round))
        } else if !self.of_saved.done {
            Some(TrialRequest::Saved(self.page(&self.saved, self.of_saved, at)?))
        } else if !self.is_saved() && !self.of_edited.done {
            Some(TrialRequest::Edited(self.page(&self.edited, self.of_edited, at)?, self.round))
        } else {
            None
        };
        self.waits = request.is_some();
        request
    }

    fn page(&self, subject: &Subject, walk: Walk, at: Timestamp) -> Option<ToScore> {
        let query = Query::default().answers_to(self.name.as_ref()?);
        Some(ToScore { prompt: subject.judged.clone(), query, after: walk.after, limit: PAGE, write: false, at })
    }

    /// Takes the verdicts on the answers on the bench.
    pub(crate) fn take_bench(&mut self, round: u64, verdicts: Vec<Quality>) {
        self.waits = false;
        if round == self.round {
            self.bench_due = false;
            self.bench = Some((self.edited.judged.clone(), verdicts));
        }
    }

    /// Takes a page of stored answers by the saved rules.
    pub(crate) fn take_saved(&mut self, page: &Scored) {
        self.waits = false;
        for run in &page.runs {
            let before = self.saved_sums.take(&self.saved, run, None);
            self.before.insert(run.run, before);
        }
        for counts in self.saved_sums.rules.values_mut() {
            counts.known = true;
        }
        self.of_saved = Walk { after: page.after, done: is_last(page, &self.saved_sums) };
    }

    /// Takes a page of stored answers by the rules of a round.
    pub(crate) fn take_edited(&mut self, round: u64, page: &Scored) {
        self.waits = false;
        if round != self.round {
            return;
        }
        // what came of the rules before stays in sight until here
        if self.of_edited.after.is_none() {
            self.edited_sums = Sums::default();
        }
        for run in &page.runs {
            self.edited_sums.take(&self.edited, run, self.before.get(&run.run));
        }
        self.of_edited = Walk { after: page.after, done: is_last(page, &self.edited_sums) };
    }

    /// Notes why the answers cannot be judged.
    pub(crate) fn fail(&mut self, round: Option<u64>, error: String) {
        self.waits = false;
        if round.is_none_or(|round| round == self.round) {
            self.error = Some(error);
        }
    }

    /// Returns what came of the stored answers so far.
    #[must_use]
    pub fn sums(&self) -> &Sums {
        if self.is_saved() { &self.saved_sums } else { &self.edited_sums }
    }

    /// Tells whether stored answers are still to be judged.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.error.is_none() && !(self.of_saved.done && (self.is_saved() || self.of_edited.done))
    }

    /// Tells whether answers are stored under a name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Tells whether only the newest answers are judged.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.sums().judged >= MOST
    }

    /// Returns the verdict of a rule on an answer on the bench, if it was judged.
    #[must_use]
    pub fn on_bench(&self, place: RulePlace, answer: usize) -> Option<(Status, &str)> {
        let (judged, verdicts) = self.bench.as_ref()?;
        let verdict = rules::verdict_of(place, judged, verdicts.get(answer)?)?;
        Some((verdict.status, verdict.reason.as_str()))
    }

    /// Returns what a threshold sees of the stored answers judged so far.
    #[must_use]
    pub fn measured(&self, knob: &Threshold) -> Vec<Measured> {
        let measured = |quality| {
            let (value, decides, rest) = measure::of_score(knob, quality);
            Measured { value, decides, rest, ..Measured::default() }
        };
        self.sums().qualities.iter().map(measured).collect()
    }
}

fn is_last(page: &Scored, sums: &Sums) -> bool {
    page.after.is_none() || sums.judged >= MOST
}
