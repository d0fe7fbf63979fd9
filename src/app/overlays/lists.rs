//! A list of names that the store is asked for: what can be opened, and that it is still being read.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{action::BenchAction, context::Scene},
    widgets::{
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// Width and height of such a list, its frame included.
pub(crate) const SIZE: (u16, u16) = (80, 22);

/// Draws choices in a list: the name of each, as wide as one part of so many, and what there is to say of it.
pub(crate) fn draw_choices<T: Clone>(
    choice: &PickList<T>,
    parts: usize,
    scene: Scene<'_>,
    area: Rect,
    buffer: &mut Buffer,
) {
    list(choice, area, scene.theme, buffer, |item, room| {
        let name = (room / parts.max(1)).max(20).min(room);
        Line::from(vec![
            scene.span(left(&item.label, name), Role::Title),
            scene.span(format!(" {}", fitted(&item.detail, room.saturating_sub(name + 1))), Role::Quiet),
        ])
    });
}

/// Names, once the store has answered.
#[derive(Debug, Clone)]
pub struct NameList {
    /// The names of what can be opened.
    pub choice: PickList<String>,
    /// True until the store has answered.
    pub loading: bool,
}

impl Default for NameList {
    fn default() -> Self {
        Self { choice: PickList::new(Vec::new()), loading: true }
    }
}

impl NameList {
    /// Takes in what the store has.
    pub(crate) fn fill(&mut self, items: Vec<PickItem<String>>) {
        self.loading = false;
        self.choice.refill(items);
    }

    /// Returns how many there are, for the frame; nothing until that is known.
    pub(crate) fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        if self.loading {
            return Line::default();
        }
        Line::from(scene.span(self.choice.len().to_string(), Role::Quiet))
    }

    /// Draws the names, or that there are none of them.
    pub(crate) fn draw(&self, what: &str, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
        if self.loading || self.choice.is_empty() {
            let text = if self.loading {
                format!("Loading {what} …")
            } else if self.choice.query.is_empty() {
                let key = scene.key(BenchAction::Save);
                format!("No {what} yet. {key} saves what is on the bench.")
            } else {
                format!("No {what} match.")
            };
            buffer.set_line(area.x, area.y, &Line::from(scene.span(text, Role::Quiet)), area.width);
            return;
        }
        list(&self.choice, area, scene.theme, buffer, |item, room| {
            let name = (room / 3).max(20).min(room);
            let role = if item.usable { Role::Title } else { Role::Fail };
            let mark = if item.usable { "  " } else { "✗ " };
            Line::from(vec![
                scene.span(mark, Role::Fail),
                scene.span(left(&item.label, name), role),
                scene.span(format!(" {}", fitted(&item.detail, room.saturating_sub(name + 3))), Role::Quiet),
            ])
        });
    }
}
