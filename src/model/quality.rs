//! Verdicts on an answer: which rule, how it went, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rule a verdict speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The answer has the expected form.
    Format,
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

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "format",
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
}

/// All verdicts on one answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// In the order the rules were applied.
    pub verdicts: Vec<Verdict>,
}

impl Quality {
    /// Tells whether no rule is broken.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.mark != Mark::Fail)
    }

    /// Returns the verdicts of broken rules.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.mark == Mark::Fail)
    }
}
