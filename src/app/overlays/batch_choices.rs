//! What can be chosen for a batch that is being set up: data sets of earlier ones, or one to compare with.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BatchChoice, BatchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::lists,
    },
    store::api::BatchEntry,
    text::format::{ago, counted},
    widgets::{
        interactive::Interactive,
        line_input::LineInput,
        pick_list::{PickItem, PickList},
        theme::Role,
    },
};

/// The list of them.
#[derive(Debug, Clone)]
pub struct BatchChoices {
    title: &'static str,
    /// What can be chosen.
    pub choice: PickList<BatchChoice>,
}

impl BatchChoices {
    /// Lists the data sets of earlier batches, those used last first, each once.
    #[must_use]
    pub fn files(entries: &[BatchEntry], now: jiff::Timestamp) -> Self {
        let mut items: Vec<PickItem<BatchChoice>> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.spec.data != "-") {
            let file = BatchChoice::File(entry.spec.data.clone());
            if items.iter().all(|item| item.value != file) {
                items.push(PickItem::new(file, &entry.spec.data, ago(entry.started, now)));
            }
        }
        Self { title: "Recent files", choice: PickList::new(items) }
    }

    /// Lists earlier batches, the newest first.
    #[must_use]
    pub fn batches(entries: &[BatchEntry], now: jiff::Timestamp) -> Self {
        let item = |entry: &BatchEntry| {
            let prompts: Vec<&str> = entry.spec.prompts.iter().map(|(name, _)| name.as_str()).collect();
            let name = format!("{} of {}", entry.name, ago(entry.started, now));
            let detail = format!(
                "{} on {}, {}",
                prompts.join(", "),
                entry.spec.targets.join(", "),
                counted(entry.cells, "cell")
            );
            PickItem::new(BatchChoice::Against(entry.id, name.clone()), name, detail)
        };
        Self { title: "Compare with", choice: PickList::new(entries.iter().map(item).collect()) }
    }
}

impl OverlayPart for BatchChoices {
    fn title(&self) -> &'static str {
        self.title
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.span(self.choice.len().to_string(), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(lists::SIZE)
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "use"), arrows("choose")]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.choice.chosen() {
            Some(item) => After::CloseAnd(Intent::Batch(BatchIntent::Choose(item.value.clone()))),
            None => After::Stay,
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        if self.choice.is_empty() {
            let text = if self.choice.query.is_empty() { "No batch yet" } else { "None matches" };
            buffer.set_line(body.x, body.y, &Line::from(scene.span(text, Role::Quiet)), body.width);
            return;
        }
        lists::draw_choices(&self.choice, 2, scene, body, buffer);
    }
}
