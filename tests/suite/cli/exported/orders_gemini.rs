// The prompt triage, version bb41fd0, for m. Written by `retort prompts export`.

use serde_json::{Value, json};

/// Where the request goes, with POST.
pub const URL: &str = "http://127.0.0.1:9/v1/models/some-model:generateContent";

/// Returns the headers of the request. Fails where an environment variable is missing.
pub fn headers() -> Result<Vec<(&'static str, String)>, std::env::VarError> {
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("x-goog-api-key", std::env::var("LAB_KEY")?),
    ])
}

const BODY: &str = r#"{
  "contents": [
    {
      "role": "user",
      "parts": [
        {
          "text": ""
        }
      ]
    }
  ],
  "tools": [
    {
      "functionDeclarations": [
        {
          "name": "order",
          "description": "An order",
          "parametersJsonSchema": {
            "type": "object",
            "properties": {
              "id": {
                "type": "integer"
              }
            }
          }
        }
      ]
    }
  ],
  "generationConfig": {
    "temperature": 0.3
  }
}"#;

/// Returns the body of the request.
pub fn request(input: &str) -> Value {
    let mut body: Value = serde_json::from_str(BODY).unwrap_or_default();
    body["contents"][0]["parts"][0]["text"] = input.to_owned().into();
    body
}

/// Finds the text of the answer in the response; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["candidates"][0]["finishReason"] == "MAX_TOKENS" {
        return None;
    }
    Some(
        response["candidates"][0]["content"]["parts"]
            .as_array()?
            .iter()
            .filter(|part| part["thought"] != true)
            .filter_map(|part| part["text"].as_str())
            .collect(),
    )
}

/// Answers the calls of tools in a response, and puts both into the body of the next request; false where nothing is called,
/// and the response is the answer. `call` returns what a tool returns for its arguments. Ask 8 times at most.
pub fn answer_calls(
    body: &mut Value,
    response: &Value,
    mut call: impl FnMut(&str, &Value) -> String,
) -> Result<bool, serde_json::Error> {
    let content = &response["candidates"][0]["content"];
    let parts = content["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let results: Vec<Value> = parts
        .iter()
        .filter_map(|part| part.get("functionCall"))
        .map(|one| {
            let result = call(one["name"].as_str().unwrap_or_default(), &one["args"]);
            json!({ "functionResponse": { "name": one["name"], "response": { "result": result } } })
        })
        .collect();
    let Some(contents) = body["contents"].as_array_mut().filter(|_| !results.is_empty()) else { return Ok(false) };
    contents.push(content.clone());
    contents.push(json!({ "role": "user", "parts": results }));
    Ok(true)
}
