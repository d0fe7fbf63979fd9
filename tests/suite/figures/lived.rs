//! The record of many random runs of every kind and end, made through the whole pipeline.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use retort::{
    eval::stats::SplitMix,
    model::{
        BatchId, CacheMode, Check, CheckKind, Commit, DatasetRow, Expected, Format, Input, Outcome, Params,
        PicoDollars, Price, Prompt, RunId, RunRequest, Target, Wire,
        batch::{BatchLimits, BatchSpec, Cell, ResumeMode},
    },
    pipeline::{
        BatchEvent, BatchPlan, KnownCells, Pipeline, PipelineConfig, Ports,
        ports::{RunStart, World},
    },
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
};

use super::ledger::Ledger;
use crate::support::{
    home::Home,
    script::{Memory, Scripted, keys, request, target},
};

/// The batch's prompts.
pub(crate) const PROMPTS: [&str; 2] = ["moods", "plain"];

/// The batch's targets, each with its fallbacks.
pub(crate) const TARGETS: [&[&str]; 3] = [&["a", "b"], &["free"], &["unknown", "a"]];

/// Single runs.
const RUNS: u64 = 160;

/// Rows of the batch.
const ROWS: u64 = 24;

/// What was lived through.
pub(crate) struct Lived {
    pub(crate) home: Arc<Home>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) batch: BatchId,
    pub(crate) cells: Vec<(Box<Cell>, Box<Outcome>, Arc<DatasetRow>)>,
}

/// A world in which it is later at every look.
#[derive(Default)]
struct Passing(AtomicU64);

impl World for Passing {
    fn timestamp(&self) -> Timestamp {
        let looks = self.0.fetch_add(1, Ordering::SeqCst);
        // Five weeks or so, in steps that do not fall into the days.
        Timestamp::from_second(1_795_000_000 + i64::try_from(looks).unwrap() * 997).unwrap()
    }

    fn chance(&self) -> f64 {
        0.5
    }

    fn run_id(&self) -> RunId {
        let id = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        format!("00000000-0000-7000-8000-{id:012}").parse().unwrap()
    }
}

fn priced(name: &str) -> Target {
    let mut target = target(name);
    let price = |input, cached: Option<u64>, output| Price {
        input: PicoDollars(input),
        output: PicoDollars(output),
        cache_read: cached.map(PicoDollars),
        ..Price::default()
    };
    target.card.price = match name {
        "a" => Some(price(1_000, Some(100), 7_000)),
        "b" => Some(price(2_000, None, 5_000)),
        "free" => Some(price(0, None, 0)),
        "j" => Some(price(300, Some(30), 900)),
        _ => None,
    };
    if name != "a" {
        target.provider = format!("{name}-provider");
        target.custom_endpoint = true;
    }
    if name == "demo" {
        target.kind = Wire::Demo;
        "demo".clone_into(&mut target.provider);
    }
    target
}

fn prompt(name: &str) -> Prompt {
    let prompt = (*request(&[]).prompt).clone();
    match name {
        "plain" => {
            let mut plain = Prompt { system: "Just answer.".to_owned(), ..prompt };
            plain.response.format = Format::Text;
            plain.response.finish = false;
            plain
        }
        _ => prompt,
    }
}

fn judges() -> BTreeMap<String, Target> {
    BTreeMap::from([(String::new(), priced("j"))])
}

impl Lived {
    pub(crate) async fn new(seed: u64, stop: bool) -> Self {
        let (home, ledger) = (Arc::new(Home::new()), Arc::new(Ledger::default()));
        let store = Store::open(home.places(), 1000);
        let noted = Arc::clone(&ledger);
        let backend = Arc::new(Scripted::new(move |call, _| noted.play(seed, call)));
        let ports = Ports {
            backend,
            cache: Arc::new(Memory::default()),
            recorder: store.recorder(),
            keys: Arc::new(retort::pipeline::ports::NoKeyMemory),
            quirks: Arc::new(retort::pipeline::ports::NoQuirkMemory),
            tools: Arc::new(retort::pipeline::ports::NoTools),
            parts: Arc::new(retort::pipeline::ports::NoParts),
            programs: Arc::new(retort::pipeline::ports::NoPrograms),
            world: Arc::new(Passing::default()),
        };
        let rules =
            PipelineConfig { cache: true, keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
        let pipeline = Pipeline::new(ports, rules);
        let mut rng = SplitMix::new(seed);
        for number in 0..RUNS {
            single(&pipeline, number, &mut rng).await;
        }
        for number in 0..3 {
            crash(&store, number);
        }
        let (batch, cells) = batch(&pipeline, &store, stop).await;
        store.close(Duration::from_secs(30)).unwrap();
        Self { home, ledger, batch, cells }
    }
}

/// Makes one run: whole, stopped, or dropped.
async fn single(pipeline: &Pipeline, number: u64, rng: &mut SplitMix) {
    let targets: &[&str] =
        [&["a"][..], &["a", "b"], &["b", "unknown", "free"], &["free", "a"], &["unknown"], &["demo"]][rng.below(6)];
    let name = ["moods", "plain", "unsure"][rng.below(3)];
    // Some questions are asked again.
    let number = if number % 8 == 7 { number - 1 } else { number };
    let ending = rng.below(8);
    let checks = match rng.below(3) {
        // A judge under way when a run is stopped would be one nobody has counted.
        0 if ending > 1 => vec![Check::of(CheckKind::LlmRubric).with("Is it kind?")],
        1 => vec![Check::of(CheckKind::Contains).with("fine")],
        _ => Vec::new(),
    };
    let request = RunRequest {
        prompt_name: Some(name.to_owned()),
        prompt: Arc::new(prompt(name)),
        input: Input::of(format!("run {number}")),
        targets: targets.iter().map(|name| priced(name)).collect(),
        commit: [Commit::Buffered, Commit::Resettable, Commit::Live][rng.below(3)],
        checks,
        judges: judges(),
        ..request(&[])
    };
    let mut run = pipeline.run(request);
    let rest = (&mut run).collect::<Vec<_>>();
    // When a call is answered, it is before this; what is under way then never says another word.
    if ending < 2 && tokio::time::timeout(Duration::from_secs(25), rest).await.is_err() && ending == 0 {
        run.control().stop();
    }
    if ending != 1 {
        run.collect::<Vec<_>>().await;
    }
}

/// Begins a run of which nobody says how it ended.
fn crash(store: &Store, number: u64) {
    let target = priced("a");
    store.recorder().started(&RunStart {
        run: format!("00000000-0000-7000-9000-{number:012}").parse().unwrap(),
        started: "2026-11-28T23:30:00Z".parse().unwrap(),
        session: None,
        prompt_name: Some("moods".to_owned()),
        target: target.name,
        model: target.model,
        provider: target.provider,
        prompt: Arc::new(prompt("moods")),
        parent: None,
        sample: 0,
    });
}

async fn batch(
    pipeline: &Pipeline,
    store: &Store,
    stop: bool,
) -> (BatchId, Vec<(Box<Cell>, Box<Outcome>, Arc<DatasetRow>)>) {
    let prompts: Vec<(String, Prompt)> = PROMPTS.iter().map(|name| ((*name).to_owned(), prompt(name))).collect();
    let spec = BatchSpec {
        name: "b".to_owned(),
        data: "d".to_owned(),
        prompts: prompts.clone(),
        targets: TARGETS.iter().map(|chain| chain[0].to_owned()).collect(),
        samples: 2,
        mapping: BTreeMap::new(),
        behind: BTreeMap::new(),
        expected: Expected::Auto,
        again: None,
        part: None,
    };
    let at = "2026-11-29T00:00:00Z".parse().unwrap();
    let StoreReply::Batch(begun) =
        store.ask(StoreRequest::BeginBatch { spec: Box::new(spec), how: ResumeMode::Anew, at }).await.unwrap()
    else {
        panic!("no batch")
    };
    let chain = |names: &&[&str]| names.iter().map(|name| priced(name)).collect::<Vec<_>>();
    let chains: Vec<Vec<Target>> = TARGETS.iter().map(chain).collect();
    let plan = BatchPlan {
        id: begun.id,
        targets: prompts.iter().map(|_| chains.clone()).collect(),
        prompts: prompts.into_iter().map(|(name, prompt)| (name, Arc::new(prompt))).collect(),
        params: Params::default(),
        samples: 2,
        cache: CacheMode::On,
        roots: retort::model::batch::PartRoots::default(),
        judges: judges(),
        caps: BatchLimits::default(),
        concurrency: 4,
        total: None,
        session: None,
        known: KnownCells::default(),
        retry_failed: false,
        again: None,
        answers: None,
    };
    let row = |number: u64| {
        // Some rows are alike.
        let checks = if number.is_multiple_of(2) {
            vec![Check::of(CheckKind::LlmRubric).with("Is it kind?")]
        } else {
            Vec::new()
        };
        DatasetRow { number, input: Input::of(format!("row {}", number - number % 3)), checks, ..DatasetRow::default() }
    };
    let mut events = pipeline.batch(plan, stream::iter((1..=ROWS).map(move |number| Ok(row(number)))));
    let mut cells = Vec::new();
    while let Some(event) = events.next().await {
        if let BatchEvent::Cell { cell, outcome, row } = event {
            cells.push((cell, outcome, row));
            if stop && cells.len() == 60 {
                events.control().stop();
            }
        }
    }
    (begun.id, cells)
}
