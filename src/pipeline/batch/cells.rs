//! The cells of a row: their places, which are kept, and the request that each is.

use std::sync::Arc;

use super::BatchPlan;
use crate::model::{CellRef, Commit, Place, Row, RunRequest, batch::Cell};

impl BatchPlan {
    /// Counts the cells of each row.
    #[must_use]
    pub fn cells_of_a_row(&self) -> usize {
        self.targets.iter().map(Vec::len).sum::<usize>() * self.samples.max(1) as usize
    }

    /// Returns the place of a row's cell, counted from 0 in the order of places; none after the last.
    pub(super) fn place(&self, row: u64, at: usize) -> Option<Place> {
        let samples = self.samples.max(1) as usize;
        let (mut lane, sample) = (at / samples, (at % samples) as u32);
        for (prompt, targets) in (0_u32..).zip(&self.targets) {
            if lane < targets.len() {
                return Some(Place { row, prompt, target: lane as u32, sample });
            }
            lane -= targets.len();
        }
        None
    }

    /// Returns the cell at a place if it is not asked again.
    pub(super) fn keeps(&self, place: Place, fingerprint: u64) -> Option<&Cell> {
        self.known.keeps(place, fingerprint, self.retry_failed).filter(|_| self.again.is_none())
    }

    /// Counts the cells of a row that are asked, and not kept as they ended before.
    #[must_use]
    pub fn asks(&self, row: &Row) -> u64 {
        let fingerprint = row.fingerprint();
        let places = (0..self.cells_of_a_row()).filter_map(|at| self.place(row.number, at));
        let asked = |place: &Place| match &self.again {
            Some(again) => again.binary_search(place).is_ok(),
            None => self.keeps(*place, fingerprint).is_none(),
        };
        places.filter(asked).count() as u64
    }

    /// Makes the request of a cell; none for a place the plan has not.
    pub(super) fn request(&self, place: Place, row: &Row, fingerprint: u64) -> Option<RunRequest> {
        let (prompt_name, prompt) = self.prompts.get(place.prompt as usize)?;
        let targets = self.targets.get(place.prompt as usize)?.get(place.target as usize)?;
        Some(RunRequest {
            prompt_name: Some(prompt_name.clone()),
            prompt: Arc::clone(prompt),
            params: self.params.clone(),
            input: row.input.clone(),
            targets: targets.clone(),
            cache: self.cache,
            commit: Commit::Buffered,
            sample: place.sample,
            session: self.session.clone(),
            parent: None,
            checks: row.checks.clone(),
            min_score: row.min_score,
            judges: self.judges.clone(),
            cell: Some(CellRef { batch: self.id, place, row: fingerprint }),
        })
    }
}
