//! A framed window over the screen.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::Line,
    widgets::{Clear, Widget},
};

use super::pane::{Hold, pane};
use crate::ui::theme::Theme;

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

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;
    use crate::model::Look;

    #[test]
    fn a_wide_letter_under_the_edge_is_blanked() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 3));
        for row in 0..3 {
            buffer.set_string(0, row, "日本語日本語日本語日", Style::new());
        }
        let theme = Theme::new(Look::default());
        popup(Rect::new(5, 0, 10, 3), Line::raw("help"), Line::default(), theme, &mut buffer);
        assert_eq!(buffer[(4, 1)].symbol(), " ");
        assert_eq!(buffer[(2, 1)].symbol(), "本");
        assert_eq!(buffer[(5, 1)].symbol(), "┃");
    }
}
