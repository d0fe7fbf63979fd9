//! How the prompt and the input are drawn: documents with headings, line numbers, and what is known of each text.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{BenchAction, Pane},
        context::Scene,
        intent::PartPlace,
        workbench::{
            Focus, Workbench,
            document::{Section, gutter},
        },
    },
    model::{
        Check, Format, Role as Said, ToolChoice, attachment::PartFacts, prompt::DEFAULT_TEMPERATURE,
        usage::estimate_tokens_of,
    },
    present::attachments::part_words,
    template,
    text::{clean_line, format::thousands, truncate, width},
    widgets::{
        document::{DocumentRow, caret, columns_of, draw_text},
        frame::truncated,
        text_editor::{
            TextEditor,
            search::find_in,
            wrap::{TextRow, line_range},
        },
        theme::Role,
    },
};

/// Characters before and behind a row that are looked at for what is marked in it.
const AROUND: usize = 300;

/// Columns of the names of sections.
const NAME: usize = 12;

/// Draws the rows in sight of the prompt.
pub(super) fn prompt(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let area = bench.layout.prompt_text;
    let left = gutter(area.width, bench.most_lines());
    for (row, place) in bench.prompt_view.rows().iter().zip(area.rows()) {
        let Some(focus) = bench.focus_of(Pane::Prompt, row.block) else { continue };
        let inside = Rect { x: place.x + left.min(place.width), width: place.width.saturating_sub(left), ..place };
        match focus {
            Focus::Heading(at) => heading(scene, bench, at, place, buffer),
            Focus::Section(section) => section_line(scene, bench, section, place, buffer),
            Focus::Message(at) => {
                let Some(message) = bench.messages.get(at) else { continue };
                let empty = match message.role {
                    Said::System => "No system message.",
                    Said::Assistant if !message.beside.tool_calls.is_empty() => "No text: it calls tools.",
                    Said::User | Said::Assistant => "Empty: type the message.",
                    Said::Tool => "Empty: type the result.",
                };
                text_row(scene, bench, (&message.field, focus), row, (place, inside), empty, buffer);
                if message.muted {
                    buffer.set_style(inside, scene.theme.style(Role::Quiet).add_modifier(Modifier::CROSSED_OUT));
                }
            }
            Focus::Input | Focus::Variable(_) | Focus::Lane(_) | Focus::Metrics => {}
        }
    }
    more(scene, bench.prompt_view.has_more_above(), bench.prompt_view.has_more_below(), area, buffer);
}

/// Draws the rows in sight of the input: its variables, and below them its text.
pub(super) fn input(scene: Scene<'_>, bench: &Workbench, buffer: &mut Buffer) {
    let area = bench.layout.input_text;
    let left = gutter(area.width, bench.input.lines());
    for (row, place) in bench.input_view.rows().iter().zip(area.rows()) {
        let Some(focus) = bench.focus_of(Pane::Input, row.block) else {
            let area = Rect { x: place.x + 2.min(place.width), width: place.width.saturating_sub(3), ..place };
            let line = Line::from(chips(scene, bench, PartPlace::Input));
            buffer.set_line(area.x, area.y, &truncated(line, usize::from(area.width)), area.width);
            continue;
        };
        match focus {
            Focus::Variable(at) => variable(scene, bench, at, row, place, buffer),
            Focus::Input => {
                let inside =
                    Rect { x: place.x + left.min(place.width), width: place.width.saturating_sub(left), ..place };
                let empty = "No input: the text the prompt is run on.";
                text_row(scene, bench, (&bench.input, focus), row, (place, inside), empty, buffer);
            }
            Focus::Message(_) | Focus::Heading(_) | Focus::Section(_) | Focus::Lane(_) | Focus::Metrics => {}
        }
    }
    more(scene, bench.input_view.has_more_above(), bench.input_view.has_more_below(), area, buffer);
}

/// Marks at the right edge that there is more than is in sight.
fn more(scene: Scene<'_>, above: bool, below: bool, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    for (is_more, mark, y) in [(above, "▲", area.y), (below, "▼", area.bottom() - 1)] {
        if is_more {
            buffer.set_line(area.right() - 1, y, &Line::from(scene.span(mark, Role::Quiet)), 1);
        }
    }
}

/// Draws the bar of the line that the keys act on.
fn bar(scene: Scene<'_>, here: bool, place: Rect, buffer: &mut Buffer) {
    if here {
        buffer.set_line(place.x, place.y, &Line::from(scene.span("▌", Role::Focus)), 1);
    }
}

/// Draws a row of a text, with the number of its line before the first row of it.
fn text_row(
    scene: Scene<'_>,
    bench: &Workbench,
    (editor, own): (&TextEditor, Focus),
    row: &DocumentRow,
    (place, inside): (Rect, Rect),
    empty: &str,
    buffer: &mut Buffer,
) {
    let Some(text) = &row.text else {
        return;
    };
    let here = bench.focus == own;
    bar(scene, here && text.line == editor.line(), place, buffer);
    let room = usize::from(inside.x - place.x);
    if room > 2 && text.is_first {
        let number = format!("{:>wide$}", text.line + 1, wide = room - 3);
        buffer.set_line(place.x + 1, place.y, &Line::from(scene.span(number, Role::Quiet)), inside.x - place.x - 1);
    }
    if editor.is_empty() && !(bench.typing && here) {
        let mut line = Line::from(scene.span(empty, Role::Quiet));
        if here {
            line.push_span(Span::raw("  "));
            line.spans.extend(scene.hint(BenchAction::Edit, "type"));
        }
        buffer.set_line(inside.x, inside.y, &line, inside.width);
        return;
    }
    draw_text(editor, text, scene.theme.style(Role::Text), inside, buffer);
    marked(scene, bench, (editor, own), text, inside, buffer);
    if here
        && bench.typing
        && let Some(at) = caret(editor, text, inside)
    {
        scene.caret.set(Some(at));
        buffer.set_style(Rect { x: at.x, y: at.y, width: 1, height: 1 }, scene.theme.style(Role::Cursor));
    }
}

/// Marks what of a row is a variable without a value, and what was found.
fn marked(
    scene: Scene<'_>,
    bench: &Workbench,
    (editor, own): (&TextEditor, Focus),
    row: &TextRow,
    area: Rect,
    buffer: &mut Buffer,
) {
    let line = line_range(editor.rope(), row.line);
    let around = row.start.saturating_sub(AROUND).max(line.start)..(row.end + AROUND).min(line.end);
    let mut style = |part: &Range<usize>, style| {
        if let Some(columns) = columns_of(editor, row, part) {
            let x = area.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
            let wide = u16::try_from(columns.len()).unwrap_or(u16::MAX);
            buffer.set_style(Rect { x, width: wide, ..area }.intersection(area), style);
        }
    };
    if matches!(own, Focus::Message(_)) && !bench.missing().is_empty() {
        let text = editor.rope().slice(around.clone()).to_string();
        for part in unknown(&text, bench.missing()) {
            let part = around.start + part.start..around.start + part.end;
            style(&part, scene.theme.style(Role::Wait).add_modifier(Modifier::UNDERLINED));
        }
    }
    if let Some(find) = &bench.find {
        for part in find_in(editor.rope(), around, &find.text) {
            let here = find.is_at(own, &part);
            style(&part, scene.theme.style(if here { Role::FoundHere } else { Role::Found }));
        }
    }
}

/// Lists the expressions of a text that name a variable without a value, in characters.
fn unknown(text: &str, missing: &[String]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut from, mut chars) = (0, 0);
    while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")).map(|at| from + at) {
        let close = text.get(open..).and_then(|rest| rest.find("}}")).map(|at| open + at + 2);
        let Some(close) = close else { break };
        chars += text.get(from..open).map_or(0, |part| part.chars().count());
        let expression = text.get(open..close).unwrap_or_default();
        let long = expression.chars().count();
        if template::asks(expression).names.iter().any(|name| missing.contains(name)) {
            found.push(chars..chars + long);
        }
        chars += long;
        from = close;
    }
    found
}

/// Draws a dotted rule with words at its left and its right end.
fn rule(scene: Scene<'_>, left: Vec<Span<'static>>, right: Vec<Span<'static>>, area: Rect, buffer: &mut Buffer) {
    let (left, right) = (Line::from(left), Line::from(right));
    let room = usize::from(area.width);
    let left = truncated(left, room);
    let right = if left.width() + right.width() + 2 <= room { right } else { Line::default() };
    let dots = room.saturating_sub(left.width() + right.width() + 2);
    let mut line = left;
    line.push_span(scene.span(format!(" {}{}", "┄".repeat(dots), if dots > 0 { " " } else { "" }), Role::Frame));
    line.spans.extend(right.spans);
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Names what goes with a message or with the input, each with what is known of it.
fn chips(scene: Scene<'_>, bench: &Workbench, of: PartPlace) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for (at, part) in bench.parts_of(of).iter().enumerate() {
        let facts = bench.facts_of(of, at);
        let role = match facts {
            PartFacts::Refused(_) => Role::Fail,
            PartFacts::Known(_) | PartFacts::Unknown => Role::Quiet,
        };
        let gap = if at > 0 { "  " } else { "" };
        spans.push(scene.foreign(&format!("{gap}{}", part_words(part, facts, scene.theme.has_unicode())), role));
    }
    spans
}

/// Draws the heading of a message: whose it is, what becomes of it, what is wrong with it, its tokens.
fn heading(scene: Scene<'_>, bench: &Workbench, at: usize, place: Rect, buffer: &mut Buffer) {
    let Some(message) = bench.messages.get(at) else {
        return;
    };
    let here = bench.focus == Focus::Heading(at);
    bar(scene, here, place, buffer);
    let role = if here || bench.focus == Focus::Message(at) { Role::Title } else { Role::Key };
    let mut words = vec![scene.span(message.role.name(), role)];
    if let Some(word) = bench.messages.answered(at) {
        words.push(scene.span(format!("  {word}"), Role::Quiet));
    }
    if message.muted {
        words.push(scene.span("  muted (not sent)", Role::Wait));
    }
    if let Some(lifetime) = message.beside.cache {
        words.push(scene.span(format!("  cached {}", lifetime.name()), Role::Quiet));
    }
    if !message.beside.parts.is_empty() {
        words.push(Span::raw("  "));
        words.extend(chips(scene, bench, PartPlace::Message(at)));
    }
    if let Some((_, error)) = bench.template_errors().iter().find(|(place, _)| *place == at) {
        words.push(scene.span("  ✗ ", Role::Fail));
        words.push(scene.foreign(&error.to_string(), Role::Fail));
    } else if let Some(note) = bench.notes().find(|note| note.message == at) {
        words.push(scene.foreign(&format!("  {note}"), Role::Wait));
    }
    let chars = message.field.rope().len_chars() + message.beside.call_chars();
    let tokens = estimate_tokens_of(chars as u64);
    let right = vec![scene.span(format!("≈{} tok", thousands(tokens)), Role::Quiet)];
    let area = Rect { x: place.x + 2.min(place.width), width: place.width.saturating_sub(3), ..place };
    rule(scene, words, right, area, buffer);
}

/// Draws the line of a section, which leads to its editor.
fn section_line(scene: Scene<'_>, bench: &Workbench, section: Section, place: Rect, buffer: &mut Buffer) {
    let here = bench.focus == Focus::Section(section);
    bar(scene, here, place, buffer);
    let name = format!("▸ {:<NAME$}", section.name());
    let mut line = Line::from(scene.span(name, if here { Role::Title } else { Role::Key }));
    let (says, role) = section_words(bench, section);
    line.push_span(scene.foreign(&says, role));
    let area = Rect { x: place.x + 1.min(place.width), width: place.width.saturating_sub(2), ..place };
    buffer.set_line(area.x, area.y, &truncated(line, usize::from(area.width)), area.width);
}

/// Says in a line what a section holds.
fn section_words(bench: &Workbench, section: Section) -> (String, Role) {
    let response = &bench.response;
    match section {
        Section::Response => {
            let mut words = vec![
                match bench.format() {
                    Format::Text => "text",
                    Format::Auto | Format::Json => "JSON",
                    Format::Schema => "JSON schema",
                }
                .to_owned(),
            ];
            if !response.required.is_empty() {
                words.push(format!("required: {}", response.required.join(" ")));
            }
            if let Some(least) = response.min_confidence {
                words.push(format!("confidence ≥ {least}"));
            } else if let Some(pointer) = &response.confidence {
                words.push(format!("confidence at {pointer}"));
            }
            (words.join(", "), Role::Text)
        }
        Section::Schema => match (&bench.schema_draft, &response.schema) {
            (Some(_), _) => ("draft, not valid: the schema before is sent".to_owned(), Role::Fail),
            (None, Some(schema)) => {
                let fields = crate::eval::schema_text::fields(schema);
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                let count = if fields.len() == 1 { "1 field".to_owned() } else { format!("{} fields", fields.len()) };
                (format!("{count}: {}", names.join(" ")), Role::Text)
            }
            (None, None) => ("none".to_owned(), Role::Quiet),
        },
        Section::Tools if bench.tools.is_empty() => ("none".to_owned(), Role::Quiet),
        Section::Tools => {
            let set = &bench.tools;
            let names: Vec<&str> = set.tools.iter().map(|tool| tool.name.as_str()).collect();
            let choice = set.choice.as_ref().map_or("auto", ToolChoice::word);
            (format!("{}: {} · {choice}", names.len(), names.join(" ")), Role::Text)
        }
        Section::Checks if bench.checks.is_empty() => ("none beside the response's".to_owned(), Role::Quiet),
        Section::Checks => {
            let off = bench.checks.iter().filter(|check| !check.enabled).count();
            let name =
                |check: &Check| if check.enabled { check.kind.to_string() } else { format!("○ {}", check.kind) };
            let names: Vec<String> = bench.checks.iter().map(name).collect();
            let count = if off > 0 { format!("{} on, {off} off", names.len() - off) } else { names.len().to_string() };
            (format!("{count}: {}", names.join(" ")), Role::Text)
        }
        Section::Parameters => {
            let params = &bench.params;
            let mut words = vec![format!("temperature {}", params.temperature.unwrap_or(DEFAULT_TEMPERATURE))];
            words.extend(params.max_tokens.map(|most| format!("max_tokens {most}")));
            words.extend(params.top_p.map(|top| format!("top_p {top}")));
            words.extend(params.seed.map(|seed| format!("seed {seed}")));
            words.extend(params.reasoning_effort.as_ref().map(|effort| format!("reasoning {effort}")));
            (words.join("  "), Role::Text)
        }
        Section::Fallback if bench.fallback.is_empty() => ("none".to_owned(), Role::Quiet),
        Section::Fallback => (bench.fallback.join(" → "), Role::Text),
    }
}

/// Draws a row of a variable: its name before the first, then its value.
fn variable(scene: Scene<'_>, bench: &Workbench, at: usize, row: &DocumentRow, place: Rect, buffer: &mut Buffer) {
    let (Some(field), Some(text)) = (bench.fields.get(at), &row.text) else {
        return;
    };
    let left = gutter(place.width, bench.input.lines()).min(place.width);
    let names = bench.names_width().min(place.width - left);
    let missing = bench.missing().contains(&field.name);
    let here = bench.focus == Focus::Variable(at);
    bar(scene, here, place, buffer);
    if text.start == 0 {
        let role = match (missing, field.asked) {
            (true, _) => Role::Wait,
            (false, true) => Role::Key,
            (false, false) => Role::Quiet,
        };
        let name = clean_line(&field.name);
        let name = truncate(name.as_str(), usize::from(names.saturating_sub(2)));
        buffer.set_line(place.x + left, place.y, &Line::from(scene.span(name.into_owned(), role)), names);
    }
    let x = place.x + left + names;
    let inside = Rect { x, width: place.right().saturating_sub(x), ..place };
    if field.editor.is_empty() && !(here && bench.typing) {
        let says = if missing { "has no value" } else { "(empty)" };
        let mut line = Line::from(scene.span(says, if missing { Role::Wait } else { Role::Quiet }));
        if here {
            line.push_span(Span::raw("  "));
            line.spans.extend(scene.hint(BenchAction::Edit, "type"));
        }
        buffer.set_line(inside.x, inside.y, &line, inside.width);
        return;
    }
    draw_text(&field.editor, text, scene.theme.style(Role::Text), inside, buffer);
    marked(scene, bench, (&field.editor, Focus::Variable(at)), text, inside, buffer);
    if here
        && bench.typing
        && let Some(at) = caret(&field.editor, text, inside)
    {
        scene.caret.set(Some(at));
        buffer.set_style(Rect { x: at.x, y: at.y, width: 1, height: 1 }, scene.theme.style(Role::Cursor));
    }
}

/// Says where the cursor is, and how much of the model's context the request takes, in as much room as there is.
pub(super) fn prompt_facts(scene: Scene<'_>, bench: &Workbench, room: usize) -> Line<'static> {
    let place = match bench.focus {
        Focus::Message(at) => bench.messages.get(at).map(|message| {
            let field = &message.field;
            format!("line {} of {}  {}", field.line() + 1, field.lines(), message.role.name())
        }),
        _ => None,
    };
    let tokens = estimate_tokens_of(bench.sent_chars());
    let context = bench.lane().and_then(|lane| scene.shared.catalog.resolve(&lane.spec.target).ok());
    let context = context.and_then(|target| target.card.context);
    let over = context.is_some_and(|most| tokens > most);
    let total = match context {
        Some(most) if over => format!("✗ ≈{} of {} tok: too long", thousands(tokens), brief(most)),
        Some(most) => format!("≈{} of {} tok", thousands(tokens), brief(most)),
        None => format!("≈{} tok", thousands(tokens)),
    };
    let role = if over { Role::Fail } else { Role::Quiet };
    let mut line = Line::default();
    if let Some(place) = place.filter(|place| width(place) + width(&total) + 2 <= room) {
        line.push_span(scene.span(format!("{place}  "), Role::Quiet));
    }
    if width(&total) <= room {
        line.push_span(scene.span(total, role));
    }
    line
}

/// Writes a number of tokens as model cards do.
fn brief(tokens: u64) -> String {
    match tokens {
        1_000_000.. if tokens.is_multiple_of(100_000) => format!("{}M", tokens as f64 / 1_000_000.0),
        10_000.. => format!("{}k", tokens / 1000),
        _ => tokens.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_unknown_variables_are_found() {
        let missing = ["tone".to_owned()];
        assert_eq!(unknown("é {{ tone }} {{ input }} {{ tone | upper }}", &missing), [2..12, 25..43]);
        assert!(unknown("{{ tone", &missing).is_empty());
    }

    #[test]
    fn contexts_are_written_as_model_cards_do() {
        assert_eq!([128_000, 4096, 1_000_000, 2_500_000].map(brief), ["128k", "4096", "1M", "2.5M"]);
    }
}
