//! What the thread of the record does while nobody asks: it makes the blocks of facts that are missing.

use std::time::Duration;

use super::Record;
use crate::store::facts;

/// How long nobody must have asked before anything is made.
const QUIET: Duration = Duration::from_millis(50);

/// How far the blocks that are missing are made.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Calm {
    /// The block below which others may be missing; none if none are.
    below: Option<i64>,
    /// How long to wait before more are made.
    pub(in crate::store) wait: Duration,
}

impl Calm {
    /// Returns how it stands when anything may have changed.
    pub(in crate::store) fn disturbed() -> Self {
        Self { below: Some(i64::MAX), wait: QUIET }
    }

    /// Makes some more, if the record is open: a question opens it, not this.
    pub(in crate::store) fn go_on(self, record: &Record, idle: Duration) -> Self {
        let none = Self { below: None, wait: idle };
        let (Some(open), Some(below)) = (&record.open, self.below) else {
            return none;
        };
        // What cannot be made is left to whoever reads the rows next.
        match facts::mend(&open.db, below) {
            Ok(Some(below)) => Self { below: Some(below), wait: Duration::ZERO },
            Ok(None) | Err(_) => none,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{facts::tests as facts, job::Job, worker::Reports};

    #[test]
    fn blocks_are_made_while_nobody_asks_until_none_is_missing() {
        let idle = Duration::from_secs(60);
        let (db, dir) = facts::record(6 * 1024);
        let mut record = Record::new(dir.path(), Reports::new().0);
        assert_eq!(Calm::disturbed().go_on(&record, idle).wait, idle, "a record that nobody asked for stays closed");
        record.answer(&Job::Vocabulary).unwrap();
        let first = Calm::disturbed();
        assert_eq!(first.wait, QUIET);
        let second = first.go_on(&record, idle);
        assert_eq!((second.wait, facts::blocks(&db)), (Duration::ZERO, vec![2, 3, 4, 5]));
        let third = second.go_on(&record, idle);
        assert_eq!((third.wait, facts::blocks(&db)), (idle, vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(third.go_on(&record, idle).wait, idle);
    }
}
