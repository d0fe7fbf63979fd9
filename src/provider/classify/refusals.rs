//! What of a request a refusal names: a parameter, something that goes without a field of its own, or the most that a
//! limit may be.
//!
//! A refusal may say back what it was sent, so that its words are no proof: who goes by them has to see whether they were
//! right.

use crate::provider::classify::{ErrorBody, codes::holds};

/// What a refusal of the wire itself is said to name: the model is served over another one.
pub(crate) const WIRE: &str = "wire";

/// Parameters a provider may reject, and the name they are known by here.
const PARAMS: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("topp", "top_p"),
    ("top_k", "top_k"),
    ("topk", "top_k"),
    ("max_tokens", "max_tokens"),
    ("max_completion_tokens", "max_completion_tokens"),
    ("response_format", "response_format"),
    ("output_config.effort", "reasoning_effort"),
    ("output_config", "response_format"),
    ("output_format", "response_format"),
    ("text.format", "response_format"),
    ("reasoning.effort", "reasoning_effort"),
    ("max_output_tokens", "max_tokens"),
    ("maxoutputtokens", "max_tokens"),
    ("num_predict", "max_tokens"),
    ("response_mime_type", "response_format"),
    ("response_schema", "response_format"),
    ("response_json_schema", "response_format"),
    ("responsemimetype", "response_format"),
    ("responseschema", "response_format"),
    ("responsejsonschema", "response_format"),
    ("thinking_config", "reasoning_effort"),
    ("thinking_budget", "reasoning_effort"),
    ("thinking_level", "reasoning_effort"),
    ("thinkingconfig", "reasoning_effort"),
    ("thinkingbudget", "reasoning_effort"),
    ("thinkinglevel", "reasoning_effort"),
    ("thinking budget", "reasoning_effort"),
    ("thinking level", "reasoning_effort"),
    ("thinking.type", "reasoning_effort"),
    ("enable_thinking", "enable_thinking"),
    ("json_schema", "response_format"),
    ("stop_sequences", "stop"),
    ("stopsequences", "stop"),
    ("random_seed", "seed"),
    ("system_instruction", "system"),
    ("logit_bias", "logit_bias"),
    ("frequency_penalty", "frequency_penalty"),
    ("presence_penalty", "presence_penalty"),
    ("frequencypenalty", "frequency_penalty"),
    ("presencepenalty", "presence_penalty"),
    ("repetition_penalty", "repetition_penalty"),
    ("reasoning_effort", "reasoning_effort"),
    ("stream_options", "stream_options"),
];

/// Parameters whose names are words, and the name they are known by here: they count in quotes, before a colon at the
/// start, or where the words around them call them a parameter.
const WORDS: &[(&str, &str)] =
    &[("stop", "stop"), ("seed", "seed"), ("think", "reasoning_effort"), ("n", "n"), ("stream", "stream")];

/// What words stand around the name of a parameter that is a word.
const AROUND: &[(&str, &str)] = &[
    ("parameter ", ""),
    ("parameter: ", ""),
    ("parameters: ", ""),
    ("argument ", ""),
    ("argument: ", ""),
    ("argument supplied: ", ""),
    ("field ", ""),
    ("field: ", ""),
    ("support ", ""),
    ("", " parameter"),
    ("", " is not supported"),
    ("", " is unsupported"),
];

/// What refuses a thing and not the value of it.
const REFUSED: &str = "not support|n't support|unsupported|only the default|deprecated|unknown|unrecognized|unexpected|\
                       not permitted|not allowed|extra inputs|extra_forbidden|not accept|not available|unavailable|\
                       not enabled|cannot find field|not recognized|not implemented|not taken|not take ";

/// What refuses a value: another one may be taken.
const VALUE: &str = "supported values are|supported values:|must be|should be|between|out of range|invalid schema|\
                     less than|greater than";

/// What goes without a field of its own, by the words for it.
const FEATURES: &[(&str, &[&str])] = &[
    (
        "stream",
        &[
            "verified to stream|to stream this model|streaming is not|streaming not|stream is not supported|\
             not support stream|n't support stream|not support the stream|streaming mode is not|\
             streaming responses are not|streaming is disabled|streaming is unavailable|stream must be false|\
             use non-streaming|only non-streaming|supports non-stream|not allowed to stream|not permitted to stream|\
             cannot be streamed|can't be streamed|stream=true is not|stream: true is not|stream mode is not",
            "!stream_options|only support stream|only supports stream",
        ],
    ),
    (
        "system",
        &[
            "system role|system message|system prompt|system instruction|developer role|developer message|\
             developer instruction|role 'system'|role \"system\"|role `system`|role: system|role system|'system' role|\
             \"system\" role|tag 'system'|support 'system'|support 'developer'|role 'developer'|role \"developer\"",
            REFUSED,
        ],
    ),
    (
        "system",
        &["conversation roles must alternate|only user and assistant|only user, assistant|only 'user' and 'assistant'"],
    ),
    (
        "reasoning_effort",
        &["support thinking|support reasoning|support extended thinking|thinking is not|thinking not supported|\
           thinking isn't|thinking mode is not|reasoning is not|reasoning not supported|effort parameter|support effort"],
    ),
    (
        "response_format",
        &[
            "json mode|structured output|json schema|json object|guided decoding|guided_json|response format",
            "not support|n't support|unsupported|not available|unavailable|not enabled",
        ],
    ),
];

/// Codes that say that a field is not wanted, whichever it is, squashed.
const UNWANTED: &[&str] = &["unsupportedparameter", "unknownparameter"];

/// Fields that hold what the user wrote.
const CONTENT: &[&str] = &["messages", "input", "prompt", "contents", "content", "instructions"];

/// Tells whether a refusal may be one of what the request asks for: that of a wrong request, or of the template that the
/// model's messages are written by.
pub(crate) fn may_name(status: Option<u16>, text: &str) -> bool {
    match status {
        None | Some(400 | 422 | 501) => true,
        Some(500) => holds(text, &["jinja|chat template|chat_template|templateerror|raise_exception"]),
        Some(_) => false,
    }
}

/// Names the parameter that a field of its own names.
pub(crate) fn named(body: &ErrorBody) -> Option<String> {
    let field = body.param.as_ref()?;
    let names: Vec<&str> = field.split(['.', '[', ']']).filter(|name| !name.is_empty()).collect();
    let name = *names.first()?;
    if CONTENT.contains(&name) {
        let of_system = names.last() == Some(&"role") && holds(&body.text, &["system|developer", REFUSED]);
        return of_system.then(|| "system".to_owned());
    }
    let path = |own: &str| field.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let whole = PARAMS.iter().find(|(own, _)| path(own));
    let known = whole.or_else(|| names.iter().find_map(|name| PARAMS.iter().find(|(own, _)| own == name)));
    let known = known.or_else(|| WORDS.iter().find(|(own, _)| *own == name));
    let unwanted = || body.codes.iter().any(|code| UNWANTED.contains(&code.as_str()));
    known.map(|(_, known)| (*known).to_owned()).or_else(|| (name != "model" && unwanted()).then(|| name.to_owned()))
}

/// Names the parameter that the message names first, or what else it says is not taken. Where a field names something
/// that is no parameter, the message has to refuse it in words.
pub(crate) fn written(body: &ErrorBody) -> Option<String> {
    if let Some(field) = &body.param {
        let first = field.split(['.', '[']).next().unwrap_or_default();
        if CONTENT.contains(&first) || !holds(&body.text, &[REFUSED]) {
            return None;
        }
    }
    let text = without_quotes(body.text.trim_start());
    let named = PARAMS.iter().filter_map(|(own, known)| Some((word_at(&text, own)?, *known)));
    let quoted = WORDS.iter().filter_map(|(word, known)| Some((quoted_at(&text, word)?, *known)));
    let first = named.chain(quoted).min_by_key(|(at, _)| *at).map(|(_, name)| name);
    let feature = || FEATURES.iter().find(|(_, words)| holds(&text, words)).map(|(name, _)| *name);
    first.or_else(feature).map(str::to_owned)
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
    let quoted = ['\'', '"', '`'].iter().find_map(|quote| text.find(&format!("{quote}{word}{quote}")));
    quoted.or_else(|| {
        let called = |(before, after): &(&str, &str)| word_at(text, &format!("{before}{word}{after}"));
        let last = || text.trim_end().trim_end_matches('.').strip_suffix(word)?.strip_suffix(": ").map(str::len);
        AROUND.iter().find_map(called).or_else(last)
    })
}

/// Takes out what is quoted of five words and more and refuses nothing: it is what was sent, said back.
fn without_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '`', '“']) {
        let (before, quoted) = rest.split_at(at);
        out.push_str(before);
        let mut chars = quoted.chars();
        let Some(quote) = chars.next() else { break };
        let inside = chars.as_str();
        let end = match quote {
            // An apostrophe opens nothing.
            '\'' if before.ends_with(char::is_alphanumeric) => None,
            '“' => inside.find('”'),
            quote => inside.find(quote),
        };
        let echoed = end
            .and_then(|end| inside.get(..end))
            .filter(|span| span.split_whitespace().count() >= 5 && !holds(span, &[REFUSED]) && !holds(span, &[VALUE]));
        rest = if let Some(span) = echoed {
            inside.get(span.len() + quote.len_utf8()..).unwrap_or_default()
        } else {
            out.push(quote);
            inside
        };
    }
    out.push_str(rest);
    out
}

/// Tells whether a message refuses a thing whatever its value, so that it will be refused the next time too.
pub(crate) fn is_lasting(message: &str) -> bool {
    let text = message.to_lowercase();
    holds(&text, &[REFUSED]) && (holds(&text, &["only the default"]) || !holds(&text, &[VALUE]))
}

/// What limits of answers are called.
const LIMITS: &str = "max_tokens|max_completion_tokens|max_output_tokens|maxoutputtokens|max_new_tokens|maxtokens|\
                      max tokens|maximum tokens|num_predict|completion tokens|output tokens";

/// What speaks of the prompt too: then it is prompt and answer together that do not fit.
const WITH_PROMPT: &str = "context|prompt|input tokens|input length|inputs|in the messages|budget_tokens|
                           thinking budget";

/// What stands before the largest number that is taken.
const AT_MOST: &[&str] = &[
    "at most",
    "less than or equal to",
    "lower than or equal to",
    "smaller than or equal to",
    "not exceed",
    "cannot exceed",
    "can't exceed",
    "no more than",
    "not more than",
    "not be greater than",
    "not be larger than",
    "not be more than",
    "maximum value is",
    "maximum value of",
    "maximum allowed value is",
    "maximum allowed value of",
    "maximum allowed is",
    "maximum allowed:",
    "max value is",
    "max allowed is",
    "maximum is",
    "maximum of",
    "max is",
    "max of",
    "limit of",
    "limit is",
    "limited to",
    "up to",
    "<=",
    "≤",
    "maximum:",
    "max:",
    "不能超过",
    "不超过",
    "最大值为",
    "小于等于",
];

/// What stands before the smallest number that is too large.
const BELOW: &[&str] = &["less than", "lower than", "smaller than", "below", "<"];

/// Reads the largest token limit that a refusal of a larger one names, whatever its words; none where it is the prompt
/// that takes the room.
pub(crate) fn most_tokens(message: &str) -> Option<u64> {
    // Groq says of the limit how it compares with the context.
    let text = message.to_lowercase().replace('`', "").replace("less than the context_window", "");
    if !holds(&text, &[LIMITS]) || holds(&text, &[WITH_PROMPT]) {
        return None;
    }
    let after = |mark: &str| text.match_indices(mark).find_map(|(at, mark)| number(text.get(at + mark.len()..)?));
    let most = AT_MOST.iter().find_map(|mark| after(mark)).or_else(|| range(&text)).or_else(|| compared(&text));
    most.or_else(|| BELOW.iter().find_map(|mark| after(mark))?.checked_sub(1)).filter(|most| *most > 0)
}

/// Reads the number that a text begins with, after blanks and quotes; thousands may be set apart.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_start_matches([' ', '\'', '"', ':', '=']);
    let digits = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '_')).unwrap_or(text.len());
    let all: String = text.get(..digits)?.chars().filter(char::is_ascii_digit).collect();
    all.parse().ok()
}

/// Reads the end of a range: `[1, 8192]`, `between 1 and 8192`, `from 1 (inclusive) to 8193 (exclusive)`.
fn range(text: &str) -> Option<u64> {
    let listed = || {
        text.match_indices('[').find_map(|(at, _)| {
            let (low, rest) = text.get(at + 1..)?.split_once(',')?;
            let (high, _) = rest.split_once(']')?;
            low.trim().parse::<u64>().ok()?;
            high.trim().parse().ok()
        })
    };
    let worded = |from: &str, to: &str| {
        let (_, rest) = text.split_once(from)?;
        number(rest)?;
        let (_, rest) = rest.split_once(to)?;
        let high = number(rest)?;
        let open = rest.split(|c: char| c.is_ascii_digit() || c == ' ').find(|word| !word.is_empty());
        if open.is_some_and(|word| word.starts_with("(exclusive")) { high.checked_sub(1) } else { Some(high) }
    };
    listed().or_else(|| worded("between ", " and ")).or_else(|| worded("from ", " to "))
}

/// Reads the lower of two numbers where the higher was sent: `99999 > 8192`.
fn compared(text: &str) -> Option<u64> {
    text.match_indices('>').find_map(|(at, _)| {
        let before = text.get(..at)?.trim_end();
        before.ends_with(|c: char| c.is_ascii_digit()).then(|| number(text.get(at + 1..)?)).flatten()
    })
}

/// Tells whether a refusal says that the model is served by the Responses API alone.
pub(crate) fn names_responses(status: Option<u16>, text: &str) -> bool {
    status.is_none_or(|status| matches!(status, 400 | 404 | 405 | 422))
        && holds(
            text,
            &[
                "v1/responses|responses api|/responses endpoint|responses endpoint",
                "only supported in|only supported by|only supported with|only available|only accessible|only served|\
                 only work|only through|use v1/responses|use /v1/responses|use the |instead|not in v1/chat/completions|\
                 not supported in the v1/chat/completions",
                "!not supported in v1/responses|not supported in the v1/responses|not support the responses|\
                 use v1/chat|use /v1/chat|use the chat|use chat completions",
            ],
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_limit_is_read_from_the_words_of_many_servers() {
        for (message, most) in [
            (
                "max_tokens is too large: 99999. This model supports at most 16384 completion tokens, whereas you provided 99999.",
                16_384,
            ),
            (
                "max_tokens: 99999 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet",
                8192,
            ),
            (
                "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
                8192,
            ),
            ("body.max_tokens: Input should be less than or equal to 32768", 32_768),
            ("max_tokens: Input should be less than 32769", 32_768),
            ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
            ("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 16384]", 16_384),
            ("max_tokens: the maximum value is 8192", 8192),
            (
                "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received 5000.",
                4096,
            ),
            (
                "Unable to submit request because it has a maxOutputTokens value of 99999 but the supported range is from 1 (inclusive) to 8193 (exclusive). Update the value and try again.",
                8192,
            ),
            (
                "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 32768, but got 99999 instead.",
                32_768,
            ),
            (
                "The maximum tokens you requested exceeds the model limit of 8192. Try again with a maximum tokens value that is lower than 8192.",
                8192,
            ),
            ("99999 is greater than the maximum of 4096 - 'max_tokens'", 4096),
            ("max_tokens must be between 1 and 16,384", 16_384),
            ("max_new_tokens cannot exceed 2048", 2048),
            ("max_tokens 不能超过 4096", 4096),
        ] {
            assert_eq!(most_tokens(message), Some(most), "{message}");
        }
        for other in [
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.",
            "'max_tokens' or 'max_completion_tokens' is too large: 99999. This model's maximum context length is 4096 tokens and your request has 20 input tokens (99999 > 4096 - 20).",
            "`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 3000 `inputs` tokens and 2000 `max_new_tokens`",
            "Prompt contains 50000 tokens, too large for model with 32768 maximum context length",
            "max_tokens must be greater than thinking.budget_tokens",
            "max_tokens must be at least 1",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "temperature must be less than or equal to 2",
            "max_tokens must be less than or equal to 0",
        ] {
            assert_eq!(most_tokens(other), None, "{other}");
        }
    }

    #[test]
    fn only_what_is_refused_whatever_its_value_is_refused_the_next_time() {
        for (message, lasting) in [
            (
                "Unsupported value: 'temperature' does not support 0.3 with this model. Only the default (1) value is supported.",
                true,
            ),
            ("`temperature` is deprecated for this model.", true),
            ("body.seed: Extra inputs are not permitted", true),
            ("This response_format type is unavailable now", true),
            ("Invalid schema for response_format 'answer': 'minimum' is not permitted.", false),
            ("temperature must be between 0 and 1.5", false),
            (
                "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: 'low' and 'high'.",
                false,
            ),
            ("temperature: range: 0..1", false),
        ] {
            assert_eq!(is_lasting(message), lasting, "{message}");
        }
    }

    #[test]
    fn a_model_of_the_responses_api_is_told_by_words_that_send_there() {
        for message in [
            "this model is only supported in v1/responses and not in v1/chat/completions.",
            "the requested model 'o1-pro' cannot be used with chat completions; use the responses api instead.",
            "this model is only available via the responses api",
            "gpt-5-codex: please use /v1/responses",
        ] {
            assert!(names_responses(Some(404), message), "{message}");
        }
        for message in [
            "this is not a chat model and thus not supported in the v1/chat/completions endpoint. did you mean to use v1/completions?",
            "the model `gpt-9` does not exist or you do not have access to it.",
            "this model is not supported in v1/responses; use v1/chat/completions instead",
            "invalid url (post /v1/responses)",
        ] {
            assert!(!names_responses(Some(404), message), "{message}");
        }
        assert!(!names_responses(Some(500), "only supported in v1/responses"));
    }

    #[test]
    fn what_was_sent_and_is_said_back_names_nothing() {
        let text = |message: &str| ErrorBody::read(&serde_json::json!({"error": {"message": message}}).to_string());
        for (message, name) in [
            ("Invalid request: \"what does the field stream_options do in a request?\"", None),
            ("invalid content 'tell me the temperature of the sun' in messages", None),
            (
                "error: {'message': \"Unsupported parameter: 'temperature' is not supported with this model.\"}",
                Some("temperature"),
            ),
            ("it isn't known why 'top_p' is sent", Some("top_p")),
        ] {
            assert_eq!(written(&text(message)).as_deref(), name, "{message}");
        }
    }
}
