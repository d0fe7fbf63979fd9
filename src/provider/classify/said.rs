//! What an error body says, whichever of the known shapes it has.

use std::time::Duration;

use serde_json::Value;

/// The longest text looked through for phrases, in characters.
const LONGEST: usize = 4000;

/// The parts of an error body.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Every code, type and reason, in lower case.
    pub(super) codes: Vec<String>,
    /// The message for a person; the whole body where it has no known shape.
    pub(super) message: String,
    /// The message in lower case, with the message of a wrapped error.
    pub(super) text: String,
    /// The parameter named in a field of its own.
    pub(super) param: Option<String>,
    /// A status given as a code, as a number or in digits.
    pub(super) status: Option<u16>,
    /// A wait given in the body (`google.rpc.RetryInfo`).
    pub(super) retry_delay: Option<Duration>,
    /// Tokens of the prompt and tokens of the context.
    pub(super) sizes: Option<(u64, u64)>,
    /// True for a web page.
    pub(super) page: bool,
}

impl Said {
    /// Reads a body: OpenAI's, Anthropic's, Gemini's, Ollama's, `FastAPI`'s, or plain text.
    pub(super) fn read(body: &str) -> Self {
        let body = body.trim();
        let mut said = Self::default();
        match serde_json::from_str::<Value>(body) {
            Ok(Value::Array(list)) => said.root(list.first().unwrap_or(&Value::Null)),
            Ok(Value::String(text)) => said.message = text,
            Ok(value) => said.root(&value),
            Err(_) => {
                said.page = body.starts_with('<');
                body.clone_into(&mut said.message);
            }
        }
        let head: String = said.message.chars().take(LONGEST).collect();
        said.text.insert_str(0, &head.to_lowercase());
        said
    }

    fn root(&mut self, root: &Value) {
        match root.get("error") {
            Some(Value::String(text)) => {
                text.clone_into(&mut self.message);
                self.fields(root);
            }
            Some(error @ Value::Object(_)) => {
                self.fields(error);
                self.codes_in(root, &["code"]);
            }
            _ => self.fields(root),
        }
        if self.message.is_empty() && root.is_object() {
            self.message = root.to_string();
        }
    }

    fn fields(&mut self, error: &Value) {
        self.codes_in(error, &["code", "type", "status", "error_code"]);
        if let Some(message) = ["message", "detail", "msg"].iter().find_map(|name| error.get(name)?.as_str()) {
            message.clone_into(&mut self.message);
        }
        self.param = error.get("param").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
        let size = |name: &str| error.get(name).and_then(Value::as_u64);
        self.sizes = size("n_prompt_tokens").zip(size("n_ctx"));
        if let Some(inner) = error.pointer("/metadata/raw").and_then(Value::as_str) {
            let inner: String = inner.chars().take(LONGEST).collect();
            self.text = format!("\n{}", inner.to_lowercase());
        }
        match error.get("details") {
            Some(details @ Value::Object(_)) => self.codes_in(details, &["error_code", "code"]),
            Some(Value::Array(details)) => details.iter().for_each(|detail| self.detail(detail)),
            _ => {}
        }
        if let Some(Value::Array(problems)) = error.get("detail") {
            self.problem(problems.first().unwrap_or(&Value::Null));
        }
    }

    /// Reads one of Google's error details.
    fn detail(&mut self, detail: &Value) {
        self.codes_in(detail, &["reason"]);
        if let Some(seconds) = detail.get("retryDelay").and_then(Value::as_str).and_then(|text| text.strip_suffix('s'))
        {
            let wait = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            self.retry_delay = wait.filter(|wait| !wait.is_zero());
        }
    }

    /// Reads one of `FastAPI`'s validation problems.
    fn problem(&mut self, problem: &Value) {
        let place = problem.get("loc").and_then(Value::as_array).and_then(|place| place.last()?.as_str());
        let message = problem.get("msg").and_then(Value::as_str).unwrap_or_default();
        self.message = place.map_or_else(|| message.to_owned(), |place| format!("{place}: {message}"));
        self.param = place.map(str::to_owned);
    }

    fn codes_in(&mut self, value: &Value, names: &[&str]) {
        for name in names {
            match value.get(name) {
                Some(Value::String(code)) => {
                    self.status = self.status.or_else(|| http(code.parse().ok()));
                    self.codes.push(code.to_ascii_lowercase());
                }
                Some(code @ Value::Number(_)) => self.status = self.status.or_else(|| http(code.as_u64())),
                _ => {}
            }
        }
    }
}

fn http(code: Option<u64>) -> Option<u16> {
    code.filter(|code| (400..600).contains(code)).and_then(|code| u16::try_from(code).ok())
}
