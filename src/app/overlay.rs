//! What every overlay is: one interface, a frame around it, and its keys.
//!
//! Inside its border an overlay with a list has the query in its first row, a hint in its last, and
//! the list between ([`Overlay::body`]); the others use all rows but the last, which is the hint.

use std::fmt::Debug;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
};

pub use crate::app::overlays::Overlay;
use crate::{
    app::{
        App, action::Action, batch::Batches, context::Scene, event::Now, history::History, intent::Intent,
        keymap::KeyContext, workbench::Workbench,
    },
    model::Catalog,
    pipeline::AccountState,
    widgets::{
        form::Form,
        frame::{hints, popup},
        interactive::Interactive,
        key::Chord,
        line_input::LineInput,
        theme::Role,
    },
};

/// What becomes of an overlay after something was done in it.
#[derive(Debug, Clone)]
pub enum After {
    /// It stays.
    Stay,
    /// It stays, and something follows elsewhere.
    StayAnd(Intent),
    /// It closes.
    Close,
    /// It closes, and something follows elsewhere.
    CloseAnd(Intent),
}

/// What an overlay can read of the rest of the workbench. It changes nothing there: it returns an [`Intent`].
#[derive(Clone, Copy)]
pub struct OverlayCx<'a> {
    /// The bench.
    pub bench: &'a Workbench,
    /// The batch.
    pub batch: &'a Batches,
    /// The runs on record.
    pub history: &'a History,
    /// Every model that can be named.
    pub catalog: &'a Catalog,
    /// What each account uses of its limits.
    pub accounts: &'a [AccountState],
    /// The time as of the last message or frame.
    pub now: Now,
}

/// A key, or keys, with what they do.
pub type Hint = (String, String);

/// One overlay: its state, what is done in it, and how it is drawn.
pub trait OverlayPart: Debug {
    /// Returns the title of the frame.
    fn title(&self) -> &'static str;

    /// Returns what stands at the right of the frame: how many there are, which lane it is.
    fn beside(&self, _scene: Scene<'_>) -> Line<'static> {
        Line::default()
    }

    /// Returns width and height wished for, border included; none for what has no frame and takes the status line.
    fn size(&self) -> Option<(u16, u16)>;

    /// Returns its keys, without the way out.
    fn hints(&self, scene: Scene<'_>) -> Vec<Hint>;

    /// Returns what the key does that closes it.
    fn way_out(&self) -> &'static str {
        "back"
    }

    /// Returns the line that its list is narrowed by.
    fn query(&self) -> Option<&LineInput> {
        None
    }

    /// Returns the part of it that has the keys.
    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        None
    }

    /// Takes a key before the key map does; none where the key is for the key map.
    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        self.interactive().is_some_and(|part| part.key(chord)).then_some(After::Stay)
    }

    /// Takes a paste into the line being typed.
    fn paste(&mut self, text: &str) -> After {
        if let Some(part) = self.interactive() {
            part.paste(text);
        }
        After::Stay
    }

    /// Moves the choice, or the window, by rows.
    fn step(&mut self, by: isize) {
        if let Some(part) = self.interactive() {
            part.step(by);
        }
    }

    /// Moves by a page, given in rows.
    fn page(&mut self, by: isize) {
        self.step(by);
    }

    /// Takes a click on a row of the body. Tells whether something was chosen that is to be accepted.
    fn click(&mut self, row: usize) -> bool {
        self.interactive().is_some_and(|part| part.click(row))
    }

    /// Does an action that some overlays have. Those that have none of them do nothing.
    fn act(&mut self, _action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        After::Stay
    }

    /// Takes what is chosen or filled in.
    fn accept(&mut self, cx: OverlayCx<'_>) -> After;

    /// Leaves it without taking anything.
    fn leave(&mut self) -> After {
        After::Close
    }

    /// Takes in what has changed elsewhere and keeps what is chosen in sight, before it is drawn on `body`.
    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        if let Some(part) = self.interactive() {
            part.fit(usize::from(body.height));
        }
    }

    /// Draws what is inside the frame; of one without a frame, the status line.
    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer);
}

/// An action that only some overlays have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlayAction {
    /// Shows the run of the next judge.
    Judge,
    /// Names the chosen version.
    NameVersion,
    /// Begins a prompt of its own from the chosen version.
    ForkVersion,
    /// Puts the chosen version into a lane of its own.
    VersionLane,
    /// Lets the chosen model's provider be sent more calls at once.
    MoreCalls,
    /// Lets it be sent fewer.
    FewerCalls,
}

/// What an action means where an overlay is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The overlay is left.
    Leave,
    /// What is chosen is taken.
    Accept,
    /// The choice moves by rows.
    Step(isize),
    /// A page is turned.
    Page(isize),
    /// The overlay's own.
    Own(OverlayAction),
    /// The help opens, or closes if it is what is open.
    Help,
    /// The same of the palette.
    Palette,
    /// All overlays close and a screen is shown.
    Show,
    /// It is done as without an overlay.
    Through,
    /// Nothing.
    Nothing,
}

/// Rows of half a page and of a page.
const HALF: isize = 8;
const PAGE: isize = 16;

impl Meaning {
    fn of(action: Action) -> Self {
        match action {
            Action::Leave | Action::Quit => Self::Leave,
            Action::Accept => Self::Accept,
            Action::ScreenBench
            | Action::ScreenBatch
            | Action::ScreenHistory
            | Action::ScreenQuality
            | Action::ScreenHelp => Self::Show,
            Action::Help => Self::Help,
            Action::Palette => Self::Palette,
            Action::Stop | Action::Redraw | Action::Suspend => Self::Through,
            Action::Judge => Self::Own(OverlayAction::Judge),
            Action::NameVersion => Self::Own(OverlayAction::NameVersion),
            Action::ForkVersion => Self::Own(OverlayAction::ForkVersion),
            Action::VersionLane => Self::Own(OverlayAction::VersionLane),
            Action::MoreCalls => Self::Own(OverlayAction::MoreCalls),
            Action::FewerCalls => Self::Own(OverlayAction::FewerCalls),
            Action::Up | Action::PreviousPane => Self::Step(-1),
            Action::Down | Action::NextPane => Self::Step(1),
            Action::HalfUp => Self::Step(-HALF),
            Action::HalfDown => Self::Step(HALF),
            Action::PageUp => Self::Page(-PAGE),
            Action::PageDown => Self::Page(PAGE),
            Action::Top => Self::Step(isize::MIN),
            Action::Bottom => Self::Step(isize::MAX),
            // What the screens below do; a test holds this against the table of actions.
            _ => Self::Nothing,
        }
    }
}

impl Overlay {
    /// Returns the rows between the query and the hint, given the overlay's whole area.
    #[must_use]
    pub fn body(&self, area: Rect) -> Rect {
        let inner = area.inner(Margin::new(1, 1));
        let query = u16::from(self.part().query().is_some()).min(inner.height);
        Rect { y: inner.y + query, height: inner.height.saturating_sub(query + 1), ..inner }
    }
}

impl App {
    /// Returns what lies on top of the bench.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlays.last()
    }

    /// Opens an overlay over what is there.
    pub(crate) fn open(&mut self, overlay: impl Into<Overlay>) {
        self.overlays.push(overlay.into());
    }

    /// Returns the topmost overlay, with what it can read.
    fn topmost(&mut self) -> Option<(&mut dyn OverlayPart, OverlayCx<'_>)> {
        let Self { overlays, bench, batch, history, catalog, accounts, now, .. } = self;
        let cx = OverlayCx { bench, batch, history, catalog, accounts, now: *now };
        Some((overlays.last_mut()?.part_mut(), cx))
    }

    /// Does something in the topmost overlay, and then what follows.
    fn in_topmost(&mut self, act: impl FnOnce(&mut dyn OverlayPart, OverlayCx<'_>) -> After) {
        let Some((part, cx)) = self.topmost() else {
            return;
        };
        match act(part, cx) {
            After::Stay => {}
            After::StayAnd(intent) => self.follow(intent),
            After::Close => drop(self.overlays.pop()),
            After::CloseAnd(intent) => {
                self.overlays.pop();
                self.follow(intent);
            }
        }
    }

    /// Does an action while an overlay is open.
    pub(crate) fn in_overlay(&mut self, action: Action) {
        match (Meaning::of(action), self.overlays.last()) {
            (Meaning::Leave, _)
            | (Meaning::Help, Some(Overlay::Help(_)))
            | (Meaning::Palette, Some(Overlay::Palette(_))) => self.in_topmost(|part, _| part.leave()),
            (Meaning::Help, _) => self.open_help(),
            (Meaning::Palette, _) => self.open_palette(),
            (Meaning::Accept, _) => self.in_topmost(|part, cx| part.accept(cx)),
            (Meaning::Own(own), _) => self.in_topmost(|part, cx| part.act(own, cx)),
            (Meaning::Step(by), _) => self.move_in_overlay(|part| part.step(by)),
            (Meaning::Page(by), _) => self.move_in_overlay(|part| part.page(by)),
            (Meaning::Show, _) => {
                self.overlays.clear();
                self.on_screen(action);
            }
            (Meaning::Through, _) => self.on_screen(action),
            (Meaning::Nothing, _) => {}
        }
    }

    fn move_in_overlay(&mut self, go: impl FnOnce(&mut dyn OverlayPart)) {
        if let Some((part, _)) = self.topmost() {
            go(part);
        }
    }

    /// Takes a key while an overlay is open: the overlay first, then the key map.
    pub(crate) fn overlay_key(&mut self, chord: Chord) {
        let mut taken = false;
        self.in_topmost(|part, cx| {
            let after = part.key(chord, cx);
            taken = after.is_some();
            after.unwrap_or(After::Stay)
        });
        if !taken && let Some(action) = self.keymap.action(chord, KeyContext::Overlay) {
            self.act(action);
        }
    }

    /// Takes a paste while an overlay is open.
    pub(crate) fn overlay_paste(&mut self, text: &str) {
        self.in_topmost(|part, _| part.paste(text));
    }

    /// Takes a click on a row of the screen while an overlay is open.
    pub(crate) fn overlay_click(&mut self, row: u16) {
        let Some(body) = self.overlay().map(|top| top.body(self.layout.overlay)) else {
            return;
        };
        if let Some(row) = row.checked_sub(body.y).filter(|row| *row < body.height) {
            let row = usize::from(row);
            self.in_topmost(|part, cx| if part.click(row) { part.accept(cx) } else { After::Stay });
        }
    }

    /// Takes a turn of the wheel over an overlay.
    pub(crate) fn overlay_wheel(&mut self, by: isize) {
        self.move_in_overlay(|part| part.step(by.signum()));
    }

    /// Prepares the topmost overlay for being drawn.
    pub(crate) fn fit_overlay(&mut self) {
        let area = self.layout.overlay;
        let Some(body) = self.overlay().map(|top| top.body(area).inner(Margin::new(1, 0))) else {
            return;
        };
        if let Some((part, cx)) = self.topmost() {
            part.fit(body, cx);
        }
    }
}

/// Draws the topmost overlay, if there is one.
pub(crate) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let Some(overlay) = scene.app.overlay() else {
        return;
    };
    let part = overlay.part();
    if part.size().is_none() {
        part.draw(scene, scene.app.layout.status, buffer);
        return;
    }
    let area = scene.app.layout.overlay.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let title = Line::from(scene.span(part.title(), Role::Title));
    let inside = popup(area, title, part.beside(scene), scene.theme, buffer);
    let body = overlay.body(area).inner(Margin::new(1, 0)).intersection(inside);
    if let Some(query) = part.query() {
        let row = Rect { height: 1, ..inside };
        scene.line(query, "› ", "type to narrow", row, buffer);
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    let mut keys = part.hints(scene);
    keys.push(hint(scene, Action::Leave, part.way_out()));
    let keys = hints(&keys, usize::from(foot.width), scene.theme);
    buffer.set_line(foot.x, foot.y, &keys, foot.width);
    part.draw(scene, body, buffer);
}

/// Makes the hint of an action in an overlay.
pub(crate) fn hint(scene: Scene<'_>, action: Action, does: &str) -> Hint {
    (scene.key_where(action, false), does.to_owned())
}

/// Makes the hint of the keys that move.
pub(crate) fn arrows(does: &str) -> Hint {
    ("↑↓".to_owned(), does.to_owned())
}

/// Counts the rows of an overlay with its frame, given those of its body, and at least so many.
pub(crate) fn framed(rows: usize, least: u16) -> u16 {
    u16::try_from(rows + 4).unwrap_or(u16::MAX).max(least)
}

/// Returns width and height of an overlay with a form, its frame included.
pub(crate) fn form_size(form: &Form) -> (u16, u16) {
    (88, framed(form.rows.len() + 2, 8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::ACTIONS;

    #[test]
    fn what_the_table_says_works_in_an_overlay_means_something_there() {
        // An overlay has no columns to go to.
        let sideways = [Action::Left, Action::Right];
        for entry in ACTIONS.iter().filter(|entry| !sideways.contains(&entry.action)) {
            let means = Meaning::of(entry.action) != Meaning::Nothing;
            assert_eq!(means, entry.when.in_overlay(), "{}", entry.name);
        }
    }
}
