//! Values as the columns of a database hold them, and back.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Error, Row, types::Type};
use serde::{Serialize, de::DeserializeOwned};

/// A count as SQLite holds it; one beyond its range is its largest.
pub(crate) fn whole(count: Option<u64>) -> Option<i64> {
    count.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// A length of time in microseconds; one beyond the range of a column is its largest.
pub(crate) fn microseconds(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// Nanoseconds since 1970, held within the years 1677 to 2262.
pub(crate) fn nanoseconds(time: Timestamp) -> i64 {
    let range = i128::from(i64::MIN)..=i128::from(i64::MAX);
    time.as_nanosecond().clamp(*range.start(), *range.end()) as i64
}

/// Reads a time from nanoseconds since 1970.
pub(crate) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default()
}

/// Writes a column of JSON.
pub(crate) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

/// Reads a column of JSON.
pub(crate) fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let damaged = |error: serde_json::Error| Error::FromSqlConversionFailure(column, Type::Text, error.into());
    serde_json::from_str(&text).map_err(damaged)
}
