//! A call that is over, as it is told to whoever watches.

use std::time::Duration;

use serde::Serialize;

use crate::model::{Cost, RunId};

/// One call that is over. Nothing of what was asked or answered is in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallReport {
    /// What it went to: `chat`, `responses`, `messages`, `embeddings` or `count_tokens`.
    pub route: &'static str,
    /// The model as the program named it, if it came that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The target that answered, or was asked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The HTTP status; 499 where the program left before the end.
    pub status: u16,
    pub took: Duration,
    /// The run on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Whether the answer came from the cache.
    pub cached: bool,
    /// Attempts made.
    pub attempts: u32,
    /// How the run came out, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
}
