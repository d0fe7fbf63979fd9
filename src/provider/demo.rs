//! The demonstration: answers without a key or a network, and misbehaves when told to.
//!
//! For a starter prompt on its sample input it plays what a real model answered, in that model's
//! own time. For anything else it composes an answer from the format that is asked for and from
//! the input, the same one each time.

mod compose;
mod fields;
mod reading;
mod recording;
mod schema;
mod script;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};

use super::{Backend, Call, WireStream};
use crate::model::{Class, Fault};
use script::Script;

/// The demonstration's models with what each is for, the well-behaved one first.
pub const MODELS: &[(&str, &str)] = &[
    ("demo", "answers at once, without a key or a network"),
    ("demo:slow", "four seconds to the first token, then three tokens a second"),
    ("demo:flaky", "fails twice with 429 and 503, then answers"),
    ("demo:cut", "breaks off in the middle of the answer"),
    ("demo:bad-json", "answers with JSON that does not parse"),
    ("demo:down", "always fails with 503"),
];

/// What `demo:flaky` asks a client to wait after its 429.
const FLAKY_WAIT: Duration = Duration::from_secs(2);

/// The demonstration provider. It remembers nothing but how often `demo:flaky` was called.
#[derive(Debug, Default)]
pub struct Demo {
    flaky_calls: Arc<AtomicU32>,
}

impl Backend for Demo {
    fn call(&self, call: Call) -> WireStream {
        let calls = Arc::clone(&self.flaky_calls);
        stream::once(async move { stream::iter(answer(&call, &calls)) })
            .flatten()
            .then(|(wait, item)| async move {
                tokio::time::sleep(wait).await;
                item
            })
            .boxed()
    }
}

/// Everything a call will tell, each with the wait before it.
fn answer(call: &Call, flaky_calls: &AtomicU32) -> Vec<script::Step> {
    let name = call.target.model.as_str();
    match name.strip_prefix("demo:").unwrap_or(name) {
        "demo" => Script::of(call).steps(),
        "slow" => Script::of(call).slowed().steps(),
        "cut" => Script::of(call).cut(),
        "bad-json" => Script::of(call).spoilt().steps(),
        "down" => script::failure(overloaded("demo:down never answers; that is what it is for")),
        "flaky" => match flaky_calls.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => script::failure(rate_limited()),
            1 => script::failure(overloaded("demo:flaky is overloaded this time; the next call succeeds")),
            _ => Script::of(call).steps(),
        },
        other => script::failure(unknown_model(other)),
    }
}

fn rate_limited() -> Fault {
    Fault {
        status: Some(429),
        retry_after: Some(FLAKY_WAIT),
        ..Fault::new(Class::RateLimited, "demo:flaky takes no more requests for 2 seconds")
    }
}

fn overloaded(message: &str) -> Fault {
    Fault { status: Some(503), ..Fault::new(Class::Overloaded, message) }
}

fn unknown_model(name: &str) -> Fault {
    let known: Vec<&str> = MODELS.iter().map(|(name, _)| *name).collect();
    let message = format!("the demonstration has no model `{name}`; it has {}", known.join(", "));
    Fault { status: Some(404), ..Fault::new(Class::ModelGone, message) }
}
