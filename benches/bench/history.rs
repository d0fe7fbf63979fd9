//! The history of 100,000 runs, or of as many as `RETORT_BENCH_RUNS` says: pages, filters, searches.
//!
//! The runs are made up here, the same ones every time: eight prompts of thirty versions, six models, inputs
//! and answers of words as frequent as in a language (Zipf), one in a hundred in Japanese, one in twenty
//! failed, one in ten from the cache.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use divan::{Bencher, black_box};
use jiff::Timestamp;
use retort::{
    model::{
        Class, Cost, End, Fault, Input, Mark, PicoDollars, Prompt, Provenance, Quality, Rule, RunId, Usage, Verdict,
        outcome::{Reason, Timing},
        query::Query,
        settings::Places,
    },
    pipeline::port::{RunRecord, RunStart},
    store::{
        Store,
        job::{After, HistoryPage, Job, Reply},
    },
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::record;

const MODELS: [&str; 6] = ["gpt-4o-mini", "gpt-4.1", "claude-haiku-4-5", "claude-sonnet-4-6", "local", "qwen2.5"];

/// The record, a runtime to ask it from, and how many runs there are.
struct Filled {
    store: Store,
    runtime: Runtime,
    runs: u64,
    _dir: tempfile::TempDir,
}

static FILLED: LazyLock<Filled> = LazyLock::new(fill);

/// A generator of numbers that is the same everywhere: `SplitMix64` (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// A word of some thirty thousand, the first the most frequent.
    fn word(&mut self) -> String {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = (30_000_f64.powf(unit)) as u64;
        let syllables = ["ba", "ce", "do", "fi", "gu", "la", "me", "no", "pi", "ru", "sa", "te"];
        let mut number = rank;
        let mut word = String::new();
        loop {
            word.push_str(syllables[(number % 12) as usize]);
            number /= 12;
            if number == 0 {
                return word;
            }
        }
    }

    fn text(&mut self, words: u64) -> String {
        (0..words).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }
}

fn run(number: u64, dice: &mut Dice) -> (RunStart, RunRecord) {
    let id = RunId(Uuid::from_u128(u128::from(number)));
    let started = Timestamp::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number * 60);
    let (prompt_at, version) = (dice.below(8), dice.below(30));
    let prompt = Prompt { system: format!("Label it, version {version} of prompt {prompt_at}."), ..Prompt::default() };
    let model = MODELS[dice.below(6) as usize];
    let mut input = dice.text(60);
    if number % 100 == 7 {
        input.push_str(" 荷物がまだ届きません。日本語のテキストです");
    }
    if number % 20_000 == 19 {
        input.push_str(" xylophone");
    }
    if number % 50 == 3 {
        input.push_str(" parcels");
    }
    let answer = format!("{{\"sentiment\": \"negative\", \"reason\": \"{}\", \"the\": 1}}", dice.text(40));
    let confidence = dice.below(100) as f64 / 100.0;
    let mark = if confidence >= 0.2 { Mark::Pass } else { Mark::Fail };
    let verdicts = vec![
        Verdict::new(Rule::Format, Mark::Pass, "JSON: an object"),
        Verdict { score: Some(confidence), ..Verdict::new(Rule::Confidence, mark, "0.42 ≥ minimum 0.20") },
        Verdict { score: Some(1.0), ..Verdict::new(Rule::Completeness, Mark::Pass, "2 of 2 filled") },
    ];
    let failed = dice.below(20) == 0;
    let cached = dice.below(10) == 0;
    let mut record = record::record(id, started, &answer);
    record.input = Input::of(input);
    record.prompt = prompt.clone();
    record.prompt_name = Some(format!("prompt-{prompt_at}"));
    record.session = Some(format!("session-{}", dice.below(40)));
    let outcome = &mut record.outcome;
    outcome.quality = Some(Quality::of(verdicts));
    for name in [&mut outcome.requested, &mut outcome.target, &mut outcome.model] {
        model.clone_into(name);
    }
    outcome.usage = Usage { input: Some(100 + dice.below(400)), output: Some(dice.below(200)), ..Usage::default() };
    outcome.cost = Cost::Known(PicoDollars(dice.below(20_000_000_000)));
    outcome.timing = Timing { total: Duration::from_micros(200_000 + dice.below(4_000_000)), ..outcome.timing };
    if failed {
        let fault = Fault::new(Class::RateLimited, "slow down");
        outcome.end = End::Failed { reasons: vec![Reason { target: model.to_owned(), fault }] };
        outcome.quality = None;
    } else if cached {
        outcome.provenance = Provenance::Cached { stored: started };
    }
    let start = RunStart {
        prompt: Arc::new(prompt),
        prompt_name: record.prompt_name.clone(),
        session: record.session.clone(),
        target: model.to_owned(),
        model: model.to_owned(),
        ..record::start(id, started)
    };
    (start, record)
}

fn fill() -> Filled {
    let runs = std::env::var("RETORT_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let below = |name: &str| dir.path().join(name);
    let places = Places {
        config: below("config"),
        data: below("data"),
        cache: below("cache"),
        state: below("state"),
        project: None,
    };
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let store = Store::open(places, 1000);
    let (recorder, mut dice) = (store.recorder(), Dice(1));
    for number in 0..runs {
        let (start, record) = run(number, &mut dice);
        recorder.started(&start);
        recorder.ended(record);
        if number % 400 == 0 {
            runtime.block_on(store.recorded(Duration::from_secs(60)));
        }
    }
    runtime.block_on(store.recorded(Duration::from_secs(600)));
    let filled = Filled { store, runtime, runs, _dir: dir };
    assert_eq!(filled.count(""), runs, "every run is on record");
    filled
}

impl Filled {
    fn ask(&self, job: Job) -> Reply {
        self.runtime.block_on(self.store.ask(job)).expect("an answer")
    }

    fn page(&self, line: &str, after: Option<After>) -> HistoryPage {
        let query = Query::parse(line, Timestamp::UNIX_EPOCH).expect("a query");
        match self.ask(Job::History { query: Box::new(query), after, limit: 50 }) {
            Reply::History(page) => page,
            other => panic!("{other:?}"),
        }
    }

    fn count(&self, line: &str) -> u64 {
        let query = Query::parse(line, Timestamp::UNIX_EPOCH).expect("a query");
        match self.ask(Job::CountRuns(Box::new(query))) {
            Reply::Counted { runs, .. } => runs,
            other => panic!("{other:?}"),
        }
    }
}

/// The first page, as the history opens with it.
#[divan::bench]
fn opens(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    bencher.bench_local(|| assert_eq!(filled.page(black_box(""), None).runs.len(), 50));
}

/// A page from the middle.
#[divan::bench]
fn pages(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    let middle = After { seq: (filled.runs / 2).cast_signed(), value: None };
    bencher.bench_local(|| assert_eq!(filled.page("", Some(black_box(middle))).runs.len(), 50));
}

/// A page of what a filter leaves, few and many.
#[divan::bench(args = [
    "model:gpt-4.1",
    "prompt:prompt-3 verdict:failed",
    "failed:confidence cost:>0.019",
    "error:any session:session-7",
    "took:>4.1s",
    "cached:yes since:2023-11-20 until:2023-11-21",
    "model:nobody",
    "sort:cost",
    "sort:took model:local",
])]
fn filters(bencher: Bencher<'_, '_>, line: &str) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.page(black_box(line), None));
}

/// A page of what a search finds: rare, common, a prefix, a part of words, Japanese, a phrase, two words.
#[divan::bench(args = [
    "xylophone",
    "negative",
    "parc",
    "arcel",
    "テキスト",
    "本語",
    "\"the 1\"",
    "parcels negative",
    "version xylophone",
    "ba",
    "absent",
    "parcels model:gpt-4.1",
])]
fn searches(bencher: Bencher<'_, '_>, line: &str) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.page(black_box(line), None));
}

/// The names that complete a query.
#[divan::bench]
fn completes(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.ask(Job::Vocabulary));
}

/// How many runs a query finds, up to the number that is counted.
#[divan::bench(args = ["", "verdict:failed", "parcels"])]
fn counts(bencher: Bencher<'_, '_>, line: &str) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.count(black_box(line)));
}
