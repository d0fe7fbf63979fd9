//! The Levenshtein distance: how many characters have to be put in, taken out or changed.

use super::{Fact, Found, apart, seen::Seen, written::Written};
use crate::eval::rule::BadRule;

/// The distance where no threshold is set, as promptfoo has it.
pub(in crate::eval) const USUAL: f64 = 5.0;

/// A text and how far the answer may be from it.
#[derive(Debug)]
pub(super) struct Distance {
    value: Vec<char>,
    text: String,
    most: f64,
}

impl Distance {
    pub(super) fn new(written: &Written<'_>) -> Result<Self, BadRule> {
        let most = written.threshold("a number of characters, 0 or more", f64::MAX, Some(USUAL))?;
        let text = written.text()?;
        Ok(Self { value: text.chars().collect(), text, most })
    }

    pub(super) fn apply(&self, seen: &Seen<'_>) -> Found {
        let whole = seen.text;
        let (length, wanted) = (whole.chars().count(), self.value.len());
        let what = || format!("comparing texts of {length} and {wanted} characters");
        if let Err(much) = seen.budget.spend((length as u64).saturating_mul(wanted as u64), what) {
            // Texts of so different lengths are too far apart, whatever they are.
            let least = length.abs_diff(wanted);
            return if least as f64 > self.most {
                Ok(Fact::new(false, format!("at least {least} changes > threshold {}", self.most)))
            } else {
                Err(much.to_string())
            };
        }
        let text: Vec<char> = whole.chars().collect();
        let distance = strsim::generic_levenshtein(&text, &self.value);
        let holds = distance as f64 <= self.most;
        let sign = if holds { "≤" } else { ">" };
        let changes = if distance == 1 { "change" } else { "changes" };
        let mut said = format!("{distance} {changes} {sign} threshold {}", self.most);
        if let Some(unseen) = apart::unseen(whole, &self.text).filter(|_| !holds) {
            said = format!("{said}; {unseen}");
        }
        Ok(Fact { score: Some(distance as f64), ..Fact::new(holds, said) })
    }
}
