//! The formats of data sets, each told by a file's ending, and ranges of rows (`1-5,9,20-`).

use std::{fmt, path::Path, str::FromStr};

use crate::text::suggest::{quoted, slip};

/// The form of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatasetFormat {
    /// Records with a header (RFC 4180); whether `,`, `;`, a tab or `|` separates them is seen from the
    /// first records.
    Csv,
    /// Records with a header, separated by tabs.
    Tsv,
    /// One JSON value on each line.
    Jsonl,
    /// A JSON array.
    Json,
    /// A YAML list.
    Yaml,
    /// A text on each line.
    Lines,
    /// One text.
    Text,
    /// A folder, each file of which is a text.
    Folder,
}

impl DatasetFormat {
    /// Every form that can be asked for by its name.
    pub const NAMED: &[Self] = &[Self::Csv, Self::Tsv, Self::Jsonl, Self::Json, Self::Yaml, Self::Lines, Self::Text];

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Lines => "lines",
            Self::Text => "text",
            Self::Folder => "folder",
        }
    }

    /// Tells the form of a file or folder by its name; none if the name says nothing.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        if path.is_dir() {
            return Some(Self::Folder);
        }
        let ending = path.extension()?.to_string_lossy().to_lowercase();
        match ending.as_str() {
            "text" | "lines" => None,
            ending => ending.parse().ok(),
        }
    }
}

impl fmt::Display for DatasetFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No form has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no form {name}; the forms are {list}{near}", name = quoted(.0), list = names(), near = slip(.0, DatasetFormat::NAMED.iter().map(|form| form.name())))]
pub struct UnknownForm(pub String);

/// Lists the names of the forms.
pub(crate) fn names() -> String {
    DatasetFormat::NAMED.iter().map(|form| form.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for DatasetFormat {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ndjson" => Ok(Self::Jsonl),
            "yml" => Ok(Self::Yaml),
            _ => {
                Self::NAMED.iter().find(|form| form.name() == text).copied().ok_or_else(|| UnknownForm(text.to_owned()))
            }
        }
    }
}

/// Some of the rows of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRanges(Vec<(u64, Option<u64>)>);

/// Not a list of rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is no list of rows; write numbers from 1 and ranges of them, such as 1-5,9,20-", what = quoted(.0))]
pub struct NoRows(pub String);

/// Reads `1-5,9,20-`: numbers, ranges, and ranges without an end.
pub fn parse_rows(text: &str) -> Result<RowRanges, NoRows> {
    let wrong = || NoRows(text.to_owned());
    let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number > 0).ok_or_else(wrong);
    let range = |part: &str| match part.split_once('-') {
        None => number(part).map(|only| (only, Some(only))),
        Some((first, last)) if last.trim().is_empty() => Ok((number(first)?, None)),
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            if first > last { Err(wrong()) } else { Ok((first, Some(last))) }
        }
    };
    text.split(',').map(range).collect::<Result<_, _>>().map(RowRanges)
}

impl RowRanges {
    /// Takes one row alone.
    #[must_use]
    pub fn only(row: u64) -> Self {
        Self(vec![(row, Some(row))])
    }

    /// Tells whether a row, counted from 1, is among them.
    #[must_use]
    pub fn holds(&self, row: u64) -> bool {
        self.0.iter().any(|(first, last)| *first <= row && last.is_none_or(|last| row <= last))
    }

    /// Returns the last of them; none if they go on to the end.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.0.iter().map(|(_, last)| *last).try_fold(0, |most, last| Some(most.max(last?)))
    }
}

impl fmt::Display for RowRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match last {
                Some(last) if last == first => write!(f, "{first}")?,
                Some(last) => write!(f, "{first}-{last}")?,
                None => write!(f, "{first}-")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_written() {
        let rows = parse_rows("1-3, 9,20-").unwrap();
        assert_eq!(rows.to_string(), "1-3,9,20-");
        let held: Vec<u64> = (1..=22).filter(|row| rows.holds(*row)).collect();
        assert_eq!(held, [1, 2, 3, 9, 20, 21, 22]);
        assert_eq!((rows.last(), parse_rows("7,2-4").unwrap().last()), (None, Some(7)));
        for text in ["", "0", "5-2", "a", "1,,2", "-3", "1-2-3", "99999999999999999999"] {
            assert!(parse_rows(text).unwrap_err().to_string().contains("1-5,9,20-"), "{text}");
        }
    }
}
