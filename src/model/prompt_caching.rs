//! How long a provider keeps the beginning of a prompt, so that the next request pays less for it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a provider keeps what it has read of a prompt, up to the end of a message, so that the next request with the
/// same beginning pays less for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum PromptCaching {
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "1h")]
    OneHour,
}

impl PromptCaching {
    /// The tools and messages of a prompt that may be marked, at most: more a provider refuses.
    pub const MOST: usize = 4;

    /// Finds the first of a prompt's marks that a provider refuses, and says why. They come in the order in which they are
    /// read: those of the tools before those of the messages.
    pub fn refused(marks: impl IntoIterator<Item = Self>) -> Option<(usize, String)> {
        let mut shorter = false;
        for (place, mark) in marks.into_iter().enumerate() {
            if place >= Self::MOST {
                return Some((place, format!("at most {} messages and tools may have it", Self::MOST)));
            }
            if shorter && mark == Self::OneHour {
                return Some((place, "what is kept for 1h comes before what is kept for 5m".to_owned()));
            }
            shorter |= mark == Self::FiveMinutes;
        }
        None
    }

    /// Returns its name, as prompt files and the Anthropic API write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
        }
    }

    /// Writes it as the Anthropic API has it.
    #[must_use]
    pub fn cache_control(self) -> Value {
        json!({ "type": "ephemeral", "ttl": self.name() })
    }

    /// Reads the `cache_control` that a message, a part or a tool has as the Anthropic API writes it; none where it has
    /// none. Fails, in words, on another one.
    pub fn of_json(value: &Value) -> Result<Option<Self>, String> {
        let Some(mark) = value.get("cache_control").filter(|mark| !mark.is_null()) else { return Ok(None) };
        let field = |name: &str| mark.get(name).and_then(Value::as_str);
        match (field("type"), field("ttl")) {
            (Some("ephemeral"), None | Some("5m")) => Ok(Some(Self::FiveMinutes)),
            (Some("ephemeral"), Some("1h")) => Ok(Some(Self::OneHour)),
            _ => Err(format!("`cache_control` is {{\"type\": \"ephemeral\"}}, with a `ttl` of 5m or 1h, not {mark}")),
        }
    }

    /// Returns the next one of those that a message is given in turn, none among them.
    #[must_use]
    pub fn after(mark: Option<Self>) -> Option<Self> {
        match mark {
            None => Some(Self::FiveMinutes),
            Some(Self::FiveMinutes) => Some(Self::OneHour),
            Some(Self::OneHour) => None,
        }
    }
}
