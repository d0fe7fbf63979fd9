//! Every provider behind one backend, chosen by the target's kind.

use std::{collections::BTreeMap, ffi::OsString, sync::Arc, time::Duration};

use futures_util::stream;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Backend, Call, PlainRequest, WireStream, command,
    demo::Demo,
    exchange::exchange,
    filling::{Filling, HeaderSecret},
    http::{Http, Outgoing},
    plain,
    redact::Redact,
};
use crate::model::{Fault, Key, ProviderKind, Target};

/// The whole environment of a command, by name.
pub type Variables = BTreeMap<OsString, OsString>;

/// All providers. Cheap to make: a client is built when the first call needs it.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    pub(super) http: Arc<Http>,
    environments: Arc<BTreeMap<String, Variables>>,
    filling: Filling,
    demo: Arc<Demo>,
}

impl Providers {
    /// Makes the providers, with the environment of each that is a command, by its name. A command without one has
    /// an empty one.
    #[must_use]
    pub fn new(environments: BTreeMap<String, Variables>) -> Self {
        Self { environments: Arc::new(environments), ..Self::default() }
    }

    /// Sets the secrets of a provider's headers, for every clone. Until then no request that needs one goes out.
    pub fn set_header_secrets(&self, provider: &str, secrets: Vec<HeaderSecret>) {
        self.filling.set(provider, secrets);
    }

    /// Makes a request to a target ready, and a redactor that knows all that is secret in it.
    pub(super) fn outgoing(
        &self,
        (target, key): (&Target, Option<&Key>),
        (url, body): (String, Option<Vec<u8>>),
        connect: Duration,
    ) -> Result<(Outgoing, Redact), Fault> {
        let filled = self.filling.fill(target, plain::headers(target))?;
        let redact = Redact::new(key.cloned(), &target.provider).hiding(filled.used);
        let mut secrets = filled.secret;
        secrets.extend(key.map(|key| key_header(target.kind, key)));
        Ok((Outgoing { url, body, headers: filled.plain, secrets, connect }, redact))
    }
}

impl Backend for Providers {
    fn call(&self, call: Call) -> WireStream {
        let Some(plain) = PlainRequest::of(&call) else {
            return match call.target.kind {
                ProviderKind::Command => {
                    let redact = Redact::new(call.key.clone(), &call.target.provider);
                    let environment = self.environments.get(&call.target.provider).cloned().unwrap_or_default();
                    command::run(call, environment, redact)
                }
                _ => self.demo.call(call),
            };
        };
        let body = Some(plain.body.to_string().into_bytes());
        match self.outgoing((&call.target, call.key.as_ref()), (plain.url, body), call.connect) {
            Ok((outgoing, redact)) => exchange(Arc::clone(&self.http), call.target.kind, outgoing, redact),
            Err(fault) => Box::pin(stream::iter([Err(fault)])),
        }
    }
}

/// Writes the header that carries the key.
fn key_header(kind: ProviderKind, key: &Key) -> (String, SecretString) {
    let (name, before) = plain::key(kind);
    (name.to_owned(), format!("{before}{}", key.secret.expose_secret().trim()).into())
}
