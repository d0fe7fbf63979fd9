//! The one classifier: from a status, headers and a body or in-stream event to an error and its kind.
//!
//! Providers mislabel their errors, and send them inside a 200. So what is structured decides
//! first: codes, documented numbers, a parameter in a field of its own. Words come second, and the
//! status counts only where neither says anything. The tables are in [`codes`] and [`phrases`].
//!
//! Providers wrap each other's errors, too: in lists, in fields of many names, as JSON written into a
//! message. Only fields that speak of the error are read, never those that say the request back.

pub(crate) mod codes;
pub(crate) mod phrases;
pub(crate) mod refusals;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    model::{CallError, ErrorKind},
    provider::{
        classify::codes::{Family, squashed},
        headers::Headers,
        json, retry_after,
    },
};

/// Classifies an HTTP response that is not a success.
#[must_use]
pub fn response(status: u16, headers: &Headers, body: &str) -> CallError {
    let read = ErrorBody::read(body);
    let page = read.page || headers.media_type().as_deref() == Some("text/html");
    let mut error = if page && !speaks_for_the_api(status) {
        CallError::new(ErrorKind::NotAnApi, not_the_api(status))
    } else {
        judge(Some(status), &read)
    };
    error.status = Some(status);
    if error.class == ErrorKind::RateLimited && error.retry_after.is_none() {
        let passed_on = read.headers.zip(headers.now());
        error.retry_after = passed_on.and_then(|(own, now)| own.received(now).renewed());
    }
    hints(&mut error, headers);
    error
}

/// Classifies an error that came inside a stream or a success, from its JSON or its text.
#[must_use]
pub fn event(body: &str) -> CallError {
    judge(None, &ErrorBody::read(body))
}

/// Classifies what is no JSON, if its words speak of an error that is known.
pub(crate) fn words(text: &str) -> Option<CallError> {
    let message = ErrorBody::read(text);
    phrases::clear(None, &message.text).or_else(|| phrases::broad(None, &message.text)).map(|_| judge(None, &message))
}

/// Finds the error in a JSON event or answer, however it is shaped: an error wins over everything
/// beside it. `named` tells that the event is called one.
pub(crate) fn within(value: &Value, named: bool) -> Option<CallError> {
    let text_of = |field: Option<&Value>| match field {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        Some(Value::Bool(true)) => true,
    };
    // Google wraps an error in a list where no event stream was asked for.
    let listed = value.as_array().into_iter().flatten().find_map(|item| within(item, false));
    if listed.is_some() {
        return listed;
    }
    let says = |name: &str, word: &str| value.get(name).and_then(Value::as_str) == Some(word);
    let nonzero = |pointer: &str| text_of(value.pointer(pointer).filter(|code| code.is_number()));
    let error = named
        || text_of(value.get("error"))
        || text_of(value.pointer("/choices/0/error"))
        || says("type", "error")
        || says("object", "error")
        || nonzero("/base_resp/status_code")
        || (!is_answer(value) && is_refusal(value));
    error.then(|| event(&value.to_string()))
}

/// Tells whether a value holds anything of an answer.
fn is_answer(value: &Value) -> bool {
    ["choices", "content", "delta", "message", "usage"].iter().any(|name| match value.get(*name) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(_)) => true,
        _ => false,
    })
}

/// Tells whether a value that is no answer refuses one: by a code and words to it, or by saying so.
fn is_refusal(value: &Value) -> bool {
    let ok = |code: &Value| match code {
        Value::Null | Value::Object(_) => true,
        Value::Bool(ok) => *ok,
        Value::Number(code) => matches!(code.as_i64(), Some(0 | 200)),
        Value::String(code) => matches!(code.to_ascii_lowercase().as_str(), "" | "0" | "200" | "ok" | "success"),
        Value::Array(items) => items.is_empty(),
    };
    let any = |names: &[&str], is: &dyn Fn(&Value) -> bool| names.iter().filter_map(|name| value.get(name)).any(is);
    let words = any(&["message", "msg", "error_msg", "errmsg", "error_message", "detail", "Message"], &|value| {
        value.as_str().is_some_and(|text| !text.is_empty())
    });
    let named = |value: &Value| {
        value.as_str().is_some_and(|kind| kind.to_ascii_lowercase().ends_with("error") || kind.ends_with("Exception"))
    };
    let failed = |value: &Value| value.as_str().is_some_and(|word| matches!(word, "error" | "failed" | "fail"));
    any(&["errors"], &|errors| !ok(errors))
        || any(&["success", "Success"], &|success| *success == Value::Bool(false))
        || any(&["error_code", "errcode", "err_code"], &|code| !ok(code))
        || any(&["status"], &failed)
        || (words && any(&["code", "status", "status_code", "statusCode"], &|code| !ok(code)))
        || (words && any(&["type", "__type"], &named))
        || (any(&["detail"], &|detail| detail.is_string() || detail.is_array()))
        || value.pointer("/Response/Error").is_some()
}

/// Adds what the headers say to an error that does not say it itself.
pub fn hints(error: &mut CallError, headers: &Headers) {
    error.request_id = error.request_id.take().or_else(|| headers.request_id());
    error.retry_after = headers.retry_after().or(error.retry_after);
    if error.class == ErrorKind::RateLimited {
        error.retry_after = error.retry_after.or_else(|| headers.renewed());
    }
    error.should_retry = error.should_retry.or_else(|| headers.should_retry());
}

fn not_the_api(status: u16) -> String {
    format!("a web page answered with status {status}, not the API; is base_url right?")
}

fn judge(status: Option<u16>, read: &ErrorBody) -> CallError {
    let status = status.filter(|status| *status >= 400).or(read.status).or_else(|| of_codes(&read.codes));
    let about_request = refusals::may_name(status, &read.text);
    let named = about_request.then(|| refusals::named(read)).flatten();
    let written = about_request.then(|| refusals::written(read)).flatten();
    let limited = about_request && refusals::most_tokens(&read.text).is_some();
    let responses_only = refusals::names_responses(status, &read.text);
    let about_model =
        read.param.as_deref() == Some("model") && status.is_none_or(|status| (400..=404).contains(&status));
    // More than the limit of a minute in one request is more than any minute allows.
    let too_long = status == Some(413) || phrases::never_fits(&read.text);
    let class = codes::number(&read.numbers)
        .or_else(|| limited.then_some(ErrorKind::ParamRejected))
        .or_else(|| codes::class(&read.codes))
        .filter(|class| !(too_long && *class == ErrorKind::RateLimited))
        .or_else(|| too_long.then_some(ErrorKind::ContextTooLong))
        .or_else(|| named.as_ref().map(|_| ErrorKind::ParamRejected))
        .or_else(|| phrases::clear(status, &read.text))
        .or_else(|| responses_only.then_some(ErrorKind::ModelGone))
        .or_else(|| (about_model && written.is_none()).then_some(ErrorKind::ModelGone))
        .or_else(|| written.as_ref().filter(|_| status.is_some()).map(|_| ErrorKind::ParamRejected))
        .or_else(|| phrases::broad(status, &read.text))
        .or_else(|| written.as_ref().map(|_| ErrorKind::ParamRejected))
        .or_else(|| codes::vague(&read.codes))
        .unwrap_or_else(|| match status {
            Some(status) => class(status, read.says_why()),
            // The request was taken, and what became of it is the provider's error.
            None if read.shaped => ErrorKind::Transient,
            None => ErrorKind::Unknown,
        });
    let message = if read.message.is_empty() {
        status.map_or_else(|| "an error without a message".to_owned(), |status| format!("status {status}, no message"))
    } else {
        read.message.clone()
    };
    let mut error = CallError::new(class, message);
    error.retry_after = read.retry_delay;
    error.loading = class == ErrorKind::Overloaded && read.text.contains("loading");
    if class == ErrorKind::ParamRejected {
        error.param = named.or(written).or_else(|| limited.then(|| "max_tokens".to_owned()));
    }
    if class == ErrorKind::ModelGone && responses_only {
        error.param = Some(refusals::WIRE.to_owned());
        error.message.push_str("; wire = \"responses\" in config.toml asks there");
    }
    if class == ErrorKind::NotAnApi {
        error.message.push_str("; is base_url right?");
    }
    if class == ErrorKind::ContextTooLong
        && let Some((prompt, context)) = read.sizes
        && !error.message.contains(&context.to_string())
    {
        error.message = format!("{} ({prompt} tokens, {context} fit)", error.message);
    }
    error
}

/// The longest text looked through for phrases, in characters.
const LONGEST: usize = 4000;

/// How deep errors are wrapped, at most.
const DEEPEST: usize = 16;

/// Fields that hold a code, a type or a reason.
const CODES: &[&str] = &[
    "code",
    "type",
    "status",
    "reason",
    "error_code",
    "error_type",
    "errorCode",
    "errorType",
    "errcode",
    "err_code",
    "Code",
    "__type",
    "limit_source",
];

/// Fields that hold an HTTP status and nothing else.
const STATUSES: &[&str] = &["statusCode", "status_code", "http_code", "http_status", "httpStatus"];

/// Fields that hold the message for a person, the best first.
const MESSAGES: &[&str] = &[
    "message",
    "msg",
    "detail",
    "error_msg",
    "error_message",
    "errorMessage",
    "errmsg",
    "err_msg",
    "status_msg",
    "Message",
    "error_description",
    "description",
    "title",
];

/// Fields that hold a further error inside an error.
const INNER: &[&str] =
    &["innererror", "inner_error", "innerError", "base_resp", "metadata", "details", "Response", "Error", "cause"];

/// The parts of an error body.
#[derive(Debug, Default)]
pub(crate) struct ErrorBody {
    /// Every code, type and reason, and what looks like one among the words, squashed.
    pub(crate) codes: Vec<String>,
    /// Codes that are numbers, each with whose numbers they are.
    pub(crate) numbers: Vec<(Family, i64)>,
    /// The message for a person; the whole body where it has no known shape.
    pub(crate) message: String,
    /// All messages in lower case, blanks and quotes made alike.
    pub(crate) text: String,
    /// The parameter named in a field of its own.
    pub(crate) param: Option<String>,
    /// A status given as a code, as a number or in digits.
    pub(crate) status: Option<u16>,
    /// A wait given in the body, in a field or in words.
    pub(crate) retry_delay: Option<Duration>,
    /// Headers of another provider, passed on in the body.
    pub(crate) headers: Option<Headers>,
    /// Tokens of the prompt and tokens of the context.
    pub(crate) sizes: Option<(u64, u64)>,
    /// True for a web page.
    pub(crate) page: bool,
    /// True where the body has the shape of an API's error.
    pub(crate) shaped: bool,
}

impl ErrorBody {
    /// Reads a body: JSON of any known shape, a page, or plain text.
    pub(crate) fn read(body: &str) -> Self {
        let body = body.trim().trim_start_matches('\u{feff}');
        let mut read = Self::default();
        match json::read(body).map(|parsed| parsed.value) {
            Some(value @ (Value::Object(_) | Value::Array(_))) => read.value(&value, Family::Top, 0),
            Some(Value::String(text)) => read.words(&text, 0),
            Some(Value::Null | Value::Bool(_) | Value::Number(_)) => {}
            None => {
                read.page = body.starts_with('<');
                read.words(body, 0);
            }
        }
        read.retry_delay = read.retry_delay.or_else(|| retry_after::in_words(&read.text));
        let word = |c: char| !c.is_alphanumeric() && c != '_';
        let named = read
            .text
            .split(word)
            .filter(|word| word.contains('_') || word.ends_with("error") || word.ends_with("exception"));
        let named: Vec<String> = named.map(squashed).collect();
        read.codes.extend(named);
        read
    }

    /// Tells whether the API said more than that nothing is there.
    pub(crate) fn says_why(&self) -> bool {
        let generic =
            |line: &str| matches!(line.trim(), "" | "not found" | "404 not found" | "error: not found" | "404");
        self.shaped && !self.text.lines().all(generic)
    }

    fn value(&mut self, value: &Value, family: Family, depth: usize) {
        match value {
            _ if depth > DEEPEST => {}
            Value::Object(fields) => self.fields(fields, family, depth),
            Value::Array(items) => items.iter().take(8).for_each(|item| self.value(item, family, depth + 1)),
            Value::String(text) => self.words(text, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>, family: Family, depth: usize) {
        let get = |name: &str| fields.get(name);
        let family = family.refined(fields);
        let inner = family.inside();
        // The error inside says more than what is around it. Beside a message a text is its headline.
        let headline = get("error").and_then(Value::as_str);
        if let Some(error) = get("error").filter(|error| !error.is_string()) {
            self.value(error, inner, depth + 1);
        }
        let list = |name: &str| get(name).and_then(Value::as_array).into_iter().flatten().take(4);
        let errors = list("errors").chain(list("choices").filter_map(|choice| choice.get("error")));
        errors.for_each(|error| self.value(error, inner, depth + 1));
        for name in MESSAGES {
            match get(name) {
                Some(Value::String(text)) => self.words(text, depth + 1),
                Some(Value::Array(problems)) => {
                    problems.iter().take(4).for_each(|problem| self.problem(problem, depth));
                }
                Some(inner @ Value::Object(_)) => self.value(inner, Family::Error, depth + 1),
                _ => {}
            }
        }
        if let Some(text) = headline {
            self.words(text, depth + 1);
        }
        CODES.iter().filter_map(|name| get(name)).for_each(|code| self.code(code, family));
        let number = |status: &Value| status.as_i64().or_else(|| status.as_str()?.trim().parse().ok());
        let statuses = STATUSES.iter().filter_map(|name| number(get(name)?));
        statuses.for_each(|status| self.number(status, family));
        for name in INNER {
            if let Some(inner) = get(name) {
                let own = if *name == "base_resp" { Family::MiniMax } else { Family::Other };
                self.value(inner, own, depth + 1);
            }
        }
        self.raw(fields, depth);
        self.hints(fields);
        let param = get("param").and_then(Value::as_str).map(str::trim).filter(|name| is_said(name));
        self.param = self.param.take().or_else(|| param.map(str::to_owned));
    }

    /// Reads what a gateway passes on of the provider behind it, and what it says of the moderation.
    fn raw(&mut self, fields: &Map<String, Value>, depth: usize) {
        if let Some(raw) = fields.get("raw") {
            let generic = self.message.to_lowercase().trim_end_matches('.') == "provider returned error";
            if generic {
                self.message.clear();
            }
            self.value(raw, Family::Error, depth + 1);
        }
        if fields.get("reasons").is_some_and(Value::is_array) && depth > 0 {
            self.codes.push(squashed("moderation_flagged"));
        }
        if let Some(Value::Object(headers)) = fields.get("headers") {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.headers = Some(Headers::new(headers.iter().map(|(name, value)| (name.clone(), text(value)))));
        }
        // Google says in the name of a quota alone whether it is one of the day or of the minute.
        for violation in fields.get("violations").and_then(Value::as_array).into_iter().flatten().take(8) {
            let named = ["quotaId", "quotaMetric", "subject"].iter().filter_map(|name| violation.get(name)?.as_str());
            let codes: Vec<String> = named.map(squashed).collect();
            self.codes.extend(codes);
        }
    }

    /// Reads the fields whose numbers are hints.
    fn hints(&mut self, fields: &Map<String, Value>) {
        let number = |name: &str| match fields.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().trim_end_matches('s').parse().ok(),
            _ => None,
        };
        let seconds =
            ["retryDelay", "retry_delay", "retry_after", "retryAfter", "retry_after_seconds", "estimated_time"];
        let seconds = seconds.iter().find_map(|name| number(name));
        let millis = ["retry_after_ms", "retryAfterMs"].iter().find_map(|name| number(name));
        let wait = seconds.or_else(|| Some(millis? / 1000.0)).and_then(retry_after::seconds);
        self.retry_delay = self.retry_delay.or(wait);
        let size = |name: &str| fields.get(name).and_then(Value::as_u64);
        self.sizes = self.sizes.or_else(|| size("n_prompt_tokens").zip(size("n_ctx")));
    }

    /// Reads one of `FastAPI`'s validation problems, or a message within a list.
    fn problem(&mut self, problem: &Value, depth: usize) {
        let Some(message) = problem.get("msg").and_then(Value::as_str) else {
            return self.value(problem, Family::Error, depth + 1);
        };
        let place: Vec<&str> = problem
            .get("loc")
            .and_then(Value::as_array)
            .map(|place| place.iter().filter_map(Value::as_str).filter(|part| *part != "body").collect())
            .unwrap_or_default();
        let named = if place.is_empty() { message.to_owned() } else { format!("{}: {message}", place.join(".")) };
        self.words(&named, depth + 1);
        self.param = self.param.take().or_else(|| Some(place.join(".")).filter(|place| !place.is_empty()));
    }

    fn code(&mut self, code: &Value, family: Family) {
        match code {
            Value::String(text) if is_said(text) => match text.trim().parse() {
                Ok(number) => self.number(number, family),
                Err(_) => self.codes.push(squashed(text)),
            },
            Value::Number(number) => number.as_i64().into_iter().for_each(|number| self.number(number, family)),
            _ => {}
        }
    }

    fn number(&mut self, number: i64, family: Family) {
        match u16::try_from(number).ok().filter(|status| (400..600).contains(status)) {
            Some(status) if family != Family::MiniMax => self.status = self.status.or(Some(status)),
            _ => self.numbers.push((family, number)),
        }
    }

    /// Takes a message in: plain, written as JSON, or with JSON at its end.
    fn words(&mut self, text: &str, depth: usize) {
        let text = text.trim();
        if text.is_empty() || depth > DEEPEST {
            return;
        }
        self.shaped |= depth > 0;
        if let Some((inner, around)) = wrapped(text) {
            let before = self.message.len();
            self.value(&inner, Family::Top, depth + 1);
            if self.message.len() > before {
                return self.note(&around);
            }
        }
        if self.message.is_empty() {
            text.clone_into(&mut self.message);
        }
        self.note(text);
    }

    /// Adds to the text that phrases are looked for in.
    fn note(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text.chars().count());
        let mut blank = true;
        self.text.push('\n');
        for c in text.chars().take(room).flat_map(char::to_lowercase) {
            let c = match c {
                c if c.is_whitespace() => ' ',
                '\u{2018}' | '\u{2019}' => '\'',
                '\u{201c}' | '\u{201d}' => '"',
                c => c,
            };
            if c != ' ' || !blank {
                self.text.push(c);
            }
            blank = c == ' ';
        }
    }
}

/// Tells whether a field says something: some gateways write the words of Python for nothing.
fn is_said(text: &str) -> bool {
    !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "none" | "null" | "undefined" | "unknown")
}

/// Finds an error that is written as JSON into a text, and what is around it.
fn wrapped(text: &str) -> Option<(Value, String)> {
    let start = text.find(['{', '['])?;
    let end = text.rfind(['}', ']'])?;
    let value = json::read(text.get(start..=end)?)?.value;
    let first = value.as_array().map_or(Some(&value), |list| list.first())?;
    let about = |names: &[&str]| names.iter().any(|name| first.get(name).is_some());
    let error = about(&["error", "errors", "base_resp"]) || (about(CODES) && about(MESSAGES));
    let around = format!("{} {}", text.get(..start).unwrap_or_default(), text.get(end + 1..).unwrap_or_default());
    error.then_some((value, around))
}

/// Types that stand for a status where an event has none, squashed.
const TYPES: &[(&str, u16)] = &[
    ("invalidrequesterror", 400),
    ("invalidargument", 400),
    ("failedprecondition", 400),
    ("badrequesterror", 400),
    ("badrequest", 400),
    ("permissionerror", 403),
    ("permissiondenied", 403),
    ("permissiondeniederror", 403),
    ("notfounderror", 404),
    ("notfound", 404),
    ("unprocessableentityerror", 422),
    ("apierror", 500),
    ("servererror", 500),
    ("internalerror", 500),
    ("internalservererror", 500),
    ("internal", 500),
    ("unavailable", 503),
];

/// The status that one of the codes stands for.
pub(crate) fn of_codes(codes: &[String]) -> Option<u16> {
    TYPES.iter().find(|(name, _)| codes.iter().any(|own| own == name)).map(|(_, status)| *status)
}

/// Tells whether a status means the same when a proxy's web page carries it.
pub(crate) fn speaks_for_the_api(status: u16) -> bool {
    matches!(status, 401 | 402 | 408 | 413 | 424 | 429 | 498 | 499 | 500 | 502 | 503 | 504 | 509 | 520..=530)
}

/// The class of a status where nothing else is known: what a person would want to follow from it.
/// `shaped` tells that the API itself said it.
pub(crate) fn class(status: u16, shaped: bool) -> ErrorKind {
    match status {
        402 => ErrorKind::Quota,
        429 | 509 => ErrorKind::RateLimited,
        // 498 is Groq's, for its flexible tier.
        503 | 529 | 498 => ErrorKind::Overloaded,
        // A 403 says nothing of the key: a policy, a place, a model and a firewall speak so as well.
        401 => ErrorKind::Credential,
        410 => ErrorKind::ModelGone,
        // An API that knows the path and not what was asked for there does not know the model.
        404 if shaped => ErrorKind::ModelGone,
        300..=399 | 404 | 405 | 407 | 495 | 496 | 497 | 511 => ErrorKind::NotAnApi,
        413 => ErrorKind::ContextTooLong,
        451 => ErrorKind::Region,
        408 | 409 | 421 | 423 | 424 | 425 | 444 | 460 | 499 | 500 | 502 | 504 | 507 | 520..=528 | 530..=599 => {
            ErrorKind::Transient
        }
        400..=499 | 501 | 505 => ErrorKind::CallerFault,
        _ => ErrorKind::Unknown,
    }
}
