//! The text and the variables of one run.

use std::{collections::BTreeMap, fmt, ops::Deref};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::attachment::Part;

/// What a prompt is run on. `text` is the variable `input`; `vars` holds the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The text the prompt is run on.
    #[serde(default)]
    pub text: String,
    /// Further variables, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, VarValue>,
    /// What goes with the last message of the person's that has the text in it, else with the last one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// The value of a variable: a text, or another JSON value as it was written.
///
/// In files and in the record a text is a string, and another value `{"json": "1.10"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "WrittenValue", into = "WrittenValue")]
pub enum VarValue {
    Text(String),
    /// A number, a truth value, null, a list or an object, as JSON has it.
    Json(String),
}

/// The form of a [`VarValue`] outside.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected a text, or `{ json = \"…\" }`")]
enum WrittenValue {
    Text(String),
    Json { json: String },
}

impl From<WrittenValue> for VarValue {
    fn from(written: WrittenValue) -> Self {
        match written {
            WrittenValue::Text(text) => Self::Text(text),
            WrittenValue::Json { json } => Self::Json(json),
        }
    }
}

impl From<VarValue> for WrittenValue {
    fn from(value: VarValue) -> Self {
        match value {
            VarValue::Text(text) => Self::Text(text),
            VarValue::Json(json) => Self::Json { json },
        }
    }
}

impl VarValue {
    /// Returns what stands in a prompt for it: the text, the JSON as it was written, nothing for null.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Json(json) if json == "null" => "",
            Self::Json(json) => json,
        }
    }
}

impl Default for VarValue {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Deref for VarValue {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for VarValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for VarValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for VarValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
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
        Self { text: text.into(), ..Self::default() }
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

    /// Returns the texts that stand for the variables in a prompt.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<&str, &str> {
        self.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Makes a variable `input`, if there is one, the text. A number or a truth value stays a variable as
    /// well, so that a condition knows it for one.
    pub fn take_text(&mut self) -> bool {
        let Some(value) = self.vars.remove("input") else { return false };
        value.as_str().clone_into(&mut self.text);
        if matches!(&value, VarValue::Json(json) if !json.starts_with(['{', '['])) {
            self.vars.insert("input".to_owned(), value);
        }
        true
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
            vars: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            parts: Vec::new(),
        };
        assert_eq!(Input::of("My parcel never came").hash(), 6_066_197_799_578_648_608);
        assert_eq!(vars(&[("input", "é"), ("b", "c")]).hash(), 8_684_604_535_052_208_849);
        assert_ne!(vars(&[("b", "")]).hash(), vars(&[]).hash());
    }
}
