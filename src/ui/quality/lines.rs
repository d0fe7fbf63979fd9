//! The lines of a grouping: the groupings on the frame, a row for each line.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
};

use super::{cursor, framed, millis, rated};
use crate::{
    app::{
        quality::{Entry, Kind, Part, baseline::Stand},
        table::{Column, Width},
        weighing,
    },
    eval::{
        figures::{count, whole_percent},
        review::{Check, ClassLine, Line as Runs, Rate, Report},
    },
    text::{clean_line, width},
    ui::{
        part::{
            bars::lying,
            column::{fitted, right},
            evidence::role as verdict,
            table::table,
        },
        scene::Scene,
        theme::Role,
    },
};

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
    fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Check => &[Self::Name, Self::Passed, Self::Failed, Self::Runs, Self::Inconclusive, Self::Bar],
            Kind::Runs(_) => &[
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
            Kind::Fault => &[Self::Name, Self::Met, Self::Ended, Self::Answered, Self::Passed, Self::Bar],
        }
    }

    fn column(self, kind: Kind) -> Column {
        let number = |title: &str, wide| Column::new(title, Width::Fixed(wide)).right();
        match self {
            Self::Name => Column::new(kind.word(), Width::Share(1, 16)),
            Self::Passed => number("passed", 19),
            Self::Failed => number("failed", 6),
            Self::Inconclusive => number("not run", 7),
            Self::Runs if kind == Kind::Check => number("applied", 7),
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
            Self::Bar => Column::new("", Width::Share(2, LEAST)),
        }
    }
}

/// Draws the lines.
pub(super) fn draw(scene: Scene<'_>, report: &Report, area: Rect, buffer: &mut Buffer) {
    let lines = &scene.app.quality.lines;
    let mut title = Line::from(scene.span("By", Role::Title));
    for kind in Kind::ALL {
        let (mark, role) = if *kind == lines.kind { ("▸", Role::Selected) } else { ("", Role::Text) };
        title.push_span(scene.span(" ", Role::Text));
        title.push_span(scene.span(format!("{mark}{}", kind.word()), role));
    }
    let order = Line::from(scene.span(lines.order.says(lines.turned), Role::Quiet));
    let inside = framed(scene, Some(Part::Lines), title, order, area, buffer);
    if lines.table.is_empty() {
        let place = inside.inner(Margin::new(1, 0));
        buffer.set_line(place.x, place.y, &Line::from(scene.span(nothing(lines.kind), Role::Quiet)), place.width);
        return;
    }
    let inside = baseline(scene, inside, buffer);
    let cells = Cell::of(lines.kind);
    let columns: Vec<Column> = cells.iter().map(|cell| cell.column(lines.kind)).collect();
    table(&lines.table, &columns, cursor(scene, Part::Lines), inside, scene.theme, buffer, |row, column, wide| {
        let entry = Entry::of(report, lines.kind, row);
        entry.zip(cells.get(column)).map(|(entry, cell)| drawn(scene, entry, *cell, wide)).unwrap_or_default()
    });
}

/// Says in the last row how the line under the cursor stands to the baseline, and returns the room above.
fn baseline(scene: Scene<'_>, area: Rect, buffer: &mut Buffer) -> Rect {
    let quality = &scene.app.quality;
    let Some((name, stand)) = quality.baseline().zip(quality.stand()).filter(|_| area.height > 0) else {
        return area;
    };
    let above = Rect { height: area.height - 1, ..area };
    let row = Rect { y: above.bottom(), height: 1, ..area }.inner(Margin::new(1, 0));
    let name = format!("against ◆ {}: ", fitted(name, usize::from(row.width) / 3).trim_end());
    let room = usize::from(row.width).saturating_sub(width(&name));
    let (text, role) = match stand {
        Stand::Is => ("this is it".to_owned(), Role::Origin),
        Stand::Waits => ("weighing …".to_owned(), Role::Quiet),
        Stand::Failed(why) => (clean_line(why).as_str().to_owned(), Role::Fail),
        Stand::Told(weighed) => {
            let said = weighing::said(weighed, ("better", "worse"), room);
            (said.into_owned(), verdict(weighed.evidence.shown))
        }
    };
    let line = Line::from(vec![scene.span(name, Role::Origin), scene.span(text, role)]);
    buffer.set_line(row.x, row.y, &line, row.width);
    above
}

/// Says why there is no line.
fn nothing(kind: Kind) -> &'static str {
    match kind {
        Kind::Check => "No check was applied to the answers of these runs.",
        Kind::Fault => "None of these runs met an error.",
        Kind::Runs(_) => "Of none of these runs is that on record.",
    }
}

fn drawn(scene: Scene<'_>, entry: Entry<'_>, cell: Cell, wide: usize) -> Line<'static> {
    let number = |text: &str, role: Role| Line::from(scene.span(right(text, wide), role));
    let bad = |count_of: u64| number(&count(count_of), if count_of > 0 { Role::Fail } else { Role::Quiet });
    let rate = |rate: Option<&Rate>| number(&rated(rate), if rate.is_some() { Role::Number } else { Role::Quiet });
    match (cell, entry) {
        (Cell::Name, _) => {
            let name = entry.name();
            let base = scene.app.quality.baseline() == Some(&name);
            let name = if base { format!("◆ {name}") } else { name };
            Line::from(scene.span(fitted(&name, wide), if base { Role::Origin } else { Role::Text }))
        }
        (Cell::Passed, _) => rate(entry.pass().as_ref()),
        (Cell::Failed, _) => bad(entry.failed()),
        (Cell::Runs, Entry::Check(Check { pass, .. })) => {
            number(&count(pass.map_or(0, |rate| rate.whole)), Role::Number)
        }
        (Cell::Inconclusive, Entry::Check(check)) => bad(check.inconclusive),
        (Cell::Bar, _) => entry.pass().map(|rate| bar(scene, &rate, wide)).unwrap_or_default(),
        (Cell::Met, Entry::Fault(ClassLine { met, .. })) => {
            let said = met.map(|met| format!("{} ({})", count(met.part), whole_percent(met.share)));
            number(&said.unwrap_or_default(), Role::Number)
        }
        (Cell::Ended, Entry::Fault(class)) => bad(class.ended),
        (Cell::Answered, Entry::Fault(class)) => rate(class.answered.as_ref()),
        (_, Entry::Runs(line)) => of_runs(scene, line, cell, wide),
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
