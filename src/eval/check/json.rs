//! Checks on the JSON of an answer: whether it is JSON, what it holds, and what a schema says of it.

use serde_json::Value;

use crate::{
    eval::{
        check::{
            CheckResult, Finding, apart,
            field::{CheckField, ValueForm},
            input::CheckInput,
            promptfoo::javascript,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, NOTHING_MEASURED, PassingSide, Unit},
        },
        confidence::Confidence,
        extract,
        json_diff::same,
        reason::{BadRule, name, pointer, quote, quote_of},
        required_fields::RequiredFields,
        schema::Schema,
    },
    model::{Check, Response, Status, Verdict, check::JsonComparison},
};

/// The share of fields that has to be filled where a check sets none.
const USUAL: f64 = 1.0;

pub(crate) const IS_JSON: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Schema)],
    variables: VariablePlaces::TextAlone,
    slow_to_compile: true,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(JsonTest::Is(schema(source)?))),
    imported: ImportedValue::Schema,
    export: Export::Same,
};

pub(crate) const CONTAINS_JSON: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Schema)],
    variables: VariablePlaces::TextAlone,
    slow_to_compile: true,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(JsonTest::Contains(schema(source)?))),
    imported: ImportedValue::Schema,
    export: Export::Same,
};

pub(crate) const REQUIRED: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Names)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(JsonTest::Required(fields(source, None)?))),
    imported: ImportedValue::AsItIs,
    export: Export::Written(|check| javascript::fields_filled(check, 1.0)),
};

pub(crate) const COMPLETENESS: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Names), CheckField::Threshold],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, Some(USUAL)),
    compile: JsonTest::completeness,
    imported: ImportedValue::AsItIs,
    export: Export::Written(|check| javascript::fields_filled(check, check.threshold.unwrap_or(USUAL))),
};

pub(crate) const CONFIDENCE: CheckSpec = CheckSpec {
    fields: &[CheckField::Path, CheckField::Threshold],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, None),
    compile: JsonTest::confidence,
    imported: ImportedValue::AsItIs,
    export: Export::Written(javascript::confidence),
};

pub(crate) const JSON_PATH: CheckSpec = CheckSpec {
    fields: &[CheckField::Path, CheckField::Comparison, CheckField::Value(ValueForm::Json)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Value(compared_with),
    compile: JsonTest::path,
    imported: ImportedValue::AsItIs,
    export: Export::Written(javascript::json_path),
};

/// A test of the JSON of an answer.
#[derive(Debug)]
enum JsonTest {
    /// The answer is JSON and nothing else.
    Is(Option<Schema>),
    /// There is a JSON object in the answer.
    Contains(Option<Schema>),
    /// Each field is filled.
    Required(RequiredFields),
    /// A share of the fields is filled.
    Completeness(RequiredFields),
    Confidence(Confidence),
    Path {
        path: String,
        comparison: JsonComparison,
        value: Value,
    },
}

impl JsonTest {
    fn completeness(source: &CheckSource<'_>) -> Compiled {
        let share = source.threshold("a share from 0 to 1", 1.0, Some(USUAL))?;
        Ok(Box::new(Self::Completeness(fields(source, Some(share))?)))
    }

    fn confidence(source: &CheckSource<'_>) -> Compiled {
        let least = source.threshold("the least confidence, from 0 to 1", 1.0, None)?;
        let path = path(source)?;
        let response = Response { confidence: Some(path), min_confidence: Some(least), ..Response::default() };
        let confidence = Confidence::new(&response)?;
        let confidence = confidence.ok_or_else(|| source.bad("path", "a JSON pointer", "nothing"))?;
        Ok(Box::new(Self::Confidence(confidence)))
    }

    fn path(source: &CheckSource<'_>) -> Compiled {
        let comparison = source.check.comparison.unwrap_or_default();
        let Some(value) = source.check.value.clone() else {
            return Err(source.bad("value", "what the JSON at `path` is compared with", "nothing"));
        };
        let ordered = !matches!(comparison, JsonComparison::Equal | JsonComparison::Unequal);
        if ordered && number(&value).is_none() {
            return Err(source.bad("value", "a number to compare with", name(&value)));
        }
        Ok(Box::new(Self::Path { path: path(source)?, comparison, value }))
    }
}

/// Finds the number that a value in the JSON is compared with, and which numbers pass.
fn compared_with(check: &Check) -> Result<(PassingSide, f64), &'static str> {
    let side = match check.comparison {
        Some(JsonComparison::AtLeast) => PassingSide::AtLeast,
        Some(JsonComparison::AtMost) => PassingSide::AtMost,
        Some(JsonComparison::Less | JsonComparison::Greater) => {
            return Err("its limit itself does not pass; write its `op` as `<=` or `>=`");
        }
        Some(JsonComparison::Equal | JsonComparison::Unequal) | None => {
            return Err("it is not compared with `<=` or `>=`");
        }
    };
    let present = check.value.as_ref().filter(|value| value.is_number()).and_then(Value::as_f64);
    Ok((side, present.ok_or("its `value` is no number")?))
}

impl CheckTest for JsonTest {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        match self {
            Self::Is(schema) => is(seen, schema.as_ref()),
            Self::Contains(schema) => contains(seen, schema.as_ref()),
            Self::Required(fields) => {
                let verdicts = fields.judge(seen.json()?);
                let about: Vec<&Verdict> =
                    verdicts.iter().filter(|verdict| verdict.rule == crate::model::Rule::Required).collect();
                let reasons: Vec<&str> = about.iter().map(|verdict| verdict.reason.as_str()).collect();
                let at = about.iter().find_map(|verdict| verdict.at.clone());
                let holds = about.iter().all(|verdict| verdict.status == Status::Passed);
                Ok(Finding { at, ..Finding::new(holds, reasons.join("; ")) })
            }
            Self::Completeness(fields) => {
                let verdicts = fields.judge(seen.json()?);
                let verdict = verdicts.into_iter().next_back().ok_or("no field is named")?;
                Ok(Finding { credit: verdict.score, ..fact(verdict) })
            }
            Self::Confidence(confidence) => Ok(fact(confidence.judge(seen.json()?))),
            Self::Path { path, comparison, value } => Ok(compared(seen.json()?, path, *comparison, value)),
        }
    }
}

fn fact(verdict: Verdict) -> Finding {
    let Verdict { status, reason, score, at, .. } = verdict;
    Finding { score, at, ..Finding::new(status == Status::Passed, reason) }
}

/// Reads a JSON Schema: a table, or its JSON as a text.
fn schema(written: &CheckSource<'_>) -> Result<Option<Schema>, BadRule> {
    let key = written.key("value");
    match &written.check.value {
        None => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => {
            written.bounded("value", text)?;
            let schema = serde_json::from_str(text)
                .map_err(|error| written.bad("value", "a JSON Schema", format!("a text that is not JSON ({error})")))?;
            Schema::new(&key, &schema).map(Some)
        }
        Some(schema) => Schema::new(&key, schema).map(Some),
    }
}

fn fields(written: &CheckSource<'_>, share: Option<f64>) -> Result<RequiredFields, BadRule> {
    let response = Response { required: written.parts()?, min_completeness: share, ..Response::default() };
    RequiredFields::new(&response).map_err(|bad| written.bad("value", bad.expected, bad.found))
}

fn path(written: &CheckSource<'_>) -> Result<String, BadRule> {
    let Some(path) = &written.check.path else {
        return Err(written.bad("path", "a JSON pointer, such as `/score`", "nothing"));
    };
    pointer(&written.key("path"), path)?;
    Ok(path.clone())
}

fn is(seen: &CheckInput<'_>, schema: Option<&Schema>) -> CheckResult {
    seen.read()?;
    let text = seen.text;
    match (extract::whole(text), schema) {
        (Err(words), _) => {
            Ok(Finding::new(false, format!("the answer is {}, which is not JSON: {words}", quote(text))))
        }
        (Ok(json), None) => Ok(Finding::new(true, format!("JSON: {}", name(&json)))),
        (Ok(json), Some(schema)) => valid(&json, schema, seen),
    }
}

fn contains(seen: &CheckInput<'_>, schema: Option<&Schema>) -> CheckResult {
    seen.read()?;
    let found = match extract::whole(seen.text) {
        Ok(json) => vec![json],
        Err(_) => extract::all(seen.answer.text)?,
    };
    let found: Vec<Value> = found.into_iter().flat_map(objects).collect();
    let Some(first) = found.first() else {
        return Ok(Finding::new(false, "no JSON object was found"));
    };
    let Some(schema) = schema else {
        return Ok(Finding::new(true, format!("JSON: {}", name(first))));
    };
    // What is told is the last one that was tried.
    let mut finding = valid(first, schema, seen)?;
    for json in found.iter().skip(1) {
        if finding.holds {
            break;
        }
        finding = valid(json, schema, seen)?;
    }
    Ok(finding)
}

/// The outermost objects of a value: as promptfoo has it, no list, number or text is looked for.
fn objects(json: Value) -> Vec<Value> {
    match json {
        Value::Array(items) => items.into_iter().flat_map(objects).collect(),
        object @ Value::Object(_) => vec![object],
        _ => Vec::new(),
    }
}

fn valid(json: &Value, schema: &Schema, seen: &CheckInput<'_>) -> CheckResult {
    let verdicts = schema.violations(json, seen.budget).map_err(|much| much.to_string())?;
    let holds = verdicts.iter().all(|verdict| verdict.status == Status::Passed);
    let reasons: Vec<&str> = verdicts.iter().map(|verdict| verdict.reason.as_str()).collect();
    let at = verdicts.first().and_then(|verdict| verdict.at.clone());
    Ok(Finding { at, ..Finding::new(holds, reasons.join("; ")) })
}

/// Reads a number; a text is one where it holds nothing else, as a variable's value is a text.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    number.is_finite().then_some(number)
}

/// Tells whether values are equal; a text, as a variable's value is one, equals the number or truth
/// value that it writes.
fn equal(found: &Value, value: &Value) -> bool {
    match (found, value) {
        (Value::Number(_), Value::String(text)) => {
            serde_json::from_str::<Value>(text.trim()).is_ok_and(|value| value.is_number() && same(found, &value))
        }
        (Value::Bool(truth), Value::String(text)) => text.trim() == truth.to_string(),
        _ => same(found, value),
    }
}

pub(crate) fn compared(json: &Value, path: &str, comparison: JsonComparison, value: &Value) -> Finding {
    let place = quote(path);
    let at = Some(path.to_owned());
    let Some(found) = json.pointer(path) else {
        return Finding { at: Some(String::new()), ..Finding::new(false, format!("there is nothing at {place}")) };
    };
    let sign = sign(comparison);
    let numbers = found.as_f64().zip(number(value));
    let holds = match comparison {
        JsonComparison::Equal => Some(equal(found, value)),
        JsonComparison::Unequal => Some(!equal(found, value)),
        JsonComparison::Less => numbers.map(|(found, value)| found < value),
        JsonComparison::AtMost => numbers.map(|(found, value)| found <= value),
        JsonComparison::Greater => numbers.map(|(found, value)| found > value),
        JsonComparison::AtLeast => numbers.map(|(found, value)| found >= value),
    };
    let words = match holds {
        None => format!("{place} is {}, which is not a number", shown(found)),
        Some(true) => format!("{place} is {} {sign} {}", shown(found), shown(value)),
        Some(false) => {
            let unseen = found.as_str().zip(value.as_str()).and_then(|(found, value)| apart::unseen(found, value));
            let unseen = unseen.map(|unseen| format!("; {unseen}")).unwrap_or_default();
            format!("{place} is {}, not {sign} {}{unseen}", shown(found), shown(value))
        }
    };
    Finding { score: found.as_f64(), at, ..Finding::new(holds.unwrap_or(false), words) }
}

fn sign(comparison: JsonComparison) -> &'static str {
    match comparison {
        JsonComparison::Equal => "=",
        JsonComparison::Unequal => "≠",
        JsonComparison::Less => "<",
        JsonComparison::AtMost => "≤",
        JsonComparison::Greater => ">",
        JsonComparison::AtLeast => "≥",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => quote(text),
        other => quote_of(other),
    }
}
