//! The batch screen: the batches on record, the form of a new one, its table, its cells.
//!
//! How a batch goes: done, left, errors, rate, tokens, cost, time left, limits, and what is shown of it.
//!
//! The table: rows × targets, each cell with its mark, its score and the beginning of its answer.
//!
//! A batch that is being set up: the form, the columns of its data, and what it will take.

pub(crate) mod cell;

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
            Batches, CELL, ListPurpose, Page, ROW, TEXT,
            grid::{By, CellState, Only},
            head,
            run_state::{BatchState, ShownBatch},
            setup::capped,
        },
        context::Scene,
    },
    eval::Evidence,
    model::{Cost, PicoDollars, RunStatus, batch::BatchLimits, dataset::DatasetColumn, outcome::Judging},
    pipeline::batch::{BatchEnd, budget::BatchBudget},
    store::api::BatchEntry,
    text::{
        Wrapped, clean, clean_line,
        format::{age, all_tokens, count, duration, spent, unit, whole_percent},
        truncate, width,
    },
    widgets::{
        form as drawn,
        frame::{FlowItem, flow, mark, status_role},
        pick_list::list,
        table::{RowCursor, TableColumn, Width, fitted, left, right, table},
        theme::Role,
        verdict_chips::evidence_role,
    },
};

/// Draws the screen.
pub(crate) fn draw(scene: Scene<'_>, batch: &Batches, buffer: &mut Buffer) {
    let body = scene.shared.body.intersection(buffer.area);
    match (batch.page, &batch.shown) {
        (Page::Form, _) => form(scene, batch, body, buffer),
        (Page::Map, _) => map(scene, batch, body, buffer),
        (Page::Estimate, _) => estimate(scene, batch, body, buffer),
        (Page::Table, Some(shown)) => {
            if let Some(detail) = &shown.detail {
                cell::draw(scene, shown, detail, body, buffer);
            } else {
                draw_head(scene, shown, body, buffer);
                draw_rows(scene, shown, body, buffer);
            }
        }
        (Page::List | Page::Table, _) => entries(scene, batch, body, buffer),
    }
}

/// Says in a few words how the batch goes, while one runs.
pub(crate) fn chip(scene: Scene<'_>, batch: &Batches) -> Option<FlowItem> {
    head_chip(scene, batch.shown.as_ref()?)
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
fn entries(scene: Scene<'_>, batch: &Batches, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let new = vec![scene.span(scene.key(BatchAction::NewBatch), Role::Key), scene.span(" sets one up", Role::Text)];
    if batch.list.is_empty() {
        let comparing = batch.list_for == ListPurpose::Comparing;
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
        ListPurpose::Opening => "Batches on record",
        ListPurpose::Comparing => "Compare with which batch?",
    };
    let mut line = vec![scene.span(title, Role::Title), scene.span("   ", Role::Text)];
    if batch.list_for == ListPurpose::Opening {
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

/// Draws the lines above the table.
pub(crate) fn draw_head(scene: Scene<'_>, shown: &ShownBatch, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let wide = usize::from(area.width);
    let first = |items: Vec<FlowItem>| flow(items, wide, 1).into_iter().next().unwrap_or_default();
    let mut all = vec![first(progress(scene, shown)), first(use_of(scene, shown)), first(looked_at(scene, shown))];
    all.extend(shown.evidence(body.height).iter().map(|(column, found)| evidence(scene, shown, *column, found, wide)));
    lines(all, area, buffer);
    if shown.look.typing {
        let row = Rect { y: area.y.saturating_add(2), height: 1, ..area }.intersection(area);
        blank(row, buffer);
        scene.line(&shown.look.query, "/ ", "a text of a row or an answer; enter keeps it, esc leaves", row, buffer);
    }
}

fn blank(area: Rect, buffer: &mut Buffer) {
    for place in area.positions() {
        if let Some(cell) = buffer.cell_mut(place) {
            cell.reset();
        }
    }
}

fn item(scene: Scene<'_>, text: String, role: Role) -> FlowItem {
    vec![scene.span(text, role)]
}

/// How much is done and what came of it.
fn progress(scene: Scene<'_>, shown: &ShownBatch) -> Vec<FlowItem> {
    let counts = shown.grid.counts();
    let (word, role) = match &shown.state {
        BatchState::Starting => ("▸ starting".to_owned(), Role::Busy),
        BatchState::Running => ("▸ running".to_owned(), Role::Busy),
        BatchState::Paused(_) => ("‖ paused".to_owned(), Role::Wait),
        BatchState::Stopping => ("■ stopping".to_owned(), Role::Wait),
        BatchState::Over(BatchEnd::Complete) => ("✓ complete".to_owned(), Role::Pass),
        BatchState::Over(BatchEnd::Stopped) => ("■ stopped".to_owned(), Role::Wait),
        BatchState::Over(BatchEnd::Capped { .. }) => ("■ at its limit".to_owned(), Role::Wait),
        BatchState::Over(BatchEnd::Failed { .. }) => ("✗ cannot go on".to_owned(), Role::Fail),
        BatchState::Record => ("on record".to_owned(), Role::Quiet),
    };
    let mut items = vec![vec![scene.foreign(&shown.request.spec.name, Role::Title)], item(scene, word, role)];
    let done = match shown.total() {
        Some(total) => format!("{}/{} done", counts.done, total),
        None => format!("{} done", counts.done),
    };
    items.push(item(scene, done, Role::Number));
    if let Some(left) = shown.left().filter(|left| *left > 0) {
        items.push(item(scene, format!("{left} left"), Role::Text));
    }
    items.push(item(scene, format!("✓{}", counts.by.passed), Role::Pass));
    for status in [RunStatus::Failed, RunStatus::Error] {
        let count = counts.by.of(status);
        let role = if count > 0 { status_role(status) } else { Role::Quiet };
        items.push(item(scene, format!("{}{count}", mark(status)), role));
    }
    for status in [RunStatus::Inconclusive, RunStatus::Unchecked] {
        let count = counts.by.of(status);
        if count > 0 {
            items.push(item(scene, format!("{}{count} {status}", mark(status)), status_role(status)));
        }
    }
    if let Some(rate) = counts.by.pass_rate() {
        items.push(item(scene, format!("{} passed", whole_percent(rate)), Role::Number));
    }
    items
}

/// What it uses: time, tokens, money, calls, and how near its limits are.
fn use_of(scene: Scene<'_>, shown: &ShownBatch) -> Vec<FlowItem> {
    let now = scene.now().at;
    let mut items = Vec::new();
    match &shown.state {
        BatchState::Paused(why) => items.push(vec![scene.foreign(&format!("paused: {why}"), Role::Wait)]),
        BatchState::Over(BatchEnd::Capped { why, .. } | BatchEnd::Failed { why }) => {
            items.push(vec![scene.foreign(why, Role::Wait)]);
        }
        BatchState::Over(BatchEnd::Complete | BatchEnd::Stopped)
        | BatchState::Starting
        | BatchState::Running
        | BatchState::Stopping
        | BatchState::Record => {}
    }
    if shown.is_busy() {
        let keys =
            [Action::Verb(Verb::FewerCalls), Action::Verb(Verb::MoreCalls)].map(|action| scene.key(action)).join(" ");
        items.push(vec![
            scene.span(format!("{} at once ", shown.concurrency), Role::Number),
            scene.span(keys, Role::Key),
        ]);
    }
    let Some(budget) = &shown.budget else {
        return items;
    };
    items.push(item(scene, duration(budget.elapsed(now.into())), Role::Text));
    items.extend(budget.rate(now.into()).map(|rate| item(scene, format!("{rate:.1} cells/s"), Role::Text)));
    if shown.is_busy() {
        let left = budget.time_left(now.into()).filter(|left| !left.is_zero());
        items.extend(left.map(|left| item(scene, format!("~{} left", duration(left)), Role::Text)));
    }
    if budget.done > 0 {
        items.push(item(scene, format!("{} tok", all_tokens(&budget.answers.usage)), Role::Text));
        items.push(item(scene, budget.answers.cost.to_string(), Role::Text));
        if budget.judging != Judging::default() {
            items.push(item(scene, format!("judges: {}", spent(&budget.judging.spent())), Role::Text));
        }
    }
    items.extend(burn(scene, budget));
    items
}

/// How near a batch is to its limits: what is used of each, and what will be.
fn burn(scene: Scene<'_>, budget: &BatchBudget) -> Vec<FlowItem> {
    let BatchLimits { cost, tokens, time } = budget.caps;
    let now = scene.now().at;
    let mut items = Vec::new();
    let mut limit = |used: f64, most: f64, shown: String, projected: Option<String>| {
        let share = if most > 0.0 { (used / most).clamp(0.0, 1.0) } else { 1.0 };
        let filled = (share * BAR as f64).round() as usize;
        let role = if share >= 0.9 { Role::Wait } else { Role::Number };
        let mut item = vec![
            scene.span("█".repeat(filled), role),
            scene.span("░".repeat(BAR - filled), Role::Quiet),
            scene.span(format!(" {} of {shown}", whole_percent(share)), role),
        ];
        item.extend(projected.map(|projected| scene.span(format!(" → {projected}"), Role::Quiet)));
        items.push(item);
    };
    if let Some(dollars) = cost {
        let most = Cost::Known(PicoDollars((dollars.max(0.0) * 1e12).round() as u64));
        limit(budget.cost.dollars(), dollars, most.to_string(), budget.projected_cost().map(|cost| cost.to_string()));
    }
    if let Some(most) = tokens {
        let shown = format!("{} tok", count(most));
        limit(budget.tokens as f64, most as f64, shown, budget.projected_tokens().map(count));
    }
    if let Some(most) = time {
        limit(budget.elapsed(now.into()).as_secs_f64(), most.as_secs_f64(), duration(most), None);
    }
    items
}

/// Columns of a bar.
const BAR: usize = 8;

/// Which rows are shown, and in which order.
fn looked_at(scene: Scene<'_>, shown: &ShownBatch) -> Vec<FlowItem> {
    let look = &shown.look;
    let place = if shown.table.is_empty() { 0 } else { shown.table.at() + 1 };
    let mut items = vec![item(scene, format!("row {place} of {}", shown.table.len()), Role::Quiet)];
    let only = match look.only {
        Only::All => None,
        Only::Failed => Some("only failed".to_owned()),
        Only::Errors => Some("only errors".to_owned()),
        Only::Changed => Some("only changed".to_owned()),
    };
    items.extend(only.map(|only| item(scene, only, Role::Wait)));
    if !look.query.is_empty() {
        items.push(vec![scene.span("with ", Role::Quiet), scene.foreign(&look.query.text(), Role::Wait)]);
    }
    if !look.is_natural() {
        let arrow = if look.turned { "↑" } else { "↓" };
        let of = if look.by == By::Row { String::new() } else { format!(" of {}", shown.column_name(look.column)) };
        items.push(vec![scene.span(format!("{arrow} {}", look.by.word()), Role::Number), Span::raw(of)]);
    }
    if let Some(baseline) = &shown.baseline {
        items.push(vec![scene.span("against ", Role::Quiet), scene.foreign(&baseline.name, Role::Text)]);
    }
    items
}

/// How a column stands to the first one, or to its like in the batch that is compared with.
fn evidence(scene: Scene<'_>, shown: &ShownBatch, column: usize, found: &Evidence, wide: usize) -> Line<'static> {
    let name = clean_line(&shown.column_name(column));
    let name = format!("{}: ", truncate(name.as_str(), wide / 3));
    let other = match shown.baseline {
        Some(_) => "before".to_owned(),
        None => truncate(clean_line(&shown.column_name(0)).as_str(), wide / 4).into_owned(),
    };
    let (better, worse) = (format!("better than {other}"), format!("worse than {other}"));
    let words = found.sentence_within((&better, &worse), wide.saturating_sub(width(&name)));
    Line::from(vec![scene.span(name, Role::Title), scene.span(words, evidence_role(found.shown))])
}

/// Says in a few words how a batch goes, while it runs.
pub(crate) fn head_chip(scene: Scene<'_>, shown: &ShownBatch) -> Option<FlowItem> {
    if !shown.is_busy() {
        return None;
    }
    let counts = shown.grid.counts();
    let total = shown.total().map_or_else(|| "…".to_owned(), |total| total.to_string());
    let role = if shown.is_paused() { Role::Wait } else { Role::Busy };
    let paused = if shown.is_paused() { " paused" } else { "" };
    let mut item = vec![scene.span(format!("{}/{total}{paused}", counts.done), role)];
    let wrong = [RunStatus::Failed, RunStatus::Error, RunStatus::Inconclusive];
    let counted = wrong.into_iter().map(|status| (status, counts.by.of(status))).filter(|(_, count)| *count > 0);
    item.extend(counted.map(|(status, count)| scene.span(format!(" {}{count}", mark(status)), status_role(status))));
    Some(item)
}

/// A line of plain text.
pub(crate) fn line_of(scene: Scene<'_>, text: &str, role: Role) -> Line<'static> {
    Line::from(scene.foreign(text, role))
}

/// Draws the table below the head.
pub(crate) fn draw_rows(scene: Scene<'_>, shown: &ShownBatch, body: Rect, buffer: &mut Buffer) {
    let above = head(shown, body);
    let area = Rect { y: body.y.saturating_add(above), height: body.height.saturating_sub(above), ..body };
    if shown.table.is_empty() {
        let below = Rect { x: area.x + 2, y: area.y + 1, ..area }.intersection(area);
        buffer.set_line(below.x, below.y, &nothing(scene, shown), below.width);
        return;
    }
    let mut columns =
        vec![TableColumn::new("row", Width::Fixed(ROW)).right(), TableColumn::new("input", Width::Share(2, TEXT))];
    let seen = usize::from((area.width.saturating_sub(ROW + TEXT + 4) / (CELL + 1)).max(1));
    let last = shown.grid.columns().min(shown.left + seen);
    columns.extend((shown.left..last).map(|column| {
        let more = match (column == shown.left && shown.left > 0, column + 1 == last && last < shown.grid.columns()) {
            (true, _) => "‹ ",
            (false, true) => "› ",
            (false, false) => "",
        };
        TableColumn::new(format!("{more}{}", shown.column_name(column)), Width::Share(3, CELL))
    }));
    let cursor = RowCursor::Column(2 + shown.column.saturating_sub(shown.left));
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
fn nothing(scene: Scene<'_>, shown: &ShownBatch) -> Line<'static> {
    if !shown.look.shows_all() {
        let mut line = line_of(scene, "No row is like that. ", Role::Quiet);
        line.push_span(scene.span(scene.key(Verb::Leave), Role::Key));
        line.push_span(scene.span(" shows all", Role::Text));
        return line;
    }
    line_of(scene, if shown.is_busy() { "Reading the first rows …" } else { "No cell was asked yet." }, Role::Quiet)
}

fn cell(scene: Scene<'_>, shown: &ShownBatch, (row, column): (usize, usize), wide: usize) -> Line<'static> {
    let slots = shown.grid.slots(row, column);
    let busy = slots.iter().any(|slot| matches!(slot, CellState::Busy(_)));
    let status = shown.grid.status(row, column);
    let first = match status {
        Some(status) => scene.span(mark(status), status_role(status)),
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
    let role = if worst.answered() { Role::Text } else { Role::Wait };
    let origin = if worst.cached { "= " } else { "" };
    spans.push(scene.span(format!(" {origin}"), Role::Origin));
    spans.push(scene.span(fitted(&brief(&worst.summary), wide.saturating_sub(used + 1 + origin.len())), role));
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

/// Draws the form of a new batch.
pub(crate) fn form(scene: Scene<'_>, batch: &Batches, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let setup = &batch.setup;
    let says = if setup.is_busy() {
        "Looking at the data …".to_owned()
    } else {
        format!("{} looks at the data and estimates what it takes; nothing is asked yet", scene.key(Verb::Accept))
    };
    let title = Line::from(scene.span("A new batch", Role::Title));
    lines(vec![title, line_of(scene, &says, Role::Quiet)], area, buffer);
    if let Some(form) = &setup.form {
        drawn::draw(form, scene.theme, below(area, 3), scene.caret, buffer);
    }
}

/// Draws which column is which variable, over the columns of the data.
pub(crate) fn map(scene: Scene<'_>, batch: &Batches, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let setup = &batch.setup;
    let title = Line::from(scene.span("Which column is which variable?", Role::Title));
    let says = "No column is called like these variables of the prompt.";
    lines(vec![title, line_of(scene, says, Role::Quiet)], area, buffer);
    let Some(form) = &setup.map else {
        return;
    };
    let rows = u16::try_from(form.rows.len()).unwrap_or(u16::MAX).saturating_add(3);
    let half = (area.height / 2).max(4);
    let filled = Rect { height: rows.min(half), ..below(area, 3) }.intersection(area);
    drawn::draw(form, scene.theme, filled, scene.caret, buffer);
    if let Some(planned) = &setup.planned {
        columns(scene, &planned.preview.columns, below(area, 4 + filled.height), buffer);
    }
}

/// Draws the columns of the data: name, type, first values.
fn columns(scene: Scene<'_>, columns: &[DatasetColumn], area: Rect, buffer: &mut Buffer) {
    let head = format!("{} {} {}", left("column", 20), left("type", 12), "first value");
    let mut shown = vec![Line::from(scene.span(head, Role::Quiet))];
    let room = usize::from(area.width).saturating_sub(34);
    let more = columns.len().saturating_sub(usize::from(area.height).saturating_sub(2));
    shown.extend(columns.iter().take(columns.len() - more.min(columns.len())).map(|column| {
        Line::from(vec![
            scene.span(left(&column.name, 20), Role::Title),
            scene.span(format!(" {} ", left(column.kind.name(), 12)), Role::Origin),
            scene.span(fitted(&column.example, room), Role::Text),
        ])
    }));
    if more > 0 {
        shown.push(line_of(scene, &format!("and {more} more"), Role::Quiet));
    }
    lines(shown, area, buffer);
}

/// Draws what a batch will take, before its first call.
pub(crate) fn estimate(scene: Scene<'_>, batch: &Batches, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let setup = &batch.setup;
    let (Some(request), Some(planned)) = (&setup.request, &setup.planned) else {
        return;
    };
    let spec = &request.spec;
    let mut shown =
        vec![Line::from(vec![scene.span("Run this batch?  ", Role::Title), scene.foreign(&spec.data, Role::Text)])];
    let each = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let rows = planned
        .rows
        .map_or_else(|| "? rows".to_owned(), |rows| each(usize::try_from(rows).unwrap_or(usize::MAX), "row"));
    let cells = planned.rows.map_or_else(|| "?".to_owned(), |rows| spec.cells(rows).to_string());
    let parts = [
        rows,
        each(spec.prompts.len(), "prompt"),
        each(spec.lanes().iter().map(|(_, targets)| targets.len()).max().unwrap_or(0), "model"),
        each(spec.samples as usize, "sample"),
    ];
    shown.push(Line::from(vec![
        scene.span(parts.join(" × "), Role::Text),
        scene.span(format!(" = {cells} cells"), Role::Number),
    ]));
    if planned.kept > 0 {
        let says = format!("{} of them are finished already and are kept", planned.kept);
        shown.push(line_of(scene, &says, Role::Pass));
    }
    shown.push(Line::default());
    let head = format!("{}{}{}{}", left("", 12), left("low", 12), left("expected", 12), left("high", 12));
    shown.push(Line::from(scene.span(head, Role::Quiet)));
    let estimate = &planned.estimate;
    let source = match estimate.from {
        0 => "guessed: no past answers".to_owned(),
        1 => "from 1 past answer".to_owned(),
        from => format!("from {from} past answers"),
    };
    let tokens = |tokens: u64| format!("~{}", count(tokens));
    let out = estimate.output;
    let mut band = |what: &str, values: [String; 3], source: &str| {
        let mut line = vec![scene.span(left(what, 12), Role::Text)];
        line.extend(values.iter().map(|value| scene.span(left(value, 12), Role::Number)));
        line.push(scene.span(source.to_owned(), Role::Origin));
        shown.push(Line::from(line));
    };
    band("tokens in", [(); 3].map(|()| tokens(estimate.input)), "estimated by length");
    band("tokens out", [out.low, out.expected, out.high].map(tokens), &source);
    let cost = [estimate.cost.low, estimate.cost.expected, estimate.cost.high];
    let (costs, says) = match estimate.unpriced {
        0 if estimate.cost.high == PicoDollars::default() => {
            ([(); 3].map(|()| "free".to_owned()), "its models cost nothing".to_owned())
        }
        0 => (cost.map(|cost| Cost::Estimated(cost).to_string()), "estimated".to_owned()),
        _ if !estimate.is_priced() => ([(); 3].map(|()| "?".to_owned()), "no price is known".to_owned()),
        unpriced => (
            cost.map(|cost| Cost::AtLeast(cost).to_string()),
            format!("estimated; {unpriced} cells have no known price"),
        ),
    };
    band("cost", costs, &says);
    shown.push(Line::default());
    let caps = capped(&request.limits);
    let limit = if caps.is_empty() {
        "no limit: it runs to its end whatever it takes".to_owned()
    } else {
        format!("pauses before it goes beyond {}", caps.join(", "))
    };
    shown.push(line_of(scene, &limit, if caps.is_empty() { Role::Quiet } else { Role::Text }));
    shown.push(line_of(scene, &format!("{} calls at once", request.concurrency), Role::Quiet));
    if let Some(note) = &planned.note {
        let mut rows = Wrapped::new(usize::from(area.width.max(1)));
        rows.push(&clean(note));
        shown.extend((0..rows.rows()).map(|row| line_of(scene, &rows.row(row).text, Role::Wait)));
    }
    shown.push(Line::default());
    shown.push(Line::from(vec![
        scene.span(scene.key(Verb::Accept), Role::Key),
        scene.span(" starts it   ", Role::Text),
        scene.span(scene.key(Verb::Leave), Role::Key),
        scene.span(" back to the form", Role::Text),
    ]));
    let wide = u16::try_from(shown.len()).unwrap_or(u16::MAX).min(area.height);
    lines(shown, area, buffer);
    columns(scene, &planned.preview.columns, below(area, wide + 1), buffer);
}

/// Leaves out so many rows at the top.
fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}
