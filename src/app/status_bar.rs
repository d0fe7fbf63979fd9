//! The lines around a screen: header, totals, status, and keys.

use ratatui::{
    buffer::Buffer,
    text::{Line, Span},
};

use crate::{
    app::{
        App,
        action::{Action, GlobalAction, Verb},
        context::{Scene, key_name},
        notices::Tone,
        overlay::hint,
        overlays::Overlay,
        screen_id::ScreenId,
    },
    widgets::{
        frame::{KeyHint, flow, hints, truncated},
        theme::Role,
    },
};

/// Draws the header: the program, the screens with the one that is shown in brackets and what runs on the others, and at
/// the right what the screen says of itself.
pub(crate) fn header(scene: Scene<'_>, app: &App, buffer: &mut Buffer) {
    let area = app.layout.header;
    let wide = usize::from(area.width);
    let mut line = Line::from(scene.span(PROGRAM, Role::Title));
    for screen in ScreenId::ALL {
        line.spans.extend(tab(scene, app, *screen));
    }
    let mut beside = Line::default();
    let hides = app.hiding().is_some();
    for item in app.shown_screen().header(scene).into_iter().filter(|_| !hides) {
        let gap = if beside.spans.is_empty() { "" } else { "  ·  " };
        let own: usize = item.iter().map(Span::width).sum();
        if line.width() + beside.width() + gap.chars().count() + own + 2 > wide {
            break;
        }
        beside.push_span(scene.span(gap, Role::Quiet));
        beside.spans.extend(item);
    }
    buffer.set_line(area.x, area.y, &truncated(line, wide), area.width);
    let room = u16::try_from(beside.width() + 1).unwrap_or(u16::MAX);
    buffer.set_line(area.right().saturating_sub(room), area.y, &beside, area.width);
}

/// What stands before the screens in the header.
const PROGRAM: &str = " retort  ";

/// Names a screen with its key, the one that is shown in brackets; another one with what runs on it.
fn tab(scene: Scene<'_>, app: &App, screen: ScreenId) -> Vec<Span<'static>> {
    let here = screen == app.screen;
    let (open, close) = if here { ("[", "]") } else { (" ", " ") };
    let mut spans = vec![scene.span(open, Role::Focus)];
    // A longer key would push the others out of sight.
    let key = scene.key_where(way_to(screen), false);
    if key.chars().count() == 1 {
        spans.extend([scene.span(key, Role::Key), Span::raw(" ")]);
    }
    spans.push(scene.span(screen.name(), if here { Role::Title } else { Role::Text }));
    if let Some(chip) = app.screen_of(screen).under_way(scene).filter(|_| !here && app.hiding().is_none()) {
        spans.push(Span::raw(" "));
        spans.extend(chip);
    }
    spans.push(scene.span(close, Role::Focus));
    spans
}

/// Returns what leads to the screen that is named at a column of the header, if one is.
pub(crate) fn screen_at(scene: Scene<'_>, app: &App, column: usize) -> Option<GlobalAction> {
    let mut from = PROGRAM.len();
    let named = ScreenId::ALL.iter().find(|screen| {
        let to = from + tab(scene, app, **screen).iter().map(Span::width).sum::<usize>();
        let is_here = (from..to).contains(&column);
        from = to;
        is_here
    });
    named.map(|screen| way_to(*screen))
}

/// Returns what leads to a screen.
fn way_to(screen: ScreenId) -> GlobalAction {
    match screen {
        ScreenId::Bench => GlobalAction::ScreenBench,
        ScreenId::Batch => GlobalAction::ScreenBatch,
        ScreenId::History => GlobalAction::ScreenHistory,
        ScreenId::Quality => GlobalAction::ScreenQuality,
        ScreenId::Traffic => GlobalAction::ScreenTraffic,
    }
}

/// Draws the row of sums.
pub(crate) fn totals(scene: Scene<'_>, app: &App, buffer: &mut Buffer) {
    let area = app.layout.totals;
    let room = usize::from(area.width).saturating_sub(1);
    for line in flow(app.shown_screen().totals(scene), room, usize::from(area.height)) {
        buffer.set_line(area.x.saturating_add(1), area.y, &line, area.width.saturating_sub(1));
    }
}

/// Draws the status: mode, what there is to say, and what the screen says of itself, which may stand beside a notice.
pub(crate) fn status(scene: Scene<'_>, app: &App, buffer: &mut Buffer) {
    let area = app.layout.status;
    let mode = if app.typing() { ("TYPING", Role::Typing) } else { ("NORMAL", Role::Key) };
    let mut line = Line::from(vec![Span::raw(" "), scene.span(mode.0, mode.1), Span::raw("  ")]);
    if app.hiding().is_some() {
        buffer.set_line(area.x, area.y, &line, area.width);
        return;
    }
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
    if notice.is_none()
        && app.screen == ScreenId::Bench
        && let Some((key, purpose)) = scene.shared.tour.next(&scene.shared.keymap)
    {
        line.push_span(scene.span("Next: ", Role::Origin));
        line.push_span(scene.span(key_name(&key), Role::Key));
        line.push_span(scene.span(format!(" {purpose}   "), Role::Text));
    }
    if let Some(work) = scene.shared.lab.busy().filter(|_| !app.shows_lab()) {
        let gap = if notice.is_some() { "   " } else { "" };
        line.push_span(scene.span(format!("{gap}▸ "), Role::Busy));
        line.push_span(scene.foreign(&work.progress(), Role::Busy));
    }
    let gap = if notice.is_some() || scene.shared.lab.busy().is_some() { 3 } else { 0 };
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
    buffer.set_line(area.x.saturating_add(1), area.y, &footer_line(scene, app), area.width.saturating_sub(1));
}

/// Sets the keys of the moment into their row.
pub(crate) fn footer_line(scene: Scene<'_>, app: &App) -> Line<'static> {
    let room = usize::from(app.layout.footer.width).saturating_sub(2);
    let (keys, last) = keys(scene, app);
    hints(&keys, &last, room, scene.theme)
}

/// How many keys the footer shows at most, those of every screen among them.
const KEYS: usize = 9;

/// The keys that lead to all others, with their words: the last of every footer.
const LAST: [(GlobalAction, &str); 2] = [(GlobalAction::Palette, "all actions"), (GlobalAction::Help, "help")];

/// The keys in the order of their use: the way out of a text, those of what is going on, those of the table; and those
/// that are never left out.
fn keys(scene: Scene<'_>, app: &App) -> (Vec<KeyHint>, Vec<KeyHint>) {
    if let Some(top) = app.overlay().map(Overlay::part).filter(|top| top.is_screen()) {
        return (top.hints(scene), vec![hint(scene, Verb::Leave, top.way_out())]);
    }
    if app.overlay().is_some() {
        return (Vec::new(), vec![(scene.key(Verb::Leave), format!("back to the {}", app.screen.word()))]);
    }
    let written = |(action, label): (Action, &str)| {
        let key = scene.key(action);
        (!key.is_empty()).then(|| (key, label.to_owned()))
    };
    let last = LAST.map(|(action, label)| (Action::Global(action), label));
    let usual = app.footer().into_iter().map(|(entry, label)| (entry.action, label));
    let usual = usual.filter(|(action, _)| last.iter().all(|(other, _)| action != other));
    let stop = app.typing().then_some((Action::Verb(Verb::Leave), "stop editing"));
    let actions = stop.into_iter().chain(app.shown_screen().urgent()).chain(usual);
    let keys = actions.filter_map(written).take(KEYS - last.len()).collect();
    (keys, last.into_iter().filter_map(written).collect())
}
