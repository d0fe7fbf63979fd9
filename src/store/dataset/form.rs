//! The forms a data set may have, and how one is told by its name.

use std::{fmt, path::Path, str::FromStr};

use crate::store::mistake::{quoted, slip};

/// The form of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Records with a header (RFC 4180); whether `,`, `;`, a tab or `|` separates them is seen from the
    /// first records.
    Csv,
    /// Records with a header, separated by tabs.
    Tsv,
    /// One JSON value on each line.
    Jsonl,
    /// A JSON array.
    Json,
    /// A YAML list.
    Yaml,
    /// A text on each line.
    Lines,
    /// One text.
    Text,
    /// A folder, each file of which is a text.
    Folder,
}

impl Form {
    /// Every form that can be asked for by its name.
    pub const NAMED: &[Self] = &[Self::Csv, Self::Tsv, Self::Jsonl, Self::Json, Self::Yaml, Self::Lines, Self::Text];

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Lines => "lines",
            Self::Text => "text",
            Self::Folder => "folder",
        }
    }

    /// Tells the form of a file or folder by its name; none if the name says nothing.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        if path.is_dir() {
            return Some(Self::Folder);
        }
        let ending = path.extension()?.to_string_lossy().to_lowercase();
        match ending.as_str() {
            "text" | "lines" => None,
            ending => ending.parse().ok(),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No form has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no form {name}; the forms are {list}{near}", name = quoted(.0), list = names(), near = slip(.0, Form::NAMED.iter().map(|form| form.name())))]
pub struct UnknownForm(pub String);

/// Lists the names of the forms.
pub(super) fn names() -> String {
    Form::NAMED.iter().map(|form| form.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ndjson" => Ok(Self::Jsonl),
            "yml" => Ok(Self::Yaml),
            _ => {
                Self::NAMED.iter().find(|form| form.name() == text).copied().ok_or_else(|| UnknownForm(text.to_owned()))
            }
        }
    }
}
