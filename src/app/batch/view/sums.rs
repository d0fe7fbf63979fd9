//! The row of sums of the batch screen: how the models stand while a batch runs, else what is listed comes to.

use std::time::Duration;

use crate::{
    app::{
        batch::{
            Batches, Page,
            figures::ListedCells,
            run_state::ShownBatch,
            update::LISTED,
            view::{head, item},
        },
        context::Scene,
        totals,
    },
    eval::{Evidence, Tally, evidence::Conclusion},
    store::api::BatchEntry,
    text::format::thousands,
    widgets::{frame::FlowItem, theme::Role},
};

/// Lists what the row says, the most telling first.
pub(crate) fn totals(scene: Scene<'_>, batch: &Batches) -> Vec<FlowItem> {
    match (batch.page, &batch.shown) {
        (Page::Form, _) => Vec::new(),
        (Page::Table, Some(shown)) if shown.zoomed => Vec::new(),
        (Page::Table, Some(shown)) => match &shown.listed {
            Some(ListedCells { tally, p50 }) => of_rows(scene, shown, tally, *p50),
            // They are being added up.
            None if shown.listing.is_some() => Vec::new(),
            None if shown.is_busy() => of_running(scene, shown),
            None => of_rows(scene, shown, &shown.figures.total.tally, shown.figures.total.p50),
        },
        (Page::List | Page::Table, _) => of_batches(scene, batch),
    }
}

/// How the models stand so far, whether that shows anything, and by what cells failed.
fn of_running(scene: Scene<'_>, shown: &ShownBatch) -> Vec<FlowItem> {
    let figures = &shown.figures;
    let mut items = Vec::new();
    if figures.columns.len() > 1 {
        for (column, own) in figures.columns.iter().enumerate() {
            if let Some(rate) = head::rate(own.tally.counts.passed, own.tally.counts.rated()) {
                items.push(vec![
                    scene.foreign(&shown.column_name(column), Role::Text),
                    scene.span(format!(" {rate}"), Role::Number),
                ]);
            }
        }
    }
    let open = |(_, evidence): &(usize, Evidence)| evidence.shown == Conclusion::NoDifference;
    if !figures.between.is_empty() && figures.between.iter().all(open) {
        items.push(item(scene, "no difference shown yet".to_owned(), Role::Quiet));
    }
    items.extend(head::failures(scene, &figures.total.failures()));
    items
}

/// What the cells of the rows that are listed come to.
fn of_rows(scene: Scene<'_>, shown: &ShownBatch, tally: &Tally, p50: Option<Duration>) -> Vec<FlowItem> {
    if tally.cells() == 0 {
        return Vec::new();
    }
    let (rows, all) = (shown.table.len() as u64, shown.grid.len() as u64);
    let of = if rows == all { String::new() } else { format!(" of {}", thousands(all)) };
    let rows = totals::number(scene, format!("{}{of}", thousands(rows)), if all == 1 { "row" } else { "rows" });
    let mut items = vec![totals::listed(scene), rows, totals::things(scene, tally.cells(), "cell")];
    items.extend(totals::passed_share(scene, &tally.counts));
    let spent = tally.answers();
    items.extend([item(scene, spent.cost.to_string(), Role::Number), totals::tokens(scene, &spent)]);
    items.extend(p50.map(|p50| totals::median(scene, p50)));
    if tally.cached > 0 {
        items.push(totals::number(scene, thousands(tally.cached), "cached"));
    }
    items
}

/// What the batches that are listed come to.
fn of_batches(scene: Scene<'_>, batch: &Batches) -> Vec<FlowItem> {
    if batch.entries.is_empty() {
        return Vec::new();
    }
    let sum = |of: fn(&BatchEntry) -> u64| batch.entries.iter().map(of).sum::<u64>();
    let cells = sum(|entry| entry.cells);
    let noun = match batch.entries.len() {
        1 => "batch",
        LISTED => "newest batches",
        _ => "batches",
    };
    vec![
        totals::listed(scene),
        totals::number(scene, thousands(batch.entries.len() as u64), noun),
        totals::things(scene, cells, "cell"),
        totals::number(scene, thousands(sum(|entry| entry.failed)), "failed"),
        totals::things(scene, sum(|entry| entry.cells.saturating_sub(entry.answered)), "error"),
    ]
}
