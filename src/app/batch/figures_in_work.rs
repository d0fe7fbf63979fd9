//! The figures of a batch while they are worked out, a step at a time: a pass over its cells, and the columns compared with each
//! other and with the batch chosen for that.

use crate::{
    app::batch::{
        baseline::BatchBaseline,
        figures::{ColumnFigures, Figures},
        grid::Grid,
    },
    eval::{
        Evidence, Tally,
        evidence::{EvidenceInWork, RowPair, SEED, Samples},
    },
    present::batch_verdict::{Side, verdict},
    text::clean_line,
};

/// Cells that are counted in one step: some milliseconds.
const CELLS: usize = 16_384;

/// Scores that are drawn in one step.
const DRAWS: usize = 1_000_000;

/// Figures that are being worked out.
#[derive(Debug, Clone)]
pub(crate) struct FiguresInWork {
    stage: FiguresStage,
    /// How far that is: rows, then columns, then comparisons.
    at: usize,
    columns: Vec<ColumnFigures>,
    total: ColumnFigures,
    /// Each column beyond the first against it.
    between: Vec<EvidenceInWork>,
    /// Each column against its like in the baseline.
    before: Vec<EvidenceInWork>,
    /// What the baseline's cells come to, by column.
    tallies: Vec<Tally>,
    /// What the comparisons show: which column, whether with the baseline, and what.
    found: Vec<(usize, bool, Evidence)>,
    words: Vec<String>,
    /// Cells that had ended when it began.
    done: u64,
}

/// What is being done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FiguresStage {
    Rows,
    BaselineRows,
    Comparing,
    Times,
    Words,
}

/// The sums of the rows that are listed, while they are added up.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListedInWork {
    /// The place in the table of the next row.
    pub(crate) at: usize,
    pub(crate) tally: Tally,
}

/// Pairs a row's column with another one's, over the samples that both have; none where they have none in common.
fn pair(new: (&Grid, usize, usize), old: (&Grid, usize, usize)) -> Option<RowPair> {
    let (mut a, mut b, mut any) = (Samples::default(), Samples::default(), false);
    for sample in 0..new.0.samples().min(old.0.samples()) {
        let found = old.0.judged(old.1, old.2, sample).zip(new.0.judged(new.1, new.2, sample));
        if let Some(((before, score_before), (passed, score))) = found {
            a.take(before, score_before);
            b.take(passed, score);
            any = true;
        }
    }
    any.then(|| RowPair::of(a, b))
}

impl FiguresInWork {
    /// Begins with nothing taken in.
    pub(crate) fn new(grid: &Grid, compares: bool) -> Self {
        let count = grid.columns();
        let in_work = |count: usize| vec![EvidenceInWork::new(SEED); count];
        Self {
            stage: FiguresStage::Rows,
            at: 0,
            columns: vec![ColumnFigures::default(); count],
            total: ColumnFigures::default(),
            between: in_work(count.saturating_sub(1)),
            before: in_work(if compares { count } else { 0 }),
            tallies: vec![Tally::default(); count],
            found: Vec::new(),
            words: Vec::new(),
            done: grid.counts().done,
        }
    }

    /// Takes the cells of some rows in. Tells whether those were the last.
    fn take_rows(&mut self, grid: &Grid, baseline: Option<&BatchBaseline>) -> bool {
        let end = self.at.saturating_add(rows_of(grid)).min(grid.len());
        for at in self.at..end {
            for cell in grid.finished(at) {
                if let Some(column) = grid.column_of(cell.place).and_then(|at| self.columns.get_mut(at)) {
                    column.take(&cell);
                }
                self.total.take(&cell);
            }
            for (column, evidence) in (1..).zip(&mut self.between) {
                if let Some(pair) = pair((grid, at, column), (grid, at, 0)) {
                    evidence.take(pair);
                }
            }
            let earlier = baseline.zip(grid.number(at));
            let earlier = earlier.and_then(|(baseline, number)| Some((&baseline.grid, baseline.grid.row_at(number)?)));
            if let Some((before, row)) = earlier {
                for (column, evidence) in self.before.iter_mut().enumerate() {
                    if let Some(pair) = pair((grid, at, column), (before, row, column)) {
                        evidence.take(pair);
                    }
                }
            }
        }
        self.at = end;
        end == grid.len()
    }

    /// Takes the cells of some rows of the baseline in. Tells whether those were the last.
    fn take_baseline(&mut self, baseline: &Grid) -> bool {
        let end = self.at.saturating_add(rows_of(baseline)).min(baseline.len());
        for cell in (self.at..end).flat_map(|at| baseline.finished(at)) {
            if let Some(tally) = baseline.column_of(cell.place).and_then(|at| self.tallies.get_mut(at)) {
                tally.take(&cell, None);
            }
        }
        self.at = end;
        end == baseline.len()
    }

    /// Goes on with one comparison. Tells whether it was the last.
    fn compare(&mut self) -> bool {
        let mut in_work = self.between.iter_mut().chain(&mut self.before);
        let done = in_work.nth(self.at).is_none_or(|evidence| evidence.step(DRAWS));
        self.at += usize::from(done);
        self.at >= self.between.len() + self.before.len()
    }

    /// Works out how long the answers of one column took. Tells whether it was the last.
    fn time(&mut self) -> bool {
        match self.columns.get_mut(self.at) {
            Some(column) => column.time(),
            None => self.total.time(),
        }
        self.at += 1;
        self.at > self.columns.len()
    }

    /// Notes what the comparisons show, those left out without a row in common.
    fn conclude(&mut self) {
        let between = (1..).zip(&self.between).map(|(column, evidence)| (column, false, evidence));
        let before = self.before.iter().enumerate().map(|(column, evidence)| (column, true, evidence));
        let all = between.chain(before).filter(|(_, _, evidence)| !evidence.is_empty());
        self.found = all.map(|(column, earlier, evidence)| (column, earlier, evidence.evidence())).collect();
    }

    /// Says what one comparison shows. Tells whether it was the last.
    fn say(&mut self, baseline: Option<&BatchBaseline>, name: impl Fn(usize) -> String) -> bool {
        let Some((column, earlier, evidence)) = self.found.get(self.at) else { return true };
        let base = if *earlier {
            let name = baseline.map(|baseline| clean_line(&baseline.name).as_str().to_owned());
            name.zip(self.tallies.get(*column))
        } else {
            self.columns.first().map(|first| (name(0), &first.tally))
        };
        if let Some((own, (base, tally))) = self.columns.get(*column).zip(base) {
            let side = Side { name: &name(*column), tally: &own.tally };
            self.words.extend(verdict(evidence, side, Side { name: &base, tally }));
        }
        self.at += 1;
        self.at >= self.found.len()
    }

    /// Does one step, given what a column is called. Tells whether all is worked out.
    pub(crate) fn step(
        &mut self,
        grid: &Grid,
        baseline: Option<&BatchBaseline>,
        name: impl Fn(usize) -> String,
    ) -> bool {
        let next = match self.stage {
            FiguresStage::Rows => self.take_rows(grid, baseline).then_some(Some(FiguresStage::BaselineRows)),
            FiguresStage::BaselineRows => {
                let over = baseline.is_none_or(|baseline| self.take_baseline(&baseline.grid));
                over.then_some(Some(FiguresStage::Comparing))
            }
            FiguresStage::Comparing => self.compare().then_some(Some(FiguresStage::Times)),
            FiguresStage::Times => self.time().then_some(Some(FiguresStage::Words)),
            FiguresStage::Words => self.say(baseline, name).then_some(None),
        };
        match next {
            Some(Some(stage)) => {
                if self.stage == FiguresStage::Comparing {
                    self.conclude();
                }
                (self.stage, self.at) = (stage, 0);
                false
            }
            Some(None) => true,
            None => false,
        }
    }

    /// Returns what was worked out, so many cells having ended since.
    pub(crate) fn figures(self, since: u64) -> Figures {
        let of = |earlier: bool| {
            let own = self.found.iter().filter(move |(_, own, _)| *own == earlier);
            own.map(|(column, _, evidence)| (*column, evidence.clone())).collect()
        };
        let (between, before) = (of(false), of(true));
        let Self { columns, total, words, done, .. } = self;
        Figures { columns, total, between, before, verdict: words, since, done }
    }
}

/// Rows whose cells are counted in one step.
pub(crate) fn rows_of(grid: &Grid) -> usize {
    (CELLS / grid.cells_of_a_row().max(1)).max(1)
}
