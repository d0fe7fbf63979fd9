//! A prompt: a system message, a user template, parameters, and the response it expects.

use serde::{Deserialize, Serialize};

/// The design's temperature, used where a prompt sets none.
pub const DEFAULT_TEMPERATURE: f64 = 0.3;

/// One prompt, as its file holds it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// One line on what it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The system message; may hold variables.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub system: String,
    /// The user message; `{{ name }}` is replaced by the variable's value as it is.
    #[serde(default = "input_variable")]
    pub user: String,
    /// The targets it is run on, by name; empty means the default model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Tried in order when a target fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// The parameters sent with it.
    #[serde(default)]
    pub params: Params,
    /// The response it expects.
    #[serde(default)]
    pub response: Response,
    /// Further rules on the answer.
    #[serde(default, rename = "check", skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

fn input_variable() -> String {
    "{{ input }}".to_owned()
}

/// Sampling parameters. `None` leaves the matter to the default or to the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Randomness; 0.3 where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Output tokens, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Asks the provider to sample the same way again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// How much a reasoning model thinks: `none`, `low`, `medium`, `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Further fields of the request body, sent as they are.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Params {
    /// Tells whether everything is left to the default or to the provider.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Lays others over these: what the others leave open, these decide.
    #[must_use]
    pub fn under(&self, over: &Self) -> Self {
        let Self { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra } = over.clone();
        Self {
            temperature: temperature.or(self.temperature),
            top_p: top_p.or(self.top_p),
            max_tokens: max_tokens.or(self.max_tokens),
            stop: if stop.is_empty() { self.stop.clone() } else { stop },
            seed: seed.or(self.seed),
            reasoning_effort: reasoning_effort.or_else(|| self.reasoning_effort.clone()),
            extra: self.extra.clone().into_iter().chain(extra).collect(),
        }
    }
}

/// The form an answer must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Anything.
    Text,
    /// A JSON object.
    #[default]
    Json,
    /// JSON that a schema allows.
    Schema,
}

/// The response a prompt expects; JSON unless it says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The form of the answer.
    #[serde(default)]
    pub format: Format,
    /// Fields that must be there and filled: names, or JSON pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// The JSON Schema the answer must satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<serde_json::Value>,
    /// JSON pointer (RFC 6901) to the answer's own confidence, a number from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    /// The least confidence that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// The least share of required fields that must be filled, from 0 to 1; all of them where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_completeness: Option<f64>,
}

/// A further rule on an answer, with promptfoo's names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is looked at.
    #[serde(rename = "type")]
    pub kind: CheckKind,
    /// What it is compared with, for checks on text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The limit, for checks on numbers: milliseconds for `latency`, US dollars for `cost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// The rules a check can apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// The run took at most `threshold` milliseconds.
    Latency,
    /// The run cost at most `threshold` US dollars.
    Cost,
    /// The answer, trimmed, is `value`.
    Equals,
    /// The answer holds `value`.
    Contains,
    /// The answer does not hold `value`.
    NotContains,
}
