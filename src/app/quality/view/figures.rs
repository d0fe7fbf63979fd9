//! The figures of all runs: rates, times, tokens, cost, retries, grades, stated confidence.
//!
//! The numbers over time: a bar for every stretch, the stretch under the cursor in words.

use std::time::Duration;

use jiff::Zoned;
use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    style::{Modifier, Style},
    text::{Line, Span},
};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        quality::{
            QualityPane, QualityScreen, is_wide,
            trend::{Bars, Series, minute, places, stretch},
            view::{framed, hold, millis, with_interval},
        },
    },
    eval::quality::{CheckFigures, QualityReport, Rate, Times, TrendPoint, Waits},
    model::{PicoDollars, RunStatus},
    present::quality_report::{agreement, judges, orders},
    text::format::{count, duration, marked, thousands, whole_percent},
    widgets::{
        charts::upright,
        frame::{Hold, status_role},
        motion::Motion,
        theme::Role,
    },
};

/// Columns of the names.
const NAMES: usize = 13;

/// Columns of one time.
const TIME: usize = 7;

/// Columns of one bar of the histogram.
const BAR: u16 = 2;

/// The width from which on the histogram stands beside the figures.
const BESIDE: u16 = 74;

/// Rows of the histogram where it stands there.
const TALL: u16 = 7;

/// Draws the figures.
pub(crate) fn draw(scene: Scene<'_>, report: &QualityReport, area: Rect, buffer: &mut Buffer) {
    let inside = if is_wide(scene.shared.body) {
        let title = Line::from(scene.span("All of these runs", Role::Title));
        framed(scene, Hold::Away, title, Line::default(), area, buffer).text
    } else {
        area.inner(Margin::new(2, 0))
    };
    let mut lines = figures(scene, report);
    let more = against_people(scene, report);
    // Beside the bars there is room; above them they are not to be pushed out.
    if inside.width >= BESIDE || lines.len() + more.len() + BARS_LEAST <= usize::from(inside.height) {
        lines.extend(more);
    }
    for (line, place) in lines.iter().zip(inside.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
    let bars = BAR * report.confidence.len() as u16;
    let place = if inside.width >= BESIDE {
        Rect { x: inside.right().saturating_sub(bars + 1), width: bars, height: inside.height.min(TALL), ..inside }
    } else {
        let top = (lines.len() as u16).min(inside.height);
        let name = Rect { y: inside.y + top, height: inside.height - top, ..inside };
        buffer.set_span(
            name.x,
            name.y,
            &scene.span("confidence", Role::Quiet),
            if name.is_empty() { 0 } else { name.width },
        );
        Rect { x: name.x + NAMES as u16, width: name.width.saturating_sub(NAMES as u16), ..name }
    };
    histogram(scene, report, place.intersection(inside), bars, buffer);
}

fn named(scene: Scene<'_>, name: &str, spans: Vec<Span<'static>>) -> Line<'static> {
    let mut line = Line::from(scene.span(format!("{name:NAMES$}"), Role::Quiet));
    line.spans.extend(spans);
    line
}

fn figures(scene: Scene<'_>, report: &QualityReport) -> Vec<Line<'static>> {
    let number = |text: String| scene.span(text, Role::Number);
    let text = |text: &str| scene.span(text.to_owned(), Role::Text);
    let quiet = |text: &str| scene.span(text.to_owned(), Role::Quiet);
    let demo = if report.is_demo() { Role::Demo } else { Role::Number };
    let wrong = if report.counts.error > 0 { Role::Fail } else { Role::Number };
    let completeness = match report.completeness {
        Some(share) => vec![number(whole_percent(share)), text(" of the required fields are filled")],
        None => vec![quiet("no required field was looked at")],
    };
    let graded = if report.graded > 0 {
        vec![number(count(report.right)), text(" right of "), number(count(report.graded)), text(" graded")]
    } else {
        vec![quiet("none; "), scene.span(scene.key(Verb::Grade), Role::Key), quiet(" in the history gives one")]
    };
    let priced = match report.unpriced {
        0 if report.is_demo() => vec![quiet("  a demonstration costs nothing")],
        0 => Vec::new(),
        1 => vec![scene.span("  not known of 1 run", Role::Origin)],
        runs => vec![scene.span(format!("  not known of {} runs", count(runs)), Role::Origin)],
    };
    let side = |tokens: u64| marked(&report.spent.usage, Some(tokens), count);
    let mut lines = vec![
        named(scene, "passed", rate(scene, report.pass.as_ref(), "checked")),
        named(scene, "", others(scene, report)),
        named(scene, "answered", rate(scene, report.success.as_ref(), runs(report))),
        named(
            scene,
            "errors",
            vec![
                scene.span(count(report.counts.error), wrong),
                text(&format!(" of {} {}, ", thousands(report.runs), runs(report))),
                number(count(report.counts.cancelled)),
                text(" cancelled"),
            ],
        ),
        named(scene, "", ["p50", "p90", "p95", "p99", "n"].map(|head| quiet(&format!("{head:>TIME$}"))).to_vec()),
        named(scene, "response", times(scene, report.times.as_ref(), demo)),
        named(scene, "first token", times(scene, report.first_token.as_ref(), demo)),
    ];
    lines.extend(waited(scene, &report.waits).map(|spans| named(scene, "waited", spans)));
    lines.extend([
        named(
            scene,
            "tokens",
            vec![
                scene.span(side(report.tokens_in), demo),
                text(" in, "),
                scene.span(side(report.tokens_out), demo),
                text(" out"),
            ],
        ),
        named(scene, "cost", [vec![number(report.spent.cost.to_string())], priced].concat()),
    ]);
    lines.extend(judges(report).map(|judges| named(scene, "judges", vec![number(judges)])));
    lines.extend([
        named(
            scene,
            "retried",
            vec![
                number(count(report.retried)),
                text(", fallback "),
                number(count(report.fell_back)),
                text(", calls "),
                number(count(report.attempts)),
            ],
        ),
        named(scene, "cached", left_out(scene, report)),
        named(scene, "complete", completeness),
        named(scene, "grades", graded),
    ]);
    lines
}

/// Rows that the bars take at least, with the line of their figures.
const BARS_LEAST: usize = 2;

/// How far judges and people agree, and whether the order of what is compared sways a judge.
fn against_people(scene: Scene<'_>, report: &QualityReport) -> Vec<Line<'static>> {
    let number = |text: String| scene.span(text, Role::Number);
    let quiet = |text: String| scene.span(text, Role::Quiet);
    let agreement_of = |check: &CheckFigures| {
        let says = agreement(check.agreement.as_ref()?);
        Some(named(scene, "agreement", vec![quiet(format!("{} ", check.name)), number(says)]))
    };
    let order = orders(report).map(|says| named(scene, "order", vec![number(says)]));
    report.checks.iter().filter_map(agreement_of).chain(order).collect()
}

/// How many of those that did not pass came out how.
fn others(scene: Scene<'_>, report: &QualityReport) -> Vec<Span<'static>> {
    let statuses = [RunStatus::Failed, RunStatus::Inconclusive, RunStatus::Unchecked];
    let mut spans = Vec::new();
    for status in statuses {
        let of = report.counts.of(status);
        let gap = if spans.is_empty() { "" } else { ", " };
        let style = if of > 0 { status_role(status) } else { Role::Quiet };
        spans.push(scene.span(format!("{gap}{}", count(of)), style));
        spans.push(scene.span(format!(" {status}"), Role::Quiet));
    }
    spans
}

fn runs(report: &QualityReport) -> &'static str {
    if report.runs == 1 { "run" } else { "runs" }
}

/// What came from the cache and what is a demonstration, neither of which is in times, tokens and cost.
fn left_out(scene: Scene<'_>, report: &QualityReport) -> Vec<Span<'static>> {
    let mut spans = vec![scene.span(count(report.cached), Role::Number)];
    if report.demo > 0 && !report.is_demo() {
        spans.push(scene.span(", demo ", Role::Text));
        spans.push(scene.span(count(report.demo), Role::Demo));
    }
    if report.cached > 0 || (report.demo > 0 && !report.is_demo()) {
        spans.push(scene.span("; not in times, tokens, cost", Role::Quiet));
    }
    spans
}

fn rate(scene: Scene<'_>, rate: Option<&Rate>, of: &str) -> Vec<Span<'static>> {
    let Some(rate) = rate else {
        return vec![scene.span(format!("–  nothing was {of}"), Role::Quiet)];
    };
    vec![
        scene.span(with_interval(rate, " to "), Role::Number),
        scene.span(format!("  {} of {} {of}", count(rate.part), count(rate.whole)), Role::Quiet),
    ]
}

fn times(scene: Scene<'_>, times: Option<&Times>, role: Role) -> Vec<Span<'static>> {
    let Some(Times { n, p50, p90, p95, p99 }) = times else {
        return vec![scene.span(format!("{:>TIME$}", "–"), Role::Quiet)];
    };
    let shown = |time: Option<u32>| match time {
        Some(time) => scene.span(format!("{:>TIME$}", millis(time)), role),
        None => scene.span(format!("{:>TIME$}", "–"), Role::Quiet),
    };
    let mut spans = [Some(*p50), *p90, *p95, *p99].map(shown).to_vec();
    spans.push(scene.span(format!("{:>TIME$}", count(*n)), Role::Quiet));
    spans
}

/// Says what retort itself waited, which is no part of the times; none where that is nothing.
fn waited(scene: Scene<'_>, waits: &Waits) -> Option<Vec<Span<'static>>> {
    let Waits { runs, total, longest } = *waits;
    let [total, longest] = [total, longest].map(|millis| duration(Duration::from_millis(millis)));
    let words = format!(" in {} runs, {longest} at most", count(runs));
    (runs > 0).then(|| vec![scene.span(total, Role::Number), scene.span(words, Role::Quiet)])
}

/// Draws how often which confidence was stated, from 0 at the left to 1 at the right: beside the figures with
/// its name above it, below them with its numbers at its right.
fn histogram(scene: Scene<'_>, report: &QualityReport, area: Rect, wide: u16, buffer: &mut Buffer) {
    let stated: u64 = report.confidence.iter().sum();
    let most = report.confidence.iter().copied().max().unwrap_or(0);
    let beside = area.width == wide;
    let quiet = |text: String| scene.span(text, Role::Quiet);
    let mut places = area.rows();
    if beside && let Some(head) = places.next() {
        let words = if stated > 0 { format!("confidence n {}", count(stated)) } else { "confidence".to_owned() };
        buffer.set_span(head.x, head.y, &quiet(words), head.width);
    }
    let Some(top) = places.next() else {
        return;
    };
    if stated == 0 {
        buffer.set_span(top.x, top.y, &quiet("no answer states one".to_owned()), top.width);
        return;
    }
    let style = scene.theme.style(Role::Number);
    let shares = report.confidence.iter().map(|bin| (Some(*bin as f64 / most.max(1) as f64), style));
    let counted = format!("  n {}, most {}", count(stated), count(most));
    let Some(axis) = places.next_back() else {
        // One row takes the bars alone, from 0 at the left to 1 at the right.
        upright(shares, BAR, top, buffer);
        let after = Rect { x: top.x + wide, width: top.width.saturating_sub(wide), ..top };
        buffer.set_span(after.x, after.y, &quiet(counted), after.width);
        return;
    };
    upright(shares, BAR, Rect { height: axis.y - top.y, ..top }, buffer);
    let mut line = Line::from(quiet(format!("0{:>1$}", "1", usize::from(wide) - 1)));
    if !beside {
        line.push_span(quiet(counted));
    }
    buffer.set_line(axis.x, axis.y, &line, axis.width);
}

/// Rows of a series, at least: its name with its bounds, and its bars.
const LEAST: u16 = 2;

/// Draws every series there is room for.
pub(crate) fn draw_trend(
    scene: Scene<'_>,
    quality: &QualityScreen,
    report: &QualityReport,
    area: Rect,
    buffer: &mut Buffer,
) {
    let title = Line::from(scene.span("Over time", Role::Title));
    let right = Line::from(scene.span(format!("a bar is {}", length(report.stretch)), Role::Quiet));
    let inside = framed(scene, hold(quality, QualityPane::Trend), title, right, area, buffer).text;
    let all = places(report);
    let here = quality.cursor.at(all.len());
    // The newest that fit; the axis tells from when they are.
    let Bars { skipped, each } = Bars::of(all.len(), inside.width);
    let shown: Vec<Option<&TrendPoint>> = all.iter().skip(skipped).copied().collect();
    let here = here.and_then(|at| at.checked_sub(skipped)).filter(|_| quality.part == QualityPane::Trend);
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
    buffer.set_line(axis.x, axis.y, &trend_times(scene, &shown, wide), axis.width);
    if bottom > 1 {
        let row = Rect { y: axis.y + 1, ..axis };
        buffer.set_line(row.x, row.y, &under(scene, quality), row.width);
    }
}

/// Draws a series: its name with the least, the most and the last value, and its bars from zero up.
#[allow(clippy::too_many_arguments, reason = "each is needed, and none belongs to another")]
fn draw_one(
    scene: Scene<'_>,
    report: &QualityReport,
    series: Series,
    shown: &[Option<&TrendPoint>],
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
        // The cursor underlines, and leaves the bar its hue.
        if here == Some(at) { own.add_modifier(Modifier::UNDERLINED | Modifier::BOLD) } else { own }
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
fn trend_times(scene: Scene<'_>, shown: &[Option<&TrendPoint>], wide: usize) -> Line<'static> {
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
fn under(scene: Scene<'_>, quality: &QualityScreen) -> Line<'static> {
    if quality.part != QualityPane::Trend {
        return Line::from(vec![
            scene.span(scene.key(Verb::NextPane), Role::Key),
            scene.span(" comes here, then ", Role::Quiet),
            scene.span(format!("{} {}", scene.key(Motion::Left), scene.key(Motion::Right)), Role::Key),
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
fn moment(scene: Scene<'_>, point: &TrendPoint) -> (String, String) {
    let shown = |time: &Zoned| minute(time).replace('T', " ");
    stretch(point, &scene.shared.zone).map(|(from, to)| (shown(&from), shown(&to))).unwrap_or_default()
}

/// Writes from when to when the runs are, and in which time zone.
pub(crate) fn ends(scene: Scene<'_>, first: &TrendPoint, last: &TrendPoint) -> String {
    let zone = stretch(last, &scene.shared.zone).map(|(_, to)| to.strftime("%Z").to_string()).unwrap_or_default();
    format!("{} to {} {zone}", moment(scene, first).0, moment(scene, last).1)
}

/// Writes from when to when the runs are in few columns: the days, or the times where it is one day.
pub(crate) fn day_to_day(scene: Scene<'_>, first: &TrendPoint, last: &TrendPoint) -> String {
    let (from, to) = (moment(scene, first).0, moment(scene, last).1);
    let part = |text: &str, range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let range = if part(&from, 0..10) == part(&to, 0..10) { 11..16 } else { 5..10 };
    format!("{}–{}", part(&from, range.clone()), part(&to, range))
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
