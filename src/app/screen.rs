//! What all screens answer to. Leaving one stops nothing that runs.

use std::{
    fmt::Debug,
    ops::{Deref, DerefMut},
};

use ratatui::{buffer::Buffer, layout::Position};

use crate::{
    app::{
        action::{Action, Verb},
        ask::PendingReplies,
        context::{Cx, Outbox, Scene, Shared},
        event::Ticket,
        keymap::{KeyContext, Keymap},
        layout::WIDE,
        refusal,
        refusal::Need,
        screen_id::ScreenId,
        snippet::Snippet,
    },
    model::error::StoreError,
    store::api::StoreReply,
    widgets::{frame::FlowItem, key::Chord, motion::Motion},
};

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

/// A screen: its state, what is done on it, and how it is drawn.
///
/// It names no other screen: what it wants of one it sends as an [`Intent`](crate::app::intent::Intent).
pub trait Screen: Debug + Sized + 'static {
    /// The actions it alone answers to.
    type Own: Copy;
    /// What others may want of it.
    type Request;

    const ID: ScreenId;

    /// What each of its actions needs to be done.
    const NEEDS: &'static [Need<Self>];

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

    /// Returns where the key map is asked for what a key means.
    fn key_context(&self) -> KeyContext {
        KeyContext::Screen(Self::ID)
    }

    /// Tells which keys are text just now; none while nothing is typed.
    fn text_keys(&self) -> Option<fn(Chord) -> bool> {
        self.typing().then_some(Chord::edits_line)
    }

    /// Tells whether a key goes to what is typed before the key map is asked.
    fn takes_first(&self, chord: Chord, _keymap: &Keymap) -> bool {
        self.text_keys().is_some_and(|is_text| is_text(chord))
    }

    /// Takes a key into what is being typed. Tells whether it meant anything to it.
    fn key(&mut self, chord: Chord, cx: &mut Cx<'_, Self>) -> bool;

    /// Takes a paste into what can be typed in.
    fn paste(&mut self, text: &str, cx: &mut Cx<'_, Self>);

    /// Takes a click or a turn of the wheel.
    fn mouse(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>);

    /// Asks for what it lacks, after anything has happened.
    fn settle(&mut self, is_shown: bool, cx: &mut Cx<'_, Self>);

    /// Computes what is in sight, before it is drawn on [`Shared::body`].
    fn prepare(&mut self, shared: &Shared);

    /// Draws its state; changes nothing.
    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer);

    /// Returns what stands at the right of the header, the most important first.
    fn header(&self, _scene: Scene<'_>) -> Vec<FlowItem> {
        Vec::new()
    }

    /// Tells whether it has a row of sums on a terminal of so many rows; with fewer they are on the status line.
    fn has_totals(&self, rows: u16) -> bool {
        rows >= WIDE.1
    }

    /// Returns what the row of sums says, the most important first.
    fn totals(&self, _scene: Scene<'_>) -> Vec<FlowItem> {
        Vec::new()
    }

    /// Says what runs on it, for the header of the other screens; nothing where nothing does.
    fn under_way(&self, _scene: Scene<'_>) -> Option<FlowItem> {
        None
    }

    /// Returns what the status line says of it, beside a notice if there is one.
    fn status(&self, scene: Scene<'_>, noticed: bool) -> Vec<FlowItem> {
        if noticed || scene.shared.rows >= WIDE.1 { Vec::new() } else { self.totals(scene) }
    }

    /// Lists what is to be done just now, with the words for it: it comes first in the footer.
    fn urgent(&self) -> Vec<(Action, &'static str)> {
        Vec::new()
    }

    /// Tells how the footer has an action just now that the table of actions puts there.
    fn footer(&self, action: Action) -> Footer;

    /// Lists what can be copied.
    fn snippets(&self, _shared: &Shared) -> Vec<Snippet> {
        Vec::new()
    }

    /// Tells whether a line is typed in which keys mean something else than elsewhere: nothing is refused then.
    fn is_asking(&self) -> bool {
        false
    }
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
    /// Makes it of a screen that waits for nothing.
    pub(crate) fn new(screen: S) -> Self {
        Self { screen, pending: PendingReplies::default() }
    }

    /// Tells whether an answer is waited for.
    pub(crate) fn waits_for(&self, ticket: Ticket) -> bool {
        self.pending.has(ticket)
    }

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
    fn key_context(&self) -> KeyContext;
    fn text_keys(&self) -> Option<fn(Chord) -> bool>;
    fn key(&mut self, chord: Chord, shared: &mut Shared, out: &mut Outbox) -> bool;
    fn paste(&mut self, text: &str, shared: &mut Shared, out: &mut Outbox);
    fn mouse(&mut self, pointer: Pointer, shared: &mut Shared, out: &mut Outbox);
    fn settle(&mut self, is_shown: bool, shared: &mut Shared, out: &mut Outbox);
    fn waits_for(&self, ticket: Ticket) -> bool;
    fn answer(&mut self, ticket: Ticket, answer: Result<StoreReply, StoreError>, shared: &mut Shared, out: &mut Outbox);
    fn prepare(&mut self, shared: &Shared);
    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer);
    fn header(&self, scene: Scene<'_>) -> Vec<FlowItem>;
    fn has_totals(&self, rows: u16) -> bool;
    fn totals(&self, scene: Scene<'_>) -> Vec<FlowItem>;
    fn under_way(&self, scene: Scene<'_>) -> Option<FlowItem>;
    fn status(&self, scene: Scene<'_>, noticed: bool) -> Vec<FlowItem>;
    fn urgent(&self) -> Vec<(Action, &'static str)>;
    fn footer(&self, action: Action) -> Footer;
    fn snippets(&self, shared: &Shared) -> Vec<Snippet>;
    fn refusal(&self, action: Action) -> Option<&'static str>;
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

    fn key_context(&self) -> KeyContext {
        self.screen.key_context()
    }

    fn text_keys(&self) -> Option<fn(Chord) -> bool> {
        self.screen.text_keys()
    }

    fn key(&mut self, chord: Chord, shared: &mut Shared, out: &mut Outbox) -> bool {
        self.screen.takes_first(chord, &shared.keymap) && self.with(shared, out, |screen, cx| screen.key(chord, cx))
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

    fn header(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        self.screen.header(scene)
    }

    fn has_totals(&self, rows: u16) -> bool {
        self.screen.has_totals(rows)
    }

    fn totals(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        self.screen.totals(scene)
    }

    fn under_way(&self, scene: Scene<'_>) -> Option<FlowItem> {
        self.screen.under_way(scene)
    }

    fn status(&self, scene: Scene<'_>, noticed: bool) -> Vec<FlowItem> {
        self.screen.status(scene, noticed)
    }

    fn urgent(&self) -> Vec<(Action, &'static str)> {
        self.screen.urgent()
    }

    fn footer(&self, action: Action) -> Footer {
        self.screen.footer(action)
    }

    fn snippets(&self, shared: &Shared) -> Vec<Snippet> {
        self.screen.snippets(shared)
    }

    fn refusal(&self, action: Action) -> Option<&'static str> {
        if self.screen.is_asking() { None } else { refusal::refusal(S::NEEDS, &self.screen, action) }
    }
}
