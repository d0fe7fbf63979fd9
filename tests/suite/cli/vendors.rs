//! Vendors by name, and the settings of their requests: what is sent, what is shown, what is refused.

use serde_json::{Value, json};

use crate::support::{
    home::{Home, Ran},
    server::{Request, Script, Server, event_stream, json as answer},
};

/// A secret that no output and no file may hold.
const SECRET: &str = "planted/Sentinel-47+11";

fn delta(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn says(text: &str) -> Script {
    Script::answer(event_stream(delta(text) + STOP))
}

fn says_whole(text: &str) -> Script {
    let body =
        json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]});
    Script::answer(answer("200 OK", &[], &body.to_string()))
}

/// Runs a prompt on a model, with settings and an environment; `{url}` in either is the server's address.
async fn run(server: &Server, model: &str, settings: &str, environment: &[(&str, &str)]) -> (Home, Ran) {
    let home = Home::new();
    home.file("config/config.toml", &format!("[retry]\nattempts = 1\n{}", settings.replace("{url}", &server.url)));
    home.file(
        "config/prompts/p.toml",
        "system = \"Be brief.\"\nuser = \"{{ input }}\"\n[params]\nmax_tokens = 9\nseed = 7\n[response]\nformat = \"text\"\n",
    );
    home.file("work/in.txt", "hello");
    let mut command = home.command(&["run", "p", "-m", model, "-i", "in.txt"]);
    for (name, value) in environment {
        command.env(name, value.replace("{url}", &server.url));
    }
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    (home, ran)
}

/// Runs a prompt that is answered, and returns the request.
async fn sent(script: Script, model: &str, settings: &str, environment: &[(&str, &str)]) -> Request {
    let server = Server::start([script]).await;
    let (_, ran) = run(&server, model, settings, environment).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "Hi"), "{}", ran.err);
    server.requests().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_environment_is_all_that_a_vendor_needs() {
    for (model, environment, path, key) in [
        (
            "groq/llama-3.3-70b",
            [("GROQ_API_KEY", "k-1"), ("GROQ_BASE_URL", "{url}/openai/v1")],
            "/openai/v1/chat/completions",
            ("authorization", "Bearer k-1"),
        ),
        (
            "openrouter/meta-llama/llama-4",
            [("OPENROUTER_API_KEY", "k-2"), ("OPENROUTER_BASE_URL", "{url}/api/v1/")],
            "/api/v1/chat/completions",
            ("authorization", "Bearer k-2"),
        ),
        (
            "azure/gpt-4o",
            [("AZURE_OPENAI_API_KEY", "k-3"), ("AZURE_OPENAI_ENDPOINT", "{url}/")],
            "/openai/v1/chat/completions",
            ("api-key", "k-3"),
        ),
    ] {
        let request = sent(says("Hi"), model, "", &environment).await;
        assert_eq!((request.path.as_str(), request.header(key.0)), (path, Some(key.1)), "{model}");
        assert_eq!(request.json()["model"], model.split_once('/').unwrap().1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_a_vendor_is_not_asked_and_the_variable_is_named() {
    let server = Server::start([]).await;
    for (model, settings, variable) in [
        ("groq/llama-3.3-70b", "", "set GROQ_API_KEY or add api_keys to [providers.groq]"),
        ("kimi/kimi-k3", "", "set MOONSHOT_API_KEY or add api_keys to [providers.moonshot]"),
        ("mine", "[models.mine]\nprovider = \"xai\"\nmodel = \"grok-4.7\"\n", "set XAI_API_KEY"),
        ("fast/x", "[providers.fast]\nvendor = \"groq\"\n", "set GROQ_API_KEY or add api_keys to [providers.fast]"),
    ] {
        let (_, ran) = run(&server, model, settings, &[]).await;
        assert!(ran.code != Some(0) && ran.err.contains(variable), "{model}: {}", ran.err);
    }
    let (_, ran) = run(&server, "azure/gpt-4o", "", &[("AZURE_OPENAI_API_KEY", "k")]).await;
    assert!(ran.err.contains("set AZURE_OPENAI_ENDPOINT or add base_url to [providers.azure]"), "{}", ran.err);
    let (_, ran) = run(&server, "grok/grok-4.7", "", &[]).await;
    assert!(ran.err.contains("did you mean `xai/grok-4.7` or `groq/grok-4.7`?"), "{}", ran.err);
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_sent_to_an_address_of_the_file_unless_the_file_says_so() {
    let settings = "[providers.groq]\nbase_url = \"{url}/v1\"\n";
    let request = sent(says("Hi"), "groq/m", settings, &[("GROQ_API_KEY", "k")]).await;
    assert_eq!(request.header("authorization"), None);
    let settings = format!("{settings}api_keys = [\"env:GROQ_API_KEY\"]\n");
    let request = sent(says("Hi"), "groq/m", &settings, &[("GROQ_API_KEY", "k")]).await;
    assert_eq!(request.header("authorization"), Some("Bearer k"));
    let body = request.json();
    assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(9), None), "the vendor's own name");
}

/// Frames as Azure sends them: without choices first and throughout, with filter results, then the answer.
fn azure() -> Script {
    let filter =
        "data: {\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{}}]}\n\n";
    let offsets = "data: {\"choices\":[],\"content_filter_offsets\":{\"check_offset\":1}}\n\n";
    Script::answer(event_stream(format!("{filter}{}{offsets}{}{offsets}{STOP}", delta("H"), delta("i"))))
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_is_asked_by_either_of_its_paths() {
    let v1 = "[providers.work]\nvendor = \"azure\"\nbase_url = \"{url}\"\n";
    let dated = format!("{v1}query = {{ api-version = \"2024-10-21\" }}\n");
    let whole =
        "[providers.work]\nvendor = \"azure\"\nbase_url = \"{url}/openai/v1\"\nquery = { api-version = \"preview\" }\n";
    for (settings, path) in [
        (v1, "/openai/v1/chat/completions"),
        (&dated, "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21"),
        (whole, "/openai/v1/chat/completions?api-version=preview"),
    ] {
        let request = sent(azure(), "work/my gpt", settings, &[("AZURE_OPENAI_API_KEY", "k")]).await;
        assert_eq!((request.path.as_str(), request.header("api-key")), (path, Some("k")));
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.json()["model"], "my gpt");
    }
    let endpoint = [("AZURE_OPENAI_API_KEY", "k"), ("AZURE_OPENAI_ENDPOINT", "{url}")];
    let version = |name, value| [endpoint.as_slice(), &[(name, value)]].concat();
    for (settings, environment, path) in [
        (
            "",
            version("OPENAI_API_VERSION", "2024-10-21"),
            "/openai/deployments/m/chat/completions?api-version=2024-10-21",
        ),
        ("", version("AZURE_OPENAI_API_VERSION", "preview"), "/openai/v1/chat/completions?api-version=preview"),
        (
            "[providers.azure]\nquery = { api-version = \"2025-01-01\" }\n",
            version("OPENAI_API_VERSION", "2024-10-21"),
            "/openai/deployments/m/chat/completions?api-version=2025-01-01",
        ),
        (
            "[providers.azure]\nbase_url = \"{url}/openai/v1/\"\n",
            version("OPENAI_API_VERSION", "2024-10-21"),
            "/openai/v1/chat/completions",
        ),
    ] {
        assert_eq!(sent(azure(), "azure/m", settings, &environment).await.path, path);
    }
    let entra =
        format!("{v1}api_keys = [\"env:TOKEN\"]\nauth = {{ header = \"Authorization\", scheme = \"Bearer\" }}\n");
    let request = sent(azure(), "work/m", &entra, &[("TOKEN", "t"), ("AZURE_OPENAI_API_KEY", "k")]).await;
    assert_eq!((request.header("authorization"), request.header("api-key")), (Some("Bearer t"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn azures_filter_and_its_missing_deployments_are_told() {
    let settings = "[providers.work]\nvendor = \"azure\"\nbase_url = \"{url}\"\n";
    let filtered = r#"{"error":{"message":"The response was filtered","code":"content_filter","status":400,
        "innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    let missing = r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist."}}"#;
    for (status, body, class) in
        [("400 Bad Request", filtered, "content policy"), ("404 Not Found", missing, "model not found")]
    {
        let server = Server::start([Script::answer(answer(status, &[], body))]).await;
        let (_, ran) = run(&server, "work/m", settings, &[("AZURE_OPENAI_API_KEY", "k")]).await;
        assert!(ran.code != Some(0) && ran.err.contains(class), "{status}: {}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openrouters_errors_have_numbers_for_codes_and_come_in_the_stream_too() {
    let environment = [("OPENROUTER_API_KEY", "k"), ("OPENROUTER_BASE_URL", "{url}/api/v1")];
    let raw = r#"{"error":{"code":402,"message":"Insufficient credits","metadata":{"raw":"no funds"}},"user_id":"u"}"#;
    let within = format!(
        "{}data: {{\"error\":{{\"code\":502,\"message\":\"Provider disconnected\"}},\"choices\":[{{\"index\":0,\"delta\":\
         {{\"content\":\"\"}},\"finish_reason\":\"error\"}}]}}\n\n",
        delta("Half")
    );
    for (script, words) in [
        (answer("402 Payment Required", &[], raw), "Insufficient credits"),
        (event_stream(within), "Provider disconnected"),
    ] {
        let server = Server::start([Script::answer(script)]).await;
        let (_, ran) = run(&server, "openrouter/m", "", &environment).await;
        assert!(ran.code != Some(0) && ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_reaches_the_body_and_a_models_own_wins() {
    let settings = r#"[providers.lab]
wire = "openai"
base_url = "{url}/v1"
drop = ["stream_options", "seed"]
rename = { max_tokens = "max_completion_tokens" }
extra = { top_k = 20, nested = { a = 1 } }
params = { temperature = 1.0, max_tokens = 500, top_p = 0.5 }
headers = { x-team = "a", x-own = "b" }
system = "fold"
[models.mine]
provider = "lab"
model = "some/model"
extra = { top_k = 30 }
params = { top_p = 0.9 }
headers = { x-team = "env:TEAM" }
"#;
    let request = sent(says("Hi"), "mine", settings, &[("TEAM", SECRET)]).await;
    let expected = json!({
        "model": "some/model",
        "messages": [{"role": "user", "content": "Be brief.\n\nhello"}],
        "stream": true,
        "temperature": 1.0,
        "top_p": 0.9,
        "max_completion_tokens": 9,
        "top_k": 30,
        "nested": {"a": 1},
    });
    assert_eq!(request.json(), expected);
    assert_eq!((request.header("x-team"), request.header("x-own")), (Some(SECRET), Some("b")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_one_piece_is_read_on_every_wire() {
    let whole = |body: Value| Script::answer(answer("200 OK", &[], &serde_json::to_string_pretty(&body).unwrap()));
    let anthropic = json!({"type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 1}});
    let ollama =
        json!({"model": "m", "message": {"role": "assistant", "content": "Hi"}, "done": true, "done_reason": "stop"});
    let gemini =
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]});
    let responses = json!({"id": "r", "object": "response", "status": "completed", "model": "m", "output": [{"type": "message",
        "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}]});
    for (wire, script, path) in [
        ("openai", says_whole("Hi"), "/chat/completions"),
        ("responses", whole(responses), "/responses"),
        ("anthropic", whole(anthropic), "/v1/messages"),
        ("ollama", whole(ollama), "/api/chat"),
        ("gemini", whole(gemini), "/models/m:generateContent"),
    ] {
        let settings = format!("[providers.lab]\nwire = \"{wire}\"\nbase_url = \"{{url}}\"\nstream = false\n");
        let request = sent(script, "lab/m", &settings, &[]).await;
        assert_eq!(request.path, path, "{wire}");
        let body = request.json();
        assert!(body.get("stream").is_none_or(|stream| *stream == false), "{wire}: {body}");
        assert_eq!(body.get("stream_options"), None, "{wire}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_query_value_is_sent_and_shown_by_its_label_alone() {
    let refusal = format!("{{\"error\":{{\"message\":\"bad code {SECRET} in /v1?code=planted%2FSentinel-47%2B11\"}}}}");
    let settings =
        "[providers.lab]\nwire = \"openai\"\nbase_url = \"{url}/v1\"\nquery = { code = \"env:CODE\", v = \"1\" }\n";
    for script in [answer("400 Bad Request", &[], &refusal), event_stream(delta(&format!("it is {SECRET}")) + STOP)] {
        let server = Server::start([Script::answer(script)]).await;
        let (home, ran) = run(&server, "lab/m", settings, &[("CODE", SECRET)]).await;
        assert_eq!(server.requests()[0].path, "/v1/chat/completions?code=planted%2FSentinel-47%2B11&v=1");
        let shown = home.run(&["history", "--json"]);
        let mut all = vec![ran.out, ran.err, shown.out];
        all.extend(home.files().iter().map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()));
        for text in all {
            assert!(!text.contains(SECRET) && !text.contains("planted%2FSentinel"), "{text}");
        }
    }
    let server = Server::start([]).await;
    let (_, ran) = run(&server, "lab/m", settings, &[]).await;
    let words = "the query value `code` of provider `lab` cannot be had from env:CODE";
    assert!(ran.code != Some(0) && ran.err.contains(words) && ran.err.contains("see `query` under"), "{}", ran.err);
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_of_one_program_for_one_header_stop_the_run_before_it_is_sent() {
    let server = Server::start([]).await;
    let settings = "[providers.p]\nkind = \"openai\"\nbase_url = \"{url}\"\nheaders = { X-Team = \"cmd:echo a\" }\n\
                    [models.m]\nprovider = \"p\"\nmodel = \"x\"\nheaders = { X-Team = \"cmd:echo b\" }\n";
    for model in ["p/x", "m"] {
        let (_, ran) = run(&server, model, settings, &[]).await;
        for words in ["request refused: the header `X-Team`", "(cmd:echo)", "[providers.p]", "env:NAME"] {
            assert!(ran.code != Some(0) && ran.err.contains(words), "{words}: {}", ran.err);
        }
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_is_listed_once_it_can_be_asked() {
    let list = || Script::answer(answer("200 OK", &[], "{\"data\":[{\"id\":\"m\"}]}"));
    let server = Server::start([list()]).await;
    let home = Home::new();
    let none = ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"].map(|name| (name, "http://127.0.0.1:9/v1"));
    let mut command = home.command(&["doctor"]);
    let out = Ran::of(command.envs(none).output().unwrap()).out;
    assert!(out.contains("openai:") && out.contains("ollama:") && !out.contains("groq"), "{out}");
    let mut command = home.command(&["doctor"]);
    command.envs(none).env("GROQ_API_KEY", "k").env("GROQ_BASE_URL", format!("{}/v1", server.url));
    let out = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap()).out).await.unwrap();
    assert!(out.contains("groq: env:GROQ_API_KEY found") && out.contains("groq: serves 1 models"), "{out}");
}

#[test]
fn a_setting_that_cannot_be_is_refused_by_line_and_key() {
    let home = Home::new();
    for (settings, words) in [
        ("[providers.a]\nvendor = \"grok\"\n", "config.toml:2:10: there is no vendor `grok`; did you mean `xai`?"),
        ("[providers.a]\nvendor = \"groq\"\nwire = \"demo\"\n", "`vendor` goes with a wire that is asked over HTTP"),
        (
            "[providers.a]\nkind = \"openai\"\nwire = \"anthropic\"\n",
            "`kind` is openai and `wire` is anthropic; keep one",
        ),
        (
            "[providers.groq]\nextra = { stream = false }\n",
            "`stream` is set by retort and cannot be a further parameter",
        ),
        ("[providers.groq]\nextra = { seed = 1 }\n", "`seed` is a parameter; write it in `params`"),
        (
            "[providers.groq]\nquery = { api_key = \"hunter2\" }\n",
            "the query value `api_key` carries a secret by its name",
        ),
        ("[providers.groq]\nauth = { header = \"a b\" }\n", "`a b` is not a header's name"),
        ("[providers.groq]\ntimeouts = { idle = \"0s\" }\n", "`idle` must be longer than nothing"),
        ("[providers.groq]\npath = \"chat\"\n", "`path` begins with a /"),
        ("[providers.grok]\ntimeout = \"9s\"\n", "[providers.grok] needs the key `wire`, or `vendor`"),
        ("[models.m]\nprovider = \"groq\"\nmodel = \"x\"\ncached_price = -1\n", "`cached_price` must be US dollars"),
        (
            "[models.m]\nprovider = \"groq\"\nmodel = \"x\"\naudio_input_price = -1\n",
            "`audio_input_price` must be US dollars",
        ),
        (
            "[models.m]\nprovider = \"groq\"\nmodel = \"x\"\nwire = \"command\"\n",
            "a model is not asked by `command` alone",
        ),
    ] {
        home.file("config/config.toml", settings);
        let ran = home.run(&["models"]);
        assert!(ran.code != Some(0) && ran.err.contains(words), "{settings}: {}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
}
