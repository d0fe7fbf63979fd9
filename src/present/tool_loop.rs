//! The part of a program that answers calls of tools, in each language: for each shape of a request, how calls are found in
//! an answer and results are put into the next request.

use serde_json::Value;

use crate::pipeline::PlainRequest;

/// Rounds of calls that a program answers, at most.
const ROUNDS: u32 = 8;

const PYTHON_CHAT: &str = r#"    message = answer["choices"][0]["message"]
    calls = message.get("tool_calls") or []
    if not calls:
        break
    body["messages"].append(message)
    for one in calls:
        function = one["function"]
        result = call(function["name"], json.loads(function["arguments"] or "{}"))
        body["messages"].append({"role": "tool", "tool_call_id": one["id"], "content": result})
"#;

const PYTHON_OLLAMA: &str = r#"    message = answer["message"]
    calls = message.get("tool_calls") or []
    if not calls:
        break
    body["messages"].append(message)
    for one in calls:
        function = one["function"]
        result = call(function["name"], function.get("arguments") or {})
        body["messages"].append({"role": "tool", "tool_name": function["name"], "content": result})
"#;

const PYTHON_ANTHROPIC: &str = r#"    calls = [part for part in answer["content"] if part["type"] == "tool_use"]
    if not calls:
        break
    body["messages"].append({"role": "assistant", "content": answer["content"]})
    results = [
        {"type": "tool_result", "tool_use_id": one["id"], "content": call(one["name"], one["input"])}
        for one in calls
    ]
    body["messages"].append({"role": "user", "content": results})
"#;

const PYTHON_RESPONSES: &str = r#"    calls = [item for item in answer["output"] if item["type"] == "function_call"]
    if not calls:
        break
    body["input"] += answer["output"]
    for one in calls:
        result = call(one["name"], json.loads(one["arguments"] or "{}"))
        body["input"].append({"type": "function_call_output", "call_id": one["call_id"], "output": result})
"#;

const PYTHON_GEMINI: &str = r#"    content = answer["candidates"][0]["content"]
    calls = [part["functionCall"] for part in content.get("parts", []) if "functionCall" in part]
    if not calls:
        break
    body["contents"].append(content)
    parts = [
        {"functionResponse": {"name": one["name"], "response": {"result": call(one["name"], one.get("args", {}))}}}
        for one in calls
    ]
    body["contents"].append({"role": "user", "parts": parts})
"#;

const TYPESCRIPT_CHAT: &str = r#"    const message = answer.choices[0].message;
    const calls: any[] = message.tool_calls ?? [];
    if (calls.length === 0) break;
    body.messages.push(message);
    for (const one of calls) {
      const content = await call(one.function.name, JSON.parse(one.function.arguments || "{}"));
      body.messages.push({ role: "tool", tool_call_id: one.id, content });
    }
"#;

const TYPESCRIPT_OLLAMA: &str = r#"    const message = answer.message;
    const calls: any[] = message.tool_calls ?? [];
    if (calls.length === 0) break;
    body.messages.push(message);
    for (const one of calls) {
      const content = await call(one.function.name, one.function.arguments ?? {});
      body.messages.push({ role: "tool", tool_name: one.function.name, content });
    }
"#;

const TYPESCRIPT_ANTHROPIC: &str = r#"    const calls: any[] = answer.content.filter((part: any) => part.type === "tool_use");
    if (calls.length === 0) break;
    body.messages.push({ role: "assistant", content: answer.content });
    const results: any[] = [];
    for (const one of calls) {
      results.push({ type: "tool_result", tool_use_id: one.id, content: await call(one.name, one.input) });
    }
    body.messages.push({ role: "user", content: results });
"#;

const TYPESCRIPT_RESPONSES: &str = r#"    const calls: any[] = answer.output.filter((item: any) => item.type === "function_call");
    if (calls.length === 0) break;
    body.input.push(...answer.output);
    for (const one of calls) {
      const output = await call(one.name, JSON.parse(one.arguments || "{}"));
      body.input.push({ type: "function_call_output", call_id: one.call_id, output });
    }
"#;

const TYPESCRIPT_GEMINI: &str = r#"    const content = answer.candidates[0].content;
    const calls: any[] = (content.parts ?? []).filter((part: any) => "functionCall" in part);
    if (calls.length === 0) break;
    body.contents.push(content);
    const parts: any[] = [];
    for (const { functionCall: one } of calls) {
      const result = await call(one.name, one.args ?? {});
      parts.push({ functionResponse: { name: one.name, response: { result } } });
    }
    body.contents.push({ role: "user", parts });
"#;

const RUST_CHAT: &str = r#"    let message = &response["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(messages) = body["messages"].as_array_mut().filter(|_| !calls.is_empty()) else { return Ok(false) };
    messages.push(message.clone());
    for one in calls {
        let text = one["function"]["arguments"].as_str().filter(|text| !text.is_empty()).unwrap_or("{}");
        let result = call(one["function"]["name"].as_str().unwrap_or_default(), &serde_json::from_str(text)?);
        messages.push(json!({ "role": "tool", "tool_call_id": one["id"], "content": result }));
    }
"#;

const RUST_OLLAMA: &str = r#"    let message = &response["message"];
    let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(messages) = body["messages"].as_array_mut().filter(|_| !calls.is_empty()) else { return Ok(false) };
    messages.push(message.clone());
    for one in calls {
        let name = &one["function"]["name"];
        let result = call(name.as_str().unwrap_or_default(), &one["function"]["arguments"]);
        messages.push(json!({ "role": "tool", "tool_name": name, "content": result }));
    }
"#;

const RUST_ANTHROPIC: &str = r#"    let parts = response["content"].as_array().map(Vec::as_slice).unwrap_or_default();
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
"#;

const RUST_RESPONSES: &str = r#"    let output = response["output"].as_array().map(Vec::as_slice).unwrap_or_default();
    let calls: Vec<&Value> = output.iter().filter(|item| item["type"] == "function_call").collect();
    let Some(input) = body["input"].as_array_mut().filter(|_| !calls.is_empty()) else { return Ok(false) };
    input.extend_from_slice(output);
    for one in calls {
        let text = one["arguments"].as_str().filter(|text| !text.is_empty()).unwrap_or("{}");
        let result = call(one["name"].as_str().unwrap_or_default(), &serde_json::from_str(text)?);
        input.push(json!({ "type": "function_call_output", "call_id": one["call_id"], "output": result }));
    }
"#;

const RUST_GEMINI: &str = r#"    let content = &response["candidates"][0]["content"];
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
"#;

/// The lines of a turn in each language.
struct ToolTurn {
    python: &'static str,
    typescript: &'static str,
    rust: &'static str,
}

/// Finds the lines for a request; none where it offers no tools.
fn turn_of(request: &PlainRequest) -> Option<ToolTurn> {
    let body = &request.body;
    let first = body.get("tools").and_then(Value::as_array).and_then(|tools| tools.first())?;
    let (python, typescript, rust) = if body.get("contents").is_some() {
        (PYTHON_GEMINI, TYPESCRIPT_GEMINI, RUST_GEMINI)
    } else if body.get("input").is_some() {
        (PYTHON_RESPONSES, TYPESCRIPT_RESPONSES, RUST_RESPONSES)
    } else if first.get("input_schema").is_some() {
        (PYTHON_ANTHROPIC, TYPESCRIPT_ANTHROPIC, RUST_ANTHROPIC)
    } else if request.url.trim_end_matches('/').ends_with("/api/chat") {
        (PYTHON_OLLAMA, TYPESCRIPT_OLLAMA, RUST_OLLAMA)
    } else {
        (PYTHON_CHAT, TYPESCRIPT_CHAT, RUST_CHAT)
    };
    Some(ToolTurn { python, typescript, rust })
}

/// Writes the lines that answer the calls in `answer` and ask again, below a function that makes results up; none where the
/// request offers no tools.
pub(crate) fn python(request: &PlainRequest) -> Option<String> {
    let turn = turn_of(request)?.python;
    let free =
        freed(&request.body).map(|line| format!("{}  # it was to be called once\n", line.python)).unwrap_or_default();
    Some(format!("answer = ask()\n{free}for _ in range({ROUNDS}):\n{turn}    answer = ask()\n"))
}

/// The same in TypeScript, in a function's body.
pub(crate) fn typescript(request: &PlainRequest) -> Option<String> {
    let turn = turn_of(request)?.typescript;
    let free = freed(&request.body)
        .map(|line| format!("  {} // it was to be called once\n", line.typescript))
        .unwrap_or_default();
    Some(format!(
        "  let answer: any = await ask();\n{free}  for (let round = 0; round < {ROUNDS}; round += 1) {{\n{turn}    answer = await ask();\n  }}\n"
    ))
}

/// Writes the function in Rust that puts the results of the calls in a response into the body of the next request.
pub(crate) fn rust(request: &PlainRequest) -> Option<String> {
    let turn = turn_of(request)?.rust;
    let free = freed(&request.body)
        .map(|line| format!("    // It was to be called once.\n    {}\n", line.rust))
        .unwrap_or_default();
    Some(format!(
        "/// Answers the calls of tools in a response, and puts both into the body of the next request; false where nothing is called,\n\
         /// and the response is the answer. `call` returns what a tool returns for its arguments. Ask {ROUNDS} times at most.\n\
         pub fn answer_calls(\n    body: &mut Value,\n    response: &Value,\n    mut call: impl FnMut(&str, &Value) -> String,\n\
         ) -> Result<bool, serde_json::Error> {{\n{turn}{free}    Ok(true)\n}}\n"
    ))
}

/// Leaves the choice of a tool to the model once the first answer has come, where the request forces one: it would be forced
/// again after each result, and no answer would ever come.
fn freed(body: &Value) -> Option<ToolTurn> {
    let kind = |at: &str| body.pointer(at).and_then(Value::as_str);
    if matches!(kind("/tool_choice/type"), Some("any" | "tool")) {
        let single = body.pointer("/tool_choice/disable_parallel_tool_use").is_some();
        return Some(if single {
            ToolTurn {
                python: "body[\"tool_choice\"] = {\"type\": \"auto\", \"disable_parallel_tool_use\": True}",
                typescript: "body.tool_choice = { type: \"auto\", disable_parallel_tool_use: true };",
                rust: "body[\"tool_choice\"] = json!({ \"type\": \"auto\", \"disable_parallel_tool_use\": true });",
            }
        } else {
            ToolTurn {
                python: "body[\"tool_choice\"] = {\"type\": \"auto\"}",
                typescript: "body.tool_choice = { type: \"auto\" };",
                rust: "body[\"tool_choice\"] = json!({ \"type\": \"auto\" });",
            }
        });
    }
    if kind("/tool_choice") == Some("required") || kind("/tool_choice/type") == Some("function") {
        return Some(ToolTurn {
            python: "body[\"tool_choice\"] = \"auto\"",
            typescript: "body.tool_choice = \"auto\";",
            rust: "body[\"tool_choice\"] = \"auto\".into();",
        });
    }
    (kind("/toolConfig/functionCallingConfig/mode") == Some("ANY")).then_some(ToolTurn {
        python: "body[\"toolConfig\"] = {\"functionCallingConfig\": {\"mode\": \"AUTO\"}}",
        typescript: "body.toolConfig = { functionCallingConfig: { mode: \"AUTO\" } };",
        rust: "body[\"toolConfig\"] = json!({ \"functionCallingConfig\": { \"mode\": \"AUTO\" } });",
    })
}
