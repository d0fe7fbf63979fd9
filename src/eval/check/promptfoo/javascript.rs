//! Checks as promptfoo's assertions in JavaScript, where it has no kind for them.

use serde_json::Value;

use crate::{
    eval::check::spec::AssertionFields,
    model::{Check, check::JsonComparison},
};

pub(crate) fn fields<const N: usize>(fields: [(&str, Value); N]) -> AssertionFields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn code(kind: &str, code: &str) -> AssertionFields {
    fields([("type", kind.into()), ("value", code.into())])
}

/// Writes a JSON pointer as steps of JavaScript into a value.
pub(crate) fn steps(pointer: &str) -> String {
    let step = |step: &str| format!("?.[{}]", Value::from(step.replace("~1", "/").replace("~0", "~")));
    pointer.split('/').skip(1).map(step).collect()
}

/// Writes that a share of fields is filled: each there, and neither null nor blank nor empty.
pub(crate) fn filled(names: &[String], share: f64) -> String {
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

pub(crate) fn unknown_there(check: &Check) -> String {
    format!("a check of type {}, which promptfoo has not", check.kind)
}

/// Writes in JavaScript that a share of the fields a check names is filled.
pub(crate) fn fields_filled(check: &Check, share: f64) -> Result<AssertionFields, String> {
    let names = names(check).ok_or_else(|| unknown_there(check))?;
    Ok(javascript(check, &filled(&names, share)))
}

/// Writes a least confidence in JavaScript.
pub(crate) fn confidence(check: &Check) -> Result<AssertionFields, String> {
    let path = check.path.as_ref().ok_or_else(|| unknown_there(check))?;
    Ok(javascript(check, &format!("JSON.parse(output){} >= {}", steps(path), check.threshold.unwrap_or(0.0))))
}

/// Writes a comparison of the JSON at a path in JavaScript.
pub(crate) fn json_path(check: &Check) -> Result<AssertionFields, String> {
    let path = check.path.as_ref().ok_or_else(|| unknown_there(check))?;
    match compared(check) {
        Some((sign, value)) => Ok(javascript(check, &format!("JSON.parse(output){} {sign} {value}", steps(path)))),
        None => Err(format!("a check of type {} at {}", check.kind, Value::from(path.as_str()))),
    }
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

fn javascript(check: &Check, text: &str) -> AssertionFields {
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
        JsonComparison::Equal => "===",
        // What is not there is not unequal, and no number that is a text is compared.
        JsonComparison::Unequal
        | JsonComparison::Less
        | JsonComparison::AtMost
        | JsonComparison::Greater
        | JsonComparison::AtLeast => {
            return None;
        }
    };
    plain.then_some((sign, value))
}
