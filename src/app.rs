//! The workbench's state machine: messages in, effects out, no IO.
//!
//! [`App::update`] is total and synchronous, so a session can be replayed from its messages. What
//! the screen needs is computed in [`App::prepare`], just before it is drawn from `&App`.

pub mod act;
pub mod action;
pub mod asking;
pub mod batch;
pub mod choice;
pub mod chord;
pub mod compare;
pub mod difference;
pub mod field;
pub mod focus;
pub mod history;
pub mod inputs;
mod inputting;
mod json;
pub mod judged;
mod judging;
pub mod keymap;
pub mod keys;
pub mod lane;
mod lanes;
pub mod layout;
pub mod line;
pub mod messages;
mod messaging;
pub mod metrics;
pub mod msg;
pub mod notice;
pub mod overlay;
mod picked;
mod prepare;
pub mod quality;
mod quit;
mod runs;
pub mod scoring;
pub mod screen;
mod stored;
pub mod table;
mod together;
pub mod versions;
pub mod view;
pub mod weighing;
pub mod workbench;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crossterm::event::MouseEventKind;
use jiff::{Zoned, tz::TimeZone};

use crate::{
    model::{Catalog, Input, Look, Prompt, Session, Settings},
    pipeline::{AccountState, KeyState},
    store::job::Job,
    text::{Safe, clean_line},
};
pub use action::{ACTIONS, Action};
use batch::Batches;
use history::History;
pub use keymap::Keymap;
pub use layout::Layout;
use metrics::Metrics;
pub use msg::{Effect, FieldId, Msg, Now, Ticket};
use notice::{Notices, Tone};
use overlay::Overlay;
use quality::Quality;
pub use screen::Screen;
use stored::Asked;
use workbench::Workbench;

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
    pub look: Look,
    /// What went wrong before the start, in words.
    pub notices: Vec<String>,
    /// The time zone whose days and times of day are meant where none is named.
    pub zone: TimeZone,
}

/// The workbench: its state, and what it asks of the world.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct App {
    /// The screen that is shown.
    pub screen: Screen,
    /// The bench.
    pub bench: Workbench,
    /// The batch.
    pub batch: Batches,
    /// The runs on record.
    pub history: History,
    /// What the runs came to.
    pub metrics: Metrics,
    /// What they come to.
    pub quality: Quality,
    /// The answers that are judged again, while that is under way or was stopped.
    pub scoring: Option<scoring::Scoring>,
    /// What lies over the screen, the last on top.
    pub overlays: Vec<Overlay>,
    /// The keys.
    pub keymap: Keymap,
    /// The status line.
    pub notices: Notices,
    /// Which real providers were found, while that is news.
    pub banner: Option<Safe>,
    /// Where everything is, as of the last [`App::prepare`].
    pub layout: Layout,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// The time as of the last message or frame.
    pub now: Now,
    /// The time zone whose days and times of day are meant where none is named.
    pub zone: TimeZone,
    /// The settings.
    pub settings: Settings,
    /// What the terminal can show.
    pub look: Look,
    /// Every model that can be named.
    pub catalog: Catalog,
    /// The state of every key, as of when the list of models was opened last.
    pub key_states: Vec<KeyState>,
    /// What each account uses of its limits, as of then.
    pub accounts: Vec<AccountState>,
    starters: Vec<(String, Prompt, String)>,
    default_target: String,
    /// Whether there was no session to go on with.
    first: bool,
    /// Steps by which the left column is wider and the prompt taller than usual.
    bigger: (i16, i16),
    focused: bool,
    dirty: bool,
    tickets: u64,
    asked: BTreeMap<Ticket, Asked>,
    stopped: Option<Instant>,
    saved: u64,
    save_at: Option<Instant>,
    /// Why the session could not be saved the last time.
    unsaved: Option<String>,
    quitting: Option<quit::Quitting>,
    quit_since: Option<Instant>,
    last_words: Option<String>,
    effects: Vec<Effect>,
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
            screen: Screen::Bench,
            bench,
            batch: Batches::default(),
            history: History::default(),
            metrics: Metrics::default(),
            quality: Quality::default(),
            scoring: None,
            overlays: Vec::new(),
            keymap: start.keymap,
            notices: Notices::default(),
            banner: None,
            layout: Layout::default(),
            mouse: start.settings.mouse,
            now,
            zone: start.zone,
            settings: start.settings,
            look: start.look,
            catalog: start.catalog,
            key_states: Vec::new(),
            accounts: Vec::new(),
            starters: start.starters,
            default_target: start.default_target,
            first: start.session.is_none(),
            bigger: (0, 0),
            focused: true,
            dirty: true,
            tickets: 0,
            asked: BTreeMap::new(),
            stopped: None,
            saved: 0,
            save_at: None,
            unsaved: None,
            quitting: None,
            quit_since: None,
            last_words: None,
            effects: Vec::new(),
        };
        app.bench.settle();
        app.saved = app.bench.revision();
        app.found(&start.found);
        for notice in start.notices {
            app.say(Tone::Warning, &notice);
        }
        app.ask_metrics(now.time);
        if app.mouse {
            app.effects.push(Effect::SetMouse(true));
        }
        let effects = std::mem::take(&mut app.effects);
        (app, effects)
    }

    /// Returns the time as of the last message or frame, in the person's time zone.
    #[must_use]
    pub fn local_now(&self) -> Zoned {
        self.now.time.to_zoned(self.zone.clone())
    }

    /// Takes a message in and returns what is to be done.
    pub fn update(&mut self, msg: Msg, now: Now) -> Vec<Effect> {
        self.now = now;
        self.dirty |= !matches!(&msg, Msg::Mouse(event) if event.kind == MouseEventKind::Moved);
        self.notices.expire(now);
        match msg {
            Msg::Key(event) => self.key(event),
            Msg::Paste(text) => self.paste(&text),
            Msg::Mouse(event) => self.mouse(event),
            Msg::Tick => self.look_at_accounts(),
            Msg::Resized | Msg::Resumed => {}
            Msg::Focused(focused) => self.focused = focused,
            Msg::Do(action) => self.act(action),
            Msg::Run(ticket, told) => self.told(ticket, told),
            Msg::BatchBegun(ticket, id) => self.batch.begun(ticket, id),
            Msg::Batch(ticket, events) => self.batch_told(ticket, events),
            Msg::Planned(ticket, planned) => self.planned(ticket, planned.map(|planned| *planned)),
            Msg::Completed(ticket, path, choices) => self.completed(ticket, &path, &choices),
            Msg::Stored(ticket, answer) => self.stored(ticket, answer),
            Msg::Edited(field, text) => self.edited(field, text),
            Msg::Copied { what, way, send } => {
                self.effects.extend(send.map(Effect::SendCopy));
                self.say(Tone::Info, &format!("{way}: {what}"));
            }
            Msg::Found(found) => self.found(&found),
            Msg::Keys(keys, accounts) => (self.key_states, self.accounts) = (keys, accounts),
            Msg::Fault(fault) => self.say(Tone::Error, &fault),
            Msg::Quit => self.must_quit(),
        }
        self.bench.settle();
        self.bench.settle_comparison();
        self.settle_weighings();
        self.ask_rows();
        if let Some(shown) = &mut self.batch.shown {
            shown.weigh();
        }
        self.settle_history();
        self.settle_quality();
        self.settle_what_if();
        self.autosave();
        std::mem::take(&mut self.effects)
    }

    /// Tells when the picture or the state next changes by itself: a [`Msg::Tick`] is due then.
    #[must_use]
    pub fn wake_at(&self, now: Now) -> Option<Instant> {
        let beat = (self.bench.busy() || self.batch.busy()).then(|| {
            let pause = if self.focused { BEAT } else { Duration::from_secs(1) };
            now.at + pause
        });
        let rows = self.what_if_lacks().then_some(now.at);
        [beat, rows, self.notices.wake_at(), self.save_at].into_iter().flatten().min()
    }

    /// Tells whether anything changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Returns what lies on top of the bench.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlays.last()
    }

    /// Returns the day, `YYYY-MM-DD`, in UTC.
    #[must_use]
    pub fn today(&self) -> String {
        self.now.time.to_string().chars().take(10).collect()
    }

    /// Says something on the status line.
    fn say(&mut self, tone: Tone, text: &str) {
        self.notices.say(tone, clean_line(text), self.now);
    }

    /// Tells which real providers were found: at the first start, and while there is none but the
    /// demonstration in the lanes.
    fn found(&mut self, found: &[String]) {
        let demo = self.bench.lanes.iter().all(|lane| self.is_demo(&lane.spec.target));
        if found.is_empty() || !(demo || self.first) {
            return;
        }
        let what = if demo { "takes one" } else { "takes another" };
        let key = self.keymap.shown(Action::Models, false).map_or_else(String::new, |key| format!("; {key} {what}"));
        self.banner = Some(clean_line(&format!("found {}{key}", found.join(", "))));
    }

    /// Says how the keys of a provider stand; nothing where it has none.
    #[must_use]
    pub fn keys_of(&self, provider: &str) -> Option<Safe> {
        let own = self.key_states.iter().filter(|key| key.provider == provider);
        let said: Vec<String> = own.map(|key| overlay::models::standing(key, self.now.time)).collect();
        (!said.is_empty()).then(|| clean_line(&said.join(" · ")))
    }

    /// Says what the accounts of a provider use of their limits; nothing where it has none.
    #[must_use]
    pub fn accounts_of(&self, provider: &str) -> Option<Safe> {
        let own = self.accounts.iter().filter(|account| account.provider == provider);
        let said: Vec<String> = own.map(|account| overlay::accounts::usage(account, self.now.time)).collect();
        (!said.is_empty()).then(|| clean_line(&said.join(" · ")))
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    fn ask_store(&mut self, job: Job, asked: Asked) {
        let ticket = self.ticket();
        self.asked.insert(ticket, asked);
        self.effects.push(Effect::Store(ticket, job));
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
