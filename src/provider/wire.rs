//! What any provider's stream boils down to.

use std::time::Duration;

use crate::model::{Finish, Usage};

/// One thing a provider's stream says.
#[derive(Debug, Clone, PartialEq)]
pub enum WireEvent {
    /// The response began.
    Headers {
        /// The HTTP status; 200 for providers without one.
        status: u16,
        /// The provider's id of the request.
        request_id: Option<String>,
    },
    /// More of the answer.
    Text(String),
    /// More of the reasoning.
    Reasoning(String),
    /// More of a refusal; shown like text, but the finish is [`Finish::Refusal`].
    Refusal(String),
    /// Token counts so far. A later one overwrites the classes it names.
    Usage(Usage),
    /// The model that says it answers.
    Model(String),
    /// Why the model stopped. The first one counts.
    Finish(Finish),
    /// The server's own timing.
    ServerTiming {
        /// Loading the model.
        load: Option<Duration>,
        /// Reading the prompt.
        prompt: Option<Duration>,
        /// Writing the answer.
        generation: Option<Duration>,
    },
    /// Nothing is left of the account's limit for as long as this, say the headers.
    Exhausted(Duration),
    /// Something a person should know of the answer, in words.
    Notice(String),
    /// A sign of life without content.
    Alive,
    /// The format's own end mark (`[DONE]`, `message_stop`, `done: true`), or a finish reason
    /// followed by a clean end where the format has no mark. Nothing follows it.
    End,
}
