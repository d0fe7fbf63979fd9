//! The history screen: the query line, the runs it asks for, the run under the cursor, two compared.

mod head;
mod pair;
mod rows;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
};

use super::{
    part::pane::{Hold, pane},
    scene::Scene,
    theme::Role,
};
use crate::app::history::{
    Areas, areas,
    column::Column,
    detail::{Detail, Kind},
};

/// Draws the screen.
pub(super) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let body = scene.app.layout.body.intersection(buffer.area);
    let history = &scene.app.history;
    if let Some(shown) = &history.pair {
        pair::draw(scene, shown, body, buffer);
        return;
    }
    let Areas { head, table, detail } = areas(body, history.reading);
    head::draw(scene, head, buffer);
    if !table.is_empty() {
        rows::draw(scene, table, buffer);
    }
    if !detail.is_empty() && history.chosen().is_some() {
        run(scene, detail, buffer);
    }
}

/// Leaves a blank at either side.
fn inside(area: Rect) -> Rect {
    area.inner(Margin::new(1, 0))
}

/// Draws the run under the cursor in a frame.
fn run(scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let history = &scene.app.history;
    let Some(entry) = history.chosen() else {
        return;
    };
    let mut title = Line::from(scene.span(format!("run {}", entry.run.short()), Role::Title));
    for column in [Column::Prompt, Column::Target, Column::End] {
        title.push_span(scene.span("  ", Role::Text));
        title.spans.extend(rows::cell(scene, entry, column, 40).spans);
    }
    let hold = if history.reading { Hold::Focused } else { Hold::Away };
    let shown = history.shown();
    let right = shown.filter(|detail| detail.rows() > usize::from(area.height.saturating_sub(2))).map(|detail| {
        let last = (detail.top() + usize::from(area.height.saturating_sub(2))).min(detail.rows());
        Line::from(scene.span(format!("{last}/{}", detail.rows()), Role::Quiet))
    });
    let inner = pane(area, hold, title, right.unwrap_or_default(), scene.theme, buffer);
    let inner = inside(inner).intersection(buffer.area);
    if let Some(detail) = shown {
        text(scene, detail, inner, buffer);
        return;
    }
    let said = match &history.fault {
        Some((run, why)) if *run == entry.run => scene.foreign(why, Role::Fail),
        _ => scene.span("Reading the run …", Role::Quiet),
    };
    buffer.set_line(inner.x, inner.y, &Line::from(said), inner.width);
}

/// Draws what of a run is in sight.
fn text(scene: Scene<'_>, detail: &Detail, area: Rect, buffer: &mut Buffer) {
    for ((kind, row), place) in detail.seen().into_iter().zip(area.rows()) {
        let role = match kind {
            Kind::Head => Role::Title,
            Kind::Text => Role::Text,
            Kind::Figure => Role::Number,
            Kind::Pass => Role::Pass,
            Kind::Fail => Role::Fail,
            Kind::Quiet => Role::Quiet,
        };
        buffer.set_line(place.x, place.y, &Line::from(scene.span(row, role)), place.width);
    }
}
