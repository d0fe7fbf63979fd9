//! Requests that are answered without a model's answer, such as embeddings and counts of tokens: bytes go out and come
//! back, and are not read here.

use bytes::Bytes;

use crate::{
    model::{CallError, ErrorKind, Key, Target},
    provider::{Providers, forward::ForwardBody, headers::Headers, request, wires},
};

/// The longest answer that is passed on, in bytes.
const MOST: usize = 64 * 1024 * 1024;

/// What a provider answered.
#[derive(Debug)]
pub struct PassedAnswer {
    pub status: u16,
    pub headers: Headers,
    pub body: Bytes,
}

impl Providers {
    /// Posts a body to a path beside that of calls. The secrets of the request are taken out of the answer. Fails where
    /// nothing answers, or too much.
    pub async fn pass(
        &self,
        (target, key): (&Target, Option<&Key>),
        path: &str,
        (body, headers): (&ForwardBody, &[(String, String)]),
        connect: std::time::Duration,
    ) -> Result<PassedAnswer, CallError> {
        let wire = wires::http(target.kind)
            .ok_or_else(|| CallError::new(ErrorKind::CallerFault, format!("{} is not asked over HTTP", target.name)))?;
        let url = request::beside_url(target, path)?;
        let body = body.written(&target.model, &target.options.drop, &target.options.rename, None);
        let (outgoing, redact) = self.outgoing(wire, (target, key), (url, Some(body)), connect)?;
        let mut bytes = redact.of_bytes();
        let answer = async {
            let mut incoming = self.http.send(outgoing.adding(headers)).await?;
            let mut whole = Vec::new();
            while let Some(piece) = incoming.chunk().await? {
                whole.extend_from_slice(&bytes.push(piece));
                if whole.len() > MOST {
                    return Err(CallError::new(ErrorKind::TooLarge, "the provider sent more than is passed on"));
                }
            }
            whole.extend_from_slice(&bytes.finish());
            Ok(PassedAnswer { status: incoming.status, headers: incoming.headers, body: whole.into() })
        };
        answer.await.map_err(|error| redact.error(error))
    }
}
