//! The workbench's state machine: messages in, effects out, no IO.
//!
//! [`App::update`] is total and synchronous, so a session can be replayed from its messages. What
//! the screen needs is computed in [`App::prepare`], just before it is drawn from `&App`.
//!
//! What the screen needs, computed just before it is drawn: places, visible rows, what has expired.
//!
//! Drawing: a function of the app that cannot fail, block or change anything.

pub mod action;
pub(crate) mod ask;
pub mod batch;
pub mod context;
pub mod event;
pub mod history;
pub mod input;
pub mod intent;
pub mod keymap;
pub mod overlay;
pub mod quality;
pub(crate) mod query_line;
pub mod rescore;
pub mod screen;
pub mod status_bar;
pub mod workbench;

pub mod overlays;
pub(crate) mod quit;
pub(crate) mod store_request;

use std::{
    cell::Cell,
    collections::BTreeMap,
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
    screen::ScreenId,
    workbench::layout::Layout,
};
use crate::{
    app::{
        action::BenchAction,
        batch::Batches,
        context::{Cx, Outbox, Scene, Shared},
        history::History,
        overlay::Overlay,
        overlays::models,
        quality::QualityScreen,
        screen::Slot,
        status_bar::{Notices, Tone},
        store_request::Pending,
        workbench::{
            Focus, Workbench,
            layout::{SMALLEST, Shape, Wish},
            metrics,
            metrics::Metrics,
            view::lane,
        },
    },
    model::{Catalog, Input, Prompt, Session, Settings, TerminalCaps, query::Vocabulary},
    store::api::StoreRequest,
    text::{SanitizedText, clean_line},
    widgets::{buffer_guard, theme::Role},
};

/// How often the picture changes by itself while something runs.
const BEAT: Duration = Duration::from_millis(100);

/// How long after an edit the session is saved.
const AUTOSAVE: Duration = Duration::from_secs(1);

/// How long after a failure the session is saved again.
const SAVE_AGAIN: Duration = Duration::from_secs(10);

/// Within which time a second ctrl-c quits.
const TWICE: Duration = Duration::from_secs(2);

/// Runs longer than this ring when they end while the terminal is not looked at.
const LONG: Duration = Duration::from_secs(5);

/// What the workbench starts with.
#[derive(Debug, Clone)]
pub struct Start {
    /// The settings.
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
    /// The bench.
    pub bench: Workbench,
    /// The batch.
    pub batch: Slot<Batches>,
    /// The runs on record.
    pub history: Slot<History>,
    /// What they come to.
    pub quality: Slot<QualityScreen>,
    /// What all of them share.
    pub shared: Shared,
    /// The answers that are judged again, while that is under way or was stopped.
    pub scoring: Option<rescore::Rescore>,
    /// What lies over the screen, the last on top.
    pub overlays: Vec<Overlay>,
    /// Which real providers were found, while that is news.
    pub banner: Option<SanitizedText>,
    /// Where everything is, as of the last [`App::prepare`].
    pub layout: Layout,
    /// Whether the mouse is captured.
    pub mouse: bool,
    starters: Vec<(String, Prompt, String)>,
    default_target: String,
    /// Whether there was no session to go on with.
    first: bool,
    /// Steps by which the left column is wider and the prompt taller than usual.
    bigger: (i16, i16),
    dirty: bool,
    out: Outbox,
    asked: BTreeMap<Ticket, Pending>,
    stopped: Option<Instant>,
    saved: u64,
    save_at: Option<Instant>,
    /// Why the session could not be saved the last time.
    unsaved: Option<String>,
    quitting: Option<quit::Quitting>,
    quit_since: Option<Instant>,
    last_words: Option<String>,
}

impl App {
    /// Sets the bench up. The effects are to be carried out before the first message.
    #[must_use]
    pub fn new(start: Start, now: Now) -> (Self, Vec<Effect>) {
        let bench = match &start.session {
            Some(session) => Workbench::restored(session, &start.default_target),
            None => first_bench(&start.starters, &start.default_target),
        };
        let mut app = Self {
            screen: ScreenId::Bench,
            bench,
            batch: Slot::default(),
            history: Slot::default(),
            quality: Slot::default(),
            mouse: start.settings.mouse,
            shared: Shared {
                now,
                zone: start.zone,
                settings: start.settings,
                catalog: start.catalog,
                keymap: start.keymap,
                look: start.look,
                body: Rect::default(),
                notices: Notices::default(),
                vocabulary: Vocabulary::default(),
                metrics: Metrics::default(),
                key_states: Vec::new(),
                accounts: Vec::new(),
                focused: true,
            },
            scoring: None,
            overlays: Vec::new(),
            banner: None,
            layout: Layout::default(),
            starters: start.starters,
            default_target: start.default_target,
            first: start.session.is_none(),
            bigger: (0, 0),
            dirty: true,
            out: Outbox::default(),
            asked: BTreeMap::new(),
            stopped: None,
            saved: 0,
            save_at: None,
            unsaved: None,
            quitting: None,
            quit_since: None,
            last_words: None,
        };
        app.bench.settle();
        app.saved = app.bench.revision();
        app.found(&start.found);
        for notice in start.notices {
            app.say(Tone::Warning, &notice);
        }
        app.ask_metrics(now.time);
        if app.mouse {
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
            Event::Run(ticket, told) => self.receive_event(ticket, told),
            Event::BatchBegun(ticket, id) => self.batch.begun(ticket, id),
            Event::Batch(ticket, events) => self.on_batch(|it, cx| it.receive_events(ticket, events, cx)),
            Event::Planned(ticket, planned) => self.on_batch(|it, _| it.planned(ticket, planned)),
            Event::Completed(ticket, path, choices) => {
                self.on_batch(|it, cx| it.completed(ticket, &path, &choices, cx));
            }
            Event::Stored(ticket, answer) => self.stored(ticket, answer),
            Event::Edited(field, text) => self.edited(field, text),
            Event::Copied { what, way, send } => {
                self.out.effects.extend(send.map(Effect::SendCopy));
                self.say(Tone::Info, &format!("{way}: {what}"));
            }
            Event::Found(found) => self.found(&found),
            Event::Keys(keys, accounts) => (self.shared.key_states, self.shared.accounts) = (keys, accounts),
            Event::Fault(fault) => self.say(Tone::Error, &fault),
            Event::Quit => self.must_quit(),
        }
        self.follow_all();
        self.bench.settle();
        self.bench.settle_comparison();
        self.settle_weighings();
        self.settle_screens();
        self.autosave();
        std::mem::take(&mut self.out.effects)
    }

    /// Tells when the picture or the state next changes by itself: a [`Event::Tick`] is due then.
    #[must_use]
    pub fn wake_at(&self, now: Now) -> Option<Instant> {
        let beat = (self.bench.busy() || self.batch.busy()).then(|| {
            let pause = if self.shared.focused { BEAT } else { Duration::from_secs(1) };
            now.at + pause
        });
        let rows = (self.screen == ScreenId::Quality && self.quality.lacks_rows()).then_some(now.at);
        [beat, rows, self.shared.notices.wake_at(), self.save_at].into_iter().flatten().min()
    }

    /// Tells whether anything changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Returns the day, `YYYY-MM-DD`, in UTC.
    #[must_use]
    pub fn today(&self) -> String {
        self.shared.now.time.to_string().chars().take(10).collect()
    }

    /// Says something on the status line.
    fn say(&mut self, tone: Tone, text: &str) {
        self.shared.say(tone, text);
    }

    /// Stops the batch that is under way. Tells whether there is one.
    fn stop_batch(&mut self) -> bool {
        self.on_batch(Batches::stop)
    }

    /// Has something done on the batch screen.
    fn on_batch<T>(&mut self, act: impl FnOnce(&mut Batches, &mut Cx<'_, Batches>) -> T) -> T {
        let Self { batch, shared, out, .. } = self;
        batch.with(shared, out, act)
    }

    /// Tells which real providers were found: at the first start, and while there is none but the
    /// demonstration in the lanes.
    fn found(&mut self, found: &[String]) {
        let demo = self.bench.lanes.iter().all(|lane| self.is_demo(&lane.spec.target));
        if found.is_empty() || !(demo || self.first) {
            return;
        }
        let what = if demo { "takes one" } else { "takes another" };
        let key = self
            .shared
            .keymap
            .shown(BenchAction::Models, false)
            .map_or_else(String::new, |key| format!("; {key} {what}"));
        self.banner = Some(clean_line(&format!("found {}{key}", found.join(", "))));
    }

    /// Keeps what is shown of accounts fresh while the list of models is open.
    fn refresh_accounts(&mut self) {
        if matches!(self.overlay(), Some(Overlay::Models(_))) {
            self.out.effects.push(Effect::Keys);
        }
    }

    /// Sets how many calls each account of a provider may have under way.
    fn set_concurrency(&mut self, provider: String, most: usize) {
        for account in self.shared.accounts.iter_mut().filter(|account| account.provider == provider) {
            account.limits.concurrency = Some(most);
            account.concurrency = Some(most);
        }
        self.out.effects.push(Effect::Concurrency { provider, most });
    }

    /// Says how the keys of a provider stand; nothing where it has none.
    #[must_use]
    pub fn keys_of(&self, provider: &str) -> Option<SanitizedText> {
        let own = self.shared.key_states.iter().filter(|key| key.provider == provider);
        let said: Vec<String> = own.map(|key| models::key_status(key, self.shared.now.time)).collect();
        (!said.is_empty()).then(|| clean_line(&said.join(" · ")))
    }

    /// Says what the accounts of a provider use of their limits; nothing where it has none.
    #[must_use]
    pub fn accounts_of(&self, provider: &str) -> Option<SanitizedText> {
        let own = self.shared.accounts.iter().filter(|account| account.provider == provider);
        let said: Vec<String> = own.map(|account| models::usage(account, self.shared.now.time)).collect();
        (!said.is_empty()).then(|| clean_line(&said.join(" · ")))
    }

    fn ask_store(&mut self, job: StoreRequest, asked: Pending) {
        let ticket = self.out.ticket();
        self.asked.insert(ticket, asked);
        self.out.effects.push(Effect::Store(ticket, job));
    }

    /// Tells whether the session could not be saved the last time.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.unsaved.is_some()
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
        let (left, prompt) = self.bigger;
        let wish = Wish {
            lanes: self.bench.lanes.len(),
            lane: self.bench.lane_at(),
            solo: self.bench.solo.is_some(),
            focus: self.bench.focus,
            zoom: self.bench.zoom,
            left,
            prompt,
            banner: self.banner.is_some() && self.screen == ScreenId::Bench,
            overlay: self.overlay().and_then(|top| top.part().size()),
            beside: self.screen != ScreenId::Bench,
        };
        self.layout = Layout::new(area, &wish);
        self.shared.body = self.layout.body;
        if self.screen == ScreenId::Bench {
            self.prepare_bench();
        } else {
            self.prepare_screen();
        }
        self.fit_overlay();
    }

    fn prepare_bench(&mut self) {
        let width = self.layout.message_width();
        let rows: Vec<u16> = self.bench.messages.iter().map(|message| message.field.rows(width)).collect();
        let variables = self.bench.variables().next().is_some();
        self.layout.place_messages(&rows, self.bench.message_at(), variables);
        for (lane, place) in self.bench.lanes.iter_mut().zip(&mut self.layout.lanes) {
            if !place.text.is_empty() {
                place.make_tally(lane.samples() > 1);
                place.make_head(lane.head_rows(place.text.width));
                let take = lane.shown_mut();
                place.make_room(take.card.as_ref(), !take.view().is_empty());
                take.fit(place.text.width, place.text.height);
            }
        }
        let editing = self.bench.typing && self.overlays.is_empty();
        let focus = self.bench.focus;
        for (at, (field, place)) in self.bench.messages.fields_mut().zip(&self.layout.messages).enumerate() {
            field.fit(place.text.width, place.text.height);
            field.show_cursor(editing && focus == Focus::Message(at));
        }
        self.bench.input.fit(self.layout.input_text.width, self.layout.input_text.height);
        self.bench.input.show_cursor(editing && focus == Focus::Input);
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
    let scene = Scene::new(app, &caret);
    if app.layout.area == buffer.area {
        match app.layout.shape {
            Shape::Tiny => too_small(scene, buffer),
            Shape::Tabs | Shape::Wide => screen(scene, buffer),
        }
    }
    buffer_guard::guard(buffer);
    if !app.shared.look.unicode {
        buffer_guard::plain(buffer);
    }
    caret.get().filter(|place| buffer.area.contains(*place))
}

fn screen(scene: Scene<'_>, buffer: &mut Buffer) {
    status_bar::title(scene, buffer);
    match scene.app.shown_screen() {
        Some(screen) => screen.draw(scene, buffer),
        None => bench(scene, buffer),
    }
    status_bar::status(scene, buffer);
    status_bar::footer(scene, buffer);
    if scene.app.overlay().is_some() {
        scene.caret.set(None);
    }
    overlay::draw(scene, buffer);
}

fn bench(scene: Scene<'_>, buffer: &mut Buffer) {
    status_bar::tabs(scene, buffer);
    status_bar::strip(scene, buffer);
    status_bar::banner(scene, buffer);
    workbench::view::draw_prompt(scene, buffer);
    workbench::view::draw_input(scene, buffer);
    for (at, (lane, area)) in scene.app.bench.lanes.iter().zip(&scene.app.layout.lanes).enumerate() {
        lane::draw(scene, at, lane, area, buffer);
    }
    metrics::draw(scene, buffer);
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
