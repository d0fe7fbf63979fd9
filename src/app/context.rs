//! What every part of the workbench may use beside what is its own: shared state, what it asks for, and the scene it
//! is drawn in.

use std::cell::Cell;

use jiff::{Zoned, tz::TimeZone};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::Span,
};

use crate::{
    app::{
        App,
        action::Action,
        ask::PendingReplies,
        event::{Effect, Now, Ticket},
        intent::Intent,
        keymap::Keymap,
        overlay::Overlay,
        overlays::confirm::Confirm,
        status_bar::{Notices, Tone},
        workbench::{Focus, metrics::Metrics},
    },
    model::{Catalog, Settings, TerminalCaps, query::Vocabulary},
    pipeline::{AccountState, KeyState},
    text::clean_line,
    widgets::{
        frame::Hold,
        line_input,
        line_input::{LineInput, LineStyle},
        theme::{Role, Theme},
    },
};

/// What all screens read and add to.
#[derive(Debug)]
pub struct Shared {
    /// The time as of the last message or frame.
    pub now: Now,
    /// The time zone whose days and times of day are meant where none is named.
    pub zone: TimeZone,
    /// The settings.
    pub settings: Settings,
    /// Every model that can be named.
    pub catalog: Catalog,
    /// The keys.
    pub keymap: Keymap,
    /// What the terminal can show.
    pub look: TerminalCaps,
    /// The room of a screen beside the bench, as of the last frame.
    pub body: Rect,
    /// The status line.
    pub notices: Notices,
    /// The names that values of filters can have.
    pub vocabulary: Vocabulary,
    /// What the runs came to.
    pub metrics: Metrics,
    /// The state of every key, as of when the list of models was opened last.
    pub key_states: Vec<KeyState>,
    /// What each account uses of its limits, as of then.
    pub accounts: Vec<AccountState>,
    /// Whether the terminal has the focus.
    pub focused: bool,
}

impl Shared {
    /// Says something on the status line.
    pub fn say(&mut self, tone: Tone, text: &str) {
        self.notices.say(tone, clean_line(text), self.now);
    }

    /// Returns the time as of the last message or frame, in the person's time zone.
    #[must_use]
    pub fn local_now(&self) -> Zoned {
        self.now.time.to_zoned(self.zone.clone())
    }
}

/// What is asked of the world, and of other parts of the workbench.
#[derive(Debug, Default)]
pub struct Outbox {
    /// What is to be done outside.
    pub effects: Vec<Effect>,
    /// What is to be done elsewhere in the workbench, in order.
    pub intents: Vec<Intent>,
    tickets: u64,
}

impl Outbox {
    /// Names one thing that is about to be asked for.
    pub fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }
}

/// What a screen may use while it does something.
pub struct Cx<'a, S> {
    /// What all screens share.
    pub shared: &'a mut Shared,
    /// What is asked for.
    pub out: &'a mut Outbox,
    /// The answers that the screen waits for.
    pub(crate) pending: &'a mut PendingReplies<S>,
}

impl<S: 'static> Cx<'_, S> {
    /// Says something on the status line.
    pub fn say(&mut self, tone: Tone, text: &str) {
        self.shared.say(tone, text);
    }

    /// Wants something of another part of the workbench, once this one is done.
    pub fn send(&mut self, intent: Intent) {
        self.out.intents.push(intent);
    }

    /// Opens an overlay over what is there.
    pub fn open(&mut self, overlay: impl Into<Overlay>) {
        self.send(Intent::open(overlay));
    }

    /// Asks a question; what follows a yes is given with the words for it.
    pub fn confirm(&mut self, text: &str, yes: &'static str, then: Intent) {
        self.open(Confirm::new(text, yes, then));
    }

    /// Asks for something outside.
    pub fn effect(&mut self, effect: Effect) {
        self.out.effects.push(effect);
    }
}

/// Writes a key as keyboards name it: `F5`, else as in the key map.
#[must_use]
pub fn key_name(chord: &str) -> String {
    let function = chord.strip_prefix('f').is_some_and(|number| number.parse::<u8>().is_ok());
    if function { chord.to_uppercase() } else { chord.to_owned() }
}

/// The app as it is drawn, with the theme it is drawn in.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What is drawn.
    pub app: &'a App,
    /// What all screens share.
    pub shared: &'a Shared,
    /// How.
    pub theme: Theme,
    /// Where the caret stands, once what is typed into was drawn.
    pub caret: &'a Cell<Option<Position>>,
}

impl<'a> Scene<'a> {
    /// Makes the scene of an app.
    #[must_use]
    pub fn new(app: &'a App, caret: &'a Cell<Option<Position>>) -> Self {
        Self { app, shared: &app.shared, theme: Theme::new(app.shared.look), caret }
    }

    /// Returns the time for which the frame was prepared.
    #[must_use]
    pub fn now(&self) -> Now {
        self.shared.now
    }

    /// Styles a text that is the program's own.
    #[must_use]
    pub fn span(&self, text: impl Into<String>, role: Role) -> Span<'static> {
        Span::styled(text.into(), self.theme.style(role))
    }

    /// Styles a text that comes from outside: a name, a model's word, a provider's message.
    #[must_use]
    pub fn foreign(&self, text: &str, role: Role) -> Span<'static> {
        Span::styled(clean_line(text).as_str().to_owned(), self.theme.style(role))
    }

    /// Writes the key of an action as it can be pressed now; empty where it has none.
    #[must_use]
    pub fn key(&self, action: impl Into<Action>) -> String {
        self.app.key_of(action).map(|chord| key_name(&chord.to_string())).unwrap_or_default()
    }

    /// Writes the key of an action where a text is or is not being edited.
    #[must_use]
    pub fn key_where(&self, action: impl Into<Action>, typing: bool) -> String {
        self.shared.keymap.shown(action, typing).map(|chord| key_name(&chord.to_string())).unwrap_or_default()
    }

    /// Makes a key with what it does.
    #[must_use]
    pub fn hint(&self, action: impl Into<Action>, does: &str) -> Vec<Span<'static>> {
        vec![self.span(self.key(action), Role::Key), self.span(format!(" {does}"), Role::Text)]
    }

    /// Draws a line that is being typed.
    pub fn line(&self, line: &LineInput, lead: &str, empty: &str, area: Rect, buffer: &mut Buffer) {
        line_input::draw(line, LineStyle { lead, empty, theme: self.theme }, area, self.caret, buffer);
    }

    /// Tells whether a pane has the keys.
    #[must_use]
    pub fn hold(&self, of: impl Fn(Focus) -> bool) -> Hold {
        let bench = &self.app.bench;
        match (of(bench.focus), bench.typing) {
            (false, _) => Hold::Away,
            (true, true) => Hold::Typing,
            (true, false) => Hold::Focused,
        }
    }
}
