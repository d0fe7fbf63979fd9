//! An answer's JSON: its rows with the cursor and with what failed a check, and the colours of its text.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::view::{JsonView, View},
    text::json::{Kind, Note},
    ui::{part::rows::mark_hits, scene::Scene, theme::Role},
};

/// What each kind looks like; what is no JSON stands for something, and is quiet.
fn role(kind: Kind) -> Role {
    match kind {
        Kind::Name => Role::JsonName,
        Kind::String => Role::JsonString,
        Kind::Number => Role::JsonNumber,
        Kind::Word => Role::JsonWord,
        Kind::Mark => Role::JsonMark,
        Kind::Wrong => Role::JsonWrong,
        Kind::Blank | Kind::Prose => Role::Quiet,
    }
}

/// Colours a text in sight where it is JSON, and marks where it stops being any.
pub(super) fn colour(scene: Scene<'_>, view: &View, area: Rect, buffer: &mut Buffer) {
    for (row, columns, kind) in view.coloured() {
        buffer.set_style(part(area, row, columns.start, columns.len()), scene.theme.style(role(kind)));
    }
    if let Some((row, column)) = view.broken() {
        let place = part(area, row, column.min(usize::from(area.width).saturating_sub(1)), 1);
        if buffer.cell(place).is_some_and(|cell| cell.symbol() == " ") {
            buffer.set_stringn(place.x, place.y, "✗", usize::from(place.width), Style::new());
        }
        buffer.set_style(place, scene.theme.style(Role::Fail).patch(scene.theme.style(Role::Selected)));
    }
}

/// Returns some columns of a row of an area, as far as they lie in it.
fn part(area: Rect, row: usize, column: usize, wide: usize) -> Rect {
    let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let (x, y) = (area.x.saturating_add(cells(column)), area.y.saturating_add(cells(row)));
    Rect { x, y, width: cells(wide), height: 1 }.intersection(area)
}

/// Draws the rows in sight; the cursor is shown where the lane has the keys. The marks of the cursor
/// and of what failed stand in the indentation.
pub(super) fn draw(scene: Scene<'_>, json: &JsonView, held: bool, area: Rect, buffer: &mut Buffer) {
    for (row, place) in json.seen().zip(area.rows()) {
        let here = held && json.is_cursor(row) && !row.alone;
        let failed = json.is_failed(row);
        let note = json.note(row);
        let mut line = Line::from(" ".repeat(row.indent));
        if row.alone {
            line.extend(note.map(|note| sign(scene, note, row.continued())).unwrap_or_default());
        }
        let said = note.filter(|_| row.alone).map(role_of);
        for piece in json.pieces(row) {
            let role = if here { Role::Text } else { said.unwrap_or(role(piece.kind)) };
            line.push_span(Span::styled(piece.text, scene.theme.style(role)));
        }
        let wide = line.width();
        if let Some(note) = note.filter(|_| !row.alone) {
            line.push_span(Span::raw("  "));
            line.extend(sign(scene, note, false));
            line.push_span(scene.span(note.text.as_str(), role_of(note)));
        } else if failed && row.indent == 0 {
            line.push_span(scene.span("  ✗", Role::Fail));
        }
        buffer.set_line(place.x, place.y, &line, place.width);
        let own = part(place, 0, row.indent, wide.saturating_sub(row.indent));
        if here {
            buffer.set_style(own, scene.theme.style(Role::Selected));
        }
        if here && row.indent > 0 && !row.continued() {
            let mark = part(place, 0, row.indent - 1, 1);
            buffer.set_span(mark.x, mark.y, &scene.span("▸", Role::Key), mark.width);
        }
        if failed && row.indent > 0 {
            buffer.set_span(place.x, place.y, &scene.span("✗", Role::Fail), place.width);
        }
        mark_hits(json.hits(row), place, scene.theme, buffer);
    }
}

fn role_of(note: &Note) -> Role {
    if note.wrong { Role::Fail } else { Role::Quiet }
}

/// The mark before a remark; blank where the remark goes on from the row above.
fn sign(scene: Scene<'_>, note: &Note, continued: bool) -> Vec<Span<'static>> {
    let mark = match (continued, note.wrong) {
        (true, _) => "  ",
        (false, true) => "✗ ",
        (false, false) => "· ",
    };
    vec![scene.span(mark, role_of(note))]
}
