//! What was searched in an answer, and where it stands.

use std::ops::Range;

/// What was searched in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What was searched.
    pub query: String,
    /// Where it is, in bytes of the text.
    pub hits: Vec<Range<usize>>,
    /// Which of them is the present one.
    pub at: usize,
}

impl Found {
    /// Goes to the next hit or the one before, round the end.
    pub(super) fn step(&mut self, forward: bool) {
        let count = self.hits.len().max(1);
        self.at = (self.at + if forward { 1 } else { count - 1 }) % count;
    }
}
