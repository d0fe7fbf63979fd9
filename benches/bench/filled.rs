//! A record of 100,000 runs, or of as many as `RETORT_BENCH_RUNS` says, made up here.
//!
//! The runs are the same ones every time: eight prompts of thirty versions, six models, inputs and answers of
//! words as frequent as in a language (Zipf), one in a hundred in Japanese, one in twenty failed, one in twenty
//! asked twice, one in ten from the cache, one in five hundred graded. In the directory that `RETORT_BENCH_DIR` names, if it does, the
//! record is kept, and used again.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use jiff::Timestamp;
use retort::{
    model::{
        CallError, Cost, ErrorKind, Grade, Input, Params, PicoDollars, Prompt, Provenance, Quality, Rule, RunEnd,
        RunId, Status, Usage, Verdict, outcome::Timing, query::Query, run_end::Reason, settings::Places,
    },
    pipeline::{
        event::{NextStep, RunEvent, TimedEvent},
        ports::{RunRecord, RunStart},
    },
    store::{
        Store,
        api::{HistoryPage, PageStart, StoreReply, StoreRequest},
    },
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::record;

const MODELS: [(&str, &str); 6] = [
    ("gpt-4o-mini", "openai"),
    ("gpt-4.1", "openai"),
    ("claude-haiku-4-5", "anthropic"),
    ("claude-sonnet-4-6", "anthropic"),
    ("local", "llama-server"),
    ("qwen2.5", "ollama"),
];

/// The record, a runtime to ask it from, and how many runs there are.
pub(crate) struct Filled {
    pub(crate) store: Store,
    runtime: Runtime,
    pub(crate) runs: u64,
    _dir: Option<tempfile::TempDir>,
}

pub(crate) static FILLED: LazyLock<Filled> = LazyLock::new(fill);

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
    let (model, provider) = MODELS[dice.below(6) as usize];
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
    let mark = if confidence >= 0.2 { Status::Passed } else { Status::Failed };
    let verdicts = vec![
        Verdict::new(Rule::Format, Status::Passed, "JSON: an object"),
        Verdict { score: Some(confidence), ..Verdict::new(Rule::Confidence, mark, "0.42 ≥ minimum 0.20") },
        Verdict { score: Some(1.0), ..Verdict::new(Rule::Completeness, Status::Passed, "2 of 2 filled") },
    ];
    let failed = dice.below(20) == 0;
    let cached = dice.below(10) == 0;
    let mut record = record::record(id, started, &answer);
    record.input = Input::of(input);
    record.prompt = prompt.clone();
    record.prompt_name = Some(format!("prompt-{prompt_at}"));
    record.session = Some(format!("session-{}", dice.below(40)));
    provider.clone_into(&mut record.provider);
    let outcome = &mut record.outcome;
    outcome.quality = Some(Quality::of(verdicts));
    for name in [&mut outcome.requested, &mut outcome.target, &mut outcome.model] {
        model.clone_into(name);
    }
    outcome.usage = Usage { input: Some(100 + dice.below(400)), output: Some(dice.below(200)), ..Usage::default() };
    outcome.cost = Cost::Known(PicoDollars(dice.below(20_000_000_000)));
    let total = Duration::from_micros(200_000 + dice.below(4_000_000));
    outcome.timing = Timing { total, first_token: Some(total / 5), ..outcome.timing };
    if failed {
        let error = CallError::new(ErrorKind::RateLimited, "slow down");
        outcome.end = RunEnd::Failed { reasons: vec![Reason { target: model.to_owned(), error }] };
        outcome.quality = None;
    } else if cached {
        outcome.provenance = Provenance::Cached { stored: started };
    }
    record.timeline = timeline(id, started, number, (model, provider), failed);
    record.outcome.attempts = if number % 20 == 11 { 2 } else { 1 };
    let start = RunStart {
        prompt: Arc::new(prompt),
        prompt_name: record.prompt_name.clone(),
        session: record.session.clone(),
        target: model.to_owned(),
        model: model.to_owned(),
        provider: provider.to_owned(),
        ..record::start(id, started)
    };
    (start, record)
}

/// One call, or two where the first is refused; at one of three temperatures.
fn timeline(run: RunId, started: Timestamp, number: u64, on: (&str, &str), failed: bool) -> Vec<TimedEvent> {
    let params = Params { temperature: Some((number % 3) as f64 * 0.3), max_tokens: Some(400), ..Params::default() };
    let mut answer = vec![RunEvent::Prepared {
        run,
        started,
        key: format!("{number:064x}"),
        messages: Vec::new(),
        params: params.clone(),
        notices: Vec::new(),
    }];
    let calls = if number % 20 == 11 { 2 } else { 1 };
    for attempt in 1..=calls {
        answer.push(RunEvent::Attempt {
            number: attempt,
            target: on.0.to_owned(),
            provider: on.1.to_owned(),
            model: on.0.to_owned(),
            key: None,
            params: params.clone(),
            cache_key: None,
            notices: Vec::new(),
        });
        if failed || attempt < calls {
            let next =
                if attempt < calls { NextStep::Retry { wait: Duration::from_secs(4) } } else { NextStep::GiveUp };
            let error = CallError::new(ErrorKind::RateLimited, "slow down");
            answer.push(RunEvent::AttemptFailed { attempt, error, next });
        }
    }
    (0..).zip(answer).map(|(at, event)| TimedEvent { at: Duration::from_millis(at), event }).collect()
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn fill() -> Filled {
    let runs = number("RETORT_BENCH_RUNS").unwrap_or(100_000);
    let kept = std::env::var("RETORT_BENCH_DIR").ok().map(|dir| PathBuf::from(dir).join(runs.to_string()));
    let own = kept.is_none().then(|| tempfile::tempdir().expect("a temporary directory"));
    let dir = kept.as_deref().or(own.as_ref().map(tempfile::TempDir::path)).expect("a directory");
    let filled = open(dir, runs);
    if filled.count("") == 0 {
        filled.record();
    }
    assert_eq!(filled.count(""), runs, "every run is on record; what is in {} is another record", dir.display());
    Filled { _dir: own, ..filled }
}

fn open(dir: &Path, runs: u64) -> Filled {
    let below = |name: &str| dir.join(name);
    let places = Places {
        config: below("config"),
        data: below("data"),
        cache: below("cache"),
        state: below("state"),
        project: retort::model::settings::Project::Absent,
    };
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    Filled { store: Store::open(places, 1000), runtime, runs, _dir: None }
}

impl Filled {
    /// Records the runs, and grades some of them.
    fn record(&self) {
        let (recorder, mut dice) = (self.store.recorder(), Dice(1));
        for number in 0..self.runs {
            let (start, record) = run(number, &mut dice);
            recorder.started(&start);
            recorder.ended(record);
            if number % 400 == 0 {
                self.runtime.block_on(self.store.recorded(Duration::from_secs(60)));
            }
        }
        self.runtime.block_on(self.store.recorded(Duration::from_secs(600)));
        for number in (0..self.runs).step_by(500) {
            let run = RunId(Uuid::from_u128(u128::from(number)));
            let grade = Grade { stars: Some((number / 500 % 5 + 1) as u8), ..Grade::default() };
            self.ask(StoreRequest::GradeRun { run, grade, at: Timestamp::UNIX_EPOCH });
        }
    }

    pub(crate) fn ask(&self, job: StoreRequest) -> StoreReply {
        self.runtime.block_on(self.store.ask(job)).expect("an answer")
    }

    pub(crate) fn page(&self, line: &str, after: Option<PageStart>) -> HistoryPage {
        match self.ask(StoreRequest::History { query: Box::new(query(line)), after, limit: 50 }) {
            StoreReply::History(page) => page,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn count(&self, line: &str) -> u64 {
        match self.ask(StoreRequest::CountRuns(Box::new(query(line)))) {
            StoreReply::Counted { runs, .. } => runs,
            other => panic!("{other:?}"),
        }
    }
}

/// Reads a query line.
pub(crate) fn query(line: &str) -> Query {
    Query::parse(line, &Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC)).expect("a query")
}
