//! The HTTP request of a call as a person may repeat it: everything but the key.

use serde_json::Value;

use super::{Call, anthropic, ollama, openai};
use crate::model::{ProviderKind, Target};

/// A `POST` with a body of JSON, its key left out.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainRequest {
    /// Where to.
    pub url: String,
    /// The headers, none of them secret.
    pub headers: Vec<(String, String)>,
    /// The header that carries the key, and what stands in it before the key.
    pub key: (&'static str, &'static str),
    /// The body.
    pub body: Value,
}

impl PlainRequest {
    /// Writes a call as a request; none where the target is not asked over HTTP.
    #[must_use]
    pub fn of(call: &Call) -> Option<Self> {
        let (path, body) = match call.target.kind {
            ProviderKind::OpenAi => ("/chat/completions", openai::body(call)),
            ProviderKind::Anthropic => ("/v1/messages", anthropic::body(call)),
            ProviderKind::Ollama => ("/api/chat", ollama::body(call)),
            ProviderKind::Command | ProviderKind::Demo => return None,
        };
        let target = &call.target;
        Some(Self { url: url(target, path), headers: headers(target), key: key(target.kind), body })
    }
}

/// Joins a target's address and a path.
pub(super) fn url(target: &Target, path: &str) -> String {
    let base = target.base_url.as_deref().or(target.kind.default_base_url()).unwrap_or_default();
    let base = base.trim_end_matches('/');
    // An Anthropic base URL is written with and without its version.
    let base = if path.starts_with("/v1/") { base.strip_suffix("/v1").unwrap_or(base) } else { base };
    format!("{base}{path}")
}

/// Lists a target's headers but that of the key.
pub(super) fn headers(target: &Target) -> Vec<(String, String)> {
    let version = ("anthropic-version".to_owned(), anthropic::VERSION.to_owned());
    let own = (target.kind == ProviderKind::Anthropic).then_some(version);
    own.into_iter().chain(target.headers.clone()).collect()
}

/// Names the header that carries the key, and what stands in it before the key.
pub(super) fn key(kind: ProviderKind) -> (&'static str, &'static str) {
    if kind == ProviderKind::Anthropic { ("x-api-key", "") } else { ("authorization", "Bearer ") }
}
