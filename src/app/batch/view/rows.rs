//! The rows of a batch: their inputs and what they expect from the start, their cells as they end.

use std::borrow::Cow;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{Action, BatchAction, Verb},
        batch::{
            grid::CellState,
            grid_view::{By, Only},
            layout::{CELL, EXPECTED, ROW, TEXT, columns_in, shows_expected},
            run_state::ShownBatch,
            view::{below, line_of, rule},
        },
        context::Scene,
    },
    model::{RunStatus, batch::Cell},
    present::answer_fields::{fields, lead, short},
    text::format::thousands,
    widgets::{
        frame::{mark, status_role},
        table::{RowCursor, TableColumn, Width, fitted, right, table},
        theme::Role,
    },
};

/// Columns of one field of an answer, at least.
const FIELD: u16 = 14;

/// Fields of an answer that have a column of their own, at most.
const FIELDS: usize = 6;

/// What a column of the table shows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shows {
    Number,
    Input,
    Expected,
    /// The cell of a column of the batch.
    Cell(usize),
    /// One field of its answer.
    Field(usize, String),
}

/// Draws the rows below their rule.
pub(crate) fn draw(scene: Scene<'_>, shown: &ShownBatch, area: Rect, buffer: &mut Buffer) {
    rule(scene, (vec![scene.span("Rows", Role::Title)], looked_at(scene, shown)), true, area, buffer);
    if shown.look.typing {
        let line = Rect {
            x: area.x.saturating_add(9),
            width: area.width.saturating_sub(12),
            height: area.height.min(1),
            ..area
        };
        for place in line.positions() {
            if let Some(cell) = buffer.cell_mut(place) {
                cell.reset();
            }
        }
        scene.line(&shown.look.query, "/ ", "text of a row or an answer; enter keeps it, esc leaves", line, buffer);
    }
    let area = below(area, 1);
    if shown.table.is_empty() {
        let place = Rect { x: area.x.saturating_add(2), y: area.y.saturating_add(1), ..area }.intersection(area);
        buffer.set_line(place.x, place.y, &nothing(scene, shown), place.width);
        return;
    }
    let (columns, shows) = columns(shown, area.width);
    let at = shows.iter().position(|shows| matches!(shows, Shows::Cell(column) if *column == shown.column));
    let cursor = at.map_or(RowCursor::Row, RowCursor::Column);
    table(&shown.table, &columns, cursor, area, scene.theme, buffer, |row, column, wide| match shows.get(column) {
        Some(Shows::Number) => {
            let number = shown.grid.line(row).map(|line| line.number.to_string()).unwrap_or_default();
            Line::from(scene.span(right(&number, wide), Role::Quiet))
        }
        Some(Shows::Input) => {
            let text = shown.grid.line(row).map_or("", |line| line.text);
            Line::from(scene.span(fitted(text, wide), Role::Text))
        }
        Some(Shows::Expected) => {
            let text = shown.grid.line(row).map(|line| short(line.expected)).unwrap_or_default();
            Line::from(scene.span(fitted(&text, wide), Role::Quiet))
        }
        Some(Shows::Cell(column)) => {
            let whole = !shows.iter().any(|shows| matches!(shows, Shows::Field(..)));
            cell(scene, shown, (row, *column), whole, wide)
        }
        Some(Shows::Field(column, name)) => {
            let worst = shown.grid.column(row, *column).min_by_key(|cell| cell.status);
            let fields = worst.filter(Cell::answered).and_then(|cell| fields(&cell.summary)).unwrap_or_default();
            let value = fields.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
            Line::from(scene.span(fitted(value, wide), Role::Text))
        }
        None => Line::default(),
    });
}

/// Chooses the columns: those of the batch that there is room for, and where there is one alone and room for them the
/// fields of its answers.
fn columns(shown: &ShownBatch, width: u16) -> (Vec<TableColumn>, Vec<Shows>) {
    let mut columns =
        vec![TableColumn::new("row", Width::Fixed(ROW)).right(), TableColumn::new("input", Width::Share(2, TEXT))];
    let mut shows = vec![Shows::Number, Shows::Input];
    let mut left = width.saturating_sub(ROW + TEXT + 4);
    if shows_expected(&shown.grid, width) {
        columns.push(TableColumn::new("expected", Width::Share(1, EXPECTED)));
        shows.push(Shows::Expected);
        left = left.saturating_sub(EXPECTED + 1);
    }
    let seen = columns_in(&shown.grid, width);
    let last = shown.grid.columns().min(shown.left + seen);
    for column in shown.left..last {
        let more = match (column == shown.left && shown.left > 0, column + 1 == last && last < shown.grid.columns()) {
            (true, _) => "‹ ",
            (false, true) => "› ",
            (false, false) => "",
        };
        columns.push(TableColumn::new(format!("{more}{}", shown.column_name(column)), Width::Share(3, CELL)));
        shows.push(Shows::Cell(column));
        left = left.saturating_sub(CELL + 1);
    }
    if shown.grid.columns() == 1 {
        let most = usize::from(left / (FIELD + 1)).min(FIELDS);
        for name in field_names(shown, most) {
            columns.push(TableColumn::new(name.clone(), Width::Share(1, FIELD)));
            shows.push(Shows::Field(0, name));
        }
    }
    (columns, shows)
}

/// Names the fields of the answers in sight, in the order in which they come, so many at most.
fn field_names(shown: &ShownBatch, most: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if most < 2 {
        return names;
    }
    let cells = shown.table.seen().filter_map(|(row, _)| shown.grid.column(row, 0).next());
    for (name, _) in cells.filter(Cell::answered).filter_map(|cell| fields(&cell.summary)).flatten() {
        if names.len() < most && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Which rows are shown, in which order.
fn looked_at(scene: Scene<'_>, shown: &ShownBatch) -> Vec<Span<'static>> {
    let look = &shown.look;
    let (some, all) = (shown.table.len(), shown.grid.len());
    let only = match look.only {
        Only::All => None,
        Only::Failed => Some("failed"),
        Only::Errors => Some("errors"),
        Only::Changed => Some("changed"),
    };
    let mut spans = match only {
        None if some == all => vec![scene.span(format!("all {all}"), Role::Quiet)],
        None => vec![scene.span(format!("{some} of {all}"), Role::Wait)],
        Some(word) => vec![
            scene.span(format!("{word}: {some} of {all}"), Role::Wait),
            scene.span(" · ", Role::Quiet),
            scene.span(
                scene.key(match look.only {
                    Only::All | Only::Failed => Action::from(Verb::OnlyFailed),
                    Only::Errors => Verb::OnlyErrors.into(),
                    Only::Changed => BatchAction::OnlyChanged.into(),
                }),
                Role::Key,
            ),
            scene.span(" all", Role::Text),
        ],
    };
    if !look.query.is_empty() && !look.typing {
        spans.push(scene.span(" · with ", Role::Quiet));
        spans.push(scene.foreign(&look.query.text(), Role::Wait));
    }
    if let Some(search) = shown.search.as_ref().filter(|search| !search.is_over && search.looked > 0) {
        let of = shown.grid.counts().done.max(search.looked);
        spans.push(scene.span(format!(" · searched {} of {}", thousands(search.looked), thousands(of)), Role::Busy));
    }
    if !look.is_natural() {
        let arrow = if look.turned { "↑" } else { "↓" };
        let of = if look.by == By::Row { String::new() } else { format!(" of {}", shown.column_name(look.column)) };
        spans.push(scene.span(format!(" · {arrow} {}", look.by.word()), Role::Number));
        spans.push(scene.foreign(&of, Role::Text));
    }
    if let Some(baseline) = &shown.baseline {
        spans.push(scene.span(" · against ", Role::Quiet));
        spans.push(scene.foreign(&baseline.name, Role::Text));
    }
    spans
}

/// Says why no row is there, and what to press.
fn nothing(scene: Scene<'_>, shown: &ShownBatch) -> Line<'static> {
    if shown.search.as_ref().is_some_and(|search| !search.is_over) || shown.table.is_ordering() {
        return line_of(scene, "Searching …", Role::Quiet);
    }
    if !shown.look.shows_all() {
        let mut line = line_of(scene, "No rows match. ", Role::Quiet);
        line.push_span(scene.span(scene.key(Verb::Leave), Role::Key));
        line.push_span(scene.span(" shows all", Role::Text));
        return line;
    }
    line_of(scene, if shown.is_busy() { "Loading the first rows …" } else { "No cell was run" }, Role::Quiet)
}

/// A cell: its mark, then the value of what is expected, or why it failed; `whole` with the rest of the answer.
fn cell(
    scene: Scene<'_>,
    shown: &ShownBatch,
    (row, column): (usize, usize),
    whole: bool,
    wide: usize,
) -> Line<'static> {
    let slots = shown.grid.slots(row, column);
    let busy = slots.iter().any(|slot| matches!(slot, CellState::Busy(_)));
    let status = shown.grid.status(row, column);
    let first = match status {
        Some(status) => scene.span(mark(status), status_role(status)),
        None if busy => scene.span("▸", Role::Busy),
        None => scene.span("·", Role::Quiet),
    };
    let mut spans = vec![first];
    let known = shown.cells_shown(row, column);
    if slots.len() > 1 && !known.is_empty() {
        let good = known.iter().filter(|cell| cell.status == RunStatus::Passed).count();
        spans.push(scene.span(format!("{good}/{}", slots.len()), Role::Number));
    }
    let Some(worst) = known.iter().min_by_key(|cell| cell.status) else {
        return Line::from(spans);
    };
    if shown
        .baseline
        .as_ref()
        .is_some_and(|baseline| known.iter().any(|cell| baseline.differs(cell.place, cell.status)))
    {
        spans.push(scene.span(" ≠", Role::Differs));
    }
    if busy && status.is_some() {
        spans.push(scene.span(" ▸", Role::Busy));
    }
    spans.push(scene.span(if worst.cached { " = " } else { " " }, Role::Origin));
    let used: usize = spans.iter().map(Span::width).sum();
    let expected = shown.grid.line(row).map_or("", |line| line.expected);
    let (lead, rest) = words(worst, expected);
    let role = match worst.status {
        RunStatus::Failed => Role::Fail,
        RunStatus::Error => Role::Wait,
        RunStatus::Inconclusive => Role::Quiet,
        RunStatus::Passed | RunStatus::Unchecked | RunStatus::Cancelled => Role::Text,
    };
    let lead = fitted(&lead, wide.saturating_sub(used));
    let room = wide.saturating_sub(used + crate::text::width(&lead) + 2);
    spans.push(scene.span(lead, role));
    if whole && room > 3 && !rest.is_empty() {
        spans.push(scene.span(format!("  {}", fitted(&rest, room)), Role::Quiet));
    }
    Line::from(spans)
}

/// What a cell leads with, and what comes behind it. A failing one says why, but where its row expects another value:
/// that value is the reason.
fn words<'a>(cell: &'a Cell, expected: &str) -> (Cow<'a, str>, String) {
    let answer = fields(&cell.summary).filter(|_| cell.answered());
    let wanted = fields(expected);
    let (value, rest) = match &answer {
        Some(answer) if !answer.is_empty() => {
            let (value, rest) = lead(answer, wanted.as_deref());
            (Cow::Owned(value.to_owned()), rest.join("  "))
        }
        Some(_) | None => (Cow::Borrowed(cell.summary.as_str()), String::new()),
    };
    let other = !expected.is_empty() && !short(expected).contains(value.trim_end_matches('…'));
    match (cell.status, cell.failed.first(), &cell.reason) {
        (RunStatus::Failed, Some(rule), Some(reason)) if !other => (Cow::Owned(format!("{rule}: {reason}")), rest),
        _ => (value, rest),
    }
}

#[cfg(test)]
mod tests;
