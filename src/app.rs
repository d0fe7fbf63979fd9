//! The workbench's state machine: messages in, effects out, no IO.
//!
//! [`App::update`] is total and synchronous, so a session can be replayed from its messages. What
//! the screen needs is computed in [`App::prepare`], just before it is drawn from `&App`: a function that cannot fail,
//! block or change anything.

pub mod action;
pub mod batch;
pub mod context;
pub mod event;
pub mod history;
pub mod intent;
pub mod keymap;
pub mod lab;
pub mod layout;
pub mod metrics;
pub mod notices;
pub mod overlay;
pub mod overlays;
pub mod prompt_version;
pub mod quality;
pub mod refusal;
pub mod rescore;
pub mod screen;
pub mod screen_id;
pub mod snippet;
pub(crate) mod totals;
pub mod tour;
pub mod traffic;
pub mod workbench;

pub(crate) mod ask;
pub(crate) mod input;
pub(crate) mod lab_steps;
pub(crate) mod overlay_input;
pub(crate) mod query_line;
pub(crate) mod quit;
pub(crate) mod route;
pub(crate) mod status_bar;

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use crossterm::event::MouseEventKind;
use jiff::tz::TimeZone;
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Position, Rect},
    style::Modifier,
    text::Line,
};

pub use crate::app::{
    action::{ACTIONS, Action},
    event::{Effect, Event, FieldId, Now, Ticket},
    keymap::Keymap,
    layout::Layout,
    screen_id::ScreenId,
};
use crate::{
    app::{
        batch::Batches,
        context::{Outbox, Scene, Shared},
        history::History,
        intent::{Intent, OverlayIntent},
        lab::Lab,
        layout::{SMALLEST, Shape},
        metrics::Metrics,
        notices::{Notices, Tone},
        overlays::{Overlay, Overlays},
        quality::QualityScreen,
        rescore::Rescorer,
        screen::Slot,
        tour::Tour,
        traffic::Traffic,
        workbench::Workbench,
    },
    model::{
        Catalog, Input, Prompt, Session, Settings, TerminalCaps, model_list::ModelFacts, picture::PictureProtocol,
        query::Vocabulary, quirk::KnownQuirks, theme::Backdrop,
    },
    store::api::WantedBlind,
    text::format::counted,
    widgets::{buffer_guard, theme::Role},
};

/// How often the picture changes by itself while something runs.
const BEAT: Duration = Duration::from_millis(100);

/// What the workbench starts with.
#[derive(Debug, Clone)]
pub struct Start {
    pub settings: Settings,
    /// The key map made of them.
    pub keymap: Keymap,
    /// Every model that can be named.
    pub catalog: Catalog,
    /// The built-in prompts with a sample input each; the first is on the bench at the first start.
    pub starters: Vec<(String, Prompt, String)>,
    /// The session to go on with.
    pub session: Option<Session>,
    /// Real providers, in words.
    pub found: Vec<String>,
    /// The target of a lane where nothing names one: `demo` while no real one can be asked.
    pub default_target: String,
    /// What the terminal can show.
    pub look: TerminalCaps,
    /// What went wrong before the start, in words.
    pub notices: Vec<String>,
    /// The time zone whose days and times of day are meant where none is named.
    pub zone: TimeZone,
}

/// The workbench: its state, and what it asks of the world.
#[derive(Debug)]
pub struct App {
    /// The screen that is shown.
    pub screen: ScreenId,
    pub bench: Slot<Workbench>,
    pub batch: Slot<Batches>,
    /// The runs on record.
    pub history: Slot<History>,
    /// What they come to.
    pub quality: Slot<QualityScreen>,
    /// The calls of programs.
    pub traffic: Slot<Traffic>,
    /// What lies over the screen.
    pub overlays: Slot<Overlays>,
    /// The answers that are judged again.
    pub rescorer: Slot<Rescorer>,
    /// What all of them share.
    pub shared: Shared,
    /// How the screen is shared out, as of the last [`App::prepare`].
    pub layout: Layout,
    dirty: bool,
    out: Outbox,
    /// When something was to be stopped last.
    stopped: Option<Instant>,
    /// When quitting was asked for last, at the bench.
    quitting: Option<Instant>,
}

/// Says who answered when all were asked what they serve.
fn said_who(answered: &[(String, usize)]) -> String {
    let each = |(provider, models): &(String, usize)| format!("{provider} ({})", counted(*models as u64, "model"));
    match answered {
        [] => "No server answered".to_owned(),
        [one] => format!("1 server answered: {}", each(one)),
        all => {
            let names: Vec<String> = all.iter().map(each).collect();
            format!("{} servers answered: {}", all.len(), names.join(", "))
        }
    }
}

impl App {
    /// Sets the bench up. The effects are to be carried out before the first message.
    #[must_use]
    pub fn new(start: Start, now: Now) -> (Self, Vec<Effect>) {
        let mut bench = match &start.session {
            Some(session) => Workbench::restored(session, &start.default_target),
            None => first_bench(&start.starters, &start.default_target),
        };
        bench.first_start = start.session.is_none();
        bench.sample = bench.prompt_name.clone().filter(|_| bench.first_start);
        bench.settle_texts();
        bench.autosave.note_saved(bench.revision());
        let mut app = Self {
            screen: ScreenId::Bench,
            bench: Slot::new(bench),
            batch: Slot::default(),
            history: Slot::default(),
            quality: Slot::default(),
            traffic: Slot::default(),
            overlays: Slot::default(),
            rescorer: Slot::default(),
            shared: Shared {
                tour: if start.session.is_none() { Tour::new() } else { Tour::default() },
                now,
                zone: start.zone,
                mouse: start.settings.mouse,
                own_theme: start.settings.theme.clone(),
                settings: start.settings,
                catalog: start.catalog,
                starters: start.starters,
                default_target: start.default_target,
                keymap: start.keymap,
                look: start.look,
                body: Rect::default(),
                shape: Shape::default(),
                rows: 0,
                covered: false,
                notices: Notices::default(),
                lab: Lab::default(),
                vocabulary: Vocabulary::default(),
                metrics: Metrics::default(),
                key_states: Vec::new(),
                model_facts: ModelFacts::default(),
                quirks: KnownQuirks::default(),
                accounts: Vec::new(),
                focused: true,
            },
            layout: Layout::default(),
            dirty: true,
            out: Outbox::default(),
            stopped: None,
            quitting: None,
        };
        app.bench.providers_found(&start.found, &app.shared);
        for notice in start.notices {
            app.shared.say(Tone::Warning, &notice);
        }
        app.with_bench(|bench, cx| {
            bench.ask_session_metrics(cx);
            Workbench::ask_metrics(now.time, cx);
            bench.settle_freshness(cx.shared);
            bench.recall(cx);
        });
        if app.shared.mouse {
            app.out.effects.push(Effect::SetMouse(true));
        }
        let effects = std::mem::take(&mut app.out.effects);
        (app, effects)
    }

    /// Takes a message in and returns what is to be done.
    pub fn update(&mut self, msg: Event, now: Now) -> Vec<Effect> {
        self.shared.now = now;
        self.dirty |= !matches!(&msg, Event::Mouse(event) if event.kind == MouseEventKind::Moved);
        self.shared.notices.expire(now);
        match msg {
            Event::Key(event) => self.key(event),
            Event::Paste(text) => self.paste(&text),
            Event::Mouse(event) => self.mouse(event),
            Event::Tick => self.refresh_accounts(),
            Event::Resized | Event::Resumed => {}
            Event::Focused(focused) => self.shared.focused = focused,
            Event::Do(action) => self.act(action),
            Event::Run(ticket, event) => self.with_bench(|it, cx| it.receive_event(ticket, event, cx)),
            Event::BatchBegun(ticket, id) => self.batch.begun(ticket, id),
            Event::Batch(ticket, events) if self.overlays.asks_rows(ticket) => {
                self.with_overlays(|it, cx| it.rows_answered(events, cx));
            }
            Event::Batch(ticket, events) => self.with_batch(|it, cx| it.receive_events(ticket, events, cx)),
            Event::Inbox(ticket, read) => self.with_overlays(|it, cx| it.inbox_read(ticket, read, cx)),
            Event::Planned(ticket, planned) if self.overlays.asks_rows(ticket) => self.overlays.rows_planned(planned),
            Event::BatchRows(ticket, rows) => self.batch.rows_known(ticket, &rows),
            Event::Planned(ticket, planned) => self.with_batch(|it, cx| it.planned(ticket, planned, cx)),
            Event::ExperimentPlanned(ticket, planned) => self.experiment_planned(ticket, planned),
            Event::Experiment(ticket, news) => self.experiment_told(ticket, news),
            Event::Completed(ticket, path, choices) => {
                self.with_batch(|it, cx| it.completed(ticket, &path, &choices, cx));
                self.with_bench(|it, cx| it.path_completed(ticket, path, choices, cx));
            }
            Event::Stored(ticket, answer) => self.stored(ticket, answer),
            Event::Edited(FieldId::Call(id), text) => self.with_traffic(|it, cx| it.edited(id, text, cx)),
            Event::Traffic(read) => self.traffic.live_read(read),
            Event::TrafficTexts(id, texts) => self.traffic.texts_told(id, texts),
            Event::RowsWritten(written) => self.with_traffic(|it, cx| it.rows_written(&written, cx)),
            Event::Edited(field, text) => self.with_bench(|it, cx| it.edited(field, text, cx)),
            Event::Copied { what, way, send } => {
                self.out.effects.extend(send.map(Effect::SendCopy));
                self.shared.say(Tone::Info, &format!("{way}: {what}"));
            }
            Event::Found(found) => self.bench.providers_found(&found, &self.shared),
            Event::Keys(keys, accounts) => (self.shared.key_states, self.shared.accounts) = (keys, accounts),
            Event::Quirks(quirks) => {
                self.shared.quirks = *quirks;
                self.bench.ask_otherwise();
            }
            Event::Models(facts) => self.shared.model_facts = *facts,
            Event::Served(provider, models) => drop(self.shared.model_facts.served.insert(provider, models)),
            Event::LookedAgain(answered) => self.shared.say(Tone::Info, &said_who(&answered)),
            Event::Favourites(favourites) => self.shared.model_facts.favourites = favourites,
            Event::Sixel => self.shared.look.pictures = self.shared.look.pictures.or(Some(PictureProtocol::Sixel)),
            Event::Background(colour) => self.shared.look.background = Some(Backdrop::of(colour)),
            Event::Fault(error) => self.shared.say(Tone::Error, &error),
            Event::Quit => self.must_quit(),
        }
        self.follow_all();
        self.settle_screens();
        std::mem::take(&mut self.out.effects)
    }

    /// Shows the answers of batches two by two without names, as the first thing. The effects are to be carried out.
    #[must_use]
    pub fn compare_blind(&mut self, wanted: WantedBlind) -> Vec<Effect> {
        self.go_to(ScreenId::Batch);
        self.follow(Intent::Overlay(OverlayIntent::OpenBlind(wanted)));
        self.follow_all();
        std::mem::take(&mut self.out.effects)
    }

    /// Tells when the picture or the state next changes by itself: a [`Event::Tick`] is due then.
    #[must_use]
    pub fn wake_at(&self, now: Now) -> Option<Instant> {
        let calls_run = self.screen == ScreenId::Traffic && self.traffic.busy();
        let tries = self.shared.lab.busy().is_some();
        let beat = (self.bench.busy() || self.batch.busy() || calls_run || tries).then(|| {
            // Numbers that change by themselves are read out again and again.
            let seldom = !self.shared.focused || self.shared.look.accessible;
            let pause = if seldom { Duration::from_secs(1) } else { BEAT };
            now.at + pause
        });
        let has_work = match self.screen {
            ScreenId::Batch => self.batch.lacks_rows(),
            ScreenId::Quality => self.quality.has_work(),
            ScreenId::Bench | ScreenId::History | ScreenId::Traffic => false,
        };
        let work = (has_work || self.batch.has_work()).then_some(now.at);
        [beat, work, self.shared.notices.wake_at(), self.bench.autosave.due()].into_iter().flatten().min()
    }

    /// Tells whether anything changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Keeps what is shown of accounts fresh while the list of models is open.
    fn refresh_accounts(&mut self) {
        if matches!(self.overlay(), Some(Overlay::Models(_))) {
            self.out.effects.push(Effect::Keys);
        }
    }

    /// Returns what is to be said when the screen is gone; nothing after a good end.
    #[must_use]
    pub fn last_words(&self) -> Option<&str> {
        self.bench.last_words()
    }
}

fn first_bench(starters: &[(String, Prompt, String)], target: &str) -> Workbench {
    let targets = [target.to_owned()];
    let session = "default".to_owned();
    if let Some((name, prompt, sample)) = starters.first() {
        return Workbench::new(Some(name.clone()), prompt, &Input::of(sample), &targets, session);
    }
    let prompt = Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() };
    Workbench::new(None, &prompt, &Input::default(), &targets, session)
}

impl App {
    /// Computes what the screen needs: places, visible rows, what has expired.
    pub fn prepare(&mut self, area: Rect, now: Now) {
        self.shared.now = now;
        self.shared.notices.expire(now);
        let totals = self.shown_screen().has_totals(area.height);
        self.layout = Layout::new(area, totals, self.overlay().and_then(|top| top.part().size()));
        if self.overlay().is_some_and(|top| top.part().is_screen()) {
            self.layout.overlay = self.layout.body;
        }
        (self.shared.body, self.shared.shape) = (self.layout.body, self.layout.shape);
        self.shared.rows = area.height;
        self.shared.covered = !self.overlays.is_empty();
        let (screen, shared, _) = self.shown_mut();
        screen.prepare(shared);
        self.fit_overlay();
    }
}

/// Draws the app as [`App::prepare`] left it.
///
/// Should the terminal have another size by now, what lies outside it is left out; the resize
/// brings the next frame. The terminal's cursor stands at the caret, where input methods open.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let Some(caret) = draw_on(app, frame.buffer_mut()) else {
        return;
    };
    if let Some(cell) = frame.buffer_mut().cell_mut(caret) {
        // The cursor shows the place; on a reversed cell some would not be seen.
        cell.modifier.remove(Modifier::REVERSED);
    }
    frame.set_cursor_position(caret);
}

/// Draws the app on a buffer, and returns where the caret stands; none where nothing is typed.
pub fn draw_on(app: &App, buffer: &mut Buffer) -> Option<Position> {
    let caret = Cell::new(None);
    let scene = Scene::new(&app.shared, app.shown_screen().text_keys(), &caret);
    if app.layout.area == buffer.area {
        match app.layout.shape {
            Shape::Tiny => too_small(scene, buffer),
            Shape::Tabs | Shape::Wide => screen(scene, app, buffer),
        }
    }
    scene.theme.paint(buffer);
    buffer_guard::guard(buffer);
    let look = app.shared.look;
    if look.accessible {
        buffer_guard::words(buffer);
    }
    let place = caret.get().filter(|place| buffer.area.contains(*place));
    let place = if look.accessible { followed(app, place, scene.theme.bar(), buffer) } else { place };
    if !look.unicode {
        buffer_guard::plain(buffer);
    }
    place
}

/// Returns where the cursor stands for a screen reader, which follows it: on the row that has the focus. The caret comes
/// first where a text of a screen or that very row is typed into.
fn followed(app: &App, caret: Option<Position>, bar: &str, buffer: &Buffer) -> Option<Position> {
    let row = buffer_guard::focused_row(buffer, bar);
    match (caret, row) {
        (Some(caret), Some(row)) if app.overlay().is_some() && caret.y != row.y => Some(row),
        (caret, row) => caret.or(row),
    }
}

fn screen(scene: Scene<'_>, app: &App, buffer: &mut Buffer) {
    status_bar::header(scene, app, buffer);
    // What takes the place of the screen stays what is seen, whatever lies over it.
    let instead = Layout { overlay: app.layout.body, ..app.layout };
    let under = app.overlays.iter().rev().skip(1).find(|overlay| overlay.part().is_screen());
    match (app.hiding(), under) {
        (Some(hiding), _) => hiding.draw(scene, &instead, buffer),
        (None, Some(under)) => under.draw(scene, &instead, buffer),
        (None, None) => app.shown_screen().draw(scene, buffer),
    }
    if app.hiding().is_none() {
        status_bar::totals(scene, app, buffer);
    }
    status_bar::status(scene, app, buffer);
    status_bar::footer(scene, app, buffer);
    if let Some(overlay) = app.overlay() {
        scene.caret.set(None);
        // What takes no more than the status line leaves the rest readable: it searches in it.
        if overlay.part().size().is_some() {
            scene.theme.dim(buffer);
        }
        overlay.draw(scene, &app.layout, buffer);
    }
}

/// Says in one sentence, on as many rows as it takes, how large the terminal has to be.
fn too_small(scene: Scene<'_>, buffer: &mut Buffer) {
    let area = buffer.area;
    if area.is_empty() {
        return;
    }
    let (width, height) = SMALLEST;
    let text = format!(
        "retort needs {width}×{height}; this is {}×{}. Make the terminal larger; ctrl-c twice quits.",
        area.width, area.height
    );
    let mut rows = crate::text::Wrapped::new(usize::from(area.width));
    rows.push(&crate::text::clean(&text));
    for (row, place) in (0..rows.rows()).zip(area.rows()) {
        let line = Line::from(scene.span(rows.row(row).text.into_owned(), Role::Text));
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}
