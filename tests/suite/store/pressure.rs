//! A batch onto the real disk: another program's lock makes it wait, and it goes on where it was.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use retort::{
    model::{
        BatchId, CacheMode, DatasetRow, Finish, Input, Params,
        batch::{BatchLimits, ResumeMode},
    },
    pipeline::{
        BatchEnd, BatchEvent, BatchPlan, KnownCells, Pipeline, PipelineConfig, Ports,
        ports::{NoCache, NoKeyMemory, NoQuirkMemory},
    },
    provider::{Backend, Call, WireEvent, WireStream},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
};
use rusqlite::Connection;

use super::{SOON, at, batch::spec, store_in};
use crate::support::script::{Still, keys, request, target};

/// Answers at once.
struct Instant;

impl Backend for Instant {
    fn call(&self, _: Call) -> WireStream {
        let says = [
            WireEvent::Headers { status: 200, request_id: None },
            WireEvent::Text("{}".to_owned()),
            WireEvent::Finish(Finish::Stop),
            WireEvent::End,
        ];
        stream::iter(says.map(Ok)).boxed()
    }
}

async fn begin(store: &Store) -> BatchId {
    match store
        .ask(StoreRequest::BeginBatch { spec: Box::new(spec("rows")), how: ResumeMode::Anew, at: at(0) })
        .await
        .unwrap()
    {
        StoreReply::Batch(state) => state.id,
        other => panic!("{other:?}"),
    }
}

fn pipeline(store: &Store) -> Pipeline {
    let ports = Ports {
        backend: Arc::new(Instant),
        cache: Arc::new(NoCache),
        recorder: store.recorder(),
        keys: Arc::new(NoKeyMemory),
        quirks: Arc::new(NoQuirkMemory),
        tools: Arc::new(retort::pipeline::ports::NoTools),
        parts: Arc::new(retort::pipeline::ports::NoParts),
        programs: Arc::new(retort::pipeline::ports::NoPrograms),
        world: Arc::new(Still::default()),
    };
    Pipeline::new(ports, PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() })
}

fn recorded(db: &Connection) -> i64 {
    db.query_row("SELECT count(*) FROM cell JOIN run ON run.seq = cell.run WHERE run.end = 'done'", [], |row| {
        row.get(0)
    })
    .unwrap()
}

#[tokio::test]
async fn a_server_without_latency_is_no_faster_than_the_disk_and_a_lock_holds_a_batch_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let own = BatchPlan {
        id: begin(&store).await,
        prompts: vec![("test".to_owned(), request(&["m"]).prompt)],
        targets: vec![vec![vec![target("m")]]],
        params: Params::default(),
        samples: 1,
        cache: CacheMode::Off,
        roots: retort::model::batch::PartRoots::default(),
        judges: BTreeMap::new(),
        caps: BatchLimits::default(),
        concurrency: 64,
        total: None,
        session: None,
        known: KnownCells::default(),
        retry_failed: false,
        again: None,
        answers: None,
    };
    let rows = stream::iter(
        (1..=6000).map(|number| Ok(DatasetRow { number, input: Input::of("x"), ..DatasetRow::default() })),
    );
    let mut batch = pipeline(&store).batch(own, rows);
    let db = Connection::open(dir.path().join("data/retort.db")).unwrap();
    let (mut started, mut done) = (0_u64, 0_u64);
    let mut locked = false;
    let end = loop {
        match tokio::time::timeout(Duration::from_millis(700), batch.next()).await {
            Ok(Some(BatchEvent::Started { .. })) => started += 1,
            Ok(Some(BatchEvent::Cell { cell, .. })) => done += u64::from(cell.answered()),
            Ok(Some(BatchEvent::Ended { end })) => break end,
            Ok(Some(_)) => {}
            Ok(None) => panic!("no end"),
            Err(_nothing_for_long) => {
                assert!(locked, "only the lock holds it up");
                assert!(started - done < 2000, "{started} were asked while {done} could be kept");
                db.execute_batch("ROLLBACK").unwrap();
            }
        }
        if done > 1000 && !locked {
            locked = true;
            db.execute_batch("BEGIN IMMEDIATE").unwrap();
        }
    };
    assert_eq!((end, done), (BatchEnd::Complete, 6000));
    store.close(SOON).unwrap();
    assert_eq!(recorded(&db), 6000);
}
