//! A lane of the bench: what it runs, and its takes, one run each.

pub mod card;
pub mod state;
pub mod take;

use super::msg::Ticket;
use crate::{eval::Groups, model::LaneSpec};
pub use card::Card;
pub use state::{State, Survived};
pub use take::Take;

/// One lane. It has as many takes as samples are asked for, at least one, and shows one of them.
#[derive(Debug, Clone, Default)]
pub struct Lane {
    /// What it runs.
    pub spec: LaneSpec,
    /// Whether it is the baseline: what the other lanes are compared with.
    pub baseline: bool,
    /// Its answers in groups of equal ones, as far as their runs have ended; none of a single take.
    pub groups: Groups,
    first: Take,
    more: Vec<Take>,
    at: usize,
}

impl Lane {
    /// Makes a lane of one take that has run nothing.
    #[must_use]
    pub fn new(spec: impl Into<LaneSpec>) -> Self {
        Self { spec: spec.into(), ..Self::default() }
    }

    /// Makes a lane of so many takes that have run nothing; of one where none are asked for.
    #[must_use]
    pub fn with_samples(spec: impl Into<LaneSpec>, samples: u32) -> Self {
        let mut lane = Self::new(spec);
        lane.set_samples(samples);
        lane
    }

    /// Returns the take that is shown.
    #[must_use]
    pub fn shown(&self) -> &Take {
        self.at.checked_sub(1).and_then(|at| self.more.get(at)).unwrap_or(&self.first)
    }

    /// The same, to be changed.
    pub fn shown_mut(&mut self) -> &mut Take {
        self.at.checked_sub(1).and_then(|at| self.more.get_mut(at)).unwrap_or(&mut self.first)
    }

    /// Returns the place of the take that is shown, counted from 0: the index of its sample.
    #[must_use]
    pub fn shown_at(&self) -> usize {
        self.at
    }

    /// Shows another take; the last where there are not so many.
    pub fn show(&mut self, at: usize) {
        self.at = at.min(self.more.len());
    }

    /// Lists the takes in the order of their samples.
    pub fn takes(&self) -> impl Iterator<Item = &Take> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The same, to be changed.
    pub fn takes_mut(&mut self) -> impl Iterator<Item = &mut Take> {
        std::iter::once(&mut self.first).chain(&mut self.more)
    }

    /// Counts the takes, at least one.
    #[must_use]
    pub fn samples(&self) -> usize {
        1 + self.more.len()
    }

    /// Gives the lane so many takes, at least one, and returns the runs this breaks off.
    pub fn set_samples(&mut self, samples: u32) -> Vec<Ticket> {
        let more = usize::try_from(samples).unwrap_or(usize::MAX).saturating_sub(1);
        let stopped = self.more.iter_mut().skip(more).filter_map(Take::stop).collect();
        self.more.resize_with(more, Take::default);
        self.show(self.at);
        self.groups = Groups::default();
        stopped
    }

    /// Stops every take and returns the runs this breaks off.
    pub fn stop(&mut self) -> Vec<Ticket> {
        self.takes_mut().filter_map(Take::stop).collect()
    }

    /// Counts the rows above the answer that say what the lane has of its own and which sample is shown.
    #[must_use]
    pub fn head_rows(&self, width: u16) -> u16 {
        let own = u16::from(!self.spec.params.is_empty()) + u16::from(self.spec.pinned.is_some());
        let samples = u16::from(self.samples() > 1);
        if width < 60 { own + samples } else { (own + samples).min(1) }
    }

    /// Tells whether any take's run is under way.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.takes().any(|take| take.ticket.is_some())
    }
}
