//! `moderation`, with promptfoo's meaning: a service of its own looks at the answer for harm.

use crate::{
    eval::{
        check::{
            CheckResult,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::Movable,
        },
        moderation::ModerationCheck,
        pending::PendingCheck,
    },
    model::Check,
};

pub(crate) const MODERATION: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Json), CheckField::Judge],
    variables: VariablePlaces::Nowhere,
    slow_to_compile: false,
    threshold: Movable::None("the service says what is harmful"),
    compile,
    imported: ImportedValue::AsItIs,
    export: Export::Same,
};

#[derive(Debug)]
struct Harmless;

fn compile(source: &CheckSource<'_>) -> Compiled {
    if source.check.value.is_some() {
        source.parts()?;
    }
    Ok(Box::new(Harmless))
}

impl CheckTest for Harmless {
    fn apply(&self, _seen: &CheckInput<'_>) -> CheckResult {
        Err("no moderation service was asked".to_owned())
    }

    fn pending(&self, check: &Check) -> Option<PendingCheck> {
        Some(PendingCheck::Moderation(ModerationCheck::of(check)))
    }
}
