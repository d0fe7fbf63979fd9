// The prompt triage, version d520718, for m. Written by `retort prompts export`.

use serde_json::Value;

/// Where the request goes, with POST.
pub const URL: &str = "http://127.0.0.1:9/v1/chat/completions";

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
      "role": "system",
      "content": ""
    },
    {
      "role": "user",
      "content": "It is broken."
    },
    {
      "role": "assistant",
      "content": "{\"severity\": \"major\"}"
    },
    {
      "role": "user",
      "content": ""
    }
  ],
  "max_tokens": 400,
  "response_format": {
    "type": "json_schema",
    "json_schema": {
      "name": "answer",
      "schema": {
        "type": "object",
        "properties": {
          "severity": {
            "type": "string"
          }
        },
        "required": [
          "severity"
        ],
        "additionalProperties": false
      },
      "strict": true
    }
  },
  "temperature": 0.3
}"#;

/// Returns the body of the request.
pub fn request(input: &str, product: &str) -> Value {
    let mut body: Value = serde_json::from_str(BODY).unwrap_or_default();
    body["messages"][0]["content"] = [
        "You triage reports for ", product, ". \\ \"quotes\" {{ braces }}\n",
        "Answer é in JSON.",
    ]
    .concat().into();
    body["messages"][3]["content"] = input.to_owned().into();
    body
}

/// Finds the text of the answer in the response, which is JSON; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["choices"][0]["finish_reason"] == "length" {
        return None;
    }
    response["choices"][0]["message"]["content"].as_str().map(str::to_owned)
}
