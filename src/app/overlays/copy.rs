//! The forms in which an answer, its request, a comparison or a report can be copied.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::Intent,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, framed, hint},
        snippet::{Snippet, SnippetForm},
    },
    widgets::{
        interactive::Interactive,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// The list of forms.
#[derive(Debug, Clone)]
pub struct CopyMenu {
    /// The forms, each with what it holds.
    pub choice: PickList<SnippetForm>,
}

impl CopyMenu {
    /// Lists what there is to copy.
    #[must_use]
    pub fn new(snippets: Vec<Snippet>) -> Self {
        let item = |snippet: Snippet| PickItem::new(snippet.form, snippet.label, snippet.detail);
        Self { choice: PickList::menu(snippets.into_iter().map(item).collect()) }
    }
}

impl OverlayPart for CopyMenu {
    fn title(&self) -> &'static str {
        "Copy"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((60, framed(self.choice.len(), 6)))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Copy"), arrows("choose")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        self.choice.chosen().map_or(After::Close, |item| After::CloseAnd(Intent::Copy(item.value)))
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        list(&self.choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 14.min(room)), Role::Title),
                scene.span(fitted(&item.detail, room.saturating_sub(14)), Role::Text),
            ])
        });
    }
}
