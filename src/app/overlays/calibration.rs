//! Whether the confidence that answers state holds, a screen over the quality report: a table, a diagram and what follows.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        context::Scene,
        intent::{Intent, OverlayIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows},
    },
    eval::{
        evidence::SEED,
        stats::{Calibration, SplitMix, precision_threshold},
    },
    model::{error::StoreError, query::Query},
    present::calibration,
    store::api::StatedAnswers,
    text::{width, wrapped_lines},
    widgets::{key::Chord, theme::Role},
};

/// The rule that measures what is stated.
pub const STATED: &str = "confidence";

/// The precision that a threshold is looked for.
const PRECISION: f64 = 0.9;

/// What the answers of a query state against what is right of them.
#[derive(Debug, Clone)]
pub struct CalibrationPane {
    query: Query,
    /// The checks by which an answer may be right.
    truths: Vec<String>,
    /// Which of them counts; none for a person's grade.
    truth: Option<usize>,
    /// What was found; none until the record has told.
    found: Option<Result<StatedAnswers, String>>,
    /// The first row that is seen.
    top: usize,
    /// How many rows there are, and how many are seen.
    rows: (usize, usize),
}

impl CalibrationPane {
    /// Weighs the answers of a query: by grade, or by one of these checks.
    #[must_use]
    pub fn new(query: Query, mut truths: Vec<String>) -> Self {
        truths.retain(|truth| truth != STATED);
        Self { query, truths, truth: None, found: None, top: 0, rows: (0, 0) }
    }

    /// Returns what is asked of the record.
    #[must_use]
    pub fn asked(&self) -> (Query, Option<String>) {
        (self.query.clone(), self.by().map(str::to_owned))
    }

    fn by(&self) -> Option<&str> {
        self.truths.get(self.truth?).map(String::as_str)
    }

    /// Takes in what was found, unless another word of what is right counts by now.
    pub(crate) fn take(&mut self, truth: Option<&str>, found: Result<Box<StatedAnswers>, StoreError>) {
        if truth == self.by() {
            self.found = Some(found.map(|found| *found).map_err(|error| error.message));
            self.top = 0;
        }
    }

    fn written(&self, room: u16, plain: bool) -> Vec<(String, Role)> {
        let lines = |text: &str, role: Role| -> Vec<(String, Role)> {
            wrapped_lines(text, room).into_iter().map(|row| (row, role)).collect()
        };
        let found = match &self.found {
            None => return vec![("Loading …".to_owned(), Role::Quiet)],
            Some(Err(why)) => return lines(&format!("! {why}"), Role::Wait),
            Some(Ok(found)) => found,
        };
        let Some(weighed) = Calibration::of(&found.answers, &mut SplitMix::new(SEED)) else {
            return lines(&calibration::missing(found, STATED, self.by()), Role::Text);
        };
        let mut rows = lines(&calibration::heading(STATED, self.by(), &weighed, found), Role::Quiet);
        rows.push((String::new(), Role::Text));
        let table: Vec<Vec<String>> = std::iter::once(calibration::HEADING.map(str::to_owned).to_vec())
            .chain(calibration::rows(&weighed, plain))
            .collect();
        let wide = |column: usize| table.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
        let widths: Vec<usize> = (0..calibration::HEADING.len()).map(|column| wide(column).unwrap_or(0)).collect();
        for (at, row) in table.iter().enumerate() {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide.saturating_sub(width(cell)))));
            let line = cells.collect::<Vec<_>>().join("  ");
            rows.push((line.trim_end().to_owned(), if at == 0 { Role::Title } else { Role::Text }));
        }
        rows.push((String::new(), Role::Text));
        let threshold = precision_threshold(&found.answers, PRECISION);
        for sentence in calibration::sentences(&weighed, PRECISION, &threshold) {
            rows.extend(lines(&sentence, Role::Text));
        }
        rows
    }
}

impl OverlayPart for CalibrationPane {
    fn title(&self) -> &'static str {
        "Calibration of the stated confidence"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.foreign(&format!("right by {}", self.by().unwrap_or("grade")), Role::Quiet))
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, _scene: Scene<'_>) -> Vec<Hint> {
        let mut hints = Vec::new();
        if !self.truths.is_empty() {
            hints.push(("t".to_owned(), "right by the next check, or by grade".to_owned()));
        }
        if self.rows.0 > self.rows.1 {
            hints.push(arrows("scroll"));
        }
        hints
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        if chord.text() != Some('t') || self.truths.is_empty() {
            return None;
        }
        self.truth = match self.truth {
            None => Some(0),
            Some(at) if at + 1 < self.truths.len() => Some(at + 1),
            Some(_) => None,
        };
        self.found = None;
        Some(After::StayAnd(Intent::Overlay(OverlayIntent::Weigh(self.asked()))))
    }

    fn step(&mut self, by: isize) {
        let (all, seen) = self.rows;
        self.top = self.top.saturating_add_signed(by).min(all.saturating_sub(seen));
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::Close
    }

    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        self.rows = (self.written(body.width, cx.shared.look.accessible).len(), usize::from(body.height));
        self.step(0);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let rows = self.written(body.width, scene.shared.look.accessible);
        for ((text, role), place) in rows.iter().skip(self.top).zip(body.rows()) {
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, *role)), place.width);
        }
    }
}
