//! The cell under the cursor, below the rows or beside them: its input, what is expected, its answer, why it failed.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        batch::{
            cell::CellDetail,
            layout::{DetailAreas, wrapped},
            run_state::ShownBatch,
            view::{lines, rule},
        },
        context::Scene,
    },
    model::{Quality, Status, Verdict},
    text::{
        format::{duration, tokens},
        truncate,
    },
    widgets::{
        diff_view::draw_answer,
        frame::{flow, mark, status_role, truncated},
        table::{fitted, left},
        theme::Role,
    },
};

/// Draws the cell's parts, as many as there is room for.
pub(crate) fn draw(scene: Scene<'_>, shown: &ShownBatch, area: Rect, buffer: &mut Buffer) {
    let Some(row) = shown.table.chosen().filter(|_| area.height > 1) else {
        return;
    };
    let areas = DetailAreas::of(area, shown.grid.expects());
    let line = shown.grid.line(row);
    let number = line.map_or(0, |line| line.number);
    let place = shown.place();
    let cell = place.and_then(|place| shown.grid.cell(place));
    let detail = shown.detail.as_deref().filter(|detail| Some(detail.place) == place);
    let title = vec![
        scene.span(format!("Row {number}  "), Role::Title),
        scene.foreign(&shown.column_name(shown.column), Role::Text),
    ];
    let beside = cell.as_ref().map_or_else(Vec::new, |cell| {
        let held = detail.and_then(|detail| detail.record.as_ref()?.outcome.quality.as_ref().map(Quality::held));
        let held = held.filter(|(_, of)| *of > 0).map(|(good, of)| format!(" {good}/{of}"));
        let word = held.unwrap_or_else(|| format!(" {}", cell.status));
        vec![scene.span(format!("{}{word}", mark(cell.status)), status_role(cell.status))]
    });
    rule(scene, (title, beside), false, areas.rule, buffer);
    let input = detail
        .and_then(|detail| detail.input(scene.theme.has_unicode()))
        .unwrap_or_else(|| line.map_or_else(String::new, |line| line.text.to_owned()));
    labelled(scene, "input", &input, Role::Text, areas.input, buffer);
    let expected = line.map_or("", |line| line.expected);
    labelled(scene, "expected", expected, Role::Text, areas.expected, buffer);
    if !areas.low {
        label(scene, "answer", Rect { x: area.x, width: area.width, ..areas.answer }, buffer);
    }
    let Some(cell) = cell else {
        let says = if shown.is_busy() { "Not run yet" } else { "Not run" };
        lines(vec![Line::from(scene.span(says, Role::Quiet))], areas.answer, buffer);
        return;
    };
    match detail {
        Some(detail) if areas.low && !detail.brief.is_empty() => {
            let rows = wrapped(&detail.brief, usize::from(areas.answer.width));
            lines(rows.into_iter().map(|row| Line::from(scene.span(row, Role::Text))).collect(), areas.answer, buffer);
        }
        Some(detail)
            if detail
                .record
                .as_ref()
                .is_some_and(|record| !(record.outcome.is_blank() && record.outcome.rounds.is_empty())) =>
        {
            draw_answer((detail.answer(), detail.difference()), (false, Role::Text), areas.answer, scene.theme, buffer);
        }
        Some(CellDetail { error: Some(error), .. }) => {
            lines(vec![Line::from(scene.foreign(error, Role::Fail))], areas.answer, buffer);
        }
        Some(_) | None => {
            let role = if cell.answered() { Role::Text } else { Role::Wait };
            let text = detail.and_then(|detail| detail.record.as_ref().map(|record| record.outcome.end.to_string()));
            let text = text.filter(|_| !cell.answered()).unwrap_or_else(|| cell.summary.clone());
            let rows = wrapped(&text, usize::from(areas.answer.width));
            lines(rows.into_iter().map(|row| Line::from(scene.span(row, role))).collect(), areas.answer, buffer);
        }
    }
    checks(scene, detail, areas.checks, buffer);
    let wide = usize::from(areas.figures.width.saturating_sub(4));
    let mut items: Vec<_> =
        cell.timed().map(|took| vec![scene.span(duration(took), Role::Number)]).into_iter().collect();
    if let Some(record) = detail.and_then(|detail| detail.record.as_ref()) {
        items.push(vec![scene.span(format!("{} tok", tokens(&record.outcome.usage)), Role::Text)]);
        if record.outcome.fell_back() {
            items.push(vec![scene.foreign(&format!("fallback {}", record.outcome.target), Role::Origin)]);
        }
    }
    items.push(vec![scene.span(cell.spent().cost.to_string(), Role::Text)]);
    if cell.cached {
        items.push(vec![scene.span("cached", Role::Origin)]);
    }
    if let Some(before) = place.and_then(|place| shown.baseline.as_ref()?.status(place)) {
        let role = if before == cell.status { Role::Quiet } else { Role::Differs };
        items.push(vec![scene.span(format!("was {} {before}", mark(before)), role)]);
    }
    let figures = flow(items, wide, 1).into_iter().next().unwrap_or_default();
    let place = Rect { x: areas.figures.x.saturating_add(2), ..areas.figures }.intersection(areas.figures);
    lines(vec![figures], place, buffer);
}

/// Writes the label of a part.
fn label(scene: Scene<'_>, label: &str, area: Rect, buffer: &mut Buffer) {
    let area = Rect { x: area.x.saturating_add(2), height: area.height.min(1), ..area }.intersection(buffer.area);
    lines(vec![Line::from(scene.span(left(label, usize::from(DetailAreas::LABEL)), Role::Quiet))], area, buffer);
}

/// Writes a part with its label, on as many rows as it has.
fn labelled(scene: Scene<'_>, name: &str, text: &str, role: Role, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    label(scene, name, area, buffer);
    let from = area.x.saturating_add(DetailAreas::LABEL + 2);
    let place = Rect { x: from, width: area.width.saturating_sub(DetailAreas::LABEL + 3), ..area };
    let mut rows = wrapped(text, usize::from(place.width));
    let more = rows.len() > usize::from(place.height);
    rows.truncate(usize::from(place.height));
    if let Some(last) = rows.last_mut().filter(|_| more) {
        *last = truncate(&format!("{last} …"), usize::from(place.width)).into_owned();
    }
    lines(rows.into_iter().map(|row| Line::from(scene.span(row, role))).collect(), place, buffer);
}

/// Says which checks failed and why, then which could not run, and which passed.
fn checks(scene: Scene<'_>, detail: Option<&CellDetail>, area: Rect, buffer: &mut Buffer) {
    let quality = detail.and_then(|detail| detail.record.as_ref()?.outcome.quality.as_ref());
    let Some(quality) = quality.filter(|quality| !quality.verdicts.is_empty()) else {
        return;
    };
    let wide = usize::from(area.width.saturating_sub(4));
    let of = |status: Status| quality.verdicts.iter().filter(move |verdict| verdict.status == status);
    let worst = |verdict: &Verdict, mark: &str, role| {
        let text = format!("{mark} {}: {}", verdict.rule, verdict.reason);
        Line::from(scene.span(fitted(&text, wide), role))
    };
    let mut all: Vec<Line<'static>> = of(Status::Failed).map(|verdict| worst(verdict, "✗", Role::Fail)).collect();
    all.extend(of(Status::Inconclusive).map(|verdict| worst(verdict, "○", Role::Quiet)));
    let room = usize::from(area.height);
    let hidden = all.len().saturating_sub(room);
    all.truncate(room);
    if hidden > 0 {
        if let Some(last) = all.last_mut() {
            let mut line = truncated(std::mem::take(last), wide.saturating_sub(12));
            line.push_span(scene.span(format!("  … {hidden} more"), Role::Quiet));
            *last = line;
        }
    } else if all.len() < room {
        let names: Vec<String> = of(Status::Passed).map(|verdict| verdict.rule.to_string()).collect();
        if !names.is_empty() {
            let text = format!("✓ {}", names.join("  "));
            all.push(Line::from(vec![Span::raw(""), scene.span(fitted(&text, wide), Role::Pass)]));
        }
    }
    let place = Rect { x: area.x.saturating_add(2), ..area }.intersection(area);
    lines(all, place, buffer);
}
