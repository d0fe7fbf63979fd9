//! One scripted run from socket to record, counted in every place that counts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use retort::{
    model::{
        CacheMode, Commit, ErrorKind, Format, Input, Key, ModelCard, Outcome, Params, Prompt, RunEnd, RunRequest,
        Target, Timer, Tool, Wire,
        settings::{Retry, Timeouts},
    },
    pipeline::{
        Pipeline, PipelineConfig, Ports, RunEvent,
        event::DeltaPart,
        meter::RunMeter,
        ports::{Cache, NoKeyMemory, NoQuirkMemory, Recorder},
    },
    provider::Providers,
};
use tokio::time::timeout;

use super::wires::{stream, whole};
use crate::support::{
    script::{Memory, Record, Still, ended},
    server::{Gate, Script, Server, Step},
};

/// A key that must never be seen.
const SENTINEL: &str = "sentinel-7c1e.55a0-planted";

/// How long a server may be silent where a case is about that.
const SILENCE: Duration = Duration::from_millis(300);

/// What the server does on a connection once it has read the request.
#[derive(Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a case of its own")]
pub(crate) struct Play {
    pub(crate) steps: Vec<Step>,
    /// Opened once the first text, or in a batch the head, has arrived.
    pub(crate) gate: Gate,
    /// The prompt asks for JSON.
    pub(crate) json: bool,
    /// The user stops the run at its first text.
    pub(crate) stopped: bool,
    /// The server's silence is what the case is about.
    pub(crate) silent: bool,
    /// The prompt offers a tool.
    pub(crate) tools: bool,
}

impl Play {
    /// Sends bytes and closes.
    pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::default().then(Step::Send(bytes.into()))
    }

    /// Adds a step.
    pub(crate) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn script(&self) -> Script {
        self.steps.iter().cloned().fold(Script::default().then(Step::Expect), Script::then)
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) end: &'static str,
    pub(crate) error: Option<(ErrorKind, String)>,
    pub(crate) attempts: u32,
    pub(crate) text: String,
    pub(crate) reasoning: String,
    /// Into and out of the model, and whether that is an estimate.
    pub(crate) tokens: (Option<u64>, Option<u64>, bool),
    pub(crate) cached: bool,
}

/// Plays a case. In a batch nobody watches, and the server is well from the second call on; else
/// a person watches, and the server does the same on every call.
pub(crate) async fn play(providers: &Arc<Providers>, kind: Wire, play: &Play, batch: bool) -> Seen {
    let well = || Script::answer(stream(kind, whole(kind, if play.json { "{\"a\":1}" } else { "Hi" })));
    let script = |call: usize| if batch && call > 0 { well() } else { play.script() };
    let server = Server::start((0..8).map(script)).await;
    let (cache, record) = (Arc::new(Memory::default()), Arc::new(Record::default()));
    let ports = Ports {
        backend: Arc::clone(providers) as Arc<_>,
        cache: Arc::clone(&cache) as Arc<dyn Cache>,
        recorder: Arc::clone(&record) as Arc<dyn Recorder>,
        keys: Arc::new(NoKeyMemory),
        quirks: Arc::new(NoQuirkMemory),
        tools: Arc::new(retort::pipeline::ports::NoTools),
        parts: Arc::new(retort::pipeline::ports::NoParts),
        programs: Arc::new(retort::pipeline::ports::NoPrograms),
        world: Arc::new(Still::default()),
    };
    let mut request = request(kind, &server.url, play.json, if batch { Commit::Buffered } else { Commit::Resettable });
    if play.tools {
        request.prompt = Arc::new(Prompt { tools: vec![tool()], ..(*request.prompt).clone() });
    }
    let pipeline = Pipeline::new(ports, rules(play.silent));
    let mut run = pipeline.run(request.clone());
    let control = run.control();
    let (mut events, mut meter) = (Vec::new(), RunMeter::new(&request.targets, request.prompt.tool_set()));
    while let Some(event) = run.next().await {
        match &event.event {
            RunEvent::Delta { part: DeltaPart::Text, .. } if !batch && play.stopped => control.stop(),
            RunEvent::Delta { part: DeltaPart::Text, .. } if !batch => play.gate.open(),
            RunEvent::Headers { .. } if batch => play.gate.open(),
            _ => {}
        }
        meter.take(&event);
        events.push(event);
    }
    if play.stopped && !batch {
        timeout(Duration::from_millis(100), server.closed(0)).await.expect("a stopped run closes its socket");
    }
    let outcome = ended(&events).clone();
    let begun = events.iter().filter(|timed| matches!(timed.event, RunEvent::Attempt { .. })).count();
    let recorded = record.ended.lock().unwrap();
    let noted = recorded[0].timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Attempt { .. })).count();
    let counts = [server.requests().len(), server.connections(), begun, noted, recorded[0].outcome.attempts as usize];
    assert_eq!(counts, [outcome.attempts as usize; 5], "attempts: requests, connections, events, record, its sum");
    assert_eq!((recorded.len(), &recorded[0].outcome, meter.outcome()), (1, &outcome, Some(&outcome)));
    assert!(!format!("{events:?} {outcome:?}").contains(SENTINEL), "the key is seen");
    let cached = cache.0.lock().unwrap().len() == 1;
    seen(&outcome, &server.url, cached, play.tools)
}

/// A tool that any object of arguments goes to.
fn tool() -> Tool {
    Tool {
        name: "f".to_owned(),
        description: String::new(),
        parameters: None,
        strict: false,
        cache: None,
        result: None,
    }
}

/// Writes what a run answered: its text, and each call as `f(ARGUMENTS)`.
fn said(outcome: &Outcome) -> String {
    let calls = outcome.calls.iter().map(|call| format!("{}({})", call.name, call.arguments));
    let text = Some(outcome.text.clone()).filter(|text| !text.is_empty());
    text.into_iter().chain(calls).collect::<Vec<_>>().join(" ")
}

fn seen(outcome: &Outcome, url: &str, cached: bool, tools: bool) -> Seen {
    let error = match &outcome.end {
        RunEnd::Interrupted { error } => Some(error),
        RunEnd::Failed { reasons } => reasons.last().map(|reason| &reason.error),
        RunEnd::Done | RunEnd::Cancelled => None,
    };
    let host = url.trim_start_matches("http://");
    let out = match (outcome.usage.output, outcome.usage.reasoning) {
        (None, None) => None,
        (output, reasoning) => Some(output.unwrap_or(0) + reasoning.unwrap_or(0)),
    };
    Seen {
        end: outcome.end.word(),
        error: error.map(|error| (error.class, error.message.replace(host, "HOST"))),
        attempts: outcome.attempts,
        text: if tools { said(outcome) } else { outcome.text.clone() },
        reasoning: outcome.reasoning.clone(),
        tokens: (outcome.usage.total_input(), out, outcome.usage.estimated),
        cached,
    }
}

/// The user's settings, but for waits that a test has no time for.
fn rules(silent: bool) -> PipelineConfig {
    let wait = Duration::from_millis(1);
    let answer = if silent { SILENCE } else { Duration::from_secs(30) };
    let timeouts = Timeouts { answer: Some(answer), progress: Some(answer), ..Timeouts::default() };
    let key =
        Key { label: "env:TEST_KEY".to_owned(), account: "a".to_owned(), secret: SENTINEL.into(), left_out: None };
    PipelineConfig {
        retry: Retry { min_wait: wait, max_wait: wait, ..Retry::default() },
        timeouts,
        keys: BTreeMap::from([("test".to_owned(), vec![key])]),
        cache: true,
        ..PipelineConfig::default()
    }
}

/// A request to one target at an address.
pub(crate) fn request(kind: Wire, url: &str, json: bool, commit: Commit) -> RunRequest {
    let mut prompt = Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() };
    prompt.response.format = if json { Format::Json } else { Format::Text };
    RunRequest {
        prompt_name: None,
        prompt: Arc::new(prompt),
        params: Params::default(),
        input: Input::of("hello"),
        targets: vec![Target {
            name: "lane".to_owned(),
            provider: "test".to_owned(),
            kind,
            base_url: Some(url.to_owned()),
            custom_endpoint: true,
            model: "some-model".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            options: retort::model::TargetOptions::default(),
            card: ModelCard::default(),
        }],
        cache: CacheMode::On,
        commit,
        sample: 0,
        session: None,
        parent: None,
        checks: Vec::new(),
        min_score: None,
        judges: BTreeMap::new(),
        folders: retort::model::PartFolders::default(),
        cell: None,
        trace: None,
    }
}

/// A timer that ran out.
pub(crate) fn late(timer: Timer) -> ErrorKind {
    ErrorKind::Timeout(timer)
}
