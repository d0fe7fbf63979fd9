//! Runs that are started together outside of a batch, and whose answers are compared with each other: those of several models
//! or prompts, each sample by itself.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    model::{CellIndex, RunRequest},
    pipeline::batch::comparisons::{ComparedCell, Comparisons},
};

/// A run's part in the comparison with those that are started beside it. The others wait for it until it is let go.
#[derive(Debug)]
pub struct ComparedRun {
    pub(crate) cell: ComparedCell,
    place: CellIndex,
    all: Arc<Mutex<Comparisons>>,
}

impl Drop for ComparedRun {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).ended(self.place, false);
    }
}

/// Has runs that are started together wait for each other once they are answered: one for each request, none where its
/// prompt compares nothing or it is alone. All of those of a sample have to be under way at once.
#[must_use]
pub fn compare_runs(requests: &[&RunRequest]) -> Vec<Option<ComparedRun>> {
    let all = Arc::new(Mutex::new(Comparisons::default()));
    let compares = |request: &RunRequest| {
        let mut checks = request.checks.iter().chain(&request.prompt.checks);
        checks.any(|check| check.enabled && check.kind.kind.compares_row())
    };
    let place = |(at, request): (usize, &RunRequest)| CellIndex {
        target: u32::try_from(at).unwrap_or(u32::MAX),
        sample: request.sample,
        ..CellIndex::default()
    };
    let places: Vec<Option<CellIndex>> =
        requests.iter().enumerate().map(|(at, request)| compares(request).then(|| place((at, request)))).collect();
    let of_sample = |sample: u32| -> BTreeSet<CellIndex> {
        places.iter().flatten().copied().filter(|other| other.sample == sample).collect()
    };
    let join = |place: &Option<CellIndex>| {
        let place = (*place)?;
        let others = of_sample(place.sample);
        let cell =
            (others.len() > 1).then(|| all.lock().unwrap_or_else(PoisonError::into_inner).join(place, || others))?;
        Some(ComparedRun { cell, place, all: Arc::clone(&all) })
    };
    places.iter().map(join).collect()
}
