//! Checks that could not run, counted by rule and reason.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// Reasons that are told apart.
const MOST: usize = 50;

/// A check that could not run, how often, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unrun {
    /// The rule's name.
    pub rule: String,
    /// Why it could not run.
    pub reason: String,
    /// On how many answers.
    pub count: u64,
}

impl fmt::Display for Unrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}: {}", self.count, self.rule, self.reason)
    }
}

/// How often checks could not run, by rule and reason. Reasons beyond the first few are counted together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnrunCounts(BTreeMap<(String, String), u64>);

impl UnrunCounts {
    /// Counts checks that could not run for a reason.
    pub fn take(&mut self, rule: &str, reason: &str, count: u64) {
        let mut key = (rule.to_owned(), reason.to_owned());
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            key = (rule.to_owned(), "for other reasons".to_owned());
        }
        *self.0.entry(key).or_default() += count;
    }

    /// Takes in what another has counted.
    pub fn join(&mut self, other: &Self) {
        for ((rule, reason), count) in &other.0 {
            self.take(rule, reason, *count);
        }
    }

    /// Lists them by rule and reason.
    pub fn iter(&self) -> impl Iterator<Item = Unrun> {
        self.0.iter().map(|((rule, reason), count)| Unrun { rule: rule.clone(), reason: reason.clone(), count: *count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_beyond_the_first_few_are_counted_together_and_none_is_lost() {
        let mut counts = UnrunCounts::default();
        for number in 0..MOST + 9 {
            counts.take("judge", &format!("down {number:03}"), 2);
        }
        let mut other = UnrunCounts::default();
        other.take("judge", "down 000", 5);
        counts.join(&other);
        let listed: Vec<Unrun> = counts.iter().collect();
        assert_eq!(listed.len(), MOST + 1);
        assert_eq!(listed[0].to_string(), "7 × judge: down 000");
        assert_eq!(listed.last().unwrap().to_string(), "18 × judge: for other reasons");
    }
}
