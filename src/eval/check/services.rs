//! What is asked of models that make no answers, with promptfoo's meaning: `similar` compares embeddings, `moderation` has a
//! service look at the answer for harm, `classifier` has one label it.

use serde_json::Value;

use crate::{
    eval::{
        check::{
            CheckResult,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, PassingSide, Unit},
        },
        pending::{PendingCheck, unasked},
        service_check::ServiceCheck,
    },
    model::{Check, TextService},
};

/// The cosine where no threshold is set, as promptfoo has it.
const USUAL_COSINE: f64 = 0.75;

pub(crate) const SIMILAR: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Rubric("text", "what the answer is to mean, or a JSON list; {{ expected }}")),
        CheckField::Threshold,
        CheckField::Judge,
    ],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, Some(USUAL_COSINE)),
    compile: similar,
    imported: ImportedValue::AsItIs,
    export: Export::Same,
};

pub(crate) const MODERATION: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Json), CheckField::Judge],
    variables: VariablePlaces::Nowhere,
    slow_to_compile: false,
    threshold: Movable::None("the service says what is harmful"),
    compile: moderation,
    imported: ImportedValue::AsItIs,
    export: Export::Same,
};

/// The score where no threshold is set, as promptfoo has it.
const USUAL_SCORE: f64 = 1.0;

pub(crate) const CLASSIFIER: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Rubric("label", "the label; empty for the one with the highest score")),
        CheckField::Threshold,
        CheckField::Judge,
    ],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, Some(USUAL_SCORE)),
    compile: classifier,
    imported: ImportedValue::AsItIs,
    export: Export::Same,
};

/// A check of which nothing is known until a service was asked.
#[derive(Debug)]
struct Asks(TextService);

fn similar(written: &CheckSource<'_>) -> Compiled {
    written.threshold("a cosine from 0 to 1", 1.0, Some(USUAL_COSINE))?;
    if matches!(written.check.value, Some(Value::Array(_))) {
        written.parts()?;
    } else {
        written.part()?;
    }
    Ok(Box::new(Asks(TextService::Embedding)))
}

fn moderation(written: &CheckSource<'_>) -> Compiled {
    if written.check.value.is_some() {
        written.parts()?;
    }
    Ok(Box::new(Asks(TextService::Moderation)))
}

fn classifier(written: &CheckSource<'_>) -> Compiled {
    written.threshold("a score from 0 to 1", 1.0, Some(USUAL_SCORE))?;
    if written.check.value.is_some() {
        written.part()?;
    }
    Ok(Box::new(Asks(TextService::Classification)))
}

impl CheckTest for Asks {
    fn apply(&self, _seen: &CheckInput<'_>) -> CheckResult {
        Err(unasked(self.0).to_owned())
    }

    fn pending(&self, check: &Check) -> Option<PendingCheck> {
        Some(PendingCheck::Service(ServiceCheck::of(check, self.0)))
    }
}
