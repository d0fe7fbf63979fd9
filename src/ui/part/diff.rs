//! What differs between two texts: the text with its marks, and how much it is in a few words.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::Span,
};

use super::{flow::Item, rows::rows};
use crate::{
    app::difference::{Difference, Summary},
    text::Change,
    ui::theme::{Role, Theme},
};

/// Draws the rows in sight with what was added and removed marked, the present difference reversed.
pub fn difference(shown: &Difference, style: Style, area: Rect, theme: Theme, buffer: &mut Buffer) {
    rows(shown.view(), style, area, theme, buffer);
    for ((number, _), place) in shown.view().seen().zip(area.rows()) {
        for (columns, change, here) in shown.marks(number) {
            let role = match change {
                Change::Same => Role::Text,
                Change::Removed => Role::Removed,
                Change::Added => Role::Added,
            };
            let style = theme.style(role);
            let style = if here { style.add_modifier(Modifier::REVERSED) } else { style };
            let x = place.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
            let long = u16::try_from(columns.len()).unwrap_or(u16::MAX);
            buffer.set_style(Rect { x, width: long, ..place }.intersection(place), style);
        }
    }
}

/// Says how much differs, and which difference is the present one.
#[must_use]
pub fn summary(shown: &Difference, theme: Theme) -> Vec<Item> {
    let many = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let (text, role) = match shown.summary() {
        Summary::Same => ("= same".to_owned(), Role::Quiet),
        Summary::SameJson => ("≈ same JSON".to_owned(), Role::Quiet),
        Summary::Fields { differ, of } => (format!("≠ {differ} of {}", many(of, "field")), Role::Differs),
        Summary::Words { differ, by_lines } => {
            let how = if by_lines { ", by lines" } else { "" };
            (format!("≠ {}{how}", many(differ, "word")), Role::Differs)
        }
    };
    let mut items = vec![vec![Span::styled(text, theme.style(role))]];
    if let (Some(at), count) = shown.count() {
        items.push(vec![Span::styled(format!("{at}/{count}"), theme.style(Role::Quiet))]);
    }
    items
}
