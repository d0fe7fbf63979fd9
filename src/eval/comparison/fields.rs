//! The rows of answers: a field each where they are JSON, the whole text where they are not.

use serde_json::Value;

use super::{Cell, Entry, Kind, Row, counted, tally};
use crate::model::Outcome;

/// Makes the rows of all answers.
pub(super) fn rows(lanes: &[Entry<'_>]) -> Vec<Row> {
    let answers: Vec<Vec<Leaves>> =
        lanes.iter().map(|lane| lane.outcomes.iter().map(|run| leaves(run)).collect()).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in answers.iter().flatten().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let fields = names.into_iter().map(|name| {
        let lanes = answers.iter().map(|samples| {
            let json = samples.iter().filter(|leaves| !leaves.is_empty());
            json.map(|leaves| value(leaves, name)).collect()
        });
        row(name, Kind::Field, lanes.collect(), false)
    });
    let mut rows: Vec<Row> = fields.collect();
    let texts: Vec<Vec<String>> = lanes
        .iter()
        .zip(&answers)
        .map(|(lane, leaves)| {
            let runs = lane.outcomes.iter().zip(leaves);
            let plain = runs.filter(|(run, leaves)| leaves.is_empty() && !run.text.is_empty());
            plain.map(|(run, _)| run.text.trim().to_owned()).collect()
        })
        .collect();
    if texts.iter().any(|texts| !texts.is_empty()) {
        let json = answers.first().is_some_and(|samples| samples.iter().any(|leaves| !leaves.is_empty()));
        rows.push(row("answer", Kind::Answer, texts, json));
    }
    rows
}

/// Makes a row of what each lane's samples say. A lane differs where none of its samples says what
/// one of the baseline's does: anything less may be chance. A lane without an answer differs in
/// nothing; one that answers in words differs from a baseline that answers in JSON.
fn row(label: &str, kind: Kind, lanes: Vec<Vec<String>>, other_form: bool) -> Row {
    let lanes: Vec<Vec<(String, usize)>> = lanes.into_iter().map(counted).collect();
    let baseline = lanes.first().cloned().unwrap_or_default();
    let shared = |said: &(String, usize)| baseline.iter().any(|(known, _)| *known == said.0);
    let cells = lanes.into_iter().map(|said| Cell {
        differs: !said.is_empty() && (other_form || !baseline.is_empty()) && !said.iter().any(shared),
        text: if kind == Kind::Answer { listed(said) } else { tally(said) },
    });
    Row { label: label.to_owned(), kind, cells: cells.collect() }
}

/// Writes whole answers one below the other, each under how often it was given.
fn listed(mut said: Vec<(String, usize)>) -> String {
    if let [(only, _)] = said.as_slice() {
        return only.clone();
    }
    said.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    said.into_iter().map(|(text, count)| format!("{count}×\n{text}")).collect::<Vec<_>>().join("\n\n")
}

/// The leaves of a JSON value, each with its place: `a/b/0`.
type Leaves = Vec<(String, String)>;

fn value(leaves: &Leaves, name: &str) -> String {
    let found = leaves.iter().find(|(known, _)| known == name);
    found.map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
}

/// Lists the leaves of a JSON answer; none where it is no object or list.
fn leaves(run: &Outcome) -> Leaves {
    fn walk(value: &Value, place: &str, out: &mut Leaves) {
        let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                fields.iter().for_each(|(name, value)| walk(value, &below(name), out));
            }
            Value::Array(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(at, value)| walk(value, &below(&at.to_string()), out));
            }
            Value::String(text) => out.push((place.to_owned(), text.clone())),
            other => out.push((place.to_owned(), number(other))),
        }
    }
    let mut out = Vec::new();
    if let Some(value @ (Value::Object(_) | Value::Array(_))) = &run.json {
        walk(value, "", &mut out);
    }
    out
}

/// Writes a value so that numbers of one value are one text: `1` for `1.0`.
fn number(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => number.to_string(),
        _ => value.to_string(),
    }
}
