//! The line runs on record are asked by: what it finds at its right, what is said of it below.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use super::{
    overlay::typed,
    part::flow::{Item, flow},
    scene::Scene,
    theme::Role,
};
use crate::app::{action::Action, asking::Asking};

/// Completions that are looked at, at most.
const OFFERED: usize = 24;

/// Draws the line and, below it, its mistake or how it could go on; else what there is to say.
pub(super) fn draw(
    scene: Scene<'_>,
    asking: &Asking,
    found: &Span<'static>,
    said: Vec<Item>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let area = area.inner(Margin::new(1, 0));
    let mut places = area.rows();
    let (Some(first), Some(second)) = (places.next(), places.next()) else {
        return;
    };
    let wide = u16::try_from(found.width()).unwrap_or(u16::MAX).min(first.width);
    let query = Rect { width: first.width.saturating_sub(wide + 2), ..first };
    if asking.typing {
        typed(scene, "/ ", &asking.line, "words and filters; tab completes", query, buffer);
    } else if asking.line.is_empty() {
        let mut line = Line::from(scene.span(scene.key(Action::Filter), Role::Key));
        line.push_span(scene.span(" words and filters", Role::Quiet));
        buffer.set_line(query.x, query.y, &line, query.width);
    } else {
        let mut line = Line::from(scene.span("/ ", Role::Key));
        line.push_span(scene.foreign(&asking.line.text(), Role::Text));
        buffer.set_line(query.x, query.y, &line, query.width);
    }
    buffer.set_span(first.right().saturating_sub(wide), first.y, found, wide);
    let items = if asking.typing || asking.mistake.is_some() { about(scene, asking) } else { said };
    let below = flow(items, usize::from(second.width), 1).into_iter().next().unwrap_or_default();
    buffer.set_line(second.x, second.y, &below, second.width);
}

/// What is wrong with the line, and while it is typed how it could go on.
fn about(scene: Scene<'_>, asking: &Asking) -> Vec<Item> {
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
        let offered = asking.completions();
        items.extend(offered.iter().take(OFFERED).map(|line| vec![scene.foreign(&tail(line), Role::Quiet)]));
    }
    items
}
