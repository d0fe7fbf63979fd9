//! Anthropic's batches of messages: the requests make the batch, no file; one list of results, after its end.

use serde_json::{Value, json};

use crate::{
    model::Wire,
    provider::batch_api::{
        BatchApi, PartFraming, PartLimits, RemoteAnswer, RemotePhase, RemoteStatus, moment, number, text,
    },
};

/// What counts the requests of a batch.
const COUNTS: [&str; 5] = ["processing", "succeeded", "errored", "canceled", "expired"];

/// Which status an error stands for that came in place of an answer.
const STATUSES: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("timeout_error", 504),
    ("overloaded_error", 529),
];

/// Anthropic's batches.
pub(crate) struct MessageBatches;

impl BatchApi for MessageBatches {
    fn takes(&self, wire: Wire) -> bool {
        wire == Wire::Anthropic
    }

    fn limits(&self) -> PartLimits {
        // 256 MB are taken; a little is left for how it is counted.
        PartLimits { lines: 100_000, bytes: 240 * 1024 * 1024 }
    }

    fn line(&self, id: &str, _endpoint: &str, body: Value) -> Value {
        json!({ "custom_id": id, "params": body })
    }

    fn framing(&self, _tag: &str) -> PartFraming {
        PartFraming { open: "{\"requests\":[".to_owned(), between: ",\n", close: "]}" }
    }

    fn upload(&self) -> Option<&'static str> {
        None
    }

    fn create_path(&self, _model: &str) -> String {
        "/v1/messages/batches".to_owned()
    }

    fn create(&self, _file: &str, _endpoint: &str, _tag: &str) -> Value {
        Value::Null
    }

    fn batch_path(&self, id: &str) -> String {
        format!("/v1/messages/batches/{id}")
    }

    fn cancel_path(&self, id: &str) -> String {
        format!("/v1/messages/batches/{id}/cancel")
    }

    fn list_path(&self, after: Option<&str>) -> String {
        let after = after.map(|after| format!("&after_id={after}")).unwrap_or_default();
        format!("/v1/messages/batches?limit=100{after}")
    }

    fn listed(&self, page: &Value) -> (Vec<RemoteStatus>, Option<String>) {
        let rows = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let listed = rows.iter().filter_map(|row| self.status(row)).collect();
        let more = page.get("has_more").and_then(Value::as_bool).unwrap_or_default();
        (listed, text(page, "last_id").filter(|_| more))
    }

    fn status(&self, value: &Value) -> Option<RemoteStatus> {
        let (id, word) = (text(value, "id")?, text(value, "processing_status")?);
        let counts = value.get("request_counts")?;
        let [processing, succeeded, errored, canceled, expired] =
            COUNTS.map(|name| number(counts.get(name)).unwrap_or_default());
        let total = processing + succeeded + errored + canceled + expired;
        let ended = word == "ended";
        Some(RemoteStatus {
            // Its own address of them may lead elsewhere, and the key goes nowhere else.
            sources: ended.then(|| format!("/v1/messages/batches/{id}/results")).into_iter().collect(),
            id,
            phase: if ended { RemotePhase::Ended } else { RemotePhase::Waiting },
            // Before its end all of them are said to be in work, whatever is done.
            counts: ended.then_some([succeeded, errored + canceled + expired, total]),
            total: Some(total),
            created: moment(value.get("created_at")),
            expires: moment(value.get("expires_at")),
            problems: Vec::new(),
            tag: None,
            word,
        })
    }

    fn result(&self, line: &Value) -> Option<RemoteAnswer> {
        let (id, result) = (text(line, "custom_id")?, line.get("result")?);
        let answer = |status, body| RemoteAnswer { id: id.clone(), status, body, unasked: None };
        Some(match result.get("type")?.as_str()? {
            "succeeded" => answer(Some(200), result.get("message").cloned().unwrap_or_default()),
            "errored" => {
                let error = result.get("error").cloned().unwrap_or_default();
                let kind = error.pointer("/error/type").or_else(|| error.get("type")).and_then(Value::as_str);
                let status = STATUSES.iter().find(|(name, _)| Some(*name) == kind).map_or(500, |(_, status)| *status);
                answer(Some(status), error)
            }
            other => RemoteAnswer { unasked: Some(other.to_owned()), ..answer(None, Value::Null) },
        })
    }

    fn is_batch_price(&self, body: &Value) -> bool {
        body.pointer("/usage/service_tier").and_then(Value::as_str).is_none_or(|tier| tier == "batch")
    }
}
