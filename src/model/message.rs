//! Messages: those of a prompt, which are templates, and those that are sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{
    attachment::{Attachment, Part},
    prompt_caching::PromptCaching,
    tool::{ToolCall, ToolReply, ToolSet},
    usage::estimate_tokens_of,
    wire::Wire,
};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The instructions.
    System,
    /// The person asking.
    User,
    /// The model answering.
    Assistant,
    /// The result of a tool that the model called.
    Tool,
}

impl Role {
    /// The roles a person gives to a message, in the order in which they are walked. A result of a tool belongs to a
    /// call, and is no message by itself.
    pub const WRITTEN: [Self; 3] = [Self::System, Self::User, Self::Assistant];

    /// Returns its name, as files and wire formats write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One message of a prompt: a template, and who says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said; may hold variables.
    #[serde(default)]
    pub content: String,
    /// Whether it is kept but not sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
    /// Whether the provider is asked to keep the prompt up to its end, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<PromptCaching>,
    /// The pictures, documents and recordings that a person's message has beside its text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The tools that an assistant's message calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call that a message of the role `tool` answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ToolReply>,
}

impl Turn {
    /// Makes a message that is sent.
    pub fn of(role: Role, content: impl Into<String>) -> Self {
        let (parts, tool_calls) = (Vec::new(), Vec::new());
        Self { role, content: content.into(), muted: false, cache: None, parts, tool_calls, reply: None }
    }

    /// Tells whether it is a text and nothing else.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.parts.is_empty() && self.tool_calls.is_empty() && self.reply.is_none()
    }

    /// Tells whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content.trim().is_empty() && self.is_plain()
    }

    /// Returns how many characters its calls of tools have, names and arguments.
    #[must_use]
    pub fn call_chars(&self) -> usize {
        call_chars(&self.tool_calls)
    }
}

fn call_chars(calls: &[ToolCall]) -> usize {
    calls.iter().map(|call| call.name.chars().count() + call.arguments.chars().count()).sum()
}

/// One message, its template already filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// Whether the provider is asked to keep the request up to its end, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<PromptCaching>,
    /// What goes with the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The tools that an assistant's message calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call that a message of the role `tool` answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ToolReply>,
    /// What the provider that wrote it wants back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptReasoning>,
}

/// The reasoning of an answer as its provider sent it, to be sent back to it unchanged while the answer's tools are
/// answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeptReasoning {
    /// The target that wrote it, by name: no other one takes it.
    pub target: String,
    /// The blocks, items or fields, as the wire has them.
    pub items: Vec<Value>,
}

impl Message {
    /// Makes a message of a text alone.
    pub fn of(role: Role, content: impl Into<String>) -> Self {
        let (attachments, tool_calls) = (Vec::new(), Vec::new());
        Self { role, content: content.into(), cache: None, attachments, tool_calls, reply: None, kept: None }
    }

    /// Makes the result of a call.
    pub fn reply(reply: ToolReply, content: impl Into<String>) -> Self {
        Self { reply: Some(reply), ..Self::of(Role::Tool, content) }
    }

    /// Tells whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content.trim().is_empty() && self.is_plain()
    }

    /// Tells whether it is a text and nothing else.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.attachments.is_empty() && self.tool_calls.is_empty() && self.reply.is_none()
    }

    /// Returns the reasoning that a target wants back with it.
    #[must_use]
    pub fn kept_by(&self, target: &str) -> &[Value] {
        self.kept.as_ref().filter(|kept| kept.target == target).map(|kept| kept.items.as_slice()).unwrap_or_default()
    }

    /// Returns how many characters it has, those of its calls' names and arguments included.
    #[must_use]
    pub fn chars(&self) -> u64 {
        (self.content.chars().count() + call_chars(&self.tool_calls)) as u64
    }

    /// Estimates the tokens of what goes with its text, as a model that is asked on a wire counts them.
    #[must_use]
    pub fn attached_tokens(&self, wire: Wire, model: &str) -> u64 {
        self.attachments.iter().map(|attachment| attachment.tokens(wire, model)).fold(0, u64::saturating_add)
    }
}

/// Estimates the tokens of one request, as a model that is asked on a wire counts them: its messages with what goes with
/// them, and the tools.
#[must_use]
pub fn sent_tokens(messages: &[Message], tools: &ToolSet, wire: Wire, model: &str) -> u64 {
    let attached = messages.iter().map(|message| message.attached_tokens(wire, model));
    let chars = messages.iter().map(Message::chars).sum::<u64>() + tools.chars();
    attached.fold(estimate_tokens_of(chars), u64::saturating_add)
}
