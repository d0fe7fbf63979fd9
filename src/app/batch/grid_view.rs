//! How a batch is looked at: which rows, in which order, compared with what.

use crate::{
    app::batch::{
        baseline::BatchBaseline,
        grid::{Grid, packed::PackedCell},
        text_search::TextSearch,
    },
    model::RunStatus,
    text::lower,
    widgets::line_input::LineInput,
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
    #[default]
    All,
    /// Those with a cell that failed, is inconclusive or has no answer.
    Failed,
    /// Those with a cell without an answer.
    Errors,
    /// Those with a cell that came out otherwise than in the baseline.
    Changed,
}

/// Order, filter and what is searched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GridView {
    /// What the rows are ordered by.
    pub by: By,
    /// Whether the order is turned round.
    pub turned: bool,
    /// The column that is gone by, where it is not the rows' number.
    pub column: usize,
    /// Which rows are shown.
    pub only: Only,
    /// The text they are narrowed by.
    pub query: LineInput,
    /// Whether that text is being typed.
    pub typing: bool,
    /// Whether a person has chosen which rows are shown.
    pub chosen: bool,
}

impl GridView {
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

    /// Returns the text that rows are searched for, as [`lower`] writes it; none where nothing is.
    #[must_use]
    pub fn wanted(&self) -> Option<String> {
        Some(lower(self.query.text().trim())).filter(|text| !text.is_empty())
    }

    /// Makes the test of which rows are shown; none where all are. `search` is what the record says of the text.
    pub(crate) fn fits<'a>(
        &self,
        grid: &'a Grid,
        baseline: Option<&'a BatchBaseline>,
        search: Option<&'a TextSearch>,
    ) -> Option<impl Fn(usize) -> bool + use<'a>> {
        let (only, wanted) = (self.only, self.wanted());
        let kept = move |at: usize| match only {
            Only::All => true,
            Only::Failed => {
                grid.has(at, |status| matches!(status, RunStatus::Error | RunStatus::Failed | RunStatus::Inconclusive))
            }
            Only::Errors => grid.has(at, |status| status == RunStatus::Error),
            Only::Changed => baseline.is_some_and(|baseline| grid.differs(at, &baseline.grid)),
        };
        let found = move |at: usize| {
            wanted.as_ref().is_none_or(|wanted| {
                grid.number(at).is_some_and(|number| search.is_some_and(|search| search.has(number)))
                    || grid.holds(at, wanted)
            })
        };
        (!self.shows_all()).then_some(move |at: usize| kept(at) && found(at))
    }

    /// Makes the key the rows are ordered by, the least first; none where they stand as they are. What
    /// is not known comes last either way.
    pub(crate) fn key<'a>(&self, grid: &'a Grid) -> Option<impl Fn(usize) -> u64 + use<'a>> {
        let Self { by, turned, column, .. } = *self;
        let known = move |at: usize| -> Option<u64> {
            let cells = || grid.known(at, column);
            match by {
                By::Row => grid.number(at),
                By::Verdict => grid.status(at, column).map(|status| status as u64),
                By::Score => {
                    mean(cells().filter_map(PackedCell::score)).map(|score| (score.clamp(0.0, 1.0) * 1e9) as u64)
                }
                By::Latency => {
                    let longest = cells().filter_map(PackedCell::answered_in).max()?;
                    Some(MOST - u64::try_from(longest.as_micros()).unwrap_or(MOST).min(MOST))
                }
                By::Cost => {
                    let dearest = cells().filter_map(|cell| cell.cost().amount()).max()?;
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
