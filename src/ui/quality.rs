//! The quality screen: the query line, and what the runs it asks for come to, what got worse first.

mod changes;
mod figures;
mod lines;
mod trend;
mod whatif;

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
};

use super::{
    asking,
    part::{
        flow::Item,
        pane::{Hold, pane},
        table::Cursor,
    },
    scene::Scene,
    theme::Role,
};
use crate::{
    app::{
        action::Action,
        quality::{Areas, Part, below},
    },
    eval::{
        figures::{duration, hundredths, thousands},
        review::{Rate, Report},
        stats::Interval,
    },
    text::{Wrapped, clean},
};

/// Draws the screen.
pub(super) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let body = scene.app.layout.body.intersection(buffer.area);
    let quality = &scene.app.quality;
    let Areas { head, tabs, changes, figures, trend, lines } = quality.areas(body);
    let found = match &quality.report {
        _ if quality.waits_for_enter() => format!("{} asks", scene.key(Action::Accept)),
        _ if quality.loading() => "reading …".to_owned(),
        Some(report) if report.runs == 1 => "1 run".to_owned(),
        Some(report) => format!("{} runs", thousands(report.runs)),
        None => String::new(),
    };
    if let Some(view) = &quality.what_if {
        let found = scene.span(whatif::found(view), Role::Number);
        asking::draw(scene, &quality.asking, &found, whatif::about(scene), head, buffer);
        whatif::draw(scene, view, below(body), buffer);
        return;
    }
    let report = quality.report.as_deref().filter(|report| report.runs > 0);
    let about = report.map(|report| about(scene, report)).unwrap_or_default();
    asking::draw(scene, &quality.asking, &scene.span(found, Role::Number), about, head, buffer);
    let Some(report) = report else {
        let place = Rect { y: head.bottom() + 1, ..body };
        let place = place.intersection(body).inner(Margin::new(1, 0));
        for (line, row) in nothing(scene, place.width).iter().zip(place.rows()) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
        return;
    };
    strip(scene, tabs, buffer);
    if !changes.is_empty() {
        changes::draw(scene, report, changes, buffer);
    }
    if !figures.is_empty() {
        figures::draw(scene, report, figures, buffer);
    }
    if !trend.is_empty() {
        trend::draw(scene, report, trend, buffer);
    }
    if !lines.is_empty() {
        lines::draw(scene, report, lines, buffer);
    }
}

/// Says why there is no report, and what to press.
fn nothing(scene: Scene<'_>, wide: u16) -> Vec<Line<'static>> {
    let quality = &scene.app.quality;
    if let Some(why) = &quality.fault {
        let mut rows = Wrapped::new(usize::from(wide));
        rows.push(&clean(&format!("✗ {why}")));
        let rows = (0..rows.rows()).map(|row| Line::from(scene.span(rows.row(row).text.into_owned(), Role::Fail)));
        return rows.chain([Line::from(scene.hint(Action::Refresh, "reads it again"))]).collect();
    }
    if quality.report.is_none() {
        return vec![Line::from(scene.span("Reading the record …", Role::Quiet))];
    }
    if !quality.wanted.is_everything() {
        return vec![Line::from(vec![
            scene.span("No run is like that. ", Role::Quiet),
            scene.span(scene.key(Action::Leave), Role::Key),
            scene.span(if quality.asking.typing { " ends the typing" } else { " clears the query" }, Role::Text),
        ])];
    }
    vec![Line::from(vec![
        scene.span("No runs yet. ", Role::Quiet),
        scene.span(scene.key_where(Action::Run, false), Role::Key),
        scene.span(" on the bench runs the prompt; every run counts here.", Role::Text),
    ])]
}

/// Says of which time the runs are, and what is a demonstration.
fn about(scene: Scene<'_>, report: &Report) -> Vec<Item> {
    let mut items = Vec::new();
    if let (Some(first), Some(last)) = (report.trend.first(), report.trend.last()) {
        items.push(vec![scene.span(trend::ends(scene, first, last), Role::Quiet)]);
    }
    if report.is_demo() {
        items.push(vec![scene.span("DEMO", Role::Demo), scene.span(" all of it is a demonstration", Role::Quiet)]);
    }
    items.push(vec![scene.span("intervals are of 95 %", Role::Quiet)]);
    items
}

/// Draws the tabs of a small screen, the part in sight marked.
fn strip(scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let quality = &scene.app.quality;
    let mut line = Line::from(" ");
    for part in Part::ALL {
        let name = match part {
            Part::Report => "What changed".to_owned(),
            Part::Trend => "Over time".to_owned(),
            Part::Lines => format!("By {}", quality.lines.kind.word()),
        };
        let (mark, role) = if *part == quality.part { ("▸", Role::Selected) } else { (" ", Role::Text) };
        line.push_span(scene.span(format!("{mark}{name} "), role));
        line.push_span(scene.span(" ", Role::Text));
    }
    line.push_span(scene.span(scene.key(Action::NextPane), Role::Key));
    line.push_span(scene.span(" the next", Role::Quiet));
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Draws the frame of a part, and returns the room inside.
fn framed(
    scene: Scene<'_>,
    part: Option<Part>,
    title: Line<'_>,
    right: Line<'_>,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let quality = &scene.app.quality;
    let hold = if part == Some(quality.part) && !quality.asking.typing { Hold::Focused } else { Hold::Away };
    pane(area, hold, title, right, scene.theme, buffer).intersection(buffer.area)
}

/// Tells which part of the row under the cursor is marked in a part of the screen.
fn cursor(scene: Scene<'_>, part: Part) -> Cursor {
    if scene.app.quality.part == part { Cursor::Row } else { Cursor::Away }
}

/// Writes a rate and its interval: `92% (85–96)`; nothing of nothing is `–`.
fn rated(rate: Option<&Rate>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| with_interval(rate, "–"))
}

/// Writes a rate and its interval, a word between its ends; where it is narrow, to a tenth of a point.
fn with_interval(rate: &Rate, between: &str) -> String {
    let Interval { low, high } = rate.interval;
    let digits = usize::from(high - low < NARROW);
    let points = |share: f64| hundredths(share, digits);
    format!("{}% ({}{between}{})", points(rate.share), points(low), points(high))
}

/// The width below which an interval would be lost in whole points.
const NARROW: f64 = 0.03;

/// Writes a time in milliseconds.
fn millis(time: u32) -> String {
    duration(Duration::from_millis(time.into()))
}
