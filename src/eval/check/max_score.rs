//! `max-score`, with promptfoo's meaning: of the answers of a row that passes which has the highest score by its other checks.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    eval::{
        best_choice::BestChoice,
        check::{
            CheckResult,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::Movable,
        },
        pending::PendingCheck,
        reason::name,
    },
    model::Check,
};

pub(crate) const MAX_SCORE: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Json), CheckField::Threshold],
    variables: VariablePlaces::Nowhere,
    slow_to_compile: false,
    threshold: Movable::None("one answer of a row has the highest score, and the others have not"),
    compile,
    imported: ImportedValue::AsItIs,
    export: Export::Same,
};

/// How the score of an answer is made of what its other checks give.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScoreRule {
    #[serde(default)]
    pub(crate) method: ScoreMethod,
    /// What counts in the place of a check's own weight, by its type.
    #[serde(default)]
    pub(crate) weights: BTreeMap<String, f64>,
    /// The least score that passes, where the check's `threshold` does not say.
    pub(crate) threshold: Option<f64>,
}

/// How scores become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScoreMethod {
    /// Their mean, each by its weight.
    #[default]
    Average,
    /// Their sum, each by its weight.
    Sum,
}

impl ScoreRule {
    /// Reads it from the value of a check; without one all is as usual. The error says in words what is wrong.
    pub(crate) fn of(check: &Check) -> Result<Self, String> {
        let Some(value) = check.value.clone().filter(|value| !value.is_null()) else { return Ok(Self::default()) };
        if !value.is_object() {
            return Err(name(&value));
        }
        let rule: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        match rule.weights.values().chain(&rule.threshold).find(|number| !number.is_finite() || **number < 0.0) {
            Some(number) => Err(format!("{number}, which is below 0")),
            None => Ok(rule),
        }
    }
}

#[derive(Debug)]
struct MaxScore;

fn compile(source: &CheckSource<'_>) -> Compiled {
    let expected = "a table with `method` (\"average\" or \"sum\"), `weights` by the types of checks, or `threshold`";
    ScoreRule::of(source.check).map_err(|found| source.bad("value", expected, found))?;
    if source.check.threshold.is_some() {
        source.threshold("a score, 0 or more", f64::MAX, None)?;
    }
    Ok(Box::new(MaxScore))
}

impl CheckTest for MaxScore {
    fn apply(&self, _input: &CheckInput<'_>) -> CheckResult {
        Err("there is no other answer of its row to compare it with".to_owned())
    }

    fn pending(&self, check: &Check) -> Option<PendingCheck> {
        Some(PendingCheck::Best(BestChoice::of(check)))
    }
}
