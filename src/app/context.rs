//! What every part of the workbench may use beside what is its own: shared state, what it asks for, and the scene it
//! is drawn in.

use std::cell::Cell;

use jiff::{Zoned, tz::TimeZone};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::Action,
        ask::PendingReplies,
        event::{Effect, Now, Ticket},
        intent::Intent,
        keymap::Keymap,
        lab::Lab,
        layout::Shape,
        metrics::Metrics,
        notices::{Notices, Tone},
        tour::Tour,
    },
    model::{
        Catalog, Prompt, Settings, TerminalCaps,
        model_list::ModelFacts,
        query::Vocabulary,
        quirk::KnownQuirks,
        theme::{ThemeName, ThemeSetting},
    },
    pipeline::{AccountState, KeyState},
    text::{LineChange, clean_line, diff::rows::DiffPiece},
    widgets::{
        key::Chord,
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
    pub settings: Settings,
    /// Every model that can be named.
    pub catalog: Catalog,
    /// The built-in prompts with their names and a sample input each.
    pub starters: Vec<(String, Prompt, String)>,
    /// The target of a lane where nothing names one: `demo` while no real one can be asked.
    pub default_target: String,
    /// The keys.
    pub keymap: Keymap,
    /// What the terminal can show.
    pub look: TerminalCaps,
    /// The theme of the settings as they were read; that of `settings` is the present one.
    pub own_theme: ThemeSetting,
    /// The room of the screen that is shown, as of the last frame.
    pub body: Rect,
    /// How much of it there is.
    pub shape: Shape,
    /// Rows of the terminal, as of the last frame.
    pub rows: u16,
    /// Whether an overlay lies over it.
    pub covered: bool,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// The status line.
    pub notices: Notices,
    /// What to try next, at a first start.
    pub tour: Tour,
    /// The experiment that is set up, under way or has ended.
    pub lab: Lab,
    /// The names that values of filters can have.
    pub vocabulary: Vocabulary,
    /// What the runs came to.
    pub metrics: Metrics,
    /// Who can be asked, what is served and what the user prefers, as of when the list of models was opened last.
    pub model_facts: ModelFacts,
    /// The state of every key, as of when the list of models was opened last.
    pub key_states: Vec<KeyState>,
    /// What models were seen to refuse, as of the run that ended last.
    pub quirks: KnownQuirks,
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

    /// Takes the next theme, round the end: those with hues, and that of the settings where it has colours of its own.
    pub fn next_theme(&mut self) {
        if !self.look.colour {
            return self
                .say(Tone::Info, "this terminal shows no colours: see NO_COLOR, TERM, and `theme` in the settings");
        }
        let names = [ThemeName::Terminal, ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast];
        let mut themes: Vec<ThemeSetting> = names.into_iter().map(ThemeSetting::Named).collect();
        if !themes.contains(&self.own_theme) {
            themes.push(self.own_theme.clone());
        }
        let at = themes.iter().position(|theme| *theme == self.settings.theme).map_or(0, |at| (at + 1) % themes.len());
        let theme = themes.swap_remove(at);
        let keep = match &theme {
            theme if *theme == self.own_theme => String::new(),
            theme => format!("; `theme = \"{theme}\"` in config.toml keeps it"),
        };
        self.say(Tone::Info, &format!("Theme: {theme}{keep}"));
        self.settings.theme = theme;
    }

    /// Returns the day, `YYYY-MM-DD`, in UTC.
    #[must_use]
    pub fn today(&self) -> String {
        self.now.time.to_string().chars().take(10).collect()
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

/// What is known wherever something is drawn, and how it is drawn.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What all screens share.
    pub shared: &'a Shared,
    /// The colours.
    pub theme: Theme,
    /// Where the caret stands, once what is typed into was drawn.
    pub caret: &'a Cell<Option<Position>>,
    /// Tells which keys are text just now; none while nothing is typed.
    text_keys: Option<fn(Chord) -> bool>,
}

impl<'a> Scene<'a> {
    /// Makes the scene of what all screens share, while some keys are text.
    #[must_use]
    pub fn new(shared: &'a Shared, text_keys: Option<fn(Chord) -> bool>, caret: &'a Cell<Option<Position>>) -> Self {
        Self { shared, theme: Theme::of(shared.look, &shared.settings.theme), caret, text_keys }
    }

    /// Returns the time for which the frame was prepared.
    #[must_use]
    pub fn now(&self) -> Now {
        self.shared.now
    }

    /// Writes a row of a comparison in the hues of what came and what went.
    pub(crate) fn diff(&self, pieces: &[DiffPiece]) -> Line<'static> {
        let span = |piece: &DiffPiece| {
            let role = match piece.change {
                LineChange::Same => Role::Text,
                LineChange::Removed => Role::Fail,
                LineChange::Added => Role::Pass,
            };
            self.span(piece.text.clone(), role)
        };
        pieces.iter().map(span).collect()
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
        let usable = |chord: &&Chord| !self.text_keys.is_some_and(|is_text| is_text(**chord));
        let chord = self.shared.keymap.chords(action).iter().find(usable);
        chord.map(|chord| key_name(&chord.to_string())).unwrap_or_default()
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
}
