//! Data sets as they are named, looked at and asked for: their form, their columns, the rows that are wanted.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::model::{check::Check, expected::EXPECTED, input::Input};

/// The name of the data set that is built in.
pub const SAMPLE: &str = "sample:messages.csv";

/// Where the rows of a batch are read, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSource {
    /// The path of the data set, or of a copy of it.
    pub path: String,
    /// Its form; read off its name where unset.
    pub format: Option<DatasetFormat>,
    /// The rows that are wanted; all where unset. The others keep their numbers.
    pub only: Option<RowRanges>,
    /// Which of those rows are picked, once they have been read; all where unset.
    pub pick: Option<RowPick>,
    /// What becomes of rows of CSV with fewer fields than the header.
    pub short: ShortRows,
    /// Whether a check that cannot be read is one that does not run, rather than an error of the whole.
    pub keep_going: bool,
    /// Whether the lines of its rows are those of the file a person named, and not of a copy in another form.
    pub has_lines: bool,
    /// Whether the user has agreed to the programs that its rows start.
    pub agreed: bool,
}

impl RowSource {
    /// Takes all rows of a data set, read as its name says.
    #[must_use]
    pub fn of(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            format: None,
            only: None,
            pick: None,
            short: ShortRows::default(),
            keep_going: false,
            has_lines: true,
            agreed: false,
        }
    }
}

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
}

impl fmt::Display for DatasetFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What becomes of rows with fewer fields than the header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShortRows {
    /// Their other fields are empty, and a note counts them.
    #[default]
    Padded,
    /// They are a mistake.
    Refused,
}

/// Rows that are picked by what they hold, or by chance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowPick {
    /// So many, spread over the data set by chance: the same ones each time.
    Sample(u64),
    /// Those whose column has a value.
    Where {
        /// The column's name.
        column: String,
        /// How the value is compared.
        test: RowTest,
        value: String,
    },
}

impl fmt::Display for RowPick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sample(rows) => write!(f, "sample {rows}"),
            Self::Where { column, test, value } => write!(f, "{column} {} {value}", test.sign()),
        }
    }
}

/// How the value of a column is compared with the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowTest {
    /// It is the same text.
    Is,
    /// It is another text.
    IsNot,
    /// It holds the text, whatever the case of its letters.
    Has,
}

impl RowTest {
    /// Every test, those first whose sign holds that of another.
    pub const ALL: [Self; 3] = [Self::IsNot, Self::Has, Self::Is];

    /// Returns the sign that is written for it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::Has => "~",
        }
    }
}

/// Some of the rows of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRanges(Vec<(u64, Option<u64>)>);

impl RowRanges {
    /// Joins ranges: the first row, counted from 1, and the last; none if they go on to the end.
    #[must_use]
    pub fn of(ranges: Vec<(u64, Option<u64>)>) -> Self {
        Self(ranges)
    }

    /// Reads `1-5,9,20-`: numbers, ranges, and ranges without an end; none where it is no such list.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number > 0);
        let range = |part: &str| match part.split_once('-') {
            None => number(part).map(|only| (only, Some(only))),
            Some((first, last)) if last.trim().is_empty() => Some((number(first)?, None)),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some((first, Some(last)))
            }
        };
        text.split(',').map(range).collect::<Option<_>>().map(Self)
    }

    /// Takes rows by their numbers, in any order.
    #[must_use]
    pub fn of_numbers(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let mut ranges: Vec<(u64, Option<u64>)> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some((_, Some(last))) if *last + 1 >= number => *last = number,
                _ => ranges.push((number, Some(number))),
            }
        }
        Self(ranges)
    }

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

/// One row of a data set: an input, and what is expected of the answers to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetRow {
    /// Its number, counted from 1.
    pub number: u64,
    /// The line of the file it begins on, counted from 1, where the file has lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What it is called, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub input: Input,
    /// Checks of its own, beside those of the prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The least score that passes, in place of the prompt's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<f64>,
    /// Further columns that are neither variables nor checks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl DatasetRow {
    /// Returns what it is called, if it says so in more than blanks.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.description.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }

    /// Names what shapes and judges the answers to it: the first eight bytes of the SHA-256 of its
    /// input and its checks as JSON.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        use sha2::{Digest as _, Sha256};
        let text = serde_json::to_vec(&(&self.input, &self.checks, self.min_score)).unwrap_or_default();
        let digest = Sha256::digest(text);
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// The characters of a row's text that a table keeps.
const SHOWN: usize = 120;

/// What the table shows of a row beside its cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowText {
    /// The row's number, counted from 1.
    pub number: u64,
    /// What it is called, or the beginning of its input, on one line.
    pub text: String,
    /// The beginning of what it expects, on one line; empty where it expects nothing.
    pub expected: String,
    /// Whether `text` is what it is called: the record has its input alone.
    pub named: bool,
}

impl RowText {
    /// Reads off a row what the table shows of it.
    #[must_use]
    pub fn of(row: &DatasetRow) -> Self {
        let expected = row.input.vars.get(EXPECTED).map_or("", |value| value.as_str());
        let name = row.name().map(|name| one_line(name.split_whitespace()));
        Self {
            number: row.number,
            named: name.is_some(),
            text: name.unwrap_or_else(|| summary(&row.input)),
            expected: one_line(expected.split_whitespace()),
        }
    }
}

/// Says in one line what a row asks: its text, or where it has none its variables.
fn summary(input: &Input) -> String {
    let text = Some(input.text.as_str()).filter(|text| !text.trim().is_empty());
    let vars =
        input.vars.iter().filter(|(name, _)| text.is_none() && *name != EXPECTED).map(|(_, value)| value.as_str());
    let line = one_line(text.into_iter().chain(vars).flat_map(|part| part.split_whitespace().chain(["·"])));
    line.trim_end_matches([' ', '·']).to_owned()
}

/// Joins words, as many as the table keeps.
fn one_line<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for word in words {
        if line.chars().count() >= SHOWN {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(SHOWN));
    }
    line.chars().take(SHOWN).collect()
}

/// The beginning of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetPreview {
    pub form: DatasetFormat,
    /// Its columns, in the order in which they first appear.
    pub columns: Vec<DatasetColumn>,
    /// Its first rows.
    pub rows: Vec<DatasetRow>,
    /// Whether there are further ones.
    pub more: bool,
}

/// A column of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetColumn {
    pub name: String,
    /// What its first values are.
    pub kind: ColumnKind,
    /// The first value that is not empty, as far as a line goes.
    pub example: String,
    /// The variable it gives; none if it says something about the row, or is left out.
    pub variable: Option<String>,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Nothing.
    Empty,
    /// `true` or `false`.
    Boolean,
    /// Whole numbers.
    Whole,
    Number,
    /// Days (`2026-11-25`) or times (RFC 3339).
    Date,
    /// JSON lists or objects.
    Json,
    Text,
}

impl ColumnKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Boolean => "boolean",
            Self::Whole => "whole number",
            Self::Number => "number",
            Self::Date => "date",
            Self::Json => "JSON",
            Self::Text => "text",
        }
    }
}

/// A variable that no column gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariable {
    /// Its name.
    pub variable: String,
    /// A column with nearly its name, which gives no other variable that is asked for.
    pub near: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_told_by_its_text_else_by_its_variables() {
        let vars = [("label".to_owned(), "neg".into())].into();
        assert_eq!(summary(&Input { text: "late\nand  lost".to_owned(), vars, ..Input::default() }), "late and lost");
        let vars = [("a".to_owned(), "one two".into()), ("b".to_owned(), "three".into())].into();
        assert_eq!(summary(&Input { text: " ".to_owned(), vars, ..Input::default() }), "one two · three");
        assert_eq!(summary(&Input::of("x".repeat(999))).len(), SHOWN);
        assert_eq!(summary(&Input::default()), "");
    }
}
