//! The demonstration: answers without a key or a network, and misbehaves when told to.

use futures_util::{StreamExt, stream};

use super::{Backend, Call, WireEvent, WireStream};
use crate::model::Finish;

/// The demonstration's models with what each is for, the well-behaved one first.
pub const MODELS: &[(&str, &str)] = &[
    ("demo", "answers at once, without a key or a network"),
    ("demo:slow", "four seconds to the first token, then three tokens a second"),
    ("demo:flaky", "fails twice with 429 and 503, then answers"),
    ("demo:cut", "breaks off in the middle of the answer"),
    ("demo:bad-json", "answers with JSON that does not parse"),
    ("demo:down", "always fails with 503"),
];

/// The demonstration provider.
#[derive(Debug, Default)]
pub struct Demo;

impl Backend for Demo {
    fn call(&self, _call: Call) -> WireStream {
        let events = [
            WireEvent::Headers { status: 200, request_id: None },
            WireEvent::Model("demo".to_owned()),
            WireEvent::Text("{}".to_owned()),
            WireEvent::Finish(Finish::Stop),
            WireEvent::End,
        ];
        stream::iter(events.map(Ok)).boxed()
    }
}
