//! The result of a call that a person gives: what was called with what, and the text that is typed.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{OverlayAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent, WaitingCall},
        overlay::{After, Hint, OverlayCx, OverlayPart, draw_editor, hint},
    },
    present::tool_calls::call_text,
    text::wrapped_lines,
    widgets::{
        document::{DocumentBlock, DocumentView},
        key::Chord,
        text_editor::TextEditor,
        theme::Role,
    },
};

/// Rows of the call that are shown, at most.
const CALL: usize = 8;

/// A result while it is typed.
#[derive(Debug, Clone)]
pub struct ToolResultPane {
    waiting: WaitingCall,
    pub editor: TextEditor,
    view: DocumentView,
}

impl ToolResultPane {
    /// Begins with nothing typed.
    #[must_use]
    pub fn new(waiting: WaitingCall) -> Self {
        Self { waiting, editor: TextEditor::of(""), view: DocumentView::default() }
    }

    /// Writes the call in rows of a width.
    fn call_rows(&self, width: u16) -> Vec<String> {
        let mut rows = wrapped_lines(call_text(&self.waiting.call).trim_end(), width);
        if rows.len() > CALL {
            rows.truncate(CALL - 1);
            rows.push("  …".to_owned());
        }
        rows
    }

    fn areas(&self, body: Rect) -> (Rect, Rect) {
        let rows = u16::try_from(self.call_rows(body.width).len()).unwrap_or(u16::MAX);
        let above = rows.min(body.height.saturating_sub(3));
        let call = Rect { height: above, ..body };
        let text = Rect { y: call.bottom().saturating_add(1), height: body.height.saturating_sub(above + 1), ..body };
        (call, text.intersection(body))
    }
}

impl OverlayPart for ToolResultPane {
    fn title(&self) -> &'static str {
        "Result of a call"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((88, 20))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![
            hint(scene, Verb::Accept, "Send to the model"),
            ("alt-enter".to_owned(), "new line".to_owned()),
            hint(scene, OverlayAction::UndoText, "undo"),
        ]
    }

    fn way_out(&self) -> &'static str {
        "later"
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        let wide = self.view.columns(0);
        if chord.code() == KeyCode::Enter && chord.alt() {
            self.editor.paste("\n");
            return Some(After::Stay);
        }
        let typed = chord.code() != KeyCode::Enter && chord.is_for_fields();
        (typed && self.editor.key(chord.typed(), wide)).then_some(After::Stay)
    }

    fn paste(&mut self, text: &str) -> After {
        self.editor.paste(text);
        After::Stay
    }

    fn step(&mut self, by: isize) {
        let wide = self.view.columns(0);
        for _ in 0..by.unsigned_abs() {
            if !self.editor.step_row(by > 0, wide) {
                break;
            }
        }
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match action {
            OverlayAction::UndoText => drop(self.editor.undo()),
            OverlayAction::RedoText => drop(self.editor.redo()),
            _ => {}
        }
        After::Stay
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::CloseAnd(Intent::Bench(BenchIntent::AnswerCall(self.waiting.clone(), self.editor.text())))
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        let (_, text) = self.areas(body);
        self.view.fit(&[DocumentBlock::Text(&self.editor, 0)], 0, text.width.saturating_sub(2), text.height);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let (call, text) = self.areas(body);
        for (at, (row, place)) in self.call_rows(call.width).into_iter().zip(call.rows()).enumerate() {
            let role = if at == 0 { Role::Title } else { Role::Text };
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(&row, role)), place.width);
        }
        draw_editor(scene, &self.editor, &self.view, text, buffer);
    }
}
