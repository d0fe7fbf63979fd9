//! The formats of data sets by their names and by files' endings, and ranges of rows (`1-5,9,20-`) as they are written.

use std::{path::Path, str::FromStr};

use crate::{
    model::dataset::{DatasetFormat, RowRanges},
    text::suggest::{quoted, slip},
};

impl DatasetFormat {
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

/// Not a list of rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is no list of rows; write numbers from 1 and ranges of them, such as 1-5,9,20-", what = quoted(.0))]
pub struct NoRows(pub String);

/// Reads `1-5,9,20-`: numbers, ranges, and ranges without an end.
pub fn parse_rows(text: &str) -> Result<RowRanges, NoRows> {
    RowRanges::parse(text).ok_or_else(|| NoRows(text.to_owned()))
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
