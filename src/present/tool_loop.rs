//! The part of a Python program that answers calls of tools: for each shape of a request, how calls are found in an answer and
//! results are put into the next request.

use serde_json::Value;

use crate::pipeline::PlainRequest;

/// Rounds of calls that a program answers, at most.
const ROUNDS: u32 = 8;

const CHAT: &str = r#"    message = answer["choices"][0]["message"]
    calls = message.get("tool_calls") or []
    if not calls:
        break
    body["messages"].append(message)
    for one in calls:
        function = one["function"]
        result = call(function["name"], json.loads(function["arguments"] or "{}"))
        body["messages"].append({"role": "tool", "tool_call_id": one["id"], "content": result})
"#;

const OLLAMA: &str = r#"    message = answer["message"]
    calls = message.get("tool_calls") or []
    if not calls:
        break
    body["messages"].append(message)
    for one in calls:
        function = one["function"]
        result = call(function["name"], function.get("arguments") or {})
        body["messages"].append({"role": "tool", "tool_name": function["name"], "content": result})
"#;

const ANTHROPIC: &str = r#"    calls = [part for part in answer["content"] if part["type"] == "tool_use"]
    if not calls:
        break
    body["messages"].append({"role": "assistant", "content": answer["content"]})
    results = [
        {"type": "tool_result", "tool_use_id": one["id"], "content": call(one["name"], one["input"])}
        for one in calls
    ]
    body["messages"].append({"role": "user", "content": results})
"#;

const RESPONSES: &str = r#"    calls = [item for item in answer["output"] if item["type"] == "function_call"]
    if not calls:
        break
    body["input"] += answer["output"]
    for one in calls:
        result = call(one["name"], json.loads(one["arguments"] or "{}"))
        body["input"].append({"type": "function_call_output", "call_id": one["call_id"], "output": result})
"#;

const GEMINI: &str = r#"    content = answer["candidates"][0]["content"]
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

/// Writes the lines that answer the calls in `answer` and ask again, below a function that makes results up; none where the
/// request offers no tools.
pub(crate) fn python(request: &PlainRequest) -> Option<String> {
    let body = &request.body;
    let first = body.get("tools").and_then(Value::as_array).and_then(|tools| tools.first())?;
    let turn = if body.get("contents").is_some() {
        GEMINI
    } else if body.get("input").is_some() {
        RESPONSES
    } else if first.get("input_schema").is_some() {
        ANTHROPIC
    } else if request.url.trim_end_matches('/').ends_with("/api/chat") {
        OLLAMA
    } else {
        CHAT
    };
    let free = freed(body).map(|line| format!("{line}  # it was to be called once\n")).unwrap_or_default();
    Some(format!("answer = ask()\n{free}for _ in range({ROUNDS}):\n{turn}    answer = ask()\n"))
}

/// Writes the line that leaves the choice of a tool to the model once the first answer has come, where the request forces
/// one: it would be forced again after each result, and no answer would ever come.
fn freed(body: &Value) -> Option<&'static str> {
    let kind = |at: &str| body.pointer(at).and_then(Value::as_str);
    if matches!(kind("/tool_choice/type"), Some("any" | "tool")) {
        let single = body.pointer("/tool_choice/disable_parallel_tool_use").is_some();
        return Some(if single {
            "body[\"tool_choice\"] = {\"type\": \"auto\", \"disable_parallel_tool_use\": True}"
        } else {
            "body[\"tool_choice\"] = {\"type\": \"auto\"}"
        });
    }
    if kind("/tool_choice") == Some("required") || kind("/tool_choice/type") == Some("function") {
        return Some("body[\"tool_choice\"] = \"auto\"");
    }
    (kind("/toolConfig/functionCallingConfig/mode") == Some("ANY"))
        .then_some("body[\"toolConfig\"] = {\"functionCallingConfig\": {\"mode\": \"AUTO\"}}")
}
