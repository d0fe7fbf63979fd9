//! What changed since the last version of each prompt, the worst first.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
};

use super::{NARROW, cursor, framed};
use crate::{
    app::{
        quality::Part,
        table::{Column, Width},
    },
    eval::{
        evidence::Shown,
        figures::{count, whole_percent},
        review::{Change, Compared, Report},
        stats::Interval,
    },
    ui::{
        part::{
            column::{fitted, right},
            table::table,
        },
        scene::Scene,
        theme::Role,
    },
};

/// The width from which on a difference that is not shown is said in full.
const ROOMY: u16 = 90;

/// Draws the changes, or says that there is nothing to compare.
pub(super) fn draw(scene: Scene<'_>, report: &Report, area: Rect, buffer: &mut Buffer) {
    let title = Line::from(scene.span("Since the last version", Role::Title));
    let inside = framed(scene, Some(Part::Report), title, Line::from(summed(scene, report)), area, buffer);
    if report.changes.is_empty() {
        let place = inside.inner(Margin::new(1, 0));
        let said = "No prompt has checked answers of two versions here; run an edit to compare.";
        buffer.set_line(place.x, place.y, &Line::from(scene.span(said, Role::Quiet)), place.width);
        return;
    }
    let said = if inside.width < ROOMY { "not shown" } else { "no difference shown" };
    let columns = [
        Column::new("", Width::Fixed(1)),
        Column::new("prompt", Width::Share(1, 9)),
        Column::new("versions", Width::Fixed(17)),
        Column::new("passed", Width::Fixed(11)),
        Column::new("points", Width::Fixed(18)).right(),
        Column::new("", Width::Fixed(said.len() as u16)),
        Column::new("inputs", Width::Share(1, 13)),
    ];
    let window = &scene.app.quality.changes;
    table(window, &columns, cursor(scene, Part::Report), inside, scene.theme, buffer, |row, column, wide| {
        report.changes.get(row).map(|change| cell(scene, change, said, column, wide)).unwrap_or_default()
    });
}

/// How many got worse and better.
fn summed(scene: Scene<'_>, report: &Report) -> Vec<ratatui::text::Span<'static>> {
    let compared = || report.changes.iter().filter_map(|change| change.compared.as_ref());
    let count = |shown| compared().filter(|one| one.shown == shown).count();
    let mut spans = Vec::new();
    for (shown, word, role) in [(Shown::Worse, "worse", Role::Fail), (Shown::Better, "better", Role::Pass)] {
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

fn cell(scene: Scene<'_>, change: &Change, no: &str, column: usize, wide: usize) -> Line<'static> {
    let (mark, word, role) = match change.compared.as_ref().map(|compared| compared.shown) {
        Some(Shown::Worse) => ("▼", "worse", Role::Fail),
        Some(Shown::Better) => ("▲", "better", Role::Pass),
        Some(Shown::NoDifference) => ("=", no, Role::Quiet),
        None => ("–", "not comparable", Role::Quiet),
    };
    let (text, role) = match (column, &change.compared) {
        (0, _) => (mark.to_owned(), role),
        (1, _) => (change.prompt.clone(), Role::Text),
        (2, _) => (format!("{} → {}", change.before, change.last), Role::Quiet),
        (3, Some(Compared { from, to, .. })) => {
            (format!("{} → {}", whole_percent(from.share), whole_percent(to.share)), Role::Number)
        }
        (4, Some(Compared { by, interval: Interval { low, high }, .. })) => {
            let digits = usize::from(high - low < NARROW);
            let [by, low, high] = [*by, *low, *high].map(|share| points(share, digits));
            let said = format!("{by} ({low} to {high})");
            return Line::from(scene.span(right(&said, wide), role));
        }
        (5, _) => (word.to_owned(), role),
        (6, Some(Compared { to, .. })) => (count(to.whole), Role::Quiet),
        (6, None) => ("no common inputs".to_owned(), Role::Quiet),
        _ => (String::new(), Role::Quiet),
    };
    Line::from(scene.span(fitted(&text, wide), role))
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
