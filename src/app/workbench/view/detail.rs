//! The column at the right of a wide screen: every check of the lane that had the focus last with its whole reason, and
//! where the time of its run went.

use ratatui::{
    buffer::Buffer,
    text::{Line, Span},
};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        overlays::xray::rows::{Row, check, in_order, listed, totals},
        workbench::{Workbench, lane::LaneRun},
    },
    present::xray::timeline::timeline,
    widgets::{
        frame::{Hold, pane, text_area, truncated},
        theme::Role,
    },
};

/// Draws it where the layout has room for it. What does not fit is counted in the last row.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let area = bench.layout.detail;
    let Some(lane) = bench.lane().filter(|_| !area.is_empty()) else {
        return;
    };
    let title = Line::from(scene.span("Detail", Role::Title));
    let which = if bench.lanes.len() > 1 { format!("lane {}", bench.lane_at() + 1) } else { String::new() };
    pane(area, Hold::Away, title, Line::from(scene.span(which, Role::Quiet)), scene.theme, buffer);
    let run = lane.shown();
    let text = text_area(area);
    let rows = rows(scene, run, text.width, usize::from(text.height));
    let left = rows.len().saturating_sub(usize::from(text.height));
    for (at, (row, place)) in rows.into_iter().zip(text.rows()).enumerate() {
        let line = if left > 0 && at + 1 == usize::from(text.height) {
            let more = scene.span("… more: ", Role::Quiet);
            Line::from([vec![more], scene.hint(Verb::Xray, "x-ray")].concat())
        } else {
            Line::from(row.into_iter().map(|(text, role)| scene.span(text, role)).collect::<Vec<Span<'_>>>())
        };
        buffer.set_line(place.x, place.y, &truncated(line, usize::from(place.width)), place.width);
    }
    if bench.stale_words(run, scene.now().time).is_some() {
        buffer.set_style(text, scene.theme.old());
    }
}

/// Makes its rows, not many more than so many: a check that would not be seen is not wrapped.
fn rows(scene: Scene<'_>, run: &LaneRun, wide: u16, most: usize) -> Vec<Row> {
    let heading = |text: String| vec![(text, Role::Title)];
    let now = run.started.filter(|_| run.state.is_busy());
    let now = now.map(|started| scene.now().at.saturating_duration_since(started));
    let stretches = timeline(&run.timeline, now);
    if stretches.is_empty() && run.quality.is_none() {
        let says = "The checks and the times of an answer stand here.";
        return vec![vec![(says.to_owned(), Role::Quiet)]];
    }
    let mut rows = Vec::new();
    if let Some(quality) = run.quality.as_ref().filter(|quality| !quality.verdicts.is_empty()) {
        let (held, all) = quality.held();
        rows.push(heading(format!("Checks  {held} of {all} passed")));
        for verdict in in_order(quality) {
            if rows.len() > most {
                break;
            }
            rows.extend(check(verdict, wide));
        }
        rows.push(Row::new());
    }
    rows.push(heading("Timeline".to_owned()));
    rows.extend(listed(&stretches, usize::from(wide)));
    if let Some(outcome) = &run.outcome {
        rows.push(Row::new());
        rows.extend(totals(&run.timeline, outcome, wide));
    }
    rows
}
