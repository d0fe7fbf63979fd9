//! The query line of the history, how many runs it finds, and how they are looked at.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{action::Action, history::runs::Count},
    eval::figures::thousands,
    model::query::{Sort, SortBy},
    ui::{asking, part::flow::Item, scene::Scene, theme::Role},
};

/// Draws both lines.
pub(super) fn draw(scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let found = scene.span(found(scene), Role::Number);
    asking::draw(scene, &scene.app.history.asking, &found, said(scene), area, buffer);
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

/// How the runs are looked at.
fn said(scene: Scene<'_>) -> Vec<Item> {
    let history = &scene.app.history;
    let Sort { by, ascending } = history.asking.query.sort;
    let order = match (by, ascending) {
        (SortBy::Time, false) => "newest first",
        (SortBy::Time, true) => "oldest first",
        (SortBy::Cost, false) => "dearest first",
        (SortBy::Cost, true) => "cheapest first",
        (SortBy::Took, false) => "slowest first",
        (SortBy::Took, true) => "fastest first",
        (SortBy::Tokens, false) => "most tokens first",
        (SortBy::Tokens, true) => "fewest tokens first",
        (SortBy::Verdict, false) => "worst first",
        (SortBy::Verdict, true) => "best first",
        (SortBy::Grade, false) => "best grade first",
        (SortBy::Grade, true) => "worst grade first",
    };
    let mut items = vec![vec![scene.span(order, Role::Quiet)]];
    if history.leads_back() && !history.reading {
        items.push(scene.hint(Action::Leave, "back to the quality screen"));
    }
    match history.runs.marked.as_slice() {
        [] => {}
        [one] => items.push(vec![scene.span(format!("● {} is marked", one.short()), Role::Wait)]),
        [one, other, ..] => {
            items.push(vec![scene.span(format!("● {} and {} are marked", one.short(), other.short()), Role::Wait)]);
        }
    }
    items
}
