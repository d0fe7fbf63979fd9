//! Which parameter of the request an error rejects.

use super::{codes::squashed, said::Said};

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

/// Codes that say that a field is not wanted, whichever it is, squashed.
const UNWANTED: &[&str] = &["unsupportedparameter", "unknownparameter"];

/// Names the parameter that a field of its own names.
pub(super) fn told(said: &Said) -> Option<String> {
    let field = said.param.as_ref()?;
    let names: Vec<&str> = field.split(['.', '[', ']']).filter(|name| !name.is_empty()).collect();
    let known = names.iter().find_map(|name| PARAMS.iter().find(|(own, _)| own == name));
    let name = *names.first()?;
    let refused = WORDS.contains(&name) || said.codes.iter().any(|code| UNWANTED.contains(&code.as_str()));
    known.map(|(_, known)| (*known).to_owned()).or_else(|| {
        (refused && !matches!(squashed(name).as_str(), "messages" | "model" | "input")).then(|| name.to_owned())
    })
}

/// Names the parameter that the message names first.
pub(super) fn written(said: &Said) -> Option<String> {
    let text = said.text.trim_start();
    let named = PARAMS.iter().filter_map(|(own, known)| Some((word_at(text, own)?, *known)));
    let quoted = WORDS.iter().filter_map(|word| Some((quoted_at(text, word)?, *word)));
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
