//! Finding a text in the prompt and in the input, and replacing it.

use std::ops::Range;

/// What is looked for in the texts of a pane.
#[derive(Debug, Clone)]
pub(crate) struct Find {
    pub(crate) text: String,
    /// Where the hit begins that the cursor stands at, in its text.
    pub(crate) at: Option<usize>,
}

impl Find {
    /// Tells whether a hit is the one the cursor stands at.
    pub(crate) fn is_at(&self, hit: &Range<usize>) -> bool {
        self.at == Some(hit.start)
    }
}
