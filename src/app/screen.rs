//! The screens: which there are, how one is reached and left, and what all of them answer to.
//!
//! The bench is one of them. Leaving a screen stops nothing that runs.

use std::{
    fmt::Debug,
    ops::{Deref, DerefMut},
};

use ratatui::{buffer::Buffer, layout::Position};

use crate::{
    app::{
        Action, App,
        action::{ACTIONS, ActionInfo, GlobalAction, Verb},
        ask::PendingReplies,
        context::{Cx, Outbox, Scene, Shared},
        event::{Effect, Ticket},
        keymap::KeyContext,
    },
    model::error::StoreError,
    store::api::StoreReply,
    widgets::{key::Chord, motion::Motion},
};

/// One screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScreenId {
    /// The workbench.
    #[default]
    Bench,
    /// The batch.
    Batch,
    /// The runs on record.
    History,
    /// What the runs on record come to.
    Quality,
}

impl ScreenId {
    /// Every screen, in the order of their keys.
    pub const ALL: &[Self] = &[Self::Bench, Self::Batch, Self::History, Self::Quality];

    /// Returns its name in the title.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bench => "Workbench",
            Self::Batch => "Batch",
            Self::History => "History",
            Self::Quality => "Quality",
        }
    }

    /// Returns its name in a sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Batch => "batch",
            Self::History => "history",
            Self::Quality => "quality screen",
        }
    }

    /// Returns the action that goes there.
    #[must_use]
    pub fn action(self) -> Action {
        Action::Global(match self {
            Self::Bench => GlobalAction::ScreenBench,
            Self::Batch => GlobalAction::ScreenBatch,
            Self::History => GlobalAction::ScreenHistory,
            Self::Quality => GlobalAction::ScreenQuality,
        })
    }
}

/// How the footer has an action just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Footer {
    /// Not at all.
    Hidden,
    /// By its own label.
    Shown,
    /// By another label.
    As(&'static str),
}

impl Footer {
    /// Shows an action by its own label where that is of use.
    #[must_use]
    pub fn of(useful: bool) -> Self {
        if useful { Self::Shown } else { Self::Hidden }
    }
}

/// Where the mouse was used on a screen's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// The place, as on the whole screen.
    pub at: Position,
    /// The rows by which the wheel was turned; none of a click.
    pub wheel: Option<isize>,
}

/// A screen beside the bench: its state, what is done on it, and how it is drawn.
///
/// It names no other screen: what it wants of one it sends as an [`Intent`](crate::app::intent::Intent).
pub trait Screen: Debug + Sized + 'static {
    /// The actions it alone answers to.
    type Own: Copy;
    /// What others may want of it.
    type Request;

    /// Comes onto the screen.
    fn enter(&mut self, cx: &mut Cx<'_, Self>);

    /// Does an action of its own.
    fn act(&mut self, action: Self::Own, cx: &mut Cx<'_, Self>);

    /// Does what other screens do, too.
    fn verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>);

    /// Moves in what is shown.
    fn go(&mut self, motion: Motion, cx: &mut Cx<'_, Self>);

    /// Does what another part of the workbench wants of it.
    fn receive(&mut self, request: Self::Request, cx: &mut Cx<'_, Self>);

    /// Tells whether letters go into a text.
    fn typing(&self) -> bool;

    /// Takes a key into the line that is being typed. Tells whether it meant anything to it.
    fn key(&mut self, chord: Chord, cx: &mut Cx<'_, Self>) -> bool;

    /// Takes a paste into a line.
    fn paste(&mut self, text: &str, cx: &mut Cx<'_, Self>);

    /// Takes a click or a turn of the wheel.
    fn mouse(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>);

    /// Asks for what it lacks, after anything has happened.
    fn settle(&mut self, is_shown: bool, cx: &mut Cx<'_, Self>);

    /// Computes what is in sight, before it is drawn on [`Shared::body`].
    fn prepare(&mut self, shared: &Shared);

    /// Draws it.
    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer);

    /// Tells how the footer has an action just now.
    fn footer(&self, action: Action) -> Footer;
}

/// A screen with the answers it waits for.
#[derive(Debug, Default)]
pub struct Slot<S> {
    screen: S,
    pending: PendingReplies<S>,
}

impl<S> Deref for Slot<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.screen
    }
}

impl<S> DerefMut for Slot<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.screen
    }
}

impl<S> Slot<S> {
    /// Has something done on the screen.
    pub(crate) fn with<T>(
        &mut self,
        shared: &mut Shared,
        out: &mut Outbox,
        act: impl FnOnce(&mut S, &mut Cx<'_, S>) -> T,
    ) -> T {
        let Self { screen, pending } = self;
        act(screen, &mut Cx { shared, out, pending })
    }
}

/// What the app wants of whichever screen is shown.
pub(crate) trait AnyScreen {
    fn enter(&mut self, shared: &mut Shared, out: &mut Outbox);
    fn verb(&mut self, verb: Verb, shared: &mut Shared, out: &mut Outbox);
    fn go(&mut self, motion: Motion, shared: &mut Shared, out: &mut Outbox);
    fn typing(&self) -> bool;
    fn key(&mut self, chord: Chord, shared: &mut Shared, out: &mut Outbox) -> bool;
    fn paste(&mut self, text: &str, shared: &mut Shared, out: &mut Outbox);
    fn mouse(&mut self, pointer: Pointer, shared: &mut Shared, out: &mut Outbox);
    fn settle(&mut self, is_shown: bool, shared: &mut Shared, out: &mut Outbox);
    fn waits_for(&self, ticket: Ticket) -> bool;
    fn answer(&mut self, ticket: Ticket, answer: Result<StoreReply, StoreError>, shared: &mut Shared, out: &mut Outbox);
    fn prepare(&mut self, shared: &Shared);
    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer);
    fn footer(&self, action: Action) -> Footer;
}

impl<S: Screen> AnyScreen for Slot<S> {
    fn enter(&mut self, shared: &mut Shared, out: &mut Outbox) {
        self.with(shared, out, S::enter);
    }

    fn verb(&mut self, verb: Verb, shared: &mut Shared, out: &mut Outbox) {
        self.with(shared, out, |screen, cx| screen.verb(verb, cx));
    }

    fn go(&mut self, motion: Motion, shared: &mut Shared, out: &mut Outbox) {
        self.with(shared, out, |screen, cx| screen.go(motion, cx));
    }

    fn typing(&self) -> bool {
        self.screen.typing()
    }

    fn key(&mut self, chord: Chord, shared: &mut Shared, out: &mut Outbox) -> bool {
        self.with(shared, out, |screen, cx| screen.key(chord, cx))
    }

    fn paste(&mut self, text: &str, shared: &mut Shared, out: &mut Outbox) {
        self.with(shared, out, |screen, cx| screen.paste(text, cx));
    }

    fn mouse(&mut self, pointer: Pointer, shared: &mut Shared, out: &mut Outbox) {
        self.with(shared, out, |screen, cx| screen.mouse(pointer, cx));
    }

    fn settle(&mut self, is_shown: bool, shared: &mut Shared, out: &mut Outbox) {
        self.with(shared, out, |screen, cx| screen.settle(is_shown, cx));
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        self.pending.has(ticket)
    }

    fn answer(
        &mut self,
        ticket: Ticket,
        answer: Result<StoreReply, StoreError>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        self.with(shared, out, |screen, cx| cx.answer(screen, ticket, answer));
    }

    fn prepare(&mut self, shared: &Shared) {
        self.screen.prepare(shared);
    }

    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer) {
        self.screen.draw(scene, buffer);
    }

    fn footer(&self, action: Action) -> Footer {
        self.screen.footer(action)
    }
}

impl App {
    /// Returns a screen with what it may use; none for the bench.
    fn beside(&mut self, screen: ScreenId) -> Option<(&mut dyn AnyScreen, &mut Shared, &mut Outbox)> {
        let Self { batch, history, quality, shared, out, .. } = self;
        let slot: &mut dyn AnyScreen = match screen {
            ScreenId::Bench => return None,
            ScreenId::Batch => batch,
            ScreenId::History => history,
            ScreenId::Quality => quality,
        };
        Some((slot, shared, out))
    }

    /// Returns the screen that is shown, to be read; none where it is the bench.
    pub(crate) fn shown_screen(&self) -> Option<&dyn AnyScreen> {
        match self.screen {
            ScreenId::Bench => None,
            ScreenId::Batch => Some(&self.batch),
            ScreenId::History => Some(&self.history),
            ScreenId::Quality => Some(&self.quality),
        }
    }

    /// Goes to a screen; overlays close.
    pub(crate) fn go_to(&mut self, screen: ScreenId) {
        self.overlays.clear();
        if self.screen == screen {
            return;
        }
        self.screen = screen;
        if let Some((slot, shared, out)) = self.beside(screen) {
            slot.enter(shared, out);
        }
    }

    /// Does an action where no overlay is open; one that belongs to another screen means nothing here.
    pub(crate) fn on_screen(&mut self, action: Action) {
        let Self { screen, batch, history, quality, shared, out, .. } = self;
        match (action, *screen) {
            (Action::Global(action), _) => self.global(action),
            (Action::Motion(motion), ScreenId::Bench) => self.bench_go(motion),
            (Action::Verb(verb), ScreenId::Bench) => self.bench_verb(verb),
            (Action::Motion(motion), screen) => {
                if let Some((slot, shared, out)) = self.beside(screen) {
                    slot.go(motion, shared, out);
                }
            }
            (Action::Verb(verb), screen) => {
                if let Some((slot, shared, out)) = self.beside(screen) {
                    slot.verb(verb, shared, out);
                }
            }
            (Action::Bench(action), ScreenId::Bench) => self.bench_act(action),
            (Action::Batch(action), ScreenId::Batch) => batch.with(shared, out, |it, cx| it.act(action, cx)),
            (Action::History(action), ScreenId::History) => history.with(shared, out, |it, cx| it.act(action, cx)),
            (Action::Quality(action), ScreenId::Quality) => quality.with(shared, out, |it, cx| it.act(action, cx)),
            (Action::Overlay(_) | Action::Bench(_) | Action::Batch(_) | Action::History(_) | Action::Quality(_), _) => {
            }
        }
    }

    /// Does what works on every screen.
    pub(crate) fn global(&mut self, action: GlobalAction) {
        match action {
            GlobalAction::Stop => self.stop(),
            GlobalAction::ScreenBench => self.go_to(ScreenId::Bench),
            GlobalAction::ScreenBatch => self.go_to(ScreenId::Batch),
            GlobalAction::ScreenHistory => self.go_to(ScreenId::History),
            GlobalAction::ScreenQuality => self.go_to(ScreenId::Quality),
            GlobalAction::Palette => self.open_palette(),
            GlobalAction::Help | GlobalAction::ScreenHelp => self.open_help(),
            GlobalAction::Redraw => self.out.effects.push(Effect::Redraw),
            GlobalAction::Suspend => self.out.effects.push(Effect::Suspend),
            GlobalAction::Quit if self.screen != ScreenId::Bench => self.go_to(ScreenId::Bench),
            GlobalAction::Quit => self.ask_quit(),
        }
    }

    /// Does an action that was chosen from a list, on the screen it belongs to.
    pub(crate) fn act_there(&mut self, action: Action) {
        let entry = action.entry();
        if !entry.works_on(self.screen) {
            self.go_to(entry.home());
        }
        self.act(action);
    }

    /// Takes a key on a screen beside the bench: its line first where the key is text, then the key map.
    pub(crate) fn screen_key(&mut self, chord: Chord) {
        let screen = self.screen;
        if let Some((slot, shared, out)) = self.beside(screen)
            && slot.typing()
            && chord.edits_line()
            && slot.key(chord, shared, out)
        {
            return;
        }
        if let Some(action) = self.shared.keymap.action(chord, KeyContext::Screen(screen)) {
            self.act(action);
        }
    }

    /// Takes a paste on a screen beside the bench.
    pub(crate) fn screen_paste(&mut self, text: &str) {
        if let Some((slot, shared, out)) = self.beside(self.screen) {
            slot.paste(text, shared, out);
        }
    }

    /// Takes a click, or a turn of the wheel by some rows, at a place of the screen's body.
    pub(crate) fn screen_mouse(&mut self, at: Position, wheel: Option<isize>) {
        if let Some((slot, shared, out)) = self.beside(self.screen) {
            slot.mouse(Pointer { at, wheel }, shared, out);
        }
    }

    /// Computes what a screen beside the bench needs.
    pub(crate) fn prepare_screen(&mut self) {
        if let Some((slot, shared, _)) = self.beside(self.screen) {
            slot.prepare(shared);
        }
    }

    /// Has every screen beside the bench ask for what it lacks.
    pub(crate) fn settle_screens(&mut self) {
        let shown = self.screen;
        for screen in ScreenId::ALL {
            if let Some((slot, shared, out)) = self.beside(*screen) {
                slot.settle(*screen == shown, shared, out);
            }
        }
    }

    /// Hands an answer of the store to the screen that waits for it. Returns it where none does.
    pub(crate) fn answer_screen(
        &mut self,
        ticket: Ticket,
        answer: Result<StoreReply, StoreError>,
    ) -> Option<Result<StoreReply, StoreError>> {
        for screen in ScreenId::ALL {
            if let Some((slot, shared, out)) = self.beside(*screen)
                && slot.waits_for(ticket)
            {
                slot.answer(ticket, answer, shared, out);
                return None;
            }
        }
        Some(answer)
    }

    /// Tells whether letters go into a text.
    #[must_use]
    pub fn typing(&self) -> bool {
        self.shown_screen().map_or(self.bench.typing, AnyScreen::typing)
    }

    /// Returns the key to show for an action as it can be pressed now.
    #[must_use]
    pub fn key_of(&self, action: impl Into<Action>) -> Option<Chord> {
        if self.screen == ScreenId::Bench {
            return self.shared.keymap.shown(action, self.bench.typing);
        }
        let typing = self.typing();
        self.shared.keymap.chords(action).iter().find(|chord| !typing || !chord.edits_line()).copied()
    }

    /// Lists the actions for the footer of the present screen, each with its label, the most useful first.
    #[must_use]
    pub fn footer(&self) -> Vec<(&'static ActionInfo, &'static str)> {
        let mut usual: Vec<(u8, &ActionInfo)> =
            ACTIONS.iter().filter_map(|entry| Some((entry.footer_on(self.screen)?, entry))).collect();
        usual.sort_by_key(|(place, _)| *place);
        let labelled = |(_, entry): (u8, &'static ActionInfo)| match self.footer_of(entry.action) {
            Footer::Hidden => None,
            Footer::Shown => Some((entry, entry.label)),
            Footer::As(label) => Some((entry, label)),
        };
        usual.into_iter().filter_map(labelled).collect()
    }

    fn footer_of(&self, action: Action) -> Footer {
        let at_bench = || Footer::of(self.bench.lanes.len() > 1 || action != Action::Verb(Verb::Diff));
        self.shown_screen().map_or_else(at_bench, |screen| screen.footer(action))
    }
}
