//! What there is to say about a kind of check, and what a check is once it is compiled.

use std::fmt::Debug;

use serde_json::Value;

use crate::{
    eval::{
        check::{CheckResult, field::CheckField, input::CheckInput, source::CheckSource, threshold::Movable},
        pending::PendingCheck,
        reason::BadRule,
    },
    model::Check,
};

/// A check compiled from its fields: what it tests of an answer.
pub(crate) trait CheckTest: Debug + Send + Sync {
    /// Finds out what the check is about; an error says why that cannot be found out.
    fn apply(&self, input: &CheckInput<'_>) -> CheckResult;

    /// Returns what a model or a program has to be asked, if nothing is known before.
    fn pending(&self, _check: &Check) -> Option<PendingCheck> {
        None
    }
}

/// What is compiled of a check.
pub(crate) type Compiled = Result<Box<dyn CheckTest>, BadRule>;

/// All there is to say about a kind of check.
#[derive(Debug)]
pub(crate) struct CheckSpec {
    /// The fields it is filled in with, beside those of every check; their keys are those it looks at.
    pub(crate) fields: &'static [CheckField],
    /// Where variables stand in its value.
    pub(crate) variables: VariablePlaces,
    /// Whether it may hold a pattern or a schema, the compiling of which may take long.
    pub(crate) slow_to_compile: bool,
    /// Its threshold, if one can be moved.
    pub(crate) threshold: Movable,
    pub(crate) compile: fn(&CheckSource<'_>) -> Compiled,
    /// The value an assertion of promptfoo's gives it.
    pub(crate) imported: ImportedValue,
    /// How it is written as an assertion of promptfoo's.
    pub(crate) export: Export,
}

impl CheckSpec {
    /// Lists the keys it looks at, beside those of every check.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().filter_map(CheckField::key)
    }
}

/// Where variables stand in the value of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VariablePlaces {
    /// In every text of it.
    Everywhere,
    /// In a value that is a text; what is inside a JSON Schema is no template.
    TextAlone,
    /// Nowhere: it is another program's.
    Nowhere,
}

/// The value that an assertion gives a kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportedValue {
    /// A text, needed; a list or an object stands as JSON.
    TextOrJson,
    /// A text, needed.
    Text,
    /// A text, needed; anything else cannot be applied here.
    TextHere,
    /// A list of texts, needed; a text is cut at its commas.
    Texts,
    /// A JSON Schema, or none.
    Schema,
    /// A number or bounds, needed.
    Count,
    /// None.
    Nothing,
    /// Whatever stands there.
    AsItIs,
}

/// How a kind of check is written as an assertion.
#[derive(Debug)]
pub(crate) enum Export {
    /// Under its own name, with its value and threshold.
    Same,
    /// By a function, which leaves out weight and metric; an error names what promptfoo has no word for.
    Written(fn(&Check) -> Result<AssertionFields, String>),
    /// As it was read, whole.
    Whole(fn(&Check) -> Result<AssertionFields, String>),
    /// promptfoo has no word for it.
    None,
}

/// The fields of an assertion, in order.
pub(crate) type AssertionFields = Vec<(String, Value)>;
