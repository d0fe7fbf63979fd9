//! The rows of a data set, of which one is loaded as an input.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::{lists, lists::NameList},
    },
    store::api::RowEntry,
    widgets::{interactive::Interactive, line_input::LineInput, pick_list::PickItem},
};

/// Chooses a row of a data set for the input.
#[derive(Debug, Clone, Default)]
pub struct RowList {
    /// The rows, as `FILE:ROW`.
    pub list: NameList,
}

impl RowList {
    /// Lists the rows of a file.
    #[must_use]
    pub fn new(file: &str, rows: &[RowEntry]) -> Self {
        let item = |row: &RowEntry| {
            PickItem::new(format!("{file}:{}", row.number), row.number.to_string(), row.summary.clone())
        };
        let mut list = NameList::default();
        list.fill(rows.iter().map(item).collect());
        Self { list }
    }
}

impl OverlayPart for RowList {
    fn title(&self) -> &'static str {
        "Rows"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        self.list.beside(scene)
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(lists::SIZE)
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Load"), arrows("choose")]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.list.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.list.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.list.choice.chosen() {
            Some(row) => After::CloseAnd(Intent::Bench(BenchIntent::LoadInput(row.value.clone()))),
            None => After::Stay,
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        self.list.draw("rows", scene, body, buffer);
    }
}
