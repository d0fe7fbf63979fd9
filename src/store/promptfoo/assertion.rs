//! promptfoo's assertions read as checks: the object of a config, and the text of a cell.
//!
//! Kinds and keys are those of promptfoo's `src/types/index.ts` (`AssertionSchema`), the form of a
//! cell that of its `src/csv.ts` (`assertionFromString`). What cannot be applied here becomes a
//! check that is always skipped, and what nobody knows is a mistake: nothing is dropped.

mod cell;

use serde_json::{Map, Value, json};

use crate::{
    model::{Check, CheckKind, CheckType},
    store::mistake::{quoted, slip},
    text::json::ExactJson,
};

/// promptfoo's kinds that cannot be applied here: they run code, ask another service or need what is
/// not recorded.
const NOT_HERE: &[&str] = &[
    "answer-relevance",
    "assert-set",
    "bleu",
    "classifier",
    "contains-html",
    "contains-sql",
    "contains-xml",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "conversation-relevance",
    "factuality",
    "g-eval",
    "gleu",
    "guardrails",
    "human",
    "is-html",
    "is-sql",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "javascript",
    "max-score",
    "meteor",
    "model-graded-closedqa",
    "model-graded-factuality",
    "moderation",
    "perplexity",
    "perplexity-score",
    "pi",
    "python",
    "rouge-l",
    "rouge-s",
    "ruby",
    "search-rubric",
    "select-best",
    "similar",
    "similar:cosine",
    "similar:dot",
    "similar:euclidean",
    "skill-used",
    "tool-call-f1",
    "trace-error-spans",
    "trace-span-count",
    "trace-span-duration",
    "trajectory:goal-success",
    "trajectory:step-count",
    "trajectory:tool-args-match",
    "trajectory:tool-sequence",
    "trajectory:tool-used",
    "webhook",
];

/// The keys an assertion may have; `path`, `op`, `judge` and `repeat` are ours.
const KEYS: &[&str] = &[
    "type",
    "value",
    "threshold",
    "weight",
    "metric",
    "provider",
    "rubricPrompt",
    "config",
    "transform",
    "contextTransform",
    "path",
    "op",
    "judge",
    "repeat",
];

/// The threshold of a cell that names none.
const CELL_THRESHOLD: f64 = 0.75;

/// Reads one entry of an `assert` list.
///
/// What promptfoo can judge and this program cannot is [`CheckKind::Unsupported`], its value the whole
/// entry as it was written. A mistake is told by its key, without the file: `threshold: …`.
pub fn of_json(assertion: &Value) -> Result<Check, String> {
    let Value::Object(fields) = assertion else {
        return Err(format!(
            "an assertion is an object with a `type`, not {}; write {{\"type\": \"equals\", \"value\": …}}",
            shown(assertion)
        ));
    };
    let name = match fields.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(other) => return Err(format!("type: expected a text, found {}", shown(other))),
        None => return Err("type: it is missing; name the kind of the assertion, such as `equals`".to_owned()),
    };
    let unsupported = || skipped(fields);
    if not_here(name) {
        return unsupported();
    }
    if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("{}: an assertion has no such key{}", quoted(key), slip(key, KEYS.iter().copied())));
    }
    let kind: CheckType = name.parse().map_err(|_unread| unknown(name))?;
    let filled = |key: &str| fields.get(key).is_some_and(|value| !value.is_null());
    if ["config", "transform", "contextTransform"].into_iter().any(filled) {
        return unsupported();
    }
    let mut check = Check { kind, ..Check::of(kind.kind) };
    check.threshold = number(fields, "threshold")?;
    check.weight = number(fields, "weight")?;
    check.metric = text(fields, "metric")?;
    check.path = text(fields, "path")?;
    check.judge = text(fields, "judge")?;
    if let Some(value) = fields.get("op") {
        check.comparison = serde_json::from_value(value.clone()).map_err(|_unread| {
            format!("op: expected one of \"==\", \"!=\", \"<\", \"<=\", \">\", \">=\", found {}", shown(value))
        })?;
    }
    if let Some(value) = fields.get("repeat") {
        check.repeat = serde_json::from_value(value.clone())
            .map_err(|_unread| format!("repeat: expected a whole number, found {}", shown(value)))?;
    }
    if kind.kind == CheckKind::LlmRubric {
        match fields.get("provider") {
            None | Some(Value::Null) => {}
            Some(Value::String(judge)) => check.judge = Some(judge.clone()),
            Some(_) => return unsupported(),
        }
        if filled("rubricPrompt") {
            return unsupported();
        }
    }
    let given = fields.get("value").filter(|value| !value.is_null());
    if given.and_then(Value::as_str).is_some_and(|value| value.starts_with("file://")) {
        return unsupported();
    }
    match value(kind.kind, given)? {
        Read::Value(value) => check.value = value,
        Read::NotHere => return unsupported(),
    }
    if kind.kind == CheckKind::Latency && check.threshold.is_none() {
        return Err("threshold: `latency` needs one, in milliseconds".to_owned());
    }
    Ok(check)
}

/// Reads one entry of an `assert` list whose numbers keep all their digits.
pub fn of_exact(assertion: &ExactJson) -> Result<Check, String> {
    let mut check = of_json(&assertion.to_value())?;
    let value = match assertion {
        ExactJson::Fields(fields) => fields.iter().find(|(key, _)| key == "value").map(|(_, value)| value),
        _ => None,
    };
    match value.filter(|value| value.is_lossy()) {
        Some(ExactJson::Number(digits)) => check.value = Some(json!(digits)),
        Some(value) => check.exact = Some(value.to_string()),
        None => {}
    }
    Ok(check)
}

/// Returns a check as it was read; one that could not be, if nothing is to stop for it, as one that does not run.
pub fn kept(read: Result<Check, String>, written: &str, keep_going: bool) -> Result<Check, String> {
    match read {
        Err(what) if keep_going => Ok(Check::unusable(written, &what)),
        read => read,
    }
}

/// Reads a cell of an `__expected` column: `type: value`, `type(0.8): value`, `contains-any: a, b`, or
/// a plain text that the answer is to equal.
pub fn of_text(cell: &str) -> Result<Check, String> {
    let cell = cell.trim();
    of_json(&Value::Object(cell::object(cell)?))
}

/// What a value came to.
enum Read {
    Value(Option<Value>),
    NotHere,
}

fn value(kind: CheckKind, given: Option<&Value>) -> Result<Read, String> {
    use CheckKind as K;
    let missing = || format!("value: `{}` needs one", kind.name());
    let wrong = |wanted: &str, found: &Value| Err(format!("value: expected {wanted}, found {}", shown(found)));
    let read = match kind {
        K::Equals => match given {
            Some(Value::Array(_) | Value::Object(_)) => given.cloned(),
            Some(other) => plain(other).map(Value::String),
            None => return Err(missing()),
        },
        K::Contains | K::Icontains | K::StartsWith | K::Regex | K::Levenshtein | K::RougeN | K::FinishReason => {
            match given {
                None => return Err(missing()),
                Some(other) => match plain(other) {
                    Some(text) => Some(Value::String(text)),
                    None => return wrong("a text", other),
                },
            }
        }
        K::LlmRubric => match given {
            None => return Err(missing()),
            Some(other) => match plain(other) {
                Some(text) => Some(Value::String(text)),
                None => return Ok(Read::NotHere),
            },
        },
        K::ContainsAny | K::ContainsAll | K::IcontainsAny | K::IcontainsAll => match given {
            None => return Err(missing()),
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| plain(item).map(Value::String)).collect::<Option<Vec<_>>>();
                match texts {
                    Some(texts) if !texts.is_empty() => Some(Value::Array(texts)),
                    _ => return wrong("a list of texts", &Value::Array(items.clone())),
                }
            }
            Some(other) => match plain(other) {
                Some(text) => Some(Value::Array(list(&text).into_iter().map(Value::String).collect())),
                None => return wrong("a list of texts", other),
            },
        },
        K::IsJson | K::ContainsJson => match given {
            None => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            // promptfoo reads a text as YAML too, which may be a schema that is not understood here.
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(schema @ (Value::Object(_) | Value::Bool(_))) => Some(schema),
                _ => return Ok(Read::NotHere),
            },
            Some(schema @ (Value::Object(_) | Value::Bool(_))) => Some(schema.clone()),
            Some(other) => return wrong("a JSON Schema", other),
        },
        K::WordCount => match given {
            None => return Err(missing()),
            Some(Value::String(text)) => Some(text.trim().parse::<u64>().map_or_else(|_| json!(text), Value::from)),
            other => other.cloned(),
        },
        K::IsRefusal | K::Latency | K::Cost => None,
        K::Format
        | K::JsonEquals
        | K::JsonFields
        | K::Required
        | K::Confidence
        | K::Completeness
        | K::JsonPath
        | K::Unsupported => given.cloned(),
    };
    Ok(Read::Value(read))
}

/// Splits `a, "b, c", d` at its commas; quotes hold one together and `\,` is a comma.
fn list(text: &str) -> Vec<String> {
    let (mut items, mut item, mut inside) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&',') => item.extend(chars.next()),
            '"' if inside && chars.peek() == Some(&'"') => item.extend(chars.next()),
            '"' if inside || item.trim().is_empty() => inside = !inside,
            ',' if !inside => items.push(std::mem::take(&mut item)),
            _ => item.push(c),
        }
    }
    items.push(item);
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn not_here(name: &str) -> bool {
    let plain = name.strip_prefix("not-").unwrap_or(name);
    NOT_HERE.contains(&plain) || plain.starts_with("promptfoo:redteam:")
}

fn skipped(fields: &Map<String, Value>) -> Result<Check, String> {
    Ok(Check {
        metric: text(fields, "metric")?,
        weight: number(fields, "weight")?,
        ..Check::of(CheckKind::Unsupported).with(Value::Object(fields.clone()))
    })
}

fn unknown(name: &str) -> String {
    let known = CheckKind::ALL.iter().map(|kind| kind.name()).chain(NOT_HERE.iter().copied());
    format!("type: there is no check {}{}", quoted(name), slip(name.strip_prefix("not-").unwrap_or(name), known))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{key}: expected a text, found {}", shown(other))),
    }
}

fn number(fields: &Map<String, Value>, key: &str) -> Result<Option<f64>, String> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
            number.map(Some).ok_or_else(|| format!("{key}: expected a number of 0 or more, found {}", shown(value)))
        }
    }
}

fn shown(value: &Value) -> String {
    quoted(&value.to_string())
}

#[cfg(test)]
mod tests;
