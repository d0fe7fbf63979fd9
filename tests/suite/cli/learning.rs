//! Servers that refuse part of a request: the run mends it once, the next run of the program asks right at the first
//! time, and what was learnt is listed and forgotten.

use serde_json::{Value, json};

use crate::support::{
    home::{Home, Ran},
    server::{Request, Script, Server, event_stream, json as whole},
};

/// A server, and the home of a user whose model `p/m` is there.
struct Learning {
    server: Server,
    home: Home,
}

impl Learning {
    async fn start(kind: &str, prompt: &str, scripts: Vec<Script>) -> Self {
        let (server, home) = (Server::start(scripts).await, Home::new());
        let path = if kind == "openai" { "/v1" } else { "" };
        let settings = format!(
            "[retry]\nattempts = 1\n[cache]\nenabled = false\n[providers.p]\nkind = \"{kind}\"\n\
             base_url = \"{}{path}\"\napi_keys = [\"env:P_KEY\"]\n",
            server.url
        );
        home.file("config/config.toml", &settings);
        let prompt = format!("user = \"{{{{ input }}}}\"\n{prompt}");
        home.file("config/prompts/p.toml", &prompt);
        home.file("work/in.txt", "hello");
        Self { server, home }
    }

    /// Runs the prompt in a process of its own.
    async fn run(&self) -> Ran {
        self.retort(&["run", "p", "-m", "p/m", "-i", "in.txt"]).await
    }

    async fn retort(&self, arguments: &[&str]) -> Ran {
        let mut command = self.home.command(arguments);
        command.env("P_KEY", "planted-key-1");
        tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
    }

    /// The calls so far, without the lists of models.
    fn calls(&self) -> Vec<Request> {
        self.server.requests().into_iter().filter(|request| request.method == "POST").collect()
    }

    fn remembered(&self) -> String {
        std::fs::read_to_string(self.home.dir("state").join("quirks.json")).unwrap_or_default()
    }
}

fn refusal(status: &str, body: &Value) -> Script {
    Script::answer(whole(status, &[("connection", "close")], &body.to_string()))
}

/// OpenAI's error: its words, its `param`, its `code`.
fn openai(message: &str, param: Value, code: Value) -> Value {
    let mut error = json!({"message": message, "type": "invalid_request_error"});
    (error["param"], error["code"]) = (param, code);
    json!({ "error": error })
}

fn worded(message: &str) -> Value {
    openai(message, Value::Null, Value::Null)
}

fn answer(whole_answer: bool) -> Script {
    let choice = |part: &str| json!({"choices": [{"index": 0, part: {"content": "Hi"}, "finish_reason": "stop"}]});
    if whole_answer {
        Script::answer(whole("200 OK", &[("connection", "close")], &choice("message").to_string()))
    } else {
        Script::answer(event_stream(format!("data: {}\n\ndata: [DONE]\n\n", choice("delta"))))
    }
}

fn responses() -> Script {
    let output = json!([{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}]);
    let body = json!({"object": "response", "model": "m", "status": "completed", "output": output});
    Script::answer(whole("200 OK", &[("connection", "close")], &body.to_string()))
}

const TEXT: &str = "[response]\nformat = \"text\"\n";

/// What a request is not to hold any longer.
type Mended = fn(&Request) -> bool;

/// Runs twice on a server that refuses once: what the second request is, that the second run asks so at once, and what
/// both say of it.
async fn mended(status: &str, body: &Value, prompt: &str, good: fn() -> Script, mended: Mended, notices: [&str; 2]) {
    let all = Learning::start("openai", prompt, vec![refusal(status, body), good(), good()]).await;
    let first = all.run().await;
    assert_eq!((first.code, first.out.trim()), (Some(0), "Hi"), "{body}\n{}", first.err);
    let second = all.run().await;
    assert_eq!((second.code, second.out.trim()), (Some(0), "Hi"), "{body}\n{}", second.err);
    let calls = all.calls();
    let seen: Vec<bool> = calls.iter().map(mended).collect();
    assert_eq!(seen, [false, true, true], "{body}");
    for (ran, notice) in [first, second].iter().zip(notices) {
        assert!(ran.err.contains(notice), "{notice}: {}", ran.err);
    }
    assert!(!all.remembered().contains("planted-key-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_may_not_be_streamed_answers_whole() {
    let words = "Your organization must be verified to stream this model. Please go to settings.";
    for body in [
        openai(words, json!("stream"), json!("unsupported_value")),
        worded(words),
        worded("Streaming is not supported for this model"),
        worded("Unsupported value: 'stream' does not support true with this model."),
        json!({"detail": [{"loc": ["body", "stream"], "msg": "Streaming is not available here", "type": "value_error"}]}),
    ] {
        let whole: Mended = |request| request.json()["stream"] == false && request.json()["stream_options"].is_null();
        let notice = "m was not allowed to stream; the answer comes whole";
        mended("400 Bad Request", &body, TEXT, || answer(true), whole, [notice, notice]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_options_are_left_out() {
    let extra = "Extra inputs are not permitted";
    for (status, body) in [
        (
            "422 Unprocessable Entity",
            json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options", "include_usage"], "msg": extra}]}),
        ),
        (
            "422 Unprocessable Entity",
            json!({"object": "error", "message": {"detail": [{"loc": ["body", "stream_options"], "msg": extra}]}}),
        ),
        ("400 Bad Request", openai("Unknown parameter", json!("stream_options"), json!("unknown_parameter"))),
        ("400 Bad Request", worded("Unrecognized request argument supplied: stream_options")),
        ("400 Bad Request", json!({"error": "stream_options is not supported"})),
    ] {
        let without: Mended = |request| request.json()["stream_options"].is_null() && request.json()["stream"] == true;
        mended(status, &body, TEXT, || answer(false), without, ["stream_options was refused by m; left out", ""]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn system_messages_go_into_the_first_user_message() {
    let prompt = format!("system = \"Be brief.\"\n{TEXT}");
    for (status, body) in [
        (
            "400 Bad Request",
            json!({"object": "error", "message": "System role not supported", "type": "BadRequestError", "param": null, "code": 400}),
        ),
        (
            "400 Bad Request",
            openai(
                "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                json!("messages[0].role"),
                json!("unsupported_value"),
            ),
        ),
        (
            "400 Bad Request",
            json!({"error": {"code": 400, "message": "Developer instruction is not enabled for models/gemma-3-1b-it", "status": "INVALID_ARGUMENT"}}),
        ),
        ("400 Bad Request", worded("Conversation roles must alternate user/assistant/user/assistant/...")),
        (
            "500 Internal Server Error",
            json!({"error": {"code": 500, "message": "Jinja Exception: System role not supported", "type": "server_error"}}),
        ),
    ] {
        let folded: Mended =
            |request| request.json()["messages"] == json!([{"role": "user", "content": "Be brief.\n\nhello"}]);
        let notice = "m takes no system messages; they go in front of the first user message";
        mended(status, &body, &prompt, || answer(false), folded, [notice, notice]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_is_left_out_whatever_the_error_names_and_named_in_every_run() {
    let only = "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.";
    for param in [json!("temperature"), Value::Null, json!("None"), json!("value"), json!("model")] {
        let without: Mended = |request| request.json()["temperature"].is_null();
        let prompt = format!("[params]\ntemperature = 0.7\n{TEXT}");
        let notices = ["temperature was refused by m; left out", "temperature is not accepted by m; left out"];
        let body = openai(only, param, json!("unsupported_value"));
        mended("400 Bad Request", &body, &prompt, || answer(false), without, notices).await;
    }
    for (message, name) in [
        ("Unrecognized request argument supplied: seed", "seed"),
        ("UnsupportedParamsError: groq does not support parameters: {'seed': 7}", "seed"),
        ("seed is not supported", "seed"),
        ("property 'top_p' is unsupported", "top_p"),
        ("Argument not supported on this model: stop", "stop"),
        ("Argument not supported: presence_penalty", "presence_penalty"),
    ] {
        let prompt = format!(
            "[params]\nseed = 7\ntop_p = 0.5\nstop = [\"END\"]\n[params.extra]\npresence_penalty = 0.1\n{TEXT}"
        );
        let good = vec![refusal("400 Bad Request", &worded(message)), answer(false), answer(false)];
        let all = Learning::start("openai", &prompt, good).await;
        for notice in [format!("{name} was refused by m; left out"), format!("{name} is not accepted by m; left out")] {
            let ran = all.run().await;
            assert!(ran.code == Some(0) && ran.err.contains(&notice), "{message}: {}", ran.err);
        }
        let sent: Vec<bool> = all.calls().iter().map(|request| !request.json()[name].is_null()).collect();
        assert_eq!(sent, [true, false, false], "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_limit_is_lowered_to_the_one_that_is_named() {
    let prompt = format!("[params]\nmax_tokens = 99999\n{TEXT}");
    for body in [
        openai(
            "max_tokens is too large: 99999. This model supports at most 8192 completion tokens, whereas you provided 99999.",
            json!("max_tokens"),
            json!("invalid_value"),
        ),
        worded("max_tokens: 99999 > 8192, which is the maximum allowed number of output tokens for m"),
        worded(
            "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
        ),
        worded("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"),
        json!({"detail": [{"loc": ["body", "max_tokens"], "msg": "Input should be less than or equal to 8192", "type": "less_than_equal"}]}),
        json!({"code": "InvalidParameter", "message": "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]"}),
    ] {
        let lowered: Mended = |request| request.json()["max_tokens"] == 8192;
        let notice = "max_tokens lowered to 8192: m takes no more";
        mended("400 Bad Request", &body, &prompt, || answer(false), lowered, [notice, notice]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_the_responses_api_is_asked_there() {
    let words = "This model is only supported in v1/responses and not in v1/chat/completions.";
    for (status, body) in [
        ("404 Not Found", openai(words, json!("model"), Value::Null)),
        ("400 Bad Request", worded("m cannot be used with chat completions; use the Responses API instead.")),
    ] {
        let there: Mended = |request| request.path == "/v1/responses";
        let notice = "m is served by the Responses API alone, and asked there";
        mended(status, &body, TEXT, responses, there, [notice, notice]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thinking_is_left_out_where_a_model_does_not_think() {
    let good = || {
        let line = json!({"model": "m", "message": {"role": "assistant", "content": "Hi"}, "done": true, "done_reason": "stop"});
        Script::answer(whole("200 OK", &[("connection", "close")], &format!("{line}\n")))
    };
    let refused = refusal("400 Bad Request", &json!({"error": "\"m\" does not support thinking"}));
    let prompt = format!("[params]\nreasoning_effort = \"low\"\n{TEXT}");
    let all = Learning::start("ollama", &prompt, vec![refused, good(), good()]).await;
    for notice in ["reasoning_effort was refused by m; left out", "reasoning_effort is not accepted by m; left out"] {
        let ran = all.run().await;
        assert!(ran.code == Some(0) && ran.err.contains(notice), "{}", ran.err);
    }
    let sent: Vec<bool> = all.calls().iter().map(|request| !request.json()["think"].is_null()).collect();
    assert_eq!(sent, [true, false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_asked_for_by_a_schema_then_as_an_object_then_in_words() {
    let prompt = "[response]\nformat = \"schema\"\nschema = { type = \"object\", properties = { a = { type = \"integer\" } } }\n";
    let object = || {
        let choice = json!({"choices": [{"index": 0, "delta": {"content": "{\"a\":1}"}, "finish_reason": "stop"}]});
        Script::answer(event_stream(format!("data: {choice}\n\ndata: [DONE]\n\n")))
    };
    let no = || refusal("400 Bad Request", &worded("This response_format type is unavailable now"));
    let all = Learning::start("openai", prompt, vec![no(), no(), object(), object()]).await;
    let (first, second) = (all.run().await, all.run().await);
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{}{}", first.err, second.err);
    let forms: Vec<Value> =
        all.calls().iter().map(|request| request.json()["response_format"]["type"].clone()).collect();
    assert_eq!(forms, [json!("json_schema"), json!("json_object"), Value::Null, Value::Null]);
    assert!(all.calls()[3].json()["messages"].to_string().contains("JSON Schema"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_mended_once_and_one_that_stays_is_the_error() {
    let no = |message: &str| refusal("400 Bad Request", &worded(message));
    let scripts = vec![
        no("Streaming is not supported"),
        no("temperature is not supported"),
        no("max_tokens must be at most 800"),
        no("max_tokens must be at most 400"),
        no("max_tokens must be at most 200"),
    ];
    let prompt = format!("[params]\nmax_tokens = 900\n{TEXT}");
    let all = Learning::start("openai", &prompt, scripts).await;
    let ran = all.run().await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("max_tokens must be at most 200"), "{}", ran.err);
    let limits: Vec<Value> = all.calls().iter().map(|request| request.json()["max_tokens"].clone()).collect();
    assert_eq!(limits, [json!(900), json!(900), json!(900), json!(800), Value::Null]);
    assert_eq!(all.remembered(), "", "what did not help is not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refusal_of_the_request_teaches_nothing() {
    let words = "you asked: how are stream_options and temperature set?";
    for (status, body) in [
        ("403 Forbidden", worded(words)),
        ("429 Too Many Requests", worded(words)),
        (
            "400 Bad Request",
            openai(
                &format!("Invalid content: {words} They are not supported."),
                json!("messages[0].content"),
                Value::Null,
            ),
        ),
        (
            "400 Bad Request",
            openai(
                &format!("Your input was flagged by our content policy: {words}"),
                Value::Null,
                json!("content_policy_violation"),
            ),
        ),
        ("400 Bad Request", worded(&format!("Invalid request: \"{words}\""))),
        ("400 Bad Request", worded("Ungültige Anfrage: Das Feld wird nicht unterstützt.")),
    ] {
        let all = Learning::start("openai", TEXT, vec![refusal(status, &body), answer(false)]).await;
        let ran = all.run().await;
        assert_eq!((ran.code, all.calls().len()), (Some(1), 1), "{status} {body}: {}", ran.err);
        assert_eq!(all.remembered(), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_refused_is_not_kept_for_the_next_run_of_the_program() {
    let scripts = vec![
        refusal("400 Bad Request", &worded("temperature must be between 0 and 1.5")),
        answer(false),
        answer(false),
    ];
    let all = Learning::start("openai", &format!("[params]\ntemperature = 1.8\n{TEXT}"), scripts).await;
    assert_eq!((all.run().await.code, all.run().await.code), (Some(0), Some(0)));
    let sent: Vec<bool> = all.calls().iter().map(|request| !request.json()["temperature"].is_null()).collect();
    assert_eq!(sent, [true, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_learnt_is_listed_by_check_and_doctor_and_forgotten() {
    let words = "Unrecognized request argument supplied: stream_options planted-key-1";
    let list = || Script::answer(whole("200 OK", &[("connection", "close")], r#"{"data":[{"id":"m"}]}"#));
    let refused = || refusal("400 Bad Request", &worded(words));
    let scripts = vec![refused(), answer(false), list(), list(), refused(), answer(false)];
    let all = Learning::start("openai", TEXT, scripts).await;
    assert_eq!(all.run().await.code, Some(0));
    let line = format!("p/m at {}/v1 takes no stream_options (", all.server.url);
    for arguments in [&["models", "--check"] as &[&str], &["doctor"]] {
        let ran = all.retort(arguments).await;
        assert!(ran.out.contains(&line) && ran.out.contains("`retort models --forget p/m`"), "{}", ran.out);
        assert!(!ran.out.contains("planted-key-1"), "{}", ran.out);
    }
    let unknown = all.retort(&["models", "--forget", "p/other"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("nothing is learnt of p/other; of these something is: p/m"), "{}", unknown.err);
    let forgot = all.retort(&["models", "--forget", "p/m"]).await;
    assert_eq!((forgot.code, forgot.out.trim()), (Some(0), "1 thing was forgotten"), "{}", forgot.err);
    assert_eq!(all.run().await.code, Some(0));
    let sent: Vec<bool> = all.calls().iter().map(|request| !request.json()["stream_options"].is_null()).collect();
    assert_eq!(sent, [true, false, true, false], "what is forgotten is learnt anew");
    let every = all.retort(&["models", "--forget"]).await;
    assert_eq!((every.code, every.out.trim()), (Some(0), "1 thing was forgotten"));
}
