//! One lane: its frame with name and state, the answer or what stands in for it, verdicts and numbers.

mod body;
mod foot;
mod head;
mod json;
mod state;
pub(super) mod strip;

use ratatui::{
    buffer::Buffer,
    text::{Line, Span},
};

pub(super) use body::answer;

use super::{
    part::{
        flow::Item,
        pane::{Hold, numbered, pane},
    },
    scene::Scene,
    theme::Role,
};
use crate::{
    app::{compare::Standing, lane::Lane, layout::LaneArea, workbench::Focus},
    text::{clean_line, truncate, width},
};

/// Tells whether a lane's numbers are a demonstration: those it shows, or those a run would bring.
fn is_demo(scene: Scene<'_>, lane: &Lane) -> bool {
    let take = lane.shown();
    let asked = take.meter.target().unwrap_or(&lane.spec.target);
    take.outcome.as_ref().map_or_else(|| scene.app.is_demo(asked), |outcome| outcome.demo)
}

/// Says in one line what a lane does, its numbers so far and what is broken, for where it is not in sight.
pub(super) fn brief(scene: Scene<'_>, lane: &Lane) -> Vec<Item> {
    let state = state::say(scene, lane.shown(), usize::from(u16::MAX)).short;
    let mut items = vec![state.spans];
    items.extend(foot::brief(scene, lane));
    items
}

/// Draws the lane at a place among the lanes.
pub(super) fn draw(scene: Scene<'_>, at: usize, lane: &Lane, area: &LaneArea, buffer: &mut Buffer) {
    if area.pane.is_empty() {
        return;
    }
    let hold = scene.hold(|focus| focus == Focus::Lane(at));
    let room = usize::from(area.pane.width).saturating_sub(8);
    let first = scene.app.layout.lanes.iter().position(|lane| !lane.pane.is_empty());
    let number = (first == Some(at)).then_some(3);
    let demo = if is_demo(scene, lane) { "DEMO" } else { "" };
    let baseline = matches!(scene.app.bench.standing(lane), Some(Standing::Baseline));
    let name = clean_line(&format!("{}{}", if baseline { "◆ " } else { "" }, lane.spec.target));
    let alone = if scene.app.bench.solo.is_some() { " alone" } else { "" };
    let fixed = if number.is_some() { 2 } else { 0 } + if demo.is_empty() { 0 } else { demo.len() + 1 } + alone.len();
    let wanted = width(name.as_str()) + fixed;
    let said = state::say(scene, lane.shown(), room.saturating_sub(wanted));
    let name = truncate(name.as_str(), room.saturating_sub(fixed + said.short.width())).into_owned();
    let mut title = number.map_or_else(
        || Line::from(scene.span(name.clone(), Role::Title)),
        |number| numbered(number, &name, scene.theme),
    );
    title.push_span(scene.span(alone, Role::Wait));
    if !demo.is_empty() {
        title.push_span(Span::raw(" "));
        title.push_span(scene.span(demo, Role::Demo));
    }
    pane(area.pane, hold, title, said.short, scene.theme, buffer);
    head::draw(scene, lane, area.head, buffer);
    head::tally(scene, lane, area.tally, buffer);
    body::draw(scene, lane.shown(), hold != Hold::Away, area, buffer);
    foot::draw(scene, lane, said.rest, area.foot, buffer);
}
