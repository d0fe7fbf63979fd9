//! A text that is searched in the answer while it is typed. It has no frame: it lies on the status line.

use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};

use crate::{
    app::{
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart},
    },
    widgets::{interactive::Interactive, key::Chord, line_input::LineInput, theme::Role},
};

/// The text that is searched.
#[derive(Debug, Clone, Default)]
pub struct Search {
    line: LineInput,
    /// The place of the hit that is shown, counted from 1, and how many there are; none before anything is typed.
    found: Option<(usize, usize)>,
}

impl Search {
    /// Shows what is found so far.
    fn look(&self) -> After {
        After::StayAnd(Intent::Bench(BenchIntent::Search(self.line.text())))
    }
}

impl OverlayPart for Search {
    fn title(&self) -> &'static str {
        "Search"
    }

    fn size(&self) -> Option<(u16, u16)> {
        None
    }

    fn hints(&self, _scene: Scene<'_>) -> Vec<Hint> {
        Vec::new()
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        Interactive::key(&mut self.line, chord).then(|| self.look())
    }

    fn paste(&mut self, text: &str) -> After {
        self.line.paste(text);
        self.look()
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::CloseAnd(Intent::Bench(BenchIntent::KeepSearch(self.line.text())))
    }

    fn leave(&mut self) -> After {
        After::CloseAnd(Intent::Bench(BenchIntent::Search(String::new())))
    }

    fn fit(&mut self, _body: Rect, cx: OverlayCx<'_>) {
        self.found = cx.below.found;
    }

    fn draw(&self, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
        buffer.set_style(area, Style::reset());
        for place in area.positions() {
            if let Some(cell) = buffer.cell_mut(place) {
                cell.reset();
            }
        }
        let found = match self.found {
            None => String::new(),
            Some((_, 0)) => "not found".to_owned(),
            Some((at, count)) => format!("{at}/{count}"),
        };
        let wide = u16::try_from(found.len()).unwrap_or_default();
        let left = Rect { width: area.width.saturating_sub(wide + 3), x: area.x + 1, ..area };
        let empty = "searches the answer; enter keeps it, esc ends it";
        scene.line(&self.line, "/", empty, left.intersection(area), buffer);
        buffer.set_line(left.right() + 1, area.y, &Line::from(scene.span(found, Role::Quiet)), wide);
    }
}
