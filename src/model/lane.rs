//! What a lane runs, as a session keeps it: a target, parameters of its own, a version it is held to.

use serde::{Deserialize, Serialize};

use super::prompt::{Params, Prompt};

/// What a lane runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Form")]
pub struct LaneSpec {
    /// The target's name, as the user chose it.
    pub target: String,
    /// Parameters of the lane's own; what they leave open, the prompt decides.
    #[serde(skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// The version of the prompt it runs instead of the one on the bench.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pinned>,
}

/// A version of a prompt that a lane is held to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// The version's content hash, in hexadecimal digits.
    pub hash: String,
    /// The version's name, if it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The prompt as that version has it.
    pub prompt: Box<Prompt>,
}

/// How a lane is written: in full, or in the first form of the session's file by its target alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Target(String),
    Full(Box<Full>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    target: String,
    #[serde(default)]
    params: Params,
    #[serde(default)]
    pinned: Option<Pinned>,
}

impl From<Form> for LaneSpec {
    fn from(form: Form) -> Self {
        match form {
            Form::Target(target) => Self { target, ..Self::default() },
            Form::Full(full) => {
                let Full { target, params, pinned } = *full;
                Self { target, params, pinned }
            }
        }
    }
}

impl<T: Into<String>> From<T> for LaneSpec {
    fn from(target: T) -> Self {
        Self { target: target.into(), ..Self::default() }
    }
}
