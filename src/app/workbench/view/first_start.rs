//! What stands in the lane at the first start, until something is run: what to press, what is asked, what to try next, and
//! the real models that were found.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{BenchAction, Verb},
        context::Scene,
        workbench::Workbench,
    },
    text::{clean_line, wrapped_lines},
    widgets::{frame::truncated, theme::Role},
};

/// Draws it: what there is no room for is left out from the end, the steps before the models, as the status line has the
/// next of them.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, area: Rect, buffer: &mut Buffer) {
    let wide = usize::from(area.width);
    let mut lines = vec![press(scene), Line::default()];
    lines.extend(asks(scene, bench, area));
    let (steps, found) = (steps(scene), found(scene, bench));
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
    let target = bench.lane().map_or("", |lane| lane.spec.target.as_str());
    let known = scene.shared.catalog.resolve(target);
    let says = match known {
        Ok(target) if target.is_demo() => {
            "This is a sample prompt with a demo model: no key, no network, made-up answers.".to_owned()
        }
        Ok(target) if target.needs_key() => {
            format!("This is a sample prompt and a sample input. {} is asked, with your key.", target.name)
        }
        Ok(_) | Err(_) => format!("This is a sample prompt and a sample input. {target} is asked."),
    };
    let rows = wrapped_lines(clean_line(&says).as_str(), area.width);
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
fn found(scene: Scene<'_>, bench: &Workbench) -> Vec<Line<'static>> {
    if bench.found.is_empty() {
        let says = "No key and no local server found. Set OPENAI_API_KEY, or start one, and start retort again.";
        return vec![Line::from(scene.span(says, Role::Quiet))];
    }
    let mut title = vec![scene.span("Real models found   ", Role::Title)];
    title.extend(scene.hint(BenchAction::Models, "choose one"));
    let mut lines = vec![Line::from(title)];
    lines.extend(bench.found.iter().map(|found| {
        Line::from(vec![scene.span("  ✓ ", Role::Pass), scene.span(found.as_str().to_owned(), Role::Text)])
    }));
    lines
}
