//! What the threshold that was moved to does, beside the present one.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::Action,
        quality::whatif::{Read, View},
    },
    eval::{
        figures::count,
        review::Rate,
        whatif::{At, Share, Side},
    },
    ui::{
        part::flow::{Item, flow},
        quality::{framed, with_interval},
        scene::Scene,
        theme::Role,
    },
};

/// Columns of the names.
const NAMES: usize = 11;

/// Draws the numbers.
pub(super) fn draw(scene: Scene<'_>, view: &View, read: &Read, area: Rect, buffer: &mut Buffer) {
    let prompt = read.prompt.as_deref().unwrap_or("a prompt without a name");
    let mut title = Line::from(scene.span("What if ", Role::Title));
    title.push_span(scene.foreign(&read.knob.rule, Role::Title));
    title.push_span(scene.span(" of ", Role::Quiet));
    title.push_span(scene.foreign(prompt, Role::Text));
    let others: Vec<&str> = read.rules.iter().filter(|rule| **rule != read.knob.rule).map(String::as_str).collect();
    let mut keys = Line::default();
    if let Some(first) = others.first() {
        let more = if others.len() > 1 { ", …" } else { "" };
        keys.push_span(scene.span(scene.key(Action::NextPane), Role::Key));
        keys.push_span(scene.foreign(&format!(" {first}{more}"), Role::Quiet));
    }
    let inside = framed(scene, None, title, keys, area, buffer).inner(Margin::new(1, 0));
    let lines = lines(scene, view, read, usize::from(inside.width));
    for (line, place) in lines.iter().zip(inside.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

fn named(scene: Scene<'_>, name: &str, spans: Vec<Span<'static>>) -> Line<'static> {
    let mut line = Line::from(scene.span(format!("{name:NAMES$}"), Role::Quiet));
    line.spans.extend(spans);
    line
}

fn lines(scene: Scene<'_>, view: &View, read: &Read, wide: usize) -> Vec<Line<'static>> {
    let Some((before, after)) = view.before_and_after() else {
        return Vec::new();
    };
    let mut lines =
        vec![threshold(scene, view, read), named(scene, "passed", rates(scene, before.passes, after.passes))];
    lines.push(named(scene, "flips", flips(scene, read, &after)));
    if read.graded.0 == 0 {
        let none = vec![
            scene.span("none; ", Role::Quiet),
            scene.span(scene.key(Action::Grade), Role::Key),
            scene.span(" in the history gives one", Role::Quiet),
        ];
        lines.push(named(scene, "grades", none));
    } else {
        lines.push(named(scene, "precision", rates(scene, before.precision, after.precision)));
        lines.push(named(scene, "recall", rates(scene, before.recall, after.recall)));
        let said = vec![
            scene.span(count(read.graded.1), Role::Number),
            scene.span(" right of ", Role::Text),
            scene.span(count(read.graded.0), Role::Number),
            scene.span(" graded", Role::Text),
        ];
        lines.push(named(scene, "grades", said));
    }
    lines.extend(flow(about(scene, read), wide, 2));
    lines
}

/// The present threshold and the one that was moved to.
fn threshold(scene: Scene<'_>, view: &View, read: &Read) -> Line<'static> {
    let side = if read.knob.side == Side::AtLeast { "at least " } else { "at most " };
    let mut spans = vec![scene.span(side, Role::Quiet), scene.span(read.knob.shown_present(), Role::Number)];
    if read.knob.present == Some(view.chosen) {
        spans.push(scene.span(format!("  {}", arrows(scene)), Role::Key));
        spans.push(scene.span(" move it", Role::Quiet));
    } else {
        spans.push(scene.span(" → ", Role::Quiet));
        spans.push(scene.span(format!(" {} ", read.knob.shown(view.chosen)), Role::Selected));
        if read.file.is_some() {
            spans.push(scene.span("  ", Role::Quiet));
            spans.extend(scene.hint(Action::WriteThreshold, "writes it"));
        }
    }
    named(scene, "threshold", spans)
}

/// Writes the keys that move the threshold: the arrows, where they do.
fn arrows(scene: Scene<'_>) -> String {
    let arrow = |action, name: &str, arrow: &str| {
        let chords = scene.app.keymap.chords(action);
        if chords.iter().any(|chord| chord.to_string() == name) { arrow.to_owned() } else { scene.key(action) }
    };
    format!("{} {}", arrow(Action::Left, "left", "←"), arrow(Action::Right, "right", "→"))
}

/// Two rates: `34% (20 to 52) → 31% (18 to 49)  10 of 32`.
fn rates(scene: Scene<'_>, before: Option<Share>, after: Option<Share>) -> Vec<Span<'static>> {
    let mut spans = rate(scene, before);
    if before != after {
        spans.push(scene.span(" → ", Role::Quiet));
        spans.extend(rate(scene, after));
    }
    if let Some(share) = after {
        spans.push(scene.span(format!("  {} of {}", count(share.part), count(share.whole)), Role::Quiet));
    }
    spans
}

fn rate(scene: Scene<'_>, share: Option<Share>) -> Vec<Span<'static>> {
    let rate = share.and_then(|share| Rate::of(share.part, share.whole));
    let Some(rate) = rate.map(|rate| with_interval(&rate, " to ")) else {
        return vec![scene.span("–", Role::Quiet)];
    };
    let (share, interval) = rate.split_once(' ').unwrap_or((&rate, ""));
    vec![scene.span(share, Role::Number), scene.span(format!(" {interval}"), Role::Text)]
}

/// How many answers come out otherwise.
fn flips(scene: Scene<'_>, read: &Read, after: &At) -> Vec<Span<'static>> {
    let fixed = if after.fixed > 0 { Role::Pass } else { Role::Quiet };
    let broken = if after.broken > 0 { Role::Fail } else { Role::Quiet };
    let decided = format!("  of {} measured", count(read.what.measured() as u64));
    vec![
        scene.span(format!("{} fixed ✗→✓", count(after.fixed)), fixed),
        scene.span("  ", Role::Text),
        scene.span(format!("{} broken ✓→✗", count(after.broken)), broken),
        scene.span(decided, Role::Quiet),
    ]
}

/// Where the present value stands, and what can be done.
fn about(scene: Scene<'_>, read: &Read) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    if read.what.measured() == 0 {
        items.push(vec![scene.span("! nothing was measured by it", Role::Wait)]);
    }
    match &read.file {
        Some(file) => items.push(vec![scene.foreign(&file.display().to_string(), Role::Quiet)]),
        None => items.push(vec![scene.span("of the version that was run last; it has no file", Role::Quiet)]),
    }
    items
}
