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
        let distance = distance(&text, &self.value);
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

fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.iter().enumerate() {
        let (mut corner, mut left) = (at, at + 1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, d) in row.iter_mut().skip(1).zip(other) {
            let changed = corner + usize::from(c != d);
            corner = *above;
            left = changed.min(left + 1).min(corner + 1);
            *above = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(one: &str, other: &str) -> usize {
        distance(&one.chars().collect::<Vec<_>>(), &other.chars().collect::<Vec<_>>())
    }

    #[test]
    fn distances_are_the_published_ones() {
        // Wagner and Fischer, The String-to-String Correction Problem, 1974, and the usual examples.
        for (one, other, want) in [
            ("kitten", "sitting", 3),
            ("saturday", "sunday", 3),
            ("rosettacode", "raisethysword", 8),
            ("flaw", "lawn", 2),
            ("intention", "execution", 5),
            ("", "abc", 3),
            ("größe", "grösse", 2),
            ("same", "same", 0),
        ] {
            assert_eq!(of(one, other), want, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_distance(a in ".{0,12}", b in ".{0,12}", c in ".{0,12}") {
            prop_assert_eq!(of(&a, &b), of(&b, &a));
            prop_assert_eq!(of(&a, &a), 0);
            prop_assert!(of(&a, &c) <= of(&a, &b) + of(&b, &c));
            prop_assert!(of(&a, &b) >= a.chars().count().abs_diff(b.chars().count()));
        }
    }
}
