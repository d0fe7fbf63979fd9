//! The table of checks: for each kind all there is to say about it, in the file that has its test.
//!
//! A new check is a variant of [`CheckKind`], a [`CheckSpec`] beside its test, and an arm in [`spec`]; the compiler asks
//! for each.

use std::fmt::Debug;

use crate::{
    eval::{
        check::{
            CheckResult, agreement, answer,
            answer::CheckInput,
            json, limits,
            promptfoo::{Export, ImportedValue},
            refusal, rubric, similarity,
            source::CheckSource,
            text,
            threshold::Movable,
            unsupported,
        },
        reason::BadRule,
    },
    model::CheckKind,
};

/// A check compiled from its fields: what it tests of an answer.
pub(crate) trait CheckTest: Debug + Send + Sync {
    /// Finds out what the check is about; an error says why that cannot be found out.
    fn apply(&self, input: &CheckInput<'_>) -> CheckResult;

    /// Returns the rubric that a model has to apply, if that is what it tests.
    fn rubric(&self) -> Option<&str> {
        None
    }
}

/// What is compiled of a check.
pub(crate) type Compiled = Result<Box<dyn CheckTest>, BadRule>;

/// All there is to say about a kind of check.
#[derive(Debug)]
pub(crate) struct CheckSpec {
    /// The keys it looks at, beside `weight` and `metric`.
    pub(crate) keys: &'static [&'static str],
    /// Where variables stand in its value.
    pub(crate) variables: VariablePlaces,
    /// Whether it may hold a pattern or a schema, the compiling of which may take long.
    pub(crate) slow_to_compile: bool,
    /// Its threshold, if one can be moved.
    pub(crate) threshold: Movable,
    /// Compiles it.
    pub(crate) compile: fn(&CheckSource<'_>) -> Compiled,
    /// The value an assertion of promptfoo's gives it.
    pub(crate) imported: ImportedValue,
    /// How it is written as an assertion of promptfoo's.
    pub(crate) export: Export,
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

/// Looks up what there is to say about a kind.
pub(crate) const fn spec(kind: CheckKind) -> &'static CheckSpec {
    match kind {
        CheckKind::Equals => &text::EQUALS,
        CheckKind::Contains => &text::CONTAINS,
        CheckKind::Icontains => &text::ICONTAINS,
        CheckKind::ContainsAny => &text::CONTAINS_ANY,
        CheckKind::ContainsAll => &text::CONTAINS_ALL,
        CheckKind::IcontainsAny => &text::ICONTAINS_ANY,
        CheckKind::IcontainsAll => &text::ICONTAINS_ALL,
        CheckKind::StartsWith => &text::STARTS_WITH,
        CheckKind::Regex => &text::REGEX,
        CheckKind::WordCount => &text::WORD_COUNT,
        CheckKind::IsJson => &json::IS_JSON,
        CheckKind::ContainsJson => &json::CONTAINS_JSON,
        CheckKind::Required => &json::REQUIRED,
        CheckKind::Completeness => &json::COMPLETENESS,
        CheckKind::Confidence => &json::CONFIDENCE,
        CheckKind::JsonPath => &json::JSON_PATH,
        CheckKind::JsonEquals => &agreement::JSON_EQUALS,
        CheckKind::JsonFields => &agreement::JSON_FIELDS,
        CheckKind::Latency => &limits::LATENCY,
        CheckKind::Cost => &limits::COST,
        CheckKind::FinishReason => &limits::FINISH_REASON,
        CheckKind::Levenshtein => &similarity::LEVENSHTEIN,
        CheckKind::RougeN => &similarity::ROUGE_N,
        CheckKind::IsRefusal => &refusal::IS_REFUSAL,
        CheckKind::Format => &answer::FORMAT,
        CheckKind::LlmRubric => &rubric::LLM_RUBRIC,
        CheckKind::Unsupported => &unsupported::UNSUPPORTED,
    }
}

/// Tells whether a check of a kind may hold a pattern or a schema, the compiling of which may take long.
pub(crate) fn is_compiled(kind: CheckKind) -> bool {
    spec(kind).slow_to_compile
}
