//! The lines around the panes: title, tabs, what was found, status, and keys.

use ratatui::{
    buffer::Buffer,
    text::{Line, Span},
};

use super::{lane::say, part::hints::hints, scene::Scene, theme::Role};
use crate::{
    app::{
        action::{ACTIONS, Action, Entry},
        lane::State,
        layout::Shape,
        notice::Tone,
        workbench::Focus,
    },
    text::{clean_line, width},
};

/// Draws the title: program, prompt, session, targets.
pub(super) fn title(scene: Scene<'_>, buffer: &mut Buffer) {
    let (bench, area) = (&scene.app.bench, scene.app.layout.title);
    let mut line = Line::from(vec![scene.span(" retort", Role::Title), Span::raw("  ")]);
    match &bench.prompt_name {
        Some(name) => line.push_span(scene.foreign(name, Role::Text)),
        None => line.push_span(scene.span("unnamed prompt", Role::Quiet)),
    }
    if bench.dirty() {
        line.push_span(scene.span(" ●", Role::Wait));
        line.push_span(scene.span(" edited", Role::Quiet));
    }
    line.push_span(scene.span("  session: ", Role::Quiet));
    line.push_span(scene.foreign(&bench.session, Role::Text));
    let names: Vec<String> = bench.lanes.iter().map(|lane| clean_line(&lane.target).as_str().to_owned()).collect();
    let names = names.join("  ");
    let left = line.width();
    buffer.set_line(area.x, area.y, &line, area.width);
    let room = usize::from(area.width).saturating_sub(left + 3);
    let wide = width(&names);
    if wide <= room {
        let x = area.right().saturating_sub(u16::try_from(wide + 1).unwrap_or(u16::MAX));
        buffer.set_line(x, area.y, &Line::from(scene.span(names, Role::Quiet)), area.width);
    }
}

/// Draws the tabs of a small screen: every pane by its number, the one in sight marked.
pub(super) fn tabs(scene: Scene<'_>, buffer: &mut Buffer) {
    let (bench, layout) = (&scene.app.bench, &scene.app.layout);
    if layout.shape != Shape::Tabs {
        return;
    }
    let lane = bench.lane_at();
    let lanes =
        if bench.lanes.len() > 1 { format!("Lane {}/{}", lane + 1, bench.lanes.len()) } else { "Lane".to_owned() };
    let names = [
        ("Prompt".to_owned(), matches!(bench.focus, Focus::System | Focus::User)),
        ("Input".to_owned(), bench.focus == Focus::Input),
        (lanes, matches!(bench.focus, Focus::Lane(_))),
        ("Metrics".to_owned(), bench.focus == Focus::Metrics),
    ];
    let mut line = Line::from(" ");
    for (number, (name, here)) in names.into_iter().enumerate() {
        if here {
            line.push_span(scene.span(format!("▸{} {name} ", number + 1), Role::Selected));
        } else {
            line.push_span(scene.span(format!(" {}", number + 1), Role::Key));
            line.push_span(scene.span(format!(" {name} "), Role::Text));
        }
        line.push_span(Span::raw(" "));
    }
    // The lane is out of sight on the other tabs, so what it is doing is told here.
    if !matches!(bench.focus, Focus::Lane(_))
        && let Some(lane) = bench.lane()
        && lane.state != State::Idle
    {
        let room = usize::from(layout.tabs.width).saturating_sub(line.width() + 1);
        line.spans.extend(say(scene, lane, room).short.spans);
    }
    buffer.set_line(layout.tabs.x, layout.tabs.y, &line, layout.tabs.width);
}

/// Draws which real providers were found.
pub(super) fn banner(scene: Scene<'_>, buffer: &mut Buffer) {
    let area = scene.app.layout.banner;
    if let Some(text) = &scene.app.banner {
        let line = Line::from(vec![scene.span(" ✓ ", Role::Pass), scene.span(text.as_str(), Role::Text)]);
        buffer.set_line(area.x, area.y, &line, area.width);
    }
}

/// Draws the status: mode, model, and what there is to say.
pub(super) fn status(scene: Scene<'_>, buffer: &mut Buffer) {
    let (app, area) = (scene.app, scene.app.layout.status);
    let mode = if app.bench.typing { ("TYPING", Role::Typing) } else { ("NORMAL", Role::Key) };
    let mut line = Line::from(vec![Span::raw(" "), scene.span(mode.0, mode.1), Span::raw("  ")]);
    match app.notices.shown() {
        Some(notice) => {
            let (mark, role) = match notice.tone {
                Tone::Info => ("", Role::Text),
                Tone::Warning => ("! ", Role::Wait),
                Tone::Error => ("✗ ", Role::Fail),
            };
            line.push_span(scene.span(mark, role));
            line.push_span(scene.foreign(notice.text.as_str(), role));
        }
        None => line.spans.extend(standing(scene)),
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// What the status says while there is no notice: the model with the focus, and what runs.
fn standing(scene: Scene<'_>) -> Vec<Span<'static>> {
    let app = scene.app;
    let mut spans = Vec::new();
    if let Some(lane) = app.bench.lane() {
        if let Ok(target) = app.catalog.resolve(&lane.target)
            && target.provider != target.name
        {
            spans.push(scene.foreign(&target.provider, Role::Quiet));
            spans.push(scene.span("·", Role::Quiet));
        }
        spans.push(scene.foreign(&lane.target, Role::Text));
    }
    let count = |of: fn(&State) -> bool| app.bench.lanes.iter().filter(|lane| of(&lane.state)).count();
    let running = count(State::is_busy);
    let unfinished = count(State::is_unfinished);
    if running > 0 {
        spans.push(scene.span(format!("   ▸ {running} running"), Role::Busy));
    }
    if unfinished > 0 {
        spans.push(scene.span(format!("   ✗ {unfinished} without a full answer"), Role::Fail));
    }
    if app.bench.together {
        spans.push(scene.span("   lanes scroll together", Role::Quiet));
    }
    if app.bench.zoom {
        spans.push(scene.span("   zoomed", Role::Quiet));
    }
    spans
}

/// Draws the keys of the moment.
pub(super) fn footer(scene: Scene<'_>, buffer: &mut Buffer) {
    let area = scene.app.layout.footer;
    let room = usize::from(area.width).saturating_sub(2);
    let line = hints(&keys(scene), room, scene.theme);
    buffer.set_line(area.x.saturating_add(1), area.y, &line, area.width.saturating_sub(1));
}

/// How many keys the footer shows at most.
const KEYS: usize = 8;

/// The keys in the order of their use: those of what is going on, then those of the table.
fn keys(scene: Scene<'_>) -> Vec<(String, String)> {
    let app = scene.app;
    if app.overlay().is_some() {
        return vec![(scene.key(Action::Leave), "back to the bench".to_owned())];
    }
    let mut actions = Vec::new();
    if app.bench.typing {
        actions.push((Action::Leave, "done typing"));
    }
    if app.bench.lanes.iter().any(|lane| matches!(lane.state, State::Waiting { .. })) {
        actions.push((Action::RetryNow, "retry now"));
    }
    if app.bench.busy() {
        actions.push((Action::Stop, "stop"));
    }
    let mut usual: Vec<&Entry> = ACTIONS.iter().filter(|entry| entry.footer > 0).collect();
    usual.sort_by_key(|entry| entry.footer);
    actions.extend(usual.iter().map(|entry| (entry.action, label(entry))));
    let mut pairs: Vec<(String, String)> = actions
        .into_iter()
        .map(|(action, label)| (scene.key(action), label.to_owned()))
        .filter(|(key, _)| !key.is_empty())
        .collect();
    if pairs.len() > KEYS {
        pairs.drain(KEYS - 1..pairs.len() - 1);
    }
    pairs
}

/// Says in a word or two what an action does.
fn label(entry: &Entry) -> &'static str {
    match entry.action {
        Action::AddLane => "add a model",
        Action::Save => "save",
        Action::Palette => "all actions",
        Action::Xray => "x-ray",
        _ => entry.name,
    }
}
