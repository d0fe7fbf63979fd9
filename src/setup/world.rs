//! The real time and the real chance.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{model::RunId, pipeline::port::World};

/// The machine's clock and randomness.
#[derive(Debug, Default)]
pub struct Machine {
    state: RandomState,
    count: AtomicU64,
}

impl World for Machine {
    fn timestamp(&self) -> Timestamp {
        Timestamp::now()
    }

    fn chance(&self) -> f64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(self.count.fetch_add(1, Ordering::Relaxed));
        // The upper 53 bits are all that a float from 0 to 1 can hold.
        (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn run_id(&self) -> RunId {
        RunId(Uuid::now_v7())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_spreads_and_ids_sort_by_time() {
        let world = Machine::default();
        let draws: Vec<f64> = (0..1000).map(|_| world.chance()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
        let ids: Vec<RunId> = (0..100).map(|_| world.run_id()).collect();
        assert!(ids.is_sorted());
    }
}
