//! The overlays that are read from top to bottom: the X-ray of a run, and the help.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        notice::Tone,
        overlay::{Help, Xray, help},
    },
    eval::figures::duration,
    ui::{
        part::column::{left, right},
        scene::{Scene, key_name},
        theme::Role,
    },
};

/// Draws a run's timeline: when, what, and what it says.
pub(super) fn xray(scene: Scene<'_>, xray: &Xray, area: Rect, buffer: &mut Buffer) {
    if xray.rows.is_empty() {
        let line = Line::from(scene.span("Nothing has run in this lane yet.", Role::Quiet));
        buffer.set_line(area.x, area.y, &line, area.width);
        return;
    }
    for (row, place) in xray.seen().zip(area.rows()) {
        let at = row.at.map(duration).unwrap_or_default();
        let (mark, role) = match row.tone {
            Tone::Info => (" ", Role::Text),
            Tone::Warning => ("!", Role::Wait),
            Tone::Error => ("✗", Role::Fail),
        };
        let line = Line::from(vec![
            scene.span(right(&at, 7), Role::Number),
            scene.span(format!("  {mark} "), role),
            scene.span(left(row.what, 10), Role::Title),
            scene.span(row.detail.as_str(), role),
        ]);
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

fn named(keys: &str) -> String {
    keys.split(' ').map(key_name).collect::<Vec<_>>().join(" ")
}

/// Draws the help.
pub(super) fn help(scene: Scene<'_>, help: &Help, area: Rect, buffer: &mut Buffer) {
    for (row, place) in help.seen().zip(area.rows()) {
        let line = match row {
            help::Row::Title(title) => Line::from(scene.span(title.clone(), Role::Title)),
            help::Row::Key { keys, doc } => Line::from(vec![
                scene.span(format!("  {} ", left(&named(keys), 22)), Role::Key),
                scene.span(doc.clone(), Role::Text),
            ]),
            help::Row::Note(note) => Line::from(scene.span(format!("  {note}"), Role::Quiet)),
        };
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}
