//! Samples through the whole pipeline onto the disk: each has its own entry in the cache and its own run.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, future::join_all, stream};
use retort::{
    model::{Finish, Outcome, Provenance, RunEnd, RunRequest},
    pipeline::{Pipeline, PipelineConfig, Ports, ports::World},
    provider::{Backend, Call, WireEvent, WireStream},
    store::{
        Store,
        api::{HistoryPage, StoreReply, StoreRequest},
    },
};

use super::{SOON, store_in};
use crate::support::script::{Still, ended, keys, request};

/// Answers at once, each call with its own number.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Backend for Counting {
    fn call(&self, _: Call) -> WireStream {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let says = [
            WireEvent::Headers { status: 200, request_id: None },
            WireEvent::Text(format!("{{\"number\": {number}}}")),
            WireEvent::Finish(Finish::Stop),
            WireEvent::End,
        ];
        stream::iter(says.map(Ok)).boxed()
    }
}

/// Runs three samples of one request side by side.
async fn run(store: &Store, backend: &Arc<Counting>, world: &Arc<Still>) -> Vec<Outcome> {
    let ports = Ports {
        backend: Arc::clone(backend) as Arc<dyn Backend>,
        cache: store.cache(),
        recorder: store.recorder(),
        keys: Arc::new(retort::pipeline::ports::NoKeyMemory),
        quirks: Arc::new(retort::pipeline::ports::NoQuirkMemory),
        tools: Arc::new(retort::pipeline::ports::NoTools),
        parts: Arc::new(retort::pipeline::ports::NoParts),
        programs: Arc::new(retort::pipeline::ports::NoPrograms),
        world: Arc::clone(world) as Arc<dyn World>,
    };
    let rules = PipelineConfig { cache: true, keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    let pipeline = Pipeline::new(ports, rules);
    let samples = (0..3).map(|sample| pipeline.run(RunRequest { sample, ..request(&["gpt"]) }).collect::<Vec<_>>());
    join_all(samples).await.iter().map(|answer| ended(answer).clone()).collect()
}

/// The samples of all runs on record, in the order of their start.
async fn recorded(store: &Store) -> Vec<u32> {
    let job = StoreRequest::History { query: Box::default(), after: None, limit: 100 };
    let StoreReply::History(HistoryPage { mut runs, .. }) = store.ask(job).await.unwrap() else { panic!("no runs") };
    runs.sort_by_key(|entry| entry.run);
    let mut samples = Vec::new();
    for entry in runs {
        assert_eq!(entry.end, "done");
        let StoreReply::Run(record) = store.ask(StoreRequest::OpenRun(entry.run)).await.unwrap() else {
            panic!("no run")
        };
        samples.push(record.sample);
    }
    samples
}

#[tokio::test]
async fn each_sample_is_cached_and_recorded_by_itself_and_all_come_back_from_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, world) = (Arc::default(), Arc::default());
    let store = store_in(dir.path());
    let first = run(&store, &backend, &world).await;
    assert!(first.iter().all(|outcome| outcome.end == RunEnd::Done && outcome.provenance == Provenance::Live));
    let mut texts: Vec<&str> = first.iter().map(|outcome| outcome.text.as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, [r#"{"number": 0}"#, r#"{"number": 1}"#, r#"{"number": 2}"#], "no two share a call");
    assert_eq!(store.cache_stats().await.unwrap().entries, 3);
    assert_eq!(recorded(&store).await, [0, 1, 2]);
    store.close(SOON).unwrap();

    let store = store_in(dir.path());
    let again = run(&store, &backend, &world).await;
    for (before, after) in first.iter().zip(&again) {
        assert!(matches!(after.provenance, Provenance::Cached { .. }), "{after:?}");
        assert_eq!((&after.text, after.attempts), (&before.text, 0));
    }
    assert_eq!(backend.0.load(Ordering::SeqCst), 3, "nothing is asked for twice");
    assert_eq!(store.cache_stats().await.unwrap().entries, 3);
    assert_eq!(recorded(&store).await, [0, 1, 2, 0, 1, 2]);
}
