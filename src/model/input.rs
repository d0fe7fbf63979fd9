//! The text and the variables of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a prompt is run on. `text` is the variable `input`; `vars` holds the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The text the prompt is run on.
    #[serde(default)]
    pub text: String,
    /// Further variables, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, String>,
}

/// An input and what it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedInput {
    /// Its name; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What the prompt is run on.
    #[serde(default)]
    pub input: Input,
}

impl Input {
    /// Makes an input of text alone.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), vars: BTreeMap::new() }
    }

    /// Looks a variable up; `input` is the text unless a variable of that name is given.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        match self.vars.get(name) {
            Some(value) => Some(value),
            None if name == "input" => Some(&self.text),
            None => None,
        }
    }

    /// Returns the number that runs on the same input share, for ever: the first 8 bytes of the SHA-256 of
    /// the text and the variables as JSON, the most significant first.
    #[must_use]
    pub fn hash(&self) -> i64 {
        // An input has no keys that JSON could not hold, so this is never the empty text.
        let digest = Sha256::digest(serde_json::to_vec(self).unwrap_or_default());
        digest.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `int.from_bytes(hashlib.sha256(json).digest()[:8], "big", signed=True)` in Python.
    #[test]
    fn an_input_keeps_its_number_for_ever() {
        let vars = |pairs: &[(&str, &str)]| Input {
            text: "a".to_owned(),
            vars: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        assert_eq!(Input::of("My parcel never came").hash(), 6_066_197_799_578_648_608);
        assert_eq!(vars(&[("input", "é"), ("b", "c")]).hash(), 8_684_604_535_052_208_849);
        assert_ne!(vars(&[("b", "")]).hash(), vars(&[]).hash());
    }
}
