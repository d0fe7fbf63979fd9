//! How the bench is drawn: its panes, and what title and status line say of it.

pub(crate) mod lane;
pub(crate) mod lane_status;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::Widget,
};

use crate::{
    app::{
        action::BenchAction,
        context::Scene,
        workbench::{
            Focus, Workbench,
            lane::{Lane, RunPhase},
            messages::Message,
            metrics,
            view::lane_status::mark,
        },
    },
    model::{Format, Role as Said, VarValue, prompt::DEFAULT_TEMPERATURE},
    text::{clean_line, format::ago, truncate, width},
    widgets::{
        frame::{FlowItem, pane, rows},
        text_editor::{Long, TextEditor},
        theme::Role,
    },
};

/// Draws all panes.
pub(crate) fn draw(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    strip(scene, bench, buffer);
    banner(scene, bench, buffer);
    draw_prompt(scene, bench, buffer);
    draw_input(scene, bench, buffer);
    for (at, (lane, area)) in bench.lanes.iter().zip(&bench.layout.lanes).enumerate() {
        lane::draw(scene, bench, at, lane, area, buffer);
    }
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

/// Draws the bar that names the lanes while not all of them are in sight.
fn strip(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let area = bench.layout.strip;
    if !area.is_empty() {
        let names = Line::from(names(scene, bench, usize::from(area.width)));
        buffer.set_line(area.x, area.y, &names, area.width);
    }
}

/// Draws which real providers were found.
fn banner(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let area = bench.layout.banner;
    if let Some(text) = &bench.banner {
        let line = Line::from(vec![scene.span(" ✓ ", Role::Pass), scene.span(text.as_str(), Role::Text)]);
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

/// Names every lane with its number and the mark of its state in at most so many columns, the one that is meant in
/// brackets; long names are cut so that all have a place.
pub(crate) fn names(scene: Scene<'_>, bench: &Workbench, room: usize) -> Vec<Span<'static>> {
    let marks: Vec<Span<'static>> = bench.lanes.iter().map(|lane| mark(scene, bench, lane.shown())).collect();
    // Each has its number, and brackets or blanks in their place; a blank is before its mark.
    let fixed: usize = marks.iter().map(|mark| 4 + usize::from(mark.width() > 0) + mark.width()).sum();
    let names: Vec<String> = bench.lanes.iter().map(|lane| clean_line(&lane.spec.target).as_str().to_owned()).collect();
    let each = shares(&names.iter().map(|name| width(name)).collect::<Vec<_>>(), room.saturating_sub(fixed));
    let mut spans = Vec::new();
    for (at, ((name, mark), each)) in names.iter().zip(marks).zip(each).enumerate() {
        let here = at == bench.lane_at();
        let (role, (open, close)) = if here { (Role::Title, ("[", "]")) } else { (Role::Text, (" ", " ")) };
        spans.push(scene.span(open, Role::Focus));
        spans.push(scene.span(format!("{} {}", at + 1, truncate(name, each)), role));
        if mark.width() > 0 {
            spans.push(Span::raw(" "));
            spans.push(mark);
        }
        spans.push(scene.span(close, Role::Focus));
    }
    spans
}

/// Shares columns out: who needs less than an even share leaves the rest to the others.
fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut most = wanted.iter().copied().max().unwrap_or_default();
    while most > 1 && wanted.iter().map(|wide| (*wide).min(most)).sum::<usize>() > room {
        most -= 1;
    }
    wanted.iter().map(|wide| (*wide).min(most)).collect()
}

/// Draws the prompt: its messages one below the other, and its variables.
fn draw_prompt(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let layout = &bench.layout;
    if layout.prompt.is_empty() {
        return;
    }
    let hold = bench.hold(|focus| matches!(focus, Focus::Message(_)));
    let asked = asked(scene, bench);
    let mut title = Line::from(scene.span("Prompt ", Role::Title));
    title.spans.extend(prompt_name(scene, bench, Role::Title));
    let room = usize::from(layout.prompt.width).saturating_sub(title.width() + asked.width() + AROUND);
    title.spans.extend(version_label(scene, bench, room));
    title.spans.extend(other_tab(scene, "Input", layout.input));
    pane(layout.prompt, hold, title, asked, scene.theme, buffer);
    for (at, (message, area)) in bench.messages.iter().zip(&layout.messages).enumerate() {
        label(scene, bench, at, message, area.label, buffer);
        let empty = if message.role == Said::System { "No system message." } else { "Nothing is said here." };
        let own = Focus::Message(at);
        if bench.focus != own && area.text.height <= COLLAPSED && !message.field.is_empty() {
            head(scene, &message.field, area.text, buffer);
        } else {
            field(scene, bench, (&message.field, own), empty, area.text, buffer);
        }
        if message.muted {
            buffer.set_style(area.text, scene.theme.style(Role::Quiet).add_modifier(Modifier::CROSSED_OUT));
        }
    }
    variables(scene, bench, layout.variables, buffer);
}

/// Names the pane that is behind this one, where it is.
fn other_tab(scene: Scene<'_>, name: &str, area: Rect) -> Option<Span<'static>> {
    area.is_empty().then(|| scene.span(format!("  {name}"), Role::Quiet))
}

/// Texts with so few rows and without the focus are shown from their start.
const COLLAPSED: u16 = 2;

/// Draws the first lines of a text, the last with a mark if there are more.
fn head(scene: Scene<'_>, field: &TextEditor, area: Rect, buffer: &mut Buffer) {
    let lines = field.area().lines();
    for (row, line) in area.rows().zip(lines.iter().filter(|line| !line.trim().is_empty())) {
        let seen: String = line.chars().take(usize::from(area.width) * 2).collect();
        let text = truncate(clean_line(&seen).as_str(), usize::from(area.width)).into_owned();
        buffer.set_line(row.x, row.y, &Line::from(scene.span(text, Role::Text)), row.width);
    }
}

/// Draws the prompt's variables: those without a value first, the others with what they stand for.
fn variables(scene: Scene<'_>, bench: &Workbench, area: Rect, buffer: &mut Buffer) {
    let missing = bench.missing();
    let mut line = Line::default();
    for name in missing {
        let name = clean_line(name);
        line.push_span(scene.span(format!(" {} has no value ", name.as_str()), Role::Wait));
    }
    if !missing.is_empty() {
        line.push_span(Span::raw(" "));
        line.spans.extend(scene.hint(BenchAction::Variables, "sets it  "));
    }
    for name in bench.variables().filter(|name| !missing.iter().any(|other| other == name)) {
        let value = bench.vars.get(name).map_or("", VarValue::as_str);
        let seen: String = value.chars().take(VALUE).collect();
        let more = if value.chars().nth(VALUE).is_some() { "…" } else { "" };
        line.push_span(scene.foreign(name, Role::Quiet));
        line.push_span(scene.foreign(&format!("={seen}{more}  "), Role::Text));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Characters of a variable's value that are shown.
const VALUE: usize = 16;

fn draw_input(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let layout = &bench.layout;
    if layout.input.is_empty() {
        return;
    }
    let hold = bench.hold(|focus| focus == Focus::Input);
    let vars = match bench.vars.len() {
        0 => Line::default(),
        1 => Line::from(scene.span("1 variable", Role::Quiet)),
        more => Line::from(scene.span(format!("{more} variables"), Role::Quiet)),
    };
    let inputs = &bench.inputs;
    let title = match (inputs.count(), inputs.name.as_str()) {
        (1, "") => "Input".to_owned(),
        (1, name) => format!("Input: {}", clean_line(name).as_str()),
        (count, "") => format!("Input {}/{count}", inputs.at() + 1),
        (count, name) => format!("Input {}/{count}: {}", inputs.at() + 1, clean_line(name).as_str()),
    };
    let mut title = Line::from(scene.span(title, Role::Title));
    if layout.prompt.is_empty() && !bench.zoom {
        title.spans.insert(0, scene.span("Prompt  ", Role::Quiet));
    }
    pane(layout.input, hold, title, vars, scene.theme, buffer);
    let empty = "No input: the text the prompt is run on.";
    field(scene, bench, (&bench.input, Focus::Input), empty, layout.input_text, buffer);
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

/// Says what is asked for besides the texts: temperature and form.
fn asked(scene: Scene<'_>, bench: &Workbench) -> Line<'static> {
    let form = match bench.format() {
        Format::Text => "text",
        Format::Auto | Format::Json => "json",
        Format::Schema => "schema",
    };
    let temperature = bench.params.temperature.unwrap_or(DEFAULT_TEMPERATURE);
    Line::from(scene.span(format!("t {temperature} {form}"), Role::Quiet))
}

/// Says whose a message is, that it is muted, and what is wrong with it.
fn label(scene: Scene<'_>, bench: &Workbench, at: usize, message: &Message, area: Rect, buffer: &mut Buffer) {
    let name = message.role.name();
    let mut line = Line::from(if bench.focus == Focus::Message(at) {
        vec![scene.span("▸ ", Role::Focus), scene.span(name, Role::Title)]
    } else {
        vec![Span::raw("  "), scene.span(name, Role::Quiet)]
    });
    if message.muted {
        line.push_span(scene.span("  muted", Role::Wait));
    }
    if let Some((_, error)) = bench.template_errors().iter().find(|(place, _)| *place == at) {
        line.push_span(scene.span("  ✗ ", Role::Fail));
        line.push_span(scene.foreign(&error.to_string(), Role::Fail));
    } else if let Some(note) = bench.notes().find(|note| note.message == at) {
        line.push_span(scene.foreign(&format!("  {note}"), Role::Wait));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Draws the text of a pane or of a message, or what stands in place of an empty one.
fn field(
    scene: Scene<'_>,
    bench: &Workbench,
    (field, of): (&TextEditor, Focus),
    empty: &str,
    area: Rect,
    buffer: &mut Buffer,
) {
    if area.is_empty() {
        return;
    }
    if let Some(long) = field.long() {
        too_long(scene, long, area, buffer);
        return;
    }
    if field.is_empty() && !(bench.typing && bench.focus == of) {
        let mut line = Line::from(scene.span(empty, Role::Quiet));
        if bench.focus == of {
            line.push_span(Span::raw("  "));
            line.spans.extend(scene.hint(BenchAction::Edit, "types"));
        }
        buffer.set_line(area.x, area.y, &line, area.width);
        return;
    }
    field.area().render(area, buffer);
    if bench.typing && bench.focus == of {
        caret(scene, field, area, buffer);
    }
}

/// Notes where the caret is, and draws its row anew where the text area has cut a cluster in two to mark it.
fn caret(scene: Scene<'_>, field: &TextEditor, area: Rect, buffer: &mut Buffer) {
    let (row, column, text) = field.caret();
    let place = Position::new(area.x.saturating_add(column), area.y.saturating_add(row));
    if !area.contains(place) {
        return;
    }
    scene.caret.set(Some(place));
    if !text.is_ascii() && !text.contains('\t') {
        let blank = " ".repeat(usize::from(area.width));
        buffer.set_stringn(area.x, place.y, blank, usize::from(area.width), Style::reset());
        buffer.set_stringn(area.x, place.y, &text, usize::from(area.width), Style::new());
        buffer.set_style(Rect { x: place.x, y: place.y, width: 1, height: 1 }, Modifier::REVERSED);
    }
}

/// Shows a text that is too long to be typed in, and how it is edited.
fn too_long(scene: Scene<'_>, long: &Long, area: Rect, buffer: &mut Buffer) {
    rows(&long.view, scene.theme.style(Role::Text), area, scene.theme, buffer);
    let mut foot = Line::from(scene.span(" too long to type in here; ", Role::Wait));
    foot.spans.extend(scene.hint(BenchAction::Editor, "opens it in your editor "));
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    buffer.set_style(last, Style::reset());
    buffer.set_stringn(last.x, last.y, " ".repeat(usize::from(last.width)), usize::from(last.width), Style::new());
    buffer.set_line(last.x, last.y, &foot, last.width);
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
