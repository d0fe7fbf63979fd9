//! What stands in the lane at the first start, until something is run: what to press, what is asked, what to try next, and
//! the real models that were found.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{BenchAction, Verb},
        context::Scene,
        workbench::Workbench,
    },
    text::wrapped_lines,
    widgets::{frame::truncated, theme::Role},
};

/// Draws it: what there is no room for is left out from the end, the steps before the models, as the status line has the
/// next of them.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, area: Rect, buffer: &mut Buffer) {
    let wide = usize::from(area.width);
    let mut lines = vec![press(scene), Line::default()];
    lines.extend(asks(scene, bench, area));
    let (steps, found) = (steps(scene), found(scene, bench, area));
    if lines.len() + steps.len() + found.len() + 2 <= usize::from(area.height) {
        lines.push(Line::default());
        lines.extend(steps);
    }
    lines.push(Line::default());
    lines.extend(found);
    for (line, place) in lines.into_iter().zip(area.rows()) {
        let line = truncated(line, wide);
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

fn press(scene: Scene<'_>) -> Line<'static> {
    Line::from(vec![
        scene.span("Press ", Role::Text),
        scene.span(scene.key(Verb::Run), Role::Key),
        scene.span(". The answer streams in here.", Role::Text),
    ])
}

/// Says what is asked: made-up answers where it is the demonstration.
fn asks(scene: Scene<'_>, bench: &Workbench, area: Rect) -> Vec<Line<'static>> {
    let target = bench.lane().and_then(|lane| scene.shared.catalog.resolve(&lane.spec.target).ok());
    let says = match target {
        Some(target) if target.is_demo() => "A sample prompt with a demo model: no key, no network, made-up answers.",
        Some(target) if target.needs_key() => "A sample prompt. The model is asked with your key.",
        Some(_) | None => "A sample prompt.",
    };
    let rows = wrapped_lines(says, area.width);
    rows.into_iter().map(|row| Line::from(scene.span(row, Role::Quiet))).collect()
}

/// Lists what to try after the first run, in its order.
fn steps(scene: Scene<'_>) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(scene.span("Then try, in this order", Role::Quiet))];
    lines.extend(scene.shared.tour.steps(&scene.shared.keymap).skip(1).map(|(key, purpose)| {
        Line::from(vec![scene.span(format!("  {key:<4}"), Role::Key), scene.span(purpose, Role::Text)])
    }));
    lines
}

/// Lists the keys and servers that were found, or says how a real model is had.
fn found(scene: Scene<'_>, bench: &Workbench, area: Rect) -> Vec<Line<'static>> {
    if bench.found.is_empty() {
        let says = "No key and no local server found. Set OPENAI_API_KEY, or start one, and start retort again.";
        let rows = wrapped_lines(says, area.width);
        return rows.into_iter().map(|row| Line::from(scene.span(row, Role::Quiet))).collect();
    }
    let mut title = vec![scene.span("Real models found   ", Role::Title)];
    title.extend(scene.hint(BenchAction::Models, "choose one"));
    let mut lines = vec![Line::from(title)];
    lines.extend(bench.found.iter().map(|found| {
        Line::from(vec![scene.span("  ✓ ", Role::Pass), scene.span(found.as_str().to_owned(), Role::Text)])
    }));
    lines
}
