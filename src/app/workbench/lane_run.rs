//! The error card: what happened, what was tried, and one key that helps.
//!
//! One run of a lane: what it is doing, what came of it, and what is seen of that.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    app::{
        action::{Action, BenchAction, Verb},
        event::{Now, Ticket},
        intent::WaitingCall,
        workbench::{
            compare::Compared,
            freshness::{AnswerOrigin, AnswerState, WantedRun},
            lane::{RunPhase, Survived},
        },
    },
    model::{
        CallError, ErrorKind, Grade, Outcome, Provenance, Quality, RunEnd, RunId, Target, ToolCall,
        session::LaneRequest,
        tool::{CallPiece, ToolReply, ToolSource},
    },
    pipeline::{
        TimedEvent,
        event::{DeltaPart, Lookup, NextStep, RunEvent},
        meter::RunMeter,
        ports::RunRecord,
    },
    present::{
        evidence::RunConfig,
        tool_calls::{RunTranscript, TranscriptPart},
    },
    text::{SanitizedText, Sanitizer, Wrapped, clean},
    widgets::{
        answer_view::AnswerView,
        diff_view::{DiffSide, DiffView},
        theme::Role,
    },
};

/// An error as a lane shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What happened, in one line.
    pub what: SanitizedText,
    /// What was tried, one line each, in order.
    pub tried: Vec<SanitizedText>,
    /// What helps, in words, and the action that does it; the first is the best.
    pub next: Vec<(Action, Cow<'static, str>)>,
}

impl Card {
    /// Makes the card of a run's end, unless all is well; `fallback` is the model that could be asked next.
    #[must_use]
    pub fn of(outcome: &Outcome, survived: &[Survived], fallback: Option<&str>) -> Option<Self> {
        // Of one target alone, the lane's title names it.
        let named = |target: &str, error: &CallError| {
            if outcome.attempted_alone() && target == outcome.requested {
                error_line(error)
            } else {
                line(target, error)
            }
        };
        let mut tries = Vec::new();
        for one in survived {
            count(&mut tries, named(&one.target, &one.error));
        }
        match &outcome.end {
            RunEnd::Done => None,
            RunEnd::Cancelled => Some(Self::cancelled(!outcome.text.is_empty())),
            RunEnd::Interrupted { error } => {
                let other = fallback.map_or_else(
                    || (Action::Bench(BenchAction::Models), Cow::from("choose another model")),
                    |next| (Action::Bench(BenchAction::NextModel), Cow::from(format!("fall back to {next}"))),
                );
                let again = (Action::Bench(BenchAction::RunFresh), Cow::from("run again"));
                Some(Self {
                    what: clean(&format!("Answer cut off: {}", error.message)),
                    tried: tries.into_iter().map(|(line, times)| counted(&line, times)).collect(),
                    next: [again, other].into_iter().chain(accept_hint(!outcome.text.is_empty())).collect(),
                })
            }
            RunEnd::Failed { reasons } => {
                let listed = if reasons.len() == 1 { &[] } else { reasons.as_slice() };
                let last = listed.len().saturating_sub(1);
                for (at, reason) in listed.iter().enumerate() {
                    // The last try of each target but the last is among those the run survived.
                    let line = named(&reason.target, &reason.error);
                    if at == last || tries.iter().all(|(known, _)| *known != line) {
                        count(&mut tries, line);
                    }
                }
                let what = match reasons.as_slice() {
                    [] => "The run failed".to_owned(),
                    [only] => named(&only.target, &only.error),
                    [_, _, ..] => format!("All models failed ({} were tried)", reasons.len()),
                };
                let last = tries.pop_if(|(line, _)| *line == what);
                let mut lines: Vec<SanitizedText> =
                    tries.into_iter().map(|(line, times)| counted(&line, times)).collect();
                lines.extend(last.map(|(_, times)| clean(&format!("tried {} times", times + 1))));
                let class = reasons.last().map_or(ErrorKind::Unknown, |reason| reason.error.class);
                Some(Self { what: clean(&what), tried: lines, next: helps(class) })
            }
        }
    }

    /// Makes the card of a run that the user stopped.
    #[must_use]
    pub fn cancelled(partial: bool) -> Self {
        let what = if partial { "Stopped. The partial answer is not checked" } else { "Stopped before anything came" };
        let again = (Action::Verb(Verb::Run), Cow::from("run again"));
        Self {
            what: clean(what),
            tried: Vec::new(),
            next: std::iter::once(again).chain(accept_hint(partial)).collect(),
        }
    }

    /// Counts the rows the card takes at a width: what happened and what was tried wrap by two
    /// columns less, for the mark before them; a blank row sets it off.
    #[must_use]
    pub fn height(&self, width: u16) -> u16 {
        let rows = |text: &SanitizedText| {
            let mut rows = Wrapped::new(usize::from(width.saturating_sub(2)));
            rows.push(text);
            rows.rows()
        };
        let texts: usize = std::iter::once(&self.what).chain(&self.tried).map(rows).sum();
        u16::try_from(1 + texts + self.next.len()).unwrap_or(u16::MAX)
    }

    /// Makes the card of a run that could not be started.
    #[must_use]
    pub fn refused(what: &str, next: Vec<(Action, &'static str)>) -> Self {
        let next = next.into_iter().map(|(action, does)| (action, Cow::from(does))).collect();
        Self { what: clean(what), tried: Vec::new(), next }
    }
}

/// Writes an error in one line: `429 rate limited: 30 requests a minute`.
pub(crate) fn error_line(error: &CallError) -> String {
    match error.status {
        Some(status) => format!("{status} {error}"),
        None => error.to_string(),
    }
}

fn line(target: &str, error: &CallError) -> String {
    format!("{target}: {}", error_line(error))
}

/// Adds a try, to an earlier one where the same came of it.
fn count(tries: &mut Vec<(String, usize)>, line: String) {
    match tries.iter_mut().find(|(known, _)| *known == line) {
        Some((_, times)) => *times += 1,
        None => tries.push((line, 1)),
    }
}

fn counted(line: &str, times: usize) -> SanitizedText {
    if times == 1 { clean(line) } else { clean(&format!("{line} (tried {times} times)")) }
}

/// What can be done with the part of an answer, where some came.
fn accept_hint(partial: bool) -> Option<(Action, Cow<'static, str>)> {
    partial.then_some((Action::Bench(BenchAction::Keep), Cow::from("keep partial answer")))
}

/// What helps against a class of error.
fn helps(class: ErrorKind) -> Vec<(Action, Cow<'static, str>)> {
    let does = |action: Action, does: &'static str| (action, Cow::from(does));
    let model = does(Action::Bench(BenchAction::Models), "choose another model");
    let again = does(Action::Verb(Verb::Run), "run again");
    let params = does(Action::Bench(BenchAction::Params), "change the parameters");
    match class {
        ErrorKind::MissingKey
        | ErrorKind::Credential
        | ErrorKind::Quota
        | ErrorKind::Region
        | ErrorKind::ModelGone
        | ErrorKind::NotAnApi => vec![model, again],
        ErrorKind::ParamRejected | ErrorKind::Truncated => vec![params, again],
        ErrorKind::ContextTooLong | ErrorKind::ContentPolicy | ErrorKind::CallerFault | ErrorKind::InvalidPrompt => {
            vec![does(Action::Bench(BenchAction::EditPrompt), "edit the prompt"), model]
        }
        ErrorKind::BadOutput => vec![again, params],
        ErrorKind::Cancelled
        | ErrorKind::RateLimited
        | ErrorKind::Overloaded
        | ErrorKind::Transient
        | ErrorKind::Timeout(_)
        | ErrorKind::Interrupted
        | ErrorKind::TooLarge
        | ErrorKind::Unknown => vec![again, model],
    }
}

/// One run's place on the bench, filled anew by each run.
#[derive(Debug, Clone)]
pub struct LaneRun {
    /// The target that was asked first, by name.
    requested: String,
    /// The run under way, if there is one.
    pub ticket: Option<Ticket>,
    /// The run that was stopped last: its end is still taken in, nothing else of it.
    stopped: Option<Ticket>,
    /// What it is doing.
    pub state: RunPhase,
    pub answer: AnswerView,
    /// The reasoning before it.
    pub reasoning: AnswerView,
    /// Whether the reasoning is shown instead of the answer.
    pub show_reasoning: bool,
    /// The run's numbers.
    pub meter: RunMeter,
    /// The end of the last run.
    pub outcome: Option<Box<Outcome>>,
    /// The verdicts on the answer.
    pub quality: Option<Quality>,
    /// Every event of the last run but its text, for the X-ray.
    pub timeline: Vec<TimedEvent>,
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
    /// The rounds of tools so far, as they are read; their text stands above the answer's.
    rounds: RunTranscript,
    /// The calls under way, and those that were told.
    calls: Vec<ToolCall>,
    /// The calls that wait for a person, in the order in which they are asked for.
    awaited: Vec<ToolCall>,
    cleaners: [Sanitizer; 2],
    /// What the answer is compared by.
    pub compared: Compared,
    /// What the last run was made with, once it has ended.
    setup: Option<RunConfig>,
    /// Where it comes from; none while nothing was run.
    pub origin: Option<AnswerOrigin>,
    /// How it stands to what is on the bench.
    pub answer_state: AnswerState,
}

impl Default for LaneRun {
    fn default() -> Self {
        Self {
            requested: String::new(),
            ticket: None,
            stopped: None,
            state: RunPhase::Idle,
            answer: AnswerView::default(),
            reasoning: AnswerView::default(),
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
            rounds: RunTranscript::default(),
            calls: Vec::new(),
            awaited: Vec::new(),
            cleaners: [Sanitizer::new(), Sanitizer::new()],
            compared: Compared::default(),
            setup: None,
            origin: None,
            answer_state: AnswerState::default(),
        }
    }
}

impl LaneRun {
    /// Clears the place for a run from an origin, which may ask these targets.
    pub fn begin(&mut self, ticket: Ticket, targets: &[Target], origin: AnswerOrigin, now: Now) {
        let mut emptied = std::mem::take(self).emptied();
        emptied.answer.expect(&origin.source.prompt.expected());
        *self = Self {
            requested: targets.first().map(|target| target.name.clone()).unwrap_or_default(),
            ticket: Some(ticket),
            state: RunPhase::Queued("preparing".to_owned()),
            meter: RunMeter::new(targets, origin.source.prompt.tool_set()),
            started: Some(now.at),
            origin: Some(origin),
            ..emptied
        };
    }

    /// Marks a run that could not even be started.
    pub fn refuse(&mut self, card: Card, origin: AnswerOrigin) {
        let compared = self.next_compared();
        *self = Self { state: RunPhase::Failed, card: Some(card), compared, origin: Some(origin), ..Self::default() };
    }

    /// Returns the place without its run: how answers are shown in it stays, and what later ones are compared with.
    pub(crate) fn emptied(mut self) -> Self {
        let compared = self.next_compared();
        Self {
            answer: self.answer.cleared(),
            reasoning: self.reasoning.cleared(),
            show_reasoning: self.show_reasoning,
            compared,
            ..Self::default()
        }
    }

    /// Empties the place for a run on record that is to be read into it.
    pub(crate) fn want(&mut self, run: WantedRun) {
        *self = Self { answer_state: AnswerState::of_wanted(run), ..std::mem::take(self).emptied() };
    }

    /// Puts a run on record into the place, with what a person made of it.
    pub fn put_stored(&mut self, record: &RunRecord, instead_of: Option<&LaneRequest>, grade: Grade, now: Now) {
        let mut emptied = std::mem::take(self).emptied();
        emptied.answer.expect(&record.prompt.expected());
        *self = Self {
            requested: record.outcome.requested.clone(),
            started: Some(now.at),
            origin: Some(AnswerOrigin::of_record(record, instead_of)),
            grade,
            ..emptied
        };
        for timed in &record.timeline {
            self.receive(timed.clone(), now);
        }
        let event = RunEvent::Ended { outcome: Box::new(record.outcome.clone()) };
        self.receive(TimedEvent { at: record.outcome.timing.total, event }, now);
    }

    /// Puts other verdicts in place of those on the answer.
    pub(crate) fn put_quality(&mut self, quality: Option<Quality>) {
        self.quality = quality;
        if let Some(outcome) = self.outcome.take() {
            self.settle_answer(&outcome);
            self.outcome = Some(outcome);
        }
    }

    /// Looks for the JSON of an answer that has ended; calls alone are no text that could hold some.
    fn settle_answer(&mut self, outcome: &Outcome) {
        if outcome.calls.is_empty() || !outcome.text.trim().is_empty() {
            self.answer.settle(&outcome.text, outcome.end == RunEnd::Done, self.quality.as_ref());
        }
    }

    /// Tells whether nothing came of the run: no text, and no call of a tool.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.raw().is_empty() && self.outcome.as_ref().is_none_or(|outcome| outcome.calls.is_empty())
    }

    fn next_compared(&mut self) -> Compared {
        let answer = self.whole();
        std::mem::take(&mut self.compared).next(answer)
    }

    /// Returns the answer to be compared, if it is whole.
    pub fn whole(&mut self) -> Option<Arc<DiffSide>> {
        let outcome =
            self.outcome.as_ref().filter(|_| matches!(self.state, RunPhase::Done | RunPhase::Cached { .. }))?;
        Some(self.compared.present(|| DiffSide::of_outcome(outcome)))
    }

    /// Marks the run as stopped, keeps what came of it, and returns the run's ticket.
    pub fn stop(&mut self) -> Option<Ticket> {
        let ticket = self.ticket.take()?;
        self.awaited.clear();
        self.flush();
        self.stopped = Some(ticket);
        self.state = RunPhase::Cancelled;
        self.card = Some(Card::cancelled(!self.partial.is_empty()));
        Some(ticket)
    }

    /// Accepts the part that came of an answer that broke off or was stopped. Tells whether there is one.
    pub fn keep(&mut self) -> bool {
        let keeps = matches!(self.state, RunPhase::Interrupted | RunPhase::Cancelled) && !self.raw().is_empty();
        if keeps {
            self.state = RunPhase::Accepted;
            self.card = None;
        }
        keeps
    }

    /// Returns the name of the target that was asked last, if a run was begun.
    #[must_use]
    pub fn requested(&self) -> Option<&str> {
        self.meter.target().or(Some(self.requested.as_str())).filter(|name| !name.is_empty())
    }

    /// Names the fallback that would be asked next, if one is left.
    #[must_use]
    pub fn next_fallback(&self) -> Option<&str> {
        let source = &self.origin.as_ref()?.source;
        let asked = self.requested().unwrap_or(&source.target);
        let chain = || std::iter::once(source.target.as_str()).chain(source.prompt.fallback.iter().map(String::as_str));
        let at = chain().position(|name| name == asked)?;
        chain().skip(at + 1).find(|name| *name != asked)
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
    pub fn receive(&mut self, timed: TimedEvent, now: Now) -> bool {
        self.meter.take(&timed);
        match &timed.event {
            RunEvent::Delta { attempt, part, text } => {
                self.push(*part, text);
                if self.begun != *attempt {
                    // Of all text the X-ray shows but when the first of it came.
                    self.begun = *attempt;
                    let event = RunEvent::Delta { attempt: *attempt, part: *part, text: String::new() };
                    self.timeline.push(TimedEvent { at: timed.at, event });
                }
                return false;
            }
            RunEvent::CallDelta { attempt, piece } => {
                self.push_call(piece);
                if self.begun != *attempt {
                    self.begun = *attempt;
                    let event = RunEvent::CallDelta { attempt: *attempt, piece: CallPiece::default() };
                    self.timeline.push(TimedEvent { at: timed.at, event });
                }
                return false;
            }
            RunEvent::Called { call, .. } => {
                self.called(call);
                self.await_person(call);
            }
            RunEvent::Replied { reply, content, .. } => self.replied(reply, content),
            RunEvent::NextTurn { content, .. } => self.next_turn(content),
            RunEvent::Prepared { notices, .. } => {
                self.rounds.clear();
                self.notices.clone_from(notices);
            }
            RunEvent::Cache { lookup } => {
                if *lookup == Lookup::Joined {
                    self.state = RunPhase::Queued("the same request is under way".to_owned());
                }
            }
            RunEvent::Queued { why, .. } => self.state = RunPhase::Queued(why.clone()),
            RunEvent::Attempt { notices, .. } => {
                self.awaited.clear();
                self.void();
                self.state = RunPhase::Running;
                self.note(notices);
            }
            RunEvent::Notice { notice, .. } => self.note(std::slice::from_ref(notice)),
            RunEvent::AttemptFailed { error, next, .. } => {
                self.failed(self.meter.target().unwrap_or(&self.requested).to_owned(), error, next, now);
            }
            RunEvent::Skipped { target, error, next } => self.failed(target.clone(), error, next, now),
            RunEvent::Checked { quality } => self.quality = Some(quality.clone()),
            RunEvent::Headers { .. } | RunEvent::Usage { .. } | RunEvent::Served { .. } | RunEvent::Judged { .. } => {}
            RunEvent::Ended { outcome } => {
                self.end(outcome.clone());
                self.timeline.push(timed);
                self.note_refused();
                return true;
            }
        }
        self.timeline.push(timed);
        false
    }

    fn failed(&mut self, target: String, error: &CallError, next: &NextStep, now: Now) {
        match next {
            NextStep::Retry { wait } | NextStep::NextKey { wait, .. } if !wait.is_zero() => {
                self.state =
                    RunPhase::Waiting { until: now.at + *wait, made: self.meter.attempt(), error: error.clone() };
            }
            NextStep::Retry { .. } | NextStep::NextKey { .. } => {
                self.state = RunPhase::Queued("trying again".to_owned());
            }
            NextStep::NextModel { to } => self.state = RunPhase::Queued(format!("falling back to {to}")),
            NextStep::GiveUp => {}
        }
        if *next != NextStep::GiveUp {
            self.survived.push(Survived { target, error: error.clone(), next: next.clone() });
        }
    }

    fn push(&mut self, part: DeltaPart, text: &str) {
        let [answer, reasoning] = &mut self.cleaners;
        match part {
            DeltaPart::Text => {
                self.partial.push_str(text);
                self.answer.push(&answer.push(text));
            }
            DeltaPart::Reasoning => self.reasoning.push(&reasoning.push(text)),
        }
    }

    /// Adds a text to what is shown of the answer, marked as what it is.
    fn show(&mut self, part: TranscriptPart, text: &str) {
        let [answer, _] = &mut self.cleaners;
        let cleaned = answer.push(text);
        match part {
            TranscriptPart::Text | TranscriptPart::Detail => self.answer.push(&cleaned),
            TranscriptPart::Call => self.answer.push_marked(&cleaned, Role::Title),
            TranscriptPart::Problem => self.answer.push_marked(&cleaned, Role::Fail),
        }
    }

    fn show_all(&mut self, all: &RunTranscript) {
        all.parts().iter().for_each(|(part, text)| self.show(*part, text));
    }

    /// Shows a piece of a call as it comes: the name when it begins, then the arguments as the model writes them.
    fn push_call(&mut self, piece: &CallPiece) {
        let before = self.calls.len();
        piece.add_to(&mut self.calls);
        let begins = self.calls.len() > before;
        if piece.whole || (piece.name.is_some() && !begins) {
            return self.redraw_calls();
        }
        if begins && !self.answer.is_empty() {
            self.show(TranscriptPart::Text, "\n");
        }
        if let Some(name) = &piece.name {
            self.show(TranscriptPart::Call, &format!("calls {name}\n"));
            self.show(TranscriptPart::Detail, "  ");
        }
        self.show(TranscriptPart::Detail, &piece.arguments);
    }

    /// Takes a call that is complete.
    fn called(&mut self, call: &ToolCall) {
        match self
            .calls
            .iter_mut()
            .find(|known| known.id == call.id || (known.id.is_empty() && known.name == call.name))
        {
            Some(known) => known.clone_from(call),
            None => self.calls.push(call.clone()),
        }
        self.redraw_calls();
    }

    /// Waits for a person where the result of a call is one that a person gives.
    fn await_person(&mut self, call: &ToolCall) {
        let tools = self.origin.as_ref().map_or(&[][..], |origin| &origin.source.prompt.tools);
        let tool = tools.iter().find(|tool| tool.name == call.name);
        if call.problem.is_none() && tool.is_some_and(|tool| tool.source() == Some(ToolSource::Person)) {
            self.awaited.push(call.clone());
            self.state = RunPhase::Asking;
        }
    }

    /// Returns the call that waits for a person, the first where there are several.
    #[must_use]
    pub fn awaited(&self) -> Option<WaitingCall> {
        let run = self.run()?;
        self.awaited
            .first()
            .filter(|_| self.state == RunPhase::Asking)
            .map(|call| WaitingCall { run, call: call.clone() })
    }

    /// Notes that a person has answered a call. Tells whether it was waited for.
    pub(crate) fn answered(&mut self, call: &str) -> bool {
        let before = self.awaited.len();
        self.awaited.retain(|known| known.id != call);
        if self.awaited.is_empty() && self.state == RunPhase::Asking {
            self.state = RunPhase::Running;
        }
        self.awaited.len() < before
    }

    /// Takes the result of a call; the calls so far are part of the rounds from now on.
    fn replied(&mut self, reply: &ToolReply, content: &str) {
        self.answered(&reply.id);
        self.rounds.line(std::mem::take(&mut self.partial).trim());
        for call in std::mem::take(&mut self.calls) {
            self.rounds.call(&call);
        }
        self.rounds.reply(reply, content);
        self.redraw_calls();
    }

    /// Takes the user's next turn; the answer before it is part of the rounds from now on.
    fn next_turn(&mut self, content: &str) {
        self.rounds.line(std::mem::take(&mut self.partial).trim());
        self.rounds.turn(content);
        self.redraw_calls();
    }

    /// Draws what is shown anew: the rounds, the text, and the calls as trees.
    fn redraw_calls(&mut self) {
        let mut all = self.rounds.clone();
        all.say(&self.partial);
        for call in &self.calls {
            all.on_a_new_line();
            all.call(call);
        }
        self.answer = std::mem::take(&mut self.answer).cleared();
        let [answer, _] = &mut self.cleaners;
        *answer = Sanitizer::new();
        self.show_all(&all);
    }

    /// Forgets the text of an attempt that a new one replaces; rounds whose calls were answered stay.
    fn void(&mut self) {
        self.partial.clear();
        self.calls.clear();
        self.answer = std::mem::take(&mut self.answer).cleared();
        self.reasoning = std::mem::take(&mut self.reasoning).cleared();
        self.cleaners = [Sanitizer::new(), Sanitizer::new()];
        self.quality = None;
        if !self.rounds.is_empty() {
            let rounds = self.rounds.clone();
            self.show_all(&rounds);
            self.show(TranscriptPart::Text, "\n");
        }
    }

    fn flush(&mut self) {
        let [answer, reasoning] = &mut self.cleaners;
        self.answer.push(&answer.finish());
        self.reasoning.push(&reasoning.finish());
    }

    fn end(&mut self, outcome: Box<Outcome>) {
        self.ticket = None;
        self.stopped = None;
        self.awaited.clear();
        let tools = !outcome.calls.is_empty() || !outcome.rounds.is_empty();
        if self.partial != outcome.text || tools {
            self.rounds.clear();
            self.void();
            self.show_all(&RunTranscript::of_rounds(&outcome.rounds));
            self.answer.begin_answer();
            self.push(DeltaPart::Text, &outcome.text);
            self.show_all(&RunTranscript::of_calls(&outcome));
            self.push(DeltaPart::Reasoning, &outcome.reasoning);
        }
        self.flush();
        (self.partial, self.rounds, self.calls) = (String::new(), RunTranscript::default(), Vec::new());
        let prompt = self.origin.as_ref().map(|origin| &origin.source.prompt);
        self.setup = prompt.and_then(|prompt| RunConfig::of(prompt, &self.requested, &self.timeline));
        self.answer_state.reset();
        self.quality.clone_from(&outcome.quality);
        self.settle_answer(&outcome);
        let was_accepted = self.state == RunPhase::Accepted;
        let fallback = self.next_fallback().map(str::to_owned);
        self.card = Card::of(&outcome, &self.survived, fallback.as_deref()).filter(|_| !was_accepted);
        self.state = match (&outcome.end, outcome.provenance) {
            (RunEnd::Cancelled, _) if was_accepted => RunPhase::Accepted,
            (RunEnd::Done, Provenance::Cached { stored }) => RunPhase::Cached { stored },
            (RunEnd::Done, Provenance::Live | Provenance::Batch | Provenance::Imported { .. }) => RunPhase::Done,
            (RunEnd::Interrupted { .. }, _) => RunPhase::Interrupted,
            (RunEnd::Failed { .. }, _) => RunPhase::Failed,
            (RunEnd::Cancelled, _) => RunPhase::Cancelled,
        };
        self.outcome = Some(outcome);
    }

    /// Returns what the lane asked for, where the run was asked of a fallback.
    pub(crate) fn instead_of(&self) -> Option<LaneRequest> {
        let source = &self.origin.as_ref()?.source;
        let is_other = self.requested != source.target;
        is_other.then(|| LaneRequest { target: source.target.clone(), params: source.sent.clone() })
    }

    /// Returns what the last run was made with, once it has ended.
    #[must_use]
    pub fn setup(&self) -> Option<&RunConfig> {
        self.setup.as_ref()
    }

    /// Returns the id of the run, once it was prepared.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.timeline.iter().find_map(|timed| match timed.event {
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
    pub fn view(&self) -> &AnswerView {
        match self.difference() {
            Some(difference) => difference.view(),
            None if self.shows_reasoning() => &self.reasoning,
            None => &self.answer,
        }
    }

    /// Returns what differs from the baseline, if that is shown.
    #[must_use]
    pub fn difference(&self) -> Option<&DiffView> {
        self.compared.shown().filter(|_| !self.shows_reasoning())
    }

    /// The same, to be scrolled and searched.
    pub fn view_mut(&mut self) -> &mut AnswerView {
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

    /// Counts the attempts made on the target that is being asked, of rounds of tools those of the last.
    #[must_use]
    pub fn tries(&self) -> u32 {
        let here = |timed: &&TimedEvent| matches!(&timed.event, RunEvent::Attempt { target, .. } if Some(target.as_str()) == self.meter.target());
        let is_reply = |timed: &&TimedEvent| matches!(timed.event, RunEvent::Replied { .. });
        let of_round = self.timeline.iter().rev().take_while(|timed| !is_reply(timed));
        u32::try_from(of_round.filter(here).count()).unwrap_or(u32::MAX)
    }

    /// Returns how long the present wait still takes.
    #[must_use]
    pub fn wait_left(&self, now: Now) -> Option<Duration> {
        match self.state {
            RunPhase::Waiting { until, .. } => Some(until.saturating_duration_since(now.at)),
            _ => None,
        }
    }

    /// Returns how long a run that was held back still waits at most, where that is known.
    #[must_use]
    pub fn queued_for(&self, now: Now) -> Option<Duration> {
        let since = now.at.saturating_duration_since(self.started?);
        self.meter.wait_left(since).filter(|_| matches!(self.state, RunPhase::Queued(_)))
    }

    /// Tells whether waiting is for a class of error that more time heals.
    #[must_use]
    pub fn waits_for_limit(&self) -> bool {
        matches!(&self.state, RunPhase::Waiting { error, .. } if matches!(error.class, ErrorKind::RateLimited | ErrorKind::Overloaded))
    }
}
