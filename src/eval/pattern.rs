//! A regular expression, matched within a bound of work whatever it is and however long the answer.
//!
//! An engine without backtracking reads a text once, but may follow every state of the expression at every
//! byte. Where length times states is too much, the text is read by states found as they are needed, of which
//! there are few in all but hostile expressions; that gives up where there are too many.

use regex::{Regex, RegexBuilder};
use regex_automata::{Input, hybrid};

use crate::{
    eval::{WorkBudget, reason::quote},
    text::budget::TooMuch,
};

/// Bytes that a compiled expression may take.
pub(crate) const LARGEST: usize = 4 << 20;

/// Bytes that a compiled expression is measured with.
const SIZES: &[usize] = &[16 << 10, 64 << 10, 256 << 10, 1 << 20, LARGEST];

/// Bytes of a compiled expression whose states are followed in one step.
const SIZE_OF_STEP: usize = 64;

/// How often states are forgotten to make room for others, before that is too much.
const FORGOTTEN: usize = 8;

/// Compiles an expression; returns it with the bytes it takes, rounded up.
pub(crate) fn compiled(text: &str) -> Result<(Regex, usize), regex::Error> {
    let mut last = Err(regex::Error::CompiledTooBig(0));
    for size in SIZES.iter().copied() {
        last = RegexBuilder::new(text).size_limit(size).build().map(|regex| (regex, size));
        if !matches!(last, Err(regex::Error::CompiledTooBig(_))) {
            break;
        }
    }
    last
}

/// A regular expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// The bytes it takes, rounded up.
    size: usize,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, regex::Error> {
        compiled(text).map(|(regex, size)| Self { regex, size })
    }

    pub(crate) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Returns the first match.
    pub(crate) fn find<'t>(&self, text: &'t str, budget: &WorkBudget) -> Result<Option<&'t str>, TooMuch> {
        let length = text.len() as u64;
        let every_state = length.saturating_mul((self.size / SIZE_OF_STEP) as u64);
        if every_state <= budget.left() {
            budget.take(every_state);
            return Ok(self.regex.find(text).map(|found| found.as_str()));
        }
        let what = || format!("matching {} against {length} bytes", quote(self.as_str()));
        budget.spend(length.saturating_mul(2), what)?;
        let found = self.by_states(text).map_err(|()| {
            budget.ran_out();
            TooMuch::new(format!("{} needs too many states", what()))
        })?;
        Ok(found.and_then(|(start, end)| text.get(start..end)))
    }

    /// Returns the first match, or that there are too many states for it.
    fn by_states(&self, text: &str) -> Result<Option<(usize, usize)>, ()> {
        let dfa = hybrid::dfa::Config::new()
            .unicode_word_boundary(true)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(FORGOTTEN));
        let regex = hybrid::regex::Builder::new().dfa(dfa).build(self.as_str()).map_err(|_big| ())?;
        let found = regex.try_search(&mut regex.create_cache(), &Input::new(text)).map_err(|_gave_up| ())?;
        Ok(found.map(|found| (found.start(), found.end())))
    }
}
