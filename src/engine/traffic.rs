//! What the workbench asks of an endpoint that answers programs: its calls, and what becomes of them.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    config::{Env, serve_address, serve_token},
    model::{
        settings::Places,
        traffic::{FailRule, HeldAnswer, LiveTexts, LiveTraffic},
    },
    provider::http::{Http, Outgoing},
};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);

/// The longest answer that is read, in bytes.
const MOST: usize = 8 * 1024 * 1024;

/// Speaks to the endpoint of this user's that has begun to listen last.
#[derive(Debug)]
pub struct TrafficClient {
    http: Http,
    url: String,
    token: String,
}

impl TrafficClient {
    /// Finds the endpoint. Fails, in words, where there is none.
    pub fn find(places: &Places, env: Env<'_>) -> Result<Self, String> {
        let url = serve_address::read(places)
            .ok_or_else(|| "no endpoint answers programs: `retort serve` starts one".to_owned())?;
        let token = serve_token::read(places, env).map_err(|error| error.to_string())?;
        Ok(Self { http: Http::default(), url, token: token.secret.expose_secret().to_owned() })
    }

    /// Lists its calls, once there is news since a revision.
    pub async fn list(&self, after: Option<u64>) -> Result<LiveTraffic, String> {
        let query = after.map_or_else(String::new, |after| format!("?after={after}"));
        self.read(&format!("/retort/calls{query}"), None::<&()>).await
    }

    /// Reads what a call asked and was answered.
    pub async fn texts(&self, id: u64) -> Result<LiveTexts, String> {
        self.read(&format!("/retort/calls/{id}"), None::<&()>).await
    }

    /// Says what becomes of a call that is held.
    pub async fn answer(&self, id: u64, answer: &HeldAnswer) -> Result<(), String> {
        self.send(&format!("/retort/calls/{id}"), Some(answer)).await.map(drop)
    }

    /// Has calls held whose body has a text, or none.
    pub async fn hold(&self, text: Option<&str>) -> Result<(), String> {
        self.send("/retort/hold", Some(&json!({ "text": text }))).await.map(drop)
    }

    /// Has calls fail by a rule, or none.
    pub async fn fail(&self, rule: Option<&FailRule>) -> Result<(), String> {
        self.send("/retort/fail", Some(&json!({ "rule": rule }))).await.map(drop)
    }

    /// Makes a call as a program would, and waits for the end of its answer.
    pub async fn ask(&self, path: &str, body: &str) -> Result<(), String> {
        self.post(path, Some(body.as_bytes().to_vec())).await.map(drop)
    }

    async fn read<T: DeserializeOwned>(&self, path: &str, body: Option<&impl Serialize>) -> Result<T, String> {
        let bytes = self.send(path, body).await?;
        serde_json::from_slice(&bytes).map_err(|error| format!("the endpoint said what is not understood: {error}"))
    }

    async fn send(&self, path: &str, body: Option<&impl Serialize>) -> Result<Vec<u8>, String> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|error| error.to_string())?;
        self.post(path, body).await
    }

    /// Posts a body, or asks for a path where there is none.
    async fn post(&self, path: &str, body: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
        let mut outgoing = Outgoing::plain(format!("{}{path}", self.url), CONNECT);
        outgoing.body = body;
        outgoing.fresh = true;
        outgoing.secrets = vec![("authorization".to_owned(), format!("Bearer {}", self.token).into())];
        let mut incoming = self
            .http
            .send(outgoing)
            .await
            .map_err(|_gone| "no endpoint answers programs any more: `retort serve` starts one".to_owned())?;
        let mut whole = Vec::new();
        while let Some(piece) = incoming.chunk().await.map_err(|error| error.message)? {
            whole.extend_from_slice(&piece);
            if whole.len() > MOST {
                return Err("the endpoint said more than is read".to_owned());
            }
        }
        match incoming.status {
            200..=299 => Ok(whole),
            401 => {
                Err("the endpoint has another token: it was started with a RETORT_SERVE_TOKEN of its own".to_owned())
            }
            status => {
                let said = serde_json::from_slice::<serde_json::Value>(&whole).ok();
                let words = said.as_ref().and_then(|said| said.pointer("/error/message")?.as_str());
                Err(words.map_or_else(|| format!("the endpoint answered {status}"), str::to_owned))
            }
        }
    }
}
