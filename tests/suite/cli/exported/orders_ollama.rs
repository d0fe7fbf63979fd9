// The prompt triage, version bb41fd0, for m. Written by `retort prompts export`.

use serde_json::{Value, json};

/// Where the request goes, with POST.
pub const URL: &str = "http://127.0.0.1:9/api/chat";

/// Returns the headers of the request. Fails where an environment variable is missing.
pub fn headers() -> Result<Vec<(&'static str, String)>, std::env::VarError> {
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("authorization", ["Bearer ", &std::env::var("LAB_KEY")?].concat()),
    ])
}

const BODY: &str = r#"{
  "model": "some-model",
  "messages": [
    {
      "role": "user",
      "content": ""
    }
  ],
  "tools": [
    {
      "type": "function",
      "function": {
        "name": "order",
        "description": "An order",
        "parameters": {
          "type": "object",
          "properties": {
            "id": {
              "type": "integer"
            }
          }
        }
      }
    }
  ],
  "stream": false,
  "options": {
    "temperature": 0.3
  }
}"#;

/// Returns the body of the request.
pub fn request(input: &str) -> Value {
    let mut body: Value = serde_json::from_str(BODY).unwrap_or_default();
    body["messages"][0]["content"] = input.to_owned().into();
    body
}

/// Finds the text of the answer in the response; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["done_reason"] == "length" {
        return None;
    }
    response["message"]["content"].as_str().map(str::to_owned)
}

/// Answers the calls of tools in a response, and puts both into the body of the next request; false where nothing is called,
/// and the response is the answer. `call` returns what a tool returns for its arguments. Ask 8 times at most.
pub fn answer_calls(
    body: &mut Value,
    response: &Value,
    mut call: impl FnMut(&str, &Value) -> String,
) -> Result<bool, serde_json::Error> {
    let message = &response["message"];
    let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(messages) = body["messages"].as_array_mut().filter(|_| !calls.is_empty()) else { return Ok(false) };
    messages.push(message.clone());
    for one in calls {
        let name = &one["function"]["name"];
        let result = call(name.as_str().unwrap_or_default(), &one["function"]["arguments"]);
        messages.push(json!({ "role": "tool", "tool_name": name, "content": result }));
    }
    Ok(true)
}
