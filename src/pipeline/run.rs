//! One run from request to end: the stages in order, and the record that is kept whatever happens.

pub(crate) mod judges;

pub(crate) mod attempt;
pub(crate) mod cache_lookup;
pub(crate) mod check_programs;
pub(crate) mod comparing;
pub(crate) mod correction;
pub(crate) mod finish;
pub(crate) mod forwarded;
pub(crate) mod judging_thread;
pub(crate) mod key_lease;
pub(crate) mod parts;
pub(crate) mod target_attempts;
pub(crate) mod targets;
pub(crate) mod tool_rounds;
pub(crate) mod unsent;

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use tokio::time::Instant;

use crate::{
    eval::{BestChoice, CheckSuite, Judgement, check},
    model::{
        CacheMode, CallError, Check, ErrorKind, Message, Outcome, Prompt, Response, RunEnd, RunId, RunRequest, Target,
        Tool,
        outcome::{AttemptUsage, Judging},
        quirk::ModelQuirk,
        run_end::Reason,
    },
    pipeline::{
        PipelineState,
        batch::{BatchAnswers, comparisons::ComparedCell},
        cache_key,
        cache_key::worth_keeping,
        event::{Lookup, RunEvent, TimedEvent},
        event_sink::EventSink,
        intake::Intake,
        pace::PaceRecorder,
        ports::{Cached, RunRecord, RunStart},
        prepare,
        prepare::PreparedRequest,
        quirks,
        rate_limiter::Permit,
        response_accumulator::ResponseAccumulator,
        run::{
            cache_lookup::{FlightRole, FlightState, Leader},
            correction::{AttemptReserve, SetAsideAnswer},
            judging_thread::aside,
        },
        spending::{Purse, Reservation},
        timeouts,
    },
    provider::Forward,
    template::{conversation, is_light},
};

/// What a run is, from its begin to its end: nothing of it changes.
pub(crate) struct RunContext {
    /// What all runs share.
    pub shared: Arc<PipelineState>,
    /// What was asked for.
    pub request: RunRequest,
    /// The way to whoever watches.
    pub sink: EventSink,
    pub id: RunId,
    /// When it started.
    pub start: Instant,
    /// The same by the clock of the machine.
    pub started: Timestamp,
    /// How long it may take, as the target has it that is asked.
    pub total: Duration,
    /// When it must have ended.
    pub deadline: Instant,
    /// What it may use, if it is part of a batch.
    pub purse: Option<Purse>,
    /// Answers that were asked for elsewhere, if it is a cell of a batch that has them.
    pub answers: Option<BatchAnswers>,
    /// The bytes of a program that it passes on, if it is a program's.
    pub forward: Option<Arc<Forward>>,
    /// Its part in the comparison of a row, if its answer is compared.
    pub compared: Option<ComparedCell>,
}

/// What a run is part of.
#[derive(Default)]
pub(crate) struct RunScope {
    /// What it may use, if it is part of a batch.
    pub purse: Option<Purse>,
    /// Answers that were asked for elsewhere.
    pub answers: Option<BatchAnswers>,
    /// The bytes of a program that it passes on.
    pub forward: Option<Arc<Forward>>,
    /// Its part in the comparison of a row, if its answer is compared.
    pub compared: Option<ComparedCell>,
}

/// What has happened in a run.
#[derive(Default)]
pub(crate) struct RunLog {
    /// Its events but for pieces of answers.
    pub timeline: Vec<TimedEvent>,
    /// When the pieces of the answer came.
    pub pace: PaceRecorder,
    /// Attempts made.
    pub attempts: u32,
    /// What each attempt took that is over.
    pub by_attempt: Vec<AttemptUsage>,
    /// The rounds of tools that are over: each answer that called some, followed by the results.
    pub rounds: Vec<Message>,
    /// How long they took, from sending each request to the last result.
    pub rounds_took: Duration,
    /// Each target that was given up, with its last error.
    pub failures: Vec<Reason>,
}

/// A target made ready to be asked.
pub(crate) struct PreparedTarget {
    /// The target, as it is asked by what is known of its model.
    pub target: Target,
    /// What is sent to it.
    pub request: PreparedRequest,
    pub cache_key: String,
    /// What was known of its model by then.
    pub quirks: Vec<ModelQuirk>,
    /// What a person should know of it today, or why it is not asked.
    pub preflight: Result<Vec<String>, CallError>,
}

impl PreparedTarget {
    /// Lists what was changed in the request, and what a person should know of the target.
    fn notices(&self) -> Vec<String> {
        [self.request.notices.as_slice(), self.preflight.as_deref().unwrap_or_default()].concat()
    }
}

/// A run under way. One that is dropped before its end is recorded as cancelled.
pub(crate) struct Run {
    pub context: RunContext,
    /// What has happened.
    pub log: RunLog,
    /// What the attempt under way, or the last one, has said.
    pub received: ResponseAccumulator,
    /// What of the answers' limits it holds.
    pub intake: Intake,
    /// The place of the target asked last.
    pub target_place: usize,
    /// The attempt whose answer is taken.
    pub answered: Option<u32>,
    /// The cache key of what the answering attempt sent.
    pub answered_key: Option<String>,
    /// The judgement, once there was an answer to judge, and when that was since the start.
    pub judged: Option<(Judgement, Duration)>,
    /// The best answer of the wrong form so far, while a better one is asked for.
    pub set_aside: Option<SetAsideAnswer>,
    /// The last answer of the wrong form, and what is wrong with it.
    pub wrong: Option<(String, Vec<String>)>,
    /// Whether something else was sent than the prompt has.
    pub changed: bool,
    /// The leave of the attempt under way.
    pub permit: Option<Permit>,
    /// What is set aside for the attempt under way.
    pub reserved: Option<AttemptReserve>,
    /// What is set aside for the judges of the answer.
    pub pot: Option<Arc<Reservation>>,
    /// What the judges of its rubrics took, once one was asked.
    pub judging: Option<Judging>,
    /// The checks that compare its answer with others, each with the place of its verdict.
    pub choices: Vec<(usize, BestChoice)>,
    /// Whether it is a cell that was refused before any call: it leaves no trace, and is asked later.
    pub unasked: bool,
    /// The cached outcome that is played again.
    pub replayed: Option<Outcome>,
    recorded: bool,
}

/// What a run needs for any target.
pub(crate) struct Plan {
    /// The messages, filled in, and their files read.
    pub messages: Vec<Message>,
    /// What a person should know of the files.
    pub notices: Vec<String>,
    pub judge: Arc<CheckSuite>,
    /// What the user says after each answer.
    pub turns: Vec<String>,
}

/// Runs a request; the result is the last event.
pub(crate) async fn drive(
    shared: Arc<PipelineState>,
    request: RunRequest,
    scope: RunScope,
    sink: EventSink,
) -> TimedEvent {
    let mut run = Run::begin(shared, request, scope, sink.clone());
    let end = tokio::select! {
        biased;
        () = sink.stopped() => RunEnd::Cancelled,
        end = run.stages() => end,
    };
    run.end(end)
}

impl RunContext {
    /// Makes that of a run that nobody watches and that asks nothing.
    pub(crate) fn unwatched(
        shared: Arc<PipelineState>,
        request: RunRequest,
        (id, started, start): (RunId, Timestamp, Instant),
        (total, deadline): (Duration, Instant),
    ) -> Self {
        let sink = EventSink::unwatched();
        let RunScope { purse, answers, forward, compared } = RunScope::default();
        Self { shared, request, sink, id, start, started, total, deadline, purse, answers, forward, compared }
    }

    /// Returns the bytes that go to a target as they came; none where it is sent what retort writes.
    pub(crate) fn forwarded_to(&self, target: &Target) -> Option<&Arc<Forward>> {
        self.forward.as_ref().filter(|forward| forward.goes_to(target))
    }

    pub(crate) async fn plan(&self) -> Result<Plan, CallError> {
        let RunRequest { prompt, input, checks, min_score, .. } = &self.request;
        let mut messages = if let Some(forward) = &self.forward {
            forward.request.messages.clone()
        } else if is_light(prompt.spoken_templates(), input) {
            prepare::fill(prompt, input)?
        } else {
            let (prompt, input) = (Arc::clone(prompt), input.clone());
            aside(self.deadline, move || prepare::fill(&prompt, &input)).await.ok_or_else(|| self.late())??
        };
        let notices = self.read_parts(&mut messages).await?;
        let own = checks.is_empty() && min_score.is_none();
        let judge = if let Some(judge) = self.shared.compiled.at_hand(prompt).filter(|_| own) {
            judge
        } else {
            let (shared, prompt) = (Arc::clone(&self.shared), Arc::clone(prompt));
            let (checks, min_score) = (checks.clone(), *min_score);
            let at_once = CheckSuite::compiles_at_once(&prompt.response, prompt.checks.iter().chain(&checks));
            let compile = move || {
                let compile = || judge(&prompt, &checks, min_score);
                if own { shared.compiled.of(&prompt, compile) } else { compile().map(Arc::new) }
            };
            let compiled = if at_once { Some(compile()) } else { aside(self.deadline, compile).await };
            compiled.ok_or_else(|| self.late())?.map_err(|bad| CallError::new(ErrorKind::InvalidPrompt, bad))?
        };
        let turns = if self.forward.is_some() { Vec::new() } else { conversation::turns(prompt, input) };
        Ok(Plan { messages, notices, judge, turns })
    }

    /// What a person should know of a target today, or why it is not asked.
    pub(crate) fn preflight(&self, target: &Target, messages: &[Message]) -> Result<Vec<String>, CallError> {
        let today = self.shared.ports.world.timestamp().to_zoned(TimeZone::UTC).date();
        let mut notices =
            prepare::check(target, messages, &self.request.prompt.tool_set(), today, self.shared.rules.allow_retired)?;
        notices.extend(prepare::parts::check(target, messages, &self.shared.rules.takers)?);
        if self.shared.pool.has_keys(&target.provider) {
            let unreadable = self.shared.pool.unreadable(&target.provider);
            notices.extend(unreadable.iter().map(|why| format!("{why}; another one is used")));
        }
        Ok(notices)
    }

    pub(crate) fn bypass(&self, head: &Target) -> Option<&'static str> {
        match self.request.cache {
            _ if self.has_answer() => Some("it was asked in the provider's batch"),
            _ if !self.shared.rules.cache => Some("the cache is turned off"),
            CacheMode::Off => Some("this run does without the cache"),
            CacheMode::Refresh => Some("a fresh answer is asked for"),
            CacheMode::On if misbehaves(head) => Some("a demonstration of faults is never kept"),
            CacheMode::On if asks_outside(&self.request.prompt) => {
                Some("a tool's result comes from outside, and may be another one today")
            }
            CacheMode::On => None,
        }
    }

    /// Tells whether the cell's answer, or the error in its place, is at hand.
    pub(crate) fn has_answer(&self) -> bool {
        let known = |answers: &BatchAnswers| self.request.cell.is_some_and(|cell| answers.0.has(&cell));
        self.answers.as_ref().is_some_and(known)
    }

    /// Tells whether nothing of the cell is asked live, whatever comes of it.
    pub(crate) fn never_live(&self) -> bool {
        self.answers.as_ref().is_some_and(|answers| !answers.0.then_live())
    }

    fn may_be_answered_by(&self, outcome: &Outcome) -> bool {
        self.request.targets.iter().any(|target| target.name == outcome.target)
    }

    /// Says that the run's time is over.
    pub(crate) fn late(&self) -> CallError {
        timeouts::late(self.total)
    }

    /// Makes a target ready to be asked.
    pub(crate) fn prepare(&self, messages: &[Message], target: &Target) -> PreparedTarget {
        let RunRequest { prompt, input, params, sample, .. } = &self.request;
        let quirks = self.shared.quirks.of(target);
        let target = quirks::corrected(target.clone(), &quirks);
        if let Some(forward) = &self.forward {
            return self.prepare_forward(forward, messages, target, quirks);
        }
        let mut request = prepare::fit(prompt, params, messages, &target);
        let changed: Vec<String> = quirks::notices(&quirks, &target, &request).collect();
        request.notices.extend(changed);
        let cache_key = cache_key::key(prompt, input, &target, &request, *sample);
        let preflight = self.preflight(&target, &request.messages);
        PreparedTarget { target, request, cache_key, quirks, preflight }
    }
}

impl Run {
    fn begin(
        shared: Arc<PipelineState>,
        mut request: RunRequest,
        RunScope { purse, answers, forward, compared }: RunScope,
        sink: EventSink,
    ) -> Self {
        let world = &shared.ports.world;
        let (id, started, start) = (world.run_id(), world.timestamp(), Instant::now());
        if request.prompt.response.format.is_auto() {
            request.prompt = Arc::new(request.prompt.settled());
        }
        let head = request.targets.first();
        // A cell that a crash cuts off leaves no trace but that it is asked again; its start is not worth a write.
        if request.cell.is_none() {
            shared.ports.recorder.started(&RunStart {
                run: id,
                started,
                session: request.session.clone(),
                prompt_name: request.prompt_name.clone(),
                target: head.map_or_else(String::new, |target| target.name.clone()),
                model: head.map_or_else(String::new, |target| target.model.clone()),
                provider: head.map_or_else(String::new, |target| target.provider.clone()),
                prompt: Arc::clone(&request.prompt),
                parent: request.parent.clone(),
                sample: request.sample,
            });
        }
        let (total, deadline) = timeouts::run_limit(&shared.rules, request.targets.first(), start, start);
        Self {
            context: RunContext {
                shared,
                request,
                sink,
                id,
                start,
                started,
                total,
                deadline,
                purse,
                answers,
                forward,
                compared,
            },
            log: RunLog::default(),
            received: ResponseAccumulator::default(),
            intake: Intake::default(),
            target_place: 0,
            answered: None,
            answered_key: None,
            judged: None,
            set_aside: None,
            wrong: None,
            changed: false,
            permit: None,
            reserved: None,
            pot: None,
            judging: None,
            choices: Vec::new(),
            unasked: false,
            replayed: None,
            recorded: false,
        }
    }

    async fn stages(&mut self) -> RunEnd {
        let Some(head) = self.context.request.targets.first().cloned() else {
            return RunEnd::Failed { reasons: Vec::new() };
        };
        let plan = match self.context.plan().await {
            Ok(plan) => plan,
            Err(error) => return RunEnd::Failed { reasons: vec![Reason { target: head.name, error }] },
        };
        let ports = &self.context.shared.ports;
        self.context.shared.quirks.read(ports.quirks.as_ref(), ports.world.timestamp()).await;
        let first = self.context.prepare(&plan.messages, &head);
        let key = first.cache_key.clone();
        let notices = [plan.notices.as_slice(), first.notices().as_slice()].concat();
        self.emit(RunEvent::Prepared {
            run: self.context.id,
            started: self.context.started,
            key: key.clone(),
            messages: first.request.messages.clone(),
            params: first.request.params.clone(),
            notices,
        })
        .await;
        let end = match self.look_up(&head, &key).await {
            LookupResult::Answer { cached, shared } => self.replay(&plan, &head, *cached, shared).await,
            LookupResult::Nothing { leader } => {
                let end = Box::pin(self.ask(&plan, first)).await;
                self.keep(leader, &end);
                end
            }
        };
        if end == RunEnd::Done {
            self.compare().await;
        }
        end
    }

    async fn look_up(&mut self, head: &Target, key: &str) -> LookupResult {
        if let Some(why) = self.context.bypass(head) {
            self.emit(RunEvent::Cache { lookup: Lookup::Bypass { why: why.to_owned() } }).await;
            return LookupResult::Nothing { leader: None };
        }
        loop {
            match self.context.shared.flights.join(key) {
                FlightRole::Lead(leader) => {
                    let shared = Arc::clone(&self.context.shared);
                    let Some(cached) = shared.ports.cache.get(key).await else {
                        self.emit(RunEvent::Cache { lookup: Lookup::Miss }).await;
                        return LookupResult::Nothing { leader: Some(leader) };
                    };
                    leader.land(FlightState::Landed(Arc::new(cached.clone())));
                    self.emit(RunEvent::Cache { lookup: Lookup::Hit { stored: cached.stored } }).await;
                    return LookupResult::Answer { cached: Box::new(cached), shared: false };
                }
                FlightRole::Follow(flight) => {
                    self.emit(RunEvent::Cache { lookup: Lookup::Joined }).await;
                    match tokio::time::timeout_at(self.context.deadline, cache_lookup::landed(flight)).await {
                        // Its leader left: the flight is taken over, or its new leader followed.
                        Ok(None) => {}
                        Ok(Some(FlightState::Landed(cached))) if self.context.may_be_answered_by(&cached.outcome) => {
                            return LookupResult::Answer { cached: Box::new((*cached).clone()), shared: true };
                        }
                        Ok(Some(_)) | Err(_) => return LookupResult::Nothing { leader: None },
                    }
                }
            }
        }
    }

    /// Keeps a new answer in the cache, and gives it to the runs that wait for it.
    fn keep(&mut self, leader: Option<Leader>, end: &RunEnd) {
        let Some(target) = self.context.request.targets.get(self.target_place).cloned() else { return };
        if *end != RunEnd::Done {
            if let Some(leader) = leader {
                leader.land(FlightState::Failed);
            }
            return;
        }
        // What judging it took is not the answer's, nor what attempts before it did.
        let outcome = self.outcome(RunEnd::Done);
        let outcome = Outcome { judging: None, usage: outcome.answer_usage(), by_attempt: Vec::new(), ..outcome };
        let raw = self.context.forwarded_to(&target).and_then(|forward| forward.take_answer());
        let cached = Cached { stored: self.context.shared.ports.world.timestamp(), outcome, raw };
        let uses_cache = self.context.shared.rules.cache && self.context.request.cache != CacheMode::Off;
        // The answer to a changed request is not that of the request.
        let wanted = uses_cache && !self.changed && !misbehaves(&target) && !asks_outside(&self.context.request.prompt);
        if let Some(key) = self.answered_key.take().filter(|_| wanted && worth_keeping(&cached.outcome)) {
            // Under the key of the target that answered and of what was sent to it: a fallback's
            // answer is not the head's, nor one without a parameter that of one with it.
            self.context.shared.ports.cache.put(key, cached.clone());
        }
        if let Some(leader) = leader {
            leader.land(FlightState::Landed(Arc::new(cached)));
        }
    }

    /// Tells an event; the instant it happened, before anybody took it.
    pub(crate) async fn emit(&mut self, event: RunEvent) -> Instant {
        let now = Instant::now();
        let timed = TimedEvent { at: now.saturating_duration_since(self.context.start), event };
        match &timed.event {
            // What the cache answers has no time of its own.
            RunEvent::Delta { attempt: 0, .. } | RunEvent::CallDelta { .. } => {}
            RunEvent::Delta { part, text, .. } => self.log.pace.take(timed.at, *part, text),
            event => {
                if matches!(event, RunEvent::Attempt { .. }) {
                    self.log.pace.begin(timed.at);
                }
                self.log.timeline.push(timed.clone());
            }
        }
        self.context.sink.send(timed).await;
        now
    }

    /// Ends the servers that tools were asked of.
    fn leave_tools(&self) {
        if asks_outside(&self.context.request.prompt) {
            self.context.shared.ports.tools.ended(self.context.id);
        }
    }

    /// Tells whether the next call is answered by what is at hand: then it needs no key, and waits for nobody.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.log.attempts == 0 && (self.context.never_live() || self.context.has_answer())
    }

    /// Returns the time since the run's start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.context.start.elapsed()
    }

    fn end(mut self, end: RunEnd) -> TimedEvent {
        self.leave_tools();
        let outcome = self.outcome(end);
        // The outcome holds the answer now, which may be long.
        self.received = ResponseAccumulator::default();
        (self.replayed, self.set_aside, self.wrong) = (None, None, None);
        if self.unasked {
            self.recorded = true;
        } else {
            self.record(outcome.clone());
        }
        TimedEvent { at: self.elapsed(), event: RunEvent::Ended { outcome: Box::new(outcome) } }
    }

    fn record(&mut self, outcome: Outcome) {
        self.recorded = true;
        let answered = self.context.request.targets.iter().find(|target| target.name == outcome.target);
        let provider = answered.map_or_else(String::new, |target| target.provider.clone());
        self.context.shared.ports.recorder.ended(RunRecord {
            run: self.context.id,
            started: self.context.started,
            session: self.context.request.session.clone(),
            prompt_name: self.context.request.prompt_name.clone(),
            prompt: (*self.context.request.prompt).clone(),
            sample: self.context.request.sample,
            provider,
            input: self.context.request.input.clone(),
            outcome,
            timeline: std::mem::take(&mut self.log.timeline),
            pace: self.log.pace.pace(),
            cell: self.context.request.cell,
            trace: self.context.request.trace,
        });
    }
}

impl Drop for Run {
    /// A run nobody watches any more was cancelled, and is recorded as such.
    fn drop(&mut self) {
        if !self.recorded {
            self.leave_tools();
            let outcome = self.outcome(RunEnd::Cancelled);
            self.record(outcome);
        }
    }
}

/// What the cache, or an identical run, has for a run.
enum LookupResult {
    /// An answer; `shared` if it is that of a run under way.
    Answer { cached: Box<Cached>, shared: bool },
    /// Nothing: the run asks, for others too if it leads a flight.
    Nothing { leader: Option<Leader> },
}

/// Compiles the rules of the prompt and of the request itself; the error, if one could never be applied.
fn judge(prompt: &Prompt, checks: &[Check], min_score: Option<f64>) -> Result<CheckSuite, String> {
    if checks.is_empty() && min_score.is_none() {
        return CheckSuite::new(&prompt.response, &prompt.checks).map_err(|bad| bad.to_string());
    }
    let response = Response { min_score: min_score.or(prompt.response.min_score), ..prompt.response.clone() };
    let all = [prompt.checks.as_slice(), checks].concat();
    CheckSuite::new(&response, &all).map_err(|bad| {
        // What is the row's own is named by its place there.
        if let Err(own) = check::validate(checks) {
            return format!("in the checks of the row: {own}");
        }
        let score = bad.key == "response.min_score" && min_score.is_some();
        if score { format!("in the row: {bad}") } else { bad.to_string() }
    })
}

/// Tells whether the result of a tool may be another one each time.
fn asks_outside(prompt: &Prompt) -> bool {
    prompt.tools.iter().filter_map(Tool::source).any(|source| !source.is_fixed())
}

/// Tells whether a target is asked to see errors.
fn misbehaves(target: &Target) -> bool {
    target.is_demo() && target.model != "demo"
}
