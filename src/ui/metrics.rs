//! The numbers of many runs: of this session, and of all on record.

use ratatui::{buffer::Buffer, text::Line};

use super::{
    part::{
        flow::{Item, flow},
        pane::{numbered, pane},
    },
    scene::Scene,
    theme::Role,
};
use crate::{
    app::{action::Action, workbench::Focus},
    eval::figures::{count, duration, share},
    model::PicoDollars,
};

/// Draws the metrics' pane.
pub(super) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let area = scene.app.layout.metrics;
    if area.is_empty() {
        return;
    }
    let hold = scene.hold(|focus| focus == Focus::Metrics);
    let demo = scene.app.bench.metrics.demo;
    let right = if demo == 0 {
        Line::default()
    } else {
        Line::from(scene.span(format!("DEMO {demo} of {} runs", scene.app.bench.metrics.runs), Role::Demo))
    };
    let inside = pane(area, hold, numbered(4, "Metrics", scene.theme), right, scene.theme, buffer);
    let tall = inside.height > 4;
    let wide = usize::from(inside.width);
    let mut lines = flow(session(scene), wide, if tall { 6 } else { 1 });
    if tall {
        lines.push(Line::default());
    }
    lines.extend(flow(all_time(scene), wide, if tall { 4 } else { 1 }));
    for (line, place) in lines.iter().zip(inside.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

fn one(scene: Scene<'_>, label: &str, value: String, role: Role) -> Item {
    vec![scene.span(format!("{label} "), Role::Quiet), scene.span(value, role)]
}

fn session(scene: Scene<'_>) -> Vec<Item> {
    let metrics = &scene.app.bench.metrics;
    let mut items = vec![vec![scene.span("session ", Role::Title)]];
    if metrics.runs == 0 {
        items.push(vec![scene.span("no runs yet", Role::Quiet)]);
        items.push(scene.hint(Action::Run, "runs the prompt"));
        return items;
    }
    items.push(one(scene, "runs", count(metrics.runs), Role::Number));
    items.push(errors(scene, metrics.errors));
    items.push(tokens(scene, metrics.tokens));
    items.push(cost(scene, metrics.cost, metrics.unpriced, metrics.runs.saturating_sub(metrics.demo)));
    if metrics.judged > 0 {
        let role = if metrics.passed < metrics.judged { Role::Fail } else { Role::Number };
        items.push(one(scene, "quality", format!("{}/{}", metrics.passed, metrics.judged), role));
    }
    if let (Some(half), Some(most)) = (metrics.response_time(0.5), metrics.response_time(0.95)) {
        items.push(vec![
            scene.span("p50 ", Role::Quiet),
            scene.span(duration(half), Role::Number),
            scene.span(" p95 ", Role::Quiet),
            scene.span(duration(most), Role::Number),
            scene.span(format!(" n={}", metrics.measured()), Role::Quiet),
        ]);
    }
    if let Some(first) = metrics.first_token(0.5) {
        items.push(one(scene, "ttft", duration(first), Role::Number));
    }
    items.push(one(scene, "cache", share(metrics.cached, metrics.runs), Role::Number));
    items
}

fn all_time(scene: Scene<'_>) -> Vec<Item> {
    let mut items = vec![vec![scene.span("all time", Role::Title)]];
    let Some(before) = scene.app.bench.totals else {
        items.push(vec![scene.span("reading the record …", Role::Quiet)]);
        return items;
    };
    let now = &scene.app.bench.metrics;
    let (runs, demo) = (before.runs + now.runs, before.demo + now.demo);
    items.push(one(scene, "runs", count(runs), Role::Number));
    items.push(errors(scene, before.errors + now.errors));
    items.push(tokens(scene, before.tokens + now.tokens));
    let sum = PicoDollars(before.cost.saturating_add(now.cost.0));
    items.push(cost(scene, sum, before.unpriced + now.unpriced, runs.saturating_sub(demo)));
    items.push(one(scene, "cache", share(before.cached + now.cached, runs), Role::Number));
    if demo > 0 {
        items.push(vec![scene.span(format!("DEMO {} of these", count(demo)), Role::Demo)]);
    }
    items
}

fn errors(scene: Scene<'_>, errors: u64) -> Item {
    one(scene, "errors", count(errors), if errors == 0 { Role::Number } else { Role::Fail })
}

fn tokens(scene: Scene<'_>, tokens: u64) -> Item {
    vec![scene.span(count(tokens), Role::Number), scene.span(" tok", Role::Quiet)]
}

/// Writes the sum of the costs of so many runs. Runs without a price are counted beside it, so that
/// it is not taken for all; where no run could cost anything there is no sum.
fn cost(scene: Scene<'_>, sum: PicoDollars, unpriced: u64, runs: u64) -> Item {
    let mut item = vec![scene.span("cost ", Role::Quiet)];
    if runs == 0 {
        item.push(scene.span("–", Role::Quiet));
        return item;
    }
    if sum.0 == 0 && unpriced > 0 {
        item.push(scene.span("?", Role::Origin));
        return item;
    }
    item.push(scene.span(sum.to_string(), Role::Number));
    if unpriced > 0 {
        item.push(scene.span(format!(" +{}×?", count(unpriced)), Role::Origin));
    }
    item
}
