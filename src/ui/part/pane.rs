//! A framed pane with its number, title and state.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    symbols::border,
    text::{Line, Span},
    widgets::{Block, Widget},
};

use crate::ui::theme::{Role, Theme};

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
