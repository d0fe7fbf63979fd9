//! Rows that a model has proposed and nobody has taken yet: a file of JSON lines, the first of which says what they are for.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    config::atomic_file,
    model::{DatasetRow, Input, error::StoreError},
    text::{clean_line, json},
};

/// What the first line of such a file says it is.
const FORM: &str = "retort row proposals 1";

/// Kinds of rows, in the order in which they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// What an input mostly looks like.
    Plain,
    /// At the border of what the rule says.
    Edge,
    /// It leads an answer to break the rule.
    Violating,
    /// It tells the model to do something else.
    Injection,
    /// Nothing where an input should be.
    Empty,
}

impl ProposalKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Edge, Self::Violating, Self::Injection, Self::Empty];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Edge => "edge",
            Self::Violating => "violating",
            Self::Injection => "injection",
            Self::Empty => "empty",
        }
    }
}

/// What a person has made of a proposal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// Nobody has looked at it.
    #[default]
    Open,
    /// It is in the data set.
    Accepted,
    /// It is not wanted.
    Rejected,
}

/// What the proposals of a file are for: its first line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposalHead {
    form: String,
    /// The prompt's name.
    pub prompt: String,
    /// What the prompt takes in, in a sentence; empty where a person gave the rules.
    pub input: String,
    /// What it asks of an answer, rule by rule; a person may change them here.
    pub rules: Vec<String>,
}

impl ProposalHead {
    /// Begins a file for a prompt.
    #[must_use]
    pub fn new(prompt: &str, input: String, rules: Vec<String>) -> Self {
        Self { form: FORM.to_owned(), prompt: prompt.to_owned(), input, rules }
    }
}

/// A row that a model proposes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedRow {
    /// What the row asks.
    pub input: Input,
    /// The rule it tests.
    pub rule: String,
    pub kind: ProposalKind,
    /// What it tests, in the model's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The answer that the model holds to be right: no check before a person takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<String>,
    /// The model and the day.
    pub origin: String,
    #[serde(default)]
    pub state: ProposalState,
}

/// The column of a row that says where it comes from.
pub const ORIGIN: &str = "origin";

/// The column that names the rule a row tests.
pub const RULE: &str = "rule";

/// The column that names its kind.
pub const KIND: &str = "kind";

/// The column of an answer that a model holds to be right.
pub const PROPOSED: &str = "proposed";

impl ProposedRow {
    /// Makes a row of a data set of it; what is proposed as the answer is expected only where a person says so.
    #[must_use]
    pub fn row(&self, expected: bool) -> DatasetRow {
        let mut input = self.input.clone();
        let mut metadata = BTreeMap::from([
            (ORIGIN.to_owned(), self.origin.clone()),
            (RULE.to_owned(), self.rule.clone()),
            (KIND.to_owned(), self.kind.word().to_owned()),
        ]);
        match &self.proposed {
            Some(answer) if expected => {
                input.vars.insert(crate::model::expected::EXPECTED.to_owned(), answer.as_str().into());
            }
            Some(answer) => drop(metadata.insert(PROPOSED.to_owned(), answer.clone())),
            None => {}
        }
        DatasetRow { input, metadata, ..DatasetRow::default() }
    }

    /// Returns the text by which nearly equal rows are known.
    #[must_use]
    pub fn text(&self) -> String {
        compared(&self.input)
    }
}

/// Returns the text by which nearly equal inputs are known: what is asked, what is expected left out.
#[must_use]
pub fn compared(input: &Input) -> String {
    let vars = input.vars.iter().filter(|(name, _)| *name != crate::model::expected::EXPECTED);
    let values = vars.map(|(_, value)| value.as_str());
    std::iter::once(input.text.as_str()).chain(values).collect::<Vec<_>>().join("\n")
}

/// A file of proposals.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposals {
    pub head: ProposalHead,
    pub rows: Vec<ProposedRow>,
}

impl Proposals {
    /// Reads a file; none if there is none. What is wrong in it is told with the file and the line.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let Some(text) = atomic_file::read(path)? else { return Ok(None) };
        let wrong =
            |line: usize, words: &str| StoreError::wrong(format!("{}:{line}: {}", path.display(), clean_line(words)));
        let reason = |bad: serde_json::Error| bad.to_string().split(" at line ").next().unwrap_or_default().to_owned();
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let head: ProposalHead = match lines.next() {
            Some((at, line)) => serde_json::from_str(line)
                .map_err(|bad| wrong(at + 1, &format!("this is no file of proposals: {}", reason(bad))))?,
            None => return Err(wrong(1, "this is no file of proposals: it is empty")),
        };
        if head.form != FORM {
            return Err(wrong(1, "this is no file of proposals"));
        }
        let row = |(at, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|bad| wrong(at + 1, &format!("this is no proposal: {}", reason(bad))))
        };
        Ok(Some(Self { head, rows: lines.map(row).collect::<Result<_, _>>()? }))
    }

    /// Writes the file whole.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        // Nothing in it could not be written as JSON.
        let mut text = json::to_line(&self.head).unwrap_or_default();
        text.push('\n');
        for row in &self.rows {
            let _ = writeln!(text, "{}", json::to_line(row).unwrap_or_default());
        }
        atomic_file::write(path, &text, true)
    }
}
