//! The workbench without a terminal: keys written as text go in, state and effects come out, and
//! time passes only when it is told to.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use retort::{
    app::{
        App, Effect, Event, Keymap, Now, Start, Ticket,
        workbench::{
            Focus,
            lane::{Lane, LaneRun},
        },
    },
    config::builtin,
    eval::quality::LiveFigures,
    model::{
        CallError, Catalog, Cost, ErrorKind, Outcome, Params, Provenance, RunEnd, RunId, RunRequest, Settings,
        TerminalCaps, Usage, Wire,
        error::StoreError,
        outcome::Timing,
        settings::{AccountLimits, ProviderSettings},
    },
    pipeline::{
        AccountState, TimedEvent,
        event::{DeltaPart, NextStep, RunEvent},
    },
    store::api::{StoreReply, StoreRequest},
    widgets::key::Chord,
};

/// A bench, the time at it, and what it has asked for since that was last taken.
pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) effects: Vec<Effect>,
    /// What it has asked the record for in passing: stored answers, and the numbers of versions.
    pub(crate) recalls: Vec<(Ticket, StoreRequest)>,
    now: Now,
    size: Rect,
    begun: Instant,
}

/// The settings of somebody with two real providers and the demonstration.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    let mut local = ProviderSettings::of(Wire::OpenAi);
    local.base_url = Some("http://127.0.0.1:8080/v1".to_owned());
    settings.providers.insert("local".to_owned(), local);
    for (name, kind) in [("openai", Wire::OpenAi), ("anthropic", Wire::Anthropic), ("demo", Wire::Demo)] {
        settings.providers.insert(name.to_owned(), ProviderSettings::of(kind));
    }
    settings
}

/// What the program starts with on a fresh machine.
pub(crate) fn start() -> Start {
    let settings = settings();
    Start {
        keymap: Keymap::new(&settings.keys).unwrap(),
        catalog: Catalog::new(builtin::cards(), &settings),
        settings,
        starters: builtin::starters()
            .into_iter()
            .map(|(name, prompt, input)| (name.to_owned(), prompt, input.to_owned()))
            .collect(),
        session: None,
        found: Vec::new(),
        default_target: "demo".to_owned(),
        look: TerminalCaps::default(),
        notices: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
    }
}

impl Bench {
    /// Sets a bench up on a fresh machine, on a screen of 120×40.
    pub(crate) fn new() -> Self {
        Self::with(start())
    }

    /// Sets a bench up.
    pub(crate) fn with(start: Start) -> Self {
        #[allow(clippy::disallowed_methods, reason = "an instant can only be had from the clock; it is read once")]
        let at = Instant::now();
        let now = Now { at, time: "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() };
        let (app, asked) = App::new(start, now);
        let (effects, recalls) = (Vec::new(), Vec::new());
        let mut bench = Self { app, effects, recalls, now, size: Rect::new(0, 0, 120, 40), begun: at };
        bench.note(asked);
        bench.see();
        bench
    }

    /// Sets a bench up with lanes of these targets.
    pub(crate) fn of(targets: &[&str]) -> Self {
        let mut bench = Self::new();
        bench.app.bench.set_lanes(targets.iter().copied());
        bench
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, msg: Event) {
        let asked = self.app.update(msg, self.now);
        self.note(asked);
        self.see();
    }

    fn note(&mut self, asked: Vec<Effect>) {
        for effect in asked {
            match effect {
                Effect::Store(ticket, job @ (StoreRequest::StoredAnswers(_) | StoreRequest::VersionOrder(_))) => {
                    self.recalls.push((ticket, job));
                }
                effect => self.effects.push(effect),
            }
        }
    }

    /// Types keys: characters as they are, others as `<c-r>`, `<a-enter>`, `<f5>`, `<esc>`, `<lt>`. `<prompt>`, `<input>`,
    /// `<answers>` and `<metrics>` give a pane the focus, without typing in it.
    pub(crate) fn keys(&mut self, text: &str) -> &mut Self {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (name, after) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                Some((name, after)) => {
                    (name.replace("c-", "ctrl-").replace("a-", "alt-").replace("s-", "shift-"), after)
                }
                None => (first.to_string(), &rest[first.len_utf8()..]),
            };
            if let Some(focus) = pane(&self.app, &name) {
                self.app.bench.focus_on(focus);
                self.send(Event::Tick);
                rest = after;
                continue;
            }
            let name = match name.as_str() {
                "lt" => "<".to_owned(),
                " " => "space".to_owned(),
                "\n" => "enter".to_owned(),
                _ => name,
            };
            self.send(Event::Key(name.parse::<Chord>().unwrap().event()));
            rest = after;
        }
        self
    }

    /// Draws, as far as the workbench is concerned.
    pub(crate) fn see(&mut self) {
        self.app.prepare(self.size, self.now);
    }

    /// Changes the screen's size.
    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.size = Rect::new(0, 0, width, height);
        self.send(Event::Resized);
    }

    /// Lets time pass, with a tick whenever the workbench has asked for one.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.at + time;
        while let Some(wake) = self.app.wake_at(self.now).filter(|wake| *wake <= end) {
            self.until(wake);
            self.send(Event::Tick);
        }
        self.until(end);
        self.see();
    }

    /// Tells whether the workbench has asked to be called again by itself.
    pub(crate) fn wakes(&self) -> bool {
        self.app.wake_at(self.now).is_some()
    }

    fn until(&mut self, at: Instant) {
        let time = at.saturating_duration_since(self.now.at);
        self.now = Now { at: self.now.at + time, time: self.now.time + time };
    }

    /// Takes what was asked for since the last time.
    pub(crate) fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Tells whether the program ends, once the session it saves first is on disk.
    pub(crate) fn quits(&mut self) -> bool {
        let mut effects = self.take();
        let saving = effects.iter().find_map(|effect| match effect {
            Effect::Store(ticket, StoreRequest::SaveSession(session)) => Some((*ticket, session.name.clone())),
            _ => None,
        });
        if let Some((ticket, name)) = saving {
            self.answer(ticket, Ok(StoreReply::SessionSaved(name)));
            effects.extend(self.take());
        }
        effects.iter().any(|effect| matches!(effect, Effect::Quit))
    }

    /// Takes the runs that were asked for.
    pub(crate) fn started(&mut self) -> Vec<(Ticket, RunRequest)> {
        let started = |effect| match effect {
            Effect::Start(ticket, request) => Some((ticket, *request)),
            _ => None,
        };
        self.take().into_iter().filter_map(started).collect()
    }

    /// Takes the store jobs that were asked for.
    pub(crate) fn jobs(&mut self) -> Vec<(Ticket, StoreRequest)> {
        let job = |effect| match effect {
            Effect::Store(ticket, job) => Some((ticket, job)),
            _ => None,
        };
        self.take().into_iter().filter_map(job).collect()
    }

    /// Tells an event of a run.
    pub(crate) fn tell(&mut self, ticket: Ticket, event: RunEvent) {
        let at = self.now.at.saturating_duration_since(self.begun);
        self.send(Event::Run(ticket, TimedEvent { at, event }));
    }

    /// Answers a store job.
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Result<StoreReply, StoreError>) {
        self.send(Event::Stored(ticket, answer));
    }

    /// Presses F5 and returns the ticket of the one run.
    pub(crate) fn run(&mut self) -> Ticket {
        self.take();
        self.keys("<f5>");
        let started = self.started();
        assert_eq!(started.len(), 1, "one lane, one run");
        started[0].0
    }

    /// Presses F5 and returns the ticket of the first lane's run.
    pub(crate) fn run_first(&mut self) -> Ticket {
        self.take();
        self.keys("<f5>");
        self.started()[0].0
    }

    /// Returns a lane.
    pub(crate) fn lane(&self, at: usize) -> &Lane {
        &self.app.bench.lanes[at]
    }

    /// Returns the run that a lane shows.
    pub(crate) fn shown(&self, at: usize) -> &LaneRun {
        self.lane(at).shown()
    }

    /// Returns the numbers of this session.
    pub(crate) fn figures(&self) -> &LiveFigures {
        self.app.shared.metrics.session.figures()
    }

    /// Returns what of a lane's answer is on screen.
    pub(crate) fn answer_of(&self, at: usize) -> String {
        self.shown(at).answer.seen().map(|(_, row)| row.text.into_owned()).collect::<Vec<_>>().join("\n")
    }

    /// Returns what is drawn, row by row.
    pub(crate) fn screen(&self) -> Vec<String> {
        let mut buffer = Buffer::empty(self.size);
        let _ = retort::app::draw_on(&self.app, &mut buffer);
        let row = |y| (0..self.size.width).map(|x| buffer[(x, y)].symbol().to_owned()).collect();
        (0..self.size.height).map(row).collect()
    }

    /// Returns what the status line says.
    pub(crate) fn says(&self) -> &str {
        self.app.shared.notices.shown().map_or("", |notice| notice.text.as_str())
    }
}

/// Returns what has the focus where a pane of a name has it.
pub(crate) fn pane(app: &App, name: &str) -> Option<Focus> {
    match name {
        "prompt" => Some(Focus::Message(app.bench.message_at())),
        "input" => Some(Focus::Input),
        "answers" => Some(Focus::Lane(app.bench.lane_at())),
        "metrics" => Some(Focus::Metrics),
        _ => None,
    }
}

/// An account with two calls of at most so many under way.
pub(crate) fn account(provider: &str, most: usize) -> AccountState {
    AccountState {
        provider: provider.to_owned(),
        account: "env:K".to_owned(),
        under_way: 2,
        waiting: 0,
        concurrency: Some(most),
        requests: 2,
        tokens: 0,
        rests: None,
        limits: AccountLimits { concurrency: Some(most), ..AccountLimits::default() },
    }
}

/// The start of a run.
pub(crate) fn prepared(run: RunId) -> RunEvent {
    RunEvent::Prepared {
        run,
        started: "2026-03-01T12:00:00Z".parse().unwrap(),
        key: String::new(),
        messages: Vec::new(),
        params: Params::default(),
        notices: Vec::new(),
    }
}

/// An attempt that begins.
pub(crate) fn attempt(number: u32, target: &str) -> RunEvent {
    let name = target.to_owned();
    RunEvent::Attempt {
        number,
        target: name.clone(),
        provider: name.clone(),
        model: name,
        key: None,
        params: Params::default(),
        cache_key: None,
        notices: Vec::new(),
    }
}

/// More of the answer.
pub(crate) fn delta(attempt: u32, text: &str) -> RunEvent {
    RunEvent::Delta { attempt, part: DeltaPart::Text, text: text.to_owned() }
}

/// An attempt that failed.
pub(crate) fn failed(attempt: u32, class: ErrorKind, next: NextStep) -> RunEvent {
    RunEvent::AttemptFailed { attempt, error: CallError::new(class, format!("the server says {class}")), next }
}

/// The end of a run.
pub(crate) fn ended(outcome: Outcome) -> RunEvent {
    RunEvent::Ended { outcome: Box::new(outcome) }
}

/// What came of a run that went well.
pub(crate) fn outcome(text: &str) -> Outcome {
    Outcome {
        run: "01890a5d-ac96-774b-bcce-b302099a8057".parse::<RunId>().unwrap(),
        end: RunEnd::Done,
        text: text.to_owned(),
        reasoning: String::new(),
        json: serde_json::from_str(text).ok(),
        requested: "demo".to_owned(),
        target: "demo".to_owned(),
        model: "demo".to_owned(),
        served: None,
        provenance: Provenance::Live,
        demo: true,
        attempts: 1,
        finish: None,
        usage: Usage { input: Some(20), output: Some(7), ..Usage::default() },
        cost: Cost::Unknown,
        timing: Timing { total: Duration::from_millis(900), ..Timing::default() },
        quality: None,
        judging: None,
        cache_saving: None,
        by_attempt: Vec::new(),
        given_up: Vec::new(),
        calls: Vec::new(),
        rounds: Vec::new(),
    }
}

/// Marks so many models in the list that is open, from the first on, and returns their names.
pub(crate) fn mark(bench: &mut Bench, count: usize) -> Vec<String> {
    bench.keys("<pageup>");
    for at in 0..count {
        bench.keys(if at == 0 { "<space>" } else { "<down><space>" });
    }
    let Some(retort::app::overlays::Overlay::Models(models)) = bench.app.overlay() else { panic!("no list of models") };
    models.marked.clone()
}
