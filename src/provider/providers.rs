//! Every provider behind one backend, chosen by the target's kind.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    Backend, Call, WireStream, anthropic,
    command::{self, Environment},
    demo::Demo,
    exchange::exchange,
    http::{Http, Outgoing},
    ollama, openai,
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
        let redact = Redact::new(call.key.clone());
        let (path, body) = match call.target.kind {
            ProviderKind::OpenAi => ("/chat/completions", openai::body(&call)),
            ProviderKind::Anthropic => ("/v1/messages", anthropic::body(&call)),
            ProviderKind::Ollama => ("/api/chat", ollama::body(&call)),
            ProviderKind::Command => return command::run(call, self.environment.clone(), redact),
            ProviderKind::Demo => return self.demo.call(call),
        };
        let outgoing = outgoing(&call.target, call.key.as_ref(), path, Some(&body), call.connect);
        exchange(Arc::clone(&self.http), call.target.kind, outgoing, redact)
    }
}

/// Joins the target's address, its headers and the key into a request.
pub(super) fn outgoing(
    target: &Target,
    key: Option<&Key>,
    path: &str,
    body: Option<&Value>,
    connect: Duration,
) -> Outgoing {
    let base = target.base_url.as_deref().or(target.kind.default_base_url()).unwrap_or_default();
    let base = base.trim_end_matches('/');
    // An Anthropic base URL is written with and without its version.
    let base = if path.starts_with("/v1/") { base.strip_suffix("/v1").unwrap_or(base) } else { base };
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut secret = None;
    let value = key.map(|key| key.secret.expose_secret().trim());
    if target.kind == ProviderKind::Anthropic {
        headers.push(("anthropic-version".to_owned(), anthropic::VERSION.to_owned()));
        secret = value.map(|value| ("x-api-key", SecretString::from(value)));
    } else if let Some(value) = value {
        secret = Some(("authorization", SecretString::from(format!("Bearer {value}"))));
    }
    headers.extend(target.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    let body = body.map(|body| body.to_string().into_bytes());
    Outgoing { url: format!("{base}{path}"), body, headers, secret, connect }
}
