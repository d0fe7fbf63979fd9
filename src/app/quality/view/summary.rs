//! The totals in a row and how they go over time in another, for a screen on which the parts take turns.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        context::Scene,
        quality::{
            Grouping, Lines, QualityPane, QualityScreen,
            groups::LineSums,
            trend::{Bars, Series, places},
            view::{figures::day_to_day, millis, rated, summed},
        },
        totals,
    },
    eval::quality::QualityReport,
    text::{
        format::{count, counted, share},
        width,
    },
    widgets::{
        charts::upright,
        frame::{FlowItem, flow, text_area},
        theme::Role,
    },
};

/// Columns of the trend, at most.
const TREND: u16 = 40;

/// Draws what the part in sight does not tell in full.
pub(crate) fn draw(scene: Scene<'_>, quality: &QualityScreen, report: &QualityReport, area: Rect, buffer: &mut Buffer) {
    let mut rows = area.rows();
    if quality.part != QualityPane::Report
        && let Some(row) = rows.next()
    {
        let row = beside_gutter(row);
        let line = flow(all_runs(scene, report), usize::from(row.width), 1).into_iter().next().unwrap_or_default();
        buffer.set_line(row.x, row.y, &line, row.width);
    }
    if quality.part != QualityPane::Trend
        && let Some(row) = rows.next()
    {
        trend(scene, report, beside_gutter(row), buffer);
    }
}

/// Takes the column off that frames leave for marks.
fn beside_gutter(row: Rect) -> Rect {
    let text = text_area(row);
    Rect { x: text.x, width: text.width, ..row }
}

/// Sums up all runs, the most telling first.
fn all_runs(scene: Scene<'_>, report: &QualityReport) -> Vec<FlowItem> {
    let number = |text: String| scene.span(text, Role::Number);
    let quiet = |text: String| scene.span(text, Role::Quiet);
    let errors = report.counts.error;
    let wrong = if errors > 0 { Role::Fail } else { Role::Quiet };
    let mut items = vec![match &report.pass {
        Some(rate) => vec![
            number(rated(Some(rate))),
            scene.span(" passed", Role::Text),
            quiet(format!("  {}/{}", count(rate.part), count(rate.whole))),
        ],
        None => vec![quiet("nothing was checked".to_owned())],
    }];
    items.push(vec![scene.span(counted(errors, "error"), wrong)]);
    if let Some(times) = &report.times {
        let p95 = times.p95.map_or_else(String::new, |p95| format!("  p95 {}", millis(p95)));
        items.push(vec![quiet("p50 ".to_owned()), number(format!("{}{p95}", millis(times.p50)))]);
    }
    items.push(vec![number(report.spent.cost.to_string())]);
    items
}

/// Sums up the lines that are listed, and says of what size the intervals are.
pub(crate) fn of_lines(scene: Scene<'_>, quality: &QualityScreen) -> Vec<FlowItem> {
    let quiet = |text: &'static str| vec![scene.span(text, Role::Quiet)];
    let intervals = quiet("Intervals: 95 %");
    if quality.what_if.is_some() {
        return vec![quiet("No model is called"), intervals];
    }
    let Some(report) = quality.report.as_deref().filter(|report| report.runs > 0) else {
        return Vec::new();
    };
    if quality.areas(scene.shared.body).lines.is_empty() {
        return vec![intervals];
    }
    let Lines { kind, sums, .. } = &quality.lines;
    let LineSums { lines, counted: all, passed: (passed, rated), spent, unpriced } = *sums;
    let (line, of) = match kind {
        Grouping::Check => ("check", "applied"),
        Grouping::Runs(_) => (kind.word(), if all == 1 { "run" } else { "runs" }),
        Grouping::Fault => ("error", "met"),
    };
    let mut items = vec![totals::listed(scene), totals::things(scene, lines, line)];
    items.push(totals::number(scene, count(all), of));
    if let Some(spent) = spent {
        items.push(totals::cost(scene, spent.cost, unpriced, if report.is_demo() { 0 } else { all }));
        items.push(totals::tokens(scene, &spent));
    }
    if rated > 0 {
        items.push(totals::number(scene, share(passed, rated), "passed"));
    }
    // A median of some of the runs is not made of those of their lines.
    if let Some(times) = report.times.filter(|_| spent.is_some() && all == report.runs) {
        items.push(totals::median(scene, totals::millis(times.p50)));
    }
    items.push(intervals);
    items
}

/// Draws the pass rate over time, from when to when that is, and how many prompts got worse or better.
fn trend(scene: Scene<'_>, report: &QualityReport, row: Rect, buffer: &mut Buffer) {
    let name = "passed ";
    buffer.set_span(row.x, row.y, &scene.span(name, Role::Quiet), row.width);
    let used = width(name) as u16;
    let all = places(report);
    let place = Rect { x: row.x + used.min(row.width), width: row.width.saturating_sub(used).min(TREND), ..row };
    let Bars { skipped, .. } = Bars::of(all.len(), place.width);
    let shown: Vec<_> = all.into_iter().skip(skipped).collect();
    let style = |value: Option<f64>| {
        let role = if value == Some(0.0) { Role::Fail } else { Role::Number };
        scene.theme.style(role)
    };
    let bars = shown.iter().map(|point| {
        let value = point.and_then(|point| Series::Passed.at(point));
        (value, style(value))
    });
    upright(bars, 1, place, buffer);
    let right = place.x + (shown.len() as u16).min(place.width);
    let rest = Rect { x: right, width: row.right().saturating_sub(right), ..row };
    let mut items: Vec<FlowItem> = Vec::new();
    if let (Some(first), Some(last)) = (shown.iter().flatten().next(), shown.iter().flatten().next_back()) {
        items.push(vec![scene.span(format!(" {}", day_to_day(scene, first, last)), Role::Quiet)]);
    }
    items.push(summed(scene, report));
    let line = flow(items, usize::from(rest.width), 1).into_iter().next().unwrap_or_default();
    buffer.set_line(rest.x, rest.y, &line, rest.width);
}
