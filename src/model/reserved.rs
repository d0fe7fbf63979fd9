//! Fields of a request that are retort's to set: with another value in them the answer would not be the one that
//! was asked for, or could not be read as one.

use super::target::ProviderKind::{self, Anthropic, Command, Demo, Ollama, OpenAi};

/// A field that is not taken from a prompt's further parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Its name on the wire.
    pub name: &'static str,
    /// The wires that have it.
    pub wires: &'static [ProviderKind],
    /// What to do in its place.
    pub instead: &'static str,
}

/// All wires that send a body.
const EVERY: &[ProviderKind] = &[OpenAi, Anthropic, Ollama, Command, Demo];

/// The fields, in the order of their names.
pub const RESERVED: &[Reserved] = &[
    Reserved { name: "input", wires: &[OpenAi], instead: "write it as a message of the prompt" },
    Reserved { name: "messages", wires: EVERY, instead: "write them as messages of the prompt" },
    Reserved { name: "model", wires: EVERY, instead: "name the model in `targets`, or with --model" },
    Reserved { name: "n", wires: &[OpenAi, Command], instead: "ask several times with --samples" },
    Reserved { name: "prompt", wires: &[OpenAi, Ollama], instead: "write it as a message of the prompt" },
    Reserved { name: "stream", wires: EVERY, instead: "leave it out: every answer is streamed" },
    Reserved { name: "stream_options", wires: &[OpenAi, Command], instead: "leave it out: token counts are asked for" },
    Reserved { name: "system", wires: &[Anthropic], instead: "write it as the system message of the prompt" },
];

/// Finds the field of a name, in any case.
#[must_use]
pub fn reserved(name: &str) -> Option<&'static Reserved> {
    RESERVED.iter().find(|field| field.name.eq_ignore_ascii_case(name.trim()))
}

/// Refuses further parameters that hold such a field, in words.
pub fn refuse(extra: &serde_json::Map<String, serde_json::Value>) -> Result<(), String> {
    extra.keys().find_map(|name| reserved(name)).map_or(Ok(()), |field| Err(field.refusal()))
}

impl Reserved {
    /// Says why a parameter of this name is not taken, and what to do in its place.
    #[must_use]
    pub fn refusal(&self) -> String {
        format!("`{}` is set by retort and cannot be a further parameter; {}", self.name, self.instead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_stand_in_order() {
        assert!(RESERVED.is_sorted_by_key(|field| field.name));
        assert_eq!(reserved("Stream").map(|field| field.name), Some("stream"));
        assert!(reserved("top_k").is_none());
        assert!(RESERVED.iter().all(|field| !field.wires.is_empty() && field.refusal().contains(field.instead)));
    }
}
