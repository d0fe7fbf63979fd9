//! Servers with limits, made up from a seed, and how long a batch takes on each: with retort, and with so many calls at
//! once from beginning to end.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use retort::{
    model::{
        BatchId, CacheMode, CallError, DatasetRow, ErrorKind, Finish, Input, ModelCard, Params, Prompt, RunId, Target,
        Usage, Wire, batch::BatchLimits,
    },
    pipeline::{
        BatchEvent, BatchPlan, KnownCells, Pipeline, PipelineConfig, Ports,
        ports::{NoCache, NoKeyMemory, NoParts, NoQuirkMemory, NoTools, Recorder, RunRecord, RunStart, World},
    },
    provider::{Backend, Call, WireEvent, WireStream},
};
use tokio::time::Instant;

/// Numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number between two, as often below as above their geometric mean.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + self.next() * (high / low).ln()).exp()
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[(self.next() * choices.len() as f64) as usize % choices.len()]
    }
}

/// What a refusal says of when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// When there is room.
    Right,
    /// The same in whole seconds, rounded up.
    Seconds,
    /// A third of it.
    TooShort,
    /// Three times as long, and at most five seconds more.
    TooLong,
    Nothing,
}

/// So much in a second, and so much at once.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    rate: f64,
    size: f64,
}

/// A server, and the rows that are asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Limited {
    pub(crate) kind: &'static str,
    pub(crate) says: Says,
    /// Calls at once.
    at_once: Option<usize>,
    bucket: Option<Bucket>,
    /// How often each row is refused whatever is under way, and for how long.
    refuses: usize,
    wait: f64,
    /// Seconds until a refusal comes.
    trip: f64,
    /// For each row, what it takes of the bucket and how long its answer takes.
    rows: Vec<(f64, f64)>,
}

/// What a server has under way and left.
#[derive(Debug, Clone, Default)]
struct Meter {
    open: usize,
    level: f64,
    at: f64,
    asked: BTreeMap<usize, usize>,
}

impl Limited {
    /// Makes one up whose rows take from half a minute to two.
    pub(crate) fn random(seed: u64) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(7));
        let kind = chance.one_of(&["at once", "requests a minute", "tokens a minute", "both", "no limit"]);
        let says =
            chance.one_of(&[Says::Right, Says::Seconds, Says::Seconds, Says::TooShort, Says::TooLong, Says::Nothing]);
        let (latency, spread) = (chance.between(0.1, 4.0), chance.one_of(&[0.0, 0.3, 0.8]));
        let at_once = matches!(kind, "at once" | "both").then(|| chance.between(1.0, 48.0) as usize);
        let limited = matches!(kind, "requests a minute" | "tokens a minute" | "both");
        let bucket = limited.then(|| {
            let rate = chance.between(0.3, 20.0);
            Bucket { rate, size: (rate * chance.one_of(&[1.0, 5.0, 20.0, 60.0])).max(1.0) }
        });
        let fastest = (at_once.unwrap_or(64) as f64 / latency).min(bucket.map_or(f64::MAX, |bucket| bucket.rate));
        let seconds = 30.0 + 90.0 * chance.next();
        let count = (fastest * seconds + bucket.map_or(0.0, |bucket| bucket.size)).clamp(40.0, 1500.0) as usize;
        let tokens = kind == "tokens a minute";
        let rows = (0..count).map(|_| {
            let cost = if tokens { 0.3 - 0.7 * (1.0 - chance.next()).ln() } else { 1.0 };
            (cost, latency * (1.0 + spread * (2.0 * chance.next() - 1.0)))
        });
        let rows = rows.collect();
        Self { kind, says, at_once, bucket, refuses: 0, wait: 0.0, trip: chance.one_of(&[0.005, 0.02, 0.1]), rows }
    }

    /// Makes one that takes so many calls at once.
    pub(crate) fn at_once(most: usize, says: Says, rows: usize, latency: f64) -> Self {
        Self { at_once: Some(most), rows: vec![(1.0, latency); rows], ..Self::refusing(0, 0.0, says) }
    }

    /// Makes one that refuses each of 40 rows so often and asks for so many seconds each time.
    pub(crate) fn refusing(times: usize, wait: f64, says: Says) -> Self {
        let rows = vec![(1.0, 0.2); 40];
        Self { kind: "by request", says, at_once: None, bucket: None, refuses: times, wait, trip: 0.005, rows }
    }

    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    fn meter(&self) -> Meter {
        Meter { level: self.bucket.map_or(0.0, |bucket| bucket.size), ..Meter::default() }
    }

    /// Asks for a row at a time in seconds: how long the answer takes, or how long the server asks to wait.
    fn ask(&self, meter: &mut Meter, row: usize, now: f64) -> Result<f64, Option<f64>> {
        let (cost, latency) = self.rows[row];
        let asked = meter.asked.entry(row).or_default();
        *asked += 1;
        let asked = *asked;
        if let Some(Bucket { rate, size }) = self.bucket {
            meter.level = (meter.level + (now - meter.at) * rate).min(size);
            meter.at = now;
        }
        let takes = self.bucket.map_or(0.0, |bucket| cost.min(bucket.size));
        let right = if asked <= self.refuses {
            self.wait
        } else if self.at_once.is_some_and(|most| meter.open >= most) {
            latency / 2.0
        } else if let Some(bucket) = self.bucket.filter(|_| meter.level < takes - 1e-9) {
            (takes - meter.level) / bucket.rate
        } else {
            meter.level -= takes;
            meter.open += 1;
            return Ok(self.trip + latency);
        };
        Err(match self.says {
            Says::Right => Some(right),
            Says::Seconds => Some(right.ceil()),
            Says::TooShort => Some(right / 3.0),
            Says::TooLong => Some((right * 3.0).min(right + 5.0)),
            Says::Nothing => None,
        })
    }

    /// Returns the seconds it takes with so many calls at once, each of which waits as it is told; those that take
    /// longer than `most` are given up.
    fn fixed(&self, at_once: usize, most: f64) -> f64 {
        /// When a call ends or is made again, its place in line, its row, how often that was refused, and whether it ends.
        type Next = (u64, usize, usize, u32, bool);
        let (mut meter, mut chance) = (self.meter(), Chance(1));
        let (mut heap, mut next, mut now, mut count) = (BinaryHeap::new(), 0, 0.0_f64, 0_usize);
        let mut send = |meter: &mut Meter, heap: &mut BinaryHeap<Reverse<Next>>, row: usize, now: f64, tries: u32| {
            count += 1;
            let (at, tries, ends) = match self.ask(meter, row, now) {
                Ok(takes) => (now + takes, tries, true),
                Err(wait) => {
                    let own = f64::from(1_u32 << (tries + 1).min(10)).clamp(4.0, 10.0);
                    let wait = wait.map_or(own, |wait| wait + 0.25 * chance.next());
                    (now + self.trip + wait, tries + 1, false)
                }
            };
            // Times from zero on are in the order of their bits.
            heap.push(Reverse((at.to_bits(), count, row, tries, ends)));
        };
        while next < at_once.min(self.rows.len()) {
            send(&mut meter, &mut heap, next, now, 0);
            next += 1;
        }
        while let Some(Reverse((at, _, row, tries, ends))) = heap.pop() {
            now = f64::from_bits(at);
            if now > most {
                break;
            }
            if !ends {
                send(&mut meter, &mut heap, row, now, tries);
                continue;
            }
            meter.open -= 1;
            if next < self.rows.len() {
                send(&mut meter, &mut heap, next, now, 0);
                next += 1;
            }
        }
        now
    }

    /// Returns the fewest seconds that any number of calls at once takes, from 1 to 64, and that number.
    pub(crate) fn best(&self) -> (f64, usize) {
        let mut best = (f64::MAX, 0);
        for at_once in 1..=64 {
            let seconds = self.fixed(at_once, best.0);
            if seconds < best.0 {
                best = (seconds, at_once);
            }
        }
        best
    }

    /// Runs its rows as a batch on a clock that is paused.
    pub(crate) async fn batch(&self, concurrency: usize) -> Batched {
        let asked = Arc::new(Asked {
            server: self.clone(),
            state: Mutex::new((self.meter(), Seen::default())),
            start: Instant::now(),
        });
        let pipeline = asked.pipeline();
        let rows = (0..self.rows.len()).map(|row| {
            let number = row as u64 + 1;
            Ok(DatasetRow { number, input: Input::of(row.to_string()), ..DatasetRow::default() })
        });
        #[allow(clippy::needless_collect, reason = "the stream outlives what the rows are made of")]
        let rows: Vec<_> = rows.collect();
        let mut batch = pipeline.batch(plan(concurrency), stream::iter(rows));
        let mut done = 0;
        while let Some(event) = batch.next().await {
            if let BatchEvent::Cell { cell, .. } = event {
                done += usize::from(cell.end == "done");
            }
        }
        let seconds = asked.start.elapsed().as_secs_f64();
        let seen = asked.state.lock().unwrap().1.clone();
        Batched { seconds, done, calls: seen.calls, early: seen.early }
    }
}

/// What came of a batch.
#[derive(Debug)]
pub(crate) struct Batched {
    pub(crate) seconds: f64,
    /// Rows that were answered.
    pub(crate) done: usize,
    pub(crate) calls: usize,
    /// Calls that came before the time the server had asked for.
    pub(crate) early: usize,
}

#[derive(Debug, Clone, Default)]
struct Seen {
    calls: usize,
    early: usize,
    /// When each row may be asked again.
    free: BTreeMap<usize, f64>,
}

/// A server that is asked.
struct Asked {
    server: Limited,
    state: Mutex<(Meter, Seen)>,
    start: Instant,
}

/// A call that is being answered.
struct Answering(Arc<Asked>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().0.open -= 1;
    }
}

struct Listening(Arc<Asked>);

impl Backend for Listening {
    fn call(&self, call: Call) -> WireStream {
        let asked = Arc::clone(&self.0);
        let row: usize = call.messages.last().unwrap().content.parse().unwrap();
        let answer = async move {
            let now = asked.start.elapsed().as_secs_f64();
            let result = {
                let mut state = asked.state.lock().unwrap();
                let (meter, seen) = &mut *state;
                seen.calls += 1;
                seen.early += usize::from(seen.free.get(&row).is_some_and(|free| now < *free - 1e-6));
                let result = asked.server.ask(meter, row, now);
                if let Err(Some(wait)) = result {
                    seen.free.insert(row, now + asked.server.trip + wait);
                }
                result
            };
            match result {
                Ok(takes) => {
                    let _answering = Answering(Arc::clone(&asked));
                    tokio::time::sleep(Duration::from_secs_f64(takes)).await;
                    let usage = Usage { input: Some(10), output: Some(1), ..Usage::default() };
                    vec![
                        Ok(WireEvent::Headers { status: 200, request_id: None }),
                        Ok(WireEvent::Text("{}".to_owned())),
                        Ok(WireEvent::Usage(usage)),
                        Ok(WireEvent::Finish(Finish::Stop)),
                        Ok(WireEvent::End),
                    ]
                }
                Err(wait) => {
                    tokio::time::sleep(Duration::from_secs_f64(asked.server.trip)).await;
                    let retry_after = wait.map(Duration::from_secs_f64);
                    let limited = CallError::new(ErrorKind::RateLimited, "too many requests");
                    vec![Err(CallError { status: Some(429), retry_after, ..limited })]
                }
            }
        };
        stream::once(answer).flat_map(stream::iter).boxed()
    }
}

impl Asked {
    fn pipeline(self: &Arc<Self>) -> Pipeline {
        let ports = Ports {
            backend: Arc::new(Listening(Arc::clone(self))),
            cache: Arc::new(NoCache),
            recorder: Arc::new(Forgetful),
            keys: Arc::new(NoKeyMemory),
            quirks: Arc::new(NoQuirkMemory),
            tools: Arc::new(NoTools),
            programs: Arc::new(retort::pipeline::ports::NoPrograms),
            parts: Arc::new(NoParts),
            world: Arc::new(Seeded { ids: AtomicU64::new(0), chance: Mutex::new(Chance(3)), start: self.start }),
        };
        Pipeline::new(ports, PipelineConfig::default())
    }
}

struct Forgetful;

impl Recorder for Forgetful {
    fn started(&self, _record: &RunStart) {}

    fn ended(&self, _record: RunRecord) {}
}

/// A world whose chance comes from a seed, and whose day goes on with the paused clock.
struct Seeded {
    ids: AtomicU64,
    chance: Mutex<Chance>,
    start: Instant,
}

impl World for Seeded {
    fn timestamp(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH.checked_add(self.start.elapsed()).unwrap()
    }

    fn chance(&self) -> f64 {
        self.chance.lock().unwrap().next()
    }

    fn run_id(&self) -> RunId {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-7000-8000-{id:012}").parse().unwrap()
    }
}

fn plan(concurrency: usize) -> BatchPlan {
    let target = Target {
        name: "limited".to_owned(),
        provider: "limited".to_owned(),
        kind: Wire::OpenAi,
        base_url: Some("http://127.0.0.1/v1".to_owned()),
        custom_endpoint: true,
        model: "limited".to_owned(),
        command: Vec::new(),
        headers: BTreeMap::new(),
        options: retort::model::TargetOptions::default(),
        card: ModelCard::default(),
    };
    BatchPlan {
        id: BatchId(uuid::Uuid::nil()),
        prompts: vec![("limited".to_owned(), Arc::new(Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() }))],
        targets: vec![vec![vec![target]]],
        params: Params::default(),
        samples: 1,
        cache: CacheMode::Off,
        answers: None,
        roots: retort::model::batch::PartRoots::default(),
        judges: BTreeMap::new(),
        caps: BatchLimits::default(),
        concurrency,
        total: None,
        session: None,
        known: KnownCells::default(),
        retry_failed: false,
        again: None,
    }
}
