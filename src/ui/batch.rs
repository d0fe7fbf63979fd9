//! The batch screen: the batches on record, the form of a new one, its table, its cells.

mod cell;
mod head;
mod rows;
mod setup;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::{
    part::{
        column::{fitted, left, right},
        flow::Item,
        list::list,
    },
    scene::Scene,
    theme::Role,
};
use crate::{
    app::{
        action::Action,
        batch::{BatchEntry, For, Page},
    },
    eval::figures::{age, count},
};

/// Draws the screen.
pub(super) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let body = scene.app.layout.body.intersection(buffer.area);
    let batch = &scene.app.batch;
    match (batch.page, &batch.shown) {
        (Page::Form, _) => setup::form(scene, body, buffer),
        (Page::Map, _) => setup::map(scene, body, buffer),
        (Page::Estimate, _) => setup::estimate(scene, body, buffer),
        (Page::Table, Some(shown)) => {
            if let Some(detail) = &shown.detail {
                cell::draw(scene, shown, detail, body, buffer);
            } else {
                head::draw(scene, shown, body, buffer);
                rows::draw(scene, shown, body, buffer);
            }
        }
        (Page::List | Page::Table, _) => entries(scene, body, buffer),
    }
}

/// Says in a few words how the batch goes, while one runs.
pub(super) fn chip(scene: Scene<'_>) -> Option<Item> {
    head::chip(scene, scene.app.batch.shown.as_ref()?)
}

/// Writes some lines below each other.
fn lines(texts: Vec<Line<'static>>, area: Rect, buffer: &mut Buffer) {
    for (line, place) in texts.into_iter().zip(area.rows()) {
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

/// Leaves a blank at either side.
fn inside(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// Draws the batches on record, or what to press where there is none.
fn entries(scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    let batch = &scene.app.batch;
    let area = inside(body);
    let new = vec![scene.span(scene.key(Action::NewBatch), Role::Key), scene.span(" sets one up", Role::Text)];
    if batch.list.is_empty() {
        let comparing = batch.list_for == For::Comparing;
        let text = match (batch.loading, comparing) {
            (true, _) => "Reading the batches …",
            (false, true) => "There is no other batch to compare with.",
            (false, false) => "No batch yet. A batch runs prompts over a data set, on several models at once.",
        };
        let mut shown = vec![Line::default(), Line::from(scene.span(text, Role::Quiet))];
        if !batch.loading && !comparing {
            shown.extend([Line::default(), Line::from(new)]);
        }
        lines(shown, area, buffer);
        return;
    }
    let title = match batch.list_for {
        For::Opening => "Batches on record",
        For::Comparing => "Compare with which batch?",
    };
    let mut line = vec![scene.span(title, Role::Title), scene.span("   ", Role::Text)];
    if batch.list_for == For::Opening {
        line.extend(new);
    }
    let head = format!(
        "  {} {} {} {} prompts and models",
        left("began", 8),
        left("data", 22),
        right("cells", 7),
        left("end", 11)
    );
    lines(vec![Line::from(line), Line::default(), Line::from(scene.span(head, Role::Quiet))], area, buffer);
    let below = Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area };
    list(&batch.list, below.intersection(body), scene.theme, buffer, |item, room| {
        batch.entries.get(item.value).map_or_else(Line::default, |entry| row(scene, entry, room))
    });
}

fn row(scene: Scene<'_>, entry: &BatchEntry, room: usize) -> Line<'static> {
    let ago = age(entry.started, scene.now().time);
    let (end, role) = match (entry.end.as_deref(), entry.running) {
        (Some("complete"), _) => ("✓ complete", Role::Pass),
        (Some(end), _) => (end, Role::Wait),
        (None, true) => ("under way", Role::Busy),
        (None, false) => ("unfinished", Role::Wait),
    };
    let prompts: Vec<&str> = entry.spec.prompts.iter().map(|(name, _)| name.as_str()).collect();
    let what = format!("{} on {}", prompts.join(", "), entry.spec.targets.join(", "));
    Line::from(vec![
        scene.span(left(&ago, 8), Role::Quiet),
        scene.span(format!(" {}", left(&entry.name, 22)), Role::Title),
        scene.span(format!(" {}", right(&count(entry.cells), 7)), Role::Number),
        scene.span(format!(" {}", left(end, 11)), role),
        scene.span(format!(" {}", fitted(&what, room.saturating_sub(52))), Role::Quiet),
    ])
}
