//! The classifier's table: a documented or captured body for each provider and class, as an HTTP
//! error and as an event inside a stream.

use std::time::Duration;

use retort::{
    model::ErrorKind::{
        CallerFault, ContentPolicy, ContextTooLong, Credential, ModelGone, NotAnApi, Overloaded, ParamRejected, Quota,
        RateLimited, Region, Transient, Unknown, {self},
    },
    provider::{classify, headers::Headers},
};

fn openai(code: &str, kind: &str, message: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

fn anthropic(kind: &str, message: &str) -> String {
    serde_json::json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}).to_string()
}

fn gemini(code: u16, status: &str, message: &str) -> String {
    serde_json::json!({"error": {"code": code, "message": message, "status": status}}).to_string()
}

fn ollama(message: &str) -> String {
    serde_json::json!({ "error": message }).to_string()
}

fn hosted() -> Vec<(u16, String, ErrorKind)> {
    let invalid = "invalid_request_error";
    vec![
        // OpenAI
        (429, openai("insufficient_quota", "insufficient_quota", "You exceeded your current quota"), Quota),
        (429, openai("rate_limit_exceeded", "requests", "Rate limit reached for gpt-4o-mini"), RateLimited),
        (
            429,
            openai("rate_limit_exceeded", "tokens", "Request too large for gpt-4o on tokens per min (TPM)"),
            RateLimited,
        ),
        (503, openai("", "server_error", "The engine is currently overloaded, please try again later"), Overloaded),
        (500, openai("", "server_error", "The server had an error while processing your request"), Transient),
        (
            403,
            openai(
                "unsupported_country_region_territory",
                "request_forbidden",
                "Country, region, or territory not supported",
            ),
            Region,
        ),
        (401, openai("invalid_api_key", invalid, "Incorrect API key provided"), Credential),
        (
            404,
            openai("model_not_found", invalid, "The model `gpt-4-32k` does not exist or you do not have access to it."),
            ModelGone,
        ),
        (
            400,
            openai("context_length_exceeded", invalid, "This model's maximum context length is 8192 tokens"),
            ContextTooLong,
        ),
        (
            400,
            openai("content_policy_violation", invalid, "Your request was rejected as a result of our safety system"),
            ContentPolicy,
        ),
        (400, openai("", invalid, "you must provide a model parameter"), CallerFault),
        // Azure
        (
            400,
            openai(
                "content_filter",
                "",
                "The response was filtered due to the prompt triggering the content management policy",
            ),
            ContentPolicy,
        ),
        (404, openai("DeploymentNotFound", "", "The API deployment for this resource does not exist."), ModelGone),
        // Anthropic
        (400, anthropic(invalid, "Your credit balance is too low to access the Anthropic API."), Quota),
        (402, anthropic("billing_error", "There is an issue with billing"), Quota),
        (429, anthropic("rate_limit_error", "This request would exceed the rate limit"), RateLimited),
        (529, anthropic("overloaded_error", "Overloaded"), Overloaded),
        (500, anthropic("api_error", "Internal server error"), Transient),
        (504, anthropic("timeout_error", "Request timed out"), Transient),
        (401, anthropic("authentication_error", "invalid x-api-key"), Credential),
        (403, anthropic("permission_error", "Your API key does not have permission to use the resource"), Credential),
        (404, anthropic("not_found_error", "model: claude-2.1"), ModelGone),
        (400, anthropic(invalid, "prompt is too long: 208310 tokens > 200000 maximum"), ContextTooLong),
        (413, anthropic("request_too_large", "Request exceeds the maximum size"), ContextTooLong),
        (400, anthropic(invalid, "`temperature` is deprecated for this model."), ParamRejected),
        (400, anthropic(invalid, "messages: at least one message is required"), CallerFault),
    ]
}

fn compatible() -> Vec<(u16, String, ErrorKind)> {
    vec![
        // Gemini's compatible endpoint
        (400, gemini(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), Credential),
        (400, gemini(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), Region),
        (
            429,
            gemini(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan"),
            RateLimited,
        ),
        (503, gemini(503, "UNAVAILABLE", "The model is overloaded. Please try again later."), Overloaded),
        (500, gemini(500, "INTERNAL", "An internal error has occurred"), Transient),
        (504, gemini(504, "DEADLINE_EXCEEDED", "Deadline expired"), Transient),
        (404, gemini(404, "NOT_FOUND", "models/gemini-1.0 is not found for API version v1main"), ModelGone),
        (
            400,
            gemini(
                400,
                "INVALID_ARGUMENT",
                "The input token count (2) exceeds the maximum number of tokens allowed (1).",
            ),
            ContextTooLong,
        ),
        // Ollama
        (503, ollama("server busy, please try again.  maximum pending requests exceeded"), Overloaded),
        (404, ollama("model \"llama9\" not found, try pulling it first"), ModelGone),
        (500, ollama("llama runner process has terminated: signal: killed"), Transient),
        (500, ollama("an error was encountered while running the model: unexpected EOF"), Transient),
        // llama.cpp
        (503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#.to_owned(), Overloaded),
        (
            401,
            r#"{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}"#.to_owned(),
            Credential,
        ),
        // gateways
        (402, openai("402", "", "This request requires more credits, or fewer max_tokens"), Quota),
        (
            429,
            r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"rate limited upstream"}}}"#
                .to_owned(),
            RateLimited,
        ),
        (400, openai("400", "None", "litellm.BadRequestError: ContextWindowExceededError: too long"), ContextTooLong),
        (
            422,
            r#"{"detail":[{"loc":["body","temperature"],"msg":"Input should be less than 2","type":"less_than"}]}"#
                .to_owned(),
            ParamRejected,
        ),
    ]
}

#[test]
fn each_body_has_its_class_as_a_response_and_inside_a_stream() {
    for (status, body, class) in hosted().into_iter().chain(compatible()) {
        let error = classify::response(status, &Headers::default(), &body);
        assert_eq!((error.class, error.status), (class, Some(status)), "{status} {body}");
        let inside = classify::event(&body);
        assert_eq!((inside.class, inside.status), (class, None), "inside a stream: {body}");
        assert_eq!((inside.message, inside.param), (error.message, error.param));
    }
}

#[test]
fn a_llama_server_that_loads_its_model_says_so_as_a_response_and_inside_a_stream() {
    // As llama-server answers on every route meanwhile.
    let body = r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;
    let response = classify::response(503, &Headers::default(), body);
    for error in [response, classify::event(body)] {
        assert_eq!((error.class, error.loading), (Overloaded, true), "{error:?}");
    }
    let busy = classify::response(503, &Headers::default(), &ollama("server busy, please try again"));
    assert_eq!((busy.class, busy.loading), (Overloaded, false));
}

#[test]
fn a_problem_with_the_request_itself_is_the_callers() {
    let body = r#"{"detail":[{"loc":["body","messages"],"msg":"Field required","type":"missing"}]}"#;
    let error = classify::response(422, &Headers::default(), body);
    assert_eq!((error.class, error.message.as_str()), (CallerFault, "messages: Field required"));
}

#[test]
fn a_status_alone_has_a_class() {
    let classes = [
        (400, CallerFault),
        (401, Credential),
        (402, Quota),
        (403, CallerFault),
        (404, NotAnApi),
        (405, NotAnApi),
        (408, Transient),
        (409, Transient),
        (410, ModelGone),
        (413, ContextTooLong),
        (415, CallerFault),
        (412, CallerFault),
        (418, CallerFault),
        (424, Transient),
        (422, CallerFault),
        (429, RateLimited),
        (451, Region),
        (498, Overloaded),
        (499, Transient),
        (500, Transient),
        (502, Transient),
        (503, Overloaded),
        (504, Transient),
        (520, Transient),
        (522, Transient),
        (527, Transient),
        (529, Overloaded),
        (530, Transient),
        (599, Transient),
        (700, Unknown),
    ];
    for (status, class) in classes {
        for body in ["", "{}", "null", "[]", "7"] {
            let error = classify::response(status, &Headers::default(), body);
            assert_eq!(error.class, class, "{status} {body}");
            assert!(!error.message.is_empty());
        }
    }
}

#[test]
fn a_web_page_is_the_api_only_where_a_proxy_speaks_for_it() {
    for (status, class) in
        [(404, NotAnApi), (403, NotAnApi), (400, NotAnApi), (502, Transient), (503, Overloaded), (429, RateLimited)]
    {
        let error = classify::response(status, &Headers::default(), "<html><h1>nginx</h1></html>");
        assert_eq!(error.class, class, "{status}");
    }
}

#[test]
fn a_rejected_parameter_is_named() {
    let named = |body: &str| {
        let error = classify::response(400, &Headers::default(), body);
        assert_eq!(error.class, ParamRejected, "{body}");
        error.param.unwrap()
    };
    let with = |param: &str, message: &str| {
        serde_json::json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": "unsupported_parameter"}}).to_string()
    };
    let unsaid = |message: &str| anthropic("invalid_request_error", message);
    assert_eq!(
        named(&with("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")),
        "max_tokens"
    );
    assert_eq!(named(&with("response_format.json_schema", "Invalid schema")), "response_format");
    assert_eq!(named(&with("stop", "'stop' is not supported with this model")), "stop");
    assert_eq!(named(&with("verbosity", "Unknown parameter: 'verbosity'")), "verbosity");
    assert_eq!(named(&unsaid("temperature: range: 0..1")), "temperature");
    assert_eq!(named(&unsaid("`top_p` and `temperature` cannot both be specified")), "top_p");
    assert_eq!(
        named(&unsaid("output_config.format.schema: For 'object' type, 'additionalProperties' must be set")),
        "response_format"
    );
    assert_eq!(named(&unsaid("property 'seed' is unsupported")), "seed");
    assert_eq!(named(&unsaid("output_config.effort: not supported by this model")), "reasoning_effort");
    for (param, name) in [
        ("reasoning.effort", "reasoning_effort"),
        ("reasoning.summary", "reasoning"),
        ("text.format.schema", "response_format"),
        ("max_output_tokens", "max_tokens"),
    ] {
        assert_eq!(named(&with(param, "Unsupported")), name);
    }
    for (message, name) in [
        ("* GenerateContentRequest.generation_config.thinking_config: not taken", "reasoning_effort"),
        ("Thinking level is not supported for this model.", "reasoning_effort"),
        ("Invalid JSON payload received. Unknown name \"seed\" at 'generation_config': Cannot find field.", "seed"),
        ("generation_config.response_json_schema: too deep", "response_format"),
    ] {
        assert_eq!(named(&gemini(400, "INVALID_ARGUMENT", message)), name, "{message}");
    }
    for not in ["messages.0.content: stop talking", "n must be given", "the maximum_temperature of your oven"] {
        let error = classify::response(400, &Headers::default(), &unsaid(not));
        assert_eq!((error.class, error.param), (CallerFault, None), "{not}");
    }
    let json = r#"{"error":{"message":"'messages' must contain the word 'json' to use 'response_format'","type":"invalid_request_error","param":"messages","code":null}}"#;
    assert_eq!(classify::response(400, &Headers::default(), json).class, CallerFault);
}

#[test]
fn a_wait_in_the_body_counts_where_no_header_says_one() {
    let body = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"slow","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"}]}}"#;
    assert_eq!(classify::event(body).retry_after, Some(Duration::from_millis(17_500)));
    let headers = Headers::new([("retry-after", "3")]);
    assert_eq!(classify::response(429, &headers, body).retry_after, Some(Duration::from_secs(3)));
}

#[test]
fn headers_that_a_gateway_passes_on_in_the_body_count() {
    let now: jiff::Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
    let reset = (now.as_millisecond() + 9000).to_string();
    let body = serde_json::json!({"error": {"message": "Rate limit exceeded", "code": 429, "metadata": {"headers":
        {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": 0, "X-RateLimit-Reset": reset}}}});
    let headers = Headers::new([("content-type", "application/json")]).received(now);
    let error = classify::response(429, &headers, &body.to_string());
    assert_eq!((error.class, error.retry_after), (RateLimited, Some(Duration::from_secs(9))));
}

#[test]
fn a_spend_limit_is_no_rate_limit() {
    let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"limit","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    assert_eq!(classify::response(429, &Headers::default(), body).class, Quota);
}
