//! What stands in a run's columns, made from the model and read back.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Error, Row, types::Type};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    model::{Params, outcome::AttemptUsage},
    pipeline::event::{Next, RunEvent, Told},
};

/// One call of a run.
#[derive(Debug, Default)]
pub(super) struct AttemptRow {
    pub(super) number: u32,
    pub(super) target: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) key: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) class: Option<String>,
    pub(super) wait: Option<i64>,
    /// What it took, where that is known.
    pub(super) took: Option<AttemptUsage>,
}

/// Folds a timeline into its calls, each with what it took.
pub(super) fn attempts(timeline: &[Told], took: &[AttemptUsage]) -> Vec<AttemptRow> {
    let mut rows: Vec<AttemptRow> = Vec::new();
    for told in timeline {
        match &told.event {
            RunEvent::Attempt { number, target, provider, model, key, .. } => rows.push(AttemptRow {
                number: *number,
                target: target.clone(),
                provider: provider.clone(),
                model: model.clone(),
                key: key.clone(),
                ..AttemptRow::default()
            }),
            RunEvent::Headers { attempt, status, .. } => {
                if let Some(row) = rows.iter_mut().find(|row| row.number == *attempt) {
                    row.status = Some(*status);
                }
            }
            RunEvent::AttemptFailed { attempt, fault, next } => {
                if let Some(row) = rows.iter_mut().find(|row| row.number == *attempt) {
                    row.status = fault.status.or(row.status);
                    row.class = Some(fault.class.to_string());
                    row.wait = match next {
                        Next::Retry { wait } | Next::NextKey { wait, .. } => Some(microseconds(*wait)),
                        Next::NextModel { .. } | Next::GiveUp => None,
                    };
                }
            }
            _ => {}
        }
    }
    for took in took {
        match rows.iter_mut().find(|row| row.number == took.attempt) {
            Some(row) => row.took = Some(took.clone()),
            None => rows.push(AttemptRow {
                number: took.attempt,
                target: took.target.clone(),
                provider: took.provider.clone(),
                model: took.model.clone(),
                took: Some(took.clone()),
                ..AttemptRow::default()
            }),
        }
    }
    rows
}

/// Returns the parameters that were sent to the first target, if the run came that far.
pub(super) fn effective(timeline: &[Told]) -> Option<&Params> {
    timeline.iter().find_map(|told| match &told.event {
        RunEvent::Prepared { params, .. } => Some(params),
        _ => None,
    })
}

/// A count as SQLite holds it; one beyond its range is its largest.
pub(super) fn whole(count: Option<u64>) -> Option<i64> {
    count.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

pub(in crate::store) fn microseconds(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// Nanoseconds since 1970, held within the years 1677 to 2262.
pub(in crate::store) fn nanoseconds(time: Timestamp) -> i64 {
    let range = i128::from(i64::MIN)..=i128::from(i64::MAX);
    time.as_nanosecond().clamp(*range.start(), *range.end()) as i64
}

pub(in crate::store) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default()
}

pub(in crate::store) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

/// Reads a column of JSON.
pub(in crate::store) fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let damaged = |error: serde_json::Error| Error::FromSqlConversionFailure(column, Type::Text, error.into());
    serde_json::from_str(&text).map_err(damaged)
}
