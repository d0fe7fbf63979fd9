//! From keys, pastes and the mouse to actions and edits.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};

use crate::{
    app::{
        Action, App,
        action::{BenchAction, Verb},
        keymap::KeyContext,
        overlay::Overlay,
        screen::ScreenId,
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
        if let Some(Overlay::Confirm(confirm)) = self.overlays.last() {
            if confirm.is_unseen(self.shared.now.at) {
                return;
            }
            if let Some(then) = chord.text().and_then(|key| confirm.answer(key)) {
                self.overlays.pop();
                self.confirmed(then);
                return;
            }
        }
        if let Some(overlay) = self.overlays.last_mut() {
            if let Overlay::Grade(grading) = overlay
                && chord.text().is_some_and(|key| grading.key(key))
            {
                self.act(Action::Verb(Verb::Accept));
            } else if overlay.line_mut().is_some() && edits_a_line(chord) || is_turn(overlay, chord) {
                overlay.key(chord);
                self.searching();
            } else if let Some(action) = self.shared.keymap.action(chord, KeyContext::Overlay) {
                self.act(action);
            }
            return;
        }
        if self.screen != ScreenId::Bench {
            self.screen_key(chord);
            return;
        }
        let place = if self.bench.typing { KeyContext::Typing } else { KeyContext::Normal };
        if let Some(action) = self.shared.keymap.action(chord, place) {
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
        let key = self
            .shared
            .keymap
            .shown(BenchAction::Editor, true)
            .map_or_else(|| "editor".to_owned(), |key| key.to_string());
        self.say(Tone::Warning, &format!("too long to be edited here; {key} opens the text in your editor"));
    }

    /// Takes a paste, wherever text can go; at the bench it begins the editing of the text with the focus.
    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(overlay) = self.overlays.last_mut() {
            overlay.paste(text);
            self.searching();
            return;
        }
        if self.screen != ScreenId::Bench {
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

    /// Shows what a search finds while it is typed.
    fn searching(&mut self) {
        if let Some(Overlay::Search(line)) = self.overlays.last() {
            let query = line.text();
            if let Some(lane) = self.bench.lane_mut() {
                lane.shown_mut().view_mut().search(&query);
            }
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
            Hit::Overlay { .. } => {
                let Some(overlay) = self.overlays.last_mut() else {
                    return;
                };
                let body = overlay.body(self.layout.overlay);
                if let Some(row) = screen_row.checked_sub(body.y).filter(|row| *row < body.height)
                    && overlay.choose_row(usize::from(row))
                {
                    self.act(Action::Verb(Verb::Accept));
                }
            }
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
            Hit::Body(at) => self.screen_mouse(at, None),
            Hit::Nothing => {}
        }
    }

    fn wheel(&mut self, hit: Hit, by: isize) {
        match hit {
            Hit::Overlay { .. } => {
                if let Some(overlay) = self.overlays.last_mut() {
                    overlay.step(by.signum());
                }
            }
            Hit::Pane { focus: Focus::Lane(at), .. } => self.scroll_lane(at, |view| view.scroll(by)),
            Hit::Pane { focus, .. } => {
                if let Some(field) = self.bench.field_of(focus) {
                    field.by_lines(by);
                }
            }
            Hit::Body(at) => self.screen_mouse(at, Some(by)),
            Hit::Nothing => {}
        }
    }
}

/// Tells whether a key is for the line of an overlay before it is for the key map: characters, and
/// the keys that edit a line and choose nothing.
pub(crate) fn edits_a_line(chord: Chord) -> bool {
    let edits = matches!(
        chord.code(),
        KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End
    );
    let shell = chord.ctrl() && matches!(chord.code(), KeyCode::Char('a' | 'e' | 'k' | 'u' | 'w'));
    chord.text().is_some() || (edits && !chord.ctrl() && !chord.alt()) || shell
}

/// Tells whether a key walks through the words of a form's line.
fn is_turn(overlay: &Overlay, chord: Chord) -> bool {
    let (Overlay::Params(form) | Overlay::Variables(form)) = overlay else {
        return false;
    };
    let words = form.rows.get(form.at).is_some_and(|row| !row.words.is_empty());
    words && (chord.text().is_some() || matches!(chord.code(), KeyCode::Left | KeyCode::Right))
}
