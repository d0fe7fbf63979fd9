//! How a batch ended and why, whole, whatever its length: with the gates it had and what it says of each.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        context::Scene,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows},
    },
    eval::Gate,
    text::wrapped_lines,
    widgets::theme::Role,
};

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchEnding {
    /// The end in a few words with its mark: `■ limit reached`.
    pub how: &'static str,
    pub role: Role,
    /// When, in words; empty where that is not known.
    pub when: String,
    /// Why, in words.
    pub why: Option<String>,
    /// The gates it had, and which of them it reached.
    pub gates: Vec<Gate>,
}

impl BatchEnding {
    /// Writes it in rows of a width, each with how it is written.
    #[must_use]
    pub fn rows(&self, width: u16) -> Vec<(String, Role)> {
        let when = if self.when.is_empty() { String::new() } else { format!(", {}", self.when) };
        let mut rows = vec![(format!("{}{when}", self.how), self.role)];
        let mut put = |text: &str, role| rows.extend(wrapped_lines(text, width).into_iter().map(|row| (row, role)));
        for line in self.why.iter().flat_map(|why| why.lines()) {
            put(line, Role::Text);
        }
        for Gate { reached, words } in &self.gates {
            let (mark, role) = if *reached { ("✓", Role::Pass) } else { ("✗", Role::Fail) };
            put(&format!("{mark} gate: {words}"), role);
        }
        rows
    }
}

/// The pane that shows it.
#[derive(Debug, Clone)]
pub struct BatchEndingPane {
    pub ending: BatchEnding,
    /// The first row that is seen.
    pub top: usize,
    /// How many rows there are, as of the last width, and how many are seen.
    rows: (usize, usize),
}

impl BatchEndingPane {
    #[must_use]
    pub fn new(ending: BatchEnding) -> Self {
        Self { ending, top: 0, rows: (0, 0) }
    }
}

impl OverlayPart for BatchEndingPane {
    fn title(&self) -> &'static str {
        "How the batch ended"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((88, 20))
    }

    fn hints(&self, _scene: Scene<'_>) -> Vec<Hint> {
        let (all, seen) = self.rows;
        if all > seen { vec![arrows("scroll")] } else { Vec::new() }
    }

    fn step(&mut self, by: isize) {
        let (all, seen) = self.rows;
        self.top = self.top.saturating_add_signed(by).min(all.saturating_sub(seen));
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::Close
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        self.rows = (self.ending.rows(body.width).len(), usize::from(body.height));
        self.step(0);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        for ((text, role), place) in self.ending.rows(body.width).iter().skip(self.top).zip(body.rows()) {
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, *role)), place.width);
        }
    }
}
