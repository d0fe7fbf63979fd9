//! The rows of answers: a field each where they are JSON, the whole text where they are not.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Cell, Entry, Kind, Row, counted, tally};
use crate::model::Outcome;

/// Makes the rows of all answers.
pub(super) fn rows(lanes: &[Entry<'_>]) -> Vec<Row> {
    let answers: Vec<Vec<Vec<(String, String)>>> =
        lanes.iter().map(|lane| lane.outcomes.iter().map(|run| leaves(run)).collect()).collect();
    let mut seen = HashSet::new();
    let all = answers.iter().flatten().flatten().map(|(name, _)| name.as_str());
    let names: Vec<&str> = all.filter(|name| seen.insert(*name)).collect();
    let json = answers
        .iter()
        .map(|samples| samples.iter().filter(|leaves| !leaves.is_empty()).map(|leaves| by_place(leaves)).collect());
    let json: Vec<Vec<HashMap<&str, &str>>> = json.collect();
    let fields = names.into_iter().map(|name| {
        let value = |leaves: &HashMap<&str, &str>| (*leaves.get(name).unwrap_or(&"–")).to_owned();
        let lanes = json.iter().map(|samples| samples.iter().map(value).collect());
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

/// The leaves of a JSON value that has more than this many are not compared one by one, but as a text.
const MOST_LEAVES: usize = 20_000;

/// So is a value the places of whose leaves take more bytes than this.
const MOST_PLACES: usize = 4 * 1024 * 1024;

/// The leaves of an answer by their places; of two at one place, as a `/` in a name makes them, the first.
fn by_place(leaves: &[(String, String)]) -> HashMap<&str, &str> {
    leaves.iter().rev().map(|(place, value)| (place.as_str(), value.as_str())).collect()
}

/// The leaves of a JSON value, each with its place: `a/b/0`.
#[derive(Default)]
struct Leaves {
    listed: Vec<(String, String)>,
    bytes: usize,
}

impl Leaves {
    fn push(&mut self, place: &str, value: String) {
        self.bytes += place.len();
        if self.are_too_many() {
            return;
        }
        self.listed.push((place.to_owned(), value));
    }

    fn are_too_many(&self) -> bool {
        self.listed.len() >= MOST_LEAVES || self.bytes > MOST_PLACES
    }
}

/// Lists the leaves of a JSON answer; none where it is no object or list, or has too many.
fn leaves(run: &Outcome) -> Vec<(String, String)> {
    fn walk(value: &Value, place: &mut String, out: &mut Leaves) {
        let start = place.len();
        let mut below = |name: &str, value: &Value| {
            if out.are_too_many() {
                return;
            }
            if start > 0 {
                place.push('/');
            }
            place.push_str(name);
            walk(value, place, out);
            place.truncate(start);
        };
        match value {
            Value::Object(fields) if !fields.is_empty() => fields.iter().for_each(|(name, value)| below(name, value)),
            Value::Array(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value));
            }
            Value::String(text) => out.push(place, text.clone()),
            other => out.push(place, number(other)),
        }
    }
    let mut out = Leaves::default();
    if let Some(value) = run.json.as_deref().filter(|value| value.is_object() || value.is_array()) {
        walk(value, &mut String::new(), &mut out);
    }
    if out.are_too_many() { Vec::new() } else { out.listed }
}

/// Writes a value so that numbers of one value are one text: `1` for `1.0`.
fn number(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => number.to_string(),
        _ => value.to_string(),
    }
}
