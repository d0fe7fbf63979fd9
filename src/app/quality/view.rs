//! The quality screen: the query line, and what the runs it asks for come to, what got worse first.
//!
//! What changed since the last version of each prompt, the worst first.
//!
//! The lines of a grouping: the groupings on the frame, a row for each line.

pub(crate) mod figures;
pub(crate) mod summary;
pub(crate) mod whatif;

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        quality::{
            GroupEntry, Grouping, Lines, QualityAreas, QualityPane, QualityScreen, below, update::BaselineRelation,
        },
        query_line::{self, RunKind},
    },
    eval::{
        evidence::Conclusion,
        quality::{CheckFigures, ClassLine, GroupRow as Runs, QualityReport, Rate, VersionChange, VersionComparison},
        stats::Interval,
    },
    present::evidence,
    text::{
        Wrapped, clean, clean_line,
        format::{count, duration, hundredths, thousands, whole_percent},
        width,
    },
    widgets::{
        charts::lying,
        frame::{FlowItem, Hold, pane, text_area},
        table::{RowCursor, TableColumn, Width, fitted, right, table},
        theme::Role,
        verdict_chips::evidence_role as verdict,
    },
};

pub(crate) fn draw(scene: Scene<'_>, quality: &QualityScreen, buffer: &mut Buffer) {
    let body = scene.shared.body.intersection(buffer.area);
    let QualityAreas { head, tabs, summary, changes, figures, trend, lines } = quality.areas(body);
    let found = match &quality.report {
        _ if quality.waits_for_enter(&scene.shared.vocabulary) => format!("{} asks", scene.key(Verb::Accept)),
        _ if quality.loading() => "reading …".to_owned(),
        Some(report) if report.runs == 1 => "1 run".to_owned(),
        Some(report) => format!("{} runs", thousands(report.runs)),
        None => String::new(),
    };
    if let Some(view) = &quality.what_if {
        let found = scene.span(whatif::found(view), Role::Number);
        query_line::draw(scene, &quality.asking, &found, whatif::about(scene), head, buffer);
        whatif::draw(scene, view, below(body), buffer);
        return;
    }
    let report = quality.report.as_deref().filter(|report| report.runs > 0);
    let about = report.map(|report| about(scene, quality, report)).unwrap_or_default();
    query_line::draw(scene, &quality.asking, &scene.span(found, Role::Number), about, head, buffer);
    let Some(report) = report else {
        let place = Rect { y: head.bottom() + 1, ..body };
        let place = place.intersection(body).inner(Margin::new(2, 0));
        for (line, row) in nothing(scene, quality, place.width).iter().zip(place.rows()) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
        return;
    };
    strip(scene, quality, tabs, buffer);
    summary::draw(scene, quality, report, summary, buffer);
    if !changes.is_empty() {
        draw_changes(scene, quality, report, changes, buffer);
    }
    if !figures.is_empty() {
        figures::draw(scene, report, figures, buffer);
    }
    if !trend.is_empty() {
        figures::draw_trend(scene, quality, report, trend, buffer);
    }
    if !lines.is_empty() {
        draw_lines(scene, quality, report, lines, buffer);
    }
}

/// Says why there is no report, and what to press.
fn nothing(scene: Scene<'_>, quality: &QualityScreen, wide: u16) -> Vec<Line<'static>> {
    if let Some(why) = &quality.error {
        let mut rows = Wrapped::new(usize::from(wide));
        rows.push(&clean(&format!("✗ {why}")));
        let rows = (0..rows.rows()).map(|row| Line::from(scene.span(rows.row(row).text.into_owned(), Role::Fail)));
        return rows.chain([Line::from(scene.hint(Verb::Refresh, "load again"))]).collect();
    }
    if quality.report.is_none() {
        return vec![Line::from(scene.span("Loading …", Role::Quiet))];
    }
    if !quality.wanted.is_everything() {
        return vec![Line::from(vec![
            scene.span("No run is like that. ", Role::Quiet),
            scene.span(scene.key(Verb::Leave), Role::Key),
            scene.span(if quality.asking.typing { " ends the typing" } else { " clears the query" }, Role::Text),
        ])];
    }
    vec![Line::from(vec![
        scene.span("No runs yet. ", Role::Quiet),
        scene.span(scene.key_where(Verb::Run, false), Role::Key),
        scene.span(" on the bench runs the prompt; every run counts here.", Role::Text),
    ])]
}

/// Says how many runs of which kind there are, of which time they are, and what is a demonstration.
fn about(scene: Scene<'_>, quality: &QualityScreen, report: &QualityReport) -> Vec<FlowItem> {
    let mut items = query_line::kinds(scene, quality.lines.only, |kind| {
        Some(thousands(match kind {
            RunKind::All => report.runs,
            RunKind::Failed => report.counts.failed,
            RunKind::Errors => report.counts.error,
            RunKind::Graded => report.graded,
        }))
    });
    if let (Some(first), Some(last)) = (report.trend.first(), report.trend.last()) {
        items.push(vec![scene.span(figures::ends(scene, first, last), Role::Quiet)]);
    }
    if report.is_demo() {
        items.push(vec![scene.span("DEMO", Role::Demo), scene.span(" all of it is a demonstration", Role::Quiet)]);
    }
    items
}

/// Draws the tabs of a small screen, the part in sight marked.
fn strip(scene: Scene<'_>, quality: &QualityScreen, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let mut line = Line::from(" ");
    for part in QualityPane::ALL {
        let name = match part {
            QualityPane::Report => "What changed".to_owned(),
            QualityPane::Trend => "Over time".to_owned(),
            QualityPane::Lines => format!("By {}", quality.lines.kind.word()),
        };
        line.spans.extend(tab(scene, &name, *part == quality.part));
    }
    line.push_span(scene.span(format!(" {}", scene.key(Verb::NextPane)), Role::Key));
    line.push_span(scene.span(" the next", Role::Quiet));
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Writes one of several names that one is chosen of: that one in brackets.
fn tab(scene: Scene<'_>, name: &str, chosen: bool) -> [Span<'static>; 3] {
    let ((open, close), role) = if chosen { (("[", "]"), Role::Title) } else { ((" ", " "), Role::Text) };
    [scene.span(open, Role::Focus), scene.span(name, role), scene.span(close, Role::Focus)]
}

/// The room in a frame.
struct Framed {
    /// All of it, the gutter among it.
    inside: Rect,
    /// What of it a text has.
    text: Rect,
}

/// Draws the frame of a part, and returns the room inside.
fn framed(scene: Scene<'_>, hold: Hold, title: Line<'_>, right: Line<'_>, area: Rect, buffer: &mut Buffer) -> Framed {
    let inside = pane(area, hold, title, right, scene.theme, buffer).intersection(buffer.area);
    Framed { inside, text: text_area(area).intersection(inside) }
}

/// Tells whether a part of the screen has the keys.
fn hold(quality: &QualityScreen, part: QualityPane) -> Hold {
    if quality.part == part && !quality.asking.typing { Hold::Focused } else { Hold::Away }
}

/// Tells which part of the row under the cursor is marked in a part of the screen.
fn cursor(quality: &QualityScreen, part: QualityPane) -> RowCursor {
    if quality.part == part { RowCursor::Row } else { RowCursor::Away }
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

/// The width from which on a difference that is not shown is said in full.
const ROOMY: u16 = 90;

/// Draws the changes, or says that there is nothing to compare.
pub(crate) fn draw_changes(
    scene: Scene<'_>,
    quality: &QualityScreen,
    report: &QualityReport,
    area: Rect,
    buffer: &mut Buffer,
) {
    let title = Line::from(scene.span("Since the last version", Role::Title));
    let Framed { inside, text: place } =
        framed(scene, hold(quality, QualityPane::Report), title, Line::from(summed(scene, report)), area, buffer);
    if report.changes.is_empty() {
        let words = "No prompt has checked answers of two versions here; run an edit to compare.";
        buffer.set_line(place.x, place.y, &Line::from(scene.span(words, Role::Quiet)), place.width);
        return;
    }
    let words =
        if inside.width < ROOMY { ("not shown", "no pairs") } else { ("no difference shown", "not comparable") };
    let columns = [
        TableColumn::new("", Width::Fixed(1)),
        TableColumn::new("prompt", Width::Share(1, 9)),
        TableColumn::new("versions", Width::Fixed(17)),
        TableColumn::new("passed", Width::Fixed(11)),
        TableColumn::new("points", Width::Fixed(18)).right(),
        TableColumn::new("", Width::Fixed(words.0.len() as u16)),
        TableColumn::new("inputs", Width::Share(1, 13)),
    ];
    let window = &quality.changes;
    table(window, &columns, cursor(quality, QualityPane::Report), inside, scene.theme, buffer, |row, column, wide| {
        report.changes.get(row).map(|change| cell(scene, change, words, column, wide)).unwrap_or_default()
    });
}

/// How many got worse and better.
fn summed(scene: Scene<'_>, report: &QualityReport) -> Vec<Span<'static>> {
    let compared = || report.changes.iter().filter_map(|change| change.compared.as_ref());
    let count = |shown| compared().filter(|one| one.shown == shown).count();
    let mut spans = Vec::new();
    for (shown, word, role) in [(Conclusion::Worse, "worse", Role::Fail), (Conclusion::Better, "better", Role::Pass)] {
        let count = count(shown);
        if count > 0 {
            let gap = if spans.is_empty() { "" } else { ", " };
            spans.push(scene.span(format!("{gap}{count} {word}"), role));
        }
    }
    if spans.is_empty() && compared().next().is_some() {
        spans.push(scene.span("no difference shown", Role::Quiet));
    }
    spans
}

/// Writes a difference in points, to a tenth where its interval is narrow; what rounds to nothing has no sign.
fn points(share: f64, digits: usize) -> String {
    let text = format!("{:+.digits$}", share * 100.0);
    if text.trim_start_matches(['+', '-']).chars().all(|c| matches!(c, '0' | '.')) {
        text.trim_start_matches(['+', '-']).to_owned()
    } else {
        text
    }
}

fn cell(
    scene: Scene<'_>,
    change: &VersionChange,
    (no, none): (&'static str, &'static str),
    column: usize,
    wide: usize,
) -> Line<'static> {
    let (mark, word, role) = match change.compared.as_ref().map(|compared| compared.shown) {
        Some(Conclusion::Worse) => ("▼", "worse", Role::Fail),
        Some(Conclusion::Better) => ("▲", "better", Role::Pass),
        Some(Conclusion::NoDifference) => ("=", no, Role::Quiet),
        None => ("–", none, Role::Quiet),
    };
    let (text, role) = match (column, &change.compared) {
        (0, _) => (mark.to_owned(), role),
        (1, _) => (change.prompt.clone(), Role::Text),
        (2, _) => (format!("{} → {}", change.before, change.last), Role::Quiet),
        (3, Some(VersionComparison { from, to, .. })) => {
            (format!("{} → {}", whole_percent(from.share), whole_percent(to.share)), Role::Number)
        }
        (4, Some(VersionComparison { by, interval: Interval { low, high }, .. })) => {
            let digits = usize::from(high - low < NARROW);
            let [by, low, high] = [*by, *low, *high].map(|share| points(share, digits));
            let words = format!("{by} ({low} to {high})");
            return Line::from(scene.span(right(&words, wide), role));
        }
        (5, _) => (word.to_owned(), role),
        (6, Some(VersionComparison { to, .. })) => (count(to.whole), Role::Quiet),
        (6, None) => ("no common inputs".to_owned(), Role::Quiet),
        _ => (String::new(), Role::Quiet),
    };
    Line::from(scene.span(fitted(&text, wide), role))
}

/// Columns of a bar, at most.
const BAR: usize = 40;

/// Columns of a bar, at least.
const LEAST: u16 = 10;

/// One column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Name,
    Passed,
    Failed,
    Inconclusive,
    Runs,
    Errors,
    Took,
    Slow,
    First,
    Measured,
    Cost,
    Met,
    Ended,
    Answered,
    Bar,
}

impl Cell {
    /// Lists the columns of a grouping, the most needed first: those without room are left out.
    fn of(kind: Grouping) -> &'static [Self] {
        match kind {
            Grouping::Check => &[Self::Name, Self::Passed, Self::Failed, Self::Runs, Self::Inconclusive, Self::Bar],
            Grouping::Runs(_) => &[
                Self::Name,
                Self::Passed,
                Self::Failed,
                Self::Errors,
                Self::Runs,
                Self::Cost,
                Self::Took,
                Self::Slow,
                Self::First,
                Self::Measured,
                Self::Bar,
            ],
            Grouping::Fault => &[Self::Name, Self::Met, Self::Ended, Self::Answered, Self::Passed, Self::Bar],
        }
    }

    fn column(self, kind: Grouping) -> TableColumn {
        let number = |title: &str, wide| TableColumn::new(title, Width::Fixed(wide)).right();
        match self {
            Self::Name => TableColumn::new(kind.word(), Width::Share(1, 16)),
            Self::Passed => number("passed", 19),
            Self::Failed => number("failed", 6),
            Self::Inconclusive => number("not run", 7),
            Self::Runs if kind == Grouping::Check => number("applied", 7),
            Self::Runs => number("runs", 6),
            Self::Errors => number("errors", 6),
            Self::Took => number("p50", 7),
            Self::Slow => number("p95", 7),
            Self::First => number("1st tok", 7),
            Self::Measured => number("n", 6),
            Self::Cost => number("cost", 10),
            Self::Met => number("of all runs", 13),
            Self::Ended => number("ended so", 8),
            Self::Answered => number("answered", 17),
            Self::Bar => TableColumn::new("", Width::Share(2, LEAST)),
        }
    }
}

pub(crate) fn draw_lines(
    scene: Scene<'_>,
    quality: &QualityScreen,
    report: &QualityReport,
    area: Rect,
    buffer: &mut Buffer,
) {
    let lines = &quality.lines;
    let mut title = Line::from(scene.span("By ", Role::Title));
    for kind in Grouping::ALL {
        title.spans.extend(tab(scene, kind.word(), *kind == lines.kind));
    }
    let mut order = Line::from(match lines.only {
        RunKind::All | RunKind::Graded => Vec::new(),
        RunKind::Failed => vec![scene.span("with failures alone · ", Role::Wait)],
        RunKind::Errors if lines.kind == Grouping::Check => vec![scene.span("not run alone · ", Role::Wait)],
        RunKind::Errors => vec![scene.span("with errors alone · ", Role::Wait)],
    });
    order.push_span(scene.span(lines.order.says(lines.turned), Role::Quiet));
    let Framed { inside, text: place } = framed(scene, hold(quality, QualityPane::Lines), title, order, area, buffer);
    if lines.table.is_empty() {
        buffer.set_line(place.x, place.y, &no_lines(scene, lines), place.width);
        return;
    }
    let inside = baseline(scene, quality, inside, buffer);
    let cells = Cell::of(lines.kind);
    let columns: Vec<TableColumn> = cells.iter().map(|cell| cell.column(lines.kind)).collect();
    table(
        &lines.table,
        &columns,
        cursor(quality, QualityPane::Lines),
        inside,
        scene.theme,
        buffer,
        |row, column, wide| {
            let entry = GroupEntry::of(report, lines.kind, row);
            entry
                .zip(cells.get(column))
                .map(|(entry, cell)| drawn(scene, quality, entry, *cell, wide))
                .unwrap_or_default()
        },
    );
}

/// Says in the last row how the line under the cursor stands to the baseline, and returns the room above.
fn baseline(scene: Scene<'_>, quality: &QualityScreen, area: Rect, buffer: &mut Buffer) -> Rect {
    let Some((name, relation)) = quality.baseline().zip(quality.baseline_relation()).filter(|_| area.height > 0) else {
        return area;
    };
    let above = Rect { height: area.height - 1, ..area };
    let row = Rect { y: above.bottom(), height: 1, ..area }.inner(Margin::new(2, 0));
    let name = format!("against ◆ {}: ", fitted(name, usize::from(row.width) / 3).trim_end());
    let room = usize::from(row.width).saturating_sub(width(&name));
    let (text, role) = match relation {
        BaselineRelation::Is => ("this is it".to_owned(), Role::Origin),
        BaselineRelation::Waits => ("comparing …".to_owned(), Role::Quiet),
        BaselineRelation::Failed(why) => (clean_line(why).as_str().to_owned(), Role::Fail),
        BaselineRelation::Told(comparison) => {
            let words = evidence::comparison_sentence(comparison, ("better", "worse"), room);
            (words.into_owned(), verdict(comparison.evidence.shown))
        }
    };
    let line = Line::from(vec![scene.span(name, Role::Origin), scene.span(text, role)]);
    buffer.set_line(row.x, row.y, &line, row.width);
    above
}

/// Says why there is no line.
fn no_lines(scene: Scene<'_>, lines: &Lines) -> Line<'static> {
    let (why, verb) = match (lines.only, lines.kind) {
        (RunKind::Failed, _) => ("Nothing failed here. ", Some(Verb::OnlyFailed)),
        (RunKind::Errors, Grouping::Check) => ("Every check could be run. ", Some(Verb::OnlyErrors)),
        (RunKind::Errors, _) => ("No errors here. ", Some(Verb::OnlyErrors)),
        (_, Grouping::Check) => ("No check was applied to the answers of these runs.", None),
        (_, Grouping::Fault) => ("None of these runs met an error.", None),
        (_, Grouping::Runs(_)) => ("Of none of these runs is that on record.", None),
    };
    let mut line = Line::from(scene.span(why, Role::Quiet));
    if let Some(verb) = verb {
        line.push_span(scene.span(scene.key(verb), Role::Key));
        line.push_span(scene.span(" shows all", Role::Text));
    }
    line
}

fn drawn(scene: Scene<'_>, quality: &QualityScreen, entry: GroupEntry<'_>, cell: Cell, wide: usize) -> Line<'static> {
    let number = |text: &str, role: Role| Line::from(scene.span(right(text, wide), role));
    let bad = |count_of: u64| number(&count(count_of), if count_of > 0 { Role::Fail } else { Role::Quiet });
    let rate = |rate: Option<&Rate>| number(&rated(rate), if rate.is_some() { Role::Number } else { Role::Quiet });
    match (cell, entry) {
        (Cell::Name, _) => {
            let name = entry.name();
            let base = quality.baseline() == Some(&name);
            let name = if base { format!("◆ {name}") } else { name };
            Line::from(scene.span(fitted(&name, wide), if base { Role::Origin } else { Role::Text }))
        }
        (Cell::Passed, _) => rate(entry.pass().as_ref()),
        (Cell::Failed, _) => bad(entry.failed()),
        (Cell::Runs, GroupEntry::Check(CheckFigures { pass, .. })) => {
            number(&count(pass.map_or(0, |rate| rate.whole)), Role::Number)
        }
        (Cell::Inconclusive, GroupEntry::Check(check)) => bad(check.inconclusive),
        (Cell::Bar, _) => entry.pass().map(|rate| bar(scene, &rate, wide)).unwrap_or_default(),
        (Cell::Met, GroupEntry::Fault(ClassLine { met, .. })) => {
            let words = met.map(|met| format!("{} ({})", count(met.part), whole_percent(met.share)));
            number(&words.unwrap_or_default(), Role::Number)
        }
        (Cell::Ended, GroupEntry::Fault(class)) => bad(class.ended),
        (Cell::Answered, GroupEntry::Fault(class)) => rate(class.answered.as_ref()),
        (_, GroupEntry::Runs(line)) => of_runs(scene, line, cell, wide),
        _ => Line::default(),
    }
}

fn of_runs(scene: Scene<'_>, line: &Runs, cell: Cell, wide: usize) -> Line<'static> {
    let time = |time: Option<u32>| time.map_or_else(|| "–".to_owned(), millis);
    let (text, role) = match cell {
        Cell::Errors => (count(line.counts.error), if line.counts.error > 0 { Role::Fail } else { Role::Quiet }),
        Cell::Runs => (count(line.runs), Role::Number),
        Cell::Took => (time(line.times.map(|times| times.p50)), Role::Number),
        Cell::Slow => (time(line.times.and_then(|times| times.p95)), Role::Number),
        Cell::First => (time(line.first_token.map(|times| times.p50)), Role::Number),
        Cell::Measured => (line.times.map_or_else(|| "–".to_owned(), |times| count(times.n)), Role::Quiet),
        Cell::Cost => (line.spent.cost.to_string(), Role::Number),
        _ => return Line::default(),
    };
    Line::from(scene.span(right(&text, wide), role))
}

fn bar(scene: Scene<'_>, rate: &Rate, wide: usize) -> Line<'static> {
    let (full, rest) = lying(rate.share, wide.min(BAR));
    let role = if rate.part == rate.whole { Role::Pass } else { Role::Number };
    Line::from(vec![scene.span(full, role), scene.span(rest, Role::Quiet)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_nothing_has_no_sign() {
        for (share, digits, text) in [
            (-0.004, 0, "0"),
            (-0.004, 1, "-0.4"),
            (0.0, 1, "0.0"),
            (0.126, 0, "+13"),
            (-1.0, 0, "-100"),
            (0.1, 1, "+10.0"),
        ] {
            assert_eq!(points(share, digits), text);
        }
    }
}
