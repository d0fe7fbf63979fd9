//! CSV and its kin (RFC 4180): quoted fields hold separators, line ends and doubled quotes.

use std::collections::HashSet;

use crate::{
    dataset::{
        row::{RecordFields, Records, SourceRecord},
        source::{DatasetError, MOST_COLUMNS, SourceLines},
    },
    model::dataset::ShortRows,
    text::{json::ExactJson, suggest::quoted},
};

/// The separators that are looked for, the likeliest first.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Records that are looked at to find the separator.
const SNIFFED: usize = 10;

/// A file of records with a header.
pub(crate) struct Separated {
    from: Reader,
    heads: Vec<String>,
    short: ShortRows,
    /// Rows of nothing but separators, and rows that were made longer.
    blank: u64,
    padded: u64,
}

impl Separated {
    /// Reads the header. Without a separator it is sniffed from the first records.
    pub(crate) fn new(lines: SourceLines, separator: Option<char>, short: ShortRows) -> Result<Self, DatasetError> {
        let mut from = Reader { lines, kept: Vec::new(), separator: separator.unwrap_or(',') };
        match (from.named_separator()?, separator) {
            (Some(named), _) => from.separator = named,
            (None, None) => from.sniff()?,
            (None, Some(_)) => {}
        }
        let empty = |from| Self { from, heads: Vec::new(), short, blank: 0, padded: 0 };
        let Some((line, heads)) = from.next()? else { return Ok(empty(from)) };
        let heads: Vec<String> = heads.iter().map(|head| head.trim().to_owned()).collect();
        let mut seen = HashSet::new();
        for head in heads.iter().filter(|head| !head.is_empty()) {
            if !seen.insert(head) {
                return Err(DatasetError::new(line, format!("two columns are called {}; rename one", quoted(head))));
            }
        }
        Ok(Self { heads, ..empty(from) })
    }

    /// Returns the character between its fields.
    #[cfg(test)]
    fn separator(&self) -> char {
        self.from.separator
    }
}

impl Records for Separated {
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError> {
        let (line, mut fields) = loop {
            let Some((line, fields)) = self.from.next()? else { return Ok(None) };
            if fields.len() < 2 || fields.iter().any(|field| !field.trim().is_empty()) {
                break (line, fields);
            }
            self.blank += 1;
        };
        let (found, wanted) = (fields.len(), self.heads.len());
        if found < wanted && self.short == ShortRows::Padded {
            self.padded += 1;
            fields.resize(wanted, String::new());
        } else if found != wanted {
            let s = if found == 1 { "" } else { "s" };
            let fix =
                if found > wanted { "; quote fields that hold a separator" } else { "; every row needs all of them" };
            return Err(DatasetError::new(line, format!("the row has {found} field{s}, the header has {wanted}{fix}")));
        }
        let columns = self.heads.iter().cloned().zip(fields.into_iter().map(ExactJson::Text));
        let columns = columns.filter(|(head, _)| !head.is_empty()).collect();
        Ok(Some(SourceRecord { line: Some(line), at: Vec::new(), fields: RecordFields::Columns(columns) }))
    }

    fn columns(&self) -> Option<&[String]> {
        Some(&self.heads)
    }

    fn notes(&self) -> Vec<String> {
        let rows = |count: u64, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 row {one}")),
            _ => Some(format!("{count} rows {many}")),
        };
        let blank =
            rows(self.blank, "of nothing but separators was left out", "of nothing but separators were left out");
        let padded = rows(
            self.padded,
            "has fewer fields than the header; the others are empty (--refuse-short-rows refuses it)",
            "have fewer fields than the header; the others are empty (--refuse-short-rows refuses them)",
        );
        blank.into_iter().chain(padded).collect()
    }
}

/// Lines made records.
struct Reader {
    lines: SourceLines,
    /// Lines that were looked at and are still to be read, the next one last.
    kept: Vec<(u64, String)>,
    separator: char,
}

impl Reader {
    fn line(&mut self) -> Result<Option<(u64, String)>, DatasetError> {
        if let Some(kept) = self.kept.pop() {
            return Ok(Some(kept));
        }
        let line = self.lines.next()?.map(str::to_owned);
        Ok(line.map(|line| (self.lines.number(), line)))
    }

    /// Takes the line `sep=;` that Excel reads and writes before the header, and tells its separator.
    fn named_separator(&mut self) -> Result<Option<char>, DatasetError> {
        let Some((number, line)) = self.line()? else { return Ok(None) };
        let text = line.trim_end_matches(['\r', '\n']).trim_matches('"');
        let named = text.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and_then(|_| text.get(4..));
        let mut chars = named.unwrap_or_default().chars();
        if let (Some(separator), None) = (chars.next(), chars.next()) {
            return Ok(Some(separator));
        }
        self.kept.push((number, line));
        Ok(None)
    }

    /// Reads a record and the line it begins on; blank lines are none.
    fn next(&mut self) -> Result<Option<(u64, Vec<String>)>, DatasetError> {
        let (start, first) = loop {
            match self.line()? {
                None => return Ok(None),
                Some((number, line)) if !line.trim_matches(['\r', '\n']).is_empty() => break (number, line),
                Some(_) => {}
            }
        };
        let mut parsing = Parsing::new(self.separator);
        let (mut number, mut line) = (start, first);
        let mut length = 0;
        loop {
            length += line.len();
            if length > self.lines.longest() {
                return Err(DatasetError::long(start, "the row", self.lines.longest()));
            }
            parsing.take(&line).map_err(|what| DatasetError::new(number, what))?;
            if parsing.fields.len() >= MOST_COLUMNS {
                return Err(DatasetError::wide(start));
            }
            if parsing.ended() {
                return Ok(Some((start, parsing.finish())));
            }
            (number, line) = self.line()?.ok_or_else(|| {
                DatasetError::new(
                    start,
                    "a quote of this row is never closed; write \"\" for a quote inside a quoted field",
                )
            })?;
        }
    }

    /// Finds the separator by which most of the first records have as many fields as the first.
    fn sniff(&mut self) -> Result<(), DatasetError> {
        let mut sample = Vec::new();
        let mut size = 0;
        while sample.len() < SNIFFED * 4 && size < 64 * 1024 {
            let Some(line) = self.line()? else { break };
            size += line.1.len();
            sample.push(line);
        }
        let text: String = sample.iter().map(|(_, line)| line.as_str()).collect();
        let mut best = (0, 0);
        for separator in SEPARATORS {
            let counts = counts(&text, separator);
            let first = counts.first().copied().unwrap_or_default();
            let found = (counts.iter().filter(|count| **count == first).count(), first);
            if first > 1 && found > best {
                (best, self.separator) = (found, separator);
            }
        }
        self.kept = sample.into_iter().rev().collect();
        Ok(())
    }
}

/// Counts the fields of the first records.
fn counts(text: &str, separator: char) -> Vec<usize> {
    let mut counts = Vec::new();
    let mut parsing = Parsing::new(separator);
    for line in text.split_inclusive('\n') {
        if parsing.fresh() && line.trim_matches(['\r', '\n']).is_empty() {
            continue;
        }
        if parsing.take(line).is_err() {
            break;
        }
        if parsing.ended() {
            counts.push(std::mem::replace(&mut parsing, Parsing::new(separator)).finish().len());
        }
        if counts.len() == SNIFFED {
            break;
        }
    }
    counts
}

/// Where the parser is in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first of two.
    Quote,
    /// After blanks after the closing quote; they are no part of the field.
    Closed,
}

/// A record under way: lines go in until it has ended.
pub(crate) struct Parsing {
    separator: char,
    at: At,
    field: String,
    pub(crate) fields: Vec<String>,
}

impl Parsing {
    /// Begins a record.
    pub(crate) fn new(separator: char) -> Self {
        Self { separator, at: At::Start, field: String::new(), fields: Vec::new() }
    }

    /// Tells whether nothing of a record has come.
    pub(crate) fn fresh(&self) -> bool {
        self.at == At::Start && self.fields.is_empty()
    }

    /// Takes a line with its end.
    pub(crate) fn take(&mut self, line: &str) -> Result<(), String> {
        let body = line.trim_end_matches(['\r', '\n']);
        for c in body.chars() {
            self.at = match (self.at, c) {
                (At::Quoted, '"') => At::Quote,
                (At::Quoted, c) => {
                    self.field.push(c);
                    At::Quoted
                }
                (At::Start, '"') => At::Quoted,
                (At::Quote, '"') => {
                    self.field.push('"');
                    At::Quoted
                }
                (_, c) if c == self.separator => {
                    self.fields.push(std::mem::take(&mut self.field));
                    if self.fields.len() >= MOST_COLUMNS {
                        // No more of it is read: it is refused.
                        return Ok(());
                    }
                    At::Start
                }
                (At::Quote | At::Closed, ' ' | '\t') => At::Closed,
                (At::Quote | At::Closed, c) => {
                    let c = quoted(&c.to_string());
                    return Err(format!("{c} after a closing quote; write \"\" for a quote inside a quoted field"));
                }
                (At::Start | At::Plain, c) => {
                    self.field.push(c);
                    At::Plain
                }
            };
        }
        if self.at == At::Quoted {
            self.field.push_str(line.get(body.len()..).unwrap_or_default());
        }
        Ok(())
    }

    /// Tells whether the record ends with the line taken last.
    pub(crate) fn ended(&self) -> bool {
        self.at != At::Quoted
    }

    /// Returns the fields.
    pub(crate) fn finish(mut self) -> Vec<String> {
        self.fields.push(self.field);
        self.fields
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(text: &str) -> Result<Separated, DatasetError> {
        Separated::new(
            SourceLines::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), u64::MAX),
            None,
            ShortRows::Refused,
        )
    }

    type Table = Vec<(u64, Vec<String>)>;

    fn table(text: &str) -> Result<Table, DatasetError> {
        let mut set = set(text)?;
        let mut rows = Vec::new();
        while let Some(record) = set.read()? {
            let RecordFields::Columns(columns) = record.fields else { panic!("no columns") };
            let values = columns.into_iter().map(|(_, value)| crate::dataset::row::plain(value));
            rows.push((record.line.unwrap(), values.collect()));
        }
        Ok(rows)
    }

    #[test]
    fn the_separator_is_found() {
        for (text, separator) in [
            ("a,b\n1,2\n", ','),
            ("a;b\n1,5;2,5\n", ';'),
            ("a\tb\nx, y\tz\n", '\t'),
            ("a|b|c\n1|2|3\n", '|'),
            ("\"x;y\",b\n1,2\n", ','),
            ("name, first;value\nx;y\nz;w\n", ';'),
            ("one\njust text\n", ','),
            ("", ','),
        ] {
            assert_eq!(set(text).unwrap().separator(), separator, "{text:?}");
        }
    }

    #[test]
    fn rows_know_their_line_and_quotes_hold_everything() {
        let rows = table("a,b\r\n\"x\r\ny\",\"say \"\"hi\"\", do\"\n\n3,\"4\" \r5,in\"side").unwrap();
        let pair = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(rows, [(2, pair("x\r\ny", "say \"hi\", do")), (5, pair("3", "4")), (6, pair("5", "in\"side"))]);
    }

    #[test]
    fn a_broken_row_is_told_by_its_line() {
        for (text, line, words) in [
            ("a,b\n1,2\n1,2,3\n", 3, "3 fields, the header has 2"),
            ("a,b\n1\n", 2, "1 field, the header has 2"),
            ("a,b\n1,\"2\n3\n4\n", 2, "never closed"),
            ("a,b\n1,\"2\" \"3\n", 2, "after a closing quote"),
            ("a,b\n\"1\n2\"x,3\n", 3, "`x` after a closing quote"),
            ("a,b,a\n1,2,3\n", 1, "two columns are called `a`"),
        ] {
            let error = table(text).unwrap_err();
            assert_eq!(error.line, Some(line), "{text:?}: {error:?}");
            assert!(error.what.contains(words), "{text:?}: {error:?}");
        }
    }

    #[test]
    fn rows_of_separators_are_none_short_ones_are_filled_up_and_both_are_counted() {
        let lines = SourceLines::new(Box::new(std::io::Cursor::new("sep=;\na;b\n;\n1\n ; \n2;3\n\"\";x\n")), u64::MAX);
        let mut set = Separated::new(lines, None, ShortRows::Padded).unwrap();
        let mut rows = Vec::new();
        while let Some(record) = set.read().unwrap() {
            let RecordFields::Columns(columns) = record.fields else { panic!("no columns") };
            rows.push(columns.into_iter().map(|(_, value)| crate::dataset::row::plain(value)).collect::<Vec<_>>());
        }
        assert_eq!(
            (set.columns().unwrap().join(" ").as_str(), rows),
            (
                "a b",
                vec![
                    vec!["1".to_owned(), String::new()],
                    vec!["2".to_owned(), "3".to_owned()],
                    vec![String::new(), "x".to_owned()],
                ]
            )
        );
        let notes = set.notes();
        assert!(notes[0].starts_with("2 rows of nothing but separators"), "{notes:?}");
        assert!(notes[1].starts_with("1 row has fewer fields"), "{notes:?}");
        assert_eq!(set_of("sep=\n1\n"), ["sep="], "a column may be called so");
    }

    fn set_of(text: &str) -> Vec<String> {
        set(text).unwrap().columns().unwrap().to_vec()
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[a-z,;\"\\r\\n |é]{0,6}", 3), 0..12),
        ) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            writer.write_record(["x", "y", "z"]).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let lines = SourceLines::new(Box::new(std::io::Cursor::new(text.into_bytes())), u64::MAX);
            let mut set = Separated::new(lines, Some(','), ShortRows::Refused).unwrap();
            // A row of nothing but separators is none.
            for row in rows.iter().filter(|row| row.iter().any(|field| !field.trim().is_empty())) {
                let RecordFields::Columns(columns) = set.read().unwrap().unwrap().fields else { panic!("no columns") };
                let found: Vec<_> = columns.into_iter().map(|(_, value)| crate::dataset::row::plain(value)).collect();
                prop_assert_eq!(&found, row);
            }
            prop_assert!(set.read().unwrap().is_none());
        }
    }
}
