//! The result of a call that a person gives: what was called with what, and the text that is typed.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::OverlayAction,
        context::Scene,
        intent::{BenchIntent, Intent, WaitingCall},
        overlay::{After, Hint, OverlayCx, OverlayPart, TextArea},
    },
    present::tool_calls::call_text,
    text::wrapped_lines,
    widgets::{key::Chord, theme::Role},
};

/// Rows of the call that are shown, at most.
const CALL: usize = 8;

/// A result while it is typed.
#[derive(Debug, Clone)]
pub struct ToolResultPane {
    waiting: WaitingCall,
    pub text: TextArea,
}

impl ToolResultPane {
    /// Begins with nothing typed.
    #[must_use]
    pub fn new(waiting: WaitingCall) -> Self {
        Self { waiting, text: TextArea::of("") }
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
        TextArea::hints(scene, "Send to the model")
    }

    fn way_out(&self) -> &'static str {
        "later"
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        self.text.key(chord).then_some(After::Stay)
    }

    fn paste(&mut self, text: &str) -> After {
        self.text.editor.paste(text);
        After::Stay
    }

    fn step(&mut self, by: isize) {
        self.text.step(by);
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        self.text.act(action);
        After::Stay
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::CloseAnd(Intent::Bench(BenchIntent::AnswerCall(self.waiting.clone(), self.text.editor.text())))
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        let (_, text) = self.areas(body);
        self.text.fit(text);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let (call, text) = self.areas(body);
        for (at, (row, place)) in self.call_rows(call.width).into_iter().zip(call.rows()).enumerate() {
            let role = if at == 0 { Role::Title } else { Role::Text };
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(&row, role)), place.width);
        }
        self.text.draw(scene, text, buffer);
    }
}
