//! How a batch is looked at: which rows, in which order, compared with what.

use std::collections::HashMap;

use super::grid::Grid;
use crate::{
    app::line::Line,
    model::{Place, RunStatus, batch::Cell},
    text::{holds, lower},
};

/// What the rows are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// Their numbers.
    #[default]
    Row,
    /// How they came out, the worst first.
    Verdict,
    /// Their scores, the lowest first.
    Score,
    /// How long they took, the longest first.
    Latency,
    /// What they cost, the dearest first.
    Cost,
}

impl By {
    /// Returns it in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Verdict => "verdict",
            Self::Score => "score",
            Self::Latency => "latency",
            Self::Cost => "cost",
        }
    }

    /// Returns the next one, round the end.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Row => Self::Verdict,
            Self::Verdict => Self::Score,
            Self::Score => Self::Latency,
            Self::Latency => Self::Cost,
            Self::Cost => Self::Row,
        }
    }
}

/// Which rows are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those with a cell that failed, is inconclusive or has no answer.
    Failed,
    /// Those with a cell without an answer.
    Errors,
    /// Those with a cell that came out otherwise than in the baseline.
    Changed,
}

/// How cells of an earlier batch came out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// What it is called.
    pub name: String,
    cells: HashMap<Place, Cell>,
}

impl Baseline {
    /// Makes a baseline of a batch's cells.
    #[must_use]
    pub fn new(name: String, cells: impl IntoIterator<Item = Cell>) -> Self {
        Self { name, cells: cells.into_iter().map(|cell| (cell.place, cell)).collect() }
    }

    /// Finds the cell that is in the same place.
    #[must_use]
    pub fn cell(&self, place: Place) -> Option<&Cell> {
        self.cells.get(&place)
    }

    /// Lists the cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.values()
    }

    /// Tells whether a cell came out otherwise than here: which passed, which failed.
    #[must_use]
    pub fn differs(&self, cell: &Cell) -> bool {
        self.cell(cell.place).is_some_and(|before| before.status != cell.status)
    }
}

/// Order, filter and what is searched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// What the rows are ordered by.
    pub by: By,
    /// Whether the order is turned round.
    pub turned: bool,
    /// The column that is gone by, where it is not the rows' number.
    pub column: usize,
    /// Which rows are shown.
    pub only: Only,
    /// The text they are narrowed by.
    pub query: Line,
    /// Whether that text is being typed.
    pub typing: bool,
}

impl Look {
    /// Tells whether every row is shown.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        self.only == Only::All && self.query.is_empty()
    }

    /// Tells whether the rows stand in their own order.
    #[must_use]
    pub fn is_natural(&self) -> bool {
        self.by == By::Row && !self.turned
    }

    /// Makes the test of which rows are shown; none where all are.
    pub fn fits<'a>(&self, grid: &'a Grid, baseline: Option<&'a Baseline>) -> Option<impl Fn(usize) -> bool + use<'a>> {
        let (only, query) = (self.only, lower(self.query.text().trim()));
        let kept = move |at: usize| match only {
            Only::All => true,
            Only::Failed => grid
                .finished(at)
                .any(|cell| matches!(cell.status, RunStatus::Error | RunStatus::Failed | RunStatus::Inconclusive)),
            Only::Errors => grid.finished(at).any(|cell| cell.status == RunStatus::Error),
            Only::Changed => grid.finished(at).any(|cell| baseline.is_some_and(|baseline| baseline.differs(cell))),
        };
        let found = move |at: usize| {
            query.is_empty()
                || grid.line(at).is_some_and(|line| holds(&line.text, &query))
                || grid.finished(at).any(|cell| holds(&cell.summary, &query))
        };
        (!self.shows_all()).then_some(move |at: usize| kept(at) && found(at))
    }

    /// Makes the key the rows are ordered by, the least first; none where they stand as they are. What
    /// is not known comes last either way.
    pub fn key<'a>(&self, grid: &'a Grid) -> Option<impl Fn(usize) -> u64 + use<'a>> {
        let Self { by, turned, column, .. } = *self;
        let known = move |at: usize| -> Option<u64> {
            let cells = || grid.column(at, column);
            match by {
                By::Row => grid.line(at).map(|line| line.number),
                By::Verdict => grid.status(at, column).map(|status| status as u64),
                By::Score => {
                    mean(cells().filter_map(|cell| cell.score)).map(|score| (score.clamp(0.0, 1.0) * 1e9) as u64)
                }
                By::Latency => {
                    let longest = cells().filter(|cell| cell.answered()).map(|cell| cell.took).max()?;
                    Some(MOST - u64::try_from(longest.as_micros()).unwrap_or(MOST).min(MOST))
                }
                By::Cost => {
                    let dearest = cells().filter_map(|cell| cell.spent().cost.amount()).max()?;
                    Some(MOST - dearest.0.min(MOST))
                }
            }
        };
        let turn = move |key: u64| if turned { MOST - key.min(MOST) } else { key };
        (!self.is_natural()).then_some(move |at: usize| known(at).map_or(u64::MAX, turn))
    }
}

/// The greatest key of what is known.
const MOST: u64 = u64::MAX / 2;

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0_u32), |(sum, count), number| (sum + number, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
