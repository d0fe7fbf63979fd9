//! A form: labels, what is filled in, and what may be.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::typed;
use crate::{
    app::overlay::Form,
    ui::{
        part::column::{fitted, left},
        scene::Scene,
        theme::Role,
    },
};

/// Columns of the labels.
const LABEL: u16 = 20;

/// Draws the form's lines, and below them what is said of the one being edited.
pub(in crate::ui) fn draw(scene: Scene<'_>, form: &Form, area: Rect, buffer: &mut Buffer) {
    if form.rows.is_empty() {
        let text = "The prompt has no variables but {{ input }}.";
        buffer.set_line(area.x, area.y, &Line::from(scene.span(text, Role::Quiet)), area.width);
        return;
    }
    let said = 2.min(area.height.saturating_sub(1));
    let rows = Rect { height: area.height - said, ..area };
    let top = (form.at + 1).saturating_sub(usize::from(rows.height));
    for ((at, row), place) in form.rows.iter().enumerate().skip(top).zip(rows.rows()) {
        let here = at == form.at;
        let label = left(&row.label, usize::from(LABEL).saturating_sub(3));
        let mark = if here { "▸ " } else { "  " };
        let line = Line::from(vec![
            scene.span(mark, Role::Focus),
            scene.span(label, if here { Role::Title } else { Role::Text }),
            scene.span(if row.fault.is_some() { "✗" } else { " " }, Role::Fail),
        ]);
        buffer.set_line(place.x, place.y, &line, place.width);
        let value = Rect { x: place.x.saturating_add(LABEL), width: place.width.saturating_sub(LABEL), ..place };
        let text = row.line.text();
        if !row.words.is_empty() {
            let mut spans = Vec::new();
            for word in row.words {
                let chosen = *word == text;
                let shown = if chosen { format!("[{word}]") } else { format!(" {word} ") };
                spans.push(scene.span(shown, if chosen { Role::Title } else { Role::Quiet }));
                spans.push(Span::raw(" "));
            }
            buffer.set_line(value.x, value.y, &Line::from(spans), value.width);
        } else if here {
            typed(scene, "", &row.line, "", value, buffer);
        } else if text.is_empty() {
            let hint = fitted(&row.hint, usize::from(value.width));
            buffer.set_line(value.x, value.y, &Line::from(scene.span(hint, Role::Quiet)), value.width);
        } else {
            let shown = fitted(&text, usize::from(value.width));
            buffer.set_line(value.x, value.y, &Line::from(scene.span(shown, Role::Number)), value.width);
        }
    }
    let Some(row) = form.rows.get(form.at) else {
        return;
    };
    let line = match &row.fault {
        Some(fault) => Line::from(vec![scene.span("✗ ", Role::Fail), scene.foreign(fault, Role::Fail)]),
        None => Line::from(scene.foreign(&row.hint, Role::Quiet)),
    };
    let below = Rect { y: rows.bottom().saturating_add(1), height: 1, ..area }.intersection(area);
    buffer.set_line(below.x, below.y, &line, below.width);
}
