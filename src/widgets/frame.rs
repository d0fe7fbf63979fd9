//! What frames and lines are made of: panes with number, title and state, windows over the screen, key hints, items side
//! by side, the rows of a long text that are in sight, and the glyph of a status.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
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

/// Sets `key label` pairs into one line, dropping from the end what does not fit. The last pair
/// always stays: it is the way to all the others.
#[must_use]
pub fn hints(pairs: &[(String, String)], width: usize, theme: Theme) -> Line<'static> {
    let wide =
        |(key, label): &(String, String)| Span::raw(key.as_str()).width() + 1 + Span::raw(label.as_str()).width();
    let Some((last, rest)) = pairs.split_last() else {
        return Line::default();
    };
    let mut room = width.saturating_sub(wide(last));
    let mut line = Line::default();
    for pair in rest {
        let Some(left) = room.checked_sub(wide(pair) + 2) else {
            break;
        };
        room = left;
        push(&mut line, pair, theme);
        line.spans.push(Span::raw("  "));
    }
    push(&mut line, last, theme);
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

fn push(line: &mut Line<'static>, (key, label): &(String, String), theme: Theme) {
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

/// Draws a frame with a title at the left and one at the right. The frame that has the keys is
/// heavy, so that it stands out without colour too. Returns the room inside.
pub fn pane(area: Rect, hold: Hold, title: Line<'_>, right: Line<'_>, theme: Theme, buffer: &mut Buffer) -> Rect {
    let area = area.intersection(buffer.area);
    let (role, set) = match hold {
        Hold::Away => (Role::Frame, border::PLAIN),
        Hold::Focused => (Role::Focus, border::THICK),
        Hold::Typing => (Role::Typing, border::THICK),
    };
    let block = Block::bordered().border_set(set).border_style(theme.style(role));
    let inside = block.inner(area);
    block.render(area, buffer);
    let room = area.width.saturating_sub(4);
    let (title, right) = (padded(title), padded(right));
    let wide = title.width().min(usize::from(room)) as u16;
    on_frame(area.x.saturating_add(2), area.y, wide, &title, buffer);
    let beside = right.width() as u16;
    if beside > 0 && wide.saturating_add(beside) <= room {
        on_frame(area.right().saturating_sub(2 + beside), area.y, beside, &right, buffer);
    }
    inside
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

/// Makes a pane's title: its number as a key, then its name.
#[must_use]
pub fn numbered(number: u8, name: &str, theme: Theme) -> Line<'static> {
    Line::from(vec![
        Span::styled(number.to_string(), theme.style(Role::Key)),
        Span::styled(format!(" {name}"), theme.style(Role::Title)),
    ])
}

/// Clears a window's place, frames it, and returns the room inside, one blank from each side.
pub fn popup(area: Rect, title: Line<'_>, right: Line<'_>, theme: Theme, buffer: &mut Buffer) -> Rect {
    let area = area.intersection(buffer.area);
    blank_cut_letters(area, buffer);
    Clear.render(area, buffer);
    let inside = pane(area, Hold::Focused, title, right, theme, buffer);
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
        let pairs: Vec<_> = [("F5", "run"), ("m", "models"), ("p", "params"), ("?", "help")]
            .map(|(key, label)| (key.to_owned(), label.to_owned()))
            .into();
        let shown = |width| hints(&pairs, width, Theme::new(TerminalCaps::default())).to_string();
        assert_eq!(shown(80), "F5 run  m models  p params  ? help");
        assert_eq!(shown(24), "F5 run  m models  ? help");
        assert_eq!(shown(16), "F5 run  ? help");
        assert_eq!(shown(3), "? help");
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
