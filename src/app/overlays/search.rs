//! A text that is searched while it is typed, in an answer or in the prompt or input, where it can be replaced. It has no
//! frame: it lies on the status line.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};

use crate::{
    app::{
        action::OverlayAction,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart},
    },
    text::clean_line,
    widgets::{interactive::Interactive, key::Chord, line_input::LineInput, theme::Role},
};

/// The text that is searched.
#[derive(Debug, Clone, Default)]
pub struct Search {
    line: LineInput,
    /// What is put in its place, once that is asked for.
    with: Option<LineInput>,
    /// Whether what is searched can be changed.
    replaceable: bool,
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
        if chord.code() == KeyCode::Tab && self.replaceable {
            self.with = if self.with.is_some() { None } else { Some(LineInput::default()) };
            return Some(After::Stay);
        }
        if let Some(with) = &mut self.with {
            return Interactive::key(with, chord).then_some(After::Stay);
        }
        Interactive::key(&mut self.line, chord).then(|| self.look())
    }

    fn paste(&mut self, text: &str) -> After {
        if let Some(with) = &mut self.with {
            with.paste(text);
            return After::Stay;
        }
        self.line.paste(text);
        self.look()
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match (&self.with, action) {
            (Some(with), OverlayAction::ReplaceAll) => {
                After::CloseAnd(Intent::Bench(BenchIntent::Replace { with: with.text(), all: true }))
            }
            _ => After::Stay,
        }
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        if let Some(with) = &self.with {
            return After::StayAnd(Intent::Bench(BenchIntent::Replace { with: with.text(), all: false }));
        }
        After::CloseAnd(Intent::Bench(BenchIntent::KeepSearch(self.line.text())))
    }

    fn leave(&mut self) -> After {
        // What was replaced stays where it is shown.
        if self.with.is_some() {
            return After::Close;
        }
        After::CloseAnd(Intent::Bench(BenchIntent::Search(String::new())))
    }

    fn fit(&mut self, _body: Rect, cx: OverlayCx<'_>) {
        self.found = cx.below.found;
        self.replaceable = cx.below.replaceable;
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
        let left = left.intersection(area);
        match &self.with {
            Some(with) => {
                let lead = format!("/{}  → ", clean_line(&self.line.text()).as_str());
                let all = scene.key_where(OverlayAction::ReplaceAll, false);
                scene.line(with, &lead, &format!("replace with: enter this one, {all} all, esc close"), left, buffer);
            }
            None if self.replaceable => {
                scene.line(&self.line, "/", "find; tab replaces, enter keeps it, esc ends it", left, buffer);
            }
            None => scene.line(&self.line, "/", "searches the answer; enter keeps it, esc ends it", left, buffer),
        }
        buffer.set_line(left.right() + 1, area.y, &Line::from(scene.span(found, Role::Quiet)), wide);
    }
}
