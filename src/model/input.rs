//! The text and the variables of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
}
