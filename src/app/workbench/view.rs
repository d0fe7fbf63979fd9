//! How the bench is drawn: its panes, and what title and status line say of it.

pub(crate) mod detail;
pub(crate) mod document;
pub(crate) mod first_start;
pub(crate) mod lane;
pub(crate) mod lane_status;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::Pane,
        context::Scene,
        workbench::{
            Focus, Workbench,
            lane::{Lane, RunPhase},
            metrics,
            view::lane_status::mark,
        },
    },
    text::{clean_line, format::ago, truncate, width},
    widgets::{
        frame::{FlowItem, Hold, pane, title_column},
        theme::Role,
    },
};

/// Draws all panes.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    banner(scene, bench, buffer);
    draw_prompt(scene, bench, buffer);
    draw_input(scene, bench, buffer);
    for (at, (lane, area)) in bench.lanes.iter().zip(&bench.layout.lanes).enumerate() {
        lane::draw(scene, bench, at, lane, area, buffer);
    }
    strip(scene, bench, buffer);
    detail::draw(scene, bench, buffer);
    metrics::draw(scene, bench, buffer);
}

/// What the header says of the bench: the prompt on it, and the session.
pub(crate) fn header(scene: Scene<'_>, bench: &Workbench) -> Vec<FlowItem> {
    let mut prompt = prompt_name(scene, bench, Role::Text);
    if bench.is_unsaved() {
        prompt.push(scene.span(" ✗ not saved", Role::Fail));
    }
    vec![prompt, vec![scene.span("session ", Role::Quiet), scene.foreign(&bench.session, Role::Text)]]
}

/// Names the prompt, its newest version where that is on the bench, and that it was edited.
fn prompt_name(scene: Scene<'_>, bench: &Workbench, role: Role) -> FlowItem {
    let mut item = match &bench.prompt_name {
        Some(name) => vec![scene.foreign(name, role)],
        None => vec![scene.span("unnamed prompt", Role::Quiet)],
    };
    let place = bench.version.as_ref().and_then(|version| version.place.as_ref());
    if let Some(place) = place.filter(|place| place.number == place.of) {
        item.push(scene.span(format!(" v{}", place.number), role));
    }
    if bench.dirty() {
        item.push(scene.span(" ●", Role::Wait));
        item.push(scene.span(" edited", Role::Quiet));
    }
    item
}

/// Draws the rule that names the lanes while not all of them are in sight; the line at its left goes on below it.
fn strip(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let area = bench.layout.strip;
    if area.is_empty() {
        return;
    }
    let names = strip_names(scene, bench).concat();
    pane(area, Hold::Away, Line::from(names), Line::default(), scene.theme, buffer);
    if let Some(below) = buffer.cell_mut((area.x, area.bottom())).filter(|cell| cell.symbol() == "┬") {
        below.set_symbol("├");
    }
}

/// Names the lanes on that rule.
fn strip_names(scene: Scene<'_>, bench: &Workbench) -> Vec<FlowItem> {
    names(scene, bench, usize::from(bench.layout.strip.width).saturating_sub(AROUND))
}

/// Finds the lane whose name stands at a place of the screen.
pub(crate) fn lane_named_at(scene: Scene<'_>, bench: &Workbench, at: Position) -> Option<usize> {
    if let Some(column) = title_column(bench.layout.strip, Hold::Away, scene.theme, at) {
        return item_at(&strip_names(scene, bench), column);
    }
    let mut lanes = (0..).zip(bench.lanes.iter().zip(&bench.layout.lanes));
    lanes.find_map(|(place, (lane, area))| {
        let column = title_column(area.pane, bench.hold(|focus| focus == Focus::Lane(place)), scene.theme, at)?;
        lane::named_at(scene, bench, (place, lane), area, column)
    })
}

/// Finds which of several items beside each other lies at a column.
pub(crate) fn item_at(items: &[FlowItem], column: usize) -> Option<usize> {
    let mut to = 0;
    items.iter().position(|item| {
        to += item.iter().map(Span::width).sum::<usize>();
        column < to
    })
}

/// Draws which real providers were found.
fn banner(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let area = bench.layout.banner;
    if let Some(text) = &bench.banner {
        let text = truncate(text.as_str(), usize::from(area.width).saturating_sub(3));
        let line = Line::from(vec![scene.span(" ✓ ", Role::Pass), scene.span(text.into_owned(), Role::Text)]);
        buffer.set_line(area.x, area.y, &line, area.width);
    }
}

/// What the status says besides notices: what the lane with the focus does, and what the others do.
pub(crate) fn status_items(scene: Scene<'_>, bench: &Workbench) -> Vec<FlowItem> {
    let mut items = Vec::new();
    let mut numbers = Vec::new().into_iter();
    let runs = || bench.lanes.iter().flat_map(Lane::runs);
    let running = runs().filter(|run| run.state.is_busy()).count();
    // What failed as an answer to something else says nothing of what is on the bench.
    let unfinished = runs().filter(|run| run.state.is_unfinished() && !run.is_stale()).count();
    if let Some(lane) = bench.lane() {
        items.extend(lane_status::first_failure(scene, lane.shown()));
        let in_sight = bench.layout.lanes.get(bench.lane_at()).is_some_and(|lane| !lane.pane.is_empty());
        if !in_sight && lane.shown().state != RunPhase::Idle {
            numbers = lane::brief(scene, bench, lane).into_iter();
            items.extend(numbers.next());
        }
    }
    if running > 1 || (running == 1 && !bench.lane().is_some_and(|lane| lane.shown().state.is_busy())) {
        items.push(vec![scene.span(format!("▸ {running} running"), Role::Busy)]);
    }
    if unfinished > 0 && bench.lanes.len() > 1 {
        items.push(vec![scene.span(format!("✗ {unfinished} failed or incomplete"), Role::Fail)]);
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

/// Names every lane with its number and the mark of its state in at most so many columns, the one that is meant in
/// brackets; long names are cut so that all have a place.
pub(crate) fn names(scene: Scene<'_>, bench: &Workbench, room: usize) -> Vec<FlowItem> {
    let marks: Vec<Span<'static>> = bench.lanes.iter().map(|lane| mark(scene, bench, lane.shown())).collect();
    // Each has its number, and brackets or blanks in their place; a blank is before its mark.
    let fixed: usize = marks.iter().map(|mark| 4 + usize::from(mark.width() > 0) + mark.width()).sum();
    let names: Vec<String> = bench.lanes.iter().map(|lane| clean_line(&lane.spec.target).as_str().to_owned()).collect();
    let each = shares(&names.iter().map(|name| width(name)).collect::<Vec<_>>(), room.saturating_sub(fixed));
    let named = names.iter().zip(marks).zip(each).enumerate().map(|(at, ((name, mark), each))| {
        let here = at == bench.lane_at();
        let (role, (open, close)) = if here { (Role::Title, ("[", "]")) } else { (Role::Text, (" ", " ")) };
        let mut spans = vec![scene.span(open, Role::Focus)];
        spans.push(scene.span(format!("{} {}", at + 1, truncate(name, each)), role));
        if mark.width() > 0 {
            spans.push(Span::raw(" "));
            spans.push(mark);
        }
        spans.push(scene.span(close, Role::Focus));
        spans
    });
    named.collect()
}

/// Shares columns out: who needs less than an even share leaves the rest to the others.
fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut most = wanted.iter().copied().max().unwrap_or_default();
    while most > 1 && wanted.iter().map(|wide| (*wide).min(most)).sum::<usize>() > room {
        most -= 1;
    }
    wanted.iter().map(|wide| (*wide).min(most)).collect()
}

/// Draws the prompt as one document.
fn draw_prompt(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let layout = &bench.layout;
    if layout.prompt.is_empty() {
        return;
    }
    let hold = bench.hold(|focus| focus.pane() == Pane::Prompt);
    let mut title = Line::from(scene.span("Prompt ", Role::Title));
    title.spans.extend(prompt_name(scene, bench, Role::Title));
    let room = usize::from(layout.prompt.width).saturating_sub(title.width() + AROUND);
    title.spans.extend(version_label(scene, bench, room.saturating_sub(TOKENS)));
    title.spans.extend(other_tab(scene, "Input", layout.input));
    let room = usize::from(layout.prompt.width).saturating_sub(title.width() + AROUND);
    let facts = document::prompt_facts(scene, bench, room);
    pane(layout.prompt, hold, title, facts, scene.theme, buffer);
    document::prompt(scene, bench, buffer);
}

/// Columns that are left for the tokens of the prompt before its version is named in full.
const TOKENS: usize = 18;

/// Names the pane that is behind this one, where it is.
fn other_tab(scene: Scene<'_>, name: &str, area: Rect) -> Option<Span<'static>> {
    area.is_empty().then(|| scene.span(format!("  {name}"), Role::Quiet))
}

fn draw_input(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let layout = &bench.layout;
    if layout.input.is_empty() {
        return;
    }
    let hold = bench.hold(|focus| focus.pane() == Pane::Input);
    let inputs = &bench.inputs;
    let title = match (inputs.count(), inputs.name.as_str()) {
        (1, "") => "Input".to_owned(),
        (1, name) => format!("Input: {}", clean_line(name).as_str()),
        (count, "") => format!("Input {}/{count}", inputs.at() + 1),
        (count, name) => format!("Input {}/{count}: {}", inputs.at() + 1, clean_line(name).as_str()),
    };
    let missing = match bench.missing() {
        [] => Line::default(),
        [one] => Line::from(scene.foreign(&format!("{one} has no value"), Role::Wait)),
        more => Line::from(scene.span(format!("{} variables have no value", more.len()), Role::Wait)),
    };
    let mut title = Line::from(scene.span(title, Role::Title));
    if layout.prompt.is_empty() && !bench.zoom {
        title.spans.insert(0, scene.span("Prompt  ", Role::Quiet));
    }
    pane(layout.input, hold, title, missing, scene.theme, buffer);
    document::input(scene, bench, buffer);
}

/// Columns of a pane's frame and of the gaps round its two titles.
const AROUND: usize = 8;

/// Says which older version is on the bench, or which the prompt is edited from, as far as there is room.
fn version_label(scene: Scene<'_>, bench: &Workbench, room: usize) -> Option<Span<'static>> {
    let version = bench.version.as_ref()?;
    let place = version.place.as_ref().filter(|place| place.number < place.of)?;
    let from = if version.edited { "from " } else { "" };
    let brief = format!(" {from}{}/{}", place.number, place.of);
    let named = format!(" {from}version {}/{}", place.number, place.of);
    let full = format!("{named}, {}", ago(place.made, scene.now().time));
    let text = [full, named].into_iter().find(|text| width(text) <= room).unwrap_or(brief);
    Some(scene.span(text, Role::Origin))
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn a_short_name_leaves_its_room_to_the_long_ones() {
        assert_eq!(shares(&[3, 20, 20], 30), [3, 13, 13]);
        assert_eq!(shares(&[3, 5], 30), [3, 5]);
        assert_eq!(shares(&[30, 30], 1), [1, 1]);
    }
}
