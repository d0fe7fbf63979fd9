//! A rubric in words, which a model applies: until one was asked, nothing is known of the answer.

use crate::eval::{
    check::{
        CheckResult,
        field::{CheckField, ValueForm},
        input::CheckInput,
        source::CheckSource,
        spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
        threshold::{Movable, PassingSide, Unit},
    },
    rubric::MOST,
};

pub(crate) const LLM_RUBRIC: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Rubric), CheckField::Threshold, CheckField::Judge, CheckField::Repeat],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, None),
    compile,
    imported: ImportedValue::TextHere,
    export: Export::Same,
};

#[derive(Debug)]
struct RubricTest(String);

fn compile(source: &CheckSource<'_>) -> Compiled {
    let rubric = source.part()?;
    if rubric.trim().is_empty() {
        return Err(source.bad("value", "a rubric in words", "blanks alone"));
    }
    if source.check.threshold.is_some() {
        source.threshold("a score from 0 to 1", 1.0, None)?;
    }
    match source.check.repeat {
        Some(times) if !(1..=MOST).contains(&times) => {
            Err(source.bad("repeat", format!("a number from 1 to {MOST}"), times.to_string()))
        }
        _ => Ok(Box::new(RubricTest(rubric))),
    }
}

impl CheckTest for RubricTest {
    fn apply(&self, _input: &CheckInput<'_>) -> CheckResult {
        Err("no judge model was asked".to_owned())
    }

    fn rubric(&self) -> Option<&str> {
        Some(&self.0)
    }
}
