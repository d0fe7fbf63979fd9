//! The table: rows × targets, each cell with its mark, its score and the beginning of its answer.

use std::borrow::Cow;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::head::said;
use crate::{
    app::{
        action::Action,
        batch::{CELL, ROW, TEXT, grid::Slot, head, shown::Shown},
        table::{Column, Width},
    },
    eval::figures::unit,
    model::RunStatus,
    ui::{
        part::{
            column::{fitted, right},
            status::{mark, role},
            table::{Cursor, table},
        },
        scene::Scene,
        theme::Role,
    },
};

/// Draws the table below the head.
pub(super) fn draw(scene: Scene<'_>, shown: &Shown, body: Rect, buffer: &mut Buffer) {
    let above = head(shown, body);
    let area = Rect { y: body.y.saturating_add(above), height: body.height.saturating_sub(above), ..body };
    if shown.table.is_empty() {
        let below = Rect { x: area.x + 2, y: area.y + 1, ..area }.intersection(area);
        buffer.set_line(below.x, below.y, &nothing(scene, shown), below.width);
        return;
    }
    let mut columns = vec![Column::new("row", Width::Fixed(ROW)).right(), Column::new("input", Width::Share(2, TEXT))];
    let seen = usize::from((area.width.saturating_sub(ROW + TEXT + 4) / (CELL + 1)).max(1));
    let last = shown.grid.columns().min(shown.left + seen);
    columns.extend((shown.left..last).map(|column| {
        let more = match (column == shown.left && shown.left > 0, column + 1 == last && last < shown.grid.columns()) {
            (true, _) => "‹ ",
            (false, true) => "› ",
            (false, false) => "",
        };
        Column::new(format!("{more}{}", shown.column_name(column)), Width::Share(3, CELL))
    }));
    let cursor = Cursor::Column(2 + shown.column.saturating_sub(shown.left));
    table(&shown.table, &columns, cursor, area, scene.theme, buffer, |row, column, wide| match column {
        0 => {
            let number = shown.grid.line(row).map(|line| line.number.to_string()).unwrap_or_default();
            Line::from(scene.span(right(&number, wide), Role::Quiet))
        }
        1 => {
            let text = shown.grid.line(row).map_or("", |line| line.text.as_str());
            Line::from(scene.span(fitted(text, wide), Role::Text))
        }
        column => cell(scene, shown, (row, shown.left + column - 2), wide),
    });
}

/// Says why no row is there, and what to press.
fn nothing(scene: Scene<'_>, shown: &Shown) -> Line<'static> {
    if !shown.look.shows_all() {
        let mut line = said(scene, "No row is like that. ", Role::Quiet);
        line.push_span(scene.span(scene.key(Action::Leave), Role::Key));
        line.push_span(scene.span(" shows all", Role::Text));
        return line;
    }
    said(scene, if shown.is_busy() { "Reading the first rows …" } else { "No cell was asked yet." }, Role::Quiet)
}

fn cell(scene: Scene<'_>, shown: &Shown, (row, column): (usize, usize), wide: usize) -> Line<'static> {
    let slots = shown.grid.slots(row, column);
    let busy = slots.iter().any(|slot| matches!(slot, Slot::Busy(_)));
    let status = shown.grid.status(row, column);
    let first = match status {
        Some(status) => scene.span(mark(status), role(status)),
        None if busy => scene.span("▸", Role::Busy),
        None => scene.span(" ", Role::Quiet),
    };
    let mut spans = vec![first];
    let known: Vec<_> = shown.grid.column(row, column).collect();
    if slots.len() > 1 && !known.is_empty() {
        let good = known.iter().filter(|cell| cell.status == RunStatus::Passed).count();
        spans.push(scene.span(format!("{good}/{}", slots.len()), Role::Number));
    }
    let Some(worst) = known.iter().min_by_key(|cell| cell.status) else {
        return Line::from(spans);
    };
    if let Some(score) = worst.score {
        spans.push(scene.span(format!(" {}", unit(score)), Role::Number));
    }
    if shown.baseline.as_ref().is_some_and(|baseline| known.iter().any(|cell| baseline.differs(cell))) {
        spans.push(scene.span(" ≠", Role::Differs));
    }
    if busy && status.is_some() {
        spans.push(scene.span(" ▸", Role::Busy));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let said = if worst.answered() { Role::Text } else { Role::Wait };
    let origin = if worst.cached { "= " } else { "" };
    spans.push(scene.span(format!(" {origin}"), Role::Origin));
    spans.push(scene.span(fitted(&brief(&worst.summary), wide.saturating_sub(used + 1 + origin.len())), said));
    Line::from(spans)
}

/// Shows the beginning of an answer; of JSON without what every line of it has.
fn brief(summary: &str) -> Cow<'_, str> {
    if summary.starts_with('{') {
        Cow::Owned(summary.chars().filter(|c| !matches!(c, '{' | '}' | '"')).collect::<String>().trim().to_owned())
    } else {
        Cow::Borrowed(summary)
    }
}
