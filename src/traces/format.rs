//! Which program wrote a file, by what is in it.

use std::io::BufRead;

use serde_json::{Map, Value};

use crate::{
    model::TraceFormat,
    traces::scan::{PathStep, RecordScanner},
};

/// Where the records of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceLayout {
    steps: &'static [PathStep],
    /// What wrote it, where the place of the records says so.
    format: Option<TraceFormat>,
}

/// Documents that are one object, by the keys that they all have near their beginning.
const DOCUMENTS: &[(&[&str], Option<TraceFormat>, &[PathStep])] = &[
    (
        &["resourceSpans"],
        Some(TraceFormat::Otlp),
        &[
            PathStep::Key("resourceSpans"),
            PathStep::Each,
            PathStep::Key("scopeSpans"),
            PathStep::Each,
            PathStep::Key("spans"),
            PathStep::Each,
        ],
    ),
    (&["status", "eval"], Some(TraceFormat::Inspect), &[PathStep::Key("samples"), PathStep::Each]),
    (
        &["results", "version"],
        Some(TraceFormat::Promptfoo),
        &[PathStep::Key("results"), PathStep::Key("results"), PathStep::Each],
    ),
    (&["data"], None, &[PathStep::Key("data"), PathStep::Each]),
];

/// A record by the keys it has: all of the first list, and one of the second unless that is empty.
const RECORDS: &[(&[&str], &[&str], TraceFormat)] = &[
    (&["span_kind", "attributes"], &[], TraceFormat::Phoenix),
    (&["type"], &["trace_id", "traceId"], TraceFormat::Langfuse),
    (&["prompt", "response"], &["datetime_utc", "options_json", "conversation_id"], TraceFormat::Llm),
    (&[], &["request_body", "response_body"], TraceFormat::Helicone),
    (&["model"], &["call_type", "spend", "response_cost"], TraceFormat::Litellm),
    (&["epoch", "input"], &[], TraceFormat::Inspect),
    (&["choices"], &["object", "model"], TraceFormat::Openai),
    (&["messages"], &[], TraceFormat::Openai),
    (&["item", "sample"], &[], TraceFormat::Openai),
];

impl TraceLayout {
    /// Finds the layout by how a file begins.
    ///
    /// # Errors
    ///
    /// Says what the file is, and what to do, where it is none that can be read.
    pub fn of_beginning(beginning: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(beginning);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with('[') {
            return Ok(Self { steps: &[PathStep::Each], format: None });
        }
        if !text.starts_with('{') {
            return Err("this is no JSON: what other programs log of their calls is JSON or JSON Lines".into());
        }
        let has = |key: &&str| text.contains(&format!("\"{key}\""));
        let first_line = text.lines().next().unwrap_or_default();
        // A record of a line may name such a key too, but is none of these documents.
        let is_line =
            serde_json::from_str::<Map<String, Value>>(first_line).is_ok_and(|line| format_of(&line).is_some());
        let known = DOCUMENTS.iter().filter(|_| !is_line).find(|(keys, ..)| keys.iter().all(has));
        Ok(known.map_or(Self { steps: &[], format: None }, |(_, format, steps)| Self { steps, format: *format }))
    }

    /// Reads the records of a file.
    pub fn scan<R: BufRead>(self, input: R) -> RecordScanner<R> {
        RecordScanner::new(input, self.steps)
    }

    /// Tells what wrote a record; none where no program is known to write such.
    #[must_use]
    pub fn format(self, record: &Map<String, Value>) -> Option<TraceFormat> {
        self.format.or_else(|| format_of(record))
    }
}

fn format_of(record: &Map<String, Value>) -> Option<TraceFormat> {
    let has = |key: &&str| record.contains_key(*key);
    let found = RECORDS.iter().find(|(all, one, _)| all.iter().all(has) && (one.is_empty() || one.iter().any(has)));
    found.map(|(.., format)| *format)
}
