//! One run of a lane: what it is doing, what came of it, and what is seen of that.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    card::Card,
    state::{State, Survived},
};
use crate::{
    app::{
        compare::Compared,
        difference::{Difference, Side},
        msg::{Now, Ticket},
        view::View,
        weighing::Setup,
    },
    model::{Class, End, Fault, Grade, Outcome, Prompt, Provenance, Quality, RunId, Target},
    pipeline::{
        Told,
        event::{Lookup, Next, Part, RunEvent},
        meter::RunMeter,
    },
    text::Cleaner,
};

/// One run's place on the bench, filled anew by each run.
#[derive(Debug, Clone)]
pub struct Take {
    /// The target that was asked first, by name.
    asked: String,
    /// The run under way, if there is one.
    pub ticket: Option<Ticket>,
    /// The run that was stopped last: its end is still taken in, nothing else of it.
    stopped: Option<Ticket>,
    /// What it is doing.
    pub state: State,
    /// The answer.
    pub answer: View,
    /// The reasoning before it.
    pub reasoning: View,
    /// Whether the reasoning is shown instead of the answer.
    pub show_reasoning: bool,
    /// The run's numbers.
    pub meter: RunMeter,
    /// The end of the last run.
    pub outcome: Option<Box<Outcome>>,
    /// The verdicts on the answer.
    pub quality: Option<Quality>,
    /// Every event of the last run but its text, for the X-ray.
    pub timeline: Vec<Told>,
    /// What was dropped or changed before sending, cleaned at the screen's border by the X-ray.
    pub notices: Vec<String>,
    /// Failed attempts the run survived.
    pub survived: Vec<Survived>,
    /// The error card, in place of an answer or below a broken one.
    pub card: Option<Card>,
    /// What a person makes of the answer.
    pub grade: Grade,
    /// When the run was asked for.
    pub started: Option<Instant>,
    /// The number of the attempt whose text has begun.
    begun: u32,
    /// The raw text so far; empty once the outcome holds it.
    partial: String,
    cleaners: [Cleaner; 2],
    /// What the answer is compared by.
    pub compared: Compared,
    /// What the last run was made with, once it has ended.
    setup: Option<Setup>,
    prompt: Option<Arc<Prompt>>,
}

impl Default for Take {
    fn default() -> Self {
        Self {
            asked: String::new(),
            ticket: None,
            stopped: None,
            state: State::Idle,
            answer: View::default(),
            reasoning: View::default(),
            show_reasoning: false,
            meter: RunMeter::default(),
            outcome: None,
            quality: None,
            timeline: Vec::new(),
            notices: Vec::new(),
            survived: Vec::new(),
            card: None,
            grade: Grade::default(),
            started: None,
            begun: 0,
            partial: String::new(),
            cleaners: [Cleaner::new(), Cleaner::new()],
            compared: Compared::default(),
            setup: None,
            prompt: None,
        }
    }
}

impl Take {
    /// Clears the place for a run of a prompt that may ask these targets.
    pub fn begin(&mut self, ticket: Ticket, targets: &[Target], prompt: &Arc<Prompt>, now: Now) {
        let compared = self.next_compared();
        let (mut answer, reasoning) = (std::mem::take(&mut self.answer), std::mem::take(&mut self.reasoning));
        answer.expect(&prompt.expected());
        *self = Self {
            asked: targets.first().map(|target| target.name.clone()).unwrap_or_default(),
            ticket: Some(ticket),
            state: State::Queued("preparing".to_owned()),
            answer: answer.cleared(),
            reasoning: reasoning.cleared(),
            show_reasoning: self.show_reasoning,
            meter: RunMeter::new(targets),
            started: Some(now.at),
            compared,
            prompt: Some(Arc::clone(prompt)),
            ..Self::default()
        };
    }

    /// Marks a run that could not even be started.
    pub fn refuse(&mut self, card: Card) {
        let compared = self.next_compared();
        *self = Self { state: State::Failed, card: Some(card), compared, ..Self::default() };
    }

    fn next_compared(&mut self) -> Compared {
        let answer = self.whole();
        std::mem::take(&mut self.compared).next(answer)
    }

    /// Returns the answer to be compared, if it is whole.
    pub fn whole(&mut self) -> Option<Arc<Side>> {
        let outcome = self.outcome.as_ref().filter(|_| matches!(self.state, State::Done | State::Cached { .. }))?;
        Some(self.compared.present(|| Side::of(&outcome.text, outcome.json.as_deref())))
    }

    /// Marks the run as stopped, keeps what came of it, and returns the run's ticket.
    pub fn stop(&mut self) -> Option<Ticket> {
        let ticket = self.ticket.take()?;
        self.flush();
        self.stopped = Some(ticket);
        self.state = State::Cancelled;
        self.card = Some(Card::cancelled(!self.partial.is_empty()));
        Some(ticket)
    }

    /// Accepts the part that came of an answer that broke off or was stopped. Tells whether there is one.
    pub fn keep(&mut self) -> bool {
        let keeps = matches!(self.state, State::Interrupted | State::Cancelled) && !self.raw().is_empty();
        if keeps {
            self.state = State::Kept;
            self.card = None;
        }
        keeps
    }

    /// Returns the name of the target that was asked last, if a run was begun.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        self.meter.target().or(Some(self.asked.as_str())).filter(|name| !name.is_empty())
    }

    /// Tells whether an event of a run is waited for: any of the run under way, the end of the one
    /// that was stopped.
    #[must_use]
    pub fn expects(&self, ticket: Ticket, event: &RunEvent) -> bool {
        self.ticket == Some(ticket) || (self.stopped == Some(ticket) && matches!(event, RunEvent::Ended { .. }))
    }

    /// Takes notices in, none twice.
    fn note(&mut self, notices: &[String]) {
        for notice in notices {
            if !self.notices.contains(notice) {
                self.notices.push(notice.clone());
            }
        }
    }

    /// Takes an event of the run in. Tells whether the run has ended with it.
    pub fn hear(&mut self, told: Told, now: Now) -> bool {
        self.meter.take(&told);
        match &told.event {
            RunEvent::Delta { attempt, part, text } => {
                self.push(*part, text);
                if self.begun != *attempt {
                    // Of all text the X-ray shows but when the first of it came.
                    self.begun = *attempt;
                    let event = RunEvent::Delta { attempt: *attempt, part: *part, text: String::new() };
                    self.timeline.push(Told { at: told.at, event });
                }
                return false;
            }
            RunEvent::Prepared { notices, .. } => self.notices.clone_from(notices),
            RunEvent::Cache { lookup } => {
                if *lookup == Lookup::Joined {
                    self.state = State::Queued("the same request is under way".to_owned());
                }
            }
            RunEvent::Queued { why, .. } => self.state = State::Queued(why.clone()),
            RunEvent::Attempt { notices, .. } => {
                self.void();
                self.state = State::Running;
                self.note(notices);
            }
            RunEvent::Notice { notice, .. } => self.note(std::slice::from_ref(notice)),
            RunEvent::AttemptFailed { fault, next, .. } => {
                self.failed(self.meter.target().unwrap_or(&self.asked).to_owned(), fault, next, now);
            }
            RunEvent::Skipped { target, fault, next } => self.failed(target.clone(), fault, next, now),
            RunEvent::Checked { quality } => self.quality = Some(quality.clone()),
            RunEvent::Headers { .. } | RunEvent::Usage { .. } | RunEvent::Served { .. } | RunEvent::Judged { .. } => {}
            RunEvent::Ended { outcome } => {
                self.end(outcome.clone());
                self.timeline.push(told);
                return true;
            }
        }
        self.timeline.push(told);
        false
    }

    fn failed(&mut self, target: String, fault: &Fault, next: &Next, now: Now) {
        match next {
            Next::Retry { wait } | Next::NextKey { wait, .. } if !wait.is_zero() => {
                self.state = State::Waiting { until: now.at + *wait, made: self.meter.attempt(), fault: fault.clone() };
            }
            Next::Retry { .. } | Next::NextKey { .. } => self.state = State::Queued("trying again".to_owned()),
            Next::NextModel { to } => self.state = State::Queued(format!("falling back to {to}")),
            Next::GiveUp => {}
        }
        if *next != Next::GiveUp {
            self.survived.push(Survived { target, fault: fault.clone(), next: next.clone() });
        }
    }

    fn push(&mut self, part: Part, text: &str) {
        let [answer, reasoning] = &mut self.cleaners;
        match part {
            Part::Text => {
                self.partial.push_str(text);
                self.answer.push(&answer.push(text));
            }
            Part::Reasoning => self.reasoning.push(&reasoning.push(text)),
        }
    }

    /// Forgets the text of an attempt that a new one replaces.
    fn void(&mut self) {
        self.partial.clear();
        self.answer = std::mem::take(&mut self.answer).cleared();
        self.reasoning = std::mem::take(&mut self.reasoning).cleared();
        self.cleaners = [Cleaner::new(), Cleaner::new()];
        self.quality = None;
    }

    fn flush(&mut self) {
        let [answer, reasoning] = &mut self.cleaners;
        self.answer.push(&answer.finish());
        self.reasoning.push(&reasoning.finish());
    }

    fn end(&mut self, outcome: Box<Outcome>) {
        self.ticket = None;
        self.stopped = None;
        if self.partial != outcome.text {
            self.void();
            self.push(Part::Text, &outcome.text);
            self.push(Part::Reasoning, &outcome.reasoning);
        }
        self.flush();
        self.partial = String::new();
        self.setup = self.prompt.as_ref().and_then(|prompt| Setup::of(prompt, &self.asked, &self.timeline));
        self.quality.clone_from(&outcome.quality);
        self.answer.settle(&outcome.text, outcome.end == End::Done, self.quality.as_ref());
        let kept = self.state == State::Kept;
        self.card = Card::of(&outcome, &self.survived).filter(|_| !kept);
        self.state = match (&outcome.end, outcome.provenance) {
            (End::Cancelled, _) if kept => State::Kept,
            (End::Done, Provenance::Cached { stored }) => State::Cached { stored },
            (End::Done, Provenance::Live) => State::Done,
            (End::Interrupted { .. }, _) => State::Interrupted,
            (End::Failed { .. }, _) => State::Failed,
            (End::Cancelled, _) => State::Cancelled,
        };
        self.outcome = Some(outcome);
    }

    /// Returns what the last run was made with, once it has ended.
    #[must_use]
    pub fn setup(&self) -> Option<&Setup> {
        self.setup.as_ref()
    }

    /// Returns the id of the run, once it was prepared.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.timeline.iter().find_map(|told| match told.event {
            RunEvent::Prepared { run, .. } => Some(run),
            _ => None,
        })
    }

    /// Returns the answer exactly as the model sent it, as far as it came.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.outcome.as_ref().map_or(self.partial.as_str(), |outcome| outcome.text.as_str())
    }

    /// Returns what is shown: the answer or what differs in it, or the reasoning where that is asked
    /// for or all there is yet.
    #[must_use]
    pub fn view(&self) -> &View {
        match self.difference() {
            Some(difference) => difference.view(),
            None if self.shows_reasoning() => &self.reasoning,
            None => &self.answer,
        }
    }

    /// Returns what differs from the baseline, if that is shown.
    #[must_use]
    pub fn difference(&self) -> Option<&Difference> {
        self.compared.shown().filter(|_| !self.shows_reasoning())
    }

    /// The same, to be scrolled and searched.
    pub fn view_mut(&mut self) -> &mut View {
        match (self.shows_reasoning(), self.compared.shown_mut()) {
            (true, _) => &mut self.reasoning,
            (false, Some(difference)) => difference.view_mut(),
            (false, None) => &mut self.answer,
        }
    }

    /// Gives everything that can be shown the size of the window, before drawing.
    pub fn fit(&mut self, width: u16, height: u16) {
        self.answer.fit(width, height);
        self.reasoning.fit(width, height);
        if let Some(difference) = self.compared.shown_mut() {
            difference.view_mut().fit(width, height);
        }
    }

    /// Tells whether the reasoning is what is shown.
    #[must_use]
    pub fn shows_reasoning(&self) -> bool {
        !self.reasoning.is_empty() && (self.show_reasoning || (self.answer.is_empty() && self.state.is_busy()))
    }

    /// Returns the time since the run was asked for while it is under way, its whole length afterwards.
    #[must_use]
    pub fn elapsed(&self, now: Now) -> Option<Duration> {
        let since = now.at.saturating_duration_since(self.started?);
        (self.ticket.is_some() || self.outcome.is_some()).then(|| self.meter.elapsed(since))
    }

    /// Counts the attempts made on the target that is being asked.
    #[must_use]
    pub fn tries(&self) -> u32 {
        let here = |told: &&Told| matches!(&told.event, RunEvent::Attempt { target, .. } if Some(target.as_str()) == self.meter.target());
        u32::try_from(self.timeline.iter().filter(here).count()).unwrap_or(u32::MAX)
    }

    /// Returns how long the present wait still takes.
    #[must_use]
    pub fn wait_left(&self, now: Now) -> Option<Duration> {
        match self.state {
            State::Waiting { until, .. } => Some(until.saturating_duration_since(now.at)),
            _ => None,
        }
    }

    /// Returns how long a run that was held back still waits at most, where that is known.
    #[must_use]
    pub fn queued_for(&self, now: Now) -> Option<Duration> {
        let since = now.at.saturating_duration_since(self.started?);
        self.meter.wait_left(since).filter(|_| matches!(self.state, State::Queued(_)))
    }

    /// Tells whether waiting is for a class of fault that more time heals.
    #[must_use]
    pub fn waits_for_limit(&self) -> bool {
        matches!(&self.state, State::Waiting { fault, .. } if matches!(fault.class, Class::RateLimited | Class::Overloaded))
    }
}
