//! What the status line says, and for how long.
//!
//! The lines around the panes: title, tabs, what was found, status, and keys.

use std::time::{Duration, Instant};

use ratatui::{
    buffer::Buffer,
    text::{Line, Span},
};

pub use crate::present::Tone;
use crate::{
    app::{
        action::{Action, BenchAction, GlobalAction, Verb},
        batch,
        context::Scene,
        event::Now,
        screen::ScreenId,
        workbench,
        workbench::{
            Focus,
            lane::{Lane, RunPhase},
            layout::Shape,
            view::lane,
        },
    },
    text::{SanitizedText, clean_line},
    widgets::{
        frame::{FlowItem, flow, hints, truncated},
        theme::Role,
    },
};

/// How long a notice stays, by its tone.
fn stay(tone: Tone) -> Duration {
    Duration::from_secs(match tone {
        Tone::Info => 4,
        Tone::Warning => 8,
        Tone::Error => 15,
    })
}

/// One thing the status line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How grave it is.
    pub tone: Tone,
    /// What it says.
    pub text: SanitizedText,
    until: Instant,
}

/// The notices that have not expired. Later ones cover earlier ones, unless those are graver.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    waiting: Vec<Notice>,
}

impl Notices {
    /// Says something.
    pub fn say(&mut self, tone: Tone, text: SanitizedText, now: Now) {
        self.waiting.retain(|notice| notice.text != text);
        self.waiting.push(Notice { tone, text, until: now.at + stay(tone) });
    }

    /// Returns what is to be shown: the gravest, and of those the last.
    #[must_use]
    pub fn shown(&self) -> Option<&Notice> {
        self.waiting.iter().max_by_key(|notice| notice.tone)
    }

    /// Drops what has expired. Tells whether anything did.
    pub fn expire(&mut self, now: Now) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|notice| notice.until > now.at);
        self.waiting.len() != before
    }

    /// Drops everything that is shown, once it is read.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Tells when the next one expires.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        self.waiting.iter().map(|notice| notice.until).min()
    }
}

/// Draws the title: program, prompt, session, targets; on other screens the screen's name. What runs on
/// a screen that is out of sight stands at its right.
pub(crate) fn title(scene: Scene<'_>, buffer: &mut Buffer) {
    let (app, area) = (scene.app, scene.app.layout.title);
    let mut line = Line::from(vec![scene.span(" retort", Role::Title), Span::raw("  ")]);
    if app.screen == ScreenId::Bench {
        line.spans.extend(bench(scene));
    } else {
        line.push_span(scene.span(app.screen.name(), Role::Text));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
    let names = app.bench.lanes.iter().map(|lane| clean_line(&lane.spec.target).as_str().to_owned());
    let names = vec![scene.span(names.collect::<Vec<_>>().join("  "), Role::Quiet)];
    let mut items = elsewhere(scene);
    if app.screen == ScreenId::Bench {
        items.push(names);
    }
    let room = usize::from(area.width).saturating_sub(line.width() + 3);
    items.retain(|item| item.iter().map(Span::width).sum::<usize>() <= room);
    if let Some(beside) = flow(items, room, 1).into_iter().next() {
        let wide = u16::try_from(beside.width() + 1).unwrap_or(u16::MAX);
        buffer.set_line(area.right().saturating_sub(wide), area.y, &beside, area.width);
    }
}

/// What the title says of the bench.
fn bench(scene: Scene<'_>) -> FlowItem {
    let bench = &scene.app.bench;
    let mut item = match &bench.prompt_name {
        Some(name) => vec![scene.foreign(name, Role::Text)],
        None => vec![scene.span("unnamed prompt", Role::Quiet)],
    };
    if bench.dirty() {
        item.push(scene.span(" ●", Role::Wait));
        item.push(scene.span(" edited", Role::Quiet));
    }
    item.push(scene.span("  session: ", Role::Quiet));
    item.push(scene.foreign(&bench.session, Role::Text));
    if scene.app.is_unsaved() {
        item.push(scene.span(" ✗ not saved", Role::Fail));
    }
    item
}

/// What runs on the screens that are out of sight.
fn elsewhere(scene: Scene<'_>) -> Vec<FlowItem> {
    let app = scene.app;
    let mut items = Vec::new();
    if app.screen != ScreenId::Bench {
        let busy = app.bench.lanes.iter().flat_map(Lane::takes).filter(|take| take.state.is_busy()).count();
        if busy > 0 {
            items.push(vec![scene.span(format!("▸ {busy} running"), Role::Busy)]);
        }
    }
    if app.screen != ScreenId::Batch {
        items.extend(batch::view::chip(scene, &app.batch));
    }
    items
}

/// Draws the tabs of a small screen: every pane by its number, the one in sight marked.
pub(crate) fn tabs(scene: Scene<'_>, buffer: &mut Buffer) {
    let (bench, layout) = (&scene.app.bench, &scene.app.layout);
    if layout.shape != Shape::Tabs {
        return;
    }
    let tabs = [
        ("Prompt ", matches!(bench.focus, Focus::Message(_))),
        ("Input ", bench.focus == Focus::Input),
        ("", matches!(bench.focus, Focus::Lane(_))),
        ("Metrics ", bench.focus == Focus::Metrics),
    ];
    // Each tab has its number with a mark before and a blank after it, and a blank between it and the next.
    let fixed: usize = tabs.iter().map(|(name, _)| name.len() + 4).sum();
    let room = usize::from(layout.tabs.width).saturating_sub(fixed + 1);
    let mut line = Line::from(" ");
    for (number, (name, here)) in tabs.into_iter().enumerate() {
        let (mark, role) = if here { ("▸", Role::Selected) } else { (" ", Role::Key) };
        line.push_span(scene.span(format!("{mark}{}", number + 1), role));
        let role = if here { Role::Selected } else { Role::Text };
        line.push_span(scene.span(format!(" {name}"), role));
        if name.is_empty() {
            line.spans.extend(workbench::view::names(scene, room));
        }
        line.push_span(Span::raw(" "));
    }
    buffer.set_line(layout.tabs.x, layout.tabs.y, &line, layout.tabs.width);
}

/// Draws the bar that names the lanes while not all of them are in sight.
pub(crate) fn strip(scene: Scene<'_>, buffer: &mut Buffer) {
    let area = scene.app.layout.strip;
    if !area.is_empty() {
        let names = Line::from(workbench::view::names(scene, usize::from(area.width)));
        buffer.set_line(area.x, area.y, &names, area.width);
    }
}

/// Draws which real providers were found.
pub(crate) fn banner(scene: Scene<'_>, buffer: &mut Buffer) {
    let area = scene.app.layout.banner;
    if let Some(text) = &scene.app.banner {
        let line = Line::from(vec![scene.span(" ✓ ", Role::Pass), scene.span(text.as_str(), Role::Text)]);
        buffer.set_line(area.x, area.y, &line, area.width);
    }
}

/// Draws the status: mode, what there is to say, the model and what it does. While something runs
/// the latter is said beside any notice.
pub(crate) fn status(scene: Scene<'_>, buffer: &mut Buffer) {
    let (app, area) = (scene.app, scene.app.layout.status);
    let mode = if app.typing() { ("TYPING", Role::Typing) } else { ("NORMAL", Role::Key) };
    let mut line = Line::from(vec![Span::raw(" "), scene.span(mode.0, mode.1), Span::raw("  ")]);
    let notice = app.shared.notices.shown();
    if let Some(notice) = notice {
        let (mark, role) = match notice.tone {
            Tone::Info => ("", Role::Text),
            Tone::Warning => ("! ", Role::Wait),
            Tone::Error => ("✗ ", Role::Fail),
        };
        line.push_span(scene.span(mark, role));
        line.push_span(scene.foreign(notice.text.as_str(), role));
    }
    if app.screen == ScreenId::Bench && (notice.is_none() || app.bench.busy()) {
        let gap = if notice.is_some() { 3 } else { 0 };
        let room = usize::from(area.width).saturating_sub(line.width() + gap);
        if let Some(standing) = flow(standing_items(scene), room, 1).into_iter().next() {
            line.push_span(" ".repeat(gap));
            line.spans.extend(standing.spans);
        }
    }
    buffer.set_line(area.x, area.y, &truncated(line, usize::from(area.width)), area.width);
}

/// What the status says besides notices: the model with the focus, what it does, and what the others do.
fn standing_items(scene: Scene<'_>) -> Vec<FlowItem> {
    let (app, bench) = (scene.app, &scene.app.bench);
    let mut items = Vec::new();
    let mut numbers = Vec::new().into_iter();
    let count =
        |of: fn(&RunPhase) -> bool| bench.lanes.iter().flat_map(Lane::takes).filter(|take| of(&take.state)).count();
    let (running, unfinished) = (count(RunPhase::is_busy), count(RunPhase::is_unfinished));
    if let Some(lane) = bench.lane() {
        let mut name = Vec::new();
        if let Ok(target) = app.shared.catalog.resolve(&lane.spec.target)
            && target.provider != lane.spec.target
            && !lane.spec.target.starts_with(&format!("{}/", target.provider))
        {
            name.push(scene.foreign(&target.provider, Role::Quiet));
            name.push(scene.span("·", Role::Quiet));
        }
        name.push(scene.foreign(&lane.spec.target, Role::Text));
        items.push(name);
        let in_sight = app.layout.lanes.get(bench.lane_at()).is_some_and(|lane| !lane.pane.is_empty());
        if lane.shown().state.is_busy() || (!in_sight && lane.shown().state != RunPhase::Idle) {
            numbers = lane::brief(scene, lane).into_iter();
            items.extend(numbers.next());
        }
    }
    if running > 1 || (running == 1 && !bench.lane().is_some_and(|lane| lane.shown().state.is_busy())) {
        items.push(vec![scene.span(format!("▸ {running} running"), Role::Busy)]);
    }
    if unfinished > 0 && bench.lanes.len() > 1 {
        items.push(vec![scene.span(format!("✗ {unfinished} without a full answer"), Role::Fail)]);
    }
    if bench.compare.on {
        let with = scene.foreign(&bench.compared_with(), Role::Text);
        items.push(vec![scene.span("diff against ", Role::Quiet), with]);
    }
    if bench.together {
        items.push(vec![scene.span("lanes scroll together", Role::Quiet)]);
    }
    if let Some(at) = bench.solo {
        items.push(vec![scene.span(format!("lane {} alone", at + 1), Role::Wait)]);
    }
    if bench.zoom {
        items.push(vec![scene.span("zoomed", Role::Quiet)]);
    }
    items.extend(numbers);
    items
}

/// Draws the keys of the moment.
pub(crate) fn footer(scene: Scene<'_>, buffer: &mut Buffer) {
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
        return vec![(scene.key(Verb::Leave), format!("back to the {}", app.screen.word()))];
    }
    if app.screen != ScreenId::Bench {
        let entries = app.footer().into_iter();
        return shortened(entries.map(|(entry, label)| (scene.key(entry.action), label.to_owned())).collect());
    }
    let mut actions = Vec::new();
    if app.bench.typing {
        actions.push((Action::Verb(Verb::Leave), "done typing"));
    }
    if app.bench.lanes.iter().flat_map(Lane::takes).any(|take| matches!(take.state, RunPhase::Waiting { .. })) {
        actions.push((Action::Bench(BenchAction::RetryNow), "retry now"));
    }
    if app.bench.busy() {
        actions.push((Action::Global(GlobalAction::Stop), "stop"));
    }
    actions.extend(app.footer().into_iter().map(|(entry, label)| (entry.action, label)));
    shortened(actions.into_iter().map(|(action, label)| (scene.key(action), label.to_owned())).collect())
}

/// Leaves out what has no key, and of too many all but the first and the last.
fn shortened(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.retain(|(key, _)| !key.is_empty());
    if pairs.len() > KEYS {
        pairs.drain(KEYS - 1..pairs.len() - 1);
    }
    pairs
}
