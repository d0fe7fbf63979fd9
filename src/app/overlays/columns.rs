//! The columns of the history, each shown or hidden.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{HistoryIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, framed, hint},
    },
    present::{Tone, run_columns::RunColumn},
    widgets::{
        interactive::Interactive,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// The list of columns.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The columns, those that are shown marked; none stands for the usual ones.
    pub choice: PickList<Option<RunColumn>>,
    /// Those that are shown; none are those that suit the width of the screen.
    chosen: Option<Vec<RunColumn>>,
}

impl Columns {
    /// Lists the columns, given those that were chosen, on a screen of a width.
    #[must_use]
    pub fn new(chosen: Option<Vec<RunColumn>>, width: u16) -> Self {
        let mut columns = Self { choice: PickList::menu(Vec::new()), chosen };
        columns.choice.refill(items(&columns.shown(width)));
        columns
    }

    fn shown(&self, width: u16) -> Vec<RunColumn> {
        self.chosen.clone().unwrap_or_else(|| RunColumn::usual(width))
    }
}

fn items(shown: &[RunColumn]) -> Vec<PickItem<Option<RunColumn>>> {
    let all = RunColumn::on_screen().map(|column| {
        let mark = if shown.contains(&column) { "✓" } else { " " };
        let spec = column.spec();
        PickItem::new(Some(column), format!("{mark} {}", spec.heading), spec.about)
    });
    all.chain([PickItem::new(None, "  usual", "those that suit the width of the screen")]).collect()
}

impl OverlayPart for Columns {
    fn title(&self) -> &'static str {
        "Columns"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((60, framed(self.choice.len(), 6) - 1))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Show or hide"), arrows("choose")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    /// Shows a column, or hides it; the usual ones where none is chosen. It stays open for the next.
    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        let Some(item) = self.choice.chosen() else {
            return After::Stay;
        };
        let columns = item.value.map(|column| {
            let shown = self.shown(cx.shared.body.width);
            let wanted = |known: &RunColumn| shown.contains(known) != (*known == column);
            RunColumn::on_screen().filter(wanted).collect::<Vec<_>>()
        });
        if columns.as_ref().is_some_and(Vec::is_empty) {
            return After::StayAnd(Intent::Say(Tone::Info, "one column stays".to_owned()));
        }
        self.chosen.clone_from(&columns);
        After::StayAnd(Intent::History(HistoryIntent::SetColumns(columns)))
    }

    /// Marks the columns that are shown by now.
    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        let at = self.choice.at();
        self.choice.refill(items(&self.shown(cx.shared.body.width)));
        self.choice.choose(at);
        self.choice.fit(usize::from(body.height));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        list(&self.choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 12.min(room)), Role::Title),
                scene.span(fitted(&item.detail, room.saturating_sub(12)), Role::Text),
            ])
        });
    }
}
