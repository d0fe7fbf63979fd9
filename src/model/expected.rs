//! How the answers of a batch are compared with what its rows expect.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::check::{Check, CheckKind};

/// The variable that holds what is expected of the answer to a row.
pub const EXPECTED: &str = "expected";

/// How an answer is compared with the value that its row expects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// By field where the prompt asks for JSON and the value is a JSON object; not otherwise.
    #[default]
    Auto,
    /// The answer is the value, as texts.
    Equals,
    /// The answer is the same JSON as the value.
    Json,
    /// The fields of the value, a JSON object, stand in the answer with the same values.
    Fields,
    /// The value stands somewhere in the answer, as texts.
    Contains,
    /// Not at all: the column is for the reader.
    Off,
}

impl Expected {
    /// Every way, in the order in which they are offered.
    pub const ALL: [Self; 6] = [Self::Auto, Self::Equals, Self::Json, Self::Fields, Self::Contains, Self::Off];

    /// Tells whether it is the way that is taken where none is named.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// Names it in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Equals => "equals",
            Self::Json => "json",
            Self::Fields => "fields",
            Self::Contains => "contains",
            Self::Off => "off",
        }
    }

    /// Makes the check of an answer against a row's value; none where they are not compared. `json` tells that
    /// the prompts ask for JSON.
    #[must_use]
    pub fn check(self, value: &str, json: bool) -> Option<Check> {
        let kind = match self {
            Self::Off => return None,
            Self::Auto => {
                let value: Value = serde_json::from_str(value).ok().filter(|_| json)?;
                value.as_object().filter(|fields| !fields.is_empty())?;
                CheckKind::JsonFields
            }
            Self::Equals => CheckKind::Equals,
            Self::Json => CheckKind::JsonEquals,
            Self::Fields => CheckKind::JsonFields,
            Self::Contains => CheckKind::Contains,
        };
        Some(Check::of(kind).with(format!("{{{{ {EXPECTED} }}}}")))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// No way of comparing has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no way to compare with what is expected; the ways are auto, equals, json, fields, contains and off")]
pub struct UnknownExpected(pub String);

impl FromStr for Expected {
    type Err = UnknownExpected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|way| way.word() == text).ok_or_else(|| UnknownExpected(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_itself_only_json_is_compared_and_by_its_fields() {
        let kind = |way: Expected, value: &str, json| way.check(value, json).map(|check| check.kind.kind);
        for (way, value, json, want) in [
            (Expected::Auto, r#"{"a": 1}"#, true, Some(CheckKind::JsonFields)),
            (Expected::Auto, r#"{"a": 1}"#, false, None),
            (Expected::Auto, "{}", true, None),
            (Expected::Auto, "negative", true, None),
            (Expected::Auto, "5", true, None),
            (Expected::Equals, "negative", true, Some(CheckKind::Equals)),
            (Expected::Json, "5", false, Some(CheckKind::JsonEquals)),
            (Expected::Fields, "x", false, Some(CheckKind::JsonFields)),
            (Expected::Contains, "negative", true, Some(CheckKind::Contains)),
            (Expected::Off, r#"{"a": 1}"#, true, None),
        ] {
            assert_eq!(kind(way, value, json), want, "{way} {value}");
        }
        assert_eq!("fields".parse(), Ok(Expected::Fields));
        assert!("exact".parse::<Expected>().unwrap_err().to_string().contains("equals"));
    }
}
