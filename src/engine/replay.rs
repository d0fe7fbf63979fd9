//! A run on record played again through the pipeline: its calls come from the record, in their own time, and nobody is asked.
//!
//! A recording is the lines that `retort run --json --live` prints: the same that the demonstration plays.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    engine::{Machine, Workspace, check_programs::CheckPrograms, environment::Child},
    model::{
        CacheMode, Catalog, Check, Commit, Finish, Input, Key, Message, Outcome, Params, PartFolders, Prompt, Role,
        RunRequest, Settings, Target, ToolCall, Usage,
        error::StoreError,
        message::Turn,
        settings::{Retry, Timeouts},
        tool::CallPiece,
    },
    pipeline::{
        Pipeline, PipelineConfig, Ports,
        event::{DeltaPart, RunEvent, TimedEvent},
        pace::{AnswerPace, PaceRecorder},
        ports::{
            AskedTool, NoCache, NoKeyMemory, NoParts, NoQuirkMemory, NoRecorder, PortFuture, RunRecord, ToolRunner,
        },
    },
    provider::{
        WireEvent,
        wires::demo::{
            replay::{ReplayBackend, ReplayFault, ReplayedCall},
            tokens,
        },
    },
    text::json,
};

/// Timers are never shorter than this, however fast a run is played.
const SHORTEST: Duration = Duration::from_secs(1);

/// How a run is played again.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayOptions {
    /// How many times as fast; infinite for at once.
    pub speed: f64,
    /// The n-th is laid over the n-th call.
    pub faults: Vec<ReplayFault>,
    /// What may happen when the stream breaks.
    pub commit: Commit,
    /// The models that are asked in place of the recorded one and its fallbacks, if any are named.
    pub models: Vec<String>,
}

/// A run that can be played again.
pub struct Replay {
    pub pipeline: Pipeline,
    pub request: RunRequest,
    /// What a person should know, in words.
    pub notes: Vec<String>,
}

impl Replay {
    /// Makes a run ready to be played; `judges` are the runs of its judges.
    ///
    /// # Errors
    ///
    /// Returns in words why it cannot be played: nothing was sent, or files went with it.
    pub fn new(
        setup: &Workspace,
        record: &RunRecord,
        judges: &[RunRecord],
        options: ReplayOptions,
    ) -> Result<Self, StoreError> {
        if record.attachments().next().is_some() {
            return Err(StoreError::wrong("files went with this run: only runs of text are played again"));
        }
        let Some(messages) = sent(&record.timeline) else {
            return Err(StoreError::wrong("nothing was sent in this run: there is nothing to play"));
        };
        let (mut targets, mut notes) = (Vec::new(), Vec::new());
        let recorded = std::iter::once(&record.outcome.requested).chain(&record.prompt.fallback);
        let named: Vec<&String> =
            if options.models.is_empty() { recorded.collect() } else { options.models.iter().collect() };
        for name in named {
            let target = target_or_demo(&setup.catalog, name, &mut notes)?;
            if targets.iter().all(|known: &Target| known.name != target.name) {
                targets.push(target);
            }
        }
        let prompt = Arc::new(record.prompt.clone());
        let judged =
            setup.catalog.judges(prompt.checks.iter().filter_map(Check::judge_name), setup.settings.judge_model());
        let judging: BTreeMap<String, Target> = judged.filter_map(Result::ok).collect();
        let mut backend = ReplayBackend::new(messages.to_vec(), calls(record), options.faults, options.speed);
        backend.judges =
            judges.iter().filter_map(|judge| Some((sent(&judge.timeline)?.to_vec(), calls(judge).pop()?))).collect();
        let pipeline = pipeline(setup, backend, record, options.speed);
        for target in targets.iter().chain(judging.values()).filter(|target| target.needs_key()) {
            pipeline.add_keys(&target.provider, vec![no_key()], Vec::new());
        }
        let request = RunRequest {
            prompt_name: record.prompt_name.clone(),
            prompt,
            params: Params::default(),
            input: record.input.clone(),
            targets,
            cache: CacheMode::Off,
            commit: options.commit,
            sample: record.sample,
            session: None,
            parent: None,
            checks: Vec::new(),
            min_score: None,
            judges: judging,
            folders: PartFolders::default(),
            cell: None,
            trace: None,
        };
        Ok(Self { pipeline, request, notes })
    }
}

/// Returns what was sent in a run.
pub(crate) fn sent(timeline: &[TimedEvent]) -> Option<&[Message]> {
    timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Prepared { messages, .. } => Some(messages.as_slice()),
        _ => None,
    })
}

/// Finds a target by its name; where it is set up no more, the demonstration under its name.
fn target_or_demo(catalog: &Catalog, name: &str, notes: &mut Vec<String>) -> Result<Target, StoreError> {
    if let Ok(target) = catalog.resolve(name) {
        return Ok(target);
    }
    let demo = catalog.resolve("demo").map_err(|error| StoreError::wrong(error.to_string()))?;
    notes.push(format!("{name} is no model that is set up: the demonstration's limits stand in for its own"));
    Ok(Target { name: name.to_owned(), ..demo })
}

/// Makes the key of a call that goes nowhere.
fn no_key() -> Key {
    let label = "replay".to_owned();
    Key { account: label.clone(), secret: label.clone().into(), label, left_out: None }
}

fn pipeline(setup: &Workspace, backend: ReplayBackend, record: &RunRecord, speed: f64) -> Pipeline {
    let settings = &setup.settings;
    let results = record.timeline.iter().filter_map(|timed| match &timed.event {
        RunEvent::Replied { reply, content, .. } => Some((reply.id.clone(), content.clone())),
        _ => None,
    });
    let ports = Ports {
        backend: Arc::new(backend),
        cache: Arc::new(NoCache),
        recorder: Arc::new(NoRecorder),
        keys: Arc::new(NoKeyMemory),
        quirks: Arc::new(NoQuirkMemory),
        tools: Arc::new(RecordedResults(results.collect())),
        parts: Arc::new(NoParts),
        programs: Arc::new(CheckPrograms::new(&setup.places, setup.environment.of(Child::Tool(settings)))),
        world: Arc::new(Machine::default()),
    };
    let rules = PipelineConfig {
        retry: retry(settings, speed),
        timeouts: timeouts(settings, speed),
        limits: BTreeMap::new(),
        keys: BTreeMap::new(),
        intake: settings.intake,
        cache: false,
        takers: BTreeMap::new(),
        allow_retired: true,
    };
    Pipeline::new(ports, rules)
}

fn retry(settings: &Settings, speed: f64) -> Retry {
    let faster = |wait: Duration| if speed.is_finite() { wait.div_f64(speed) } else { Duration::ZERO };
    Retry { min_wait: faster(settings.retry.min_wait), max_wait: faster(settings.retry.max_wait), ..settings.retry }
}

fn timeouts(settings: &Settings, speed: f64) -> Timeouts {
    let faster = |limit: Duration| if speed.is_finite() { limit.div_f64(speed).max(SHORTEST) } else { limit };
    let Timeouts { connect, answer, local_answer, first_byte, first_token, idle, progress, total } = settings.timeouts;
    Timeouts {
        connect: faster(connect),
        answer: answer.map(faster),
        local_answer: local_answer.map(faster),
        first_byte: first_byte.map(faster),
        first_token: first_token.map(faster),
        idle: idle.map(faster),
        progress: progress.map(faster),
        total: faster(total),
    }
}

/// The results of tools, as they were recorded.
#[derive(Debug)]
struct RecordedResults(BTreeMap<String, String>);

impl ToolRunner for RecordedResults {
    fn call<'a>(&'a self, asked: AskedTool<'a>) -> PortFuture<'a, Result<String, String>> {
        let result = self.0.get(&asked.call.id).cloned();
        let missing = || format!("no result of {} is on record, and a replay starts nothing", asked.tool.name);
        Box::pin(std::future::ready(result.ok_or_else(missing)))
    }

    fn ended(&self, _run: crate::model::RunId) {}
}

/// Lists the calls of a run, the last one with the answer.
pub(crate) fn calls(record: &RunRecord) -> Vec<ReplayedCall> {
    let outcome = &record.outcome;
    let mut rounds: VecDeque<&Message> =
        outcome.rounds.iter().filter(|message| message.role == Role::Assistant).collect();
    let (mut made, mut open): (Vec<ReplayedCall>, Option<(Duration, Duration)>) = (Vec::new(), None);
    let mut failed: Option<(Duration, crate::model::CallError)> = None;
    for TimedEvent { at, event } in &record.timeline {
        match event {
            RunEvent::Attempt { .. } => {
                if let Some((_, first_byte)) = open.take() {
                    made.push(match (failed.take(), rounds.pop_front()) {
                        (Some(error), _) => ReplayedCall { said: Vec::new(), failed: Some(error) },
                        (None, Some(round)) => round_said(round, first_byte),
                        (None, None) => ReplayedCall { said: Vec::new(), failed: None },
                    });
                }
                open = Some((*at, Duration::ZERO));
            }
            RunEvent::Headers { .. } => {
                if let Some((began, first_byte)) = &mut open {
                    *first_byte = at.saturating_sub(*began);
                }
            }
            RunEvent::AttemptFailed { error, .. } => {
                let began = open.map_or(Duration::ZERO, |(began, _)| began);
                failed = Some((at.saturating_sub(began), error.clone()));
            }
            _ => {}
        }
    }
    let first_byte = open.map(|(_, first_byte)| first_byte).or(outcome.timing.first_byte).unwrap_or_default();
    let pieces = pieces(outcome, record.pace.as_ref());
    if pieces.is_empty() && outcome.calls.is_empty() && failed.is_some() {
        made.push(ReplayedCall { said: Vec::new(), failed });
        return made;
    }
    let mut said = vec![(first_byte, WireEvent::Headers { status: 200, request_id: None })];
    let mut gone = first_byte;
    let mut since = Duration::ZERO;
    for (after, part, text) in pieces {
        since += after;
        let wait = since.saturating_sub(gone);
        gone = gone.max(since);
        said.push((
            wait,
            match part {
                DeltaPart::Text => WireEvent::Text(text),
                DeltaPart::Reasoning => WireEvent::Reasoning(text),
            },
        ));
    }
    let failed = failed.map(|(after, error)| (after.saturating_sub(gone), error));
    said.extend(tail(outcome, failed.is_none()).into_iter().map(|event| (Duration::ZERO, event)));
    made.push(ReplayedCall { said, failed });
    made
}

/// An answer that called tools in an earlier round.
fn round_said(round: &Message, first_byte: Duration) -> ReplayedCall {
    let headers = WireEvent::Headers { status: 200, request_id: None };
    let text = Some(round.content.clone()).filter(|text| !text.is_empty()).map(WireEvent::Text);
    let calls = round.tool_calls.iter().enumerate().map(|(place, call)| WireEvent::Call(piece(place, call)));
    let end = [WireEvent::Finish(Finish::ToolCalls), WireEvent::End];
    let said = std::iter::once(headers).chain(text).chain(calls).chain(end);
    let said = said.enumerate().map(|(at, event)| (if at == 0 { first_byte } else { Duration::ZERO }, event));
    ReplayedCall { said: said.collect(), failed: None }
}

fn piece(place: usize, call: &ToolCall) -> CallPiece {
    CallPiece {
        place,
        id: Some(call.id.clone()),
        name: Some(call.name.clone()),
        arguments: call.arguments.clone(),
        ..CallPiece::default()
    }
}

/// What is told after the pieces of an answer, to the end mark where it had one.
fn tail(outcome: &Outcome, is_whole: bool) -> Vec<WireEvent> {
    let calls = outcome.calls.iter().enumerate().map(|(place, call)| WireEvent::Call(piece(place, call)));
    let usage: Usage = outcome.by_attempt.last().map_or(outcome.usage, |attempt| attempt.spent.usage);
    let mut tail: Vec<WireEvent> = calls.collect();
    tail.extend(outcome.served.clone().map(WireEvent::Model));
    tail.push(WireEvent::Usage(usage));
    if let Some(finish) = outcome.finish.clone().filter(|_| is_whole) {
        tail.extend([WireEvent::Finish(finish), WireEvent::End]);
    }
    tail
}

/// Cuts an answer into the pieces in which it came, each with the wait after the one before: the first counts from the
/// beginning of its attempt. Without a recorded pace they come evenly.
fn pieces(outcome: &Outcome, pace: Option<&AnswerPace>) -> Vec<(Duration, DeltaPart, String)> {
    let mut out = Vec::new();
    let (mut text, mut reasoning) = (outcome.text.chars(), outcome.reasoning.chars());
    for piece in pace.map(AnswerPace::pieces).unwrap_or_default() {
        let from = if piece.part == DeltaPart::Text { &mut text } else { &mut reasoning };
        let own: String = from.take(piece.chars).collect();
        if !own.is_empty() {
            out.push((piece.after, piece.part, own));
        }
    }
    let rest = [(DeltaPart::Reasoning, reasoning.as_str().to_owned()), (DeltaPart::Text, text.as_str().to_owned())];
    if out.is_empty() {
        let timing = &outcome.timing;
        let first = timing.first_token.or(timing.first_byte).unwrap_or_default();
        let all: Vec<(DeltaPart, String)> = rest
            .into_iter()
            .flat_map(|(part, text)| tokens(&text).into_iter().map(move |token| (part, token)))
            .collect();
        let step = timing.generation.unwrap_or_default() / u32::try_from(all.len().max(1)).unwrap_or(u32::MAX);
        let paced =
            all.into_iter().enumerate().map(|(at, (part, text))| (if at == 0 { first } else { step }, part, text));
        return paced.collect();
    }
    out.extend(rest.into_iter().filter(|(_, text)| !text.is_empty()).map(|(part, text)| (Duration::ZERO, part, text)));
    out
}

/// Writes a run as a recording: the lines that `retort run --json --live` would have printed.
///
/// # Errors
///
/// Returns what cannot be written as JSON.
pub fn recording(record: &RunRecord) -> Result<String, serde_json::Error> {
    let mut events = record.timeline.clone();
    let last = events.iter().rev().find_map(|timed| match &timed.event {
        RunEvent::Attempt { number, .. } => Some((timed.at, *number)),
        _ => None,
    });
    let (mut at, attempt) = last.unwrap_or_default();
    for (after, part, text) in pieces(&record.outcome, record.pace.as_ref()) {
        at += after;
        events.push(TimedEvent { at, event: RunEvent::Delta { attempt, part, text } });
    }
    events.sort_by_key(|timed| timed.at);
    let end = events.last().map_or(Duration::ZERO, |timed| timed.at).max(record.outcome.timing.total);
    let outcome = Box::new(record.outcome.clone());
    events.push(TimedEvent { at: end, event: RunEvent::Ended { outcome } });
    let lines: Result<Vec<String>, _> = events.iter().map(json::to_line).collect();
    Ok(lines?.join("\n") + "\n")
}

/// Reads a recording as the record of a run: its messages are the prompt, without checks.
///
/// # Errors
///
/// Returns in words which line is none of a recording's, or what is missing.
pub fn read_recording(text: &str) -> Result<RunRecord, StoreError> {
    let (mut timeline, mut pace, mut outcome) = (Vec::new(), PaceRecorder::default(), None);
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let timed: TimedEvent = serde_json::from_str(line).map_err(|error| {
            StoreError::wrong(format!(
                "line {} is none of a recording (`retort run --json --live`): {error}",
                number + 1
            ))
        })?;
        match &timed.event {
            RunEvent::Delta { part, text, .. } => pace.take(timed.at, *part, text),
            RunEvent::CallDelta { .. } => {}
            RunEvent::Ended { outcome: ended } => outcome = Some(ended.clone()),
            event => {
                if matches!(event, RunEvent::Attempt { .. }) {
                    pace.begin(timed.at);
                }
                timeline.push(timed);
            }
        }
    }
    let Some(outcome) = outcome else {
        return Err(StoreError::wrong("the recording has no end: it is what `retort run --json --live` prints"));
    };
    let Some(messages) = sent(&timeline) else {
        return Err(StoreError::wrong("the recording says nothing of what was sent"));
    };
    let (prompt, input) = prompt_of(messages);
    Ok(RunRecord {
        run: outcome.run,
        started: jiff::Timestamp::UNIX_EPOCH,
        session: None,
        prompt_name: None,
        prompt,
        sample: 0,
        provider: String::new(),
        input,
        pace: pace.pace(),
        outcome: *outcome,
        timeline,
        cell: None,
        trace: None,
    })
}

/// Makes a prompt that sends these messages: each text is the value of a variable, so that nothing in it is a template.
fn prompt_of(messages: &[Message]) -> (Prompt, Input) {
    let mut input = Input::default();
    let mut prompt = Prompt { user: String::new(), ..Prompt::default() };
    let (first, rest) = match messages.split_first() {
        Some((first, rest)) if first.role == Role::System => (Some(first), rest),
        _ => (None, messages),
    };
    let mut variable = |name: String, text: &str| {
        input.vars.insert(name.clone(), text.into());
        format!("{{{{ {name} }}}}")
    };
    if let Some(system) = first {
        prompt.system = variable("system".to_owned(), &system.content);
    }
    let (between, last) = match rest.split_last() {
        Some((last, between)) if last.role == Role::User => (between, Some(last)),
        _ => (rest, None),
    };
    for (at, message) in between.iter().enumerate() {
        let text = variable(format!("message_{}", at + 1), &message.content);
        prompt.messages.push(Turn::of(message.role, &text));
    }
    if let Some(user) = last {
        "{{ input }}".clone_into(&mut prompt.user);
        input.text.clone_from(&user.content);
    }
    (prompt, input)
}
