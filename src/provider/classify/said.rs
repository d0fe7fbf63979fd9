//! What an error body says, whichever of the known shapes it has.
//!
//! Providers wrap each other's errors: in lists, in fields of many names, as JSON written into a
//! message. Only fields that speak of the error are read, never those that say the request back.

use std::time::Duration;

use serde_json::{Map, Value};

use super::codes::{Family, squashed};
use crate::provider::{headers::Headers, json, waits};

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
pub(super) struct Said {
    /// Every code, type and reason, and what looks like one among the words, squashed.
    pub(super) codes: Vec<String>,
    /// Codes that are numbers, each with whose numbers they are.
    pub(super) numbers: Vec<(Family, i64)>,
    /// The message for a person; the whole body where it has no known shape.
    pub(super) message: String,
    /// All messages in lower case, blanks and quotes made alike.
    pub(super) text: String,
    /// The parameter named in a field of its own.
    pub(super) param: Option<String>,
    /// A status given as a code, as a number or in digits.
    pub(super) status: Option<u16>,
    /// A wait given in the body, in a field or in words.
    pub(super) retry_delay: Option<Duration>,
    /// Headers of another provider, passed on in the body.
    pub(super) headers: Option<Headers>,
    /// Tokens of the prompt and tokens of the context.
    pub(super) sizes: Option<(u64, u64)>,
    /// True for a web page.
    pub(super) page: bool,
    /// True where the body has the shape of an API's error.
    pub(super) shaped: bool,
}

impl Said {
    /// Reads a body: JSON of any known shape, a page, or plain text.
    pub(super) fn read(body: &str) -> Self {
        let body = body.trim().trim_start_matches('\u{feff}');
        let mut said = Self::default();
        match json::read(body).map(|parsed| parsed.value) {
            Some(value @ (Value::Object(_) | Value::Array(_))) => said.value(&value, Family::Top, 0),
            Some(Value::String(text)) => said.words(&text, 0),
            Some(Value::Null | Value::Bool(_) | Value::Number(_)) => {}
            None => {
                said.page = body.starts_with('<');
                said.words(body, 0);
            }
        }
        said.retry_delay = said.retry_delay.or_else(|| waits::in_words(&said.text));
        let word = |c: char| !c.is_alphanumeric() && c != '_';
        let named = said
            .text
            .split(word)
            .filter(|word| word.contains('_') || word.ends_with("error") || word.ends_with("exception"));
        let named: Vec<String> = named.map(squashed).collect();
        said.codes.extend(named);
        said
    }

    /// Tells whether the API said more than that nothing is there.
    pub(super) fn says_why(&self) -> bool {
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
        let wait = seconds.or_else(|| Some(millis? / 1000.0)).and_then(waits::seconds);
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
