//! Wire formats and the one HTTP client: from a call to a stream of wire events.
//!
//! A provider makes no policy: it does not retry, does not wait, does not judge. It turns one
//! [`Call`] into [`WireEvent`]s or one [`Fault`], and dropping the stream closes the socket or
//! kills the process.

mod anthropic;
mod balance;
pub mod classify;
mod command;
mod counts;
pub mod demo;
mod dialect;
mod exchange;
pub mod filling;
pub mod headers;
mod http;
mod json;
pub mod lines;
pub mod listing;
pub mod ndjson;
mod ollama;
mod openai;
pub mod plain;
pub mod providers;
pub mod reader;
pub mod redact;
pub mod sse;
mod unpack;
mod waits;
pub mod wire;

use std::{pin::Pin, time::Duration};

use futures_util::Stream;

use crate::model::{Fault, Key, Message, Params, Target};
pub use plain::PlainRequest;
pub use providers::Providers;
pub use wire::WireEvent;

/// The form an answer is asked for in, as far as the wire carries it.
#[derive(Debug, Clone, PartialEq)]
pub enum WireFormat {
    /// Nothing is said about the form.
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON that a schema allows.
    JsonSchema(serde_json::Value),
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
    /// How long connecting may take.
    pub connect: Duration,
}

/// What one call tells. The first fault is the last item; an end without [`WireEvent::End`] is a
/// cut stream, whatever the status was.
pub type WireStream = Pin<Box<dyn Stream<Item = Result<WireEvent, Fault>> + Send>>;

/// Whatever can answer a call: the real providers, the demonstration, a test's script.
pub trait Backend: Send + Sync + 'static {
    /// Sends the call. Nothing happens before the stream is polled; dropping it stops the call.
    fn call(&self, call: Call) -> WireStream;
}
