//! The wires: the protocols in which providers are asked, and all that is known of each by itself.
//!
//! How a wire is spoken stands in `provider::wires`. A new one is a variant and its row here, a file there and an arm in
//! its table; the compiler asks for each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{
    media::{MediaKind, MediaType},
    text_service::TextService,
};

macro_rules! wires {
    ($($(#[$doc:meta])* $wire:ident => $info:ident,)*) => {
        /// Which protocol a provider speaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(rename_all = "lowercase")]
        pub enum Wire {
            $($(#[$doc])* $wire,)*
        }

        impl Wire {
            /// Every wire, in the order of the tables.
            pub const ALL: &[Self] = &[$(Self::$wire),*];

            /// Looks up its row.
            #[must_use]
            pub const fn info(self) -> &'static WireInfo {
                match self {
                    $(Self::$wire => &$info,)*
                }
            }
        }
    };
}

wires! {
    /// OpenAI chat completions, and every endpoint compatible with them.
    OpenAi => OPENAI,
    /// OpenAI Responses.
    Responses => RESPONSES,
    /// Anthropic messages.
    Anthropic => ANTHROPIC,
    /// Gemini's own `generateContent`.
    Gemini => GEMINI,
    /// Ollama's own `/api/chat`.
    Ollama => OLLAMA,
    /// Hugging Face's inference API: models that embed and classify.
    Inference => INFERENCE,
    /// Replicate's predictions: models that moderate.
    Replicate => REPLICATE,
    /// An external command.
    Command => COMMAND,
    /// The built-in demonstration: no key, no network.
    Demo => DEMO,
}

/// What carries a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Requests to a base URL.
    Http,
    /// A program on this machine.
    Process,
    /// Nothing: it is built in.
    BuiltIn,
}

/// How a wire carries a kind of part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// Not at all.
    Nothing,
    /// Its bytes, and no address.
    Bytes,
    /// Its bytes, or an address that the provider fetches.
    Either,
}

/// What is known of a wire, the same for every provider that speaks it.
#[derive(Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a peculiarity of its own")]
pub struct WireInfo {
    /// Its name in `wire`.
    pub name: &'static str,
    /// What carries it.
    pub transport: Transport,
    /// The vendor whose API it was made for, by its name in the table of vendors.
    pub vendor: Option<&'static str>,
    /// Whether the limit of an answer has two names, `max_tokens` and `max_completion_tokens`.
    pub two_token_limits: bool,
    /// Whether system messages go at the start alone.
    pub system_first: bool,
    /// Whether the vendor's own endpoint takes the JSON Schema of an object alone.
    pub object_schemas_only: bool,
    /// Whether a model can be made to call a tool.
    pub tool_choice: bool,
    /// Whether a model can be told to call one tool at a time.
    pub parallel_tool_calls: bool,
    /// How it carries pictures.
    pub images: Carries,
    /// How it carries documents.
    pub files: Carries,
    /// How it carries recordings.
    pub audio: Carries,
    /// The media types of these that it does not take.
    pub refused_media: &'static [MediaType],
    /// The parameters it has no field for, by the names that prompts have them by.
    pub unsupported_params: &'static [&'static str],
    /// Whether its models make answers; those of others are asked for `services` alone.
    pub answers: bool,
    /// What else than answers can be asked for.
    pub services: &'static [TextService],
}

const OPENAI: WireInfo = WireInfo {
    name: "openai",
    transport: Transport::Http,
    vendor: Some("openai"),
    two_token_limits: true,
    system_first: false,
    object_schemas_only: true,
    tool_choice: true,
    parallel_tool_calls: true,
    images: Carries::Either,
    files: Carries::Bytes,
    audio: Carries::Bytes,
    refused_media: &[],
    unsupported_params: &[],
    answers: true,
    services: &[TextService::Embedding, TextService::Moderation],
};

const RESPONSES: WireInfo = WireInfo {
    name: "responses",
    transport: Transport::Http,
    vendor: Some("openai"),
    two_token_limits: false,
    system_first: false,
    object_schemas_only: true,
    tool_choice: true,
    parallel_tool_calls: true,
    images: Carries::Either,
    files: Carries::Either,
    audio: Carries::Nothing,
    refused_media: &[],
    unsupported_params: &["stop", "seed"],
    answers: true,
    services: &[],
};

const ANTHROPIC: WireInfo = WireInfo {
    name: "anthropic",
    transport: Transport::Http,
    vendor: Some("anthropic"),
    two_token_limits: false,
    system_first: true,
    object_schemas_only: false,
    tool_choice: true,
    parallel_tool_calls: true,
    images: Carries::Either,
    files: Carries::Either,
    audio: Carries::Nothing,
    refused_media: &[],
    unsupported_params: &["seed"],
    answers: true,
    services: &[],
};

const GEMINI: WireInfo = WireInfo {
    name: "gemini",
    transport: Transport::Http,
    vendor: Some("google"),
    two_token_limits: false,
    system_first: true,
    object_schemas_only: false,
    tool_choice: true,
    parallel_tool_calls: false,
    images: Carries::Either,
    files: Carries::Either,
    audio: Carries::Either,
    refused_media: &[MediaType::Gif],
    unsupported_params: &[],
    answers: true,
    services: &[TextService::Embedding],
};

const OLLAMA: WireInfo = WireInfo {
    name: "ollama",
    transport: Transport::Http,
    vendor: Some("ollama"),
    two_token_limits: false,
    system_first: false,
    object_schemas_only: false,
    tool_choice: false,
    parallel_tool_calls: false,
    images: Carries::Bytes,
    files: Carries::Nothing,
    audio: Carries::Nothing,
    refused_media: &[MediaType::Gif],
    unsupported_params: &[],
    answers: true,
    services: &[TextService::Embedding],
};

const INFERENCE: WireInfo = WireInfo {
    name: "inference",
    transport: Transport::Http,
    vendor: Some("hfinference"),
    two_token_limits: false,
    system_first: false,
    object_schemas_only: false,
    tool_choice: false,
    parallel_tool_calls: false,
    images: Carries::Nothing,
    files: Carries::Nothing,
    audio: Carries::Nothing,
    refused_media: &[],
    unsupported_params: &[],
    answers: false,
    services: &[TextService::Embedding, TextService::Classification],
};

const REPLICATE: WireInfo =
    WireInfo { name: "replicate", vendor: Some("replicate"), services: &[TextService::Moderation], ..INFERENCE };

const COMMAND: WireInfo = WireInfo {
    name: "command",
    transport: Transport::Process,
    vendor: None,
    two_token_limits: false,
    system_first: false,
    object_schemas_only: false,
    tool_choice: true,
    parallel_tool_calls: true,
    images: Carries::Either,
    files: Carries::Either,
    audio: Carries::Either,
    refused_media: &[],
    unsupported_params: &[],
    answers: true,
    services: &[TextService::Embedding, TextService::Moderation, TextService::Classification],
};

const DEMO: WireInfo = WireInfo {
    name: "demo",
    transport: Transport::BuiltIn,
    vendor: None,
    two_token_limits: false,
    system_first: false,
    object_schemas_only: false,
    tool_choice: true,
    parallel_tool_calls: true,
    images: Carries::Either,
    files: Carries::Either,
    audio: Carries::Either,
    refused_media: &[],
    unsupported_params: &[],
    answers: true,
    services: &[],
};

impl WireInfo {
    /// Tells how it carries a kind of part.
    #[must_use]
    pub fn carries(&self, kind: MediaKind) -> Carries {
        match kind {
            MediaKind::Image => self.images,
            MediaKind::File => self.files,
            MediaKind::Audio => self.audio,
        }
    }
}

impl Wire {
    /// Tells whether it is asked over HTTP.
    #[must_use]
    pub fn is_http(self) -> bool {
        self.info().transport == Transport::Http
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_has_the_name_that_files_have_it_by() {
        for wire in Wire::ALL {
            assert_eq!(serde_json::to_value(wire).unwrap(), wire.info().name);
        }
    }
}
