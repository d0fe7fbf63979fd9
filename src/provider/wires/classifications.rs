//! The labels of a text, each with a score. They are an answer like any other, whose text is `{"classification": {LABEL: SCORE}}`
//! as JSON, with `"open": true` where a label that is not there was not found, and not unknown.

use serde_json::{Map, Number, Value, json};

use crate::{
    model::{CallError, ErrorKind, Finish},
    provider::{
        WireEvent,
        wires::{DeltaKind, StreamProgress, text},
    },
};

/// The names of the field that has a label of the whole text, and of those that have one of a piece of it.
const OF_TEXT: &str = "label";
const OF_PIECE: &[&str] = &["entity_group", "entity"];

/// Finds the labels in a list of them: of the text, or of its pieces, of which the highest score of each counts. None where it
/// is no such list.
pub(crate) fn read(rows: &[Value]) -> Option<Result<Value, CallError>> {
    let label = |row: &Value| {
        let of_piece = || OF_PIECE.iter().find_map(|name| Some((text(row, name)?.to_owned(), true)));
        text(row, OF_TEXT).map(|label| (label.to_owned(), false)).or_else(of_piece)
    };
    let labels = rows.iter().map(label).collect::<Option<Vec<_>>>()?;
    // A text without a piece that has a label is answered with an empty list.
    let open = labels.iter().all(|(_, piece)| *piece);
    let mut found: Map<String, Value> = Map::new();
    for ((label, _), row) in labels.into_iter().zip(rows) {
        let Some(score) = row.get("score").and_then(Value::as_f64).and_then(Number::from_f64) else {
            let words = "the provider sent a classification with a score that is no number";
            return Some(Err(CallError::new(ErrorKind::Transient, words)));
        };
        let higher = found.get(&label).and_then(Value::as_f64).is_none_or(|known| score.as_f64() > Some(known));
        if higher {
            found.insert(label, score.into());
        }
    }
    Some(Ok(if open { json!({ "classification": found, "open": true }) } else { json!({ "classification": found }) }))
}

/// Says the labels of a response.
pub(crate) fn say(progress: &mut StreamProgress, labels: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
    progress.begun = true;
    progress.say(DeltaKind::Text, labels.to_string(), out);
    progress.finish(Finish::Stop, out);
    progress.mark(out)
}
