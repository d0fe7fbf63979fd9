//! Above an answer: the parameters and the version that are the lane's own, and which sample is shown.

use ratatui::{buffer::Buffer, layout::Rect, text::Span};

use crate::{
    app::lane::{Lane, State},
    eval::figures::{count, unit},
    model::{LaneSpec, Params, Pinned},
    ui::{
        part::flow::{Item, flow},
        scene::Scene,
        theme::Role,
    },
};

/// Digits of a version's hash that are shown.
const DIGITS: usize = 7;

/// Draws it: all of it beside each other, or a row each where there are several.
pub(super) fn draw(scene: Scene<'_>, lane: &Lane, area: Rect, buffer: &mut Buffer) {
    let (wide, LaneSpec { params, pinned, .. }) = (usize::from(area.width), &lane.spec);
    let version: Vec<Item> = pinned.iter().map(|pinned| version(scene, pinned)).collect();
    let parts = [sample(scene, lane), version, own(scene, params)];
    let lines = if area.height > 1 {
        parts.into_iter().flat_map(|part| flow(part, wide, 1)).collect()
    } else {
        flow(parts.concat(), wide, 1)
    };
    for (line, place) in lines.iter().zip(area.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

/// Draws how the samples of a lane stand.
pub(super) fn tally(scene: Scene<'_>, lane: &Lane, area: Rect, buffer: &mut Buffer) {
    let ended = lane.takes().filter(|take| matches!(take.state, State::Done | State::Cached { .. })).count();
    let broken = lane.takes().filter(|take| take.state.is_unfinished()).count();
    let running = lane.takes().filter(|take| take.state.is_busy()).count();
    let mut items = vec![vec![
        scene.span(ended.to_string(), Role::Number),
        scene.span(format!(" of {} answered", lane.samples()), Role::Quiet),
    ]];
    for (number, word, role) in [(broken, "✗", Role::Fail), (running, "▸", Role::Busy)] {
        if number > 0 {
            let does = if role == Role::Busy { "running" } else { "without a full answer" };
            items.push(vec![scene.span(format!("{word} {number} {does}"), role)]);
        }
    }
    for line in flow(items, usize::from(area.width), usize::from(area.height)) {
        buffer.set_line(area.x, area.y, &line, area.width);
    }
}

fn sample(scene: Scene<'_>, lane: &Lane) -> Vec<Item> {
    let several = lane.samples() > 1;
    let said = format!("{}/{}", lane.shown_at() + 1, lane.samples());
    let item = vec![scene.span("sample ", Role::Quiet), scene.span(said, Role::Number)];
    several.then_some(item).into_iter().collect()
}

fn version(scene: Scene<'_>, pinned: &Pinned) -> Item {
    let digits: String = pinned.hash.chars().take(DIGITS).collect();
    let called = pinned.name.as_ref().map_or_else(|| digits.clone(), |name| format!("{name}/{digits}"));
    vec![scene.span("v: ", Role::Quiet), scene.foreign(&called, Role::Origin)]
}

/// The parameters that are the lane's own.
fn own(scene: Scene<'_>, params: &Params) -> Vec<Item> {
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
