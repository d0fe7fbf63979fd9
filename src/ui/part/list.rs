//! Rows of a list, one of them chosen.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::choice::{Choice, Item},
    ui::theme::{Role, Theme},
};

/// Draws the entries of a choice that are in sight, each as the given line. The chosen one is
/// reversed and begins with a mark.
pub fn list<T>(
    choice: &Choice<T>,
    area: Rect,
    theme: Theme,
    buffer: &mut Buffer,
    line: impl Fn(&Item<T>, usize) -> Line<'static>,
) {
    let room = usize::from(area.width).saturating_sub(2);
    let rows = choice.shown().enumerate().skip(choice.top());
    for ((at, item), place) in rows.zip(area.rows()) {
        let x = place.x.saturating_add(2);
        buffer.set_line(x, place.y, &line(item, room), place.width.saturating_sub(2));
        if at == choice.at() {
            buffer.set_stringn(place.x, place.y, "▸", usize::from(place.width), theme.style(Role::Text));
            buffer.set_style(place, theme.style(Role::Selected));
        }
    }
}
