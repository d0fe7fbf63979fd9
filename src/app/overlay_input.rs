//! From actions, keys and the mouse to the topmost overlay, and from it to what follows.

use std::cell::Cell;

use ratatui::layout::{Margin, Position};

use crate::{
    app::{
        App,
        action::{Action, GlobalAction, Verb},
        context::Scene,
        keymap::KeyContext,
        overlay::{After, OverlayCx, OverlayPart},
        overlays::Overlay,
    },
    widgets::{
        frame::{Hold, title_column},
        key::Chord,
        motion::Motion,
    },
};

/// Rows of half a page and of a page.
const HALF: isize = 8;
const PAGE: isize = 16;

impl App {
    /// Returns what lies on top of the bench.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlays.last()
    }

    /// Returns what hides names just now, wherever it lies.
    pub(crate) fn hiding(&self) -> Option<&Overlay> {
        self.overlays.iter().find(|overlay| overlay.part().hides_names())
    }

    /// Opens an overlay over what is there.
    pub(crate) fn open(&mut self, overlay: impl Into<Overlay>) {
        self.overlays.push(overlay.into());
    }

    /// Does something in the topmost overlay, and then what follows.
    fn in_topmost(&mut self, act: impl FnOnce(&mut dyn OverlayPart, OverlayCx<'_>) -> After) {
        let Self { overlays, bench, shared, .. } = self;
        let Some(part) = overlays.top_mut().map(Overlay::part_mut) else {
            return;
        };
        match act(part, OverlayCx { shared, below: &bench.below(shared.now.time) }) {
            After::Stay => {}
            After::StayAnd(intent) => self.follow(intent),
            After::Close => self.overlays.pop(),
            After::CloseAnd(intent) => {
                self.overlays.pop();
                self.follow(intent);
            }
        }
    }

    /// Does an action while an overlay is open; one that belongs to a screen means nothing to it.
    pub(crate) fn in_overlay(&mut self, action: Action) {
        match action {
            Action::Global(action) => self.global_in_overlay(action),
            Action::Motion(motion) => match motion {
                Motion::Up => self.move_in_overlay(|part| part.step(-1)),
                Motion::Down => self.move_in_overlay(|part| part.step(1)),
                Motion::HalfUp => self.move_in_overlay(|part| part.step(-HALF)),
                Motion::HalfDown => self.move_in_overlay(|part| part.step(HALF)),
                Motion::PageUp => self.move_in_overlay(|part| part.page(-PAGE)),
                Motion::PageDown => self.move_in_overlay(|part| part.page(PAGE)),
                Motion::Top => self.move_in_overlay(|part| part.step(isize::MIN)),
                Motion::Bottom => self.move_in_overlay(|part| part.step(isize::MAX)),
                // An overlay has no columns to go to.
                Motion::Left | Motion::Right => {}
            },
            Action::Verb(verb) => match verb {
                Verb::Leave => self.in_topmost(|part, _| part.leave()),
                Verb::Accept => self.in_topmost(|part, cx| part.accept(cx)),
                Verb::PreviousPane => self.move_in_overlay(|part| part.step(-1)),
                Verb::NextPane => self.move_in_overlay(|part| part.step(1)),
                Verb::MoreCalls => self.in_topmost(|part, cx| part.change_calls(1, cx)),
                Verb::FewerCalls => self.in_topmost(|part, cx| part.change_calls(-1, cx)),
                Verb::Run
                | Verb::NextSample
                | Verb::PreviousSample
                | Verb::Xray
                | Verb::Copy
                | Verb::Diff
                | Verb::Baseline
                | Verb::Next
                | Verb::Previous
                | Verb::Grade
                | Verb::Filter
                | Verb::Sort
                | Verb::TurnSort
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns
                | Verb::OnlyFailed
                | Verb::OnlyErrors
                | Verb::ToBench => {}
            },
            Action::Overlay(action) => self.in_topmost(|part, cx| part.act(action, cx)),
            Action::Bench(_) | Action::Batch(_) | Action::History(_) | Action::Quality(_) | Action::Traffic(_) => {}
        }
    }

    /// Does what works on every screen while an overlay is open: it goes with the screen, and the key that opened
    /// help or palette closes it.
    fn global_in_overlay(&mut self, action: GlobalAction) {
        match (action, self.overlays.last()) {
            (GlobalAction::Quit, _)
            | (GlobalAction::Help, Some(Overlay::Help(_)))
            | (GlobalAction::Palette, Some(Overlay::Palette(_))) => self.in_topmost(|part, _| part.leave()),
            (
                GlobalAction::ScreenBench
                | GlobalAction::ScreenBatch
                | GlobalAction::ScreenHistory
                | GlobalAction::ScreenQuality
                | GlobalAction::ScreenTraffic,
                _,
            ) => {
                self.overlays.clear();
                self.global(action);
            }
            (
                GlobalAction::Stop
                | GlobalAction::Help
                | GlobalAction::Palette
                | GlobalAction::StartTour
                | GlobalAction::NextTheme
                | GlobalAction::Redraw
                | GlobalAction::Suspend,
                _,
            ) => self.global(action),
        }
    }

    fn move_in_overlay(&mut self, go: impl FnOnce(&mut dyn OverlayPart)) {
        if let Some(top) = self.overlays.top_mut() {
            go(top.part_mut());
        }
    }

    /// Takes a key while an overlay is open: the overlay first, then the key map.
    pub(crate) fn overlay_key(&mut self, chord: Chord) {
        let mut handled = false;
        self.in_topmost(|part, cx| {
            let after = part.key(chord, cx);
            handled = after.is_some();
            after.unwrap_or(After::Stay)
        });
        if !handled && let Some(action) = self.shared.keymap.action(chord, KeyContext::Overlay) {
            self.act(action);
        }
    }

    /// Takes a paste while an overlay is open.
    pub(crate) fn overlay_paste(&mut self, text: &str) {
        self.in_topmost(|part, _| part.paste(text));
    }

    /// Takes a click on a place of the screen while an overlay is open.
    pub(crate) fn overlay_click(&mut self, at: Position) {
        let Some(body) = self.overlay().map(|top| top.body(self.layout.overlay).inner(Margin::new(1, 0))) else {
            return;
        };
        if let Some(row) = at.y.checked_sub(body.y).filter(|row| *row < body.height) {
            let (row, column) = (usize::from(row), usize::from(at.x.saturating_sub(body.x)));
            self.in_topmost(|part, cx| part.press(row, column, cx));
        }
    }

    /// Takes a click on the heading of the overlay that has a place of the screen on its rule. Tells whether one has.
    pub(crate) fn heading_click(&mut self, at: Position) -> bool {
        let area = self.layout.overlay;
        let Some(top) = self.overlay().map(Overlay::part).filter(|top| top.is_screen()) else {
            return false;
        };
        let caret = Cell::new(None);
        let scene = Scene::new(&self.shared, None, &caret);
        let Some(column) = title_column(area, Hold::Focused, scene.theme, at) else {
            return false;
        };
        let wide = top.heading(scene, area.width).width();
        self.in_topmost(|part, _| part.press_heading(column, wide));
        true
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
        let Self { overlays, bench, shared, .. } = self;
        if let Some(top) = overlays.top_mut() {
            top.part_mut().fit(body, OverlayCx { shared, below: &bench.below(shared.now.time) });
        }
    }
}
