//! JSON, line by line and as an array, item by item; a key that is there twice is a mistake.

use std::{collections::HashSet, fmt};

use serde::{
    de,
    de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor},
};

use crate::{
    dataset::{
        row::{Records, SourceRecord},
        source::{DatasetError, SourceLines},
        yaml::tree::MOST_VALUES,
    },
    text::json::ExactJson,
};

/// What reads a JSON value only to see that none of its objects has a key twice, and that it holds no more than
/// [`MOST_VALUES`]: before any of it is built.
struct Unambiguous<'a> {
    values: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Unambiguous<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        *self.values += 1;
        if *self.values > MOST_VALUES {
            return Err(de::Error::custom(format!("it holds more than {MOST_VALUES} values")));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Unambiguous { values: &mut *self.values })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(de::Error::custom(format!("the key `{key}` is there twice")));
            }
            fields.next_value_seed(Unambiguous { values: &mut *self.values })?;
            seen.insert(key);
        }
        Ok(())
    }
}

/// Reads a value that begins on a line.
fn parse(text: &str, line: u64) -> Result<ExactJson, DatasetError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let looked = Unambiguous { values: &mut 0 }.deserialize(&mut reader).and_then(|()| reader.end());
    looked.map_err(|error| {
        let at = line + (error.line() as u64).saturating_sub(1);
        let words = error.to_string();
        let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
        DatasetError::new(at, format!("it is not JSON: {words} at column {}", error.column()))
    })?;
    ExactJson::parse(text).map_err(|broken| DatasetError::new(line, format!("it is not JSON: {broken}")))
}

/// One JSON value on every line that is not blank.
pub(crate) struct JsonLines(pub(crate) SourceLines);

impl Records for JsonLines {
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError> {
        loop {
            let Some(line) = self.0.next()?.map(|line| line.trim().to_owned()) else { return Ok(None) };
            if !line.is_empty() {
                let number = self.0.number();
                return Ok(Some(SourceRecord::of(number, parse(&line, number)?)));
            }
        }
    }
}

/// Where the reader is in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Before,
    First,
    Between,
    After,
}

/// The items of one array.
pub(crate) struct JsonArray {
    lines: SourceLines,
    line: String,
    /// The byte of the line that is read next.
    next: usize,
    at: At,
}

impl JsonArray {
    pub(crate) fn new(lines: SourceLines) -> Self {
        Self { lines, line: String::new(), next: 0, at: At::Before }
    }

    /// Returns the next byte that is no blank, without taking it.
    fn peek(&mut self) -> Result<Option<u8>, DatasetError> {
        loop {
            let rest = self.line.as_bytes().get(self.next..).unwrap_or_default();
            match rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(at) => {
                    self.next += at;
                    return Ok(rest.get(at).copied());
                }
                None if !self.more()? => return Ok(None),
                None => {}
            }
        }
    }

    fn more(&mut self) -> Result<bool, DatasetError> {
        self.line.clear();
        self.next = 0;
        match self.lines.next()? {
            None => Ok(false),
            Some(line) => {
                self.line.push_str(line);
                Ok(true)
            }
        }
    }

    /// Takes the text of an item, and the lines of its keys: up to the `,` or `]` that is in no text and no bracket.
    fn item(&mut self) -> Result<(u64, String, Vec<u64>), DatasetError> {
        let start = self.lines.number();
        let (mut item, mut depth, mut text, mut escaped) = (String::new(), 0_u64, false, false);
        let (mut keys, mut before) = (Vec::new(), b' ');
        loop {
            let rest = self.line.get(self.next..).unwrap_or_default();
            let number = self.lines.number();
            let end = rest.bytes().position(|byte| {
                if byte == b'"' && !text && depth == 1 && matches!(before, b'{' | b',') {
                    keys.push(number);
                }
                if !byte.is_ascii_whitespace() {
                    before = byte;
                }
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if text => escaped = true,
                    b'"' => text = !text,
                    _ if text => {}
                    b'[' | b'{' => depth += 1,
                    b',' | b']' if depth == 0 => return true,
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                false
            });
            let taken = end.unwrap_or(rest.len());
            item.push_str(rest.get(..taken).unwrap_or_default());
            self.next += taken;
            if item.len() > self.lines.longest() {
                return Err(DatasetError::long(start, "the row", self.lines.longest()));
            }
            if end.is_some() {
                return Ok((start, item, keys));
            }
            if !self.more()? {
                return Err(DatasetError::new(start, "the row that begins here never ends: the file breaks off"));
            }
        }
    }

    fn wrong(&self, what: &str) -> DatasetError {
        DatasetError::new(self.lines.number().max(1), what)
    }
}

impl Records for JsonArray {
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError> {
        loop {
            let found = self.peek()?;
            self.at = match (self.at, found) {
                (At::Before, Some(b'[')) => At::First,
                (At::Before, _) => {
                    return Err(self.wrong("it is not a JSON array of rows; for one value on each line say `jsonl`"));
                }
                (At::First | At::Between, Some(b']')) => At::After,
                (At::First, Some(_)) => {
                    let (line, text, at) = self.item()?;
                    self.at = At::Between;
                    return Ok(Some(SourceRecord { at, ..SourceRecord::of(line, parse(&text, line)?) }));
                }
                (At::Between, Some(b',')) => {
                    self.next += 1;
                    if matches!(self.peek()?, Some(b']') | None) {
                        return Err(self.wrong("after a `,` there is no row"));
                    }
                    self.at = At::First;
                    continue;
                }
                (At::Between, Some(_)) => return Err(self.wrong("expected `,` or `]` after a row")),
                (At::First | At::Between, None) => {
                    return Err(self.wrong("the array is never closed: the file breaks off"));
                }
                (At::After, Some(_)) => return Err(self.wrong("something stands after the array")),
                (At::After, None) => return Ok(None),
            };
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dataset::row::RecordFields;

    fn all(mut records: impl Records) -> Result<Vec<(u64, RecordFields)>, DatasetError> {
        let mut rows = Vec::new();
        while let Some(record) = records.read()? {
            rows.push((record.line.unwrap(), record.fields));
        }
        Ok(rows)
    }

    fn lines(text: &str) -> SourceLines {
        SourceLines::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), u64::MAX)
    }

    #[test]
    fn an_array_gives_its_items_with_their_lines() {
        let text = "\n [\n {\"a\": \"],{\\\"\"},\n\n  [1,\n {\"b\":2}] , 7\n]\n";
        let rows = all(JsonArray::new(lines(text))).unwrap();
        assert_eq!(
            rows,
            [
                (3, RecordFields::Columns(vec![("a".to_owned(), json!("],{\"").into())])),
                (5, RecordFields::Text("[1,{\"b\":2}]".to_owned())),
                (6, RecordFields::Text("7".to_owned())),
            ]
        );
        assert_eq!(all(JsonArray::new(lines("[]"))).unwrap(), []);
    }

    #[test]
    fn a_broken_array_is_told_by_its_line() {
        let deep = format!("[\n{}\n]", "[".repeat(100_000));
        let deep_closed = format!("[\n{}{}\n]", "[".repeat(5000), "]".repeat(5000));
        for (text, line, words) in [
            ("", 1, "not a JSON array"),
            ("{\"a\":1}", 1, "say `jsonl`"),
            ("[1,\n2,\n]", 3, "no row"),
            ("[1\n2]", 2, "it is not JSON"),
            ("[\n\n{\"a\":1,\n\"b\":}]", 4, "it is not JSON: expected value at column"),
            ("[1,\n{\"a\":", 2, "never ends"),
            ("[1", 1, "never ends"),
            ("[1] x", 1, "after the array"),
            ("[\"a\n\"]", 2, "control character"),
            ("[{\"a\":1,\n\"a\":2}]", 2, "`a` is there twice"),
            (&deep, 2, "never ends"),
            (&deep_closed, 2, "recursion limit"),
        ] {
            let error = all(JsonArray::new(lines(text))).unwrap_err();
            let start: String = text.chars().take(30).collect();
            assert_eq!(error.line, Some(line), "{start}: {error:?}");
            assert!(error.what.contains(words), "{start}: {error:?}");
        }
    }

    #[test]
    fn a_broken_line_is_told_by_its_number() {
        let rows = all(JsonLines(lines("{\"a\":null}\r\n\n\"x\"\n7"))).unwrap();
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 3, 4]);
        for text in ["1\n{nope\n", "1\n{} {}\n", "1\n{\"a\":1,\"a\":2}"] {
            assert_eq!(all(JsonLines(lines(text))).unwrap_err().line, Some(2), "{text}");
        }
    }
}
