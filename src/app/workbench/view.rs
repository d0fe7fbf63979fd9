//! The names of all lanes with their states in one line, for where not every lane is in sight.
//!
//! The prompt's pane with its messages, and the input's.

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
        workbench::{Focus, messages::Message, view::lane_status::mark},
    },
    model::{Format, Role as Said, VarValue, prompt::DEFAULT_TEMPERATURE},
    text::{clean_line, format::ago, truncate, width},
    widgets::{
        frame::{numbered, pane, rows},
        text_editor::{Long, TextEditor},
        theme::Role,
    },
};

/// Names every lane with the mark of its state in at most so many columns, the one that is meant in
/// brackets; long names are cut so that all have a place.
pub(crate) fn names(scene: Scene<'_>, room: usize) -> Vec<Span<'static>> {
    let bench = &scene.app.bench;
    let several = bench.lanes.len() > 1;
    let marks: Vec<Span<'static>> = bench.lanes.iter().map(|lane| mark(scene, lane.shown())).collect();
    // Where there are several each has brackets or blanks in their place; a blank is before its mark.
    let around = if several { 2 } else { 0 };
    let fixed: usize = marks.iter().map(|mark| around + usize::from(mark.width() > 0) + mark.width()).sum();
    let names: Vec<String> = bench.lanes.iter().map(|lane| clean_line(&lane.spec.target).as_str().to_owned()).collect();
    let each = shares(&names.iter().map(|name| width(name)).collect::<Vec<_>>(), room.saturating_sub(fixed));
    let mut spans = Vec::new();
    for (at, ((name, mark), each)) in names.iter().zip(marks).zip(each).enumerate() {
        let here = several && at == bench.lane_at();
        let (role, (open, close)) = match (several, here) {
            (_, true) => (Role::Title, ("[", "]")),
            (true, false) => (Role::Text, (" ", " ")),
            (false, false) => (Role::Text, ("", "")),
        };
        spans.push(scene.span(open, Role::Focus));
        spans.push(scene.span(truncate(name, each).into_owned(), role));
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
pub(crate) fn draw_prompt(scene: Scene<'_>, buffer: &mut Buffer) {
    let (bench, layout) = (&scene.app.bench, &scene.app.layout);
    if layout.prompt.is_empty() {
        return;
    }
    let hold = scene.hold(|focus| matches!(focus, Focus::Message(_)));
    let (mut title, asked) = (numbered(1, "Prompt", scene.theme), asked(scene));
    let room = usize::from(layout.prompt.width).saturating_sub(title.width() + asked.width() + AROUND);
    title.spans.extend(version_label(scene, room));
    pane(layout.prompt, hold, title, asked, scene.theme, buffer);
    for (at, (message, area)) in bench.messages.iter().zip(&layout.messages).enumerate() {
        label(scene, at, message, area.label, buffer);
        let empty = if message.role == Said::System { "No system message." } else { "Nothing is said here." };
        let own = Focus::Message(at);
        if bench.focus != own && area.text.height <= COLLAPSED && !message.field.is_empty() {
            head(scene, &message.field, area.text, buffer);
        } else {
            field(scene, &message.field, own, empty, area.text, buffer);
        }
        if message.muted {
            buffer.set_style(area.text, scene.theme.style(Role::Quiet).add_modifier(Modifier::CROSSED_OUT));
        }
    }
    variables(scene, layout.variables, buffer);
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
fn variables(scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let bench = &scene.app.bench;
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

/// Draws the input.
pub(crate) fn draw_input(scene: Scene<'_>, buffer: &mut Buffer) {
    let (bench, layout) = (&scene.app.bench, &scene.app.layout);
    if layout.input.is_empty() {
        return;
    }
    let hold = scene.hold(|focus| focus == Focus::Input);
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
    pane(layout.input, hold, numbered(2, &title, scene.theme), vars, scene.theme, buffer);
    field(scene, &bench.input, Focus::Input, "No input: the text the prompt is run on.", layout.input_text, buffer);
}

/// Columns of a pane's frame and of the gaps round its two titles.
const AROUND: usize = 8;

/// Says which older version is on the bench, or which the prompt is edited from, as far as there is room.
fn version_label(scene: Scene<'_>, room: usize) -> Option<Span<'static>> {
    let stand = scene.app.bench.stand.as_ref()?;
    let place = stand.place.as_ref().filter(|place| place.number < place.of)?;
    let from = if stand.edited { "from " } else { "" };
    let brief = format!(" {from}{}/{}", place.number, place.of);
    let named = format!(" {from}version {}/{}", place.number, place.of);
    let full = format!("{named}, {}", ago(place.made, scene.now().time));
    let text = [full, named].into_iter().find(|text| width(text) <= room).unwrap_or(brief);
    Some(scene.span(text, Role::Origin))
}

/// Says what is asked for besides the texts: temperature and form.
fn asked(scene: Scene<'_>) -> Line<'static> {
    let bench = &scene.app.bench;
    let form = match bench.format() {
        Format::Text => "text",
        Format::Auto | Format::Json => "json",
        Format::Schema => "schema",
    };
    let temperature = bench.params.temperature.unwrap_or(DEFAULT_TEMPERATURE);
    Line::from(scene.span(format!("t {temperature} {form}"), Role::Quiet))
}

/// Says whose a message is, that it is muted, and what is wrong with it.
fn label(scene: Scene<'_>, at: usize, message: &Message, area: Rect, buffer: &mut Buffer) {
    let bench = &scene.app.bench;
    let name = message.role.name();
    let mut line = Line::from(if bench.focus == Focus::Message(at) {
        vec![scene.span("▸ ", Role::Focus), scene.span(name, Role::Title)]
    } else {
        vec![Span::raw("  "), scene.span(name, Role::Quiet)]
    });
    if message.muted {
        line.push_span(scene.span("  muted", Role::Wait));
    }
    if let Some((_, mistake)) = bench.mistakes().iter().find(|(place, _)| *place == at) {
        line.push_span(scene.span("  ✗ ", Role::Fail));
        line.push_span(scene.foreign(&mistake.to_string(), Role::Fail));
    } else if let Some(note) = bench.notes().find(|note| note.message == at) {
        line.push_span(scene.foreign(&format!("  {note}"), Role::Wait));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}

fn field(scene: Scene<'_>, field: &TextEditor, of: Focus, empty: &str, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let bench = &scene.app.bench;
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
