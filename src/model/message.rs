//! One message of a conversation, as a prompt holds it and as every chat wire format has it.

use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The instructions.
    System,
    /// The person asking.
    User,
    /// The model answering.
    Assistant,
}

impl Role {
    /// Every role, in the order in which they are walked.
    pub const ALL: [Self; 3] = [Self::System, Self::User, Self::Assistant];

    /// Returns its name, as files and wire formats write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a prompt: a template, and who says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said; may hold variables.
    pub content: String,
    /// Whether it is kept but not sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
}

impl Turn {
    /// Makes a message that is sent.
    pub fn of(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), muted: false }
    }
}

/// One message, its template already filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}
