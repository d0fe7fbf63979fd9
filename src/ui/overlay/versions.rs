//! The versions of a prompt in columns, and what the chosen one says otherwise than the bench.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        action::Action,
        overlay::Versions,
        versions::{Results, VersionEntry, ago},
    },
    eval::figures::duration,
    text::{Change, diff::rows::Piece, width},
    ui::{
        part::{
            column::{fitted, left},
            list::list,
        },
        scene::Scene,
        theme::Role,
    },
};

/// Columns of the age, of the name, and of what came of a version where all of it is told.
const AGE: usize = 11;
const NAME: usize = 14;
const RESULTS: usize = 42;

/// The least width at which all of what came of a version is told.
const WIDE: usize = 100;

/// Draws the list, and the difference below it.
pub(super) fn draw(scene: Scene<'_>, versions: &Versions, area: Rect, buffer: &mut Buffer) {
    let say = |text: String, row: Rect, buffer: &mut Buffer| {
        buffer.set_line(row.x, row.y, &Line::from(scene.span(text, Role::Quiet)), row.width);
    };
    if versions.entries.is_empty() {
        let text = if versions.loading {
            "Reading the versions …".to_owned()
        } else {
            format!(
                "No versions yet. {} runs the prompt, and each prompt that is run becomes one.",
                scene.key(Action::Run)
            )
        };
        return say(text, area, buffer);
    }
    let [rows, diff] = versions.areas(area);
    list(&versions.choice, rows, scene.theme, buffer, |item, room| {
        versions
            .entries
            .get(item.value)
            .map_or_else(Line::default, |entry| row(scene, versions, item.value, entry, room))
    });
    let head = Rect { y: diff.y.saturating_sub(1), height: 1, ..diff };
    let chosen = versions.chosen().map(|(_, entry)| entry);
    if chosen.is_some_and(|entry| versions.is_present(entry)) {
        return say("This is what is on the bench.".to_owned(), head, buffer);
    }
    if versions.rows.is_empty() {
        return say("It differs from the bench by white space alone.".to_owned(), head, buffer);
    }
    say("From the bench to this version: [-gone-] {+new+}".to_owned(), head, buffer);
    for (pieces, place) in versions.rows.iter().skip(versions.top).zip(diff.rows()) {
        let line: Line<'_> = pieces.iter().map(|piece| span(scene, piece)).collect();
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

fn span(scene: Scene<'_>, piece: &Piece) -> Span<'static> {
    let role = match piece.change {
        Change::Same => Role::Text,
        Change::Removed => Role::Fail,
        Change::Added => Role::Pass,
    };
    scene.span(piece.text.clone(), role)
}

fn row(scene: Scene<'_>, versions: &Versions, at: usize, entry: &VersionEntry, room: usize) -> Line<'static> {
    let (mark, role) = if versions.is_present(entry) { ("● ", Role::Focus) } else { ("  ", Role::Text) };
    let name =
        entry.name.clone().unwrap_or_else(|| format!("{} of {}", versions.entries.len() - at, versions.entries.len()));
    let mut spans = vec![
        scene.span(mark, role),
        scene.span(left(&ago(entry.made, scene.now().time), AGE), Role::Quiet),
        scene.span(left(&name, NAME), if entry.name.is_some() { Role::Title } else { Role::Text }),
    ];
    let all = room >= WIDE;
    let results = results(&entry.results, all);
    let results = if all { left(&results, RESULTS) } else { format!("{}  ", fitted(&results, 24)) };
    let used = 2 + AGE + NAME + width(&results);
    spans.push(scene.span(results, Role::Number));
    spans.push(scene.span(fitted(versions.news(at), room.saturating_sub(used)), Role::Text));
    Line::from(spans)
}

/// Says what came of a version; `all` of it, or its runs and verdicts alone.
fn results(results: &Results, all: bool) -> String {
    let mut parts = vec![match results.runs {
        0 => "not run".to_owned(),
        1 => "1 run".to_owned(),
        runs => format!("{runs} runs"),
    }];
    if results.judged > 0 {
        parts.push(format!("{}/{} ✓", results.passed, results.judged));
    }
    if let Some(stars) = results.stars {
        parts.push(format!("★{stars:.1}"));
    }
    if all {
        parts.extend(results.latency.map(duration));
        parts.extend(results.cost.map(|cost| cost.to_string()));
    }
    parts.join("  ")
}
