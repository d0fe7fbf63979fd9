//! The runs that are listed, read in pages as the cursor nears their end.

use crate::{
    app::query_line::RunKind,
    eval::quality::LiveFigures,
    model::{
        RunId,
        query::{Query, Sort},
    },
    store::api::{HistoryEntry, HistoryPage},
    widgets::table::Table,
};

/// Runs of a page.
pub const PAGE: usize = 200;

/// Runs that are read anew at once, at most.
const MOST: usize = 2000;

/// Rows before the end at which the next page is asked for.
const NEAR: usize = 100;

/// Runs that can be marked.
const MARKS: usize = 2;

/// How many runs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// As many were counted.
    pub runs: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// How many runs of each kind there are, whichever kind is listed.
#[derive(Debug, Clone, Default)]
pub struct KindCounts {
    counts: [Option<Count>; RunKind::ALL.len()],
    /// What was asked for, whatever the kind.
    of: Query,
    /// The question they were asked with.
    round: u64,
}

impl KindCounts {
    /// Returns how many there are of a kind, as far as that is known.
    #[must_use]
    pub fn of(&self, kind: RunKind) -> Option<Count> {
        *self.counts.get(kind as usize)?
    }

    /// Begins to count for a question, once for each. Counts of the same runs stay until the new ones are known.
    pub(crate) fn begin(&mut self, round: u64, query: &Query) -> bool {
        if self.round == round {
            return false;
        }
        let of = Query { sort: Sort::default(), ..RunKind::All.query(query) };
        if self.of != of {
            self.counts = Default::default();
        }
        (self.of, self.round) = (of, round);
        true
    }

    /// Has them counted anew: a run has gone, or has another grade.
    pub(crate) fn forget(&mut self) {
        self.round = 0;
    }

    /// Takes in how many there are of a kind.
    pub(crate) fn take(&mut self, round: u64, kind: RunKind, count: Count) {
        if let Some(known) = self.counts.get_mut(kind as usize).filter(|_| round == self.round) {
            *known = Some(count);
        }
    }
}

/// What the runs that are listed come to: all that the question finds, whether or not they were read.
#[derive(Debug, Clone, Default)]
pub struct ListedFigures {
    /// The figures of the answers, and how many runs of judges are listed beside them.
    figures: Option<(LiveFigures, u64)>,
    /// The question they are of.
    round: u64,
}

impl ListedFigures {
    /// Returns them as they are of a question, as far as they are known.
    #[must_use]
    pub fn of(&self, round: u64) -> Option<&(LiveFigures, u64)> {
        self.figures.as_ref().filter(|_| round == self.round)
    }

    /// Begins to add up for a question, once for each.
    pub(crate) fn begin(&mut self, round: u64) -> bool {
        let is_new = self.round != round;
        if is_new {
            (self.figures, self.round) = (None, round);
        }
        is_new
    }

    /// Has them added up anew: a run has gone.
    pub(crate) fn forget(&mut self) {
        (self.figures, self.round) = (None, 0);
    }

    /// Takes in what the runs of a question come to.
    pub(crate) fn take(&mut self, round: u64, figures: &(LiveFigures, u64)) {
        if round == self.round {
            self.figures = Some(*figures);
        }
    }
}

/// What is to be asked of the store next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The first page, of so many runs.
    First(usize),
    /// The page after the last run.
    Further,
}

/// The list.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// Those that were read, in the order asked for.
    pub entries: Vec<HistoryEntry>,
    /// The window on them.
    pub table: Table,
    /// How many there are, once that is known.
    pub count: Option<Count>,
    /// Those that are marked to be compared, in the order of marking.
    pub marked: Vec<RunId>,
    /// Counts the questions so far: an answer to an earlier one is late.
    round: u64,
    /// The question whose first page was read.
    read: u64,
    /// Whether further runs follow.
    more: bool,
    /// Whether a page is waited for.
    waits: bool,
    /// Whether the cursor goes to the first run with the next first page.
    from_top: bool,
}

impl Runs {
    /// Asks another question: the list goes from its first run on.
    pub fn ask(&mut self) {
        self.round += 1;
        self.from_top = true;
        self.count = None;
    }

    /// Asks the same question again: the cursor stays on its run.
    pub fn refresh(&mut self) {
        let top = self.table.at() == 0;
        self.ask();
        self.from_top = top;
    }

    /// Tells whether the runs of the present question are still to come.
    #[must_use]
    pub fn loading(&self) -> bool {
        self.read != self.round
    }

    /// Returns the number of the question.
    pub(crate) fn round(&self) -> u64 {
        self.round
    }

    /// Says what is to be asked next, if anything; it is taken to be under way then.
    pub(crate) fn next(&mut self) -> Option<Next> {
        let near = self.table.at() + NEAR >= self.entries.len();
        let next = match (self.waits, self.loading()) {
            (true, _) => None,
            (false, true) => {
                let again = if self.from_top { PAGE } else { self.entries.len().div_ceil(PAGE).max(1) * PAGE };
                Some(Next::First(again.min(MOST)))
            }
            (false, false) => (self.more && near).then_some(Next::Further),
        };
        self.waits = next.is_some() || self.waits;
        next
    }

    /// Takes a page in. Tells whether it was the first one of the present question; a late one is dropped.
    pub(crate) fn take(&mut self, round: u64, first: bool, page: HistoryPage) -> bool {
        self.waits = false;
        if round != self.round {
            return false;
        }
        self.more = page.more;
        if !first {
            self.entries.extend(page.runs);
            self.table.grow(self.entries.len());
            return false;
        }
        let chosen = self.chosen().map(|entry| entry.run).filter(|_| !self.from_top);
        self.read = round;
        self.entries = page.runs;
        self.table.grow(self.entries.len());
        self.choose(chosen);
        if !page.more {
            self.count = Some(Count { runs: self.entries.len() as u64, more: false });
        }
        true
    }

    /// Notes that a page could not be read: nothing more is asked until the next question.
    pub(crate) fn failed(&mut self, round: u64) {
        self.waits = false;
        if round == self.round {
            self.read = round;
            self.more = false;
        }
    }

    /// Returns the run under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<&HistoryEntry> {
        self.entries.get(self.table.chosen()?)
    }

    /// Finds a run that is listed, to be changed.
    pub(crate) fn find(&mut self, run: RunId) -> Option<&mut HistoryEntry> {
        self.entries.iter_mut().find(|entry| entry.run == run)
    }

    /// Puts the cursor on a run, or on the first one.
    fn choose(&mut self, run: Option<RunId>) {
        let at = run.and_then(|run| self.entries.iter().position(|entry| entry.run == run));
        self.table.choose(at.unwrap_or(0));
    }

    /// Takes a run out that was removed.
    pub(crate) fn remove(&mut self, run: RunId) {
        let Some(at) = self.entries.iter().position(|entry| entry.run == run) else {
            return;
        };
        self.entries.remove(at);
        self.marked.retain(|marked| *marked != run);
        let cursor = self.table.at();
        self.table.grow(self.entries.len());
        self.table.choose(if at < cursor { cursor - 1 } else { cursor });
        if let Some(count) = &mut self.count {
            count.runs = count.runs.saturating_sub(1);
        }
    }

    /// Marks the run under the cursor, or takes its mark off; of three the first mark goes.
    pub(crate) fn mark(&mut self) {
        let Some(run) = self.chosen().map(|entry| entry.run) else {
            return;
        };
        if let Some(at) = self.marked.iter().position(|marked| *marked == run) {
            self.marked.remove(at);
            return;
        }
        self.marked.push(run);
        if self.marked.len() > MARKS {
            self.marked.remove(0);
        }
    }

    /// Returns the two runs that are meant, the older first: those marked, or the marked one and the one
    /// under the cursor.
    pub(crate) fn two(&self) -> Option<(RunId, RunId)> {
        let chosen = self.chosen().map(|entry| entry.run);
        let (one, other) = match (self.marked.as_slice(), chosen) {
            ([one, other], _) => (*one, *other),
            ([one], Some(chosen)) if *one != chosen => (*one, chosen),
            _ => return None,
        };
        Some((one.min(other), one.max(other)))
    }
}
