//! The prompts that can be opened.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::{lists, lists::NameList},
    },
    present::Tone,
    store::api::PromptEntry,
    widgets::{interactive::Interactive, line_input::LineInput, pick_list::PickItem},
};

/// Chooses a prompt file to open, as the store lists them.
#[derive(Debug, Clone, Default)]
pub struct PromptList {
    /// Their names.
    pub list: NameList,
}

impl PromptList {
    /// Takes in what the store has; a prompt whose file cannot be read is listed and cannot be opened.
    pub fn fill(&mut self, entries: &[PromptEntry]) {
        let items = entries.iter().map(|entry| {
            let place = match (entry.built_in, entry.project) {
                (true, _) => "built in",
                (false, true) => "project",
                (false, false) => "yours",
            };
            let detail = [place, &entry.description].map(str::trim).into_iter().filter(|part| !part.is_empty());
            let detail = detail.collect::<Vec<_>>().join(" · ");
            PickItem { usable: entry.valid, ..PickItem::new(entry.name.clone(), &entry.name, detail) }
        });
        self.list.fill(items.collect());
    }
}

impl OverlayPart for PromptList {
    fn title(&self) -> &'static str {
        "Prompts"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        self.list.beside(scene)
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(lists::SIZE)
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "opens it"), arrows("choose")]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.list.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.list.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        let Some(item) = self.list.choice.chosen() else {
            return After::Stay;
        };
        if !item.usable {
            return After::StayAnd(Intent::Say(Tone::Error, item.detail.clone()));
        }
        // It closes once the prompt is opened: where that is refused another can be chosen.
        After::StayAnd(Intent::Bench(BenchIntent::ChoosePrompt(item.value.clone())))
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        self.list.draw("prompts", scene, body, buffer);
    }
}
