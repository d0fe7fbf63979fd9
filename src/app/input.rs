//! From keys, pastes and the mouse to actions and edits.

use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};

use crate::{
    app::{
        Action, App,
        keymap::KeyContext,
        screen::Screen,
        status_bar::Tone,
        workbench::{Focus, layout::Hit},
    },
    widgets::key::Chord,
};

/// Rows by which the wheel scrolls.
const WHEEL: isize = 3;

impl App {
    /// Takes a key: the overlay's line or the field first where the key is text, then the key map.
    pub(crate) fn key(&mut self, event: KeyEvent) {
        if event.kind == KeyEventKind::Release {
            return;
        }
        let chord = Chord::from(event);
        if self.overlay().is_some() {
            self.overlay_key(chord);
            return;
        }
        if self.screen != Screen::Bench {
            self.screen_key(chord);
            return;
        }
        let place = if self.bench.typing { KeyContext::Typing } else { KeyContext::Normal };
        if let Some(action) = self.keymap.action(chord, place) {
            self.act(action);
        } else if self.bench.typing {
            self.type_in(chord);
        }
    }

    fn type_in(&mut self, chord: Chord) {
        let Some(field) = self.bench.field_mut() else {
            return;
        };
        if field.long().is_some() {
            self.too_long();
        } else {
            field.key(chord.typed());
        }
    }

    /// Says how a text that is too long to be edited in place can be edited.
    pub(crate) fn too_long(&mut self) {
        let key = self.keymap.shown(Action::Editor, true).map_or_else(|| "editor".to_owned(), |key| key.to_string());
        self.say(Tone::Warning, &format!("too long to be edited here; {key} opens the text in your editor"));
    }

    /// Takes a paste, wherever text can go; at the bench it begins the editing of the text with the focus.
    pub(crate) fn paste(&mut self, text: &str) {
        if self.overlay().is_some() {
            self.overlay_paste(text);
            return;
        }
        if self.screen != Screen::Bench {
            self.screen_paste(text);
            return;
        }
        let Some(field) = self.bench.field_mut() else {
            self.say(Tone::Info, "go to a text first, then paste");
            return;
        };
        if field.paste(text) {
            self.bench.typing = true;
        } else {
            self.too_long();
        }
    }

    /// Takes what the mouse did, while it is captured.
    pub(crate) fn mouse(&mut self, event: MouseEvent) {
        let hit = self.layout.hit(event.column, event.row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(hit, event.row),
            MouseEventKind::ScrollUp => self.wheel(hit, -WHEEL),
            MouseEventKind::ScrollDown => self.wheel(hit, WHEEL),
            _ => {}
        }
    }

    fn click(&mut self, hit: Hit, screen_row: u16) {
        match hit {
            Hit::Overlay { .. } => self.overlay_click(screen_row),
            Hit::Pane { focus, row, column } => {
                let again = self.bench.focus == focus;
                self.bench.focus_on(focus);
                if let Focus::Lane(_) = focus
                    && let Some(json) = self.bench.lane_mut().and_then(|lane| lane.shown_mut().view_mut().json_mut())
                {
                    json.click(usize::from(row));
                }
                if let Some(field) = self.bench.field_mut()
                    && field.long().is_none()
                {
                    field.click(row, column);
                    self.bench.typing |= again;
                }
            }
            Hit::Body { row, column } => self.screen_mouse(column, row, None),
            Hit::Nothing => {}
        }
    }

    fn wheel(&mut self, hit: Hit, by: isize) {
        match hit {
            Hit::Overlay { .. } => self.overlay_wheel(by),
            Hit::Pane { focus: Focus::Lane(at), .. } => self.scroll_lane(at, |view| view.scroll(by)),
            Hit::Pane { focus, .. } => {
                if let Some(field) = self.bench.field_of(focus) {
                    field.by_lines(by);
                }
            }
            Hit::Body { row, column } => self.screen_mouse(column, row, Some(by)),
            Hit::Nothing => {}
        }
    }
}
