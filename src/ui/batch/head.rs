//! How a batch goes: done, left, errors, rate, tokens, cost, time left, limits, and what is shown of it.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{inside, lines};
use crate::{
    app::{
        action::Action,
        batch::{
            BatchEnd, Budget,
            look::{By, Only},
            shown::{Shown, State},
        },
    },
    eval::{
        Evidence,
        figures::{all_tokens, count, duration, spent, whole_percent},
    },
    model::{Cost, PicoDollars, RunStatus, batch::Caps, outcome::Judging},
    text::{clean_line, truncate, width},
    ui::{
        overlay::typed,
        part::{
            evidence::role,
            flow::{Item, flow},
            status,
        },
        scene::Scene,
        theme::Role,
    },
};

/// Draws the lines above the table.
pub(super) fn draw(scene: Scene<'_>, shown: &Shown, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let wide = usize::from(area.width);
    let first = |items: Vec<Item>| flow(items, wide, 1).into_iter().next().unwrap_or_default();
    let mut all = vec![first(progress(scene, shown)), first(use_of(scene, shown)), first(looked_at(scene, shown))];
    all.extend(shown.evidence(body.height).iter().map(|(column, found)| evidence(scene, shown, *column, found, wide)));
    lines(all, area, buffer);
    if shown.look.typing {
        let row = Rect { y: area.y.saturating_add(2), height: 1, ..area }.intersection(area);
        blank(row, buffer);
        typed(scene, "/ ", &shown.look.query, "a text of a row or an answer; enter keeps it, esc leaves", row, buffer);
    }
}

fn blank(area: Rect, buffer: &mut Buffer) {
    for place in area.positions() {
        if let Some(cell) = buffer.cell_mut(place) {
            cell.reset();
        }
    }
}

fn item(scene: Scene<'_>, text: String, role: Role) -> Item {
    vec![scene.span(text, role)]
}

/// How much is done and what came of it.
fn progress(scene: Scene<'_>, shown: &Shown) -> Vec<Item> {
    let counts = shown.grid.counts();
    let (word, role) = match &shown.state {
        State::Starting => ("▸ starting".to_owned(), Role::Busy),
        State::Running => ("▸ running".to_owned(), Role::Busy),
        State::Paused(_) => ("‖ paused".to_owned(), Role::Wait),
        State::Stopping => ("■ stopping".to_owned(), Role::Wait),
        State::Over(BatchEnd::Complete) => ("✓ complete".to_owned(), Role::Pass),
        State::Over(BatchEnd::Stopped) => ("■ stopped".to_owned(), Role::Wait),
        State::Over(BatchEnd::Capped { .. }) => ("■ at its limit".to_owned(), Role::Wait),
        State::Over(BatchEnd::Failed { .. }) => ("✗ cannot go on".to_owned(), Role::Fail),
        State::Record => ("on record".to_owned(), Role::Quiet),
    };
    let mut items = vec![vec![scene.foreign(&shown.order.spec.name, Role::Title)], item(scene, word, role)];
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
        let role = if count > 0 { status::role(status) } else { Role::Quiet };
        items.push(item(scene, format!("{}{count}", status::mark(status)), role));
    }
    for status in [RunStatus::Inconclusive, RunStatus::Unchecked] {
        let count = counts.by.of(status);
        if count > 0 {
            items.push(item(scene, format!("{}{count} {status}", status::mark(status)), status::role(status)));
        }
    }
    if let Some(rate) = counts.by.pass_rate() {
        items.push(item(scene, format!("{} passed", whole_percent(rate)), Role::Number));
    }
    items
}

/// What it uses: time, tokens, money, calls, and how near its limits are.
fn use_of(scene: Scene<'_>, shown: &Shown) -> Vec<Item> {
    let now = scene.now().at;
    let mut items = Vec::new();
    match &shown.state {
        State::Paused(why) => items.push(vec![scene.foreign(&format!("paused: {why}"), Role::Wait)]),
        State::Over(BatchEnd::Capped { why, .. } | BatchEnd::Failed { why }) => {
            items.push(vec![scene.foreign(why, Role::Wait)]);
        }
        _ => {}
    }
    if shown.is_busy() {
        let keys = [Action::FewerCalls, Action::MoreCalls].map(|action| scene.key(action)).join(" ");
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
fn burn(scene: Scene<'_>, budget: &Budget) -> Vec<Item> {
    let Caps { cost, tokens, time } = budget.caps;
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
fn looked_at(scene: Scene<'_>, shown: &Shown) -> Vec<Item> {
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
fn evidence(scene: Scene<'_>, shown: &Shown, column: usize, found: &Evidence, wide: usize) -> Line<'static> {
    let name = clean_line(&shown.column_name(column));
    let name = format!("{}: ", truncate(name.as_str(), wide / 3));
    let other = match shown.baseline {
        Some(_) => "before".to_owned(),
        None => truncate(clean_line(&shown.column_name(0)).as_str(), wide / 4).into_owned(),
    };
    let (better, worse) = (format!("better than {other}"), format!("worse than {other}"));
    let said = found.said((&better, &worse), wide.saturating_sub(width(&name)));
    Line::from(vec![scene.span(name, Role::Title), scene.span(said, role(found.shown))])
}

/// Says in a few words how a batch goes, while it runs.
pub(super) fn chip(scene: Scene<'_>, shown: &Shown) -> Option<Item> {
    if !shown.is_busy() {
        return None;
    }
    let counts = shown.grid.counts();
    let total = shown.total().map_or_else(|| "…".to_owned(), |total| total.to_string());
    let role = if shown.is_paused() { Role::Wait } else { Role::Busy };
    let paused = if shown.is_paused() { " paused" } else { "" };
    let mut item = vec![scene.span(format!("batch {}/{total}{paused}", counts.done), role)];
    let wrong = [RunStatus::Failed, RunStatus::Error, RunStatus::Inconclusive];
    let counted = wrong.into_iter().map(|status| (status, counts.by.of(status))).filter(|(_, count)| *count > 0);
    item.extend(
        counted.map(|(status, count)| scene.span(format!(" {}{count}", status::mark(status)), status::role(status))),
    );
    Some(item)
}

/// A line of plain text.
pub(super) fn said(scene: Scene<'_>, text: &str, role: Role) -> Line<'static> {
    Line::from(scene.foreign(text, role))
}
