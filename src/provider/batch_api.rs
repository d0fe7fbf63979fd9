//! The batch APIs of providers: many requests handed over at once, answered within a day at half the price.
//!
//! [`BatchApi`] is one vendor's: it writes what is sent and reads what comes back, and does no IO. A further vendor is a
//! file that implements it and an arm in [`api`]. [`BatchClient`] sends.

pub(crate) mod anthropic;
pub(crate) mod gemini;
pub(crate) mod openai;

use std::{io, io::Read, sync::Arc, time::Duration};

use futures_util::stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    model::{CallError, ErrorKind, Key, Target, Timer, Wire, remote_job::BatchWay},
    provider::{
        Call, Providers, WireEvent, WireStream, classify,
        headers::Headers,
        http::{FileUpload, Incoming, refused},
        redaction::Redact,
        request,
        response_reader::Reader,
        wires,
        wires::{Framing, HttpWire},
    },
};

/// The largest answer but a list of results that is read, in bytes.
const ANSWER_CAP: usize = 16 * 1024 * 1024;

/// How long a short request may take; files have a while.
const SHORT: Duration = Duration::from_secs(120);
const LONG: Duration = Duration::from_secs(3600);

/// One vendor's batch API: what is sent, and what is read of the answers.
pub(crate) trait BatchApi: Sync {
    /// Tells whether it takes the requests of a wire.
    fn takes(&self, wire: Wire) -> bool;

    /// Says how much one batch holds.
    fn limits(&self) -> PartLimits;

    /// Writes a request as it stands in a batch.
    fn line(&self, id: &str, endpoint: &str, body: Value) -> Value;

    /// Says what stands before, between and after the lines of a file.
    fn framing(&self, tag: &str) -> PartFraming;

    /// Returns the path that a file is sent to before a batch is made of it; none where the file makes the batch.
    fn upload(&self) -> Option<&'static str>;

    /// Returns the path that a batch is made at.
    fn create_path(&self, model: &str) -> String;

    /// Writes what makes a batch of a file that was sent.
    fn create(&self, file: &str, endpoint: &str, tag: &str) -> Value;

    /// Returns the path that tells how a batch of this id stands.
    fn batch_path(&self, id: &str) -> String;

    /// Returns the path that cancels a batch.
    fn cancel_path(&self, id: &str) -> String;

    /// Returns the path of the list of batches, the newest first, after what a page before led to.
    fn list_path(&self, after: Option<&str>) -> String;

    /// Reads a page of that list, and what leads to the next one.
    fn listed(&self, page: &Value) -> (Vec<RemoteStatus>, Option<String>);

    /// Reads what is said of a batch; none where it is no such thing.
    fn status(&self, value: &Value) -> Option<RemoteStatus>;

    /// Tells whether results are lines of JSON; else they are one value, which [`Self::results`] takes apart.
    fn has_lines(&self) -> bool {
        true
    }

    /// Takes the value apart that holds all results.
    fn results(&self, _whole: Value) -> Vec<Value> {
        Vec::new()
    }

    /// Reads a result; none where it is no such thing.
    fn result(&self, line: &Value) -> Option<RemoteAnswer>;

    /// Tells whether the batch price was asked for an answer, by what its body says.
    fn is_batch_price(&self, _body: &Value) -> bool {
        true
    }
}

/// The table of batch APIs. A file for a cluster of one's own has the lines of OpenAI's.
fn api(way: BatchWay) -> &'static dyn BatchApi {
    match way {
        BatchWay::OpenAi | BatchWay::Vllm => &openai::OpenAiBatches,
        BatchWay::Anthropic => &anthropic::MessageBatches,
        BatchWay::Gemini => &gemini::GeminiBatches,
    }
}

/// How much one batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartLimits {
    pub lines: u64,
    /// Of its file.
    pub bytes: u64,
}

/// What stands around the lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFraming {
    pub open: String,
    pub between: &'static str,
    pub close: &'static str,
}

/// What a provider says of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteStatus {
    pub id: String,
    /// The state in its own word.
    pub word: String,
    pub phase: RemotePhase,
    /// Requests that are done and that failed, and all; none where it does not say so yet.
    pub counts: Option<[u64; 3]>,
    /// All requests, as soon as they are counted.
    pub total: Option<u64>,
    pub created: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    /// The paths of its results.
    pub sources: Vec<String>,
    /// What is wrong with it as a whole: codes and words.
    pub problems: Vec<(String, String)>,
    /// What we have named it, if that can be done.
    pub tag: Option<String>,
}

impl RemoteStatus {
    /// Tells whether it was refused because too much waits already.
    #[must_use]
    pub fn is_full(&self) -> bool {
        const FULL: &[&str] = &["token_limit_exceeded", "too_many_tasks", "RESOURCE_EXHAUSTED"];
        self.phase == RemotePhase::Refused && self.problems.iter().any(|(code, _)| FULL.contains(&code.as_str()))
    }

    /// Says what is wrong with it as a whole.
    #[must_use]
    pub fn complaint(&self) -> String {
        let words = self.problems.iter().map(|(code, words)| match (code.is_empty(), words.is_empty()) {
            (false, false) => format!("{code}: {words}"),
            (true, _) => words.clone(),
            (false, true) => code.clone(),
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() { format!("it is {}, and no more is said", self.word) } else { words.join("; ") }
    }
}

/// How far a batch has come, as far as we act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemotePhase {
    /// It is to be waited for.
    Waiting,
    /// It has ended, in whatever way: what there is of results can be had.
    Ended,
    /// It was refused as a whole, and nothing was asked.
    Refused,
}

/// One result, whoever gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemoteAnswer {
    /// The id that we gave the request.
    pub id: String,
    /// The HTTP status that it has, or stands for; none where it was never asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The body of the response.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// Why it was never asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unasked: Option<String>,
}

impl RemoteAnswer {
    /// Returns the error that it is, if it is one.
    #[must_use]
    pub fn error(&self) -> Option<CallError> {
        match (self.status, &self.unasked) {
            (_, Some(why)) => {
                Some(CallError::new(ErrorKind::Transient, format!("the provider's batch did not come to it: {why}")))
            }
            (Some(200..300), None) => None,
            (status, None) => {
                let nothing = Headers::new(Vec::<(String, String)>::new());
                Some(classify::response(status.unwrap_or(500), &nothing, &self.body.to_string()))
            }
        }
    }

    /// Tells whether another try may bring an answer.
    #[must_use]
    pub fn is_worth_another(&self) -> bool {
        self.error().is_some_and(|error| {
            matches!(
                error.class,
                ErrorKind::Transient | ErrorKind::Overloaded | ErrorKind::RateLimited | ErrorKind::Timeout(_)
            )
        })
    }

    /// Tells it as the wire of the target would, and whether half its price is paid.
    pub(crate) fn replay(&self, way: BatchWay, target: &Target) -> (WireStream, bool) {
        let status = self.status.unwrap_or(500);
        let mut items = Vec::new();
        if self.unasked.is_none() {
            items.push(Ok(WireEvent::Headers { status, request_id: None }));
        }
        if let Some(error) = self.error() {
            items.push(Err(error));
        } else {
            let mut events = Vec::new();
            let wire = wires::http(target.kind).unwrap_or(&wires::openai::ChatCompletions);
            let mut reader = Reader::speaking(wire, Framing::Whole, Some("application/json".to_owned()));
            let text = self.body.to_string();
            let read = reader
                .push(text.as_bytes(), &mut events)
                .and_then(|()| if reader.ended() { Ok(()) } else { reader.finish(&mut events) });
            items.extend(events.into_iter().map(Ok));
            items.extend(read.err().map(Err));
        }
        let half = way.is_half_price() && api(way).is_batch_price(&self.body);
        (Box::pin(stream::iter(items)), half)
    }
}

/// What a way makes of requests.
#[derive(Debug, Clone, Copy)]
pub struct BatchLines(pub BatchWay);

impl BatchLines {
    /// Says why a target cannot go this way; none where it can.
    #[must_use]
    pub fn refusal(self, target: &Target) -> Option<String> {
        let wires: Vec<&str> =
            Wire::ALL.iter().filter(|wire| api(self.0).takes(**wire)).map(|wire| wire.info().name).collect();
        (!api(self.0).takes(target.kind)).then(|| {
            format!(
                "`{}` cannot be asked by {}: it is spoken to as {}, and that API takes {}",
                target.name,
                self.0,
                target.kind.info().name,
                wires.join(" and ")
            )
        })
    }

    #[must_use]
    pub fn limits(self) -> PartLimits {
        api(self.0).limits()
    }

    #[must_use]
    pub fn framing(self, tag: &str) -> PartFraming {
        api(self.0).framing(tag)
    }

    /// Writes a call as a line: its body is the one that is sent live, but that nothing is streamed.
    #[must_use]
    pub fn line(self, id: &str, call: &Call) -> Option<String> {
        let wire = wires::http(call.target.kind)?;
        let mut whole = call.clone();
        whole.target.options.whole = true;
        let mut body = request::body(wire, &whole);
        if let Value::Object(fields) = &mut body {
            fields.shift_remove("stream");
            fields.shift_remove("stream_options");
        }
        Some(api(self.0).line(id, &endpoint(wire, &whole), body).to_string())
    }

    /// Reads a result in the provider's form.
    #[must_use]
    pub fn result(self, line: &str) -> Option<RemoteAnswer> {
        api(self.0).result(&serde_json::from_str(line).ok()?)
    }
}

/// Returns the path of a request, as batches of OpenAI's name it.
fn endpoint(wire: &dyn HttpWire, call: &Call) -> String {
    let path = wire.path(call);
    if path.starts_with("/v1") { path.into_owned() } else { format!("/v1{path}") }
}

/// A file that is sent.
#[derive(Clone)]
pub struct BatchFile {
    /// Its name, for the provider.
    pub name: String,
    pub bytes: u64,
    /// Opens it, at its beginning.
    pub open: Arc<dyn Fn() -> io::Result<Box<dyn Read + Send + Sync>> + Send + Sync>,
}

/// Talks to the batch API of one target's provider, with one key.
#[derive(Clone)]
pub struct BatchClient {
    pub providers: Providers,
    pub way: BatchWay,
    pub target: Target,
    pub key: Option<Key>,
}

impl BatchClient {
    fn wire(&self) -> Result<&'static dyn HttpWire, CallError> {
        let refusal = || CallError::new(ErrorKind::CallerFault, format!("`{}` has no batch API", self.target.provider));
        wires::http(self.target.kind).ok_or_else(refusal)
    }

    /// Sends a request; the response, of which nothing but the head is read, with what is to be hidden in it.
    async fn send(&self, path: &str, sent: Sent) -> Result<(Incoming, Redact), CallError> {
        let wire = self.wire()?;
        let url = request::beside_url(&self.target, path)?;
        let (body, upload) = match sent {
            Sent::Nothing => (None, None),
            Sent::Json(value) => (Some(value.to_string().into_bytes()), None),
            Sent::Empty => (Some(Vec::new()), None),
            Sent::File(upload) => (None, Some(upload)),
        };
        let connect = Duration::from_secs(10);
        let (mut outgoing, redact) =
            self.providers.outgoing(wire, (&self.target, self.key.as_ref()), (url, body), connect)?;
        (outgoing.fresh, outgoing.upload) = (true, upload);
        let mut incoming = self.providers.http.send(outgoing).await.map_err(|error| redact.error(error))?;
        if (200..300).contains(&incoming.status) {
            return Ok((incoming, redact));
        }
        Err(redact.error(refused(&mut incoming).await))
    }

    async fn ask(&self, path: &str, sent: Sent) -> Result<Value, CallError> {
        let most = if matches!(sent, Sent::File(_)) { LONG } else { SHORT };
        let asked = async {
            let (mut incoming, redact) = self.send(path, sent).await?;
            let mut body = Vec::new();
            while let Some(bytes) = incoming.chunk().await.map_err(|error| redact.error(error))? {
                body.extend_from_slice(&bytes);
                if body.len() > ANSWER_CAP {
                    return Err(CallError::new(ErrorKind::TooLarge, "what the batch API says is larger than 16 MiB"));
                }
            }
            serde_json::from_slice(&body).map_err(|_unshown: serde_json::Error| {
                CallError::new(ErrorKind::NotAnApi, "what the batch API says is not JSON")
            })
        };
        let late = || CallError::new(ErrorKind::Timeout(Timer::Total), "the batch API did not answer in time");
        tokio::time::timeout(most, asked).await.map_err(|_elapsed| late())?
    }

    fn read(&self, value: &Value) -> Result<RemoteStatus, CallError> {
        let strange = || CallError::new(ErrorKind::NotAnApi, "what the batch API says is no state of a batch");
        api(self.way).status(value).ok_or_else(strange)
    }

    /// Sends a file, where that is a step of its own; its name at the provider.
    pub async fn upload(&self, file: &BatchFile) -> Result<Option<String>, CallError> {
        let Some(path) = api(self.way).upload() else { return Ok(None) };
        let answer = self.ask(path, Sent::File(openai::form(file))).await?;
        let strange = || CallError::new(ErrorKind::NotAnApi, "the file was sent, and no name of it came back");
        answer.get("id").and_then(Value::as_str).map(|id| Some(id.to_owned())).ok_or_else(strange)
    }

    /// Hands a file over, or what an upload has made of it, under a name of ours: it is asked from then on.
    pub async fn create(&self, uploaded: Option<&str>, file: &BatchFile, tag: &str) -> Result<RemoteStatus, CallError> {
        let api = api(self.way);
        let path = api.create_path(&self.target.model);
        let sent = match uploaded {
            Some(name) => Sent::Json(api.create(name, &self.endpoint()?, tag)),
            None => Sent::File(FileUpload {
                content_type: "application/json".to_owned(),
                before: Vec::new(),
                file: file.clone(),
                after: Vec::new(),
            }),
        };
        self.read(&self.ask(&path, sent).await?)
    }

    fn endpoint(&self) -> Result<String, CallError> {
        let path = match self.target.kind {
            Wire::Responses => "/v1/responses",
            Wire::OpenAi
            | Wire::Anthropic
            | Wire::Gemini
            | Wire::Ollama
            | Wire::Inference
            | Wire::Replicate
            | Wire::Command
            | Wire::Demo => "/v1/chat/completions",
        };
        self.wire().map(|_| path.to_owned())
    }

    /// Asks how a batch stands.
    pub async fn status(&self, id: &str) -> Result<RemoteStatus, CallError> {
        self.read(&self.ask(&api(self.way).batch_path(id), Sent::Nothing).await?)
    }

    /// Has a batch cancelled. What was answered by then is paid for.
    pub async fn cancel(&self, id: &str) -> Result<(), CallError> {
        self.ask(&api(self.way).cancel_path(id), Sent::Empty).await.map(drop)
    }

    /// Lists the batches that were made since then.
    pub async fn list(&self, since: Timestamp) -> Result<Vec<RemoteStatus>, CallError> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.ask(&api(self.way).list_path(after.as_deref()), Sent::Nothing).await?;
            let (listed, next) = api(self.way).listed(&page);
            let older = listed.iter().any(|status| status.created.is_some_and(|made| made < since));
            found.extend(listed.into_iter().filter(|status| status.created.is_none_or(|made| made >= since)));
            if older || next.is_none() || next == after {
                return Ok(found);
            }
            after = next;
        }
    }

    /// Reads results and hands each to `take`; the lines that could not be read, counted.
    pub async fn results(
        &self,
        source: &str,
        take: &mut (dyn FnMut(RemoteAnswer) -> io::Result<()> + Send),
    ) -> Result<u64, CallError> {
        let api = api(self.way);
        let (mut incoming, redact) = self.send(source, Sent::Nothing).await?;
        let failed = |error: io::Error| CallError::new(ErrorKind::Unknown, format!("results cannot be kept: {error}"));
        let (mut held, mut unread) = (Vec::new(), 0);
        let mut line = |line: &[u8]| -> Result<u64, CallError> {
            if line.iter().all(u8::is_ascii_whitespace) {
                return Ok(0);
            }
            let read = serde_json::from_slice(line).ok().and_then(|value| api.result(&value));
            let Some(answer) = read else { return Ok(1) };
            take(answer).map_err(failed)?;
            Ok(0)
        };
        while let Some(bytes) = incoming.chunk().await.map_err(|error| redact.error(error))? {
            held.extend_from_slice(&bytes);
            if !api.has_lines() {
                continue;
            }
            let mut from = 0;
            while let Some(end) = held.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)) {
                unread += line(held.get(from..from + end).unwrap_or_default())?;
                from += end + 1;
            }
            held.drain(..from);
        }
        if api.has_lines() {
            return Ok(unread + line(&held)?);
        }
        let Ok(whole) = serde_json::from_slice(&held) else { return Ok(1) };
        drop(held);
        for value in api.results(whole) {
            match api.result(&value) {
                Some(answer) => take(answer).map_err(failed)?,
                None => unread += 1,
            }
        }
        Ok(unread)
    }
}

/// What a request brings.
enum Sent {
    Nothing,
    /// A POST without a body.
    Empty,
    Json(Value),
    File(FileUpload),
}

/// Reads a moment: seconds, or as RFC 3339 writes it.
fn moment(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::Number(seconds) => Timestamp::from_second(seconds.as_i64()?).ok(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads a count: a number, or one in quotation marks.
fn number(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Reads a text that is not empty.
fn text(value: &Value, name: &str) -> Option<String> {
    wires::text(value, name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_state_is_one_that_is_waited_for_or_an_end() {
        use RemotePhase::{Ended, Refused, Waiting};
        let openai = |word: &str| json!({ "id": "b", "status": word });
        let gemini = |word: &str| json!({ "name": "batches/b", "metadata": { "state": word } });
        let anthropic = |word: &str| json!({ "id": "b", "processing_status": word, "request_counts": {} });
        for (way, state, phase) in [
            (BatchWay::OpenAi, openai("validating"), Waiting),
            (BatchWay::OpenAi, openai("finalizing"), Waiting),
            (BatchWay::OpenAi, openai("cancelling"), Waiting),
            (BatchWay::OpenAi, openai("completed"), Ended),
            (BatchWay::OpenAi, openai("expired"), Ended),
            (BatchWay::OpenAi, openai("cancelled"), Ended),
            (BatchWay::OpenAi, openai("failed"), Refused),
            (BatchWay::Anthropic, anthropic("in_progress"), Waiting),
            (BatchWay::Anthropic, anthropic("canceling"), Waiting),
            (BatchWay::Anthropic, anthropic("ended"), Ended),
            (BatchWay::Gemini, gemini("BATCH_STATE_PENDING"), Waiting),
            (BatchWay::Gemini, gemini("BATCH_STATE_RUNNING"), Waiting),
            (BatchWay::Gemini, gemini("BATCH_STATE_EXPIRED"), Ended),
            (BatchWay::Gemini, gemini("JOB_STATE_PARTIALLY_SUCCEEDED"), Ended),
            (BatchWay::Gemini, gemini("JOB_STATE_CANCELLED"), Ended),
            (BatchWay::Gemini, gemini("BATCH_STATE_FAILED"), Refused),
        ] {
            assert_eq!(api(way).status(&state).map(|status| status.phase), Some(phase), "{state}");
        }
        assert_eq!(api(BatchWay::OpenAi).status(&json!({ "error": {} })), None);
    }

    #[test]
    fn a_result_is_an_answer_an_error_or_nothing_that_was_asked() {
        let openai = |response, error| json!({ "custom_id": "a", "response": response, "error": error });
        let answered = json!({ "status_code": 200, "body": { "choices": [] } });
        let limited = json!({ "status_code": 429, "body": { "error": { "message": "Rate limit reached" } } });
        let refused =
            json!({ "status_code": 400, "body": { "error": { "message": "bad", "type": "invalid_request_error" } } });
        let expired = json!({ "code": "batch_expired", "message": "too late" });
        let anthropic = |result| json!({ "custom_id": "a", "result": result });
        let error = |kind: &str| json!({ "type": "errored", "error": { "type": "error", "error": { "type": kind, "message": "m" } } });
        for (way, line, fails, again) in [
            (BatchWay::OpenAi, openai(answered, Value::Null), false, false),
            (BatchWay::OpenAi, openai(limited, Value::Null), true, true),
            (BatchWay::OpenAi, openai(refused, Value::Null), true, false),
            (BatchWay::OpenAi, openai(Value::Null, expired), true, true),
            (BatchWay::Anthropic, anthropic(json!({ "type": "succeeded", "message": {} })), false, false),
            (BatchWay::Anthropic, anthropic(json!({ "type": "expired" })), true, true),
            (BatchWay::Anthropic, anthropic(json!({ "type": "canceled" })), true, true),
            (BatchWay::Anthropic, anthropic(error("invalid_request_error")), true, false),
            (BatchWay::Anthropic, anthropic(error("overloaded_error")), true, true),
            (BatchWay::Gemini, json!({ "key": "a", "response": { "candidates": [] } }), false, false),
            (BatchWay::Gemini, json!({ "key": "a", "error": { "code": 14, "message": "m" } }), true, true),
            (
                BatchWay::Gemini,
                json!({ "metadata": { "key": "a" }, "error": { "code": 3, "message": "m" } }),
                true,
                false,
            ),
        ] {
            let answer = api(way).result(&line).unwrap();
            assert_eq!((answer.error().is_some(), answer.is_worth_another()), (fails, again), "{line}");
        }
        assert_eq!(api(BatchWay::OpenAi).result(&json!({ "custom_id": 7 })), None);
    }

    #[test]
    fn the_batch_tier_is_what_a_body_says_where_it_says_one_of_batches() {
        let tier = |tier: &str| json!({ "usage": { "service_tier": tier } });
        let of = |body| api(BatchWay::Anthropic).is_batch_price(&body);
        assert_eq!((of(tier("batch")), of(tier("standard")), of(json!({}))), (true, false, true));
        assert!(
            api(BatchWay::OpenAi).is_batch_price(&json!({ "service_tier": "default" })),
            "it says so of batches, too"
        );
    }
}
