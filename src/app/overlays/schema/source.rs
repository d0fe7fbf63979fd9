//! A JSON Schema as text: what is typed and completed in it, and where it is wrong.

use std::{borrow::Cow, ops::Range};

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};
use serde_json::Value;

use crate::{
    app::context::Scene,
    eval::schema_text::{self, Completion, SchemaTextError},
    text::json,
    widgets::{
        document::{DocumentBlock, DocumentView, caret, columns_of, draw_text},
        frame::truncated,
        key::Chord,
        text_editor::{TextEditor, wrap::TextRow},
        theme::Role,
    },
};

/// Columns left of the text: the bar, the number of the line, a gap.
const GUTTER: u16 = 6;

/// Words that are offered, at most.
const OFFERED: usize = 8;

/// What reads a text as a schema; an empty one is none.
type ReadSchema = fn(&str) -> Result<Option<Value>, SchemaTextError>;

/// The text of a schema while it is edited.
#[derive(Debug, Clone)]
pub struct SchemaSource {
    /// The schema as it is written, valid or not.
    pub editor: TextEditor,
    view: DocumentView,
    read: ReadSchema,
    /// What the text is: a schema, none, or what is wrong with it.
    pub state: Result<Option<Value>, SchemaTextError>,
    completion: Completion,
}

impl SchemaSource {
    /// Begins with a text.
    pub(super) fn new(text: &str) -> Self {
        Self::of(text, schema_text::read)
    }

    /// Begins with the text of the arguments of a tool.
    pub(crate) fn of_parameters(text: &str) -> Self {
        Self::of(text, schema_text::read_parameters)
    }

    fn of(text: &str, read: ReadSchema) -> Self {
        let editor = TextEditor::of(text);
        Self { state: read(text), editor, view: DocumentView::default(), read, completion: Completion::default() }
    }

    /// Reads the text as it is now, and finds what can stand at the cursor.
    pub(crate) fn settle(&mut self) {
        self.state = (self.read)(&self.editor.text());
        self.complete();
    }

    /// Finds what can stand at the cursor.
    pub(super) fn complete(&mut self) {
        let rope = self.editor.rope();
        let (before, rest) = (rope.slice(..self.editor.cursor()), rope.slice(self.editor.cursor()..));
        self.completion = schema_text::complete(&before.to_string(), &rest.to_string());
    }

    /// Tells whether there is a word that can stand at the cursor.
    pub(crate) fn has_words(&self) -> bool {
        !self.completion.words.is_empty()
    }

    /// Takes a key of the text. Tells whether it was one.
    pub(crate) fn key(&mut self, chord: Chord) -> bool {
        let wide = self.view.columns(0);
        if chord.code() == KeyCode::Tab && !chord.ctrl() {
            self.take_word();
            return true;
        }
        chord.is_for_fields() && self.editor.key(chord.typed(), wide)
    }

    /// Moves the cursor by rows.
    pub(crate) fn step(&mut self, by: isize) {
        let wide = self.view.columns(0);
        for _ in 0..by.unsigned_abs() {
            if !self.editor.step_row(by > 0, wide) {
                break;
            }
        }
    }

    /// Writes the first word that is offered, or a step of indentation.
    fn take_word(&mut self) {
        let Some(word) = self.completion.words.first().cloned() else {
            self.editor.paste("  ");
            return;
        };
        let rest = word.get(self.completion.begun.len()..).unwrap_or_default().to_owned();
        let at = self.editor.cursor();
        let mut follows = self.editor.rope().chars_at(at);
        let next = follows.next();
        let mut insert = String::new();
        if !self.completion.quoted {
            let begun = self.completion.begun.chars().count();
            let part = std::iter::once(at - begun..at).collect::<Vec<_>>();
            self.editor.replace(&part, &format!("\"{}", self.completion.begun));
        }
        insert.push_str(&rest);
        if next == Some('"') {
            self.editor.paste(&insert);
            self.editor.step_char(true, false);
            return;
        }
        insert.push('"');
        if self.completion.is_key {
            insert.push_str(": ");
        }
        self.editor.paste(&insert);
    }

    /// Writes the schema with its lines as they are usually written.
    pub(crate) fn format(&mut self) {
        let text = self.editor.text();
        if let Ok(pretty) = serde_json::from_str::<Value>(&text).map(|value| json::to_pretty(&value).unwrap_or(text)) {
            self.editor.set(&pretty);
        }
    }

    /// Says how the text stands.
    pub(crate) fn words_of_state(&self) -> (Role, String) {
        match &self.state {
            Ok(None) => (Role::Quiet, "empty: no schema".to_owned()),
            Ok(Some(_)) => (Role::Pass, "✓ valid".to_owned()),
            Err(error) => (Role::Fail, format!("✗ line {}", error.line)),
        }
    }

    /// Lays the text out on an area; a mistake takes a row of it.
    pub(crate) fn fit(&mut self, area: Rect) {
        let rows = area.height.saturating_sub(u16::from(self.state.is_err()));
        self.view.fit(&[DocumentBlock::Text(&self.editor, 0)], 0, area.width.saturating_sub(GUTTER), rows);
    }

    /// Draws the text with the mistake below its line, what was found marked; the caret where no search has it.
    pub(crate) fn draw(&self, scene: Scene<'_>, found: Option<&[Range<usize>]>, area: Rect, buffer: &mut Buffer) {
        let wrong = self.state.as_ref().err();
        let mut places = area.rows();
        for row in self.view.rows() {
            let (Some(place), Some(text)) = (places.next(), row.text) else { break };
            let inside =
                Rect { x: place.x + GUTTER.min(place.width), width: place.width.saturating_sub(GUTTER), ..place };
            if text.line == self.editor.line() {
                buffer.set_line(place.x, place.y, &Line::from(scene.span("▌", Role::Focus)), 1);
            }
            if text.is_first {
                let number = format!("{:>3}", text.line + 1);
                buffer.set_line(place.x + 1, place.y, &Line::from(scene.span(number, Role::Quiet)), 4);
            }
            draw_text(&self.editor, &text, scene.theme.style(Role::Text), inside, buffer);
            self.draw_found(scene, found.unwrap_or_default(), &text, inside, buffer);
            if found.is_none()
                && let Some(at) = caret(&self.editor, &text, inside)
            {
                scene.caret.set(Some(at));
                buffer.set_style(Rect { x: at.x, y: at.y, width: 1, height: 1 }, scene.theme.style(Role::Cursor));
            }
            if let Some(error) = wrong
                && text.is_last
                && text.line + 1 == error.line.min(self.editor.lines())
                && let Some(place) = places.next()
            {
                let at = if error.column > 0 {
                    format!("line {}, column {}: ", error.line, error.column)
                } else {
                    String::new()
                };
                let words = scene.foreign(&format!("✗     {at}{}", error.message), Role::Fail);
                buffer.set_line(place.x, place.y, &truncated(Line::from(words), usize::from(place.width)), place.width);
            }
        }
    }

    /// Marks what of a row was found.
    fn draw_found(&self, scene: Scene<'_>, hits: &[Range<usize>], row: &TextRow, inside: Rect, buffer: &mut Buffer) {
        let here = self.editor.cursor();
        let in_row = |hit: &&Range<usize>| hit.start < row.end && hit.end > row.start;
        for hit in hits.iter().filter(in_row) {
            let Some(columns) = columns_of(&self.editor, row, hit) else { continue };
            let x = inside.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
            let wide = u16::try_from(columns.len()).unwrap_or(u16::MAX);
            let role = if hit.start == here { Role::FoundHere } else { Role::Found };
            buffer.set_style(Rect { x, width: wide, ..inside }.intersection(inside), scene.theme.style(role));
        }
    }

    /// Lists the words that can be written at the cursor.
    pub(crate) fn offered(&self, scene: Scene<'_>) -> Line<'static> {
        let words: Vec<Cow<'_, str>> =
            self.completion.words.iter().take(OFFERED).map(|word| Cow::Borrowed(word.as_str())).collect();
        if words.is_empty() {
            return Line::default();
        }
        let more = if self.completion.words.len() > OFFERED { " …" } else { "" };
        Line::from(vec![
            scene.span("tab ", Role::Key),
            scene.foreign(&format!("{}{more}", words.join("  ")), Role::Quiet),
        ])
    }
}
