// The prompt triage, version bb41fd0, for m. Written by `retort prompts export`.

use serde_json::{Value, json};

/// Where the request goes, with POST.
pub const URL: &str = "http://127.0.0.1:9/v1/messages";

/// Returns the headers of the request. Fails where an environment variable is missing.
pub fn headers() -> Result<Vec<(&'static str, String)>, std::env::VarError> {
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("anthropic-version", "2023-06-01".to_owned()),
        ("x-api-key", std::env::var("LAB_KEY")?),
    ])
}

const BODY: &str = r#"{
  "model": "some-model",
  "max_tokens": 4096,
  "messages": [
    {
      "role": "user",
      "content": ""
    }
  ],
  "tools": [
    {
      "name": "order",
      "description": "An order",
      "input_schema": {
        "type": "object",
        "properties": {
          "id": {
            "type": "integer"
          }
        }
      }
    }
  ],
  "temperature": 0.3
}"#;

/// Returns the body of the request.
pub fn request(input: &str) -> Value {
    let mut body: Value = serde_json::from_str(BODY).unwrap_or_default();
    body["messages"][0]["content"] = input.to_owned().into();
    body
}

/// Finds the text of the answer in the response; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["stop_reason"] == "max_tokens" {
        return None;
    }
    Some(response["content"].as_array()?.iter().filter_map(|part| part["text"].as_str()).collect())
}

/// Answers the calls of tools in a response, and puts both into the body of the next request; false where nothing is called,
/// and the response is the answer. `call` returns what a tool returns for its arguments. Ask 8 times at most.
pub fn answer_calls(
    body: &mut Value,
    response: &Value,
    mut call: impl FnMut(&str, &Value) -> String,
) -> Result<bool, serde_json::Error> {
    let parts = response["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let results: Vec<Value> = parts
        .iter()
        .filter(|part| part["type"] == "tool_use")
        .map(|one| {
            let result = call(one["name"].as_str().unwrap_or_default(), &one["input"]);
            json!({ "type": "tool_result", "tool_use_id": one["id"], "content": result })
        })
        .collect();
    let Some(messages) = body["messages"].as_array_mut().filter(|_| !results.is_empty()) else { return Ok(false) };
    messages.push(json!({ "role": "assistant", "content": parts }));
    messages.push(json!({ "role": "user", "content": results }));
    Ok(true)
}
