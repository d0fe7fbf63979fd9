//! What frames and lines are made of: panes with a title and a state on a rule, windows over the screen, key hints, items side
//! by side, the rows of a long text that are in sight, and the glyph of a status.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    symbols::border,
    text::{Line, Span},
    widgets::{Block, Clear, Widget},
};

pub use crate::present::run_columns::mark;
use crate::{
    model::RunStatus,
    text::width::truncate,
    widgets::{
        answer_view::AnswerView,
        theme::{Role, Theme},
    },
};

/// An item that stays in one piece.
pub type FlowItem = Vec<Span<'static>>;

/// Shortens a line to a width; where something is cut, `…` ends it.
#[must_use]
pub fn truncated(line: Line<'static>, width: usize) -> Line<'static> {
    if line.width() <= width {
        return line;
    }
    let mut left = width;
    let mut kept = Vec::new();
    for span in line.spans {
        let wide = span.width();
        if wide < left {
            left -= wide;
            kept.push(span);
            continue;
        }
        // What follows is cut in any case, so that even a span that fits whole gives its last column to the mark.
        kept.push(Span::styled(truncate(&format!("{}…", span.content), left).into_owned(), span.style));
        break;
    }
    Line { spans: kept, ..line }
}

/// Sets items into lines of a width, two blanks apart, in order. Items past the last line are left
/// out; one that is wider than a line by itself is cut.
#[must_use]
pub fn flow(items: Vec<FlowItem>, width: usize, lines: usize) -> Vec<Line<'static>> {
    let mut out: Vec<Line<'static>> = Vec::new();
    let mut used = 0;
    for item in items {
        let wide: usize = item.iter().map(Span::width).sum();
        if wide == 0 {
            continue;
        }
        if let Some(line) = out.last_mut()
            && used + 2 + wide <= width
        {
            line.spans.push(Span::raw("  "));
            line.spans.extend(item);
            used += 2 + wide;
        } else if out.len() < lines {
            out.push(truncated(Line::from(item), width));
            used = wide;
        }
    }
    out
}

/// A key and what it does.
pub type KeyHint = (String, String);

/// Sets `key label` pairs into one line, and `last` at its end. What does not fit is dropped from the end of the former;
/// the latter always stay: they are the way to all the others.
#[must_use]
pub fn hints(pairs: &[KeyHint], last: &[KeyHint], width: usize, theme: Theme) -> Line<'static> {
    let wide = |(key, label): &KeyHint| Span::raw(key.as_str()).width() + 1 + Span::raw(label.as_str()).width();
    let mut room = width.saturating_sub(last.iter().map(|pair| wide(pair) + 2).sum::<usize>().saturating_sub(2));
    let mut line = Line::default();
    let fitting = pairs.iter().take_while(|pair| {
        let left = room.checked_sub(wide(pair) + 2);
        room = left.unwrap_or(room);
        left.is_some()
    });
    for pair in fitting.chain(last) {
        if !line.spans.is_empty() {
            line.spans.push(Span::raw("  "));
        }
        push(&mut line, pair, theme);
    }
    line
}

/// Returns the key of the pair that lies under a column of a line that [`hints`] has set.
#[must_use]
pub fn hint_at(line: &Line<'_>, column: usize) -> Option<String> {
    let mut from = 0;
    // A key, its label, and what parts them from the next.
    for pair in line.spans.chunks(3) {
        let wide: usize = pair.iter().take(2).map(Span::width).sum();
        if (from..from + wide).contains(&column) {
            return pair.first().map(|key| key.content.clone().into_owned());
        }
        from += pair.iter().map(Span::width).sum::<usize>();
    }
    None
}

fn push(line: &mut Line<'static>, (key, label): &KeyHint, theme: Theme) {
    line.spans.push(Span::styled(key.clone(), theme.style(Role::Key)));
    line.spans.push(Span::styled(format!(" {label}"), theme.style(Role::Text)));
}

/// Who has the keys, as far as one pane goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Another pane.
    Away,
    /// This one.
    Focused,
    /// This one, and letters go into its text.
    Typing,
}

/// Returns the columns of the line between a pane and the one to its left: a pane at the left edge of the screen has none.
fn left_edge(area: Rect) -> u16 {
    u16::from(area.x > 0).min(area.width)
}

/// Returns what lies below a pane's title and beside the line to its left. Its first column is the gutter, where the
/// bar of a selected row and the marks of rows stand.
#[must_use]
pub fn inside(area: Rect) -> Rect {
    let (left, top) = (left_edge(area), area.height.min(1));
    Rect { x: area.x + left, y: area.y + top, width: area.width - left, height: area.height - top }
}

/// Columns of the gutter and of the blank beside it.
pub const GUTTER: u16 = 2;

/// Returns where a pane's text goes: beside the gutter, with a blank at the right.
#[must_use]
pub fn text_area(area: Rect) -> Rect {
    let inside = inside(area);
    Rect { x: inside.x + GUTTER.min(inside.width), width: inside.width.saturating_sub(GUTTER + 1), ..inside }
}

/// Draws a mark in the first column of the gutter of a row of text; of a text that has none, in its indentation.
pub fn gutter(text: Rect, indent: usize, mark: &Span<'_>, buffer: &mut Buffer) {
    if let Some(x) = text.x.checked_sub(GUTTER).or((indent > 0).then_some(text.x)) {
        buffer.set_span(x, text.y, mark, 1);
    }
}

/// Draws a pane's frame: a rule with a title at the left and one at the right, and the line to its left. The rule of
/// the pane that has the keys is heavy, so that it stands out without colour too. Returns the room inside.
pub fn pane(area: Rect, hold: Hold, title: Line<'_>, right: Line<'_>, theme: Theme, buffer: &mut Buffer) -> Rect {
    let area = area.intersection(buffer.area);
    let inside = inside(area);
    let (role, stroke) = match hold {
        Hold::Away => (Role::Frame, "─"),
        Hold::Focused => (Role::Focus, "━"),
        Hold::Typing => (Role::Typing, "━"),
    };
    let line = theme.style(Role::Frame);
    let edge = Rect { width: inside.x - area.x, ..area };
    for row in edge.rows() {
        buffer.set_stringn(row.x, row.y, if row.y == area.y { "┬" } else { "│" }, usize::from(row.width), line);
    }
    let rule = Rect { x: inside.x, width: inside.width, height: area.height.min(1), ..area };
    for place in rule.positions() {
        if let Some(cell) = buffer.cell_mut(place) {
            cell.reset();
            cell.set_symbol(stroke).set_style(theme.style(role));
        }
    }
    let room = rule.width.saturating_sub(2);
    // Where strokes do not tell the pane with the keys from the others, its title does.
    let starred = hold != Hold::Away && !theme.has_unicode();
    let title = if starred { Line::from([vec![Span::raw("* ")], title.spans].concat()) } else { title };
    titles(Rect { x: rule.x.saturating_add(1), width: room, ..rule }, title, right, buffer);
    inside
}

/// Tells which column of a pane's title lies under a place of the screen, if its rule does.
#[must_use]
pub fn title_column(area: Rect, hold: Hold, theme: Theme, at: Position) -> Option<usize> {
    let starred = hold != Hold::Away && !theme.has_unicode();
    // A stroke and a blank are before it.
    let from = area.x + left_edge(area) + 2 + if starred { 2 } else { 0 };
    let on_rule = area.contains(at) && at.y == area.y;
    if on_rule { at.x.checked_sub(from).map(usize::from) } else { None }
}

/// Draws a box round a window, with a title at the left and one at the right. Returns the room inside.
fn boxed(area: Rect, title: Line<'_>, right: Line<'_>, theme: Theme, buffer: &mut Buffer) -> Rect {
    let block = Block::bordered().border_set(border::THICK).border_style(theme.style(Role::Focus));
    let inside = block.inner(area);
    block.render(area, buffer);
    titles(
        Rect { x: area.x.saturating_add(2), width: area.width.saturating_sub(4), height: area.height.min(1), ..area },
        title,
        right,
        buffer,
    );
    inside
}

/// Sets two titles on a row; the right one is left out where it has no room.
fn titles(row: Rect, title: Line<'_>, right: Line<'_>, buffer: &mut Buffer) {
    let (title, right) = (padded(title), padded(right));
    let wide = title.width().min(usize::from(row.width)) as u16;
    on_frame(row.x, row.y, wide, &title, buffer);
    let beside = right.width() as u16;
    if beside > 0 && wide.saturating_add(beside) <= row.width {
        on_frame(row.right().saturating_sub(beside), row.y, beside, &right, buffer);
    }
}

/// Writes over a piece of the frame, which leaves none of its style behind.
fn on_frame(x: u16, y: u16, width: u16, line: &Line<'_>, buffer: &mut Buffer) {
    for column in x..x.saturating_add(width) {
        if let Some(cell) = buffer.cell_mut((column, y)) {
            cell.reset();
        }
    }
    buffer.set_line(x, y, line, width);
}

fn padded(title: Line<'_>) -> Line<'_> {
    if title.width() == 0 {
        return title;
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(title.spans);
    spans.push(Span::raw(" "));
    Line::from(spans).style(title.style)
}

/// Clears a window's place, frames it, and returns the room inside, one blank from each side.
pub fn popup(area: Rect, title: Line<'_>, right: Line<'_>, theme: Theme, buffer: &mut Buffer) -> Rect {
    let area = area.intersection(buffer.area);
    blank_cut_letters(area, buffer);
    Clear.render(area, buffer);
    let inside = boxed(area, title, right, theme, buffer);
    if inside.width < 4 {
        return inside;
    }
    Rect { x: inside.x + 1, width: inside.width - 2, ..inside }
}

/// Blanks every wide letter that the window's left edge cuts in half: without that the edge is not
/// sent to the terminal (<https://github.com/ratatui/ratatui/issues/2526>).
fn blank_cut_letters(area: Rect, buffer: &mut Buffer) {
    let Some(left) = area.x.checked_sub(1) else {
        return;
    };
    for row in area.rows() {
        if let Some(cell) = buffer.cell_mut((left, row.y))
            && crate::text::width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
}

/// Draws the rows in sight, with what was searched marked in them.
pub fn rows(view: &AnswerView, style: Style, area: Rect, theme: Theme, buffer: &mut Buffer) {
    let wide = usize::from(area.width);
    for ((number, row), place) in view.seen().zip(area.rows()) {
        buffer.set_stringn(place.x, place.y, &row.text, wide, style);
        mark_hits(view.hits(number), place, theme, buffer);
    }
}

/// Marks in a row the columns that show what was searched; true with the present ones.
pub fn mark_hits(hits: impl Iterator<Item = (Range<usize>, bool)>, row: Rect, theme: Theme, buffer: &mut Buffer) {
    for (columns, present) in hits {
        let role = if present { Role::FoundHere } else { Role::Found };
        let x = row.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
        let wide = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        buffer.set_style(Rect { x, width: wide, ..row }.intersection(row), theme.style(role));
    }
}

/// Returns the colour of a status.
#[must_use]
pub fn status_role(status: RunStatus) -> Role {
    match status {
        RunStatus::Passed => Role::Pass,
        RunStatus::Failed => Role::Fail,
        RunStatus::Error => Role::Wait,
        RunStatus::Inconclusive | RunStatus::Unchecked | RunStatus::Cancelled => Role::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;
    use crate::model::TerminalCaps;

    fn set(words: &[&'static str], width: usize, lines: usize) -> Vec<String> {
        let items = words.iter().map(|word| vec![Span::raw(*word)]).collect();
        flow(items, width, lines).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_line_that_is_too_long_ends_with_a_mark() {
        let cut = |parts: &[&'static str], width| {
            truncated(Line::from(parts.iter().map(|part| Span::raw(*part)).collect::<Vec<_>>()), width).to_string()
        };
        assert_eq!(cut(&["one ", "two"], 7), "one two");
        assert_eq!(cut(&["one ", "two"], 6), "one t…");
        assert_eq!(cut(&["one ", "two"], 4), "one…");
        assert_eq!(cut(&["one ", "two"], 0), "");
        assert_eq!(cut(&["日本", "語"], 5), "日本…");
    }

    #[test]
    fn items_stay_whole_and_the_rest_is_left_out() {
        assert_eq!(set(&["0.92s", "ttft .21s", "38 tok"], 18, 2), ["0.92s  ttft .21s", "38 tok"]);
        assert_eq!(set(&["aaaa", "bbbb", "c"], 4, 1), ["aaaa"]);
        assert_eq!(set(&["aaaa", "bbbb", "c"], 7, 1), ["aaaa  c"]);
        assert!(set(&["aaaa"], 10, 0).is_empty());
    }

    #[test]
    fn the_way_to_the_others_is_never_dropped() {
        let pairs: Vec<KeyHint> = [("F5", "run"), ("m", "models"), ("p", "params"), ("?", "help")]
            .map(|(key, label)| (key.to_owned(), label.to_owned()))
            .into();
        let (pairs, last) = pairs.split_at(2);
        let shown = |width| hints(pairs, last, width, Theme::new(TerminalCaps::default())).to_string();
        assert_eq!(shown(80), "F5 run  m models  p params  ? help");
        assert_eq!(shown(32), "F5 run  p params  ? help");
        assert_eq!(shown(3), "p params  ? help");
    }

    #[test]
    fn a_wide_letter_under_the_edge_is_blanked() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 3));
        for row in 0..3 {
            buffer.set_string(0, row, "日本語日本語日本語日", Style::new());
        }
        let theme = Theme::new(TerminalCaps::default());
        popup(Rect::new(5, 0, 10, 3), Line::raw("help"), Line::default(), theme, &mut buffer);
        assert_eq!(buffer[(4, 1)].symbol(), " ");
        assert_eq!(buffer[(2, 1)].symbol(), "本");
        assert_eq!(buffer[(5, 1)].symbol(), "┃");
    }
}
