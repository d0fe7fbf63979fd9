//! The disk, as a run meets it: a lookup, a stored answer, a recorded run.

use std::time::Duration;

use divan::{Bencher, black_box};
use jiff::Timestamp;
use retort::{
    model::{Input, Prompt, RunId, settings::Places},
    pipeline::ports::{Cached, RunRecord},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::record;

const CAPACITY: usize = 1000;

/// A store in a directory of its own, and a runtime to ask it from.
struct Bench {
    store: Store,
    runtime: Runtime,
    _dir: tempfile::TempDir,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let below = |name: &str| dir.path().join(name);
    let places = Places {
        config: below("config"),
        data: below("data"),
        cache: below("cache"),
        state: below("state"),
        project: retort::model::settings::Project::Absent,
    };
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    Bench { store: Store::open(places, CAPACITY), runtime, _dir: dir }
}

impl Bench {
    /// Waits until the cache has done everything before.
    fn cache_settles(&self) {
        assert!(self.runtime.block_on(self.store.cache().get("nothing")).is_none());
    }

    fn filled() -> Self {
        let bench = bench();
        for key in 0..CAPACITY {
            bench.store.cache().put(key.to_string(), cached(4096));
            bench.cache_settles();
        }
        bench
    }
}

fn cached(bytes: usize) -> Cached {
    Cached {
        stored: Timestamp::UNIX_EPOCH,
        outcome: record::outcome(RunId(Uuid::nil()), &"word ".repeat(bytes / 5)),
        raw: None,
    }
}

fn large(run: RunId) -> RunRecord {
    RunRecord {
        prompt: Prompt { system: "word ".repeat(120), ..Prompt::default() },
        input: Input::of("word ".repeat(100)),
        ..record::record(run, Timestamp::UNIX_EPOCH, &"word ".repeat(400))
    }
}

/// A lookup that finds its answer in a full cache, as long as the run waits for it.
#[divan::bench]
fn cache_hit(bencher: Bencher<'_, '_>) {
    let bench = Bench::filled();
    let cache = bench.store.cache();
    let mut key = 0;
    bencher.bench_local(|| {
        key = (key + 7) % CAPACITY;
        assert!(bench.runtime.block_on(cache.get(black_box(&key.to_string()))).is_some());
    });
}

/// A lookup that finds nothing, as long as the run waits for it.
#[divan::bench]
fn cache_miss(bencher: Bencher<'_, '_>) {
    let bench = Bench::filled();
    let cache = bench.store.cache();
    bencher.bench_local(|| bench.runtime.block_on(cache.get(black_box("nothing"))).is_none());
}

/// Storing an answer in a full cache and evicting another, until it is on disk.
#[divan::bench]
fn cache_put_until_written(bencher: Bencher<'_, '_>) {
    let bench = Bench::filled();
    let cache = bench.store.cache();
    let mut key = CAPACITY;
    bencher.bench_local(|| {
        key += 1;
        cache.put(key.to_string(), cached(4096));
        bench.cache_settles();
    });
}

/// Noting a run's start and its end, as long as the run is held up by it.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn record_a_run(bencher: Bencher<'_, '_>) {
    let bench = bench();
    let recorder = bench.store.recorder();
    bencher.with_inputs(|| large(RunId(Uuid::now_v7()))).bench_local_values(|run| {
        recorder.started(&record::start(run.run, run.started));
        recorder.ended(run);
    });
}

/// The same, until it is on disk.
#[divan::bench]
fn record_a_run_until_written(bencher: Bencher<'_, '_>) {
    let bench = bench();
    let recorder = bench.store.recorder();
    bencher.with_inputs(|| large(RunId(Uuid::now_v7()))).bench_local_values(|run| {
        let id = run.run;
        recorder.started(&record::start(id, run.started));
        recorder.ended(run);
        let read = bench.runtime.block_on(bench.store.ask(StoreRequest::OpenRun(id)));
        assert!(matches!(read, Ok(StoreReply::Run(_))));
    });
}

/// A thousand runs that come thick, until all are on disk.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn record_a_thousand_runs(bencher: Bencher<'_, '_>) {
    let bench = bench();
    let recorder = bench.store.recorder();
    let runs = || (0..1000).map(|_| large(RunId(Uuid::now_v7()))).collect::<Vec<_>>();
    bencher.with_inputs(runs).bench_local_values(|runs| {
        for run in runs {
            recorder.started(&record::start(run.run, run.started));
            recorder.ended(run);
        }
        bench.runtime.block_on(bench.store.recorded(Duration::from_secs(60)));
    });
}
