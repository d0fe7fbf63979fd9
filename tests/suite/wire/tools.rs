//! Tools in the requests of every wire: the definitions, the choice, and a round of calls and results.

use retort::{
    model::{
        Message, Role, Tool, ToolCall, ToolChoice, ToolSet,
        Wire::{self, Anthropic, Gemini, Ollama, OpenAi, Responses},
        message::KeptReasoning,
        tool::ToolReply,
    },
    provider::{Call, PlainRequest},
};
use serde_json::{Value, json};

use super::{call, target};

fn tools(choice: Option<ToolChoice>, parallel: Option<bool>) -> ToolSet {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = Tool {
        name: "weather".to_owned(),
        description: "Tells the weather.".to_owned(),
        parameters: Some(schema),
        strict: true,
        cache: None,
        result: None,
    };
    ToolSet { tools: vec![tool], choice, parallel, max_rounds: None }
}

fn asks(kind: Wire, set: ToolSet, rounds: Vec<Message>) -> Call {
    let mut call = call(target(kind, "http://127.0.0.1:1"));
    call.messages = vec![Message::of(Role::System, "Be brief."), Message::of(Role::User, "How is it in Paris?")];
    call.messages.extend(rounds);
    call.tools = set;
    call
}

fn body(call: &Call) -> Value {
    PlainRequest::of(call).unwrap().body
}

/// An answer that called twice, and its results, the second of which failed.
fn round(target: &str, items: Vec<Value>) -> Vec<Message> {
    let made = |id: &str, arguments: &str| ToolCall {
        id: id.to_owned(),
        name: "weather".to_owned(),
        arguments: arguments.to_owned(),
        signature: Some("sig".to_owned()),
        problem: Some("never sent".to_owned()),
    };
    let reply = |id: &str, failed| ToolReply { id: id.to_owned(), name: "weather".to_owned(), failed };
    let kept = Some(KeptReasoning { target: target.to_owned(), items });
    let calls = vec![made("a", r#"{"city": "Paris"}"#), made("b", "")];
    vec![
        Message { tool_calls: calls, kept, ..Message::of(Role::Assistant, "Let me look.") },
        Message::reply(reply("a", false), "20 °C"),
        Message::reply(reply("b", true), "Error: no city"),
        Message::of(Role::User, "And now?"),
    ]
}

#[test]
fn each_wire_defines_a_tool_and_says_the_choice_in_its_own_way() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let function =
        json!({"name": "weather", "description": "Tells the weather.", "parameters": schema, "strict": true});
    let named = Some(ToolChoice::Named("weather".to_owned()));
    let sent = |kind| body(&asks(kind, tools(named.clone(), Some(false)), Vec::new()));
    let chat = sent(OpenAi);
    assert_eq!(chat["tools"], json!([{"type": "function", "function": function}]));
    assert_eq!(chat["tool_choice"], json!({"type": "function", "function": {"name": "weather"}}));
    assert_eq!(chat["parallel_tool_calls"], json!(false));
    let responses = sent(Responses);
    let mut flat = function.clone();
    flat["type"] = json!("function");
    assert_eq!(responses["tools"], json!([flat]));
    assert_eq!(responses["tool_choice"], json!({"type": "function", "name": "weather"}));
    let messages = sent(Anthropic);
    let own = json!({"name": "weather", "description": "Tells the weather.", "input_schema": schema, "strict": true});
    assert_eq!(messages["tools"], json!([own]));
    let one = json!({"type": "tool", "name": "weather", "disable_parallel_tool_use": true});
    assert_eq!(messages["tool_choice"], one);
    let gemini = sent(Gemini);
    let declared = json!({"name": "weather", "description": "Tells the weather.", "parametersJsonSchema": schema});
    assert_eq!(gemini["tools"], json!([{"functionDeclarations": [declared]}]));
    let config = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}});
    assert_eq!(gemini["toolConfig"], config);
    let mut loose = function;
    loose.as_object_mut().unwrap().remove("strict");
    assert_eq!(sent(Ollama)["tools"], json!([{"type": "function", "function": loose}]));
}

#[test]
fn every_word_of_the_choice_has_its_word_on_the_wire() {
    let words = [ToolChoice::Auto, ToolChoice::None, ToolChoice::Required];
    let sent = |kind, choice: &ToolChoice| body(&asks(kind, tools(Some(choice.clone()), None), Vec::new()));
    let all = |kind, at: &str| words.each_ref().map(|choice| sent(kind, choice).pointer(at).cloned());
    let text = |text: &str| Some(json!(text));
    assert_eq!(all(OpenAi, "/tool_choice"), [text("auto"), text("none"), text("required")]);
    assert_eq!(all(Anthropic, "/tool_choice/type"), [text("auto"), text("none"), text("any")]);
    let mode = "/toolConfig/functionCallingConfig/mode";
    assert_eq!(all(Gemini, mode), [text("VALIDATED"), text("NONE"), text("ANY")]);
    assert_eq!(
        sent(Ollama, &ToolChoice::None).get("tools"),
        None,
        "a model that is to call nothing is offered nothing"
    );
    for kind in [OpenAi, Responses, Anthropic, Gemini, Ollama] {
        let plain = body(&asks(kind, ToolSet::default(), Vec::new()));
        let keys = ["tools", "tool_choice", "toolConfig", "parallel_tool_calls"];
        assert!(keys.iter().all(|key| plain.get(*key).is_none()), "{kind}: {plain}");
    }
}

#[test]
fn a_round_goes_back_as_each_wire_wants_it() {
    let sent = |kind, items| body(&asks(kind, tools(None, None), round("lane", items)));
    let chat = sent(OpenAi, vec![json!({"reasoning_content": "Hm"})]);
    let made = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}});
    assert_eq!(
        chat["messages"].as_array().unwrap()[2..5],
        [
            json!({"role": "assistant", "content": "Let me look.", "reasoning_content": "Hm",
                "tool_calls": [made("a", r#"{"city": "Paris"}"#), made("b", "{}")]}),
            json!({"role": "tool", "content": "20 °C", "tool_call_id": "a"}),
            json!({"role": "tool", "content": "Error: no city", "tool_call_id": "b"}),
        ]
    );
    let thinking = json!({"type": "thinking", "thinking": "Hm", "signature": "s"});
    let messages = sent(Anthropic, vec![thinking.clone()]);
    assert_eq!(
        messages["messages"].as_array().unwrap()[1..],
        [
            json!({"role": "assistant", "content": [thinking, {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "b", "name": "weather", "input": {}}]}),
            json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "20 °C"},
                {"type": "tool_result", "tool_use_id": "b", "content": "Error: no city", "is_error": true},
                {"type": "text", "text": "And now?"}]}),
        ],
        "results come before any text, in the next message of the user"
    );
    let item = json!({"type": "reasoning", "id": "rs", "encrypted_content": "x"});
    let responses = sent(Responses, vec![item.clone()]);
    assert_eq!(
        responses["input"].as_array().unwrap()[1..6],
        [
            item,
            json!({"role": "assistant", "content": "Let me look."}),
            json!({"type": "function_call", "call_id": "a", "name": "weather", "arguments": r#"{"city": "Paris"}"#}),
            json!({"type": "function_call", "call_id": "b", "name": "weather", "arguments": "{}"}),
            json!({"type": "function_call_output", "call_id": "a", "output": "20 °C"}),
        ]
    );
    let gemini = sent(Gemini, Vec::new());
    let call = |args: Value| json!({"functionCall": {"name": "weather", "args": args}, "thoughtSignature": "sig"});
    let result = |key: &str, text: &str| json!({"functionResponse": {"name": "weather", "response": {key: text}}});
    assert_eq!(
        gemini["contents"].as_array().unwrap()[1..],
        [
            json!({"role": "model", "parts": [{"text": "Let me look."}, call(json!({"city": "Paris"})), call(json!({}))]}),
            json!({"role": "user", "parts": [result("output", "20 °C"), result("error", "Error: no city"), {"text": "And now?"}]}),
        ]
    );
    let ollama = sent(Ollama, Vec::new());
    assert_eq!(
        ollama["messages"][2]["tool_calls"],
        json!([{"function": {"name": "weather", "arguments": {"city": "Paris"}}}, {"function": {"name": "weather", "arguments": {}}}])
    );
    assert_eq!(ollama["messages"][3]["tool_name"], json!("weather"));
}

#[test]
fn what_one_model_signed_is_not_sent_to_another() {
    let sent = |kind, items| body(&asks(kind, tools(None, None), round("another", items)));
    let messages = sent(Anthropic, vec![json!({"type": "thinking", "thinking": "Hm", "signature": "s"})]);
    assert_eq!(messages["messages"][1]["content"][0]["type"], json!("text"));
    let gemini = sent(Gemini, Vec::new());
    let parts = &gemini["contents"][1]["parts"];
    assert_eq!(parts[1]["thoughtSignature"], json!("skip_thought_signature_validator"), "made-up history says so");
    assert_eq!(parts[2].get("thoughtSignature"), None, "and on the first call alone");
    assert!(sent(Responses, vec![json!({"type": "reasoning"})])["input"][1].get("role").is_some());
}
