//! An answer drawn: its JSON with the cursor and with what failed a check, or its text.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
};

use crate::{
    text::json::{NodeNote, TokenKind},
    widgets::{
        answer_view::{AnswerView, JsonView},
        frame::{gutter, mark_hits, rows},
        theme::{Role, Theme},
    },
};

/// Draws the part of an answer that is in sight: its JSON, or its text in a role; `held` where it has the keys.
pub(crate) fn draw(view: &AnswerView, (held, role): (bool, Role), area: Rect, theme: Theme, buffer: &mut Buffer) {
    if let Some(shown) = view.json() {
        draw_json(shown, held, area, theme, buffer);
    } else {
        rows(view, theme.style(role), area, theme, buffer);
        colour(view, area, theme, buffer);
    }
}

/// What each kind looks like; what is no JSON stands for something, and is quiet.
fn role(kind: TokenKind) -> Role {
    match kind {
        TokenKind::Name => Role::JsonName,
        TokenKind::String => Role::JsonString,
        TokenKind::Number => Role::JsonNumber,
        TokenKind::Word => Role::JsonWord,
        TokenKind::Mark => Role::JsonMark,
        TokenKind::Wrong => Role::JsonWrong,
        TokenKind::Blank | TokenKind::Prose => Role::Quiet,
    }
}

/// Colours a text in sight where it is JSON, and marks where it stops being any.
fn colour(view: &AnswerView, area: Rect, theme: Theme, buffer: &mut Buffer) {
    for (row, columns, kind) in view.coloured() {
        buffer.set_style(part(area, row, columns.start, columns.len()), theme.style(role(kind)));
    }
    for (offset, row) in (view.top()..view.rows()).take(usize::from(area.height)).enumerate() {
        for (columns, role) in view.marked(row) {
            buffer.set_style(part(area, offset, columns.start, columns.len()), theme.style(role));
        }
    }
    if let Some((row, column)) = view.broken() {
        let place = part(area, row, column.min(usize::from(area.width).saturating_sub(1)), 1);
        if buffer.cell(place).is_some_and(|cell| cell.symbol() == " ") {
            buffer.set_stringn(place.x, place.y, "✗", usize::from(place.width), Style::new());
        }
        buffer.set_style(place, theme.style(Role::JsonWrong));
    }
}

/// Returns some columns of a row of an area, as far as they lie in it.
fn part(area: Rect, row: usize, column: usize, wide: usize) -> Rect {
    let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let (x, y) = (area.x.saturating_add(cells(column)), area.y.saturating_add(cells(row)));
    Rect { x, y, width: cells(wide), height: 1 }.intersection(area)
}

/// Draws the rows in sight; the cursor is shown where the lane has the keys. The marks of the cursor
/// and of what failed stand in the gutter.
fn draw_json(json: &JsonView, held: bool, area: Rect, theme: Theme, buffer: &mut Buffer) {
    for (row, place) in json.seen().zip(area.rows()) {
        let here = held && json.is_cursor(row) && !row.alone;
        let failed = json.is_failed(row);
        let note = json.note(row);
        let mut line = Line::from(" ".repeat(row.indent));
        if row.alone {
            line.extend(note.map(|note| sign(note, row.continued(), theme)).unwrap_or_default());
        }
        let noted = note.filter(|_| row.alone).map(role_of);
        let named = here && json.pieces(row).iter().any(|piece| piece.kind == TokenKind::Name);
        for piece in json.pieces(row) {
            let style = theme.style(noted.unwrap_or(role(piece.kind)));
            // The cursor is on a value, which its name stands for, else its mark.
            let under = here && (piece.kind == TokenKind::Name || !named);
            line.push_span(Span::styled(
                piece.text,
                if under { style.add_modifier(Modifier::UNDERLINED) } else { style },
            ));
        }
        if let Some(note) = note.filter(|_| !row.alone) {
            line.push_span(Span::raw("  "));
            line.extend(sign(note, false, theme));
            line.push_span(Span::styled(note.text.as_str().to_owned(), theme.style(role_of(note))));
        }
        buffer.set_line(place.x, place.y, &line, place.width);
        if here && !row.continued() {
            gutter(place, row.indent, &Span::styled(theme.bar(), theme.style(Role::Focus)), buffer);
        }
        if failed {
            gutter(place, row.indent, &Span::styled("✗", theme.style(Role::Fail)), buffer);
        }
        mark_hits(json.hits(row), place, theme, buffer);
    }
}

fn role_of(note: &NodeNote) -> Role {
    if note.wrong { Role::Fail } else { Role::Quiet }
}

/// The mark before a remark; blank where the remark goes on from the row above.
fn sign(note: &NodeNote, continued: bool, theme: Theme) -> Vec<Span<'static>> {
    let mark = match (continued, note.wrong) {
        (true, _) => "  ",
        (false, true) => "✗ ",
        (false, false) => "· ",
    };
    vec![Span::styled(mark, theme.style(role_of(note)))]
}
