//! The figures of all runs: rates, times, tokens, cost, retries, grades, stated confidence.

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use super::{framed, millis, with_interval};
use crate::{
    app::{action::Action, quality::areas::is_wide},
    eval::{
        figures::{count, duration, marked, thousands, whole_percent},
        review::{Rate, Report, Times, Waits, judges},
    },
    model::RunStatus,
    ui::{
        part::{bars::upright, status::role},
        scene::Scene,
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
pub(super) fn draw(scene: Scene<'_>, report: &Report, area: Rect, buffer: &mut Buffer) {
    let inside = if is_wide(scene.app.layout.body) {
        let title = Line::from(scene.span("All of these runs", Role::Title));
        framed(scene, None, title, Line::default(), area, buffer)
    } else {
        area.inner(Margin::new(1, 0))
    };
    let inside = inside.inner(Margin::new(1, 0));
    let lines = figures(scene, report);
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

fn figures(scene: Scene<'_>, report: &Report) -> Vec<Line<'static>> {
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
        vec![quiet("none; "), scene.span(scene.key(Action::Grade), Role::Key), quiet(" in the history gives one")]
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

/// How many of those that did not pass came out how.
fn others(scene: Scene<'_>, report: &Report) -> Vec<Span<'static>> {
    let statuses = [RunStatus::Failed, RunStatus::Inconclusive, RunStatus::Unchecked];
    let mut spans = Vec::new();
    for status in statuses {
        let of = report.counts.of(status);
        let gap = if spans.is_empty() { "" } else { ", " };
        let style = if of > 0 { role(status) } else { Role::Quiet };
        spans.push(scene.span(format!("{gap}{}", count(of)), style));
        spans.push(scene.span(format!(" {status}"), Role::Quiet));
    }
    spans
}

fn runs(report: &Report) -> &'static str {
    if report.runs == 1 { "run" } else { "runs" }
}

/// What came from the cache and what is a demonstration, neither of which is in times, tokens and cost.
fn left_out(scene: Scene<'_>, report: &Report) -> Vec<Span<'static>> {
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
    let said = format!(" in {} runs, {longest} at most", count(runs));
    (runs > 0).then(|| vec![scene.span(total, Role::Number), scene.span(said, Role::Quiet)])
}

/// Draws how often which confidence was stated, from 0 at the left to 1 at the right: beside the figures with
/// its name above it, below them with its numbers at its right.
fn histogram(scene: Scene<'_>, report: &Report, area: Rect, wide: u16, buffer: &mut Buffer) {
    let stated: u64 = report.confidence.iter().sum();
    let most = report.confidence.iter().copied().max().unwrap_or(0);
    let beside = area.width == wide;
    let quiet = |text: String| scene.span(text, Role::Quiet);
    let mut places = area.rows();
    if beside && let Some(head) = places.next() {
        let said = if stated > 0 { format!("confidence n {}", count(stated)) } else { "confidence".to_owned() };
        buffer.set_span(head.x, head.y, &quiet(said), head.width);
    }
    let Some(top) = places.next() else {
        return;
    };
    if stated == 0 {
        buffer.set_span(top.x, top.y, &quiet("no answer states one".to_owned()), top.width);
        return;
    }
    let Some(axis) = places.next_back() else {
        return;
    };
    let style = scene.theme.style(Role::Number);
    let shares = report.confidence.iter().map(|bin| (Some(*bin as f64 / most.max(1) as f64), style));
    upright(shares, BAR, Rect { height: axis.y - top.y, ..top }, buffer);
    let mut line = Line::from(quiet(format!("0{:>1$}", "1", usize::from(wide) - 1)));
    if !beside {
        line.push_span(quiet(format!("  n {}, most {}", count(stated), count(most))));
    }
    buffer.set_line(axis.x, axis.y, &line, axis.width);
}
