//! The checks of a prompt as promptfoo's assertions, and back: from the object of a config and from the text of a cell.
//!
//! Kinds and keys are those of promptfoo's `src/types/index.ts` (`AssertionSchema`), the form of a
//! cell that of its `src/csv.ts` (`assertionFromString`). What cannot be applied here becomes a
//! check that is always inconclusive, and what nobody knows is an error: nothing is dropped.

pub(crate) mod javascript;
pub(crate) mod not_here;
pub(crate) mod rubric_prompt;

use serde_json::{Map, Value, json};

use crate::{
    eval::check::{
        exec,
        field::CheckField,
        promptfoo::{
            javascript::{code, fields, filled, steps, unknown_there},
            not_here::{NOT_HERE, why_not},
            rubric_prompt::{RubricPrompt, takes_prompt},
        },
        spec::{AssertionFields, Export, ImportedValue},
        table::spec,
        transform::AnswerPart,
    },
    model::{Check, CheckKind, CheckType, Format, Response, Turn, catalog::nearest, check_program::CheckLanguage},
    text::{
        json::ExactJson,
        suggest::{quoted, slip},
    },
};

/// Writes what a prompt asks of its answers as assertions. An error names in words one that promptfoo
/// has no word for, or would read as something else.
#[must_use]
pub fn asserted(answers: &Response, checks: &[Check]) -> Vec<Result<AssertionFields, String>> {
    response(&answers.applied()).into_iter().chain(checks.iter().filter(|check| check.enabled).map(check)).collect()
}

fn response(response: &Response) -> Vec<Result<AssertionFields, String>> {
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
    let implied = named && response.schema.is_none();
    if !plain.is_empty() && !implied {
        asserted.push(Ok(code("javascript", &filled(&response.required, share))));
    }
    if let (Some(pointer), Some(least)) = (&response.confidence, response.min_confidence) {
        asserted.push(Ok(code("javascript", &format!("JSON.parse(output){} >= {least}", steps(pointer)))));
    }
    asserted
}

/// Writes a check as an assertion.
fn check(check: &Check) -> Result<AssertionFields, String> {
    let mut written = match spec(check.kind.kind).export {
        Export::Same => same(check)?,
        Export::Written(write) => write(check)?,
        Export::Whole(write) => return write(check),
        Export::None => return Err(unknown_there(check)),
    };
    written.extend(check.weight.map(|weight| ("weight".to_owned(), weight.into())));
    written.extend(check.metric.clone().map(|metric| ("metric".to_owned(), metric.into())));
    written.extend(check.transform.clone().map(|part| ("transform".to_owned(), part.into())));
    if let Some(context) = &check.context {
        let code =
            exec::transform(context).ok_or_else(|| format!("the `context` of a check of type {}", check.kind))?;
        written.push(("contextTransform".to_owned(), code.into()));
    }
    Ok(written)
}

fn same(check: &Check) -> Result<AssertionFields, String> {
    let kind = check.kind;
    if let Some(file) = files(check.value.as_ref()) {
        return Err(format!("a check of type {kind} for {}, which promptfoo reads as a file", Value::from(file)));
    }
    let mut written = fields([("type", kind.to_string().into())]);
    written.extend(check.value.clone().map(|value| ("value".to_owned(), value)));
    written.extend(check.threshold.map(|threshold| ("threshold".to_owned(), threshold.into())));
    written.extend(check.judge.clone().map(|judge| ("provider".to_owned(), judge.into())));
    written.extend(rubric_prompt::written(check)?.map(|prompt| ("rubricPrompt".to_owned(), prompt)));
    Ok(written)
}

/// The first text of a value that promptfoo would take for the name of a file.
fn files(value: Option<&Value>) -> Option<&str> {
    match value? {
        Value::String(text) if text.starts_with("file://") => Some(text),
        Value::Array(items) => items.iter().find_map(|item| files(Some(item))),
        _ => None,
    }
}

/// promptfoo's names, and a name of `DeepEval`'s, for what is called otherwise here.
const OTHER_NAMES: &[(&str, CheckKind)] = &[
    ("answer-relevance", CheckKind::Relevance),
    ("context-faithfulness", CheckKind::Faithfulness),
    ("hallucination", CheckKind::Faithfulness),
    ("model-graded-factuality", CheckKind::Factuality),
    ("is-valid-openai-function-call", CheckKind::IsValidFunctionCall),
    ("javascript", CheckKind::Exec),
    ("python", CheckKind::Exec),
    ("ruby", CheckKind::Exec),
    ("similar:cosine", CheckKind::Similar),
];

/// The keys an assertion may have; `path`, `op`, `judge`, `judge_prompt`, `first_prompt`, `context` and `repeat` are ours.
const KEYS: &[&str] = &[
    "type",
    "value",
    "threshold",
    "weight",
    "metric",
    "provider",
    "rubricPrompt",
    "judge_prompt",
    "first_prompt",
    "config",
    "transform",
    "contextTransform",
    "context",
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
    // A check that was found not to run, written down with the reason.
    let is_unusable = matches!(fields.get(MISTAKE), Some(Value::String(_)));
    if not_here(name) || is_unusable {
        return unsupported();
    }
    if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("{}: an assertion has no such key{}", quoted(key), slip(key, KEYS.iter().copied())));
    }
    let kind = kind_of(name).ok_or_else(|| unknown(name))?;
    let language = CheckLanguage::ALL.into_iter().find(|language| language.name() == name.trim_start_matches("not-"));
    let filled = |key: &str| fields.get(key).is_some_and(|value| !value.is_null());
    let is_config_here = language.is_some();
    let takes_context = spec(kind.kind).fields.contains(&CheckField::Context);
    if (filled("config") && !is_config_here) || (filled("contextTransform") && !takes_context) {
        return unsupported();
    }
    let transform = text(fields, "transform")?;
    let is_part = |text: &String| kind.kind.looks_at_answer() && AnswerPart::of(text).is_ok();
    if transform.as_ref().is_some_and(|text| !is_part(text)) {
        return unsupported();
    }
    let mut check = Check { kind, ..Check::of(kind.kind) };
    check.threshold = number(fields, "threshold")?;
    check.weight = number(fields, "weight")?;
    check.metric = text(fields, "metric")?;
    check.transform = transform;
    check.path = text(fields, "path")?;
    check.judge = text(fields, "judge")?;
    check.context = fields.get("context").filter(|context| !context.is_null()).cloned();
    if let Some(code) = fields.get("contextTransform").filter(|code| !code.is_null()) {
        match exec::of_transform(code) {
            Some(program) => check.context = Some(program),
            None => return unsupported(),
        }
    }
    if let Some(value) = fields.get("op") {
        check.comparison = serde_json::from_value(value.clone()).map_err(|_unread| {
            format!("op: expected one of \"==\", \"!=\", \"<\", \"<=\", \">\", \">=\", found {}", shown(value))
        })?;
    }
    if let Some(value) = fields.get("repeat") {
        check.repeat = serde_json::from_value(value.clone())
            .map_err(|_unread| format!("repeat: expected a whole number, found {}", shown(value)))?;
    }
    if kind.kind.is_judged() || kind.kind.service().is_some() {
        match fields.get("provider") {
            None | Some(Value::Null) => {}
            Some(Value::String(judge)) => check.judge = Some(judge.clone()),
            Some(_) => return unsupported(),
        }
        if let Some(turns) = own_messages(fields, "judge_prompt")? {
            if !takes_prompt(kind.kind) {
                return unsupported();
            }
            check.judge_prompt = turns;
            check.first_prompt = own_messages(fields, "first_prompt")?.unwrap_or_default();
        } else if let Some(prompt) = fields.get("rubricPrompt").filter(|prompt| !prompt.is_null()) {
            let read = RubricPrompt::of(prompt).map(|prompt| prompt.put(&mut check));
            if !matches!(read, Some(Ok(()))) {
                return unsupported();
            }
        }
    }
    let given = fields.get("value").filter(|value| !value.is_null());
    if let Some(language) = language {
        let config = fields.get("config").filter(|config| !config.is_null());
        return exec::of_assertion(language, given, config)
            .map_or_else(unsupported, |value| Ok(Check { value: Some(value), ..check }));
    }
    if given.and_then(Value::as_str).is_some_and(|value| value.starts_with("file://")) {
        return unsupported();
    }
    // What is judged may stand in the prompt.
    if given.is_none() && takes_prompt(kind.kind) && fields.contains_key("judge_prompt") {
        return Ok(check);
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

/// Reads the messages of a key of our own.
fn own_messages(fields: &Map<String, Value>, key: &str) -> Result<Option<Vec<Turn>>, String> {
    let own = fields.get(key).filter(|own| !own.is_null()).cloned();
    own.map(serde_json::from_value).transpose().map_err(|error| format!("{key}: expected messages: {error}"))
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
    of_json(&Value::Object(object(cell)?))
}

/// What a value came to.
enum Read {
    Value(Option<Value>),
    NotHere,
}

fn value(kind: CheckKind, given: Option<&Value>) -> Result<Read, String> {
    let missing = || format!("value: `{}` needs one", kind.name());
    let wrong = |wanted: &str, found: &Value| Err(format!("value: expected {wanted}, found {}", shown(found)));
    let read = match (spec(kind).imported, given) {
        (ImportedValue::Nothing, _) | (ImportedValue::Schema, None) => None,
        (ImportedValue::AsItIs, given) => given.cloned(),
        (
            ImportedValue::TextOrJson
            | ImportedValue::Text
            | ImportedValue::TextHere
            | ImportedValue::Texts
            | ImportedValue::Count,
            None,
        ) => return Err(missing()),
        (ImportedValue::TextOrJson, Some(json @ (Value::Array(_) | Value::Object(_)))) => Some(json.clone()),
        (ImportedValue::TextOrJson, Some(other)) => plain(other).map(Value::String),
        (ImportedValue::Text, Some(other)) => match plain(other) {
            Some(text) => Some(Value::String(text)),
            None => return wrong("a text", other),
        },
        (ImportedValue::TextHere, Some(other)) => match plain(other) {
            Some(text) => Some(Value::String(text)),
            None => return Ok(Read::NotHere),
        },
        (ImportedValue::Texts, Some(Value::Array(items))) => {
            let texts = items.iter().map(|item| plain(item).map(Value::String)).collect::<Option<Vec<_>>>();
            match texts {
                Some(texts) if !texts.is_empty() => Some(Value::Array(texts)),
                _ => return wrong("a list of texts", &Value::Array(items.clone())),
            }
        }
        (ImportedValue::Texts, Some(other)) => match plain(other) {
            Some(text) => Some(Value::Array(list(&text).into_iter().map(Value::String).collect())),
            None => return wrong("a list of texts", other),
        },
        (ImportedValue::Schema, Some(Value::String(text))) if text.trim().is_empty() => None,
        // promptfoo reads a text as YAML too, which may be a schema that is not understood here.
        (ImportedValue::Schema, Some(Value::String(text))) => match serde_json::from_str(text) {
            Ok(schema @ (Value::Object(_) | Value::Bool(_))) => Some(schema),
            _ => return Ok(Read::NotHere),
        },
        (ImportedValue::Schema, Some(schema @ (Value::Object(_) | Value::Bool(_)))) => Some(schema.clone()),
        (ImportedValue::Schema, Some(other)) => return wrong("a JSON Schema", other),
        (ImportedValue::Count, Some(Value::String(text))) => {
            Some(text.trim().parse::<u64>().map_or_else(|_| json!(text), Value::from))
        }
        (ImportedValue::Count, Some(other)) => Some(other.clone()),
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

/// Writes a check that promptfoo has under another name as it is written there; none where it has the same name, or cannot
/// be written there whole.
#[must_use]
pub fn renamed(written: &Check) -> Option<Value> {
    OTHER_NAMES.iter().find(|(_, kind)| *kind == written.kind.kind)?;
    let mut fields: Map<String, Value> = check(written).ok()?.into_iter().collect();
    fields.extend(written.repeat.map(|times| ("repeat".to_owned(), times.into())));
    Some(Value::Object(fields))
}

/// Makes a check that starts a program one that does not run: whoever wrote a row of a data set has not been agreed to.
#[must_use]
pub fn without_program(check: Check) -> Check {
    if check.kind.kind != CheckKind::Exec && check.context.is_none() {
        return check;
    }
    let why = "a row of a data set starts no program; write the check into the prompt, or agree to it with --trust";
    Check { metric: check.metric.clone(), weight: check.weight, ..Check::unusable(&check.kind.to_string(), why) }
}

/// Lists the names that others have for a kind.
pub(crate) fn names_there(kind: CheckKind) -> impl Iterator<Item = &'static str> {
    OTHER_NAMES.iter().filter(move |(_, own)| *own == kind).map(|(name, _)| *name)
}

/// Reads the name of a kind: ours, or another program's for the same.
pub(crate) fn kind_of(name: &str) -> Option<CheckType> {
    let (plain, not) = name.strip_prefix("not-").map_or((name, false), |plain| (plain, true));
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == plain).map(|(_, kind)| CheckType { kind: *kind, not });
    other.or_else(|| name.parse().ok())
}

fn not_here(name: &str) -> bool {
    let plain = name.strip_prefix("not-").unwrap_or(name);
    why_not(plain).is_some() || plain.starts_with("promptfoo:redteam:")
}

fn skipped(fields: &Map<String, Value>) -> Result<Check, String> {
    Ok(Check {
        metric: text(fields, "metric")?,
        weight: number(fields, "weight")?,
        ..Check::of(CheckKind::Unsupported).with(Value::Object(fields.clone()))
    })
}

/// The kinds that are known, those that cannot be applied here included.
fn known_kinds() -> impl Iterator<Item = &'static str> {
    let others = OTHER_NAMES.iter().map(|(name, _)| *name);
    CheckKind::ALL.iter().map(|kind| kind.name()).chain(others).chain(NOT_HERE.iter().map(|(name, _)| *name))
}

/// Tells whether a kind is known to neither program and is no slip of one that is.
pub(crate) fn is_unheard_of(name: &str) -> bool {
    let plain = name.strip_prefix("not-").unwrap_or(name);
    kind_of(name).is_none() && !not_here(name) && slip(plain, known_kinds()).is_empty()
}

/// The key under which an assertion that was found not to run says why.
const MISTAKE: &str = "mistake";

/// Tells whether an assertion of a kind that is applied here has no such key, and it is no slip of one it has.
pub(crate) fn is_idle_key(name: &str, key: &str) -> bool {
    !not_here(name) && key != MISTAKE && !KEYS.contains(&key) && slip(key, KEYS.iter().copied()).is_empty()
}

fn unknown(name: &str) -> String {
    let known = known_kinds();
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

/// Turns a cell into the object that says the same.
pub(crate) fn object(cell: &str) -> Result<Map<String, Value>, String> {
    let made = |name: &str, value: Option<Value>| {
        let fields = [("type".to_owned(), json!(name))];
        fields.into_iter().chain(value.map(|value| ("value".to_owned(), value))).collect::<Map<_, _>>()
    };
    for (start, name) in [
        ("javascript:", "javascript"),
        ("fn:", "javascript"),
        ("eval:", "javascript"),
        ("python:", "python"),
        ("ruby:", "ruby"),
        ("grade:", "llm-rubric"),
    ] {
        if let Some(rest) = cell.strip_prefix(start) {
            return Ok(made(name, Some(json!(rest.trim()))));
        }
    }
    if let Some(path) = cell.strip_prefix("file://") {
        let ending = path.split(':').next().and_then(|path| path.rsplit('.').next()).unwrap_or_default();
        let language = CheckLanguage::ALL.into_iter().find(|language| language.endings().contains(&ending));
        return Ok(made(language.unwrap_or(CheckLanguage::JavaScript).name(), Some(json!(cell))));
    }
    let Some((name, threshold, value)) = parts(cell) else {
        return mistyped(cell).map_or_else(|| Ok(made("equals", Some(json!(cell)))), Err);
    };
    let plain = name.strip_prefix("not-").unwrap_or(name);
    let mut fields = made(name, None);
    let (mut value, mut threshold) = (value.map(str::trim).filter(|value| !value.is_empty()), threshold);
    match plain {
        "latency" | "cost" => {
            threshold = match (threshold, value.take()) {
                (None, Some(value)) => Some(
                    value
                        .parse()
                        .map_err(|_unread| format!("expected a number after `{name}:`, found {}", quoted(value)))?,
                ),
                (None, None) => return Err(format!("`{name}` needs its limit: write `{name}(LIMIT)`")),
                (threshold, _) => threshold,
            };
        }
        "levenshtein" | "rouge-n" | "similar" => threshold = threshold.or(Some(CELL_THRESHOLD)),
        "equals" | "contains" | "icontains" | "starts-with" | "regex" => value = value.or(Some("")),
        _ => {}
    }
    if let Some(value) = value {
        fields.insert("value".to_owned(), json!(value));
    }
    if let Some(threshold) = threshold {
        fields.insert("threshold".to_owned(), json!(threshold));
    }
    Ok(fields)
}

/// Says what is wrong with a text that begins like a check of nearly a known kind.
fn mistyped(cell: &str) -> Option<String> {
    let word = cell.split([':', '(']).next().filter(|word| word.len() < cell.len())?;
    let plain = word.strip_prefix("not-").unwrap_or(word);
    let known = || CheckKind::ALL.iter().filter(|kind| **kind != CheckKind::Unsupported).map(|kind| kind.name());
    let is_word = plain.len() > 3 && plain.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_' | ' '));
    let near = nearest(&plain.to_lowercase().replace(['_', ' '], "-"), known()).filter(|_| is_word)?;
    Some(format!(
        "{} is no kind of check; did you mean `{near}`? For the text itself write `equals: {cell}`",
        quoted(word)
    ))
}

/// Splits `type(0.8): value`; none if the cell does not begin with a known kind.
fn parts(cell: &str) -> Option<(&str, Option<f64>, Option<&str>)> {
    let plain = cell.strip_prefix("not-").unwrap_or(cell);
    let known = CheckKind::ALL.iter().filter(|kind| **kind != CheckKind::Unsupported).map(|kind| kind.name());
    let others = OTHER_NAMES.iter().map(|(name, _)| *name);
    known.chain(others).chain(NOT_HERE.iter().map(|(name, _)| *name)).filter(|name| *name != "assert-set").find_map(
        |name| {
            let mut rest = plain.strip_prefix(name)?;
            let mut threshold = None;
            if let Some(inside) = rest.strip_prefix('(') {
                let (figure, after) = inside.split_once(')')?;
                figure.chars().all(|c| c.is_ascii_digit() || c == '.').then_some(())?;
                (threshold, rest) = (Some(figure.parse().ok()?), after);
            }
            let value = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
            let length = cell.len() - plain.len() + name.len();
            Some((cell.get(..length)?, threshold, value))
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::CheckKind;

    #[test]
    fn a_cell_says_what_its_object_says() {
        for (cell, object) in [
            ("Paris", json!({"type": "equals", "value": "Paris"})),
            (" equals: 4 ", json!({"type": "equals", "value": 4})),
            ("note: not a kind", json!({"type": "equals", "value": "note: not a kind"})),
            ("contains", json!({"type": "contains", "value": ""})),
            ("not-contains:x: y", json!({"type": "not-contains", "value": "x: y"})),
            ("contains-any: <b>,</span>", json!({"type": "contains-any", "value": ["<b>", "</span>"]})),
            ("icontains-all: \"1,000\", a\\,b,c", json!({"type": "icontains-all", "value": ["1,000", "a,b", "c"]})),
            ("rouge-n(0.6): a b", json!({"type": "rouge-n", "value": "a b", "threshold": 0.6})),
            ("rouge-n: a b", json!({"type": "rouge-n", "value": "a b", "threshold": 0.75})),
            ("levenshtein(5): ab", json!({"type": "levenshtein", "value": "ab", "threshold": 5})),
            ("latency(1500)", json!({"type": "latency", "threshold": 1500})),
            ("cost: 0.01", json!({"type": "cost", "threshold": 0.01})),
            ("is-json", json!({"type": "is-json"})),
            ("is-json: {\"type\":\"object\"}", json!({"type": "is-json", "value": {"type": "object"}})),
            ("word-count: 3", json!({"type": "word-count", "value": 3})),
            ("grade: kind", json!({"type": "llm-rubric", "value": "kind"})),
            ("llm-rubric(0.8): kind", json!({"type": "llm-rubric", "value": "kind", "threshold": 0.8})),
            ("fn:output.length < 10", json!({"type": "javascript", "value": "output.length < 10"})),
            ("python: len(output)", json!({"type": "python", "value": "len(output)"})),
            ("file://check.py:run", json!({"type": "python", "value": "file://check.py:run"})),
            ("similar(0.8):Hello", json!({"type": "similar", "value": "Hello", "threshold": 0.8})),
        ] {
            assert_eq!(of_text(cell), of_json(&object), "{cell}");
            assert!(of_text(cell).is_ok(), "{cell}");
        }
    }

    #[test]
    fn what_cannot_be_applied_is_kept_as_it_was_written_and_skipped() {
        for object in [
            json!({"type": "webhook", "value": "true", "metric": "m", "anything": 1}),
            json!({"type": "latency", "threshold": 1, "transform": "output.a"}),
            json!({"type": "python", "value": "'{{ expected }}' in output"}),
            json!({"type": "javascript", "value": "file://check.ts"}),
            json!({"type": "python", "value": "True", "transform": "output.split(',')"}),
            json!({"type": "not-similar:dot", "value": "a"}),
            json!({"type": "contains", "value": "a", "transform": "file://trim.js"}),
            json!({"type": "contains", "value": "file://a.txt"}),
            json!({"type": "is-json", "value": "type: object"}),
            json!({"type": "llm-rubric", "value": "kind", "rubricPrompt": "file://p.js"}),
            json!({"type": "g-eval", "value": "kind", "rubricPrompt": {"steps": "{{ criteria }}"}}),
            json!({"type": "answer-relevance", "rubricPrompt": "p"}),
            json!({"type": "llm-rubric", "value": "kind", "rubricPrompt": ["p", "q"]}),
            json!({"type": "context-faithfulness", "rubricPrompt": "p"}),
            json!({"type": "llm-rubric", "value": "kind", "provider": {"id": "x"}}),
            json!({"type": "assert-set", "assert": []}),
            json!({"type": "promptfoo:redteam:pii"}),
        ] {
            let check = of_json(&object).unwrap();
            assert_eq!((check.kind.kind, check.value.as_ref()), (CheckKind::Unsupported, Some(&object)));
        }
    }

    #[test]
    fn a_mistake_names_its_key() {
        for (object, words) in [
            (json!("contains: a"), "an object with a `type`"),
            (json!({"value": 1}), "type: it is missing"),
            (json!({"type": "contians", "value": 1}), "did you mean `contains`?"),
            (json!({"type": "contains", "valuee": 1}), "`valuee`: an assertion has no such key; did you mean `value`?"),
            (json!({"type": "contains"}), "value: `contains` needs one"),
            (json!({"type": "contains", "value": {}}), "value: expected a text"),
            (json!({"type": "contains-any", "value": []}), "value: expected a list of texts"),
            (json!({"type": "latency"}), "threshold: `latency` needs one"),
            (json!({"type": "cost", "threshold": "1"}), "threshold: expected a number"),
            (json!({"type": "equals", "value": 1, "weight": -1}), "weight: expected a number of 0 or more"),
            (json!({"type": "json-path", "op": "~"}), "op: expected one of"),
        ] {
            let error = of_json(&object).unwrap_err();
            assert!(error.contains(words), "{object}: {error}");
        }
        assert!(of_text("latency").unwrap_err().contains("latency(LIMIT)"));
        assert!(of_text("cost: cheap").unwrap_err().contains("expected a number"));
    }

    #[test]
    fn what_is_set_is_kept() {
        let check = of_json(&json!({"type": "not-llm-rubric", "value": "rude", "provider": "openai:gpt", "weight": 0,
        "metric": "tone", "threshold": 0.5, "repeat": 3}))
        .unwrap();
        assert!(check.kind.not);
        assert_eq!((check.judge.as_deref(), check.weight, check.repeat), (Some("openai:gpt"), Some(0.0), Some(3)));
        assert_eq!((check.metric.as_deref(), check.threshold), (Some("tone"), Some(0.5)));
    }

    #[test]
    fn what_others_call_otherwise_is_known_by_their_names() {
        for (object, name, value) in [
            (json!({"type": "python", "value": "len(output) > 3"}), "exec", json!({"python": "len(output) > 3"})),
            (
                json!({"type": "not-javascript", "value": "file://a.js:f", "config": {"n": 1}}),
                "not-exec",
                json!({"javascript": "file://a.js:f", "config": {"n": 1}}),
            ),
            (json!({"type": "ruby", "value": "file://a.rb:f"}), "exec", json!({"ruby": "file://a.rb:f"})),
            (json!({"type": "is-valid-openai-function-call"}), "is-valid-function-call", Value::Null),
            (json!({"type": "max-score", "value": {"method": "sum"}}), "max-score", json!({"method": "sum"})),
            (json!({"type": "conversation-relevance", "threshold": 0.9}), "conversation-relevance", Value::Null),
            (json!({"type": "equals", "value": "a", "transform": "output[0].b"}), "equals", json!("a")),
            (json!({"type": "model-graded-factuality", "value": "Oslo"}), "factuality", json!("Oslo")),
            (json!({"type": "context-faithfulness", "threshold": 0.9}), "faithfulness", Value::Null),
            (
                json!({"type": "context-faithfulness", "contextTransform": "output.sources"}),
                "faithfulness",
                Value::Null,
            ),
            (
                json!({"type": "context-recall", "value": "Oslo", "contextTransform": "file://a.py:sources"}),
                "context-recall",
                json!("Oslo"),
            ),
            (json!({"type": "classifier", "value": "calm", "threshold": 0.5}), "classifier", json!("calm")),
            (json!({"type": "not-classifier"}), "not-classifier", Value::Null),
            (json!({"type": "answer-relevance", "threshold": 0.9}), "relevance", Value::Null),
            (
                json!({"type": "llm-rubric", "value": "kind", "rubricPrompt": "{{ output }}? {{ rubric }}"}),
                "llm-rubric",
                json!("kind"),
            ),
            (
                json!({"type": "factuality", "value": "Oslo", "rubricPrompt": [{"role": "system", "content": "Grade."},
                    {"role": "user", "content": "{{ completion }} {{ ideal }}"}]}),
                "factuality",
                json!("Oslo"),
            ),
            (json!({"type": "g-eval", "value": ["kind", "short"]}), "g-eval", json!(["kind", "short"])),
            (json!({"type": "g-eval", "value": "kind", "rubricPrompt": "left out"}), "g-eval", json!("kind")),
            (
                json!({"type": "g-eval", "value": "kind", "rubricPrompt": {
                    "steps": "How? {{ criteria }}", "evaluate": "By {{ steps }}: {{ output }}, to {{ maxScore }}"}}),
                "g-eval",
                json!("kind"),
            ),
            (
                json!({"type": "g-eval", "value": "kind", "rubricPrompt": {"evaluate": "{{ steps }}: {{ output }}"}}),
                "g-eval",
                json!("kind"),
            ),
            (
                json!({"type": "context-faithfulness", "rubricPrompt": ["{{ answer }}", "{{ context }} {{ statements }}"]}),
                "faithfulness",
                Value::Null,
            ),
            (
                json!({"type": "context-recall", "value": "Oslo", "rubricPrompt": "{{ context }} {{ groundTruth }}"}),
                "context-recall",
                json!("Oslo"),
            ),
            (
                json!({"type": "context-relevance", "rubricPrompt": "{{ context }} {{ query }}"}),
                "context-relevance",
                Value::Null,
            ),
            (
                json!({"type": "select-best", "value": "kind", "rubricPrompt": "{{ outputs }} {{ criteria }}"}),
                "select-best",
                json!("kind"),
            ),
            (
                json!({"type": "conversation-relevance", "rubricPrompt": "{{ messages }}"}),
                "conversation-relevance",
                Value::Null,
            ),
        ] {
            let check = of_json(&object).unwrap();
            assert_eq!(
                (check.kind.to_string().as_str(), check.value.clone().unwrap_or_default()),
                (name, value),
                "{object}"
            );
            assert!(crate::eval::check::validate(std::slice::from_ref(&check)).is_ok(), "{object}");
            let [written] =
                &asserted(&Response { format: Format::Text, ..Response::default() }, std::slice::from_ref(&check))[..]
            else {
                panic!("{object}")
            };
            let again = of_json(&Value::Object(written.clone().unwrap().into_iter().collect()));
            assert_eq!(again, Ok(check), "it is written so that it is read as the same");
        }
    }

    #[test]
    fn a_row_of_its_own_starts_no_program() {
        let check = of_text("python: open('x', 'w')").unwrap();
        let kept = without_program(Check { weight: Some(2.0), ..check.negated() });
        assert_eq!((kept.kind.kind, kept.weight), (CheckKind::Unsupported, Some(2.0)));
        assert_eq!(without_program(Check::of(CheckKind::IsJson)), Check::of(CheckKind::IsJson));
        let takes = of_json(&json!({"type": "context-relevance", "contextTransform": "output"})).unwrap();
        assert_eq!(without_program(takes).kind.kind, CheckKind::Unsupported);
        for code in ["{{ x }}", "file://a.rb", "file://a.txt"] {
            let kept = of_json(&json!({"type": "context-relevance", "contextTransform": code})).unwrap();
            assert_eq!(kept.kind.kind, CheckKind::Unsupported, "{code}");
        }
    }
}
