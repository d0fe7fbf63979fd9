//! The classifier's tables. Within a table the first match wins.

use crate::model::Class;

use super::said::Said;

/// Statuses that mean the same when a proxy's web page carries them.
pub(super) const PAGES_SPEAK_FOR_THE_API: &[u16] =
    &[401, 402, 408, 413, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529];

/// Codes, types and reasons that say it all.
const CODES: &[(&str, Class)] = &[
    ("insufficient_quota", Class::Quota),
    ("credit_balance_exhausted", Class::Quota),
    ("billing_error", Class::Quota),
    ("billing_hard_limit_reached", Class::Quota),
    ("billing_not_active", Class::Quota),
    ("enforced_spend_limit_reached", Class::Quota),
    ("insufficient_balance", Class::Quota),
    ("unsupported_country_region_territory", Class::Region),
    ("context_length_exceeded", Class::ContextTooLong),
    ("exceed_context_size_error", Class::ContextTooLong),
    ("request_too_large", Class::ContextTooLong),
    ("string_above_max_length", Class::ContextTooLong),
    ("content_filter", Class::ContentPolicy),
    ("content_policy_violation", Class::ContentPolicy),
    ("moderation_blocked", Class::ContentPolicy),
    ("prohibited_content", Class::ContentPolicy),
    ("model_not_found", Class::ModelGone),
    ("model_not_available", Class::ModelGone),
    ("model_deprecated", Class::ModelGone),
    ("deploymentnotfound", Class::ModelGone),
    ("overloaded_error", Class::Overloaded),
    ("engine_overloaded", Class::Overloaded),
    ("unavailable_error", Class::Overloaded),
    ("rate_limit_error", Class::RateLimited),
    ("rate_limit_exceeded", Class::RateLimited),
    ("resource_exhausted", Class::RateLimited),
    ("too_many_requests", Class::RateLimited),
    ("authentication_error", Class::Credential),
    ("invalid_api_key", Class::Credential),
    ("api_key_invalid", Class::Credential),
    ("unauthenticated", Class::Credential),
    ("account_deactivated", Class::Credential),
    ("no_db_connection", Class::Credential),
    ("timeout_error", Class::Transient),
    ("deadline_exceeded", Class::Transient),
];

/// Where a phrase counts: an unknown status is every status.
enum On {
    Any,
    Only(&'static [u16]),
    Not(&'static [u16]),
}

const REFUSED: On = On::Only(&[400, 402, 403, 429]);
const WRONG: On = On::Only(&[400, 404, 410, 413, 422, 500]);
const LOCKED: On = On::Only(&[400, 401, 403]);

/// Words in the message; all of a row's words must be there, and one with `^` at its start.
const PHRASES: &[(Class, On, &[&str])] = &[
    (Class::Quota, REFUSED, &["credit balance"]),
    (Class::Quota, REFUSED, &["spend limit"]),
    (Class::Quota, REFUSED, &["spending limit"]),
    (Class::Quota, REFUSED, &["blocked_api_access"]),
    (Class::Quota, REFUSED, &["exceeded your current quota"]),
    (Class::Quota, REFUSED, &["insufficient", "balance"]),
    (Class::Quota, REFUSED, &["insufficient", "credit"]),
    (Class::Quota, REFUSED, &["more credits"]),
    (Class::Quota, REFUSED, &["out of credit"]),
    (Class::Quota, REFUSED, &["budget has been exceeded"]),
    (Class::Region, LOCKED, &["country, region"]),
    (Class::Region, LOCKED, &["user location is not supported"]),
    (Class::Region, LOCKED, &["not available in your", "region"]),
    (Class::Region, LOCKED, &["not supported in your", "country"]),
    (Class::ContextTooLong, WRONG, &["maximum context length"]),
    (Class::ContextTooLong, WRONG, &["exceeds the available context size"]),
    (Class::ContextTooLong, WRONG, &["contextwindowexceedederror"]),
    (Class::ContextTooLong, WRONG, &["prompt is too long"]),
    (Class::ContextTooLong, WRONG, &["input is too long"]),
    (Class::ContextTooLong, WRONG, &["exceed", "context limit"]),
    (Class::ContextTooLong, WRONG, &["exceed", "context window"]),
    (Class::ContextTooLong, WRONG, &["exceeds the maximum number of tokens"]),
    (Class::ContentPolicy, On::Only(&[400, 403, 422]), &["content management policy"]),
    (Class::ContentPolicy, On::Only(&[400, 403, 422]), &["content policy"]),
    (Class::ContentPolicy, On::Only(&[400, 403, 422]), &["contentpolicyviolationerror"]),
    (Class::ContentPolicy, On::Only(&[400, 403, 422]), &["content filtering policy"]),
    (Class::ContentPolicy, On::Only(&[400, 403, 422]), &["usage polic", "violat"]),
    (Class::ContentPolicy, On::Only(&[400, 403, 422]), &["safety system"]),
    (Class::ContentPolicy, On::Only(&[400, 403, 422]), &["blocked", "safety"]),
    (Class::ModelGone, On::Only(&[404]), &["^model:"]),
    (Class::ModelGone, On::Only(&[404]), &["models/", "not found"]),
    (Class::ModelGone, On::Only(&[400, 404, 410]), &["model", "has been deprecated"]),
    (Class::ModelGone, On::Only(&[400, 404, 410]), &["model", "retired"]),
    (Class::ModelGone, On::Only(&[400, 404, 410]), &["model", "decommissioned"]),
    (Class::ModelGone, On::Only(&[400, 404, 410]), &["model", "no longer available"]),
    (Class::ModelGone, On::Only(&[400, 404, 410]), &["model", "does not exist"]),
    (Class::ModelGone, On::Only(&[400, 404]), &["model", "not found, try pulling it first"]),
    (Class::ModelGone, On::Only(&[400, 404]), &["invalid model name"]),
    (Class::ModelGone, On::Only(&[400, 404]), &["not a valid model"]),
    (Class::ModelGone, On::Only(&[400, 404]), &["unknown model"]),
    (Class::ModelGone, On::Only(&[400, 404]), &["model not found"]),
    (Class::ModelGone, On::Only(&[401, 403, 404]), &["not have access to", "model"]),
    (Class::ModelGone, On::Only(&[401, 403, 404]), &["not allowed to access model"]),
    (Class::Credential, LOCKED, &["api key not valid"]),
    (Class::Credential, LOCKED, &["invalid api key"]),
    (Class::Credential, LOCKED, &["incorrect api key"]),
    (Class::Credential, LOCKED, &["invalid x-api-key"]),
    (Class::Credential, LOCKED, &["api key expired"]),
    (Class::Overloaded, On::Not(&[401, 403]), &["overloaded"]),
    (Class::Overloaded, On::Not(&[401, 403]), &["server busy"]),
    (Class::Overloaded, On::Not(&[401, 403]), &["loading model"]),
    (Class::Overloaded, On::Not(&[401, 403]), &["model is", "loading"]),
    (Class::Overloaded, On::Not(&[401, 403]), &["at capacity"]),
    (Class::RateLimited, On::Not(&[401, 403]), &["rate limit"]),
    (Class::RateLimited, On::Not(&[401, 403]), &["ratelimiterror"]),
    (Class::RateLimited, On::Not(&[401, 403]), &["too many requests"]),
    (Class::Transient, On::Only(&[500, 502, 503, 504]), &["connection error"]),
    (Class::Transient, On::Only(&[500, 502, 503, 504]), &["runner", "terminated"]),
    (Class::Transient, On::Only(&[500, 502, 503, 504]), &["unexpected eof"]),
    (Class::Transient, On::Only(&[500, 502, 503, 504]), &["internal server error"]),
    (Class::Region, On::Any, &["unsupported_country"]),
];

/// Types that stand for a status where an event has none.
const TYPES: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("invalid_argument", 400),
    ("failed_precondition", 400),
    ("badrequesterror", 400),
    ("permission_error", 403),
    ("permission_denied", 403),
    ("not_found_error", 404),
    ("not_found", 404),
    ("api_error", 500),
    ("server_error", 500),
    ("internal_error", 500),
    ("internal_server_error", 500),
    ("internalservererror", 500),
    ("internal", 500),
    ("unavailable", 503),
];

/// Parameters a provider may reject, and the name they are known by here.
const PARAMS: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("max_tokens", "max_tokens"),
    ("max_completion_tokens", "max_completion_tokens"),
    ("response_format", "response_format"),
    ("output_config.effort", "reasoning_effort"),
    ("output_config", "response_format"),
    ("output_format", "response_format"),
    ("json_schema", "response_format"),
    ("stop_sequences", "stop"),
    ("logit_bias", "logit_bias"),
    ("frequency_penalty", "frequency_penalty"),
    ("presence_penalty", "presence_penalty"),
    ("reasoning_effort", "reasoning_effort"),
    ("stream_options", "stream_options"),
];

/// Parameters whose names are words: they count in quotes, or before a colon at the start.
const WORDS: &[&str] = &["stop", "seed", "think", "n"];

pub(super) fn code(codes: &[String]) -> Option<Class> {
    CODES.iter().find(|(code, _)| codes.iter().any(|own| own == code)).map(|(_, class)| *class)
}

pub(super) fn phrase(status: Option<u16>, text: &str) -> Option<Class> {
    let counts = |on: &On| match (on, status) {
        (On::Any, _) | (_, None) => true,
        (On::Only(list), Some(status)) => list.contains(&status),
        (On::Not(list), Some(status)) => !list.contains(&status),
    };
    let said =
        |word: &&str| word.strip_prefix('^').map_or_else(|| text.contains(word), |start| text.starts_with(start));
    let row = PHRASES.iter().find(|(_, on, words)| counts(on) && words.iter().all(said));
    row.map(|(class, ..)| *class)
}

pub(super) fn status_of(codes: &[String]) -> Option<u16> {
    TYPES.iter().find(|(name, _)| codes.iter().any(|own| own == name)).map(|(_, status)| *status)
}

pub(super) fn by_status(status: u16) -> Class {
    match status {
        402 => Class::Quota,
        429 => Class::RateLimited,
        503 | 529 => Class::Overloaded,
        401 | 403 => Class::Credential,
        410 => Class::ModelGone,
        413 => Class::ContextTooLong,
        408 | 409 | 500 | 502 | 504 | 520..=524 => Class::Transient,
        400 | 404 | 405 | 415 | 422 | 501 => Class::CallerFault,
        300..=399 => Class::NotAnApi,
        _ => Class::Unknown,
    }
}

/// Names the rejected parameter: the field that says so, else the first one the message names.
pub(super) fn param(status: Option<u16>, said: &Said) -> Option<String> {
    if status.is_some_and(|status| !matches!(status, 400 | 422)) {
        return None;
    }
    if let Some(field) = &said.param {
        let name = field.split(['.', '[']).next().unwrap_or(field);
        let known = PARAMS.iter().find(|(own, _)| *own == name).map(|(_, known)| (*known).to_owned());
        let unwanted = ["unsupported_parameter", "unknown_parameter"];
        let refused = WORDS.contains(&name) || said.codes.iter().any(|code| unwanted.contains(&code.as_str()));
        return known.or_else(|| (refused && name != "messages").then(|| name.to_owned()));
    }
    let named = PARAMS.iter().filter_map(|(own, known)| Some((word_at(&said.text, own)?, *known)));
    let quoted = WORDS.iter().filter_map(|word| Some((quoted_at(&said.text, word)?, *word)));
    named.chain(quoted).min_by_key(|(at, _)| *at).map(|(_, name)| name.to_owned())
}

/// Finds a name that no other letter, digit or underscore touches.
fn word_at(text: &str, word: &str) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let (before, rest) = text.split_at(*at);
        let after = rest.strip_prefix(word).unwrap_or_default();
        !before.ends_with(inside) && !after.starts_with(inside)
    })
}

fn quoted_at(text: &str, word: &str) -> Option<usize> {
    if text.strip_prefix(word).is_some_and(|rest| rest.starts_with(':')) {
        return Some(0);
    }
    ['\'', '"', '`'].iter().find_map(|quote| text.find(&format!("{quote}{word}{quote}")))
}
