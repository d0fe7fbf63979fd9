//! The answer's rows that are seen, or the card, or the hint that stands in their place.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::json;
use crate::{
    app::{
        action::Action,
        difference::Difference,
        lane::{State, Take, card::Card},
        layout::LaneArea,
        view::View,
    },
    text::{Wrapped, clean, width},
    ui::{
        part::{diff::difference, rows::rows},
        scene::Scene,
        theme::Role,
    },
};

/// Draws what is between a lane's title and its foot; `held` where the lane has the keys.
pub(super) fn draw(scene: Scene<'_>, take: &Take, held: bool, area: &LaneArea, buffer: &mut Buffer) {
    let view = take.view();
    if view.is_empty() && take.card.is_none() {
        hint(scene, take, area.text, buffer);
        return;
    }
    let role = match take.state {
        _ if take.shows_reasoning() => Role::Reasoning,
        State::Interrupted | State::Cancelled => Role::Void,
        _ => Role::Text,
    };
    answer(scene, view, take.difference(), (held, role), area.text, buffer);
    if take.state == State::Running && view.follows() {
        caret(scene, view, area.text, buffer);
    }
    more_below(scene, view, area, buffer);
    if let Some(shown) = &take.card {
        card(scene, shown, area.card, buffer);
    }
}

/// Draws the part of an answer that is in sight: what differs in it, its JSON, or its text in a role;
/// `held` where it has the keys.
pub(in crate::ui) fn answer(
    scene: Scene<'_>,
    view: &View,
    differs: Option<&Difference>,
    (held, role): (bool, Role),
    area: Rect,
    buffer: &mut Buffer,
) {
    if let Some(shown) = differs {
        difference(shown, scene.theme.style(role), area, scene.theme, buffer);
    } else if let Some(shown) = view.json() {
        json::draw(scene, shown, held, area, buffer);
    } else {
        rows(view, scene.theme.style(role), area, scene.theme, buffer);
        json::colour(scene, view, area, buffer);
    }
}

/// Marks where the next token goes.
fn caret(scene: Scene<'_>, view: &View, area: Rect, buffer: &mut Buffer) {
    let Some(((_, row), place)) = view.seen().zip(area.rows()).last() else {
        return;
    };
    let after = u16::try_from(width(&row.text)).unwrap_or(u16::MAX);
    if after < place.width {
        buffer.set_stringn(place.x + after, place.y, "▌", 1, scene.theme.style(Role::Busy));
    }
}

/// Says on the frame how much is out of sight, and where in the text the window stands.
fn more_below(scene: Scene<'_>, view: &View, area: &LaneArea, buffer: &mut Buffer) {
    let (below, rows) = (view.below(), view.rows());
    if below == 0 && view.top() == 0 {
        return;
    }
    let place = Rect { y: area.text.bottom(), height: 1, ..area.text }.intersection(area.pane);
    let mut spans = Vec::new();
    if below > 0 && !view.follows() {
        spans.push(scene.span(format!(" ▼ {below} more "), Role::Key));
    }
    let seen = (view.top() + usize::from(area.text.height)).min(rows);
    spans.push(scene.span(format!(" {seen}/{rows} "), Role::Quiet));
    let line = Line::from(spans);
    let wide = u16::try_from(line.width()).unwrap_or(u16::MAX);
    if wide <= place.width {
        buffer.set_line(place.right() - wide, place.y, &line, wide);
    }
}

/// Draws an error: what happened, what was tried, what helps.
fn card(scene: Scene<'_>, card: &Card, area: Rect, buffer: &mut Buffer) {
    let wide = usize::from(area.width);
    let mut lines = wrapped(card.what.as_str(), scene.span("✗ ", Role::Fail), scene.theme.style(Role::Title), wide);
    for tried in &card.tried {
        lines.extend(wrapped(tried.as_str(), scene.span("· ", Role::Quiet), scene.theme.style(Role::Text), wide));
    }
    for (action, does) in &card.next {
        lines.push(Line::from([vec![Span::raw("  ")], scene.hint(*action, does)].concat()));
    }
    set(&lines, area, buffer);
}

/// Wraps a text beside a mark of two columns, which stands before its first row.
fn wrapped(text: &str, mark: Span<'static>, style: Style, wide: usize) -> Vec<Line<'static>> {
    let mut rows = Wrapped::new(wide.saturating_sub(2));
    rows.push(&clean(text));
    let lead = std::iter::once(mark).chain(std::iter::repeat_with(|| Span::raw("  ")));
    (0..rows.rows())
        .zip(lead)
        .map(|(row, lead)| Line::from(vec![lead, Span::styled(rows.row(row).text.into_owned(), style)]))
        .collect()
}

fn set(lines: &[Line<'_>], area: Rect, buffer: &mut Buffer) {
    for (line, place) in lines.iter().zip(area.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

/// Says what to press, or what is waited for.
fn hint(scene: Scene<'_>, take: &Take, area: Rect, buffer: &mut Buffer) {
    let lines: Vec<Line<'static>> = match &take.state {
        State::Idle => vec![
            Line::from(scene.span("No answer yet.", Role::Quiet)),
            Line::default(),
            Line::from(scene.hint(Action::Run, "runs the prompt on the input")),
            Line::from(scene.hint(Action::Models, "takes another model")),
            Line::from(scene.hint(Action::AddLane, "adds a model beside this one")),
        ],
        State::Queued(why) => vec![Line::from(scene.foreign(why, Role::Quiet))],
        State::Waiting { fault, .. } => {
            let style = scene.theme.style(Role::Text);
            let mut lines = wrapped(&fault.to_string(), scene.span("! ", Role::Wait), style, usize::from(area.width));
            lines.push(Line::from([vec![Span::raw("  ")], scene.hint(Action::RetryNow, "tries now")].concat()));
            lines.push(Line::from([vec![Span::raw("  ")], scene.hint(Action::Stop, "stops")].concat()));
            lines
        }
        State::Running => vec![Line::from(scene.span("▌", Role::Busy))],
        State::Done | State::Cached { .. } => vec![Line::from(scene.span("The answer is empty.", Role::Quiet))],
        State::Interrupted | State::Failed | State::Cancelled | State::Kept => Vec::new(),
    };
    set(&lines, area, buffer);
}
