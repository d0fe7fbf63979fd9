//! The description of a tool, a text of several lines.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::context::Scene,
    widgets::{
        document::{DocumentBlock, DocumentView, caret, draw_text},
        key::Chord,
        text_editor::TextEditor,
        theme::Role,
    },
};

/// Columns left of the text: the bar, a gap.
const GUTTER: u16 = 2;

/// A description while it is typed.
#[derive(Debug, Clone)]
pub struct DescriptionText {
    pub editor: TextEditor,
    view: DocumentView,
}

impl DescriptionText {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { editor: TextEditor::of(text), view: DocumentView::default() }
    }

    /// Returns it without white space around it.
    #[must_use]
    pub fn text(&self) -> String {
        self.editor.text().trim().to_owned()
    }

    /// Says in a line what it is: its first line, and how many there are.
    pub(super) fn in_a_line(&self) -> String {
        let text = self.text();
        let first = text.lines().next().unwrap_or_default();
        match text.lines().count() {
            0 | 1 => first.to_owned(),
            lines => format!("{first} … {lines} lines"),
        }
    }

    /// Takes a key of the text. Tells whether it was one.
    pub(super) fn key(&mut self, chord: Chord) -> bool {
        let wide = self.view.columns(0);
        chord.code() != KeyCode::Tab && chord.is_for_fields() && self.editor.key(chord.typed(), wide)
    }

    /// Moves the cursor by rows.
    pub(super) fn step(&mut self, by: isize) {
        let wide = self.view.columns(0);
        for _ in 0..by.unsigned_abs() {
            if !self.editor.step_row(by > 0, wide) {
                break;
            }
        }
    }

    /// Lays the text out on an area.
    pub(super) fn fit(&mut self, area: Rect) {
        self.view.fit(&[DocumentBlock::Text(&self.editor, 0)], 0, area.width.saturating_sub(GUTTER), area.height);
    }

    pub(super) fn draw(&self, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
        for (row, place) in self.view.rows().iter().zip(area.rows()) {
            let Some(row) = &row.text else { continue };
            let inside =
                Rect { x: place.x + GUTTER.min(place.width), width: place.width.saturating_sub(GUTTER), ..place };
            if row.line == self.editor.line() {
                buffer.set_line(place.x, place.y, &Line::from(scene.span("▌", Role::Focus)), 1);
            }
            draw_text(&self.editor, row, scene.theme.style(Role::Text), inside, buffer);
            if let Some(at) = caret(&self.editor, row, inside) {
                scene.caret.set(Some(at));
                buffer.set_style(Rect { x: at.x, y: at.y, width: 1, height: 1 }, scene.theme.style(Role::Cursor));
            }
        }
    }
}
