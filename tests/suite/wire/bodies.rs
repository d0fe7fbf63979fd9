//! What providers write when they refuse, one body a row: `fixtures/wire/errors/bodies.jsonl`.
//!
//! A row without a status came inside a stream or a success.

use std::{fs, path::Path, time::Duration};

use retort::{
    model::{CallError, ErrorKind},
    provider::{classify, headers::Headers},
};
use serde_json::Value;

/// The rows of the table, each as it is written there.
pub(super) fn rows() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire/errors/bodies.jsonl");
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The body of a row, as it is sent.
pub(super) fn body(row: &Value) -> String {
    row["body"].as_str().map_or_else(|| row["body"].to_string(), str::to_owned)
}

/// Reads a body with the status of a row.
pub(super) fn read(row: &Value, body: &str) -> CallError {
    match row["status"].as_u64() {
        Some(status) => classify::response(u16::try_from(status).unwrap(), &Headers::default(), body),
        None => classify::event(body),
    }
}

/// Says what is told otherwise than a row wants.
fn slip(row: &Value, error: &CallError) -> Option<String> {
    let wanted = row["class"].as_str().unwrap();
    let class = |word: &str| serde_json::from_value::<ErrorKind>(word.into()).unwrap();
    let fits = wanted.split(" or ").any(|word| class(word) == error.class);
    let waits = row["wait"].as_f64().is_none_or(|wait| error.retry_after == Some(Duration::from_secs_f64(wait)));
    let param = row["param"].as_str().is_none_or(|param| error.param.as_deref() == Some(param));
    let loading = row["loading"].as_bool().is_none_or(|loading| error.loading == loading);
    (!fits || !waits || !param || !loading)
        .then(|| format!("{} {}: {error:?}, not {wanted}", row["from"], row["status"]))
}

#[test]
fn each_provider_is_understood() {
    let slips: Vec<String> = rows().iter().filter_map(|row| slip(row, &read(row, &body(row)))).collect();
    assert!(slips.is_empty(), "{} slips:\n{}", slips.len(), slips.join("\n"));
}

#[test]
fn wrapping_changes_no_class() {
    let wrapped: [fn(&str) -> Value; 4] = [
        |body| serde_json::json!([serde_json::from_str::<Value>(body).unwrap_or_else(|_| body.into())]),
        |body| serde_json::json!({ "error": { "message": body } }),
        |body| serde_json::json!({ "error": { "message": format!("the provider behind said: {body}"), "code": null } }),
        |body| serde_json::json!({ "error": { "message": "Provider returned error", "metadata": { "raw": body } } }),
    ];
    let mut slips = Vec::new();
    for row in rows().iter().filter(|row| row["body"].is_object() && row["class"] != "not_an_api") {
        for wrap in wrapped {
            let answer = read(row, &wrap(&body(row)).to_string());
            slips.extend(slip(row, &answer));
        }
    }
    assert!(slips.is_empty(), "{} slips:\n{}", slips.len(), slips.join("\n"));
}
