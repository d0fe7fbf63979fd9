//! Gemini's batches: the requests stand within the call that makes the batch, and the answers within what is said of it.

use serde_json::{Value, json};

use crate::{
    model::Wire,
    provider::{
        batch_api::{BatchApi, PartFraming, PartLimits, RemoteAnswer, RemotePhase, RemoteStatus, moment, number, text},
        request,
    },
};

/// What a batch's name begins with that is ours.
const OURS: &str = "retort ";

/// Gemini's batches.
pub(crate) struct GeminiBatches;

impl BatchApi for GeminiBatches {
    fn takes(&self, wire: Wire) -> bool {
        wire == Wire::Gemini
    }

    fn limits(&self) -> PartLimits {
        // 20 MB are taken that are not in a file; a little is left for how it is counted.
        PartLimits { lines: 50_000, bytes: 19 * 1000 * 1000 }
    }

    fn line(&self, id: &str, _endpoint: &str, body: Value) -> Value {
        json!({ "request": body, "metadata": { "key": id } })
    }

    fn framing(&self, tag: &str) -> PartFraming {
        let name = Value::from(format!("{OURS}{tag}"));
        let open = format!("{{\"batch\":{{\"display_name\":{name},\"input_config\":{{\"requests\":{{\"requests\":[");
        PartFraming { open, between: ",\n", close: "]}}}}" }
    }

    fn upload(&self) -> Option<&'static str> {
        None
    }

    fn create_path(&self, model: &str) -> String {
        let name = model.strip_prefix("models/").unwrap_or(model);
        format!("/models/{}:batchGenerateContent", request::escaped(name, b""))
    }

    fn create(&self, _file: &str, _endpoint: &str, _tag: &str) -> Value {
        Value::Null
    }

    fn batch_path(&self, id: &str) -> String {
        format!("/{id}")
    }

    fn cancel_path(&self, id: &str) -> String {
        format!("/{id}:cancel")
    }

    fn list_path(&self, after: Option<&str>) -> String {
        let after = after.map(|after| format!("&pageToken={}", request::escaped(after, b""))).unwrap_or_default();
        format!("/batches?pageSize=100{after}")
    }

    fn listed(&self, page: &Value) -> (Vec<RemoteStatus>, Option<String>) {
        let rows = page.get("operations").or_else(|| page.get("batches")).and_then(Value::as_array);
        let listed = rows.into_iter().flatten().filter_map(|row| self.status(row)).collect();
        (listed, text(page, "nextPageToken").filter(|next| !next.is_empty()))
    }

    fn status(&self, value: &Value) -> Option<RemoteStatus> {
        // What is said of it stands beside its name, or in `metadata` of an operation.
        let about = value.get("metadata").filter(|about| about.get("state").is_some()).unwrap_or(value);
        let id = text(value, "name").or_else(|| text(about, "name"))?;
        let word = text(about, "state")?;
        let short = word.trim_start_matches("BATCH_STATE_").trim_start_matches("JOB_STATE_");
        let count = |name: &str| number(about.pointer(&format!("/batchStats/{name}")));
        let total = count("requestCount");
        let error = value.get("error").or_else(|| about.get("error")).filter(|error| error.is_object());
        let problem = error.map(|error| {
            let code = text(error, "status").or_else(|| Some(number(error.get("code"))?.to_string()));
            (code.unwrap_or_default(), text(error, "message").unwrap_or_default())
        });
        Some(RemoteStatus {
            phase: match short {
                "SUCCEEDED" | "PARTIALLY_SUCCEEDED" | "EXPIRED" | "CANCELLED" => RemotePhase::Ended,
                "FAILED" => RemotePhase::Refused,
                _ => RemotePhase::Waiting,
            },
            counts: total.map(|total| {
                [
                    count("successfulRequestCount").unwrap_or_default(),
                    count("failedRequestCount").unwrap_or_default(),
                    total,
                ]
            }),
            total,
            created: moment(about.get("createTime")),
            expires: moment(about.get("expireTime")),
            sources: vec![format!("/{id}")],
            problems: problem.into_iter().collect(),
            tag: text(about, "displayName").and_then(|name| name.strip_prefix(OURS).map(str::to_owned)),
            id,
            word,
        })
    }

    fn has_lines(&self) -> bool {
        false
    }

    fn results(&self, mut whole: Value) -> Vec<Value> {
        let places = ["/response", "/metadata/output", "/output"];
        for place in places {
            for list in ["/inlinedResponses/inlinedResponses", "/inlinedResponses"] {
                if let Some(Value::Array(found)) = whole.pointer_mut(&format!("{place}{list}")) {
                    return std::mem::take(found);
                }
            }
        }
        Vec::new()
    }

    fn result(&self, line: &Value) -> Option<RemoteAnswer> {
        let id = line.pointer("/metadata/key").or_else(|| line.get("key"))?.as_str()?.to_owned();
        let error = line.get("error").filter(|error| error.is_object());
        let (status, body) = match (line.get("response"), error) {
            (Some(body), None) => (200, body.clone()),
            (_, error) => {
                let code = number(error.and_then(|error| error.get("code")));
                // Some are codes of gRPC, which are small.
                let status = match code {
                    Some(code @ 400..=599) => u16::try_from(code).unwrap_or(500),
                    Some(3) => 400,
                    Some(8) => 429,
                    Some(14) => 503,
                    _ => 500,
                };
                (status, json!({ "error": error }))
            }
        };
        Some(RemoteAnswer { id, status: Some(status), body, unasked: None })
    }
}
