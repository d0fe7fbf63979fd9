//! The pane with the numbers of many runs: of this session, and of all on record.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, text::Line};

use crate::{
    app::{
        action::Verb,
        ask,
        context::{Cx, Scene},
        metrics::Metrics,
        notices::Tone,
        workbench::{Focus, Workbench},
    },
    eval::quality::{LiveFigures, Times, Watched},
    model::{
        Cost,
        outcome::Judging,
        query::{Filter, Query, What},
    },
    text::format::{all_tokens, count, duration, share, spent},
    widgets::{
        charts::spark,
        frame::{FlowItem, flow, numbered, pane},
        theme::Role,
    },
};

impl Workbench {
    /// Asks what the runs before this start came to.
    pub(crate) fn ask_metrics(start: Timestamp, cx: &mut Cx<'_, Self>) {
        let before = Filter { not: false, what: What::Until(start) };
        let query = Query { filters: vec![before], ..Query::default() };
        cx.ask(ask::review(query), (), |_, (), review, cx| match review {
            Ok(review) => cx.shared.metrics.known(*review),
            Err(error) => {
                cx.shared.metrics.unreadable();
                cx.say(Tone::Error, &error.message);
            }
        });
    }

    /// Asks what the runs of the session on the bench came to so far.
    pub(crate) fn ask_session_metrics(&self, cx: &mut Cx<'_, Self>) {
        cx.shared.metrics.begin_session();
        let filters = [What::Session(self.session.clone()), What::Until(cx.shared.now.time)];
        let filters = filters.map(|what| Filter { not: false, what });
        let query = Query { filters: filters.into(), ..Query::default() };
        cx.ask(ask::review(query), self.session.clone(), |bench, name, review, cx| match review {
            Ok(review) if bench.session == name => cx.shared.metrics.session_known(*review),
            // What was on record is left out; that it cannot be read the figures of all time say.
            Ok(_) | Err(_) => {}
        });
    }
}

/// Bars of a sparkline, at most.
const BARS: usize = 60;

/// Columns that are kept for the bars beside figures, at most, where a line is long enough for both.
const BESIDE: usize = 10;

/// Draws the metrics' pane.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let (area, metrics) = (bench.layout.metrics, &scene.shared.metrics);
    if area.is_empty() {
        return;
    }
    let hold = bench.hold(|focus| focus == Focus::Metrics);
    let session = metrics.session.figures();
    let right = if session.demo == 0 {
        Line::default()
    } else {
        Line::from(scene.span(format!("DEMO {} of {} runs", session.demo, session.runs), Role::Demo))
    };
    let inside = pane(area, hold, numbered(4, "Metrics", scene.theme), right, scene.theme, buffer);
    let tall = inside.height > 4;
    let wide = usize::from(inside.width);
    let mut lines = part(scene, this_session(scene, metrics), last_times(metrics), wide, tall);
    if tall {
        lines.push(Line::default());
    }
    lines.extend(part(scene, all_time(scene, metrics), trend(metrics), wide, tall));
    for (line, place) in lines.iter().zip(inside.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

/// Sets figures on one line, or on several where there is room, and how they went beside or below them.
fn part(scene: Scene<'_>, items: Vec<FlowItem>, course: Course, wide: usize, tall: bool) -> Vec<Line<'static>> {
    let (label, values) = course;
    let reserved = if tall || values.is_empty() || wide < 10 * BESIDE { 0 } else { BESIDE.min(values.len() + 2) };
    let mut lines = flow(items, wide - reserved, if tall { 6 } else { 1 });
    if values.is_empty() {
        return lines;
    }
    let bars = |width: usize| scene.span(spark(&values, width.min(BARS)), Role::Number);
    if tall {
        lines.push(Line::from(vec![bars(wide), scene.span(format!("  {label}"), Role::Quiet)]));
    } else if let Some(line) = lines.first_mut() {
        let left = wide.saturating_sub(line.width() + 2);
        if left >= 4 {
            line.spans.extend([scene.span("  ", Role::Text), bars(left)]);
        }
    }
    lines
}

/// What a row of bars shows, in words, and the numbers.
type Course = (&'static str, Vec<Option<f64>>);

/// The response times of the last answers.
fn last_times(metrics: &Metrics) -> Course {
    let times = metrics.session.last_times(BARS).map(|millis| Some(f64::from(millis)));
    ("response times of the last answers", times.collect())
}

/// The usual response time of each stretch of time.
fn trend(metrics: &Metrics) -> Course {
    let points = metrics.all.as_ref().map(Watched::trend).unwrap_or_default();
    // One point is no course of time.
    let points = if points.len() < 2 { &[] } else { points };
    ("p50 over all time", points.iter().map(|point| point.map(f64::from)).collect())
}

fn one(scene: Scene<'_>, label: &str, value: String, role: Role) -> FlowItem {
    vec![scene.span(format!("{label} "), Role::Quiet), scene.span(value, role)]
}

fn this_session(scene: Scene<'_>, metrics: &Metrics) -> Vec<FlowItem> {
    let figures = metrics.session.figures();
    let title = vec![scene.span("session ", Role::Title)];
    if figures.runs == 0 {
        let none = vec![scene.span("no runs yet", Role::Quiet)];
        return vec![title, none, scene.hint(Verb::Run, "runs the prompt")];
    }
    let mut items: Vec<FlowItem> = std::iter::once(title).chain(counted(scene, figures)).collect();
    if metrics.before > 0 {
        let says = format!("{} of them before this start", count(metrics.before));
        items.insert(2, vec![scene.span(says, Role::Origin)]);
    }
    items
}

fn all_time(scene: Scene<'_>, metrics: &Metrics) -> Vec<FlowItem> {
    let title = vec![scene.span("all time", Role::Title)];
    let Some(all) = &metrics.all else {
        let says = if metrics.unknown { "the record cannot be read" } else { "reading the record …" };
        return vec![title, vec![scene.span(says, Role::Quiet)]];
    };
    let figures = all.figures();
    let mut items: Vec<FlowItem> = std::iter::once(title).chain(counted(scene, figures)).collect();
    if figures.demo > 0 {
        items.insert(2, vec![scene.span(format!("DEMO {}", count(figures.demo)), Role::Demo)]);
    }
    items
}

/// Writes figures, the same of the session and of all time.
fn counted(scene: Scene<'_>, figures: &LiveFigures) -> Vec<FlowItem> {
    let LiveFigures { runs, counts, demo, spent: all, judges, .. } = *figures;
    let mut items = vec![
        one(scene, "runs", count(runs), Role::Number),
        errors(scene, counts.error),
        vec![scene.span(all_tokens(&all.usage), Role::Number), scene.span(" tok", Role::Quiet)],
        cost(scene, all.cost, figures.unpriced, runs.saturating_sub(demo)),
    ];
    if judges != Judging::default() {
        items.push(one(scene, "judges", spent(&judges.spent()), Role::Number));
    }
    if counts.rated() > 0 {
        let role = if counts.passed < counts.rated() { Role::Fail } else { Role::Number };
        items.push(one(scene, "passed", format!("{}/{}", count(counts.passed), count(counts.rated())), role));
    }
    let shown = |millis: u32| duration(Duration::from_millis(millis.into()));
    if let Some(Times { n, p50, p95, .. }) = figures.times {
        items.push(vec![
            scene.span("p50 ", Role::Quiet),
            scene.span(shown(p50), Role::Number),
            scene.span(" p95 ", Role::Quiet),
            p95.map_or_else(|| scene.span("–", Role::Quiet), |p95| scene.span(shown(p95), Role::Number)),
            scene.span(format!(" n={}", count(n)), Role::Quiet),
        ]);
    }
    items.push(one(scene, "cache", share(figures.cached, runs), Role::Number));
    if let Some(first) = figures.first_token {
        items.push(one(scene, "first token", shown(first.p50), Role::Number));
    }
    items
}

fn errors(scene: Scene<'_>, errors: u64) -> FlowItem {
    one(scene, "errors", count(errors), if errors == 0 { Role::Number } else { Role::Fail })
}

/// Writes the sum of the costs of so many runs. Runs of which it is not known are counted beside it; where no run
/// could cost anything there is no sum.
fn cost(scene: Scene<'_>, sum: Cost, unpriced: u64, runs: u64) -> FlowItem {
    let mut item = vec![scene.span("cost ", Role::Quiet)];
    if runs == 0 {
        item.push(scene.span("–", Role::Quiet));
        return item;
    }
    if sum == Cost::Unknown {
        item.push(scene.span("?", Role::Origin));
        return item;
    }
    item.push(scene.span(sum.to_string(), Role::Number));
    if unpriced > 0 {
        item.push(scene.span(format!(" +{}×?", count(unpriced)), Role::Origin));
    }
    item
}
