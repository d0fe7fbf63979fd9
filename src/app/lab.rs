//! The experiment on a prompt that is set up, under way or has ended: an improvement or an ablation, as it is told.
//!
//! It goes on whatever is shown: overlays look at it, the status line says how far it is.

use std::time::{Duration, Instant};

use crate::{
    app::event::{ExperimentEnd, ExperimentKind, ExperimentNews, ExperimentPlan, ExperimentRequest, Ticket},
    eval::{
        ablate::Ablated,
        experiment::{ExperimentEvent, ExperimentSpent},
        improve::{Candidate, FlipCounts, Improved},
    },
    model::Prompt,
    text::format::{counted, thousands},
};

/// What is known of the experiments of the workbench: one that is set up, and one that goes on or has ended.
#[derive(Debug, Default)]
pub struct Lab {
    /// What is known of the one that is set up; none until its rows are read.
    pub planned: Option<Result<Box<ExperimentPlan>, String>>,
    /// What it asks.
    planned_for: Option<Box<ExperimentRequest>>,
    /// What it was asked for under, while that is waited for.
    planning: Option<Ticket>,
    /// What begins as soon as that is there.
    starting: Option<Box<ExperimentRequest>>,
    /// The one that goes on or has ended.
    pub work: Option<Box<LabWork>>,
}

/// How far an experiment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabState {
    Running,
    /// It was told to stop.
    Stopping,
    /// It came to its end.
    Done,
    Ended(ExperimentEnd),
}

/// How far a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateState {
    Proposed,
    Racing,
    /// It broke more than it fixed, or others were better.
    Out,
    /// It is tested on the held-out rows.
    Finalist,
}

impl CandidateState {
    /// Names it in a list.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Racing => "racing",
            Self::Out => "out",
            Self::Finalist => "finalist",
        }
    }
}

/// A candidate as it is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct LabCandidate {
    /// What its version is called.
    pub name: String,
    /// Why it was proposed.
    pub reason: String,
    pub prompt: Box<Prompt>,
    pub state: CandidateState,
    /// Tune rows that it was tried on, and how it stands on them.
    pub rows: usize,
    pub standing: FlipCounts,
}

/// What was made of the winner.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It was written.
    Written {
        /// To which file.
        path: String,
        prompt: Box<Prompt>,
        /// The digest of the file.
        file: String,
    },
    Rejected,
}

/// How far the part of an experiment is that is asked just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabPart {
    pub name: String,
    pub done: u64,
    pub cells: u64,
}

/// An experiment that goes on or has ended.
#[derive(Debug)]
pub struct LabWork {
    ticket: Ticket,
    pub request: ExperimentRequest,
    pub plan: Box<ExperimentPlan>,
    pub state: LabState,
    /// When it began, or went on.
    began: Instant,
    ended: Option<Instant>,
    /// What it is called on record, once it is.
    pub name: String,
    /// Whether it goes on from what was asked before.
    pub resumed: bool,
    pub part: Option<LabPart>,
    pub spent: ExperimentSpent,
    /// Calls of models.
    pub calls: u64,
    /// Rows that the prompt as it is passes, of those that were judged.
    pub baseline: Option<(u64, u64)>,
    pub candidates: Vec<LabCandidate>,
    /// Why other edits are not tried.
    pub rejected: Vec<String>,
    /// What was said in passing, the newest last.
    pub notes: Vec<String>,
    pub improved: Option<Box<Improved>>,
    pub ablated: Option<Box<Ablated>>,
    pub decision: Option<Decision>,
}

impl LabWork {
    fn new(ticket: Ticket, request: ExperimentRequest, plan: Box<ExperimentPlan>, now: Instant) -> Self {
        Self {
            ticket,
            request,
            plan,
            state: LabState::Running,
            began: now,
            ended: None,
            name: String::new(),
            resumed: false,
            part: None,
            spent: ExperimentSpent::default(),
            calls: 0,
            baseline: None,
            candidates: Vec::new(),
            rejected: Vec::new(),
            notes: Vec::new(),
            improved: None,
            ablated: None,
            decision: None,
        }
    }

    /// Tells whether it is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.state, LabState::Running | LabState::Stopping)
    }

    /// Tells whether it was stopped before its end, by a person or a limit, so that it can go on.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        matches!(self.state, LabState::Ended(_))
    }

    /// Returns how long it has been under way.
    #[must_use]
    pub fn took(&self, now: Instant) -> Duration {
        self.ended.unwrap_or(now).saturating_duration_since(self.began)
    }

    /// Returns the winner that waits for a person's word.
    #[must_use]
    pub fn undecided(&self) -> Option<&Candidate> {
        let improved = self.improved.as_ref().filter(|_| self.decision.is_none())?;
        improved.candidates.get(improved.improvement.winner()?)
    }

    /// Names what it does, within a sentence.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.request.kind {
            ExperimentKind::Improve { .. } => "improvement",
            ExperimentKind::Ablate => "ablation",
        }
    }

    /// Says what it does to which prompt: `improvement of mood`.
    #[must_use]
    pub fn about(&self) -> String {
        format!("{} of {}", self.word(), self.request.prompt_name())
    }

    /// Says on what it is made, and what it is called once it has begun: `mood × rows.csv, 60 rows  improve-b8556a`.
    pub(crate) fn subject(&self) -> String {
        let rows = counted(self.plan.rows, "row");
        let words = format!("{} × {}, {rows}  {}", self.request.prompt_name(), self.request.batch.spec.name, self.name);
        words.trim_end().to_owned()
    }

    /// Says in a few words how far it is.
    #[must_use]
    pub fn progress(&self) -> String {
        let part = self.part.as_ref().map_or_else(
            || "begins".to_owned(),
            |LabPart { name, done, cells }| format!("{name} {} of {}", thousands(*done), thousands(*cells)),
        );
        format!("{}: {part}", self.about())
    }

    fn end(&mut self, state: LabState, now: Instant) {
        (self.state, self.ended, self.part) = (state, Some(now), None);
    }

    fn take(&mut self, news: ExperimentNews, now: Instant) {
        match news {
            ExperimentNews::Begins(plan) => self.plan = plan,
            ExperimentNews::Told(event) => self.hear(event),
            ExperimentNews::Improved(improved) => {
                for (own, candidate) in self.candidates.iter_mut().zip(&improved.candidates) {
                    (own.rows, own.standing) = (candidate.contender.rows, candidate.contender.standing);
                    // The race is over, also for one that was dropped by no other.
                    if own.state != CandidateState::Finalist {
                        own.state = CandidateState::Out;
                    }
                }
                self.spent = improved.spent;
                self.improved = Some(improved);
                self.end(LabState::Done, now);
            }
            ExperimentNews::Ablated(ablated) => {
                self.spent = ablated.spent;
                self.ablated = Some(ablated);
                self.end(LabState::Done, now);
            }
            ExperimentNews::Ended(end) => self.end(LabState::Ended(end), now),
        }
    }

    fn hear(&mut self, event: ExperimentEvent) {
        match event {
            ExperimentEvent::Began { name, resumed } => (self.name, self.resumed) = (name, resumed),
            ExperimentEvent::Note { words } => self.notes.push(words),
            ExperimentEvent::Progress { part, done, cells, spent, calls } => {
                if part == RACE {
                    for candidate in &mut self.candidates {
                        candidate.race();
                    }
                }
                self.part = Some(LabPart { name: part, done, cells });
                (self.spent, self.calls) = (spent, calls);
            }
            ExperimentEvent::Baseline { passed, judged } => self.baseline = Some((passed, judged)),
            ExperimentEvent::Candidate { name, version: _, parent: _, reason, change: _, prompt } => {
                let (state, standing) = (CandidateState::Proposed, FlipCounts::default());
                self.candidates.push(LabCandidate { name, reason, prompt, state, rows: 0, standing });
            }
            ExperimentEvent::Rejected { reason, why } if reason.is_empty() => self.rejected.push(why),
            ExperimentEvent::Rejected { reason, why } => self.rejected.push(format!("{why} ({reason})")),
            ExperimentEvent::Rung { rows, standings } => {
                for result in standings {
                    let own = self.candidates.iter_mut().find(|candidate| candidate.name == result.name);
                    if let Some(own) = own {
                        own.state = if result.dropped { CandidateState::Out } else { CandidateState::Racing };
                        (own.rows, own.standing) = (rows, result.standing);
                    }
                }
            }
            ExperimentEvent::Look { name, rows: _, look: _ } => {
                for candidate in &mut self.candidates {
                    let is_finalist = candidate.name == name;
                    candidate.state = if is_finalist { CandidateState::Finalist } else { CandidateState::Out };
                }
            }
            // What these tell comes with the end; the workbench bisects nothing.
            ExperimentEvent::Unit { .. } | ExperimentEvent::Step { .. } => {}
        }
    }
}

/// The part in which candidates race, as it is told.
const RACE: &str = "race";

impl LabCandidate {
    fn race(&mut self) {
        if self.state == CandidateState::Proposed {
            self.state = CandidateState::Racing;
        }
    }
}

impl Lab {
    /// Returns the experiment that is under way, if one is.
    #[must_use]
    pub fn busy(&self) -> Option<&LabWork> {
        self.work.as_deref().filter(|work| work.is_busy())
    }

    /// Tells whether what is set up is being looked at.
    #[must_use]
    pub fn is_planning(&self) -> bool {
        self.planning.is_some()
    }

    /// Tells whether what is known, or waited for, is of an experiment that asks this.
    pub(crate) fn is_planned(&self, request: &ExperimentRequest) -> bool {
        self.planned_for.as_ref().is_some_and(|planned| planned.asks_the_same(request))
    }

    /// Waits for what is known of an experiment that is set up.
    pub(crate) fn plan(&mut self, ticket: Ticket, request: &ExperimentRequest) {
        (self.planning, self.planned, self.starting) = (Some(ticket), None, None);
        self.planned_for = Some(Box::new(request.clone()));
    }

    /// Has an experiment begin as soon as what is known of it is there.
    pub(crate) fn start_when_planned(&mut self, request: ExperimentRequest) {
        self.starting = Some(Box::new(request));
    }

    /// Takes in what is known of the one that is set up. Returns the one that is to begin.
    pub(crate) fn take_plan(
        &mut self,
        ticket: Ticket,
        planned: Result<Box<ExperimentPlan>, String>,
    ) -> Option<Box<ExperimentRequest>> {
        if self.planning != Some(ticket) {
            return None;
        }
        self.planning = None;
        let starting = self.starting.take().filter(|_| planned.is_ok());
        self.planned = Some(planned);
        starting
    }

    /// Notes that an experiment has begun, or goes on.
    pub(crate) fn begin(
        &mut self,
        ticket: Ticket,
        request: ExperimentRequest,
        plan: Box<ExperimentPlan>,
        now: Instant,
    ) {
        self.work = Some(Box::new(LabWork::new(ticket, request, plan, now)));
    }

    /// Notes that the one under way is to stop, and returns what it goes on under; none where it stops already.
    pub(crate) fn stop(&mut self) -> Option<Ticket> {
        let work = self.work.as_mut().filter(|work| work.state == LabState::Running)?;
        work.state = LabState::Stopping;
        Some(work.ticket)
    }

    /// Takes in what came of the one under way. Tells whether it has ended by that.
    pub(crate) fn take(&mut self, ticket: Ticket, news: Vec<ExperimentNews>, now: Instant) -> bool {
        let Some(work) = self.work.as_mut().filter(|work| work.ticket == ticket && work.is_busy()) else {
            return false;
        };
        for one in news {
            work.take(one, now);
        }
        !work.is_busy()
    }
}
