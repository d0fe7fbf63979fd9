//! Why a model stopped, and what that makes of its answer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::error::ErrorKind;

/// Why the model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done, or met a stop text.
    Stop,
    /// It met the token limit.
    Length,
    /// It wants to call a tool.
    ToolCalls,
    /// A filter cut it.
    ContentFilter,
    /// It declined.
    Refusal,
    /// The context window is full.
    ContextWindow,
    /// The stream ended properly without a reason.
    Unknown,
    /// Any other reason, in the provider's word.
    Other(String),
}

/// What a finish reason makes of an answer. [`Finish::ending`] alone decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The model was done: the answer is whole.
    Whole,
    /// The answer stops at the token limit, or before a tool's result: right as far as it goes.
    Unfinished,
    /// The answer broke off; the class says whether to ask again or to ask another model.
    Broken(ErrorKind),
}

/// The words of all providers for a finish reason, in lower case. What is not here is
/// [`Finish::Other`].
const WORDS: &[(&str, Finish)] = &[
    ("stop", Finish::Stop),
    ("end_turn", Finish::Stop),
    ("stop_sequence", Finish::Stop),
    ("eos", Finish::Stop),
    ("eos_token", Finish::Stop),
    ("end", Finish::Stop),
    ("complete", Finish::Stop),
    ("completed", Finish::Stop),
    ("finished", Finish::Stop),
    ("length", Finish::Length),
    ("max_tokens", Finish::Length),
    ("max_output_tokens", Finish::Length),
    ("max_completion_tokens", Finish::Length),
    ("max_new_tokens", Finish::Length),
    ("max_length", Finish::Length),
    ("tool_calls", Finish::ToolCalls),
    ("tool_call", Finish::ToolCalls),
    ("tool_use", Finish::ToolCalls),
    ("function_call", Finish::ToolCalls),
    ("content_filter", Finish::ContentFilter),
    ("content_filtered", Finish::ContentFilter),
    ("safety", Finish::ContentFilter),
    ("sensitive", Finish::ContentFilter),
    ("blocklist", Finish::ContentFilter),
    ("prohibited_content", Finish::ContentFilter),
    ("spii", Finish::ContentFilter),
    ("guardrail_intervened", Finish::ContentFilter),
    ("error_toxic", Finish::ContentFilter),
    ("refusal", Finish::Refusal),
    ("model_context_window_exceeded", Finish::ContextWindow),
    ("context_window_exceeded", Finish::ContextWindow),
    ("context_length_exceeded", Finish::ContextWindow),
    ("model_length", Finish::ContextWindow),
];

/// The reasons among the others whose class is known, in lower case. All the rest broke the answer
/// off, as far as anybody can tell.
const OTHERS: &[(&str, ErrorKind)] = &[
    ("insufficient_system_resource", ErrorKind::Overloaded),
    ("overloaded", ErrorKind::Overloaded),
    ("error", ErrorKind::Transient),
    ("network_error", ErrorKind::Transient),
    ("internal_error", ErrorKind::Transient),
    ("server_error", ErrorKind::Transient),
    ("timeout", ErrorKind::Transient),
    ("recitation", ErrorKind::ContentPolicy),
    ("language", ErrorKind::ContentPolicy),
    ("image_safety", ErrorKind::ContentPolicy),
    ("image_prohibited_content", ErrorKind::ContentPolicy),
    ("image_recitation", ErrorKind::ContentPolicy),
    ("model_armor", ErrorKind::ContentPolicy),
    ("jailbreak", ErrorKind::ContentPolicy),
    ("no_image", ErrorKind::BadOutput),
    ("malformed_function_call", ErrorKind::BadOutput),
    ("unexpected_tool_call", ErrorKind::BadOutput),
    ("too_many_tool_calls", ErrorKind::BadOutput),
    ("malformed_response", ErrorKind::BadOutput),
    ("repetition", ErrorKind::BadOutput),
];

impl Finish {
    /// Reads a provider's word for it, whichever the provider and however it is cased: gateways
    /// pass on the words of others.
    #[must_use]
    pub fn read(reason: &str) -> Self {
        let word = reason.trim().to_ascii_lowercase();
        let word = word.strip_prefix("finish_reason_").unwrap_or(&word);
        let known = WORDS.iter().find(|(own, _)| *own == word).map(|(_, finish)| finish.clone());
        known.unwrap_or_else(|| Self::Other(reason.trim().to_owned()))
    }

    /// Decides what it makes of the answer.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Self::Stop | Self::Unknown => Ending::Whole,
            Self::Length | Self::ToolCalls => Ending::Unfinished,
            Self::ContentFilter | Self::Refusal => Ending::Broken(ErrorKind::ContentPolicy),
            Self::ContextWindow => Ending::Broken(ErrorKind::ContextTooLong),
            Self::Other(reason) => {
                let class = OTHERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(reason)).map(|(_, class)| *class);
                Ending::Broken(class.unwrap_or(ErrorKind::Interrupted))
            }
        }
    }

    /// Says in words what came of the answer, and the next step where there is one; none where the
    /// model was done.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let text = match self {
            Self::Stop | Self::Unknown => return None,
            Self::Length => "the answer was cut off at the token limit; raise max_tokens or shorten the prompt",
            Self::ToolCalls => {
                "the model asked for a tool before it was done; take the tools out of the parameters, or have the \
                 prompt ask for an answer"
            }
            Self::ContentFilter => "the provider's content filter stopped the answer",
            Self::Refusal => "the model declined to answer",
            Self::ContextWindow => {
                "the context window was full before the answer was complete; shorten the prompt or take a model with \
                 a larger context"
            }
            Self::Other(reason) => return Some(format!("the model stopped for `{reason}` before it was done")),
        };
        Some(text.to_owned())
    }
}

impl fmt::Display for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::ContextWindow => "context_window",
            Self::Unknown => "unknown",
            Self::Other(reason) => reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_providers_word_is_read_however_it_is_cased() {
        for (word, finish) in [
            ("stop", Finish::Stop),
            ("STOP", Finish::Stop),
            ("FINISH_REASON_STOP", Finish::Stop),
            ("end_turn", Finish::Stop),
            ("COMPLETE", Finish::Stop),
            ("MAX_TOKENS", Finish::Length),
            ("tool_use", Finish::ToolCalls),
            ("SAFETY", Finish::ContentFilter),
            ("model_length", Finish::ContextWindow),
            ("Abort", Finish::Other("Abort".to_owned())),
        ] {
            assert_eq!(Finish::read(word), finish, "{word}");
        }
    }

    #[test]
    fn only_a_model_that_was_done_leaves_a_whole_answer() {
        let ending = |word: &str| Finish::read(word).ending();
        assert_eq!(ending("stop"), Ending::Whole);
        assert_eq!(Finish::Unknown.ending(), Ending::Whole, "its end mark came");
        assert_eq!(ending("length"), Ending::Unfinished);
        for (word, class) in [
            ("abort", ErrorKind::Interrupted),
            ("pause_turn", ErrorKind::Interrupted),
            ("OTHER", ErrorKind::Interrupted),
            ("a reason of next year", ErrorKind::Interrupted),
            ("insufficient_system_resource", ErrorKind::Overloaded),
            ("RECITATION", ErrorKind::ContentPolicy),
            ("MALFORMED_FUNCTION_CALL", ErrorKind::BadOutput),
            ("error", ErrorKind::Transient),
            ("model_context_window_exceeded", ErrorKind::ContextTooLong),
        ] {
            assert_eq!(ending(word), Ending::Broken(class), "{word}");
            assert!(Finish::read(word).complaint().is_some(), "{word}");
        }
    }
}
