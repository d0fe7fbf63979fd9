//! A lane's answers in groups: how many say what, and the fields in which they differ.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::overlay::Alike,
    ui::{
        part::{
            column::{fitted, left},
            list::list,
        },
        scene::Scene,
        theme::Role,
    },
};

/// Columns of a group's size and letter, and of a field's pointer.
const GROUP: usize = 11;
const FIELD: usize = 28;

/// Draws the groups, and the fields that differ below them.
pub(super) fn draw(scene: Scene<'_>, alike: &Alike, area: Rect, buffer: &mut Buffer) {
    let listed = u16::try_from(alike.listed(usize::from(area.height))).unwrap_or(u16::MAX);
    list(&alike.choice, Rect { height: listed.min(area.height), ..area }, scene.theme, buffer, |item, room| {
        let words = item.detail.split_whitespace().collect::<Vec<_>>().join(" ");
        Line::from(vec![
            scene.span(left(&item.label, GROUP), Role::Title),
            scene.span(fitted(&words, room.saturating_sub(GROUP)), Role::Text),
        ])
    });
    let mut below = area.rows().skip(usize::from(listed) + 1);
    if alike.groups.split.is_empty() {
        return;
    }
    if let Some(place) = below.next() {
        let head = scene.span("Fields that differ, the most divided first", Role::Quiet);
        buffer.set_line(place.x, place.y, &Line::from(head), place.width);
    }
    for (field, place) in alike.groups.split.iter().zip(below) {
        let values =
            field.values.iter().map(|(value, count)| format!("{count}× {}", value.as_deref().unwrap_or("missing")));
        let values = values.collect::<Vec<_>>().join("  ");
        let room = usize::from(place.width).saturating_sub(FIELD + 3);
        let line = Line::from(vec![
            scene.span(format!("  {} ", left(&field.pointer, FIELD)), Role::Title),
            scene.span(fitted(&values, room), Role::Text),
        ]);
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}
