//! One cell: what it is, its answer or what differs in it, and what each check says.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        batch::{
            cell::{CellDetail, Shows},
            layout::{detail_areas, wrapped},
            run_state::ShownBatch,
            view::{inside, line_of, lines},
        },
        context::Scene,
    },
    model::{Status, Verdict},
    present::tool_calls::counts,
    text::format::{duration, spent, tokens, unit, waited},
    widgets::{
        diff_view::{draw_answer, summary},
        frame::{FlowItem, flow, mark, status_role},
        theme::Role,
    },
};

/// Draws the cell that is looked at.
pub(crate) fn draw(scene: Scene<'_>, shown: &ShownBatch, detail: &CellDetail, body: Rect, buffer: &mut Buffer) {
    let [head, text, checks] = detail_areas(body);
    lines(heading(scene, shown, detail, usize::from(head.width)), inside(head), buffer);
    let above = Rect { y: text.y.saturating_sub(1), height: 1, ..text };
    buffer.set_line(above.x + 1, above.y, &what(scene, detail), above.width.saturating_sub(1));
    let text = inside(text);
    match (&detail.record, &detail.error) {
        (None, Some(error)) => lines(vec![line_of(scene, error, Role::Fail)], text, buffer),
        (None, None) => lines(vec![line_of(scene, "Loading …", Role::Quiet)], text, buffer),
        (Some(record), _) if record.outcome.is_blank() && record.outcome.rounds.is_empty() => {
            write(scene, &[(record.outcome.end.to_string(), Role::Fail)], text, buffer);
        }
        (Some(_), _) => {
            draw_answer((detail.answer(), detail.difference()), (true, Role::Text), text, scene.theme, buffer);
        }
    }
    verdicts(scene, detail, inside(checks), buffer);
}

/// Which cell it is and what came of it.
fn heading(scene: Scene<'_>, shown: &ShownBatch, detail: &CellDetail, wide: usize) -> Vec<Line<'static>> {
    let place = detail.place;
    let column = shown.grid.column_of(place).unwrap_or_default();
    let mut first: Vec<FlowItem> = vec![
        vec![scene.span(format!("row {}", place.row), Role::Title)],
        vec![scene.foreign(&shown.column_name(column), Role::Text)],
    ];
    if shown.grid.samples() > 1 {
        first.push(vec![scene.span(format!("sample {}/{}", place.sample + 1, shown.grid.samples()), Role::Quiet)]);
    }
    let mut second: Vec<FlowItem> = Vec::new();
    if let Some(cell) = shown.grid.cell(place) {
        let status = cell.status;
        first.push(vec![scene.span(format!("{} {status}", mark(status)), status_role(status))]);
        first.extend(cell.score.map(|score| vec![scene.span(format!("score {}", unit(score)), Role::Number)]));
        second.extend(cell.timed().map(|took| vec![scene.span(duration(took), Role::Number)]));
        second.extend(waited(cell.waited).map(|waited| vec![scene.span(waited, Role::Wait)]));
        if let Some(record) = &detail.record {
            second.push(vec![scene.span(format!("{} tok", tokens(&record.outcome.usage)), Role::Text)]);
            second.extend(counts(&record.outcome).into_iter().map(|count| vec![scene.span(count, Role::Origin)]));
            if record.outcome.fell_back() {
                second.push(vec![scene.foreign(&format!("fell back to {}", record.outcome.target), Role::Origin)]);
            }
        }
        second.push(vec![scene.span(cell.spent().cost.to_string(), Role::Text)]);
        if let Some(judging) = cell.judging {
            second.push(vec![scene.span(format!("judges: {}", spent(&judging.spent())), Role::Text)]);
        }
        if cell.cached {
            second.push(vec![scene.span("cached", Role::Origin)]);
        }
        if let Some(was) = shown.baseline.as_ref().and_then(|baseline| baseline.status(place)) {
            let text = format!("was {} {was}", mark(was));
            second.push(vec![scene.span(text, if was == status { Role::Quiet } else { Role::Differs })]);
        }
    }
    let input = detail.input(scene.theme.has_unicode());
    let line = |items| flow(items, wide, 1).into_iter().next().unwrap_or_default();
    vec![line(first), line(second), line_of(scene, &input.unwrap_or_default(), Role::Quiet)]
}

/// What of the answer is shown, and what else can be.
fn what(scene: Scene<'_>, detail: &CellDetail) -> Line<'static> {
    let name = match detail.shows {
        Shows::Answer => "Answer",
        Shows::Expected => "Against what was expected",
        Shows::Baseline => "Against the baseline",
    };
    let mut line = Line::from(scene.span(name, Role::Title));
    if let Some(difference) = detail.difference() {
        for item in summary(difference, scene.theme) {
            line.push_span(scene.span("  ", Role::Text));
            line.spans.extend(item);
        }
    } else if detail.has_expected() {
        line.push_span(scene.span("   ", Role::Text));
        line.push_span(scene.span(scene.key(Verb::Diff), Role::Key));
        line.push_span(scene.span(" against what was expected", Role::Quiet));
    }
    line
}

/// What each check says, those that failed first.
fn verdicts(scene: Scene<'_>, detail: &CellDetail, area: Rect, buffer: &mut Buffer) {
    let quality = detail.record.as_ref().and_then(|record| record.outcome.quality.as_ref());
    let mut all: Vec<&Verdict> = quality.map(|quality| quality.verdicts.iter().collect()).unwrap_or_default();
    all.sort_by_key(|verdict| match verdict.status {
        Status::Failed => 0,
        Status::Inconclusive => 1,
        Status::Passed => 2,
    });
    let mut texts = vec![("Checks".to_owned(), Role::Title)];
    if detail.record.is_some() && all.is_empty() {
        texts.push(("nothing was checked".to_owned(), Role::Quiet));
    }
    texts.extend(all.into_iter().map(|verdict| {
        let (mark, role) = match verdict.status {
            Status::Failed => ("✗", Role::Fail),
            Status::Inconclusive => ("○", Role::Quiet),
            Status::Passed => ("✓", Role::Pass),
        };
        (format!("{mark} {}: {}", verdict.rule, verdict.reason), role)
    }));
    write(scene, &texts, area, buffer);
}

/// Writes texts below each other, each on as many rows as it takes.
fn write(scene: Scene<'_>, texts: &[(String, Role)], area: Rect, buffer: &mut Buffer) {
    let mut places = area.rows();
    for (text, role) in texts {
        for (row, place) in wrapped(text, usize::from(area.width)).into_iter().zip(places.by_ref()) {
            let line = Line::from(scene.span(row, *role));
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}
