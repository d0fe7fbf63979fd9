//! The fields that a kind of check is filled in with. Which it has stands in its
//! [`CheckSpec`](crate::eval::check::spec::CheckSpec), beside its test; how they are written on a form,
//! [`form`](crate::eval::check::form) says.

use crate::model::CheckKind;

/// A field of a kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckField {
    Value(ValueForm),
    /// `threshold`; the table of thresholds says of what.
    Threshold,
    /// `path`, a JSON pointer.
    Path,
    /// `op`
    Comparison,
    /// `judge`, a model.
    Judge,
    /// `judge_prompt`, messages; they stand in no form.
    JudgePrompt,
    /// `first_prompt`, messages; they stand in no form.
    FirstPrompt,
    /// `context`, a program; it stands in no form.
    Context,
    Repeat,
    /// Whether upper and lower case count: the kind for which they do, and the one for which they do not.
    Case(CheckKind, CheckKind),
    /// A key of another program's rule. It is kept as it was written and stands in no form.
    Foreign(&'static str),
}

/// What may stand in the value of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueForm {
    /// A text; may hold variables.
    Text,
    /// A list of texts; in the rule these words stand before them.
    Texts(&'static str),
    /// A regular expression.
    Pattern,
    /// A number of words, or a range.
    Words,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A JSON Schema, or none.
    Schema,
    /// JSON, or a text.
    Json,
    /// Names of fields.
    Names,
    /// What a judge goes by, in words; what it is called on the form, and what is to be filled in.
    Rubric(&'static str, &'static str),
    /// A program with its arguments, or a table that names one.
    Program,
}

impl CheckField {
    /// Returns the key it stands under in the prompt's file; none of what is told by the type itself.
    pub(crate) fn key(&self) -> Option<&'static str> {
        match self {
            Self::Value(_) => Some("value"),
            Self::Threshold => Some("threshold"),
            Self::Path => Some("path"),
            Self::Comparison => Some("op"),
            Self::Judge => Some("judge"),
            Self::JudgePrompt => Some("judge_prompt"),
            Self::FirstPrompt => Some("first_prompt"),
            Self::Context => Some("context"),
            Self::Repeat => Some("repeat"),
            Self::Case(..) => None,
            Self::Foreign(key) => Some(key),
        }
    }
}
