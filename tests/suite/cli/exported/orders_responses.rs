// The prompt triage, version bb41fd0, for m. Written by `retort prompts export`.

use serde_json::{Value, json};

/// Where the request goes, with POST.
pub const URL: &str = "http://127.0.0.1:9/v1/responses";

/// Returns the headers of the request. Fails where an environment variable is missing.
pub fn headers() -> Result<Vec<(&'static str, String)>, std::env::VarError> {
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("authorization", ["Bearer ", &std::env::var("LAB_KEY")?].concat()),
    ])
}

const BODY: &str = r#"{
  "store": false,
  "model": "some-model",
  "input": [
    {
      "role": "user",
      "content": ""
    }
  ],
  "temperature": 0.3,
  "tools": [
    {
      "type": "function",
      "name": "order",
      "description": "An order",
      "parameters": {
        "type": "object",
        "properties": {
          "id": {
            "type": "integer"
          }
        }
      },
      "strict": false
    }
  ]
}"#;

/// Returns the body of the request.
pub fn request(input: &str) -> Value {
    let mut body: Value = serde_json::from_str(BODY).unwrap_or_default();
    body["input"][0]["content"] = input.to_owned().into();
    body
}

/// Finds the text of the answer in the response; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["status"] == "incomplete" {
        return None;
    }
    Some(
        response["output"]
            .as_array()?
            .iter()
            .filter_map(|item| item["content"].as_array())
            .flatten()
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
    let output = response["output"].as_array().map(Vec::as_slice).unwrap_or_default();
    let calls: Vec<&Value> = output.iter().filter(|item| item["type"] == "function_call").collect();
    let Some(input) = body["input"].as_array_mut().filter(|_| !calls.is_empty()) else { return Ok(false) };
    input.extend_from_slice(output);
    for one in calls {
        let text = one["arguments"].as_str().filter(|text| !text.is_empty()).unwrap_or("{}");
        let result = call(one["name"].as_str().unwrap_or_default(), &serde_json::from_str(text)?);
        input.push(json!({ "type": "function_call_output", "call_id": one["call_id"], "output": result }));
    }
    Ok(true)
}
