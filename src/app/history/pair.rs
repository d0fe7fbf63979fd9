//! Two runs that are compared: the older one, the newer one, and what differs in their answers.

use std::sync::Arc;

use ratatui::layout::{Margin, Rect};

use crate::{
    app::difference::{Difference, Side},
    model::RunId,
    pipeline::port::RunRecord,
};

/// Rows above what differs: either run, what differs in a few words, and a blank one.
pub const ABOVE: u16 = 4;

/// Two runs.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The older one and the newer one.
    pub runs: [RunId; 2],
    /// Their records, once they are read.
    pub records: [Option<Box<RunRecord>>; 2],
    /// What differs, once both are.
    difference: Option<Box<Difference>>,
}

impl Pair {
    /// Begins with two runs whose records are yet to be read.
    #[must_use]
    pub fn new(older: RunId, newer: RunId) -> Self {
        Self { runs: [older, newer], records: [None, None], difference: None }
    }

    /// Takes a record in.
    pub fn take(&mut self, record: Box<RunRecord>) {
        let Some(at) = self.runs.iter().position(|run| *run == record.run) else {
            return;
        };
        if let Some(place) = self.records.get_mut(at) {
            *place = Some(record);
        }
        if let [Some(older), Some(newer)] = &self.records {
            let side = |record: &RunRecord| Arc::new(Side::of(&record.outcome.text, record.outcome.json.as_ref()));
            let mut difference = Difference::new(&side(older), &side(newer));
            difference.view_mut().to_top();
            self.difference = Some(Box::new(difference));
        }
    }

    /// Returns what differs.
    #[must_use]
    pub fn difference(&self) -> Option<&Difference> {
        self.difference.as_deref()
    }

    /// The same, to be moved in.
    pub(super) fn difference_mut(&mut self) -> Option<&mut Difference> {
        self.difference.as_deref_mut()
    }

    /// Moves the window.
    pub(super) fn scroll(&mut self, by: isize) {
        if let Some(difference) = &mut self.difference {
            difference.view_mut().scroll(by);
        }
    }

    /// Gives the window a size.
    pub(super) fn fit(&mut self, width: u16, height: u16) {
        if let Some(difference) = &mut self.difference {
            difference.view_mut().fit(width, height);
        }
    }
}

/// Returns where what differs is drawn.
#[must_use]
pub fn area(body: Rect) -> Rect {
    let inside = body.inner(Margin::new(1, 0));
    Rect { y: inside.y + ABOVE.min(inside.height), height: inside.height.saturating_sub(ABOVE), ..inside }
}
