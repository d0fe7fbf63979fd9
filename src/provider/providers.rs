//! Every provider behind one backend, chosen by the target's kind.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

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
    /// The values of the variables that headers are filled from.
    filling: Arc<BTreeMap<String, SecretString>>,
    demo: Arc<Demo>,
}

impl Providers {
    /// Makes the providers. Of the environment an external command sees `PATH`, `HOME`, `LANG`,
    /// `LC_*` and `TMPDIR`, and nothing else.
    pub fn new(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let environment = Environment::allowed(environment);
        Self { http: Arc::default(), environment, filling: Arc::default(), demo: Arc::default() }
    }

    /// Fills `{{env.NAME}}` in headers with these values, as they go out and nowhere else.
    #[must_use]
    pub fn filling_headers(mut self, values: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        self.filling = Arc::new(values.into_iter().collect());
        self
    }

    /// Fills the headers of a request; returns the values that were put in.
    fn fill(&self, headers: &mut [(String, String)]) -> Vec<SecretString> {
        let mut used = Vec::new();
        for (name, secret) in self.filling.iter() {
            let place = format!("{{{{env.{name}}}}}");
            for (_, value) in headers.iter_mut().filter(|(_, value)| value.contains(&place)) {
                *value = value.replace(&place, secret.expose_secret());
                used.push(secret.clone());
            }
        }
        used
    }
}

impl Backend for Providers {
    fn call(&self, call: Call) -> WireStream {
        let redact = Redact::new(call.key.clone(), &call.target.provider);
        let Some(mut plain) = PlainRequest::of(&call) else {
            return match call.target.kind {
                ProviderKind::Command => command::run(call, self.environment.clone(), redact),
                _ => self.demo.call(call),
            };
        };
        let used = self.fill(&mut plain.headers);
        let (filled, redact) = (!used.is_empty(), redact.hiding(used));
        let outgoing = Outgoing {
            url: plain.url,
            body: Some(plain.body.to_string().into_bytes()),
            headers: plain.headers,
            filled,
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
        filled: false,
        secret: secret(target.kind, key),
        connect,
    }
}

/// Writes the header that carries the key.
fn secret(kind: ProviderKind, key: Option<&Key>) -> Option<(&'static str, SecretString)> {
    let (name, before) = plain::key(kind);
    key.map(|key| (name, SecretString::from(format!("{before}{}", key.secret.expose_secret().trim()))))
}
