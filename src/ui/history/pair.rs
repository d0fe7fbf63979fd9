//! Two runs compared: what either is, how much differs, and what.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::inside;
use crate::{
    app::{
        history::pair::{Kinds, Pair, RunRecord, area},
        versions::ago,
        weighing,
    },
    eval::figures::duration,
    ui::{
        part::{
            diff::{difference, summary},
            evidence::role,
            flow::{Item, flow},
            status,
        },
        scene::Scene,
        theme::Role,
    },
};

/// Draws the comparison.
pub(super) fn draw(scene: Scene<'_>, pair: &Pair, body: Rect, buffer: &mut Buffer) {
    let head = inside(body);
    let wide = usize::from(head.width);
    let names = [("− ", Role::Removed), ("+ ", Role::Added)];
    let mut lines: Vec<Line<'static>> = Vec::new();
    for ((record, run), (sign, role)) in pair.records.iter().zip(pair.runs).zip(names) {
        let mut items: Vec<Item> =
            vec![vec![scene.span(sign, role), scene.span(format!("run {}", run.short()), Role::Title)]];
        match record {
            Some(record) => items.extend(said(scene, record)),
            None => items.push(vec![scene.span("Reading the run …", Role::Quiet)]),
        }
        lines.extend(flow(items, wide, 1).into_iter().next());
    }
    if let Some(shown) = pair.difference() {
        lines.extend(flow(summary(shown, scene.theme), wide, 1).into_iter().next());
        lines.push(evidence(scene, &pair.kinds, wide));
        let text = area(body).intersection(buffer.area);
        difference(shown, scene.theme.style(Role::Text), text, scene.theme, buffer);
    }
    for (line, place) in lines.into_iter().zip(head.rows()) {
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

/// Says what the record says of the newer run's kind against the older one's.
fn evidence(scene: Scene<'_>, kinds: &Kinds, wide: usize) -> Line<'static> {
    let quiet = |text: &str| Line::from(scene.span(text, Role::Quiet));
    match kinds {
        Kinds::Waits => Line::default(),
        Kinds::Unknown => quiet("one of them was not sent: there is nothing to weigh"),
        Kinds::Alike => quiet("the same version, model and parameters: two samples of one"),
        Kinds::Asked(apart) => quiet(&format!("{}: weighing …", apart.join(", "))),
        Kinds::Failed(why) => Line::from(scene.foreign(why, Role::Fail)),
        Kinds::Told(apart, weighed) => {
            let before = format!("{}: ", apart.join(", "));
            let said = weighing::said(weighed, ("+ better", "+ worse"), wide.saturating_sub(before.len()));
            Line::from(vec![scene.span(before, Role::Quiet), scene.span(said, role(weighed.evidence.shown))])
        }
    }
}

/// What there is to say of one of them.
fn said(scene: Scene<'_>, record: &RunRecord) -> Vec<Item> {
    let outcome = &record.outcome;
    let mut items: Vec<Item> = vec![
        vec![scene.foreign(record.prompt_name.as_deref().unwrap_or("no name"), Role::Text)],
        vec![scene.foreign(&outcome.target, Role::Text)],
    ];
    let came = outcome.status();
    items.push(vec![scene.span(format!("{} {came}", status::mark(came)), status::role(came))]);
    items.push(vec![scene.span(duration(outcome.timing.took()), Role::Number)]);
    items.push(vec![scene.span(outcome.cost.to_string(), Role::Number)]);
    items.push(vec![scene.span(ago(record.started, scene.now().time), Role::Quiet)]);
    items
}
