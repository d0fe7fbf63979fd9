//! What a batch adds to its runs: 1,000 rows answered at once, 64 at a time, everything in memory.

use std::collections::BTreeMap;

use divan::{Bencher, counter::ItemsCount};
use futures_util::{StreamExt, stream};
use retort::{
    model::{BatchId, CacheMode, DatasetRow, Input, Params, RunRequest, batch::BatchLimits},
    pipeline::{BatchEvent, BatchPlan, KnownCells},
};
use uuid::Uuid;

use super::pipeline::{pipeline, request, runtime, target};

const ROWS: u64 = 1000;

fn plan() -> BatchPlan {
    BatchPlan {
        id: BatchId(Uuid::nil()),
        prompts: vec![("bench".to_owned(), request(0).prompt)],
        targets: vec![vec![vec![target()]]],
        params: Params::default(),
        samples: 1,
        cache: CacheMode::Off,
        roots: retort::model::batch::PartRoots::default(),
        judges: BTreeMap::new(),
        caps: BatchLimits::default(),
        concurrency: 64,
        total: Some(ROWS),
        session: None,
        known: KnownCells::default(),
        retry_failed: false,
        again: None,
        answers: None,
    }
}

fn row(number: u64) -> DatasetRow {
    DatasetRow { number, input: Input::of(format!("My parcel {number} never came.")), ..DatasetRow::default() }
}

/// The whole batch; the cells a second are the items a second.
#[divan::bench]
fn thousand_cells(bencher: Bencher<'_, '_>) {
    let (runtime, pipeline) = (runtime(), pipeline(None));
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let batch = pipeline.batch(plan(), stream::iter((1..=ROWS).map(|number| Ok(row(number)))));
        let cells = batch.filter(|event| std::future::ready(matches!(event, BatchEvent::Cell { .. })));
        assert_eq!(runtime.block_on(cells.count()) as u64, ROWS);
    });
}

/// The floor: the same runs, one after the other.
#[divan::bench]
fn thousand_runs(bencher: Bencher<'_, '_>) {
    let (runtime, pipeline) = (runtime(), pipeline(None));
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        runtime.block_on(async {
            for number in 1..=ROWS {
                let requests = RunRequest { input: row(number).input, cache: CacheMode::Off, ..request(0) };
                assert!(pipeline.run(requests).count().await > 0);
            }
        });
    });
}
