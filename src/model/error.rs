//! Why an attempt failed: one kind for every cause, wherever the cause showed itself. And why the disk could not do what
//! it was asked.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Which of a call's timers ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Until the connection stood.
    Connect,
    /// Until the response's headers came.
    FirstByte,
    /// Until the first piece of answer or reasoning.
    FirstToken,
    /// Between any two bytes.
    Idle,
    /// Between two pieces of content, keep-alives not counted.
    Progress,
    /// From start to end.
    Total,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::FirstByte => "first byte",
            Self::FirstToken => "first token",
            Self::Idle => "idle",
            Self::Progress => "progress",
            Self::Total => "total",
        })
    }
}

/// The class of a failure. What follows from each is decided in one place, `pipeline::decide`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Stopped by the user.
    Cancelled,
    /// The account is out of credit or at its spend limit.
    Quota,
    /// Too many requests or tokens.
    RateLimited,
    /// The provider is overloaded or still loading the model.
    Overloaded,
    /// A passing error of the provider or the network.
    Transient,
    /// One of our timers ran out.
    Timeout(Timer),
    /// The provider does not serve this region.
    Region,
    /// The provider wants a key, and none is set for it, or none that is named can be read. Written as `credential`, the
    /// class that it was part of, so that what reads the record and the JSON lines goes on working.
    #[serde(rename(serialize = "credential"))]
    #[cfg_attr(test, schemars(skip))]
    MissingKey,
    /// The key is wrong or not allowed.
    Credential,
    /// The model is retired, unknown, or not open to this account.
    ModelGone,
    /// The prompt is longer than the model's context.
    ContextTooLong,
    /// The model rejects a parameter.
    ParamRejected,
    /// The provider's content policy refused.
    ContentPolicy,
    /// The provider takes the request for a wrong one; another one may take it.
    CallerFault,
    /// A mistake found before anything was sent: a template that cannot be filled, a check that cannot be applied.
    InvalidPrompt,
    /// What answered is not the API: a web page, a redirect, a bad certificate, a bad URL.
    NotAnApi,
    /// The stream broke off after part of the answer was shown.
    Interrupted,
    /// The answer ended at the token limit before it was complete.
    Truncated,
    /// The answer is complete but not what was asked for.
    BadOutput,
    /// An event or the whole answer is larger than we take.
    TooLarge,
    /// None of the above.
    Unknown,
}

impl ErrorKind {
    /// The classes that tell of the prompt and its model rather than of the way to it: a run that ends with one
    /// has an answer that does not do.
    pub const OF_THE_ANSWER: [Self; 4] = [Self::Truncated, Self::BadOutput, Self::ContentPolicy, Self::ContextTooLong];

    /// Tells whether it is one of [`ErrorKind::OF_THE_ANSWER`].
    #[must_use]
    pub fn is_of_the_answer(self) -> bool {
        Self::OF_THE_ANSWER.contains(&self)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "cancelled",
            Self::Quota => "out of credit",
            Self::RateLimited => "rate limited",
            Self::Overloaded => "overloaded",
            Self::Transient => "server error",
            Self::Timeout(timer) => return write!(f, "{timer} timeout"),
            Self::Region => "region not served",
            Self::MissingKey => "API key missing",
            Self::Credential => "API key rejected",
            Self::ModelGone => "model not found",
            Self::ContextTooLong => "context too long",
            Self::ParamRejected => "parameter rejected",
            Self::ContentPolicy => "content policy",
            Self::CallerFault => "request refused",
            Self::InvalidPrompt => "invalid prompt",
            Self::NotAnApi => "not an API",
            Self::Interrupted => "interrupted",
            Self::Truncated => "cut off",
            Self::BadOutput => "bad output",
            Self::TooLarge => "too large",
            Self::Unknown => "unknown error",
        })
    }
}

/// One failure, in words a user can act on. No field ever holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[error("{class}: {message}{}", next_step(.hint.as_deref()))]
pub struct CallError {
    pub class: ErrorKind,
    /// What happened, in words; a provider's own message redacted and shortened.
    pub message: String,
    /// The next step, where the cause is in the settings of the provider; the same for all its requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The HTTP status, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the server asked us to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// The server's word on whether to try again (`x-should-retry`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_retry: Option<bool>,
    /// What of the request a `ParamRejected` names: a parameter, `stream`, or `system` for the role; `wire` where a
    /// `ModelGone` is served over another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// The provider's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether an overloaded server is still loading the model, and answers once it has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loading: bool,
    /// Whether the request was sent and nothing came back, so that nobody knows whether it is billed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
}

/// Writes a hint after a message.
fn next_step(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("; {hint}"))
}

impl CallError {
    /// Makes an error of a class with a message and nothing else.
    pub fn new(class: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            hint: None,
            status: None,
            retry_after: None,
            should_retry: None,
            param: None,
            request_id: None,
            loading: false,
            unanswered: false,
        }
    }
}

/// Why the disk could not do what it was asked, in words with the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What happened: the file, the line and the key where there is one, and what to do.
    pub message: String,
    pub kind: StoreErrorKind,
}

/// What the disk failed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// It could not be done.
    Failed,
    /// A file of that name is already there.
    Exists,
    /// A file is not as it was known: somebody else has written it.
    Changed,
    /// What was asked for is not there or makes no sense: a name, a prompt, a template.
    Wrong,
    /// The prompt that was asked for has this name by now.
    Renamed(String),
}

impl StoreError {
    /// Makes an error of words alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: StoreErrorKind::Failed }
    }

    /// Makes an error of something that was asked for and is not there, or makes no sense.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: StoreErrorKind::Wrong }
    }
}
