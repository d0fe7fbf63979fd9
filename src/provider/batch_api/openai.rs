//! OpenAI's batches, and the lines of those who took them over: a file, a batch of it, one file of results and one of errors.

use serde_json::{Value, json};

use crate::{
    model::Wire,
    provider::{
        batch_api::{
            BatchApi, BatchFile, PartFraming, PartLimits, RemoteAnswer, RemotePhase, RemoteStatus, moment, number, text,
        },
        http::FileUpload,
    },
};

/// What stands between the parts of a form.
const BOUNDARY: &str = "retort-9f2c41d7a86b4e05";

/// Writes the form that sends a file.
pub(crate) fn form(file: &BatchFile) -> FileUpload {
    let name: String = file.name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let before = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{BOUNDARY}\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: application/jsonl\r\n\r\n"
    );
    FileUpload {
        content_type: format!("multipart/form-data; boundary={BOUNDARY}"),
        before: before.into_bytes(),
        file: file.clone(),
        after: format!("\r\n--{BOUNDARY}--\r\n").into_bytes(),
    }
}

/// OpenAI's batches.
pub(crate) struct OpenAiBatches;

impl BatchApi for OpenAiBatches {
    fn takes(&self, wire: Wire) -> bool {
        matches!(wire, Wire::OpenAi | Wire::Responses)
    }

    fn limits(&self) -> PartLimits {
        // 200 MB are taken; a little is left for how it is counted.
        PartLimits { lines: 50_000, bytes: 190 * 1024 * 1024 }
    }

    fn line(&self, id: &str, endpoint: &str, body: Value) -> Value {
        json!({ "custom_id": id, "method": "POST", "url": endpoint, "body": body })
    }

    fn framing(&self, _tag: &str) -> PartFraming {
        PartFraming { open: String::new(), between: "\n", close: "\n" }
    }

    fn upload(&self) -> Option<&'static str> {
        Some("/files")
    }

    fn create_path(&self, _model: &str) -> String {
        "/batches".to_owned()
    }

    fn create(&self, file: &str, endpoint: &str, tag: &str) -> Value {
        json!({
            "input_file_id": file,
            "endpoint": endpoint,
            "completion_window": "24h",
            "metadata": { "retort_job": tag },
        })
    }

    fn batch_path(&self, id: &str) -> String {
        format!("/batches/{id}")
    }

    fn cancel_path(&self, id: &str) -> String {
        format!("/batches/{id}/cancel")
    }

    fn list_path(&self, after: Option<&str>) -> String {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        format!("/batches?limit=100{after}")
    }

    fn listed(&self, page: &Value) -> (Vec<RemoteStatus>, Option<String>) {
        let rows = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let listed: Vec<RemoteStatus> = rows.iter().filter_map(|row| self.status(row)).collect();
        let more = page.get("has_more").and_then(Value::as_bool).unwrap_or_default();
        let last = text(page, "last_id").or_else(|| Some(listed.last()?.id.clone()));
        (listed, last.filter(|_| more))
    }

    fn status(&self, value: &Value) -> Option<RemoteStatus> {
        let word = text(value, "status")?;
        let count = |name: &str| number(value.pointer(&format!("/request_counts/{name}")));
        let total = count("total").filter(|total| *total > 0);
        let listed = value.pointer("/errors/data").and_then(Value::as_array).into_iter().flatten();
        let problems =
            listed.map(|error| (text(error, "code").unwrap_or_default(), text(error, "message").unwrap_or_default()));
        let files = ["output_file_id", "error_file_id"].into_iter().filter_map(|name| text(value, name));
        Some(RemoteStatus {
            id: text(value, "id")?,
            phase: match word.as_str() {
                "failed" => RemotePhase::Refused,
                "completed" | "expired" | "cancelled" => RemotePhase::Ended,
                _ => RemotePhase::Waiting,
            },
            word,
            counts: total
                .map(|total| [count("completed").unwrap_or_default(), count("failed").unwrap_or_default(), total]),
            total,
            created: moment(value.get("created_at")),
            expires: moment(value.get("expires_at")),
            sources: files.map(|file| format!("/files/{file}/content")).collect(),
            problems: problems.collect(),
            tag: value.pointer("/metadata/retort_job").and_then(Value::as_str).map(str::to_owned),
        })
    }

    fn result(&self, line: &Value) -> Option<RemoteAnswer> {
        let id = text(line, "custom_id")?;
        let response = line.get("response").filter(|response| response.is_object());
        let body = response.and_then(|response| response.get("body")).cloned().unwrap_or_default();
        let status = number(response.and_then(|response| response.get("status_code")));
        let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| *status > 0);
        let error = line.get("error").filter(|error| error.is_object());
        // An answer is one whatever stands beside it.
        if status == Some(200) && body.is_object() {
            return Some(RemoteAnswer { id, status, body, unasked: None });
        }
        let code = error.and_then(|error| text(error, "code")).unwrap_or_default();
        if status.is_none() && (code == "batch_expired" || code == "batch_cancelled") {
            return Some(RemoteAnswer { id, status: None, body: Value::Null, unasked: Some(code) });
        }
        let body = match error {
            Some(error) if body.is_null() => json!({ "error": error }),
            _ => body,
        };
        Some(RemoteAnswer {
            id,
            status: Some(status.filter(|status| *status != 200).unwrap_or(500)),
            body,
            unasked: None,
        })
    }
}
