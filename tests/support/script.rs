//! A scripted backend, cache, record and world in memory, for runs on a paused clock.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use retort::{
    model::{
        CacheMode, CallError, Commit, ErrorKind, Finish, Input, Key, ModelCard, Outcome, Params, Prompt, RunId,
        RunRequest, Target, Usage, Wire,
    },
    pipeline::{
        Pipeline, PipelineConfig, Ports, RunEvent, RunStream, TimedEvent,
        ports::{
            Cache, Cached, KeyMemory, NoKeyMemory, NoParts, NoPrograms, NoQuirkMemory, NoTools, PartReader, PortFuture,
            QuirkMemory, Recorder, RunRecord, RunStart, ToolRunner, World,
        },
    },
    provider::{Backend, Call, WireEvent, WireStream},
};

/// One step of a scripted call.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Time passes.
    After(Duration),
    /// The provider says something.
    Say(WireEvent),
    /// The call fails.
    Fail(CallError),
    /// Nothing more ever comes.
    Hang,
}

/// Writes the steps of a call, given how many calls of the same target came before it.
pub(crate) type Script = dyn Fn(&Call, usize) -> Vec<Step> + Send + Sync;

/// A backend that follows a script and remembers what it was asked.
pub(crate) struct Scripted {
    script: Box<Script>,
    calls: Mutex<Vec<Call>>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

/// A call under way: dropping it is closing its connection.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Scripted {
    /// Makes one that has not been asked anything.
    pub(crate) fn new(script: impl Fn(&Call, usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self { script: Box::new(script), calls: Mutex::default(), open: Arc::default(), most: Arc::default() }
    }
}

impl Backend for Scripted {
    fn call(&self, call: Call) -> WireStream {
        let mut calls = self.calls.lock().unwrap();
        let before = calls.iter().filter(|known| known.target.name == call.target.name).count();
        let steps = (self.script)(&call, before);
        calls.push(call);
        self.most.fetch_max(self.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let open = Open(Arc::clone(&self.open));
        stream::iter(steps)
            .filter_map(move |step| {
                let _ = &open;
                async move {
                    match step {
                        Step::After(wait) => {
                            tokio::time::sleep(wait).await;
                            None
                        }
                        Step::Say(event) => Some(Ok(event)),
                        Step::Fail(error) => Some(Err(error)),
                        Step::Hang => std::future::pending().await,
                    }
                }
            })
            .boxed()
    }
}

/// A cache without a limit.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) Mutex<BTreeMap<String, Cached>>);

impl Cache for Memory {
    fn get<'a>(&'a self, key: &'a str) -> PortFuture<'a, Option<Cached>> {
        Box::pin(std::future::ready(self.0.lock().unwrap().get(key).cloned()))
    }

    fn put(&self, key: String, cached: Cached) {
        self.0.lock().unwrap().insert(key, cached);
    }
}

/// A record in memory.
#[derive(Default)]
pub(crate) struct Record {
    /// Runs that started.
    pub(crate) started: Mutex<Vec<RunStart>>,
    /// Runs that ended.
    pub(crate) ended: Mutex<Vec<RunRecord>>,
    /// How many runs it can still keep, where there is an end to them.
    pub(crate) room: Mutex<Option<usize>>,
    /// How long it takes to keep one.
    pub(crate) takes: Mutex<Duration>,
}

impl Recorder for Record {
    fn started(&self, record: &RunStart) {
        self.started.lock().unwrap().push(record.clone());
    }

    fn ended(&self, record: RunRecord) {
        self.ended.lock().unwrap().push(record);
    }

    fn settled(&self, run: RunId) -> PortFuture<'_, Result<(), String>> {
        assert!(self.ended.lock().unwrap().iter().any(|record| record.run == run), "it has not ended");
        let takes = *self.takes.lock().unwrap();
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            match &mut *self.room.lock().unwrap() {
                Some(0) => Err("the disk is full".to_owned()),
                Some(room) => {
                    *room -= 1;
                    Ok(())
                }
                None => Ok(()),
            }
        })
    }
}

/// A world where it is always the same time, chance is one half, and ids count up.
#[derive(Default)]
pub(crate) struct Still(AtomicU64);

impl World for Still {
    fn timestamp(&self) -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn chance(&self) -> f64 {
        0.5
    }

    fn run_id(&self) -> RunId {
        let id = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        format!("00000000-0000-7000-8000-{id:012}").parse().unwrap()
    }
}

/// A pipeline on a script, with everything it touches.
pub(crate) struct Bench {
    /// The pipeline.
    pub(crate) pipeline: Pipeline,
    rules: PipelineConfig,
    /// What answers.
    pub(crate) backend: Arc<Scripted>,
    /// What it keeps.
    pub(crate) cache: Arc<Memory>,
    /// What it records.
    pub(crate) record: Arc<Record>,
    tools: Arc<dyn ToolRunner>,
    parts: Arc<dyn PartReader>,
}

impl Bench {
    /// Sets a pipeline up with the cache on and a key `env:K` for every vendor.
    pub(crate) fn new(script: impl Fn(&Call, usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::with(
            PipelineConfig { cache: true, keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() },
            script,
        )
    }

    /// Sets a pipeline up by rules.
    pub(crate) fn with(
        rules: PipelineConfig,
        script: impl Fn(&Call, usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let backend = Arc::new(Scripted::new(script));
        let (cache, record) = (Arc::new(Memory::default()), Arc::new(Record::default()));
        let ports = Ports {
            backend: Arc::clone(&backend) as Arc<dyn Backend>,
            cache: Arc::clone(&cache) as Arc<dyn Cache>,
            recorder: Arc::clone(&record) as Arc<dyn Recorder>,
            keys: Arc::new(NoKeyMemory),
            quirks: Arc::new(NoQuirkMemory),
            tools: Arc::new(NoTools),
            parts: Arc::new(NoParts),
            programs: Arc::new(NoPrograms),
            world: Arc::new(Still::default()),
        };
        Self {
            pipeline: Pipeline::new(ports, rules.clone()),
            rules,
            backend,
            cache,
            record,
            tools: Arc::new(NoTools),
            parts: Arc::new(NoParts),
        }
    }

    /// Sets it up anew with a memory of keys.
    pub(crate) fn remembers(&mut self, keys: Arc<dyn KeyMemory>) {
        self.set_up(Arc::clone(&self.record) as Arc<dyn Recorder>, keys, Arc::new(NoQuirkMemory));
    }

    /// Sets it up anew, as another run of the program, with a memory of what models do not take.
    pub(crate) fn remembers_quirks(&mut self, quirks: Arc<dyn QuirkMemory>) {
        self.set_up(Arc::clone(&self.record) as Arc<dyn Recorder>, Arc::new(NoKeyMemory), quirks);
    }

    /// Sets it up anew with another record.
    pub(crate) fn records(&mut self, recorder: Arc<dyn Recorder>) {
        self.set_up(recorder, Arc::new(NoKeyMemory), Arc::new(NoQuirkMemory));
    }

    /// Sets it up anew with somebody who answers calls of tools.
    pub(crate) fn answers_calls(&mut self, tools: Arc<dyn ToolRunner>) {
        self.tools = tools;
        self.set_up(Arc::clone(&self.record) as Arc<dyn Recorder>, Arc::new(NoKeyMemory), Arc::new(NoQuirkMemory));
    }

    /// Sets it up anew with somebody who reads files.
    pub(crate) fn reads_files(&mut self, parts: Arc<dyn PartReader>) {
        self.parts = parts;
        self.set_up(Arc::clone(&self.record) as Arc<dyn Recorder>, Arc::new(NoKeyMemory), Arc::new(NoQuirkMemory));
    }

    fn set_up(&mut self, recorder: Arc<dyn Recorder>, keys: Arc<dyn KeyMemory>, quirks: Arc<dyn QuirkMemory>) {
        let ports = Ports {
            backend: Arc::clone(&self.backend) as Arc<dyn Backend>,
            cache: Arc::clone(&self.cache) as Arc<dyn Cache>,
            recorder,
            keys,
            quirks,
            tools: Arc::clone(&self.tools),
            parts: Arc::clone(&self.parts),
            programs: Arc::new(NoPrograms),
            world: Arc::new(Still::default()),
        };
        self.pipeline = Pipeline::new(ports, self.rules.clone());
    }

    /// Runs a request to its end.
    pub(crate) async fn events(&self, request: RunRequest) -> Vec<TimedEvent> {
        self.pipeline.run(request).collect().await
    }

    /// Runs a request to its end and returns how it ended.
    pub(crate) async fn end(&self, request: RunRequest) -> Outcome {
        ended(&self.events(request).await).clone()
    }

    /// The calls made so far: target and key label of each.
    pub(crate) fn calls(&self) -> Vec<(String, Option<String>)> {
        let label = |call: &Call| call.key.as_ref().map(|key| key.label.clone());
        self.backend.calls.lock().unwrap().iter().map(|call| (call.target.name.clone(), label(call))).collect()
    }

    /// The last call made.
    pub(crate) fn last_call(&self) -> Call {
        self.backend.calls.lock().unwrap().last().unwrap().clone()
    }

    /// Calls under way.
    pub(crate) fn open(&self) -> usize {
        self.backend.open.load(Ordering::SeqCst)
    }

    /// The most calls that were under way at once.
    pub(crate) fn most_open(&self) -> usize {
        self.backend.most.load(Ordering::SeqCst)
    }
}

/// Keys of a provider: label and account of each.
pub(crate) fn keys(provider: &str, keys: &[(&str, &str)]) -> BTreeMap<String, Vec<Key>> {
    let key = |&(label, account): &(&str, &str)| Key {
        label: label.to_owned(),
        account: account.to_owned(),
        secret: format!("sk-{label}").into(),
        left_out: None,
    };
    BTreeMap::from([(provider.to_owned(), keys.iter().map(key).collect())])
}

/// A target at OpenAI's own endpoint that takes everything.
pub(crate) fn target(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        provider: "openai".to_owned(),
        kind: Wire::OpenAi,
        base_url: Some("https://api.openai.com/v1".to_owned()),
        custom_endpoint: false,
        model: format!("{name}-1"),
        command: Vec::new(),
        headers: BTreeMap::new(),
        options: retort::model::TargetOptions::default(),
        card: ModelCard { id: format!("{name}-1"), known: true, ..ModelCard::default() },
    }
}

/// A request to targets by name, with a prompt that expects JSON.
pub(crate) fn request(targets: &[&str]) -> RunRequest {
    RunRequest {
        prompt_name: Some("test".to_owned()),
        prompt: Arc::new(Prompt {
            system: "Answer in JSON.".to_owned(),
            user: "{{ input }}".to_owned(),
            ..Prompt::default()
        }),
        params: Params::default(),
        input: Input::of("hello"),
        targets: targets.iter().map(|name| target(name)).collect(),
        cache: CacheMode::default(),
        commit: Commit::default(),
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

/// The steps of a good answer in pieces a tenth of a second apart.
pub(crate) fn answer(pieces: &[&str]) -> Vec<Step> {
    let mut steps = vec![Step::Say(WireEvent::Headers { status: 200, request_id: None })];
    for piece in pieces {
        steps.push(Step::After(Duration::from_millis(100)));
        steps.push(Step::Say(WireEvent::Text((*piece).to_owned())));
    }
    let usage = Usage { input: Some(10), output: Some(pieces.len() as u64), ..Usage::default() };
    steps.push(Step::Say(WireEvent::Usage(usage)));
    steps.push(Step::Say(WireEvent::Finish(Finish::Stop)));
    steps.push(Step::Say(WireEvent::End));
    steps
}

/// A call that fails at once.
pub(crate) fn fails(class: ErrorKind) -> Vec<Step> {
    vec![Step::Fail(CallError::new(class, "scripted"))]
}

/// An answer that breaks off after a piece.
pub(crate) fn cut(piece: &str) -> Vec<Step> {
    answer(&[piece]).into_iter().take(3).collect()
}

/// The outcome of a run that was told to its end.
pub(crate) fn ended(answer: &[TimedEvent]) -> &Outcome {
    match answer.last().map(|answer| &answer.event) {
        Some(RunEvent::Ended { outcome }) => outcome,
        other => panic!("the last event is {other:?}"),
    }
}

/// Takes events until one is as wanted, and returns it.
pub(crate) async fn until(stream: &mut RunStream, wanted: impl Fn(&RunEvent) -> bool) -> TimedEvent {
    loop {
        let answer = stream.next().await.expect("the run ended before that");
        if wanted(&answer.event) {
            return answer;
        }
    }
}
