//! What each kind of check tests, compiled from its fields.

use crate::{
    eval::{
        check::{
            CheckResult,
            agreement::Agreement,
            answer::CheckInput,
            json::JsonTest,
            limits::Limit,
            refusal, similarity,
            similarity::Distance,
            source::{CheckSource, original},
            text::TextTest,
        },
        check_suite::BadRule,
    },
    model::CheckKind,
};

/// A test of an answer.
#[derive(Debug)]
pub(crate) enum Test {
    Text(TextTest),
    Json(JsonTest),
    Agreement(Agreement),
    Limit(Limit),
    Distance(Distance),
    Rouge(similarity::Reference),
    Refusal,
    /// The form that the prompt expects.
    Form,
    /// A rubric, which a model has to apply.
    Rubric(String),
    /// Nothing that can be applied here, and why.
    Never(String),
}

/// Tells whether a check of a kind may hold a pattern or a schema, the compiling of which may take long.
pub(crate) fn is_compiled(kind: CheckKind) -> bool {
    match kind {
        CheckKind::Regex | CheckKind::IsJson | CheckKind::ContainsJson => true,
        CheckKind::Equals
        | CheckKind::Contains
        | CheckKind::Icontains
        | CheckKind::ContainsAny
        | CheckKind::ContainsAll
        | CheckKind::IcontainsAny
        | CheckKind::IcontainsAll
        | CheckKind::StartsWith
        | CheckKind::WordCount
        | CheckKind::Required
        | CheckKind::Confidence
        | CheckKind::Completeness
        | CheckKind::JsonPath
        | CheckKind::JsonEquals
        | CheckKind::JsonFields
        | CheckKind::Latency
        | CheckKind::Cost
        | CheckKind::FinishReason
        | CheckKind::Levenshtein
        | CheckKind::RougeN
        | CheckKind::IsRefusal
        | CheckKind::Format
        | CheckKind::LlmRubric
        | CheckKind::Unsupported => false,
    }
}

impl Test {
    pub(crate) fn new(written: &CheckSource<'_>) -> Result<Self, BadRule> {
        Ok(match written.check.kind.kind {
            CheckKind::Equals
            | CheckKind::Contains
            | CheckKind::Icontains
            | CheckKind::ContainsAny
            | CheckKind::ContainsAll
            | CheckKind::IcontainsAny
            | CheckKind::IcontainsAll
            | CheckKind::StartsWith
            | CheckKind::Regex
            | CheckKind::WordCount => Self::Text(TextTest::new(written)?),
            CheckKind::IsJson
            | CheckKind::ContainsJson
            | CheckKind::Required
            | CheckKind::Confidence
            | CheckKind::Completeness
            | CheckKind::JsonPath => Self::Json(JsonTest::new(written)?),
            CheckKind::JsonEquals | CheckKind::JsonFields => Self::Agreement(Agreement::new(written)?),
            CheckKind::Latency | CheckKind::Cost | CheckKind::FinishReason => Self::Limit(Limit::new(written)?),
            CheckKind::Levenshtein => Self::Distance(Distance::new(written)?),
            CheckKind::RougeN => Self::Rouge(similarity::Reference::new(written)?),
            CheckKind::IsRefusal => Self::Refusal,
            CheckKind::Format => Self::Form,
            CheckKind::LlmRubric => Self::Rubric(rubric(written)?),
            CheckKind::Unsupported => {
                let name = original(written.check).unwrap_or("this rule");
                let mistake = written.check.value.as_ref().and_then(|value| value.get("mistake")?.as_str());
                Self::Never(match mistake {
                    Some(mistake) => format!("it cannot be used: {mistake}"),
                    None => format!("`{name}` cannot be applied here"),
                })
            }
        })
    }

    /// Finds out what the test is about.
    pub(crate) fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        match self {
            Self::Text(test) => test.apply(seen),
            Self::Json(test) => test.apply(seen),
            Self::Agreement(test) => test.apply(seen),
            Self::Limit(limit) => limit.apply(seen.answer),
            Self::Distance(distance) => distance.apply(seen),
            Self::Rouge(reference) => reference.apply(seen),
            Self::Refusal => {
                seen.spend(refusal::STEPS, "looking for a refusal in")?;
                Ok(refusal::apply(seen.text, seen.answer.finish))
            }
            Self::Form => Ok(crate::eval::check::Finding::new(
                seen.form.status == crate::model::Status::Passed,
                seen.form.reason.clone(),
            )),
            Self::Rubric(_) => Err("no judge model was asked".to_owned()),
            Self::Never(why) => Err(why.clone()),
        }
    }
}

fn rubric(written: &CheckSource<'_>) -> Result<String, BadRule> {
    let rubric = written.part()?;
    if rubric.trim().is_empty() {
        return Err(written.bad("value", "a rubric in words", "blanks alone"));
    }
    if written.check.threshold.is_some() {
        written.threshold("a score from 0 to 1", 1.0, None)?;
    }
    match written.check.repeat {
        Some(times) if !(1..=crate::eval::rubric::MOST).contains(&times) => {
            Err(written.bad("repeat", format!("a number from 1 to {}", crate::eval::rubric::MOST), times.to_string()))
        }
        _ => Ok(rubric),
    }
}
