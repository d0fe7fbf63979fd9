//! The one classifier: from a status, headers and a body or in-stream event to a fault.
//!
//! Providers mislabel their errors, and send them inside a 200. So the words decide first, in the
//! order codes, phrases, named parameter, and the status only where no word does. The tables are
//! in [`rules`].

mod rules;
mod said;

use crate::model::{Class, Fault};

use super::headers::Headers;
use said::Said;

/// Classifies an HTTP response that is not a success.
#[must_use]
pub fn response(status: u16, headers: &Headers, body: &str) -> Fault {
    let said = Said::read(body);
    let page = said.page || headers.media_type().as_deref() == Some("text/html");
    let mut fault = if page && !rules::PAGES_SPEAK_FOR_THE_API.contains(&status) {
        Fault::new(Class::NotAnApi, not_the_api(status))
    } else {
        judge(Some(status), &said)
    };
    fault.status = Some(status);
    hints(&mut fault, headers);
    fault
}

/// Classifies an error that came inside a stream or a success, from its JSON or its text.
#[must_use]
pub fn event(body: &str) -> Fault {
    judge(None, &Said::read(body))
}

/// Adds what the headers say to a fault that does not say it itself.
pub fn hints(fault: &mut Fault, headers: &Headers) {
    fault.request_id = fault.request_id.take().or_else(|| headers.request_id());
    fault.retry_after = headers.retry_after().or(fault.retry_after);
    fault.should_retry = fault.should_retry.or_else(|| headers.should_retry());
}

fn not_the_api(status: u16) -> String {
    format!("a web page answered with status {status}, not the API; is base_url right?")
}

fn judge(status: Option<u16>, said: &Said) -> Fault {
    let status = status.filter(|status| *status >= 400).or(said.status).or_else(|| rules::status_of(&said.codes));
    let param = rules::param(status, said);
    let class = rules::code(&said.codes)
        .or_else(|| rules::phrase(status, &said.text))
        .or_else(|| param.as_ref().map(|_| Class::ParamRejected))
        .unwrap_or_else(|| status.map_or(Class::Unknown, rules::by_status));
    let message = if said.message.is_empty() {
        status.map_or_else(|| "an error without a message".to_owned(), |status| format!("status {status}, no message"))
    } else {
        said.message.clone()
    };
    let mut fault = Fault::new(class, message);
    fault.retry_after = said.retry_delay;
    fault.loading = class == Class::Overloaded && said.text.contains("loading");
    if class == Class::ParamRejected {
        fault.param = param;
    }
    if class == Class::ContextTooLong
        && let Some((prompt, context)) = said.sizes
        && !fault.message.contains(&context.to_string())
    {
        fault.message = format!("{} ({prompt} tokens, {context} fit)", fault.message);
    }
    fault
}
