//! Whether the JSON of an answer agrees with the JSON that is expected: as a whole, or field by field.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    eval::{
        check::{
            CheckResult, Finding,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::NOTHING_MEASURED,
        },
        json_diff::same,
        reason::{name, quote, quote_of},
    },
    text::budget::{TooMuch, WorkBudget},
};

/// Fields that a reason names, at most.
const NAMED: usize = 3;

/// Steps of a field that is expected, beside those for its path.
const LEAF: u64 = 100;

pub(crate) const JSON_EQUALS: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Json)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Agreement::compile(source, false),
    imported: ImportedValue::AsItIs,
    export: Export::None,
};

pub(crate) const JSON_FIELDS: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Json)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Agreement::compile(source, true),
    imported: ImportedValue::AsItIs,
    export: Export::None,
};

/// What an answer is compared with.
#[derive(Debug)]
struct Agreement {
    expected: Value,
    /// Whether the fields of the expected value alone are looked at.
    by_field: bool,
}

impl Agreement {
    fn compile(written: &CheckSource<'_>, by_field: bool) -> Compiled {
        let wanted = if by_field { "a JSON object, or its text" } else { "JSON, or its text" };
        let expected = match &written.check.value {
            None => return Err(written.bad("value", wanted, "nothing")),
            Some(Value::String(text)) => {
                written.bounded("value", text)?;
                serde_json::from_str(text)
                    .map_err(|error| written.bad("value", wanted, format!("{}: {error}", quote(text))))?
            }
            Some(value) => value.clone(),
        };
        match &expected {
            Value::Object(fields) if by_field && fields.is_empty() => {
                Err(written.bad("value", "a JSON object with at least one field", "an empty one"))
            }
            Value::Object(_) => Ok(Box::new(Self { expected, by_field })),
            other if by_field => Err(written.bad("value", wanted, name(other))),
            _ => Ok(Box::new(Self { expected, by_field })),
        }
    }
}

impl CheckTest for Agreement {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        let answer = seen.json()?;
        if !self.by_field {
            let holds = same(answer, &self.expected);
            let (found, wanted) = (quote_of(answer), quote_of(&self.expected));
            let says =
                if holds { format!("the answer is {wanted}") } else { format!("the answer is {found}, not {wanted}") };
            return Ok(Finding::new(holds, says));
        }
        let mut fields = Vec::new();
        leaves(&self.expected, String::new(), &mut fields, seen.budget).map_err(|much| much.to_string())?;
        let differ: Vec<&(String, &Value)> = fields
            .iter()
            .filter(|(pointer, value)| answer.pointer(pointer).is_none_or(|found| !same(found, value)))
            .collect();
        let agree = fields.len() - differ.len();
        let mut says = format!("{agree} of {} fields agree", fields.len());
        for (pointer, value) in differ.iter().take(NAMED) {
            let found = answer.pointer(pointer).map_or_else(|| "missing".to_owned(), quote_of);
            let _ = write!(says, "; {}: {found}, expected {}", quote(pointer), quote_of(value));
        }
        if differ.len() > NAMED {
            let _ = write!(says, "; and {} more", differ.len() - NAMED);
        }
        let share = agree as f64 / fields.len() as f64;
        let at = differ.first().map(|(pointer, _)| pointer.clone());
        Ok(Finding { score: Some(share), credit: Some(share), at, ..Finding::new(differ.is_empty(), says) })
    }
}

/// Lists the fields of an object and of the objects in it, by their JSON pointers (RFC 6901). Lists and empty
/// objects are values as they are.
fn leaves<'a>(
    value: &'a Value,
    pointer: String,
    out: &mut Vec<(String, &'a Value)>,
    budget: &WorkBudget,
) -> Result<(), TooMuch> {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                let pointer = format!("{pointer}/{name}");
                budget.spend(LEAF + pointer.len() as u64, || "listing the fields that are expected".to_owned())?;
                leaves(value, pointer, out, budget)?;
            }
        }
        _ => out.push((pointer, value)),
    }
    Ok(())
}
