//! Two runs that are compared: the older one, the newer one, what differs in their answers, and what the record
//! says of the one's kind against the other's.

use std::sync::Arc;

use ratatui::layout::{Margin, Rect};

pub use crate::pipeline::port::RunRecord;
use crate::{
    app::{
        difference::{Difference, Side},
        weighing::{self, Setup},
    },
    model::RunId,
    store::job::{Job, Weighed},
};

/// Rows above what differs: either run, what differs in a few words, the evidence, and a blank one.
pub const ABOVE: u16 = 5;

/// What the record says of the newer run's kind against the older one's.
#[derive(Debug, Clone, Default)]
pub enum Kinds {
    /// The records are yet to be read.
    #[default]
    Waits,
    /// A run was not sent, so that nobody knows what it was made with.
    Unknown,
    /// Both are of one kind.
    Alike,
    /// They differ in this, and the record was asked.
    Asked(Vec<&'static str>),
    /// They differ in this, and the record says so much.
    Told(Vec<&'static str>, Box<Weighed>),
    /// The record could not say, and why.
    Failed(String),
}

/// Two runs.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The older one and the newer one.
    pub runs: [RunId; 2],
    /// Their records, once they are read.
    pub records: [Option<Box<RunRecord>>; 2],
    /// What differs, once both are.
    difference: Option<Box<Difference>>,
    /// What the record says of either kind.
    pub kinds: Kinds,
}

impl Pair {
    /// Begins with two runs whose records are yet to be read.
    #[must_use]
    pub fn new(older: RunId, newer: RunId) -> Self {
        Self { runs: [older, newer], records: [None, None], difference: None, kinds: Kinds::Waits }
    }

    /// Takes a record in. Returns what is to be asked of the record, once both are there.
    pub fn take(&mut self, record: Box<RunRecord>) -> Option<Job> {
        let at = self.runs.iter().position(|run| *run == record.run)?;
        if let Some(place) = self.records.get_mut(at) {
            *place = Some(record);
        }
        if let [Some(older), Some(newer)] = &self.records {
            let side = |record: &RunRecord| Arc::new(Side::of(&record.outcome.text, record.outcome.json.as_deref()));
            let mut difference = Difference::new(&side(older), &side(newer));
            difference.view_mut().to_top();
            self.difference = Some(Box::new(difference));
            let setup = |record: &RunRecord| Setup::of(&record.prompt, &record.outcome.requested, &record.timeline);
            let Some((a, b)) = setup(older).zip(setup(newer)) else {
                self.kinds = Kinds::Unknown;
                return None;
            };
            let apart = a.apart(&b);
            if apart.is_empty() {
                self.kinds = Kinds::Alike;
                return None;
            }
            self.kinds = Kinds::Asked(apart);
            return Some(weighing::job(&a, &b));
        }
        None
    }

    /// Takes what the record says in.
    pub(super) fn weighed(&mut self, told: Result<Box<Weighed>, String>) {
        let Kinds::Asked(apart) = &mut self.kinds else {
            return;
        };
        self.kinds = match told {
            Ok(weighed) => Kinds::Told(std::mem::take(apart), weighed),
            Err(why) => Kinds::Failed(why),
        };
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
