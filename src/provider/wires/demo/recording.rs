//! What a real model answered to the starter prompts, and when: `assets/demo/*.jsonl`.
//!
//! A recording is what `retort run PROMPT -i FILE -m MODEL --json` prints. Only what is needed to
//! play it is read.

use std::{sync::LazyLock, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    model::{Finish, Message, Usage},
    provider::{Call, WireFormat},
};

const FILES: &[&str] = &[
    include_str!("../../../../assets/demo/sentiment.jsonl"),
    include_str!("../../../../assets/demo/extract.jsonl"),
    include_str!("../../../../assets/demo/summary.jsonl"),
];

static RECORDINGS: LazyLock<Vec<Recording>> =
    LazyLock::new(|| FILES.iter().filter_map(|lines| Recording::read(lines)).collect());

/// The wait for a token where there is no recording to take it from.
const TOKEN: Duration = Duration::from_millis(25);

/// One recorded answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Recording {
    messages: Vec<Message>,
    /// From sending to the headers.
    pub(crate) first_byte: Duration,
    /// The answer in the model's own pieces, each with the wait before it.
    pub(crate) pieces: Vec<(Duration, String)>,
    /// Why the model stopped.
    pub(crate) finish: Finish,
    /// The tokens the server counted.
    pub(crate) usage: Usage,
}

/// A line of a recording, as far as it matters here.
#[derive(Deserialize)]
struct RecordingLine {
    at: Duration,
    #[serde(flatten)]
    event: Event,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
enum Event {
    Prepared {
        messages: Vec<Message>,
    },
    Attempt,
    Headers,
    Delta {
        part: String,
        text: String,
    },
    Ended {
        outcome: Outcome,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Outcome {
    finish: Option<Finish>,
    usage: Usage,
}

impl Recording {
    /// Reads a recording; none if a line is broken or the run did not end.
    fn read(lines: &str) -> Option<Self> {
        let mut messages = Vec::new();
        let (mut sent, mut headers) = (Duration::ZERO, Duration::ZERO);
        let (mut last, mut pieces) = (Duration::ZERO, Vec::new());
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let RecordingLine { at, event } = serde_json::from_str(line).ok()?;
            match event {
                Event::Prepared { messages: prepared } => messages = prepared,
                Event::Attempt => {
                    (sent, headers, last) = (at, at, at);
                    pieces.clear();
                }
                Event::Headers => (headers, last) = (at, at),
                Event::Delta { part, text } if part == "text" => {
                    pieces.push((at.saturating_sub(last), text));
                    last = at;
                }
                Event::Ended { outcome } => {
                    let first_byte = headers.saturating_sub(sent);
                    return Some(Self { messages, first_byte, pieces, finish: outcome.finish?, usage: outcome.usage });
                }
                Event::Delta { .. } | Event::Other => {}
            }
        }
        None
    }

    fn answers(&self, call: &Call) -> bool {
        let same = |(ours, theirs): (&Message, &Message)| {
            ours.role == theirs.role && ours.content.trim() == theirs.content.trim()
        };
        self.messages.len() == call.messages.len()
            && self.messages.iter().zip(&call.messages).all(same)
            && self.has_form(&call.format)
    }

    /// Tells whether the answer is what this format would have brought, so that a changed format
    /// is answered afresh.
    fn has_form(&self, format: &WireFormat) -> bool {
        let text: String = self.pieces.iter().map(|(_, text)| text.as_str()).collect();
        let answer: Option<Map<String, Value>> = serde_json::from_str(&text).ok();
        match (format, answer) {
            (WireFormat::Text, answer) => answer.is_none(),
            (WireFormat::JsonObject, answer) => answer.is_some(),
            (WireFormat::JsonSchema(schema), Some(answer)) => has_shape(&answer, schema),
            (WireFormat::JsonSchema(_), None) => false,
        }
    }
}

/// Tells whether an object has a schema's properties, no others, each of its type and choice.
fn has_shape(answer: &Map<String, Value>, schema: &Value) -> bool {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return true;
    };
    properties.len() == answer.len()
        && properties.iter().all(|(name, property)| {
            answer.get(name).is_some_and(|value| {
                let choice = property.get("enum").and_then(Value::as_array);
                let kind = property.get("type").and_then(Value::as_str);
                choice.is_none_or(|choice| choice.contains(value)) && kind.is_none_or(|kind| is_a(value, kind))
            })
        })
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// Returns the recording of a call: the same messages, and an answer of the form asked for.
pub(crate) fn find(call: &Call) -> Option<&'static Recording> {
    RECORDINGS.iter().find(|recording| recording.answers(call))
}

/// Returns waits between tokens without end, drawn from the recorded ones from a place `seed` tells.
pub(crate) fn pace(seed: u64) -> impl Iterator<Item = Duration> {
    let mut waits: Vec<Duration> =
        RECORDINGS.iter().flat_map(|recording| recording.pieces.iter().skip(1).map(|(wait, _)| *wait)).collect();
    if waits.is_empty() {
        waits.push(TOKEN);
    }
    let start = usize::try_from(seed % waits.len() as u64).unwrap_or(0);
    waits.rotate_left(start);
    waits.into_iter().cycle()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_reads_and_holds_an_answer_in_its_own_time() {
        for lines in FILES {
            let recording = Recording::read(lines).expect("a recording");
            assert!(recording.messages.len() >= 2 && recording.pieces.len() > 5);
            assert_eq!(recording.finish, Finish::Stop);
            assert!(recording.usage.output.is_some() && !recording.usage.estimated);
            let first = recording.pieces[0].0;
            let whole: Duration = recording.pieces.iter().map(|(wait, _)| *wait).sum();
            assert!(first < Duration::from_secs(1), "{first:?} to the first token");
            assert!(whole > first && whole < Duration::from_secs(6), "{whole:?} in all");
        }
    }

    #[test]
    fn a_broken_or_unfinished_recording_is_none() {
        assert_eq!(Recording::read(""), None);
        assert_eq!(Recording::read("{\"at\":{\"secs\":0,\"nanos\":0},\"event\":\"attempt\"}"), None);
        assert_eq!(Recording::read("not json"), None);
    }

    #[test]
    fn a_changed_schema_no_longer_fits_the_answer() {
        let answer = serde_json::json!({"sentiment": "negative", "confidence_score": 0.94});
        let answer = answer.as_object().unwrap();
        let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let same =
            r#"{"properties":{"sentiment":{"enum":["negative","positive"]},"confidence_score":{"type":"number"}}}"#;
        assert!(has_shape(answer, &schema(same)));
        for changed in [
            r#"{"properties":{"sentiment":{},"confidence_score":{},"reason":{}}}"#,
            r#"{"properties":{"sentiment":{"enum":["good","bad"]},"confidence_score":{}}}"#,
            r#"{"properties":{"sentiment":{},"confidence_score":{"type":"string"}}}"#,
            r#"{"properties":{"sentiment":{}}}"#,
        ] {
            assert!(!has_shape(answer, &schema(changed)), "{changed}");
        }
    }
}
