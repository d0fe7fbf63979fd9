//! The lines around a screen: title, status, and keys.

use ratatui::{
    buffer::Buffer,
    text::{Line, Span},
};

use crate::{
    app::{App, action::Verb, context::Scene, notices::Tone, overlay::hint, overlays::Overlay, screen_id::ScreenId},
    widgets::{
        frame::{flow, hints, truncated},
        theme::Role,
    },
};

/// Draws the title: program, and what the screen says of itself. What runs on a screen that is out of sight stands at
/// its right.
pub(crate) fn title(scene: Scene<'_>, app: &App, buffer: &mut Buffer) {
    let area = app.layout.title;
    let mut line = Line::from(vec![scene.span(" retort", Role::Title), Span::raw("  ")]);
    line.spans.extend(app.shown_screen().title(scene));
    buffer.set_line(area.x, area.y, &line, area.width);
    let elsewhere = ScreenId::ALL.iter().filter(|screen| **screen != app.screen);
    let under_way = elsewhere.filter_map(|screen| app.screen_of(*screen).under_way(scene));
    let room = usize::from(area.width).saturating_sub(line.width() + 3);
    let items = under_way.chain(app.shown_screen().beside_title(scene));
    let items = items.filter(|item| item.iter().map(Span::width).sum::<usize>() <= room).collect();
    if let Some(beside) = flow(items, room, 1).into_iter().next() {
        let wide = u16::try_from(beside.width() + 1).unwrap_or(u16::MAX);
        buffer.set_line(area.right().saturating_sub(wide), area.y, &beside, area.width);
    }
}

/// Draws the status: mode, what there is to say, and what the screen says of itself, which may stand beside a notice.
pub(crate) fn status(scene: Scene<'_>, app: &App, buffer: &mut Buffer) {
    let area = app.layout.status;
    let mode = if app.typing() { ("TYPING", Role::Typing) } else { ("NORMAL", Role::Key) };
    let mut line = Line::from(vec![Span::raw(" "), scene.span(mode.0, mode.1), Span::raw("  ")]);
    let notice = scene.shared.notices.shown();
    if let Some(notice) = notice {
        let (mark, role) = match notice.tone {
            Tone::Info => ("", Role::Text),
            Tone::Warning => ("! ", Role::Wait),
            Tone::Error => ("✗ ", Role::Fail),
        };
        line.push_span(scene.span(mark, role));
        line.push_span(scene.foreign(notice.text.as_str(), role));
    }
    let gap = if notice.is_some() { 3 } else { 0 };
    let room = usize::from(area.width).saturating_sub(line.width() + gap);
    let own = app.shown_screen().status(scene, notice.is_some());
    if let Some(own) = flow(own, room, 1).into_iter().next() {
        line.push_span(" ".repeat(gap));
        line.spans.extend(own.spans);
    }
    buffer.set_line(area.x, area.y, &truncated(line, usize::from(area.width)), area.width);
}

/// Draws the keys of the moment.
pub(crate) fn footer(scene: Scene<'_>, app: &App, buffer: &mut Buffer) {
    let area = app.layout.footer;
    let room = usize::from(area.width).saturating_sub(2);
    let line = hints(&keys(scene, app), room, scene.theme);
    buffer.set_line(area.x.saturating_add(1), area.y, &line, area.width.saturating_sub(1));
}

/// How many keys the footer shows at most.
const KEYS: usize = 8;

/// The keys in the order of their use: those of what is going on, then those of the table.
fn keys(scene: Scene<'_>, app: &App) -> Vec<(String, String)> {
    if let Some(top) = app.overlay().map(Overlay::part).filter(|top| top.is_screen()) {
        return top.hints(scene).into_iter().chain([hint(scene, Verb::Leave, top.way_out())]).collect();
    }
    if app.overlay().is_some() {
        return vec![(scene.key(Verb::Leave), format!("back to the {}", app.screen.word()))];
    }
    let usual = app.footer().into_iter().map(|(entry, label)| (entry.action, label));
    let actions = app.shown_screen().urgent().into_iter().chain(usual);
    shortened(actions.map(|(action, label)| (scene.key(action), label.to_owned())).collect())
}

/// Leaves out what has no key, and of too many all but the first and the last.
fn shortened(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.retain(|(key, _)| !key.is_empty());
    if pairs.len() > KEYS {
        pairs.drain(KEYS - 1..pairs.len() - 1);
    }
    pairs
}
