//! One lane: its frame with name and state, the answer or what stands in for it, verdicts and numbers.
//!
//! The answer's rows that are seen, or the card, or the hint that stands in their place.
//!
//! Above an answer: the parameters and the version that are the lane's own, which sample is shown, and what was sent
//! beside texts.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{Action, BenchAction, GlobalAction, Verb},
        context::Scene,
        layout::Shape,
        workbench::{
            Focus, Workbench,
            compare::LaneRelation,
            freshness::StaleWords,
            lane::{Lane, LaneRun, RunPhase},
            lane_run::{Card, error_line},
            layout::LaneArea,
            view::{
                first_start, item_at, lane_status,
                lane_status::{OLD, Said, shows_demo},
                names,
            },
        },
    },
    model::{LaneSpec, Params, Pinned},
    pipeline::event::sent_with,
    present::attachments::chip,
    text::{
        Wrapped, clean, clean_line,
        format::{count, unit},
        truncate, width,
    },
    widgets::{
        answer_view::AnswerView,
        diff_view::draw_answer,
        frame::{FlowItem, Hold, flow, pane},
        theme::Role,
    },
};

/// Says in one line what a lane does, its numbers so far and what is broken, for where it is not in sight.
pub(crate) fn brief(scene: Scene<'_>, bench: &Workbench, lane: &Lane) -> Vec<FlowItem> {
    let state = lane_status::say(scene, bench, lane.shown(), usize::from(u16::MAX)).short;
    let mut items = vec![state.spans];
    items.extend(lane_status::brief(scene, bench, lane));
    if lane.shown().is_stale() {
        let old = scene.theme.old();
        items.iter_mut().flatten().for_each(|span| span.style = span.style.patch(old));
    }
    items
}

/// What stands on the rule of a lane.
struct LaneTitle {
    /// The names of lanes, each with its place: this one's, or where the others are behind it all of them.
    names: Vec<(usize, FlowItem)>,
    demo: &'static str,
    alone: &'static str,
    state: Said,
}

/// Finds the lane whose name stands at a column of a lane's title.
pub(crate) fn named_at(
    scene: Scene<'_>,
    bench: &Workbench,
    lane: (usize, &Lane),
    area: &LaneArea,
    column: usize,
) -> Option<usize> {
    let (places, names): (Vec<usize>, Vec<FlowItem>) = title(scene, bench, lane, area).names.into_iter().unzip();
    places.get(item_at(&names, column)?).copied()
}

/// Says what stands on the rule of a lane.
fn title(scene: Scene<'_>, bench: &Workbench, (at, lane): (usize, &Lane), area: &LaneArea) -> LaneTitle {
    // A stroke and a blank round each title, and the line to the left.
    let room = usize::from(area.pane.width).saturating_sub(8);
    let demo = if shows_demo(scene, lane) { " DEMO" } else { "" };
    let alone = if bench.solo.is_some() { " alone" } else { "" };
    let fixed = demo.len() + alone.len();
    if bench.lanes.len() > 1 && scene.shared.shape == Shape::Tabs {
        let state = lane_status::say(scene, bench, lane.shown(), room / 3);
        let names = names(scene, bench, room.saturating_sub(fixed + state.short.width()));
        return LaneTitle { names: names.into_iter().enumerate().collect(), demo, alone, state };
    }
    let baseline = matches!(bench.relation(lane), Some(LaneRelation::Baseline));
    let name = clean_line(&format!("{} {}", at + 1, lane.spec.target));
    let fixed = fixed + if baseline { 2 } else { 0 };
    let state = lane_status::say(scene, bench, lane.shown(), room.saturating_sub(width(name.as_str()) + fixed));
    let name = truncate(name.as_str(), room.saturating_sub(fixed + state.short.width())).into_owned();
    let name = vec![scene.span(name, Role::Title), scene.span(if baseline { " ◆" } else { "" }, Role::Origin)];
    LaneTitle { names: vec![(at, name)], demo, alone, state }
}

/// Draws the lane at a place among the lanes.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, at: usize, lane: &Lane, area: &LaneArea, buffer: &mut Buffer) {
    if area.pane.is_empty() {
        return;
    }
    let hold = bench.hold(|focus| focus == Focus::Lane(at));
    let LaneTitle { names, demo, alone, state } = title(scene, bench, (at, lane), area);
    let mut title = Line::from(names.into_iter().flat_map(|(_, name)| name).collect::<Vec<_>>());
    title.push_span(scene.span(alone, Role::Wait));
    title.push_span(scene.span(demo, Role::Demo));
    pane(area.pane, hold, title, state.short, scene.theme, buffer);
    draw_head(scene, lane, area.head, buffer);
    tally(scene, lane, area.tally, buffer);
    if bench.is_first_screen() {
        first_start::draw(scene, bench, area.text, buffer);
    } else {
        draw_body(scene, bench.version_number(), lane.shown(), hold != Hold::Away, area, buffer);
    }
    let place = if bench.is_first_screen() { None } else { place_in_answer(scene, lane.shown().view(), area) };
    lane_status::draw(scene, bench, lane, (state.rest, place), area.foot, buffer);
    if let Some(words) = bench.stale_words(lane.shown(), scene.now().time) {
        let old = scene.theme.old();
        for part in [area.tally, area.text, area.card, area.foot] {
            buffer.set_style(part, old);
        }
        strip(scene, &words, lane.shown().state.is_busy(), area.strip, buffer);
    }
}

/// Says over an old answer what it is from and what has changed since, in as many words as there is room for.
fn strip(scene: Scene<'_>, words: &StaleWords, busy: bool, area: Rect, buffer: &mut Buffer) {
    let StaleWords { from, since, changed, brief: _ } = words;
    let what = if busy { "Answer" } else { "Old answer:" };
    let hint = scene.hint(Verb::Run, "run ");
    let keys: usize = hint.iter().map(Span::width).sum();
    let wide = usize::from(area.width);
    let forms = [
        (format!(" {what} from {from} · {since}. {changed} "), true),
        (format!(" {what} from {from} · {since}. "), true),
        (format!(" {what} from {from}. "), true),
        (format!(" {what} from {from} "), false),
    ];
    // A mark at both ends.
    let fits = |(form, keyed): &(String, bool)| width(form) + if *keyed { keys } else { 0 } + 2 <= wide;
    let (text, keyed) = forms
        .into_iter()
        .find(fits)
        .unwrap_or_else(|| (truncate(&format!(" from {from} "), wide.saturating_sub(2)).into_owned(), false));
    let hint = if keyed { hint } else { Vec::new() };
    let said = width(&text) + hint.iter().map(Span::width).sum::<usize>();
    let around = wide.saturating_sub(said);
    let mut line = Line::from(scene.span(OLD.repeat(around / 2), Role::Quiet));
    line.push_span(scene.span(text, Role::Wait));
    line.spans.extend(hint);
    line.push_span(scene.span(OLD.repeat(around - around / 2), Role::Quiet));
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Draws what is between a lane's title and its foot; `held` where the lane has the keys. Where nothing was run, it says
/// with which `version`, if that is known.
pub(crate) fn draw_body(
    scene: Scene<'_>,
    version: Option<usize>,
    run: &LaneRun,
    held: bool,
    area: &LaneArea,
    buffer: &mut Buffer,
) {
    let view = run.view();
    if view.is_empty() && run.card.is_none() {
        hint(scene, version, run, area.text, buffer);
        return;
    }
    let role = match run.state {
        _ if run.shows_reasoning() => Role::Reasoning,
        RunPhase::Interrupted | RunPhase::Cancelled => Role::Void,
        RunPhase::Idle
        | RunPhase::Queued(_)
        | RunPhase::Running
        | RunPhase::Asking
        | RunPhase::Waiting { .. }
        | RunPhase::Done
        | RunPhase::Cached { .. }
        | RunPhase::Failed
        | RunPhase::Accepted => Role::Text,
    };
    draw_answer((view, run.difference()), (held, role), area.text, scene.theme, buffer);
    if run.state == RunPhase::Running && view.follows() {
        caret(scene, view, area.text, buffer);
    }
    if let Some(shown) = &run.card {
        card(scene, shown, area.card, buffer);
    }
}

/// Marks where the next token goes.
fn caret(scene: Scene<'_>, view: &AnswerView, area: Rect, buffer: &mut Buffer) {
    let Some(((_, row), place)) = view.seen().zip(area.rows()).last() else {
        return;
    };
    let after = u16::try_from(width(&row.text)).unwrap_or(u16::MAX);
    if after < place.width {
        buffer.set_stringn(place.x + after, place.y, "▌", 1, scene.theme.style(Role::Busy));
    }
}

/// Says how much is out of sight, and where in the text the window is; nothing where all is in sight.
fn place_in_answer(scene: Scene<'_>, view: &AnswerView, area: &LaneArea) -> Option<Line<'static>> {
    let (below, rows) = (view.below(), view.rows());
    if below == 0 && view.top() == 0 {
        return None;
    }
    let seen = (view.top() + usize::from(area.text.height)).min(rows);
    let more = (below > 0 && !view.follows()).then_some(below);
    let at = scene.span(format!(" {seen}/{rows}"), Role::Quiet);
    Some(match more {
        None => Line::from(at),
        Some(below) if area.foot.width < lane_status::NARROW => {
            Line::from(scene.span(format!(" ▼ {below}"), Role::Key))
        }
        Some(below) => Line::from(vec![scene.span(format!(" ▼ {below} more "), Role::Key), at]),
    })
}

/// Draws an error: what happened, what was tried, what helps.
fn card(scene: Scene<'_>, card: &Card, area: Rect, buffer: &mut Buffer) {
    let wide = usize::from(area.width);
    let mut lines = wrapped(card.what.as_str(), scene.span("! ", Role::Wait), scene.theme.style(Role::Title), wide);
    for tried in &card.tried {
        lines.extend(wrapped(tried.as_str(), scene.span("· ", Role::Quiet), scene.theme.style(Role::Text), wide));
    }
    for (action, does) in &card.next {
        lines.push(Line::from([vec![Span::raw("  ")], scene.hint(*action, does)].concat()));
    }
    set(&lines, area, buffer);
}

/// Wraps a text beside a mark of two columns, which stands before its first row.
fn wrapped(text: &str, mark: Span<'static>, style: Style, wide: usize) -> Vec<Line<'static>> {
    let mut rows = Wrapped::new(wide.saturating_sub(2));
    rows.push(&clean(text));
    let lead = std::iter::once(mark).chain(std::iter::repeat_with(|| Span::raw("  ")));
    (0..rows.rows())
        .zip(lead)
        .map(|(row, lead)| Line::from(vec![lead, Span::styled(rows.row(row).text.into_owned(), style)]))
        .collect()
}

fn set(lines: &[Line<'_>], area: Rect, buffer: &mut Buffer) {
    for (line, place) in lines.iter().zip(area.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

/// Says what to press, or what is waited for.
fn hint(scene: Scene<'_>, version: Option<usize>, run: &LaneRun, area: Rect, buffer: &mut Buffer) {
    let key = |action: Action, does: &str| Line::from([vec![Span::raw("  ")], scene.hint(action, does)].concat());
    let lines: Vec<Line<'static>> = match &run.state {
        RunPhase::Idle => {
            let with = version.map_or_else(|| "yet".to_owned(), |number| format!("with v{number}"));
            let mut first = Line::from(scene.span(format!("Not run {with}. "), Role::Quiet));
            first.spans.extend(scene.hint(Verb::Run, "run"));
            vec![
                first,
                Line::default(),
                key(Action::Bench(BenchAction::Models), "choose another model"),
                key(Action::Bench(BenchAction::AddLane), "add a model beside this one"),
            ]
        }
        RunPhase::Queued(why) => vec![Line::from(scene.foreign(why, Role::Quiet))],
        RunPhase::Waiting { error, .. } => {
            let style = scene.theme.style(Role::Text);
            let mut lines = wrapped(&error_line(error), scene.span("! ", Role::Wait), style, usize::from(area.width));
            lines.push(Line::default());
            lines.push(key(Action::Bench(BenchAction::RetryNow), "retry now"));
            if let Some(next) = run.next_fallback() {
                let next = clean_line(&format!("fall back to {next}"));
                lines.push(key(Action::Bench(BenchAction::NextModel), next.as_str()));
            }
            lines.push(key(Action::Global(GlobalAction::Stop), "stop"));
            lines
        }
        RunPhase::Running | RunPhase::Asking => vec![Line::from(scene.span("▌", Role::Busy))],
        RunPhase::Done | RunPhase::Cached { .. } => vec![Line::from(scene.span("The answer is empty.", Role::Quiet))],
        RunPhase::Interrupted | RunPhase::Failed | RunPhase::Cancelled | RunPhase::Accepted => Vec::new(),
    };
    set(&lines, area, buffer);
}

/// Digits of a version's hash that are shown.
const DIGITS: usize = 7;

/// Draws it: all of it beside each other, or a row each where there are several.
pub(crate) fn draw_head(scene: Scene<'_>, lane: &Lane, area: Rect, buffer: &mut Buffer) {
    let (wide, LaneSpec { params, pinned, .. }) = (usize::from(area.width), &lane.spec);
    let version: Vec<FlowItem> = pinned.iter().map(|pinned| version(scene, pinned)).collect();
    let parts = [sample(scene, lane), version, own(scene, params)];
    let unicode = scene.theme.has_unicode();
    let sent: Vec<FlowItem> =
        sent_with(&lane.shown().timeline).map(|sent| vec![scene.foreign(&chip(sent, unicode), Role::Quiet)]).collect();
    let own_rows = area.height.saturating_sub(u16::from(!sent.is_empty()));
    let mut lines: Vec<Line<'static>> = match own_rows {
        0 => Vec::new(),
        1 => flow(parts.concat(), wide, 1),
        _ => parts.into_iter().flat_map(|part| flow(part, wide, 1)).collect(),
    };
    lines.extend(flow(sent, wide, 1));
    for (line, place) in lines.iter().zip(area.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

/// Draws how the samples of a lane stand.
pub(crate) fn tally(scene: Scene<'_>, lane: &Lane, area: Rect, buffer: &mut Buffer) {
    let ended = lane.runs().filter(|run| matches!(run.state, RunPhase::Done | RunPhase::Cached { .. })).count();
    let broken = lane.runs().filter(|run| run.state.is_unfinished()).count();
    let running = lane.runs().filter(|run| run.state.is_busy()).count();
    let mut items = vec![vec![
        scene.span(ended.to_string(), Role::Number),
        scene.span(format!(" of {} answered", lane.samples()), Role::Quiet),
    ]];
    for (number, word, role) in [(broken, "✗", Role::Fail), (running, "▸", Role::Busy)] {
        if number > 0 {
            let does = if role == Role::Busy { "running" } else { "failed or incomplete" };
            items.push(vec![scene.span(format!("{word} {number} {does}"), role)]);
        }
    }
    for line in flow(items, usize::from(area.width), usize::from(area.height)) {
        buffer.set_line(area.x, area.y, &line, area.width);
    }
}

fn sample(scene: Scene<'_>, lane: &Lane) -> Vec<FlowItem> {
    let several = lane.samples() > 1;
    let label = format!("{}/{}", lane.shown_at() + 1, lane.samples());
    let item = vec![scene.span("sample ", Role::Quiet), scene.span(label, Role::Number)];
    several.then_some(item).into_iter().collect()
}

fn version(scene: Scene<'_>, pinned: &Pinned) -> FlowItem {
    let digits: String = pinned.hash.chars().take(DIGITS).collect();
    let called = pinned.name.as_ref().map_or_else(|| digits.clone(), |name| format!("{name}/{digits}"));
    vec![scene.span("v: ", Role::Quiet), scene.foreign(&called, Role::Origin)]
}

/// The parameters that are the lane's own.
fn own(scene: Scene<'_>, params: &Params) -> Vec<FlowItem> {
    let Params { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra } = params;
    let mut named: Vec<(&str, String)> = Vec::new();
    named.extend(temperature.map(|value| ("temp", value.to_string())));
    named.extend(max_tokens.map(|value| ("max", count(value))));
    named.extend(top_p.map(|value| ("top_p", unit(value))));
    named.extend(seed.map(|value| ("seed", value.to_string())));
    named.extend(reasoning_effort.clone().map(|value| ("effort", value)));
    named.extend((!stop.is_empty()).then(|| ("stop", stop.len().to_string())));
    named.extend((!extra.is_empty()).then(|| ("more", extra.len().to_string())));
    let item = |(name, value): (&str, String)| -> Vec<Span<'static>> {
        vec![scene.span(format!("{name} "), Role::Quiet), scene.foreign(&value, Role::Origin)]
    };
    named.into_iter().map(item).collect()
}
