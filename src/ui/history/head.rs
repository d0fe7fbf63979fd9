//! The query line, how many runs it finds, and what is said of it.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::inside;
use crate::{
    app::{action::Action, history::runs::Count},
    model::query::{Sort, SortBy},
    ui::{
        overlay::typed,
        part::flow::{Item, flow},
        scene::Scene,
        theme::Role,
    },
};

/// Draws both lines.
pub(super) fn draw(scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let history = &scene.app.history;
    let area = inside(area);
    let mut places = area.rows();
    let (Some(first), Some(second)) = (places.next(), places.next()) else {
        return;
    };
    let found = Line::from(scene.span(found(scene), Role::Number));
    let wide = u16::try_from(found.width()).unwrap_or(u16::MAX).min(first.width);
    let query = Rect { width: first.width.saturating_sub(wide + 2), ..first };
    if history.asking.typing {
        typed(scene, "/ ", &history.asking.line, "words and filters; tab completes", query, buffer);
    } else if history.asking.line.is_empty() {
        let mut line = Line::from(scene.span(scene.key(Action::Filter), Role::Key));
        line.push_span(scene.span(" words and filters", Role::Quiet));
        buffer.set_line(query.x, query.y, &line, query.width);
    } else {
        let mut line = Line::from(scene.span("/ ", Role::Key));
        line.push_span(scene.foreign(&history.asking.line.text(), Role::Text));
        buffer.set_line(query.x, query.y, &line, query.width);
    }
    buffer.set_line(first.right().saturating_sub(wide), first.y, &found, wide);
    let below = flow(said(scene), usize::from(second.width), 1).into_iter().next().unwrap_or_default();
    buffer.set_line(second.x, second.y, &below, second.width);
}

/// How many runs there are.
fn found(scene: Scene<'_>) -> String {
    let runs = &scene.app.history.runs;
    match runs.count {
        _ if runs.loading() => "reading …".to_owned(),
        Some(Count { runs: 1, more: false }) => "1 run".to_owned(),
        Some(Count { runs, more }) => format!("{}{} runs", thousands(runs), if more { "+" } else { "" }),
        None => format!("{}+ runs", thousands(runs.entries.len() as u64)),
    }
}

/// Writes a number with a comma at the thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What is wrong with the line, how it could go on, else how the runs are looked at.
fn said(scene: Scene<'_>) -> Vec<Item> {
    let history = &scene.app.history;
    let asking = &history.asking;
    let mut items: Vec<Item> = Vec::new();
    if let Some(bad) = &asking.mistake {
        items.push(vec![scene.span("✗ ", Role::Fail), scene.foreign(&bad.to_string(), Role::Fail)]);
    }
    if asking.typing {
        let before = asking.line.text().len();
        let tail = |line: &String| {
            // Only the part that is completed is shown, as the line before it stands above.
            let from = line.get(..before.min(line.len())).and_then(|head| head.rfind(char::is_whitespace));
            line.get(from.map_or(0, |at| at + 1)..).unwrap_or_default().to_owned()
        };
        items.extend(asking.completions().iter().take(24).map(|line| vec![scene.foreign(&tail(line), Role::Quiet)]));
        return items;
    }
    if asking.mistake.is_some() {
        return items;
    }
    let Sort { by, ascending } = asking.query.sort;
    let order = match (by, ascending) {
        (SortBy::Time, false) => "newest first",
        (SortBy::Time, true) => "oldest first",
        (SortBy::Cost, false) => "dearest first",
        (SortBy::Cost, true) => "cheapest first",
        (SortBy::Took, false) => "slowest first",
        (SortBy::Took, true) => "fastest first",
        (SortBy::Tokens, false) => "longest answer first",
        (SortBy::Tokens, true) => "shortest answer first",
    };
    items.push(vec![scene.span(order, Role::Quiet)]);
    match history.runs.marked.as_slice() {
        [] => {}
        [one] => items.push(vec![scene.span(format!("● {} is marked", one.short()), Role::Wait)]),
        [one, other, ..] => {
            items.push(vec![scene.span(format!("● {} and {} are marked", one.short(), other.short()), Role::Wait)]);
        }
    }
    items
}
