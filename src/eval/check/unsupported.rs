//! A rule of another program that cannot be applied here: kept as it was written, and always inconclusive.

use serde_json::Value;

use crate::{
    eval::check::{
        CheckResult,
        field::CheckField,
        input::CheckInput,
        promptfoo::not_here::why_not,
        source::{CheckSource, original},
        spec::{CheckSpec, CheckTest, Export, ImportedValue, VariablePlaces},
        threshold::NOTHING_MEASURED,
    },
    model::Check,
};

pub(crate) const UNSUPPORTED: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Foreign("value"),
        CheckField::Foreign("threshold"),
        CheckField::Foreign("path"),
        CheckField::Foreign("op"),
        CheckField::Foreign("judge"),
        CheckField::Foreign("repeat"),
    ],
    variables: VariablePlaces::Nowhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(Unsupported::of(source))),
    imported: ImportedValue::AsItIs,
    export: Export::Whole(|check: &Check| match &check.value {
        Some(Value::Object(members)) => Ok(members.clone().into_iter().collect()),
        _ => Err(format!("a check of type {}", check.kind)),
    }),
};

/// Why it cannot be applied.
#[derive(Debug)]
struct Unsupported(String);

impl Unsupported {
    fn of(source: &CheckSource<'_>) -> Self {
        let name = original(source.check).unwrap_or("this rule");
        let mistake = source.check.value.as_ref().and_then(|value| value.get("mistake")?.as_str());
        Self(match mistake {
            Some(mistake) => format!("it cannot be used: {mistake}"),
            None => match why_not(name.strip_prefix("not-").unwrap_or(name)) {
                Some(why) => format!("`{name}` cannot be applied here: {why}"),
                None => format!("`{name}` cannot be applied here"),
            },
        })
    }
}

impl CheckTest for Unsupported {
    fn apply(&self, _input: &CheckInput<'_>) -> CheckResult {
        Err(self.0.clone())
    }
}
