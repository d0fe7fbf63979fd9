//! From keys, pastes and the mouse to actions and edits.

use std::cell::Cell;

use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Margin, Position, Rect};

use crate::{
    app::{
        App,
        action::{Action, BenchAction, GlobalAction, Pane},
        context::Scene,
        keymap::KeyContext,
        layout::Hit,
        notices::Tone,
        screen::Pointer,
        screen_id::ScreenId,
        status_bar,
        status_bar::footer_line,
    },
    widgets::{frame::hint_at, key::Chord},
};

/// Rows by which the wheel scrolls.
const WHEEL: isize = 3;

impl App {
    /// Takes a key: what is typed into first where the key is text, then the key map.
    pub(crate) fn key(&mut self, event: KeyEvent) {
        if event.kind == KeyEventKind::Release {
            return;
        }
        let chord = Chord::from(event);
        if self.overlay().is_some() {
            self.overlay_key(chord);
            return;
        }
        let (screen, shared, out) = self.shown_mut();
        if screen.key(chord, shared, out) {
            return;
        }
        let place = screen.key_context();
        if let Some(action) = shared.keymap.action(chord, place) {
            if action == Action::Global(GlobalAction::Quit) && self.screen == ScreenId::Bench {
                self.ask_quit_twice();
            } else {
                self.act(action);
            }
        } else {
            match place {
                KeyContext::Bench(pane) => self.say_why_nothing(chord, pane),
                KeyContext::Screen(screen) => self.say_where(chord, screen),
                KeyContext::Typing(_) | KeyContext::Overlay => {}
            }
        }
    }

    /// Says why a character does nothing in a pane of the bench: a text is not being edited, or the action is another
    /// pane's.
    fn say_why_nothing(&mut self, chord: Chord, pane: Pane) {
        if chord.text().is_none() {
            return;
        }
        let keymap = &self.shared.keymap;
        let elsewhere = keymap.elsewhere(chord).and_then(|entry| {
            let there = entry.panes.first()?;
            Some(format!("{chord} {}: go to the {} first", entry.does(), there.word()))
        });
        if pane.is_text() {
            let edit = keymap.shown(BenchAction::Edit, false).map_or_else(String::new, |key| format!(". {key} edit"));
            let elsewhere = elsewhere.map_or_else(String::new, |says| format!("; {says}"));
            self.shared.say(Tone::Info, &format!("Not editing{edit}{elsewhere}"));
        } else if let Some(says) = elsewhere {
            self.shared.say(Tone::Info, &says);
        }
    }

    /// Says on which screen a character does something that it does not do on this one.
    fn say_where(&mut self, chord: Chord, screen: ScreenId) {
        if chord.text().is_none() {
            return;
        }
        let called = self.shared.keymap.elsewhere(chord).filter(|entry| !entry.works_on(screen));
        if let Some(entry) = called {
            let says = format!("{chord} {}: go to the {} first", entry.does(), entry.home().name().to_lowercase());
            self.shared.say(Tone::Info, &says);
        }
    }

    /// Takes a paste, wherever text can go.
    pub(crate) fn paste(&mut self, text: &str) {
        if self.overlay().is_some() {
            self.overlay_paste(text);
            return;
        }
        let (screen, shared, out) = self.shown_mut();
        screen.paste(text, shared, out);
    }

    /// Takes what the mouse did, while it is captured.
    pub(crate) fn mouse(&mut self, event: MouseEvent) {
        let wheel = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => None,
            MouseEventKind::ScrollUp => Some(-WHEEL),
            MouseEventKind::ScrollDown => Some(WHEEL),
            MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
            | MouseEventKind::Up(_)
            | MouseEventKind::Drag(_)
            | MouseEventKind::Moved
            | MouseEventKind::ScrollLeft
            | MouseEventKind::ScrollRight => return,
        };
        let at = Position::new(event.column, event.row);
        if wheel.is_none() {
            if let Some(action) = self.screen_at(at) {
                return self.act(action.into());
            }
            if let Some(chord) = self.key_hint_at(at) {
                return self.key(chord.event());
            }
            if self.heading_click(at) {
                return;
            }
        }
        match (self.layout.hit(event.column, event.row), wheel) {
            (Hit::Overlay, Some(by)) => self.overlay_wheel(by),
            (Hit::Overlay, None) => self.overlay_click(at),
            (Hit::Body(at), wheel) => self.point_at(at, wheel),
            (Hit::Nothing, _) => {}
        }
    }

    /// Returns what leads to the screen that the header names at a place.
    fn screen_at(&self, at: Position) -> Option<GlobalAction> {
        let column = at.x.checked_sub(self.layout.header.x).filter(|_| self.layout.header.contains(at))?;
        let caret = Cell::new(None);
        let scene = Scene::new(&self.shared, self.shown_screen().text_keys(), &caret);
        status_bar::screen_at(scene, self, usize::from(column))
    }

    /// Returns the key that is shown under a place of the footer, or of the last row of the overlay.
    fn key_hint_at(&self, at: Position) -> Option<Chord> {
        let caret = Cell::new(None);
        let scene = Scene::new(&self.shared, self.shown_screen().text_keys(), &caret);
        let inside = self.layout.overlay.inner(Margin::new(2, 1));
        let foot = Rect { y: inside.bottom().saturating_sub(1), height: inside.height.min(1), ..inside };
        let (line, left) = match self.overlay() {
            Some(overlay) if foot.contains(at) => (overlay.foot_line(scene, foot.width), foot.x),
            _ if self.layout.footer.contains(at) => (footer_line(scene, self), self.layout.footer.x.saturating_add(1)),
            _ => return None,
        };
        let key = hint_at(&line, usize::from(at.x.checked_sub(left)?))?;
        let key = key.split(' ').next().unwrap_or_default();
        let function = key.strip_prefix('F').is_some_and(|number| number.parse::<u8>().is_ok());
        if function { key.to_lowercase().parse().ok() } else { key.parse().ok() }
    }

    fn point_at(&mut self, at: Position, wheel: Option<isize>) {
        let (screen, shared, out) = self.shown_mut();
        screen.mouse(Pointer { at, wheel }, shared, out);
    }
}
