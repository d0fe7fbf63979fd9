//! Verdicts on an answer: which rule, how it went, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rule a verdict speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The answer has the expected form.
    Format,
    /// The model was done when it stopped.
    Finish,
    /// The answer satisfies the JSON Schema.
    Schema,
    /// A required field is there and filled.
    Required,
    /// The stated confidence reaches the minimum.
    Confidence,
    /// Enough of the required fields are filled.
    Completeness,
    /// A `[[check]]` of the prompt, by its type's name.
    Check(String),
}

impl Rule {
    /// Tells whether it looks at the form of the answer alone: such a rule has to hold, and gives
    /// nothing to the score.
    #[must_use]
    pub fn is_of_form(&self) -> bool {
        match self {
            Self::Format | Self::Finish => true,
            Self::Schema | Self::Required | Self::Confidence | Self::Completeness | Self::Check(_) => false,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "format",
            Self::Finish => "finish",
            Self::Schema => "schema",
            Self::Required => "required",
            Self::Confidence => "confidence",
            Self::Completeness => "completeness",
            Self::Check(name) => name,
        })
    }
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// The rule holds.
    Pass,
    /// The rule is broken.
    Fail,
    /// The rule could not be applied; never counted as passed.
    Skipped,
}

/// One rule's outcome with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which rule.
    pub rule: Rule,
    /// How it came out.
    pub mark: Mark,
    /// The reason in words, with the numbers: `0.75 < minimum 0.80`.
    pub reason: String,
    /// What was measured, where the rule measures something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// JSON pointer to where the answer breaks the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How much it counts in the score of the answer; 0 is measured and never fails.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// What it gives to the score, from 0 to 1, where that is neither all for a pass nor nothing for a
    /// failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<f64>,
    /// The name its score is summed up under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
}

fn one() -> f64 {
    1.0
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::float_cmp,
    reason = "serde hands a reference; only 1 itself is left out"
)]
fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

impl Verdict {
    /// Makes a verdict with a reason and nothing else.
    pub fn new(rule: Rule, mark: Mark, reason: impl Into<String>) -> Self {
        Self { rule, mark, reason: reason.into(), score: None, at: None, weight: 1.0, credit: None, metric: None }
    }

    /// Returns what it gives to the score, from 0 to 1; none if the rule was not applied.
    #[must_use]
    pub fn credit(&self) -> Option<f64> {
        match self.mark {
            Mark::Skipped => None,
            Mark::Pass => Some(self.credit.unwrap_or(1.0)),
            Mark::Fail => Some(self.credit.unwrap_or(0.0)),
        }
    }
}

/// All verdicts on one answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// In the order the rules were applied.
    pub verdicts: Vec<Verdict>,
    /// The least score that passes; where unset, no rule may be broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<f64>,
}

impl Quality {
    /// Makes the quality of which these are the verdicts.
    #[must_use]
    pub fn of(verdicts: Vec<Verdict>) -> Self {
        Self { verdicts, min_score: None }
    }

    /// Tells whether the answer has its form and its score reaches the least one that passes or, where
    /// none is set, whether no rule is broken.
    #[must_use]
    pub fn passed(&self) -> bool {
        match self.min_score {
            Some(least) => {
                self.failures().all(|verdict| !verdict.rule.is_of_form())
                    && self.score().is_some_and(|score| score >= least)
            }
            None => self.failures().next().is_none(),
        }
    }

    /// Returns the mean of what the verdicts give, by their weights, from 0 to 1; none if nothing that
    /// counts was applied. That the answer has its form counts where nothing else is judged alone.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        let bare = self.verdicts.iter().all(|verdict| verdict.rule.is_of_form());
        let counted = self.verdicts.iter().filter(|verdict| bare || !verdict.rule.is_of_form());
        let given = counted.filter_map(|verdict| Some((verdict.credit()?, verdict.weight)));
        let (sum, weights) =
            given.fold((0.0, 0.0), |(sum, all), (credit, weight)| (sum + credit * weight, all + weight));
        (weights > 0.0).then(|| sum / weights)
    }

    /// Sums up the verdicts under each name: the mean of what they give by their weights, from 0 to 1,
    /// in the order of the names' first verdicts. What weighs nothing counts among its like alone.
    #[must_use]
    pub fn metrics(&self) -> Vec<(&str, f64)> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.verdicts.iter().filter_map(|verdict| verdict.metric.as_deref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mean = |name: &str| {
            let of = self.verdicts.iter().filter(|verdict| verdict.metric.as_deref() == Some(name));
            let given: Vec<(f64, f64)> = of.filter_map(|verdict| Some((verdict.credit()?, verdict.weight))).collect();
            let weighty = given.iter().any(|(_, weight)| *weight > 0.0);
            let weight = |weight: f64| if weighty { weight } else { 1.0 };
            let (sum, all) = given
                .iter()
                .fold((0.0, 0.0), |(sum, all), (credit, heavy)| (sum + credit * weight(*heavy), all + weight(*heavy)));
            (all > 0.0).then(|| sum / all)
        };
        names.into_iter().filter_map(|name| Some((name, mean(name)?))).collect()
    }

    /// Returns the verdicts of broken rules.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.mark == Mark::Fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str, mark: Mark, weight: f64, metric: Option<&str>) -> Verdict {
        let metric = metric.map(str::to_owned);
        Verdict { weight, metric, ..Verdict::new(Rule::Check(name.to_owned()), mark, "") }
    }

    #[test]
    fn the_form_has_to_hold_and_makes_no_score() {
        let form = |mark| Verdict::new(Rule::Format, mark, "");
        let checks = [verdict("a", Mark::Pass, 1.0, None), verdict("b", Mark::Fail, 1.0, None)];
        let with = |mark| Quality { verdicts: [vec![form(mark)], checks.to_vec()].concat(), min_score: Some(0.5) };
        assert_eq!(with(Mark::Pass).score(), Some(0.5));
        assert!(with(Mark::Pass).passed());
        assert!(!with(Mark::Fail).passed());
        let bare = Quality { verdicts: vec![form(Mark::Pass)], min_score: Some(0.5) };
        assert_eq!(bare.score(), Some(1.0));
        assert!(bare.passed());
        let skipped =
            Quality { verdicts: vec![form(Mark::Pass), verdict("a", Mark::Skipped, 1.0, None)], min_score: Some(0.0) };
        assert!(!skipped.passed(), "what was not applied never passes");
    }

    #[test]
    fn a_metric_is_the_mean_under_its_name() {
        let quality = Quality::of(vec![
            verdict("a", Mark::Pass, 3.0, Some("tone")),
            verdict("b", Mark::Fail, 1.0, Some("tone")),
            verdict("c", Mark::Skipped, 9.0, Some("tone")),
            Verdict { credit: Some(0.25), ..verdict("d", Mark::Pass, 0.0, Some("free")) },
            verdict("e", Mark::Skipped, 1.0, Some("none")),
        ]);
        assert_eq!(quality.metrics(), [("tone", 0.75), ("free", 0.25)]);
    }
}
