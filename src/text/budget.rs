//! A bound on the work that judging one answer may take.
//!
//! Work is counted in steps, never in time, so that the same answer gets the same verdict on every machine.
//! A step is what takes a few nanoseconds: a cell of an edit distance, a byte that a regular expression reads.
//! A rule whose work is known beforehand spends it before it begins; one that finds out as it goes spends as
//! it goes. What exceeds the bound is inconclusive.

use std::cell::Cell;

use crate::text::format::thousands;

/// Steps that one rule may take.
pub const RULE_STEPS: u64 = 50_000_000;

/// Steps that all rules of an answer may take together.
pub const ANSWER_STEPS: u64 = 200_000_000;

/// Steps that are over before anybody could wait for them: a few milliseconds.
const FEW_STEPS: u64 = 1_000_000;

/// The steps that are left for an answer.
#[derive(Debug)]
pub struct WorkBudget {
    rule: Cell<u64>,
    answer: Cell<u64>,
    exceeded: Cell<bool>,
    /// The steps that one rule, and all rules, may take.
    most: (u64, u64),
}

/// Why a rule was not applied: what it would have to do, and the bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("too much work: {0}")]
pub struct TooMuch(String);

impl TooMuch {
    /// Says in words what is too much, and of what there may be how much.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl Default for WorkBudget {
    fn default() -> Self {
        Self::of(RULE_STEPS, ANSWER_STEPS)
    }
}

impl WorkBudget {
    /// Bounds the work by [`FEW_STEPS`], to find out whether it is little.
    pub(crate) fn few() -> Self {
        Self::of(FEW_STEPS, FEW_STEPS)
    }

    /// Has so many steps for a rule, and for all rules of an answer.
    pub(crate) fn of(rule: u64, answer: u64) -> Self {
        Self { rule: Cell::new(rule), answer: Cell::new(answer), exceeded: Cell::new(false), most: (rule, answer) }
    }

    /// Tells whether something would have taken more steps than there were.
    pub(crate) fn was_exceeded(&self) -> bool {
        self.exceeded.get()
    }

    /// Begins the next rule, which has steps of its own as far as the answer has any left.
    pub fn next_rule(&self) {
        self.rule.set(self.most.0.min(self.answer.get()));
    }

    /// Returns the steps that are left for this rule.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.rule.get()
    }

    /// Returns the steps that were taken for this answer.
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.most.1 - self.answer.get()
    }

    /// Takes steps. The error says `what` would take them (`comparing texts of 9 and 7 characters`); then
    /// nothing is taken.
    pub fn spend(&self, steps: u64, what: impl FnOnce() -> String) -> Result<(), TooMuch> {
        if steps > self.rule.get() {
            return Err(self.exceeded(&what()));
        }
        self.take(steps);
        Ok(())
    }

    /// Keeps in mind that something would have taken more steps than there were.
    pub(crate) fn ran_out(&self) {
        self.exceeded.set(true);
    }

    /// Takes steps that were counted while they were made.
    pub(crate) fn take(&self, steps: u64) {
        self.rule.set(self.rule.get().saturating_sub(steps));
        self.answer.set(self.answer.get().saturating_sub(steps));
    }

    /// Says of `what` that it would take more steps than there are.
    pub(crate) fn exceeded(&self, what: &str) -> TooMuch {
        self.ran_out();
        if self.answer.get() < self.most.0 {
            return TooMuch::new(format!(
                "{what} takes more than is left of the {} steps that all checks of an answer may take",
                thousands(self.most.1)
            ));
        }
        TooMuch::new(format!("{what} takes more than {} steps", thousands(self.most.0)))
    }
}

/// Values in a text, above which it is not read as JSON: each takes some hundred bytes of memory.
const MOST_VALUES: usize = 100_000;

/// Refuses a text that may hold too many values to be read as JSON; `what` names it in the error.
pub fn bounded(what: &str, text: &str) -> Result<(), TooMuch> {
    // Those in strings are counted as well: which they are, is not known before it is read.
    let values = 1 + text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values <= MOST_VALUES {
        return Ok(());
    }
    Err(TooMuch::new(format!(
        "{what} may hold {} JSON values, of which at most {} are read",
        thousands(values as u64),
        thousands(MOST_VALUES as u64)
    )))
}
