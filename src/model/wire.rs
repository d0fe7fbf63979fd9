//! The wires: the protocols in which providers are asked, and all that is known of each by itself.
//!
//! How a wire is spoken stands in `provider::wires`. A new one is a variant and its row here, a file there and an arm in
//! its table; the compiler asks for each.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! wires {
    ($($(#[$doc:meta])* $wire:ident => $info:ident,)*) => {
        /// Which protocol a provider speaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

/// An environment variable that has the address of a wire's usual provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressVariable {
    /// It holds a base URL.
    Url(&'static str),
    /// It is written for the server: the scheme, the host or the port may be left out.
    Server(&'static str),
}

/// What is known of a wire, the same for every provider that speaks it.
#[derive(Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a peculiarity of its own")]
pub struct WireInfo {
    /// Its name in `kind`, and that of the provider that needs no configuration.
    pub name: &'static str,
    /// What carries it.
    pub transport: Transport,
    /// Whether a provider of its name is there without configuration.
    pub configured: bool,
    /// The base URL of the vendor's own endpoint.
    pub base_url: Option<&'static str>,
    /// The variable in which the vendor's key usually is.
    pub key_variable: Option<&'static str>,
    /// The variable that has another address.
    pub address_variable: Option<AddressVariable>,
    /// Whether the vendor's own endpoint answers nobody without a key.
    pub needs_key: bool,
    /// The beginnings of promptfoo's ids for it, each up to the model; the first is the one that is written.
    pub promptfoo: &'static [&'static str],
    /// Whether the limit of an answer has two names, `max_tokens` and `max_completion_tokens`.
    pub two_token_limits: bool,
    /// Whether system messages go at the start alone.
    pub system_first: bool,
    /// Whether the vendor's own endpoint takes the JSON Schema of an object alone.
    pub object_schemas_only: bool,
    /// The parameters it has no field for, by the names that prompts have them by.
    pub unsupported_params: &'static [&'static str],
    /// The wire under which the table of models has the vendor's.
    pub models_as: Wire,
}

const OPENAI: WireInfo = WireInfo {
    name: "openai",
    transport: Transport::Http,
    configured: true,
    base_url: Some("https://api.openai.com/v1"),
    key_variable: Some("OPENAI_API_KEY"),
    address_variable: Some(AddressVariable::Url("OPENAI_BASE_URL")),
    needs_key: true,
    promptfoo: &["openai:chat:", "openai:"],
    two_token_limits: true,
    system_first: false,
    object_schemas_only: true,
    unsupported_params: &[],
    models_as: Wire::OpenAi,
};

const RESPONSES: WireInfo = WireInfo {
    name: "responses",
    transport: Transport::Http,
    configured: false,
    base_url: Some("https://api.openai.com/v1"),
    key_variable: Some("OPENAI_API_KEY"),
    address_variable: None,
    needs_key: true,
    promptfoo: &["openai:responses:"],
    two_token_limits: false,
    system_first: false,
    object_schemas_only: true,
    unsupported_params: &["stop", "seed"],
    models_as: Wire::OpenAi,
};

const ANTHROPIC: WireInfo = WireInfo {
    name: "anthropic",
    transport: Transport::Http,
    configured: true,
    base_url: Some("https://api.anthropic.com"),
    key_variable: Some("ANTHROPIC_API_KEY"),
    address_variable: Some(AddressVariable::Url("ANTHROPIC_BASE_URL")),
    needs_key: true,
    promptfoo: &["anthropic:messages:", "anthropic:"],
    two_token_limits: false,
    system_first: true,
    object_schemas_only: false,
    unsupported_params: &["seed"],
    models_as: Wire::Anthropic,
};

const GEMINI: WireInfo = WireInfo {
    name: "gemini",
    transport: Transport::Http,
    configured: true,
    base_url: Some("https://generativelanguage.googleapis.com/v1beta"),
    key_variable: Some("GEMINI_API_KEY"),
    address_variable: None,
    needs_key: true,
    promptfoo: &["google:"],
    two_token_limits: false,
    system_first: true,
    object_schemas_only: false,
    unsupported_params: &[],
    models_as: Wire::Gemini,
};

const OLLAMA: WireInfo = WireInfo {
    name: "ollama",
    transport: Transport::Http,
    configured: true,
    base_url: Some("http://127.0.0.1:11434"),
    key_variable: None,
    address_variable: Some(AddressVariable::Server("OLLAMA_HOST")),
    needs_key: false,
    promptfoo: &["ollama:chat:", "ollama:"],
    two_token_limits: false,
    system_first: false,
    object_schemas_only: false,
    unsupported_params: &[],
    models_as: Wire::Ollama,
};

const COMMAND: WireInfo = WireInfo {
    name: "command",
    transport: Transport::Process,
    configured: false,
    base_url: None,
    key_variable: None,
    address_variable: None,
    needs_key: false,
    promptfoo: &[],
    two_token_limits: false,
    system_first: false,
    object_schemas_only: false,
    unsupported_params: &[],
    models_as: Wire::Command,
};

const DEMO: WireInfo = WireInfo {
    name: "demo",
    transport: Transport::BuiltIn,
    configured: true,
    base_url: None,
    key_variable: None,
    address_variable: None,
    needs_key: false,
    promptfoo: &[],
    two_token_limits: false,
    system_first: false,
    object_schemas_only: false,
    unsupported_params: &[],
    models_as: Wire::Demo,
};

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
    fn every_wire_has_the_name_that_files_have_it_by_and_an_address_where_it_is_asked_over_http() {
        for wire in Wire::ALL {
            assert_eq!(serde_json::to_value(wire).unwrap(), wire.info().name);
            assert_eq!(wire.is_http(), wire.info().base_url.is_some(), "{wire}");
        }
    }
}
