//! Which models a provider serves, and which servers run on this machine.

use std::time::Duration;

use serde_json::Value;

use crate::{
    model::{CallError, ErrorKind, Key, Target, Wire, model_list::ServedModel},
    provider::{
        classify,
        http::{Outgoing, refused},
        request, wires,
        wires::{HttpWire, Providers},
    },
};

/// The largest list taken, in bytes.
const LIST_CAP: usize = 8 * 1024 * 1024;

/// What a server on this machine is given to answer.
const PROBE: Duration = Duration::from_millis(200);

impl Providers {
    /// Lists the models a target's provider serves. A command has no list.
    pub async fn models(&self, target: &Target, key: Option<&Key>) -> Result<Vec<ServedModel>, CallError> {
        let Some(wire) = wires::http(target.kind) else {
            let text = format!("provider `{}` cannot list its models", target.provider);
            return Err(CallError::new(ErrorKind::CallerFault, text));
        };
        let url = request::models_url(wire, target)?;
        let (outgoing, redact) = self.outgoing(wire, (target, key), (url, None), Duration::from_secs(5))?;
        let listed = self.list(wire, outgoing).await.map_err(|error| redact.error(error))?;
        let shown = |listed: ServedModel| ServedModel {
            id: redact.text(&listed.id),
            shutdown: listed.shutdown.map(|day| redact.text(&day)),
        };
        Ok(listed.into_iter().map(shown).collect())
    }

    /// Asks a server on this machine which models it serves; `None` if none answers in 200 ms.
    pub async fn probe(&self, kind: Wire, base_url: &str) -> Option<Vec<ServedModel>> {
        let wire = wires::http(kind)?;
        let url = request::join(base_url, wire.models_path());
        let outgoing = Outgoing::plain(url, PROBE);
        tokio::time::timeout(PROBE, self.list(wire, outgoing)).await.ok()?.ok()
    }

    async fn list(&self, wire: &dyn HttpWire, outgoing: Outgoing) -> Result<Vec<ServedModel>, CallError> {
        let mut incoming = self.http.send(outgoing).await?;
        if incoming.status != 200 {
            return Err(refused(&mut incoming).await);
        }
        let mut body = Vec::new();
        while let Some(bytes) = incoming.chunk().await? {
            body.extend_from_slice(&bytes);
            if body.len() > LIST_CAP {
                return Err(CallError::new(ErrorKind::TooLarge, "the list of models is larger than 8 MiB"));
            }
        }
        models(wire, &body).map_err(|error| incoming.hinted(error))
    }
}

fn models(wire: &dyn HttpWire, body: &[u8]) -> Result<Vec<ServedModel>, CallError> {
    let Ok(list) = serde_json::from_slice::<Value>(body) else {
        return Err(CallError::new(ErrorKind::NotAnApi, "the list of models is not JSON"));
    };
    let Some(rows) = list.get("data").or_else(|| list.get("models")).and_then(Value::as_array) else {
        return Err(classify::event(&list.to_string()));
    };
    let listed = rows.iter().filter_map(|row| {
        let shutdown = row.get("shutdown_date").and_then(Value::as_str).map(str::to_owned);
        Some(ServedModel { id: wire.listed(row)?.to_owned(), shutdown })
    });
    Ok(listed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_list_is_read() {
        let openai = br#"{"data":[{"id":"a","shutdown_date":"2027-01-14"},{"id":"b","shutdown_date":null}]}"#;
        let ollama = br#"{"models":[{"name":"llama3:latest","model":"llama3:latest"}]}"#;
        let gemini =
            br#"{"models":[{"name":"models/gemini-3.8-flash","supportedGenerationMethods":["generateContent"]},
            {"name":"models/embedding-2","supportedGenerationMethods":["embedContent"]},{"name":"tunedModels/mine"}]}"#;
        let models = |kind, body: &[u8]| models(wires::http(kind).unwrap(), body);
        let read = models(Wire::OpenAi, openai).unwrap();
        assert_eq!(read[0], ServedModel { id: "a".to_owned(), shutdown: Some("2027-01-14".to_owned()) });
        assert_eq!((read.len(), read[1].shutdown.as_ref()), (2, None));
        assert_eq!(models(Wire::Ollama, ollama).unwrap()[0].id, "llama3:latest");
        let ids: Vec<String> = models(Wire::Gemini, gemini).unwrap().into_iter().map(|listed| listed.id).collect();
        assert_eq!(ids, ["gemini-3.8-flash", "tunedModels/mine"]);
        assert_eq!(models(Wire::OpenAi, b"<html>").unwrap_err().class, ErrorKind::NotAnApi);
    }
}
