//! `max-score`, with promptfoo's meaning: of the answers of a row that passes which has the highest score by its other checks.

use crate::{
    eval::{
        best_choice::{BestChoice, ScoreRule},
        check::{
            CheckResult,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::Movable,
        },
        pending::PendingCheck,
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
