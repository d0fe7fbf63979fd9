//! Where the parts of the batch screen stand: head, verdict, rows, and the cell under the cursor.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::{
    app::batch::{grid::Grid, run_state::ShownBatch},
    text::{Wrapped, clean},
};

/// Columns of the rows' numbers.
pub const ROW: u16 = 6;

/// Columns of the rows' texts, at least.
pub const TEXT: u16 = 18;

/// Columns of what rows expect.
pub const EXPECTED: u16 = 12;

/// Columns of a cell, at least.
pub const CELL: u16 = 22;

/// Rows of the screen from which everything is there; below that it is as short as can be.
pub(crate) const TALL: u16 = 26;

/// Columns of the screen from which the cell under the cursor stands beside the rows.
const WIDE: u16 = 160;

/// Tells whether there is room for what rows expect beside them.
#[must_use]
pub fn shows_expected(grid: &Grid, width: u16) -> bool {
    width >= 100 && grid.expects()
}

/// Counts the columns of cells there is room for.
#[must_use]
pub fn columns_in(grid: &Grid, width: u16) -> usize {
    let expected = if shows_expected(grid, width) { EXPECTED + 1 } else { 0 };
    let left = width.saturating_sub(ROW + TEXT + 4 + expected);
    usize::from((left / (CELL + 1)).max(1))
}

/// The parts of the screen while the rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableAreas {
    /// How the batch goes.
    pub head: Rect,
    /// What its cells come to; empty while it runs.
    pub verdict: Rect,
    /// The rows, with a rule and the heads of the columns above them.
    pub rows: Rect,
    /// The cell under the cursor; empty where there is no room.
    pub detail: Rect,
}

impl TableAreas {
    /// Shares the body among the parts.
    #[must_use]
    pub fn of(shown: &ShownBatch, body: Rect) -> Self {
        let tall = body.height >= TALL;
        let busy = shown.is_busy();
        let head = if tall { 4 } else { 3 };
        let verdict = if busy { 0 } else { verdict_rows(shown, body.width, tall) };
        // While a threshold is moved, what that does is what is looked at.
        let most = match (shown.what_if.is_some(), tall) {
            (true, true) => body.height / 2,
            (true, false) => 8,
            (false, true) => body.height / 3,
            (false, false) => 4,
        };
        let verdict = verdict.min(most);
        let [head, verdict, rest] =
            Layout::vertical([Constraint::Length(head), Constraint::Length(verdict), Constraint::Fill(1)]).areas(body);
        let [rows, detail] = if shown.table.is_empty() || rest.height < 9 {
            [rest, Rect { height: 0, ..rest }]
        } else if body.width >= WIDE {
            Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).spacing(1).areas(rest)
        } else {
            let below = if tall { (body.height / 3).min(rest.height / 2) } else { 5 };
            Layout::vertical([Constraint::Fill(1), Constraint::Length(below)]).areas(rest)
        };
        Self { head, verdict, rows, detail }
    }

    /// Counts the rows of the table that there is room for.
    #[must_use]
    pub fn table_rows(&self) -> usize {
        usize::from(self.rows.height.saturating_sub(2))
    }
}

/// Counts the rows that the verdict takes: its sentences as they wrap, the gates, and where there is room the models.
fn verdict_rows(shown: &ShownBatch, width: u16, tall: bool) -> u16 {
    let figures = &shown.figures;
    if figures.columns.is_empty() {
        return 0;
    }
    let room = usize::from(width.saturating_sub(4).max(1));
    let sentences: usize = figures.verdict.iter().map(|sentence| wrapped(sentence, room).len()).sum();
    let gates = usize::from(!shown.judged_gates().is_empty());
    let models = if tall { figures.columns.len() + 2 } else { 0 };
    let rule = usize::from(tall);
    let moved = shown.what_if.as_ref().map_or(0, |what_if| what_if.rows(tall));
    u16::try_from(rule + sentences + gates + models).unwrap_or(u16::MAX).saturating_add(moved)
}

/// Breaks a text into rows of so many columns.
#[must_use]
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut rows = Wrapped::new(width.max(1));
    rows.push(&clean(text));
    (0..rows.rows()).map(|row| rows.row(row).text.into_owned()).collect()
}

/// The parts of the cell under the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetailAreas {
    /// Which cell it is and how it came out.
    pub rule: Rect,
    pub input: Rect,
    pub expected: Rect,
    pub answer: Rect,
    /// Why it failed.
    pub checks: Rect,
    /// What it took.
    pub figures: Rect,
    /// Whether there are so few rows that only the beginning of the answer is shown.
    pub low: bool,
}

impl DetailAreas {
    /// Columns of the labels of the parts.
    pub const LABEL: u16 = 10;

    /// Shares an area among the parts; a low one has no place for the input.
    #[must_use]
    pub fn of(area: Rect, expects: bool) -> Self {
        let low = area.height < 8;
        let rows = |wanted: bool, rows: u16| Constraint::Length(if wanted { rows } else { 0 });
        let [rule, input, expected, answer, checks, figures] = Layout::vertical([
            Constraint::Length(1),
            rows(!low, if area.height >= 16 { 3 } else { 1 }),
            rows(expects && area.height >= 5, 1),
            Constraint::Fill(1),
            Constraint::Length(if low { 1 } else { 2 }),
            Constraint::Length(1),
        ])
        .areas(area);
        let label = if low { 2 } else { Self::LABEL + 2 };
        let answer =
            Rect { x: answer.x.saturating_add(label), width: answer.width.saturating_sub(label + 1), ..answer };
        Self { rule, input, expected, answer, checks, figures, low }
    }
}

/// Shares the body among what is said of a cell, its answer, and its checks.
#[must_use]
pub fn detail_areas(body: Rect) -> [Rect; 3] {
    let [head, rest] = Layout::vertical([Constraint::Length(3), Constraint::Fill(1)]).areas(body);
    let [answer, checks] = if body.width >= 100 {
        Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).spacing(1).areas(rest)
    } else {
        let checks = (rest.height * 2 / 5).max(4);
        Layout::vertical([Constraint::Fill(1), Constraint::Length(checks)]).areas(rest)
    };
    let answer = Rect { y: answer.y + 1, height: answer.height.saturating_sub(1), ..answer };
    [head, answer.intersection(body), checks]
}
