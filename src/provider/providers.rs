//! Every provider behind one backend, chosen by the target's kind.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use super::{
    Backend, Call, PlainRequest, WireStream,
    command::{self, Environment},
    demo::Demo,
    exchange::exchange,
    http::{Http, Outgoing},
    plain,
    redact::Redact,
};
use crate::model::{Key, ProviderKind, Target};

/// All providers. Cheap to make: a client is built when the first call needs it.
#[derive(Debug, Clone)]
pub struct Providers {
    pub(super) http: Arc<Http>,
    environment: Environment,
    demo: Arc<Demo>,
}

impl Providers {
    /// Makes the providers. Of the environment an external command sees `PATH`, `HOME`, `LANG`,
    /// `LC_*` and `TMPDIR`, and nothing else.
    pub fn new(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { http: Arc::default(), environment: Environment::allowed(environment), demo: Arc::default() }
    }
}

impl Backend for Providers {
    fn call(&self, call: Call) -> WireStream {
        let redact = Redact::new(call.key.clone(), &call.target.provider);
        let Some(plain) = PlainRequest::of(&call) else {
            return match call.target.kind {
                ProviderKind::Command => command::run(call, self.environment.clone(), redact),
                _ => self.demo.call(call),
            };
        };
        let outgoing = Outgoing {
            url: plain.url,
            body: Some(plain.body.to_string().into_bytes()),
            headers: plain.headers,
            secret: secret(call.target.kind, call.key.as_ref()),
            connect: call.connect,
        };
        exchange(Arc::clone(&self.http), call.target.kind, outgoing, redact)
    }
}

/// Asks a target's provider for what lies at a path.
pub(super) fn asking(target: &Target, key: Option<&Key>, path: &str, connect: Duration) -> Outgoing {
    Outgoing {
        url: plain::url(target, path),
        body: None,
        headers: plain::headers(target),
        secret: secret(target.kind, key),
        connect,
    }
}

/// Writes the header that carries the key.
fn secret(kind: ProviderKind, key: Option<&Key>) -> Option<(&'static str, SecretString)> {
    let (name, before) = plain::key(kind);
    key.map(|key| (name, SecretString::from(format!("{before}{}", key.secret.expose_secret().trim()))))
}
