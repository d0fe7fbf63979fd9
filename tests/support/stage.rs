//! A workbench at a fixed day and hour, played by keys and by scripted runs.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use retort::{
    app::{App, Effect, Event, Keymap, Now, Start, Ticket, event::BatchPreviewView},
    eval::Review,
    model::{
        CallError, Catalog, Cost, ErrorKind, Finish, ModelCard, Outcome, Params, PicoDollars, Price, Prompt,
        Provenance, Quality, Rule, RunEnd, RunId, RunStatus, Settings, Spent, Status, TerminalCaps, Usage, Verdict,
        Wire,
        dataset::RowText,
        error::StoreError,
        outcome::Timing,
        run_end::Reason,
        run_facts::{EndingWord, RunFacts},
        settings::{ModelSettings, ProviderSettings},
        target_settings::TargetSettings,
    },
    pipeline::{
        TimedEvent,
        batch::BatchEvent,
        event::{DeltaPart, Lookup, NextStep, RunEvent},
    },
    store::api::{PromptEntry, SessionEntry, StoreReply, StoreRequest},
};

use super::checks::{Stored, judged as judged_again};
use crate::support::bench::pane;

/// The workbench, its clock, and the runs it has asked for.
pub(crate) struct Stage {
    pub(crate) app: App,
    start: Instant,
    at: Duration,
    runs: Vec<(Ticket, String, Duration)>,
    jobs: Vec<(Ticket, StoreRequest)>,
    batch: Option<Ticket>,
}

/// The morning on which everything happens.
fn day() -> Timestamp {
    "2026-06-12T09:30:00Z".parse().unwrap()
}

fn card(id: &str, price: Option<(f64, f64)>, context: u64, shutdown: Option<(&str, &str)>) -> ModelCard {
    ModelCard {
        id: id.to_owned(),
        known: true,
        context: Some(context),
        price: price.map(|(input, output)| Price {
            input: PicoDollars::per_million(input),
            output: PicoDollars::per_million(output),
            as_of: "2026-06-01".to_owned(),
            ..Price::default()
        }),
        shutdown: shutdown.map(|(day, _)| day.to_owned()),
        successor: shutdown.map(|(_, next)| next.to_owned()),
        ..ModelCard::default()
    }
}

/// A few models of every kind: priced, going, gone, local and without a price, and the demonstration.
fn settings_and_catalog() -> (Settings, Catalog) {
    let mut settings = Settings::default();
    for (name, kind) in [("openai", Wire::OpenAi), ("anthropic", Wire::Anthropic), ("demo", Wire::Demo)] {
        settings.providers.insert(name.to_owned(), ProviderSettings::of(kind));
    }
    let here = ProviderSettings {
        base_url: Some("http://127.0.0.1:8080/v1".to_owned()),
        ..ProviderSettings::of(Wire::OpenAi)
    };
    settings.providers.insert("here".to_owned(), here);
    let local = ModelSettings {
        provider: "here".to_owned(),
        model: "qwen2.5-0.5b-instruct".to_owned(),
        requests: TargetSettings { context: Some(32_768), ..TargetSettings::default() },
        ..ModelSettings::default()
    };
    settings.models.insert("local".to_owned(), local);
    let (openai, anthropic) = (|| "openai".to_owned(), || "anthropic".to_owned());
    let cards = vec![
        (openai(), card("gpt-4o-mini", Some((0.15, 0.60)), 128_000, Some(("2026-10-23", "gpt-5-mini")))),
        (openai(), card("gpt-4", Some((30.0, 60.0)), 8192, None)),
        (anthropic(), card("claude-haiku-4-5", Some((1.0, 5.0)), 200_000, None)),
        (anthropic(), card("claude-2", None, 100_000, Some(("2025-07-21", "claude-sonnet-4-5")))),
    ];
    let catalog = Catalog::new(cards, &settings);
    (settings, catalog)
}

/// The starter prompt on the sentiment of a message, as it is delivered.
pub(crate) fn sentiment() -> Prompt {
    toml::from_str(include_str!("../../assets/prompts/sentiment.toml")).unwrap()
}

impl Stage {
    /// Opens a workbench with the sentiment prompt and a lane for each of some targets.
    pub(crate) fn open(targets: &[&str]) -> Self {
        let (settings, catalog) = settings_and_catalog();
        let start = tokio::time::Instant::now().into_std();
        let now = Now { at: start, time: day() };
        let sample = include_str!("../../assets/inputs/sentiment.txt").trim().to_owned();
        let begin = Start {
            settings,
            keymap: Keymap::default(),
            catalog,
            starters: vec![("sentiment".to_owned(), sentiment(), sample)],
            session: None,
            found: Vec::new(),
            default_target: targets[0].to_owned(),
            look: TerminalCaps::default(),
            notices: Vec::new(),
            zone: jiff::tz::TimeZone::UTC,
        };
        let (mut app, effects) = App::new(begin, now);
        // What it says would stand on every screen.
        app.shared.tour.end();
        let mut stage = Self { app, start, at: Duration::ZERO, runs: Vec::new(), jobs: Vec::new(), batch: None };
        stage.carry_out(effects);
        for target in &targets[1..] {
            stage.app.bench.lanes.push(retort::app::workbench::lane::Lane::new(*target));
        }
        stage.answer(|job| matches!(job, StoreRequest::Review(_)), StoreReply::Review(Box::new(earlier())));
        stage
    }

    pub(crate) fn now(&self) -> Now {
        Now { at: self.start + self.at, time: day() + jiff::SignedDuration::try_from(self.at).unwrap() }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, millis: u64) -> &mut Self {
        self.at += Duration::from_millis(millis);
        self
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start(ticket, request) => {
                    let target = &request.targets[0].name;
                    let name = match request.sample {
                        0 => target.clone(),
                        sample => format!("{target}#{sample}"),
                    };
                    self.runs.push((ticket, name, self.at));
                }
                Effect::Store(ticket, job) => self.jobs.push((ticket, job)),
                Effect::PlanBatch(ticket, _) | Effect::StartBatch(ticket, _) => self.batch = Some(ticket),
                _ => {}
            }
        }
    }

    pub(crate) fn send(&mut self, msg: Event) -> &mut Self {
        let now = self.now();
        let effects = self.app.update(msg, now);
        self.carry_out(effects);
        self
    }

    /// Presses keys, each named as in the key map; `prompt`, `input`, `answers` and `metrics` give a pane the focus.
    pub(crate) fn keys(&mut self, names: &str) -> &mut Self {
        for name in names.split_whitespace() {
            if let Some(focus) = pane(&self.app, name) {
                self.app.bench.focus_on(focus);
                continue;
            }
            let (mods, key) = match name.split_once('-') {
                Some(("ctrl", key)) => (KeyModifiers::CONTROL, key),
                Some(("alt", key)) => (KeyModifiers::ALT, key),
                _ => (KeyModifiers::NONE, name),
            };
            let code = match key {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "left" => KeyCode::Left,
                "down" => KeyCode::Down,
                "up" => KeyCode::Up,
                "right" => KeyCode::Right,
                "space" => KeyCode::Char(' '),
                key if key.len() > 1 && key.starts_with('f') => KeyCode::F(key[1..].parse().unwrap()),
                key => KeyCode::Char(key.chars().next().unwrap()),
            };
            self.send(Event::Key(KeyEvent::new(code, mods)));
        }
        self
    }

    /// Types a text.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
        self
    }

    /// Answers a job the workbench has asked of the store.
    pub(crate) fn answer(&mut self, which: impl Fn(&StoreRequest) -> bool, reply: StoreReply) -> &mut Self {
        let at = self.jobs.iter().rposition(|(_, job)| which(job)).unwrap();
        let (ticket, _) = self.jobs.remove(at);
        self.send(Event::Stored(ticket, Ok(reply)))
    }

    /// Judges answers as the record does, until no more are asked for.
    pub(crate) fn judges(&mut self, stored: &[Stored]) -> &mut Self {
        while let Some(at) = self.jobs.iter().position(|(_, job)| judged_again(job, stored).is_some()) {
            let (ticket, job) = self.jobs.remove(at);
            self.send(Event::Stored(ticket, judged_again(&job, stored).unwrap()));
        }
        self
    }

    /// Says why a job the workbench has asked of the store could not be done.
    pub(crate) fn refuse(&mut self, which: impl Fn(&StoreRequest) -> bool, error: StoreError) -> &mut Self {
        let at = self.jobs.iter().rposition(|(_, job)| which(job)).unwrap();
        let (ticket, _) = self.jobs.remove(at);
        self.send(Event::Stored(ticket, Err(error)))
    }

    /// Says what is known of the batch that is being set up.
    pub(crate) fn plans(&mut self, planned: BatchPreviewView) -> &mut Self {
        let ticket = self.batch.unwrap();
        self.send(Event::Planned(ticket, Ok(Box::new(planned))))
    }

    /// Says what the rows of the batch ask.
    pub(crate) fn rows(&mut self, rows: Vec<RowText>) -> &mut Self {
        let ticket = self.batch.unwrap();
        self.send(Event::BatchRows(ticket, rows))
    }

    /// Tells what happened in the batch.
    pub(crate) fn batch(&mut self, events: Vec<BatchEvent>) -> &mut Self {
        let ticket = self.batch.unwrap();
        self.send(Event::Batch(ticket, events))
    }

    pub(crate) fn lists_prompts(&mut self) -> &mut Self {
        let entry = |name: &str, description: &str, project, valid| PromptEntry {
            name: name.to_owned(),
            description: description.to_owned(),
            project,
            built_in: name == "extract",
            valid,
            changed: None,
        };
        let entries = vec![
            entry("extract", "Contact and order fields of a message", false, true),
            entry("sentiment", "Sentiment of a customer message", false, true),
            entry("triage", "Which team a ticket goes to", true, true),
            entry("broken", "line 7: unknown key `sytem` (did you mean `system`?)", false, false),
        ];
        self.answer(|job| matches!(job, StoreRequest::ListPrompts), StoreReply::Prompts(entries))
    }

    pub(crate) fn lists_sessions(&mut self) -> &mut Self {
        let entry = |name: &str, hours: i64| SessionEntry {
            name: name.to_owned(),
            saved: day() - jiff::SignedDuration::from_hours(hours),
        };
        let entries = vec![entry("default", 0), entry("triage", 3), entry("march-eval", 800)];
        self.answer(|job| matches!(job, StoreRequest::ListSessions), StoreReply::Sessions(entries))
    }

    /// Runs the bench.
    pub(crate) fn run(&mut self) -> &mut Self {
        self.keys("f5")
    }

    /// Lets the newest run of a target tell something, now; of a further sample where it is named
    /// `target#1`, `target#2`, ….
    pub(crate) fn tell(&mut self, target: &str, event: RunEvent) -> &mut Self {
        let (ticket, _, began) = self.runs.iter().rfind(|(_, name, _)| name == target).unwrap().clone();
        let at = self.at.checked_sub(began).unwrap();
        self.send(Event::Run(ticket, TimedEvent { at, event }))
    }

    /// Begins a run: prepared, not in the cache, first attempt under way.
    pub(crate) fn begins(&mut self, target: &str) -> &mut Self {
        self.tell(target, prepared());
        self.tell(target, RunEvent::Cache { lookup: Lookup::Miss });
        self.attempt(target, 1, target)
    }

    pub(crate) fn attempt(&mut self, lane: &str, number: u32, target: &str) -> &mut Self {
        let (model, key) = match target {
            "local" => ("qwen2.5-0.5b-instruct", None),
            "claude-haiku-4-5" => (target, Some("env:ANTHROPIC_API_KEY")),
            _ => (target, Some("env:OPENAI_API_KEY")),
        };
        let event = RunEvent::Attempt {
            number,
            target: target.to_owned(),
            provider: target.to_owned(),
            model: model.to_owned(),
            key: key.map(str::to_owned),
            params: Params::default(),
            cache_key: None,
            notices: Vec::new(),
        };
        self.tell(lane, event)
    }

    pub(crate) fn says(&mut self, target: &str, attempt: u32, text: &str) -> &mut Self {
        self.tell(target, RunEvent::Delta { attempt, part: DeltaPart::Text, text: text.to_owned() })
    }

    pub(crate) fn thinks(&mut self, target: &str, text: &str) -> &mut Self {
        self.tell(target, RunEvent::Delta { attempt: 1, part: DeltaPart::Reasoning, text: text.to_owned() })
    }

    /// Ends a run with what came of it.
    pub(crate) fn ends(&mut self, target: &str, outcome: Outcome) -> &mut Self {
        if let Some(quality) = &outcome.quality {
            self.tell(target, RunEvent::Checked { quality: quality.clone() });
        }
        self.tell(target, RunEvent::Ended { outcome: Box::new(outcome) })
    }

    /// Ends the run of a sample of the only lane, as begun last.
    pub(crate) fn ends_sample(&mut self, sample: usize, outcome: Outcome) -> &mut Self {
        let (ticket, _, began) = self.runs[sample].clone();
        let at = self.at.checked_sub(began).unwrap();
        self.send(Event::Run(ticket, TimedEvent { at, event: RunEvent::Ended { outcome: Box::new(outcome) } }))
    }

    /// Draws the screen at a size.
    pub(crate) fn screen(&mut self, width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let now = self.now();
        self.app.prepare(area, now);
        let mut buffer = Buffer::empty(area);
        retort::app::draw_on(&self.app, &mut buffer);
        buffer
    }

    pub(crate) fn look(&mut self, colour: bool, unicode: bool) -> &mut Self {
        self.app.shared.look = TerminalCaps { colour, unicode, ..TerminalCaps::default() };
        self
    }
}

fn prepared() -> RunEvent {
    RunEvent::Prepared {
        run: RunId(uuid::Uuid::from_u128(7)),
        started: day(),
        key: "9f2c4e81a07b53d6f1e8".to_owned(),
        messages: Vec::new(),
        params: Params { temperature: Some(0.3), max_tokens: Some(400), ..Params::default() },
        notices: Vec::new(),
    }
}

pub(crate) fn rate_limited(seconds: u64) -> CallError {
    CallError {
        status: Some(429),
        retry_after: Some(Duration::from_secs(seconds)),
        ..CallError::new(ErrorKind::RateLimited, "requests per minute exceeded on tier 1")
    }
}

pub(crate) fn retry_in(attempt: u32, error: CallError, seconds: u64) -> RunEvent {
    RunEvent::AttemptFailed { attempt, error, next: NextStep::Retry { wait: Duration::from_secs(seconds) } }
}

pub(crate) fn verdict(rule: Rule, mark: Status, reason: &str, score: Option<f64>) -> Verdict {
    Verdict { score, ..Verdict::new(rule, mark, reason) }
}

/// The verdicts on an answer with a stated confidence.
pub(crate) fn judged(confidence: f64) -> Quality {
    let sure = confidence >= 0.7;
    let sign = if sure { "≥" } else { "<" };
    Quality::of(vec![
        verdict(Rule::Format, Status::Passed, "a JSON object", None),
        verdict(Rule::Schema, Status::Passed, "as the schema has it", None),
        Verdict {
            at: Some("/confidence_score".to_owned()),
            ..verdict(
                Rule::Confidence,
                if sure { Status::Passed } else { Status::Failed },
                &format!("{confidence:.2} {sign} minimum 0.70"),
                Some(confidence),
            )
        },
        verdict(Rule::Completeness, Status::Passed, "2 of 2 fields are filled", Some(1.0)),
    ])
}

/// What came of a run that was answered; change what differs.
pub(crate) fn answered(target: &str, text: &str, millis: u64, first: u64, tokens: (u64, u64)) -> Outcome {
    let usage = Usage { input: Some(tokens.0), output: Some(tokens.1), ..Usage::default() };
    let price = match target {
        "gpt-4o-mini" => Some((0.15, 0.60)),
        "claude-haiku-4-5" => Some((1.0, 5.0)),
        _ => None,
    };
    let price = price.map(|(input, output)| Price {
        input: PicoDollars::per_million(input),
        output: PicoDollars::per_million(output),
        ..Price::default()
    });
    Outcome {
        run: RunId(uuid::Uuid::from_u128(7)),
        end: RunEnd::Done,
        text: text.to_owned(),
        reasoning: String::new(),
        json: None,
        requested: target.to_owned(),
        target: target.to_owned(),
        model: target.to_owned(),
        served: None,
        provenance: Provenance::Live,
        demo: target.starts_with("demo"),
        attempts: 1,
        finish: Some(Finish::Stop),
        usage,
        cost: usage.cost(price.as_ref()),
        timing: Timing {
            waited: Duration::ZERO,
            response: None,
            total: Duration::from_millis(millis),
            first_byte: Some(Duration::from_millis(first.saturating_sub(20))),
            first_token: Some(Duration::from_millis(first)),
            generation: Some(Duration::from_millis(millis.saturating_sub(first))),
            ..Timing::default()
        },
        quality: None,
        judging: None,
        cache_saving: None,
        by_attempt: Vec::new(),
        given_up: Vec::new(),
        calls: Vec::new(),
        rounds: Vec::new(),
    }
}

/// What came of a run that no target answered.
pub(crate) fn failed(target: &str, reasons: Vec<(&str, CallError)>) -> Outcome {
    let reasons: Vec<Reason> =
        reasons.into_iter().map(|(target, error)| Reason { target: target.to_owned(), error }).collect();
    let last = reasons.last().map_or(target, |reason| reason.target.as_str()).to_owned();
    Outcome {
        end: RunEnd::Failed { reasons },
        target: last,
        attempts: 3,
        finish: None,
        usage: Usage::default(),
        cost: Cost::NOTHING,
        timing: Timing { total: Duration::from_millis(12_400), ..Timing::default() },
        ..answered(target, "", 0, 0, (0, 0))
    }
}

/// What 412 runs of the weeks before came to.
fn earlier() -> Review {
    let mut review = Review::default();
    for number in 0..412 {
        let (failed, unpriced) = (number % 45 == 7, number % 30 == 11);
        let took = 700 + number * 37 % 900;
        let spent = Spent {
            usage: Usage { input: Some(700), output: Some(150 + number % 80), ..Usage::default() },
            cost: if unpriced { Cost::Unknown } else { Cost::Known(PicoDollars(1_000_000_000)) },
        };
        review.take(&RunFacts {
            started: day().as_second() - 86_400 * 21 + i64::try_from(number).unwrap() * 4000,
            end: if failed { EndingWord::Failed } else { EndingWord::Done },
            status: match number % 10 {
                _ if failed => RunStatus::Error,
                3 => RunStatus::Failed,
                _ => RunStatus::Passed,
            },
            took: Some(Duration::from_millis(took)),
            first_token: Some(Duration::from_millis(took / 4)),
            spent: if number % 7 == 2 { Spent::default() } else { spent },
            attempts: 1,
            cached: number % 7 == 2,
            demo: number % 10 == 1,
            ..RunFacts::default()
        });
    }
    review
}
