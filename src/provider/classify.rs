//! The one classifier: from a status, headers and a body or in-stream event to a fault.
//!
//! Providers mislabel their errors, and send them inside a 200. So what is structured decides
//! first: codes, documented numbers, a parameter in a field of its own. Words come second, and the
//! status counts only where neither says anything. The tables are in [`codes`], [`phrases`],
//! [`param`] and [`status`].

mod codes;
mod param;
mod phrases;
mod said;
mod status;

use serde_json::Value;

use crate::model::{Class, Fault};

use super::headers::Headers;
use said::Said;

/// Classifies an HTTP response that is not a success.
#[must_use]
pub fn response(status: u16, headers: &Headers, body: &str) -> Fault {
    let said = Said::read(body);
    let page = said.page || headers.media_type().as_deref() == Some("text/html");
    let mut fault = if page && !status::speaks_for_the_api(status) {
        Fault::new(Class::NotAnApi, not_the_api(status))
    } else {
        judge(Some(status), &said)
    };
    fault.status = Some(status);
    if fault.class == Class::RateLimited && fault.retry_after.is_none() {
        let passed_on = said.headers.zip(headers.now());
        fault.retry_after = passed_on.and_then(|(own, now)| own.received(now).renewed());
    }
    hints(&mut fault, headers);
    fault
}

/// Classifies an error that came inside a stream or a success, from its JSON or its text.
#[must_use]
pub fn event(body: &str) -> Fault {
    judge(None, &Said::read(body))
}

/// Classifies what is no JSON, if its words speak of a fault that is known.
pub(super) fn words(text: &str) -> Option<Fault> {
    let said = Said::read(text);
    phrases::clear(None, &said.text).or_else(|| phrases::broad(None, &said.text)).map(|_| judge(None, &said))
}

/// Finds the error in a JSON event or answer, however it is shaped: an error wins over everything
/// beside it. `named` tells that the event is called one.
pub(super) fn within(value: &Value, named: bool) -> Option<Fault> {
    let told = |field: Option<&Value>| match field {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        Some(Value::Bool(true)) => true,
    };
    let says = |name: &str, word: &str| value.get(name).and_then(Value::as_str) == Some(word);
    let nonzero = |pointer: &str| told(value.pointer(pointer).filter(|code| code.is_number()));
    let error = named
        || told(value.get("error"))
        || told(value.pointer("/choices/0/error"))
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

/// Adds what the headers say to a fault that does not say it itself.
pub fn hints(fault: &mut Fault, headers: &Headers) {
    fault.request_id = fault.request_id.take().or_else(|| headers.request_id());
    fault.retry_after = headers.retry_after().or(fault.retry_after);
    if fault.class == Class::RateLimited {
        fault.retry_after = fault.retry_after.or_else(|| headers.renewed());
    }
    fault.should_retry = fault.should_retry.or_else(|| headers.should_retry());
}

fn not_the_api(status: u16) -> String {
    format!("a web page answered with status {status}, not the API; is base_url right?")
}

fn judge(status: Option<u16>, said: &Said) -> Fault {
    let status = status.filter(|status| *status >= 400).or(said.status).or_else(|| status::of_codes(&said.codes));
    let about_params = status.is_none_or(|status| matches!(status, 400 | 422));
    let named = about_params.then(|| param::told(said)).flatten();
    let written = about_params.then(|| param::written(said)).flatten().filter(|_| said.param.is_none());
    let about_model =
        said.param.as_deref() == Some("model") && status.is_none_or(|status| (400..=404).contains(&status));
    // More than the limit of a minute in one request is more than any minute allows.
    let too_long = status == Some(413) || phrases::never_fits(&said.text);
    let class = codes::number(&said.numbers)
        .or_else(|| codes::class(&said.codes))
        .filter(|class| !(too_long && *class == Class::RateLimited))
        .or_else(|| too_long.then_some(Class::ContextTooLong))
        .or_else(|| named.as_ref().map(|_| Class::ParamRejected))
        .or_else(|| phrases::clear(status, &said.text))
        .or_else(|| about_model.then_some(Class::ModelGone))
        .or_else(|| written.as_ref().filter(|_| status.is_some()).map(|_| Class::ParamRejected))
        .or_else(|| phrases::broad(status, &said.text))
        .or_else(|| written.as_ref().map(|_| Class::ParamRejected))
        .or_else(|| codes::vague(&said.codes))
        .unwrap_or_else(|| match status {
            Some(status) => status::class(status, said.says_why()),
            // The request was taken, and what became of it is the provider's fault.
            None if said.shaped => Class::Transient,
            None => Class::Unknown,
        });
    let message = if said.message.is_empty() {
        status.map_or_else(|| "an error without a message".to_owned(), |status| format!("status {status}, no message"))
    } else {
        said.message.clone()
    };
    let mut fault = Fault::new(class, message);
    fault.retry_after = said.retry_delay;
    fault.loading = class == Class::Overloaded && said.text.contains("loading");
    if class == Class::ParamRejected {
        fault.param = named.or(written);
    }
    if class == Class::NotAnApi {
        fault.message.push_str("; is base_url right?");
    }
    if class == Class::ContextTooLong
        && let Some((prompt, context)) = said.sizes
        && !fault.message.contains(&context.to_string())
    {
        fault.message = format!("{} ({prompt} tokens, {context} fit)", fault.message);
    }
    fault
}
