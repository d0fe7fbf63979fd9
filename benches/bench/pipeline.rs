//! What a run adds to the call it makes: 100 tokens from a scripted transport, nothing to wait for.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use divan::Bencher;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use retort::{
    model::{
        CacheMode, Commit, Finish, Input, Key, ModelCard, Params, Prompt, RunId, RunRequest, Target, Usage, Wire,
        settings::Places,
    },
    pipeline::{
        Pipeline, PipelineConfig, Ports,
        ports::{NoCache, NoKeyMemory, NoQuirkMemory, Recorder, RunRecord, RunStart, World},
    },
    provider::{Backend, Call, WireEvent, WireFormat, WireStream},
    store::Store,
};
use tokio::runtime::{Builder, Runtime};

struct Transport(Vec<WireEvent>);

impl Transport {
    fn new() -> Self {
        let mut events = vec![WireEvent::Headers { status: 200, request_id: None }];
        events.push(WireEvent::Text("{\"sentiment\": \"negative\", \"words\": \"".to_owned()));
        events.extend((0..98).map(|_| WireEvent::Text("word ".to_owned())));
        events.push(WireEvent::Text("\"}".to_owned()));
        events.push(WireEvent::Usage(Usage { input: Some(60), output: Some(100), ..Usage::default() }));
        events.extend([WireEvent::Finish(Finish::Stop), WireEvent::End]);
        Self(events)
    }
}

impl Backend for Transport {
    fn call(&self, _call: Call) -> WireStream {
        stream::iter(self.0.clone()).map(Ok).boxed()
    }
}

struct NoRecord;

impl Recorder for NoRecord {
    fn started(&self, _record: &RunStart) {}

    fn ended(&self, _record: RunRecord) {}
}

#[derive(Default)]
struct Still(AtomicU64);

impl World for Still {
    fn timestamp(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn chance(&self) -> f64 {
        0.5
    }

    fn run_id(&self) -> RunId {
        let id = self.0.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-7000-8000-{id:012}").parse().unwrap()
    }
}

pub(crate) fn target() -> Target {
    Target {
        name: "scripted".to_owned(),
        provider: "scripted".to_owned(),
        kind: Wire::OpenAi,
        base_url: Some("http://127.0.0.1/v1".to_owned()),
        custom_endpoint: true,
        model: "scripted".to_owned(),
        command: Vec::new(),
        headers: BTreeMap::new(),
        options: retort::model::TargetOptions::default(),
        card: ModelCard::default(),
    }
}

pub(crate) fn request(sample: u32) -> RunRequest {
    let mut prompt = Prompt {
        system: "You label customer messages. Answer as a JSON object.".to_owned(),
        user: "{{ input }}".to_owned(),
        ..Prompt::default()
    };
    prompt.response.required = vec!["sentiment".to_owned()];
    RunRequest {
        prompt_name: None,
        prompt: Arc::new(prompt),
        params: Params::default(),
        input: Input::of("My parcel never came, and nobody answers the telephone."),
        targets: vec![target()],
        cache: CacheMode::On,
        commit: Commit::Resettable,
        sample,
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

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

pub(crate) fn pipeline(store: Option<&Store>) -> Pipeline {
    let ports = Ports {
        backend: Arc::new(Transport::new()),
        cache: store.map_or_else(|| Arc::new(NoCache) as Arc<_>, Store::cache),
        recorder: store.map_or_else(|| Arc::new(NoRecord) as Arc<_>, Store::recorder),
        keys: Arc::new(NoKeyMemory),
        quirks: Arc::new(NoQuirkMemory),
        tools: Arc::new(retort::pipeline::ports::NoTools),
        parts: Arc::new(retort::pipeline::ports::NoParts),
        programs: Arc::new(retort::pipeline::ports::NoPrograms),
        world: Arc::new(Still::default()),
    };
    Pipeline::new(ports, PipelineConfig { cache: store.is_some(), ..PipelineConfig::default() })
}

/// The floor: the transport's stream drained by itself.
#[divan::bench]
fn transport_alone(bencher: Bencher<'_, '_>) {
    let (runtime, transport) = (runtime(), Transport::new());
    bencher.bench_local(|| {
        let call = Call {
            target: target(),
            key: None::<Key>,
            messages: Vec::new(),
            params: Params::default(),
            format: WireFormat::JsonObject,
            tools: retort::model::ToolSet::default(),
            connect: std::time::Duration::from_secs(5),
            forward: None,
        };
        runtime.block_on(transport.call(call).count())
    });
}

/// A run without cache and record.
#[divan::bench]
fn run_bare(bencher: Bencher<'_, '_>) {
    let (runtime, pipeline) = (runtime(), pipeline(None));
    bencher.bench_local(|| runtime.block_on(pipeline.run(request(0)).count()));
}

/// A run that misses the cache, is stored and recorded: both databases on disk.
#[divan::bench(sample_count = 300, sample_size = 1)]
fn run_stored(bencher: Bencher<'_, '_>) {
    with_store(|pipeline, runtime| {
        let sample = AtomicU32::new(0);
        bencher.bench_local(|| {
            let request = request(sample.fetch_add(1, Ordering::Relaxed));
            runtime.block_on(pipeline.run(request).count())
        });
    });
}

/// A run answered from the cache on disk, and recorded.
#[divan::bench(sample_count = 300, sample_size = 1)]
fn run_cached(bencher: Bencher<'_, '_>) {
    with_store(|pipeline, runtime| {
        runtime.block_on(pipeline.run(request(0)).count());
        bencher.bench_local(|| runtime.block_on(pipeline.run(request(0)).count()));
    });
}

fn with_store(work: impl FnOnce(&Pipeline, &Runtime)) {
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| home.path().join(name);
    let places = Places {
        config: place("config"),
        data: place("data"),
        cache: place("cache"),
        state: place("state"),
        project: retort::model::settings::Project::Absent,
    };
    let (store, runtime) = (Store::open(places, 1000), runtime());
    work(&pipeline(Some(&store)), &runtime);
    store.close(std::time::Duration::from_secs(30)).unwrap();
}
