//! How the tools are drawn: the list with what is said of the chosen one, its form, and the schema of its arguments.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::OverlayAction,
        context::Scene,
        overlays::tools::{ToolsEditor, ToolsMode, ToolsRow},
    },
    eval::schema_text,
    model::{
        Tool, ToolChoice, ToolSet,
        tool::{DEFAULT_MAX_ROUNDS, ToolSource},
    },
    text::wrapped_lines,
    widgets::{
        form,
        frame::truncated,
        pick_list::list,
        table::{fitted, left},
        theme::Role,
    },
};

/// Columns of the name of a tool, at most.
const NAME: usize = 24;

/// Columns of the source of its results.
const SOURCE: usize = 10;

/// Rows below the list for what is said of the chosen tool.
pub(super) const BELOW: u16 = 7;

/// Returns where the schema of the arguments is typed: above the line of words that can stand at the cursor.
pub(super) fn text_area(body: Rect) -> Rect {
    Rect { height: body.height.saturating_sub(1), ..body }
}

pub(super) fn heading(editor: &ToolsEditor, scene: Scene<'_>) -> Line<'static> {
    let mut line = Line::from(scene.span("Tools", Role::Title));
    if let Some(name) = &editor.prompt_name {
        line.push_span(scene.foreign(&format!(" of {name}"), Role::Title));
    }
    match &editor.mode {
        ToolsMode::List => {}
        ToolsMode::Editing(form) if form.place.is_none() => line.push_span(scene.span(": a new one", Role::Text)),
        ToolsMode::Editing(form) => {
            line.push_span(scene.foreign(&format!(": {}", form.form.value("name")), Role::Text));
        }
        ToolsMode::Describing(form) => {
            line.push_span(scene.foreign(&format!(": description of {}", form.form.value("name")), Role::Text));
        }
        ToolsMode::Typing(form) => {
            line.push_span(scene.foreign(&format!(": arguments of {}", form.form.value("name")), Role::Text));
        }
        ToolsMode::Using(_) => line.push_span(scene.span(": how they are used", Role::Text)),
    }
    line
}

pub(super) fn draw(editor: &ToolsEditor, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    match &editor.mode {
        ToolsMode::List => draw_list(editor, scene, body, buffer),
        ToolsMode::Editing(tool) => form::draw(&tool.form, scene.theme, body, scene.caret, buffer),
        ToolsMode::Using(fields) => form::draw(fields, scene.theme, body, scene.caret, buffer),
        ToolsMode::Describing(tool) => tool.description.draw(scene, body, buffer),
        ToolsMode::Typing(tool) => {
            let area = text_area(body);
            tool.parameters.draw(scene, None, area, buffer);
            let below = Rect { y: area.bottom(), height: 1, ..body }.intersection(body);
            let offered = truncated(tool.parameters.offered(scene), usize::from(below.width));
            buffer.set_line(below.x, below.y, &offered, below.width);
        }
    }
}

/// Names the source of a tool's results.
pub(crate) fn source(tool: &Tool) -> &'static str {
    match tool.source() {
        Some(ToolSource::Text(_)) => "text",
        Some(ToolSource::Column(_)) => "column",
        Some(ToolSource::Command(_)) => "command",
        Some(ToolSource::Mcp(_)) => "mcp",
        Some(ToolSource::Person) => "ask",
        None => "none",
    }
}

/// Says in a line how tools are used.
fn used(set: &ToolSet) -> String {
    let choice = set.choice.as_ref().map_or("auto", ToolChoice::word);
    let parallel = match set.parallel {
        None => "several at once as the vendor has it",
        Some(true) => "several at once",
        Some(false) => "one at a time",
    };
    format!("{choice} · {parallel} · {} rounds at most", set.max_rounds.unwrap_or(DEFAULT_MAX_ROUNDS))
}

fn draw_list(editor: &ToolsEditor, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    let columns =
        |name: &str, source: &str, about: &str| format!("{}{}{about}", left(name, NAME), left(source, SOURCE));
    let head = Line::from(scene.span(format!("    {}", columns("tool", "result", "description")), Role::Quiet));
    buffer.set_line(body.x, body.y, &truncated(head, usize::from(body.width)), body.width);
    let height = body.height.saturating_sub(1 + BELOW).min(u16::try_from(editor.list.len()).unwrap_or(u16::MAX));
    let rows = Rect { y: body.y.saturating_add(1), height, ..body }.intersection(body);
    list(&editor.list, rows, scene.theme, buffer, |item, room| {
        let wrong = |at: usize| editor.mistakes.get(at).is_some_and(Option::is_some);
        let (mark, text) = match item.value {
            ToolsRow::Tool(at) => {
                let Some(tool) = editor.set.tools.get(at) else { return Line::default() };
                let about = tool.description.lines().next().unwrap_or_default();
                let name = fitted(&tool.name, NAME - 1);
                (wrong(at), columns(&name, source(tool), about))
            }
            ToolsRow::Use => (wrong(editor.set.tools.len()), columns("how they are used", "", &used(&editor.set))),
        };
        let role = if item.value == ToolsRow::Use { Role::Quiet } else { Role::Text };
        let mark = if mark { scene.span("✗ ", Role::Fail) } else { scene.span("  ", Role::Text) };
        Line::from(vec![mark, scene.foreign(&fitted(&text, room.saturating_sub(2)), role)])
    });
    let below = Rect { y: rows.bottom().saturating_add(1), ..body };
    let below = Rect { height: body.bottom().saturating_sub(below.y), ..below }.intersection(body);
    let mut lines = detail_lines(editor, scene, below.width);
    lines.truncate(usize::from(below.height));
    for (line, place) in lines.into_iter().zip(below.rows()) {
        buffer.set_line(place.x, place.y, &truncated(line, usize::from(place.width)), place.width);
    }
}

/// Says more of the chosen line: what is wrong with it, its description, its arguments, where its results come from.
fn detail_lines(editor: &ToolsEditor, scene: Scene<'_>, width: u16) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if editor.set.tools.is_empty() {
        let key = scene.key_where(OverlayAction::AddCheck, false);
        lines.push(Line::from(scene.span(format!("No tools. {key} adds one"), Role::Quiet)));
        return lines;
    }
    let at = editor.list.at();
    if let Some(Some(mistake)) = editor.mistakes.get(at) {
        lines.push(Line::from(scene.foreign(&format!("✗ {mistake}"), Role::Fail)));
    }
    let Some(tool) = editor.set.tools.get(at) else { return lines };
    for line in wrapped_lines(&tool.description.replace('\n', " "), width).into_iter().take(2) {
        lines.push(Line::from(scene.foreign(&line, Role::Text)));
    }
    let labelled = |name: &str, text: &str| {
        Line::from(vec![scene.span(left(name, 12), Role::Quiet), scene.foreign(text, Role::Text)])
    };
    let fields = tool.parameters.as_ref().map(schema_text::fields).unwrap_or_default();
    let names = fields.iter().map(|field| {
        let optional = if field.required { "" } else { "?" };
        format!("{}{optional}: {}", field.name, field.kind)
    });
    let names: Vec<String> = names.collect();
    let arguments = if names.is_empty() { "any".to_owned() } else { names.join(", ") };
    lines.push(labelled("arguments", &arguments));
    let result = match tool.source() {
        Some(ToolSource::Text(text)) => format!("the text {}", text.lines().next().unwrap_or_default()),
        Some(ToolSource::Column(name)) => format!("the variable {name} of the input"),
        Some(ToolSource::Command(argv)) => format!("of the program {}", argv.join(" ")),
        Some(ToolSource::Mcp(argv)) => format!("of the MCP server {}", argv.join(" ")),
        Some(ToolSource::Person) => "what a person types".to_owned(),
        None => "none: the calls are the answer".to_owned(),
    };
    lines.push(labelled("result", &result));
    if let Some(mark) = tool.cache {
        lines.push(labelled("cache", &format!("the tools up to this one, for {}", mark.name())));
    }
    if tool.strict {
        lines.push(labelled("strict", "the vendor holds the model to the schema, where it can"));
    }
    lines
}
