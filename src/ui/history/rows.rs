//! The list of runs: a row each, the columns that were chosen.

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::inside;
use crate::{
    app::{
        action::Action,
        history::{HistoryEntry, answered_by, column::Column},
        table::{self, Width},
    },
    eval::figures::{age, duration, tokens},
    model::{Grade, RunStatus, Thumb, VersionId},
    ui::{
        part::{
            column::{fitted, right},
            status,
            table::{Cursor, table},
        },
        scene::Scene,
        theme::Role,
    },
};

/// Draws the rows in sight.
pub(super) fn draw(scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let history = &scene.app.history;
    if history.runs.entries.is_empty() {
        let place = inside(area);
        buffer.set_line(place.x, place.y + 1, &nothing(scene), place.width);
        return;
    }
    let shown = history.shown_columns();
    let mut columns = vec![table::Column::new("", Width::Fixed(1))];
    columns.extend(shown.iter().map(|column| column.laid_out()));
    table(&history.runs.table, &columns, Cursor::Row, area, scene.theme, buffer, |row, column, wide| {
        let Some(entry) = history.runs.entries.get(row) else {
            return Line::default();
        };
        match column.checked_sub(1).and_then(|at| shown.get(at)) {
            Some(column) => cell(scene, entry, *column, wide),
            None => Line::from(mark(scene, entry)),
        }
    });
}

/// Says why no run is there, and what to press.
fn nothing(scene: Scene<'_>) -> Line<'static> {
    let history = &scene.app.history;
    if history.runs.loading() {
        return Line::from(scene.span("Reading the runs …", Role::Quiet));
    }
    if !history.asking.query.is_everything() {
        return Line::from(vec![
            scene.span("No run is like that. ", Role::Quiet),
            scene.span(scene.key(Action::Leave), Role::Key),
            scene.span(" clears the query", Role::Text),
        ]);
    }
    Line::from(vec![
        scene.span("No runs yet. ", Role::Quiet),
        scene.span(scene.key_where(Action::Run, false), Role::Key),
        scene.span(" on the bench runs the prompt; every run lands here.", Role::Text),
    ])
}

fn mark(scene: Scene<'_>, entry: &HistoryEntry) -> Span<'static> {
    if scene.app.history.runs.marked.contains(&entry.run) {
        scene.span("●", Role::Wait)
    } else if entry.pinned {
        scene.span("◆", Role::Origin)
    } else {
        scene.span(" ", Role::Text)
    }
}

/// Writes a run's cell of a column.
pub(super) fn cell(scene: Scene<'_>, run: &HistoryEntry, column: Column, wide: usize) -> Line<'static> {
    let text = |text: &str, role: Role| Line::from(scene.span(fitted(text, wide), role));
    let number = |text: &str| Line::from(scene.span(right(text, wide), Role::Number));
    let time = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), duration);
    match column {
        Column::Age => Line::from(scene.span(right(&age(run.started, scene.now().time), wide), Role::Quiet)),
        Column::End => {
            let (said, role) = end(run);
            text(&said, role)
        }
        Column::Prompt => match &run.prompt_name {
            Some(name) => text(name, Role::Text),
            None => text("no name", Role::Quiet),
        },
        Column::Target => text(&answered_by(run), if run.requested == run.target { Role::Text } else { Role::Origin }),
        Column::Version => text(&run.version.as_ref().map_or_else(|| "–".to_owned(), VersionId::short), Role::Quiet),
        Column::Provider => text(&run.provider, Role::Text),
        Column::Session => text(run.session.as_deref().unwrap_or("–"), Role::Text),
        Column::Tokens => number(&tokens(&run.tokens())),
        Column::Cost => number(&run.cost.to_string()),
        Column::Took => number(&time(run.took)),
        Column::First => number(&time(run.first_token)),
        Column::Attempts => number(&run.attempts.to_string()),
        Column::Grade => text(&run.grade.as_ref().map_or_else(|| "–".to_owned(), grade), Role::Number),
        Column::Run => text(&run.run.short(), Role::Quiet),
        Column::Input => text(&line(&run.input), Role::Text),
        Column::Answer => text(&line(&run.answer), if run.demo { Role::Demo } else { Role::Text }),
    }
}

/// How a run came out: what failed, or that it passed, or how it ended.
fn end(run: &HistoryEntry) -> (String, Role) {
    let from = if run.cached { "= " } else { "" };
    let Some(came) = run.status else {
        return ("▸ running".to_owned(), Role::Busy);
    };
    let words = match came {
        RunStatus::Failed => run.failed.join(", "),
        RunStatus::Passed => String::new(),
        RunStatus::Inconclusive | RunStatus::Unchecked => came.word().to_owned(),
        RunStatus::Error | RunStatus::Cancelled => run.class.clone().unwrap_or_else(|| run.end.clone()),
    };
    (format!("{from}{} {words}", status::mark(came)).trim_end().to_owned(), status::role(came))
}

/// Writes a grade in a few columns.
fn grade(grade: &Grade) -> String {
    let stars = grade.stars.map(|stars| format!("{stars}/5"));
    let thumb = grade.thumb.map(|thumb| if thumb == Thumb::Up { "▲" } else { "▼" }.to_owned());
    let comment = (!grade.comment.is_empty()).then(|| "…".to_owned());
    stars.into_iter().chain(thumb).chain(comment).collect::<Vec<_>>().join(" ")
}

/// Puts a text on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
