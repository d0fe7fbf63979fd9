//! What is sent: the path, the headers and the body of each wire format.

use retort::{
    model::{
        MediaKind, Message, ModelCard, Params, Part, PromptCaching, Role,
        Wire::{
            Anthropic, Gemini, Ollama, OpenAi, Responses, {self},
        },
        attachment::PartOrigin,
    },
    provider::{Call, WireFormat},
};
use serde_json::{Value, json};

use super::{SENTINEL, ask, call, target};
use crate::support::server::{Request, Script, Server};

/// Sends a call and returns what arrived.
pub(super) async fn sent(kind: Wire, path: &str, change: impl FnOnce(&mut Call)) -> Request {
    let server = Server::start([Script::answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")]).await;
    let mut call = call(target(kind, &format!("{}{path}", server.url)));
    change(&mut call);
    ask(call).await;
    server.requests().remove(0)
}

fn every_param() -> Params {
    let extra = json!({"num_ctx": 8192, "user": "u-1", "model": "not this", "stream": false});
    Params {
        temperature: Some(1.5),
        top_p: Some(0.9),
        max_tokens: Some(100),
        stop: vec!["END".to_owned()],
        seed: Some(7),
        reasoning_effort: Some("low".to_owned()),
        extra: extra.as_object().unwrap().clone(),
    }
}

fn schema() -> Value {
    json!({"title": "Mood", "type": "object", "properties": {"m": {"type": "number", "minimum": 0}}, "required": ["m"]})
}

#[tokio::test]
async fn a_chat_completion() {
    let request = sent(OpenAi, "/v1/", |call| call.params = every_param()).await;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(request.header("authorization"), Some(format!("Bearer {SENTINEL}").as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(request.header("user-agent").unwrap().starts_with("retort/"));
    let expected = json!({
        "model": "some-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": 1.5, "top_p": 0.9, "max_tokens": 100, "stop": ["END"], "seed": 7, "reasoning_effort": "low",
        "num_ctx": 8192, "user": "u-1",
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn examples_go_as_they_stand_and_alternate_where_they_must() {
    let examples = |call: &mut Call| {
        let words = |role, content: &str| Message::of(role, content);
        call.messages = vec![
            words(Role::System, "one"),
            words(Role::User, "q"),
            words(Role::User, "r"),
            words(Role::Assistant, "a"),
            words(Role::System, "two"),
            words(Role::User, "u"),
        ];
    };
    let whole = json!([
        {"role": "system", "content": "one"}, {"role": "user", "content": "q"}, {"role": "user", "content": "r"},
        {"role": "assistant", "content": "a"}, {"role": "system", "content": "two"}, {"role": "user", "content": "u"},
    ]);
    for kind in [OpenAi, Ollama] {
        assert_eq!(sent(kind, "", examples).await.json()["messages"], whole);
    }
    let contents = sent(Gemini, "", examples).await.json();
    assert_eq!(contents["systemInstruction"]["parts"][0]["text"], "one\n\ntwo");
    let words = |role: &str, text: &str| json!({"role": role, "parts": [{"text": text}]});
    assert_eq!(contents["contents"], json!([words("user", "q\n\nr"), words("model", "a"), words("user", "u")]));
    let apart = sent(Anthropic, "", examples).await.json();
    assert_eq!(apart["system"], "one\n\ntwo");
    let turns = json!([
        {"role": "user", "content": "q\n\nr"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "u"},
    ]);
    assert_eq!(apart["messages"], turns);
}

#[tokio::test]
async fn nothing_is_sent_that_was_not_set() {
    let body = sent(OpenAi, "/v1", |_| ()).await.json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["model", "messages", "stream", "stream_options"]);
}

#[tokio::test]
async fn a_reasoning_model_gets_its_own_words() {
    let card = ModelCard { completion_tokens: true, reasons: true, ..ModelCard::default() };
    let request = sent(OpenAi, "/v1", |call| {
        call.target.card = card;
        call.params.max_tokens = Some(9);
    });
    let body = request.await.json();
    assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&json!(9), &Value::Null));
    assert_eq!(body["messages"][0]["role"], "developer");
}

#[tokio::test]
async fn json_is_asked_for_as_an_object_or_by_its_schema() {
    let object = sent(OpenAi, "/v1", |call| call.format = WireFormat::JsonObject).await.json();
    assert_eq!(object["response_format"], json!({"type": "json_object"}));
    let by_schema = sent(OpenAi, "/v1", |call| call.format = WireFormat::JsonSchema(schema())).await.json();
    let expected = json!({"type": "json_schema", "json_schema": {"name": "Mood", "schema": schema()}});
    assert_eq!(by_schema["response_format"], expected);
}

#[tokio::test]
async fn a_message() {
    for path in ["", "/v1", "/v1/"] {
        let request = sent(Anthropic, path, |call| call.params = every_param()).await;
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/messages"));
        assert_eq!(request.header("x-api-key"), Some(SENTINEL));
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
        let expected = json!({
            "model": "some-model",
            "max_tokens": 100,
            "system": "Be brief.",
            "messages": [{"role": "user", "content": "Hi"}],
            "stream": true,
            "temperature": 1.0, "top_p": 0.9, "stop_sequences": ["END"],
            "output_config": {"effort": "low"},
            "num_ctx": 8192, "user": "u-1",
        });
        assert_eq!(request.json(), expected);
    }
}

#[tokio::test]
async fn a_message_always_has_a_limit_within_the_models_own() {
    let limit = async |wanted: Option<u64>, most: Option<u64>| {
        let request = sent(Anthropic, "", |call| {
            call.params.max_tokens = wanted;
            call.target.card.max_output = most;
        });
        request.await.json()["max_tokens"].as_u64().unwrap()
    };
    assert_eq!(limit(None, None).await, 4096);
    assert_eq!(limit(None, Some(1000)).await, 1000);
    assert_eq!(limit(None, Some(64_000)).await, 8192);
    assert_eq!(limit(Some(90_000), Some(64_000)).await, 64_000);
}

#[tokio::test]
async fn a_message_asks_for_json_by_its_reduced_schema_only() {
    let object = sent(Anthropic, "", |call| call.format = WireFormat::JsonObject).await.json();
    assert_eq!(object["output_config"], Value::Null);
    let by_schema = sent(Anthropic, "", |call| call.format = WireFormat::JsonSchema(schema())).await.json();
    let format = &by_schema["output_config"]["format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(format["schema"]["properties"]["m"], json!({"type": "number"}));
    assert_eq!(format["schema"]["additionalProperties"], false);
}

#[tokio::test]
async fn a_chat_of_ollama() {
    let request = sent(Ollama, "", |call| {
        call.params = every_param();
        call.key = None;
        call.format = WireFormat::JsonObject;
    });
    let request = request.await;
    assert_eq!((request.path.as_str(), request.header("authorization")), ("/api/chat", None));
    let expected = json!({
        "model": "some-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": true,
        "format": "json",
        "think": "low",
        "options": {"num_ctx": 8192, "temperature": 1.5, "top_p": 0.9, "num_predict": 100, "seed": 7, "stop": ["END"]},
        "user": "u-1",
    });
    assert_eq!(request.json(), expected);
    let by_schema = sent(Ollama, "", |call| call.format = WireFormat::JsonSchema(schema())).await.json();
    assert_eq!(by_schema["format"], schema());
}

#[tokio::test]
async fn a_response() {
    let request = sent(Responses, "/v1/", |call| {
        call.params = every_param();
        call.params.extra.insert("reasoning".to_owned(), json!({"summary": "auto", "effort": "high"}));
    });
    let request = request.await;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/responses"));
    assert_eq!(request.header("authorization"), Some(format!("Bearer {SENTINEL}").as_str()));
    let expected = json!({
        "model": "some-model",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "Hi"}],
        "stream": true,
        "stream_options": {"include_obfuscation": false},
        "store": false,
        "temperature": 1.5, "top_p": 0.9, "max_output_tokens": 100,
        "reasoning": {"summary": "auto", "effort": "low"},
        "num_ctx": 8192, "user": "u-1",
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn a_response_has_its_schema_flat_and_the_conversation_as_items() {
    let object = sent(Responses, "/v1", |call| call.format = WireFormat::JsonObject).await.json();
    assert_eq!(object["text"], json!({"format": {"type": "json_object"}}));
    let by_schema = sent(Responses, "/v1", |call| {
        call.format = WireFormat::JsonSchema(schema());
        call.params.extra.insert("text".to_owned(), json!({"verbosity": "low"}));
    });
    let format = json!({"type": "json_schema", "name": "Mood", "schema": schema()});
    assert_eq!(by_schema.await.json()["text"], json!({"verbosity": "low", "format": format}));
    let words = |role, content: &str| Message::of(role, content);
    let turns = sent(Responses, "/v1", |call| {
        call.target.card.reasons = true;
        call.messages = vec![
            words(Role::System, "one"),
            words(Role::System, "two"),
            words(Role::User, "q"),
            words(Role::Assistant, "a"),
            words(Role::System, "three"),
            words(Role::User, "u"),
        ];
    });
    let turns = turns.await.json();
    assert_eq!(turns["instructions"], "one\n\ntwo");
    let input = json!([
        {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
        {"role": "developer", "content": "three"}, {"role": "user", "content": "u"},
    ]);
    assert_eq!(turns["input"], input);
    let alone = sent(Responses, "/v1", |call| call.messages = vec![words(Role::System, "all there is")]).await.json();
    assert_eq!(alone["input"], json!([{"role": "system", "content": "all there is"}]));
    assert_eq!(alone["instructions"], Value::Null, "the input may not be empty");
}

#[tokio::test]
async fn a_content_to_generate() {
    let request = sent(Gemini, "/v1beta/", |call| {
        call.params = every_param();
        let extra = json!({"topK": 40, "generationConfig": {"candidateCount": 1, "seed": 1},
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]});
        call.params.extra = extra.as_object().unwrap().clone();
    });
    let request = request.await;
    let path = "/v1beta/models/some-model:streamGenerateContent?alt=sse";
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", path));
    assert_eq!((request.header("x-goog-api-key"), request.header("authorization")), (Some(SENTINEL), None));
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {
            "temperature": 1.5, "topP": 0.9, "maxOutputTokens": 100, "stopSequences": ["END"], "seed": 7,
            "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": true}, "topK": 40, "candidateCount": 1,
        },
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn a_content_names_its_model_in_the_path() {
    for (model, path) in [
        ("gemini-2.5-flash", "/models/gemini-2.5-flash:"),
        ("models/gemini-2.5-flash", "/models/gemini-2.5-flash:"),
        ("tunedModels/mine-1", "/tunedModels/mine-1:"),
        ("../x?key=a#b c", "/models/..%2Fx%3Fkey%3Da%23b%20c:"),
    ] {
        let request = sent(Gemini, "", |call| model.clone_into(&mut call.target.model)).await;
        assert_eq!(request.path, format!("{path}streamGenerateContent?alt=sse"));
    }
}

#[tokio::test]
async fn a_content_asks_for_json_and_for_thoughts_as_its_model_takes_them() {
    let config = async |change: fn(&mut Call)| sent(Gemini, "", change).await.json()["generationConfig"].clone();
    assert_eq!(config(|_| ()).await, Value::Null, "nothing is sent that was not set");
    let object = config(|call| call.format = WireFormat::JsonObject).await;
    assert_eq!(object, json!({"responseMimeType": "application/json"}));
    let by_schema = config(|call| {
        let full = json!({"type": "object", "properties": {"m": {"const": 1, "pattern": "x"}}});
        call.format = WireFormat::JsonSchema(full);
    });
    let kept = json!({"type": "object", "properties": {"m": {"enum": [1]}}});
    assert_eq!(by_schema.await, json!({"responseMimeType": "application/json", "responseJsonSchema": kept}));
    let budget = config(|call| {
        "gemini-2.5-flash".clone_into(&mut call.target.model);
        call.params.reasoning_effort = Some("none".to_owned());
    });
    assert_eq!(budget.await, json!({"thinkingConfig": {"thinkingBudget": 0}}));
    let reasons = config(|call| call.target.card.reasons = true).await;
    assert_eq!(reasons, json!({"thinkingConfig": {"includeThoughts": true}}));
}

#[tokio::test]
async fn the_providers_own_headers_are_sent() {
    let request = sent(OpenAi, "", |call| {
        call.target.headers.insert("HTTP-Referer".to_owned(), "https://example.test".to_owned());
    });
    assert_eq!(request.await.header("http-referer"), Some("https://example.test"));
}

#[tokio::test]
async fn a_marked_message_is_the_end_of_what_anthropic_caches() {
    let marked = |role, content: &str, cache| Message { cache: Some(cache), ..Message::of(role, content) };
    let image = Message {
        attachments: vec![
            Part::of(MediaKind::Image, "x").filled("https://example.com/a.png", PartOrigin::Prompt).unwrap(),
        ],
        ..marked(Role::User, "", PromptCaching::FiveMinutes)
    };
    let messages = vec![
        Message::of(Role::System, "Be brief."),
        marked(Role::System, "Rules.", PromptCaching::OneHour),
        image,
        Message::of(Role::Assistant, "A cat."),
        marked(Role::User, "And now?", PromptCaching::FiveMinutes),
    ];
    let asks = |call: &mut Call| call.messages = messages.clone();
    let body = sent(Anthropic, "", asks).await.json();
    let (hour, minutes) = (json!({"type": "ephemeral", "ttl": "1h"}), json!({"type": "ephemeral", "ttl": "5m"}));
    assert_eq!(
        body["system"],
        json!([{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Rules.", "cache_control": hour}])
    );
    let source = json!({"type": "url", "url": "https://example.com/a.png"});
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"type": "image", "source": source, "cache_control": minutes}]},
            {"role": "assistant", "content": "A cat."},
            {"role": "user", "content": [{"type": "text", "text": "And now?", "cache_control": minutes}]},
        ])
    );
    for wire in [OpenAi, Responses, Gemini, Ollama] {
        let body = sent(wire, "", asks).await.json().to_string();
        assert!(!body.contains("cache"), "{wire:?} caches by itself, and knows no mark: {body}");
    }
}
