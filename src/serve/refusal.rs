//! Errors as a program is told them: in the words of the wire it speaks, each with a status.

use std::time::Duration;

use serde_json::{Value, json};

use crate::model::{CallError, ErrorKind, RunEnd, RunId, Wire};

/// Why a program gets no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServeRefusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// A word for programs, where the status does not say enough.
    pub(crate) code: Option<&'static str>,
    /// What of the request it is about.
    pub(crate) param: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// Whether it is of no use to try again at once: everything that helps has been tried here.
    pub(crate) tried: bool,
    pub(crate) run: Option<RunId>,
}

impl ServeRefusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        let (message, param, retry_after, run) = (message.into(), None, None, None);
        Self { status, message, code: None, param, retry_after, tried: status < 500 && status != 429, run }
    }

    /// Makes that of a run that ended without an answer.
    pub(crate) fn of_run(run: RunId, end: &RunEnd) -> Self {
        let (error, message) = match end {
            RunEnd::Failed { reasons } => (telling(reasons.iter().map(|reason| &reason.error)), end.to_string()),
            RunEnd::Interrupted { error } => (Some(error), error.message.clone()),
            RunEnd::Cancelled => (None, "the request was stopped: retort is ending".to_owned()),
            RunEnd::Done => (None, "there is no answer".to_owned()),
        };
        let status = error.map_or(503, |error| status(error.class));
        Self {
            code: error.and_then(|error| code(error.class)),
            param: error.and_then(|error| error.param.clone()),
            retry_after: error.and_then(|error| error.retry_after),
            tried: true,
            run: Some(run),
            ..Self::new(status, message)
        }
    }

    /// Writes it as the body of a response.
    pub(crate) fn body(&self, wire: Wire) -> Value {
        let kind = kind(self.status);
        match wire {
            Wire::Anthropic => json!({
                "type": "error",
                "error": { "type": kind_of_messages(self.status), "message": self.message },
                "request_id": self.run.map(|run| run.to_string()),
            }),
            Wire::OpenAi
            | Wire::Responses
            | Wire::Gemini
            | Wire::Ollama
            | Wire::Inference
            | Wire::Replicate
            | Wire::Command
            | Wire::Demo => json!({
                "error": { "message": self.message, "type": kind, "param": self.param, "code": self.code },
            }),
        }
    }

    /// Writes it as an event of a stream that has begun.
    pub(crate) fn event(&self, wire: Wire) -> String {
        match wire {
            Wire::Anthropic => format!("event: error\ndata: {}\n\n", self.body(wire)),
            Wire::Responses => {
                let fields = json!({
                    "type": "error", "code": self.code.unwrap_or_else(|| kind(self.status)), "message": self.message,
                    "param": self.param, "sequence_number": 0,
                });
                format!("event: error\ndata: {fields}\n\n")
            }
            Wire::OpenAi
            | Wire::Gemini
            | Wire::Ollama
            | Wire::Inference
            | Wire::Replicate
            | Wire::Command
            | Wire::Demo => {
                format!("data: {}\n\n", self.body(wire))
            }
        }
    }
}

/// Chooses the error of several that says the most: one that a request can be corrected by, else the last.
fn telling<'e>(errors: impl Iterator<Item = &'e CallError> + Clone) -> Option<&'e CallError> {
    let own = |error: &&CallError| {
        matches!(error.class, ErrorKind::CallerFault | ErrorKind::InvalidPrompt) && error.status.is_none()
    };
    errors.clone().last().filter(|error| !own(error)).or_else(|| errors.last())
}

/// The status for each class of failure. What is wrong between retort and a provider is no fault of the program's.
fn status(class: ErrorKind) -> u16 {
    match class {
        ErrorKind::RateLimited | ErrorKind::Quota => 429,
        ErrorKind::Overloaded | ErrorKind::Cancelled => 503,
        ErrorKind::Timeout(_) => 504,
        ErrorKind::ModelGone => 404,
        ErrorKind::ContextTooLong
        | ErrorKind::ParamRejected
        | ErrorKind::ContentPolicy
        | ErrorKind::CallerFault
        | ErrorKind::InvalidPrompt => 400,
        ErrorKind::Transient
        | ErrorKind::Region
        | ErrorKind::MissingKey
        | ErrorKind::Credential
        | ErrorKind::NotAnApi
        | ErrorKind::Interrupted
        | ErrorKind::Truncated
        | ErrorKind::BadOutput
        | ErrorKind::TooLarge
        | ErrorKind::Unknown => 502,
    }
}

fn code(class: ErrorKind) -> Option<&'static str> {
    match class {
        ErrorKind::RateLimited => Some("rate_limit_exceeded"),
        ErrorKind::Quota => Some("insufficient_quota"),
        ErrorKind::ModelGone => Some("model_not_found"),
        ErrorKind::ContextTooLong => Some("context_length_exceeded"),
        ErrorKind::ContentPolicy => Some("content_policy_violation"),
        ErrorKind::ParamRejected => Some("unsupported_parameter"),
        ErrorKind::MissingKey | ErrorKind::Credential => Some("provider_key"),
        ErrorKind::Cancelled
        | ErrorKind::Overloaded
        | ErrorKind::Transient
        | ErrorKind::Timeout(_)
        | ErrorKind::Region
        | ErrorKind::CallerFault
        | ErrorKind::InvalidPrompt
        | ErrorKind::NotAnApi
        | ErrorKind::Interrupted
        | ErrorKind::Truncated
        | ErrorKind::BadOutput
        | ErrorKind::TooLarge
        | ErrorKind::Unknown => None,
    }
}

fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        503 => "overloaded_error",
        _ => "api_error",
    }
}

fn kind_of_messages(status: u16) -> &'static str {
    match status {
        413 => "request_too_large",
        504 => "timeout_error",
        other => kind(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_in_the_words_of_each_wire() {
        let mut refusal = ServeRefusal::new(429, "slow down");
        refusal.code = Some("rate_limit_exceeded");
        let chat = refusal.body(Wire::OpenAi);
        assert_eq!(chat["error"]["type"], "rate_limit_error");
        assert_eq!(chat["error"]["code"], "rate_limit_exceeded");
        assert_eq!(refusal.body(Wire::Anthropic)["error"]["type"], "rate_limit_error");
        assert!(refusal.event(Wire::Anthropic).starts_with("event: error\ndata: {\"type\":\"error\""));
        assert!(refusal.event(Wire::Responses).starts_with("event: error\ndata: {\"type\":\"error\""));
        assert!(refusal.event(Wire::OpenAi).starts_with("data: {\"error\""));
        assert_eq!(ServeRefusal::new(413, "").body(Wire::Anthropic)["error"]["type"], "request_too_large");
    }
}
