//! The text of an `__expected` cell as the object that says the same.

use serde_json::{Map, Value, json};

use super::{CELL_THRESHOLD, NOT_HERE};
use crate::{
    model::{CheckKind, catalog::nearest},
    store::mistake::quoted,
};

/// Turns a cell into the object that says the same.
pub(super) fn object(cell: &str) -> Result<Map<String, Value>, String> {
    let made = |name: &str, value: Option<Value>| {
        let fields = [("type".to_owned(), json!(name))];
        fields.into_iter().chain(value.map(|value| ("value".to_owned(), value))).collect::<Map<_, _>>()
    };
    for (start, name) in [
        ("javascript:", "javascript"),
        ("fn:", "javascript"),
        ("eval:", "javascript"),
        ("python:", "python"),
        ("grade:", "llm-rubric"),
    ] {
        if let Some(rest) = cell.strip_prefix(start) {
            return Ok(made(name, Some(json!(rest.trim()))));
        }
    }
    if let Some(path) = cell.strip_prefix("file://") {
        let python = path.split(':').next().is_some_and(|path| path.rsplit('.').next() == Some("py"));
        return Ok(made(if python { "python" } else { "javascript" }, Some(json!(path))));
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
        "levenshtein" | "rouge-n" => threshold = threshold.or(Some(CELL_THRESHOLD)),
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
    known.chain(NOT_HERE.iter().copied()).filter(|name| *name != "assert-set").find_map(|name| {
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
    })
}
