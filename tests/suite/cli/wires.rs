//! OpenAI Responses and Gemini at the command line: a run on each over a real socket, streamed and whole, with its JSON.

use serde_json::{Value, json};

use crate::support::{
    home::{Home, Ran},
    server::{Request, Script, Server, event_stream, json as whole},
};

const PROMPT: &str = "system = \"Answer in JSON.\"\nuser = \"{{ input }}\"\n[params]\nseed = 7\nstop = [\"END\"]\n\
                      reasoning_effort = \"low\"\n[response]\nformat = \"schema\"\nrequired = [\"mood\"]\n\
                      schema = { type = \"object\", properties = { mood = { type = \"string\", pattern = \"^w\" } }, \
                      required = [\"mood\"], additionalProperties = false }\n";
const GOOD: &str = "{\"mood\":\"well\"}";

/// Runs the prompt on a provider of this kind and returns what came and what was asked.
async fn run(kind: &str, path: &str, script: Script) -> (Ran, Request) {
    let server = Server::start([script]).await;
    let home = Home::new();
    let address = format!("{}{path}", server.url);
    let settings = format!(
        "[retry]\nattempts = 1\n[providers.p]\nkind = \"{kind}\"\nbase_url = \"{address}\"\napi_keys = [\"env:P_KEY\"]\n"
    );
    home.file("config/config.toml", &settings);
    home.file("config/prompts/p.toml", PROMPT);
    home.file("work/in.txt", "hello");
    let mut command = home.command(&["run", "p", "-m", "p/some-model", "-i", "in.txt", "--json"]);
    command.env("P_KEY", "planted-key-1");
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    let request = server.requests().remove(0);
    (ran, request)
}

/// The outcome of a run that answered, and the notices of it.
fn told(ran: &Ran) -> (Value, String) {
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let outcome = ran.lines().pop().unwrap()["outcome"].take();
    (outcome, ran.out.clone())
}

fn events(all: &[Value]) -> Script {
    Script::answer(event_stream(
        all.iter().map(|data| ["data: ", &data.to_string(), "\n\n"].concat()).collect::<String>(),
    ))
}

fn answer(body: &Value) -> Script {
    Script::answer(whole("200 OK", &[("connection", "close")], &body.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_responses() {
    let output = json!([
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": GOOD}]},
    ]);
    let usage = json!({"input_tokens": 20, "input_tokens_details": {"cached_tokens": 8}, "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 32});
    let response = json!({"object": "response", "model": "some-model-1", "status": "completed", "error": null,
        "output": output, "usage": usage});
    let streamed = events(&[
        json!({"type": "response.created", "response": {"model": "some-model-1"}}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "Hm"}),
        json!({"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "{\"mood\":"}),
        json!({"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "\"well\"}"}),
        json!({"type": "response.completed", "response": response}),
    ]);
    for script in [streamed, answer(&response)] {
        let (ran, request) = run("responses", "/v1", script).await;
        let (outcome, out) = told(&ran);
        assert_eq!((outcome["text"].as_str(), outcome["reasoning"].as_str()), (Some(GOOD), Some("Hm")));
        let usage = &outcome["usage"];
        assert_eq!([&usage["input"], &usage["cache_read"], &usage["output"], &usage["reasoning"]], [12, 8, 7, 5]);
        assert_eq!(request.path, "/v1/responses");
        assert_eq!(request.header("authorization"), Some("Bearer planted-key-1"));
        let body = request.json();
        assert_eq!((&body["seed"], &body["stop"]), (&Value::Null, &Value::Null), "the wire has no such fields");
        assert_eq!((&body["reasoning"]["effort"], &body["text"]["format"]["strict"]), (&json!("low"), &json!(true)));
        for name in ["seed", "stop"] {
            assert!(out.contains(&format!("{name} is not accepted by some-model; left out")), "{out}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_had_in_its_cache_is_shown_with_what_that_saved() {
    let usage = json!({"input_tokens": 20, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 0,
        "output_tokens": 12});
    let message = json!({"type": "message", "model": "some-model", "content": [{"type": "text", "text": GOOD}],
        "stop_reason": "end_turn", "usage": usage});
    let server =
        Server::start([Script::answer(whole("200 OK", &[("connection", "close")], &message.to_string()))]).await;
    let home = Home::new();
    let settings = format!(
        "[providers.p]\nkind = \"anthropic\"\nbase_url = \"{}\"\napi_keys = [\"env:P_KEY\"]\ninput_price = 3\n\
         output_price = 15\ncached_price = 0.3\n",
        server.url
    );
    home.file("config/config.toml", &settings);
    home.file(
        "config/prompts/p.toml",
        "[[message]]\nrole = \"system\"\ncontent = \"Rules.\"\ncache = \"5m\"\n\
                                           [[tool]]\nname = \"look\"\ncache = \"1h\"\n",
    );
    home.file("work/in.txt", "hello");
    let mut command = home.command(&["run", "p", "-m", "p/some-model", "-i", "in.txt"]);
    command.env("P_KEY", "planted-key-1");
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    let words = "2,000 tokens read from the provider's cache, saved $0.005400";
    assert!(ran.err.contains(words), "{}", ran.err);
    let body = server.requests().remove(0).json();
    assert_eq!(body["system"][0]["cache_control"]["type"], "ephemeral");
    assert_eq!(body["tools"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    let id = home.run(&["history", "--columns", "run"]).out.lines().nth(1).unwrap().trim().to_owned();
    let shown = home.run(&["show", &id]);
    assert!(shown.out.contains(words), "{}", shown.out);
    let quality = home.run(&["quality"]);
    let flat = quality.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("provider's cache saved $0.005400"), "{}", quality.out);
    let json: Value = serde_json::from_str(&home.run(&["quality", "--json"]).out).unwrap();
    assert_eq!(json["cache_saved"], 0.0054);
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_have_prices_of_their_own_and_are_summed_over_runs() {
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10,
        "prompt_tokens_details": {"audio_tokens": 60, "image_tokens": 30}});
    let chunk = json!({"choices": [{"delta": {"content": GOOD}, "finish_reason": "stop"}], "usage": usage});
    let script = || Script::answer(event_stream(format!("data: {chunk}\n\ndata: [DONE]\n\n")));
    let server = Server::start((0..4).map(|_| script())).await;
    let home = Home::new();
    let settings = format!(
        "[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n[models.m]\nprovider = \"own\"\nmodel = \"m\"\n\
         input_price = 1\noutput_price = 2\naudio_input_price = 30\naudio_output_price = 60\n",
        server.url
    );
    home.file("config/config.toml", &settings);
    let listed = home.run(&["models", "m"]);
    assert!(listed.out.contains("$1.00 / $2.00, audio $30.00 / $60.00 (settings)"), "{}", listed.out);
    home.file("config/prompts/p.toml", "user = \"{{ input }}\"\n");
    home.file("work/rows.csv", "input\na\nb\n");
    let mut command = home.command(&["batch", "p", "rows.csv", "-m", "m", "--json"]);
    let batch = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    assert_eq!(batch.code, Some(0), "{}", batch.err);
    let quality = home.run(&["quality"]);
    assert!(quality.out.contains("200 in, 20 out, of them 60 image, 120 audio tokens"), "{}", quality.out);
    let json: Value = serde_json::from_str(&home.run(&["quality", "--json"]).out).unwrap();
    assert_eq!((&json["audio_tokens"], &json["image_tokens"]), (&json!(120), &json!(60)));
    let each = 40.0 + 60.0 * 30.0 + 10.0 * 2.0;
    assert_eq!(json["cost"], json!(2.0 * each / 1e6));
    assert!(batch.out.contains("\"audio_tokens\":120"), "{}", batch.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_gemini() {
    let usage = json!({"promptTokenCount": 20, "cachedContentTokenCount": 8, "candidatesTokenCount": 7,
        "thoughtsTokenCount": 5, "totalTokenCount": 32});
    let chunk = |parts: Value, more: Value| {
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
        candidate.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "some-model-1"})
    };
    let stop = json!({"finishReason": "STOP"});
    let streamed = events(&[
        chunk(json!([{"text": "Hm", "thought": true}]), json!({})),
        chunk(json!([{"text": "{\"mood\":"}]), json!({})),
        chunk(json!([{"text": "\"well\"}", "thoughtSignature": "c2ln"}]), stop.clone()),
    ]);
    let all = answer(&chunk(json!([{"text": "Hm", "thought": true}, {"text": GOOD}]), stop));
    for script in [streamed, all] {
        let (ran, request) = run("gemini", "/v1beta", script).await;
        let (outcome, out) = told(&ran);
        assert_eq!((outcome["text"].as_str(), outcome["reasoning"].as_str()), (Some(GOOD), Some("Hm")));
        let usage = &outcome["usage"];
        assert_eq!([&usage["input"], &usage["cache_read"], &usage["output"], &usage["reasoning"]], [12, 8, 7, 5]);
        assert_eq!(request.path, "/v1beta/models/some-model:streamGenerateContent?alt=sse");
        assert_eq!(request.header("x-goog-api-key"), Some("planted-key-1"));
        let config = &request.json()["generationConfig"];
        assert_eq!((&config["seed"], &config["stopSequences"]), (&json!(7), &json!(["END"])));
        assert_eq!(config["responseJsonSchema"]["properties"]["mood"], json!({"type": "string"}));
        assert!(out.contains("does not take all of the JSON Schema"), "{out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_gemini_blocks_is_a_matter_of_policy() {
    let blocked =
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}});
    let (ran, _) = run("gemini", "/v1beta", events(&[blocked])).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let words = "content policy: the provider's filter blocked the prompt (PROHIBITED_CONTENT)";
    assert!(ran.err.contains(words), "{}", ran.err);
}
