//! The prompts that can be opened.

use std::cmp::Reverse;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{OverlayAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::{
            confirm::delete_prompt as delete_question,
            lists,
            lists::NameList,
            text_prompt::{TextFor, TextPrompt},
        },
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
    /// Takes in what the store has, the last changed first and the built-in ones last; a prompt whose file cannot be read is listed and cannot be opened.
    pub fn fill(&mut self, entries: &[PromptEntry]) {
        let mut entries: Vec<&PromptEntry> = entries.iter().collect();
        entries.sort_by_key(|entry| (entry.built_in, Reverse(entry.changed)));
        let items = entries.into_iter().map(|entry| {
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
        vec![
            hint(scene, Verb::Accept, "Open"),
            arrows("choose"),
            hint(scene, OverlayAction::NewInList, "new"),
            hint(scene, OverlayAction::RenameInList, "rename"),
            hint(scene, OverlayAction::DuplicateInList, "duplicate"),
            hint(scene, OverlayAction::DeleteInList, "delete"),
        ]
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

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        let chosen = self.list.choice.chosen().map(|item| item.value.clone());
        match (action, chosen) {
            (OverlayAction::NewInList, _) => After::CloseAnd(Intent::Bench(BenchIntent::NewPrompt)),
            (OverlayAction::RenameInList, Some(name)) => {
                After::StayAnd(Intent::open(TextPrompt::new(TextFor::RenamePrompt(name.clone()), &name)))
            }
            (OverlayAction::DuplicateInList, Some(name)) => {
                let copy = format!("{name}-copy");
                After::StayAnd(Intent::open(TextPrompt::new(TextFor::DuplicatePrompt(name), &copy)))
            }
            (OverlayAction::DeleteInList, Some(name)) => After::StayAnd(Intent::open(delete_question(name))),
            _ => After::Stay,
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        self.list.draw("prompts", scene, body, buffer);
    }
}
