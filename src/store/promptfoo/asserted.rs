//! The rules of a prompt as assertions of promptfoo's: one definition for what is copied and what is exported.

use serde_json::{Value, json};

use crate::model::{Check, CheckKind, Format, Response, check::Comparison};

/// The fields of an assertion, in order.
pub type Fields = Vec<(String, Value)>;

/// Writes what a prompt asks of its answers as assertions. An error names in words one that promptfoo
/// has no word for, or would read as something else.
#[must_use]
pub fn asserted(answers: &Response, checks: &[Check]) -> Vec<Result<Fields, String>> {
    response(answers).into_iter().chain(checks.iter().map(check)).collect()
}

fn response(response: &Response) -> Vec<Result<Fields, String>> {
    if response.format == Format::Text {
        return Vec::new();
    }
    let mut is_json = fields([("type", "is-json".into())]);
    let plain: Vec<&str> = response.required.iter().map(|name| name.trim_start_matches('/')).collect();
    let share = response.min_completeness.unwrap_or(1.0);
    // A schema can say that plain fields are there; what else is asked of fields is said in code.
    let named = !plain.is_empty() && share >= 1.0 && plain.iter().all(|name| !name.contains(['/', '~']));
    if let Some(schema) = &response.schema {
        is_json.push(("value".to_owned(), schema.clone()));
    } else if named {
        is_json.push(("value".to_owned(), json!({ "type": "object", "required": plain })));
    }
    let mut asserted = vec![Ok(is_json)];
    let said = named && response.schema.is_none();
    if !plain.is_empty() && !said {
        asserted.push(Ok(code("javascript", &filled(&response.required, share))));
    }
    if let (Some(pointer), Some(least)) = (&response.confidence, response.min_confidence) {
        asserted.push(Ok(code("javascript", &format!("JSON.parse(output){} >= {least}", steps(pointer)))));
    }
    asserted
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn code(kind: &str, code: &str) -> Fields {
    fields([("type", kind.into()), ("value", code.into())])
}

/// Writes a JSON pointer as steps of JavaScript into a value.
fn steps(pointer: &str) -> String {
    let step = |step: &str| format!("?.[{}]", Value::from(step.replace("~1", "/").replace("~0", "~")));
    pointer.split('/').skip(1).map(step).collect()
}

/// Writes that a share of fields is filled: each there, and neither null nor blank nor empty.
fn filled(names: &[String], share: f64) -> String {
    let value = |name: &String| {
        let steps = if name.starts_with('/') { steps(name) } else { format!("?.[{}]", Value::from(name.as_str())) };
        format!("JSON.parse(output){steps}")
    };
    let values: Vec<String> = names.iter().map(value).collect();
    format!(
        "[{}].filter((v) => v != null && (typeof v === 'string' ? v.trim() !== '' : typeof v !== 'object' || \
         Object.keys(v).length > 0)).length / {} >= {share}",
        values.join(", "),
        names.len()
    )
}

/// Writes a check as an assertion.
fn check(check: &Check) -> Result<Fields, String> {
    let kind = check.kind;
    let mut written = match (kind.kind, &check.path) {
        (CheckKind::Unsupported, _) => match &check.value {
            Some(Value::Object(members)) => return Ok(members.clone().into_iter().collect()),
            _ => return Err(format!("a check of type {kind}")),
        },
        (CheckKind::Confidence, Some(path)) => {
            javascript(check, &format!("JSON.parse(output){} >= {}", steps(path), check.threshold.unwrap_or(0.0)))
        }
        (CheckKind::JsonPath, Some(path)) => match compared(check) {
            Some((sign, value)) => javascript(check, &format!("JSON.parse(output){} {sign} {value}", steps(path))),
            None => return Err(format!("a check of type {kind} at {}", Value::from(path.as_str()))),
        },
        (CheckKind::Required | CheckKind::Completeness, _) => match names(check) {
            Some(names) => {
                let share = if kind.kind == CheckKind::Required { 1.0 } else { check.threshold.unwrap_or(1.0) };
                javascript(check, &filled(&names, share))
            }
            None => return Err(format!("a check of type {kind}, which promptfoo has not")),
        },
        (
            CheckKind::Format
            | CheckKind::Confidence
            | CheckKind::JsonPath
            | CheckKind::JsonEquals
            | CheckKind::JsonFields,
            _,
        ) => {
            return Err(format!("a check of type {kind}, which promptfoo has not"));
        }
        _ => {
            if let Some(file) = files(check.value.as_ref()) {
                return Err(format!(
                    "a check of type {kind} for {}, which promptfoo reads as a file",
                    Value::from(file)
                ));
            }
            let mut written = fields([("type", kind.to_string().into())]);
            written.extend(check.value.clone().map(|value| ("value".to_owned(), value)));
            written.extend(check.threshold.map(|threshold| ("threshold".to_owned(), threshold.into())));
            written.extend(check.judge.clone().map(|judge| ("provider".to_owned(), judge.into())));
            written
        }
    };
    written.extend(check.weight.map(|weight| ("weight".to_owned(), weight.into())));
    written.extend(check.metric.clone().map(|metric| ("metric".to_owned(), metric.into())));
    Ok(written)
}

/// The fields a check names, where none of them hangs on a variable.
fn names(check: &Check) -> Option<Vec<String>> {
    let names: Vec<String> = match check.value.as_ref()? {
        Value::String(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Value::Array(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => return None,
    };
    (!names.is_empty() && names.iter().all(|name| !name.contains("{{"))).then_some(names)
}

/// The first text of a value that promptfoo would take for the name of a file.
fn files(value: Option<&Value>) -> Option<&str> {
    match value? {
        Value::String(text) if text.starts_with("file://") => Some(text),
        Value::Array(items) => items.iter().find_map(|item| files(Some(item))),
        _ => None,
    }
}

fn javascript(check: &Check, text: &str) -> Fields {
    code(if check.kind.not { "not-javascript" } else { "javascript" }, text)
}

/// The comparison of a value that JavaScript compares in the same way: a plain one that holds no variable.
fn compared(check: &Check) -> Option<(&'static str, &Value)> {
    let value = check.value.as_ref()?;
    let plain = match value {
        Value::Number(_) | Value::Bool(_) => true,
        // A text that writes a number or a truth value equals one.
        Value::String(text) => !text.contains("{{") && serde_json::from_str::<Value>(text.trim()).is_err(),
        _ => false,
    };
    let sign = match check.comparison.unwrap_or_default() {
        Comparison::Equal => "===",
        // What is not there is not unequal, and no number that is a text is compared.
        Comparison::Unequal | Comparison::Less | Comparison::AtMost | Comparison::Greater | Comparison::AtLeast => {
            return None;
        }
    };
    plain.then_some((sign, value))
}
