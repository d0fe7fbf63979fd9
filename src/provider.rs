//! Wire formats and the one HTTP client: from a call to a stream of wire events.
//!
//! A provider makes no policy: it does not retry, does not wait, does not judge. It turns one
//! [`Call`] into [`WireEvent`]s or one [`CallError`], and dropping the stream closes the socket or
//! kills the process.
//!
//! What any provider's stream boils down to.

pub mod batch_api;
pub mod classify;
pub mod discovery;
pub mod forward;
pub mod headers;
pub mod ndjson;
pub mod passage;
pub mod redaction;
pub mod response_reader;
pub mod sse;
pub mod wires;

pub(crate) mod address_hints;
pub(crate) mod client;
pub(crate) mod http;
pub(crate) mod json;
pub(crate) mod programs;
pub(crate) mod proxy;
pub(crate) mod request;
pub(crate) mod retry_after;
pub(crate) mod token_counts;
pub(crate) mod unpack;

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::Stream;
use serde_json::Value;

use crate::model::{CallError, Finish, Key, Message, Params, Role, Target, ToolSet, Usage, tool::CallPiece};
pub(crate) use crate::provider::wires::{effort_instead, reduces_schema};
pub use crate::provider::{
    client::ProviderTransport,
    forward::Forward,
    proxy::ProxyVariables,
    wires::{PlainRequest, Providers},
};

/// The form an answer is asked for in, as far as the wire carries it.
#[derive(Debug, Clone, PartialEq)]
pub enum WireFormat {
    /// Nothing is said about the form.
    Text,
    JsonObject,
    /// JSON that a schema allows.
    JsonSchema(Value),
}

/// One attempt, ready to be sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where to.
    pub target: Target,
    /// With which key; none for providers that need none.
    pub key: Option<Key>,
    /// The conversation.
    pub messages: Vec<Message>,
    /// Effective parameters: what the model rejects is already gone.
    pub params: Params,
    /// The form of the answer.
    pub format: WireFormat,
    /// The tools the model may call.
    pub tools: ToolSet,
    /// How long connecting may take.
    pub connect: Duration,
    /// The request of a program whose own bytes are sent in place of all but the target and the key.
    pub forward: Option<Arc<Forward>>,
}

impl Call {
    /// Leaves the bytes of files out, as whatever shows the call does.
    #[must_use]
    pub(crate) fn without_bytes(&self) -> Self {
        let mut call = self.clone();
        for attachment in call.messages.iter_mut().flat_map(|message| &mut message.attachments) {
            *attachment = attachment.clone().without_bytes();
        }
        call
    }

    /// Writes the conversation as one text: that of its one message, else the messages as JSON.
    #[must_use]
    pub(crate) fn prompt_text(&self) -> String {
        match self.messages.as_slice() {
            [message] if message.role == Role::User => message.content.clone(),
            messages => {
                let written =
                    |message: &Message| serde_json::json!({ "role": message.role.name(), "content": message.content });
                messages.iter().map(written).collect::<Value>().to_string()
            }
        }
    }
}

/// What one call tells. The first error is the last item; an end without [`WireEvent::End`] is a
/// cut stream, whatever the status was.
pub type WireStream = Pin<Box<dyn Stream<Item = Result<WireEvent, CallError>> + Send>>;

/// Whatever can answer a call: the real providers, the demonstration, a test's script.
pub trait Backend: Send + Sync + 'static {
    /// Sends the call. Nothing happens before the stream is polled; dropping it stops the call.
    fn call(&self, call: Call) -> WireStream;
}

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
    /// More of a call of a tool.
    Call(CallPiece),
    /// Reasoning that the provider wants back with the calls of the answer, as the wire has it.
    Kept(Value),
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
