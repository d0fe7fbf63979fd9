//! Where a run came from that another program made.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What wrote the file that a run was imported from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TraceFormat {
    /// Spans of OpenTelemetry in OTLP JSON, with the attributes of `gen_ai` or of `OpenInference`.
    Otlp,
    /// Spans as Phoenix lists them.
    Phoenix,
    /// Observations of Langfuse.
    Langfuse,
    /// Stored completions, or a data set of evals or of fine-tuning, of OpenAI.
    Openai,
    /// The log of LiteLLM.
    Litellm,
    /// `llm logs --json`.
    Llm,
    /// Requests of Helicone.
    Helicone,
    /// The results of promptfoo.
    Promptfoo,
    /// The JSON log of `inspect_ai`.
    Inspect,
}

impl TraceFormat {
    /// Returns its name, as the record and `provider:` have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Otlp => "otlp",
            Self::Phoenix => "phoenix",
            Self::Langfuse => "langfuse",
            Self::Openai => "openai",
            Self::Litellm => "litellm",
            Self::Llm => "llm",
            Self::Helicone => "helicone",
            Self::Promptfoo => "promptfoo",
            Self::Inspect => "inspect",
        }
    }
}

impl fmt::Display for TraceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
