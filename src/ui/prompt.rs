//! The prompt's pane with its two texts, and the input's.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};

use super::{
    part::{
        pane::{numbered, pane},
        rows::rows,
    },
    scene::Scene,
    theme::Role,
};
use crate::{
    app::{
        action::Action,
        field::{Field, Long},
        versions::ago,
        workbench::Focus,
    },
    model::{Format, prompt::DEFAULT_TEMPERATURE},
    text::clean_line,
};

/// Draws the prompt: the system message over the user template.
pub(super) fn draw_prompt(scene: Scene<'_>, buffer: &mut Buffer) {
    let (bench, layout) = (&scene.app.bench, &scene.app.layout);
    if layout.prompt.is_empty() {
        return;
    }
    let hold = scene.hold(|focus| matches!(focus, Focus::System | Focus::User));
    let mut title = numbered(1, "Prompt", scene.theme);
    title.spans.extend(stand(scene));
    pane(layout.prompt, hold, title, asked(scene), scene.theme, buffer);
    label(scene, "system", &[], Focus::System, layout.system_label, buffer);
    field(scene, &bench.system, Focus::System, "No system message.", layout.system, buffer);
    label(scene, "user", bench.missing(), Focus::User, layout.user_label, buffer);
    field(scene, &bench.user, Focus::User, "No user message.", layout.user, buffer);
}

/// Draws the input.
pub(super) fn draw_input(scene: Scene<'_>, buffer: &mut Buffer) {
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
    pane(layout.input, hold, numbered(2, "Input", scene.theme), vars, scene.theme, buffer);
    field(scene, &bench.input, Focus::Input, "No input: the text the prompt is run on.", layout.input_text, buffer);
}

/// Says which older version is on the bench, or which the prompt is edited from.
fn stand(scene: Scene<'_>) -> Option<Span<'static>> {
    let stand = scene.app.bench.stand.as_ref()?;
    let place = stand.place.as_ref().filter(|place| place.number < place.of)?;
    let from = if stand.edited { "from " } else { "" };
    let text = format!(" {from}{}/{}, {}", place.number, place.of, ago(place.made, scene.now().time));
    Some(scene.span(text, Role::Origin))
}

/// Says what is asked for besides the texts: temperature and form.
fn asked(scene: Scene<'_>) -> Line<'static> {
    let bench = &scene.app.bench;
    let form = match bench.response.format {
        Format::Text => "text",
        Format::Json => "json",
        Format::Schema => "schema",
    };
    let temperature = bench.params.temperature.unwrap_or(DEFAULT_TEMPERATURE);
    Line::from(scene.span(format!("t {temperature} {form}"), Role::Quiet))
}

fn label(scene: Scene<'_>, name: &str, missing: &[String], of: Focus, area: Rect, buffer: &mut Buffer) {
    let bench = &scene.app.bench;
    let mut line = Line::from(if bench.focus == of {
        vec![scene.span("▸ ", Role::Focus), scene.span(name, Role::Title)]
    } else {
        vec![Span::raw("  "), scene.span(name, Role::Quiet)]
    });
    if let Some((_, mistake)) = bench.mistakes().iter().find(|(focus, _)| *focus == of) {
        line.push_span(scene.span(format!("  {}", clean_line(&mistake.to_string()).as_str()), Role::Fail));
    } else if let Some(first) = missing.first() {
        let others = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
        let name = clean_line(first);
        line.push_span(scene.span(format!("  {{{{ {} }}}} has no value{others} ", name.as_str()), Role::Wait));
        line.spans.extend(scene.hint(Action::Variables, "sets it"));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}

fn field(scene: Scene<'_>, field: &Field, of: Focus, empty: &str, area: Rect, buffer: &mut Buffer) {
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
            line.spans.extend(scene.hint(Action::Edit, "types"));
        }
        buffer.set_line(area.x, area.y, &line, area.width);
        return;
    }
    field.area().render(area, buffer);
}

/// Shows a text that is too long to be typed in, and how it is edited.
fn too_long(scene: Scene<'_>, long: &Long, area: Rect, buffer: &mut Buffer) {
    rows(&long.view, scene.theme.style(Role::Text), area, scene.theme, buffer);
    let mut foot = Line::from(scene.span(" too long to type in here; ", Role::Wait));
    foot.spans.extend(scene.hint(Action::Editor, "opens it in your editor "));
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    buffer.set_style(last, Style::reset());
    buffer.set_stringn(last.x, last.y, " ".repeat(usize::from(last.width)), usize::from(last.width), Style::new());
    buffer.set_line(last.x, last.y, &foot, last.width);
}
