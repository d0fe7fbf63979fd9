//! The pane with the numbers of many runs: of this session, and of all on record.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{BenchAction, Verb},
        ask,
        context::{Cx, Scene},
        metrics::Metrics,
        notices::Tone,
        totals::{cost, counted, median, millis, passed, passed_share, runs},
        workbench::{
            Focus, Workbench,
            lane::{Lane, LaneRun},
        },
    },
    eval::quality::Watched,
    model::query::{Filter, Query, What},
    text::format::{count, rate},
    widgets::{
        charts::spark,
        frame::{FlowItem, Hold, flow, pane, text_area},
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

/// Bars of a sparkline beside figures, at most.
const BESIDE: usize = 16;

/// Draws the metrics' pane: two rows, or charts where there is room for them.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let (area, metrics) = (bench.layout.metrics, &scene.shared.metrics);
    if area.is_empty() {
        return;
    }
    let hold = bench.hold(|focus| focus == Focus::Metrics);
    let charts = area.height > 5;
    let mut right = demo_runs(scene, metrics);
    if hold != Hold::Away && !bench.zoom {
        let key = if charts { BenchAction::Smaller } else { BenchAction::Bigger };
        right.push_span(Span::raw(if right.spans.is_empty() { "" } else { "  " }));
        right.spans.extend(scene.hint(key, if charts { "close charts" } else { "charts" }));
    }
    let title = Line::from(scene.span("Metrics", Role::Title));
    pane(area, hold, title, right, scene.theme, buffer);
    let room = text_area(area);
    let wide = usize::from(room.width);
    let lines = if charts {
        let mut lines = part(scene, this_session(scene, metrics), last_times(metrics), wide);
        lines.push(Line::default());
        lines.extend(part(scene, all_time(scene, metrics), trend(metrics), wide));
        lines
    } else {
        let mut lines = flow([this_session(scene, metrics), all_in_brief(scene, metrics)].concat(), wide, 1);
        lines.push(live(scene, bench, metrics, wide));
        lines
    };
    for (line, place) in lines.iter().zip(room.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

fn demo_runs(scene: Scene<'_>, metrics: &Metrics) -> Line<'static> {
    let session = metrics.session.figures();
    if session.demo == 0 {
        return Line::default();
    }
    Line::from(scene.span(format!("DEMO {} of {} runs", session.demo, session.runs), Role::Demo))
}

/// The sums for a row of their own.
pub(crate) fn totals(scene: Scene<'_>) -> Vec<FlowItem> {
    let metrics = &scene.shared.metrics;
    let mut items = this_session(scene, metrics);
    items.push(demo_runs(scene, metrics).spans);
    items.extend(all_in_brief(scene, metrics));
    items
}

/// The sums that find room on the status line: what passed, how long it took and what it cost.
pub(crate) fn brief(scene: Scene<'_>) -> Vec<FlowItem> {
    let figures = scene.shared.metrics.session.figures();
    if figures.runs == 0 {
        return Vec::new();
    }
    let mut items: Vec<FlowItem> = passed(scene, figures).into_iter().collect();
    items.extend(figures.times.map(|times| median(scene, millis(times.p50))));
    items.push(cost(scene, figures.spent.cost, figures.unpriced, figures.runs.saturating_sub(figures.demo)));
    items
}

/// What is under way, and how times and errors went of late.
fn live(scene: Scene<'_>, bench: &Workbench, metrics: &Metrics, wide: usize) -> Line<'static> {
    let busy: Vec<&LaneRun> = bench.lanes.iter().flat_map(Lane::runs).filter(|run| run.state.is_busy()).collect();
    let speed: f64 = busy.iter().filter_map(|run| run.meter.tokens_per_second()).sum();
    let mut items = vec![vec![scene.span("Live   ", Role::Title)]];
    items.push(if busy.is_empty() {
        vec![scene.span("nothing runs", Role::Quiet)]
    } else {
        vec![scene.span(format!("▸ {} running", busy.len()), Role::Busy)]
    });
    if speed > 0.0 {
        items.push(vec![scene.span(rate(speed), Role::Number)]);
    }
    for (label, (_, values), role) in
        [("time", last_times(metrics), Role::Number), ("p50 of all time", trend(metrics), Role::Number)]
    {
        if values.iter().flatten().count() > 0 {
            let bars = spark(&values, BESIDE.min(values.len()));
            items.push(vec![scene.span(format!("{label} "), Role::Quiet), scene.span(bars, role)]);
        }
    }
    flow(items, wide, 1).into_iter().next().unwrap_or_default()
}

/// Sets figures on lines, and how they went below them.
fn part(scene: Scene<'_>, items: Vec<FlowItem>, (label, values): Course, wide: usize) -> Vec<Line<'static>> {
    let mut lines = flow(items, wide, 6);
    if !values.is_empty() {
        let bars = scene.span(spark(&values, wide.min(BARS)), Role::Number);
        lines.push(Line::from(vec![bars, scene.span(format!("  {label}"), Role::Quiet)]));
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

fn this_session(scene: Scene<'_>, metrics: &Metrics) -> Vec<FlowItem> {
    let figures = metrics.session.figures();
    let title = vec![scene.span("Session", Role::Title)];
    if figures.runs == 0 {
        let none = vec![scene.span("no runs yet", Role::Quiet)];
        return vec![title, none, scene.hint(Verb::Run, "run the prompt")];
    }
    let mut items: Vec<FlowItem> = std::iter::once(title).chain(counted(scene, figures)).collect();
    if metrics.before > 0 {
        let says = format!("{} of them before this start", count(metrics.before));
        items.insert(2, vec![scene.span(says, Role::Origin)]);
    }
    items
}

/// How many runs there ever were, and how many of them passed.
fn all_in_brief(scene: Scene<'_>, metrics: &Metrics) -> Vec<FlowItem> {
    let title = vec![scene.span("All time", Role::Title)];
    let Some(all) = &metrics.all else {
        return all_time(scene, metrics);
    };
    let figures = all.figures();
    let mut items = vec![title, runs(scene, figures.runs)];
    items.extend(passed_share(scene, &figures.counts));
    if figures.demo > 0 {
        items.push(vec![scene.span(format!("DEMO {}", count(figures.demo)), Role::Demo)]);
    }
    items
}

fn all_time(scene: Scene<'_>, metrics: &Metrics) -> Vec<FlowItem> {
    let title = vec![scene.span("All time", Role::Title)];
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
