//! The numbers over time: a bar for every stretch, the stretch under the cursor in words.

use jiff::Zoned;
use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    style::Style,
    text::{Line, Span},
};

use super::{framed, millis};
use crate::{
    app::{
        action::Action,
        quality::{
            Part,
            trend::{Bars, Series, minute, places, stretch},
        },
    },
    eval::{
        figures::{count, whole_percent},
        review::{Point, Report},
    },
    model::PicoDollars,
    ui::{part::bars::upright, scene::Scene, theme::Role},
};

/// Rows of a series, at least: its name with its bounds, and its bars.
const LEAST: u16 = 2;

/// Draws every series there is room for.
pub(super) fn draw(scene: Scene<'_>, report: &Report, area: Rect, buffer: &mut Buffer) {
    let quality = &scene.app.quality;
    let title = Line::from(scene.span("Over time", Role::Title));
    let right = Line::from(scene.span(format!("a bar is {}", length(report.stretch)), Role::Quiet));
    let inside = framed(scene, Some(Part::Trend), title, right, area, buffer).inner(Margin::new(1, 0));
    let all = places(report);
    let here = quality.cursor.at(all.len());
    // The newest that fit; the axis tells from when they are.
    let Bars { skipped, each } = Bars::of(all.len(), inside.width);
    let shown: Vec<Option<&Point>> = all.iter().skip(skipped).copied().collect();
    let here = here.and_then(|at| at.checked_sub(skipped)).filter(|_| quality.part == Part::Trend);
    let bottom = inside.height.min(2);
    let room = inside.height - bottom;
    let series = (room / LEAST).clamp(1, Series::ALL.len() as u16);
    let mut y = inside.y;
    for (at, one) in Series::ALL.iter().take(usize::from(series)).enumerate() {
        let rows = room / series + u16::from((at as u16) < room % series);
        let own = Rect { y, height: rows, ..inside };
        draw_one(scene, report, *one, &shown, here, each, own, buffer);
        y += rows;
    }
    let axis = Rect { y: inside.bottom() - bottom, height: 1, ..inside };
    let wide = shown.len() * usize::from(each);
    buffer.set_line(axis.x, axis.y, &times(scene, &shown, wide), axis.width);
    if bottom > 1 {
        let row = Rect { y: axis.y + 1, ..axis };
        buffer.set_line(row.x, row.y, &under(scene), row.width);
    }
}

/// Draws a series: its name with the least, the most and the last value, and its bars from zero up.
#[allow(clippy::too_many_arguments, reason = "each is needed, and none belongs to another")]
fn draw_one(
    scene: Scene<'_>,
    report: &Report,
    series: Series,
    shown: &[Option<&Point>],
    here: Option<usize>,
    each: u16,
    area: Rect,
    buffer: &mut Buffer,
) {
    let values: Vec<Option<f64>> = shown.iter().map(|point| point.and_then(|point| series.at(point))).collect();
    let known = || values.iter().flatten().copied();
    let mut head = vec![scene.span(format!("{:8}", series.word()), Role::Title)];
    let (least, most) = (known().reduce(f64::min), known().reduce(f64::max));
    match (least, most, known().next_back()) {
        (Some(least), Some(most), Some(last)) => {
            let write = |value| written(series, value);
            let (least, most) = (write(least), write(most));
            let bounds = if least == most { most } else { format!("{least} to {most}") };
            head.push(scene.span(bounds, Role::Number));
            head.push(scene.span(format!("  last {}", write(last)), Role::Quiet));
            if series == Series::Cost && report.unpriced > 0 {
                head.push(scene.span(format!("  +{}×?", count(report.unpriced)), Role::Origin));
            }
        }
        _ if series == Series::Cost && report.unpriced > 0 => head.push(scene.span("?", Role::Origin)),
        _ => head.push(scene.span("–", Role::Quiet)),
    }
    buffer.set_line(area.x, area.y, &Line::from(head), area.width);
    let bars = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let top = if series == Series::Passed { 1.0 } else { most.unwrap_or(0.0) };
    let role = if series == Series::Errors { Role::Fail } else { Role::Number };
    let style = |at: usize, value: Option<f64>| -> Style {
        let own = scene.theme.style(if value == Some(0.0) { Role::Quiet } else { role });
        if here == Some(at) { own.patch(scene.theme.style(Role::Selected)) } else { own }
    };
    let share = |value: f64| if top > 0.0 { value / top } else { 0.0 };
    let drawn = values.iter().enumerate().map(|(at, value)| (value.map(share), style(at, *value)));
    upright(drawn, each, bars, buffer);
}

fn written(series: Series, value: f64) -> String {
    match series {
        Series::Passed => whole_percent(value),
        Series::Errors | Series::Runs => count(value as u64),
        Series::Took => millis(value as u32),
        Series::Cost => PicoDollars::per_million(value * 1e6).to_string(),
    }
}

/// The first and the last time, below the ends of the bars where they are far enough apart.
fn times(scene: Scene<'_>, shown: &[Option<&Point>], wide: usize) -> Line<'static> {
    let mut known = shown.iter().flatten();
    let Some(first) = known.next() else {
        return Line::default();
    };
    let last = known.next_back().unwrap_or(first);
    let (from, to) = (moment(scene, first).0, moment(scene, last).1);
    let gap = wide.saturating_sub(from.len() + to.len());
    let between = if gap < 4 { " to ".to_owned() } else { " ".repeat(gap) };
    Line::from(scene.span(format!("{from}{between}{to}"), Role::Quiet))
}

/// What is known of the stretch under the cursor; how to get to one while the part has not the keys.
fn under(scene: Scene<'_>) -> Line<'static> {
    let quality = &scene.app.quality;
    if quality.part != Part::Trend {
        return Line::from(vec![
            scene.span(scene.key(Action::NextPane), Role::Key),
            scene.span(" comes here, then ", Role::Quiet),
            scene.span(format!("{} {}", scene.key(Action::Left), scene.key(Action::Right)), Role::Key),
            scene.span(" go from bar to bar", Role::Quiet),
        ]);
    }
    let Some(point) = quality.point() else {
        return Line::from(scene.span("no run in this stretch", Role::Quiet));
    };
    let mut spans: Vec<Span<'static>> = vec![scene.span(moment(scene, point).0, Role::Text)];
    let runs = if point.runs == 1 { "run" } else { "runs" };
    spans.push(scene.span(format!("  {} {runs}", count(point.runs)), Role::Number));
    let errors = point.counts.error;
    if errors > 0 {
        let word = if errors == 1 { "error" } else { "errors" };
        spans.push(scene.span(format!("  {} {word}", count(errors)), Role::Fail));
    }
    if let Some(rate) = point.counts.pass_rate() {
        let rated = count(point.counts.rated());
        spans.push(scene.span(format!("  passed {} of {rated}", whole_percent(rate)), Role::Number));
    }
    if let Some(time) = point.p50 {
        spans.push(scene.span(format!("  p50 {}", millis(time)), Role::Number));
    }
    Line::from(spans)
}

/// Writes when a stretch begins and ends, to the minute.
fn moment(scene: Scene<'_>, point: &Point) -> (String, String) {
    let shown = |time: &Zoned| minute(time).replace('T', " ");
    stretch(point, &scene.app.zone).map(|(from, to)| (shown(&from), shown(&to))).unwrap_or_default()
}

/// Writes from when to when the runs are, and in which time zone.
pub(super) fn ends(scene: Scene<'_>, first: &Point, last: &Point) -> String {
    let zone = stretch(last, &scene.app.zone).map(|(_, to)| to.strftime("%Z").to_string()).unwrap_or_default();
    format!("{} to {} {zone}", moment(scene, first).0, moment(scene, last).1)
}

/// Writes how long a stretch is.
fn length(seconds: i64) -> String {
    let hours = seconds / 3600;
    match hours {
        0 => format!("{} minutes", seconds / 60),
        1 => "1 hour".to_owned(),
        2..=23 => format!("{hours} hours"),
        24 => "1 day".to_owned(),
        _ => format!("{} days", hours / 24),
    }
}
