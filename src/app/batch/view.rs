//! The batch screen: the batches on record, the form of a new one, its table, its cells.

pub(crate) mod cell;
pub(crate) mod detail;
pub(crate) mod form;
pub(crate) mod head;
pub(crate) mod rows;
pub(crate) mod sums;
pub(crate) mod verdict;
pub(crate) mod whatif;

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::BatchAction,
        batch::{Batches, ListPurpose, Page, ending::end_of_entry, layout::TableAreas},
        context::Scene,
        overlays::batch_ending::BatchEnding,
    },
    present::remote_job,
    store::api::BatchEntry,
    text::format::{age, count},
    widgets::{
        frame::{FlowItem, Hold, pane, truncated},
        pick_list::list,
        table::{fitted, left, right},
        theme::Role,
    },
};

/// Draws the screen.
pub(crate) fn draw(scene: Scene<'_>, batch: &Batches, buffer: &mut Buffer) {
    let body = scene.shared.body.intersection(buffer.area);
    match (batch.page, &batch.shown) {
        (Page::Form, _) => form::draw(scene, batch, body, buffer),
        (Page::Table, Some(shown)) => {
            if let Some(detail) = shown.detail.as_ref().filter(|_| shown.zoomed) {
                cell::draw(scene, shown, detail, body, buffer);
            } else {
                let areas = TableAreas::of(shown, body);
                head::draw(scene, shown, areas.head, buffer);
                verdict::draw(scene, shown, areas.verdict, buffer);
                rows::draw(scene, shown, areas.rows, buffer);
                detail::draw(scene, shown, areas.detail, buffer);
            }
        }
        (Page::List | Page::Table, _) => entries(scene, batch, body, buffer),
    }
}

/// Says in a few words how the batch goes, while one runs.
pub(crate) fn chip(scene: Scene<'_>, batch: &Batches) -> Option<FlowItem> {
    head::chip(scene, batch.shown.as_ref()?)
}

/// Writes some lines below each other.
fn lines(texts: Vec<Line<'static>>, area: Rect, buffer: &mut Buffer) {
    for (line, place) in texts.into_iter().zip(area.rows()) {
        buffer.set_line(place.x, place.y, &truncated(line, usize::from(place.width)), place.width);
    }
}

/// Leaves a blank at either side.
fn inside(area: Rect) -> Rect {
    Rect { x: area.x.saturating_add(1), width: area.width.saturating_sub(2), ..area }
}

/// Leaves out so many rows at the top.
fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y.saturating_add(rows), height: area.height - rows, ..area }
}

fn item(scene: Scene<'_>, text: String, role: Role) -> FlowItem {
    vec![scene.span(text, role)]
}

/// A line of plain text from outside.
fn line_of(scene: Scene<'_>, text: &str, role: Role) -> Line<'static> {
    Line::from(scene.foreign(text, role))
}

/// Draws the rule above a part: its title, and on the right what stands of it; heavy where the keys act on it.
fn rule(
    scene: Scene<'_>,
    (title, beside): (Vec<Span<'static>>, Vec<Span<'static>>),
    held: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    let hold = if held { Hold::Focused } else { Hold::Away };
    let row = Rect { height: area.height.min(1), ..area };
    pane(row, hold, Line::from(title), Line::from(beside), scene.theme, buffer);
}

/// Draws the batches on record, or what to press where there is none.
fn entries(scene: Scene<'_>, batch: &Batches, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let new = vec![scene.span(scene.key(BatchAction::NewBatch), Role::Key), scene.span(" new batch", Role::Text)];
    if batch.list.is_empty() {
        let comparing = batch.list_for == ListPurpose::Comparing;
        let text = match (batch.loading, comparing) {
            (true, _) => "Loading batches …",
            (false, true) => "No other batch to compare with",
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
        ListPurpose::Opening => "Batches",
        ListPurpose::Comparing => "Compare with",
    };
    let mut line = vec![scene.span(title, Role::Title), scene.span("   ", Role::Text)];
    if batch.list_for == ListPurpose::Opening {
        line.extend(new);
    }
    let head = format!(
        "  {} {} {} {} {} {} prompts and models",
        left("began", 8),
        left("data", 20),
        right("cells", 6),
        right("failed", 6),
        right("errors", 6),
        left("end", END)
    );
    lines(vec![Line::from(line), Line::default(), Line::from(scene.span(head, Role::Quiet))], area, buffer);
    let [rows, ending] = list_areas(body);
    list(&batch.list, rows, scene.theme, buffer, |item, room| {
        batch.entries.get(item.value).map_or_else(Line::default, |entry| row(scene, entry, room))
    });
    let entry = batch.list.chosen().and_then(|item| batch.entries.get(item.value));
    if let Some(entry) = entry.filter(|_| ending.height > 1) {
        draw_ending(scene, entry, ending, buffer);
    }
}

/// Shares the body of the list among its rows and how the chosen batch ended.
pub(crate) fn list_areas(body: Rect) -> [Rect; 2] {
    let area = inside(body);
    let rows = Rect { y: area.y.saturating_add(3), height: area.height.saturating_sub(3), ..area }.intersection(body);
    let ending = if rows.height >= 10 { ENDING } else { 0 };
    Layout::vertical([Constraint::Fill(1), Constraint::Length(ending)]).areas(rows)
}

/// Says how a batch ended as far as there is room, and which key has the rest.
fn draw_ending(scene: Scene<'_>, entry: &BatchEntry, area: Rect, buffer: &mut Buffer) {
    let title = vec![scene.span("How it ended", Role::Title)];
    let edge = Rect { x: area.x.saturating_sub(1), width: area.width.saturating_add(2), ..area };
    rule(scene, (title, Vec::new()), false, edge.intersection(buffer.area), buffer);
    let room = inside(below(area, 1));
    let rows = BatchEnding::of_entry(entry, scene.now().time).rows(room.width);
    let mut texts: Vec<Line<'static>> = rows.iter().map(|(text, role)| line_of(scene, text, *role)).collect();
    if texts.len() > usize::from(room.height) {
        texts.truncate(usize::from(room.height).saturating_sub(1));
        let key = scene.span(format!("… {}", scene.key(BatchAction::BatchEnding)), Role::Key);
        texts.push(Line::from(vec![key, scene.span(" all of it", Role::Text)]));
    }
    lines(texts, room, buffer);
}

/// Rows of how the chosen batch ended, with its rule.
const ENDING: u16 = 5;

fn row(scene: Scene<'_>, entry: &BatchEntry, room: usize) -> Line<'static> {
    let ago = age(entry.started, scene.now().time);
    let (end, role) = match &entry.job {
        Some(_) if !entry.running => ("▸ at the provider", Role::Busy),
        Some(_) | None => end_of_entry(entry),
    };
    let errors = entry.cells.saturating_sub(entry.answered);
    let tells = |number: u64, role| if number == 0 { Role::Quiet } else { role };
    let prompts: Vec<&str> = entry.spec.prompts.iter().map(|(name, _)| name.as_str()).collect();
    let what = format!("{} on {}", prompts.join(", "), entry.spec.targets.join(", "));
    let what = entry.job.as_ref().map_or(what, |job| remote_job::words(job));
    Line::from(vec![
        scene.span(left(&ago, 8), Role::Quiet),
        scene.span(format!(" {}", left(&entry.name, 20)), Role::Title),
        scene.span(format!(" {}", right(&count(entry.cells), 6)), Role::Number),
        scene.span(format!(" {}", right(&count(entry.failed), 6)), tells(entry.failed, Role::Fail)),
        scene.span(format!(" {}", right(&count(errors), 6)), tells(errors, Role::Wait)),
        scene.span(format!(" {}", left(end, END)), role),
        scene.span(format!(" {}", fitted(&what, room.saturating_sub(52 + END))), Role::Quiet),
    ])
}

/// Columns of how a batch ended.
const END: usize = 17;
