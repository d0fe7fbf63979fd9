//! A finished batch of a million rows on the screen, made up here: opened, scrolled, ordered, narrowed, searched, compared, and
//! a threshold moved over it. What is told is the memory it takes and the longest time that a key would have waited.
//!
//! `RETORT_BENCH_ROWS=100000 cargo bench -- million` takes as many rows as that.

use std::{
    fs,
    time::{Duration, Instant},
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, layout::Rect};
use retort::{
    app::{
        Action, App, Effect, Event, Now, Ticket,
        action::{BatchAction, GlobalAction, Verb},
    },
    eval::whatif::Measured,
    model::{
        BatchId, CellIndex, Cost, Format, PicoDollars, Prompt, RunId, RunStatus,
        batch::{BatchSpec, Cell},
        dataset::RowText,
    },
    store::api::{
        BatchEntry, CellRow, FoundPrompt, FoundRows, Points, PromptFile, StoreReply, StoreRequest, StoredRow,
    },
    widgets::motion::Motion,
};

use super::workbench::demo_start;

const ROWS: u64 = 1_000_000;

const SCREEN: Rect = Rect::new(0, 0, 120, 40);

const BATCH: BatchId = BatchId(uuid::Uuid::from_u128(5));

fn now() -> Now {
    Now { at: Instant::now(), time: Timestamp::UNIX_EPOCH }
}

/// A cell of a row; in the batch before some come out otherwise.
fn cell(number: u64, batch: BatchId) -> Cell {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    let fails = mixed.is_multiple_of(if batch == BATCH { 7 } else { 6 });
    Cell {
        place: CellIndex { row: number, ..CellIndex::default() },
        run: RunId(uuid::Uuid::from_u128(u128::from(number))),
        end: "done".to_owned(),
        status: if fails { RunStatus::Failed } else { RunStatus::Passed },
        cut_off: false,
        score: Some(mixed as f64 / (1_u64 << 53) as f64),
        class: None,
        cached: false,
        batched: false,
        tokens: Some(200 + mixed % 60),
        tokens_estimated: false,
        tokens_partial: false,
        cost: Cost::Known(PicoDollars(45_000_000 + mixed % 9_000_000)),
        cache_saving: None,
        by_target: Vec::new(),
        modalities: retort::model::ModalityTokens::default(),
        judging: None,
        took: Duration::from_micros(200_000 + mixed % 3_000_000),
        waited: Duration::ZERO,
        summary: format!("{{\"sentiment\": \"negative\", \"confidence_score\": 0.{number}}}"),
        failed: if fails { vec!["confidence".to_owned()] } else { Vec::new() },
        reason: fails.then(|| "0.42 < minimum 0.60".to_owned()),
    }
}

fn text(number: u64) -> String {
    format!("Message {number}: my parcel never came, and nobody answers the telephone")
}

fn prompt() -> Prompt {
    let mut prompt = Prompt::default();
    prompt.response.format = Format::Json;
    prompt.response.confidence = Some("/confidence".to_owned());
    prompt.response.min_confidence = Some(0.6);
    prompt
}

fn entry(id: BatchId, rows: u64) -> BatchEntry {
    let spec = BatchSpec {
        name: "rows.csv".to_owned(),
        data: "rows.csv".to_owned(),
        prompts: vec![("p".to_owned(), prompt())],
        targets: vec!["demo".to_owned()],
        samples: 1,
        mapping: std::collections::BTreeMap::new(),
        behind: std::collections::BTreeMap::new(),
        expected: retort::model::Expected::Auto,
        again: None,
        part: None,
    };
    BatchEntry {
        id,
        started: Timestamp::UNIX_EPOCH,
        name: spec.name.clone(),
        spec,
        end: Some("complete".to_owned()),
        ended: None,
        why: None,
        gates: Vec::new(),
        cells: rows,
        answered: rows,
        failed: rows / 7,
        running: false,
        job: None,
    }
}

/// What a record of so many rows answers, as the store's own thread would.
fn reply(job: &StoreRequest, rows: u64) -> Option<StoreReply> {
    let page = |after: &Option<CellIndex>, limit: usize| {
        let first = after.map_or(1, |place| place.row + 1);
        first..=rows.min(first + limit as u64 - 1)
    };
    Some(match job {
        StoreRequest::Batches { .. } => {
            StoreReply::Batches(vec![entry(BATCH, rows), entry(BatchId(uuid::Uuid::from_u128(9)), rows)])
        }
        StoreRequest::Cells { batch, after, limit } => {
            let row = |number: u64| CellRow { cell: cell(number, *batch), fingerprint: 0, seq: number.cast_signed() };
            StoreReply::Cells(page(after, *limit).map(row).collect())
        }
        StoreRequest::CellTexts { batch, rows } => {
            let row = |number: &u64| StoredRow {
                text: RowText { number: *number, text: text(*number), expected: String::new(), named: false },
                cells: vec![cell(*number, *batch)],
            };
            StoreReply::CellTexts(rows.iter().map(row).collect())
        }
        StoreRequest::FindRows { text: wanted, after, limit, .. } => {
            let page = page(after, *limit);
            let last = (*page.end() < rows).then(|| CellIndex { row: *page.end(), ..CellIndex::default() });
            let looked = page.clone().count() as u64;
            let found = page.filter(|number| text(*number).to_lowercase().contains(wanted));
            StoreReply::FoundRows(FoundRows { rows: found.collect(), last, looked })
        }
        StoreRequest::Points { rule, .. } => {
            let measured = |number: u64| Measured {
                seq: number.cast_signed(),
                value: cell(number, BATCH).score,
                decides: true,
                rest: true,
                ..Measured::default()
            };
            StoreReply::Points(Box::new(Points {
                rule: rule.clone(),
                prompts: vec![(Some("p".to_owned()), rows)],
                version: None,
                prompt: Some(prompt()),
                judged: (1..=rows).map(measured).collect(),
            }))
        }
        StoreRequest::PromptFile(name) => {
            let found = FoundPrompt { path: "/p.toml".into(), prompt: prompt(), digest: "d".to_owned() };
            StoreReply::PromptFile(Box::new(PromptFile { name: name.clone(), found: Some(found) }))
        }
        _ => return None,
    })
}

/// The workbench with what it asked for, and how long it kept a key waiting.
struct Watched {
    app: App,
    terminal: Terminal<TestBackend>,
    rows: u64,
    asked: Vec<(Ticket, StoreRequest)>,
    longest: Duration,
}

impl Watched {
    fn new(rows: u64) -> Self {
        let (app, _) = App::new(demo_start(), now());
        let terminal = Terminal::new(TestBackend::new(SCREEN.width, SCREEN.height)).unwrap();
        Self { app, terminal, rows, asked: Vec::new(), longest: Duration::ZERO }
    }

    /// Has the workbench take an event in, and draws a frame: each is timed by itself.
    fn send(&mut self, event: Event) {
        let start = Instant::now();
        let effects = self.app.update(event, now());
        let updated = start.elapsed();
        let start = Instant::now();
        self.app.prepare(SCREEN, now());
        let app = &self.app;
        self.terminal.draw(|frame| retort::app::draw(app, frame)).unwrap();
        self.longest = self.longest.max(updated).max(start.elapsed());
        self.asked.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Store(ticket, job) => Some((ticket, job)),
            _ => None,
        }));
    }

    /// Does something and all that comes of it, and tells the longest step and how long it took, the record's answers left
    /// out.
    fn time(&mut self, what: &str, act: impl FnOnce(&mut Self)) {
        (self.longest, self.asked) = (Duration::ZERO, Vec::new());
        let start = Instant::now();
        let mut record = Duration::ZERO;
        act(self);
        while !self.asked.is_empty() || self.app.batch.has_work() {
            let asked: Vec<(Ticket, StoreRequest)> = self.asked.drain(..).collect();
            for (ticket, job) in asked {
                let start = Instant::now();
                let answer = reply(&job, self.rows);
                record += start.elapsed();
                if let Some(answer) = answer {
                    self.send(Event::Stored(ticket, Ok(answer)));
                }
            }
            self.send(Event::Tick);
        }
        let whole = start.elapsed().saturating_sub(record);
        eprintln!("{what}: longest step {:.1?}, all of it {whole:.1?}; {:.0} MB resident", self.longest, resident());
    }

    fn act(&mut self, action: impl Into<Action>) {
        self.send(Event::Do(action.into()));
    }

    fn types(&mut self, text: &str) {
        for letter in text.chars() {
            self.send(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
    }
}

/// The memory of the process, in MB.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() / 1000.0
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn million() {
    let rows = std::env::var("RETORT_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(ROWS);
    let mut watched = Watched::new(rows);
    watched.time("list", |it| it.act(GlobalAction::ScreenBatch));
    let before = resident();
    watched.time("open", |it| it.act(Verb::Accept));
    let grid = &watched.app.batch.shown.as_ref().unwrap().grid;
    assert_eq!(grid.counts().done, rows);
    eprintln!(
        "{rows} cells: {} bytes each, {:.0} MB more resident; texts of {} rows held",
        grid.bytes() / grid.len(),
        resident() - before,
        grid.texts_held()
    );
    watched.time("to the end and back", |it| {
        it.act(Verb::Leave);
        it.act(Motion::Bottom);
        it.act(Motion::Top);
        (0..50).for_each(|_| it.act(Motion::PageDown));
    });
    watched.time("order by verdict, score, latency", |it| (0..3).for_each(|_| it.act(Verb::Sort)));
    watched.time("order turned", |it| it.act(Verb::TurnSort));
    watched.time("narrowed to what failed", |it| it.act(Verb::OnlyFailed));
    watched.time("a cell and back", |it| {
        it.act(Verb::Accept);
        it.act(Verb::Leave);
        it.act(Verb::Leave);
    });
    watched.time("searched", |it| {
        it.act(Verb::Filter);
        it.types("ssage 99999");
        it.act(Verb::Accept);
    });
    assert!(!watched.app.batch.shown.as_ref().unwrap().table.is_empty());
    watched.time("the report", |it| {
        it.act(Verb::Leave);
        it.act(Verb::Copy);
        it.act(Verb::Leave);
    });
    watched.time("moved threshold", |it| it.act(BatchAction::BatchWhatIf));
    watched.time("moved further", |it| (0..3).for_each(|_| it.act(Verb::NextSample)));
    watched.time("and back", |it| it.act(Verb::Leave));
    watched.time("compared", |it| it.act(BatchAction::BatchBaseline));
    watched.time("with the one before", |it| it.act(Verb::Accept));
    assert!(watched.app.batch.shown.as_ref().unwrap().baseline.is_some());
}
